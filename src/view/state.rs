//! State as text: lists, one resource as its block in the language, outputs.

use std::collections::BTreeMap;
use std::sync::Arc;

use indexmap::IndexMap;
use serde_json::{Map, Value as Json, json};

use super::value::ResourceNames;
use super::{BOLD, DIM, Layout, MANY, fit, hang, short, styled};
use crate::address::Address;
use crate::hcl::quoted;
use crate::kinds::Catalog;
use crate::plan::kind_of;
use crate::state::{Recorded, State, Status};
use crate::value::SealedValue;

/// The resources in state with their site and, after an interrupted operation, the status. A summary shows many
/// resources of one kind at one site as one line with their number, and their names below it.
pub fn list(state: &State, layout: Layout) -> String {
    let status = |recorded: &Recorded| match recorded.status {
        Status::Standing => String::new(),
        unsure => status(unsure).to_owned(),
    };
    let mut groups: IndexMap<(&str, &str, String), Vec<&Address>> = IndexMap::new();
    for (address, recorded) in &state.resources {
        groups.entry((address.kind(), &recorded.site, status(recorded))).or_default().push(address);
    }
    let mut rows: Vec<([String; 3], String)> = Vec::new();
    for ((kind, site, status), addresses) in groups {
        let row = |first: String| [first, site.to_owned(), status.clone()];
        if layout.is_full() || addresses.len() < MANY {
            rows.extend(addresses.into_iter().map(|address| (row(address.to_string()), String::new())));
        } else {
            let names = addresses.iter().map(|address| short(address)).collect::<Vec<_>>().join(", ");
            rows.push((row(format!("{} {kind} (-v shows each)", addresses.len())), names));
        }
    }
    if layout.is_full() {
        rows.sort();
    }
    let width = |column: usize| rows.iter().map(|(row, _)| row[column].chars().count()).max().unwrap_or_default();
    let (first, second) = (width(0), width(1));
    let line = |([what, site, status], names): &([String; 3], String)| {
        let names = match names.is_empty() {
            true => String::new(),
            false => format!("    {}\n", styled(DIM, &layout.wrap(names, 4))),
        };
        format!("{}\n{names}", format!("{what:<first$}  {site:<second$}  {status}").trim_end())
    };
    rows.iter().map(line).collect()
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
pub fn show(catalog: &Catalog, (address, recorded): (&Address, &Recorded), state: &State, layout: Layout) -> String {
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
        owner: _,
        prevent_destroy,
        status: now,
        under_way: _,
    } = recorded;
    // A property of another object has the id of that object, which a reference means.
    let is_property = |(address, other): &(&Address, &Arc<Recorded>)| {
        kind_of(catalog, address, other).is_some_and(|kind| kind.place.is_property())
    };
    let named = state.resources.iter().filter(|one| !is_property(one));
    let names: ResourceNames = named.map(|(address, other)| (&other.id, address)).collect();
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
        out += &comment(
            "depends on",
            &layout
                .wrap(&needs.iter().map(|need| need.as_str()).collect::<Vec<_>>().join(", "), 14)
                .replace("\n              ", "\n#             "),
        );
    }
    out += &format!(
        "{} {} {{{key}\n{}",
        styled(BOLD, address.kind()),
        quoted(address.name()),
        lines(arguments, &names, layout)
    );
    if !attributes.is_empty() {
        out += &format!("\n  {}\n{}", styled(DIM, "# attributes"), lines(attributes, &ResourceNames::none(), layout));
    }
    fit(&(out + "}\n"), layout.width)
}

fn lines(map: &Map<String, Json>, names: &ResourceNames, layout: Layout) -> String {
    let width = map.keys().map(|name| name.chars().count()).max().unwrap_or_default();
    let room = layout.width.saturating_sub(width + 5);
    map.iter().map(|(name, value)| format!("  {name:width$} = {}\n", hang(&names.text(value, room), 2))).collect()
}

/// Outputs, one on each line.
pub fn outputs(outputs: &BTreeMap<String, SealedValue>, columns: usize) -> String {
    let width = outputs.keys().map(|name| name.chars().count()).max().unwrap_or_default();
    let room = columns.saturating_sub(width + 3);
    let line = |(name, value): (&String, &SealedValue)| {
        format!("{name:width$} = {}\n", ResourceNames::none().text(value.json(), room))
    };
    outputs.iter().map(line).collect()
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
        "resources": state.iter().flat_map(|state| state.recorded()).map(one).collect::<Vec<_>>(),
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
