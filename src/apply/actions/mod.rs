//! The actions of a failover group's steps, as a run carries them out: a file for each.
//!
//! The input of a step may be secret: sensitive URLs, headers, bodies and environments are sent and never reported.

mod approval;
pub(super) mod arguments;
mod command;
mod http;
mod kubernetes_scale;
mod storage_failover;
mod sync;
mod wait;

use futures::FutureExt;
use futures::future::BoxFuture;
use jiff::Timestamp;

use super::around::answers;
use super::details::say;
use super::{StepError, Worker};
use crate::actions::{self, StepAction};
use crate::address::Address;
use crate::run::StepReporter;
use crate::stack::{FailoverGroup, GroupStep};
use crate::steps::{NOT_NEEDED, Step};
use crate::value::{Map, Value};

/// An action of a step that has begun.
#[derive(Clone, Copy)]
struct ActionRun<'a> {
    worker: &'a Worker<'a>,
    step: &'a Step,
    /// The arguments, all known.
    args: &'a Map,
    tell: &'a StepReporter,
}

/// Carries out an action.
type CarryOut = for<'a> fn(ActionRun<'a>) -> BoxFuture<'a, Result<(), StepError>>;

/// How each action is carried out.
const ALL: &[(&StepAction, CarryOut)] = &[
    (&actions::HTTP, |run| http::carry_out(run).boxed()),
    (&actions::COMMAND, |run| command::carry_out(run).boxed()),
    (&actions::APPROVAL, |run| approval::carry_out(run).boxed()),
    (&actions::WAIT, |run| wait::carry_out(run).boxed()),
    (&actions::STORAGE_FAILOVER, |run| storage_failover::carry_out(run).boxed()),
    (&actions::KUBERNETES_SCALE, |run| kubernetes_scale::carry_out(run).boxed()),
    (&actions::SYNC, |run| sync::carry_out(run).boxed()),
];

impl ActionRun<'_> {
    /// The value of an argument, as messages show it.
    fn shown(&self, name: &str) -> String {
        self.args.get(name).map(Value::shown).unwrap_or_default()
    }

    /// Asks the operator to do this, and continues once they have confirmed it.
    fn by_hand(&self, task: &str) -> Result<(), StepError> {
        let words = format!("{task} manually: this version of drplan does not automate it.");
        self.worker.answered(self.step, &words, self.tell)
    }
}

impl Worker<'_> {
    /// Executes a step block.
    pub(super) async fn custom(&self, step: &Step, action: &str, tell: &StepReporter) -> Result<(), StepError> {
        let name = step.address.own_name();
        let find = |group: &FailoverGroup| group.steps.iter().find(|step| *step.name == *name).cloned();
        let waits = |step: &GroupStep| Value::from(step.arguments.clone()).unknown_within();
        let written = self.of_group(name, find, waits).await?;
        if let Some(address) = &written.only_if_unreachable
            && self.reaches(address).await
        {
            say(tell, format!("{address} is reachable; {NOT_NEEDED}"));
            return Ok(());
        }
        let Some((_, carry_out)) = ALL.iter().find(|(known, _)| known.word() == action) else {
            return Err(StepError::Failed(format!("unknown action `{action}`")));
        };
        carry_out(ActionRun { worker: self, step, args: &written.arguments, tell }).await
    }

    /// Continues where the operator has answered this step, and waits otherwise.
    pub(super) fn answered(&self, step: &Step, question: &str, tell: &StepReporter) -> Result<(), StepError> {
        self.answered_since(step, question, Timestamp::MIN, tell)
    }

    /// The same for a question that was asked at this time: an earlier answer was to another one.
    pub(in crate::apply) fn answered_since(
        &self,
        step: &Step,
        question: &str,
        asked: Timestamp,
        tell: &StepReporter,
    ) -> Result<(), StepError> {
        let errand = self.errand()?;
        let given = self.ports.store.approvals(&errand.run).map_err(|error| StepError::Failed(error.to_string()))?;
        match given.iter().rev().find(|approval| approval.step == step.address && approval.at >= asked) {
            Some(approval) => {
                say(tell, format!("{question} Approved by {} at {:.0}", approval.by, approval.at));
                Ok(())
            }
            None => {
                let command = (errand.approve)(&errand.run, step.address.as_str());
                Err(StepError::Paused(format!("{question} Approve with `{command}`, then resume the run")))
            }
        }
    }

    /// Checks that the control plane answers for a resource. Sends nothing to a lost site.
    async fn reaches(&self, address: &Address) -> bool {
        let Some(resource) = self.stack.resources.get(address) else { return false };
        if self.is_lost(&resource.location) {
            return false;
        }
        for object in &resource.objects {
            if !answers(self.ports.cloud, self.ports.clock, object).await {
                return false;
            }
        }
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_action_is_carried_out() {
        let words = ALL.iter().map(|(action, _)| action.word());
        assert!(words.eq(actions::words()), "the lists of actions differ");
    }
}
