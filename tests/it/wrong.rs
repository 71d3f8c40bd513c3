//! Invalid stacks, each with its complete error output, byte for byte.
//!
//! A file of `tests/wrong` contains a stack, a line `---`, and the output. Lines before the stack that start with `#!`
//! set a variable (`#! var name=value`) or add a file to the stack's directory (`#! file name=text`). `UPDATE_WRONG=1`
//! writes the current output.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use drplan::diagnostic::{Sources, render_all};

use crate::lab::Lab;

const SEPARATOR: &str = "\n---\n";

fn files() -> Vec<PathBuf> {
    let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/wrong");
    let entries = fs::read_dir(directory).expect("the directory of wrong stacks");
    let mut files: Vec<PathBuf> = entries.map(|entry| entry.expect("an entry").path()).collect();
    files.sort();
    files
}

/// A lab with the inputs from the first lines of a stack.
fn lab(stack: &str) -> Lab {
    let mut lab = Lab::new(1);
    for line in stack.lines().map_while(|line| line.strip_prefix("#! ")) {
        let (word, pair) = line.split_once(' ').expect("a word and a pair");
        let (name, value) = pair.split_once('=').expect("a name and a value");
        let pair = (name.to_owned(), value.replace("\\n", "\n"));
        if word == "var" { lab.variables.push(pair) } else { lab.files.push(pair) }
    }
    lab
}

#[test]
fn every_wrong_stack_reports_its_errors() {
    let update = std::env::var_os("UPDATE_WRONG").is_some();
    let files = files();
    assert!(files.len() >= 60, "{} wrong stacks", files.len());
    let (mut different, mut codes) = (Vec::new(), BTreeSet::new());
    for path in files {
        let whole = fs::read_to_string(&path).expect("a text");
        let (stack, expected) = whole.split_once(SEPARATOR).unwrap_or((whole.trim_end(), ""));
        let stack = format!("{stack}\n");
        let (_, found, sources) = lab(&stack).read_with_diagnostics(&stack);
        let said = anstream::adapter::strip_str(&render_all(&found, &sources, usize::MAX)).to_string();
        codes.extend(found.iter().map(|diagnostic| diagnostic.code));
        check_spans(&path, &found, &sources);
        if !found.has_errors() {
            different.push(format!("── {} has no error", path.display()));
        } else if update {
            fs::write(&path, format!("{}{SEPARATOR}{said}", stack.trim_end_matches('\n')))
                .expect("the file can be written");
        } else if said != expected {
            different.push(format!("── {}\n{said}", path.display()));
        }
    }
    assert!(different.is_empty(), "the output for {} differs:\n{}", different.len(), different.join("\n"));
}

fn check_spans(path: &Path, found: &drplan::diagnostic::Diagnostics, sources: &Sources) {
    for diagnostic in found.iter() {
        let spans = diagnostic.span.iter().chain(diagnostic.related.iter().map(|(span, _)| span));
        for span in spans {
            let source = sources.get(span.file).expect("the span is in a source file");
            assert!(
                source.text.get(span.start as usize..span.end as usize).is_some(),
                "{}: {diagnostic} points outside",
                path.display()
            );
        }
    }
}
