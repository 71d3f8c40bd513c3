//! Finding runs: by their ids, or by the beginning or end of one.

use super::{Failure, Session};
use crate::apply::FailoverRun;
use crate::cli::place::holder;
use crate::store::LocalStore;
use crate::world::Store;

/// Who works: user and host.
pub fn by(command: &str, session: &Session) -> String {
    let holder = holder(command, session);
    format!("{} on {}", holder.who, holder.host)
}

/// The failover runs, oldest first, those of one group where it is named. A journal that cannot be followed is left out.
pub fn all(store: &LocalStore, group: Option<&str>) -> Result<Vec<FailoverRun>, Failure> {
    let runs = store.runs()?;
    let read = runs.iter().filter_map(|run| FailoverRun::read(store, run).ok());
    Ok(read.filter(|run| group.is_none_or(|group| run.undertaking.group == group)).collect())
}

/// The failover run that this names: a whole id, the beginning or end of one that no other has, or `last`.
pub fn find(store: &LocalStore, name: &str) -> Result<FailoverRun, Failure> {
    let ids: Vec<String> = store.runs()?;
    if ids.iter().any(|id| id == name) {
        return Ok(FailoverRun::read(store, name)?);
    }
    let mut runs = all(store, None)?;
    if name != "last" {
        runs.retain(|run| !name.is_empty() && (run.id.starts_with(name) || run.id.ends_with(name)));
        if runs.len() > 1 {
            let ids: Vec<&str> = runs.iter().map(|run| run.id.as_str()).collect();
            return Err(Failure::failed(format!("{name} may be any of {}", ids.join(", "))));
        }
    }
    runs.pop().ok_or_else(|| {
        Failure::failed(format!("there is no failover run {name}")).help("`drplan failover-group history` lists them.")
    })
}
