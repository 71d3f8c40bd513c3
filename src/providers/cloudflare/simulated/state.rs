//! State of the API beside objects: zones that were looked up, the number of objects ever made, and its request
//! limit.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::Deserialize as _;
use serde_json::{Value as Json, json};

use super::NAME;
use crate::simulator::dialect::Part;
use crate::simulator::fields::StoredFields;

/// State of the dialect.
#[derive(Debug, Clone, Default)]
pub(super) struct CloudflareState {
    /// The number of objects ever made, from which their ids follow.
    pub(super) made: u64,
    /// The domain of each zone that was looked up or has objects, by id.
    pub(super) zones: BTreeMap<String, String>,
    /// The beginning of the current period of the request limit, and the requests in it. Not kept on disk: a command
    /// that ends begins a new period.
    pub(super) asked: Option<(Timestamp, u64)>,
}

impl Part for CloudflareState {
    fn copied(&self) -> Box<dyn Part> {
        Box::new(self.clone())
    }

    /// A world without anything of Cloudflare has no field of it.
    fn write_details(&self, into: &mut StoredFields) -> serde_json::Result<()> {
        let Self { made, zones, asked: _ } = self;
        if *made == 0 && zones.is_empty() {
            return Ok(());
        }
        into.put(NAME, &json!({ "made": made, "zones": zones }))
    }

    fn clear_details(&mut self) {
        self.made = 0;
        self.zones.clear();
    }

    fn read_detail(&mut self, field: &str, value: &Json) -> serde_json::Result<bool> {
        if field != NAME {
            return Ok(false);
        }
        self.made = u64::deserialize(&value["made"])?;
        self.zones = BTreeMap::deserialize(&value["zones"])?;
        Ok(true)
    }
}
