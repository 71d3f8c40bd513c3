//! Templates of CloudFormation by cfn-lint, which knows the schema of every type: those of the examples of all kinds of
//! AWS, and of all stacks. Their properties are the bodies with which Cloud Control makes the same types.
//!
//! Runs on request (`DRPLAN_AWS=1`) and in pipelines (`CI`): a pinned version is installed once into `target/cfn-lint`.

#![cfg(unix)]

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;

use drplan::providers::aws::cloudformation::emit;
use drplan::stack::{Knowledge, Stack};

use crate::lab::Lab;

/// The version of cfn-lint.
const VERSION: &str = "1.58.0";

fn stack(lab: &Lab, text: &str) -> Stack {
    let program = lab.read(text).unwrap_or_else(|why| panic!("{why}"));
    Arc::clone(&program).evaluate(&Knowledge::default()).expect("the stack evaluates").0
}

/// Writes the templates of a stack, and returns their number.
fn write(folder: &Path, name: &str, stack: &Stack) -> usize {
    let emitted = emit(stack).expect("templates");
    let templates = emitted.files.iter().filter(|(file, _)| file.ends_with(".json"));
    let each = templates.map(|(file, text)| fs::write(folder.join(format!("{name}-{file}")), text).expect("a file"));
    each.count()
}

#[test]
fn templates_are_what_another_reader_of_the_schemas_accepts() {
    if ["DRPLAN_AWS", "CI"].iter().all(|name| std::env::var_os(name).is_none()) {
        crate::skipped("templates of CloudFormation were NOT read by cfn-lint; set DRPLAN_AWS=1 to have it read them");
        return;
    }
    let home = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("target/cfn-lint");
    let python = crate::serving::python(&home, "cfn-lint", VERSION);
    let folder = tempfile::tempdir().expect("a folder");
    let mut written = write(folder.path(), "wide", &crate::aws_tables::wide());
    for (name, kind, text) in crate::kinds::examples() {
        if kind.provider().name == "aws" {
            written += write(folder.path(), &name, &stack(&Lab::new(7), &text));
        }
    }
    for dir in crate::stacks::stacks() {
        let (lab, text) = crate::stacks::lab(&dir);
        let name = dir.file_name().expect("a name").to_string_lossy().into_owned();
        written += write(folder.path(), &name, &stack(&lab, &text));
    }
    assert!(written > 10, "{written}");
    let mut lint = Command::new(python.with_file_name("cfn-lint"));
    lint.args(["--non-zero-exit-code", "error"]).arg(folder.path().join("*.json"));
    let ended = lint.output().expect("cfn-lint runs");
    assert!(ended.status.success(), "{}", String::from_utf8_lossy(&ended.stdout));
}
