//! `drplan roles`.

use std::path::{Path, PathBuf};

use clap::Subcommand;
use serde_json::json;

use super::again::again;
use super::cloud::with_cloud;
use super::confirm::confirm;
use super::loading::load;
use super::place::{Place, holder};
use super::planning::{Wanted, make, refuse_open, store_of};
use super::{ExitCode, Failure, Format, Global, Session, pretty};
use crate::apply::{self, NewRoles};
use crate::stack::FailoverGroup;
use crate::state::Roles;
use crate::view::roles as view;
use crate::world::Store;

/// Look at which site is active, and settle a role that has moved by itself
///
/// Roles are observed and recorded, never declared: runs of `drplan failover-group` move them. A role that has moved without a run, because
/// Azure failed over by itself or somebody did it by hand, is told by `plan` and `refresh`. Accepted, it is recorded as it is; otherwise
/// `drplan failover-group down` brings it back.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  drplan roles show stacks/web-geo
  drplan roles accept stacks/web-geo")]
pub struct Args {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Debug, Subcommand)]
enum Verb {
    /// Show the recorded roles, what is owed, and the run that is not finished
    Show {
        /// The stack's directory
        #[arg(default_value = ".")]
        stack: PathBuf,
        /// The format
        #[arg(long, value_enum, default_value_t)]
        format: Format,
    },
    /// Record the roles that have moved without a run as they are
    Accept {
        /// The stack's directory
        #[arg(default_value = ".")]
        stack: PathBuf,
        /// Do not ask
        #[arg(long)]
        yes: bool,
    },
}

pub fn run(args: &Args, global: &Global, session: &mut Session) -> Result<ExitCode, Failure> {
    match &args.verb {
        Verb::Show { stack, format } => show(stack, *format, global, session),
        Verb::Accept { stack, yes } => accept(stack, *yes, global, session),
    }
}

/// Shows what is recorded. It needs neither a cloud nor values of variables, so that it answers on the worst day, too.
fn show(stack: &Path, format: Format, global: &Global, session: &mut Session) -> Result<ExitCode, Failure> {
    let place = Place::of(stack, global, session)?;
    let roles = place.state(global, session)?.map_or_else(Roles::default, |state| state.roles);
    let text = match format {
        Format::Text => view::recorded(&place.stack, place.cloud, &roles),
        Format::Json => pretty(&json!({
            "format_version": "1.0",
            "stack": place.stack,
            "cloud": place.cloud.as_str(),
            "epoch": roles.epoch,
            "groups": roles.groups,
            "owed": crate::plan::owed(&roles),
            "open": roles.open,
        })),
    };
    session.print(&text)?;
    Ok(ExitCode::Done)
}

fn accept(stack: &Path, yes: bool, global: &Global, session: &mut Session) -> Result<ExitCode, Failure> {
    let loaded = load(stack, global, session)?;
    let cloud = loaded.account.cloud;
    let store = store_of(&loaded.program, cloud, global, session)?;
    let holder = holder("roles accept", session);
    let _lock = store.lock(&holder)?;
    refuse_open(store.load()?.as_ref(), stack, global)?;
    let wanted = Wanted { refresh: true, ..Wanted::default() };
    with_cloud(&loaded.account, global, session, async |reached, session| {
        let made = make(&loaded, &wanted, &store, &reached, session).await?;
        let roles = &made.planned.plan.roles;
        let (Some(state), false) = (&made.recorded, roles.drift.is_empty()) else {
            session.print("Roles are as recorded; there is nothing to accept.\n")?;
            return Ok(ExitCode::Done);
        };
        if let Some(section) = view::moved_by_itself(&roles.drift, &roles.left) {
            session.print(&section)?;
        }
        if !yes {
            let question = format!("Do you want to record these roles of {} as they are?", loaded.program.name());
            confirm(&question, &again("roles accept", stack, global), session)?;
        }
        let stack = &made.planned.stack;
        let has_moved = |group: &&FailoverGroup| roles.drift.iter().any(|drift| *drift.group == *group.name);
        let groups: Vec<&FailoverGroup> = stack.failover_groups.values().filter(has_moved).collect();
        let by = format!("{} on {}", holder.who, holder.host);
        let new = NewRoles { stack, groups: &groups, state, observed: &made.observed, by: &by };
        let state = apply::accept(&new, &*reached.clock, &*reached.ids, &store)?;
        session.print(&format!("\n{}", view::recorded(&state.stack, cloud, &state.roles)))?;
        Ok(ExitCode::Done)
    })
}
