//! Labels of imported resources: the cloud name if possible, unique within the kind.

use std::collections::{BTreeMap, HashSet};

use super::candidates::Candidate;
use crate::address::{Address, is_identifier};
use crate::object::ObjectId;

/// Keywords of the language.
const RESERVED: &[&str] = &["null", "true", "false", "for", "if", "in"];

/// Address of each candidate, in order. `named` gives an earlier label, such as that of Terraform.
pub fn addresses(candidates: &[Candidate], named: &dyn Fn(&Candidate) -> Option<String>) -> Vec<Address> {
    let mut taken: HashSet<Address> = HashSet::new();
    let mut of_kind: BTreeMap<(&str, String), usize> = BTreeMap::new();
    let first: Vec<String> = candidates.iter().map(|candidate| label(&own_name(candidate, named))).collect();
    for (candidate, label) in candidates.iter().zip(&first) {
        *of_kind.entry((candidate.kind.name, label.clone())).or_default() += 1;
    }
    let mut addresses = Vec::with_capacity(candidates.len());
    for (candidate, plain) in candidates.iter().zip(first) {
        let alone = of_kind.get(&(candidate.kind.name, plain.clone())).is_none_or(|count| *count == 1);
        let within = candidate.above.as_ref().map_or("", ObjectId::name);
        let base = if alone || within.is_empty() { plain } else { label(&format!("{within}-{plain}")) };
        let mut address = Address::new(candidate.kind.name, &base);
        let mut number = 2;
        while !taken.insert(address.clone()) {
            address = Address::new(candidate.kind.name, &format!("{base}-{number}"));
            number += 1;
        }
        addresses.push(address);
    }
    addresses
}

/// Digits of a GUID that suffice to distinguish a few.
const SHORT_GUID: usize = 8;

/// Name for the label, with the container's name before it if its own is missing or a GUID.
fn own_name(candidate: &Candidate, named: &dyn Fn(&Candidate) -> Option<String>) -> String {
    let name = candidate.name.as_str();
    let in_cloud = || {
        let is_guid = name.len() == 36 && name.bytes().filter(|byte| *byte == b'-').count() == 4;
        let short = if is_guid { name.get(..SHORT_GUID).unwrap_or(name) } else { name };
        let is_vague = !candidate.kind.names.written || !name.starts_with(|c: char| c.is_ascii_alphabetic());
        match candidate.above.as_ref().filter(|above| is_vague && **above != candidate.id) {
            Some(above) => format!("{}-{short}", above.name()),
            None => short.to_owned(),
        }
    };
    named(candidate).unwrap_or_else(in_cloud)
}

/// A text as a label.
pub fn label(text: &str) -> String {
    let plain = |c: char| if c.is_ascii_alphanumeric() || c == '_' || c == '-' { c } else { '-' };
    let text: String = text.chars().take(120).map(plain).collect();
    let text = text.trim_matches('-');
    let starts_well = text.chars().next().is_some_and(|c| c.is_ascii_alphabetic() || c == '_');
    let label = if starts_well { text.to_owned() } else { format!("n{text}") };
    match is_identifier(&label) && !RESERVED.contains(&label.as_str()) {
        true => label,
        false => format!("{label}-"),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::label;
    use crate::address::is_identifier;

    #[test]
    fn names_become_valid_labels() {
        for (name, expected) in
            [("web-1", "web-1"), ("1.0.0", "n1-0-0"), ("@", "n"), ("for", "for-"), ("rg (old)", "rg--old"), ("", "n")]
        {
            assert_eq!(label(name), expected);
        }
    }

    proptest! {
        #[test]
        fn every_name_has_a_label(name in any::<String>()) {
            prop_assert!(is_identifier(&label(&name)));
        }
    }
}
