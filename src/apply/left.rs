//! The end of a run where it is: nothing is rolled back, nothing is read, and the mixed state is recorded. Needs the
//! journal only.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use jiff::Timestamp;

use super::begin::role_of;
use super::{FailoverRun, RunError};
use crate::address::Address;
use crate::roles::Side;
use crate::state::{ActiveSite, GroupRole, State};
use crate::steps::{Act, Entry, Event, Phase, RunEnd, Stage, Step, StepEvent, StepFact, StepId, Task, Undo};
use crate::world::Store;

impl FailoverRun {
    /// Ends the run where it is, and records the mixed state of its group.
    ///
    /// # Errors
    /// Where it is over, or journal or state cannot be written.
    pub fn leave_as_is(&mut self, store: &dyn Store, at: Timestamp, by: &str) -> Result<ActiveSite, RunError> {
        if self.is_over() {
            return Err(RunError::Over(self.id.clone()));
        }
        let mut written = Ok(());
        store.write(&mut || {
            written = self.leave_alone(store, at, by);
            Ok(())
        })?;
        written?;
        self.journal = store.entries_of(&self.id)?;
        let state = store.update(&mut |_| {})?;
        Ok(state.map_or(ActiveSite::Home, |state| state.roles.active(&self.undertaking.group)))
    }

    fn leave_alone(&self, store: &dyn Store, at: Timestamp, by: &str) -> Result<(), RunError> {
        let state = store.load()?.ok_or(RunError::Nothing)?;
        let entries = self.left_as_is(&state, at, (by, "its changes are left as they are"), None);
        Ok(store.journal(&self.id)?.append(&entries)?)
    }

    /// The entries that end the run where it is. A run that has changed nothing, and a drill, leave the role as it was.
    pub(super) fn left_as_is(
        &self,
        state: &State,
        at: Timestamp,
        (by, why): (&str, &str),
        superseded_by: Option<&str>,
    ) -> Vec<Entry> {
        let mut events = Vec::new();
        if self.undertaking.verb.moves() && self.has_changed() {
            let step = record(self, self.mixed_role(state, at));
            let (id, address) = (step.id, step.address.clone());
            let role = match &step.act {
                Act::Task(Task::Record(role)) => Some((self.undertaking.group.clone(), role.clone())),
                _ => None,
            };
            let about = |event| Event::Step { step: id, address: address.clone(), event };
            let learnt = StepFact { role, ..StepFact::said("mixed state") };
            events.push(Event::Extended { why: format!("{by}: {why}"), steps: vec![step] });
            events.extend([StepEvent::Begun(None), StepEvent::Learnt(learnt), StepEvent::Succeeded(None)].map(about));
            events.push(Event::Ended(RunEnd::Done));
        }
        let superseded_by = superseded_by.map(str::to_owned);
        events.push(Event::Closed { by: by.to_owned(), why: why.to_owned(), superseded_by });
        events.into_iter().map(|event| Entry { at, event }).collect()
    }

    /// True if a step that changes something is done, or may be.
    fn has_changed(&self) -> bool {
        let has_begun = |step: &&Step| !step.changes().is_empty() && self.progress(step.id).is_some();
        self.graph.steps.iter().any(|step| has_begun(&step))
    }

    /// The progress of a step, also where steps added later have cancelled it; `None` where it never began.
    fn progress(&self, id: StepId) -> Option<Phase> {
        let of_step = self.journal.iter().filter_map(|entry| match &entry.event {
            Event::Step { step, event, address: _ } if *step == id => Some(event),
            _ => None,
        });
        let mut phases = of_step.filter_map(|event| match event {
            StepEvent::Begun(_) => Some(Phase::UnderWay),
            StepEvent::Succeeded(_) => Some(Phase::Succeeded),
            StepEvent::Failed(_) => Some(Phase::Failed),
            StepEvent::OutcomeUnknown(_) => Some(Phase::Unknown),
            StepEvent::Paused(_) => Some(Phase::Paused),
            StepEvent::Learnt(_) | StepEvent::Skipped(_) => None,
        });
        phases.next_back()
    }

    /// The role that the run leaves, from what its journal shows.
    fn mixed_role(&self, state: &State, at: Timestamp) -> GroupRole {
        let undertaking = &self.undertaking;
        let known = role_of(state, &undertaking.group);
        let mut stores: BTreeMap<Address, Side> = known.map(|role| role.stores.clone()).unwrap_or_default();
        if known.is_none_or(|role| role.active == ActiveSite::Home) {
            let home = undertaking.roles.iter().map(|role| (role.replica.clone(), Side::Source));
            stores = home.chain(stores).collect();
        }
        // A replica has moved once a promotion has succeeded; before that, one that began may have moved it.
        let mut moved: BTreeMap<&Address, bool> = BTreeMap::new();
        for step in self.graph.steps.iter().filter(|step| step.stage == Stage::Promote) {
            let Act::Task(Task::Promote { to, .. }) = &step.act else { continue };
            let has_moved = moved.entry(&step.address).or_default();
            match self.progress(step.id) {
                Some(Phase::Succeeded) => {
                    *has_moved = true;
                    stores.insert(step.address.clone(), *to);
                }
                Some(_) if !*has_moved => drop(stores.remove(&step.address)),
                _ => {}
            }
        }
        let all = !moved.is_empty() && moved.values().all(|has_moved| *has_moved);
        GroupRole {
            active: ActiveSite::Between,
            site: if all { undertaking.arriving.clone() } else { undertaking.leaving.clone() },
            since: at,
            run: self.id.clone(),
            how: Some(undertaking.how),
            stores,
            moved: moved_arguments(self, known),
            owed: known.map(|role| role.owed.clone()).unwrap_or_default(),
            accepted: None,
        }
    }
}

/// While a group is not at home, the arguments that runs have written stay unchanged: those of this run, and those of
/// earlier ones.
pub(super) fn moved_arguments(run: &FailoverRun, known: Option<&GroupRole>) -> BTreeMap<Address, BTreeSet<String>> {
    let planned = run.graph.steps.iter().find_map(|step| match &step.act {
        Act::Task(Task::Record(role)) => Some(&**role),
        _ => None,
    });
    let mut moved: BTreeMap<Address, BTreeSet<String>> = BTreeMap::new();
    for (address, names) in [planned, known].into_iter().flatten().flat_map(|role| &role.moved) {
        moved.entry(address.clone()).or_default().extend(names.iter().cloned());
    }
    moved
}

/// The step that records a role, after all others.
pub(super) fn record(run: &FailoverRun, role: GroupRole) -> Step {
    Step {
        id: StepId(u32::try_from(run.graph.steps.len()).unwrap_or(u32::MAX)),
        address: Address::new("failover_group", &run.undertaking.group),
        needs: Vec::new(),
        act: Act::Task(Task::Record(Box::new(role))),
        serial: Vec::new(),
        touches: Vec::new(),
        expect: Duration::ZERO,
        worst: Duration::ZERO,
        stage: Stage::Record,
        undo: Undo::Nothing,
    }
}
