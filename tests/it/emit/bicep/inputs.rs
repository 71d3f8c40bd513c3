//! Emitted code is a function of its parameters: other values of variables, other regions and another account change
//! parameter files and defaults, and no other byte. So whatever the parameters, the code is what drplan applies.

use std::collections::BTreeMap;
use std::sync::Arc;

use drplan::diagnostic::Sources;
use drplan::emit::EmitResult;
use drplan::simulator::{SUBSCRIPTION, TENANT};
use drplan::stack::{self, Input, Knowledge, Stack, VariableInput};
use drplan::value::{Number, Value};

use super::eval::BicepFiles;
use super::{Source, against, as_bicep, deployed, lint, objects, order, sources, standing};
use crate::lab::{FilesInMemory, Lab};

/// GUIDs of an account that is not the simulator's.
const OTHER: (&str, &str) = ("5a5a5a5a-1111-4222-8333-444444444444", "6b6b6b6b-1111-4222-8333-444444444444");

/// A stack whose bodies consist of names, regions, loops, locals and attributes.
const MADE_OF: &str = include_str!("made-of.hcl");

fn made_of(environment: &str, fronts: &str) -> Source {
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

/// A stack with these values in this account; `None` if it refuses them.
fn read(source: &Source, text: &str, variables: &[(String, String)], account: (&str, &str)) -> Option<Stack> {
    let mut sources = Sources::default();
    let given = |(name, text): &(String, String)| VariableInput {
        name: name.clone(),
        text: text.clone(),
        origin: "by --var".to_owned(),
    };
    let input = Input {
        reader: Arc::new(FilesInMemory(source.lab.files.clone())),
        variables: variables.iter().map(given).collect(),
        ..Input::in_memory(text, &mut sources, account)
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

fn other_text(text: &str) -> String {
    match text.strip_prefix("10.") {
        Some(rest) => format!("10.1{rest}"),
        None => format!("{text}x"),
    }
}

/// Emitted files without the files of parameters and the declarations with defaults.
fn code(emitted: &EmitResult) -> BTreeMap<&str, String> {
    let mut out = BTreeMap::new();
    for (name, text) in emitted.files.iter().filter(|(name, _)| !name.ends_with("param")) {
        let mut is_param = false;
        let mut kept = String::new();
        for line in text.lines() {
            is_param = name.ends_with(".bicep") && (line.starts_with("param ") || (is_param && !line.is_empty()));
            if !is_param {
                kept += line;
                kept.push('\n');
            }
        }
        out.insert(name.as_str(), kept);
    }
    out
}

/// Lines in which two emissions of a stack differ.
fn changed(what: &str, one: &EmitResult, other: &EmitResult) -> Vec<String> {
    let (one, other) = (code(one), code(other));
    let mut found = Vec::new();
    for name in one.keys().chain(other.keys()).filter(|name| !one.contains_key(*name) || !other.contains_key(*name)) {
        found.push(format!("{what}: {name} is not in both"));
    }
    for (name, text) in one {
        let Some(other) = other.get(name) else { continue };
        let diff = similar::TextDiff::from_lines(&text, other);
        for change in diff.iter_all_changes().filter(|change| change.tag() != similar::ChangeTag::Equal) {
            let sign = if change.tag() == similar::ChangeTag::Insert { '+' } else { '-' };
            found.push(format!("{what}: {name}: {sign} {}", change.value().trim_end()));
        }
    }
    found
}

#[test]
fn other_values_change_parameters_alone() {
    let (mut found, mut tried) = (Vec::new(), 0);
    for source in sources().into_iter().chain([made_of("demo", "2")]) {
        let own = (SUBSCRIPTION, TENANT);
        let variables = &source.lab.variables;
        let stack = read(&source, &source.text, variables, own).expect("a stack");
        let emitted = as_bicep(&stack);
        let mut compare = |what: &str, text: &str, variables: &[(String, String)], account: (&str, &str)| {
            // What the README says is written as it is now follows nothing.
            let is_told = emitted.limitations.iter().any(|one| one.why.contains(&format!("`{what}`")));
            if let Some(stack) = read(&source, text, variables, account).filter(|_| !is_told) {
                tried += 1;
                found.extend(changed(&format!("{}: {what}", source.name), &emitted, &as_bicep(&stack)));
            }
        };
        compare("account", &source.text, variables, OTHER);
        let moved = source.text.replace("location = \"canadacentral\"", "location = \"eastus2\"");
        let moved = moved.replace("location = \"canadaeast\"", "location = \"northcentralus\"");
        compare("regions", &moved.replace("residency   = [\"Canada\"]", ""), variables, own);
        for (name, variable) in &stack.variables {
            let value = match variable.value.unmark().0 {
                Value::String(text) => Some(other_text(text)),
                value => other(value),
            };
            let mut variables = variables.clone();
            variables.retain(|(other, _)| **other != **name);
            variables.extend(value.map(|value| (name.to_string(), value)));
            compare(&format!("var.{name}"), &source.text, &variables, own);
        }
    }
    assert!(found.is_empty(), "{}", found.join("\n"));
    assert!(tried > 100, "only {tried} changes were tried");
}

#[test]
fn code_with_other_values_is_what_drplan_applies() {
    let mut found = Vec::new();
    for (environment, fronts) in [("demo", "2"), ("production", "3")] {
        let source = made_of(environment, fronts);
        let stack = super::stack_of(&source);
        let emitted = as_bicep(&stack);
        let standing = standing(&source);
        let (written, _) = deployed(&stack, &emitted, false, &standing);
        let files = BicepFiles::parse(&emitted.files);
        let faults = lint::faults(&files).into_iter().chain(order::faults(&stack, &files, &written));
        let faults = faults.chain(against(&stack, &written, &standing, &objects(&stack, false)));
        found.extend(faults.map(|fault| format!("{environment}: {fault}")));
    }
    assert!(found.is_empty(), "{}", found.join("\n"));
}

#[test]
fn known_values_are_written_as_what_they_are_made_of() {
    let emitted = as_bicep(&super::stack_of(&made_of("demo", "2")));
    if let Some(to) = std::env::var_os("EMIT_TO") {
        for (name, text) in &emitted.files {
            let path = std::path::Path::new(&to).join(name);
            std::fs::create_dir_all(path.parent().expect("a directory")).expect("a directory");
            std::fs::write(path, text).expect("a file");
        }
    }
    let all: String = emitted.files.values().cloned().collect();
    let code: String = code(&emitted).into_values().collect();
    for part in ["demo", "canadaeast", SUBSCRIPTION, "/home/keeper"] {
        assert!(!code.contains(part), "`{part}` is written out in\n{code}");
    }
    for part in [
        "'${frontUserAssignedIdentity.id}': {}",
        "name: guid(",
        "range(1, fronts)",
        "padLeft(",
        "resource bothVnetPeeringFromHere ",
        "resource bothVnetPeeringFromThere ",
        "resource frontImageCopyVersion ",
        "loadTextContent('../scripts/front.sh')",
    ] {
        assert!(all.contains(part), "no `{part}` in\n{all}");
    }
}

/// A value that a local holds once stands in the code once.
#[test]
fn changed_local_changes_only_its_variable() {
    let dir = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("stacks/web-geo");
    let (lab, text) = crate::stacks::lab(&dir);
    let source = Source { name: "web-geo".to_owned(), lab, text };
    let emitted =
        |text: &str| as_bicep(&read(&source, text, &source.lab.variables, (SUBSCRIPTION, TENANT)).expect("a stack"));
    let before = emitted(&source.text);
    let after = emitted(&source.text.replace("image_version = \"4.2.0\"", "image_version = \"4.3.0\""));
    assert_eq!(
        changed("local", &before, &after),
        ["local: main.bicep: - var imageVersion = '4.2.0'", "local: main.bicep: + var imageVersion = '4.3.0'"]
    );
}
