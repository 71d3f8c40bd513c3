//! Writes around an update: another resource is moved out of the way, a deleted one is recovered, and a refused update
//! is reverted in the state.

use std::sync::Arc;

use serde_json::{Map as JsonMap, Value as Json};

use super::{StepError, Worker};
use crate::kinds::{FollowUp, FollowUpRequest, Place, Readiness, body, path};
use crate::object::{Object, ObjectId};
use crate::plan::{in_the_way, is_as_recorded, recorded_resource, too_narrow, unlabelled};
use crate::run::StepReporter;
use crate::sight::Phase;
use crate::stack::Resource;
use crate::state::{Recorded, Status};
use crate::steps::{Act, Step, StepFact};
use crate::world::WriteCondition;

impl Worker<'_> {
    /// Moves resources that are still to be updated to free values, where this one takes theirs, and gives the one that
    /// contains it the ranges that it needs.
    pub(super) async fn clear_way(&self, resource: &Resource, args: &JsonMap<String, Json>) -> Result<(), StepError> {
        // Elements with ranks exchange them in one request.
        let has_ranks =
            matches!(resource.kind.place, Place::Part(_, list, ..) if resource.kind.provider().rank_in(list).is_some());
        if has_ranks {
            return Ok(());
        }
        self.take_labels(resource, args).await?;
        if self.updates.is_empty() {
            return Ok(());
        }
        let writes = {
            let recorded = |other: &Resource| {
                let record = self.recorded(&other.address).filter(|_| self.updates.contains(&other.address))?;
                Some(record.arguments)
            };
            let outer = too_narrow(self.stack, resource, &recorded);
            outer.into_iter().chain(in_the_way(self.stack, resource, args, &recorded))
        };
        for (other, old, free) in writes {
            self.give_away(other, &old, &free).await?;
        }
        Ok(())
    }

    /// Removes labels from resources that are still to be deleted, where this one takes them. The cloud decides which
    /// labels those have: an update that failed may have given one back.
    async fn take_labels(&self, resource: &Resource, args: &JsonMap<String, Json>) -> Result<(), StepError> {
        let removable = resource.kind.apart.iter().filter(|rule| resource.kind.is_removable(rule));
        let labels: Vec<&str> = removable.filter_map(|rule| rule.by.last().copied()).collect();
        if labels.is_empty() {
            return Ok(());
        }
        for address in &self.deletions {
            let Some(mut old) = self.recorded(address) else { continue };
            let Some(other) = recorded_resource(self.stack.catalog(), address, &old)
                .filter(|other| other.kind.name == resource.kind.name)
            else {
                continue;
            };
            let seen = self.look(&other).await?.into_iter();
            let bodies: Vec<Json> = seen.map(|seen| seen.map_or(Json::Null, |seen| seen.body)).collect();
            let there = body::read(other.kind, &bodies);
            for label in &labels {
                match there.get(*label) {
                    Some(value) => drop(old.arguments.insert((*label).to_owned(), value.clone())),
                    None => drop(old.arguments.remove(*label)),
                }
            }
            let Some(free) = unlabelled(self.stack.catalog(), resource, args, address, &old) else { continue };
            self.give_away(&other, &old.arguments, &free).await?;
        }
        Ok(())
    }

    /// Writes a resource with arguments that leave values to another one.
    async fn give_away(
        &self,
        resource: &Resource,
        old: &JsonMap<String, Json>,
        free: &JsonMap<String, Json>,
    ) -> Result<(), StepError> {
        let (old, free) = (self.bodies(resource, old), self.bodies(resource, free));
        for ((object, old), new) in resource.objects.iter().zip(&old).zip(&free) {
            self.put(object, Some(old), new, &Act::Update).await?;
        }
        Ok(())
    }

    /// Recovers a deleted object whose name the provider keeps, so that it can be written.
    pub(super) async fn recover(&self, resource: &Resource, bodies: &[Json]) -> Result<(), StepError> {
        let (Some(soft), [object], [new]) = (resource.kind.soft_delete, resource.objects.as_slice(), bodies) else {
            return Ok(());
        };
        let kept = soft.id(self.stack.account_at(resource), &resource.location, &resource.name);
        let Some(kept) = self.ports.cloud.get(&Object::whole(kept, Arc::clone(&object.of.version))).await? else {
            return Ok(());
        };
        if path::text(&kept.body, soft.origin).map(ObjectId::new).as_ref() != Some(&object.id) {
            return Ok(());
        }
        let mut body = new.clone();
        path::put(&mut body, soft.recovers.0, Json::from(soft.recovers.1));
        self.ports.cloud.put(object, &body, WriteCondition::Always).await?;
        self.recovered.lock().unwrap_or_else(std::sync::PoisonError::into_inner).insert(object.id.clone());
        Ok(())
    }

    /// True if this run has recovered the object.
    pub(super) fn is_recovered(&self, id: &ObjectId) -> bool {
        self.recovered.lock().unwrap_or_else(std::sync::PoisonError::into_inner).contains(id)
    }

    /// Records a resource as it was, after an update that was refused and changed nothing: the update is then not
    /// unfinished.
    pub(super) async fn take_back(&self, step: &Step, tell: &StepReporter) {
        let recorded = self.recorded(&step.address).filter(|recorded| recorded.status == Status::Standing);
        let (Act::Update, Some(resource), Some(recorded)) =
            (&step.act, self.stack.resources.get(&step.address), recorded)
        else {
            return;
        };
        let (mut bodies, mut are_settled) = (Vec::with_capacity(recorded.objects.len()), true);
        for object in &recorded.objects {
            match self.ports.cloud.get(object).await {
                Ok(Some(seen)) => {
                    bodies.extend(body::part(object, &seen.body).cloned());
                    are_settled &= seen.phase == Phase::Settled;
                }
                Ok(None) | Err(_) => return,
            }
        }
        let is_ready = match resource.kind.odd.ready {
            Some(ready) => ready(&bodies) == Readiness::Yes,
            None => are_settled,
        };
        if is_ready
            && bodies.len() == recorded.objects.len()
            && is_as_recorded(resource.kind, &recorded, &bodies, self.ports.seal)
        {
            let same = Recorded { status: Status::Standing, ..recorded };
            let what = "the change was refused, and the resource is as it was".to_owned();
            tell.learnt(StepFact {
                what,
                resource: Some((step.address.clone(), Box::new(same))),
                ..StepFact::default()
            });
        }
    }
}

impl Worker<'_> {
    /// Sends the requests by which a kind changes what a write of the object leaves as it is.
    pub(super) async fn follow_up(
        &self,
        resource: &Resource,
        args: &JsonMap<String, Json>,
        old: &JsonMap<String, Json>,
    ) -> Result<(), StepError> {
        let Some(follow_up) = resource.kind.odd.follow_up else { return Ok(()) };
        let requests = self.stack.with_subject(resource, args, &self.knowledge(), |subject| follow_up(subject, old));
        for FollowUp { id, request } in requests {
            let object = resource.kind.type_.object(id);
            match request {
                FollowUpRequest::Put(body) => {
                    drop(self.ports.cloud.put(&object, &body, WriteCondition::Always).await?);
                }
                FollowUpRequest::Post(action) => drop(self.ports.cloud.post(&object, action, &[], None).await?),
            }
        }
        Ok(())
    }
}
