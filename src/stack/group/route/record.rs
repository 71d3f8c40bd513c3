//! Routes that switch a DNS record: its value is the destination of users.

use std::net::IpAddr;

use serde_json::Value as Json;

use super::RouteForm;
use super::kind::{Route, RouteKind, RouteMove, RouteSight, RouteTarget, RouteValue, RouteWrite, items};
use crate::diagnostic::{Diagnostic, Span};
use crate::hcl::ast::HclBlock;
use crate::kinds::{Kind, Ty, decode};
use crate::language::{Necessity, argument};
use crate::stack::Resource;
use crate::stack::group::GroupReader;
use crate::stack::group::check::{kinds_that, span_of};
use crate::value::Value;

/// How its blocks are read.
pub(super) const FORM: RouteForm = RouteForm { kind: &RECORD, check, normalise };

/// The table.
const RECORD: RouteKind = RouteKind {
    name: "record",
    arguments: &[argument(
        "record",
        "reference to a DNS record, or list of them",
        Necessity::Optional,
        "The record whose value is switched, or several that get the same value.",
    )],
    told_by: Some("record"),
    entrance: "record",
    purpose: "to switch a DNS record",
    instead: "write a route of its own for the record",
    service: |stack, route| {
        let record = route.resources(stack, "record").into_iter().next()?;
        Some(record.parent().as_ref().unwrap_or(&record.id).folded())
    },
    ends: |stack, route| route.resources(stack, "record"),
    writes,
    close: |_, _| None,
    late: value,
    leads,
};

fn check(reader: &mut GroupReader<'_>, route: &Route, block: &HclBlock) {
    let Some(written) = route.args.get("record") else { return };
    let span = span_of(block, "record");
    let mut kinds: Vec<&Kind> = Vec::new();
    for record in items(Some(written)) {
        match record {
            Value::Block(address) => match reader.kind_of(address) {
                Some((kind, resource)) if kind.moves.record.is_some() => {
                    check_target(reader, kind, resource, span);
                    kinds.push(kind);
                }
                Some(_) => return no_record(reader, &format!("`{address}` is no DNS record"), span),
                None => return,
            },
            Value::Unknown(_) => return,
            _ => return no_record(reader, "expected a DNS record of the stack", span),
        }
    }
    match kinds.as_slice() {
        [] => no_record(reader, "the list is empty", span),
        [kind, others @ ..] => {
            if let Some(other) = others.iter().find(|other| other != &kind) {
                let problem = format!("`{}` and `{}` take different values", kind.name, other.name);
                return no_record(reader, &problem, span);
            }
            check_values(reader, kind, route, block);
        }
    }
}

/// Reports values that a record of this kind does not take.
fn check_values(reader: &mut GroupReader<'_>, kind: &'static Kind, route: &Route, block: &HclBlock) {
    let argument = kind.moves.record.and_then(|argument| kind.arg(argument));
    for (name, value) in route.written_values() {
        let span = span_of(block, name);
        let problem = match value {
            Value::Block(address) => Some((
                format!("`{address}` is a resource, and the record needs a value"),
                match reader.kind_of(address).and_then(|(kind, _)| kind.attributes.first()) {
                    Some(attribute) => format!("Write an attribute of it, as in `{address}.{}`.", attribute.name),
                    None => "Write the value that the record gets.".to_owned(),
                },
            )),
            value if value.sensitive_within() => Some((
                "the value is sensitive".to_owned(),
                "Write a value that is not sensitive: everybody can read a DNS record.".to_owned(),
            )),
            value => argument.and_then(|argument| {
                let items = match value {
                    Value::List(items) => items.iter().collect(),
                    other => vec![other],
                };
                let ty = match argument.ty {
                    Ty::List(ty) | Ty::Set(ty) => *ty,
                    ty => ty,
                };
                let is_wrong = |item: &&Value| match item.as_str() {
                    Some(text) => {
                        let is_no_address = matches!(ty, Ty::Ip) && text.parse::<IpAddr>().is_err();
                        is_no_address || argument.form.is_some_and(|form| form.read(text).is_err())
                    }
                    None => !matches!(item, Value::Unknown(_)),
                };
                items.into_iter().find(is_wrong).map(|item| {
                    let found = item.as_str().map_or_else(|| item.type_name().to_owned(), |text| format!("`{text}`"));
                    let wanted = match (argument.form, ty) {
                        (Some(form), _) => form.wanted,
                        (None, Ty::Ip) => "an IP address",
                        (None, _) => "a string",
                    };
                    (
                        format!("expected {wanted}, found {found}"),
                        format!("Write what `{}` of `{}` takes.", argument.name, kind.name),
                    )
                })
            }),
        };
        if let Some((problem, help)) = problem {
            reader.found.push(
                Diagnostic::error("wrong-value", format!("invalid value for `{name}`: {problem}")).at(span).help(help),
            );
        }
    }
}

fn no_record(reader: &mut GroupReader<'_>, problem: &str, span: Span) {
    reader.found.push(
        Diagnostic::error("wrong-value", format!("invalid value for `record`: {problem}")).at(span).help(format!(
            "Write a resource of one of the kinds {}.",
            kinds_that(reader.facts.program.catalog, |moves| moves.record.is_some())
        )),
    );
}

/// Reports a record that follows another resource instead of having a value.
fn check_target(reader: &mut GroupReader<'_>, kind: &Kind, resource: Option<&Resource>, span: Span) {
    let Some((resource, argument)) = resource.zip(kind.moves.record) else { return };
    if !resource.args.contains_key(argument) || resource.args.get(argument).is_some_and(Value::is_null) {
        reader.found.push(
            Diagnostic::error(
                "wrong-value",
                format!("invalid value for `record`: `{}` has no `{argument}`", resource.address),
            )
            .at(span)
            .and(resource.span, "declared here")
            .why("A route switches this argument. A record that follows another resource has none.")
            .help(format!("Write `{argument} = …` into the record, with its value at the home site.")),
        );
    }
}

/// Writes the values in the spelling in which the record has them.
fn normalise(reader: &GroupReader<'_>, route: &mut Route) {
    let record = match items(route.args.get("record")).next() {
        Some(Value::Block(address)) => reader.kind_of(address),
        _ => None,
    };
    let argument = record.and_then(|(kind, _)| kind.arg(kind.moves.record?));
    let Some(form) = argument.and_then(|argument| argument.form) else { return };
    for value in route.values.values_mut() {
        if let Ok(normal) = form.read_value(value) {
            *value = normal;
        }
    }
}

/// Each record gets the value of the destination, which may be known only once that exists.
fn writes<'s>(to: &RouteMove<'s>) -> Vec<RouteWrite<'s>> {
    let write = |record: &'s Resource| {
        let (argument, destination) = (record.kind.moves.record?, to.route.value_at(to.arriving)?);
        let value = match destination.unknown_within() {
            Some(unknown) => RouteValue::Later(unknown.waits_for.iter().map(ToString::to_string).collect()),
            None => RouteValue::Known(value(record, argument, destination)?),
        };
        Some(RouteWrite { resource: record, argument, value })
    };
    to.route.resources(to.stack, "record").into_iter().filter_map(write).collect()
}

/// The value that leads a record to a destination.
fn value(record: &Resource, argument: &str, to: &Value) -> Option<Json> {
    let value = to.reveal().ok()?;
    let is_list = matches!(record.kind.arg(argument).map(|arg| arg.ty), Some(Ty::List(_) | Ty::Set(_)));
    Some(if is_list && !value.is_array() { serde_json::json!([value]) } else { value })
}

/// The sites whose value every record has.
fn leads(seen: &RouteSight<'_>) -> RouteTarget {
    let records = seen.route.resources(seen.stack, "record");
    let mut current = Vec::with_capacity(records.len());
    for record in &records {
        let Some(argument) = record.kind.moves.record else { return RouteTarget::Sites(Vec::new()) };
        match (seen.read)(record) {
            Ok(Some(args)) => {
                let value = canonical(record, argument, args.get(argument).unwrap_or(&Json::Null));
                current.push((*record, argument, value));
            }
            Ok(None) => return RouteTarget::Unknown(format!("{} does not exist", record.address)),
            Err(why) => return RouteTarget::Unknown(why),
        }
    }
    let leads = |site: &str| {
        let to = seen.route.value_at(site);
        !current.is_empty()
            && current.iter().all(|(record, argument, current)| {
                let value = to.and_then(|to| value(record, argument, to));
                value.is_some_and(|value| is_same(&canonical(record, argument, &value), current))
            })
    };
    let sites: Vec<String> = seen.sites.iter().filter(|site| leads(site)).map(ToString::to_string).collect();
    match (sites.is_empty(), current.as_slice()) {
        (false, _) | (true, []) => RouteTarget::Sites(sites),
        (true, [(_, _, only)]) => RouteTarget::Elsewhere(plain(only)),
        (true, several) => {
            let each = several.iter().map(|(record, _, value)| format!("{}: {}", record.address, plain(value)));
            RouteTarget::Elsewhere(each.collect::<Vec<_>>().join(", "))
        }
    }
}

fn canonical(resource: &Resource, argument: &str, value: &Json) -> Json {
    match resource.kind.arg(argument) {
        Some(arg) => decode::canonical(&arg.ty, value),
        None => value.clone(),
    }
}

/// Names of hosts are equal in any case, and with or without the final dot.
fn is_same(one: &Json, other: &Json) -> bool {
    let name = |json: &Json| plain(json).trim_end_matches('.').to_ascii_lowercase();
    name(one) == name(other)
}

/// A value for a sentence.
fn plain(value: &Json) -> String {
    match value {
        Json::String(text) => text.clone(),
        Json::Array(items) => items.iter().map(plain).collect::<Vec<_>>().join(", "),
        other => other.to_string(),
    }
}
