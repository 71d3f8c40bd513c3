//! `drplan failover-group status`.

mod next;
mod read;
mod watch;

use std::path::PathBuf;
use std::time::Duration;

use serde_json::json;

use self::read::{Snapshot, StatusSource};
use super::{ExitCode, Failure, Global, Session, ending, runs};
use crate::cli::pretty;
use crate::duration;
use crate::view;

/// Show if the sites respond, users are served and data is replicated, and the runs in progress
///
/// Reads the cloud for at most about 5 seconds: the control plane of each site, the routes, the replicas, and the
/// endpoints of the active site. Takes no lock, so it works from another terminal during a run. A value that cannot be
/// read is reported as unknown, and is no failure.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  drplan failover-group status stacks/web-geo
  drplan failover-group status --watch                    until Ctrl-C, on a terminal as one page
  drplan failover-group status --watch --format json      a document for each change, one on each line
  drplan failover-group status --group web --format json")]
pub struct Args {
    /// Directory of the stack
    #[arg(default_value = ".")]
    stack: PathBuf,
    /// Only this failover group
    #[arg(long, value_name = "NAME", value_parser = crate::cli::group_name)]
    group: Option<String>,
    /// Read again and again until Ctrl-C; without a terminal, print changes only
    #[arg(long)]
    watch: bool,
    /// Time between two reads of --watch
    #[arg(long, value_name = "DURATION", value_parser = duration::parse, requires = "watch", default_value = "5s")]
    every: Duration,
    /// Output format
    #[arg(long, value_enum, default_value_t)]
    format: crate::cli::OutputFormat,
}

impl Args {
    fn is_json(&self) -> bool {
        self.format == crate::cli::OutputFormat::Json
    }
}

pub fn run(args: &Args, global: &Global, session: &mut Session) -> Result<ExitCode, Failure> {
    let source = StatusSource::open(args, global, session)?;
    if args.watch {
        return watch::run(&source, session);
    }
    let Some(snapshot) = source.snapshot()? else {
        session.print(&never_applied(&source))?;
        return Ok(ExitCode::Done);
    };
    if args.is_json() {
        let standing = source.standing(&snapshot, session);
        session.print(&pretty(&document(&source, &snapshot, &standing, session)))?;
        return Ok(ExitCode::Done);
    }
    // The runs are in the journals: they are shown before the cloud is asked.
    let runs = source.runs_text(&snapshot, session)?;
    if !runs.is_empty() {
        session.print(&format!("{runs}\n"))?;
    }
    let standing = source.standing(&snapshot, session);
    let text = view::standing::text(&standing, session.layout(global));
    session.print(&text.facts)?;
    if !text.next.is_empty() {
        session.print(&format!("\n{}", text.next))?;
    }
    Ok(ExitCode::Done)
}

/// The status of a stack without a state.
fn never_applied(source: &StatusSource<'_>) -> String {
    let (stack, cloud) = (&source.place.stack, source.place.cloud.as_str());
    let why = format!("{stack} has no state on {cloud}: it was never applied there");
    match (source.args.is_json(), source.args.watch) {
        (false, _) => format!("{why}.\n"),
        (true, true) => format!("{}\n", empty_document(&why)),
        (true, false) => pretty(&empty_document(&why)),
    }
}

fn empty_document(why: &str) -> serde_json::Value {
    json!({
        "format_version": 2, "groups": {}, "run": null, "runs": [], "at": null, "mark": "ok", "summary": [],
        "sites": [], "unchecked_sites": [], "standings": [], "unread": why, "next": [],
    })
}

/// The status as JSON.
fn document(
    source: &StatusSource<'_>,
    snapshot: &Snapshot,
    standing: &view::standing::StackStanding,
    session: &Session,
) -> serde_json::Value {
    let roles = snapshot.state.roles.groups.iter().filter(|(name, _)| source.is_wanted(name));
    let groups: serde_json::Map<String, serde_json::Value> =
        roles.map(|(name, role)| (name.clone(), view::roles::role_json(role))).collect();
    let run = |open: &read::OpenTimeline| {
        let now = source.now(&open.run, standing.at, session);
        view::run_json::status(&open.run, now, open.holder.as_deref(), source.place.cloud)
    };
    let runs: Vec<_> = snapshot.runs.iter().map(run).collect();
    let mut document = json!({ "format_version": 2, "groups": groups, "run": runs.first(), "runs": runs });
    if let serde_json::Value::Object(all) = &mut document {
        all.extend(view::standing_json::fields(standing));
    }
    document
}
