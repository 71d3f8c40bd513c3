//! State of the API servers beside objects: the last resource version, from which the next follows.

use serde::Deserialize as _;
use serde_json::{Value as Json, json};

use super::NAME;
use crate::simulator::dialect::Part;
use crate::simulator::fields::StoredFields;

/// State of the dialect.
#[derive(Debug, Clone, Default)]
pub(super) struct KubernetesState {
    /// The last resource version of any cluster.
    pub(super) version: u64,
}

impl Part for KubernetesState {
    fn copied(&self) -> Box<dyn Part> {
        Box::new(self.clone())
    }

    /// A world without anything of Kubernetes has no field of it.
    fn write_details(&self, into: &mut StoredFields) -> serde_json::Result<()> {
        match self.version {
            0 => Ok(()),
            version => into.put(NAME, &json!({ "version": version })),
        }
    }

    fn clear_details(&mut self) {
        self.version = 0;
    }

    fn read_detail(&mut self, field: &str, value: &Json) -> serde_json::Result<bool> {
        if field != NAME {
            return Ok(false);
        }
        self.version = u64::deserialize(&value["version"])?;
        Ok(true)
    }
}
