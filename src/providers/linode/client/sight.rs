//! Versions of objects, for which Linode has none, and the state of their last operation.

use serde_json::Value as Json;

use super::names::Of;
use crate::sight::{Phase, Sight, Version};

/// Properties that change without a change of the object.
const RESTLESS: [&str; 7] =
    ["updated", "available", "last_successful", "entities", "io_ready", "host_uuid", "has_user_data"];

/// The object with this body.
pub(super) fn sight(of: Of, body: Json) -> Sight {
    Sight { version: Some(version(of, &body)), phase: phase(of, &body), body }
}

/// The state of the last operation. A machine that is shut down has none.
pub(super) fn phase(of: Of, body: &Json) -> Phase {
    let status = body.get("status").and_then(Json::as_str).unwrap_or_default();
    match (of, status) {
        (Of::Firewall, _) | (_, "" | "running" | "offline" | "stopped" | "active") => Phase::Settled,
        (_, "billing_suspension") => Phase::Failed(status.to_owned()),
        (_, other) => Phase::UnderWay(other.to_owned()),
    }
}

/// The version of a body: equal for equal bodies, whatever the order of their properties. The status of a machine is no
/// part of it: a machine that is shut down is the same.
pub(super) fn version(of: Of, body: &Json) -> Version {
    let mut body = body.clone();
    if let (Json::Object(map), Of::Instance | Of::Volume) = (&mut body, of) {
        map.remove("status");
    }
    Version::of_body(&body, &RESTLESS)
}
