//! The differences between two sets of arguments, in the terms of the stack.

use serde_json::{Map as JsonMap, Value as Json};

use crate::kinds::{Arg, Block, ChangeEffect, Equivalence, Grammar, Ty};
use crate::object::ObjectId;
use crate::plan::ArgumentChange;
use crate::stack::Resource;
use crate::value::SealedValue;

/// The current or intended properties of an object.
pub struct PreviousObject<'a> {
    /// Its id.
    pub id: &'a ObjectId,
    /// Its name in the cloud.
    pub name: &'a str,
    /// Its region.
    pub location: &'a str,
    /// Its arguments, sealed.
    pub arguments: &'a JsonMap<String, Json>,
}

/// All differences of a resource from these sealed arguments: arguments, region, and the properties that determine
/// its id.
pub fn differences(
    was: &PreviousObject<'_>,
    resource: &Resource,
    args: &JsonMap<String, Json>,
    assumed: &dyn Fn(&Json) -> bool,
) -> Vec<ArgumentChange> {
    let mut changes = arguments(resource.kind.grammar(), resource.kind.args, was.arguments, args, assumed);
    let text = |text: &str| Some(SealedValue::from_sealed_json(&Json::from(text)));
    let moved = |path: &str, before: &str, after: &str| ArgumentChange {
        path: path.to_owned(),
        before: text(before),
        after: text(after),
        forces_replace: true,
    };
    // A kind with an argument for its site shows the change there.
    let is_shown = changes.iter().any(|change| change.path == "site");
    if !is_shown && !was.location.eq_ignore_ascii_case(&resource.location) {
        changes.push(moved("site", was.location, &resource.location));
    }
    let renamed = *was.id != resource.id;
    if renamed && was.name != resource.name {
        changes.push(moved("name", was.name, &resource.name));
    } else if renamed && !changes.iter().any(|change| change.forces_replace) {
        changes.push(moved("id", was.id.as_str(), resource.id.as_str()));
    }
    changes
}

/// The arguments that differ. Values that are equal by the table (case, order of a set) do not differ. `assumed`
/// decides whether an unknown value may be assumed unchanged, given what it depends on.
pub(super) fn arguments(
    grammar: &dyn Grammar,
    table: &[Arg],
    before: &JsonMap<String, Json>,
    after: &JsonMap<String, Json>,
    assumed: &dyn Fn(&Json) -> bool,
) -> Vec<ArgumentChange> {
    let mut walk = ArgumentDiff { grammar, found: Vec::new(), assumed };
    for arg in table {
        walk.argument(arg, arg.name.to_owned(), before.get(arg.name), after.get(arg.name), arg.change);
    }
    walk.found
}

struct ArgumentDiff<'a> {
    grammar: &'a dyn Grammar,
    found: Vec<ArgumentChange>,
    assumed: &'a dyn Fn(&Json) -> bool,
}

impl ArgumentDiff<'_> {
    fn argument(&mut self, arg: &Arg, path: String, before: Option<&Json>, after: Option<&Json>, outer: ChangeEffect) {
        let change = if arg.change == ChangeEffect::Replace { ChangeEffect::Replace } else { outer };
        let (before, after) = (present(&arg.ty, before), present(&arg.ty, after));
        let settled = before.zip(after).filter(|_| arg.partial).map(|(before, after)| self.settled(before, after));
        let after = settled.as_ref().or(after);
        if let (Ty::Block(block), Some(before), Some(after)) = (arg.ty, before, after) {
            match (before, after) {
                (Json::Array(before), Json::Array(after)) => {
                    return self.blocks(arg, block, &path, before, after, change);
                }
                (Json::Object(before), Json::Object(after))
                    if !SealedValue::is_sensitive(&Json::Object(after.clone())) =>
                {
                    return self.block(block, &path, before, after, arg.change);
                }
                _ => {}
            }
        }
        match (before, after) {
            (None, None) => {}
            (Some(before), Some(after))
                if same(self.grammar, &arg.ty, arg.same, before, after) || (self.assumed)(after) => {}
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
        outer: ChangeEffect,
    ) {
        for inner in block.args {
            let path = format!("{path}.{}", inner.name);
            self.argument(inner, path, before.get(inner.name), after.get(inner.name), outer);
        }
    }

    fn blocks(&mut self, arg: &Arg, block: &Block, path: &str, before: &[Json], after: &[Json], change: ChangeEffect) {
        let outer = path;
        let value = |item: &Json, name: &str| match item.get(name)? {
            Json::String(text) => Some(text.clone().into()),
            Json::Null => None,
            other => Some(other.to_string().into()),
        };
        let key = |item: &Json, at: usize| match item.get(block.key) {
            Some(Json::String(key)) => format!("{path}[\"{key}\"]"),
            Some(other) if !other.is_null() => format!("{path}[{other}]"),
            _ if block.key.contains(' ') => match block.key_of(|name| value(item, name)) {
                Some(key) => format!("{path}[\"{key}\"]"),
                None => format!("{path}[{at}]"),
            },
            _ => format!("{path}[{at}]"),
        };
        // Answers of the cloud may repeat a key; the second one is then identified by its position.
        let keyed = |items: &[Json]| -> Vec<(String, Json)> {
            let mut seen = std::collections::BTreeSet::new();
            let mut told_apart = |at: usize, item: &Json| {
                let path = key(item, at);
                if seen.insert(path.clone()) { path } else { format!("{outer}[{at}]") }
            };
            items.iter().enumerate().map(|(at, item)| (told_apart(at, item), item.clone())).collect()
        };
        let (before, after) = (keyed(before), keyed(after));
        // Where an element cannot be renamed in place, none can be added or removed in place.
        let fixed = block.args.iter().any(|arg| arg.name == block.key && arg.change == ChangeEffect::Replace);
        let coming_or_going = if fixed { ChangeEffect::Replace } else { change };
        for (path, item) in &before {
            match after.iter().find(|(other, _)| other == path) {
                None => self.push(path.clone(), Some(item), None, coming_or_going),
                Some((_, Json::Object(new))) => {
                    if let Json::Object(old) = item {
                        self.block(block, path, old, new, arg.change);
                    }
                }
                Some((_, new)) => self.push(path.clone(), Some(item), Some(new), change),
            }
        }
        for (path, item) in after.iter().filter(|(path, _)| !before.iter().any(|(other, _)| other == path)) {
            self.push(path.clone(), None, Some(item), coming_or_going);
        }
    }

    /// The entries of a map (tags), individually.
    fn entries(
        &mut self,
        arg: &Arg,
        path: &str,
        before: &JsonMap<String, Json>,
        after: &JsonMap<String, Json>,
        change: ChangeEffect,
    ) {
        let inner = match arg.ty {
            Ty::Map(inner) => *inner,
            _ => Ty::Any,
        };
        // Names of tags have no case; those of other maps do.
        let folds = matches!(arg.ty, Ty::Tags(_));
        let added = before.keys().filter(|name| entry(after, name, folds).is_none());
        let names: std::collections::BTreeSet<&String> = added.chain(after.keys()).collect();
        for name in names {
            let (old, new) = (entry(before, name, folds), entry(after, name, folds));
            if matches!((old, new), (Some(old), Some(new)) if same(self.grammar, &inner, arg.same, old, new)) {
                continue;
            }
            let path = if crate::address::is_identifier(name) {
                format!("{path}.{name}")
            } else {
                format!("{path}[\"{name}\"]")
            };
            match (old, new) {
                (Some(Json::Object(old)), Some(Json::Object(new))) if arg.partial && entries_can_be_told(old, new) => {
                    self.entries(arg, &path, old, new, change);
                }
                (old, new) => self.push(path, old, new, change),
            }
        }
    }

    /// The value afterwards, with the values of before for unknown parts that may be assumed unchanged.
    fn settled(&self, before: &Json, after: &Json) -> Json {
        match (before, after) {
            (before, after) if (self.assumed)(after) => before.clone(),
            (Json::Object(before), Json::Object(after)) => after
                .iter()
                .map(|(name, after)| {
                    let inner = before.get(name).map_or_else(|| after.clone(), |before| self.settled(before, after));
                    (name.clone(), inner)
                })
                .collect(),
            (Json::Array(before), Json::Array(after)) if before.len() == after.len() => {
                before.iter().zip(after).map(|(before, after)| self.settled(before, after)).collect()
            }
            (_, after) => after.clone(),
        }
    }

    fn push(&mut self, path: String, before: Option<&Json>, after: Option<&Json>, change: ChangeEffect) {
        self.found.push(ArgumentChange {
            path,
            before: before.map(SealedValue::from_sealed_json),
            after: after.map(SealedValue::from_sealed_json),
            forces_replace: change == ChangeEffect::Replace,
        });
    }
}

/// The entry of a map with this name; `folds`: in any case.
fn entry<'a>(map: &'a JsonMap<String, Json>, name: &str, folds: bool) -> Option<&'a Json> {
    let alike = || map.iter().find(|(other, _)| folds && other.to_lowercase() == name.to_lowercase());
    map.get(name).or_else(|| alike().map(|(_, value)| value))
}

/// A null argument counts as absent; a block counts even when it is empty.
fn present<'a>(ty: &Ty, value: Option<&'a Json>) -> Option<&'a Json> {
    value.filter(|value| match value {
        Json::Null => false,
        Json::Array(items) => !items.is_empty(),
        Json::Object(map) => !map.is_empty() || matches!(ty, Ty::Block(_)),
        Json::Bool(_) | Json::Number(_) | Json::String(_) => true,
    })
}

fn entries_can_be_told(before: &JsonMap<String, Json>, after: &JsonMap<String, Json>) -> bool {
    let whole = |map: &JsonMap<String, Json>| map.keys().any(|key| key.starts_with('$'));
    !whole(before) && !whole(after)
}

/// True if two values are equivalent.
pub(super) fn same(grammar: &dyn Grammar, ty: &Ty, how: Equivalence, a: &Json, b: &Json) -> bool {
    match (ty, a, b) {
        (_, Json::String(a), Json::String(b)) => {
            a == b
                || (how == Equivalence::AnyCase && a.eq_ignore_ascii_case(b))
                || (grammar.is_id(a) && ObjectId::new(a.as_str()) == ObjectId::new(b.as_str()))
        }
        // Whole numbers are compared exactly, also beyond the precision of a float.
        (_, Json::Number(a), Json::Number(b)) => {
            let whole = |number: &serde_json::Number| number.is_i64() || number.is_u64();
            a == b || (!(whole(a) && whole(b)) && a.as_f64() == b.as_f64())
        }
        // Names of tags have no case.
        (Ty::Tags(_), Json::Object(a), Json::Object(b)) => {
            a.len() == b.len()
                && a.iter().all(|(name, value)| {
                    entry(b, name, true).is_some_and(|other| same(grammar, &Ty::String, how, value, other))
                })
        }
        (Ty::Set(inner), Json::Array(a), Json::Array(b)) => {
            a.len() == b.len() && a.iter().all(|item| b.iter().any(|other| same(grammar, inner, how, item, other)))
        }
        (_, Json::Array(a), Json::Array(b)) => {
            let inner = match ty {
                Ty::List(inner) => **inner,
                _ => Ty::Any,
            };
            a.len() == b.len() && a.iter().zip(b).all(|(a, b)| same(grammar, &inner, how, a, b))
        }
        (_, Json::Object(a), Json::Object(b)) => {
            a.len() == b.len()
                && a.iter()
                    .all(|(name, value)| b.get(name).is_some_and(|other| same(grammar, &Ty::Any, how, value, other)))
        }
        (_, a, b) => a == b,
    }
}

#[cfg(test)]
mod tests {
    use crate::providers::azure::ids::Ids;
    use proptest::prelude::*;
    use serde_json::{Map as JsonMap, Value as Json, json};

    use super::{arguments, present, same};
    use crate::kinds::{self, Arg, Kind, Ty};

    fn value(ty: Ty) -> BoxedStrategy<Json> {
        let words = || prop::sample::select(vec!["a", "b", "B"]).prop_map(Json::from);
        match ty {
            Ty::Bool => any::<bool>().prop_map(Json::from).boxed(),
            Ty::Number(..) | Ty::Integer(..) => (0..3_i64).prop_map(Json::from).boxed(),
            Ty::Enum(all) => prop::sample::select(all).prop_map(Json::from).boxed(),
            Ty::List(item) | Ty::Set(item) => prop::collection::vec(value(*item), 0..3).prop_map(Json::from).boxed(),
            Ty::Tags(_) => value(Ty::Map(&Ty::String)),
            Ty::Map(item) => prop::collection::btree_map("[ab]", value(*item), 0..3)
                .prop_map(|map| Json::Object(map.into_iter().collect()))
                .boxed(),
            Ty::Block(block) if block.max == 1 => values(block.args).prop_map(Json::Object).boxed(),
            Ty::Block(block) => {
                prop::collection::vec(values(block.args).prop_map(Json::Object), 0..3).prop_map(Json::from).boxed()
            }
            Ty::String | Ty::Cidr | Ty::Ip | Ty::Duration | Ty::Ref(_) | Ty::Site | Ty::Backup | Ty::Any => {
                words().boxed()
            }
        }
    }

    fn values(table: &'static [Arg]) -> BoxedStrategy<JsonMap<String, Json>> {
        let each = table.iter().map(|arg| prop::option::of(value(arg.ty)).prop_map(|value| (arg.name, value)));
        each.collect::<Vec<_>>()
            .prop_map(|all| all.into_iter().filter_map(|(name, value)| Some((name.to_owned(), value?))).collect())
            .boxed()
    }

    fn two_of_a_kind() -> impl Strategy<Value = (&'static Kind, JsonMap<String, Json>, JsonMap<String, Json>)> {
        prop::sample::select(crate::providers::azure::TABLES.kinds)
            .prop_flat_map(|kind| (Just(kind), values(kind.args), values(kind.args)))
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(400))]

        #[test]
        fn nothing_differs_from_itself((kind, one, _) in two_of_a_kind()) {
            prop_assert_eq!(arguments(kind.grammar(), kind.args, &one, &one, &|_| false), []);
        }

        #[test]
        fn diff_reports_only_differences((kind, one, other) in two_of_a_kind()) {
            let changes = arguments(kind.grammar(), kind.args, &one, &other, &|_| false);
            for change in &changes {
                let top = change.path.split(['.', '[']).next().unwrap_or_default();
                prop_assert_ne!(one.get(top), other.get(top), "{} does not differ", change.path);
                prop_assert!(change.before != change.after, "{} changes to itself", change.path);
            }
            // Blocks are compared element by element, so only plain arguments have a single answer that is known
            // beforehand.
            for arg in kind.args.iter().filter(|arg| !matches!(arg.ty, Ty::Block(_))) {
                let told = changes.iter().any(|change| change.path.split(['.', '[']).next() == Some(arg.name));
                let equal = match (present(&arg.ty, one.get(arg.name)), present(&arg.ty, other.get(arg.name))) {
                    (None, None) => true,
                    (Some(a), Some(b)) => same(kind.grammar(), &arg.ty, arg.same, a, b),
                    _ => false,
                };
                prop_assert_eq!(told, !equal, "{} of {}", arg.name, kind.name);
            }
        }
    }

    #[test]
    fn a_set_and_an_id_have_more_than_one_spelling() {
        assert!(same(&Ids, &Ty::Set(&Ty::String), kinds::Equivalence::Exactly, &json!(["a", "b"]), &json!(["b", "a"])));
        assert!(!same(
            &Ids,
            &Ty::List(&Ty::String),
            kinds::Equivalence::Exactly,
            &json!(["a", "b"]),
            &json!(["b", "a"])
        ));
        let id = |name: &str| json!(format!("/subscriptions/s/resourceGroups/{name}"));
        assert!(same(&Ids, &Ty::String, kinds::Equivalence::Exactly, &id("G"), &id("g")));
    }
}
