//! Text to a [`Program`]: the blocks of all files, sorted by what they are, and the values of variables.

use std::sync::Arc;

use indexmap::IndexMap;
use sha2::{Digest, Sha256};

use crate::address::{Address, is_identifier};
use crate::diagnostic::{self, Diagnostic, Diagnostics, Sources};
use crate::hcl::ast::{Block, Body};
use crate::hcl::{self, Files};
use crate::kinds;
use crate::stack::program::{Definition, Local, Program};
use crate::stack::{order, references, variables};

/// The most resources, instances counted, that a stack may have.
pub const MAX_RESOURCES: usize = 50_000;

/// What a stack is read from.
pub struct Input<'a> {
    /// The files, in name order: the path as it is shown, and the text.
    pub files: Vec<(Arc<str>, Arc<str>)>,
    /// Where their texts are kept for messages.
    pub sources: &'a mut Sources,
    /// The files that `file` and its like may read.
    pub reader: Arc<dyn Files + Send + Sync>,
    /// The values given to variables; of two for one variable the later counts.
    pub variables: Vec<GivenVariable>,
    /// The subscription's GUID.
    pub subscription: String,
    /// The tenant's GUID.
    pub tenant: String,
}

/// A value given to a variable.
#[derive(Debug, Clone)]
pub struct GivenVariable {
    /// The variable.
    pub name: String,
    /// The value: an HCL expression, or a bare text for a variable of type `string`.
    pub text: String,
    /// Where it was given, completing "given …": `by --var`, `in east.vars.hcl`, `by DRPLAN_VAR_x`.
    pub origin: String,
}

/// What an environment variable that gives a variable's value begins with.
pub const ENVIRONMENT: &str = "DRPLAN_VAR_";

impl GivenVariable {
    /// The value of an environment variable, where its name says that it is for a variable of a stack.
    pub fn from_environment(name: &str, text: &str) -> Option<Self> {
        let variable = name.strip_prefix(ENVIRONMENT)?;
        Some(Self { name: variable.to_owned(), text: text.to_owned(), origin: format!("by {name}") })
    }

    /// Whether an environment variable gave it. An environment is shared by many stacks, so what it holds for others is not wrong.
    pub fn is_from_environment(&self) -> bool {
        self.origin.strip_prefix("by ").is_some_and(|by| by.starts_with(ENVIRONMENT))
    }
}

/// Reads the files of a stack.
///
/// # Errors
/// Everything that is wrong with the text, the blocks, the names and the variables.
pub fn read(input: Input<'_>) -> Result<Program, Diagnostics> {
    let (program, found) = read_all(input);
    found.into_result(program).map(|(program, _)| program)
}

/// Reads the files of a stack as far as they can be read, and says what is wrong with them. A program with errors is good for nothing but
/// to be evaluated for more of them.
pub fn read_all(input: Input<'_>) -> (Program, Diagnostics) {
    let Input { files, sources, reader, variables, subscription, tenant } = input;
    let mut found = Diagnostics::new();
    let mut digest = Sha256::new();
    let mut blocks = Vec::new();
    let mut program = Program::new(reader, subscription, tenant);
    if files.is_empty() {
        program.readable = false;
        found.push(
            Diagnostic::error("no-stack", "there is no `*.hcl` file here")
                .help("Name the stack's directory, or start one with `drplan init`."),
        );
    }
    for (path, text) in files {
        digest.update(path.rsplit('/').next().unwrap_or_default().as_bytes());
        digest.update([0]);
        digest.update(text.as_bytes());
        digest.update([0]);
        let file = sources.add(path, Arc::clone(&text));
        match hcl::parse(&text, file) {
            Ok(body) => {
                stray_attributes(&body, &mut found);
                references::attributes_read(&body, &mut program.attributes);
                blocks.extend(body.blocks);
            }
            Err(problems) => {
                program.readable = false;
                found.extend(problems);
            }
        }
    }
    for block in blocks {
        sort_in(&mut program, block, &mut found);
    }
    // What cannot be read may hold the rest, so only what was read is spoken of then.
    if program.readable {
        if program.stack.is_none() && !program.broken.contains(&("stack".into(), "".into())) {
            found.push(
                Diagnostic::error("no-stack", "no file has a `stack` block")
                    .help("Write `stack \"name\" {}` once, in any file."),
            );
        }
        variables::give(&mut program, &variables, sources, &mut found);
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

fn stray_attributes(body: &Body, found: &mut Diagnostics) {
    for attribute in &body.attributes {
        found.push(
            Diagnostic::error("stray-argument", format!("`{}` stands outside of any block", attribute.name.text))
                .at(attribute.name.span)
                .help("Put it into the block it belongs to; a value of your own goes into `locals { … }`."),
        );
    }
}

/// The words that blocks start with, beside kinds.
const WORDS: [&str; 6] = ["stack", "variable", "locals", "output", "site", "failover_group"];

fn sort_in(program: &mut Program, block: Block, found: &mut Diagnostics) {
    let word = Arc::clone(&block.ident.text);
    let kind = kinds::find(&word);
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
    let root = if &*word == "variable" { "var" } else { &*word };
    let label = match labelled(&block) {
        Ok(label) => label,
        Err(problem) => {
            found.push(problem);
            let names = block.labels.iter().map(|label| Arc::clone(&label.text));
            program.broken.extend(names.chain(["".into()]).map(|name| (Arc::from(root), name)));
            return;
        }
    };
    if let Some(kind) = kind {
        let address = Address::new(kind.name, &label);
        let definition = Definition { kind, references: references::of_body(&block.body), block: Arc::new(block) };
        insert(&mut program.definitions, address, definition, |d| &d.block, found);
        return;
    }
    let block = Arc::new(block);
    let into = match &*word {
        "variable" => &mut program.variable_blocks,
        "output" => &mut program.outputs,
        "site" => &mut program.sites,
        "failover_group" => &mut program.failover_groups,
        _ => {
            match &program.stack {
                None => program.stack = Some(block),
                Some(first) => found.push(
                    Diagnostic::error("repeated-block", "there are two `stack` blocks")
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

/// The one label of a block.
fn labelled(block: &Block) -> Result<Arc<str>, Diagnostic> {
    let word = &block.ident.text;
    let wrong = |summary: String| Diagnostic::error("wrong-labels", summary).at(block.header);
    match block.labels.as_slice() {
        [label] if is_identifier(&label.text) => Ok(Arc::clone(&label.text)),
        [label] => Err(wrong(format!("\"{}\" is not a name that can be referred to", label.text)).at(label.span).help(
            "Use letters, digits, `-` and `_`, and start with a letter; another name in the cloud goes into `name = \"…\"`.",
        )),
        [] => Err(wrong(format!("this `{word}` has no name")).help(format!("Write `{word} \"name\" {{ … }}`."))),
        [first, rest @ ..] => {
            let count = rest.len() + 1;
            Err(wrong(format!("`{word}` takes one label, its name, and this has {count}"))
                .help(format!("Write `{word} \"{}\" {{ … }}`.", rest.last().unwrap_or(first).text)))
        }
    }
}

/// What is wrong with a block whose first word is no kind.
fn unknown_kind(program: &mut Program, block: &Block) -> Diagnostic {
    let word = &*block.ident.text;
    let problem = Diagnostic::error("unknown-kind", format!("there is no kind of block `{word}`")).at(block.ident.span);
    let names: Vec<Arc<str>> = block.labels.iter().map(|label| Arc::clone(&label.text)).collect();
    let mut meant = vec![Arc::from(word)];
    let close = diagnostic::closest(word, kinds::ALL.iter().map(|kind| kind.name).chain(WORDS));
    let problem = if let Some(stem) = word.strip_prefix("azurerm_").filter(|stem| kinds::find(stem).is_some()) {
        meant.push(stem.into());
        problem.help(format!("Here kinds have no prefix: write `{stem} \"…\" {{ … }}`."))
    } else if word == "resource" {
        let kind = names.first().map_or("kind", |name| name.strip_prefix("azurerm_").unwrap_or(name));
        let name = names.get(1).map_or("…", |name| name);
        meant.push(kind.into());
        problem.help(format!("Here the kind itself starts the block: write `{kind} \"{name}\" {{ … }}`."))
    } else if matches!(word, "terraform" | "provider" | "module" | "data") {
        problem.help(match word {
            "data" => "There are no data sources: write the whole id of what the stack does not manage.",
            "module" => "There are no modules: every `*.hcl` file of the directory belongs to the stack, and `for_each` repeats a block.",
            _ => "It is not needed: a `site` block says where things run.",
        })
    } else if let Some(close) = close {
        meant.push(close.into());
        problem.help(format!("Did you mean `{close}`?"))
    } else {
        problem.help("`drplan kinds` lists them all.")
    };
    // Whatever refers to it by the word written or by the one that was meant is not wrong as well.
    for word in meant {
        let root = if &*word == "variable" { "var".into() } else { word };
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
            Diagnostic::error("argument-expected", format!("`locals` has no block `{}`", block.ident.text))
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
                Diagnostic::error("repeated-name", format!("there are two locals `{}`", attribute.name.text))
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
    block: impl Fn(&V) -> &Arc<Block>,
    found: &mut Diagnostics,
) {
    match into.get(&key) {
        None => {
            into.insert(key, value);
        }
        Some(first) => {
            let (this, first) = (block(&value), block(first));
            let name = this.labels.first().map(|label| &*label.text).unwrap_or_default();
            found.push(
                Diagnostic::error("repeated-name", format!("there are two blocks `{} \"{name}\"`", this.ident.text))
                    .at(this.header)
                    .and(first.header, "the first")
                    .help("Give each its own name."),
            );
        }
    }
}
