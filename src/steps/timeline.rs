//! A failover run from its journal: every attempt at every step, observations, decisions, the time of recovery and
//! the chain of steps that determined it. Shared by status, history and report.

use std::collections::BTreeMap;
use std::time::Duration;

use jiff::Timestamp;

use super::{
    Act, Corrupt, Entry, Event, NOT_NEEDED, Phase, Report, RunEnd, RunSpec, RunStart, RunStatus, Stage, Step,
    StepEvent, StepFact, StepGraph, StepId, Task, WIDTH, is_interruption, replay_run,
};
use crate::address::Address;
use crate::backup::RestoreRecord;
use crate::roles::FailoverMode;
use crate::state::{GroupRole, RunKind};

/// A failover run from its journal.
#[derive(Debug, Clone)]
pub struct Timeline {
    /// The start of the run; its specification is the next field.
    pub started: RunStart,
    /// The specification.
    pub undertaking: RunSpec,
    /// Its steps, including those added later.
    pub graph: StepGraph,
    /// The progress of each step.
    pub status: RunStatus,
    /// The result.
    pub report: Report,
    /// The history of each step, by its position.
    pub courses: Vec<StepHistory>,
    /// Decisions of operators in chronological order: start, resume, rollback, abort, and skipped steps.
    pub decisions: Vec<OperatorDecision>,
    /// Set once the run was aborted.
    pub closed: bool,
    /// The run that took it over.
    pub superseded_by: Option<String>,
    /// The first step of the rollback; `None` without one.
    pub unwinds: Option<StepId>,
    /// The time at which users were served again, as a probe or a front has confirmed; `None` where nothing has.
    pub served: Option<Timestamp>,
    /// The time at which everything was done that users depend on, confirmed or not; `None` where a step of it is not
    /// done, was skipped or was rolled back.
    pub arrived: Option<Timestamp>,
    /// The chain of steps that determined the duration until users were served again or, where they are not, until
    /// now.
    pub critical: Vec<StepId>,
    /// The measured data loss of each replica.
    pub losses: BTreeMap<Address, Duration>,
    /// For each traffic switch, the last report of the fronts: true if users are served at the destination.
    pub fronts: BTreeMap<StepId, bool>,
    /// The new role of the group; `None` where the run moved none.
    pub role: Option<GroupRole>,
    /// The restores, by backup.
    pub restores: BTreeMap<Address, Vec<RestoreRecord>>,
}

/// The history of a step.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct StepHistory {
    /// Every attempt.
    pub attempts: Vec<Attempt>,
    /// Observations with their times.
    pub learnt: Vec<(Timestamp, StepFact)>,
    /// The time at which it was skipped, with the operator and the reason.
    pub left_out: Option<(Timestamp, String)>,
}

/// One attempt at a step.
#[derive(Debug, Clone, PartialEq)]
pub struct Attempt {
    /// Its start.
    pub begun: Timestamp,
    /// The time of its outcome; `None` without one.
    pub ended: Option<Timestamp>,
    /// Its outcome; [`Phase::UnderWay`] without one.
    pub outcome: Phase,
    /// The reason for a failure, an unknown outcome or a wait; empty for success.
    pub why: String,
}

/// A decision of an operator.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OperatorDecision {
    /// Its time.
    pub at: Timestamp,
    /// The step concerned; `None` for the whole run.
    pub step: Option<StepId>,
    /// The decision with its operator: a sentence without its full stop.
    pub what: String,
}

/// The condition of a run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Condition {
    /// Not ended: in progress, or cut off.
    Open,
    /// Waits for the operator.
    Waits,
    /// Stopped on request.
    Stopped,
    /// Steps failed, or their outcome is unknown.
    Failed,
    /// Every step succeeded.
    Done,
    /// Rolled back completely.
    Unwound,
    /// Aborted.
    GivenUp,
    /// Taken over by another run.
    Superseded,
}

impl Condition {
    /// The name of the condition.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Waits => "waits",
            Self::Stopped => "stopped",
            Self::Failed => "failed",
            Self::Done => "done",
            Self::Unwound => "unwound",
            Self::GivenUp => "aborted",
            Self::Superseded => "superseded",
        }
    }

    /// True if the run can be resumed.
    pub const fn is_open(self) -> bool {
        matches!(self, Self::Open | Self::Waits | Self::Stopped | Self::Failed)
    }
}

impl Timeline {
    /// The timeline of this journal.
    ///
    /// # Errors
    /// The first entry that cannot follow the ones before it; also where the journal is not of a failover run.
    pub fn of(journal: &[Entry]) -> Result<Self, Corrupt> {
        let (graph, status) = replay_run(journal)?;
        let none = || Corrupt { entry: 1, why: "it does not begin a failover run".to_owned() };
        let Some(Event::Started(started)) = journal.first().map(|entry| &entry.event) else { return Err(none()) };
        let mut started = started.clone();
        let undertaking = *started.failover.take().ok_or_else(none)?;
        let report = Report::of(&graph, journal).ok_or_else(none)?;
        let courses = vec![StepHistory::default(); graph.steps.len()];
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
            superseded_by: None,
            unwinds,
            served: None,
            arrived: None,
            critical: Vec::new(),
            losses: BTreeMap::new(),
            fronts: BTreeMap::new(),
            role: None,
            restores: super::restores_of(journal),
        };
        journal.iter().for_each(|entry| timeline.note(entry));
        timeline.arrived = timeline.arrived_at();
        timeline.served = timeline.arrived.filter(|_| timeline.is_confirmed());
        timeline.critical = timeline.chain();
        Ok(timeline)
    }

    /// The condition of the run.
    pub fn condition(&self) -> Condition {
        let waits = self.graph.steps.iter().any(|step| self.phase(step.id) == Some(Phase::Paused));
        match self.report.ended {
            _ if self.superseded_by.is_some() => Condition::Superseded,
            _ if self.closed => Condition::GivenUp,
            None => Condition::Open,
            Some(RunEnd::Done) if self.unwinds.is_some() => Condition::Unwound,
            Some(RunEnd::Done) => Condition::Done,
            Some(RunEnd::Stopped) if waits => Condition::Waits,
            Some(RunEnd::Stopped) => Condition::Stopped,
            Some(RunEnd::Failed) => Condition::Failed,
        }
    }

    /// True if an operator skipped a step: the run did not do everything that it was made for, and its durations are no
    /// sample for predictions.
    pub fn has_skipped(&self) -> bool {
        self.courses.iter().any(|course| course.left_out.is_some())
    }

    /// The phase of a step. A wait that a request to stop interrupted is ready: it needs no answer.
    pub fn phase(&self, id: StepId) -> Option<Phase> {
        let interrupted = || self.course(id).and_then(StepHistory::why).is_some_and(is_interruption);
        match self.status.phase(id)? {
            Phase::Paused if interrupted() => Some(Phase::Ready),
            phase => Some(phase),
        }
    }

    /// The recovery time from the start of the run: until a probe or a front has confirmed that users are served.
    pub fn recovery(&self) -> Option<Duration> {
        Some(between(self.report.began, self.served?))
    }

    /// The time from the start of the run until everything was done that users depend on, confirmed or not. The
    /// measured value of the predicted recovery time.
    pub fn switched(&self) -> Option<Duration> {
        Some(between(self.report.began, self.arrived?))
    }

    /// True where users were without service before the run began: the outage is the reason for the run.
    pub fn follows_outage(&self) -> bool {
        self.undertaking.verb == RunKind::Up && self.undertaking.how == FailoverMode::Forced
    }

    /// The start of the outage, where the operator gave it.
    pub fn outage(&self) -> Option<Timestamp> {
        self.undertaking.since.filter(|_| self.follows_outage())
    }

    /// The measured time without service, confirmed: after an outage from its start, where that is known, else from
    /// the start of the run; during a planned move the service interruption. A drill interrupts nobody: the time until
    /// its copies answered.
    pub fn without_service(&self) -> Option<Duration> {
        let served = self.served?;
        match (self.undertaking.verb, self.undertaking.how) {
            (RunKind::Drill | RunKind::Restore, _) => Some(between(self.report.began, served)),
            (_, FailoverMode::Forced) => Some(between(self.outage().unwrap_or(self.report.began), served)),
            (RunKind::Up | RunKind::Down, FailoverMode::Planned) => self.interruption(),
        }
    }

    /// The measured service interruption of a planned move: from the start of the first step that stops work, blocks
    /// writes or moves data to the end of the last traffic switch. `None` until traffic is switched.
    pub fn interruption(&self) -> Option<Duration> {
        let arrived = self.arrived?;
        let begun = |stages: &[Stage]| {
            let steps = self.graph.steps.iter().filter(|step| stages.contains(&step.stage));
            steps.filter_map(|step| Some(self.course(step.id)?.attempts.first()?.begun)).min()
        };
        let Some(since) = begun(&[Stage::Quiesce]).or_else(|| begun(&[Stage::Fence, Stage::Promote])) else {
            return Some(Duration::ZERO);
        };
        let routes = self.graph.steps.iter().filter(|step| step.stage == Stage::Route);
        let until = routes.filter_map(|step| self.ended(step.id)).max().unwrap_or(arrived);
        Some(between(since, until))
    }

    /// The skipped steps that users depend on.
    pub fn skipped(&self) -> impl Iterator<Item = &Step> {
        let is_skipped = |step: &&Step| self.course(step.id).is_some_and(|course| course.left_out.is_some());
        self.graph.steps.iter().filter(|step| serves(step.stage)).filter(is_skipped)
    }

    /// True for a move that promotes no replica, switches no traffic and runs no program or request of the group: users
    /// and data stay where they are.
    pub fn moves_nothing(&self) -> bool {
        self.undertaking.verb.moves()
            && self.undertaking.roles.is_empty()
            && !self.graph.steps.iter().any(Step::moves_users)
    }

    /// True for a move that neither moves users or data nor creates or deletes what exists only while failed over.
    pub fn does_nothing(&self) -> bool {
        let provisions = |step: &Step| matches!(step.stage, Stage::StandUp | Stage::TakeDown);
        self.moves_nothing() && !self.graph.steps.iter().any(provisions)
    }

    /// The data loss of a replica: as measured, or none where its role was moved as planned and no loss was announced.
    pub fn lost(&self, replica: &Address) -> Option<Duration> {
        let announced = self.undertaking.losses.get(replica).copied().flatten();
        let none = announced.filter(|loss| loss.is_zero() && self.is_planned(replica));
        self.losses.get(replica).copied().or(none)
    }

    /// True for a replica that moves as planned, in a forced run too, or not at all.
    fn is_planned(&self, replica: &Address) -> bool {
        let promotion = self.graph.steps.iter().rev().find_map(|step| match &step.act {
            Act::Task(Task::Promote { how, .. }) if step.address == *replica => Some(*how),
            _ => None,
        });
        let is_planned = self.undertaking.how == FailoverMode::Planned;
        self.undertaking.verb != RunKind::Drill
            && (is_planned || promotion.is_none_or(|how| how == FailoverMode::Planned))
    }

    /// The time of the last entry.
    pub fn last(&self) -> Timestamp {
        self.report.began.checked_add(self.report.length).unwrap_or(self.report.began)
    }

    /// The expected remaining duration from this moment on, with the steps that wait for each other.
    pub fn rest(&self, now: Timestamp) -> Duration {
        let left = |step: &Step| match self.status.phase(step.id) {
            None | Some(Phase::Succeeded | Phase::Skipped) => Duration::ZERO,
            Some(Phase::UnderWay) => {
                let begun = self.course(step.id).and_then(|course| course.attempts.last()).map(|last| last.begun);
                step.expect.saturating_sub(begun.map(|begun| between(begun, now)).unwrap_or_default())
            }
            Some(Phase::Waiting | Phase::Ready | Phase::Failed | Phase::Unknown | Phase::Paused) => step.expect,
        };
        self.graph.schedule(WIDTH, left).total()
    }

    /// The time since the start of a running step; `None` for one that does not run.
    pub fn running_for(&self, id: StepId, now: Timestamp) -> Option<Duration> {
        let last = self.course(id)?.attempts.last()?;
        (self.phase(id) == Some(Phase::UnderWay)).then(|| between(last.begun, now))
    }

    /// The history of a step.
    pub fn course(&self, id: StepId) -> Option<&StepHistory> {
        self.courses.get(id.index())
    }

    fn note(&mut self, entry: &Entry) {
        let at = entry.at;
        let decisions = &mut self.decisions;
        let mut decide = |step, what| decisions.push(OperatorDecision { at, step, what });
        match &entry.event {
            Event::Started(started) => {
                let over = started.failover.as_deref().and_then(|spec| spec.supersedes.as_ref());
                let over = over.map(|other| format!(", which takes over run {other}")).unwrap_or_default();
                decide(None, format!("{} started the run{over}", started.by));
            }
            Event::Resumed { by } => decide(None, format!("{by} resumed the run")),
            Event::Revised { by, differences, .. } => {
                let what = if differences.is_empty() { String::new() } else { format!(": {}", differences.join("; ")) };
                decide(None, format!("{by} resumed the run with a changed stack{what}"));
            }
            Event::Extended { why, .. } => decide(None, format!("the run is rolled back: {why}")),
            Event::Closed { by, why, superseded_by } => {
                decide(
                    None,
                    match superseded_by {
                        Some(other) => format!("{by} took the run over with run {other}"),
                        None => format!("{by} aborted the run: {why}"),
                    },
                );
                self.closed = true;
                self.superseded_by.clone_from(superseded_by);
            }
            Event::Ended(_) => {}
            Event::Step { step, address, event } => {
                if let StepEvent::Skipped(why) = event {
                    decide(Some(*step), format!("{address} was skipped: {why}"));
                }
                if let StepEvent::Learnt(learnt) = event {
                    if self.graph.step(*step).is_some_and(|step| step.act.asks_a_person()) {
                        decide(Some(*step), format!("{address}: {}", learnt.what));
                    }
                    self.learn((*step, address), learnt);
                }
                if matches!(event, StepEvent::Begun(_)) {
                    self.fronts.remove(step);
                }
                if let Some(course) = self.courses.get_mut(step.index()) {
                    course.note(at, event);
                }
            }
        }
    }

    fn learn(&mut self, (step, address): (StepId, &Address), learnt: &StepFact) {
        // Every front of a step has to report that users are served.
        if let Some(served) = learnt.served {
            self.fronts.entry(step).and_modify(|all| *all &= served).or_insert(served);
        }
        if let Some(loss) = learnt.loss.and_then(|loss| Duration::try_from_secs_f64(loss).ok()) {
            self.losses.insert(address.clone(), loss);
        }
        if let Some((group, role)) = &learnt.role
            && *group == self.undertaking.group
        {
            self.role = Some((**role).clone());
        }
    }

    /// The end of the last step that users depend on, where all of those are done; without such steps, the end of the
    /// last step of all. `None` for a run that was rolled back, and where one was skipped.
    fn arrived_at(&self) -> Option<Timestamp> {
        let mut arrived = None;
        let none_serves = !self.graph.steps.iter().any(|step| serves(step.stage));
        for step in self.graph.steps.iter().filter(|step| none_serves || serves(step.stage)) {
            match (self.status.phase(step.id)?, self.course(step.id)?.left_out.is_some()) {
                (Phase::Succeeded, false) => arrived = arrived.max(self.ended(step.id)),
                _ => return None,
            }
        }
        arrived.filter(|_| self.unwinds.is_none())
    }

    /// The steps that went on without the answer to a request, because its host is outside the simulated world.
    pub fn not_simulated(&self) -> impl Iterator<Item = &Step> {
        let is_done = |step: &&Step| self.status.phase(step.id) == Some(Phase::Succeeded);
        let went_on = |step: &&Step| self.course(step.id).is_some_and(StepHistory::was_not_simulated);
        self.graph.steps.iter().filter(is_done).filter(went_on)
    }

    /// True where a probe succeeded, or a traffic switch after which probes or the front reported that users are
    /// served; never where a front has reported that they are not, or a route was left out.
    fn is_confirmed(&self) -> bool {
        let confirms = |step: &&Step| match &step.act {
            Act::Task(Task::Probe) => true,
            Act::Task(Task::Route { levers: _, agree }) => {
                !agree.is_empty() || self.fronts.get(&step.id) == Some(&true)
            }
            _ => false,
        };
        let mut confirming = self.graph.steps.iter().filter(confirms);
        let is_confirmed = confirming.any(|step| self.course(step.id).is_some_and(StepHistory::was_answered));
        is_confirmed && self.unserved().next().is_none() && self.undertaking.unswitched.is_empty()
    }

    /// The traffic switches whose front reports that users are not served at the destination.
    pub fn unserved(&self) -> impl Iterator<Item = &Step> {
        let unserved = self.fronts.iter().filter(|(_, served)| !**served).map(|(step, _)| *step);
        unserved.filter_map(|step| self.graph.step(step))
    }

    /// The chain from the step that ended last, among those that users depend on or among all, back along the needs
    /// and the steps with the same serial key that ended last before each began.
    fn chain(&self) -> Vec<StepId> {
        let none_serves = !self.graph.steps.iter().any(|step| serves(step.stage));
        let counts = |stage| self.arrived.is_none() || none_serves || serves(stage);
        let ends = self.graph.steps.iter().filter(|step| counts(step.stage));
        let ends = ends.filter_map(|step| Some((self.ended(step.id)?, std::cmp::Reverse(step.id))));
        let Some((_, std::cmp::Reverse(last))) = ends.max() else { return Vec::new() };
        let time = |id: StepId| {
            let attempts = &self.course(id)?.attempts;
            Some((attempts.last()?.begun, attempts.last()?.ended?))
        };
        self.graph.chain_to(last, time)
    }

    /// The time of a step's last outcome.
    fn ended(&self, id: StepId) -> Option<Timestamp> {
        self.course(id)?.attempts.last()?.ended
    }
}

impl StepHistory {
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

    /// The total duration of its attempts.
    pub fn took(&self) -> Duration {
        let took = |attempt: &Attempt| attempt.ended.map_or(Duration::ZERO, |ended| between(attempt.begun, ended));
        self.attempts.iter().map(took).sum()
    }

    /// True where the step found that it was not needed: its duration says nothing.
    pub fn was_needless(&self) -> bool {
        self.learnt.iter().any(|(_, learnt)| learnt.what.ends_with(NOT_NEEDED))
    }

    /// True where a request of its last attempt was not sent, because the host is outside the simulated world: its
    /// success and its duration say nothing about the answer.
    pub fn was_not_simulated(&self) -> bool {
        let Some(last) = self.attempts.last() else { return false };
        self.learnt.iter().any(|(at, learnt)| *at >= last.begun && learnt.not_simulated)
    }

    /// True where its last attempt succeeded and all of its requests were sent, so that its success says something
    /// about their answers.
    pub fn was_answered(&self) -> bool {
        let has_succeeded = self.attempts.last().is_some_and(|last| last.outcome == Phase::Succeeded);
        has_succeeded && !self.was_not_simulated()
    }

    /// The last reported reason why it is not done.
    pub fn why(&self) -> Option<&str> {
        self.attempts.last().map(|attempt| attempt.why.as_str()).filter(|why| !why.is_empty())
    }
}

/// True for phases that end the interruption of service.
const fn serves(stage: Stage) -> bool {
    matches!(stage, Stage::Route | Stage::Probe)
}

/// The duration from one moment to another; zero where the clock was set back meanwhile.
pub(crate) fn between(since: Timestamp, until: Timestamp) -> Duration {
    Duration::try_from(until.duration_since(since)).unwrap_or_default()
}
