//! Versions of objects, for which AWS has none, and the state of their last operation.

use serde_json::Value as Json;

use super::names::Of;
use crate::sight::{Phase, Sight, Version};

/// Properties that change without a change of the object.
const RESTLESS: [&str; 10] = [
    "State",
    // The own address of a machine, which goes when it stops.
    "AssociatePublicIpAddress",
    "PublicIp",
    "Progress",
    "LastModifiedDate",
    "LatestVersionNumber",
    "DefaultVersionNumber",
    "AvailableInstanceCount",
    "PublicDnsName",
    "Status",
];

/// The object with this body.
pub(super) fn sight(of: Of, body: Json) -> Sight {
    Sight { version: Some(version(&body)), phase: phase(of, &body), body }
}

/// The state of a body: a text, or the name in an object.
fn state(body: &Json) -> Option<&str> {
    let state = body.get("State")?;
    state.as_str().or_else(|| state.get("Name")?.as_str())
}

/// The state of the last operation. A machine that is stopped has none.
pub(super) fn phase(of: Of, body: &Json) -> Phase {
    let state = state(body).unwrap_or_default();
    match (of, state) {
        (Of::Image, "failed" | "error" | "invalid") | (Of::Snapshot | Of::Volume, "error") => {
            Phase::Failed(state.to_owned())
        }
        (Of::Snapshot, "recoverable" | "recovering") => Phase::Failed(state.to_owned()),
        (Of::Instance, "running" | "stopped") | (Of::Volume, "available" | "in-use") => Phase::Settled,
        (Of::Image, "available" | "disabled") | (Of::Snapshot, "completed") => Phase::Settled,
        (Of::CapacityReservation, "pending" | "assessing") => Phase::UnderWay(state.to_owned()),
        (Of::Instance | Of::Volume | Of::Image | Of::Snapshot, other) if !other.is_empty() => {
            Phase::UnderWay(other.to_owned())
        }
        _ => Phase::Settled,
    }
}

/// The version of a body: equal for equal bodies, whatever the order of their properties. The state of a machine is no
/// part of it: a machine that is stopped is the same.
pub(super) fn version(body: &Json) -> Version {
    Version::of_body(body, &RESTLESS)
}
