//! Identities, permissions, locks and keys.

pub(super) mod key_vault;
pub(super) mod management_lock;
pub(super) mod role_assignment;
pub(super) mod user_assigned_identity;
