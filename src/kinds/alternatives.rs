//! Values that a resource may have in place of the written ones, where the cloud has no capacity for those.

use serde_json::{Map as JsonMap, Value as Json};

use super::table::Kind;
use crate::object::ObjectId;

impl Kind {
    /// The arguments in every other combination that the stack permits, in the order in which they are tried: the last
    /// one of [`Kind::alternatives`] changes first.
    pub fn other_arguments(&self, args: &JsonMap<String, Json>) -> Vec<JsonMap<String, Json>> {
        let mut all = vec![args.clone()];
        for alternative in self.alternatives {
            let others = args.get(alternative.others).and_then(Json::as_array).map(Vec::as_slice).unwrap_or_default();
            let with = |one: &JsonMap<String, Json>, value: &Json| {
                let mut other = one.clone();
                other.insert(alternative.of.to_owned(), value.clone());
                other
            };
            let each = |one: JsonMap<String, Json>| {
                let others: Vec<_> = others.iter().map(|value| with(&one, value)).collect();
                std::iter::once(one).chain(others)
            };
            all = all.into_iter().flat_map(each).collect();
        }
        all.into_iter().skip(1).collect()
    }

    /// True for a value that the argument may have in place of the written one, by these arguments.
    pub fn is_alternative(&self, argument: &str, value: &Json, args: &JsonMap<String, Json>) -> bool {
        let others = self.alternatives.iter().filter(|one| one.of == argument);
        let mut others = others.filter_map(|one| args.get(one.others)?.as_array()).flatten();
        others.any(|other| match (other.as_str(), value.as_str()) {
            (Some(other), Some(value)) if self.grammar().is_id(other) => ObjectId::new(other) == ObjectId::new(value),
            _ => other == value,
        })
    }
}
