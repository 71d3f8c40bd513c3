//! What only a failover run does. Each task looks first whether it is done already, so that a run can be killed anywhere and go on.

use std::collections::BTreeMap;
use std::time::Duration;

use serde_json::{Map as JsonMap, Value as Json};

use super::{Stopped, Worker};
use crate::address::ArmId;
use crate::failover::production::fingerprint;
use crate::kinds::{Object, Subject};
use crate::run::Tell;
use crate::stack::{FailoverGroup, Resource};
use crate::state::{Recorded, Roles};
use crate::steps::{Learnt, Stage, Step, Task, Undertaking};

/// The longest wait in which nobody looks whether the run is asked to stop.
const SLICE: Duration = Duration::from_secs(10);

/// How a person answers a step: the words of the command for this run and this step.
pub(super) type Approve<'a> = &'a (dyn Fn(&str, &str) -> String + Send + Sync);

/// What a failover run is about.
pub(super) struct Errand<'a> {
    /// The run.
    pub run: String,
    /// What it undertakes.
    pub undertaking: Undertaking,
    /// The failover group.
    pub group: &'a FailoverGroup,
    /// The region that is given up.
    pub lost: Option<String>,
    /// The roles as recorded when the run began or went on.
    pub roles: Roles,
    /// How a person answers a step.
    pub approve: Approve<'a>,
}

/// Whether a task writes the resource of its step.
pub(super) const fn writes(task: &Task) -> bool {
    matches!(task, Task::Move { .. })
}

impl Worker<'_> {
    /// Does a task, and returns the resource of its step as it then stands.
    pub(super) async fn task(&self, step: &Step, task: &Task, tell: &Tell) -> Result<Option<Box<Recorded>>, Stopped> {
        match task {
            Task::Promote { to, how, accepted } => {
                self.promote(self.declared(step)?, (*to, *how), *accepted, tell).await?;
            }
            Task::CatchUp => self.catch_up(self.declared(step)?, tell).await?,
            Task::Reprotect => self.reprotect(step, self.declared(step)?, tell).await?,
            Task::Move { arguments } => match self.switch(&step.address, arguments).await {
                // What an earlier run had begun to delete may go meanwhile, and does no more work then.
                Err(Stopped::Failed(_)) if step.stage == Stage::Quiesce && self.is_gone(self.declared(step)?).await => {
                    say(tell, "it does not stand any more: there is nothing to stop");
                }
                moved => moved.map(drop)?,
            },
            Task::Linger(duration) => self.pause(*duration).await?,
            Task::Route { levers, agree } => self.route(levers, agree, tell).await?,
            Task::Probe => self.probe(step.address.name(), tell).await?,
            Task::Custom { action } => self.custom(step, action, tell).await?,
            Task::Unchanged { before } => self.unchanged(before).await?,
            Task::Record(role) => self.record_role(role, tell).await?,
        }
        Ok(self.recorded(&step.address).map(Box::new))
    }

    /// Whether any of its objects is seen not to stand.
    async fn is_gone(&self, resource: &Resource) -> bool {
        let looks = resource.objects.iter().map(|object| self.ports.cloud.get(&object.id, &object.api));
        futures::future::join_all(looks).await.iter().any(|look| matches!(look, Ok(None)))
    }

    /// Waits so long, or until the run is asked to stop: what only waits need not be finished before it does.
    pub(super) async fn pause(&self, duration: Duration) -> Result<(), Stopped> {
        let mut left = duration;
        while !left.is_zero() {
            if self.ports.stop.is_requested() {
                return Err(Stopped::Paused(
                    "the run was asked to stop while this waited; it goes on when it is resumed".to_owned(),
                ));
            }
            let slice = left.min(SLICE);
            self.ports.clock.sleep(slice).await;
            left -= slice;
        }
        Ok(())
    }

    /// What the run is about.
    pub(super) fn errand(&self) -> Result<&Errand<'_>, Stopped> {
        self.errand.as_ref().ok_or_else(|| Stopped::Failed("only a failover run does this".to_owned()))
    }

    /// The resource of a step.
    pub(super) fn declared(&self, step: &Step) -> Result<&Resource, Stopped> {
        let missing = || Stopped::Failed("the stack has no such resource".to_owned());
        self.stack.resources.get(&step.address).ok_or_else(missing)
    }

    /// Calls `f` with a resource as its kind sees it, as far as its arguments are known.
    pub(super) fn with_known<T>(&self, resource: &Resource, f: impl FnOnce(&Subject<'_>) -> T) -> T {
        let known = |(name, value): (&std::sync::Arc<str>, &crate::value::Value)| {
            value.reveal().ok().map(|value| (name.to_string(), value))
        };
        let args: JsonMap<String, Json> = resource.args.iter().filter_map(known).collect();
        self.stack.with_subject(resource, &args, &self.knowledge(), f)
    }

    /// Compares what stands with what stood before.
    async fn unchanged(&self, before: &BTreeMap<String, String>) -> Result<(), Stopped> {
        let objects: BTreeMap<String, Object> = {
            let recorded = self.recorded.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
            let objects = recorded.values().flat_map(|recorded| &recorded.objects);
            objects.map(|object| (object.id.to_string(), object.clone())).collect()
        };
        let mut changed = Vec::new();
        for (id, was) in before {
            let Some(object) = objects.get(id) else {
                changed.push(format!("{id} is no longer recorded"));
                continue;
            };
            match self.ports.cloud.get(&ArmId::new(id.as_str()), &object.api).await? {
                Some(body) if fingerprint(&object.id, &body) == *was => {}
                Some(_) => changed.push(format!("{id} differs")),
                None => changed.push(format!("{id} is gone")),
            }
        }
        if changed.is_empty() { Ok(()) } else { Err(Stopped::Failed(changed.join("; "))) }
    }
}

/// Tells in words.
pub(super) fn say(tell: &Tell, what: impl Into<String>) {
    tell.learnt(Learnt::said(what));
}
