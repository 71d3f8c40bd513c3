//! [`Aws`]: a client.

use std::collections::BTreeMap;
use std::sync::Mutex;

use super::transport::{Transport, TransportParts};

/// A client of AWS.
#[derive(Debug)]
pub(super) struct Aws {
    pub(super) transport: Transport,
    /// Names of objects by region and the ids that AWS gave, with the type. AWS gives no id twice, so that only another
    /// tag `Name` would change one.
    pub(super) known: Mutex<BTreeMap<(String, String), Option<String>>>,
}

impl Aws {
    /// A client. Sends no request yet.
    pub(super) fn new(parts: TransportParts) -> Self {
        Self { transport: Transport::new(parts), known: Mutex::default() }
    }
}
