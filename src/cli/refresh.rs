//! `drplan refresh`.

use std::path::PathBuf;

use super::again::{again, completed};
use super::cloud::with_cloud;
use super::loading::load;
use super::location::holder;
use super::plan::AcceptMissing;
use super::planning::{PlanRequest, make, refuse_vanished, store_of};
use super::{ExitCode, Failure, Global, Session};
use crate::apply::keep_observed;
use crate::view;
use crate::view::count;

/// Update the state from the cloud, without changing any resource
///
/// Shows drift and records it in the state. A plan then shows the changes that apply would make.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  drplan refresh stacks/web-geo && drplan plan stacks/web-geo --refresh=false")]
pub struct Args {
    /// Directory of the stack
    #[arg(default_value = ".")]
    stack: PathBuf,
    #[command(flatten)]
    accepted: AcceptMissing,
}

pub fn run(args: &Args, global: &Global, session: &mut Session) -> Result<ExitCode, Failure> {
    let loaded = load(&args.stack, global, session)?;
    let cloud = loaded.account.cloud;
    let store = store_of(&loaded.program, cloud, global, session)?;
    let _lock = store.lock(&holder("refresh", session))?;
    let wanted = PlanRequest { refresh: true, accept_vanished: args.accepted.sites.clone(), ..PlanRequest::default() };
    let made = with_cloud(&loaded.account, global, session, async |reached, session| {
        make(&loaded, &wanted, &store, &reached, session).await
    })?;
    refuse_vanished(&made, &wanted, &again("refresh", &args.stack, global), global)?;
    let name = loaded.program.name();
    let (Some(recorded), Some(refreshed)) = (&made.recorded, &made.planned.refreshed) else {
        session.print(&format!("{name} has no state on {}: it was never applied there.\n", cloud.as_str()))?;
        return Ok(ExitCode::Done);
    };
    let layout = session.layout(global);
    for section in view::roles::sections(&made.planned.plan.roles, layout) {
        session.print(&format!("{}\n", completed(&section, &args.stack, global, layout.width)))?;
    }
    if let Some(drift) = view::plan::drift_section(&made.planned.plan.drift, layout) {
        session.print(&format!("{drift}\n"))?;
    }
    let resources = count(recorded.resources.len(), "resource", "resources");
    let text = match keep_observed(recorded, refreshed, &store)? {
        Some(state) => format!("Checked {resources}; state serial {} now records the cloud.\n", state.serial),
        None => format!("Checked {resources}; no drift.\n"),
    };
    session.print(&text)?;
    if !made.planned.plan.drift.is_empty() {
        session.print(&format!("To restore what the stack declares: `{}`\n", again("apply", &args.stack, global)))?;
    }
    Ok(ExitCode::Done)
}
