//! Ways to make a resource, where the cloud may have no capacity for the preferred one: other zones and types that the
//! stack permits.

use serde_json::{Map as JsonMap, Value as Json};

use crate::kinds::path;
use crate::object::ObjectId;
use crate::stack::{Resource, Stack};

/// A way to make a resource.
pub(super) struct Way {
    pub(super) body: Json,
    /// The values by which ways differ, in words of the stack.
    pub(super) said: String,
}

/// The ways, the preferred one first. `body` has more than `own`, the one that follows from the arguments: the mark of
/// the stack, and user data of a restore.
pub(super) fn ways(
    (stack, resource): (&Stack, &Resource),
    args: &JsonMap<String, Json>,
    body: &Json,
    of: impl Fn(&JsonMap<String, Json>) -> Json,
) -> Vec<Way> {
    let own = of(args);
    let other = |args: JsonMap<String, Json>| {
        let mut other = body.clone();
        path::merge(&mut other, &own, &of(&args));
        Way { body: other, said: said(stack, resource, &args) }
    };
    let first = Way { body: body.clone(), said: said(stack, resource, args) };
    std::iter::once(first).chain(resource.kind.other_arguments(args).into_iter().map(other)).collect()
}

/// The body of the way in which an object was made; the preferred one, where it was made in none.
pub(super) fn made<'w>(current: &Json, body: &'w Json, ways: &'w [Way]) -> &'w Json {
    let is_so = |way: &&Way| {
        let mut changed = current.clone();
        path::merge(&mut changed, body, &way.body);
        changed == *current
    };
    // From the preferred one, nothing differs.
    ways.iter().skip(1).find(is_so).map_or(body, |way| &way.body)
}

fn said(stack: &Stack, resource: &Resource, args: &JsonMap<String, Json>) -> String {
    let grammar = resource.kind.grammar();
    let word = |value: &str| {
        let id = grammar.is_id(value).then(|| ObjectId::new(value));
        let named = id.and_then(|id| stack.resources.values().find(|other| other.id == id));
        named.map_or_else(|| value.to_owned(), |other| other.address.to_string())
    };
    let values = resource.kind.alternatives.iter().filter_map(|one| args.get(one.of)?.as_str());
    values.map(word).collect::<Vec<_>>().join(" in ")
}
