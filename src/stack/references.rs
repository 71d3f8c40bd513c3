//! Names as the text has them, looked up before anything is evaluated: a name that means nothing is wrong wherever it stands, in a branch that is
//! not taken, too.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use crate::address::Address;
use crate::diagnostic::{Diagnostic, Diagnostics};
use crate::hcl::ast::{Body, Expr, ExprKind, Ident, Root, Step};
use crate::kinds::{self, Kind, with_article};
use crate::stack::program::Program;
use crate::stack::scope::listed;

/// The root and the first step of a reference: `("local", "x")`, `("subnet", "web")`.
pub(crate) type Name = (Arc<str>, Arc<str>);

/// Attributes that every resource has.
pub(crate) const COMMON: [&str; 3] = ["id", "name", "location"];

/// Arguments of a failover group's blocks that name steps and phases rather than values.
const STEP_NAMES: &[&str] = &["after", "before"];

/// The names in an expression, each once.
pub(super) fn of_expr(expr: &Expr) -> Vec<Name> {
    let mut all = BTreeMap::new();
    collect(expr, &mut all);
    all.into_keys().collect()
}

/// The names in a body, nested blocks included, each once.
pub(super) fn of_body(body: &Body) -> Vec<Name> {
    let mut all = BTreeMap::new();
    let mut open = vec![body];
    while let Some(body) = open.pop() {
        body.attributes.iter().for_each(|attribute| collect(&attribute.expr, &mut all));
        open.extend(body.blocks.iter().map(|block| &block.body));
    }
    all.into_keys().collect()
}

fn collect(expr: &Expr, all: &mut BTreeMap<Name, ()>) {
    expr.visit_references(&mut |root, steps, _| {
        if let Some(Step::Attr(name)) = steps.first() {
            all.insert((Arc::clone(&root.text), Arc::clone(&name.text)), ());
        }
    });
}

/// Every name that stands after a dot in a body: what attributes may be read.
pub(super) fn attributes_read(body: &Body, into: &mut BTreeSet<Arc<str>>) {
    for attribute in &body.attributes {
        attribute.expr.visit_references(&mut |_, steps, _| {
            into.extend(steps.iter().filter_map(|step| match step {
                Step::Attr(name) => Some(Arc::clone(&name.text)),
                _ => None,
            }));
        });
    }
    body.blocks.iter().for_each(|block| attributes_read(&block.body, into));
}

/// The name that an expression is, where it is nothing but a name with attribute steps: `step.scale-up`, `route`.
pub(super) fn plain_name(expr: &Expr) -> Option<Vec<Arc<str>>> {
    match &expr.kind {
        ExprKind::String(text) => Some(vec![Arc::clone(text)]),
        ExprKind::Traversal { root: Root::Name(name), steps } => {
            let mut names = vec![Arc::clone(&name.text)];
            for step in steps {
                match step {
                    Step::Attr(name) => names.push(Arc::clone(&name.text)),
                    _ => return None,
                }
            }
            Some(names)
        }
        _ => None,
    }
}

/// Says which names mean nothing.
pub(super) fn check(program: &Program, found: &mut Diagnostics) {
    let constants = program.stack.iter().chain(program.sites.values());
    for block in constants {
        Check { program, found, place: Place::Constant, each: false }.body(&block.body);
    }
    for local in program.locals.values() {
        Check { program, found, place: Place::Value, each: false }.expr(&local.attribute.expr);
    }
    for block in program.outputs.values() {
        Check { program, found, place: Place::Value, each: false }.body(&block.body);
    }
    for block in program.failover_groups.values() {
        Check { program, found, place: Place::FailoverGroup, each: false }.body(&block.body);
    }
    for definition in program.definitions.values() {
        Check { program, found, place: Place::Value, each: false }.body(&definition.block.body);
    }
}

#[derive(Clone, Copy, PartialEq)]
enum Place {
    /// What is evaluated before any resource: the `stack` block and sites.
    Constant,
    /// In a failover group, where steps have names as well.
    FailoverGroup,
    /// Anywhere else.
    Value,
}

struct Check<'a> {
    program: &'a Program,
    found: &'a mut Diagnostics,
    place: Place,
    /// Whether `each` is known.
    each: bool,
}

impl Check<'_> {
    fn body(&mut self, body: &Body) {
        let outer = self.each;
        let for_each = body.attribute("for_each");
        if let Some(for_each) = for_each {
            self.expr(&for_each.expr);
            self.each = true;
        }
        for attribute in body.attributes.iter().filter(|attribute| &*attribute.name.text != "for_each") {
            if self.place != Place::FailoverGroup || !STEP_NAMES.contains(&&*attribute.name.text) {
                self.expr(&attribute.expr);
            }
        }
        body.blocks.iter().for_each(|block| self.body(&block.body));
        self.each = outer;
    }

    fn expr(&mut self, expr: &Expr) {
        expr.visit_references(&mut |root, steps, _| {
            if let Err(problem) = self.reference(root, steps) {
                self.found.push(problem);
            }
        });
    }

    fn reference(&self, root: &Ident, steps: &[Step]) -> Result<(), Diagnostic> {
        let kind = kinds::find(&root.text);
        match &*root.text {
            "var" | "local" => {}
            _ if self.place == Place::Constant => return self.not_constant(root),
            "each" if !self.each => {
                return Err(Diagnostic::error("unknown-name", "`each` is known only in a block with `for_each`")
                    .at(root.span)
                    .help("Write `for_each = …` into the block, or use a plain value."));
            }
            "site" | "each" => {}
            _ if kind.is_some() => {}
            _ => return self.no_such_root(root),
        }
        let Some(Step::Attr(name)) = steps.first() else {
            let example = self.names_of(&root.text).first().copied().unwrap_or("name");
            return Err(Diagnostic::error("unknown-name", format!("`{}` is not a value by itself", root.text))
                .at(root.span)
                .help(format!("Say which one, as in `{}.{example}`.", root.text)));
        };
        if !self.exists(&root.text, &name.text) {
            return if self.is_broken(root, name) { Ok(()) } else { Err(self.no_such_name(root, name)) };
        }
        let attribute = match steps.get(1..) {
            Some([Step::Attr(attribute), ..] | [Step::Index(_), Step::Attr(attribute), ..]) => attribute,
            _ => return Ok(()),
        };
        match (kind, &*root.text) {
            (Some(kind), _) => has_attribute(kind, attribute),
            (None, "site") => site_attribute(attribute),
            _ => Ok(()),
        }
    }

    fn exists(&self, root: &str, name: &str) -> bool {
        let program = self.program;
        match root {
            "var" => program.variable_blocks.contains_key(name),
            "local" => program.locals.contains_key(name),
            "site" => program.sites.contains_key(name),
            "each" => matches!(name, "key" | "value"),
            kind => program.definitions.contains_key(&Address::new(kind, name)),
        }
    }

    fn names_of(&self, root: &str) -> Vec<&str> {
        let program = self.program;
        match root {
            "var" => program.variable_blocks.keys().map(|name| &**name).collect(),
            "local" => program.locals.keys().map(|name| &**name).collect(),
            "site" => program.sites.keys().map(|name| &**name).collect(),
            "each" => vec!["key", "value"],
            kind => program.definitions.keys().filter(|address| address.kind() == kind).map(Address::name).collect(),
        }
    }

    fn not_constant(&self, root: &Ident) -> Result<(), Diagnostic> {
        Err(Diagnostic::error("constant-expected", format!("`{}` cannot be named here", root.text))
            .at(root.span)
            .why("This is needed before any resource is looked at.")
            .help("Write a plain value, a variable, or a local that hangs on nothing else."))
    }

    /// Whether a block of this name was written and has been told of.
    fn is_broken(&self, root: &Ident, name: &Ident) -> bool {
        let broken = |name: Arc<str>| self.program.broken.contains(&(Arc::clone(&root.text), name));
        broken(Arc::clone(&name.text)) || broken("".into())
    }

    fn no_such_root(&self, root: &Ident) -> Result<(), Diagnostic> {
        if self.program.broken.iter().any(|(broken, _)| *broken == root.text) {
            return Ok(());
        }
        let written = &*root.text;
        let problem = Diagnostic::error("unknown-name", format!("there is nothing called `{written}`")).at(root.span);
        if let Some(stem) = written.strip_prefix("azurerm_").filter(|stem| kinds::find(stem).is_some()) {
            return Err(problem.help(format!("Here kinds have no prefix: write `{stem}`.")));
        }
        if matches!(written, "data" | "module") {
            return Err(problem.help(
                "There are no data sources and no modules: write the whole id of what the stack does not manage.",
            ));
        }
        let known = ["var", "local", "site", "each"].into_iter().chain(kinds::ALL.iter().map(|kind| kind.name));
        Err(problem.suggest(written, known, Some("A text is written in quotes; a resource as `kind.name`.".to_owned())))
    }

    fn no_such_name(&self, root: &Ident, name: &Ident) -> Diagnostic {
        let root = &*root.text;
        let known = self.names_of(root);
        let problem = Diagnostic::error("unknown-name", format!("there is no `{root}.{}`", name.text)).at(name.span);
        if let Some(close) = crate::diagnostic::closest(&name.text, known.iter().copied()) {
            return problem.help(format!("Did you mean `{root}.{close}`?"));
        }
        // The right label under the wrong kind.
        let other = self.program.definitions.keys().find(|address| address.name() == &*name.text);
        if let Some(other) = other.filter(|_| kinds::find(root).is_some()) {
            return problem.help(format!("Did you mean `{other}`?"));
        }
        problem.help(match (known.as_slice(), root) {
            ([], "var") => format!("Declare it: `variable \"{}\" {{ type = string }}`.", name.text),
            ([], "local") => format!("Declare it: `locals {{ {} = … }}`.", name.text),
            ([], _) => format!("Declare it: `{root} \"{}\" {{ … }}`.", name.text),
            (known, _) => listed("There are", known.iter().map(|name| format!("`{root}.{name}`"))),
        })
    }
}

/// Whether an attribute of a kind, or of one of its variants, has this name.
fn has_attribute(kind: &'static Kind, name: &Ident) -> Result<(), Diagnostic> {
    let variants = kind.variants.iter().flat_map(|variants| variants.of.iter().map(|(_, kind)| *kind));
    let tables: Vec<&Kind> = std::iter::once(kind).chain(variants).collect();
    let has = |kind: &&Kind| kind.attribute(&name.text).is_some() || kind.arg(&name.text).is_some();
    if COMMON.contains(&&*name.text) || tables.iter().any(has) {
        return Ok(());
    }
    Err(no_such_attribute(kind.name, &name.text, attributes_of(&tables)).at(name.span))
}

/// The names that can be read from a resource of one of these tables.
pub(crate) fn attributes_of<'k>(tables: &[&'k Kind]) -> BTreeSet<&'k str> {
    let of = |kind: &&'k Kind| {
        kind.attributes
            .iter()
            .map(|attribute| attribute.name)
            .chain(kind.args.iter().map(|arg| arg.name))
            .collect::<Vec<_>>()
    };
    COMMON.into_iter().chain(tables.iter().flat_map(of)).collect()
}

/// The message for an attribute that a kind does not have.
pub(crate) fn no_such_attribute<'k>(kind: &str, name: &str, known: impl IntoIterator<Item = &'k str>) -> Diagnostic {
    Diagnostic::error("unknown-attribute", format!("{} has no attribute `{name}`", with_article(kind))).suggest(
        name,
        known,
        Some(format!("`drplan kinds {kind}` lists them.")),
    )
}

fn site_attribute(name: &Ident) -> Result<(), Diagnostic> {
    let known = ["location", "name", "tier"];
    if known.contains(&&*name.text) {
        return Ok(());
    }
    let problem = Diagnostic::error("unknown-attribute", format!("a site has no attribute `{}`", name.text));
    Err(problem.at(name.span).suggest(
        &name.text,
        known,
        Some(listed("It has", known.iter().map(|name| format!("`{name}`")))),
    ))
}
