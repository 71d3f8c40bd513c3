//! What a what-if says of each resource.

use std::collections::HashSet;

use serde_json::Value as Json;

use crate::address::ArmId;

/// The resources that a deployment would make.
pub(super) struct Foreseen(HashSet<ArmId>);

impl Foreseen {
    /// Reads the answer of a what-if.
    pub(super) fn read(answer: &Json) -> Self {
        let changes = answer.pointer("/properties/changes").or_else(|| answer.get("changes")).and_then(Json::as_array);
        let made = changes.into_iter().flatten().filter(|change| {
            change.get("changeType").and_then(Json::as_str).is_some_and(|kind| kind.eq_ignore_ascii_case("Create"))
        });
        Self(made.filter_map(|change| change.get("resourceId")?.as_str()).map(ArmId::new).collect())
    }

    /// Whether a resource stands already, or may: nothing says that it would be made.
    pub(super) fn stands(&self, id: &ArmId) -> bool {
        !self.0.contains(id)
    }
}
