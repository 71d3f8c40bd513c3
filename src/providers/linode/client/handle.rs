//! [`Linode`]: a client.

use std::sync::Arc;

use super::transport::Transport;
use crate::providers::linode::TABLES;
use crate::wire::sigv4::Keys;
use crate::wire::{ApiConfig, ObjectStore};

/// A client of Linode's API.
#[derive(Debug)]
pub struct Linode {
    pub(super) transport: Transport,
    /// The objects of buckets.
    pub(super) store: ObjectStore,
    /// The keys of object storage, or the reason why there are none.
    pub(super) keys: Result<Keys, String>,
}

impl Linode {
    /// A client. Sends no request yet.
    pub fn new(config: ApiConfig, keys: Result<Keys, String>) -> Self {
        let (wire, clock, notices) = (config.wire.clone(), Arc::clone(&config.clock), Arc::clone(&config.notices));
        let store = ObjectStore::new(TABLES.title, wire, clock, notices);
        Self { transport: Transport::new(config), store, keys }
    }
}
