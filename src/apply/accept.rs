//! Recording roles that have moved without a run, because a person takes them as they are.

use crate::address::Address;
use crate::plan::{Observed, accepted};
use crate::stack::{FailoverGroup, Stack};
use crate::state::{GroupRole, State, StateError, VERSION};
use crate::steps::{Ended, Entry, Event, Learnt, Started, StepEvent, StepId};
use crate::world::{Clock, Ids, Store};

/// Roles that are to be recorded.
pub struct NewRoles<'a> {
    /// The stack.
    pub stack: &'a Stack,
    /// Its failover groups whose roles are taken as they are.
    pub groups: &'a [&'a FailoverGroup],
    /// What is recorded.
    pub state: &'a State,
    /// What was seen.
    pub observed: &'a Observed,
    /// Who takes them: user and host.
    pub by: &'a str,
}

/// Records roles as they were seen. Nothing happens in the cloud; it is a run all the same, so that its journal says who took what, and when.
///
/// # Errors
/// Where the state or the journal cannot be written.
pub fn accept(new: &NewRoles<'_>, clock: &dyn Clock, ids: &dyn Ids, store: &dyn Store) -> Result<State, StateError> {
    let NewRoles { stack, groups, state, observed, by } = *new;
    let at = clock.now();
    let run = store.name_run(at, &ids.fresh())?;
    let mut events = vec![Event::Started(Started {
        version: VERSION,
        run: run.clone(),
        command: "roles accept".to_owned(),
        by: by.to_owned(),
        lineage: state.lineage.clone(),
        serial: state.serial,
        stack: stack.name.clone(),
        digest: stack.digest.clone(),
        steps: u32::try_from(groups.len()).unwrap_or(u32::MAX),
        failover: None,
    })];
    for (step, group) in (0..).map(StepId).zip(groups) {
        let role = accepted(stack, group, &state.roles, observed, (&run, at, by));
        let address = Address::new("failover_group", &group.name);
        let about = |event| Event::Step { step, address: address.clone(), event };
        let learnt = learnt(&group.name, role);
        events.extend([StepEvent::Begun(None), StepEvent::Learnt(learnt), StepEvent::Succeeded(None)].map(about));
    }
    events.push(Event::Ended(Ended::Done));
    let entries: Vec<Entry> = events.into_iter().map(|event| Entry { at, event }).collect();
    store.journal(&run)?.append(&entries)?;
    let mut state = state.clone();
    fold(&mut state, &entries)?;
    state.serial += 1;
    store.save(&state)?;
    Ok(state)
}

fn learnt(group: &str, role: GroupRole) -> Learnt {
    let what = format!("{} is taken to be active in failover group {group}", role.site);
    Learnt { role: Some((group.to_owned(), Box::new(role))), ..Learnt::said(what) }
}

fn fold(state: &mut State, entries: &[Entry]) -> Result<(), StateError> {
    entries
        .iter()
        .try_for_each(|entry| state.fold(entry))
        .map_err(|foreign| StateError::Damaged { file: "the run's journal".to_owned(), what: foreign.to_string() })
}
