//! From a loaded stack to a plan: what is recorded, a look at the cloud, and the question put together.

use std::path::Path;

use super::again::again;
use super::cloud::Reached;
use super::loading::Loaded;
use super::{ExitCode, Failure, Global, Session};
use crate::address::Address;
use crate::apply::{observe, observe_roles};
use crate::plan::{self, Observed, Planned, Question, to_observe, unsettled};
use crate::stack::{CloudName, Program};
use crate::state::State;
use crate::store::LocalStore;
use crate::value::Seal;
use crate::view;
use crate::world::Store;

/// What a plan is asked for.
#[derive(Debug, Clone, Default)]
pub struct Wanted {
    /// The resources to which it is limited; empty: all.
    pub targets: Vec<Address>,
    /// Whether everything is to go.
    pub destroy: bool,
    /// Whether to look at the cloud first.
    pub refresh: bool,
    /// The sites of which it is accepted that more than a few objects have vanished.
    pub accept_vanished: Vec<String>,
}

/// A plan with what it was made from.
pub struct Made {
    /// The plan.
    pub planned: Planned,
    /// What is recorded.
    pub recorded: Option<State>,
    /// What was seen.
    pub observed: Observed,
    /// The seal of the lineage.
    pub seal: Seal,
}

/// The cloud of this stack: what `--cloud` says, else the stack, else the embedded one.
pub fn cloud_of(program: &Program, global: &Global) -> CloudName {
    global.cloud.map(CloudName::from).or_else(|| program.cloud()).unwrap_or(CloudName::Local)
}

/// Where the state of this stack is kept.
///
/// # Errors
/// Where its name cannot be that of a folder.
pub fn store_of(
    program: &Program,
    cloud: CloudName,
    global: &Global,
    session: &Session,
) -> Result<LocalStore, Failure> {
    Ok(LocalStore::open(&session.path(&global.state_root), program.name(), cloud.as_str())?)
}

/// Looks and plans. Warnings about the stack are said.
///
/// # Errors
/// Where the stack is wrong, the state cannot be read, or the cloud cannot be looked at.
pub async fn make(
    loaded: &Loaded,
    wanted: &Wanted,
    store: &LocalStore,
    reached: &Reached,
    session: &mut Session,
) -> Result<Made, Failure> {
    let recorded = store.load()?;
    tracing::info!(
        folder = %store.folder().display(),
        serial = recorded.as_ref().map_or(0, |state| state.serial),
        resources = recorded.as_ref().map_or(0, |state| state.resources.len()),
        "loaded the state"
    );
    let seal = store.seal(&*reached.ids)?;
    let observed = look(loaded, recorded.as_ref(), wanted.refresh, reached).await?;
    let question = Question {
        program: &loaded.program,
        state: recorded.as_ref(),
        observed: &observed,
        seal: &seal,
        targets: &wanted.targets,
        destroy: wanted.destroy,
    };
    let planned = plan::plan(&question).map_err(|wrong| loaded.wrong(wrong))?;
    let warnings = loaded.checked(&planned.stack, planned.warnings.clone())?;
    session.say_diagnostics(&warnings, &loaded.sources);
    tracing::info!(
        changes = planned.plan.changes.len(),
        steps = planned.plan.steps.steps.len(),
        expected = %crate::duration::spoken(planned.plan.steps.critical_path().total),
        "planned"
    );
    Ok(Made { planned, recorded, observed, seal })
}

/// Looks at everything, roles among it, or only at what an earlier run left open.
async fn look(loaded: &Loaded, recorded: Option<&State>, all: bool, reached: &Reached) -> Result<Observed, Failure> {
    // What would not come back is refused before the cloud is asked anything.
    let stack = if all { Some(loaded.look()?.0) } else { None };
    let objects = match &stack {
        Some(stack) => to_observe(stack, recorded, true),
        None => unsettled(recorded),
    };
    let mut observed = observe(&reached.cloud, &*reached.clock, &objects, recorded).await.map_err(|error| {
        Failure::failed(format!("what stands could not be looked at: {error}"))
            .help("With --refresh=false, a plan is made from what is recorded.")
    })?;
    if let (Some(stack), Some(state)) = (&stack, recorded) {
        observe_roles(&reached.cloud, &*reached.clock, stack, state, &mut observed).await;
    }
    Ok(observed)
}

/// Refuses to change anything while a failover run is not finished: it counts on what it has seen.
///
/// # Errors
/// Where there is such a run, with what can be done about it.
pub fn refuse_open(state: Option<&State>, dir: &Path, global: &Global) -> Result<(), Failure> {
    let Some(open) = state.and_then(|state| state.roles.open.as_ref()) else { return Ok(()) };
    let command = |verb: &str| again(&format!("failover-group {verb}"), dir, global);
    Err(Failure::refused(format!("{}; nothing was done", view::roles::of_run(open)))
        .help(format!("`{}` shows how it stands.", command("status")))
        .help(format!("`{}` goes on with it.", command("resume")))
        .help(format!("`{}` gives it up.", command("abort"))))
}

/// Refuses to go on where more than a few objects of a site have vanished at once, unless that is accepted.
///
/// # Errors
/// Where they have, all of it listed. It has a code of its own.
pub fn refuse_vanished(made: &Made, wanted: &Wanted) -> Result<(), Failure> {
    let Some(recorded) = &made.recorded else { return Ok(()) };
    let mut all = plan::vanished(recorded, &made.observed);
    all.retain(|one| !wanted.accept_vanished.contains(&one.site));
    if all.is_empty() {
        return Ok(());
    }
    let line = |one: &plan::Vanished| {
        let mut names: Vec<String> = one.gone.iter().take(LISTED).map(ToString::to_string).collect();
        if one.gone.len() > LISTED {
            names.push(format!("{} more", one.gone.len() - LISTED));
        }
        format!("\n  {} of the {} at site {}: {}", one.gone.len(), one.of, one.site, names.join(", "))
    };
    let flags: Vec<String> = all.iter().map(|one| format!("--accept-vanished {}", one.site)).collect();
    let what: String = all.iter().map(line).collect();
    Err(Failure::Message {
        exit: ExitCode::Refused,
        code: Some("vanished"),
        what: format!("more resources have vanished at once than people delete by hand, and nothing was done:{what}"),
        help: vec![
            "Look whether the account and the subscription are the right ones, and who deleted what stood there."
                .to_owned(),
            format!("Where it was meant, go on with {}.", flags.join(" ")),
        ],
    })
}

/// So many of the vanished are named.
const LISTED: usize = 8;

/// Refuses a plan that would touch what is forbidden, all of it listed.
///
/// # Errors
/// Where anything is.
pub fn refuse_blocked(plan: &plan::Plan) -> Result<(), Failure> {
    if plan.blocked.is_empty() {
        return Ok(());
    }
    let lines: String =
        plan.blocked.iter().map(|blocked| format!("\n  {}: {}", blocked.address, blocked.why)).collect();
    Err(Failure::Message {
        exit: ExitCode::Refused,
        code: None,
        what: format!("nothing was done, because the plan would touch what is forbidden:{lines}"),
        help: Vec::new(),
    })
}
