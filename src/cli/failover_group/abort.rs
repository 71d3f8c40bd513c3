//! `drplan failover-group abort`.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use serde_json::{Value as Json, json};

use super::carry::{RunEnvironment, explained};
use super::prepare::{as_run, evaluate};
use super::resume::load_for;
use super::{ExitCode, Failure, Global, ReviewFormat, Session, ending, follow};
use crate::apply::{AbortOutcome, FailoverRun, abort};
use crate::cli::account::Account;
use crate::cli::actor::By;
use crate::cli::again::{again as complete, again_recorded, quoted, withheld_hint};
use crate::cli::cloud::with_cloud;
use crate::cli::confirm::{Named, confirm_name};
use crate::cli::loading::{LoadedStack, StackText, load_text, load_without_secrets};
use crate::cli::location::{StackLocation, holder};
use crate::cli::pretty;
use crate::hcl::NoFiles;
use crate::kinds::{Catalog, Kind};
use crate::plan::{knowledge, recorded_resource};
use crate::stack::{CloudName, Secrets, Stack};
use crate::state::{ActiveSite, RunKind, State};
use crate::steps::RunEnd;
use crate::world::Store;

/// Abort an unfinished run
///
/// Before any data has moved, completed steps are rolled back. After a promotion nothing is rolled back, since
/// promotions are irreversible: the roles are recorded as they are, and `up` or `down` continue from there. Needs the
/// run's journal only, whatever the files of the stack have become.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  drplan failover-group abort
  drplan failover-group abort --leave-as-is --yes
  drplan failover-group abort --yes --format json")]
pub struct Args {
    /// Directory of the stack
    #[arg(default_value = ".")]
    stack: PathBuf,
    /// Failover group [default: the only one]
    #[arg(long, value_name = "NAME", value_parser = crate::cli::group_name)]
    group: Option<String>,
    /// End the run where it is: roll nothing back, read nothing, and record the mixed state
    #[arg(long)]
    leave_as_is: bool,
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
    let place = StackLocation::of_run(&args.stack, global, session)?;
    let store = place.store(global, session)?;
    let Some(run) = follow::under_way(&store, args.group.as_deref())? else { return nothing(args, session) };
    let group = run.undertaking.group;
    let named = if args.group.is_some() { format!(" --group {}", quoted(&group)) } else { String::new() };
    let again = |verb: &str| again_recorded(&format!("failover-group {verb}{named}"), &args.stack, global);
    let _lock = store.lock_group(&group, &holder("failover-group abort", session))?;
    let (Some(mut run), Some(state)) = (follow::under_way(&store, Some(&group))?, store.load()?) else {
        return nothing(args, session);
    };
    if !args.yes {
        let how = if args.leave_as_is { ", and leaves its changes as they are" } else { "" };
        let what = format!("This aborts run {} of failover group {group}{how}.", run.id);
        let flags = if args.leave_as_is { " --leave-as-is" } else { "" };
        confirm_name(&what, Named::FailoverGroup(&group), &(again("abort") + flags), global, session)?;
    }
    let cloud = place.cloud;
    let aborted = if args.leave_as_is {
        // The simulator's time is that of the journal.
        let at = match (cloud, run.journal.last()) {
            (CloudName::Local, Some(last)) => last.at,
            _ => session.clock.now(),
        };
        AbortOutcome::Left(run.leave_as_is(&store, at, &args.by.actor(session))?)
    } else {
        let (loaded, stack) = stack_of(&run, &state, &place, args, global, session)?;
        if let Some(address) = run.needs_text(&stack) {
            return Err(Failure::refused(format!(
                "the rollback of run {} creates {address} again, and the stack that the run was started from is not at hand",
                run.id
            ))
            .help("Restore the stack's files and the values of its variables as they were when the run started.")
            .help(format!("Or end the run where it is: `{} --leave-as-is`", again("abort"))));
        }
        with_cloud(&loaded.account, global, session, async |reached, session| {
            let carrying = RunEnvironment {
                directory: &args.stack,
                by: &args.by,
                loaded: &loaded,
                stack: &stack,
                store: &store,
                reached: &reached,
                on_failure: None,
                format: ReviewFormat::Text,
            };
            let graph = run.graph.clone();
            let aborted = carrying
                .while_shown(&graph, global, session, async |ports, party| abort(&mut run, &stack, ports, party).await);
            let aborted = aborted.await?.map_err(|error| explained(error, &again))?;
            session.say_diagnostics(&run.output_errors, &loaded.sources);
            Ok(aborted)
        })?
    };
    // A new run needs the values of variables, and the group where the stack has several.
    let of_group = match args.group.is_some() || has_several_groups(&args.stack, &state, global, session) {
        true => format!(" --group {}", quoted(&group)),
        false => String::new(),
    };
    // Where no values were given to this command, a new run needs those of the aborted one.
    let inputs = match global.vars.is_empty() && global.var_files.is_empty() {
        true => recorded_inputs(&run, &args.stack),
        false => String::new(),
    };
    let next = |verb: &str| complete(&format!("failover-group {verb}{of_group}"), &args.stack, global) + &inputs;
    let AbortSummary { word, text, exit } = outcome(&run, &aborted, &again, &next, global);
    session.print(&match args.format {
        crate::cli::OutputFormat::Text => text,
        crate::cli::OutputFormat::Json => pretty(&document(Some(&run), word)),
    })?;
    ending::write_reports(&run, &store, cloud, session)?;
    Ok(exit)
}

/// The flags that repeat the values which a run was started with, as far as its journal has them.
fn recorded_inputs(run: &FailoverRun, dir: &Path) -> String {
    let inputs = run.inputs();
    let files = inputs.files.iter().map(|file| format!(" --vars {}", quoted(&dir.join(file).display().to_string())));
    let values = inputs.values.iter().map(|(name, value)| format!(" --var {}", quoted(&format!("{name}={value}"))));
    files.chain(values).collect()
}

/// True if a command has to name a group. Where the stack cannot be read, the state decides.
fn has_several_groups(dir: &Path, state: &State, global: &Global, session: &Session) -> bool {
    let known = load_without_secrets(dir, global, session).ok();
    let stack =
        known.and_then(|loaded| loaded.program.evaluate(&knowledge(loaded.program.catalog(), state, &|_| false)).ok());
    match stack {
        Some((stack, _)) => stack.failover_groups.len() > 1,
        None => state.roles.groups.keys().chain(state.roles.open.keys()).collect::<BTreeSet<_>>().len() > 1,
    }
}

/// The stack as the run was made from it; where the text is gone or has changed, the stack as the state records it.
fn stack_of(
    run: &FailoverRun,
    state: &State,
    place: &StackLocation,
    args: &Args,
    global: &Global,
    session: &mut Session,
) -> Result<(LoadedStack, Stack), Failure> {
    let (group, verb) = (&run.undertaking.group, run.undertaking.verb);
    if let Ok(loaded) = load_for(run, &args.stack, global, session)
        && let Ok(stack) = evaluate(&loaded, state, session)
    {
        let stack = as_run(stack, group, verb, state);
        if run.is_of(&stack).is_ok() {
            return Ok((loaded, stack));
        }
    }
    session.say(&format!(
        "The stack is not the one that run {} was started from. Its rollback follows its journal and the state.\n\n",
        run.id
    ));
    let account = Account::of(place.cloud, session);
    let text = text_of_sites(&place.stack, state, session.catalog);
    let loaded = load_text(text, Vec::new(), Secrets::Optional, |_| account)?;
    let catalog = session.catalog;
    let evaluated = loaded.program.evaluate(&knowledge(catalog, state, &|_| false));
    let (stack, _) = evaluated.map_err(|wrong| loaded.wrong(wrong))?;
    let recorded =
        state.resources.iter().filter_map(|(address, recorded)| recorded_resource(catalog, address, recorded));
    Ok((loaded, stack.with_resources(recorded)))
}

/// A stack without resources: its name, and the sites that the state knows.
fn text_of_sites(stack: &str, state: &State, catalog: &'static Catalog) -> StackText {
    let mut sites: BTreeMap<&str, (&str, &str)> = BTreeMap::new();
    for (address, recorded) in &state.resources {
        let of_kind = catalog.kind(address.kind()).map(Kind::provider);
        let provider = of_kind.or_else(|| catalog.provider_of_region(&recorded.location));
        if let Some(provider) = provider.filter(|provider| provider.has_sites()) {
            sites.insert(&recorded.site, (provider.name, &recorded.location));
        }
    }
    let site = |(name, (provider, location)): (&str, (&str, &str))| {
        format!("site \"{name}\" {{\n  provider = \"{provider}\"\n  location = \"{location}\"\n}}\n")
    };
    let text = format!("stack \"{stack}\" {{}}\n{}", sites.into_iter().map(site).collect::<String>());
    StackText { files: vec![("state".into(), text.into())], auto: Vec::new(), reader: Arc::new(NoFiles), catalog }
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

fn outcome(
    run: &FailoverRun,
    aborted: &AbortOutcome,
    again: &dyn Fn(&str) -> String,
    next: &dyn Fn(&str) -> String,
    global: &Global,
) -> AbortSummary {
    let (id, group) = (&run.id, &run.undertaking.group);
    let done = |word, text| AbortSummary { word, text, exit: ExitCode::Done };
    // The move that leaves the site which the run was leaving.
    let away = if run.undertaking.verb == RunKind::Down { "down" } else { "up" };
    let onward = || {
        format!(
            "Continue to either site; both start from what is observed:\n    {}\n    {}\nIf {site} is lost:\n    {}\n{}",
            next("up --planned"),
            next("down"),
            next(&format!("{away} --forced --lost {}", quoted(&run.undertaking.leaving))),
            withheld_hint(global),
            site = run.undertaking.leaving,
        )
    };
    match aborted {
        AbortOutcome::Nothing => done("unchanged", format!("Aborted: run {id} had changed nothing.\n")),
        AbortOutcome::Unwound(report) if report.ended == Some(RunEnd::Done) => {
            done("rolled_back", format!("Aborted: all changes of run {id} were rolled back.\n"))
        }
        AbortOutcome::Unwound(report) | AbortOutcome::Unrecorded(report) => {
            let failures = ending::failures(&run.graph, report);
            let text = format!(
                "Run {id} is still unfinished: some of its changes could not be rolled back.\n{failures}\nFix the cause, then abort it again:\n    {}\nor end it where it is, and continue from there:\n    {}\n{}",
                again("abort"),
                again("abort --leave-as-is"),
                withheld_hint(global),
            );
            AbortSummary { word: "incomplete", text, exit: ExitCode::Stopped }
        }
        AbortOutcome::Left(ActiveSite::Between) => {
            let text = format!(
                "Aborted: run {id} of failover group {group} ended where it was; nothing was rolled back. {group} is in a mixed state: traffic and data can be on different sites.\n{}",
                onward()
            );
            done("mixed_state", text)
        }
        AbortOutcome::Left(_) if run.undertaking.verb == RunKind::Restore => {
            let text = format!(
                "Aborted: run {id} ended where it was. What it had deleted is missing: `drplan apply` creates it, without \
                 its data.\n"
            );
            done("unchanged", text)
        }
        AbortOutcome::Left(_) => {
            done("unchanged", format!("Aborted: run {id} ended where it was. It had moved nothing.\n"))
        }
        AbortOutcome::Recorded(active) => {
            let (word, state) = match active {
                ActiveSite::Home => ("at_home", "its data is at its permanent site"),
                ActiveSite::Away => ("away", "its data is at the recovery site"),
                ActiveSite::Between => {
                    ("mixed_state", "it is in a mixed state: traffic and data are on different sites")
                }
            };
            done(word, format!("Aborted: run {id} of failover group {group}; {state}.\n{}", onward()))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::address::Address;
    use crate::state::Recorded;

    #[test]
    fn sites_of_a_lost_stack_have_the_providers_of_their_resources() {
        let recorded = |site: &str, location: &str| -> std::sync::Arc<Recorded> {
            serde_json::from_value(json!({
                "id": "/any", "name": "any", "site": site, "location": location, "objects": [],
                "arguments": {}, "attributes": {}, "status": "standing",
            }))
            .unwrap()
        };
        let mut state = State::empty("shop", "one".to_owned());
        state.resources.insert(Address::new("resource_group", "app"), recorded("east", "eastus"));
        state.resources.insert(Address::new("cloudflare_dns_record", "www"), recorded("cloudflare", ""));
        state.resources.insert(Address::new("kind_of_another_version", "old"), recorded("dr", "ca-west-1"));
        let text = text_of_sites("shop", &state, crate::providers::catalog());
        let [(_, text)] = text.files.as_slice() else { panic!("one file") };
        assert_eq!(
            &**text,
            "stack \"shop\" {}\nsite \"dr\" {\n  provider = \"aws\"\n  location = \"ca-west-1\"\n}\n\
             site \"east\" {\n  provider = \"azure\"\n  location = \"eastus\"\n}\n"
        );
    }
}
