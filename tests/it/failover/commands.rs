//! Commands on failover groups, as an operator types them: moves between any sites, runs that take over another,
//! resume, abort and apply.

use std::fmt;
use std::time::Duration;

use drplan::address::Address;
use drplan::apply::{self, AbortOutcome, Continuation, FailoverRun, FailurePolicy};
use drplan::failover::{self, History, PreflightCheck, PreflightStatus, Procedure, ProcedureInput};
use drplan::plan::{self, Action, Change, Observed, PlanInput};
use drplan::roles::FailoverMode;
use drplan::run::StopSignal;
use drplan::stack::{Presence, Stack};
use drplan::state::{ActiveSite, OpenRun, RunKind, State};
use drplan::steps::{Acceptance, RunEnd};
use drplan::world::{Clock, Store};

use super::incident::{Incident, PARTY};

/// Longest time that an operator waits for a command.
const LONGEST: Duration = Duration::from_secs(12 * 3600);

/// `up` or `down` of a failover group.
#[derive(Debug, Clone, PartialEq)]
pub struct Move {
    pub group: String,
    pub verb: RunKind,
    pub how: FailoverMode,
    pub lost: Option<String>,
    pub to: Option<String>,
    pub without: Vec<Address>,
    pub accepted: Acceptance,
}

/// A command of `failover-group`, or `apply`.
#[derive(Debug, Clone, PartialEq)]
pub enum Command {
    Move(Move),
    Resume(String),
    Abort(String),
    LeaveAsIs(String),
    Apply,
}

/// Result of a command.
#[derive(Debug)]
pub enum CommandResult {
    /// A run ended so.
    Run(Option<RunEnd>, String),
    /// A run was aborted; true once it is over.
    Aborted(bool, String),
    /// Preflight checks failed.
    Refused(Vec<PreflightCheck>),
    /// Nothing to do, or an error.
    Other(String),
}

impl Move {
    /// A planned move of a group.
    pub fn planned(group: &str, verb: RunKind, to: Option<&str>) -> Self {
        Self {
            group: group.to_owned(),
            verb,
            how: FailoverMode::Planned,
            lost: None,
            to: to.map(str::to_owned),
            without: Vec::new(),
            accepted: Acceptance { data_loss: None, split_brain: false },
        }
    }

    /// A forced move of a group, without this site.
    pub fn forced(group: &str, verb: RunKind, lost: &str, to: Option<&str>) -> Self {
        Self { how: FailoverMode::Forced, lost: Some(lost.to_owned()), ..Self::planned(group, verb, to) }
    }

    /// The same with this much accepted data loss.
    #[must_use]
    pub fn accepting(mut self, data_loss: Duration) -> Self {
        self.accepted.data_loss = Some(data_loss);
        self
    }
}

impl fmt::Display for Move {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.verb.as_str())?;
        match (&self.lost, self.verb, self.how) {
            (Some(lost), ..) => write!(f, " --forced --lost {lost}")?,
            (None, RunKind::Up, FailoverMode::Planned) => write!(f, " --planned")?,
            _ => {}
        }
        self.to.iter().try_for_each(|to| write!(f, " --to {to}"))?;
        self.without.iter().try_for_each(|address| write!(f, " --without {address}"))?;
        self.accepted.data_loss.iter().try_for_each(|loss| write!(f, " --accept-data-loss {}s", loss.as_secs()))?;
        if self.accepted.split_brain {
            write!(f, " --accept-split-brain")?;
        }
        write!(f, " --group {}", self.group)
    }
}

impl fmt::Display for Command {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Move(ask) => write!(f, "{ask}"),
            Self::Resume(group) => write!(f, "resume --group {group}"),
            Self::Abort(group) => write!(f, "abort --group {group}"),
            Self::LeaveAsIs(group) => write!(f, "abort --leave-as-is --group {group}"),
            Self::Apply => write!(f, "apply"),
        }
    }
}

impl fmt::Display for CommandResult {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Run(ended, what) => write!(f, "{ended:?} {what}"),
            Self::Aborted(over, what) => write!(f, "{} {what}", if *over { "aborted" } else { "not aborted" }),
            Self::Refused(checks) => {
                let one = |check: &PreflightCheck| format!("{}: {}", check.rule, check.what);
                write!(f, "refused: {}", checks.iter().map(one).collect::<Vec<_>>().join("; "))
            }
            Self::Other(what) => write!(f, "{what}"),
        }
    }
}

impl Incident {
    /// The recorded state.
    pub fn state(&self) -> State {
        self.lab.store.load().expect("a state").expect("a recorded state")
    }

    /// The unfinished run of a group.
    pub fn open_run(&self, group: &str) -> Option<OpenRun> {
        self.state().roles.open.get(group).cloned()
    }

    /// The kind of site at which a group is active, and that site.
    pub fn active_site(&self, group: &str) -> (ActiveSite, String) {
        match self.state().roles.groups.get(group) {
            Some(role) => (role.active, role.site.clone()),
            None => (ActiveSite::Home, self.home.0.clone()),
        }
    }

    /// Carries out a command. The operator ends its process after half a day.
    pub async fn command(&self, command: &Command, on_failure: FailurePolicy) -> CommandResult {
        let done = tokio::time::timeout(LONGEST, self.carried_out(command, on_failure)).await;
        done.unwrap_or_else(|_| CommandResult::Other("ended by the operator, after half a day".to_owned()))
    }

    async fn carried_out(&self, command: &Command, on_failure: FailurePolicy) -> CommandResult {
        let done = match command {
            Command::Move(ask) => self.carry_out_move(ask, on_failure).await,
            Command::Resume(group) => self.resume_run(group, on_failure).await,
            Command::Abort(group) => self.abort_run(group).await,
            Command::LeaveAsIs(group) => self.leave_run(group),
            Command::Apply => match self.lab.apply(&self.text).await {
                Ok(_) => Ok(CommandResult::Run(Some(RunEnd::Done), String::new())),
                Err(why) => Err(why.to_string()),
            },
        };
        done.unwrap_or_else(CommandResult::Other)
    }

    /// The procedure of a move with the state that it starts from, and the unfinished run that it takes over.
    pub async fn procedure_of(&self, ask: &Move) -> Result<(Procedure, Stack, State, Option<String>), String> {
        let (stack, mut state) = self.stack_of(Some(&ask.group), ask.verb);
        let group = stack.failover_groups.get(ask.group.as_str()).ok_or("no such group")?;
        let lost: Vec<String> = ask.lost.clone().into_iter().collect();
        let mut over = None;
        if let Some(open) = state.roles.open.get(&ask.group) {
            let run = FailoverRun::read(&self.lab.store, &open.run).map_err(|error| error.to_string())?;
            let spec = &run.undertaking;
            let is_there = ask.to.as_ref().is_none_or(|to| *to == spec.arriving);
            let is_same = spec.verb == ask.verb && spec.lost == lost && is_there;
            let is_same = is_same && !ask.accepted.exceeds(&spec.accepted);
            if ask.how != FailoverMode::Forced || (is_same && !run.is_unwinding()) {
                return Err(format!("run {} is unfinished", run.id));
            }
            state = apply::taken_over(&run, &state, self.lab.clock.now()).map_err(|error| error.to_string())?;
            over = Some(run.id);
        }
        let survey = failover::survey(&stack, group, &state, &lost);
        let seen = apply::look_around(&survey, self.lab.reads(), &self.lab.simulator).await;
        let pending = self.pending(&state);
        let procedure = failover::plan(&ProcedureInput {
            stack: &stack,
            group,
            verb: ask.verb,
            how: ask.how,
            lost: &lost,
            to: ask.to.as_deref(),
            without: &ask.without,
            pending: &pending,
            state: &state,
            seen: &seen,
            accepted: ask.accepted,
            verify: &[],
            history: &History::default(),
        });
        let held = apply::held(&self.lab.store, &state, &ask.group, &procedure.steps);
        if let Some((open, address)) = held.map_err(|error| error.to_string())?.first() {
            return Err(format!("run {} of {} holds {address}", open.run, open.group));
        }
        Ok((procedure, stack, state, over))
    }

    /// Permanent resources whose configuration is not applied.
    fn pending(&self, state: &State) -> Vec<Address> {
        let program = self.lab.read(&self.text).unwrap_or_else(|why| panic!("{why}"));
        let observed = Observed::default();
        let question = PlanInput {
            program: &program,
            state: Some(state),
            observed: &observed,
            seal: &self.lab.seal,
            targets: &[],
            destroy: false,
            adopt: &[],
        };
        let Ok(planned) = plan::plan(&question) else { return Vec::new() };
        let is_pending = |change: &&Change| {
            let differs = match change.action {
                Action::Create | Action::Replace(_) => true,
                Action::Update => !change.arguments.is_empty(),
                Action::Keep | Action::Delete | Action::Rename | Action::Adopt | Action::Forget => false,
            };
            change.presence == Presence::Permanent && differs
        };
        planned.plan.changes.iter().filter(is_pending).map(|change| change.address.clone()).collect()
    }

    async fn carry_out_move(&self, ask: &Move, on_failure: FailurePolicy) -> Result<CommandResult, String> {
        let (procedure, stack, state, over) = self.procedure_of(ask).await?;
        if let Some(why) = procedure.idle {
            return Err(why);
        }
        if procedure.is_refused() {
            let failed = procedure.guards.into_iter().filter(|guard| guard.verdict == PreflightStatus::Refuses);
            return Ok(CommandResult::Refused(failed.collect()));
        }
        let stop = StopSignal::default();
        let ports = self.ports(&stop);
        let new = FailoverRun::new(&procedure, &state, ports, "tester").map_err(|error| error.to_string())?;
        let mut run = new.with_outage(None, over);
        run.begin(ports, "tester").map_err(|error| error.to_string())?;
        let outcome = apply::undertake(&mut run, &stack, ports, PARTY, Continuation::Start, on_failure).await;
        Ok(ended(outcome.map_err(|error| error.to_string())?))
    }

    async fn resume_run(&self, group: &str, on_failure: FailurePolicy) -> Result<CommandResult, String> {
        let mut run = self.unfinished(group)?;
        let (stack, _) = self.stack_of(Some(group), run.undertaking.verb);
        let stop = StopSignal::default();
        let resumed = Continuation::Resume;
        let outcome = apply::undertake(&mut run, &stack, self.ports(&stop), PARTY, resumed, on_failure).await;
        Ok(ended(outcome.map_err(|error| error.to_string())?))
    }

    async fn abort_run(&self, group: &str) -> Result<CommandResult, String> {
        let mut run = self.unfinished(group)?;
        let (stack, _) = self.stack_of(Some(group), run.undertaking.verb);
        let stop = StopSignal::default();
        let outcome =
            apply::abort(&mut run, &stack, self.ports(&stop), PARTY).await.map_err(|error| error.to_string())?;
        let what = match outcome {
            AbortOutcome::Nothing => "nothing to roll back".to_owned(),
            AbortOutcome::Unwound(report) => format!("rolled back, {:?}", report.ended),
            AbortOutcome::Recorded(active) => format!("recorded {active:?}"),
            AbortOutcome::Unrecorded(report) => format!("not recorded, {:?}", report.ended),
            AbortOutcome::Left(active) => format!("left {active:?}"),
        };
        Ok(CommandResult::Aborted(self.open_run(group).is_none(), what))
    }

    fn leave_run(&self, group: &str) -> Result<CommandResult, String> {
        let mut run = self.unfinished(group)?;
        let left =
            run.leave_as_is(&self.lab.store, self.lab.clock.now(), "tester").map_err(|error| error.to_string())?;
        Ok(CommandResult::Aborted(true, format!("left {left:?}")))
    }

    fn unfinished(&self, group: &str) -> Result<FailoverRun, String> {
        let open = self.open_run(group).ok_or_else(|| format!("{group} has no unfinished run"))?;
        FailoverRun::read(&self.lab.store, &open.run).map_err(|error| error.to_string())
    }
}

/// The end of a run, with the steps that did not succeed.
fn ended(outcome: apply::RunOutcome) -> CommandResult {
    let why = outcome.report.fates.iter().filter_map(|fate| match fate {
        drplan::run::StepOutcome::Failed(_, why) | drplan::run::StepOutcome::Unknown(_, why) => Some(why.as_str()),
        _ => None,
    });
    CommandResult::Run(outcome.report.ended, why.collect::<Vec<_>>().join("; "))
}
