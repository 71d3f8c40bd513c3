//! Faults as Resource Manager shows them: what it refuses, and in which words.

use serde_json::Value as Json;

use super::NAME;
use crate::kinds::regions::same_region;
use crate::simulator::fault::{Fault, matches};
use crate::simulator::faults::Faults;
use crate::simulator::request::ErrorResponse;

impl Faults {
    /// Refuses a request to a region whose control plane is lost.
    ///
    /// # Errors
    /// 503 `ServiceUnavailable`.
    pub(super) fn reach(&self, location: &str) -> Result<(), ErrorResponse> {
        self.reach_region(NAME, location)
    }

    /// True where a fault makes the subscription unregistered with a provider.
    pub(super) fn unregisters(&self, namespace: &str) -> bool {
        let names = |fault: &Fault| matches!(fault, Fault::Unregistered { provider } if provider.eq_ignore_ascii_case(namespace));
        self.in_force().any(names)
    }

    /// Ends the `Unregistered` fault of a provider, after a registration. Scheduled faults remain.
    pub(super) fn register(&mut self, namespace: &str) {
        self.end(|fault| matches!(fault, Fault::Unregistered { provider } if provider.eq_ignore_ascii_case(namespace)));
    }

    /// The error of an operation in a region whose data plane is lost.
    pub(super) fn breaks(&self, location: &str) -> Option<ErrorResponse> {
        self.breaks_in(NAME, location).then(|| {
            ErrorResponse::service(
                409,
                "InternalExecutionError",
                format!("An internal execution error occurred in the region '{location}'. Please retry later."),
            )
        })
    }

    /// The error of a write that increases its use of an unavailable size, and whether it comes late.
    pub(super) fn capacity(&self, location: &str, old: Option<&Json>, body: &Json) -> Option<(bool, ErrorResponse)> {
        self.in_force().find_map(|fault| match fault {
            Fault::Capacity { location: short, size, late, instances }
                if same_region(short, location) && asks_more(old, body, size) > instances.unwrap_or(0) =>
            {
                Some((*late, no_capacity(location, size, *late)))
            }
            _ => None,
        })
    }

    /// The core quota that a fault sets for a region; `None` without such a fault.
    pub(super) fn cores(&self, region: &str) -> Option<u64> {
        self.in_force().find_map(|fault| match fault {
            Fault::Quota { location, cores } if same_region(location, region) => Some(*cores),
            _ => None,
        })
    }

    /// The actions for which the caller lacks permission.
    pub(super) fn forbidden(&self) -> Vec<String> {
        let forbidden = self.in_force().filter_map(|fault| match fault {
            Fault::Forbid { action } => Some(action.clone()),
            _ => None,
        });
        forbidden.collect()
    }

    /// Refuses an action for which the caller lacks permission.
    ///
    /// # Errors
    /// 403 `AuthorizationFailed`.
    pub(super) fn permit(&self, action: &str, scope: &str) -> Result<(), ErrorResponse> {
        let is_it =
            |pattern: &String| matches(pattern.to_ascii_lowercase().as_bytes(), action.to_ascii_lowercase().as_bytes());
        if !self.forbidden().iter().any(is_it) {
            return Ok(());
        }
        Err(ErrorResponse::gateway(
            403,
            "AuthorizationFailed",
            format!(
                "The client does not have authorization to perform action '{action}' over scope '{scope}' or the scope is invalid."
            ),
        ))
    }
}

fn no_capacity(location: &str, size: &str, late: bool) -> ErrorResponse {
    if late {
        return ErrorResponse::service(
            409,
            "AllocationFailed",
            format!(
                "Allocation failed. We do not have sufficient capacity for the requested VM size '{size}' in the region '{location}'."
            ),
        );
    }
    ErrorResponse::service(
        409,
        "SkuNotAvailable",
        format!(
            "The requested size for resource '{size}' is currently not available in location '{location}' zones '' for subscription. Please try another size or deploy to a different location or zones."
        ),
    )
}

/// The number of instances of a size that a write adds. A resource without a count is one instance.
fn asks_more(old: Option<&Json>, new: &Json, size: &str) -> u64 {
    let count = |body: &Json| {
        let counted = body.pointer("/sku/capacity").and_then(Json::as_u64).unwrap_or(1);
        if holds_text(body, size) { counted } else { 0 }
    };
    count(new).saturating_sub(old.map_or(0, count))
}

fn holds_text(body: &Json, text: &str) -> bool {
    match body {
        Json::String(found) => found.eq_ignore_ascii_case(text),
        Json::Array(items) => items.iter().any(|item| holds_text(item, text)),
        Json::Object(map) => map.values().any(|value| holds_text(value, text)),
        Json::Null | Json::Bool(_) | Json::Number(_) => false,
    }
}
