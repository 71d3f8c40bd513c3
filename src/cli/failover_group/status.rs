//! `drplan failover-group status`.

use std::collections::BTreeMap;
use std::path::PathBuf;

use serde_json::json;

use super::{ExitCode, Failure, Global, Session, ending, runs};
use crate::cli::again::again;
use crate::cli::place::Place;
use crate::cli::pretty;
use crate::stack::CloudName;
use crate::steps::Timeline;
use crate::view;
use crate::world::Store;

/// Show which site is active, and the run that is under way
///
/// Needs no lock, so that it can be asked from another terminal while a run goes on.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  drplan failover-group status stacks/web-geo
  drplan failover-group status --group web --format json")]
pub struct Args {
    /// The stack's directory
    #[arg(default_value = ".")]
    stack: PathBuf,
    /// Only of this failover group
    #[arg(long, value_name = "NAME")]
    group: Option<String>,
    /// The format
    #[arg(long, value_enum, default_value_t)]
    format: crate::cli::Format,
}

pub fn run(args: &Args, global: &Global, session: &mut Session) -> Result<ExitCode, Failure> {
    let place = Place::of(&args.stack, global, session)?;
    let store = place.store(global, session)?;
    let Some(state) = store.load()? else {
        session.print(&format!("Nothing is recorded yet of {} on {}.\n", place.stack, place.cloud.as_str()))?;
        return Ok(ExitCode::Done);
    };
    let of = |group: &str| args.group.as_deref().is_none_or(|wanted| wanted == group);
    let open = match state.roles.open.as_ref().filter(|open| of(&open.group)) {
        Some(open) => Some(ending::timeline(&runs::find(&store, &open.run)?)?),
        None => None,
    };
    let holder = store.holder()?.map(|holder| holder.to_string());
    // The time of the embedded cloud is that of its journal: it stands still while nothing happens.
    let now = |run: &Timeline| match place.cloud {
        CloudName::Local => run.last(),
        CloudName::Azure => session.clock.now(),
    };
    let text = match (args.format, &open) {
        (crate::cli::Format::Json, open) => pretty(&json!({
            "groups": state.roles.groups.iter().filter(|(name, _)| of(name)).collect::<BTreeMap<_, _>>(),
            "run": open.as_ref().map(|run| view::run_json::status(run, now(run), holder.as_deref(), place.cloud)),
        })),
        (crate::cli::Format::Text, Some(run)) => {
            let command = |words: &str| again(words, &args.stack, global);
            let commands = view::run::Commands {
                resume: command("failover-group resume"),
                abort: command("failover-group abort"),
                approve: format!("drplan failover-group approve {}", run.started.run),
            };
            view::run::status(run, now(run), holder.as_deref(), place.cloud, &commands)
        }
        (crate::cli::Format::Text, None) => {
            let groups = state.roles.groups.iter().filter(|(name, _)| of(name));
            let mut lines: String = groups
                .map(|(name, role)| {
                    format!("{name}: {} is active since {:.0}, by run {}\n", role.site, role.since, role.run)
                })
                .collect();
            if lines.is_empty() {
                lines = "No run has moved anything: every group is as it was declared.\n".to_owned();
            }
            lines + "No run is under way.\n"
        }
    };
    session.print(&text)?;
    Ok(ExitCode::Done)
}
