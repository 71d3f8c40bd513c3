//! From a loaded stack to a plan: the state, observations of the cloud, and the planner's input.

use std::collections::BTreeSet;
use std::path::Path;

use super::again::{again_recorded, quoted, withheld_hint};
use super::cloud::CloudConnection;
use super::loading::LoadedStack;
use super::location::store_at;
use super::{ExitCode, Failure, Global, Session};
use crate::address::Address;
use crate::apply::{held_resources, observe, observe_roles};
use crate::plan::{self, Action, EarlyStack, Observed, PlanInput, PlanOutcome, to_observe, unsettled};
use crate::providers::rules;
use crate::stack::{CloudName, Knowledge, Program};
use crate::state::{OpenRun, State};
use crate::store::LocalStore;
use crate::value::Seal;
use crate::view;
use crate::world::Store;

/// A request for a plan.
#[derive(Debug, Clone, Default)]
pub struct PlanRequest {
    /// The resources to which it is limited; empty: all.
    pub targets: Vec<Address>,
    /// Delete everything.
    pub destroy: bool,
    /// Read the cloud first.
    pub refresh: bool,
    /// The sites whose deletions outside drplan are accepted.
    pub accept_vanished: Vec<String>,
    /// The resources that may be imported although their objects are not this stack's.
    pub adopt: Vec<Address>,
}

/// A plan with its inputs.
pub struct PlanResult {
    /// The plan.
    pub planned: PlanOutcome,
    /// The state.
    pub recorded: Option<State>,
    /// The observations.
    pub observed: Observed,
    /// The seal of the lineage.
    pub seal: Seal,
    /// The unfinished failover runs, each with the resources that it works on.
    pub held: Vec<(OpenRun, BTreeSet<Address>)>,
}

/// The cloud of this stack: `--cloud`, else that of the stack, else the local simulator.
pub fn cloud_of(program: &Program, global: &Global) -> CloudName {
    global.cloud.or_else(|| program.cloud()).unwrap_or(CloudName::Local)
}

/// The store of this stack's state.
///
/// # Errors
/// A name that cannot be the name of a directory.
pub fn store_of(
    program: &Program,
    cloud: CloudName,
    global: &Global,
    session: &Session,
) -> Result<LocalStore, Failure> {
    store_at(program.name(), cloud, global, session)
}

/// Reads the state and the cloud, and plans. Warnings about the stack are printed.
///
/// # Errors
/// Errors in the stack; a state or a cloud that cannot be read.
pub async fn make(
    loaded: &LoadedStack,
    wanted: &PlanRequest,
    store: &LocalStore,
    reached: &CloudConnection,
    session: &mut Session,
) -> Result<PlanResult, Failure> {
    make_from(store.load()?, loaded, wanted, store, reached, session).await
}

/// The same from a state that was read.
///
/// # Errors
/// As for [`make`].
pub async fn make_from(
    recorded: Option<State>,
    loaded: &LoadedStack,
    wanted: &PlanRequest,
    store: &LocalStore,
    reached: &CloudConnection,
    session: &mut Session,
) -> Result<PlanResult, Failure> {
    tracing::info!(
        folder = %store.folder().display(),
        serial = recorded.as_ref().map_or(0, |state| state.serial),
        resources = recorded.as_ref().map_or(0, |state| state.resources.len()),
        "loaded the state"
    );
    let seal = store.seal(&*reached.ids)?;
    let (observed, early) = look(loaded, recorded.as_ref(), wanted.refresh, reached).await?;
    let question = PlanInput {
        program: &loaded.program,
        state: recorded.as_ref(),
        observed: &observed,
        seal: &seal,
        targets: &wanted.targets,
        destroy: wanted.destroy,
        adopt: &wanted.adopt,
    };
    let mut planned = plan::plan_from(&question, early).map_err(|wrong| loaded.wrong(wrong))?;
    let held = match &recorded {
        Some(state) => held_resources(store, state)?,
        None => Vec::new(),
    };
    if let (Some(recorded), Some(refreshed)) = (&recorded, &mut planned.refreshed) {
        // What an unfinished run has begun is settled by that run.
        for address in held.iter().flat_map(|(_, resources)| resources) {
            match recorded.resources.get(address) {
                Some(as_recorded) => drop(refreshed.resources.insert(address.clone(), as_recorded.clone())),
                None => drop(refreshed.resources.remove(address)),
            }
        }
    }
    let warnings = loaded.checked(&planned.stack, planned.warnings.clone())?;
    session.say_diagnostics(&warnings, &loaded.sources);
    tracing::info!(
        changes = planned.plan.changes.len(),
        steps = planned.plan.steps.steps.len(),
        expected = %crate::duration::spoken(planned.plan.steps.critical_path().total),
        "planned"
    );
    Ok(PlanResult { planned, recorded, observed, seal, held })
}

/// The stack with what the recorded state knows, unless anything is wrong with it then: the state may be out of date.
fn early(loaded: &LoadedStack, recorded: Option<&State>) -> Option<EarlyStack> {
    let catalog = loaded.program.catalog();
    let known = recorded.map_or_else(Knowledge::default, |state| plan::knowledge(catalog, state, &|_| false));
    let (stack, warnings) = loaded.program.evaluate(&known).ok()?;
    (!rules().check(&stack).has_errors()).then_some(EarlyStack { known, stack, warnings })
}

/// Reads every resource and role, or only the resources whose outcome an earlier run left unknown. The stack that was
/// evaluated for that comes along.
async fn look(
    loaded: &LoadedStack,
    recorded: Option<&State>,
    all: bool,
    reached: &CloudConnection,
) -> Result<(Observed, Option<EarlyStack>), Failure> {
    let early = if all { early(loaded, recorded) } else { None };
    // A stack that could not be recovered is refused before any request.
    let plain = if all && early.is_none() { Some(loaded.look()?.0) } else { None };
    let stack = early.as_ref().map(|early| &early.stack).or(plain.as_ref());
    let objects = match stack {
        Some(stack) => to_observe(stack, recorded, true),
        None => unsettled(recorded),
    };
    let mut observed = observe(loaded.program.catalog(), &reached.cloud, &*reached.clock, &objects, recorded)
        .await
        .map_err(|error| {
            Failure::failed(format!("cannot read the resources in the cloud: {error}"))
                .help("Plan from the state alone with --refresh=false.")
        })?;
    if let (Some(stack), Some(state)) = (stack, recorded) {
        observe_roles(reached.reads(), stack, state, &mut observed).await;
    }
    Ok((observed, early))
}

/// Refuses changes of resources that an unfinished failover run works on: the run depends on what it has observed.
///
/// # Errors
/// Such changes, with the run; the help has the next steps.
pub fn refuse_held<'a>(
    held: &[(OpenRun, BTreeSet<Address>)],
    changed: impl Iterator<Item = &'a Address>,
    dir: &Path,
    global: &Global,
) -> Result<(), Failure> {
    let changed: BTreeSet<&Address> = changed.collect();
    for (open, resources) in held {
        let mut names: Vec<String> =
            resources.iter().filter(|address| changed.contains(address)).map(ToString::to_string).collect();
        let more = names.len().saturating_sub(LISTED);
        if names.is_empty() {
            continue;
        }
        names.truncate(LISTED);
        names.extend((more > 0).then(|| format!("{more} more")));
        let group = if held.len() > 1 { format!(" --group {}", quoted(&open.group)) } else { String::new() };
        let command = |verb: &str| again_recorded(&format!("failover-group {verb}{group}"), dir, global);
        let what = format!("{}, and works on {}", view::roles::of_run(open), names.join(", "));
        return Err(Failure::refused(format!("{what}; nothing was changed"))
            .help(format!("Show it: `{}`", command("status")))
            .help(format!("Resume it: `{}`", command("resume")))
            .help(format!("Abort it: `{}`", command("abort"))));
    }
    Ok(())
}

/// The same for the changes of a plan.
///
/// # Errors
/// As for [`refuse_held`].
pub fn refuse_held_changes(made: &PlanResult, dir: &Path, global: &Global) -> Result<(), Failure> {
    let changes = made.planned.plan.changes.iter();
    let changes = changes.filter(|change| change.action != Action::Keep);
    let addresses = changes.flat_map(|change| [Some(&change.address), change.was.as_ref()]).flatten();
    refuse_held(&made.held, addresses, dir, global)
}

/// Refuses to continue if more than a few resources of a site were deleted outside drplan at once, unless that is
/// accepted. `command` is the one to repeat with the acceptance.
///
/// # Errors
/// Such deletions, all of them listed, with the code `vanished`.
pub fn refuse_vanished(made: &PlanResult, wanted: &PlanRequest, command: &str, global: &Global) -> Result<(), Failure> {
    let Some(recorded) = &made.recorded else { return Ok(()) };
    let mut all = plan::vanished(recorded, &made.observed);
    all.retain(|one| !wanted.accept_vanished.contains(&one.site));
    if all.is_empty() {
        return Ok(());
    }
    let line = |one: &plan::MissingResources| {
        let mut names: Vec<String> = one.gone.iter().take(LISTED).map(ToString::to_string).collect();
        if one.gone.len() > LISTED {
            names.push(format!("{} more", one.gone.len() - LISTED));
        }
        format!("\n  site {}: {}", one.site, names.join(", "))
    };
    let sites = wanted.accept_vanished.iter().chain(all.iter().map(|one| &one.site));
    let flags: String = sites.map(|site| format!(" --accept-vanished {}", quoted(site))).collect();
    let counts: Vec<String> =
        all.iter().map(|one| format!("{} of {} resources at site {}", one.gone.len(), one.of, one.site)).collect();
    let names: String = all.iter().map(line).collect();
    Err(Failure::Message {
        exit: ExitCode::Refused,
        code: Some("vanished"),
        what: format!("{} no longer exist in the cloud; drplan stopped and changed nothing:{names}", counts.join(", ")),
        help: vec![
            "Check the account, the subscription and the activity log.".to_owned(),
            format!("If the deletions were intended: `{command}{flags}`"),
        ],
    }
    .help(withheld_hint(global).trim_end()))
}

/// The most deleted resources that are named.
const LISTED: usize = 8;

/// Refuses a plan that would change protected resources.
///
/// # Errors
/// Such changes, all of them listed.
pub fn refuse_blocked(plan: &plan::Plan) -> Result<(), Failure> {
    if plan.blocked.is_empty() {
        return Ok(());
    }
    let lines: String =
        plan.blocked.iter().map(|blocked| format!("\n  {}: {}", blocked.address, blocked.why)).collect();
    Err(Failure::Message {
        exit: ExitCode::Refused,
        code: None,
        what: format!("Blocked: drplan will not apply this plan; nothing was changed:{lines}"),
        help: Vec::new(),
    })
}
