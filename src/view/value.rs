//! Sealed values as text, as the language writes them.

use std::collections::HashMap;

use serde_json::Value as Json;

use crate::address::Address;
use crate::hcl::{line_text, value_text_with};
use crate::object::ObjectId;

/// Resources by id, so that a reference is shown as the stack writes it.
#[derive(Debug, Clone, Default)]
pub struct ResourceNames(HashMap<ObjectId, Address>);

impl ResourceNames {
    /// No names: every id is shown as it is.
    pub fn none() -> Self {
        Self::default()
    }

    /// A sealed value as HCL: on one line where it fits into this many columns, otherwise on several that are not
    /// indented.
    pub fn text(&self, json: &Json, room: usize) -> String {
        let line = self.on_one_line(json);
        if line.chars().count() <= room { line } else { value_text_with(json, 0, &|text| self.words(text)) }
    }

    /// A sealed value on one line, however long.
    pub fn on_one_line(&self, json: &Json) -> String {
        line_text(json, &|text| self.words(text))
    }

    fn words(&self, text: &str) -> Option<String> {
        self.0.get(&ObjectId::new(text)).map(Address::to_string)
    }
}

impl<'a> FromIterator<(&'a ObjectId, &'a Address)> for ResourceNames {
    fn from_iter<T: IntoIterator<Item = (&'a ObjectId, &'a Address)>>(iter: T) -> Self {
        Self(iter.into_iter().map(|(id, address)| (id.clone(), address.clone())).collect())
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn id_of_a_resource_is_shown_as_its_address() {
        let names: ResourceNames =
            [(&ObjectId::new("/subscriptions/a/x"), &Address::new("lb", "web"))].into_iter().collect();
        assert_eq!(names.text(&json!(["/SUBSCRIPTIONS/a/x", "/other"]), 88), r#"[lb.web, "/other"]"#);
    }

    #[test]
    fn long_values_take_several_lines() {
        let value = json!([{"name": "a".repeat(40), "priority": 1}, {"name": "b".repeat(40), "priority": 2}]);
        let text = ResourceNames::none().text(&value, 88);
        assert!(text.starts_with("[\n  {\n    name     = \"aaa"), "{text}");
    }
}
