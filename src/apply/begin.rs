//! The start of a failover run: checked against the state as it is at that moment, and recorded before anything else
//! can begin.

use std::collections::BTreeSet;

use jiff::Timestamp;

use super::{FailoverRun, Ports, RunError};
use crate::address::Address;
use crate::state::{GroupRole, OpenRun, State, StateError};
use crate::steps::{Entry, Event, StepGraph};
use crate::world::Store;

impl FailoverRun {
    /// Writes the start of a new run, and closes the run that it takes over. Does nothing for a run that has begun.
    ///
    /// # Errors
    /// Where the group has another unfinished run, the run of another group works on the same resources, or what the
    /// steps were planned from has changed since.
    pub fn begin(&mut self, ports: Ports<'_>, by: &str) -> Result<(), RunError> {
        if !self.journal.is_empty() {
            return Ok(());
        }
        let mut begun = Ok(());
        ports.store.write(&mut || {
            begun = self.begin_alone(ports, by);
            Ok(())
        })?;
        begun
    }

    fn begin_alone(&mut self, ports: Ports<'_>, by: &str) -> Result<(), RunError> {
        let mut state = ports.store.load()?.ok_or(RunError::Nothing)?;
        let at = ports.clock.now();
        if ports.store.runs()?.last().is_some_and(|last| *last >= self.id) {
            // Another run has taken the name of this moment.
            let id = self.id.split_once('-').map_or(self.id.as_str(), |(_, id)| id).to_owned();
            self.id = ports.store.name_run(at, &id)?;
            self.started.run.clone_from(&self.id);
        }
        if let Some((open, address)) = held(ports.store, &state, &self.undertaking.group, &self.graph)?.first() {
            let (run, group) = (open.run.clone(), open.group.clone());
            return Err(RunError::Held { run, group, address: address.clone() });
        }
        let open = state.roles.open.get(&self.undertaking.group).map(|open| open.run.clone());
        let over = self.undertaking.supersedes.clone();
        match (open, over) {
            (None, _) => self.is_planned_from(&state)?,
            (Some(open), Some(over)) if open == over => {
                let old = Self::read(ports.store, &open)?;
                let entries = old.left_as_is(&state, at, (by, "another run takes it over"), Some(&self.id));
                let mut left = state.clone();
                fold(&mut left, &open, &entries)?;
                self.is_planned_from(&left)?;
                ports.store.journal(&open)?.append(&entries)?;
                state = left;
            }
            (Some(open), _) => return Err(RunError::Unfinished(open)),
        }
        self.started.serial = state.serial;
        let started = Entry { at, event: Event::Started(self.started.clone()) };
        ports.store.journal(&self.id)?.append(&[started])?;
        // The snapshot knows of the run, so that a journal that is lost later is missed.
        if let Some(mut state) = ports.store.load()? {
            state.serial += 1;
            ports.store.save(&state)?;
        }
        self.journal = ports.store.entries_of(&self.id)?;
        self.planned_from = None;
        Ok(())
    }

    /// Checks that what the steps depend on is as it was when they were planned.
    fn is_planned_from(&self, now: &State) -> Result<(), RunError> {
        let Some(planned) = &self.planned_from else { return Ok(()) };
        let group = &self.undertaking.group;
        let role = |state: &State| state.roles.groups.get(group).map(|role| (role.active, role.stores.clone()));
        if role(planned) != role(now) {
            return Err(RunError::Changed(format!("the role of failover group {group} has moved")));
        }
        let differs = |address: &Address| {
            let one = |state: &State| state.resources.get(address).map(|recorded| recorded.status);
            one(planned) != one(now)
        };
        match self.graph.changes().into_iter().find(differs) {
            Some(address) => Err(RunError::Changed(format!("{address} was changed"))),
            None => Ok(()),
        }
    }
}

/// The unfinished runs of other groups that work on a resource that these steps change, each with the first such
/// resource.
///
/// # Errors
/// Where the journal of such a run cannot be read.
pub fn held(
    store: &dyn Store,
    state: &State,
    group: &str,
    steps: &StepGraph,
) -> Result<Vec<(OpenRun, Address)>, RunError> {
    let own = steps.changes();
    let others = held_resources(store, state)?.into_iter().filter(|(open, _)| open.group != group);
    Ok(others.filter_map(|(open, changes)| Some((open, changes.intersection(&own).next()?.clone()))).collect())
}

/// The resources that each unfinished run works on.
///
/// # Errors
/// Where the journal of such a run cannot be read.
pub fn held_resources(store: &dyn Store, state: &State) -> Result<Vec<(OpenRun, BTreeSet<Address>)>, RunError> {
    let one = |open: &OpenRun| Ok((open.clone(), FailoverRun::read(store, &open.run)?.graph.changes()));
    state.roles.open.values().map(one).collect()
}

/// The state after these entries of a run.
pub(super) fn fold(state: &mut State, run: &str, entries: &[Entry]) -> Result<(), StateError> {
    entries
        .iter()
        .try_for_each(|entry| state.fold(run, entry))
        .map_err(|foreign| StateError::Damaged { file: "the run's journal".to_owned(), what: foreign.to_string() })
}

/// The state once an unfinished run is taken over, as the next run is planned from it.
///
/// # Errors
/// Where its journal does not belong to this state.
pub fn taken_over(run: &FailoverRun, state: &State, at: Timestamp) -> Result<State, RunError> {
    let mut after = state.clone();
    fold(&mut after, &run.id, &run.left_as_is(state, at, ("", ""), None))?;
    Ok(after)
}

/// The role of a group, where it has one.
pub(super) fn role_of<'a>(state: &'a State, group: &str) -> Option<&'a GroupRole> {
    state.roles.groups.get(group)
}
