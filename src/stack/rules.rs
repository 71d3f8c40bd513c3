//! Rules between the arguments of a resource, as far as errors in the block allow to check them.
//!
//! An argument with an error has a value that is unknown. A rule is checked with several values in its place, and
//! reports only the findings that hold for each of them: those that do not depend on the argument.

use std::cell::Cell;

use serde_json::{Map as JsonMap, Value as Json};

use crate::kinds::{self, Arg, Finding, Grammar, Kind, OtherResources, Subject, Ty};
use crate::object::ObjectId;
use crate::stack::scope::{Facts, is_told_within, known, plain};
use crate::value::{Map, Value};

/// Parts of a resource that errors leave unknown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Unknown {
    pub(super) location: bool,
    pub(super) name: bool,
    pub(super) id: bool,
}

/// The path of a value within the arguments: names, and positions in lists.
type ValuePath = Vec<Step>;

#[derive(Debug, Clone, PartialEq)]
enum Step {
    Key(String),
    Index(usize),
}

/// The other resources, without those that have an argument with an error: a rule would take it for one that is
/// missing.
struct Sound<'a> {
    facts: &'a Facts<'a>,
    /// A rule read a resource with an error, so that its findings may follow from that.
    asked: Cell<bool>,
}

impl OtherResources for Sound<'_> {
    fn visit(&self, id: &ObjectId, visit: &mut dyn FnMut(&Subject<'_>)) {
        let address = self.facts.by_id.get(id);
        let resource = address.and_then(|address| self.facts.resources.get(address));
        // A name that its block should not have may be the misspelt one of an argument.
        let errors = address.and_then(|address| self.facts.faulty.get(address)).map(|faulty| &faulty.errors);
        let is_misspelt = errors.is_some_and(|errors| errors.iter().any(|(code, _)| *code == "unknown-argument"));
        if is_misspelt || resource.is_some_and(|resource| is_told_within(&resource.args)) {
            self.asked.set(true);
            return;
        }
        let Some(resource) = resource else { return };
        let args = self.facts.charged_args(resource);
        // A message must not tell the secret of another resource.
        let args = if args.values().any(Value::sensitive_within) { plain(&masked(args)) } else { plain(args) };
        visit(&Subject { others: self, ..self.facts.subject(resource, &args) });
    }
}

/// Arguments with constants for what is sensitive.
pub(super) fn masked(args: &Map) -> Map {
    args.iter().map(|(name, value)| (name.clone(), value.masked())).collect()
}

/// The findings of the kind's own rules that hold whatever the unknown parts will be.
pub(super) fn findings(
    kind: &'static Kind,
    subject: &Subject<'_>,
    args: &Map,
    unknown: Unknown,
    facts: &Facts<'_>,
) -> Vec<Finding> {
    if kind.odd.check.is_none() && kind.combinations.is_empty() {
        return Vec::new();
    }
    let known = known(args);
    let others = Sound { facts, asked: Cell::new(false) };
    let run = |subject: Subject<'_>| {
        let mut findings: Vec<Finding> = kinds::rules::findings(kind, subject.args).collect();
        if let Some(check) = kind.odd.check {
            check(&Subject { others: &others, ..subject }, &mut findings);
        }
        findings
    };
    let mut findings = run(Subject { args: &known, ..*subject });
    let mut paths = Vec::new();
    for (name, value) in args.iter().filter(|(_, value)| value.told_within()) {
        told_paths(value, vec![Step::Key(name.to_string())], &mut paths);
    }
    findings.retain(|finding| {
        !paths.iter().any(|path| matches!(path.as_slice(), [Step::Key(name)] if name == finding.argument))
    });
    let mut keep = |other: Vec<Finding>| {
        let same = |one: &Finding, other: &Finding| (one.argument, &one.summary) == (other.argument, &other.summary);
        findings.retain(|finding| other.iter().any(|other| same(finding, other)));
    };
    if !paths.is_empty() {
        // All of them set, to values that differ.
        let mut args = known.clone();
        for (at, path) in paths.iter().enumerate() {
            replace(&mut args, path, Some(kind.grammar().unknown(at).into()));
        }
        keep(run(Subject { args: &args, ..*subject }));
    }
    for path in &paths {
        for value in alternatives(kind.args, path) {
            let mut args = known.clone();
            replace(&mut args, path, value);
            keep(run(Subject { args: &args, ..*subject }));
        }
    }
    if unknown.location {
        let sites = facts.sites.values().map(|site| site.location.as_str());
        for location in sites.chain(["(unknown)"]) {
            keep(run(Subject { args: &known, location, ..*subject }));
        }
    }
    if unknown.name {
        keep(run(Subject { args: &known, name: "unknown", ..*subject }));
    }
    if unknown.id {
        // It may be beside anything that an argument refers to.
        let mut ids = Vec::new();
        known.values().for_each(|value| ids_within(kind.grammar(), value, &mut ids));
        for id in ids {
            let id = ObjectId::new(format!("{id}/unknown"));
            keep(run(Subject { args: &known, id: &id, ..*subject }));
        }
    }
    if others.asked.get() { Vec::new() } else { findings }
}

/// Paths of the values that errors leave unknown.
fn told_paths(value: &Value, path: ValuePath, into: &mut Vec<ValuePath>) {
    let inner = |step: Step| path.iter().cloned().chain([step]).collect();
    match value {
        Value::Unknown(unknown) if unknown.is_told() => into.push(path),
        Value::List(items) => {
            items.iter().enumerate().for_each(|(at, item)| told_paths(item, inner(Step::Index(at)), into));
        }
        Value::Map(map) => map.iter().for_each(|(key, item)| told_paths(item, inner(Step::Key(key.to_string())), into)),
        Value::Sensitive(value) => told_paths(value, path, into),
        _ => {}
    }
}

/// Values to check a rule with in place of an unknown one, beside `null`. `None`: the argument is not set.
fn alternatives(table: &'static [Arg], path: &[Step]) -> Vec<Option<Json>> {
    let mut ty = None;
    let mut args = table;
    for step in path {
        if let Step::Key(name) = step {
            ty = args.iter().find(|arg| arg.name == name).map(|arg| &arg.ty);
            args = match ty {
                Some(Ty::Block(block)) => block.args,
                _ => &[],
            };
        }
    }
    let mut values = vec![None];
    match ty {
        Some(Ty::Bool) => values.extend([Some(Json::Bool(false)), Some(Json::Bool(true))]),
        Some(Ty::Enum(words)) => values.extend(words.iter().map(|word| Some(Json::from(*word)))),
        _ => {}
    }
    values
}

/// Puts a value at a path, or removes what is there.
fn replace(args: &mut JsonMap<String, Json>, path: &[Step], value: Option<Json>) {
    let Some((Step::Key(first), rest)) = path.split_first() else { return };
    let Some((last, within)) = rest.split_last() else {
        match value {
            Some(value) => _ = args.insert(first.clone(), value),
            None => _ = args.remove(first),
        }
        return;
    };
    let mut at = args.get_mut(first);
    for step in within {
        at = at.and_then(|at| match step {
            Step::Key(key) => at.get_mut(key),
            Step::Index(index) => at.get_mut(index),
        });
    }
    match (at, last) {
        (Some(Json::Object(map)), Step::Key(key)) => match value {
            Some(value) => _ = map.insert(key.clone(), value),
            None => _ = map.remove(key),
        },
        (Some(Json::Array(items)), Step::Index(index)) if *index < items.len() => match value {
            Some(value) => items[*index] = value,
            None => _ = items.remove(*index),
        },
        _ => {}
    }
}

/// The ids above every id within a value, up to its resource group.
fn ids_within(grammar: &dyn Grammar, value: &Json, into: &mut Vec<String>) {
    match value {
        Json::String(text) if grammar.is_id(text) => {
            let mut id = text.as_str();
            while let Some((above, _)) = id.rsplit_once('/') {
                id = above;
                if !id.is_empty() && into.len() < 64 && !into.iter().any(|other| other == id) {
                    into.push(id.to_owned());
                }
            }
        }
        Json::Array(items) => items.iter().for_each(|item| ids_within(grammar, item, into)),
        Json::Object(map) => map.values().for_each(|item| ids_within(grammar, item, into)),
        _ => {}
    }
}
