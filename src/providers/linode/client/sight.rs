//! Versions of objects, for which Linode has none, and the state of their last operation.

use serde_json::Value as Json;

use super::names::Of;
use crate::sight::{Phase, Sight, Version};

/// Properties that change without a change of the object.
const RESTLESS: [&str; 11] = [
    "updated",
    "available",
    "last_successful",
    "entities",
    "io_ready",
    "host_uuid",
    "has_user_data",
    "objects",
    "regions",
    "total_size",
    "locks",
];

/// The object with this body.
pub(super) fn sight(of: Of, body: Json) -> Sight {
    Sight { version: Some(version(of, &body)), phase: phase(of, &body), body }
}

/// The state of the last operation. A machine that is shut down has none.
pub(super) fn phase(of: Of, body: &Json) -> Phase {
    let status = body.get("status").and_then(Json::as_str).unwrap_or_default();
    match (of, status) {
        (Of::Firewall | Of::Domain | Of::Record | Of::Bucket, _) => Phase::Settled,
        (Of::Image, "available") if replicas(body).all(|status| status == "available") => Phase::Settled,
        (Of::Image, "available") => Phase::UnderWay("replicating".to_owned()),
        (_, "" | "running" | "offline" | "stopped" | "active") => Phase::Settled,
        (_, "billing_suspension") => Phase::Failed(status.to_owned()),
        (_, other) => Phase::UnderWay(other.to_owned()),
    }
}

/// The status of an image in each of its regions.
fn replicas(body: &Json) -> impl Iterator<Item = &str> {
    let regions = body.get("regions").and_then(Json::as_array).into_iter().flatten();
    regions.filter_map(|region| region.get("status")?.as_str())
}

/// The version of a body: equal for equal bodies, whatever the order of their properties. The status of a machine is no
/// part of it: a machine that is shut down is the same.
pub(super) fn version(of: Of, body: &Json) -> Version {
    let mut body = body.clone();
    if let Json::Object(map) = &mut body {
        match of {
            Of::Instance | Of::Volume | Of::Image => drop(map.remove("status")),
            // That of its objects.
            Of::Bucket => drop(map.remove("size")),
            Of::Firewall | Of::Domain | Of::Record => {}
        }
    }
    Version::of_body(&body, &RESTLESS)
}
