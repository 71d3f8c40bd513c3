//! Objects of JSON under construction, field by field in the order of a file.

use std::collections::BTreeMap;

use serde::Serialize;

/// An object of JSON under construction.
#[derive(Default)]
pub(crate) struct StoredFields(Vec<u8>);

impl StoredFields {
    /// Adds a field.
    pub(crate) fn put(&mut self, name: &str, value: &impl Serialize) -> serde_json::Result<()> {
        self.name(name)?;
        serde_json::to_writer(&mut self.0, value)
    }

    /// Adds a field, unless the map is empty.
    pub(crate) fn put_map<V: Serialize>(&mut self, name: &str, map: &BTreeMap<String, V>) -> serde_json::Result<()> {
        if map.is_empty() { Ok(()) } else { self.put(name, map) }
    }

    /// Adds a field that is an object.
    pub(crate) fn put_object(&mut self, name: &str, object: Self) -> serde_json::Result<()> {
        self.name(name)?;
        self.0.extend(object.into_bytes());
        Ok(())
    }

    fn name(&mut self, name: &str) -> serde_json::Result<()> {
        self.0.push(if self.0.is_empty() { b'{' } else { b',' });
        serde_json::to_writer(&mut self.0, name)?;
        self.0.push(b':');
        Ok(())
    }

    /// The text.
    pub(crate) fn into_bytes(mut self) -> Vec<u8> {
        if self.0.is_empty() {
            self.0.push(b'{');
        }
        self.0.push(b'}');
        self.0
    }
}
