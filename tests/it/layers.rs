//! The architecture as a test: which module may use which, how long a file may be, and that a kind's name stands in its own file only.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// The modules, layer by layer. A module uses modules of lower layers, and of its own layer those that stand before it.
const LAYERS: &[&[&str]] = &[
    &["address", "duration", "value", "diagnostic"],
    &["hcl", "kinds"],
    &["graph", "stack", "state", "steps"],
    &["plan", "failover", "doctor", "check", "emit", "review", "adopt", "view"],
    &["world"],
    &["store", "run", "apply"],
    &["azure", "host", "simulator"],
    &["cli"],
];

/// A file has a seam before it has this many lines, its tests not counted.
const MAX_LINES: usize = 600;

fn sources() -> Vec<(PathBuf, String)> {
    let mut found = Vec::new();
    let mut open = vec![Path::new(env!("CARGO_MANIFEST_DIR")).join("src")];
    while let Some(dir) = open.pop() {
        for entry in std::fs::read_dir(dir).expect("a folder of sources") {
            let path = entry.expect("an entry").path();
            if path.is_dir() {
                open.push(path);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                found.push((path.clone(), std::fs::read_to_string(path).expect("a source file")));
            }
        }
    }
    found.sort();
    found
}

/// What is compiled into the program: without tests.
fn production(path: &Path, text: &str) -> Option<String> {
    let is_test =
        path.components().any(|part| matches!(part.as_os_str().to_str(), Some("tests" | "tests.rs" | "both_ways.rs")));
    (!is_test).then(|| text.split("#[cfg(test)]\nmod ").next().unwrap_or_default().to_owned())
}

fn module(path: &Path) -> String {
    let relative = path.strip_prefix(Path::new(env!("CARGO_MANIFEST_DIR")).join("src")).expect("a source file");
    let first = relative.components().next().expect("a first part").as_os_str().to_string_lossy().into_owned();
    first.trim_end_matches(".rs").to_owned()
}

#[test]
fn modules_use_only_what_is_below_them() {
    let rank: BTreeMap<&str, (usize, usize)> = LAYERS
        .iter()
        .enumerate()
        .flat_map(|(layer, names)| names.iter().enumerate().map(move |(at, name)| (*name, (layer, at))))
        .collect();
    let mut wrong = Vec::new();
    for (path, text) in sources() {
        let Some(text) = production(&path, &text) else { continue };
        let module = module(&path);
        if matches!(module.as_str(), "main" | "lib") {
            continue;
        }
        let Some(own) = rank.get(module.as_str()) else {
            wrong.push(format!("{module} stands in no layer"));
            continue;
        };
        for (number, line) in text.lines().enumerate().filter(|(_, line)| !line.trim_start().starts_with("//")) {
            for used in line.split("crate::").skip(1) {
                let name: String = used.chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect();
                let below = rank.get(name.as_str()).is_none_or(|other| other < own || name == module);
                if !below {
                    wrong.push(format!("{}:{}: {module} uses {name}", path.display(), number + 1));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "against the layers:\n{}", wrong.join("\n"));
}

#[test]
fn a_kind_is_named_in_its_own_file_only() {
    let names: Vec<&str> = drplan::kinds::ALL.iter().map(|kind| kind.name).collect();
    let mut wrong = Vec::new();
    for (path, text) in sources() {
        let Some(text) = production(&path, &text).filter(|_| module(&path) != "kinds") else { continue };
        for (number, line) in text.lines().enumerate().filter(|(_, line)| !line.trim_start().starts_with("//")) {
            // Within string literals only: `image` and `subnet` are words of the language too.
            for literal in line.split('"').skip(1).step_by(2) {
                let word = |name: &&&str| {
                    literal == **name
                        || (name.contains('_')
                            && literal.split(|c: char| !c.is_alphanumeric() && c != '_').any(|part| part == **name))
                };
                if let Some(name) = names.iter().find(word) {
                    wrong.push(format!("{}:{}: {name}", path.display(), number + 1));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "kinds named outside of src/kinds:\n{}", wrong.join("\n"));
}

#[test]
fn no_file_has_outgrown_a_room() {
    let long: Vec<String> = sources()
        .iter()
        .filter_map(|(path, text)| production(path, text).map(|text| (path, text.lines().count())))
        .filter(|(_, lines)| *lines > MAX_LINES)
        .map(|(path, lines)| format!("{} has {lines} lines", path.display()))
        .collect();
    assert!(long.is_empty(), "{}", long.join("\n"));
}

#[test]
fn every_file_says_what_it_is_for() {
    let silent: Vec<String> = sources()
        .iter()
        .filter(|(_, text)| !text.starts_with("//!"))
        .map(|(path, _)| path.display().to_string())
        .collect();
    assert!(silent.is_empty(), "without a first line of documentation:\n{}", silent.join("\n"));
}
