//! Lists of Resource Manager that preflight checks read: permissions, locks, sizes and quotas.

pub(super) mod capacity;
mod locks;
pub(super) mod rights;

use crate::kinds::looks::Guards;

pub(super) static GUARDS: Guards =
    Guards { rights: Some(&rights::RIGHTS), locks: Some(&locks::LOCKS), capacity: Some(&capacity::CAPACITY) };
