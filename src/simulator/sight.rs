//! Views of a world that are cached until it changes. Knows only names and regions.

use std::collections::HashMap;

use crate::kinds::{Lead, StorePlacement};

/// Derived views of the world, cached for one revision.
#[derive(Debug, Clone, Default)]
pub(super) struct NetworkView {
    /// Names and addresses, with the keys of their objects.
    pub(super) names: Option<(u64, HashMap<String, String>)>,
    /// The view of the workload's clients.
    pub(super) work: ClientView,
}

/// The result of a connection to a name or address.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Destination {
    /// This region serves the request.
    Served(String),
    /// The frontend accepts connections, but has no running backend.
    Unserved,
    /// No answer: this region is lost.
    Dark(String),
    /// Connection refused, with the reason.
    Refused(String),
    /// The status set by a fault; `None`: no answer.
    Told(Option<u16>),
    /// Outside this world: nothing is known of it.
    Outside,
}

/// The clients' view of the world at one revision.
#[derive(Debug, Clone, Default)]
pub(super) struct ClientView {
    pub(super) revision: Option<u64>,
    /// The placement of each store, once per store, and the name of its provider.
    pub(super) kept: Vec<(&'static str, StorePlacement)>,
    /// The destination of each group's name or address.
    pub(super) found: Vec<Option<(String, Destination)>>,
    /// The next hops of objects, by folded id.
    pub(super) leads: HashMap<String, Lead>,
}

impl ClientView {
    /// An empty view for a new revision.
    pub(super) fn new(revision: u64, kept: Vec<(&'static str, StorePlacement)>) -> Self {
        Self { revision: Some(revision), kept, ..Self::default() }
    }
}
