//! The outcome of each resource, from the operations of a deployment.

use std::collections::HashMap;

use axum::http::StatusCode;
use serde_json::Value as Json;

use crate::object::ObjectId;
use crate::providers::azure::refusal;
use crate::world::CloudRefusal;

/// The ended operations with their outcomes.
#[derive(Default)]
pub(super) struct OperationOutcomes(HashMap<ObjectId, Result<(), CloudRefusal>>);

impl OperationOutcomes {
    /// All of these succeeded.
    pub(super) fn done(ids: impl Iterator<Item = ObjectId>) -> Self {
        Self(ids.map(|id| (id, Ok(()))).collect())
    }

    /// Reads the list of operations.
    pub(super) fn read<'a>(operations: impl Iterator<Item = &'a Json>) -> Self {
        Self(operations.filter_map(|operation| end(operation.get("properties")?)).collect())
    }

    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The outcome of the write of an object; `None` while it is in progress.
    pub(super) fn of(&self, id: &ObjectId) -> Option<Result<(), &CloudRefusal>> {
        self.0.get(id).map(|end| end.as_ref().copied())
    }
}

fn end(properties: &Json) -> Option<(ObjectId, Result<(), CloudRefusal>)> {
    let text = |at: &str| properties.pointer(at).and_then(Json::as_str);
    let id = ObjectId::new(text("/targetResource/id")?);
    match text("/provisioningState")? {
        "Succeeded" => Some((id, Ok(()))),
        "Failed" | "Canceled" => Some((id, Err(refusal(properties)))),
        _ => None,
    }
}

/// The error of an operation: `statusMessage` holds the provider's error, and the innermost code is the most
/// specific.
fn refusal(properties: &Json) -> CloudRefusal {
    let message = properties.get("statusMessage").unwrap_or(&Json::Null);
    let mut error = message.get("error").unwrap_or(message);
    while let Some(inner) = error.pointer("/details/0").filter(|inner| inner.get("code").is_some()) {
        error = inner;
    }
    let said = |name: &str, otherwise: &str| error.get(name).and_then(Json::as_str).unwrap_or(otherwise).to_owned();
    let status = properties.get("statusCode").and_then(Json::as_str).unwrap_or_default();
    let is_it = |code: &StatusCode| code.canonical_reason().is_some_and(|reason| reason.replace(' ', "") == status);
    let status = (400..600).filter_map(|code| StatusCode::from_u16(code).ok()).find(is_it);
    let status = status.unwrap_or(StatusCode::CONFLICT).as_u16();
    let code = said("code", "DeploymentFailed");
    let message = said("message", "the deployment did not write it and reports no reason");
    CloudRefusal {
        reason: refusal::reason(status, &code, &message),
        has_begun: true,
        answer: format!("HTTP {status}"),
        code,
        message,
        correlation: properties.get("serviceRequestId").and_then(Json::as_str).map(str::to_owned),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::reason::Reason;

    #[test]
    fn innermost_error_is_reported() {
        let operation = json!({ "properties": {
            "provisioningState": "Failed",
            "statusCode": "Conflict",
            "statusMessage": { "error": { "code": "ResourceDeploymentFailure", "message": "see below", "details": [{ "code": "QuotaExceeded", "message": "no cores" }] } },
            "targetResource": { "id": "/subscriptions/s/resourceGroups/rg/providers/A.B/c/d" },
        } });
        let ends = OperationOutcomes::read(std::iter::once(&operation));
        let end = ends.of(&ObjectId::new("/subscriptions/s/resourcegroups/RG/providers/a.b/c/d")).unwrap().unwrap_err();
        assert_eq!((end.reason, end.answer.as_str(), end.message.as_str()), (Reason::Quota, "HTTP 409", "no cores"));
    }
}
