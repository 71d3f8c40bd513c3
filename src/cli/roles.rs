//! `drplan roles`.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use clap::Subcommand;
use serde_json::json;

use super::actor::By;
use super::again::{again, completed};
use super::cloud::with_cloud;
use super::confirm::confirm;
use super::loading::load;
use super::location::{StackLocation, holder};
use super::planning::{PlanRequest, make, store_of};
use super::{ExitCode, Failure, Global, OutputFormat, Session, pretty};
use crate::apply::{self, NewRoles};
use crate::stack::FailoverGroup;
use crate::state::Roles;
use crate::view::roles as view;

/// Show the active sites, and accept roles that moved outside drplan
///
/// A role records the active site of a failover group. Roles are observed, never declared: runs of `drplan
/// failover-group` move them. `plan` and `refresh` report a role that moved without a run, by an automatic or manual
/// failover at the provider. `accept` records it as it is; `drplan failover-group down` moves it back.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  drplan roles show stacks/web-geo
  drplan roles accept stacks/web-geo")]
pub struct Args {
    #[command(subcommand)]
    verb: RolesCommand,
}

#[derive(Debug, Subcommand)]
enum RolesCommand {
    /// Show the recorded roles, reduced protection, and the unfinished run
    Show {
        /// Directory of the stack
        #[arg(default_value = ".")]
        stack: PathBuf,
        /// Output format
        #[arg(long, value_enum, default_value_t)]
        format: OutputFormat,
    },
    /// Record roles that moved outside drplan as they are
    Accept {
        /// Directory of the stack
        #[arg(default_value = ".")]
        stack: PathBuf,
        /// Record without asking for confirmation
        #[arg(long)]
        yes: bool,
        #[command(flatten)]
        by: By,
    },
}

pub fn run(args: &Args, global: &Global, session: &mut Session) -> Result<ExitCode, Failure> {
    match &args.verb {
        RolesCommand::Show { stack, format } => show(stack, *format, global, session),
        RolesCommand::Accept { stack, yes, by } => accept(stack, *yes, by, global, session),
    }
}

/// Shows the recorded roles. Needs neither a cloud nor values of variables, so it works during an outage.
fn show(stack: &Path, format: OutputFormat, global: &Global, session: &mut Session) -> Result<ExitCode, Failure> {
    let place = StackLocation::of(stack, global, session)?;
    let roles = place.state(global, session)?.map_or_else(Roles::default, |state| state.roles);
    let text = match format {
        OutputFormat::Text => completed(
            &view::recorded(&place.stack, place.cloud, &roles, session.layout(global)),
            stack,
            global,
            session.width(),
        ),
        OutputFormat::Json => pretty(&json!({
            "format_version": 2,
            "stack": place.stack,
            "cloud": place.cloud.as_str(),
            "epoch": roles.epoch,
            "groups": roles.groups.iter().map(|(name, role)| (name, view::role_json(role))).collect::<BTreeMap<_, _>>(),
            "protection_debt": crate::plan::owed(&roles).iter().map(view::debt_json).collect::<Vec<_>>(),
            "open": roles.open.values().next(),
            "open_runs": roles.open.values().collect::<Vec<_>>(),
        })),
    };
    session.print(&text)?;
    Ok(ExitCode::Done)
}

fn accept(stack: &Path, yes: bool, by: &By, global: &Global, session: &mut Session) -> Result<ExitCode, Failure> {
    let loaded = load(stack, global, session)?;
    let cloud = loaded.account.cloud;
    let store = store_of(&loaded.program, cloud, global, session)?;
    let _lock = store.lock(&holder("roles accept", session))?;
    let wanted = PlanRequest { refresh: true, ..PlanRequest::default() };
    with_cloud(&loaded.account, global, session, async |reached, session| {
        let made = make(&loaded, &wanted, &store, &reached, session).await?;
        let roles = &made.planned.plan.roles;
        let (Some(state), false) = (&made.recorded, roles.drift.is_empty()) else {
            session.print("Roles match the state; nothing to accept.\n")?;
            return Ok(ExitCode::Done);
        };
        if let Some(section) = view::moved_by_itself(&roles.drift, &roles.left, session.layout(global)) {
            session.print(&completed(&section, stack, global, session.width()))?;
        }
        if !yes {
            let question = format!("Do you want to record these roles of {}?", loaded.program.name());
            confirm(&question, &again("roles accept", stack, global), global, session)?;
        }
        let stack = &made.planned.stack;
        let has_moved = |group: &&FailoverGroup| roles.drift.iter().any(|drift| *drift.group == *group.name);
        let groups: Vec<&FailoverGroup> = stack.failover_groups.values().filter(has_moved).collect();
        let by = by.actor(session);
        let new = NewRoles { stack, groups: &groups, state, observed: &made.observed, by: &by };
        let state = apply::accept(&new, &*reached.clock, &*reached.ids, &store)?;
        session.print(&format!("\n{}", view::recorded(&state.stack, cloud, &state.roles, session.layout(global))))?;
        Ok(ExitCode::Done)
    })
}
