//! From a directory to a stack: files, values of variables, diagnostics.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Component, Path, PathBuf};
use std::sync::Arc;

use super::account::Account;
use super::location::{TextFile, auto_files, read as read_text, read_given, stack_files};
use super::planning::cloud_of;
use super::{Failure, Global, Session};
use crate::diagnostic::{Diagnostic, Diagnostics, Sources};
use crate::hcl::ast::{Expr, ExprKind, TemplatePart};
use crate::hcl::parse::{MAX_FILE_BYTES, TextSize};
use crate::hcl::{Files, PartialFile, parse_partly};
use crate::kinds::Catalog;
use crate::providers::rules;
use crate::stack::{self, Input, Program, RecordedInputs, Secrets, Stack, VariableInput};
use crate::store::read_bounded;

/// The origin of a value of `--var`.
const BY_FLAG: &str = "by --var";

/// A stack that was read.
pub struct LoadedStack {
    /// The stack, read and not evaluated.
    pub program: Arc<Program>,
    /// The subscription that its objects belong to.
    pub account: Account,
    /// The texts that messages point into.
    pub sources: Sources,
    /// The values that were given to its variables, weakest first.
    pub given: Vec<VariableInput>,
}

impl LoadedStack {
    /// The stack as far as it is known without a state, and its warnings.
    ///
    /// # Errors
    /// Everything that is wrong with it, rules of disaster recovery included.
    pub fn look(&self) -> Result<(Stack, Diagnostics), Failure> {
        match rules().all(&self.program, Diagnostics::new()) {
            (Some(stack), found) if !found.has_errors() => Ok((stack, found)),
            (_, found) => Err(self.wrong(found)),
        }
    }

    /// The same, with its warnings printed.
    ///
    /// # Errors
    /// Everything that is wrong with it, rules of disaster recovery included.
    pub fn evaluate(&self, session: &mut Session) -> Result<Stack, Failure> {
        let (stack, warnings) = self.look()?;
        session.say_diagnostics(&warnings, &self.sources);
        Ok(stack)
    }

    /// These warnings and those of the rules of disaster recovery.
    ///
    /// # Errors
    /// A stack that breaks a rule.
    pub fn checked(&self, stack: &Stack, mut warnings: Diagnostics) -> Result<Diagnostics, Failure> {
        warnings.extend(rules().check(stack));
        warnings.sort();
        if warnings.has_errors() { Err(self.wrong(warnings)) } else { Ok(warnings) }
    }

    /// These errors as the failure of a command.
    pub fn wrong(&self, wrong: Diagnostics) -> Failure {
        Failure::Wrong(wrong, self.sources.clone())
    }

    /// The inputs of the stack, for saved plans and journals. No value of a sensitive variable is in them.
    pub fn inputs(&self, dir: &Path, global: &Global, session: &Session) -> RecordedInputs {
        let mut values = BTreeMap::new();
        let (mut sensitive, mut withheld) = (BTreeSet::new(), BTreeSet::new());
        for one in &self.given {
            match self.program.is_sensitive(&one.name) {
                // The environment holds values for other stacks, too.
                None => {}
                Some(true) if one.origin == BY_FLAG => {
                    sensitive.remove(&one.name);
                    withheld.insert(one.name.clone());
                }
                Some(true) => drop(sensitive.insert(one.name.clone())),
                Some(false) => drop(values.insert(one.name.clone(), one.text.clone())),
            }
        }
        let base = session.path(dir);
        let files = global.var_files.iter().map(|file| relative(&base, &session.path(file)));
        RecordedInputs {
            values,
            sensitive: sensitive.into_iter().collect(),
            withheld: withheld.into_iter().collect(),
            files: files.collect(),
        }
    }
}

/// A path relative to a directory; whole where they share nothing but the root.
fn relative(base: &Path, path: &Path) -> String {
    let parts = |path: &Path| -> Vec<String> {
        let path = path.canonicalize().unwrap_or_else(|_| path.to_owned());
        path.components().map(|part| part.as_os_str().to_string_lossy().into_owned()).collect()
    };
    let (from, to) = (parts(base), parts(path));
    let common = from.iter().zip(&to).take_while(|(one, other)| one == other).count();
    if common <= 1 {
        return path.display().to_string();
    }
    let up = std::iter::repeat_n("..", from.len() - common);
    up.chain(to.iter().skip(common).map(String::as_str)).collect::<Vec<_>>().join("/")
}

/// Reads the stack in this directory with the values of variables that its `*.auto.vars.hcl`, the command line and
/// the environment give.
///
/// # Errors
/// Everything that is wrong with the text, the blocks and the variables.
pub fn load(dir: &Path, global: &Global, session: &Session) -> Result<LoadedStack, Failure> {
    load_as(dir, Secrets::Required, global, session)
}

/// The same for commands that change nothing: a sensitive variable needs no value.
///
/// # Errors
/// Everything that is wrong with the text, the blocks and the variables.
pub fn load_without_secrets(dir: &Path, global: &Global, session: &Session) -> Result<LoadedStack, Failure> {
    load_as(dir, Secrets::Optional, global, session)
}

fn load_as(dir: &Path, secrets: Secrets, global: &Global, session: &Session) -> Result<LoadedStack, Failure> {
    let given = partial_variables(global, session)?;
    let account = |program: &Program| Account::of(cloud_of(program, global), session);
    let mut loaded = load_with(stack_text(dir, session)?, given, secrets, account)?;
    loaded.account.directory = dir.to_owned();
    global.learn(&loaded.program);
    Ok(loaded)
}

/// Reads the stack with its inputs as a saved plan or a journal recorded them. Flags of this command line are
/// stronger; the environment is weaker, since it may have changed since. `origin` completes "given …".
///
/// # Errors
/// Everything that is wrong with the text, the blocks and the variables; a recorded file that holds a secret and
/// cannot be read.
pub fn load_recorded(
    dir: &Path,
    inputs: &RecordedInputs,
    origin: &str,
    account: impl FnOnce(&Program) -> Account,
    global: &Global,
    session: &Session,
) -> Result<LoadedStack, Failure> {
    let text = stack_text(dir, session)?;
    let (mut given, flags): (Vec<_>, Vec<_>) =
        given_variables(global, session)?.into_iter().partition(VariableInput::is_from_environment);
    let known: BTreeSet<&str> = given.iter().chain(&flags).map(|one| one.name.as_str()).collect();
    let missing: Vec<&str> = inputs.withheld.iter().map(String::as_str).filter(|name| !known.contains(name)).collect();
    if !missing.is_empty() {
        let names = missing.join(", ");
        return Err(Failure::wrong_file(format!("values of sensitive variables from --var are not recorded: {names}"))
            .help("Give them again with --var, --vars or the environment."));
    }
    let needed = inputs.sensitive.iter().any(|name| !known.contains(name.as_str()));
    let mut secrets = Vec::new();
    for file in &inputs.files {
        let path = dir.join(file);
        match variables_file(&path, session) {
            Ok(values) => secrets.extend(values.into_iter().filter(|one| inputs.sensitive.contains(&one.name))),
            Err(_) if !needed => {}
            Err(wrong @ Failure::Wrong(..)) => return Err(wrong),
            Err(other) => {
                let names = inputs.sensitive.join(", ");
                return Err(other.help(format!(
                    "It gave the value of a sensitive variable ({names}), which is not recorded: name the file that holds it now with --vars FILE."
                )));
            }
        }
    }
    given.extend(secrets);
    // A variable that is no longer declared makes another stack, which the digest notices.
    let declared = super::reviewing::declared(&text);
    given.extend(inputs.values.iter().filter(|(name, _)| declared.contains(name)).map(|(name, text)| VariableInput {
        name: name.clone(),
        text: text.clone(),
        origin: origin.to_owned(),
    }));
    given.extend(flags);
    let mut loaded = load_text(text, given, Secrets::Required, account)?;
    loaded.account.directory = dir.to_owned();
    global.learn(&loaded.program);
    Ok(loaded)
}

/// The values that the `*.auto.vars.hcl` of a stack and these files give to variables, as far as they can be read.
/// Paths are relative to the stack's directory.
pub fn values_of_files(dir: &Path, files: &[String], session: &Session) -> BTreeMap<String, String> {
    let auto = auto_files(dir, session).unwrap_or_default().into_iter().filter_map(|file| values_in(file).ok());
    let named = files.iter().filter_map(|file| variables_file(&dir.join(file), session).ok());
    auto.chain(named).flatten().map(|one| (one.name, one.text)).collect()
}

/// The text of a stack, from a directory, a revision or memory.
pub struct StackText {
    /// The files, in name order, each with the path to show.
    pub files: Vec<TextFile>,
    /// The files of values that are always read, in name order.
    pub auto: Vec<TextFile>,
    /// The files beside them that the stack may read.
    pub reader: Arc<dyn Files + Send + Sync>,
    /// The providers whose kinds it may use.
    pub catalog: &'static Catalog,
}

/// The text of the stack in this directory.
///
/// # Errors
/// A directory that is missing, holds no stack or cannot be read.
pub fn stack_text(dir: &Path, session: &Session) -> Result<StackText, Failure> {
    let root = session.path(dir);
    let root = root.canonicalize().unwrap_or(root);
    let files = stack_files(dir, session)?;
    let auto = auto_files(dir, session)?;
    Ok(StackText { files, auto, reader: Arc::new(StackDirectory { root }), catalog: session.catalog })
}

/// Reads the stack of this text, with these values of variables. Its cloud may be declared in the stack itself, so
/// the account follows once it was read.
///
/// # Errors
/// Everything that is wrong with the text, the blocks and the variables.
pub fn load_text(
    text: StackText,
    given: Vec<VariableInput>,
    secrets: Secrets,
    account: impl FnOnce(&Program) -> Account,
) -> Result<LoadedStack, Failure> {
    load_with(text, PartialValues { given, ..PartialValues::default() }, secrets, account)
}

/// Reads the stack with values from files that may have errors, which are reported together with those of the stack.
fn load_with(
    text: StackText,
    mut values: PartialValues,
    secrets: Secrets,
    account: impl FnOnce(&Program) -> Account,
) -> Result<LoadedStack, Failure> {
    // Weakest first: the environment, *.auto.vars.hcl, then the command line.
    let (environment, flags) =
        std::mem::take(&mut values.given).into_iter().partition(VariableInput::is_from_environment);
    values.given = environment;
    text.auto.into_iter().for_each(|file| values.read(file));
    values.given.extend::<Vec<_>>(flags);
    let PartialValues { given, mut sources, found: of_values, unread, size: _ } = values;
    let input = Input {
        files: text.files,
        sources: &mut sources,
        reader: text.reader,
        variables: given.clone(),
        unread_values: unread,
        secrets,
        accounts: Account::local(text.catalog).accounts,
        catalog: text.catalog,
    };
    let (program, mut found) = stack::read_all(input);
    found.extend(of_values);
    let mut account = account(&program).for_program(&program);
    let program = Arc::new(program.in_accounts(account.accounts.clone()));
    let declared = program.accounts();
    account.agrees(&declared)?;
    account.accounts = declared;
    if found.has_errors() {
        let (_, wrong) = rules().all(&program, found);
        return Err(Failure::Wrong(wrong, sources));
    }
    tracing::info!(stack = program.name(), files = sources.iter().count(), "read the stack");
    Ok(LoadedStack { program, account, sources, given })
}

/// The values given to variables, weakest first: the environment, then `--vars` files in order, then `--var` in order.
///
/// # Errors
/// A flag or a file that is wrong.
pub fn given_variables(global: &Global, session: &Session) -> Result<Vec<VariableInput>, Failure> {
    partial_variables(global, session)?.complete()
}

/// The same, as far as the files can be read.
fn partial_variables(global: &Global, session: &Session) -> Result<PartialValues, Failure> {
    let mut values = PartialValues::default();
    let environment = session.env.iter().filter_map(|(name, text)| VariableInput::from_environment(name, text));
    values.given.extend(environment);
    for path in &global.var_files {
        values.read(read_given(path, session)?);
    }
    for flag in &global.vars {
        let Some((name, text)) = flag.split_once('=') else {
            return Err(Failure::failed(format!("--var {flag}: expected NAME=VALUE"))
                .help("Write the name of a variable, `=` and its value: --var instances=4"));
        };
        let (name, text) = (name.trim().to_owned(), text.to_owned());
        values.given.push(VariableInput { name, text, origin: BY_FLAG.to_owned() });
    }
    Ok(values)
}

fn variables_file(path: &Path, session: &Session) -> Result<Vec<VariableInput>, Failure> {
    values_in(read_text(path, session)?)
}

/// The values in a file of `name = value` lines.
fn values_in(file: TextFile) -> Result<Vec<VariableInput>, Failure> {
    let mut values = PartialValues::default();
    values.read(file);
    values.complete()
}

/// Values of variables, from files that may have errors.
#[derive(Default)]
struct PartialValues {
    given: Vec<VariableInput>,
    sources: Sources,
    found: Diagnostics,
    /// The text with syntax errors.
    unread: Vec<String>,
    size: TextSize,
}

impl PartialValues {
    fn complete(mut self) -> Result<Vec<VariableInput>, Failure> {
        self.found.sort();
        if self.found.has_errors() { Err(Failure::Wrong(self.found, self.sources)) } else { Ok(self.given) }
    }

    /// Adds the values in a file of `name = value` lines.
    fn read(&mut self, (shown, text): TextFile) {
        let file = self.sources.add(Arc::clone(&shown), Arc::clone(&text));
        if let Err(problem) = self.size.add(&text, file) {
            self.found.push(problem);
            return;
        }
        let PartialFile { body, unread, found } = parse_partly(&text, file);
        self.found.extend(found);
        self.unread.extend(unread);
        for block in &body.blocks {
            self.found.push(
                Diagnostic::error(
                    "not-a-value",
                    format!("a variable file cannot contain the block `{}`", block.ident.text),
                )
                .at(block.header)
                .help("Write `name = value` on each line; blocks belong in the stack's own files."),
            );
        }
        for attribute in &body.attributes {
            let name = &attribute.name.text;
            if !is_constant(&attribute.expr) {
                self.found.push(
                    Diagnostic::error("not-a-value", format!("the value of `{name}` is not a constant"))
                        .at(attribute.expr.span)
                        .help("Write a literal value here; compute in `locals { … }` of the stack."),
                );
                // Its value is unknown, and not missing.
                self.unread.push(name.to_string());
                continue;
            }
            let (text, origin) = (value_text(&attribute.expr, &text), format!("in {shown}"));
            self.given.push(VariableInput { name: name.to_string(), text, origin });
        }
    }
}

/// A string without its quotes, since a variable of type string takes a bare text; anything else as HCL.
fn value_text(expr: &Expr, text: &str) -> String {
    match &expr.kind {
        ExprKind::String(plain) => plain.to_string(),
        ExprKind::Template(parts) => parts
            .iter()
            .filter_map(|part| match part {
                TemplatePart::Literal(literal) => Some(&**literal),
                TemplatePart::Interpolation(_) | TemplatePart::If(..) | TemplatePart::For { .. } => None,
            })
            .collect(),
        _ => text.get(expr.span.start as usize..expr.span.end as usize).unwrap_or_default().to_owned(),
    }
}

fn is_constant(expr: &Expr) -> bool {
    let mut constant = !matches!(&expr.kind, ExprKind::Template(parts) if parts.iter().any(|p| !matches!(p, TemplatePart::Literal(_))));
    expr.visit_references(&mut |_, _, _| constant = false);
    constant
}

/// The files inside a stack's directory, for `file` and its like.
struct StackDirectory {
    root: PathBuf,
}

impl Files for StackDirectory {
    fn bytes(&self, path: &str) -> Result<Option<Arc<[u8]>>, String> {
        let inside = Path::new(path).components().all(|part| matches!(part, Component::Normal(_) | Component::CurDir));
        if !inside {
            return Err("it is outside the stack's directory".to_owned());
        }
        let path = match self.root.join(path).canonicalize() {
            Ok(path) => path,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(error.to_string()),
        };
        // A symbolic link may lead anywhere.
        if !path.starts_with(&self.root) {
            return Err("it is a symbolic link to a file outside the stack's directory".to_owned());
        }
        match read_bounded(&path, MAX_FILE_BYTES as u64) {
            Ok(bytes) => Ok(Some(bytes.into())),
            Err(error) => Err(error.to_string()),
        }
    }
}
