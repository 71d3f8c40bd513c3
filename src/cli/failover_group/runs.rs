//! Failover runs by their ids.

use super::Failure;
use crate::apply::FailoverRun;
use crate::store::LocalStore;
use crate::world::Store;

/// The failover runs, oldest first, of one group if it is named. A journal that cannot be read is skipped.
pub fn all(store: &LocalStore, group: Option<&str>) -> Result<Vec<FailoverRun>, Failure> {
    let runs = store.runs()?;
    let read = runs.iter().filter_map(|run| FailoverRun::read(store, run).ok());
    Ok(read.filter(|run| group.is_none_or(|group| run.undertaking.group == group)).collect())
}

/// The failover run of this name: a whole id, the beginning or end of a single one, or `last`. `history` is the
/// command that lists them.
pub fn find(store: &LocalStore, name: &str, history: &str) -> Result<FailoverRun, Failure> {
    let ids: Vec<String> = store.runs()?;
    if ids.iter().any(|id| id == name) {
        return Ok(FailoverRun::read(store, name)?);
    }
    let mut runs = all(store, None)?;
    if name != "last" {
        runs.retain(|run| !name.is_empty() && (run.id.starts_with(name) || run.id.ends_with(name)));
        if runs.len() > 1 {
            let ids: Vec<&str> = runs.iter().map(|run| run.id.as_str()).collect();
            return Err(Failure::failed(format!("{name} is ambiguous: {}", ids.join(", "))));
        }
    }
    runs.pop().ok_or_else(|| {
        Failure::failed(format!("there is no failover run {name}")).help(format!("List the runs: `{history}`"))
    })
}
