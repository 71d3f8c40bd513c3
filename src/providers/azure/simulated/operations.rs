//! Long-running operations as clients see them: keys, URLs, status, result.

use crate::providers::azure::ids::AzureId;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::json;

use super::SUBSCRIPTION;
use super::places;
use super::target::GROUP;
use super::types::ProviderType;
use crate::kinds::AnswerStyle;
use crate::object::ObjectId;
use crate::simulator::operations::{Operation, OperationKind, OperationState};
use crate::simulator::request::{ErrorResponse, Response};
use crate::simulator::world::World;

/// The longest `Retry-After` between two status requests, in seconds.
const LONGEST_WAIT: i64 = 15;

/// An operation on an object that begins now and takes about `seconds`.
pub(super) fn begin(world: &World, id: &ObjectId, type_: &ProviderType, act: OperationKind, seconds: u32) -> Operation {
    let folded = id.folded();
    let word = match act {
        OperationKind::Create => "create",
        OperationKind::Update => "update",
        OperationKind::Delete => "delete",
        OperationKind::Post => "post",
        OperationKind::Wake => "wake",
    };
    let location = places::region(world, &folded).unwrap_or_else(|| "westus".to_owned());
    Operation {
        key: operation_key(world, id, act, &location),
        id: id.clone(),
        act,
        began: world.now,
        due: world.now + world.lasts(&folded, word, seconds),
        progress: OperationState::Running,
        location,
        provider: Default::default(),
        service: type_.namespace().to_owned(),
        api: type_.api.to_owned(),
        serial: Vec::new(),
        before: None,
        fails: None,
        posted: None,
        leaving: None,
    }
}

pub(super) fn in_progress(world: &World, operation: &Operation) -> ErrorResponse {
    ErrorResponse::service(
        409,
        "AnotherOperationInProgress",
        format!(
            "Another operation on this or dependent resource is in progress. To retrieve status of the operation use uri: {}",
            status_url(world, operation)
        ),
    )
    .retry_after(wait(world, operation).unsigned_abs())
}

/// The region that serves an operation's status. For an object served by several regions: an available one.
pub(super) fn seat(world: &World, operation: &Operation) -> String {
    let object = world.object(&operation.id.folded());
    object.and_then(|object| places::serving(world, object)).unwrap_or_else(|| operation.location.clone())
}

/// The status response of an operation.
pub(super) fn status(world: &World, key: &str) -> Result<Response, ErrorResponse> {
    let operation = asked_operation(world, key)?;
    let mut body = json!({ "name": operation.key, "startTime": operation.began.to_string() });
    let (status, wait) = match &operation.progress {
        OperationState::Running => ("InProgress", Some(wait(world, operation))),
        OperationState::Succeeded => ("Succeeded", None),
        OperationState::Failed(failure) => {
            body["error"] = failure.error();
            ("Failed", None)
        }
    };
    body["status"] = json!(status);
    let response = Response::json(200, &body);
    Ok(match wait {
        Some(seconds) => response.with("retry-after", seconds.to_string()),
        None => response,
    })
}

/// The result of an operation: 202 while it runs, then the response of an equivalent synchronous request.
pub(super) fn outcome(world: &World, key: &str) -> Result<Response, ErrorResponse> {
    let operation = asked_operation(world, key)?;
    match (&operation.progress, operation.act) {
        (OperationState::Running, _) => Ok(Response::empty(202)
            .with("location", location_url(world, operation))
            .with("retry-after", wait(world, operation).to_string())),
        (OperationState::Failed(failure), _) => Err(failure.clone()),
        (OperationState::Succeeded, OperationKind::Delete) => Ok(Response::empty(200)),
        (
            OperationState::Succeeded,
            OperationKind::Create | OperationKind::Update | OperationKind::Post | OperationKind::Wake,
        ) => world.standing(&operation.id.folded()).map(|object| Response::json(200, &object.body)).ok_or_else(|| {
            ErrorResponse::gateway(404, "ResourceNotFound", format!("The Resource '{}' was not found.", operation.id))
        }),
    }
}

fn asked_operation<'w>(world: &'w World, key: &str) -> Result<&'w Operation, ErrorResponse> {
    let operation = world.operation(key).ok_or_else(|| {
        ErrorResponse::gateway(404, "OperationNotFound", format!("The operation '{key}' could not be found."))
    })?;
    world.rest.faults.reach(&seat(world, operation)).map(|()| operation)
}

/// `Retry-After` in seconds.
pub(super) fn wait(world: &World, operation: &Operation) -> i64 {
    let rest = operation.due.duration_since(world.now);
    (rest.as_secs() + i64::from(rest.subsec_nanos() > 0)).clamp(1, LONGEST_WAIT)
}

fn location_url(world: &World, operation: &Operation) -> String {
    let Operation { key, service, location, api, .. } = operation;
    if is_group_deletion(operation) {
        return format!("{}/subscriptions/{SUBSCRIPTION}/operationresults/{key}?api-version={api}", world.base);
    }
    format!(
        "{}/subscriptions/{SUBSCRIPTION}/providers/{service}/locations/{location}/operationResults/{key}?api-version={api}",
        world.base
    )
}

/// The URL of the status of an operation.
pub(super) fn status_url(world: &World, operation: &Operation) -> String {
    let Operation { key, service, location, api, .. } = operation;
    format!(
        "{}/subscriptions/{SUBSCRIPTION}/providers/{service}/locations/{location}/operations/{key}?api-version={api}",
        world.base
    )
}

fn is_group_deletion(operation: &Operation) -> bool {
    operation.id.arm_type().is_some_and(|type_| type_.eq_ignore_ascii_case(GROUP))
}

/// A new operation key in the provider's format.
pub(super) fn operation_key(world: &World, id: &ObjectId, act: OperationKind, location: &str) -> String {
    let word = match act {
        OperationKind::Create | OperationKind::Update => "write",
        OperationKind::Delete => "delete",
        OperationKind::Post => "post",
        OperationKind::Wake => "wake",
    };
    let folded = id.folded();
    let mut count = 0_u32;
    loop {
        let guid = world.seed.guid(&[&folded, word, &world.now.to_string(), &count.to_string()]);
        let key = if id.arm_type().is_some_and(|type_| type_.eq_ignore_ascii_case(GROUP)) {
            let name = id.name().to_ascii_uppercase().replace('-', ":2D").replace('_', ":5F");
            let job = json!({
                "jobId": format!("RESOURCEGROUPDELETIONJOB-{name}-{guid}-{}", location.to_ascii_uppercase()),
                "jobLocation": location,
            });
            URL_SAFE_NO_PAD.encode(job.to_string())
        } else {
            guid
        };
        if world.operation(&key).is_none() {
            return key;
        }
        count += 1;
    }
}

/// Adds the headers that locate an operation's status and result.
pub(super) fn announce(world: &World, response: Response, operation: &Operation, answers: AnswerStyle) -> Response {
    let response = response.with("retry-after", wait(world, operation).to_string());
    let both =
        || matches!(operation.act, OperationKind::Delete | OperationKind::Post) || answers == AnswerStyle::AsyncBoth;
    match answers {
        AnswerStyle::Sync | AnswerStyle::State => response,
        AnswerStyle::Location => response.with("location", location_url(world, operation)),
        AnswerStyle::AsyncBody | AnswerStyle::AsyncBoth => {
            let response = response.with("azure-asyncoperation", status_url(world, operation));
            if both() { response.with("location", location_url(world, operation)) } else { response }
        }
    }
}
