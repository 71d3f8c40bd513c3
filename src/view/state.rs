//! State as text: lists, one resource as its block in the language, outputs.

use std::collections::BTreeMap;

use serde_json::{Map, Value as Json, json};

use super::value::ResourceNames;
use super::{BOLD, DIM, hang, styled, table};
use crate::address::Address;
use crate::hcl::quoted;
use crate::state::{Recorded, State, Status};
use crate::value::SealedValue;

/// Every resource in state with its site and, after an interrupted operation, how far that came.
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

/// Text for a status.
pub const fn status(status: Status) -> &'static str {
    match status {
        Status::Standing => "created",
        Status::Creating => "creation started, outcome unknown",
        Status::Updating => "update started, outcome unknown",
        Status::Deleting => "deletion started, outcome unknown",
    }
}

/// One resource: comments with its id and status, then its block with the attributes read from the cloud.
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
        status: now,
        under_way: _,
    } = recorded;
    let names: ResourceNames = state.resources.iter().map(|(address, other)| (&other.id, address)).collect();
    let key = address.key().map(|key| format!(" # [{}]", quoted(&key))).unwrap_or_default();
    let comment = |word: &str, text: &str| styled(DIM, &format!("# {word}: {text}")) + "\n";
    let mut out = comment("id", id.as_str());
    out += &comment("name", name);
    out += &comment("site", &format!("{site} ({location}), {}", presence.as_str()));
    out += &comment("status", status(*now));
    for object in objects.iter().filter(|object| object.id != *id) {
        out += &comment("object", object.id.as_str());
    }
    if *prevent_destroy {
        out += &comment("prevent_destroy", "true");
    }
    if !needs.is_empty() {
        out += &comment("depends on", &needs.iter().map(|need| need.as_str()).collect::<Vec<_>>().join(", "));
    }
    out +=
        &format!("{} {} {{{key}\n{}", styled(BOLD, address.kind()), quoted(address.name()), lines(arguments, &names));
    if !attributes.is_empty() {
        out += &format!("\n  {}\n{}", styled(DIM, "# attributes"), lines(attributes, &ResourceNames::none()));
    }
    out + "}\n"
}

fn lines(map: &Map<String, Json>, names: &ResourceNames) -> String {
    let width = map.keys().map(|name| name.chars().count()).max().unwrap_or_default();
    map.iter().map(|(name, value)| format!("  {name:width$} = {}\n", hang(&names.text(value), 2))).collect()
}

/// Outputs, one on each line.
pub fn outputs(outputs: &BTreeMap<String, SealedValue>) -> String {
    let width = outputs.keys().map(|name| name.chars().count()).max().unwrap_or_default();
    outputs
        .iter()
        .map(|(name, value)| format!("{name:width$} = {}\n", ResourceNames::none().text(value.json())))
        .collect()
}

/// Outputs for scripts: each name with its value; a sensitive one is `{"$sensitive": "<keyed digest>"}`.
pub fn outputs_json(outputs: &BTreeMap<String, SealedValue>) -> Json {
    outputs.iter().map(|(name, value)| (name.clone(), value.json().clone())).collect::<Map<_, _>>().into()
}

/// The whole list for scripts: `format_version`, `stack`, `serial`, and `resources`, each with `address`, `id`, `site`,
/// `location`, `presence` and `status` (`standing`, `creating`, `updating`, `deleting`).
pub fn list_json(stack: &str, state: Option<&State>) -> Json {
    let one = |(address, recorded): (&Address, &Recorded)| {
        json!({
            "address": address,
            "id": recorded.id,
            "site": recorded.site,
            "location": recorded.location,
            "presence": recorded.presence,
            "status": recorded.status,
        })
    };
    json!({
        "format_version": 1,
        "stack": stack,
        "serial": state.map_or(0, |state| state.serial),
        "resources": state.iter().flat_map(|state| &state.resources).map(one).collect::<Vec<_>>(),
    })
}

/// One resource for scripts: `format_version`, `address`, and the fields of the state.
pub fn show_json(address: &Address, recorded: &Recorded) -> Json {
    let mut json = json!({ "format_version": 1, "address": address });
    if let (Json::Object(all), Ok(Json::Object(fields))) = (&mut json, serde_json::to_value(recorded)) {
        all.extend(fields);
    }
    json
}

/// One output for a script: a string without quotes, anything else as HCL on one line.
pub fn output(value: &SealedValue) -> String {
    match value.json() {
        Json::String(text) => text.clone(),
        other => ResourceNames::none().on_one_line(other),
    }
}
