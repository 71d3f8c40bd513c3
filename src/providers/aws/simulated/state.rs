//! State of the APIs beside objects and operations: how many ids they gave, and their request limits.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::Deserialize as _;
use serde_json::{Value as Json, json};

use super::types::NAME;
use crate::simulator::dialect::Part;
use crate::simulator::fields::StoredFields;

/// State of the dialect.
#[derive(Debug, Clone, Default)]
pub(super) struct AwsState {
    /// How many ids were given.
    pub(super) given: u64,
    /// Tokens that are left in each bucket of requests, and since when. Not kept on disk: a command that ends begins
    /// with full buckets.
    pub(super) buckets: BTreeMap<String, (f64, Timestamp)>,
}

impl Part for AwsState {
    fn copied(&self) -> Box<dyn Part> {
        Box::new(self.clone())
    }

    /// A world without anything of AWS has no field of it.
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
