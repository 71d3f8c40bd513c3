//! Text to a [`Program`]: the blocks of all files, sorted by what they are, and the values of variables.

use std::collections::HashSet;
use std::sync::Arc;

use indexmap::IndexMap;
use sha2::{Digest, Sha256};

use crate::account::{Account, Accounts, Realm};
use crate::address::{Address, is_identifier};
use crate::diagnostic::{self, Diagnostic, Diagnostics, MAX_DIAGNOSTICS, Sources};
use crate::hcl::ast::{Body, HclBlock};
use crate::hcl::parse::TextSize;
use crate::hcl::{self, Files, NoFiles, PartialFile};
use crate::kinds::Catalog;
use crate::stack::faults::provider_names;
use crate::stack::program::{Definition, Local, Program};
use crate::stack::variables::GivenValues;
use crate::stack::{followers, order, references, variables};

/// Maximum number of resources of a stack, instances counted.
pub const MAX_RESOURCES: usize = 20_000;

/// The input of [`read`].
pub struct Input<'a> {
    /// The files, in name order: the path as it is shown, and the text.
    pub files: Vec<(Arc<str>, Arc<str>)>,
    /// Their texts, kept for messages.
    pub sources: &'a mut Sources,
    /// The files that `file` and its like may read.
    pub reader: Arc<dyn Files + Send + Sync>,
    /// The values given to variables; of two for one variable the later wins.
    pub variables: Vec<VariableInput>,
    /// Text of variable files that could not be read. It may hold the values that seem to be missing.
    pub unread_values: Vec<String>,
    /// Sensitive variables without a value.
    pub secrets: Secrets,
    /// The accounts of its resources, where its `provider` blocks name no others.
    pub accounts: Accounts,
    /// The providers whose kinds it may use.
    pub catalog: &'static Catalog,
}

impl<'a> Input<'a> {
    /// A stack of one file, `stack.hcl`, without other files and without values for variables. `account` has the id of
    /// its account at the first provider, and the tenant.
    pub fn in_memory(text: &str, sources: &'a mut Sources, account: (&str, &str), catalog: &'static Catalog) -> Self {
        let mut accounts = catalog.simulated_accounts();
        if let Some(first) = catalog.providers().next() {
            accounts.insert(Realm::of(first.name), Account::new(account.0, account.1));
        }
        Self {
            files: vec![("stack.hcl".into(), text.into())],
            sources,
            reader: Arc::new(NoFiles),
            variables: Vec::new(),
            unread_values: Vec::new(),
            secrets: Secrets::default(),
            accounts,
            catalog,
        }
    }
}

/// How a sensitive variable without a value is taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Secrets {
    /// As an error: what is planned or carried out needs its value.
    #[default]
    Required,
    /// As an unknown value, so that a stack is checked, drawn, emitted and compared without its secrets.
    Optional,
}

/// A value given to a variable.
#[derive(Debug, Clone)]
pub struct VariableInput {
    /// The variable.
    pub name: String,
    /// The value: an HCL expression, or a bare text for a variable of type `string`.
    pub text: String,
    /// The origin, completing "given …": `by --var`, `in east.vars.hcl`, `by DRPLAN_VAR_x`.
    pub origin: String,
}

/// Prefix of environment variables that set a variable.
pub const ENVIRONMENT: &str = "DRPLAN_VAR_";

impl VariableInput {
    /// The value in an environment variable whose name has the prefix [`ENVIRONMENT`].
    pub fn from_environment(name: &str, text: &str) -> Option<Self> {
        let variable = name.strip_prefix(ENVIRONMENT)?;
        Some(Self { name: variable.to_owned(), text: text.to_owned(), origin: format!("by {name}") })
    }

    /// It comes from an environment variable. Many stacks share an environment, so values for others are no error.
    pub fn is_from_environment(&self) -> bool {
        self.origin.strip_prefix("by ").is_some_and(|by| by.starts_with(ENVIRONMENT))
    }
}

/// Reads the files of a stack.
///
/// # Errors
/// Every error in the text, the blocks, the references and the variables.
pub fn read(input: Input<'_>) -> Result<Program, Diagnostics> {
    let (program, found) = read_all(input);
    found.into_result(program).map(|(program, _)| program)
}

/// Reads the files of a stack as far as they can be read, and reports their errors. A program with errors serves only
/// to be evaluated for more of them.
pub fn read_all(input: Input<'_>) -> (Program, Diagnostics) {
    let Input { files, sources, reader, variables, unread_values, secrets, accounts, catalog } = input;
    let unread_values: HashSet<&str> = unread_values.iter().flat_map(|text| words(text)).collect();
    let mut found = Diagnostics::new();
    let mut digest = Sha256::new();
    let mut blocks = Vec::new();
    let mut program = Program::new(reader, accounts, catalog);
    if files.is_empty() {
        program.readable = false;
        found.push(
            Diagnostic::error("no-stack", "no `*.hcl` file in this directory")
                .help("Write the stack's directory after the command, or create a stack with `drplan init`."),
        );
    }
    let mut size = TextSize::default();
    for (path, text) in files {
        digest.update(path.rsplit('/').next().unwrap_or_default().as_bytes());
        digest.update([0]);
        digest.update(text.as_bytes());
        digest.update([0]);
        let file = sources.add(path, Arc::clone(&text));
        if let Err(problem) = size.add(&text, file) {
            found.push(problem);
            program.readable = false;
            break;
        }
        let PartialFile { body, unread, found: problems } = hcl::parse_partly(&text, file);
        found.extend(problems);
        stray_attributes(&body, &mut found);
        blocks.extend(body.blocks);
        for text in unread {
            program.unread.get_or_insert_default().extend(words(&text).map(Arc::from));
        }
    }
    for block in blocks {
        if found.is_full() {
            break;
        }
        sort_in(&mut program, block, &mut found);
    }
    if program.readable {
        let is_broken = program.broken.iter().any(|(root, _)| &**root == "stack");
        if program.stack.is_none() && !is_broken && !program.may_declare("stack") {
            found.push(
                Diagnostic::error("no-stack", "missing required block `stack`")
                    .help("Write `stack \"name\" {}` once, in any file."),
            );
        }
        let given = GivenValues { values: &variables, unread: &unread_values, secrets };
        variables::give(&mut program, &given, sources, &mut found);
        followers::complete(&mut program);
        references::check(&program, &mut found);
        order::put_in_order(&mut program, &mut found);
    }
    for (name, variable) in &program.variables {
        if let (false, Ok(value)) = (variable.sensitive, variable.value.reveal()) {
            digest.update(name.as_bytes());
            digest.update(value.to_string().as_bytes());
        }
    }
    program.digest = digest.finalize().iter().map(|byte| format!("{byte:02x}")).collect();
    found.sort();
    (program, found)
}

/// The words of a text that may be the name of something declared in it: all but those after a dot.
pub(super) fn words(text: &str) -> impl Iterator<Item = &str> {
    let is_part = |c: char| c.is_alphanumeric() || matches!(c, '_' | '-');
    let mut rest = text;
    std::iter::from_fn(move || {
        loop {
            let start = rest.find(is_part)?;
            let after_dot = rest.get(..start).is_some_and(|before| before.ends_with('.'));
            let word = rest.get(start..)?;
            let end = word.find(|c| !is_part(c)).unwrap_or(word.len());
            let (word, after) = word.split_at(end);
            rest = after;
            if !after_dot {
                return Some(word);
            }
        }
    })
}

fn stray_attributes(body: &Body, found: &mut Diagnostics) {
    for attribute in body.attributes.iter().take(MAX_DIAGNOSTICS) {
        found.push(
            Diagnostic::error(
                "stray-argument",
                format!("unsupported argument `{}` outside of a block", attribute.name.text),
            )
            .at(attribute.name.span)
            .help("Move it into its block. Write a value of your own into `locals { … }`."),
        );
    }
}

/// The block types beside kinds.
const WORDS: [&str; 8] = ["stack", "variable", "locals", "output", "provider", "site", "backup", "failover_group"];

fn sort_in(program: &mut Program, block: HclBlock, found: &mut Diagnostics) {
    let word = Arc::clone(&block.ident.text);
    let kind = program.catalog.kind(&word);
    if kind.is_none() && !WORDS.contains(&&*word) {
        found.push(unknown_kind(program, &block));
        return;
    }
    if &*word == "locals" {
        if let Some(label) = block.labels.first() {
            found.push(
                Diagnostic::error("wrong-labels", "`locals` takes no label")
                    .at(label.span)
                    .help("Write `locals { … }`; each argument in it is a local of its own."),
            );
        }
        locals(program, block.body, found);
        return;
    }
    if &*word == "provider" {
        account_block(program, block, found);
        return;
    }
    let root = if &*word == "variable" { "var" } else { &*word };
    let define = |kind, block: HclBlock| Definition {
        kind,
        references: references::of_body(&block.body),
        block: Arc::new(block),
    };
    let label = match labelled(&block) {
        Ok(label) => label,
        Err(problem) => {
            found.push(problem);
            let names = block.labels.iter().map(|label| Arc::clone(&label.text));
            program.broken.extend(names.chain(["".into()]).map(|name| (Arc::from(root), name)));
            if let Some(kind) = kind {
                program.unused.push((Address::new(kind.name, UNNAMED), define(kind, block)));
            }
            return;
        }
    };
    if let Some(kind) = kind {
        let address = Address::new(kind.name, &label);
        let repeated = insert(&mut program.definitions, address.clone(), define(kind, block), |d| &d.block, found);
        program.unused.extend(repeated.map(|definition| (address, definition)));
        return;
    }
    let block = Arc::new(block);
    let into = match &*word {
        "variable" => &mut program.variable_blocks,
        "output" => &mut program.outputs,
        "site" => &mut program.sites,
        "backup" => &mut program.backups,
        "failover_group" => &mut program.failover_groups,
        _ => {
            match &program.stack {
                None => program.stack = Some(block),
                Some(first) => found.push(
                    Diagnostic::error("repeated-block", "duplicate block `stack`")
                        .at(block.header)
                        .and(first.header, "the first")
                        .help("Join them into one: a directory is one stack."),
                ),
            }
            return;
        }
    };
    insert(into, label, block, |b| b, found);
}

/// Adds a `provider` block to a program.
fn account_block(program: &mut Program, block: HclBlock, found: &mut Diagnostics) {
    let wrong = |what: &str| Diagnostic::error("wrong-labels", what.to_owned()).at(block.header);
    let (provider, label): (Arc<str>, Arc<str>) = match block.labels.as_slice() {
        [provider] => (Arc::clone(&provider.text), "".into()),
        [provider, label] if is_identifier(&label.text) => (Arc::clone(&provider.text), Arc::clone(&label.text)),
        [_, label] => {
            let problem = Diagnostic::error("wrong-labels", format!("invalid label \"{}\"", label.text)).at(label.span);
            found.push(problem.help("Start with a letter, and use letters, digits, `-` and `_`."));
            return;
        }
        [] => {
            let help = format!("Write the provider's name as a label, {}.", provider_names(program.catalog, |_| true));
            found.push(wrong("missing label of block `provider`").help(help));
            return;
        }
        _ => {
            let help = "Write `provider \"aws\" \"dr\" { … }` for a further account of a provider.";
            found.push(wrong("block `provider` takes two labels at most").help(help));
            return;
        }
    };
    if program.catalog.provider(&provider).is_none() {
        let span = block.labels.first().map_or(block.header, |label| label.span);
        let known = program.catalog.providers().map(|one| one.name);
        found.push(Diagnostic::error("wrong-labels", format!("unknown provider \"{provider}\"")).at(span).suggest(
            &provider,
            known,
            Some(format!("Supported: {}.", provider_names(program.catalog, |_| true))),
        ));
        return;
    }
    let key = (provider, label);
    if let Some(first) = program.providers.get(&key) {
        let (provider, label) = &key;
        let more = if label.is_empty() { String::new() } else { format!(" \"{label}\"") };
        found.push(
            Diagnostic::error("repeated-name", format!("duplicate block `provider \"{provider}\"{more}`"))
                .at(block.header)
                .and(first.header, "the first")
                .help(format!("Give a further account a label of its own: `provider \"{provider}\" \"dr\" {{ … }}`.")),
        );
        return;
    }
    program.providers.insert(key, Arc::new(block));
}

/// The name of a block whose label is missing or wrong, while its body is checked. It fits the rules for names of
/// every kind.
const UNNAMED: &str = "unnamed";

/// The one label of a block.
fn labelled(block: &HclBlock) -> Result<Arc<str>, Diagnostic> {
    let word = &block.ident.text;
    let wrong = |summary: String| Diagnostic::error("wrong-labels", summary).at(block.header);
    match block.labels.as_slice() {
        [label] if is_identifier(&label.text) => Ok(Arc::clone(&label.text)),
        [label] => Err(wrong(format!("invalid label \"{}\"", label.text)).at(label.span).help(
            "Start with a letter, and use letters, digits, `-` and `_`. To set another name in the cloud, write `name = \"…\"`.",
        )),
        [] => Err(wrong(format!("missing label of block `{word}`")).help(format!("Write `{word} \"name\" {{ … }}`."))),
        [first, rest @ ..] => {
            let count = rest.len() + 1;
            Err(wrong(format!("block `{word}` takes one label, its name, and this block has {count}"))
                .help(format!("Write `{word} \"{}\" {{ … }}`.", rest.last().unwrap_or(first).text)))
        }
    }
}

/// The error of a block whose type is unknown.
fn unknown_kind(program: &mut Program, block: &HclBlock) -> Diagnostic {
    let word = &*block.ident.text;
    let problem = Diagnostic::error("unknown-kind", format!("unsupported block type `{word}`")).at(block.ident.span);
    let names: Vec<Arc<str>> = block.labels.iter().map(|label| Arc::clone(&label.text)).collect();
    let mut meant = vec![Arc::from(word)];
    let close = diagnostic::closest(word, program.catalog.kinds().map(|kind| kind.name).chain(WORDS));
    let problem = if let Some((prefix, stem)) = program.catalog.without_prefix(word) {
        meant.push(stem.into());
        problem.help(format!("Write `{stem} \"…\" {{ … }}`: kinds have no prefix `{prefix}_` in drplan."))
    } else if word == "resource" {
        let stem = |name| program.catalog.without_prefix(name).map_or(name, |(_, stem)| stem);
        let kind = names.first().map_or("kind", |name| stem(name));
        let name = names.get(1).map_or("…", |name| name);
        meant.push(kind.into());
        problem.help(format!("Write `{kind} \"{name}\" {{ … }}`: the block type is the kind."))
    } else if matches!(word, "terraform" | "module" | "data") {
        problem.help(match word {
            "data" => "Write the full id of a resource that the stack does not manage: drplan has no data sources.",
            "module" => "Every `*.hcl` file of the directory belongs to the stack, and `for_each` repeats a block: drplan has no modules.",
            _ => "Remove it: a `site` block sets provider and region.",
        })
    } else if let Some(close) = close {
        meant.push(close.into());
        problem.help(format!("Did you mean `{close}`?"))
    } else {
        problem.help("Run `drplan kinds` for a list of all kinds.")
    };
    // References to it, by the type written or by the one that was meant, are no error of their own.
    for word in meant {
        let root = match &*word {
            "variable" => "var".into(),
            "locals" => "local".into(),
            _ => word,
        };
        program.broken.extend(names.iter().map(|name| (Arc::clone(&root), Arc::clone(name))));
        if names.is_empty() {
            program.broken.insert((root, "".into()));
        }
    }
    problem
}

fn locals(program: &mut Program, body: Body, found: &mut Diagnostics) {
    for block in &body.blocks {
        found.push(
            Diagnostic::error("argument-expected", format!("unsupported block `{}` in `locals`", block.ident.text))
                .at(block.header)
                .help(format!("Write `{} = {{ … }}`.", block.ident.text)),
        );
        program.broken.insert(("local".into(), Arc::clone(&block.ident.text)));
    }
    for attribute in body.attributes {
        match program.locals.get(&attribute.name.text) {
            None => {
                let references = references::of_expr(&attribute.expr);
                program.locals.insert(Arc::clone(&attribute.name.text), Local { attribute, references });
            }
            Some(first) => found.push(
                Diagnostic::error("repeated-name", format!("duplicate local `{}`", attribute.name.text))
                    .at(attribute.name.span)
                    .and(first.attribute.name.span, "the first")
                    .help("Give each its own name."),
            ),
        }
    }
}

fn insert<K: std::hash::Hash + Eq, V>(
    into: &mut IndexMap<K, V>,
    key: K,
    value: V,
    block: impl Fn(&V) -> &Arc<HclBlock>,
    found: &mut Diagnostics,
) -> Option<V> {
    let Some(first) = into.get(&key) else {
        into.insert(key, value);
        return None;
    };
    let (this, first) = (block(&value), block(first));
    let name = this.labels.first().map(|label| &*label.text).unwrap_or_default();
    found.push(
        Diagnostic::error("repeated-name", format!("duplicate block `{} \"{name}\"`", this.ident.text))
            .at(this.header)
            .and(first.header, "the first")
            .help("Give each its own name."),
    );
    Some(value)
}
