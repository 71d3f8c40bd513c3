//! Sealed values as text, in the words of the language.

use std::collections::HashMap;

use serde_json::Value as Json;

use crate::address::{Address, ArmId};
use crate::hcl::{line_text, value_text_with};
use crate::kinds::{self, Place};

/// The greatest width, in characters, of a value on one line.
const LINE: usize = 88;

/// The resources that ids stand for, so that a reference is shown as it is written.
#[derive(Debug, Clone, Default)]
pub struct Names(HashMap<ArmId, Address>);

impl Names {
    /// No id stands for anything.
    pub fn none() -> Self {
        Self::default()
    }

    /// A sealed value as HCL would write it: on one line where it fits, and otherwise over several, the further ones not indented.
    pub fn text(&self, json: &Json) -> String {
        let line = self.on_one_line(json);
        if line.chars().count() <= LINE { line } else { value_text_with(json, 0, &|text| self.words(text)) }
    }

    /// A sealed value on one line, however long.
    pub fn on_one_line(&self, json: &Json) -> String {
        line_text(json, &|text| self.words(text))
    }

    fn words(&self, text: &str) -> Option<String> {
        // Every id begins so; nothing else is worth a look.
        text.starts_with('/').then(|| self.0.get(&ArmId::new(text)))?.map(Address::to_string)
    }
}

impl<'a> FromIterator<(&'a ArmId, &'a Address)> for Names {
    fn from_iter<T: IntoIterator<Item = (&'a ArmId, &'a Address)>>(iter: T) -> Self {
        // What is only properties of another resource has the id of that one, which is who is meant.
        let of_its_own = |address: &Address| {
            kinds::find(address.kind()).is_none_or(|kind| !matches!(kind.place, Place::Property(_)))
        };
        let named = iter.into_iter().filter(|(_, address)| of_its_own(address));
        Self(named.map(|(id, address)| (id.clone(), address.clone())).collect())
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn an_id_of_the_stack_is_shown_as_the_resource_it_stands_for() {
        let names: Names = [(&ArmId::new("/subscriptions/a/x"), &Address::new("lb", "web"))].into_iter().collect();
        assert_eq!(names.text(&json!(["/SUBSCRIPTIONS/a/x", "/other"])), r#"[lb.web, "/other"]"#);
    }

    #[test]
    fn long_values_stand_over_several() {
        let value = json!([{"name": "a".repeat(40), "priority": 1}, {"name": "b".repeat(40), "priority": 2}]);
        let text = Names::none().text(&value);
        assert!(text.starts_with("[\n  {\n    name     = \"aaa"), "{text}");
    }
}
