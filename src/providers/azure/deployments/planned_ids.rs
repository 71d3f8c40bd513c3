//! The result of a what-if for each resource.

use std::collections::HashSet;

use serde_json::Value as Json;

use crate::object::ObjectId;

/// The resources that a deployment would create.
pub(super) struct PlannedIds(HashSet<ObjectId>);

impl PlannedIds {
    /// Reads the answer of a what-if.
    pub(super) fn read(answer: &Json) -> Self {
        let changes = answer.pointer("/properties/changes").or_else(|| answer.get("changes")).and_then(Json::as_array);
        let made = changes.into_iter().flatten().filter(|change| {
            change.get("changeType").and_then(Json::as_str).is_some_and(|kind| kind.eq_ignore_ascii_case("Create"))
        });
        Self(made.filter_map(|change| change.get("resourceId")?.as_str()).map(ObjectId::new).collect())
    }

    /// True if a resource exists or may exist: the what-if would not create it.
    pub(super) fn stands(&self, id: &ObjectId) -> bool {
        !self.0.contains(id)
    }
}
