//! `drplan failover-group status`.

use std::collections::BTreeMap;
use std::path::PathBuf;

use serde_json::json;

use super::sites::CheckedSites;
use super::{ExitCode, Failure, Global, Session, ending, runs};
use crate::apply::held_resources;
use crate::cli::again::{again, again_recorded, quoted};
use crate::cli::loading::load_without_secrets;
use crate::cli::location::StackLocation;
use crate::cli::pretty;
use crate::kinds::FailoverMode;
use crate::plan::knowledge;
use crate::stack::{CloudName, Stack};
use crate::state::{ActiveSite, OpenRun, RunKind, State};
use crate::steps::{Phase, StepId, Timeline};
use crate::store::LocalStore;
use crate::view;
use crate::world::Store;

/// Show the active sites, the runs in progress, and whether the sites respond
///
/// Takes no lock, so it works from another terminal during a run. Reads a few resources in each region of the failover
/// groups; a cloud that cannot be reached is reported, and is no failure.
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
    #[arg(long, value_name = "NAME", value_parser = crate::cli::group_name)]
    group: Option<String>,
    /// Output format
    #[arg(long, value_enum, default_value_t)]
    format: crate::cli::OutputFormat,
}

/// An unfinished run with the process that carries it out.
struct OpenTimeline {
    run: Timeline,
    holder: Option<String>,
}

pub fn run(args: &Args, global: &Global, session: &mut Session) -> Result<ExitCode, Failure> {
    let place = StackLocation::of_run(&args.stack, global, session)?;
    let store = place.store(global, session)?;
    let is_json = args.format == crate::cli::OutputFormat::Json;
    let Some(state) = store.load()? else {
        if is_json {
            let nothing = json!({ "format_version": 2, "groups": {}, "run": null, "runs": [], "sites": [] });
            session.print(&pretty(&nothing))?;
            return Ok(ExitCode::Done);
        }
        session.print(&format!(
            "{} has no state on {}: it was never applied there.\n",
            place.stack,
            place.cloud.as_str()
        ))?;
        return Ok(ExitCode::Done);
    };
    // Only for what the state does not know: the groups at home, and their sites.
    let stack = load_without_secrets(&args.stack, global, session)
        .ok()
        .and_then(|loaded| loaded.program.evaluate(&knowledge(&state, &|_| false)).ok())
        .map(|(stack, _)| stack);
    let status = Status { args, global, place: &place, store: &store, state: &state, stack: stack.as_ref() };
    let runs = status.runs()?;
    let text = if is_json { String::new() } else { status.text(&runs, session)? };
    session.print(&text)?;
    let sites = status.sites(&runs, session);
    session.print(&match is_json {
        true => pretty(&status.json(&runs, &sites, session)),
        false => format!("\n{}{}", sites.text(), status.lost(&runs, &sites)),
    })?;
    Ok(ExitCode::Done)
}

struct Status<'a> {
    args: &'a Args,
    global: &'a Global,
    place: &'a StackLocation,
    store: &'a LocalStore,
    state: &'a State,
    stack: Option<&'a Stack>,
}

impl Status<'_> {
    fn is_wanted(&self, group: &str) -> bool {
        self.args.group.as_deref().is_none_or(|wanted| wanted == group)
    }

    /// The unfinished runs.
    fn runs(&self) -> Result<Vec<OpenTimeline>, Failure> {
        let one = |open: &OpenRun| {
            let run = ending::timeline(&runs::find(self.store, &open.run, "")?)?;
            let holder = self.store.holder_of(&open.group)?.map(|holder| holder.to_string());
            Ok(OpenTimeline { run, holder })
        };
        self.state.roles.open.values().filter(|open| self.is_wanted(&open.group)).map(one).collect()
    }

    /// The current time. The local simulator's time is that of the journal: it stops between events.
    fn now(&self, run: &Timeline, session: &Session) -> jiff::Timestamp {
        match self.place.cloud {
            CloudName::Local => run.last(),
            CloudName::Azure => session.clock.now(),
        }
    }

    /// The words of a command with a group, which is named where there are several.
    fn words(&self, words: &str, group: &str) -> String {
        let several =
            self.stack.is_some_and(|stack| stack.failover_groups.len() > 1) || self.state.roles.open.len() > 1;
        let group = if several { format!(" --group {}", quoted(group)) } else { String::new() };
        format!("failover-group {words}{group}")
    }

    /// A command for the unfinished run of a group.
    fn command(&self, words: &str, group: &str) -> String {
        again_recorded(&self.words(words, group), &self.args.stack, self.global)
    }

    fn text(&self, runs: &[OpenTimeline], session: &Session) -> Result<String, Failure> {
        let mut sections = Vec::new();
        for OpenTimeline { run, holder } in runs {
            let group = &run.undertaking.group;
            let approve = |words: &str| again_recorded(words, &self.args.stack, self.global);
            let commands = view::run::RunCommands {
                resume: self.command("resume", group),
                abort: self.command("abort", group),
                approve: approvals(run).map(|(step, words)| (step, approve(&words))).collect(),
            };
            let layout = session.layout(self.global);
            let now = self.now(run, session);
            sections.push(view::run::status(run, now, holder.as_deref(), self.place.cloud, &commands, layout));
        }
        if runs.is_empty() || self.args.group.is_none() && self.names().len() > 1 {
            sections.push(self.roles(runs.is_empty()));
        }
        if let Some(group) = &self.args.group {
            sections.extend(self.obstacles(group)?);
        }
        Ok(sections.join("\n"))
    }

    /// The failover groups that are wanted, of the stack and of the state.
    fn names(&self) -> Vec<String> {
        let of_stack = self.stack.into_iter().flat_map(|stack| stack.failover_groups.keys().map(|name| &**name));
        let of_state = self.state.roles.groups.keys().chain(self.state.roles.open.keys()).map(String::as_str);
        let mut names: Vec<String> =
            of_stack.chain(of_state).filter(|name| self.is_wanted(name)).map(str::to_owned).collect();
        names.sort();
        names.dedup();
        names
    }

    /// The active site of each group; groups at home are one line.
    fn roles(&self, is_quiet: bool) -> String {
        let mut lines = String::new();
        let mut at_home = Vec::new();
        for name in self.names() {
            match self.state.roles.groups.get(&name) {
                Some(role) => {
                    lines += &format!("{name}: active at {} since {:.0} (run {})\n", role.site, role.since, role.run);
                }
                None if self.state.roles.open.contains_key(&name) => {}
                None => at_home.push(name),
            }
        }
        lines += &match (lines.is_empty(), at_home.is_empty()) {
            (true, _) if self.state.roles.open.is_empty() => {
                "Every failover group is at its permanent site.\n".to_owned()
            }
            (_, true) => String::new(),
            (_, false) => format!("At their permanent site: {}\n", at_home.join(", ")),
        };
        if is_quiet { lines + "No run is in progress.\n" } else { lines }
    }

    /// Unfinished runs of other groups that work on resources of this one.
    fn obstacles(&self, group: &str) -> Result<Option<String>, Failure> {
        let Some(of_stack) = self.stack.and_then(|stack| stack.failover_groups.get(group)) else { return Ok(None) };
        let own: Vec<_> = of_stack.promote.iter().chain(&of_stack.quiesce).chain(&of_stack.fence).collect();
        let mut lines = String::new();
        for (open, resources) in held_resources(self.store, self.state)? {
            let shared = own.iter().find(|address| resources.contains(**address));
            if let Some(shared) = shared.filter(|_| open.group != group) {
                lines += &format!("  {}, and works on {shared}\n", view::roles::of_run(&open));
            }
        }
        Ok((!lines.is_empty()).then(|| format!("A run of {group} cannot start until another ends:\n{lines}")))
    }

    /// The sites of the groups, checked where that disturbs nothing.
    fn sites(&self, runs: &[OpenTimeline], session: &mut Session) -> CheckedSites {
        let mut regions: BTreeMap<String, String> =
            runs.iter().flat_map(|open| open.run.undertaking.regions.clone()).collect();
        let groups = self.names();
        for site in self.stack.into_iter().flat_map(|stack| stack.sites.values()) {
            let of_group = |name: &String| self.home(name).is_some_and(|home| *home == *site.name);
            let is_active = self.state.roles.groups.values().any(|role| *role.site == *site.name);
            if is_active || groups.iter().any(of_group) {
                regions.insert(site.name.to_string(), site.location.clone());
            }
        }
        let busy = runs.iter().find_map(|open| open.holder.as_ref());
        match busy.filter(|_| self.place.cloud == CloudName::Local) {
            // The local simulator belongs to one process at a time.
            Some(holder) => CheckedSites {
                sites: BTreeMap::new(),
                empty: Vec::new(),
                unchecked: Some(format!("the local simulator is in use by {holder}")),
            },
            None => CheckedSites::of(&regions, self.state, self.place.cloud, self.global, session),
        }
    }

    /// The home site of a group.
    fn home(&self, group: &str) -> Option<&str> {
        Some(&self.stack?.failover_groups.get(group)?.from)
    }

    /// The command for each group that a site which does not respond concerns.
    fn lost(&self, runs: &[OpenTimeline], sites: &CheckedSites) -> String {
        let mut out = String::new();
        for site in sites.silent() {
            for group in self.names() {
                let run = runs.iter().map(|open| &open.run).find(|run| run.undertaking.group == group);
                let role = self.state.roles.groups.get(&group).filter(|role| role.active != ActiveSite::Home);
                let active = role.map(|role| role.site.as_str()).or_else(|| self.home(&group));
                let spec = run.map(|run| &run.undertaking);
                let is_known = spec.is_some_and(|spec| {
                    spec.how == FailoverMode::Forced
                        && spec.lost.as_deref() == Some(site)
                        && run.is_some_and(|run| run.unwinds.is_none())
                });
                let concerns = active == Some(site) || spec.is_some_and(|spec| spec.regions.contains_key(site));
                if is_known || !concerns {
                    continue;
                }
                let home = self.home(&group).or_else(|| {
                    let spec = spec?;
                    Some(if spec.verb == RunKind::Down { &spec.arriving } else { &spec.leaving })
                });
                let verb = if home == Some(site) { "up" } else { "down" };
                let words = self.words(&format!("{verb} --forced --lost {}", quoted(site)), &group);
                // A new run needs the values of variables.
                let command = again(&words, &self.args.stack, self.global);
                let over = run.map(|run| format!(", which takes over run {}", run.started.run)).unwrap_or_default();
                out += &format!("If {site} is lost, move {group} without it{over}:\n    {command}\n");
            }
        }
        out
    }

    fn json(&self, runs: &[OpenTimeline], sites: &CheckedSites, session: &Session) -> serde_json::Value {
        let roles = self.state.roles.groups.iter().filter(|(name, _)| self.is_wanted(name));
        let run = |open: &OpenTimeline| {
            let now = self.now(&open.run, session);
            view::run_json::status(&open.run, now, open.holder.as_deref(), self.place.cloud)
        };
        let runs: Vec<_> = runs.iter().map(run).collect();
        json!({
            "format_version": 2,
            "groups": roles.map(|(name, role)| (name, view::roles::role_json(role))).collect::<BTreeMap<_, _>>(),
            "run": runs.first(),
            "runs": runs,
            "sites": sites.json(),
        })
    }
}

/// The words that approve each step that waits for an operator.
fn approvals(run: &Timeline) -> impl Iterator<Item = (StepId, String)> {
    let waiting = run.graph.steps.iter().filter(|step| run.phase(step.id) == Some(Phase::Paused));
    waiting
        .map(|step| (step.id, format!("failover-group approve {} {}", run.started.run, quoted(step.address.as_str()))))
}
