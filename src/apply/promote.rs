//! Data moves: promoting a side of a replica, waiting for the other to replicate, and restoring replication after a
//! forced promotion.
//!
//! A role counts as moved only once a read shows it. A request is repeated only once a read shows that it was not
//! carried out.

use std::time::Duration;

use futures::future::join_all;
use jiff::Timestamp;

use super::around::{Patience, look};
use super::details::say;
use super::programs;
use super::{StepError, Worker};
use crate::duration::{at_least, spoken};
use crate::kinds::{
    Call, CallMethod, DurationEstimate, Handover, Promotion, ReadRequest, ReadResult, ReadResults, ReadTarget,
    ReplicaStatus, Reprotect,
};
use crate::reason::Reason;
use crate::roles::{FailoverMode, Health, Side};
use crate::run::StepReporter;
use crate::stack::Resource;
use crate::steps::{Act, Step, StepFact, Task};
use crate::world::CloudError;

/// The time between two reads; the longest time between two while a replica catches up.
const LOOK: Duration = Duration::from_secs(5);
const LONGEST_LOOK: Duration = Duration::from_secs(60);
/// The time limit of one read.
const READ: Patience = Patience { silence: Duration::from_secs(60), ..Patience::PROCEDURE };
/// The time limit until a read shows a change.
const SETTLES: Duration = Duration::from_secs(300);
/// The number of repetitions after a temporary refusal, and after an unknown outcome.
const TRIES: u32 = 4;
const UNCLEAR: u32 = 2;
/// The time without a new request while another operation is in progress: each refusal shows that the operation may
/// have ended since the last read.
const BUSY: Duration = Duration::from_secs(60);
/// The longest wait for a replica to catch up, and for a broken one to begin replication.
const PATIENCE: Duration = Duration::from_secs(7 * 24 * 3600);
const HOPELESS: Duration = Duration::from_secs(30 * 60);

/// A request, and the time until which it may still be in progress.
struct PendingCall {
    call: Call,
    until: Timestamp,
    /// Set once the cloud has reported it as carried out: then it is never sent again.
    done: bool,
}

impl PendingCall {
    /// True if a request is this one, or a forced one of the same object for another site.
    fn repeats(&self, call: &Call, how: FailoverMode) -> bool {
        let is_forced = how == FailoverMode::Forced;
        self.call == *call || (is_forced && self.call.object.id == call.object.id && self.call.method == call.method)
    }
}

impl Worker<'_> {
    /// Promotes one side.
    pub(super) async fn promote(
        &self,
        resource: &Resource,
        (to, how): (Side, FailoverMode),
        accepted: Option<Duration>,
        tell: &StepReporter,
    ) -> Result<(), StepError> {
        let promotion = promotion_of(resource)?;
        let span = match how {
            FailoverMode::Planned => promotion.planned,
            FailoverMode::Forced => promotion.forced,
        };
        let mut asked: Option<PendingCall> = None;
        let (mut refused, mut asked_for) = (0, 0);
        let mut busy: Option<Timestamp> = None;
        let (started, mut waited_for) = (self.ports.clock.now(), None);
        loop {
            // A throttled read may take longer than the change takes to show: it counts from its beginning.
            let began = self.ports.clock.now();
            let (seen, standing) = self.stand(resource, promotion).await;
            let handover = promotion.handover.filter(|_| standing.writer != Some(to));
            let takes_writes =
                |of: &Handover| self.with_known(resource, |subject| (of.takes_writes)(subject, &seen, to));
            if standing.writer == Some(to) || handover.is_some_and(takes_writes) {
                say(tell, format!("{} is primary", self.side(resource, promotion, to)));
                return Ok(());
            }
            if let (Some(handover), None) = (handover, &asked)
                && let Some(why) = self.with_known(resource, |subject| (handover.waits)(subject, &seen, to, how))
            {
                if self.since(started) > HOPELESS {
                    return Err(StepError::Failed(format!("nothing was requested: it still waits until {why}")));
                }
                if waited_for.as_ref() != Some(&why) {
                    say(tell, format!("waiting until {why}"));
                    waited_for = Some(why);
                }
                self.pause(LOOK).await?;
                continue;
            }
            let taken = self.with_known(resource, |subject| (promotion.takes_offline)(subject, &seen, to));
            if let Some(region) = taken.filter(|region| how == FailoverMode::Forced && !self.is_lost(region)) {
                return Err(StepError::Failed(format!(
                    "a forced promotion would take {region} offline, which has the writes and is not declared lost"
                )));
            }
            let waits = asked.as_ref().is_some_and(|asked| began < asked.until);
            let call = match self.with_known(resource, |subject| (promotion.promote)(subject, &seen, to, how)) {
                Ok(call) if waits && asked.as_ref().is_some_and(|asked| asked.call == call) => None,
                // A forced request is never followed by another one of its kind: the second would abandon a site that
                // works.
                Ok(call) if asked.as_ref().is_some_and(|asked| asked.done && asked.repeats(&call, how)) => {
                    return Err(StepError::Unknown(format!(
                        "{}; it was reported as carried out, and no read shows it within {}",
                        asked_in_words(&call),
                        spoken(SETTLES)
                    )));
                }
                // A program runs once in a step: the operator decides about another attempt.
                Ok(call) if matches!(call.method, CallMethod::Run(_)) && asked.is_some() => {
                    return Err(StepError::Unknown(format!("{}; no read shows its effect", asked_in_words(&call))));
                }
                Ok(call) => Some(call),
                Err(_) if waits => None,
                Err(why) => return Err(StepError::Failed(why)),
            };
            let Some(call) = call else {
                self.ports.clock.sleep(LOOK).await;
                continue;
            };
            if how == FailoverMode::Forced && asked.is_none() {
                measure(&standing, accepted, tell)?;
            }
            if asked_for > TRIES + UNCLEAR {
                return Err(StepError::Unknown(
                    "the promotion was requested several times, and no read shows it as complete".to_owned(),
                ));
            }
            match self.send(&call).await {
                Ok(()) => {
                    say(tell, asked_in_words(&call));
                    asked = Some(PendingCall { call, until: self.ports.clock.now() + SETTLES, done: true });
                }
                Err(CloudError::OutcomeUnknown(why)) if asked_for < UNCLEAR => {
                    say(tell, format!("{}; the outcome is unknown: {why}", asked_in_words(&call)));
                    asked = Some(PendingCall { call, until: self.ports.clock.now() + longest(span), done: false });
                }
                Err(CloudError::OutcomeUnknown(why)) => return Err(StepError::Unknown(why)),
                // The operation in progress may be this request: sent by a run that was cut off, or delivered twice.
                // Reads show the result.
                Err(CloudError::Refused(why)) if why.reason == Reason::Busy => {
                    let now = self.ports.clock.now();
                    if busy.is_none() {
                        say(tell, format!("waiting for another operation to end: {why}"));
                    }
                    if self.since(*busy.get_or_insert(now)) > longest(span) {
                        return Err(StepError::Unknown(format!(
                            "another operation has blocked the promotion for too long: {why}"
                        )));
                    }
                    asked = Some(PendingCall { call, until: now + BUSY, done: false });
                    continue;
                }
                Err(why) if may_pass(&why) && refused < TRIES => {
                    refused += 1;
                    say(tell, format!("refused; trying again: {why}"));
                    self.ports.clock.sleep(LOOK * 2_u32.pow(refused)).await;
                }
                // The request of a run that was cut off may have been in progress: then this refusal means that it is
                // complete.
                Err(why) => match self.stand(resource, promotion).await.1.writer {
                    Some(writer) if writer == to => {}
                    _ => return Err(why.into()),
                },
            }
            asked_for += 1;
        }
    }

    /// Waits until the secondary replicates.
    pub(super) async fn catch_up(&self, resource: &Resource, tell: &StepReporter) -> Result<(), StepError> {
        let promotion = promotion_of(resource)?;
        let (began, mut pause) = (self.ports.clock.now(), LOOK);
        let has_stand_in = self.stack.stand_in(resource).is_some();
        let mut told = None;
        loop {
            let (_, standing) = self.stand(resource, promotion).await;
            let words = ill(&standing.health);
            let patience = match &standing.health {
                // The site of a stand-in is stopped next, so that nothing catches up afterwards.
                Health::Following if has_stand_in && standing.lag != Some(Duration::ZERO) => PATIENCE,
                Health::Following => {
                    let behind =
                        standing.lag.map(|lag| format!(", replication lag {}", spoken(lag))).unwrap_or_default();
                    say(tell, format!("{words}{behind}"));
                    return Ok(());
                }
                Health::Behind(_) => PATIENCE,
                Health::Broken(_) | Health::Unseen(_) => HOPELESS,
            };
            if self.since(began) > patience {
                return Err(StepError::Failed(format!("after {}: {words}", spoken(patience))));
            }
            if told.as_ref() != Some(&words) {
                say(tell, words.clone());
                told = Some(words);
            }
            self.pause(pause).await?;
            pause = (pause * 2).min(LONGEST_LOOK);
        }
    }

    /// Requests the operation that restores replication, where it is broken.
    pub(super) async fn reprotect(
        &self,
        step: &Step,
        resource: &Resource,
        tell: &StepReporter,
    ) -> Result<(), StepError> {
        let promotion = promotion_of(resource)?;
        let began = self.ports.clock.now();
        let left = self.side_left(step);
        // A stand-in goes with its site: the side that was left is the target itself.
        let own = left.filter(|_| self.stack.stand_in(resource).is_some()).map(|_| resource.without_stand_in());
        let resource = own.as_ref().unwrap_or(resource);
        let mut asked: Option<Call> = None;
        loop {
            let (seen, standing) = self.stand(resource, promotion).await;
            let restored = self.with_known(resource, |subject| match promotion.handover.zip(left) {
                Some((handover, left)) => (handover.follow)(subject, &seen, left),
                None => (promotion.reprotect)(subject, &seen),
            });
            let call = match restored {
                Reprotect::Nothing => return Ok(()),
                // A program runs where the state of both sides is known.
                Reprotect::Ask(call, _) if is_blind(&call, &standing) => {
                    // Users are served at home already, and the record of the run has the debt.
                    if own.is_some() && self.since(began) > SETTLES {
                        say(tell, format!("left as it is: {}", ill(&standing.health)));
                        return Ok(());
                    }
                    if self.since(began) > HOPELESS {
                        return Err(StepError::Failed(format!(
                            "after {}: {}",
                            spoken(HOPELESS),
                            ill(&standing.health)
                        )));
                    }
                    self.pause(LOOK).await?;
                    continue;
                }
                Reprotect::Itself(words) => {
                    say(tell, words);
                    return Ok(());
                }
                Reprotect::Vendor(words) => return self.answered(step, words, tell),
                Reprotect::Ask(call, words) => {
                    if asked.is_none() {
                        say(tell, words);
                    }
                    call
                }
            };
            if self.since(began) > PATIENCE {
                return Err(StepError::Unknown("replication was requested, and no read shows it".to_owned()));
            }
            if asked.as_ref() != Some(&call) {
                match self.send(&call).await {
                    Ok(()) => {}
                    Err(CloudError::OutcomeUnknown(why)) => {
                        say(tell, format!("{}; the outcome is unknown: {why}", asked_in_words(&call)));
                    }
                    // The status is read again, and the request repeated if it is still needed.
                    Err(CloudError::Refused(why)) if why.reason == Reason::Busy => {
                        self.pause(LOOK).await?;
                        continue;
                    }
                    Err(why) => return Err(why.into()),
                }
                asked = Some(*call);
            }
            self.pause(LOOK).await?;
        }
    }

    /// The side that the promotion of this run has left, for a step that waits for that promotion.
    fn side_left(&self, step: &Step) -> Option<Side> {
        let steps = &self.errand.as_ref()?.undertaking.steps;
        step.needs.iter().filter_map(|need| steps.get(need.index())).find_map(|need| match &need.act {
            Act::Task(Task::Promote { to, .. }) if need.address == step.address => Some(to.other()),
            _ => None,
        })
    }

    /// The current status of a replica. Objects in the lost region are not read.
    pub(super) async fn stand(&self, resource: &Resource, promotion: &Promotion) -> (ReadResults, ReplicaStatus) {
        let looks = self.with_known(resource, promotion.looks);
        let one = |wanted: &'_ ReadRequest| {
            let given_up = wanted.region.as_ref().is_some_and(|region| self.is_lost(region));
            let wanted = wanted.clone();
            async move {
                match given_up {
                    true => ReadResult::Unseen("it is at the lost site".to_owned()),
                    false => look(self.ports.reads(), READ, &wanted).await,
                }
            }
        };
        let mut seen = ReadResults::at(self.ports.clock.now());
        let (programs, objects): (Vec<_>, Vec<_>) = looks.iter().partition(|look| look.what == ReadTarget::Output);
        for wanted in [objects, programs] {
            let stopped = promotion
                .handover
                .and_then(|handover| self.with_known(resource, |subject| (handover.stopped)(subject, &seen)));
            // Nobody answers on a machine that is stopped.
            let asked = wanted.iter().filter(|look| stopped.as_ref() != Some(&look.object.id));
            let asked: Vec<&ReadRequest> = asked.copied().collect();
            let sights = join_all(asked.iter().map(|look| one(look))).await;
            asked.into_iter().zip(sights).for_each(|(look, sight)| seen.keep(look, sight));
        }
        let standing = self.with_known(resource, |subject| (promotion.standing)(subject, &seen));
        (seen, standing)
    }

    pub(super) async fn send(&self, call: &Call) -> Result<(), CloudError> {
        let cloud = self.ports.cloud;
        match &call.method {
            CallMethod::Post(action, query) => {
                cloud.post(&call.object, action, query, call.body.as_ref()).await.map(drop)
            }
            CallMethod::Run(line) => programs::run(self.ports.commands, line).await,
            CallMethod::Patch => {
                cloud.patch(&call.object, call.body.as_ref().unwrap_or(&serde_json::json!({}))).await.map(drop)
            }
        }
    }

    /// A side as text, with its region.
    fn side(&self, resource: &Resource, promotion: &Promotion, side: Side) -> String {
        let word = match side {
            Side::Source => "the source",
            Side::Target => "the target",
        };
        let looks = self.with_known(resource, promotion.looks);
        match looks.into_iter().find(|look| look.side == Some(side)).and_then(|look| look.region) {
            Some(region) => format!("{word} at {region}"),
            None => word.to_owned(),
        }
    }
}

/// The promotion of a resource's kind.
pub(super) fn promotion_of(resource: &Resource) -> Result<&'static Promotion, StepError> {
    let none = || StepError::Failed(format!("{} is not a replica that can be promoted", resource.address));
    resource.kind.promotion.ok_or_else(none)
}

/// Measures the data loss of a forced promotion right before it, and compares it with the accepted loss.
fn measure(standing: &ReplicaStatus, accepted: Option<Duration>, tell: &StepReporter) -> Result<(), StepError> {
    let most = accepted.unwrap_or_default();
    match standing.lag {
        Some(lag) => {
            let said = at_least(lag);
            let what = format!("data loss {}: writes that have not been replicated", spoken(said));
            tell.learnt(StepFact { loss: Some(lag.as_secs_f64()), ..StepFact::said(what) });
            if lag <= most {
                return Ok(());
            }
            Err(StepError::Failed(format!(
                "nothing was requested: data loss would be {}, and {} was accepted",
                spoken(said),
                accepted.map_or_else(|| "none".to_owned(), spoken)
            )))
        }
        None if accepted.is_some() => {
            say(tell, "replication lag is unavailable; the accepted data loss applies");
            Ok(())
        }
        None => Err(StepError::Failed(
            "nothing was requested: replication lag is unavailable, and no data loss was accepted".to_owned(),
        )),
    }
}

/// True for refusals that may be temporary.
pub(super) fn may_pass(error: &CloudError) -> bool {
    match error {
        CloudError::Refused(refused) => refused.reason.may_pass(),
        CloudError::Unreachable(_) => true,
        CloudError::OutcomeUnknown(_) => false,
    }
}

pub(super) fn asked_in_words(call: &Call) -> String {
    match &call.method {
        CallMethod::Post(action, _) => format!("requested {action} of {}", call.object.id),
        CallMethod::Patch => format!("requested a change of {}", call.object.id),
        CallMethod::Run(line) => format!("ran `{}` for {}", programs::word(line), call.object.id),
    }
}

/// True for a program whose need cannot be judged, because a side does not answer.
fn is_blind(call: &Call, standing: &ReplicaStatus) -> bool {
    matches!((&call.method, &standing.health), (CallMethod::Run(_), Health::Unseen(_)))
}

/// The health of a replica that is not in sync.
fn ill(health: &Health) -> String {
    match health {
        Health::Following => "the replica is in sync".to_owned(),
        Health::Behind(how) | Health::Broken(how) => format!("the replica {how}"),
        Health::Unseen(why) => format!("the replica cannot be read: {why}"),
    }
}

/// The longest time that an operation with an unknown outcome may be in progress.
fn longest(span: DurationEstimate) -> Duration {
    Duration::from_secs(u64::from(span.worst)).max(SETTLES)
}
