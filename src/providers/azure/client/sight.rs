//! Versions and states of operations in Azure's bodies.

use serde_json::Value as Json;

use crate::kinds::body;
use crate::object::{Object, Within};
use crate::sight::{Phase, Sight, Version};
use crate::wire::WireResponse;

/// The object with this body.
pub(super) fn sight(object: &Object, body: Json) -> Sight {
    Sight { version: etag(&body).map(Version::new), phase: phase(object, &body), body }
}

/// The body of an answer as the object with this id.
///
/// # Errors
/// The reason why the body is not that object.
pub(super) fn object(answer: &WireResponse, id: &str) -> Result<Json, String> {
    let Some(body) = answer.json() else { return Err(format!("the answer for `{id}` is not JSON")) };
    match body.get("id").and_then(Json::as_str) {
        Some(own) if is_same_id(own, id) => Ok(body),
        Some(own) => Err(format!("the answer for `{id}` is the object `{own}`")),
        None => Err(format!("the answer for `{id}` is not an object with an id")),
    }
}

/// True if both ids name the same object. Services differ in case, and some repeat or omit the outer slashes.
fn is_same_id(one: &str, other: &str) -> bool {
    one.trim_matches('/').eq_ignore_ascii_case(other.trim_matches('/'))
}

/// The version of an object. The bodies of many types have none.
pub(super) fn etag(body: &Json) -> Option<&str> {
    body.get("etag").and_then(Json::as_str)
}

fn phase(object: &Object, whole: &Json) -> Phase {
    let phase = state(whole);
    match object.within {
        Some(Within::Element { .. }) if !matches!(phase, Phase::UnderWay(_)) => {
            body::part(object, whole).map_or(phase, state)
        }
        _ => phase,
    }
}

/// The state in the properties of an object, or of an element that has its own.
fn state(body: &Json) -> Phase {
    let Some(word) = body.pointer("/properties/provisioningState").and_then(Json::as_str) else {
        return Phase::Settled;
    };
    match word.to_ascii_lowercase().as_str() {
        "succeeded" => Phase::Settled,
        "failed" | "canceled" | "cancelled" => Phase::Failed(word.to_owned()),
        _ => Phase::UnderWay(word.to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::object::ObjectId;

    fn seen(within: Option<Within>, body: Json) -> Phase {
        sight(&Object { within, ..Object::whole(ObjectId::new("/x"), "1") }, body).phase
    }

    #[test]
    fn state_of_the_last_operation_has_no_case_and_may_be_missing() {
        let of = |word: &str| seen(None, json!({ "properties": { "provisioningState": word } }));
        assert_eq!((of("Succeeded"), of("succeeded")), (Phase::Settled, Phase::Settled));
        assert_eq!((of("Canceled"), of("failed")), (Phase::Failed("Canceled".into()), Phase::Failed("failed".into())));
        assert_eq!(of("Updating"), Phase::UnderWay("Updating".into()));
        assert_eq!(seen(None, json!({ "properties": {} })), Phase::Settled);
    }

    #[test]
    fn part_has_its_own_state_once_its_object_is_settled() {
        let rule = |name: &str| {
            Some(Within::Element { list: "properties.rules".into(), key: "name".into(), name: name.into() })
        };
        let body = |whole: &str| {
            let rules = json!([
                { "name": "a", "properties": { "provisioningState": "Failed" } },
                { "name": "b", "properties": {} },
            ]);
            json!({ "etag": "1", "properties": { "provisioningState": whole, "rules": rules } })
        };
        assert_eq!(seen(rule("a"), body("Succeeded")), Phase::Failed("Failed".into()));
        assert_eq!(seen(rule("b"), body("Failed")), Phase::Settled);
        assert_eq!(seen(rule("c"), body("Failed")), Phase::Failed("Failed".into()));
        assert_eq!(seen(rule("a"), body("Updating")), Phase::UnderWay("Updating".into()));
        let paths = Some(Within::Paths(vec!["properties.rules".into()]));
        assert_eq!(seen(paths, body("Failed")), Phase::Failed("Failed".into()));
        assert_eq!(sight(&Object::whole(ObjectId::new("/x"), "1"), body("x")).version, Some(Version::new("1")));
    }
}
