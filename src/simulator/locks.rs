//! Locks: which of them stand in the way of a request. They hold for the control plane only, and hold for everything below their scope.

use std::collections::BTreeSet;

use serde_json::Value as Json;

use super::request::Failure;
use super::target::LOCK;
use super::world::{Object, World};

/// What a request wants that a lock may forbid.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Wish {
    /// To change something, or to have an action done.
    Write,
    /// To delete something and all below it.
    Delete,
}

impl World {
    /// Refuses what a lock forbids: one at the thing itself, at anything around it, and for a deletion at anything in it.
    ///
    /// # Errors
    /// 409 `ScopeLocked`, naming the scopes that are locked.
    pub(super) fn check_unlocked(&self, id: &str, wish: Wish) -> Result<(), Failure> {
        if id.contains(LOCK) {
            return Ok(());
        }
        let around = id.match_indices('/').skip(2).map(|(at, _)| id.get(..at).unwrap_or_default()).chain([id]);
        let mut found: Vec<&Object> = around.flat_map(|scope| self.locks_at(scope)).collect();
        if wish == Wish::Delete {
            found.extend(self.locks_below(id));
        }
        let in_the_way = |lock: &&Object| match level(lock) {
            Some(level) if level.eq_ignore_ascii_case("ReadOnly") => true,
            Some(level) => wish == Wish::Delete && level.eq_ignore_ascii_case("CanNotDelete"),
            None => false,
        };
        let scopes: BTreeSet<String> = found.into_iter().filter(in_the_way).map(scope).collect();
        if scopes.is_empty() {
            return Ok(());
        }
        let verb = match wish {
            Wish::Write => "write",
            Wish::Delete => "delete",
        };
        let own = self.object(id).map_or(id, |object| object.id.as_str());
        Err(Failure::gateway(
            409,
            "ScopeLocked",
            format!(
                "The scope '{own}' cannot perform {verb} operation because following scope(s) are locked: '{}'. Please remove the lock and try again.",
                scopes.into_iter().collect::<Vec<_>>().join(",")
            ),
        ))
    }

    fn locks_at<'a>(&'a self, scope: &str) -> impl Iterator<Item = &'a Object> + use<'a> {
        self.locks_below(&format!("{scope}/providers/{LOCK}"))
    }
}

fn level(lock: &Object) -> Option<&str> {
    lock.body.pointer("/properties/level").and_then(Json::as_str)
}

fn scope(lock: &Object) -> String {
    let id = lock.id.as_str();
    id.to_ascii_lowercase().rfind("/providers/").and_then(|at| id.get(..at)).unwrap_or(id).to_owned()
}
