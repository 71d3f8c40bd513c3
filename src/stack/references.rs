//! References, checked before anything is evaluated: a reference to an undeclared name is an error wherever it is, in
//! a branch that is not taken, too.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use crate::address::Address;
use crate::diagnostic::{Diagnostic, Diagnostics, closest};
use crate::hcl::ast::{Body, Expr, ExprKind, HclAttribute, Ident, Root, TraversalStep};
use crate::kinds::{Catalog, Kind, is_foreign_block, with_article};
use crate::stack::ignored::IGNORE_CHANGES;
use crate::stack::program::Program;
use crate::stack::scope::listed;

/// The root and the first step of a reference: `("local", "x")`, `("subnet", "web")`.
pub(crate) type ReferenceName = (Arc<str>, Arc<str>);

/// Attributes that every resource has.
pub(crate) const COMMON: [&str; 3] = ["id", "name", "location"];

/// Arguments of every resource block, beside those of its kind.
pub(crate) const META: &[&str] = &["for_each", "depends_on", "mirrors", "prevent_destroy", IGNORE_CHANGES, "name"];

/// Arguments of a failover group's blocks that name steps, phases and routes rather than values.
const STEP_NAMES: &[&str] = &["after", "before", "fallback_for"];

/// The names in an expression, each once.
pub(super) fn of_expr(expr: &Expr) -> Vec<ReferenceName> {
    let mut all = BTreeMap::new();
    collect(expr, &mut all);
    all.into_keys().collect()
}

/// The names in a body, nested blocks included, each once.
pub(super) fn of_body(body: &Body) -> Vec<ReferenceName> {
    let mut all = BTreeMap::new();
    let mut open = vec![body];
    while let Some(body) = open.pop() {
        body.attributes.iter().for_each(|attribute| collect(&attribute.expr, &mut all));
        open.extend(body.blocks.iter().map(|block| &block.body));
    }
    all.into_keys().collect()
}

fn collect(expr: &Expr, all: &mut BTreeMap<ReferenceName, ()>) {
    expr.visit_references(&mut |root, steps, _| {
        if let Some(TraversalStep::Attr(name)) = steps.first() {
            all.insert((Arc::clone(&root.text), Arc::clone(&name.text)), ());
        }
    });
}

/// The block that an expression names by its own name, whatever its key.
pub(crate) fn named_block(catalog: &Catalog, expr: &Expr) -> Option<Address> {
    let ExprKind::Traversal { root: Root::Name(root), steps } = &expr.kind else { return None };
    let ([TraversalStep::Attr(label)] | [TraversalStep::Attr(label), TraversalStep::Index(_)]) = steps.as_slice()
    else {
        return None;
    };
    catalog.kind(&root.text).map(|_| Address::new(&root.text, &label.text))
}

/// The names of an expression that is nothing but a name with attribute steps: `step.scale-up`, `route`.
pub(super) fn plain_name(expr: &Expr) -> Option<Vec<Arc<str>>> {
    match &expr.kind {
        ExprKind::String(text) => Some(vec![Arc::clone(text)]),
        ExprKind::Traversal { root: Root::Name(name), steps } => {
            let mut names = vec![Arc::clone(&name.text)];
            for step in steps {
                match step {
                    TraversalStep::Attr(name) => names.push(Arc::clone(&name.text)),
                    _ => return None,
                }
            }
            Some(names)
        }
        _ => None,
    }
}

/// The names after `provider` in a reference to an account: those of the provider and of the account.
pub(super) fn of_account(attribute: &HclAttribute) -> Option<Vec<Arc<str>>> {
    let names = plain_name(&attribute.expr)?;
    let (root, rest) = names.split_first()?;
    (&**root == "provider" && !rest.is_empty()).then(|| rest.to_vec())
}

/// Reports references to undeclared names.
pub(super) fn check(program: &Program, found: &mut Diagnostics) {
    let constants = program.stack.iter().chain(program.providers.values()).chain(program.sites.values());
    for block in constants {
        ReferenceCheck { program, found, place: ReferencePosition::Constant, each: false, groups: false }
            .body(&block.body);
    }
    for local in program.locals.values() {
        ReferenceCheck { program, found, place: ReferencePosition::Value, each: false, groups: false }
            .expr(&local.attribute.expr, false);
    }
    for block in program.outputs.values().chain(program.backups.values()) {
        ReferenceCheck { program, found, place: ReferencePosition::Value, each: false, groups: false }
            .body(&block.body);
    }
    for block in program.failover_groups.values() {
        ReferenceCheck { program, found, place: ReferencePosition::FailoverGroup, each: false, groups: false }
            .body(&block.body);
    }
    let unused = program.unused.iter().map(|(_, definition)| definition);
    for definition in program.definitions.values().chain(unused) {
        ReferenceCheck { program, found, place: ReferencePosition::Value, each: false, groups: false }
            .body(&definition.block.body);
    }
}

/// An argument that takes names of steps, phases and routes, also if it is misspelt.
fn takes_step_names(argument: &str) -> bool {
    let is_near = argument.len() > 4 && argument != "restore";
    STEP_NAMES.contains(&argument) || (is_near && closest(argument, STEP_NAMES.iter().copied()).is_some())
}

#[derive(Clone, Copy, PartialEq)]
enum ReferencePosition {
    /// The `stack` block and sites, which are evaluated before any resource.
    Constant,
    /// In a failover group, where steps have names as well.
    FailoverGroup,
    /// Anywhere else.
    Value,
}

struct ReferenceCheck<'a> {
    program: &'a Program,
    found: &'a mut Diagnostics,
    place: ReferencePosition,
    /// `each` is known here.
    each: bool,
    /// Failover groups may be named here.
    groups: bool,
}

impl ReferenceCheck<'_> {
    fn body(&mut self, body: &Body) {
        if self.found.is_full() {
            return;
        }
        let outer = self.each;
        let for_each = body.attribute("for_each");
        if let Some(for_each) = for_each {
            self.expr(&for_each.expr, false);
        }
        self.each |= body.is_repeated();
        let is_value = self.place == ReferencePosition::Value;
        let is_constant = self.place == ReferencePosition::Constant;
        // The names in `ignore_changes` are those of arguments.
        let is_apart = |name: &str| name == "for_each" || (is_value && name == IGNORE_CHANGES);
        // An account is no value: the reader of sites resolves it.
        let is_account = |attribute: &HclAttribute| {
            is_constant && &*attribute.name.text == "provider" && of_account(attribute).is_some()
        };
        let attributes = body.attributes.iter().filter(|attribute| !is_apart(&attribute.name.text));
        for attribute in attributes.filter(|attribute| !is_account(attribute)) {
            let names_blocks = self.place == ReferencePosition::FailoverGroup && takes_step_names(&attribute.name.text);
            self.groups = self.place == ReferencePosition::FailoverGroup && &*attribute.name.text == "depends_on";
            self.expr(&attribute.expr, names_blocks);
            self.groups = false;
        }
        body.blocks
            .iter()
            .filter(|block| !is_foreign_block(&block.ident.text))
            .for_each(|block| self.body(&block.body));
        self.each = outer;
    }

    /// Checks an expression; with `keys_only`, the keys of the blocks that it names.
    fn expr(&mut self, expr: &Expr, keys_only: bool) {
        expr.visit_references(&mut |root, steps, _| {
            let is_skipped = keys_only && !matches!(&*root.text, "each" | "var" | "local");
            if is_skipped || self.found.is_full() {
                return;
            }
            if let Err(problem) = self.reference(root, steps) {
                self.found.push(problem);
            }
        });
    }

    fn reference(&self, root: &Ident, steps: &[TraversalStep]) -> Result<(), Diagnostic> {
        let kind = self.program.catalog.kind(&root.text);
        match &*root.text {
            "var" | "local" => {}
            "each" if self.each => {}
            _ if self.place == ReferencePosition::Constant => return self.not_constant(root),
            "failover_group" if self.groups => {}
            "each" if !self.each => {
                return Err(Diagnostic::error("unknown-name", "reference to `each` in a block without `for_each`")
                    .at(root.span)
                    .help("Write `for_each = …` into the block, or use a plain value."));
            }
            "site" | "backup" | "each" => {}
            _ if kind.is_some() => {}
            _ => return self.no_such_root(root),
        }
        let Some(TraversalStep::Attr(name)) = steps.first() else {
            let example = self.names_of(&root.text).first().copied().unwrap_or("name");
            return Err(Diagnostic::error(
                "unknown-name",
                format!("incomplete reference: no name after `{}`", root.text),
            )
            .at(root.span)
            .help(format!("Write a name, as in `{}.{example}`.", root.text)));
        };
        if !self.exists(&root.text, &name.text) && !self.is_broken(root, name) {
            return Err(self.no_such_name(root, name));
        }
        let attribute = match steps.get(1..) {
            Some(
                [TraversalStep::Attr(attribute), ..] | [TraversalStep::Index(_), TraversalStep::Attr(attribute), ..],
            ) => attribute,
            _ => return Ok(()),
        };
        match (kind, &*root.text) {
            (Some(kind), _) => has_attribute(kind, attribute),
            (None, "site") => language_attribute("a site", &["location", "name", "tier"], attribute),
            (None, "backup") => language_attribute("a backup", &["name"], attribute),
            _ => Ok(()),
        }
    }

    fn exists(&self, root: &str, name: &str) -> bool {
        let program = self.program;
        match root {
            "var" => program.variable_blocks.contains_key(name),
            "local" => program.locals.contains_key(name),
            "site" => program.sites.contains_key(name),
            "backup" => program.backups.contains_key(name),
            "failover_group" => program.failover_groups.contains_key(name),
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
            "backup" => program.backups.keys().map(|name| &**name).collect(),
            "failover_group" => program.failover_groups.keys().map(|name| &**name).collect(),
            "each" => vec!["key", "value"],
            kind => program.definitions.keys().filter(|address| address.kind() == kind).map(Address::name).collect(),
        }
    }

    fn not_constant(&self, root: &Ident) -> Result<(), Diagnostic> {
        Err(Diagnostic::error("constant-expected", format!("`{}` cannot be referenced here", root.text))
            .at(root.span)
            .why("The `stack` block and sites are evaluated before any resource.")
            .help("Write a plain value, a variable, or a local that depends on variables only."))
    }

    /// A block of this name is written, or may be, and has an error that has been reported.
    fn is_broken(&self, root: &Ident, name: &Ident) -> bool {
        let broken = |name: Arc<str>| self.program.broken.contains(&(Arc::clone(&root.text), name));
        broken(Arc::clone(&name.text)) || broken("".into()) || self.program.may_declare(&name.text)
    }

    fn no_such_root(&self, root: &Ident) -> Result<(), Diagnostic> {
        if self.program.broken.iter().any(|(broken, _)| *broken == root.text) {
            return Ok(());
        }
        let written = &*root.text;
        let problem =
            Diagnostic::error("unknown-name", format!("reference to undeclared name `{written}`")).at(root.span);
        if let Some((prefix, stem)) = self.program.catalog.without_prefix(written) {
            return Err(problem.help(format!("Write `{stem}`: kinds have no prefix `{prefix}_` in drplan.")));
        }
        if matches!(written, "data" | "module") {
            return Err(problem.help(
                "Write the full id of a resource that the stack does not manage: drplan has no data sources and no modules.",
            ));
        }
        let known = ["var", "local", "site", "backup", "each"]
            .into_iter()
            .chain(self.program.catalog.kinds().map(|kind| kind.name));
        Err(problem.suggest(
            written,
            known,
            Some("Write a string in quotes, and a resource as `kind.name`.".to_owned()),
        ))
    }

    fn no_such_name(&self, root: &Ident, name: &Ident) -> Diagnostic {
        let root = &*root.text;
        let known = self.names_of(root);
        if root == "each" {
            return Diagnostic::error("unknown-name", format!("unsupported attribute `{}` of `each`", name.text))
                .at(name.span)
                .suggest(&name.text, known, Some("Supported: `each.key`, `each.value`.".to_owned()));
        }
        let what = match root {
            "var" => "variable",
            "local" => "local",
            "site" => "site",
            "backup" => "backup",
            "failover_group" => "failover group",
            _ => "resource",
        };
        let summary = format!("reference to undeclared {what} `{root}.{}`", name.text);
        let problem = Diagnostic::error("unknown-name", summary).at(name.span);
        if let Some(close) = closest(&name.text, known.iter().copied()) {
            return problem.help(format!("Did you mean `{root}.{close}`?"));
        }
        // The right label under the wrong kind.
        let other = self.program.definitions.keys().find(|address| address.name() == &*name.text);
        if let Some(other) = other.filter(|_| self.program.catalog.kind(root).is_some()) {
            return problem.help(format!("Did you mean `{other}`?"));
        }
        problem.help(match (known.as_slice(), root) {
            ([], "var") => format!("Declare it: `variable \"{}\" {{ type = string }}`.", name.text),
            ([], "local") => format!("Declare it: `locals {{ {} = … }}`.", name.text),
            ([], _) => format!("Declare it: `{root} \"{}\" {{ … }}`.", name.text),
            (known, _) => listed("Declared:", known.iter(), |name| format!("`{root}.{name}`")),
        })
    }
}

/// Reports an attribute that neither the kind nor one of its variants has.
fn has_attribute(kind: &'static Kind, name: &Ident) -> Result<(), Diagnostic> {
    let tables: Vec<&Kind> = kind.tables().collect();
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
    Diagnostic::error("unknown-attribute", format!("unsupported attribute `{name}` of {}", with_article(kind))).suggest(
        name,
        known,
        Some(format!("Run `drplan kinds {kind}` for a list of its attributes.")),
    )
}

/// Reports an attribute that a block of the language does not have.
fn language_attribute(of: &str, known: &[&str], name: &Ident) -> Result<(), Diagnostic> {
    if known.contains(&&*name.text) {
        return Ok(());
    }
    let problem = Diagnostic::error("unknown-attribute", format!("unsupported attribute `{}` of {of}", name.text));
    Err(problem.at(name.span).suggest(
        &name.text,
        known.iter().copied(),
        Some(listed("Supported:", known.iter(), |name| format!("`{name}`"))),
    ))
}
