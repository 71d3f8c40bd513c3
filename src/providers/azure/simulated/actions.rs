//! POST: the actions of objects. Actions that list keys answer at once; all others are long-running operations.

use serde_json::{Value as Json, json};

use super::admitted::AdmittedRequest;
use super::locks::{self, LockedAction};
use super::target::ResourcePath;
use super::types::{self, ProviderType};
use super::{absent, cloudlet, fill, operations, places, serial};
use crate::kinds::SimulatedAction;
use crate::simulator::operations::{Operation, OperationKind, PostedAction};
use crate::simulator::request::{ErrorResponse, Response};
use crate::simulator::world::World;

pub(super) fn post(
    world: &mut World,
    named: &ResourcePath,
    action: &str,
    ask: &AdmittedRequest<'_>,
) -> Result<Response, ErrorResponse> {
    let type_ = absent::known_type(world, &named.type_, ask.api)?;
    let object = world.standing(&named.id).ok_or_else(|| absent::absent(world, named))?;
    // An action changes no metadata, so the region of the resource group need not be available. Azure
    // recommends `offlineRegion` while the account's own region is lost (source: its guidance for an outage of
    // the write region).
    if let Some(region) = places::own_region(world, &named.id) {
        world.rest.faults.reach(&region)?;
    }
    locks::check_unlocked(world, &named.id, LockedAction::Write)?;
    if let Some(answer) = fill::action(world, &object.id, type_, action) {
        return Ok(Response::json(200, &answer?));
    }
    let posted = PostedAction { action: action.to_owned(), query: ask.request.query.clone(), body: body(ask)? };
    let Some(found) = find(type_, &posted) else {
        return Err(ErrorResponse::gateway(
            404,
            "InvalidResourceType",
            format!("The resource type '{}' has no action '{action}' for api version '{}'.", type_.name, ask.api),
        ));
    };
    let operation = begin_action(world, &named.id, type_, found, posted, ask)?;
    let began = json!({ "operation": found.name, "startTime": operation.began.to_string() });
    let response = operations::announce(world, Response::json(202, &began), &operation, type_.answers);
    world.change(&named.id, |object| object.operation = Some(operation.key.clone()));
    world.keep_operation(operation);
    Ok(response)
}

fn begin_action(
    world: &World,
    id: &str,
    type_: &'static ProviderType,
    action: &SimulatedAction,
    posted: PostedAction,
    ask: &AdmittedRequest<'_>,
) -> Result<Operation, ErrorResponse> {
    let object = world.standing(id).ok_or_else(|| super::absent::parent_not_found(id))?;
    for region in (action.reaches)(world, &object.id) {
        world.rest.faults.reach(&region)?;
    }
    if let Some(operation) = object.operation.as_ref().and_then(|key| world.operation(key)) {
        return Err(operations::in_progress(world, operation));
    }
    let serial = serial::serial(world, &object.id, type_, &object.refers);
    if let Some(operation) = world.busy(&serial).or_else(|| serial::blocked_beside(world, &object.id, type_)) {
        return Err(operations::in_progress(world, operation));
    }
    (action.admit)(world, &object.id, &posted.body)?;
    let fails = match no_capacity(world, action, &object.body) {
        Some((false, failure)) => return Err(failure),
        Some((true, failure)) => Some(failure),
        None => ask.fails.clone(),
    };
    Ok(Operation {
        api: ask.api.to_owned(),
        serial,
        fails,
        posted: Some(posted),
        ..operations::begin(world, &object.id, type_, OperationKind::Post, action.lasts)
    })
}

/// The failure of an action that needs more capacity than its region has, and if it occurs late.
fn no_capacity(world: &World, action: &SimulatedAction, body: &Json) -> Option<(bool, ErrorResponse)> {
    let location = body.get("location").and_then(Json::as_str).unwrap_or_default();
    action.allocates.then(|| world.rest.faults.capacity(location, None, body)).flatten()
}

/// Completes a posted action at its due time, unless a change of the world since then makes it invalid.
pub(super) fn act(world: &mut World, operation: &Operation) -> Result<(), ErrorResponse> {
    let Some((action, posted)) = posted(world, operation) else { return Ok(()) };
    (action.admit)(world, &operation.id, &posted.body)?;
    (action.done)(world, &operation.id, &posted.body);
    cloudlet::wake_all(world);
    Ok(())
}

/// The regions that an operation needs in addition to the region that serves its status.
pub(super) fn reaches(world: &World, operation: &Operation) -> Vec<String> {
    posted(world, operation).map_or_else(Vec::new, |(action, _)| (action.reaches)(world, &operation.id))
}

/// True if an operation moves data away from the region that serves it, and needs only that control plane.
pub(super) fn leaves(world: &World, operation: &Operation) -> bool {
    posted(world, operation).is_some_and(|(action, _)| action.leaves)
}

fn posted<'a>(world: &World, operation: &'a Operation) -> Option<(&'static SimulatedAction, &'a PostedAction)> {
    let posted = operation.posted.as_ref()?;
    let type_ = types::find(&world.standing(&operation.id.folded())?.type_)?;
    Some((find(type_, posted)?, posted))
}

fn body(ask: &AdmittedRequest<'_>) -> Result<Json, ErrorResponse> {
    match &ask.request.body {
        Ok(None) => Ok(Json::Null),
        _ => ask.request.object(),
    }
}

/// The action that a request names. An action that requires a query parameter takes precedence over one that does not.
fn find(type_: &ProviderType, posted: &PostedAction) -> Option<&'static SimulatedAction> {
    let all = || {
        let actions = type_.writers().flat_map(|kind| kind.simulated.actions);
        actions.filter(|action| action.name.eq_ignore_ascii_case(&posted.action))
    };
    let holds = |(name, value): (&str, &str)| {
        posted.query.iter().any(|(n, v)| n.eq_ignore_ascii_case(name) && v.eq_ignore_ascii_case(value))
    };
    all().find(|action| action.query.is_some_and(holds)).or_else(|| all().find(|action| action.query.is_none()))
}
