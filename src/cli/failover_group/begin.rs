//! A new run, from the request to its end: planned, shown, confirmed and carried out.

use jiff::Timestamp;

use super::carry::{RunEnvironment, carry, explained};
use super::choice::{group_of, moved_group, of_group};
use super::prepare::{Preparation, evaluate, prepare};
use super::request::ProcedureRequest;
use super::resume::load_for;
use super::{ExitCode, Failure, FailureAction, Global, ReviewFormat, Session, follow};
use crate::address::Address;
use crate::apply::{Continuation, FailoverRun, keep_observed, text_of};
use crate::cli::again::{again, again_recorded, completed, withheld_hint};
use crate::cli::cloud::with_cloud;
use crate::cli::confirm::{Named, confirm_name};
use crate::cli::loading::load;
use crate::cli::location::{StackLocation, holder};
use crate::cli::planning::store_of;
use crate::cli::pretty;
use crate::failover::{Procedure, in_prose};
use crate::roles::FailoverMode;
use crate::stack::CloudName;
use crate::state::{RunKind, State, StateError};
use crate::steps::{Act, Task};
use crate::store::LocalStore;
use crate::view;
use crate::world::Store;

/// Plans, shows, asks and carries out, all under the lock of the group. If another process carries out a run of the
/// group, follows that run.
pub fn carry_out(errand: &ProcedureRequest<'_>, global: &Global, session: &mut Session) -> Result<ExitCode, Failure> {
    let open = recorded(errand, global, session)?;
    let loaded = match &open {
        Some(run) => load_for(run, errand.stack, global, session)?,
        None => load(errand.stack, global, session)?,
    };
    let cloud = loaded.account.cloud;
    let store = store_of(&loaded.program, cloud, global, session)?;
    let Some(state) = store.load()? else {
        let stack = loaded.program.name();
        return Err(Failure::refused(format!(
            "{stack} has no state on {}: it was never applied there",
            cloud.as_str()
        ))
        .help(format!("Apply it first: `{}`", again("apply", errand.stack, global))));
    };
    let stack = evaluate(&loaded, &state, session)?;
    let in_place = errand.restore.map(|restore| restore.order(&stack, &state)).transpose()?.map(|(_, group)| group);
    let group = errand.common.group.clone().or(in_place);
    let group = group.or_else(|| moved_group(errand.verb, &stack, &state));
    let group = group_of(&stack, group.as_deref())?;
    let lost = errand.lost_sites(group, &stack)?;
    let errand = &ProcedureRequest { lost: &lost, ..*errand };
    let group = group.name.to_string();
    let holder = holder(&format!("failover-group {}", errand.verb.as_str()), session);
    let _lock = match (errand.common.dry_run, store.lock_group(&group, &holder)) {
        (true, _) => None,
        (false, Ok(lock)) => Some(lock),
        (false, Err(locked @ StateError::Locked(_))) => {
            return match follow::under_way(&store, Some(&group))? {
                Some(run) if errand.takes_over(&run) => Err(Failure::from(locked)
                    .help(format!("It carries out run {} ({} of {group}).", run.id, run.undertaking.verb.as_str()))
                    .help("Stop it there with Ctrl-C, or end the process, and run this command again.")),
                Some(run) => {
                    let resume = again_recorded(&of_group("resume", &group, &stack), errand.stack, global);
                    follow::follow(&run, &store, &resume, session)
                }
                None => Err(locked.into()),
            };
        }
        (false, Err(other)) => return Err(other.into()),
    };
    let layout = session.layout(global);
    with_cloud(&loaded.account, global, session, async |reached, session| {
        let Preparation { mut state, recorded, stack, procedure, over } =
            prepare(errand, &group, &loaded, &store, &reached, global, session).await?;
        if procedure.is_refused() && procedure.idle.is_none() {
            let dry_run = errand.again(&format!("{} --dry-run", errand.command()), global);
            let is_brief = errand.common.format == ReviewFormat::Text && !errand.common.dry_run;
            session.print(&match is_brief {
                true => completed(
                    &view::procedure::refused(&procedure, cloud, &dry_run, layout),
                    errand.stack,
                    global,
                    layout.width,
                ),
                false => shown(&procedure, errand, cloud, global, layout),
            })?;
            session.say(&withheld_hint(global));
            return Ok(ExitCode::Refused);
        }
        // A run prints its outcome in the requested format.
        let is_document = errand.common.format != ReviewFormat::Text;
        if !errand.is_shown && (!is_document || errand.common.dry_run || procedure.idle.is_some()) {
            session.print(&shown(&procedure, errand, cloud, global, layout))?;
        }
        if procedure.idle.is_some() {
            if let Some(over) = over.filter(|_| !errand.common.dry_run) {
                end_superseded(errand, &group, &over, &store, reached.clock.now(), global, session)?;
            }
            return Ok(ExitCode::Done);
        }
        if errand.common.dry_run {
            return Ok(ExitCode::Done);
        }
        if !errand.common.yes {
            let again = errand.again(&errand.whole_command(), global);
            let named = Named::FailoverGroup(&procedure.group);
            confirm_name(&question(&procedure, cloud), named, &again, global, session)?;
        }
        let carrying = RunEnvironment {
            directory: errand.stack,
            by: &errand.common.by,
            loaded: &loaded,
            stack: &stack,
            store: &store,
            reached: &reached,
            // The copies of a drill are deleted, however it ends.
            on_failure: errand.common.on_failure.or((errand.verb == RunKind::Drill).then_some(FailureAction::Unwind)),
            format: errand.common.format,
        };
        let inputs = match &open {
            Some(run) => run.inputs().clone(),
            None => loaded.inputs(errand.stack, global, session),
        };
        let since = errand.outage(reached.clock.now())?;
        if let Some(recorded) = recorded {
            let _no_apply = store.lock_shared()?;
            state = keep_observed(&recorded, &state, &store)?.unwrap_or(state);
        }
        let run = carrying.new_run(&procedure, &state, session)?.with_inputs(inputs);
        let seal = store.seal(&*reached.ids)?;
        let text = text_of(&stack, group_of(&stack, Some(&group))?, &procedure.steps, &seal);
        let mut run = run.with_outage(since, over).with_text(text);
        let begun = {
            let _no_apply = store.lock_shared()?;
            let by = errand.common.by.actor(session);
            carrying.with_ports(session, |ports, _| run.begin(ports, &by))?
        };
        let again = |verb: &str| again_recorded(&of_group(verb, &group, &stack), errand.stack, global);
        begun.map_err(|error| explained(error, &again))?;
        carry(&carrying, &mut run, Continuation::Start, global, session).await
    })
}

/// The unfinished run that a request may take over, for the values of variables: those that it recorded serve where
/// none are given, so that the command that `status` prints works as it is.
fn recorded(errand: &ProcedureRequest<'_>, global: &Global, session: &Session) -> Result<Option<FailoverRun>, Failure> {
    if errand.how != FailoverMode::Forced || !global.vars.is_empty() || !global.var_files.is_empty() {
        return Ok(None);
    }
    let place = StackLocation::of_run(errand.stack, global, session)?;
    let store = place.store(global, session)?;
    let Some(state) = store.load()? else { return Ok(None) };
    let is_wanted = |group: &str| errand.common.group.as_deref().is_none_or(|wanted| wanted == group);
    let open = state.roles.open.values().find(|open| is_wanted(&open.group));
    Ok(open.map(|open| FailoverRun::read(&store, &open.run)).transpose()?)
}

/// Ends the run that a move would take over, where nothing is left to move: the group is there already.
fn end_superseded(
    errand: &ProcedureRequest<'_>,
    group: &str,
    over: &str,
    store: &LocalStore,
    now: Timestamp,
    global: &Global,
    session: &mut Session,
) -> Result<(), Failure> {
    if !errand.common.yes {
        let again = errand.again(&errand.whole_command(), global);
        let what = format!("This ends run {over} where it is.");
        confirm_name(&what, Named::FailoverGroup(group), &again, global, session)?;
    }
    FailoverRun::read(store, over)?.leave_as_is(store, now, &errand.common.by.actor(session))?;
    session.print(&format!("Run {over} ended where it was.\n"))
}

/// A procedure in the requested format.
fn shown(
    procedure: &Procedure,
    errand: &ProcedureRequest<'_>,
    cloud: CloudName,
    global: &Global,
    layout: view::Layout,
) -> String {
    match errand.common.format {
        ReviewFormat::Text => {
            completed(&view::procedure::text(procedure, cloud, layout), errand.stack, global, layout.width)
        }
        ReviewFormat::Json => pretty(&view::procedure_json::json(procedure, cloud)),
        ReviewFormat::Markdown => view::procedure_markdown::markdown(procedure, cloud),
    }
}

/// The steps of a run that is planned again.
pub fn shown_steps(procedure: &Procedure, carrying: &RunEnvironment<'_>, layout: view::Layout) -> String {
    match procedure.is_refused() {
        true => {
            view::procedure::refused(procedure, carrying.cloud(), "drplan failover-group abort --leave-as-is", layout)
        }
        false => view::procedure::text(procedure, carrying.cloud(), layout),
    }
}

fn question(procedure: &Procedure, cloud: CloudName) -> String {
    let Procedure { group, leaving, arriving, stack, .. } = procedure;
    match procedure.verb {
        RunKind::Drill if !procedure.verifies.is_empty() => format!(
            "This restores {} into copies at {arriving} for {stack} on {}, and deletes them.",
            in_prose(&procedure.verifies.iter().map(Address::as_str).collect::<Vec<_>>()),
            cloud.as_str()
        ),
        RunKind::Drill => format!("This starts a drill of failover group {group} of {stack} on {}.", cloud.as_str()),
        RunKind::Restore => {
            let is_deletion = |step: &&crate::steps::Step| matches!(step.act, Act::Delete(_));
            let deleted: Vec<&str> =
                procedure.steps.steps.iter().filter(is_deletion).map(|step| step.address.as_str()).collect();
            let has = |wanted: fn(&Task) -> bool| {
                procedure.steps.steps.iter().any(|step| matches!(&step.act, Act::Task(task) if wanted(task)))
            };
            let then = match () {
                () if has(|task| matches!(task, Task::Restore(_))) => "restores its backups on a new one",
                () if has(|task| matches!(task, Task::Snapshot(_))) => "makes it again of a snapshot",
                () => "gives its volume to a new one",
            };
            format!("This deletes {} of {stack} on {}, and {then}.", in_prose(&deleted), cloud.as_str())
        }
        RunKind::Up | RunKind::Down => {
            format!("This moves failover group {group} of {stack} from {leaving} to {arriving} on {}.", cloud.as_str())
        }
    }
}

impl RunEnvironment<'_> {
    fn new_run(&self, procedure: &Procedure, state: &State, session: &mut Session) -> Result<FailoverRun, Failure> {
        let by = self.by.actor(session);
        Ok(self.with_ports(session, |ports, _| FailoverRun::new(procedure, state, ports, &by))??)
    }
}
