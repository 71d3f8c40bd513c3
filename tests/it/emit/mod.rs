//! Emitted code for every kind's example and every starter stack: it parses, is formatted, fits the provider's schemas,
//! matches the stack, and contains no secret.

mod back;
mod bicep;
mod changes;
mod imports;
mod inputs;
mod names;
mod others;
mod references;
mod schema;
mod tables;
mod waits;

use std::path::Path;
use std::process::Command;
use std::sync::Arc;

use drplan::emit::{EmitResult, Options, terraform};
use drplan::hcl::ast::Body;
use drplan::stack::{Knowledge, Stack};

use crate::lab::Lab;
use crate::{kinds, stacks};

/// Value of every sensitive variable in these tests.
const SECRET: &str = "n0body-may-see-this";

/// A stack with its name.
struct Case {
    name: String,
    stack: Stack,
}

fn evaluated(lab: &Lab, text: &str, name: &str) -> Case {
    let program = lab.read(text).unwrap_or_else(|why| panic!("{name}: {why}"));
    let (stack, _) = Arc::clone(&program).evaluate(&Knowledge::default()).expect("a stack");
    Case { name: name.to_owned(), stack }
}

/// A stack as Bicep.
fn as_bicep(stack: &Stack) -> EmitResult {
    drplan::providers::azure::bicep::emit(stack).expect("the stack takes little work")
}

/// A stack with constructs that tables alone do not cover: loops, conditions, hyphens, files, secrets, unmanaged
/// resources.
const WIDE: &str = include_str!("wide.hcl");

/// A stack as text, and a lab in which it can be applied.
struct Source {
    name: String,
    lab: Lab,
    text: String,
}

fn sources() -> Vec<Source> {
    let examples = kinds::examples().into_iter();
    let mut all: Vec<Source> = examples.map(|(name, _, text)| Source { name, lab: Lab::new(7), text }).collect();
    for dir in stacks::stacks() {
        let (lab, text) = stacks::lab(&dir);
        all.push(Source { name: dir.file_name().expect("a name").to_string_lossy().into_owned(), lab, text });
    }
    let mut lab = Lab::new(7);
    lab.variables.push(("password".to_owned(), SECRET.to_owned()));
    lab.files.push(("start.sh".to_owned(), "#!/bin/sh\necho ${name}\n".to_owned()));
    all.push(Source { name: "wide".to_owned(), lab, text: WIDE.to_owned() });
    all
}

fn cases() -> Vec<Case> {
    sources().iter().map(|source| evaluated(&source.lab, &source.text, &source.name)).collect()
}

/// The same with references that only Terraform has to translate.
fn terraform_sources() -> Vec<Source> {
    let reads = Source { name: "reads".to_owned(), lab: Lab::new(7), text: references::READS.to_owned() };
    sources().into_iter().chain([reads]).collect()
}

fn terraform_cases() -> Vec<Case> {
    terraform_sources().iter().map(|source| evaluated(&source.lab, &source.text, &source.name)).collect()
}

fn emitted(case: &Case) -> EmitResult {
    terraform(&case.stack, Options { imports: true })
}

/// Terraform files as syntax trees.
fn trees(emitted: &EmitResult) -> Vec<(String, Body)> {
    let files = emitted.files.iter().filter(|(name, _)| name.ends_with(".tf"));
    files
        .map(|(name, text)| {
            let body = drplan::hcl::parse(text, 0).unwrap_or_else(|why| panic!("{name}: {why:?}\n{text}"));
            (name.clone(), body)
        })
        .collect()
}

#[test]
fn example_parses_and_is_formatted() {
    for case in terraform_cases() {
        let first = emitted(&case);
        for (name, text) in first.files.iter().filter(|(name, _)| name.ends_with(".tf")) {
            assert_eq!(drplan::hcl::format(text).as_deref(), Ok(text.as_str()), "{}: {name}", case.name);
        }
        assert_eq!(first, emitted(&case), "{}: emitted twice", case.name);
        assert!(first.files.contains_key("README.md") && first.files.contains_key("versions.tf"));
    }
}

#[test]
fn terraform_fmt_changes_nothing() {
    if Command::new("terraform").arg("version").output().is_err() {
        crate::skipped("`terraform fmt` was NOT run over the emitted code; terraform is not installed");
        return;
    }
    let dir = tempfile::tempdir().expect("a directory");
    for case in terraform_cases() {
        let to = dir.path().join(case.name.replace(' ', "-"));
        for (name, text) in &emitted(&case).files {
            let path = to.join(name);
            std::fs::create_dir_all(path.parent().expect("a directory")).expect("a directory");
            std::fs::write(path, text).expect("a file");
        }
    }
    let said = Command::new("terraform").args(["fmt", "-check", "-diff", "-recursive"]).arg(dir.path()).output();
    let said = said.expect("terraform runs");
    let text = String::from_utf8_lossy(&said.stdout).into_owned() + &String::from_utf8_lossy(&said.stderr);
    assert!(said.status.success(), "{text}");
}

#[test]
fn emitted_code_contains_no_secret() {
    let case = cases().pop().expect("the wide stack");
    for (name, text) in emitted(&case).files {
        assert!(!text.contains(SECRET), "{name}:\n{text}");
        assert!(!text.contains("a-default-that-is-secret"), "{name}:\n{text}");
        assert!(!text.contains("written-1n-clear"), "{name}:\n{text}");
    }
}

#[test]
fn changed_argument_changes_only_its_line() {
    let (lab, text) = stacks::lab(&Path::new(env!("CARGO_MANIFEST_DIR")).join("stacks/web-geo"));
    let before = emitted(&evaluated(&lab, &text, "web-geo"));
    let after = emitted(&evaluated(&lab, &text.replace("max_size_gb = 50", "max_size_gb = 60"), "web-geo"));
    let mut changed = Vec::new();
    for (name, text) in &before.files {
        let diff = similar::TextDiff::from_lines(text, &after.files[name]);
        let lines = diff.iter_all_changes().filter(|change| change.tag() == similar::ChangeTag::Insert);
        changed.extend(lines.map(|change| (name.clone(), change.value().trim().to_owned())));
    }
    assert_eq!(changed, [("web-primary.tf".to_owned(), "max_size_gb = 60".to_owned())]);
}

#[test]
fn companion_import_belongs_to_its_replica() {
    let (lab, text) = stacks::lab(&Path::new(env!("CARGO_MANIFEST_DIR")).join("stacks/postgres-warm"));
    let files = emitted(&evaluated(&lab, &text, "postgres-warm")).files;
    let endpoint = "replica_server_id = azurerm_postgresql_flexible_server.ledger_geo_replica.id";
    assert!(files["ledger-west.tf"].contains(endpoint), "{}", files["ledger-west.tf"]);
}

/// A promotion swaps source and replica. Without `ignore_changes`, Terraform would recreate the replica with all its
/// data.
#[test]
fn emitted_terraform_ignores_promoted_arguments_at_both_sites() {
    let (lab, text) = stacks::lab(&Path::new(env!("CARGO_MANIFEST_DIR")).join("stacks/postgres-warm"));
    let stack = evaluated(&lab, &text, "postgres-warm").stack;
    let files = terraform(&stack, Options { imports: false }).files;
    for (file, ignored) in [
        ("ledger-north.tf", "[high_availability, source_server_id, zone]"),
        ("ledger-west.tf", "[source_server_id, zone]"),
    ] {
        assert!(files[file].contains(&format!("ignore_changes = {ignored}")), "{}", files[file]);
    }
    let (lab, text) = stacks::lab(&Path::new(env!("CARGO_MANIFEST_DIR")).join("stacks/web-geo"));
    let files = emitted(&evaluated(&lab, &text, "web-geo")).files;
    let ignored = "ignore_changes = [geo_location]";
    assert!(files.values().any(|text| text.contains(ignored)), "each name appears once: {files:#?}");
}
