//! [`Cloudflare`]: a client, and the ids that it has read for as long as it lives.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use serde_json::Value as Json;

use super::transport::Transport;
use crate::object::ObjectId;
use crate::sight::Sight;
use crate::wire::ApiConfig;

/// A zone that was looked up.
#[derive(Debug, Clone)]
pub(super) struct Zone {
    /// Its id.
    pub(super) id: String,
    /// The id of its account.
    pub(super) account: String,
}

/// A client of Cloudflare's API.
#[derive(Debug)]
pub struct Cloudflare {
    pub(super) transport: Transport,
    memory: Mutex<Memory>,
}

/// Objects that the client has read, for as long as it lives.
#[derive(Debug, Default)]
struct Memory {
    /// Zones by the name or id that ids have.
    zones: BTreeMap<String, Zone>,
    /// For ids above the port, those that Cloudflare gave.
    given: BTreeMap<String, String>,
    /// The reverse.
    named: BTreeMap<String, String>,
    /// The last bodies that the client returned, to show what changed since.
    seen: BTreeMap<ObjectId, Json>,
}

impl Cloudflare {
    /// A client. Sends no request yet.
    pub fn new(config: ApiConfig) -> Self {
        Self { transport: Transport::new(config), memory: Mutex::default() }
    }

    fn memory<T>(&self, work: impl FnOnce(&mut Memory) -> T) -> T {
        work(&mut self.memory.lock().unwrap_or_else(PoisonError::into_inner))
    }

    pub(super) fn known_zone(&self, zone: &str) -> Option<Zone> {
        self.memory(|memory| memory.zones.get(zone).cloned())
    }

    pub(super) fn keep_zone(&self, zone: &str, found: Zone) {
        self.memory(|memory| memory.zones.insert(zone.to_owned(), found));
    }

    /// The id that Cloudflare gave the object with this id.
    pub(super) fn given(&self, id: &str) -> Option<String> {
        self.memory(|memory| memory.given.get(id).cloned())
    }

    /// The id above the port of the object with an id that Cloudflare gave.
    pub(super) fn named(&self, given: &str) -> Option<String> {
        self.memory(|memory| memory.named.get(given).cloned())
    }

    pub(super) fn keep_given(&self, id: &str, given: &str) {
        self.memory(|memory| {
            memory.given.insert(id.to_owned(), given.to_owned());
            memory.named.insert(given.to_owned(), id.to_owned());
        });
    }

    /// Forgets all ids that Cloudflare gave: a refusal may be due to one that is no longer valid.
    pub(super) fn forget_given(&self) {
        self.memory(|memory| {
            memory.given.clear();
            memory.named.clear();
        });
    }

    /// The last body that the client returned of an object.
    pub(super) fn last_seen(&self, id: &ObjectId) -> Option<Json> {
        self.memory(|memory| memory.seen.get(id).cloned())
    }

    pub(super) fn keep_seen(&self, id: &ObjectId, seen: &Sight) {
        self.memory(|memory| memory.seen.insert(id.clone(), seen.body.clone()));
    }
}
