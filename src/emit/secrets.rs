//! Secrets in plain text in the stack, which emitted code must not contain.

use std::collections::{BTreeMap, BTreeSet};

use crate::address::Address;
use crate::hcl::ast::{Expr, ExprKind, Root, TraversalStep};
use crate::kinds::Arg;
use crate::stack::Stack;
use crate::value::Value;

/// Locals whose whole value is a text that some argument treats as a secret.
pub(crate) fn locals(stack: &Stack) -> BTreeSet<String> {
    let texts = texts(stack);
    let is_secret = |expr: &Expr| matches!(&expr.kind, ExprKind::String(text) if texts.contains_key(&**text));
    let all = stack.program.locals.iter().filter(|(_, local)| is_secret(&local.attribute.expr));
    all.map(|(name, _)| name.to_string()).collect()
}

/// Texts that some argument treats as a secret, each with the first such resource and the path of the argument.
pub(crate) fn texts(stack: &Stack) -> BTreeMap<&str, (Address, String)> {
    let mut texts = BTreeMap::new();
    for resource in stack.resources.values() {
        // A boot script is code, although the provider never shows it.
        let is_script = |name: &str| resource.kind.arg(name).is_some_and(Arg::is_script);
        for (name, value) in resource.args.iter().filter(|(name, _)| !is_script(name)) {
            collect(value, (&resource.address, name), &mut texts);
        }
    }
    texts
}

fn collect<'a>(value: &'a Value, of: (&Address, &str), into: &mut BTreeMap<&'a str, (Address, String)>) {
    let (address, path) = of;
    match value {
        Value::Sensitive(inner) => {
            if let Some(text) = inner.as_str().filter(|text| !text.is_empty()) {
                into.entry(text).or_insert_with(|| (address.clone(), path.to_owned()));
            }
        }
        Value::List(items) => items.iter().for_each(|item| collect(item, of, into)),
        Value::Map(map) => {
            map.iter().for_each(|(name, value)| collect(value, (address, &format!("{path}.{name}")), into));
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Block(_) | Value::Unknown(_) => {}
    }
}

/// Name of the local that an expression consists of.
pub(crate) fn local(expr: &Expr) -> Option<&str> {
    match &expr.kind {
        ExprKind::Traversal { root: Root::Name(name), steps } if &*name.text == "local" => match steps.as_slice() {
            [TraversalStep::Attr(label)] => Some(&label.text),
            _ => None,
        },
        _ => None,
    }
}
