//! From a directory to a stack: files, values of variables, diagnostics.

use std::fs;
use std::path::{Component, Path, PathBuf};
use std::sync::Arc;

use super::account::Account;
use super::place::{TextFile, read as read_text, stack_files};
use super::planning::cloud_of;
use super::{Failure, Global, Session};
use crate::check;
use crate::diagnostic::{Diagnostic, Diagnostics, Sources};
use crate::hcl::ast::{Expr, ExprKind, Part};
use crate::hcl::{Files, parse};
use crate::stack::{self, CloudName, GivenVariable, Input, Program, Stack};

/// A stack that was read.
pub struct Loaded {
    /// The stack, read and not evaluated.
    pub program: Arc<Program>,
    /// Whose objects they are.
    pub account: Account,
    /// The texts that messages point into.
    pub sources: Sources,
    /// The values that were given to its variables.
    pub given: Vec<GivenVariable>,
}

impl Loaded {
    /// The stack as far as it is known without a state, and what is worth a look.
    ///
    /// # Errors
    /// Everything that is wrong with it, rules of disaster recovery included.
    pub fn look(&self) -> Result<(Stack, Diagnostics), Failure> {
        match check::all(&self.program, Diagnostics::new()) {
            (Some(stack), found) if !found.has_errors() => Ok((stack, found)),
            (_, found) => Err(self.wrong(found)),
        }
    }

    /// The same, having said what is worth a look.
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
    /// Where the stack breaks a rule.
    pub fn checked(&self, stack: &Stack, mut warnings: Diagnostics) -> Result<Diagnostics, Failure> {
        warnings.extend(check::check(stack));
        warnings.sort();
        if warnings.has_errors() { Err(self.wrong(warnings)) } else { Ok(warnings) }
    }

    /// What is wrong with it.
    pub fn wrong(&self, wrong: Diagnostics) -> Failure {
        Failure::Wrong(wrong, self.sources.clone())
    }
}

/// Reads the stack in this directory with the values of variables that the command line and the environment give.
///
/// # Errors
/// Everything that is wrong with the text, the blocks and the variables.
pub fn load(dir: &Path, global: &Global, session: &Session) -> Result<Loaded, Failure> {
    let given = given_variables(global, session)?;
    load_text(stack_text(dir, session)?, given, |program| Account::of(cloud_of(program, global), session))
}

/// The same with these values, the later of two for one variable counting, in this cloud.
///
/// # Errors
/// Everything that is wrong with the text, the blocks and the variables.
pub fn load_with(
    dir: &Path,
    given: Vec<GivenVariable>,
    cloud: CloudName,
    session: &Session,
) -> Result<Loaded, Failure> {
    load_text(stack_text(dir, session)?, given, |_| Account::of(cloud, session))
}

/// The text of a stack, wherever it comes from.
pub struct StackText {
    /// The files, in name order, each with the path to show.
    pub files: Vec<TextFile>,
    /// The files beside them that the stack may read.
    pub reader: Arc<dyn Files + Send + Sync>,
}

/// The text of the stack in this directory.
///
/// # Errors
/// Where there is none, or it cannot be read.
pub fn stack_text(dir: &Path, session: &Session) -> Result<StackText, Failure> {
    let root = session.path(dir);
    let root = root.canonicalize().unwrap_or(root);
    Ok(StackText { files: stack_files(dir, session)?, reader: Arc::new(StackDirectory { root }) })
}

/// Reads the stack of this text, with these values of variables. Which cloud it is for may stand in the stack itself, so that whose objects
/// they are is asked when it was read.
///
/// # Errors
/// Everything that is wrong with the text, the blocks and the variables.
pub fn load_text(
    text: StackText,
    given: Vec<GivenVariable>,
    account: impl FnOnce(&Program) -> Account,
) -> Result<Loaded, Failure> {
    let mut sources = Sources::default();
    let Account { subscription, tenant, .. } = Account::local();
    let input = Input {
        files: text.files,
        sources: &mut sources,
        reader: text.reader,
        variables: given.clone(),
        subscription,
        tenant,
    };
    let (program, found) = stack::read_all(input);
    let account = account(&program);
    let program = Arc::new(program.in_account(account.subscription.clone(), account.tenant.clone()));
    if found.has_errors() {
        let (_, wrong) = check::all(&program, found);
        return Err(Failure::Wrong(wrong, sources));
    }
    tracing::info!(stack = program.name(), files = sources.iter().count(), "read the stack");
    Ok(Loaded { program, account, sources, given })
}

/// The values given to variables, weakest first: the environment, then `--vars` files in order, then `--var` in order.
///
/// # Errors
/// Where a flag or a file is wrong.
pub fn given_variables(global: &Global, session: &Session) -> Result<Vec<GivenVariable>, Failure> {
    let mut given: Vec<GivenVariable> =
        session.env.iter().filter_map(|(name, text)| GivenVariable::from_environment(name, text)).collect();
    for path in &global.var_files {
        given.extend(variables_file(path, session)?);
    }
    for flag in &global.vars {
        let Some((name, text)) = flag.split_once('=') else {
            return Err(Failure::failed(format!("--var {flag}: this is not NAME=VALUE"))
                .help("Write the name of a variable, `=` and its value, as in --var instances=4."));
        };
        given.push(GivenVariable {
            name: name.trim().to_owned(),
            text: text.to_owned(),
            origin: "by --var".to_owned(),
        });
    }
    Ok(given)
}

/// The values in a file of `name = value` lines.
fn variables_file(path: &Path, session: &Session) -> Result<Vec<GivenVariable>, Failure> {
    let (shown, text) = read_text(path, session)?;
    let mut sources = Sources::default();
    let file = sources.add(Arc::clone(&shown), Arc::clone(&text));
    let body = match parse(&text, file) {
        Ok(body) => body,
        Err(wrong) => return Err(Failure::Wrong(wrong, sources)),
    };
    let mut found = Diagnostics::new();
    for block in &body.blocks {
        found.push(
            Diagnostic::error(
                "not-a-value",
                format!("a file of values of variables has no block `{}`", block.ident.text),
            )
            .at(block.header)
            .help("Write `name = value` on each line; blocks belong into the stack."),
        );
    }
    let mut given = Vec::new();
    for attribute in &body.attributes {
        if !is_constant(&attribute.expr) {
            found.push(
                Diagnostic::error(
                    "not-a-value",
                    format!("the value of `{}` refers to something else", attribute.name.text),
                )
                .at(attribute.expr.span)
                .help("Write a plain value here; compute in `locals { … }` of the stack."),
            );
        }
        let origin = format!("in {shown}");
        given.push(GivenVariable {
            name: attribute.name.text.to_string(),
            text: value_text(&attribute.expr, &text),
            origin,
        });
    }
    found.sort();
    if found.has_errors() { Err(Failure::Wrong(found, sources)) } else { Ok(given) }
}

/// A string as it is, since a variable of type string takes a bare text; anything else as it is written.
fn value_text(expr: &Expr, text: &str) -> String {
    match &expr.kind {
        ExprKind::String(plain) => plain.to_string(),
        ExprKind::Template(parts) => parts
            .iter()
            .filter_map(|part| match part {
                Part::Literal(literal) => Some(&**literal),
                Part::Interpolation(_) | Part::If(..) | Part::For { .. } => None,
            })
            .collect(),
        _ => text.get(expr.span.start as usize..expr.span.end as usize).unwrap_or_default().to_owned(),
    }
}

fn is_constant(expr: &Expr) -> bool {
    let mut constant =
        !matches!(&expr.kind, ExprKind::Template(parts) if parts.iter().any(|p| !matches!(p, Part::Literal(_))));
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
            return Err("it is outside of the stack's directory".to_owned());
        }
        let path = match self.root.join(path).canonicalize() {
            Ok(path) => path,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(error.to_string()),
        };
        // A symbolic link may lead anywhere.
        if !path.starts_with(&self.root) {
            return Err("it is a link that leads out of the stack's directory".to_owned());
        }
        fs::read(path).map(|bytes| Some(bytes.into())).map_err(|error| error.to_string())
    }
}
