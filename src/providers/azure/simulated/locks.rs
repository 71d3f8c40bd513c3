//! Locks that block a request. A lock applies to the control plane only, and to everything below its scope.

use std::collections::BTreeSet;

use serde_json::Value as Json;

use super::hooks;
use super::target::LOCK;
use crate::simulator::request::ErrorResponse;
use crate::simulator::world::{SimulatedObject, World};

/// A kind of request that a lock can block.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum LockedAction {
    /// A change or an action.
    Write,
    /// A deletion, including everything below.
    Delete,
}

/// Rejects a request that a lock blocks: a lock on the object, on an ancestor, or for a deletion on a descendant.
///
/// # Errors
/// 409 `ScopeLocked` with the locked scopes.
pub(super) fn check_unlocked(world: &World, id: &str, wish: LockedAction) -> Result<(), ErrorResponse> {
    if id.contains(LOCK) {
        return Ok(());
    }
    let around = id.match_indices('/').skip(2).map(|(at, _)| id.get(..at).unwrap_or_default()).chain([id]);
    let mut found: Vec<&SimulatedObject> = around.flat_map(|scope| locks_at(world, scope)).collect();
    if wish == LockedAction::Delete {
        found.extend(hooks::locks_below(world, id));
    }
    let in_the_way = |lock: &&SimulatedObject| match level(lock) {
        Some(level) if level.eq_ignore_ascii_case("ReadOnly") => true,
        Some(level) => wish == LockedAction::Delete && level.eq_ignore_ascii_case("CanNotDelete"),
        None => false,
    };
    let scopes: BTreeSet<String> = found.into_iter().filter(in_the_way).map(scope).collect();
    if scopes.is_empty() {
        return Ok(());
    }
    let verb = match wish {
        LockedAction::Write => "write",
        LockedAction::Delete => "delete",
    };
    let own = world.object(id).map_or(id, |object| object.id.as_str());
    Err(ErrorResponse::gateway(
        409,
        "ScopeLocked",
        format!(
            "The scope '{own}' cannot perform {verb} operation because following scope(s) are locked: '{}'. Please remove the lock and try again.",
            scopes.into_iter().collect::<Vec<_>>().join(",")
        ),
    ))
}

fn locks_at<'a>(world: &'a World, scope: &str) -> impl Iterator<Item = &'a SimulatedObject> + use<'a> {
    hooks::locks_below(world, &format!("{scope}/providers/{LOCK}"))
}

fn level(lock: &SimulatedObject) -> Option<&str> {
    lock.body.pointer("/properties/level").and_then(Json::as_str)
}

fn scope(lock: &SimulatedObject) -> String {
    let id = lock.id.as_str();
    id.to_ascii_lowercase().rfind("/providers/").and_then(|at| id.get(..at)).unwrap_or(id).to_owned()
}
