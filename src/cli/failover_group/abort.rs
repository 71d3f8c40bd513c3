//! `drplan failover-group abort`.

use std::path::PathBuf;

use super::carry::{Carrying, explained};
use super::prepare::{as_run, evaluate};
use super::{ExitCode, Failure, Format, Global, Session, ending, follow};
use crate::apply::{Aborted, abort};
use crate::cli::again::again;
use crate::cli::cloud::with_cloud;
use crate::cli::confirm::confirm_name;
use crate::cli::loading::load;
use crate::cli::place::holder;
use crate::cli::planning::store_of;
use crate::state::Active;
use crate::steps::Ended;
use crate::world::Store;

/// Give up a run that is not finished
///
/// Where no data has moved, what was done is taken back. Where some has, nothing is: promotions only go forward. Then the roles are recorded as
/// they are, and `up` or `down` go on from there.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  drplan failover-group abort
  drplan failover-group abort --yes")]
pub struct Args {
    /// The stack's directory
    #[arg(default_value = ".")]
    stack: PathBuf,
    /// The failover group; may be left out
    #[arg(long, value_name = "NAME")]
    group: Option<String>,
    /// Do not ask
    #[arg(long)]
    yes: bool,
}

pub fn run(args: &Args, global: &Global, session: &mut Session) -> Result<ExitCode, Failure> {
    let loaded = load(&args.stack, global, session)?;
    let cloud = loaded.account.cloud;
    let store = store_of(&loaded.program, cloud, global, session)?;
    if follow::under_way(&store, args.group.as_deref())?.is_none() {
        session.print("There is no run to give up.\n")?;
        return Ok(ExitCode::Done);
    }
    let _lock = store.lock(&holder("failover-group abort", session))?;
    let (Some(mut run), Some(state)) = (follow::under_way(&store, args.group.as_deref())?, store.load()?) else {
        session.print("There is no run to give up.\n")?;
        return Ok(ExitCode::Done);
    };
    let stack = as_run(evaluate(&loaded, &state, session)?, &run.undertaking.group, run.undertaking.verb, &state);
    let again = again("failover-group abort", &args.stack, global);
    if !args.yes {
        let what = format!("This gives up run {} of {}.", run.id, run.undertaking.group);
        confirm_name(&what, &run.undertaking.group, &again, session)?;
    }
    let aborted = with_cloud(&loaded.account, global, session, async |reached, session| {
        let carrying = Carrying {
            directory: &args.stack,
            command: "failover-group abort",
            stack: &stack,
            store: &store,
            reached: &reached,
            cloud,
            on_failure: None,
            format: Format::Text,
        };
        let graph = run.graph.clone();
        let given_up = carrying
            .while_shown(&graph, global, session, async |ports, party| abort(&mut run, &stack, ports, party).await);
        given_up.await?.map_err(|error| explained(error, &again))
    })?;
    let group = &run.undertaking.group;
    let (text, exit) = match &aborted {
        Aborted::Nothing => (format!("Given up: run {} had changed nothing.\n", run.id), ExitCode::Done),
        Aborted::Unwound(report) if report.ended == Some(Ended::Done) => {
            (format!("Given up: what run {} had done was taken back.\n", run.id), ExitCode::Done)
        }
        Aborted::Unwound(report) | Aborted::Unrecorded(report) => {
            let failures = ending::failures(&run.graph, report);
            let text = format!("Run {} is still open: not all of it could be taken back.\n{failures}", run.id);
            (format!("{text}\nMend the cause, then give it up again with:\n    {again}\n"), ExitCode::Stopped)
        }
        Aborted::Recorded(active) => {
            let where_ = match active {
                Active::Home => "its data is where it was",
                Active::Away => "its data has moved",
                Active::Between => "its users and data are between the sites",
            };
            let next = "`failover-group up` or `failover-group down` go on from there.";
            (format!("Given up: run {} of {group}; {where_}. {next}\n", run.id), ExitCode::Done)
        }
    };
    session.print(&text)?;
    ending::write_reports(&run, &store, cloud, session)?;
    Ok(exit)
}
