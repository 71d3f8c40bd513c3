//! Storage accounts and what they hold.

pub(super) mod storage_account;
pub(super) mod storage_container;
pub(super) mod storage_share;
