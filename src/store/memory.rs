//! A store in memory, for tests and benchmarks. It can break off at an entry, as if the process had been killed
//! there.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use jiff::Timestamp;

use super::{age, fold_run, name_after};
use crate::state::{State, StateError};
use crate::steps::{Approval, Entry, Event};
use crate::world::{Journal, Store};

/// A store in memory. Clones share their content.
#[derive(Debug, Clone, Default)]
pub struct MemoryStore {
    held: Arc<Mutex<MemoryContents>>,
    /// Held for the moment of a write of the snapshot.
    writing: Arc<Mutex<()>>,
}

#[derive(Debug, Clone, Default)]
struct MemoryContents {
    snapshot: Option<State>,
    journals: BTreeMap<(u64, String), Vec<Entry>>,
    approvals: BTreeMap<String, Vec<Approval>>,
    stop_after: Option<usize>,
}

impl MemoryStore {
    /// Accepts this many more entries. The append that exceeds them keeps those and fails, and so does every later
    /// one.
    pub fn stop_after(&self, entries: usize) {
        self.held().stop_after = Some(entries);
    }

    /// Accepts any number of entries again.
    pub fn go_on(&self) {
        self.held().stop_after = None;
    }

    /// The entries of all journals, oldest first.
    pub fn entries(&self) -> Vec<Entry> {
        self.held().journals.values().flatten().cloned().collect()
    }

    /// A copy that shares nothing with this store.
    #[must_use]
    pub fn fork(&self) -> Self {
        Self { held: Arc::new(Mutex::new(self.held().clone())), writing: Arc::default() }
    }

    fn held(&self) -> MutexGuard<'_, MemoryContents> {
        self.held.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Store for MemoryStore {
    fn load(&self) -> Result<Option<State>, StateError> {
        let held = self.held();
        let mut state = held.snapshot.clone();
        let serial = state.as_ref().map_or(0, |state| state.serial);
        let unfinished: Vec<String> = state.iter().flat_map(|state| state.folded.keys().cloned()).collect();
        let since = |run: &String, entries: &[Entry]| {
            let starts = matches!(entries.first(), Some(Entry { event: Event::Started(s), .. }) if s.serial == serial);
            starts || unfinished.contains(run)
        };
        let named = held.journals.iter().map(|((time, id), entries)| (format!("{time:013}-{id}"), entries));
        for (run, entries) in named.filter(|(run, entries)| since(run, entries)) {
            fold_run(&mut state, &run, entries)
                .map_err(|what| StateError::Damaged { file: "memory".to_owned(), what })?;
        }
        Ok(state)
    }

    fn write(&self, work: &mut dyn FnMut() -> Result<(), StateError>) -> Result<(), StateError> {
        let _guard = self.writing.lock().unwrap_or_else(PoisonError::into_inner);
        work()
    }

    fn save(&self, state: &State) -> Result<(), StateError> {
        self.held().snapshot = Some(state.clone());
        Ok(())
    }

    fn name_run(&self, at: Timestamp, id: &str) -> Result<String, StateError> {
        Ok(name_after(
            self.held().journals.keys().next_back().map(|(time, id)| format!("{time}-{id}")).as_deref(),
            at,
            id,
        ))
    }

    fn journal(&self, run: &str) -> Result<Box<dyn Journal>, StateError> {
        let (time, id) = age(run);
        let key = (time, id.to_owned());
        self.held().journals.entry(key.clone()).or_default();
        Ok(Box::new(MemoryJournal { store: self.clone(), key }))
    }

    fn runs(&self) -> Result<Vec<String>, StateError> {
        Ok(self.held().journals.keys().map(|(time, id)| format!("{time:013}-{id}")).collect())
    }

    fn entries_of(&self, run: &str) -> Result<Vec<Entry>, StateError> {
        let (time, id) = age(run);
        Ok(self.held().journals.get(&(time, id.to_owned())).cloned().unwrap_or_default())
    }

    fn approve(&self, run: &str, approval: &Approval) -> Result<(), StateError> {
        self.held().approvals.entry(run.to_owned()).or_default().push(approval.clone());
        Ok(())
    }

    fn approvals(&self, run: &str) -> Result<Vec<Approval>, StateError> {
        Ok(self.held().approvals.get(run).cloned().unwrap_or_default())
    }
}

struct MemoryJournal {
    store: MemoryStore,
    key: (u64, String),
}

impl Journal for MemoryJournal {
    fn append(&mut self, entries: &[Entry]) -> Result<(), StateError> {
        let mut held = self.store.held();
        let room = held.stop_after.unwrap_or(entries.len()).min(entries.len());
        if let Some(left) = &mut held.stop_after {
            *left -= room;
        }
        let (kept, lost) = entries.split_at(room);
        held.journals.entry(self.key.clone()).or_default().extend_from_slice(kept);
        if lost.is_empty() {
            Ok(())
        } else {
            Err(StateError::Io { file: "memory".to_owned(), what: "no room for more entries".to_owned() })
        }
    }
}
