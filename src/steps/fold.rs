//! How the entries of a journal change the state.
//!
//! A step that was begun stands in the state with the status of what was begun. It stays so after a failure, after an unknown outcome and
//! where nothing more was ever heard: then the next plan looks before it decides.

use jiff::Timestamp;

use super::{Ended, Entry, Event, Started, StepEvent};
use crate::address::Address;
use crate::state::{OpenRun, State, Status};

/// An entry of another state's journal.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the journal is of {what} {found}, and the state of {known}")]
pub struct Foreign {
    /// What differs.
    pub what: &'static str,
    /// What the journal says.
    pub found: String,
    /// What the state says.
    pub known: String,
}

impl State {
    /// The empty state that a first run started from, before there was any snapshot.
    pub fn before(started: &Started) -> Self {
        Self {
            version: started.version,
            serial: started.serial,
            ..Self::empty(&started.stack, started.lineage.clone())
        }
    }

    /// The state after one more entry.
    ///
    /// # Errors
    /// Where the run did not start from this state; nothing is changed then.
    pub fn fold(&mut self, entry: &Entry) -> Result<(), Foreign> {
        match &entry.event {
            Event::Started(started) => {
                self.is_basis_of(started)?;
                if let Some(undertaking) = &started.failover {
                    self.roles.open = Some(OpenRun {
                        run: started.run.clone(),
                        group: undertaking.group.clone(),
                        verb: undertaking.verb,
                        since: entry.at,
                    });
                }
            }
            Event::Step { address, event, step: _ } => {
                self.last_step = Some(entry.at);
                self.fold_step(address, event, entry.at);
            }
            Event::Ended(Ended::Done) | Event::Closed { .. } => self.roles.open = None,
            Event::Resumed { .. } | Event::Extended { .. } | Event::Ended(_) => {}
        }
        Ok(())
    }

    fn fold_step(&mut self, address: &Address, event: &StepEvent, at: Timestamp) {
        match event {
            StepEvent::Begun(Some(recorded)) => {
                let mut recorded = (**recorded).clone();
                if recorded.status == Status::Creating {
                    recorded.under_way = recorded.under_way.or(Some(at));
                }
                self.resources.insert(address.clone(), recorded);
            }
            StepEvent::Succeeded(Some(recorded)) => {
                self.resources.insert(address.clone(), (**recorded).clone());
            }
            StepEvent::Succeeded(None) => {
                self.resources.remove(address);
            }
            // Only of a creation is it known then that nothing is under way any more.
            StepEvent::Failed(_) => {
                let created = self.resources.get_mut(address).filter(|r| r.status == Status::Creating);
                created.into_iter().for_each(|recorded| recorded.under_way = None);
            }
            StepEvent::Learnt(learnt) => {
                if let Some((address, recorded)) = &learnt.resource {
                    self.resources.insert(address.clone(), (**recorded).clone());
                }
                if let Some((group, role)) = &learnt.role {
                    self.roles.epoch += 1;
                    // What its group owes stands with its role from now on.
                    self.roles.owed.remove(group);
                    self.roles.groups.insert(group.clone(), (**role).clone());
                }
            }
            StepEvent::Begun(None) | StepEvent::OutcomeUnknown(_) | StepEvent::Paused(_) | StepEvent::Skipped(_) => {}
        }
    }

    fn is_basis_of(&self, started: &Started) -> Result<(), Foreign> {
        let same = |what, found: &str, known: &str| {
            if found == known {
                Ok(())
            } else {
                Err(Foreign { what, found: found.to_owned(), known: known.to_owned() })
            }
        };
        same("lineage", &started.lineage, &self.lineage)?;
        same("stack", &started.stack, &self.stack)?;
        same("serial", &started.serial.to_string(), &self.serial.to_string())
    }
}
