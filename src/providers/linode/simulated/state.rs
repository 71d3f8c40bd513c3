//! State of the API beside objects and operations: the numbers that it gave, and its request limits.

use jiff::Timestamp;
use serde::Deserialize as _;
use serde_json::{Value as Json, json};

use super::NAME;
use crate::simulator::dialect::Part;
use crate::simulator::fields::StoredFields;

/// Requests of a period that began then.
pub(super) type Asked = Option<(Timestamp, u64)>;

/// State of the dialect.
#[derive(Debug, Clone, Default)]
pub(super) struct LinodeState {
    /// How many numbers were given to objects, devices and events.
    pub(super) given: u64,
    /// Reads of lists in the current period. Not kept on disk: a command that ends begins a new period.
    pub(super) lists: Asked,
    /// Other requests in the current period.
    pub(super) others: Asked,
}

impl Part for LinodeState {
    fn copied(&self) -> Box<dyn Part> {
        Box::new(self.clone())
    }

    /// A world without anything of Linode has no field of it.
    fn write_details(&self, into: &mut StoredFields) -> serde_json::Result<()> {
        match self.given {
            0 => Ok(()),
            given => into.put(NAME, &json!({ "given": given })),
        }
    }

    fn clear_details(&mut self) {
        self.given = 0;
    }

    fn read_detail(&mut self, field: &str, value: &Json) -> serde_json::Result<bool> {
        if field != NAME {
            return Ok(false);
        }
        self.given = u64::deserialize(&value["given"])?;
        Ok(true)
    }
}
