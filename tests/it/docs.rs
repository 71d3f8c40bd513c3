//! Documentation tests: generated pages are up to date, examples load, console blocks show the current output.
//!
//! `UPDATE_DOCS=1` writes the generated pages and the output of console blocks. Words after `console` on a fence select
//! the lines shown of each command: `head=N`, `tail=N`; a line `…` replaces the rest. A block without these words that
//! contains `…` is a pattern in which `…` matches any text. It is compared and never rewritten.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use drplan::cli::{self, Session};
use drplan::host::SeededIds;
use drplan::providers::rules;
use drplan::reference::{blocks, codes, schemas};
use drplan::view;

use crate::kinds::SITES;
use crate::lab::Lab;
use crate::transcripts::{CollectedOutput, SEED, words};

/// Pages whose console blocks are run, each in its own directory that holds `stacks/`.
const CONSOLE: &[&str] = &["README.md", "docs/ten-minutes.md", "docs/incident.md", "docs/review.md"];

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).to_owned()
}

fn is_update() -> bool {
    std::env::var_os("UPDATE_DOCS").is_some()
}

fn read(path: &str) -> String {
    fs::read_to_string(root().join(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
}

/// Generated pages by path.
fn generated() -> BTreeMap<String, String> {
    let mut pages = BTreeMap::new();
    let note = "<!-- Generated from drplan's tables: UPDATE_DOCS=1 cargo test --test it docs -->\n";
    let mut put = |path: &str, text: String| {
        let (title, rest) = text.split_once('\n').expect("a title");
        pages.insert(format!("docs/{path}"), format!("{title}\n\n{note}{rest}"));
    };
    put("commands.md", cli::commands_page());
    put("functions.md", functions());
    put("checks.md", checks());
    put("json.md", json_documents());
    let mut index = "# Kinds and blocks\n\n`drplan kinds NAME` prints one of them.\n\n## Language\n\n".to_owned();
    let mut page = "# Blocks of the language\n".to_owned();
    for block in blocks::all() {
        index += &item(&format!("[`{0}`](language.md#{0}): {1}", block.name, sentence(block.about)));
        write!(page, "\n{}", view::kinds::block_markdown(block, drplan::providers::catalog())).unwrap();
    }
    put("kinds/language.md", page);
    for (family, members) in view::kinds::families(drplan::providers::catalog()) {
        let file = family.to_ascii_lowercase().replace("::", "-").replace([' ', '.'], "-");
        write!(index, "\n## {family}\n\n").unwrap();
        let mut page = format!("# {family}\n");
        for kind in members {
            index += &item(&format!("[`{0}`]({file}.md#{0}): {1}", kind.name, kind.about));
            write!(page, "\n{}", view::kinds::markdown(kind)).unwrap();
        }
        put(&format!("kinds/{file}.md"), page);
    }
    put("kinds/README.md", index);
    pages
}

fn sentence(text: &str) -> String {
    text.split_once(". ").map_or_else(|| text.to_owned(), |(first, _)| format!("{first}."))
}

fn functions() -> String {
    let mut page = "# Functions\n\nNames and results are Terraform's.\n\n".to_owned();
    for (signature, doc) in drplan::hcl::functions::all() {
        page += &item(&format!("`{signature}`: {doc}"));
    }
    page
}

fn checks() -> String {
    let mut page = "# Rules of `drplan check`\n\nRules of severity *blocking* hold in every command and cannot be accepted. An \
                    *error* fails `drplan check`, a\n*warning* fails `drplan check --strict`. Accept a finding in the `stack` \
                    block: `accept \"RULE\" { reason = \"…\" }`.\n"
        .to_owned();
    for rule in rules().iter() {
        write!(page, "\n## `{}`\n\nSeverity: {}. {}\n\n", rule.name, rule.weight.as_str(), rule.about).unwrap();
        for (name, text) in [("Cause", rule.cause), ("Consequence", rule.consequence), ("Fix", rule.fix)] {
            page += &item(&format!("**{name}.** {text}"));
        }
        write!(page, "\nViolates the rule:\n\n```hcl\n{}\n```\n", rule.broken_blocks().trim_end()).unwrap();
        write!(page, "\nFollows the rule:\n\n```hcl\n{}\n```\n", rule.kept_blocks().trim_end()).unwrap();
    }
    page
}

/// List item.
fn item(text: &str) -> String {
    format!("- {}\n", wrapped(text).replace('\n', "\n  "))
}

/// Text wrapped at 120 characters.
fn wrapped(text: &str) -> String {
    let (mut out, mut column) = (String::new(), 0);
    for word in text.split_whitespace() {
        let length = word.chars().count();
        if column + length > 116 {
            out.push('\n');
            column = 0;
        } else if column > 0 {
            out.push(' ');
        }
        out.push_str(word);
        column += length + 1;
    }
    out
}

fn json_documents() -> String {
    let mut page = "# JSON documents\n\nEvery document has a `format_version`. Its first number changes when a field is \
                    removed or changes its meaning; new\nfields may come at any time. Durations are numbers of seconds, times \
                    are RFC 3339. A sensitive value is\n`{\"$sensitive\": \"DIGEST\"}`, an unknown one `{\"$unknown\": \
                    [\"ADDRESS.ATTRIBUTE\"]}`.\n\n`drplan schema NAME` prints a schema:\n\n"
        .to_owned();
    for schema in schemas::ALL {
        let json: serde_json::Value = serde_json::from_str(schema.text).expect("a schema");
        let about = json["description"].as_str().unwrap_or_default();
        page += &item(&format!("[`{0}`](schemas/{0}.json), from `{1}`: {about}", schema.name, schema.from));
    }
    page
}

#[test]
fn generated_pages_are_up_to_date() {
    let pages = generated();
    let mut behind = Vec::new();
    for (path, text) in &pages {
        let file = root().join(path);
        if is_update() {
            fs::create_dir_all(file.parent().unwrap()).unwrap();
            fs::write(&file, text).unwrap();
        } else if fs::read_to_string(&file).is_ok_and(|now| now == *text) {
            continue;
        } else {
            behind.push(path.as_str());
        }
    }
    for entry in fs::read_dir(root().join("docs/kinds")).unwrap() {
        let name = entry.unwrap().file_name().into_string().unwrap();
        assert!(
            pages.contains_key(&format!("docs/kinds/{name}")),
            "docs/kinds/{name} belongs to no family of kinds: delete it"
        );
    }
    assert!(is_update() || behind.is_empty(), "run UPDATE_DOCS=1 cargo test --test it docs; outdated: {behind:?}");
}

/// An example completed with the parts that it omits.
fn whole(example: &str) -> String {
    let without = |text: &str, from: &str, to: &str| {
        let (before, rest) = text.split_once(from).expect("a start");
        format!("{before}{}", &rest[rest.find(to).expect("an end")..])
    };
    match (example.contains("\nstack \"") || example.starts_with("stack \""), example.contains("site \"primary\" {")) {
        (true, true) => example.to_owned(),
        (true, false) => format!("{}{example}", without(SITES, "stack \"example\" {}", "\nsite")),
        (false, true) => format!(
            "stack \"example\" {{}}\nsite \"east\" {{\n  provider = \"azure\"\n  location = \"eastus\"\n}}\n{example}"
        ),
        (false, false) => format!("{SITES}{example}"),
    }
}

/// Error codes of a stack, and the errors as text.
fn found(text: &str) -> (BTreeSet<&'static str>, String) {
    let (_, found, sources) = Lab::new(1).read_with_diagnostics(text);
    let said = anstream::adapter::strip_str(&drplan::diagnostic::render_all(&found, &sources, usize::MAX)).to_string();
    (found.iter().map(|one| one.code).collect(), said)
}

#[test]
fn examples_of_language_blocks_load_and_are_formatted() {
    for block in blocks::all() {
        let (codes, said) = found(&whole(block.example));
        assert!(codes.is_empty(), "{}: {said}", block.name);
        assert_eq!(drplan::hcl::format(block.example).expect("the example parses"), block.example, "{}", block.name);
        let names: Vec<&str> = block.arguments.iter().map(|argument| argument.name).collect();
        assert!(block.example.contains(block.name) || block.name == "resource", "{}", block.name);
        assert_eq!(names.iter().collect::<BTreeSet<_>>().len(), names.len(), "{}: an argument twice", block.name);
        for inner in block.blocks {
            assert_eq!(blocks::find(inner).map(|inner| inner.within), Some(block.name), "{inner}");
        }
    }
}

/// A stack with this line in a block of the language.
fn with_line(block: &blocks::LanguageBlock, line: &str) -> String {
    let text = whole(block.example);
    let opening = |line: &&str| {
        let line = line.trim();
        line.ends_with('{') && line.split([' ', '{']).next() == Some(block.name)
    };
    let header = text.lines().find(opening).unwrap_or_else(|| panic!("the example has no {}", block.name));
    text.replacen(header, &format!("{header}\n{line}"), 1)
}

#[test]
fn language_block_tables_match_the_accepted_arguments() {
    for block in blocks::all().filter(|block| !matches!(block.name, "locals" | "resource")) {
        let (codes, said) = found(&with_line(block, "surely_unknown = 1"));
        assert!(codes.contains("unknown-argument"), "{}: {said}", block.name);
        // Names that the message lists must all be documented.
        let listed = said.split("It takes ").nth(1).and_then(|rest| rest.split_once('.')).map(|(names, _)| names);
        for name in
            listed.into_iter().flat_map(|names| names.split([',', '\n', ' ', '`'])).filter(|name| !name.is_empty())
        {
            let known = block.arguments.iter().any(|argument| argument.name == name) || block.blocks.contains(&name);
            assert!(
                known || name == "and" || name == "none",
                "{} takes {name}, which its table lacks: {said}",
                block.name
            );
        }
        // The arguments of an account depend on its provider; the next test has them.
        for argument in block.arguments {
            // A documented argument is known: it is either a duplicate or may have a wrong value.
            let (codes, said) = found(&with_line(block, &format!("{} = null", argument.name)));
            assert!(!codes.contains("unknown-argument"), "{}.{}: {said}", block.name, argument.name);
        }
    }
}

#[test]
fn arguments_of_accounts_are_those_of_their_providers() {
    let block = blocks::find("provider").expect("the block of accounts");
    let catalog = drplan::providers::catalog();
    let arguments = blocks::arguments(block, catalog);
    let mut known: BTreeSet<&str> = arguments.iter().map(|argument| argument.name).collect();
    for provider in catalog.providers() {
        for argument in provider.account {
            let (codes, said) = found(&format!("provider \"{}\" {{\n  {} = null\n}}\n", provider.name, argument.name));
            assert!(!codes.contains("unknown-argument"), "{}.{}: {said}", provider.name, argument.name);
            let documented = arguments.iter().find(|one| one.name == argument.name);
            assert!(documented.is_some_and(|one| one.doc.contains(provider.title)), "{}", argument.name);
            known.remove(argument.name);
        }
    }
    assert!(known.is_empty(), "no provider has {known:?}");
}

/// Literal codes in the sources, each with the files that use it.
fn codes_in_sources() -> BTreeMap<String, BTreeSet<String>> {
    let pattern = regex::Regex::new(
        r#"(?s)(?:Diagnostic::(?:error|warning)|refuses|warns|passes|failed|warning|passed|wrong)\(\s*"([a-z]+(?:-[a-z]+)*)",|code: Some\("([a-z-]+)"\)|const NAME: &str = "([a-z]+)"|AccountCheck \{ name: "([a-z]+)"|Finding::(?:of|passes)\(\s*"([a-z-]+)"|rule: "([a-z-]+)"|found\.push\(\s*"([a-z]+)","#,
    )
    .unwrap();
    let mut codes: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for (path, text) in crate::layers::sources() {
        let Some(text) = crate::layers::production(&path, &text) else { continue };
        let path = path.strip_prefix(root()).unwrap().display().to_string();
        if path.starts_with("src/kinds") || path.starts_with("src/providers") || path.starts_with("src/simulator") {
            // Codes of kinds and of the simulator are Azure's, except those of the decoder and of checks.
            if path != "src/kinds/decode.rs" && !path.contains("/doctor/") {
                continue;
            }
        }
        for found in pattern.captures_iter(&text) {
            let code = found.iter().skip(1).flatten().next().expect("a code").as_str();
            codes.entry(code.to_owned()).or_default().insert(path.clone());
        }
    }
    codes
}

#[test]
fn error_codes_and_sections_match() {
    let sources = codes_in_sources();
    assert!(sources.len() > 80, "only {} codes found: {sources:?}", sources.len());
    let sections = codes::all();
    let known = |code: &str| sections.iter().any(|section| section.code == code) || rules().named(code).is_some();
    let missing: Vec<_> = sources.iter().filter(|(code, _)| !known(code)).collect();
    assert!(
        missing.is_empty(),
        "without a section in {:?}: {missing:?}",
        codes::PAGES.iter().map(|(page, _)| page).collect::<Vec<_>>()
    );
    for section in &sections {
        assert!(
            sources.contains_key(section.code),
            "{} explains `{}`, which no source uses",
            section.page,
            section.code
        );
        for part in ["- **Cause.** ", "\n- **Consequence.** ", "\n- **Fix.** ", "\n\n```"] {
            assert!(section.text.contains(part), "{} of {} lacks {part}", section.code, section.page);
        }
    }
    let mut seen = BTreeSet::new();
    for section in &sections {
        assert!(seen.insert((section.code, section.page)), "{} has two sections in {}", section.code, section.page);
    }
}

#[test]
fn examples_of_errors_give_their_code() {
    for section in codes::all().iter().filter(|section| section.page == "docs/errors.md") {
        let Some((_, rest)) = section.text.split_once("```hcl") else { continue };
        let (info, rest) = rest.split_once('\n').expect("a line");
        let (example, _) = rest.split_once("\n```").expect("an end");
        let text = if info.trim() == "whole" { example.to_owned() } else { format!("{SITES}{example}\n") };
        let (codes, said) = found(&text);
        assert!(codes.contains(section.code), "the example of {} gives {codes:?}:\n{said}", section.code);
    }
}

#[test]
fn examples_of_pages_load() {
    for topic in drplan::providers::topics() {
        for part in topic.text.split("\n```hcl stack\n").skip(1) {
            let (example, _) = part.split_once("\n```").expect("an end");
            let (codes, said) = found(&format!("{example}\n"));
            assert!(codes.is_empty(), "{}: {said}", topic.name);
        }
    }
}

/// Files of docs/ that a person reads.
fn pages() -> Vec<(String, String)> {
    let mut pages = Vec::new();
    for dir in ["docs", "docs/kinds"] {
        for entry in fs::read_dir(root().join(dir)).unwrap() {
            let path = entry.unwrap().path();
            if path.extension().is_some_and(|extension| extension == "md") {
                let name = path.strip_prefix(root()).unwrap().display().to_string();
                pages.push((name.clone(), read(&name)));
            }
        }
    }
    pages.sort();
    pages
}

#[test]
fn lines_of_pages_have_at_most_120_characters() {
    for (page, text) in pages() {
        let mut code = false;
        for (number, line) in text.lines().enumerate() {
            code ^= line.trim_start().starts_with("```");
            let width = line.chars().count();
            // A link cannot be wrapped.
            let one_word = line.trim_start_matches("- ").split_whitespace().count() <= 1;
            assert!(code || one_word || width <= 120, "{page}:{} has {width} characters", number + 1);
        }
    }
}

#[test]
fn links_resolve() {
    let link = regex::Regex::new(r"\]\(([^)#]+)(#[^)]*)?\)").unwrap();
    for (page, text) in pages() {
        let dir = root().join(&page).parent().unwrap().to_owned();
        for found in link.captures_iter(&text) {
            let target = &found[1];
            if !target.starts_with("http") && target.contains('.') {
                assert!(dir.join(target).exists(), "{page} links {target}");
            }
        }
    }
}

#[test]
fn every_topic_is_in_the_index() {
    let index = read("docs/README.md");
    for topic in drplan::providers::topics() {
        assert!(index.contains(&format!("({}.md)", topic.name)), "{}", topic.name);
    }
}

#[test]
fn every_environment_variable_is_documented() {
    let variable =
        regex::Regex::new(r#""((?:DRPLAN|AZURE|ARM)_[A-Z_]+|NO_COLOR|CLICOLOR_FORCE|IDENTITY_ENDPOINT)""#).unwrap();
    let page = read("docs/environment.md");
    for (path, text) in crate::layers::sources() {
        let Some(text) = crate::layers::production(&path, &text) else { continue };
        for found in variable.captures_iter(&text) {
            let name = &found[1];
            let known =
                page.contains(name) || name == "DRPLAN_VERSION" || name == "ARM_USE_CLI" || name == "DRPLAN_VAR_";
            assert!(known, "{}: {name} is not in docs/environment.md", path.display());
        }
    }
}

/// One command of a page as in a terminal: stdout and stderr interleaved.
fn run(line: &str, dir: &Path, ids: &Arc<SeededIds>) -> String {
    let line = line.strip_prefix("cargo run -- ").map_or_else(|| line.to_owned(), |rest| format!("drplan {rest}"));
    if !line.starts_with("drplan ") {
        let done = std::process::Command::new("sh").args(["-c", &line]).current_dir(dir).output().expect("a shell");
        assert!(done.status.success(), "{line}: {}", String::from_utf8_lossy(&done.stderr));
        return String::from_utf8_lossy(&done.stdout).into_owned();
    }
    let both = CollectedOutput::default();
    let ids = Arc::clone(ids) as _;
    let mut session = Session::detached(
        Box::new(both.clone()),
        Box::new(both.clone()),
        dir.to_owned(),
        ids,
        drplan::providers::catalog(),
    );
    let _ = cli::run(words(&line).iter().map(Into::into), &mut session);
    both.text()
}

/// Lines of an output that a fence selects.
fn shown(output: &str, info: &str) -> String {
    let number = |name: &str| {
        info.split_whitespace().find_map(|word| word.strip_prefix(name)?.strip_prefix('=')?.parse::<usize>().ok())
    };
    let (head, tail) = (number("head"), number("tail"));
    let lines: Vec<&str> = output.trim_end().lines().collect();
    if (head.is_none() && tail.is_none()) || lines.len() <= head.unwrap_or(0) + tail.unwrap_or(0) + 1 {
        return lines.iter().map(|line| format!("{line}\n")).collect();
    }
    let (head, tail) = (head.unwrap_or(0), tail.unwrap_or(0));
    let kept = lines[..head].iter().copied().chain(["…"]).chain(lines[lines.len() - tail..].iter().copied());
    kept.map(|line| format!("{line}\n")).collect()
}

/// True if a pattern matches an output; `…` matches any text.
fn fits(output: &str, pattern: &str) -> bool {
    let escaped = regex::escape(pattern.trim_end());
    let pattern = escaped.replace("\n…\n", "\n(?:.*\n)*?").replace("\n…", "(?s:.*)").replace('…', "(?s:.*?)");
    let pattern =
        pattern.strip_prefix("(?s:.*?)\n").map_or_else(|| pattern.clone(), |rest| format!("(?:.*\n)*?{rest}"));
    regex::Regex::new(&format!("^{pattern}$")).expect("a pattern").is_match(output.trim_end())
}

/// The page with the current output of its console blocks. Adds to `wrong` the blocks that cannot be rewritten.
fn played(page: &str, wrong: &mut String) -> String {
    let text = read(page);
    let dir = tempfile::tempdir().unwrap();
    copy(&root().join("stacks"), &dir.path().join("stacks"));
    let ids = Arc::new(SeededIds::new(SEED));
    let mut out = String::new();
    let mut lines = text.lines().peekable();
    while let Some(line) = lines.next() {
        writeln!(out, "{line}").unwrap();
        let Some(info) = line.strip_prefix("```console") else { continue };
        while let Some(line) = lines.next().filter(|line| *line != "```") {
            let command = line.strip_prefix("$ ").unwrap_or_else(|| panic!("{page}: a command, not {line}"));
            writeln!(out, "{line}").unwrap();
            let mut before = String::new();
            while let Some(line) = lines.next_if(|line| *line != "```" && !line.starts_with("$ ")) {
                writeln!(before, "{line}").unwrap();
            }
            let output = run(command, dir.path(), &ids);
            if info.trim().is_empty() && before.contains('…') {
                out += &before;
                if !fits(&output, &before) {
                    writeln!(
                        wrong,
                        "{page}: {command} does not match the output shown; the current output is\n{output}"
                    )
                    .unwrap();
                }
            } else {
                out += &shown(&output, info);
            }
        }
        out += "```\n";
    }
    out
}

pub fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let path = entry.unwrap().path();
        let target = to.join(path.file_name().unwrap());
        if path.is_dir() {
            copy(&path, &target);
        } else {
            fs::copy(&path, &target).unwrap();
        }
    }
}

#[test]
fn console_blocks_show_the_current_output() {
    let mut wrong = String::new();
    for page in CONSOLE {
        let now = played(page, &mut wrong);
        let before = read(page);
        if is_update() {
            fs::write(root().join(page), now).unwrap();
        } else if now != before {
            let diff = similar::TextDiff::from_lines(&before, &now);
            write!(wrong, "{}", diff.unified_diff().header(page, "now")).unwrap();
        }
    }
    assert!(wrong.is_empty(), "UPDATE_DOCS=1 writes the current output\n{wrong}");
}

#[test]
fn ellipsis_matches_any_text() {
    assert!(fits("a\nb\nc\n", "a\n…\nc\n"));
    assert!(fits("a\nc\n", "a\n…\nc\n"));
    assert!(fits("x\ny\nrun 12 ended\n", "…\nrun … ended\n"));
    assert!(!fits("a\nb\nd\n", "a\n…\nc\n"));
    assert_eq!(shown("1\n2\n3\n4\n5\n", " head=1 tail=2"), "1\n…\n4\n5\n");
    assert_eq!(shown("1\n2\n", " tail=1"), "1\n2\n");
}
