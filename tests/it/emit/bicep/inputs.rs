//! Emitted code is a function of its parameters: other values of variables, other regions and another account change
//! parameter files and defaults, and no other byte. So whatever the parameters, the code is what drplan applies.

use std::collections::BTreeMap;

use drplan::emit::EmitResult;
use drplan::providers::azure::simulated::SUBSCRIPTION;

use super::eval::BicepFiles;
use super::{Source, against, as_bicep, deployed, lint, objects, order, sources, standing};
use crate::emit::changes::{OWN, changed, each_change, made_of, read, varied};

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

#[test]
fn other_values_change_parameters_alone() {
    let (mut found, mut tried) = (Vec::new(), 0);
    for source in sources().into_iter().chain([made_of("demo", "2"), varied()]) {
        let mut emitted = EmitResult::default();
        each_change(&source, &mut |what, stack| {
            // What the README says is written as it is now follows nothing.
            let is_told = emitted.limitations.iter().any(|one| one.why.contains(&format!("`{what}`")));
            match what {
                "" => emitted = as_bicep(stack),
                _ if is_told => {}
                _ => {
                    let other = as_bicep(stack);
                    // The resources of an empty collection are unknown, as the README says.
                    if other.limitations.iter().any(|one| one.why.contains("`for_each` is empty")) {
                        return;
                    }
                    tried += 1;
                    found.extend(changed(&format!("{}: {what}", source.name), &code(&emitted), &code(&other)));
                }
            }
        });
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
    let emitted = |text: &str| as_bicep(&read(&source, text, &source.lab.variables, OWN).expect("a stack"));
    let before = emitted(&source.text);
    let after = emitted(&source.text.replace("image_version = \"4.2.0\"", "image_version = \"4.3.0\""));
    assert_eq!(
        changed("local", &code(&before), &code(&after)),
        ["local: main.bicep: - var imageVersion = '4.2.0'", "local: main.bicep: + var imageVersion = '4.3.0'"]
    );
}
