//! DELETE: what stands in its way, and how a whole resource group goes.

use std::collections::BTreeSet;

use super::answer::{Ask, group_not_found};
use super::bodies::check_conditions;
use super::locks::Wish;
use super::operations::{Act, Operation, shows_state};
use super::request::{Failure, Response};
use super::target::{GROUP, Named, group_of};
use super::types::{self, Type};
use super::world::{Object, Stage, World};
use crate::kinds::{Answers, AtOnce};

impl World {
    pub(super) fn delete(&mut self, named: &Named, ask: &Ask<'_>) -> Result<Response, Failure> {
        let type_ = self.known_type(&named.type_, ask.api)?;
        let Some(object) = self.object(&named.id) else { return self.nothing_to_delete(named, type_) };
        let id = object.id.clone();
        self.reach_to_write(&named.id, None)?;
        check_conditions(ask, Some(object))?;
        let answers = match type_.at_once.contains(&AtOnce::Delete) {
            _ if named.type_ == GROUP => Answers::Location,
            true => Answers::Sync,
            false => type_.answers,
        };
        if let Some(operation) = object.operation.as_ref().and_then(|key| self.operation(key)) {
            return match operation.act {
                Act::Delete => Ok(self.announce(Response::empty(202), operation, answers)),
                Act::Create | Act::Update | Act::Post | Act::Wake => Err(self.in_progress(operation)),
            };
        }
        self.check_unlocked(&named.id, Wish::Delete)?;
        let mut serial = Vec::new();
        let mut seconds = type_.durations.delete;
        if named.type_ == GROUP {
            seconds += self.slowest_below(&named.id);
        } else {
            self.check_group_stands(&named.id)?;
            self.check_unused(&named.id)?;
            serial = self.serial(&id, type_, &object.refers);
            if let Some(operation) = self.busy(&serial) {
                return Err(self.in_progress(operation));
            }
        }
        if answers == Answers::Sync {
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
            ..self.begin(&id, type_, Act::Delete, seconds)
        };
        Ok(self.begin_deletion(&named.id, type_, operation, answers))
    }

    fn begin_deletion(&mut self, id: &str, type_: &Type, operation: Operation, answers: Answers) -> Response {
        self.remember(id);
        let (seed, key) = (self.seed, operation.key.clone());
        self.change(id, |object| {
            object.stage = Stage::Deleting;
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
    fn nothing_to_delete(&self, named: &Named, type_: &Type) -> Result<Response, Failure> {
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

    fn check_group_stands(&self, id: &str) -> Result<(), Failure> {
        let group = group_of(id).and_then(|group| self.standing(group));
        match group.filter(|group| group.stage == Stage::Deleting) {
            Some(group) => Err(Failure::gateway(
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

    /// The longest that anything in a group takes to be deleted, in seconds.
    fn slowest_below(&self, group: &str) -> u32 {
        let inside: BTreeSet<&str> = self.below(group).map(|(_, object)| object.type_.as_str()).collect();
        inside.into_iter().filter_map(types::find).map(|type_| type_.durations.delete).max().unwrap_or(0)
    }

    /// Deletes a group and all in it; what others hold stays, and with it the group.
    pub(super) fn empty_group(&mut self, group: &str) -> Result<(), Failure> {
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
            object.stage = Stage::Standing;
            object.operation = None;
            object.touch(seed);
            object.show_state("Succeeded");
        });
        let ids = held.iter().map(|id| self.object(id).map_or(id.as_str(), |object: &Object| object.id.as_str()));
        let ids: Vec<&str> = ids.collect();
        Err(Failure::gateway(
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
