//! From a stack to a procedure: state and observations in, steps and preflight checks out; shown, confirmed and
//! carried out.

use std::path::Path;

use super::carry::{RunEnvironment, carry};
use super::{ExitCode, Failure, FailureAction, Global, ReviewFormat, RunOptions, Session, follow};
use crate::apply::{Continuation, FailoverRun, look_around};
use crate::cli::again::{again, again_recorded, completed, quoted};
use crate::cli::cloud::{CloudConnection, with_cloud};
use crate::cli::confirm::confirm_name;
use crate::cli::loading::{LoadedStack, load};
use crate::cli::location::holder;
use crate::cli::planning::store_of;
use crate::cli::pretty;
use crate::diagnostic::closest;
use crate::failover::{self, History, Procedure, ProcedureInput};
use crate::kinds::FailoverMode;
use crate::plan::knowledge;
use crate::stack::{CloudName, FailoverGroup, Stack};
use crate::state::{RunKind, State, StateError};
use crate::steps::Acceptance;
use crate::store::LocalStore;
use crate::view;
use crate::world::Store;

/// The run that is requested.
pub struct ProcedureRequest<'a> {
    pub verb: RunKind,
    pub how: FailoverMode,
    pub lost: Option<String>,
    pub accepted: Acceptance,
    pub stack: &'a Path,
    pub common: &'a RunOptions,
}

impl ProcedureRequest<'_> {
    /// The command that requests the same run, without accepted losses.
    fn command(&self) -> String {
        let mut words = format!("failover-group {}", self.verb.as_str());
        match (&self.lost, self.verb, self.how) {
            (Some(lost), ..) => words += &format!(" --forced --lost {}", quoted(lost)),
            (None, RunKind::Up, FailoverMode::Planned) => words += " --planned",
            (None, ..) => {}
        }
        if let Some(group) = &self.common.group {
            words += &format!(" --group {}", quoted(group));
        }
        words
    }
}

/// Plans, shows, asks and carries out, all under the lock of the state. If another process carries out a run of the
/// group, follows that run.
pub fn carry_out(errand: &ProcedureRequest<'_>, global: &Global, session: &mut Session) -> Result<ExitCode, Failure> {
    let loaded = load(errand.stack, global, session)?;
    let cloud = loaded.account.cloud;
    let store = store_of(&loaded.program, cloud, global, session)?;
    if store.load()?.is_none() {
        let stack = loaded.program.name();
        return Err(Failure::refused(format!(
            "{stack} has no state on {}: it was never applied there",
            cloud.as_str()
        ))
        .help(format!("Apply it first: `{}`", again("apply", errand.stack, global))));
    }
    let command = format!("failover-group {}", errand.verb.as_str());
    let _lock = match (errand.common.dry_run, store.lock(&holder(&command, session))) {
        (true, _) => None,
        (false, Ok(lock)) => Some(lock),
        (false, Err(locked @ StateError::Locked(_))) => {
            return match follow::under_way(&store, errand.common.group.as_deref())? {
                Some(run) => follow::follow(
                    &run,
                    &store,
                    &again_recorded("failover-group resume", errand.stack, global),
                    session,
                ),
                None => Err(locked.into()),
            };
        }
        (false, Err(other)) => return Err(other.into()),
    };
    let detail = view::Detail::of(global.verbose);
    with_cloud(&loaded.account, global, session, async |reached, session| {
        let Preparation { state, stack, procedure } =
            prepare(errand, &loaded, &store, &reached, global, session).await?;
        if procedure.is_refused() && procedure.idle.is_none() {
            let dry_run = again(&format!("{} --dry-run", errand.command()), errand.stack, global);
            let is_brief = errand.common.format == ReviewFormat::Text && !errand.common.dry_run;
            session.print(&match is_brief {
                true => completed(&view::procedure::refused(&procedure, cloud, &dry_run, detail), errand.stack, global),
                false => shown(&procedure, errand, cloud, global),
            })?;
            return Ok(ExitCode::Refused);
        }
        // A run prints its outcome in the requested format.
        if errand.common.format == ReviewFormat::Text || errand.common.dry_run || procedure.idle.is_some() {
            session.print(&shown(&procedure, errand, cloud, global))?;
        }
        if procedure.idle.is_some() {
            return Ok(ExitCode::Done);
        }
        if errand.common.dry_run {
            return Ok(ExitCode::Done);
        }
        if !errand.common.yes {
            let again = again(&errand.command(), errand.stack, global);
            confirm_name(&question(&procedure, cloud), &procedure.group, &again, session)?;
        }
        let carrying = RunEnvironment {
            directory: errand.stack,
            by: &errand.common.by,
            stack: &stack,
            store: &store,
            reached: &reached,
            cloud,
            // The copies of a drill are deleted, however it ends.
            on_failure: errand.common.on_failure.or((errand.verb == RunKind::Drill).then_some(FailureAction::Unwind)),
            format: errand.common.format,
        };
        let inputs = loaded.inputs(errand.stack, global, session);
        let mut run = carrying.new_run(&procedure, &state, session)?.with_inputs(inputs);
        carry(&carrying, &mut run, Continuation::Start, global, session).await
    })
}

struct Preparation {
    state: State,
    stack: Stack,
    procedure: Procedure,
}

async fn prepare(
    errand: &ProcedureRequest<'_>,
    loaded: &LoadedStack,
    store: &LocalStore,
    reached: &CloudConnection,
    global: &Global,
    session: &mut Session,
) -> Result<Preparation, Failure> {
    let state = store.load()?.ok_or_else(|| Failure::refused("there is no state"))?;
    let stack = evaluate(loaded, &state, session)?;
    let name = group_of(&stack, errand.common.group.as_deref())?.name.to_string();
    let stack = as_run(stack, &name, errand.verb, &state);
    let group = group_of(&stack, Some(&name))?;
    if let Some(open) = &state.roles.open {
        let unfinished = format!("run {} ({} of {}) is unfinished", open.run, open.verb.as_str(), open.group);
        let command = |verb: &str| again_recorded(&format!("failover-group {verb}"), errand.stack, global);
        if !errand.common.dry_run {
            return Err(Failure::refused(format!("{unfinished}; no other run can start until it ends"))
                .help(format!("Show it: `{}`", command("status")))
                .help(format!("Resume it: `{}`", command("resume")))
                .help(format!("Abort it: `{}`", command("abort"))));
        }
        session.say(&format!(
            "warning: {unfinished}. This dry run starts from the state that it left midway; no other run can start until it ends.\n  = help: Resume it: `{}`\n  = help: Abort it: `{}`\n\n",
            command("resume"),
            command("abort")
        ));
    }
    if let Some(lost) = &errand.lost
        && ![&group.from, &group.to].iter().any(|site| ***site == **lost)
    {
        return Err(Failure::failed(format!(
            "--lost {lost}: failover group {} has the sites {} and {}",
            group.name, group.from, group.to
        ))
        .help("Name the site that is lost."));
    }
    let survey = failover::survey(&stack, group, &state, errand.lost.as_deref());
    let seen = look_around(&survey, &reached.cloud, &*reached.web, &*reached.clock).await;
    let history = history(store)?;
    let question = ProcedureInput {
        stack: &stack,
        group,
        verb: errand.verb,
        how: errand.how,
        lost: errand.lost.as_deref(),
        state: &state,
        seen: &seen,
        accepted: errand.accepted,
        history: &history,
    };
    let procedure = failover::plan(&question);
    Ok(Preparation { stack, procedure, state })
}

/// The stack with its recorded values; its warnings are printed.
pub fn evaluate(loaded: &LoadedStack, state: &State, session: &mut Session) -> Result<Stack, Failure> {
    let evaluated = loaded.program.evaluate(&knowledge(state, &|_| false));
    let (stack, warnings) = evaluated.map_err(|wrong| loaded.wrong(wrong))?;
    let warnings = loaded.checked(&stack, warnings)?;
    session.say_diagnostics(&warnings, &loaded.sources);
    Ok(stack)
}

/// The stack as seen by a run of this verb.
pub fn as_run(stack: Stack, group: &str, verb: RunKind, state: &State) -> Stack {
    failover::as_run(stack, group, verb, &knowledge(state, &|_| false))
}

/// The failover group of this name, or the only one.
fn group_of<'a>(stack: &'a Stack, name: Option<&str>) -> Result<&'a FailoverGroup, Failure> {
    let names: Vec<&str> = stack.failover_groups.keys().map(|name| &**name).collect();
    match (name, names.as_slice()) {
        (None, []) => Err(Failure::wrong_file(format!("{} has no failover group", stack.name))
            .help("Add one: `failover_group \"name\" { … }`.")),
        (None, [only]) => {
            stack.failover_groups.get(*only).ok_or_else(|| Failure::failed("the stack has no failover group"))
        }
        (None, _) => Err(Failure::failed(format!("{} has several failover groups", stack.name))
            .help(format!("Choose one with --group: {}.", names.join(", ")))),
        (Some(name), _) => stack.failover_groups.get(name).ok_or_else(|| {
            let failure = Failure::failed(format!("{} has no failover group `{name}`", stack.name));
            match closest(name, names.iter().copied()) {
                Some(close) => failure.help(format!("Did you mean `{close}`?")),
                None => failure.help(format!("It has {}.", names.join(", "))),
            }
        }),
    }
}

/// Recorded durations of earlier runs. A journal that cannot be read is skipped.
pub fn history(store: &LocalStore) -> Result<History, Failure> {
    let mut history = History::default();
    for run in store.runs()? {
        if let Ok(journal) = store.entries_of(&run) {
            history.take_in(&journal);
        }
    }
    Ok(history)
}

fn shown(procedure: &Procedure, errand: &ProcedureRequest<'_>, cloud: CloudName, global: &Global) -> String {
    match errand.common.format {
        ReviewFormat::Text => {
            completed(&view::procedure::text(procedure, cloud, view::Detail::of(global.verbose)), errand.stack, global)
        }
        ReviewFormat::Json => pretty(&view::procedure_json::json(procedure, cloud)),
        ReviewFormat::Markdown => view::procedure_markdown::markdown(procedure, cloud),
    }
}

fn question(procedure: &Procedure, cloud: CloudName) -> String {
    let Procedure { group, leaving, arriving, stack, .. } = procedure;
    match procedure.verb {
        RunKind::Drill => format!("This starts a drill of failover group {group} of {stack} on {}.", cloud.as_str()),
        RunKind::Up | RunKind::Down => {
            format!("This moves failover group {group} of {stack} from {leaving} to {arriving} on {}.", cloud.as_str())
        }
    }
}

impl RunEnvironment<'_> {
    fn new_run(&self, procedure: &Procedure, state: &State, session: &mut Session) -> Result<FailoverRun, Failure> {
        let by = self.by.actor(session);
        Ok(self.with_ports(session, |ports, _| FailoverRun::new(procedure, state, ports, &by))??)
    }
}
