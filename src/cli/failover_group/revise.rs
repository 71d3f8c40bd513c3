//! Resuming a run whose stack has changed: the differences and the steps that remain are shown first.

use super::begin::shown_steps;
use super::carry::RunEnvironment;
use super::prepare::history;
use super::{ExitCode, Failure, Global, Session};
use crate::address::Address;
use crate::apply::{FailoverRun, Revision, look_around, read_catalogues, taken_over, text_differences, text_of};
use crate::cli::confirm::{Named, confirm_name};
use crate::failover::{self, ProcedureInput};
use crate::stack::FailoverGroup;
use crate::state::State;
use crate::steps::{Act, Task};
use crate::view::count;

/// The outcome of planning a run again.
pub enum Revised {
    /// Resume with this change.
    Resume(Box<Revision>),
    /// Nothing was changed; the reason has been printed.
    Refused(ExitCode),
}

/// Plans what remains of a run with the stack as it is now, shows it and asks. Steps that are done stay done. A change
/// of what the run does not depend on is taken as it is.
pub async fn revise(
    carrying: &RunEnvironment<'_>,
    run: &FailoverRun,
    group: &FailoverGroup,
    state: &State,
    confirm: Option<&str>,
    global: &Global,
    session: &mut Session,
) -> Result<Revised, Failure> {
    let RunEnvironment { stack, store, reached, .. } = *carrying;
    let seal = store.seal(&*reached.ids)?;
    let spec = &run.undertaking;
    let text = text_of(stack, group, &run.graph, &seal);
    let differences = text_differences(run.text(), &text);
    let revision =
        |steps| Revision { digest: stack.digest.clone(), differences: differences.clone(), text: text.clone(), steps };
    if differences.is_empty() && !run.text().is_empty() {
        session.say(&format!(
            "The stack has changed since run {} began, and nothing that the run depends on. Its steps stay as they are.\n",
            run.id
        ));
        return Ok(Revised::Resume(Box::new(revision(Vec::new()))));
    }
    let lines: String = differences.iter().map(|line| format!("  {line}\n")).collect();
    session.say(&match run.text().is_empty() {
        true => format!(
            "The stack has changed since run {} began. An earlier version of drplan recorded no configuration to compare with.\n\n",
            run.id
        ),
        false => format!(
            "The stack has changed since run {} began, in {}:\n{lines}\n",
            run.id,
            count(differences.len(), "place", "places")
        ),
    });
    let moves = |replica: &&Address| spec.roles.iter().any(|role| role.replica == **replica);
    let mut without: Vec<Address> = group.promote.iter().filter(|replica| !moves(replica)).cloned().collect();
    // A run that switches no traffic has left every route out.
    if !spec.steps.iter().any(|step| matches!(step.act, Act::Task(Task::Route { .. }))) {
        without.extend(group.routes.iter().map(|route| Address::new("route", &route.name)));
    }
    let left = taken_over(run, state, reached.clock.now())?;
    let survey = failover::survey(stack, group, &left, &spec.lost);
    let mut seen = look_around(&survey, reached.reads(), &*reached.web).await;
    let known = (&state.restores, reached.clock.now());
    seen.catalogues = read_catalogues(stack, group, (reached.catalogues(), &reached.cloud), known).await;
    seen.judge(spec.cause, spec.since);
    let history = history(store)?;
    let procedure = failover::plan(&ProcedureInput {
        stack,
        group,
        verb: spec.verb,
        how: spec.how,
        lost: &spec.lost,
        to: Some(&*spec.arriving).filter(|site| **site != *group.from),
        without: &without,
        pending: &[],
        state: &left,
        seen: &seen,
        accepted: spec.accepted,
        verify: &spec.verifies,
        history: &history,
    });
    session.print(&shown_steps(&procedure, carrying, session.layout(global)))?;
    if procedure.is_refused() {
        return Ok(Revised::Refused(ExitCode::Refused));
    }
    if let Some(command) = confirm {
        let what = format!("This resumes run {} of failover group {} with these steps.", run.id, group.name);
        confirm_name(&what, Named::FailoverGroup(&group.name), command, global, session)?;
    }
    Ok(Revised::Resume(Box::new(revision(run.remaining(&procedure)))))
}
