//! From a stack to a procedure: state and observations in, steps and preflight checks out.

use super::carry::explained;
use super::choice::{group_of, of_group, parts_exist};
use super::request::ProcedureRequest;
use super::{Failure, Global, Session};
use crate::address::Address;
use crate::apply::{FailoverRun, RunError, held, look_around, read_catalogue, read_catalogues, taken_over};
use crate::cli::again::again_recorded;
use crate::cli::cloud::CloudConnection;
use crate::cli::loading::LoadedStack;
use crate::diagnostic::Diagnostics;
use crate::failover::{self, History, Outage, Procedure, ProcedureInput, SurveyResult};
use crate::plan::{self, Action, Change, Observed, PlanInput, knowledge};
use crate::stack::{FailoverGroup, Presence, Stack};
use crate::state::{RunKind, State};
use crate::store::LocalStore;
use crate::value::Seal;
use crate::world::Store;

/// A planned run.
pub struct Preparation {
    /// The state that it starts from.
    pub state: State,
    /// The state as stored, where the run starts from another: with resources that were found in the cloud.
    pub recorded: Option<State>,
    /// The stack as the run sees it.
    pub stack: Stack,
    /// Its steps and preflight checks.
    pub procedure: Procedure,
    /// The run that is taken over.
    pub over: Option<String>,
}

pub async fn prepare(
    errand: &ProcedureRequest<'_>,
    name: &str,
    loaded: &LoadedStack,
    store: &LocalStore,
    reached: &CloudConnection,
    global: &Global,
    session: &mut Session,
) -> Result<Preparation, Failure> {
    let mut state = store.load()?.ok_or_else(|| Failure::refused("there is no state"))?;
    let (stack, _) = evaluated(loaded, &state)?;
    let stack = as_run(stack, name, errand.verb, &state);
    let group = group_of(&stack, Some(name))?;
    let open = state.roles.open.get(name).map(|open| FailoverRun::read(store, &open.run)).transpose()?;
    let mut over = None;
    if let Some(run) = open {
        if errand.takes_over(&run) {
            let what = format!("run {} ({} of {name})", run.id, run.undertaking.verb.as_str());
            let say = |session: &mut Session, text: &str| {
                if !errand.is_shown {
                    session.say(text)
                }
            };
            say(
                session,
                &format!(
                    "Takes over {what}: that run ends as it is, and the steps below start from what is observed.\n\n"
                ),
            );
            state = taken_over(&run, &state, reached.clock.now())?;
            over = Some(run.id);
        } else {
            unfinished(errand, &run, &stack, global, session)?;
        }
    }
    if let Some(lost) = errand.lost.iter().find(|lost| !group.has_site(lost)) {
        return Err(Failure::failed(format!(
            "--lost {lost}: failover group {} has the sites {}",
            group.name,
            group.sites_in_prose()
        ))
        .help("Name the site that is lost."));
    }
    if let Some(to) = errand.to.filter(|to| !group.standbys().iter().any(|site| **site == **to)) {
        let standbys = group.standbys_in_prose();
        return Err(Failure::failed(format!("--to {to}: failover group {} can move to {standbys}", group.name))
            .help("Name the standby site to move to."));
    }
    parts_exist(errand.without, &[group])?;
    let seal = store.seal(&*reached.ids)?;
    let since = errand.outage(reached.clock.now())?;
    let order = errand.restore.map(|restore| restore.order(&stack, &state)).transpose()?.map(|(order, _)| order);
    let look = async |state: &State| {
        let mut survey = failover::survey(&stack, group, state, errand.lost);
        let machine = order.as_ref().and_then(|order| stack.resources.get(&order.machine));
        survey.objects.extend(machine.iter().flat_map(|machine| &machine.objects).cloned());
        let mut seen = look_around(&survey, reached.reads(), &*reached.web).await;
        let known = (&state.restores, reached.clock.now());
        seen.catalogues = read_catalogues(&stack, group, (reached.catalogues(), &reached.cloud), known).await;
        let restored = machine.iter().flat_map(|machine| stack.restored_by(machine));
        let asked = order.as_ref().and_then(|order| stack.backups.get(order.backup.own_name()));
        let snapshots = asked.iter().flat_map(|asked| failover::snapshots_beside(&stack, asked));
        for backup in restored.chain(asked).chain(snapshots) {
            let now = reached.clock.now();
            let until = errand.restore.and_then(|restore| restore.at).unwrap_or(now);
            let set = read_catalogue(&stack, backup, (reached.catalogues(), &reached.cloud), now).await;
            let restores = state.restores.get(&backup.address).map(Vec::as_slice).unwrap_or_default();
            let set = set.map(|set| set.until(until).with_restores(restores, now));
            seen.catalogues.insert(backup.address.clone(), set);
        }
        seen.judge(errand.cause, since);
        seen.in_place.clone_from(&order);
        seen
    };
    let mut seen = look(&state).await;
    let mut recorded = None;
    // What a run without a journal has created is recorded, so that this run removes it or continues with it.
    if over.is_none()
        && errand.verb != RunKind::Drill
        && let Some(found) = plan::with_found(&stack, &state, &seen.observed, &seal)
    {
        recorded = Some(std::mem::replace(&mut state, found));
        seen = look(&state).await;
    }
    let history = history(store)?;
    let pending = pending(loaded, &state, &seal, group)?;
    let question = ProcedureInput {
        stack: &stack,
        group,
        verb: errand.verb,
        how: errand.how,
        lost: errand.lost,
        to: errand.to,
        without: errand.without,
        pending: &pending,
        state: &state,
        seen: &seen,
        accepted: errand.accepted,
        verify: errand.verify,
        history: &history,
    };
    let chosen = SurveyResult { in_place: failover::settled(&question), ..seen.clone() };
    let question = ProcedureInput { seen: &chosen, ..question };
    let mut procedure = failover::plan(&question);
    let now = reached.clock.now();
    procedure.outage = errand.outage(now)?.map(|since| Outage { since, now });
    if let Some((open, address)) = held(store, &state, name, &procedure.steps)?.first() {
        let again = |verb: &str| again_recorded(&of_group(verb, &open.group, &stack), errand.stack, global);
        let (run, group) = (open.run.clone(), open.group.clone());
        let failure = explained(RunError::Held { run, group, address: address.clone() }, &again);
        if !errand.common.dry_run {
            return Err(failure);
        }
        session.say(&format!("warning: {} holds {address}; this run cannot start until it ends.\n\n", open.run));
    }
    Ok(Preparation { stack, procedure, state, recorded, over })
}

/// The permanent resources whose configuration differs from what was applied last. Deletions do not count: a run
/// neither needs nor touches what they delete. Nor does what a move sets itself: a move that left a route out is made
/// good by the next one.
fn pending(loaded: &LoadedStack, state: &State, seal: &Seal, group: &FailoverGroup) -> Result<Vec<Address>, Failure> {
    let question = PlanInput {
        program: &loaded.program,
        state: Some(state),
        observed: &Observed::default(),
        seal,
        targets: &[],
        destroy: false,
        adopt: &[],
    };
    let planned = plan::plan(&question).map_err(|wrong| loaded.wrong(wrong))?;
    // Moves set the role of a replica and the setting of a route: the state may hold those of before a move.
    let levers = failover::lever_ends(&planned.stack, group);
    let is_role = |address: &Address, argument: &str| {
        let resource = planned.stack.resources.get(address);
        let moved = resource.filter(|resource| resource.kind.promotion.is_some() || levers.contains(address));
        moved.is_some_and(|resource| resource.kind.run_moves.contains(&argument))
    };
    let is_pending = |change: &&Change| {
        let differs = match change.action {
            Action::Create | Action::Replace(_) | Action::Rename => true,
            Action::Update => change.arguments.iter().any(|argument| !is_role(&change.address, &argument.path)),
            Action::Keep | Action::Delete | Action::Adopt | Action::Forget => false,
        };
        change.presence == Presence::Permanent && differs
    };
    Ok(planned.plan.changes.iter().filter(is_pending).map(|change| change.address.clone()).collect())
}

/// An unfinished run of the group, which is not taken over: refused, and a warning in a dry run.
fn unfinished(
    errand: &ProcedureRequest<'_>,
    run: &FailoverRun,
    stack: &Stack,
    global: &Global,
    session: &mut Session,
) -> Result<(), Failure> {
    let (verb, group) = (run.undertaking.verb.as_str(), run.undertaking.group.as_str());
    let unfinished = format!("run {} ({verb} of {group}) is unfinished", run.id);
    let command = |verb: &str| again_recorded(&of_group(verb, group, stack), errand.stack, global);
    if !errand.common.dry_run {
        return Err(Failure::refused(format!(
            "{unfinished}; no other run of failover group {group} can start until it ends"
        ))
        .help(format!("Show it: `{}`", command("status")))
        .help(format!("Resume it: `{}`", command("resume")))
        .help(format!("Abort it: `{}`", command("abort"))));
    }
    session.say(&format!(
        "warning: {unfinished}. This dry run starts from the state that it left midway; no other run of failover group {group} can start until it ends.\n  = help: Resume it: `{}`\n  = help: Abort it: `{}`\n\n",
        command("resume"),
        command("abort")
    ));
    Ok(())
}

/// The stack with its recorded values; its warnings are printed.
pub fn evaluate(loaded: &LoadedStack, state: &State, session: &mut Session) -> Result<Stack, Failure> {
    let (stack, warnings) = evaluated(loaded, state)?;
    session.say_diagnostics(&warnings, &loaded.sources);
    Ok(stack)
}

/// The stack with its recorded values, and its warnings.
fn evaluated(loaded: &LoadedStack, state: &State) -> Result<(Stack, Diagnostics), Failure> {
    let evaluated = loaded.program.evaluate(&knowledge(loaded.program.catalog(), state, &|_| false));
    let (stack, warnings) = evaluated.map_err(|wrong| loaded.wrong(wrong))?;
    let warnings = loaded.checked(&stack, warnings)?;
    Ok((stack, warnings))
}

/// The stack as seen by a run of this verb.
pub fn as_run(stack: Stack, group: &str, verb: RunKind, state: &State) -> Stack {
    let known = knowledge(stack.catalog(), state, &|_| false);
    failover::as_run(stack, group, verb, state, &known)
}

/// Recorded durations of earlier runs. A journal that cannot be read is skipped.
pub fn history(store: &LocalStore) -> Result<History, Failure> {
    let mut history = History::default();
    for run in store.runs()? {
        if let Ok(journal) = store.entries_of(&run) {
            history.take_in(&journal);
        }
    }
    Ok(history)
}
