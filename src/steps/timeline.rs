//! A failover run by its journal: every attempt at every step, what was learnt, who decided what, when users were served and which chain of
//! steps that took. What a status, a history and a report have in common.

use std::collections::BTreeMap;
use std::time::Duration;

use jiff::Timestamp;

use super::{
    Corrupt, Ended, Entry, Event, Learnt, Phase, Report, RunStatus, Stage, Started, StepEvent, StepGraph, StepId,
    Undertaking, replay_run,
};
use crate::address::Address;
use crate::kinds::How;
use crate::state::GroupRole;

/// A failover run as its journal has it.
#[derive(Debug, Clone)]
pub struct Timeline {
    /// How it was started; what it undertakes stands beside it.
    pub started: Started,
    /// What it undertakes.
    pub undertaking: Undertaking,
    /// Its steps, with those that were added on the way.
    pub graph: StepGraph,
    /// Where each step is.
    pub status: RunStatus,
    /// What came of it.
    pub report: Report,
    /// What happened to each step, by its position.
    pub courses: Vec<Course>,
    /// What people decided, in the order of time: that it is started, resumed, unwound, given up, and which steps are left out.
    pub decisions: Vec<Decision>,
    /// Whether it was given up.
    pub closed: bool,
    /// From which step on the steps take the others back; `None` where it was not unwound.
    pub unwinds: Option<StepId>,
    /// When users were served again; `None` where they are not.
    pub served: Option<Timestamp>,
    /// The chain of steps that made it as long as it was until users were served or, where they are not, until now.
    pub critical: Vec<StepId>,
    /// How much each replica has lost, as far as it was measured.
    pub losses: BTreeMap<Address, Duration>,
    /// The role that the group has by it; `None` where it has moved none.
    pub role: Option<GroupRole>,
}

/// What happened to a step.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Course {
    /// Each time it was begun.
    pub attempts: Vec<Attempt>,
    /// What was learnt, and when.
    pub learnt: Vec<(Timestamp, Learnt)>,
    /// When it was left out; who decided so, and why.
    pub left_out: Option<(Timestamp, String)>,
}

/// One time that a step was begun.
#[derive(Debug, Clone, PartialEq)]
pub struct Attempt {
    /// When.
    pub begun: Timestamp,
    /// When its outcome was known; `None` where none was heard of.
    pub ended: Option<Timestamp>,
    /// Where the step was then: [`Phase::UnderWay`] where no outcome was heard of.
    pub outcome: Phase,
    /// Why it failed, is not known or waits; empty where it is done.
    pub why: String,
}

/// What a person decided.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Decision {
    /// When.
    pub at: Timestamp,
    /// The step it is about; `None` where it is about the run.
    pub step: Option<StepId>,
    /// What, with whoever decided it: a sentence without its full stop.
    pub what: String,
}

/// What became of a run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Condition {
    /// It has not ended: it is carried out, or was cut off.
    Open,
    /// It waits for a person.
    Waits,
    /// It was asked to stop.
    Stopped,
    /// Steps have failed, or their outcome is not known.
    Failed,
    /// Every step is done.
    Done,
    /// All that it did was taken back.
    Unwound,
    /// It was given up.
    GivenUp,
}

impl Condition {
    /// The word for it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Waits => "waits",
            Self::Stopped => "stopped",
            Self::Failed => "failed",
            Self::Done => "done",
            Self::Unwound => "unwound",
            Self::GivenUp => "given up",
        }
    }

    /// Whether the run can go on.
    pub const fn is_open(self) -> bool {
        matches!(self, Self::Open | Self::Waits | Self::Stopped | Self::Failed)
    }
}

impl Timeline {
    /// The run of this journal.
    ///
    /// # Errors
    /// The first entry that cannot follow the ones before it; also where the journal is of no failover run.
    pub fn of(journal: &[Entry]) -> Result<Self, Corrupt> {
        let (graph, status) = replay_run(journal)?;
        let none = || Corrupt { entry: 1, why: "it does not begin a failover run".to_owned() };
        let Some(Event::Started(started)) = journal.first().map(|entry| &entry.event) else { return Err(none()) };
        let mut started = started.clone();
        let undertaking = *started.failover.take().ok_or_else(none)?;
        let report = Report::of(&graph, journal).ok_or_else(none)?;
        let courses = vec![Course::default(); graph.steps.len()];
        let unwinds = journal.iter().any(|entry| matches!(entry.event, Event::Extended { .. }));
        let unwinds = unwinds.then_some(StepId(started.steps));
        let mut timeline = Self {
            started,
            undertaking,
            graph,
            status,
            report,
            courses,
            decisions: Vec::new(),
            closed: false,
            unwinds,
            served: None,
            critical: Vec::new(),
            losses: BTreeMap::new(),
            role: None,
        };
        journal.iter().for_each(|entry| timeline.note(entry));
        timeline.served = timeline.served_at();
        timeline.critical = timeline.chain();
        Ok(timeline)
    }

    /// What became of the run.
    pub fn condition(&self) -> Condition {
        let waits = self.status.phases().contains(&Phase::Paused);
        match self.report.ended {
            _ if self.closed => Condition::GivenUp,
            None => Condition::Open,
            Some(Ended::Done) if self.unwinds.is_some() => Condition::Unwound,
            Some(Ended::Done) => Condition::Done,
            Some(Ended::Stopped) if waits => Condition::Waits,
            Some(Ended::Stopped) => Condition::Stopped,
            Some(Ended::Failed) => Condition::Failed,
        }
    }

    /// How long it took until users were served again.
    pub fn recovery(&self) -> Option<Duration> {
        Some(between(self.report.began, self.served?))
    }

    /// How much of the newest writes a replica has lost: as measured or, where its roles were moved as planned and nothing was announced, none.
    pub fn lost(&self, replica: &Address) -> Option<Duration> {
        let announced = self.undertaking.losses.get(replica).copied().flatten();
        let none = announced.filter(|loss| loss.is_zero() && self.undertaking.how == How::Planned);
        self.losses.get(replica).copied().or(none)
    }

    /// When the last thing was recorded.
    pub fn last(&self) -> Timestamp {
        self.report.began.checked_add(self.report.length).unwrap_or(self.report.began)
    }

    /// How long the rest is expected to take, from this moment on: the longest chain of what is not done.
    pub fn rest(&self, now: Timestamp) -> Duration {
        let remaining = self.graph.remaining();
        let rest = self.graph.steps.iter().filter_map(|step| {
            let whole = remaining.get(step.id.index()).copied().unwrap_or_default();
            match self.status.phase(step.id)? {
                Phase::Succeeded | Phase::Skipped => None,
                Phase::UnderWay => {
                    let begun = self.course(step.id)?.attempts.last()?.begun;
                    Some(whole.saturating_sub(between(begun, now).min(step.expect)))
                }
                Phase::Waiting | Phase::Ready | Phase::Failed | Phase::Unknown | Phase::Paused => Some(whole),
            }
        });
        rest.max().unwrap_or_default()
    }

    /// What happened to a step.
    pub fn course(&self, id: StepId) -> Option<&Course> {
        self.courses.get(id.index())
    }

    fn note(&mut self, entry: &Entry) {
        let at = entry.at;
        let decisions = &mut self.decisions;
        let mut decide = |step, what| decisions.push(Decision { at, step, what });
        match &entry.event {
            Event::Started(started) => decide(None, format!("{} started the run", started.by)),
            Event::Resumed { by } => decide(None, format!("{by} resumed the run")),
            Event::Extended { why, .. } => decide(None, format!("the run is unwound: {why}")),
            Event::Closed { by, why } => {
                decide(None, format!("{by} gave the run up: {why}"));
                self.closed = true;
            }
            Event::Ended(_) => {}
            Event::Step { step, address, event } => {
                if let StepEvent::Skipped(why) = event {
                    decide(Some(*step), format!("{address} was left out: {why}"));
                }
                if let StepEvent::Learnt(learnt) = event {
                    if self.graph.step(*step).is_some_and(|step| step.act.asks_a_person()) {
                        decide(Some(*step), format!("{address}: {}", learnt.what));
                    }
                    self.learn(address, learnt);
                }
                if let Some(course) = self.courses.get_mut(step.index()) {
                    course.note(at, event);
                }
            }
        }
    }

    fn learn(&mut self, address: &Address, learnt: &Learnt) {
        if let Some(loss) = learnt.loss.and_then(|loss| Duration::try_from_secs_f64(loss).ok()) {
            self.losses.insert(address.clone(), loss);
        }
        if let Some((group, role)) = &learnt.role
            && *group == self.undertaking.group
        {
            self.role = Some((**role).clone());
        }
    }

    /// The end of the last step on which users wait, where all of those are done or were left out; where there is none, of the last step of all.
    /// Nobody is served by a run that was unwound.
    fn served_at(&self) -> Option<Timestamp> {
        let mut served = None;
        let none_serves = !self.graph.steps.iter().any(|step| serves(step.stage));
        for step in self.graph.steps.iter().filter(|step| none_serves || serves(step.stage)) {
            match self.status.phase(step.id)? {
                Phase::Succeeded => served = served.max(self.ended(step.id)),
                Phase::Skipped => served = served.max(self.course(step.id)?.left_out.as_ref().map(|(at, _)| *at)),
                _ => return None,
            }
        }
        served.filter(|_| self.unwinds.is_none())
    }

    /// From the step that ended last, of those on which users wait or of all, back along what each had to wait for longest.
    fn chain(&self) -> Vec<StepId> {
        let counts = |stage| self.served.is_none() || serves(stage);
        let ends = self.graph.steps.iter().filter(|step| counts(step.stage));
        let ends = ends.filter_map(|step| Some((self.ended(step.id)?, std::cmp::Reverse(step.id))));
        let last = ends.max().map(|(_, std::cmp::Reverse(id))| id);
        let before = |id: &StepId| {
            let needs = self.graph.step(*id)?.needs.iter();
            let needs = needs.filter_map(|need| Some((self.ended(*need)?, std::cmp::Reverse(*need))));
            needs.max().map(|(_, std::cmp::Reverse(id))| id)
        };
        let mut chain: Vec<StepId> = std::iter::successors(last, before).collect();
        chain.reverse();
        chain
    }

    /// When a step came to its last outcome.
    fn ended(&self, id: StepId) -> Option<Timestamp> {
        self.course(id)?.attempts.last()?.ended
    }
}

impl Course {
    fn note(&mut self, at: Timestamp, event: &StepEvent) {
        let (outcome, why) = match event {
            StepEvent::Begun(_) => {
                let attempt = Attempt { begun: at, ended: None, outcome: Phase::UnderWay, why: String::new() };
                return self.attempts.push(attempt);
            }
            StepEvent::Learnt(learnt) => return self.learnt.push((at, learnt.clone())),
            StepEvent::Skipped(why) => {
                self.left_out = Some((at, why.clone()));
                return;
            }
            StepEvent::Succeeded(_) => (Phase::Succeeded, ""),
            StepEvent::Failed(why) => (Phase::Failed, why.as_str()),
            StepEvent::OutcomeUnknown(why) => (Phase::Unknown, why.as_str()),
            StepEvent::Paused(why) => (Phase::Paused, why.as_str()),
        };
        if let Some(attempt) = self.attempts.last_mut() {
            *attempt = Attempt { begun: attempt.begun, ended: Some(at), outcome, why: why.to_owned() };
        }
    }

    /// How long its attempts took together.
    pub fn took(&self) -> Duration {
        let took = |attempt: &Attempt| attempt.ended.map_or(Duration::ZERO, |ended| between(attempt.begun, ended));
        self.attempts.iter().map(took).sum()
    }

    /// Why it is not done, as last heard.
    pub fn why(&self) -> Option<&str> {
        self.attempts.last().map(|attempt| attempt.why.as_str()).filter(|why| !why.is_empty())
    }
}

/// Whether users wait for steps of this phase.
const fn serves(stage: Stage) -> bool {
    matches!(stage, Stage::Route | Stage::Probe)
}

/// How long it is from one moment to another; nothing where the clock was set back meanwhile.
pub(crate) fn between(since: Timestamp, until: Timestamp) -> Duration {
    Duration::try_from(until.duration_since(since)).unwrap_or_default()
}
