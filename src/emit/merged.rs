//! The content of a block: its own arguments and blocks, then those of the block that it mirrors.

use std::collections::BTreeSet;

use crate::address::Address;
use crate::hcl::ast::{Body, Expr, HclAttribute, HclBlock, TraversalStep};
use crate::stack::program::{Definition, Program};

/// Arguments that every block has, whatever its kind.
pub(super) const META: &[&str] = &["for_each", "depends_on", "mirrors", "prevent_destroy", "name", "site", "presence"];

/// Content of a block, with that of mirrored blocks.
pub(super) struct BlockContent {
    /// Arguments, each with true if it comes from a mirrored block.
    pub attributes: Vec<(HclAttribute, bool)>,
    /// The nested blocks, likewise.
    pub blocks: Vec<(HclBlock, bool)>,
}

impl BlockContent {
    /// The argument with this name.
    pub fn attribute(&self, name: &str) -> Option<&HclAttribute> {
        self.attributes.iter().map(|(attribute, _)| attribute).find(|attribute| &*attribute.name.text == name)
    }
}

/// Content of a block: its own, then that of mirrored blocks.
pub(super) fn merged(program: &Program, definition: &Definition) -> BlockContent {
    let body = &definition.block.body;
    let mut out = BlockContent {
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

fn mirrored<'a>(program: &'a Program, attribute: &HclAttribute) -> Option<(Address, &'a Definition)> {
    let mut found = None;
    attribute.expr.visit_references(&mut |name, steps, _| {
        if let Some(TraversalStep::Attr(label)) = steps.first() {
            found.get_or_insert_with(|| Address::new(&name.text, &label.text));
        }
    });
    let address = found?;
    Some((address.clone(), program.definitions.get(&address)?))
}

/// True if an expression refers to `each`.
pub(super) fn names_each(expr: &Expr) -> bool {
    let mut found = false;
    expr.visit_references(&mut |name, _, _| found |= &*name.text == "each");
    found
}
