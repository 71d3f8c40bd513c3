//! Arguments of a replica's target that follow from the replica.
//!
//! Some providers make a resource a copy of another one only when it is created. The text says it once, in the replica;
//! the block of its target gets the arguments here, before anything is evaluated, so that plans and emitted code treat
//! them as written. What the target writes itself is left as it is: the table of the replica checks it.

use std::sync::Arc;

use crate::address::Address;
use crate::hcl::ast::{Expr, ExprKind, HclAttribute, Ident, Root, TraversalStep};
use crate::kinds::table::Follower;
use crate::stack::program::{Definition, Program};
use crate::stack::references::{self, named_block};

/// Adds to the targets of all replicas the arguments that follow from these.
pub(super) fn complete(program: &mut Program) {
    let added: Vec<_> = program.definitions.values().filter_map(|replica| of_replica(program, replica)).collect();
    for (target, attributes) in added {
        let Some(definition) = program.definitions.get_mut(&target) else { continue };
        let block = Arc::make_mut(&mut definition.block);
        for attribute in attributes {
            if block.body.attribute(&attribute.name.text).is_none() {
                block.body.attributes.push(attribute);
            }
        }
        definition.references = references::of_body(&block.body);
    }
}

/// The block of a replica's target, and the arguments that it gets.
fn of_replica(program: &Program, replica: &Definition) -> Option<(Address, Vec<HclAttribute>)> {
    let body = &replica.block.body;
    let variants = replica.kind.variants?;
    let source = named_block(program.catalog, &body.attribute(variants.by)?.expr)?;
    let (_, kind) = variants.choose(source.kind(), |argument| body.attribute(argument).is_some())?;
    let Follower { target, fixed, source: (from, to), inherits } = kind.follower?;
    let target = &body.attribute(target)?.expr;
    let address = named_block(program.catalog, target)?;
    // An instance follows an instance where both blocks repeat over the same keys, which `each.key` stands for.
    if body.is_repeated() && !is_of_each_key(target) {
        return None;
    }
    let ident = |name: &str| Ident { text: name.into(), span: target.span };
    let attribute = |name: &str, expr: Expr| HclAttribute { name: ident(name), expr: Arc::new(expr) };
    let plain = |kind: ExprKind| Expr { kind, span: target.span };
    let mut attributes = vec![attribute(to, (*body.attribute(from)?.expr).clone())];
    attributes.extend(fixed.iter().map(|(name, word)| attribute(name, plain(ExprKind::String((*word).into())))));
    if program.definitions.get(&address)?.block.body.attribute("mirrors").is_some() {
        attributes.extend(inherits.iter().map(|name| attribute(name, plain(ExprKind::Null))));
    }
    Some((address, attributes))
}

/// True for `kind.label[each.key]`.
fn is_of_each_key(expr: &Expr) -> bool {
    let ExprKind::Traversal { steps, .. } = &expr.kind else { return false };
    let [_, TraversalStep::Index(Expr { kind: ExprKind::Traversal { root: Root::Name(root), steps }, .. })] =
        steps.as_slice()
    else {
        return false;
    };
    &*root.text == "each" && matches!(steps.as_slice(), [TraversalStep::Attr(key)] if &*key.text == "key")
}
