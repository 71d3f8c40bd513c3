//! The style of everything a person reads: standard terms instead of home-made ones, and lines that fit.
//!
//! Output is checked in the golden files (transcripts, views, messages of invalid stacks), pages and comments in their
//! sources.

use std::path::{Path, PathBuf};

use regex::Regex;

/// Phrases that drplan used to invent, as regular expressions, each with the term to use instead.
const PHRASES: &[(&str, &str)] = &[
    (r"\bembedded cloud\b", "local simulator"),
    (r"\bstands? up\b|\bstood up\b|\bstanding up\b", "provision, create"),
    (r"\bstands as its stack says\b", "matches its configuration"),
    (r"\bwhat stands\b|\bstands only\b|\balways stands?\b", "exists, is running, is deployed"),
    (r"\bnot recorded yet\b|\bnothing recorded yet\b", "new"),
    (r"\botherwise than\b", "differs from"),
    (r"\bpull(s|ed)? (a|the) lever\b|\blevers?\b", "route, traffic-routing method"),
    (r"\bthe other side\b|\bother side's\b", "the standby site, the source, the target"),
    (r"\bgiven up\b|\bgive(s)? up\b|\bgave up\b", "lost, abandoned (site); aborted (run)"),
    (r"\btaken? back\b|\btakes? back\b|\bbe taken back\b", "rolled back; irreversible"),
    (r"\bgoes? on (with|by)\b|\bgo on\b", "resume, continue"),
    (r"\bin between\b|\bbetween the sites\b", "mixed state"),
    (r"\bpays? (it|this|that|them)? ?back\b|\bis owed\b|\bare owed\b|\bpaid by\b", "fix; protection debt"),
    (r"\blooked at\b|\blooks at\b|\bworth a look\b", "read, checked, verified"),
    (r"\basked for\b", "requested"),
    (r"\bnobody says\b|\bnobody has said\b|\bsays nothing of\b", "is unavailable, is unknown"),
    (r"\bwhoever\b", "the operator, a user"),
    (r"\bmend(s|ed|ing)?\b", "fix"),
    (r"\bdecides how long\b|\bdecided how long\b", "critical path"),
    (r"\bat worst\b", "P95"),
    (r"\busers wait\b", "recovery time (RTO), service interruption"),
    (r"\bwhat is lost\b", "data loss (RPO)"),
    (r"\bwrites go to\b", "primary replica, write region"),
    (r"\bhangs? on\b", "depends on"),
    (r"\bin clear\b", "in plain text"),
    (r"\bmust not be carried out\b", "blocked"),
    (r"\bas wanted\b", "succeeds"),
    (r"\bwaits for a person\b", "waiting for approval, waiting for the operator"),
];

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// All files below these folders and these files themselves that end so, in order.
fn files(places: &[&str], ends: &[&str]) -> Vec<(PathBuf, String)> {
    let mut open: Vec<PathBuf> = places.iter().map(|place| root().join(place)).collect();
    let mut found = Vec::new();
    while let Some(path) = open.pop() {
        if path.is_dir() {
            open.extend(std::fs::read_dir(&path).unwrap().map(|entry| entry.unwrap().path()));
        } else if ends.iter().any(|end| path.to_string_lossy().ends_with(end)) {
            let text = std::fs::read_to_string(&path).unwrap();
            found.push((path.strip_prefix(root()).unwrap().to_owned(), text));
        }
    }
    found.sort();
    assert!(!found.is_empty(), "nothing to read in {places:?}");
    found
}

/// `FILE:LINE` and the text for every line that holds one of the phrases.
fn phrases_in(files: &[(PathBuf, String)], of_line: impl Fn(&str) -> Option<String>) -> Vec<String> {
    let phrases: Vec<(Regex, &str)> =
        PHRASES.iter().map(|(phrase, term)| (Regex::new(&format!("(?i){phrase}")).unwrap(), *term)).collect();
    let mut found = Vec::new();
    for (path, text) in files {
        for (at, line) in text.lines().enumerate() {
            let Some(prose) = of_line(line) else { continue };
            for (phrase, term) in &phrases {
                if let Some(hit) = phrase.find(&prose) {
                    let (path, at) = (path.display(), at + 1);
                    found.push(format!("{path}:{at}: `{}`: write {term}\n    {}", hit.as_str(), line.trim()));
                }
            }
        }
    }
    found
}

fn none(found: &[String]) {
    assert!(found.is_empty(), "{} lines:\n{}", found.len(), found.join("\n"));
}

/// The rule `single-lever` keeps its name, which stacks accept it by, and a stack of the language reference its text.
fn without_codes(line: &str) -> String {
    line.replace("single-lever", "")
        .replace("single_lever", "")
        .replace("stand_up", "")
        .replace("Both sites of the first provider are given up.", "")
}

#[test]
fn output_uses_standard_terms() {
    let output = files(&["tests/transcripts", "tests/views", "tests/wrong", "tests/check", "tests/az"], &[""]);
    none(&phrases_in(&output, |line| Some(without_codes(line))));
}

#[test]
fn pages_and_templates_use_standard_terms() {
    let pages = files(
        &[
            "README.md",
            "ARCHITECTURE.md",
            "CONTRIBUTING.md",
            "SECURITY.md",
            "docs",
            "benches",
            "fuzz/README.md",
            "stacks",
        ],
        &[".md", ".hcl"],
    );
    none(&phrases_in(&pages, |line| Some(without_codes(line))));
    let templates = files(&["templates", "action", "action.yml"], &[""]);
    none(&phrases_in(&templates, |line| Some(without_codes(line))));
}

#[test]
fn sources_use_standard_terms_in_comments_and_messages() {
    let sources = files(&["src", "tests/it", "benches", "fuzz/fuzz_targets", "fuzz/properties"], &[".rs"]);
    let sources: Vec<_> = sources.into_iter().filter(|(path, _)| !path.ends_with("words.rs")).collect();
    none(&phrases_in(&sources, |line| {
        let line = line.trim_start();
        let prose = line.starts_with("//") || line.contains('"');
        prose.then(|| without_codes(line))
    }));
}

#[test]
fn documentation_begins_with_a_noun_or_an_imperative() {
    let riddle = Regex::new(r"^\s*//[/!] (What|Whether|That|Who|Which|Those|Of) [a-z]").unwrap();
    let sources = files(&["src", "tests/it", "benches", "fuzz/fuzz_targets", "fuzz/properties"], &[".rs"]);
    let mut found = Vec::new();
    for (path, text) in &sources {
        for (at, line) in text.lines().enumerate() {
            let begins = at == 0 || {
                let before = text.lines().nth(at - 1).unwrap_or_default().trim_start().trim_end();
                !before.starts_with("//") || before.trim_start_matches(['/', '!']).is_empty() || before.ends_with('.')
            };
            if begins && riddle.is_match(line) && !line.trim_end().ends_with('?') {
                found.push(format!("{}:{}: {}", path.display(), at + 1, line.trim()));
            }
        }
    }
    none(&found);
}

#[test]
fn documentation_lines_have_at_most_120_columns() {
    let mut found = Vec::new();
    for (path, text) in files(&["src", "tests/it", "benches", "fuzz/fuzz_targets", "fuzz/properties"], &[".rs"]) {
        let comment = |line: &&str| line.trim_start().starts_with("//");
        found.extend(long_lines(&path, &text, comment));
    }
    let pages = [
        "README.md",
        "ARCHITECTURE.md",
        "CHANGELOG.md",
        "CONTRIBUTING.md",
        "SECURITY.md",
        "docs",
        "benches",
        "fuzz/README.md",
    ];
    for (path, text) in files(&pages, &[".md"]) {
        // A row of a table, a link and a line of code cannot be wrapped.
        let mut code = false;
        let mut prose = |line: &&str| {
            code ^= line.trim_start().starts_with("```");
            !code
                && !line.starts_with('|')
                && !line.starts_with("    ")
                && !line.starts_with('<')
                && line.trim_start_matches(['-', ' ']).contains(' ')
        };
        let lines: Vec<&str> = text.lines().filter(|line| prose(line)).collect();
        found.extend(long_lines(&path, &lines.join("\n"), |_| true));
    }
    none(&found);
}

fn long_lines(path: &Path, text: &str, counts: impl Fn(&&str) -> bool) -> Vec<String> {
    let long = |line: &&str| counts(line) && line.chars().count() > 120;
    text.lines().filter(long).map(|line| format!("{}: {}", path.display(), line.trim())).collect()
}
