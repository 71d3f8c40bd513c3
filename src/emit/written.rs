//! What a block of the stack says: its own arguments and blocks, and behind them those of what it mirrors.

use std::collections::BTreeSet;

use crate::address::Address;
use crate::hcl::ast::{Attribute, Block, Body, Expr, Step};
use crate::stack::program::{Definition, Program};

/// Arguments of every block that are not the kind's.
pub(super) const META: &[&str] = &["for_each", "depends_on", "mirrors", "prevent_destroy", "name", "site", "presence"];

/// What a block says, with what it mirrors behind it.
pub(super) struct Merged {
    /// Each with whether it is another block's.
    pub attributes: Vec<(Attribute, bool)>,
    /// The nested blocks, likewise.
    pub blocks: Vec<(Block, bool)>,
}

impl Merged {
    /// The argument with this name.
    pub fn attribute(&self, name: &str) -> Option<&Attribute> {
        self.attributes.iter().map(|(attribute, _)| attribute).find(|attribute| &*attribute.name.text == name)
    }
}

/// What a block has: its own, and behind it what it mirrors.
pub(super) fn merged(program: &Program, definition: &Definition) -> Merged {
    let body = &definition.block.body;
    let mut out = Merged {
        attributes: body.attributes.iter().cloned().map(|one| (one, false)).collect(),
        blocks: body.blocks.iter().cloned().map(|one| (one, false)).collect(),
    };
    let mut mirrors = body.attribute("mirrors").and_then(|of| mirrored(program, of));
    let mut seen = BTreeSet::new();
    while let Some((address, of)) = mirrors.take().filter(|(address, _)| seen.insert(address.clone())) {
        let has = |name: &str| {
            out.attributes.iter().any(|(one, _)| &*one.name.text == name)
                || out.blocks.iter().any(|(one, _)| &*one.ident.text == name)
        };
        let leaves = |name: &str| has(name) || META.contains(&name);
        let body: &Body = &of.block.body;
        let attributes: Vec<_> =
            body.attributes.iter().filter(|one| !leaves(&one.name.text)).cloned().map(|one| (one, true)).collect();
        let blocks: Vec<_> =
            body.blocks.iter().filter(|one| !leaves(&one.ident.text)).cloned().map(|one| (one, true)).collect();
        drop(address);
        out.attributes.extend(attributes);
        out.blocks.extend(blocks);
        mirrors = body.attribute("mirrors").and_then(|of| mirrored(program, of));
    }
    out
}

fn mirrored<'a>(program: &'a Program, attribute: &Attribute) -> Option<(Address, &'a Definition)> {
    let mut found = None;
    attribute.expr.visit_references(&mut |name, steps, _| {
        if let Some(Step::Attr(label)) = steps.first() {
            found.get_or_insert_with(|| Address::new(&name.text, &label.text));
        }
    });
    let address = found?;
    Some((address.clone(), program.definitions.get(&address)?))
}

/// Whether an expression names `each`.
pub(super) fn names_each(expr: &Expr) -> bool {
    let mut found = false;
    expr.visit_references(&mut |name, _, _| found |= &*name.text == "each");
    found
}
