//! What Resource Manager reads and writes in the body of an object.

use std::borrow::Cow;

use serde_json::Value as Json;

use crate::simulator::seed::Seed;
use crate::simulator::world::SimulatedObject;

impl SimulatedObject {
    pub(super) fn location(&self) -> Option<Cow<'_, str>> {
        self.body.text("location")
    }

    pub(super) fn etag(&self) -> Option<Cow<'_, str>> {
        self.body.text("etag")
    }

    /// Records a change: updates version and etag.
    pub(super) fn touch(&mut self, seed: Seed) {
        self.version += 1;
        let etag = format!("W/\"{}\"", seed.guid(&[&self.id.folded(), "etag", &self.version.to_string()]));
        if let Json::Object(map) = &mut *self.body {
            map.insert("etag".to_owned(), Json::from(etag));
        }
    }

    /// Sets the provisioning state, if the body has properties.
    pub(super) fn show_state(&mut self, state: &str) {
        if let Some(properties) = self.body.get_mut("properties").and_then(Json::as_object_mut) {
            properties.insert("provisioningState".to_owned(), Json::from(state));
        }
    }
}
