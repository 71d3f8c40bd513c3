//! Any text as a Terraform state. A state that can be read gives only Resource Manager ids, labels that are valid in a
//! stack, and no more objects than the limit.

use drplan::address::is_identifier;
use drplan::adopt::terraform::{self, MAX_OBJECTS};

/// Panics unless the property holds for this input.
pub fn holds(text: &str) {
    let Ok(found) = terraform::read(&drplan::providers::azure::TABLES, text) else { return };
    assert!(found.objects.len() + found.others.len() <= MAX_OBJECTS);
    for one in &found.objects {
        assert!(is_identifier(&one.label));
        let id = one.id.as_str().to_ascii_lowercase();
        assert!(
            id.starts_with("/subscriptions/")
                && id.split('/').all(|part| part != "..")
                && !id.contains(['?', '#', '"'])
        );
    }
    for (address, _) in &found.others {
        assert!(!address.chars().any(char::is_control));
    }
}
