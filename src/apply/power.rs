//! Stopping and starting the work of a resource with an action. A read decides if the action is requested, and if it
//! has had its effect.

use std::time::Duration;

use jiff::Timestamp;

use super::around::{Patience, look};
use super::details::say;
use super::promote::{asked_in_words, may_pass};
use super::{StepError, Worker};
use crate::kinds::{Call, CallMethod, Power, PowerState, ReadResult};
use crate::reason::Reason;
use crate::run::StepReporter;
use crate::stack::Resource;
use crate::steps::{Stage, Step};
use crate::world::CloudError;

/// The time between two reads.
const LOOK: Duration = Duration::from_secs(5);
/// The time limits of one.
const PATIENCE: Patience = Patience { silence: Duration::from_secs(60), ..Patience::PROCEDURE };
/// The time limit until a read shows a completed action.
const SETTLES: Duration = Duration::from_secs(300);
/// The number of repetitions after a temporary refusal or an unknown outcome.
const TRIES: u32 = 4;

/// The state of the object of a resource.
enum Observed {
    State(Option<PowerState>),
    Absent,
    Unread(String),
}

impl Worker<'_> {
    /// Starts or stops the work of a resource.
    pub(super) async fn power(
        &self,
        step: &Step,
        resource: &Resource,
        on: bool,
        tell: &StepReporter,
    ) -> Result<(), StepError> {
        let none = || StepError::Failed(format!("{} can be neither started nor stopped", resource.address));
        let power = resource.kind.moves.power.ok_or_else(none)?;
        let action = power.action(on);
        let (wanted, word) = if on { (PowerState::Running, "running") } else { (PowerState::Stopped, "stopped") };
        let call = Call {
            object: resource.kind.type_.object(resource.id.clone()),
            method: CallMethod::Post(action.name, &[]),
            body: None,
            region: None,
        };
        let longest = Duration::from_secs(u64::from(action.takes.worst)).max(SETTLES);
        let began = self.ports.clock.now();
        // The time until which a request may still take effect.
        let mut pending: Option<Timestamp> = None;
        let mut tries = 0;
        loop {
            match self.power_state(resource, power).await {
                Observed::State(Some(state)) if state == wanted => {
                    say(tell, format!("{} is {word}", resource.address));
                    return Ok(());
                }
                // An object whose deletion began in an earlier run does no more work.
                Observed::Absent if step.stage == Stage::Quiesce => {
                    say(tell, "it does not exist any more: nothing to stop");
                    return Ok(());
                }
                Observed::Absent => return Err(StepError::Failed(format!("{} does not exist", resource.id))),
                Observed::State(Some(PowerState::Changing)) if self.since(began) < longest => {
                    self.ports.clock.sleep(LOOK).await;
                    continue;
                }
                Observed::Unread(why) if self.since(began) > longest => {
                    return Err(StepError::Unknown(format!("its power state cannot be read: {why}")));
                }
                Observed::Unread(_) | Observed::State(_) => {}
            }
            let now = self.ports.clock.now();
            if pending.is_some_and(|until| now < until) {
                self.ports.clock.sleep(LOOK).await;
                continue;
            }
            if tries > TRIES {
                let what = format!("{} was requested {tries} times, and no read shows {word}", action.name);
                return Err(StepError::Unknown(what));
            }
            tries += 1;
            match self.send(&call).await {
                Ok(()) => {
                    say(tell, asked_in_words(&call));
                    pending = Some(self.ports.clock.now() + SETTLES);
                }
                Err(CloudError::OutcomeUnknown(why)) => {
                    say(tell, format!("{}; the outcome is unknown: {why}", asked_in_words(&call)));
                    pending = Some(self.ports.clock.now() + longest);
                }
                // The operation in progress may be this action.
                Err(CloudError::Refused(why)) if why.reason == Reason::Busy && self.since(began) < longest => {
                    say(tell, format!("waiting for another operation to end: {why}"));
                    tries -= 1;
                    self.ports.clock.sleep(LOOK).await;
                }
                Err(why) if may_pass(&why) && tries <= TRIES => {
                    say(tell, format!("refused; trying again: {why}"));
                    self.ports.clock.sleep(LOOK * 2_u32.pow(tries)).await;
                }
                Err(why) => return Err(why.into()),
            }
        }
    }

    async fn power_state(&self, resource: &Resource, power: &Power) -> Observed {
        let wanted = power.read(resource.kind.type_.object(resource.id.clone()));
        match look(self.ports.reads(), PATIENCE, &wanted).await {
            ReadResult::There(body) => Observed::State((power.state)(&body)),
            ReadResult::Absent => Observed::Absent,
            ReadResult::Unseen(why) => Observed::Unread(why),
        }
    }
}
