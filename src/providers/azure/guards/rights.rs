//! Permissions of the operator, as Resource Manager lists them.

use serde_json::Value as Json;

use crate::kinds::looks::{ListRequest, Rights};
use crate::object::{Object, ObjectId};

const API: &str = "2022-04-01";
const GROUP: &str = "Microsoft.Resources/resourceGroups";

pub(super) static RIGHTS: Rights = Rights { list, action, allows };

/// The list of permissions in a scope.
pub(in crate::providers::azure) fn list(scope: &ObjectId) -> ListRequest {
    let id = ObjectId::new(format!("{scope}/providers/Microsoft.Authorization/permissions"));
    ListRequest { object: Object::whole(id, API), query: Vec::new() }
}

/// The permission for an operation on objects of a type: `Microsoft.Sql/servers/write`.
pub(in crate::providers::azure) fn action(type_: &str, word: &str) -> String {
    // Permissions name the type of resource groups differently from ids.
    let type_ = if type_ == GROUP { "Microsoft.Resources/subscriptions/resourceGroups" } else { type_ };
    format!("{type_}/{word}")
}

/// True if an entry of the permissions includes an action and does not exclude it.
pub(in crate::providers::azure) fn allows(permissions: &Json, action: &str) -> bool {
    let entries = permissions.get("value").and_then(Json::as_array).into_iter().flatten();
    let names = |entry: &Json, list: &str| {
        let patterns = entry.get(list).and_then(Json::as_array).into_iter().flatten().filter_map(Json::as_str);
        patterns.into_iter().any(|pattern| covers(&pattern.to_ascii_lowercase(), &action.to_ascii_lowercase()))
    };
    entries.into_iter().any(|entry| names(entry, "actions") && !names(entry, "notActions"))
}

/// True if a pattern with `*` wildcards matches an action. Both in lower case.
fn covers(pattern: &str, action: &str) -> bool {
    let mut parts = pattern.split('*');
    let Some(mut rest) = parts.next().and_then(|first| action.strip_prefix(first)) else { return false };
    let mut parts = parts.peekable();
    if parts.peek().is_none() {
        return rest.is_empty();
    }
    while let Some(part) = parts.next() {
        if parts.peek().is_none() {
            return rest.ends_with(part);
        }
        match rest.find(part) {
            Some(at) => rest = rest.get(at + part.len()..).unwrap_or_default(),
            None => return false,
        }
    }
    true
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn action_is_allowed_if_an_entry_includes_it_and_does_not_exclude_it() {
        let contributor = json!({ "value": [{ "actions": ["*"], "notActions": ["Microsoft.Authorization/*/Write"] }] });
        assert!(allows(&contributor, "Microsoft.Sql/servers/failoverGroups/failover/action"));
        assert!(!allows(&contributor, "Microsoft.Authorization/locks/write"));
        let reader = json!({ "value": [{ "actions": ["*/read"], "notActions": [] }] });
        assert!(!allows(&reader, "Microsoft.Sql/servers/failoverGroups/failover/action"));
        let both = json!({ "value": [reader["value"][0], { "actions": ["microsoft.sql/servers/*"] }] });
        assert!(allows(&both, "Microsoft.Sql/servers/failoverGroups/failover/action"));
        assert!(!allows(&json!({}), "a/b"));
    }

    #[test]
    fn star_matches_any_text() {
        assert!(covers("a/*/write", "a/b/c/write"));
        assert!(covers("*", "a/b/write"));
        assert!(!covers("a/*/write", "a/b/delete"));
        assert!(!covers("a/b", "a/b/c"));
    }
}
