//! Two sets of arguments to the arguments that change, in the words of the stack.

use serde_json::{Map as JsonMap, Value as Json};

use crate::kinds::{Arg, Block, Change, Same, Ty};
use crate::plan::ArgumentChange;
use crate::value::Sealed;

/// The arguments that differ. What is the same by the table (case, order of a set) does not differ. `assumed` says of what an unknown value waits for whether it
/// may be taken to be what it was.
pub(super) fn arguments(
    table: &[Arg],
    before: &JsonMap<String, Json>,
    after: &JsonMap<String, Json>,
    assumed: &dyn Fn(&Json) -> bool,
) -> Vec<ArgumentChange> {
    let mut walk = Walk { found: Vec::new(), assumed };
    for arg in table {
        walk.argument(arg, arg.name.to_owned(), before.get(arg.name), after.get(arg.name), arg.change);
    }
    walk.found
}

struct Walk<'a> {
    found: Vec<ArgumentChange>,
    assumed: &'a dyn Fn(&Json) -> bool,
}

impl Walk<'_> {
    fn argument(&mut self, arg: &Arg, path: String, before: Option<&Json>, after: Option<&Json>, outer: Change) {
        let change = if arg.change == Change::Replace { Change::Replace } else { outer };
        let (before, after) = (present(before), present(after));
        if let (Ty::Block(block), Some(before), Some(after)) = (arg.ty, before, after) {
            match (before, after) {
                (Json::Array(before), Json::Array(after)) => {
                    return self.blocks(arg, block, &path, before, after, change);
                }
                (Json::Object(before), Json::Object(after)) if !Sealed::is_sensitive(&Json::Object(after.clone())) => {
                    return self.block(block, &path, before, after, arg.change);
                }
                _ => {}
            }
        }
        match (before, after) {
            (None, None) => {}
            (Some(before), Some(after)) if same(&arg.ty, arg.same, before, after) || (self.assumed)(after) => {}
            (Some(Json::Object(before)), Some(Json::Object(after))) if entries_can_be_told(before, after) => {
                self.entries(arg, &path, before, after, change);
            }
            (before, after) => self.push(path, before, after, change),
        }
    }

    fn block(
        &mut self,
        block: &Block,
        path: &str,
        before: &JsonMap<String, Json>,
        after: &JsonMap<String, Json>,
        outer: Change,
    ) {
        for inner in block.args {
            let path = format!("{path}.{}", inner.name);
            self.argument(inner, path, before.get(inner.name), after.get(inner.name), outer);
        }
    }

    fn blocks(&mut self, arg: &Arg, block: &Block, path: &str, before: &[Json], after: &[Json], change: Change) {
        let key = |item: &Json, at: usize| match item.get(block.key) {
            Some(Json::String(key)) => format!("{path}[\"{key}\"]"),
            Some(other) if !other.is_null() => format!("{path}[{other}]"),
            _ => format!("{path}[{at}]"),
        };
        let keyed = |items: &[Json]| -> Vec<(String, Json)> {
            items.iter().enumerate().map(|(at, item)| (key(item, at), item.clone())).collect()
        };
        let (before, after) = (keyed(before), keyed(after));
        for (path, item) in &before {
            match after.iter().find(|(other, _)| other == path) {
                None => self.push(path.clone(), Some(item), None, change),
                Some((_, Json::Object(new))) => {
                    if let Json::Object(old) = item {
                        self.block(block, path, old, new, arg.change);
                    }
                }
                Some((_, new)) => self.push(path.clone(), Some(item), Some(new), change),
            }
        }
        for (path, item) in after.iter().filter(|(path, _)| !before.iter().any(|(other, _)| other == path)) {
            self.push(path.clone(), None, Some(item), change);
        }
    }

    /// The entries of a map (tags), one by one.
    fn entries(
        &mut self,
        arg: &Arg,
        path: &str,
        before: &JsonMap<String, Json>,
        after: &JsonMap<String, Json>,
        change: Change,
    ) {
        let inner = match arg.ty {
            Ty::Map(inner) => *inner,
            _ => Ty::Any,
        };
        let names: std::collections::BTreeSet<&String> = before.keys().chain(after.keys()).collect();
        for name in names {
            let (old, new) = (before.get(name), after.get(name));
            let equal = matches!((old, new), (Some(old), Some(new)) if same(&inner, arg.same, old, new));
            if !equal {
                let path = if crate::address::is_identifier(name) {
                    format!("{path}.{name}")
                } else {
                    format!("{path}[\"{name}\"]")
                };
                self.push(path, old, new, change);
            }
        }
    }

    fn push(&mut self, path: String, before: Option<&Json>, after: Option<&Json>, change: Change) {
        self.found.push(ArgumentChange {
            path,
            before: before.map(Sealed::from_sealed_json),
            after: after.map(Sealed::from_sealed_json),
            forces_replace: change == Change::Replace,
        });
    }
}

/// What is written as nothing is as if it were not there.
fn present(value: Option<&Json>) -> Option<&Json> {
    value.filter(|value| match value {
        Json::Null => false,
        Json::Array(items) => !items.is_empty(),
        Json::Object(map) => !map.is_empty(),
        Json::Bool(_) | Json::Number(_) | Json::String(_) => true,
    })
}

fn entries_can_be_told(before: &JsonMap<String, Json>, after: &JsonMap<String, Json>) -> bool {
    let whole = |map: &JsonMap<String, Json>| map.keys().any(|key| key.starts_with('$'));
    !whole(before) && !whole(after)
}

/// Whether two values mean the same.
pub(super) fn same(ty: &Ty, how: Same, a: &Json, b: &Json) -> bool {
    match (ty, a, b) {
        (_, Json::String(a), Json::String(b)) => {
            a == b
                || (how == Same::AnyCase && a.eq_ignore_ascii_case(b))
                || (a.starts_with("/subscriptions/") && a.eq_ignore_ascii_case(b))
        }
        (_, Json::Number(a), Json::Number(b)) => a == b || a.as_f64() == b.as_f64(),
        (Ty::Set(inner), Json::Array(a), Json::Array(b)) => {
            a.len() == b.len() && a.iter().all(|item| b.iter().any(|other| same(inner, how, item, other)))
        }
        (_, Json::Array(a), Json::Array(b)) => {
            let inner = match ty {
                Ty::List(inner) => **inner,
                _ => Ty::Any,
            };
            a.len() == b.len() && a.iter().zip(b).all(|(a, b)| same(&inner, how, a, b))
        }
        (_, Json::Object(a), Json::Object(b)) => {
            a.len() == b.len()
                && a.iter().all(|(name, value)| b.get(name).is_some_and(|other| same(&Ty::Any, how, value, other)))
        }
        (_, a, b) => a == b,
    }
}
