//! A stack with other values: of its variables, one at a time, of its sites' regions, and of the account. Emitted code
//! is a function of its parameters, so that none of them changes anything else.

use std::collections::BTreeMap;
use std::sync::Arc;

use drplan::diagnostic::Sources;
use drplan::providers::azure::simulated::{SUBSCRIPTION, TENANT};
use drplan::stack::{self, Input, Knowledge, Stack, VariableInput};
use drplan::value::{Map, Number, Value};

use super::Source;
use crate::lab::{FilesInMemory, Lab};

/// GUIDs of an account that is not the simulator's.
const OTHER: (&str, &str) = ("5a5a5a5a-1111-4222-8333-444444444444", "6b6b6b6b-1111-4222-8333-444444444444");

/// A stack whose bodies consist of names, regions, loops, locals and attributes.
pub(super) const MADE_OF: &str = include_str!("bicep/made-of.hcl");

/// The same stack with these values.
pub(super) fn made_of(environment: &str, fronts: &str) -> Source {
    let mut lab = Lab::new(7);
    for (name, value) in [
        ("environment", environment),
        ("fronts", fronts),
        ("ssh_key", "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIExampleExampleExampleExampleExampleExampleE tests"),
    ] {
        lab.variables.push((name.to_owned(), value.to_owned()));
    }
    Source { name: "made-of".to_owned(), lab, text: MADE_OF.to_owned() }
}

/// A stack whose instances, presence, elements, durations and blocks follow its variables.
pub(super) fn varied() -> Source {
    Source { name: "varied".to_owned(), lab: Lab::new(7), text: include_str!("varied.hcl").to_owned() }
}

/// The account of the tests.
pub(super) const OWN: (&str, &str) = (SUBSCRIPTION, TENANT);

/// A stack with these values in this account; `None` if it refuses them.
pub(super) fn read(
    source: &Source,
    text: &str,
    variables: &[(String, String)],
    account: (&str, &str),
) -> Option<Stack> {
    let mut sources = Sources::default();
    let given = |(name, text): &(String, String)| VariableInput {
        name: name.clone(),
        text: text.clone(),
        origin: "by --var".to_owned(),
    };
    let input = Input {
        reader: Arc::new(FilesInMemory(source.lab.files.clone())),
        variables: variables.iter().map(given).collect(),
        ..Input::in_memory(text, &mut sources, account, drplan::providers::catalog())
    };
    let (program, found) = stack::read_all(input);
    let stack = || Arc::new(program).evaluate(&Knowledge::default()).ok().map(|(stack, _)| stack);
    (!found.has_errors()).then(stack).flatten()
}

/// Another value of the same type, as text in the stack's language.
fn other(value: &Value) -> Option<String> {
    Some(match value.unmark().0 {
        Value::String(text) => format!("{:?}", other_text(text)),
        Value::Number(Number::Int(int)) => (int + 1).to_string(),
        Value::Bool(bool) => (!bool).to_string(),
        Value::Null => "null".to_owned(),
        Value::List(items) => format!("[{}]", items.iter().map(other).collect::<Option<Vec<_>>>()?.join(", ")),
        Value::Map(map) => {
            let entry = |(name, one): (&Arc<str>, &Value)| Some(format!("{:?} = {}", &**name, other(one)?));
            format!("{{ {} }}", map.iter().map(entry).collect::<Option<Vec<_>>>()?.join(", "))
        }
        Value::Number(Number::Float(_)) | Value::Block(_) | Value::Unknown(_) | Value::Sensitive(_) => return None,
    })
}

/// The value without its last element: blocks that repeat over it have other instances.
fn shorter(value: &Value) -> Option<String> {
    let value = match value.unmark().0 {
        Value::List(items) => Value::from(items.split_last()?.1.to_vec()),
        Value::Map(map) => {
            let last = map.keys().next_back()?;
            Value::from(map.iter().filter(|(name, _)| *name != last).map(clone).collect::<Map>())
        }
        _ => return None,
    };
    Some(value.clear()?.json().to_string())
}

fn clone((name, value): (&Arc<str>, &Value)) -> (Arc<str>, Value) {
    (Arc::clone(name), value.clone())
}

fn other_text(text: &str) -> String {
    match text.strip_prefix("10.") {
        Some(rest) => format!("10.1{rest}"),
        None => format!("{text}s"),
    }
}

/// Calls `f` with a stack, and then with each change that the stack takes and what it is: `account`, `regions`, or
/// `var.name`.
pub(super) fn each_change(source: &Source, f: &mut dyn FnMut(&str, &Stack)) {
    let variables = &source.lab.variables;
    let stack = read(source, &source.text, variables, OWN).expect("a stack");
    f("", &stack);
    let mut change = |what: &str, text: &str, variables: &[(String, String)], account: (&str, &str)| {
        if let Some(stack) = read(source, text, variables, account) {
            f(what, &stack);
        }
    };
    change("account", &source.text, variables, OTHER);
    let others = [
        ("canadacentral", "eastus2"),
        ("canadaeast", "northcentralus"),
        ("northeurope", "uksouth"),
        ("westeurope", "swedencentral"),
    ];
    let moved = others.iter().fold(source.text.clone(), |text, (from, to)| {
        text.replace(&format!("location = \"{from}\""), &format!("location = \"{to}\""))
    });
    change("regions", &moved.replace("residency   = [\"Canada\"]", ""), variables, OWN);
    for (name, variable) in &stack.variables {
        let value = match variable.value.unmark().0 {
            Value::String(text) => Some(other_text(text)),
            value => other(value),
        };
        for value in value.into_iter().chain(shorter(&variable.value)) {
            let mut variables = variables.clone();
            variables.retain(|(other, _)| **other != **name);
            variables.push((name.to_string(), value));
            change(&format!("var.{name}"), &source.text, &variables, OWN);
        }
    }
}

/// Lines in which two emissions of a stack differ.
pub(super) fn changed(what: &str, one: &BTreeMap<&str, String>, other: &BTreeMap<&str, String>) -> Vec<String> {
    let mut found = Vec::new();
    for name in one.keys().chain(other.keys()).filter(|name| !one.contains_key(*name) || !other.contains_key(*name)) {
        found.push(format!("{what}: {name} is not in both"));
    }
    for (name, text) in one {
        let Some(other) = other.get(name) else { continue };
        let diff = similar::TextDiff::from_lines(text.as_str(), other.as_str());
        for change in diff.iter_all_changes().filter(|change| change.tag() != similar::ChangeTag::Equal) {
            let sign = if change.tag() == similar::ChangeTag::Insert { '+' } else { '-' };
            found.push(format!("{what}: {name}: {sign} {}", change.value().trim_end()));
        }
    }
    found
}
