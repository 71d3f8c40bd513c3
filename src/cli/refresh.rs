//! `drplan refresh`.

use std::path::PathBuf;

use super::cloud::with_cloud;
use super::loading::load;
use super::place::holder;
use super::plan::AcceptVanished;
use super::planning::{Wanted, make, refuse_open, refuse_vanished, store_of};
use super::{ExitCode, Failure, Global, Session};
use crate::apply::keep_observed;
use crate::view;
use crate::view::count;
use crate::world::Store;

/// Record what stands as it stands, and change nothing in the cloud
///
/// What the cloud has otherwise than recorded is shown and recorded. A plan then says what apply would do about it.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  drplan refresh stacks/web-geo && drplan plan stacks/web-geo --refresh=false")]
pub struct Args {
    /// The stack's directory
    #[arg(default_value = ".")]
    stack: PathBuf,
    #[command(flatten)]
    accepted: AcceptVanished,
}

pub fn run(args: &Args, global: &Global, session: &mut Session) -> Result<ExitCode, Failure> {
    let loaded = load(&args.stack, global, session)?;
    let cloud = loaded.account.cloud;
    let store = store_of(&loaded.program, cloud, global, session)?;
    let _lock = store.lock(&holder("refresh", session))?;
    refuse_open(store.load()?.as_ref(), &args.stack, global)?;
    let wanted = Wanted { refresh: true, accept_vanished: args.accepted.sites.clone(), ..Wanted::default() };
    let made = with_cloud(&loaded.account, global, session, async |reached, session| {
        make(&loaded, &wanted, &store, &reached, session).await
    })?;
    refuse_vanished(&made, &wanted)?;
    let name = loaded.program.name();
    let (Some(recorded), Some(refreshed)) = (&made.recorded, &made.planned.refreshed) else {
        session.print(&format!("Nothing is recorded yet of {name} on {}.\n", cloud.as_str()))?;
        return Ok(ExitCode::Done);
    };
    for section in view::roles::sections(&made.planned.plan.roles) {
        session.print(&format!("{section}\n"))?;
    }
    if let Some(drift) = view::plan::drift_section(&made.planned.plan.drift) {
        session.print(&format!("{drift}\n"))?;
    }
    let resources = count(recorded.resources.len(), "resource was", "resources were");
    let text = match keep_observed(recorded, refreshed, &store)? {
        Some(state) => format!("{resources} looked at; what differs is recorded as state serial {}.\n", state.serial),
        None => format!("{resources} looked at; all stand as recorded.\n"),
    };
    session.print(&text)?;
    Ok(ExitCode::Done)
}
