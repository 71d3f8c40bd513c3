//! The content of a block: its own arguments and blocks, then those of the block that it mirrors.

use std::collections::BTreeSet;
use std::sync::Arc;

use crate::address::Address;
use crate::hcl::ast::{Body, Expr, ExprKind, HclAttribute, HclBlock, TraversalStep};
use crate::stack::program::{Definition, Program};

/// Arguments that every block has, whatever its kind.
pub(crate) const META: &[&str] =
    &["for_each", "depends_on", "mirrors", "prevent_destroy", "ignore_changes", "name", "site", "presence"];

/// Content of a block, with that of mirrored blocks.
pub(crate) struct BlockContent {
    /// Arguments that merge with those of mirrored blocks, whose expressions do not show the result.
    pub unmerged: BTreeSet<String>,
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
pub(crate) fn merged(program: &Program, definition: &Definition) -> BlockContent {
    let body = &definition.block.body;
    let mut out = BlockContent {
        unmerged: BTreeSet::new(),
        attributes: body.attributes.iter().cloned().map(|one| (one, false)).collect(),
        blocks: body.blocks.iter().cloned().map(|one| (one, false)).collect(),
    };
    for (_, of) in mirrored(program, definition) {
        let has = |name: &str| {
            out.attributes.iter().any(|(one, _)| &*one.name.text == name)
                || out.blocks.iter().any(|(one, _)| &*one.ident.text == name)
        };
        let leaves = |name: &str| has(name) || META.contains(&name);
        let body: &Body = &of.block.body;
        let merges = |name: &str| definition.kind.arg(name).is_some_and(|arg| arg.partial);
        let overlays: Vec<_> = body
            .attributes
            .iter()
            .filter(|one| merges(&one.name.text) && has(&one.name.text))
            .map(|under| (Arc::clone(&under.name.text), Arc::clone(&under.expr)))
            .collect();
        let attributes: Vec<_> =
            body.attributes.iter().filter(|one| !leaves(&one.name.text)).cloned().map(|one| (one, true)).collect();
        let blocks: Vec<_> =
            body.blocks.iter().filter(|one| !leaves(&one.ident.text)).cloned().map(|one| (one, true)).collect();
        for (name, under) in overlays {
            let own = out.attributes.iter_mut().map(|(one, _)| one).find(|one| one.name.text == name);
            let Some(own) = own else { continue };
            match overlaid(&under, &own.expr) {
                Some(expr) => own.expr = Arc::new(expr),
                None => drop(out.unmerged.insert(name.to_string())),
            }
        }
        out.attributes.extend(attributes);
        out.blocks.extend(blocks);
    }
    out
}

/// An object with another one laid over it, entry by entry; `None` if a part of either is no object with plain keys.
fn overlaid(under: &Expr, over: &Expr) -> Option<Expr> {
    let (ExprKind::Object(below), ExprKind::Object(above)) = (&under.kind, &over.kind) else { return None };
    let key = |expr: &Expr| match &expr.kind {
        ExprKind::String(text) => Some(Arc::clone(text)),
        _ => None,
    };
    let mut all = below.clone();
    below.iter().try_for_each(|(name, _)| key(name).map(drop))?;
    for (name, value) in above {
        let wanted = key(name)?;
        match all.iter_mut().find(|(other, _)| key(other).as_ref() == Some(&wanted)) {
            Some((_, under)) if matches!((&under.kind, &value.kind), (ExprKind::Object(_), ExprKind::Object(_))) => {
                *under = overlaid(under, value)?;
            }
            // Whether both are objects shows only when they are evaluated.
            Some((_, under)) if !is_plain(under) && !is_plain(value) => return None,
            Some((_, under)) => *under = value.clone(),
            None => all.push((name.clone(), value.clone())),
        }
    }
    Some(Expr { kind: ExprKind::Object(all), span: over.span })
}

/// True for an expression that is certainly no object.
fn is_plain(expr: &Expr) -> bool {
    matches!(
        expr.kind,
        ExprKind::Null
            | ExprKind::Bool(_)
            | ExprKind::Number(_)
            | ExprKind::String(_)
            | ExprKind::Template(_)
            | ExprKind::List(_)
    )
}

/// The blocks that a block mirrors, directly and through others: the nearest first, each once.
pub(crate) fn mirrored<'a>(program: &'a Program, definition: &Definition) -> Vec<(Address, &'a Definition)> {
    let mut chain: Vec<(Address, &Definition)> = Vec::new();
    let mut mirrors = definition.block.body.attribute("mirrors");
    while let Some((address, of)) = mirrors.and_then(|of| named(program, of)) {
        if chain.iter().any(|(other, _)| *other == address) {
            break;
        }
        mirrors = of.block.body.attribute("mirrors");
        chain.push((address, of));
    }
    chain
}

/// The block that an argument names.
fn named<'a>(program: &'a Program, attribute: &HclAttribute) -> Option<(Address, &'a Definition)> {
    let mut found = None;
    attribute.expr.visit_references(&mut |name, steps, _| {
        if let Some(TraversalStep::Attr(label)) = steps.first() {
            found.get_or_insert_with(|| Address::new(&name.text, &label.text));
        }
    });
    let address = found?;
    let definition = program.definitions.get(&address)?;
    Some((address, definition))
}

/// True if an expression refers to `each`.
pub(crate) fn names_each(expr: &Expr) -> bool {
    let mut found = false;
    expr.visit_references(&mut |name, _, _| found |= &*name.text == "each");
    found
}
