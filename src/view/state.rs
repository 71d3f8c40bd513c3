//! What is recorded, as text: lists, one resource in the words of the language, outputs.

use std::collections::BTreeMap;

use serde_json::{Map, Value as Json};

use super::value::Names;
use super::{BOLD, DIM, hang, styled, table};
use crate::address::Address;
use crate::hcl::quoted;
use crate::state::{Recorded, State, Status};
use crate::value::Sealed;

/// Every recorded resource with its site and, where it may not stand as recorded, how sure that is.
pub fn list(state: &State) -> String {
    let row = |(address, recorded): (&Address, &Recorded)| {
        let status = match recorded.status {
            Status::Standing => String::new(),
            unsure => status(unsure).to_owned(),
        };
        vec![address.to_string(), recorded.site.clone(), status]
    };
    table(&state.resources.iter().map(row).collect::<Vec<_>>(), 3)
}

/// The words for how sure it is.
pub const fn status(status: Status) -> &'static str {
    match status {
        Status::Standing => "standing",
        Status::Creating => "creation begun, outcome not recorded",
        Status::Updating => "change begun, outcome not recorded",
        Status::Deleting => "deletion begun, outcome not recorded",
    }
}

/// One resource: its block as recorded, then what the cloud says of it as comments.
pub fn show(address: &Address, recorded: &Recorded, state: &State) -> String {
    let Recorded {
        id,
        name,
        site,
        location,
        presence,
        objects,
        variant: _,
        arguments,
        attributes,
        needs,
        prevent_destroy,
        status: stands,
        under_way: _,
    } = recorded;
    let names: Names = state.resources.iter().map(|(address, other)| (&other.id, address)).collect();
    let key = address.key().map(|key| format!(" # [{}]", quoted(&key))).unwrap_or_default();
    let comment = |word: &str, text: &str| styled(DIM, &format!("# {word}: {text}")) + "\n";
    let mut out = comment("id", id.as_str());
    out += &comment("name", name);
    out += &comment("site", &format!("{site} ({location}), {}", presence.as_str()));
    out += &comment("status", status(*stands));
    for object in objects.iter().filter(|object| object.id != *id) {
        out += &comment("object", object.id.as_str());
    }
    if *prevent_destroy {
        out += &comment("prevent_destroy", "true");
    }
    if !needs.is_empty() {
        out += &comment("needs", &needs.iter().map(|need| need.as_str()).collect::<Vec<_>>().join(", "));
    }
    out +=
        &format!("{} {} {{{key}\n{}", styled(BOLD, address.kind()), quoted(address.name()), lines(arguments, &names));
    if !attributes.is_empty() {
        out += &format!("\n  {}\n{}", styled(DIM, "# attributes"), lines(attributes, &Names::none()));
    }
    out + "}\n"
}

fn lines(map: &Map<String, Json>, names: &Names) -> String {
    let width = map.keys().map(|name| name.chars().count()).max().unwrap_or_default();
    map.iter().map(|(name, value)| format!("  {name:width$} = {}\n", hang(&names.text(value), 2))).collect()
}

/// Outputs, one to a line.
pub fn outputs(outputs: &BTreeMap<String, Sealed>) -> String {
    let width = outputs.keys().map(|name| name.chars().count()).max().unwrap_or_default();
    outputs.iter().map(|(name, value)| format!("{name:width$} = {}\n", Names::none().text(value.json()))).collect()
}

/// One output for a script: a string as it is, anything else as HCL on one line.
pub fn output(value: &Sealed) -> String {
    match value.json() {
        Json::String(text) => text.clone(),
        other => Names::none().on_one_line(other),
    }
}
