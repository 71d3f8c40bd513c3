//! Secrets in plain text in the stack, which emitted code must not contain.

use std::collections::BTreeSet;

use crate::hcl::ast::{Expr, ExprKind, Root, TraversalStep};
use crate::stack::Stack;
use crate::value::Value;

/// Locals whose whole value is a text that some argument treats as a secret.
pub(super) fn locals(stack: &Stack) -> BTreeSet<String> {
    let mut texts = BTreeSet::new();
    for value in stack.resources.values().flat_map(|resource| resource.args.values()) {
        collect(value, &mut texts);
    }
    let is_secret = |expr: &Expr| matches!(&expr.kind, ExprKind::String(text) if texts.contains(&**text));
    let all = stack.program.locals.iter().filter(|(_, local)| is_secret(&local.attribute.expr));
    all.map(|(name, _)| name.to_string()).collect()
}

fn collect<'a>(value: &'a Value, into: &mut BTreeSet<&'a str>) {
    match value {
        Value::Sensitive(inner) => into.extend(inner.as_str().filter(|text| !text.is_empty())),
        Value::List(items) => items.iter().for_each(|item| collect(item, into)),
        Value::Map(map) => map.values().for_each(|value| collect(value, into)),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Block(_) | Value::Unknown(_) => {}
    }
}

/// Name of the local that an expression consists of.
pub(super) fn local(expr: &Expr) -> Option<&str> {
    match &expr.kind {
        ExprKind::Traversal { root: Root::Name(name), steps } if &*name.text == "local" => match steps.as_slice() {
            [TraversalStep::Attr(label)] => Some(&label.text),
            _ => None,
        },
        _ => None,
    }
}
