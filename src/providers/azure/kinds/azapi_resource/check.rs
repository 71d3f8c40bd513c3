//! Rules between the arguments of a resource of any type.

use crate::providers::azure::ids::AzureId;
use serde_json::Value as Json;

use super::APART;
use super::tables::{GLOBAL, NOWHERE, is_path, parse};
use crate::kinds::regions::same_region;
use crate::kinds::table::*;
use crate::kinds::{export, path};
use crate::object::ObjectId;

const GROUP: &str = "Microsoft.Resources/resourceGroups";

pub(super) fn check(subject: &Subject<'_>, findings: &mut Vec<Finding>) {
    let mut found = |argument: &'static str, summary: String, why: &str, help: String| {
        findings.push(Finding { argument, summary, why: why.to_owned(), help });
    };
    type_(subject, &mut found);
    location(subject, &mut found);
    body(subject, &mut found);
    exports(subject, &mut found);
    switch(subject, &mut found);
    super::identity::check(subject, findings);
}

type Found<'f> = &'f mut dyn FnMut(&'static str, String, &str, String);

fn type_(subject: &Subject<'_>, found: Found<'_>) {
    let help = "Write provider, type and API version, as in \"Microsoft.Web/serverfarms@2024-04-01\".".to_owned();
    let text = match subject.args.get("type") {
        None => return,
        Some(Json::String(text)) => text,
        Some(_) => {
            let why = "The id of the resource follows from it, and a plan shows ids.";
            return found("type", "invalid value for `type`: it is known only after apply".to_owned(), why, help);
        }
    };
    let Some((type_, _)) = parse(text) else {
        return found("type", format!("invalid value for `type`: `{text}` is no type with an API version"), "", help);
    };
    if subject.kind.type_.name.is_empty() {
        let why = "The id of the resource follows from it, and ids are shown.";
        return found("type", "invalid value for `type`: it is sensitive".to_owned(), why, help);
    }
    if type_.eq_ignore_ascii_case(GROUP) {
        let help = "Write a `resource_group` block.".to_owned();
        return found("type", "a resource group is a kind of its own".to_owned(), "", help);
    }
    let Some(parent) = subject.text("parent").map(ObjectId::new) else { return };
    let (above, last) = type_.rsplit_once('/').unwrap_or((type_, ""));
    let actual = parent.arm_type().unwrap_or_default();
    if above.contains('/') && !actual.eq_ignore_ascii_case(above) {
        found(
            "parent",
            format!("the parent of `{type_}` is a resource of type `{above}`, not `{}`", or_none(&actual)),
            &format!("Its id is that of the parent with `/{last}/{}`.", subject.name),
            format!("Write a resource of type `{above}`, or its id."),
        );
    }
}

fn or_none(type_: &str) -> &str {
    if type_.is_empty() { "a subscription" } else { type_ }
}

fn location(subject: &Subject<'_>, found: Found<'_>) {
    let Some(word) = subject.text("location") else { return };
    let is_word = [GLOBAL, NOWHERE].iter().any(|one| word.eq_ignore_ascii_case(one));
    if !is_word && !subject.location.is_empty() && !same_region(word, subject.location) {
        found(
            "location",
            format!("invalid value for `location`: `{word}` is not the region of its site, `{}`", subject.location),
            "",
            "Write `site = site.…` for another region, or \"global\", or \"none\" for a type without a location."
                .to_owned(),
        );
    }
}

fn body(subject: &Subject<'_>, found: Found<'_>) {
    for argument in ["body", "sensitive_body"] {
        let value = match subject.args.get(argument) {
            None | Some(Json::Null) => continue,
            Some(Json::Object(map)) => map,
            Some(other) => {
                let help = match other {
                    Json::String(_) => format!("Write `{argument} = {{ … }}`, without `jsonencode`."),
                    _ => format!("Write `{argument} = {{ … }}`."),
                };
                found(argument, format!("invalid value for `{argument}`: expected a map"), "", help);
                continue;
            }
        };
        let own = APART
            .iter()
            .find(|name| value.contains_key(**name) && (**name != "identity" || subject.args.contains_key("identity")));
        if let Some(name) = own {
            let help = match *name {
                "id" | "etag" | "systemData" => "Remove it: only Azure sets it.".to_owned(),
                "location" => "Remove it: the location follows from the site. Write `location` into the block where \
                               the type needs another."
                    .to_owned(),
                name => format!("Write `{name}` into the block."),
            };
            found(argument, format!("`{name}` in `{argument}` is an argument of its own"), "", help);
        }
    }
}

fn exports(subject: &Subject<'_>, found: Found<'_>) {
    let Some(wanted) = subject.args.get("response_export_values").filter(|wanted| !wanted.is_null()) else { return };
    if let Err(what) = export::paths(wanted) {
        found(
            "response_export_values",
            format!("invalid value for `response_export_values`: {what}"),
            "",
            "Write a list of paths, as in [\"properties.hostName\"], or a map from a name to a path.".to_owned(),
        );
    }
}

fn switch(subject: &Subject<'_>, found: Found<'_>) {
    let kind = subject.kind;
    let given = |name: &str| subject.args.contains_key(name);
    let switch = subject.args.get("switch");
    if let Some(path) =
        switch.and_then(|switch| switch.get("path")).and_then(Json::as_str).filter(|path| !is_path(path))
    {
        let help = "Write names joined by dots, as in \"properties.aRecords[0].ipv4Address\".".to_owned();
        return found("switch", format!("invalid value for `path`: `{path}` is no path"), "", help);
    }
    if switch.is_some() && !given("enabled") && !given("value") {
        let help = "Write `enabled = true`, or `value = …`, beside the block.".to_owned();
        found("switch", "`switch` gives the place of `enabled` or `value`, and neither is set".to_owned(), "", help);
    }
    if given("enabled") && given("value") && switch.is_some() {
        let help = "Remove one of them.".to_owned();
        found("switch", "`enabled` and `value` cannot have the same place".to_owned(), "", help);
    }
    for argument in ["enabled", "value"] {
        let place = kind.arg(argument).map(|arg| arg.wire);
        let at = match place {
            Some(Wire::Mapped(at, _) | Wire::At(at)) => at,
            _ if given(argument) && !kind.type_.name.is_empty() && switch.is_none() => {
                let help = "Write `switch { path = \"properties.…\" }` with its place in the body.".to_owned();
                let summary = format!("the place of `{argument}` in a `{}` is unknown", kind.type_.name);
                found(argument, summary, "", help);
                continue;
            }
            _ => continue,
        };
        let written = subject.args.get("body").and_then(|body| path::get(body, at));
        if given(argument) && written.is_some_and(|written| !written.is_null()) {
            found(
                "body",
                format!("`{at}` is in `body`, and `{argument}` decides it"),
                "A failover run changes the argument.",
                format!("Remove `{at}` from `body`."),
            );
        }
    }
}
