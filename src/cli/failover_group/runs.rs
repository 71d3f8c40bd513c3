//! Failover runs by their ids.

use super::Failure;
use crate::apply::{FailoverRun, RunError};
use crate::store::LocalStore;
use crate::world::Store;

/// The recorded failover runs.
#[derive(Debug)]
pub struct RecordedRuns {
    /// Readable runs, oldest first.
    pub readable: Vec<FailoverRun>,
    /// Unreadable runs, and runs whose journal is missing.
    pub unreadable: Vec<UnreadableRun>,
}

/// A run of which nothing is known but its id.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UnreadableRun {
    /// Its id.
    pub run: String,
    /// Why it cannot be read.
    pub why: String,
}

/// The failover runs, of one group if it is named. An unreadable run may be one of any group.
pub fn all(store: &LocalStore, group: Option<&str>) -> Result<RecordedRuns, Failure> {
    let mut all = RecordedRuns { readable: Vec::new(), unreadable: Vec::new() };
    let ids = store.runs()?;
    for id in &ids {
        match FailoverRun::read(store, id) {
            Ok(run) => all.readable.push(run),
            Err(RunError::NoRun(_)) if store.entries_of(id)?.is_empty() => {
                let why = "its journal is empty: it never began, or the file was emptied".to_owned();
                all.unreadable.push(UnreadableRun { run: id.clone(), why });
            }
            Err(RunError::NoRun(_)) => {}
            Err(why) => all.unreadable.push(UnreadableRun { run: id.clone(), why: why.to_string() }),
        }
    }
    // A state that cannot be read has a damaged journal, which is in the list already.
    let roles = store.load().ok().flatten().map(|state| state.roles).unwrap_or_default();
    let moved = roles.groups.values().map(|role| &role.run).chain(roles.open.values().map(|open| &open.run));
    for run in moved.filter(|run| !ids.contains(run)) {
        let why = "its journal is missing, and the state names it".to_owned();
        all.unreadable.push(UnreadableRun { run: run.clone(), why });
    }
    all.unreadable.sort_by(|a, b| a.run.cmp(&b.run));
    all.unreadable.dedup();
    all.readable.retain(|run| group.is_none_or(|group| run.undertaking.group == group));
    Ok(all)
}

/// The failover run of this name: a whole id, the beginning or end of a single one, or `last`. `history` is the
/// command that lists them.
pub fn find(store: &LocalStore, name: &str, history: &str) -> Result<FailoverRun, Failure> {
    let ids: Vec<String> = store.runs()?;
    if ids.iter().any(|id| id == name) {
        return Ok(FailoverRun::read(store, name)?);
    }
    let RecordedRuns { mut readable, unreadable } = all(store, None)?;
    let is_meant = |run: &str| name == "last" || (!name.is_empty() && (run.starts_with(name) || run.ends_with(name)));
    readable.retain(|run| is_meant(&run.id));
    if name != "last" && readable.len() > 1 {
        let ids: Vec<&str> = readable.iter().map(|run| run.id.as_str()).collect();
        return Err(Failure::failed(format!("{name} is ambiguous: {}", ids.join(", "))));
    }
    let found = readable.pop();
    // An unreadable run may be the one that is meant.
    let newest = unreadable.iter().rev().find(|run| is_meant(&run.run));
    match (found, newest) {
        (Some(found), newest) if newest.is_none_or(|other| name == "last" && other.run < found.id) => Ok(found),
        (_, Some(other)) => Err(Failure::failed(format!("run {} cannot be read: {}", other.run, other.why))
            .help(format!("List the runs: `{history}`"))),
        (_, None) => {
            Err(Failure::failed(format!("there is no failover run {name}")).help(format!("List the runs: `{history}`")))
        }
    }
}
