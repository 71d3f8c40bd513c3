//! The line of time at the head of a report: outage, detection, decision, traffic, service, data loss.
//!
//! A moment that nothing recorded is reported as not recorded. An objective counts as met only where the journal shows
//! it: the recovery time of a forced run counts from the outage, so that it is unverified without the outage's time.

use std::time::Duration;

use jiff::Timestamp;
use serde::Serialize;

use super::super::forecast::{ObjectiveMark, of_amount};
use super::{lost, mood};
use crate::duration::spoken;
use crate::failover::moment;
use crate::roles::FailoverMode;
use crate::state::RunKind;
use crate::steps::{Phase, Stage, StepHistory, Timeline, between};

/// A moment of a run, as text.
#[derive(Debug, PartialEq, Eq, Serialize)]
pub(super) struct Moment {
    /// Name.
    pub what: &'static str,
    /// Time after the outage or, where that is unknown, after the start of the run; or the state.
    pub after: String,
    /// Time of day, and details.
    pub detail: String,
    /// State of the objective that is measured here; empty where none is.
    pub objective: String,
    /// Colour: `good`, `bad`, `open` or `none`.
    pub mood: &'static str,
}

/// A run with the time at which the outage began, where that is known.
pub(super) struct Clock<'a> {
    pub run: &'a Timeline,
    pub outage: Option<Timestamp>,
}

impl<'a> Clock<'a> {
    /// The clock of a run. An outage that the run itself records is known.
    pub fn of(run: &'a Timeline, outage: Option<Timestamp>) -> Self {
        Self { run, outage: outage.or(run.outage()) }
    }

    /// Set where users lost service before the run began.
    pub fn has_outage(&self) -> bool {
        self.run.follows_outage()
    }

    /// Time from which everything is counted.
    fn origin(&self) -> Timestamp {
        self.outage.filter(|_| self.has_outage()).unwrap_or(self.run.report.began)
    }

    fn after(&self, at: Timestamp) -> String {
        format!("+{}", spoken(between(self.origin(), at)))
    }

    /// The measured time that the RTO limits, as far as a probe or endpoint monitoring has confirmed the service: from
    /// the outage, where its start is known, else from the start of the run; of a planned move the service
    /// interruption; of a drill the time until the copies answered and the expected time of the steps left out.
    pub fn recovery(&self) -> Option<Duration> {
        let undertaking = &self.run.undertaking;
        let served = self.run.served.filter(|_| !self.run.moves_nothing())?;
        match undertaking.verb {
            RunKind::Drill => {
                let left = undertaking.predicted.left_out.map(|left| left.typical).unwrap_or_default();
                Some(between(self.origin(), served) + left)
            }
            RunKind::Up | RunKind::Down if undertaking.how == FailoverMode::Planned => self.run.interruption(),
            RunKind::Up | RunKind::Down | RunKind::Restore => Some(between(self.origin(), served)),
        }
    }

    /// The recovery time against its objective.
    pub fn time_mark(&self) -> ObjectiveMark {
        // A failback switches from a site that serves users.
        let objective = self.run.undertaking.objectives.0.filter(|_| self.run.undertaking.verb != RunKind::Down);
        match of_amount(self.recovery(), objective) {
            ObjectiveMark::Met if self.has_outage() && self.outage.is_none() => ObjectiveMark::Unknown,
            ObjectiveMark::Met if !self.is_safe() => ObjectiveMark::AtRisk,
            mark => mark,
        }
    }

    /// True unless the steps that a drill leaves out would miss the RTO with their P95.
    fn is_safe(&self) -> bool {
        let undertaking = &self.run.undertaking;
        let left = undertaking.predicted.left_out.filter(|_| undertaking.verb == RunKind::Drill);
        let more = left.map(|left| left.worst.saturating_sub(left.typical)).unwrap_or_default();
        let worst = self.recovery().map(|recovery| recovery + more);
        worst.zip(undertaking.objectives.0).is_none_or(|(worst, objective)| worst <= objective)
    }

    /// The greatest data loss against its objective: missed where one store misses it, unknown where one is not
    /// measured.
    pub fn loss_mark(&self) -> ObjectiveMark {
        if self.run.undertaking.verb == RunKind::Drill {
            return ObjectiveMark::None; // A drill promotes no data.
        }
        let objective = self.run.undertaking.objectives.1;
        let mark = |replica| of_amount(self.run.lost(replica), objective);
        let marks: Vec<ObjectiveMark> = self.run.undertaking.losses.keys().map(mark).collect();
        [ObjectiveMark::Missed, ObjectiveMark::Unknown, ObjectiveMark::Met]
            .into_iter()
            .find(|mark| marks.contains(mark))
            .unwrap_or(ObjectiveMark::None)
    }

    /// The greatest loss of a store; the least that it can be where one is not measured.
    pub fn greatest_loss(&self) -> String {
        let losses: Vec<_> = self.run.undertaking.losses.keys().map(|replica| self.run.lost(replica)).collect();
        match losses.iter().flatten().max() {
            Some(most) if !losses.contains(&None) => lost(*most),
            Some(most) if !most.is_zero() => format!("{} or more", lost(*most)),
            _ if losses.is_empty() => "no replica moved".to_owned(),
            _ => "not measured".to_owned(),
        }
    }

    /// The line of time.
    pub fn moments(&self) -> Vec<Moment> {
        vec![self.outage(), self.detected(), self.decided(), self.switched(), self.restored(), self.loss()]
    }

    fn outage(&self) -> Moment {
        let what = "Outage began";
        match (self.outage, self.run.undertaking.verb) {
            (Some(at), RunKind::Up) if self.has_outage() => Moment { detail: moment(at), ..Moment::state(what, "+0s") },
            (None, RunKind::Up) if self.has_outage() => Moment { mood: "open", ..Moment::state(what, "not recorded") },
            (_, RunKind::Up) => Moment { detail: "planned move".to_owned(), ..Moment::state(what, "no outage") },
            (_, RunKind::Down) => Moment { detail: "failback".to_owned(), ..Moment::state(what, "no outage") },
            (_, RunKind::Restore) => {
                Moment { detail: "restore in place".to_owned(), ..Moment::state(what, "no outage") }
            }
            (_, RunKind::Drill) => Moment { detail: "drill".to_owned(), ..Moment::state(what, "no outage") },
        }
    }

    fn detected(&self) -> Moment {
        let what = "Detected";
        if !self.has_outage() {
            return Moment::state(what, "–");
        }
        let detail = "drplan does not monitor".to_owned();
        Moment { mood: "open", detail, ..Moment::state(what, "not recorded") }
    }

    /// The start of the run, with the person; a person's answers to steps on the way are in the table of decisions.
    fn decided(&self) -> Moment {
        let began = self.run.report.began;
        let detail = format!("{}, by {}", moment(began), self.run.started.by);
        let what = if self.has_outage() { "Declared and decided" } else { "Decided" };
        Moment { detail, ..Moment::state(what, &self.after(began)) }
    }

    fn switched(&self) -> Moment {
        let what = "Traffic switched";
        let run = self.run;
        if run.undertaking.verb == RunKind::Drill {
            return Moment { detail: "a drill moves no users".to_owned(), ..Moment::state(what, "no") };
        }
        let routes: Vec<_> = run.graph.steps.iter().filter(|step| step.stage == Stage::Route).collect();
        if routes.is_empty() {
            let detail = "no route: not by drplan".to_owned();
            return Moment { mood: "open", detail, ..Moment::state(what, "not recorded") };
        }
        let mut ended = None;
        for step in routes {
            match run.status.phase(step.id) {
                Some(Phase::Succeeded) => {
                    let attempts = run.course(step.id).map(|course| course.attempts.as_slice()).unwrap_or_default();
                    ended = ended.max(attempts.last().and_then(|attempt| attempt.ended));
                }
                Some(Phase::Skipped) => {
                    let detail = format!("{} was skipped", step.address);
                    return Moment { mood: "open", detail, ..Moment::state(what, "not verified") };
                }
                _ => return Moment { mood: "open", ..Moment::state(what, "not done") },
            }
        }
        match ended.filter(|_| run.unwinds.is_none()) {
            Some(at) => Moment { detail: moment(at), ..Moment::state(what, &self.after(at)) },
            None => Moment { mood: "open", detail: "rolled back".to_owned(), ..Moment::state(what, "no") },
        }
    }

    fn restored(&self) -> Moment {
        let run = self.run;
        let what = match run.undertaking.verb {
            RunKind::Up => "Service restored",
            RunKind::Down => "Users back",
            RunKind::Drill => "Copies answered",
            RunKind::Restore => "Data restored",
        };
        let mark = self.time_mark();
        let objective = match (run.undertaking.objectives.0, run.undertaking.verb) {
            (_, RunKind::Down) => String::new(),
            (Some(objective), _) => format!("RTO {}: {}", spoken(objective), words(mark)),
            (None, _) => "no RTO set".to_owned(),
        };
        let Some(at) = run.served.filter(|_| !run.moves_nothing()) else {
            return match super::super::service::unconfirmed(run) {
                Some(why) => Moment { mood: "open", objective, detail: why, ..Moment::state(what, "not confirmed") },
                None => Moment { mood: "bad", objective, ..Moment::state(what, "not reached") },
            };
        };
        let is_probed = run
            .graph
            .steps
            .iter()
            .filter(|step| step.stage == Stage::Probe)
            .any(|step| run.course(step.id).is_some_and(StepHistory::was_answered));
        let verified = if is_probed { ", verified by probe" } else { ", verified by endpoint monitoring" };
        let since = if self.has_outage() && self.outage.is_none() { "; counted from the start of the run" } else { "" };
        let detail = format!("{}{verified}{since}", moment(at));
        Moment { detail, objective, mood: mood(mark), ..Moment::state(what, &self.after(at)) }
    }

    fn loss(&self) -> Moment {
        let run = self.run;
        let what = "Data loss";
        if run.undertaking.verb == RunKind::Drill {
            return Moment { detail: "a drill promotes no data".to_owned(), ..Moment::state(what, "not tested") };
        }
        let mark = self.loss_mark();
        let each = run.undertaking.losses.keys().map(|replica| {
            let amount = run.lost(replica).map_or_else(|| "not measured".to_owned(), lost);
            format!("{} {amount}", replica.name())
        });
        let each: Vec<String> = each.collect();
        let detail = if each.len() > 4 { format!("{} replicas", each.len()) } else { each.join(", ") };
        let objective = match run.undertaking.objectives.1 {
            Some(objective) => format!("RPO {}: {}", spoken(objective), words(mark)),
            None => "no RPO set".to_owned(),
        };
        Moment { detail, objective, mood: mood(mark), ..Moment::state(what, &self.greatest_loss()) }
    }
}

impl Moment {
    fn state(what: &'static str, after: &str) -> Self {
        Self { what, after: after.to_owned(), detail: String::new(), objective: String::new(), mood: "none" }
    }
}

/// A mark as text: an objective that cannot be judged is not verified.
pub(super) const fn words(mark: ObjectiveMark) -> &'static str {
    match mark {
        ObjectiveMark::Met => "met",
        ObjectiveMark::Missed => "missed",
        ObjectiveMark::AtRisk => "at risk",
        ObjectiveMark::Unknown => "not verified",
        ObjectiveMark::None => "no objective",
    }
}
