//! Recording roles that moved without a run, because an operator accepts them.

use crate::address::Address;
use crate::failover::users_follow;
use crate::plan::{Observed, accepted};
use crate::stack::{FailoverGroup, RecordedInputs, Stack};
use crate::state::{ActiveSite, GroupRole, State, StateError, VERSION};
use crate::steps::{Entry, Event, RunEnd, RunStart, StepEvent, StepFact, StepId};
use crate::world::{Clock, Ids, Store};

/// Roles to record.
pub struct NewRoles<'a> {
    /// The stack.
    pub stack: &'a Stack,
    /// The failover groups whose observed roles are accepted.
    pub groups: &'a [&'a FailoverGroup],
    /// The recorded state.
    pub state: &'a State,
    /// The observed cloud.
    pub observed: &'a Observed,
    /// The operator: user and host.
    pub by: &'a str,
}

/// Records the observed roles. Nothing changes in the cloud. It is a run nevertheless, so that its journal holds who
/// accepted which role, and when.
///
/// # Errors
/// Where the state or the journal cannot be written.
pub fn accept(new: &NewRoles<'_>, clock: &dyn Clock, ids: &dyn Ids, store: &dyn Store) -> Result<State, StateError> {
    let mut accepted = None;
    store.write(&mut || {
        accepted = Some(write(new, clock, ids, store)?);
        Ok(())
    })?;
    accepted.ok_or_else(|| StateError::Io { file: "the state".to_owned(), what: "nothing was written".to_owned() })
}

fn write(new: &NewRoles<'_>, clock: &dyn Clock, ids: &dyn Ids, store: &dyn Store) -> Result<State, StateError> {
    let NewRoles { stack, groups, state, observed, by } = *new;
    // Runs of other groups may have written since the roles were read.
    let state = &store.load()?.unwrap_or_else(|| state.clone());
    let at = clock.now();
    let run = store.name_run(at, &ids.fresh())?;
    let mut events = vec![Event::Started(RunStart {
        version: VERSION,
        run: run.clone(),
        command: "roles accept".to_owned(),
        by: by.to_owned(),
        lineage: state.lineage.clone(),
        serial: state.serial,
        stack: stack.name.clone(),
        digest: stack.digest.clone(),
        steps: u32::try_from(groups.len()).unwrap_or(u32::MAX),
        inputs: RecordedInputs::default(),
        failover: None,
    })];
    for (step, group) in (0..).map(StepId).zip(groups) {
        let has_users = |site: &str| users_follow(stack, group, observed, site);
        let role = accepted(stack, group, &state.roles, observed, &has_users, (&run, at, by));
        let address = Address::new("failover_group", &group.name);
        let about = |event| Event::Step { step, address: address.clone(), event };
        let learnt = learnt(&group.name, role);
        events.extend([StepEvent::Begun(None), StepEvent::Learnt(learnt), StepEvent::Succeeded(None)].map(about));
    }
    events.push(Event::Ended(RunEnd::Done));
    let entries: Vec<Entry> = events.into_iter().map(|event| Entry { at, event }).collect();
    store.journal(&run)?.append(&entries)?;
    let mut state = state.clone();
    fold(&mut state, &run, &entries)?;
    state.keep_open_runs();
    state.serial += 1;
    store.save(&state)?;
    Ok(state)
}

fn learnt(group: &str, role: GroupRole) -> StepFact {
    let what = match role.active {
        ActiveSite::Between => {
            format!("failover group {group} is accepted in a mixed state, with {} recorded", role.site)
        }
        ActiveSite::Home | ActiveSite::Away => {
            format!("{} is accepted as the active site of failover group {group}", role.site)
        }
    };
    StepFact { role: Some((group.to_owned(), Box::new(role))), ..StepFact::said(what) }
}

fn fold(state: &mut State, run: &str, entries: &[Entry]) -> Result<(), StateError> {
    entries
        .iter()
        .try_for_each(|entry| state.fold(run, entry))
        .map_err(|foreign| StateError::Damaged { file: "the run's journal".to_owned(), what: foreign.to_string() })
}
