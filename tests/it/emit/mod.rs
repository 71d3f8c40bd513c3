//! Emitted code, for every kind's example and every stack to start from: it can be read, is in its one form, fits the schemas of the provider, says what the
//! stack says, and holds no secret.

mod back;
mod bicep;
mod imports;
mod schema;
mod waits;

use std::path::Path;
use std::process::Command;
use std::sync::Arc;

use drplan::emit::{Emitted, Options, terraform};
use drplan::hcl::ast::Body;
use drplan::stack::{Knowledge, Stack};

use crate::lab::Lab;
use crate::{kinds, stacks};

/// The secret that every sensitive variable has in these tests.
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

/// A stack with what tables alone do not show: loops, conditions, hyphens, files, secrets, what it does not manage.
const WIDE: &str = include_str!("wide.hcl");

/// A stack as text, and where it can be applied.
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

fn emitted(case: &Case) -> Emitted {
    terraform(&case.stack, Options { imports: true })
}

/// The Terraform files, as trees.
fn trees(emitted: &Emitted) -> Vec<(String, Body)> {
    let files = emitted.files.iter().filter(|(name, _)| name.ends_with(".tf"));
    files
        .map(|(name, text)| {
            let body = drplan::hcl::parse(text, 0).unwrap_or_else(|why| panic!("{name}: {why:?}\n{text}"));
            (name.clone(), body)
        })
        .collect()
}

#[test]
fn it_can_be_read_and_is_in_its_one_form() {
    for case in cases() {
        let first = emitted(&case);
        for (name, text) in first.files.iter().filter(|(name, _)| name.ends_with(".tf")) {
            assert_eq!(drplan::hcl::format(text).as_deref(), Ok(text.as_str()), "{}: {name}", case.name);
        }
        assert_eq!(first, emitted(&case), "{}: emitted twice", case.name);
        assert!(first.files.contains_key("README.md") && first.files.contains_key("versions.tf"));
    }
}

#[test]
fn terraform_itself_formats_it_no_otherwise() {
    if Command::new("terraform").arg("version").output().is_err() {
        crate::skipped("`terraform fmt` was NOT run over what is emitted; there is no terraform on this machine");
        return;
    }
    let dir = tempfile::tempdir().expect("a directory");
    for case in cases() {
        let to = dir.path().join(case.name.replace(' ', "-"));
        for (name, text) in &emitted(&case).files {
            let path = to.join(name);
            std::fs::create_dir_all(path.parent().expect("a directory")).expect("a directory");
            std::fs::write(path, text).expect("a file");
        }
    }
    let said = Command::new("terraform").args(["fmt", "-check", "-diff", "-recursive"]).arg(dir.path()).output();
    let said = said.expect("it runs");
    let text = String::from_utf8_lossy(&said.stdout).into_owned() + &String::from_utf8_lossy(&said.stderr);
    assert!(said.status.success(), "{text}");
}

#[test]
fn no_secret_is_in_it() {
    let case = cases().pop().expect("the wide one");
    for (name, text) in emitted(&case).files {
        assert!(!text.contains(SECRET), "{name}:\n{text}");
        assert!(!text.contains("a-default-that-is-secret"), "{name}:\n{text}");
        assert!(!text.contains("written-1n-clear"), "{name}:\n{text}");
    }
}

#[test]
fn a_changed_argument_changes_its_line_only() {
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
fn what_stands_beside_a_replica_is_of_that_replica() {
    let (lab, text) = stacks::lab(&Path::new(env!("CARGO_MANIFEST_DIR")).join("stacks/postgres-warm"));
    let files = emitted(&evaluated(&lab, &text, "postgres-warm")).files;
    let endpoint = "replica_server_id = azurerm_postgresql_flexible_server.ledger-geo-replica.id";
    assert!(files["ledger-west.tf"].contains(endpoint), "{}", files["ledger-west.tf"]);
}

/// A promotion makes the source the replica of its replica: Terraform would make it anew for that, with all its data.
#[test]
fn what_a_promotion_swaps_is_left_alone_at_both_ends() {
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
    assert!(files.values().any(|text| text.contains(ignored)), "each is named once: {files:#?}");
}
