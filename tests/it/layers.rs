//! Architecture tests: allowed dependencies of modules, maximum length of a file, kind names only in the kind's own
//! file, and what has to become less: lines that name a provider, and circles of files.

mod circles;
mod providers;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Debug;
use std::path::{Path, PathBuf};

/// Modules by layer. A module uses modules of lower layers, and earlier modules of its own layer.
const LAYERS: &[&[&str]] = &[
    &[
        "account",
        "address",
        "object",
        "roles",
        "command",
        "duration",
        "ranges",
        "shell",
        "reason",
        "sight",
        "value",
        "visible",
        "backup",
        "language",
        "actions",
        "diagnostic",
        "parallel",
    ],
    &["hcl", "kinds", TABLES],
    &["graph", "stack", "state", "steps"],
    &["plan", "failover", "doctor", "check", RULES, "emit", LANGUAGES, "review", "adopt", "reference", "view"],
    &["world"],
    &["store", "run", "apply"],
    &["wire", CLIENTS, ENGINES, "host", "simulator", DIALECTS],
    &["providers"],
    &["cli"],
];

/// The tables of each provider: what is in its folder, but for what it has above them.
const TABLES: &str = "tables";
/// The clients of the providers.
const CLIENTS: &str = "clients";
/// Engines of providers that write many resources at once.
const ENGINES: &str = "engines";
/// Languages of providers, in which a stack can be emitted.
const LANGUAGES: &str = "languages";
/// Rules of check that follow from facts of a provider.
const RULES: &str = "rules";
/// The dialects of the simulator that lie in the folder of their provider.
const DIALECTS: &str = "dialects";
/// Folders of a provider above its tables, each with its module.
const ABOVE: &[(&str, &str)] = &[
    ("client", CLIENTS),
    ("deployments", ENGINES),
    ("bicep", LANGUAGES),
    ("cloudformation", LANGUAGES),
    ("rules", RULES),
    ("simulated", DIALECTS),
];

/// The module of a folder of a provider.
fn of_provider(folder: &str) -> &'static str {
    ABOVE.iter().find(|(name, _)| *name == folder).map_or(TABLES, |(_, module)| *module)
}

/// Modules that must not use another one although it is below them. State and steps outlive a run, on disk and in the
/// reports of other versions: what they keep must not change with the tables of the kinds.
const APART: &[(&str, &str)] = &[("state", "kinds"), ("steps", "kinds")];

/// Maximum number of lines of a file, without its tests; longer files must be split.
const MAX_LINES: usize = 600;

pub fn sources() -> Vec<(PathBuf, String)> {
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

/// Production part of a source file, without tests.
pub fn production(path: &Path, text: &str) -> Option<String> {
    let is_test =
        path.components().any(|part| matches!(part.as_os_str().to_str(), Some("tests" | "tests.rs" | "both_ways.rs")));
    (!is_test).then(|| text.split("#[cfg(test)]\nmod ").next().unwrap_or_default().to_owned())
}

fn module(path: &Path) -> String {
    let relative = path.strip_prefix(Path::new(env!("CARGO_MANIFEST_DIR")).join("src")).expect("a source file");
    let parts: Vec<_> = relative.components().map(|part| part.as_os_str().to_string_lossy().into_owned()).collect();
    match parts.as_slice() {
        [room, _provider, folder, ..] if room == "providers" => of_provider(folder).to_owned(),
        _ => parts.first().expect("a first part").trim_end_matches(".rs").to_owned(),
    }
}

/// Compares what was found in each module with its ceiling. Both directions fail: above, because it must not rise, and
/// below, because a ceiling that is not lowered lets it rise again.
fn hold_ceilings<T: Ord + Debug + Clone + Default>(what: &str, ceilings: &[(&str, T)], found: &BTreeMap<String, T>) {
    let ceilings: BTreeMap<&str, &T> = ceilings.iter().map(|(module, ceiling)| (*module, ceiling)).collect();
    let modules: BTreeSet<&str> = ceilings.keys().copied().chain(found.keys().map(String::as_str)).collect();
    let none = T::default();
    let wrong: Vec<String> = modules
        .into_iter()
        .filter_map(|module| {
            let (ceiling, found) = (ceilings.get(module).copied().unwrap_or(&none), found.get(module).unwrap_or(&none));
            match found.cmp(ceiling) {
                std::cmp::Ordering::Equal => None,
                std::cmp::Ordering::Greater => Some(format!("{module} rises from {ceiling:?} to {found:?}")),
                std::cmp::Ordering::Less => Some(format!("{module} fell: lower the ceiling to {found:?}")),
            }
        })
        .collect();
    assert!(wrong.is_empty(), "{what}:\n{}\nall of them: {found:?}", wrong.join("\n"));
}

#[test]
fn modules_use_only_lower_layers() {
    let rank: BTreeMap<&str, (usize, usize)> = LAYERS
        .iter()
        .enumerate()
        .flat_map(|(layer, names)| names.iter().enumerate().map(move |(at, name)| (*name, (layer, at))))
        .collect();
    let providers = std::fs::read_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join("src/providers")).expect("a folder");
    let folders: BTreeSet<String> =
        providers.map(|entry| entry.expect("an entry").file_name().to_string_lossy().into_owned()).collect();
    let mut wrong = Vec::new();
    for (path, text) in sources() {
        let Some(text) = production(&path, &text) else { continue };
        let module = module(&path);
        if matches!(module.as_str(), "main" | "lib") {
            continue;
        }
        let Some(own) = rank.get(module.as_str()) else {
            wrong.push(format!("{module} is in no layer"));
            continue;
        };
        for (number, line) in text.lines().enumerate().filter(|(_, line)| !line.trim_start().starts_with("//")) {
            for used in line.split("crate::").skip(1) {
                let word =
                    |text: &str| -> String { text.chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect() };
                let name = match used.strip_prefix("providers::") {
                    Some(rest) if folders.contains(&word(rest)) => {
                        of_provider(&word(rest.split("::").nth(1).unwrap_or_default())).to_owned()
                    }
                    // A folder, as in `pub(in crate::providers::azure)`, and no function of the list.
                    Some(rest) if !rest[word(rest).len()..].starts_with('(') => TABLES.to_owned(),
                    _ => word(used),
                };
                let is_apart = APART.contains(&(module.as_str(), name.as_str()));
                let below = !is_apart && rank.get(name.as_str()).is_none_or(|other| other < own || name == module);
                if !below {
                    wrong.push(format!("{}:{}: {module} uses {name}", path.display(), number + 1));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "forbidden dependencies:\n{}", wrong.join("\n"));
}

#[test]
fn kind_names_appear_only_in_the_kinds_own_file() {
    let mut wrong = Vec::new();
    for (path, text) in sources() {
        // The API of a provider may have a word that another one has for a kind: an `image`.
        let own = drplan::providers::catalog()
            .providers()
            .find(|provider| path.to_string_lossy().contains(&format!("/providers/{}/", provider.name)));
        let all = drplan::providers::catalog().providers().filter(|provider| own.is_none_or(|own| own == *provider));
        let names: Vec<&str> = all.flat_map(|provider| provider.kinds).map(|kind| kind.name).collect();
        let Some(text) = production(&path, &text).filter(|_| !matches!(module(&path).as_str(), TABLES | "kinds"))
        else {
            continue;
        };
        for (number, line) in text.lines().enumerate().filter(|(_, line)| !line.trim_start().starts_with("//")) {
            // Only in string literals: `image` and `subnet` are also words of the language.
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
    assert!(wrong.is_empty(), "kinds named outside of the providers' tables:\n{}", wrong.join("\n"));
}

#[test]
fn behaviour_of_the_simulator_is_read_by_the_simulator_only() {
    // A plan, a prediction or a page that reads it would hold for the simulator and not for the cloud.
    let readers: Vec<String> = sources()
        .iter()
        .filter_map(|(path, text)| production(path, text).map(|text| (path, text)))
        .filter(|(path, text)| {
            !matches!(module(path).as_str(), TABLES | "kinds" | "simulator" | DIALECTS)
                && text.contains("kind.simulated")
        })
        .map(|(path, _)| path.display().to_string())
        .collect();
    assert!(readers.is_empty(), "files that read `Kind.simulated`:\n{}", readers.join("\n"));
}

#[test]
fn no_file_exceeds_the_line_limit() {
    let long: Vec<String> = sources()
        .iter()
        .filter_map(|(path, text)| production(path, text).map(|text| (path, text.lines().count())))
        .filter(|(_, lines)| *lines > MAX_LINES)
        .map(|(path, lines)| format!("{} has {lines} lines", path.display()))
        .collect();
    assert!(long.is_empty(), "{}", long.join("\n"));
}

#[test]
fn every_file_begins_with_a_doc_comment() {
    let silent: Vec<String> = sources()
        .iter()
        .filter(|(_, text)| !text.starts_with("//!"))
        .map(|(path, _)| path.display().to_string())
        .collect();
    assert!(silent.is_empty(), "files without a doc comment:\n{}", silent.join("\n"));
}
