//! Sealed values as text, as the language writes them.

use std::collections::HashMap;

use serde_json::Value as Json;

use crate::address::{Address, ArmId};
use crate::hcl::{line_text, value_text_with};
use crate::kinds;

/// Resources by id, so that a reference is shown as the stack writes it.
#[derive(Debug, Clone, Default)]
pub struct ResourceNames(HashMap<ArmId, Address>);

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
        // Every id begins with a slash.
        text.starts_with('/').then(|| self.0.get(&ArmId::new(text)))?.map(Address::to_string)
    }
}

impl<'a> FromIterator<(&'a ArmId, &'a Address)> for ResourceNames {
    fn from_iter<T: IntoIterator<Item = (&'a ArmId, &'a Address)>>(iter: T) -> Self {
        let named = iter.into_iter().filter(|(id, address)| has_object(address, id));
        Self(named.map(|(id, address)| (id.clone(), address.clone())).collect())
    }
}

/// An object of the resource's own behind this id. Properties of another object carry the id of that object, which a
/// reference means.
pub(super) fn has_object(address: &Address, id: &ArmId) -> bool {
    let Some(kind) = kinds::find(address.kind()) else { return true };
    let type_ = id.arm_type().unwrap_or_default();
    let mut alike = kind.tables().filter(|kind| kind.arm.type_.eq_ignore_ascii_case(&type_));
    let place = alike.next().map_or(kind.place, |kind| kind.place);
    !place.is_property()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn id_of_a_resource_is_shown_as_its_address() {
        let names: ResourceNames =
            [(&ArmId::new("/subscriptions/a/x"), &Address::new("lb", "web"))].into_iter().collect();
        assert_eq!(names.text(&json!(["/SUBSCRIPTIONS/a/x", "/other"]), 88), r#"[lb.web, "/other"]"#);
    }

    #[test]
    fn geo_replica_of_an_account_does_not_take_the_place_of_the_account() {
        let id = ArmId::new("/subscriptions/s/resourceGroups/g/providers/Microsoft.Storage/storageAccounts/files");
        let (account, replica) = (Address::new("storage_account", "files"), Address::new("geo_replica", "files"));
        let names: ResourceNames = [(&id, &account), (&id, &replica)].into_iter().collect();
        assert_eq!(names.text(&json!(id.as_str()), 88), "storage_account.files");
    }

    #[test]
    fn long_values_take_several_lines() {
        let value = json!([{"name": "a".repeat(40), "priority": 1}, {"name": "b".repeat(40), "priority": 2}]);
        let text = ResourceNames::none().text(&value, 88);
        assert!(text.starts_with("[\n  {\n    name     = \"aaa"), "{text}");
    }
}
