//! POST: the actions of objects. Actions that list keys answer at once; all others are long-running operations.

use serde_json::{Value as Json, json};

use super::answer::AdmittedRequest;
use super::fill;
use super::locks::LockedAction;
use super::operations::{Operation, OperationKind, PostedAction};
use super::request::{ErrorResponse, Response};
use super::target::ResourcePath;
use super::types::{self, ProviderType};
use super::world::World;
use crate::kinds::SimulatedAction;

impl World {
    pub(super) fn post(
        &mut self,
        named: &ResourcePath,
        action: &str,
        ask: &AdmittedRequest<'_>,
    ) -> Result<Response, ErrorResponse> {
        let type_ = self.known_type(&named.type_, ask.api)?;
        let object = self.standing(&named.id).ok_or_else(|| self.absent(named))?;
        // An action changes no metadata, so the region of the resource group need not be available. Azure
        // recommends `offlineRegion` while the account's own region is lost (source: its guidance for an outage of
        // the write region).
        if let Some(region) = self.own_region(&named.id) {
            self.rest.faults.reach(&region)?;
        }
        self.check_unlocked(&named.id, LockedAction::Write)?;
        if let Some(answer) = fill::action(self, &object.id, type_, action) {
            return Ok(Response::json(200, &answer));
        }
        let posted = PostedAction { action: action.to_owned(), query: ask.request.query.clone(), body: body(ask)? };
        let Some(found) = find(type_, &posted) else {
            return Err(ErrorResponse::gateway(
                404,
                "InvalidResourceType",
                format!("The resource type '{}' has no action '{action}' for api version '{}'.", type_.name, ask.api),
            ));
        };
        let operation = self.begin_action(&named.id, type_, found, posted, ask)?;
        let began = json!({ "operation": found.name, "startTime": operation.began.to_string() });
        let response = self.announce(Response::json(202, &began), &operation, type_.answers);
        self.change(&named.id, |object| object.operation = Some(operation.key.clone()));
        self.keep_operation(operation);
        Ok(response)
    }

    fn begin_action(
        &self,
        id: &str,
        type_: &'static ProviderType,
        action: &SimulatedAction,
        posted: PostedAction,
        ask: &AdmittedRequest<'_>,
    ) -> Result<Operation, ErrorResponse> {
        let object = self.standing(id).ok_or_else(|| super::answer::parent_not_found(id))?;
        for region in (action.reaches)(self, &object.id) {
            self.rest.faults.reach(&region)?;
        }
        if let Some(operation) = object.operation.as_ref().and_then(|key| self.operation(key)) {
            return Err(self.in_progress(operation));
        }
        let serial = self.serial(&object.id, type_, &object.refers);
        if let Some(operation) = self.busy(&serial).or_else(|| self.blocked_beside(&object.id, type_)) {
            return Err(self.in_progress(operation));
        }
        (action.admit)(self, &object.id, &posted.body)?;
        let fails = match self.no_capacity(action, &object.body) {
            Some((false, failure)) => return Err(failure),
            Some((true, failure)) => Some(failure),
            None => ask.fails.clone(),
        };
        Ok(Operation {
            api: ask.api.to_owned(),
            serial,
            fails,
            posted: Some(posted),
            ..self.begin(&object.id, type_, OperationKind::Post, action.lasts)
        })
    }

    /// The failure of an action that needs more capacity than its region has, and if it occurs late.
    fn no_capacity(&self, action: &SimulatedAction, body: &Json) -> Option<(bool, ErrorResponse)> {
        let location = body.get("location").and_then(Json::as_str).unwrap_or_default();
        action.allocates.then(|| self.rest.faults.capacity(location, None, body)).flatten()
    }

    /// Completes a posted action at its due time, unless a change of the world since then makes it invalid.
    pub(super) fn act(&mut self, operation: &Operation) -> Result<(), ErrorResponse> {
        let Some((action, posted)) = self.posted(operation) else { return Ok(()) };
        (action.admit)(self, &operation.id, &posted.body)?;
        (action.done)(self, &operation.id, &posted.body);
        self.wake_all();
        Ok(())
    }

    /// The regions that an operation needs in addition to the region that serves its status.
    pub(super) fn reaches(&self, operation: &Operation) -> Vec<String> {
        self.posted(operation).map_or_else(Vec::new, |(action, _)| (action.reaches)(self, &operation.id))
    }

    /// True if an operation moves data away from the region that serves it, and needs only that control plane.
    pub(super) fn leaves(&self, operation: &Operation) -> bool {
        self.posted(operation).is_some_and(|(action, _)| action.leaves)
    }

    fn posted<'a>(&self, operation: &'a Operation) -> Option<(&'static SimulatedAction, &'a PostedAction)> {
        let posted = operation.posted.as_ref()?;
        let type_ = types::find(&self.standing(&operation.id.folded())?.type_)?;
        Some((find(type_, posted)?, posted))
    }
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
