//! Values that no two resources may share: priorities, address ranges, names of DNS records, ports of a frontend.
//! The error shows both resources.

use std::collections::HashMap;

use indexmap::IndexMap;
use serde_json::Value as Json;

use crate::address::Address;
use crate::diagnostic::{Diagnostic, Diagnostics, MAX_DIAGNOSTICS, Span};
use crate::hcl::ast::{Body, ExprKind, Root};
use crate::kinds::{Exclusive, ExclusiveWithin, Grammar};
use crate::parallel;
use crate::ranges::Range;
use crate::stack::Resource;
use crate::stack::block::span_of;
use crate::stack::program::Program;
use crate::stack::scope::plain;
use crate::value::Value;

/// One row of values that a resource takes.
struct Taken<'a> {
    resource: &'a Resource,
    rule: &'static Exclusive,
    row: Vec<Json>,
}

/// Reports resources that take the same values.
pub(super) fn check(program: &Program, resources: &IndexMap<Address, Resource>, found: &mut Diagnostics) {
    let takes = |resource: &&Resource| !resource.address.is_rehearsed() && !resource.kind.apart.is_empty();
    let taking: Vec<&Resource> = resources.values().filter(takes).collect();
    let mut spaces: HashMap<(&str, String), Vec<Taken<'_>>> = HashMap::new();
    for (space, taken) in parallel::map(&taking, |resource| taken(program, resource)).into_iter().flatten() {
        spaces.entry(space).or_default().push(taken);
    }
    let mut clashes: Vec<_> = spaces.into_values().flat_map(clashes).collect();
    let order = |(first, second): &(Taken<'_>, Taken<'_>)| {
        let names = [second, first].map(|taken| taken.resource.address.to_string());
        (second.resource.span, first.resource.span, names, second.rule.what)
    };
    clashes.sort_by_cached_key(order);
    let mut told = std::collections::HashSet::new();
    for (first, second) in clashes.into_iter().take(MAX_DIAGNOSTICS) {
        // One cause for the instances of two blocks.
        if told.insert((first.resource.address.block(), second.resource.address.block(), first.rule.what)) {
            found.push(diagnostic(program, &first, &second));
        }
    }
}

/// The rows of a resource, each with its space: rows of one space must not meet.
fn taken<'a>(program: &Program, resource: &'a Resource) -> Vec<((&'static str, String), Taken<'a>)> {
    let args = known(program, resource);
    let mut all = Vec::new();
    for rule in resource.kind.apart.iter().filter(|rule| !rule.public) {
        let place = match rule.within {
            ExclusiveWithin::Region => resource.location.to_ascii_lowercase(),
            ExclusiveWithin::Parent => resource.parent().map(|parent| parent.folded()).unwrap_or_default(),
            ExclusiveWithin::Everywhere => String::new(),
            ExclusiveWithin::Resource => resource.id.folded(),
        };
        let rows = rule.rows(&resource.name, &args).into_iter();
        all.extend(rows.map(|row| ((rule.space, place.clone()), Taken { resource, rule, row })));
    }
    all
}

/// The arguments of a resource as JSON. An attribute that only the cloud knows is the same for two resources that
/// refer to it and to nothing else.
fn known(program: &Program, resource: &Resource) -> serde_json::Map<String, Json> {
    let mut args = plain(&resource.args);
    let body = body(program, resource);
    for (name, value) in &resource.args {
        let Value::Unknown(unknown) = value else { continue };
        let expr = body.and_then(|body| body.attribute(name)).map(|attribute| &attribute.expr.kind);
        let is_reference = matches!(expr, Some(ExprKind::Traversal { root: Root::Name(_), .. }));
        if let (true, 1, Some(attribute)) = (is_reference, unknown.waits_for.len(), unknown.waits_for.first()) {
            args.insert(name.to_string(), Json::from(format!("known after apply: {attribute}")));
        }
    }
    args
}

/// Pairs of rows that meet. Rows of equal values meet in a map; ranges meet as neighbours in their order.
fn clashes(mut all: Vec<Taken<'_>>) -> Vec<(Taken<'_>, Taken<'_>)> {
    let range = |row: &[Json]| match row {
        [Json::String(text)] => Range::parse(text),
        _ => None,
    };
    if all.iter().any(|taken| taken.rule.overlap) {
        all.sort_by_key(|taken| range(&taken.row).map(Range::start));
        let mut pairs = Vec::new();
        let mut last: Option<Taken<'_>> = None;
        for taken in all {
            let Some(before) = last.take() else {
                last = Some(taken);
                continue;
            };
            if taken.rule.meet(&before.row, &taken.row) && before.resource.address != taken.resource.address {
                pairs.push((before, copy(&taken)));
                last = Some(taken);
            } else {
                last = Some(further(before, taken));
            }
        }
        return pairs;
    }
    let mut seen: HashMap<String, Taken<'_>> = HashMap::new();
    let mut pairs = Vec::new();
    for taken in all {
        let key = Json::Array(taken.row.clone()).to_string();
        match seen.get(&key) {
            Some(first) if first.rule.alone || taken.rule.alone => pairs.push((copy(first), taken)),
            // One that stands alone is found by each that comes later.
            Some(_) => {}
            None => _ = seen.insert(key, taken),
        }
    }
    pairs
}

fn copy<'a>(taken: &Taken<'a>) -> Taken<'a> {
    Taken { resource: taken.resource, rule: taken.rule, row: taken.row.clone() }
}

/// The row that reaches further, of two with ranges.
fn further<'a>(one: Taken<'a>, other: Taken<'a>) -> Taken<'a> {
    let end = |taken: &Taken<'_>| taken.row.first().and_then(Json::as_str).and_then(Range::parse).map(Range::end);
    if end(&one) > end(&other) { one } else { other }
}

fn diagnostic(program: &Program, first: &Taken<'_>, second: &Taken<'_>) -> Diagnostic {
    let rule = second.rule;
    let argument = rule.by.iter().rev().find(|by| !by.starts_with('{')).copied().unwrap_or("name");
    let top = argument.split(['.', '[']).next().unwrap_or(argument);
    let name = argument.rsplit('.').next().unwrap_or(argument);
    let value = |taken: &Taken<'_>| match taken.row.last() {
        Some(Json::String(text)) if text.starts_with("known after") || program.catalog.is_id(text) => String::new(),
        Some(Json::String(text)) => format!(" `{text}`"),
        Some(other) => format!(" {other}"),
        None => String::new(),
    };
    let secret = |taken: &Taken<'_>| taken.resource.args.get(top).is_some_and(Value::sensitive_within);
    let hidden = secret(first) || secret(second);
    let [one, other] = [first, second].map(|taken| if hidden { String::new() } else { value(taken) });
    let [a, b] = [first, second].map(|taken| &taken.resource.address);
    let summary = if a == b {
        format!("`{b}` has the same {} twice:{other}", rule.what)
    } else if one == other {
        format!("`{a}` and `{b}` have the same {}:{other}", rule.what)
    } else {
        format!("`{a}` and `{b}` have overlapping {}s:{one} and{other}", rule.what)
    };
    let help = match a.block() == b.block() {
        true if a == b => format!("Write another `{name}` into one of its blocks."),
        true => format!("Write a `{name}` that differs between the instances of the block."),
        false => format!("Write another `{name}` into one of them, or remove one."),
    };
    let problem = Diagnostic::error("shared-value", summary.trim_end_matches(':'))
        .at(place(program, second.resource, argument))
        .why(format!("{} refuses the second one.", second.resource.kind.provider().title))
        .help(help);
    if a.block() == b.block() { problem } else { problem.and(place(program, first.resource, argument), "the other") }
}

/// The place of an argument. In a block: the argument if the resource has one such block, otherwise the first block.
fn place(program: &Program, resource: &Resource, argument: &str) -> Span {
    let (top, inner) = argument.split_once('.').unwrap_or((argument, ""));
    let top = top.trim_end_matches("[]");
    let mut blocks = body(program, resource).into_iter().flat_map(|body| body.blocks(top));
    let Some(first) = blocks.next() else { return span_of(resource, top) };
    let only = if blocks.next().is_none() { first.body.attribute(inner) } else { None };
    only.map_or(first.header, |attribute| attribute.expr.span)
}

fn body<'a>(program: &'a Program, resource: &Resource) -> Option<&'a Body> {
    program.definitions.get(&resource.address.block()).map(|definition| &definition.block.body)
}
