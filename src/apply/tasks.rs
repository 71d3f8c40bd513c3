//! The operations of failover runs. Each first checks whether it is done already, so that a run can be killed at any
//! point and resumed.

use super::details::say;
use super::{StepError, Worker};
use crate::run::StepReporter;
use crate::stack::Resource;
use crate::state::Recorded;
use crate::steps::{Stage, Step, Task};

/// True for tasks that write the resource of their step.
pub(super) const fn writes(task: &Task) -> bool {
    matches!(task, Task::Move { .. })
}

impl Worker<'_> {
    /// Executes a task, and returns the resource of its step as it then exists.
    pub(super) async fn task(
        &self,
        step: &Step,
        task: &Task,
        tell: &StepReporter,
    ) -> Result<Option<Box<Recorded>>, StepError> {
        match task {
            Task::Promote { to, how, accepted } => {
                self.promote(self.declared(step)?, (*to, *how), *accepted, tell).await?;
            }
            Task::CatchUp => self.catch_up(self.declared(step)?, tell).await?,
            Task::Reprotect => self.reprotect(step, self.declared(step)?, tell).await?,
            Task::Move { arguments } => match self.switch(&step.address, arguments).await {
                // An object whose deletion began in an earlier run may disappear meanwhile; it then does no more
                // work.
                Err(StepError::Failed(_))
                    if step.stage == Stage::Quiesce && self.is_gone(self.declared(step)?).await =>
                {
                    say(tell, "it does not exist any more: nothing to stop");
                }
                moved => moved.map(drop)?,
            },
            Task::Power { on } => self.power(step, self.declared(step)?, *on, tell).await?,
            Task::Linger(duration) => self.pause(*duration).await?,
            Task::Route { levers, agree } => self.route(levers, agree, tell).await?,
            Task::Restore(launch) => self.restore(step, launch, tell).await?,
            Task::Snapshot(restore) => self.made_of_snapshot(step, restore, tell).await?,
            Task::Probe => self.probe(step.address.own_name(), tell).await?,
            Task::Custom { action } => self.custom(step, action, tell).await?,
            Task::Unchanged { before, since } => self.unchanged((before, *since), tell).await?,
            Task::Record(role) => self.record_role(role, tell).await?,
        }
        Ok(self.recorded(&step.address).map(Box::new))
    }

    /// True if a read shows that one of its objects does not exist.
    async fn is_gone(&self, resource: &Resource) -> bool {
        let looks = resource.objects.iter().map(|object| self.ports.cloud.get(object));
        futures::future::join_all(looks).await.iter().any(|look| matches!(look, Ok(None)))
    }
}
