//! `drplan failover-group status`.

use std::collections::BTreeMap;
use std::path::PathBuf;

use serde_json::json;

use super::{ExitCode, Failure, Global, Session, ending, runs};
use crate::cli::again::{again_recorded, quoted};
use crate::cli::location::StackLocation;
use crate::cli::pretty;
use crate::stack::CloudName;
use crate::steps::{Phase, StepId, Timeline};
use crate::view;
use crate::world::Store;

/// Show the active site and the run in progress
///
/// Reads the state without a lock, so it works from another terminal during a run.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  drplan failover-group status stacks/web-geo
  drplan failover-group status --group web --format json")]
pub struct Args {
    /// Directory of the stack
    #[arg(default_value = ".")]
    stack: PathBuf,
    /// Only this failover group
    #[arg(long, value_name = "NAME")]
    group: Option<String>,
    /// Output format
    #[arg(long, value_enum, default_value_t)]
    format: crate::cli::OutputFormat,
}

pub fn run(args: &Args, global: &Global, session: &mut Session) -> Result<ExitCode, Failure> {
    let place = StackLocation::of(&args.stack, global, session)?;
    let store = place.store(global, session)?;
    let Some(state) = store.load()? else {
        if args.format == crate::cli::OutputFormat::Json {
            session.print(&pretty(&json!({ "format_version": 2, "groups": {}, "run": null })))?;
            return Ok(ExitCode::Done);
        }
        session.print(&format!(
            "{} has no state on {}: it was never applied there.\n",
            place.stack,
            place.cloud.as_str()
        ))?;
        return Ok(ExitCode::Done);
    };
    let of = |group: &str| args.group.as_deref().is_none_or(|wanted| wanted == group);
    let open = match state.roles.open.as_ref().filter(|open| of(&open.group)) {
        Some(open) => Some(ending::timeline(&runs::find(&store, &open.run, "")?)?),
        None => None,
    };
    let holder = store.holder()?.map(|holder| holder.to_string());
    // The local simulator's time is that of the journal: it stops between events.
    let now = |run: &Timeline| match place.cloud {
        CloudName::Local => run.last(),
        CloudName::Azure => session.clock.now(),
    };
    let text = match (args.format, &open) {
        (crate::cli::OutputFormat::Json, open) => pretty(&json!({
            "format_version": 2,
            "groups": state
                .roles
                .groups
                .iter()
                .filter(|(name, _)| of(name))
                .map(|(name, role)| (name, view::roles::role_json(role)))
                .collect::<BTreeMap<_, _>>(),
            "run": open.as_ref().map(|run| view::run_json::status(run, now(run), holder.as_deref(), place.cloud)),
        })),
        (crate::cli::OutputFormat::Text, Some(run)) => {
            let command = |words: &str| again_recorded(words, &args.stack, global);
            let commands = view::run::RunCommands {
                resume: command("failover-group resume"),
                abort: command("failover-group abort"),
                approve: approvals(run).map(|(step, words)| (step, command(&words))).collect(),
            };
            let detail = view::Detail::of(global.verbose);
            view::run::status(run, now(run), holder.as_deref(), place.cloud, &commands, detail)
        }
        (crate::cli::OutputFormat::Text, None) => {
            let groups = state.roles.groups.iter().filter(|(name, _)| of(name));
            let mut lines: String = groups
                .map(|(name, role)| {
                    format!("{name}: active at {} since {:.0} (run {})\n", role.site, role.since, role.run)
                })
                .collect();
            if lines.is_empty() {
                lines = "Every failover group is at its permanent site.\n".to_owned();
            }
            lines + "No run is in progress.\n"
        }
    };
    session.print(&text)?;
    Ok(ExitCode::Done)
}

/// The words that approve each step that waits for an operator.
fn approvals(run: &Timeline) -> impl Iterator<Item = (StepId, String)> {
    let waiting = run.graph.steps.iter().filter(|step| run.phase(step.id) == Some(Phase::Paused));
    waiting
        .map(|step| (step.id, format!("failover-group approve {} {}", run.started.run, quoted(step.address.as_str()))))
}
