//! `drplan failover-group abort`.

use std::path::PathBuf;

use serde_json::{Value as Json, json};

use super::carry::{RunEnvironment, explained};
use super::prepare::{as_run, evaluate};
use super::resume::load_for;
use super::{ExitCode, Failure, Global, ReviewFormat, Session, ending, follow};
use crate::apply::{AbortOutcome, FailoverRun, abort};
use crate::cli::actor::By;
use crate::cli::again::{again, again_recorded};
use crate::cli::cloud::with_cloud;
use crate::cli::confirm::confirm_name;
use crate::cli::location::{StackLocation, holder};
use crate::cli::pretty;
use crate::state::ActiveSite;
use crate::steps::RunEnd;
use crate::world::Store;

/// Abort an unfinished run
///
/// Before any data has moved, completed steps are rolled back. After a promotion nothing is rolled back, since
/// promotions are irreversible: the roles are recorded as they are, and `up` or `down` continue from there.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  drplan failover-group abort
  drplan failover-group abort --yes --format json")]
pub struct Args {
    /// Directory of the stack
    #[arg(default_value = ".")]
    stack: PathBuf,
    /// Failover group [default: the only one]
    #[arg(long, value_name = "NAME")]
    group: Option<String>,
    /// Abort without asking for confirmation
    #[arg(long)]
    yes: bool,
    #[command(flatten)]
    by: By,
    /// Output format
    #[arg(long, value_enum, default_value_t)]
    format: crate::cli::OutputFormat,
}

pub fn run(args: &Args, global: &Global, session: &mut Session) -> Result<ExitCode, Failure> {
    let place = StackLocation::of(&args.stack, global, session)?;
    let store = place.store(global, session)?;
    if follow::under_way(&store, args.group.as_deref())?.is_none() {
        return nothing(args, session);
    }
    let _lock = store.lock(&holder("failover-group abort", session))?;
    let (Some(mut run), Some(state)) = (follow::under_way(&store, args.group.as_deref())?, store.load()?) else {
        return nothing(args, session);
    };
    let loaded = load_for(&run, &args.stack, global, session)?;
    let cloud = loaded.account.cloud;
    let stack = as_run(evaluate(&loaded, &state, session)?, &run.undertaking.group, run.undertaking.verb, &state);
    let again = again("failover-group abort", &args.stack, global);
    if !args.yes {
        let what = format!("This aborts run {} of failover group {}.", run.id, run.undertaking.group);
        confirm_name(&what, &run.undertaking.group, &again, session)?;
    }
    let aborted = with_cloud(&loaded.account, global, session, async |reached, session| {
        let carrying = RunEnvironment {
            directory: &args.stack,
            by: &args.by,
            stack: &stack,
            store: &store,
            reached: &reached,
            cloud,
            on_failure: None,
            format: ReviewFormat::Text,
        };
        let graph = run.graph.clone();
        let aborted = carrying
            .while_shown(&graph, global, session, async |ports, party| abort(&mut run, &stack, ports, party).await);
        aborted.await?.map_err(|error| explained(error, &again))
    })?;
    let AbortSummary { word, text, exit } = outcome(&run, &aborted, args, global);
    session.print(&match args.format {
        crate::cli::OutputFormat::Text => text,
        crate::cli::OutputFormat::Json => pretty(&document(Some(&run), word)),
    })?;
    ending::write_reports(&run, &store, cloud, session)?;
    Ok(exit)
}

fn nothing(args: &Args, session: &mut Session) -> Result<ExitCode, Failure> {
    session.print(&match args.format {
        crate::cli::OutputFormat::Text => "There is no unfinished run to abort.\n".to_owned(),
        crate::cli::OutputFormat::Json => pretty(&document(None, "no_run")),
    })?;
    Ok(ExitCode::Done)
}

/// `{"format_version": 1, "run": "…", "group": "web", "outcome": "no_run | unchanged | rolled_back | incomplete |
/// at_home | away | mixed_state"}`
fn document(run: Option<&FailoverRun>, outcome: &str) -> Json {
    json!({
        "format_version": 1,
        "run": run.map(|run| &run.id),
        "group": run.map(|run| &run.undertaking.group),
        "outcome": outcome,
    })
}

struct AbortSummary {
    word: &'static str,
    text: String,
    exit: ExitCode,
}

fn outcome(run: &FailoverRun, aborted: &AbortOutcome, args: &Args, global: &Global) -> AbortSummary {
    let (id, group) = (&run.id, &run.undertaking.group);
    let done = |word, text| AbortSummary { word, text, exit: ExitCode::Done };
    let next = |verb: &str| again(&format!("failover-group {verb}"), &args.stack, global);
    match aborted {
        AbortOutcome::Nothing => done("unchanged", format!("Aborted: run {id} had changed nothing.\n")),
        AbortOutcome::Unwound(report) if report.ended == Some(RunEnd::Done) => {
            done("rolled_back", format!("Aborted: all changes of run {id} were rolled back.\n"))
        }
        AbortOutcome::Unwound(report) | AbortOutcome::Unrecorded(report) => {
            let failures = ending::failures(&run.graph, report);
            let again = again_recorded("failover-group abort", &args.stack, global);
            let text = format!(
                "Run {id} is still unfinished: some of its changes could not be rolled back.\n{failures}\nFix the cause, then abort it again:\n    {again}\n"
            );
            AbortSummary { word: "incomplete", text, exit: ExitCode::Stopped }
        }
        AbortOutcome::Recorded(active) => {
            let (word, state) = match active {
                ActiveSite::Home => ("at_home", "its data is at its permanent site"),
                ActiveSite::Away => ("away", "its data is at the recovery site"),
                ActiveSite::Between => {
                    ("mixed_state", "it is in a mixed state: traffic and data are on different sites")
                }
            };
            let text = format!(
                "Aborted: run {id} of failover group {group}; {state}.\nContinue to either site:\n    {}\n    {}\n",
                next("up --planned"),
                next("down")
            );
            done(word, text)
        }
    }
}
