//! Text to a [`Program`]: the blocks of all files, sorted by what they are, and the values of variables.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use indexmap::IndexMap;
use sha2::{Digest, Sha256};

use crate::address::{Address, is_identifier};
use crate::diagnostic::{Diagnostic, Diagnostics, Sources};
use crate::hcl::ast::{Block, Body, ExprKind, Root};
use crate::hcl::{self, Files};
use crate::kinds;
use crate::stack::program::{Definition, Program};
use crate::stack::variables;

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
/// Everything that is wrong with the text, the blocks and the variables.
pub fn read(input: Input<'_>) -> Result<Program, Diagnostics> {
    let Input { files, sources, reader, variables, subscription, tenant } = input;
    let mut found = Diagnostics::new();
    let mut digest = Sha256::new();
    let mut blocks = Vec::new();
    let mut program = Program::new(reader, subscription, tenant);
    if files.is_empty() {
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
                attribute_names(&body, &mut program.attributes);
                blocks.extend(body.blocks);
            }
            Err(problems) => found.extend(problems),
        }
    }
    for block in blocks {
        sort_in(&mut program, block, &mut found);
    }
    if program.stack.is_none() && !found.has_errors() {
        found.push(
            Diagnostic::error("no-stack", "no file has a `stack` block")
                .help("Write `stack \"name\" {}` once, in any file."),
        );
    }
    variables::give(&mut program, &variables, sources, &mut found);
    for (name, variable) in &program.variables {
        if let (false, Ok(value)) = (variable.sensitive, variable.value.reveal()) {
            digest.update(name.as_bytes());
            digest.update(value.to_string().as_bytes());
        }
    }
    program.digest = digest.finalize().iter().map(|byte| format!("{byte:02x}")).collect();
    found.sort();
    if found.has_errors() { Err(found) } else { Ok(program) }
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

fn sort_in(program: &mut Program, block: Block, found: &mut Diagnostics) {
    let labels = block.labels.len();
    let wanted = match &*block.ident.text {
        "locals" => 0,
        _ => 1,
    };
    let word = Arc::clone(&block.ident.text);
    let known = ["stack", "variable", "locals", "output", "site", "failover_group"];
    let kind = kinds::find(&word);
    if kind.is_none() && !known.contains(&&*word) {
        let names = kinds::ALL.iter().map(|kind| kind.name).chain(known);
        let stripped = word.strip_prefix("azurerm_").filter(|stem| kinds::find(stem).is_some());
        let problem =
            Diagnostic::error("unknown-kind", format!("there is no kind of block `{word}`")).at(block.ident.span);
        found.push(match (stripped, &*word) {
            (Some(stem), _) => problem.help(format!("Here kinds have no prefix: write `{stem} \"…\" {{ … }}`.")),
            (None, "resource") => {
                problem.help("Here the kind itself starts the block, without its prefix: write `kind \"name\" { … }`.")
            }
            (None, _) => problem.suggest(&word, names, Some("`drplan kinds` lists them all.".to_owned())),
        });
        return;
    }
    if labels != wanted {
        let (say, example) = match wanted {
            0 => ("no label", format!("{word} {{ … }}")),
            _ => ("one label, its name", format!("{word} \"name\" {{ … }}")),
        };
        found.push(
            Diagnostic::error("wrong-labels", format!("`{word}` takes {say}, and this has {labels}"))
                .at(block.header)
                .help(format!("Write `{example}`.")),
        );
        return;
    }
    if let Some(label) = block.labels.first().filter(|label| !is_identifier(&label.text)) {
        found.push(
            Diagnostic::error("wrong-labels", format!("`{}` is not an identifier", label.text)).at(label.span).help(
                "Use letters, digits, `-` and `_`, and start with a letter; a name in the cloud goes into `name = …`.",
            ),
        );
        return;
    }
    match (&*word, kind) {
        (_, Some(kind)) => {
            let address = Address::new(kind.name, &block.labels[0].text);
            let definition = Definition { kind, references: references(&block.body), block: Arc::new(block) };
            insert(&mut program.definitions, address, definition, |d| &d.block, found);
        }
        ("stack", _) => match &program.stack {
            None => program.stack = Some(Arc::new(block)),
            Some(first) => found.push(
                Diagnostic::error("repeated-block", "there are two `stack` blocks")
                    .at(block.header)
                    .and(first.header, "the first")
                    .help("Join them into one."),
            ),
        },
        ("locals", _) => {
            for attribute in block.body.attributes {
                match program.locals.get(&attribute.name.text) {
                    None => {
                        program.locals.insert(Arc::clone(&attribute.name.text), attribute);
                    }
                    Some(first) => found.push(
                        Diagnostic::error("repeated-name", format!("there are two locals `{}`", attribute.name.text))
                            .at(attribute.name.span)
                            .and(first.name.span, "the first"),
                    ),
                }
            }
        }
        (word, _) => {
            let into = match word {
                "variable" => &mut program.variable_blocks,
                "output" => &mut program.outputs,
                "site" => &mut program.sites,
                _ => &mut program.failover_groups,
            };
            let name = Arc::clone(&block.labels[0].text);
            insert(into, name, Arc::new(block), |b| b, found);
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

/// The roots and first steps that a body names: `("local", "x")`, `("subnet", "web")`, each once.
fn references(body: &Body) -> Vec<(Arc<str>, Arc<str>)> {
    let mut all = BTreeMap::new();
    visit_body(body, &mut |root, name| {
        all.insert((Arc::clone(root), Arc::clone(name)), ());
    });
    all.into_keys().collect()
}

fn attribute_names(body: &Body, into: &mut BTreeSet<Arc<str>>) {
    for attribute in &body.attributes {
        attribute.expr.visit_references(&mut |_, steps, _| {
            into.extend(steps.iter().filter_map(|step| match step {
                hcl::ast::Step::Attr(name) => Some(Arc::clone(&name.text)),
                _ => None,
            }));
        });
    }
    body.blocks.iter().for_each(|block| attribute_names(&block.body, into));
}

/// Calls `visit` with the root and the first step of every reference in a body, nested blocks included.
pub(crate) fn visit_body(body: &Body, visit: &mut dyn FnMut(&Arc<str>, &Arc<str>)) {
    for attribute in &body.attributes {
        attribute.expr.visit_references(&mut |root, steps, _| {
            if let Some(hcl::ast::Step::Attr(name)) = steps.first() {
                visit(&root.text, &name.text);
            }
        });
    }
    for block in &body.blocks {
        visit_body(&block.body, visit);
    }
}

/// The name that an expression is, where it is nothing but a name with attribute steps: `step.scale-up`, `route`.
pub(crate) fn plain_name(expr: &hcl::ast::Expr) -> Option<Vec<Arc<str>>> {
    match &expr.kind {
        ExprKind::String(text) => Some(vec![Arc::clone(text)]),
        ExprKind::Traversal { root: Root::Name(name), steps } => {
            let mut names = vec![Arc::clone(&name.text)];
            for step in steps {
                match step {
                    hcl::ast::Step::Attr(name) => names.push(Arc::clone(&name.text)),
                    _ => return None,
                }
            }
            Some(names)
        }
        _ => None,
    }
}
