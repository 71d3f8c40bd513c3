//! DELETE: the checks that can block it, and the deletion of a whole resource group.

use std::collections::BTreeSet;

use super::answer::{AdmittedRequest, group_not_found};
use super::bodies::check_conditions;
use super::locks::LockedAction;
use super::operations::{Operation, OperationKind, shows_state};
use super::request::{ErrorResponse, Response};
use super::target::{GROUP, ResourcePath, group_of};
use super::types::{self, ProviderType};
use super::world::{Lifecycle, SimulatedObject, World};
use crate::kinds::{AnswerStyle, ImmediateRequest};

impl World {
    pub(super) fn delete(
        &mut self,
        named: &ResourcePath,
        ask: &AdmittedRequest<'_>,
    ) -> Result<Response, ErrorResponse> {
        let type_ = self.known_type(&named.type_, ask.api)?;
        let Some(object) = self.object(&named.id) else { return self.nothing_to_delete(named, type_) };
        let id = object.id.clone();
        self.reach_to_write(&named.id, None)?;
        check_conditions(ask, Some(object))?;
        let answers = match type_.at_once.contains(&ImmediateRequest::Delete) {
            _ if named.type_ == GROUP => AnswerStyle::Location,
            true => AnswerStyle::Sync,
            false => type_.answers,
        };
        if let Some(operation) = object.operation.as_ref().and_then(|key| self.operation(key)) {
            return match operation.act {
                OperationKind::Delete => Ok(self.announce(Response::empty(202), operation, answers)),
                OperationKind::Create | OperationKind::Update | OperationKind::Post | OperationKind::Wake => {
                    Err(self.in_progress(operation))
                }
            };
        }
        self.check_unlocked(&named.id, LockedAction::Delete)?;
        let mut serial = Vec::new();
        let mut seconds = type_.durations.delete;
        if named.type_ == GROUP {
            seconds += self.slowest_below(&named.id);
        } else {
            self.check_group_stands(&named.id)?;
            self.check_unused(&named.id)?;
            serial = self.serial(&id, type_, &object.refers);
            if let Some(operation) = self.busy(&serial).or_else(|| self.blocked_beside(&id, type_)) {
                return Err(self.in_progress(operation));
            }
        }
        if answers == AnswerStyle::Sync {
            return match &ask.fails {
                Some(failure) => Err(failure.clone()),
                None => {
                    let delay = self.lasts(&named.id, "delete", seconds).unsigned_abs();
                    self.remove_with_all_below(&named.id);
                    Ok(Response { delay, ..Response::empty(200) })
                }
            };
        }
        let operation = Operation {
            api: ask.api.to_owned(),
            serial,
            fails: ask.fails.clone(),
            ..self.begin(&id, type_, OperationKind::Delete, seconds)
        };
        Ok(self.begin_deletion(&named.id, type_, operation, answers))
    }

    fn begin_deletion(
        &mut self,
        id: &str,
        type_: &ProviderType,
        operation: Operation,
        answers: AnswerStyle,
    ) -> Response {
        self.remember(id);
        let (seed, key) = (self.seed, operation.key.clone());
        self.change(id, |object| {
            object.stage = Lifecycle::Deleting;
            object.operation = Some(key);
            object.touch(seed);
            if shows_state(type_) {
                object.show_state("Deleting");
            }
        });
        let response = self.announce(Response::empty(202), &operation, answers);
        self.keep_operation(operation);
        response
    }

    /// 204, unless the group or parent is missing, too.
    fn nothing_to_delete(&self, named: &ResourcePath, type_: &ProviderType) -> Result<Response, ErrorResponse> {
        if named.type_ == GROUP {
            return Err(group_not_found(named.name()));
        }
        let subscription = super::SUBSCRIPTION;
        let parent = self.parent_id(named, type_);
        if parent == format!("/subscriptions/{subscription}") || self.standing(&parent).is_some() {
            return Ok(Response::empty(204));
        }
        Err(self.absent(named))
    }

    fn check_group_stands(&self, id: &str) -> Result<(), ErrorResponse> {
        let group = group_of(id).and_then(|group| self.standing(group));
        match group.filter(|group| group.stage == Lifecycle::Deleting) {
            Some(group) => Err(ErrorResponse::gateway(
                409,
                "ResourceGroupBeingDeleted",
                format!(
                    "The resource group '{}' is in deprovisioning state and cannot perform this operation.",
                    group.id.name()
                ),
            )),
            None => Ok(()),
        }
    }

    /// The longest deletion time of any object in a group, in seconds.
    fn slowest_below(&self, group: &str) -> u32 {
        let inside: BTreeSet<&str> = self.below(group).map(|(_, object)| object.type_.as_str()).collect();
        inside.into_iter().filter_map(types::find).map(|type_| type_.durations.delete).max().unwrap_or(0)
    }

    /// Deletes a group and its contents. Objects that are in use from outside the group remain, and so does the group.
    pub(super) fn empty_group(&mut self, group: &str) -> Result<(), ErrorResponse> {
        let held = self.held_from_outside(group);
        if held.is_empty() {
            self.remove_with_all_below(group);
            return Ok(());
        }
        let free: Vec<String> = self.below(group).map(|(id, _)| id.clone()).filter(|id| !held.contains(id)).collect();
        for id in free.iter().rev() {
            self.remove_with_all_below(id);
        }
        let seed = self.seed;
        self.change(group, |object| {
            object.stage = Lifecycle::Standing;
            object.operation = None;
            object.touch(seed);
            object.show_state("Succeeded");
        });
        let ids =
            held.iter().map(|id| self.object(id).map_or(id.as_str(), |object: &SimulatedObject| object.id.as_str()));
        let ids: Vec<&str> = ids.collect();
        Err(ErrorResponse::gateway(
            409,
            "ResourceGroupDeletionBlocked",
            format!(
                "Deletion of resource group '{}' failed as resources with identifiers '{}' could not be deleted. The provisioning state of the resource group will be rolled back.",
                group.rsplit('/').next().unwrap_or_default(),
                ids.join(",")
            ),
        ))
    }
}
