//! Versions of objects, for which Linode has none, and the state of their last operation.

use serde_json::Value as Json;
use sha2::{Digest as _, Sha256};

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
    let mut digest = Sha256::new();
    feed(&body, &mut digest);
    let text: String = digest.finalize().iter().take(16).map(|byte| format!("{byte:02x}")).collect();
    Version::new(&text)
}

fn feed(value: &Json, digest: &mut Sha256) {
    match value {
        Json::Object(map) => {
            let mut names: Vec<&String> = map.keys().filter(|name| !RESTLESS.contains(&name.as_str())).collect();
            names.sort_unstable();
            digest.update(b"{");
            for name in names {
                digest.update(Json::from(name.as_str()).to_string());
                feed(&map[name], digest);
            }
            digest.update(b"}");
        }
        Json::Array(items) => {
            digest.update(b"[");
            items.iter().for_each(|item| feed(item, digest));
            digest.update(b"]");
        }
        plain => {
            digest.update(plain.to_string());
            digest.update(b",");
        }
    }
}
