//! Folding journal entries into the state.
//!
//! Once a step has begun, its resource is recorded with the status of the operation that began. The status stays
//! after a failure, after an unknown outcome and after a crash: the next plan then reads the object before it
//! decides.

use std::collections::BTreeMap;
use std::sync::Arc;

use jiff::Timestamp;

use super::{Entry, Event, RunEnd, RunStart, StepEvent};
use crate::address::Address;
use crate::backup::{self, RestoreRecord};
use crate::state::{ActiveSite, GroupRole, OpenRun, State, Status};

/// The restores of a run, by backup.
pub fn restores_of(journal: &[Entry]) -> BTreeMap<Address, Vec<RestoreRecord>> {
    let Some(Entry { event: Event::Started(started), .. }) = journal.first() else { return BTreeMap::new() };
    let mut state = State::before(started);
    for entry in journal {
        // An entry of another state is none of this run.
        if state.fold(&started.run, entry).is_err() {
            break;
        }
    }
    state.restores
}

/// A journal entry that belongs to another state.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the journal belongs to {what} {found}, the state to {known}")]
pub struct ForeignEntry {
    /// The property that differs.
    pub what: &'static str,
    /// Its value in the journal.
    pub found: String,
    /// Its value in the state.
    pub known: String,
}

impl State {
    /// The empty state that a first run starts from, before any snapshot.
    pub fn before(started: &RunStart) -> Self {
        Self {
            version: started.version,
            serial: started.serial,
            ..Self::empty(&started.stack, started.lineage.clone())
        }
    }

    /// Applies one more entry of a run to the state.
    ///
    /// # Errors
    /// Where the run did not start from this state; the state is then unchanged.
    pub fn fold(&mut self, run: &str, entry: &Entry) -> Result<(), ForeignEntry> {
        match &entry.event {
            Event::Started(started) => {
                self.is_basis_of(started)?;
                if let Some(undertaking) = &started.failover {
                    let open = OpenRun {
                        run: started.run.clone(),
                        group: undertaking.group.clone(),
                        verb: undertaking.verb,
                        leaving: undertaking.leaving.clone(),
                        since: entry.at,
                    };
                    self.roles.open.insert(undertaking.group.clone(), open);
                }
            }
            Event::Step { address, event, step: _ } => {
                self.last_step = self.last_step.max(Some(entry.at));
                self.fold_step(address, event, entry.at);
                self.fold_probe(run, address, event);
            }
            Event::Ended(RunEnd::Done) | Event::Closed { .. } => self.roles.open.retain(|_, open| open.run != run),
            Event::Resumed { .. } | Event::Revised { .. } | Event::Extended { .. } | Event::Ended(_) => {}
        }
        Ok(())
    }

    /// Ends a run whose journal was moved away: nothing more can be read of it, neither its mode nor its outcome, so
    /// that its group is in a mixed state.
    pub fn lose(&mut self, run: &str) {
        self.folded.remove(run);
        let lost: Vec<OpenRun> = self.roles.open.values().filter(|open| open.run == run).cloned().collect();
        for OpenRun { run, group, verb, leaving, since } in lost {
            self.roles.open.remove(&group);
            if !verb.moves() {
                continue;
            }
            let known = self.roles.groups.get(&group);
            let role = GroupRole {
                active: ActiveSite::Between,
                site: if leaving.is_empty() {
                    known.map(|role| role.site.clone()).unwrap_or_default()
                } else {
                    leaving
                },
                since,
                run,
                how: None,
                accepted: None,
                // The run may have moved any of them.
                stores: BTreeMap::new(),
                moved: known.map(|role| role.moved.clone()).unwrap_or_default(),
                owed: known.map(|role| role.owed.clone()).unwrap_or_default(),
            };
            self.roles.epoch += 1;
            self.roles.groups.insert(group, role);
        }
    }

    /// Forgets runs that ended without a record, such as an apply that was killed. Only a process that excludes other
    /// applies knows that they have ended.
    pub fn keep_open_runs(&mut self) {
        let open = &self.roles.open;
        self.folded.retain(|run, _| open.values().any(|open| open.run == *run));
    }

    fn fold_step(&mut self, address: &Address, event: &StepEvent, at: Timestamp) {
        match event {
            StepEvent::Begun(Some(recorded)) => {
                let mut recorded = (**recorded).clone();
                if recorded.status == Status::Creating {
                    recorded.under_way = recorded.under_way.or(Some(at));
                }
                self.resources.insert(address.clone(), Arc::new(recorded));
            }
            StepEvent::Succeeded(Some(recorded)) => {
                self.resources.insert(address.clone(), Arc::new((**recorded).clone()));
            }
            StepEvent::Succeeded(None) => {
                self.resources.remove(address);
            }
            // Only for a creation does a failure mean that no operation is in progress.
            StepEvent::Failed(_) => {
                let created = self.resources.get_mut(address).filter(|r| r.status == Status::Creating);
                created.into_iter().for_each(|recorded| Arc::make_mut(recorded).under_way = None);
            }
            StepEvent::Learnt(learnt) => {
                if let Some((address, recorded)) = &learnt.resource {
                    self.resources.insert(address.clone(), Arc::new((**recorded).clone()));
                }
                for (backup, record) in &learnt.restores {
                    backup::keep(self.restores.entry(backup.clone()).or_default(), record.clone());
                }
                if let Some((group, role)) = &learnt.role {
                    self.roles.epoch += 1;
                    // From now on the group's protection debt is kept with its role.
                    self.roles.owed.remove(group);
                    self.roles.groups.insert(group.clone(), (**role).clone());
                }
            }
            StepEvent::Begun(None) | StepEvent::OutcomeUnknown(_) | StepEvent::Paused(_) | StepEvent::Skipped(_) => {}
        }
    }

    /// Notes the outcome of a probe in the restores of its run: data that do not serve are no proof of their backup.
    fn fold_probe(&mut self, run: &str, address: &Address, event: &StepEvent) {
        let passed = match event {
            StepEvent::Succeeded(_) => true,
            StepEvent::Failed(_) => false,
            _ => return,
        };
        if address.kind() == "probe" {
            backup::probed(self.restores.values_mut().flatten(), run, (address, passed));
        }
    }

    fn is_basis_of(&self, started: &RunStart) -> Result<(), ForeignEntry> {
        let same = |what, found: &str, known: &str| {
            if found == known {
                Ok(())
            } else {
                Err(ForeignEntry { what, found: found.to_owned(), known: known.to_owned() })
            }
        };
        same("lineage", &started.lineage, &self.lineage)?;
        same("stack", &started.stack, &self.stack)?;
        same("serial", &started.serial.to_string(), &self.serial.to_string())
    }
}
