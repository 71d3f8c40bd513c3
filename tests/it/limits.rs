//! Limits of the text of a stack: each is counted in units of work, bytes or elements, never in time.

use std::path::Path;
use std::sync::Arc;

use drplan::apply::ApplyOutcome;
use drplan::diagnostic::{Diagnostics, MAX_DIAGNOSTICS, Sources, render_all};
use drplan::hcl::eval::{Budget, ELEMENT_WORK, MAX_DEPTH, MAX_ELEMENTS, MAX_STRING_BYTES, MAX_VALUE_BYTES, MAX_WORK};
use drplan::hcl::functions::MAX_PATTERN_BYTES;
use drplan::hcl::parse::{
    MAX_COMPARISONS, MAX_ENTRIES, MAX_FILE_BYTES, MAX_NESTING, MAX_OPERATORS, MAX_STACK_BYTES, MAX_STACK_FILES,
    MAX_STEPS, MAX_TOKENS,
};
use drplan::providers::azure::simulated::{SUBSCRIPTION, TENANT};
use drplan::stack::{Input, Knowledge, MAX_RESOURCES, read_all};

use super::followed::drplan;
use super::lab::{FilesInMemory, Lab, failures, simulated};

#[path = "../../benches/speed/hostile.rs"]
mod hostile;

/// The messages about a stack of this text within a budget, their codes, and the units used.
struct Outcome {
    codes: Vec<&'static str>,
    shown: String,
    used: usize,
}

impl Outcome {
    /// The first message with this code.
    fn first(&self, code: &str) -> &str {
        let start = self.shown.find(&format!("error[{code}]")).unwrap_or_else(|| panic!("no {code}: {}", self.shown));
        self.shown[start..].split("\n\n").next().unwrap()
    }
}

fn within(text: &str, files: Vec<(String, String)>, units: usize) -> Outcome {
    let budget = Budget::new(units);
    let mut sources = Sources::default();
    let (program, mut found) = read_all(Input {
        reader: Arc::new(FilesInMemory(files)),
        ..Input::in_memory(text, &mut sources, (SUBSCRIPTION, TENANT), drplan::providers::catalog())
    });
    let (_, of_values): (_, Diagnostics) = Arc::new(program).evaluate_within(&Knowledge::default(), &budget);
    found.extend(of_values);
    found.sort();
    let shown = anstream::adapter::strip_str(&render_all(&found, &sources, 80)).to_string();
    Outcome { codes: found.iter().map(|one| one.code).collect(), shown, used: budget.used() }
}

/// The work of a value may show only once the cloud has answered: then the apply reports it, and drops nothing else.
#[test]
fn work_that_shows_with_an_answer_of_the_cloud_is_reported() {
    let much = r#"length([
    for part in split(".", public_ip.home.ip_address) : [for i in range(1000) : fileexists("${part}-${i}")]
  ])"#;
    let stack = |more: &str| {
        format!(
            r#"
stack "s" {{}}

site "home" {{
  provider = "azure"
  location = "canadacentral"
}}

resource_group "home" {{
  site = site.home
}}

public_ip "home" {{
  resource_group    = resource_group.home
  allocation_method = "Static"
  sku               = "Standard"
}}

output "address" {{
  value = public_ip.home.ip_address
}}
{more}"#
        )
    };
    let direct = stack(&format!("output \"much\" {{\n  value = {much}\n}}\n"));
    let by_local = stack(&format!("locals {{\n  much = {much}\n}}\n\noutput \"much\" {{\n  value = local.much\n}}\n"));
    for text in [direct, by_local.clone()] {
        let applied = applied(&text);
        assert_eq!(failures(&applied, "apply"), Ok(()));
        let codes: Vec<&str> = applied.output_errors.iter().map(|error| error.code).collect();
        assert_eq!(codes, ["too-large"], "{text}");
        assert_eq!(applied.state.outputs.keys().collect::<Vec<_>>(), ["address"]);
    }
    let tagged = "\nresource_group \"other\" {\n  site = site.home\n  tags = { much = local.much }\n}\n";
    let why = failures(&applied(&(by_local + tagged)), "apply").unwrap_err();
    assert!(why.contains("too much work to evaluate"), "{why}");
}

fn applied(text: &str) -> ApplyOutcome {
    simulated(async { Lab::new(1).apply(text).await.unwrap() })
}

fn evaluated(text: &str) -> Outcome {
    within(text, Vec::new(), MAX_WORK)
}

fn with_local(value: &str) -> String {
    format!("stack \"s\" {{}}\nlocals {{\n  one = {value}\n}}\n")
}

#[test]
fn hostile_texts_end_within_their_budget_and_name_the_expression() {
    // A hundredth of the budget, so that the test costs a hundredth.
    let units = MAX_WORK / 100;
    for hostile::HostileText { name, text } in hostile::texts() {
        let outcome = within(&text, Vec::new(), units);
        assert!(outcome.codes.contains(&"too-large"), "{name}: {}", outcome.shown);
        let message = outcome.first("too-large");
        assert!(message.contains("--> stack.hcl:"), "{name}: {message}");
        // A charge is taken before the work, so that no more than one is not covered.
        assert!(outcome.used < MAX_WORK, "{name} used {} units", outcome.used);
        assert!(outcome.shown.len() < 100_000, "{name}: {} bytes of messages", outcome.shown.len());
    }
}

#[test]
fn shared_lists_are_refused_where_they_become_too_large() {
    let levels: String = (1..30).map(|at| format!("  a{at} = [local.a{0}, local.a{0}]\n", at - 1)).collect();
    for value in ["local.a29", "local.a29 == local.a29", "jsonencode(local.a29)", "toset(local.a29)", "can(local.a29)"]
    {
        let text = format!(
            "stack \"s\" {{}}\nlocals {{\n  a0 = [\"x\"]\n{levels}}}\noutput \"o\" {{\n  value = {value}\n}}\n"
        );
        let outcome = evaluated(&text);
        assert_eq!(outcome.codes, ["too-large"], "{value}: {}", outcome.shown);
        assert!(outcome.first("too-large").contains("shared part counts wherever it appears"));
        assert!(outcome.used < 1_000_000, "{value}: {} units", outcome.used);
    }
}

#[test]
fn nothing_catches_a_budget_that_is_used_up() {
    for value in ["can(range(90000))", "try(range(90000), 1)", "length([for x in [1] : try(range(90000), 1)])"] {
        let outcome = within(&with_local(value), Vec::new(), 90_000);
        assert_eq!(outcome.codes, ["too-large"], "{value}: {}", outcome.shown);
        assert!(outcome.first("too-large").contains("takes too much work"), "{}", outcome.shown);
    }
}

#[test]
fn all_expressions_share_one_budget() {
    let each = 1_000 * ELEMENT_WORK;
    let text = |count: usize| {
        let locals: String = (0..count).map(|at| format!("  l{at} = range(1000)\n")).collect();
        format!("stack \"s\" {{}}\nlocals {{\n{locals}}}\n")
    };
    let one = within(&text(1), Vec::new(), MAX_WORK);
    assert!((each..2 * each).contains(&one.used), "{}", one.used);
    assert!(within(&text(9), Vec::new(), 10 * one.used).codes.is_empty());
    let beyond = within(&text(20), Vec::new(), 10 * one.used);
    assert_eq!(beyond.codes, ["too-large"], "{}", beyond.shown);
    assert!(beyond.first("too-large").contains("stack.hcl:13:"), "{}", beyond.shown);
}

#[test]
fn locals_patterns_and_templates_are_paid_for_once() {
    let used = |text: &str| within(text, vec![("t.txt".to_owned(), "${a} and more ".repeat(200))], MAX_WORK).used;
    let loops = |count: usize, value: &str| with_local(&format!("length([for at in range({count}) : {value}])"));
    for value in ["can(regex(\"^[a-z]{3,9}$\", \"abc\"))", "templatefile(\"t.txt\", { a = at })"] {
        let (first, second, tenth) = (used(&loops(1, value)), used(&loops(2, value)), used(&loops(10, value)));
        assert_eq!(tenth - second, 8 * (second - first), "{value}");
        assert!(second - first < first / 2, "{value}: {first} units, then {}", second - first);
    }
}

#[test]
fn each_limit_of_values_has_its_message() {
    let nested = |levels: usize| {
        let locals: String = (1..levels).map(|at| format!("  a{at} = [local.a{}]\n", at - 1)).collect();
        format!("stack \"s\" {{}}\nlocals {{\n  a0 = [1]\n{locals}}}\n")
    };
    assert!(evaluated(&nested(MAX_DEPTH)).codes.is_empty());
    let half = "join(\"\", [for at in range(65536) : \"0123456789abcdef0123456789abcdef\"])";
    let instances = |count: usize| {
        format!(
            "stack \"s\" {{}}\nsite \"p\" {{\n  provider = \"azure\"\n  location = \"canadacentral\"\n}}\nresource_group \"g\" {{\n  \
             for_each = toset([for at in range({count}) : \"g${{at}}\"])\n  site = site.p\n  name = each.key\n}}\n"
        )
    };
    for (text, code, told) in [
        (nested(MAX_DEPTH + 1), "too-large", format!("{MAX_DEPTH} levels deep")),
        (with_local(&format!("\"${{{half}}}${{{half}}}a\"")), "too-large", format!("{MAX_STRING_BYTES} bytes")),
        (with_local(&format!("range({})", MAX_ELEMENTS + 1)), "too-large", format!("{MAX_ELEMENTS} elements")),
        (
            with_local(&format!("[for part in [{half}] : [for at in range(9) : part]]")),
            "too-large",
            format!("{MAX_VALUE_BYTES} bytes"),
        ),
        (
            with_local(&format!("regexall(\"{}\", \"a\")", "a".repeat(MAX_PATTERN_BYTES + 1))),
            "bad-argument",
            format!("{MAX_PATTERN_BYTES} bytes"),
        ),
        (
            with_local("can(1) ? regex(\"\\\\w{900}\\\\w{900}\", \"a\") : 1"),
            "bad-argument",
            "becomes too large".to_owned(),
        ),
        (instances(MAX_RESOURCES + 1), "too-many-resources", MAX_RESOURCES.to_string()),
    ] {
        let outcome = evaluated(&text);
        assert_eq!(outcome.codes, [code], "{}", outcome.shown);
        assert!(outcome.first(code).contains(&told), "{told}: {}", outcome.shown);
    }
}

#[test]
fn each_limit_of_the_text_has_its_message() {
    let words = format!("stack \"s\" {{}}\nlocals {{\n  a = [{}]\n}}\n", "1,".repeat(MAX_TOKENS));
    let objects: String = (0..9).map(|at| format!("  o{at} = {{ {} }}\n", "a = 1, ".repeat(5_000))).collect();
    for (text, told) in [
        (words, format!("{MAX_TOKENS} in all files")),
        (format!("stack \"s\" {{}}\nlocals {{\n{objects}}}\n"), format!("{MAX_COMPARISONS} comparisons")),
    ] {
        let outcome = evaluated(&text);
        assert_eq!(outcome.codes, ["too-large"], "{}", outcome.shown);
        assert!(outcome.first("too-large").contains(&told), "{}", outcome.shown);
    }
}

#[test]
fn the_first_errors_are_shown_and_no_text_without_end() {
    let stray = |sign: &str, count: usize| format!("stack \"s\" {{}}\n{}", sign.repeat(count));
    for text in
        [stray("@\n", 20_000), stray("@ ", 20_000), stray("\"\n", 20_000), stray("}\n", 20_000), stray("a {\n", 3_000)]
    {
        let outcome = evaluated(&text);
        assert!(outcome.codes.len() <= MAX_DIAGNOSTICS, "{}", outcome.codes.len());
        assert!(outcome.shown.len() < 300_000, "{} bytes", outcome.shown.len());
    }
    let locals: String = (0..1_000).map(|at| format!("  name{at} = 1\n  other{at} = local.nam{at}\n")).collect();
    let misspelt = evaluated(&format!("stack \"s\" {{}}\nlocals {{\n{locals}}}\n"));
    assert_eq!(misspelt.codes.len(), MAX_DIAGNOSTICS);
    assert!(misspelt.shown.contains("Did you mean `local.name0`?"), "{}", misspelt.first("unknown-name"));
    assert!(misspelt.shown.contains(&format!("Only the first {MAX_DIAGNOSTICS} errors are shown.")));
    let long = evaluated(&with_local(&"a".repeat(100_000)));
    assert!(long.shown.len() < 5_000, "{}", long.shown.len());
}

/// A stack in a directory of its own.
fn stack_in(dir: &Path) {
    std::fs::create_dir_all(dir).unwrap();
    std::fs::write(dir.join("stack.hcl"), "stack \"s\" {}\n").unwrap();
}

#[cfg(unix)]
#[test]
fn links_and_special_files_are_neither_read_nor_waited_for() {
    use std::os::unix::fs::symlink;
    use std::os::unix::net::UnixListener;

    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("outside"), "secret = \"hunter2\"\n").unwrap();
    let pipe = |path: &Path| {
        assert!(std::process::Command::new("mkfifo").arg(path).status().unwrap().success());
    };
    type Make<'a> = &'a dyn Fn(&Path);
    let kinds: [(&str, Make<'_>, &str); 6] = [
        ("link", &|path| symlink("../outside", path).unwrap(), "outside the stack's directory"),
        ("environment", &|path| symlink("/proc/self/environ", path).unwrap(), "outside the stack's directory"),
        ("device", &|path| symlink("/dev/zero", path).unwrap(), "outside the stack's directory"),
        ("pipe", &pipe, "a named pipe, not a regular file"),
        ("socket", &|path| drop(UnixListener::bind(path).unwrap()), "a socket, not a regular file"),
        ("directory", &|path| std::fs::create_dir(path).unwrap(), "a directory, not a regular file"),
    ];
    for (kind, make, told) in kinds {
        for name in ["other.hcl", "other.auto.vars.hcl"] {
            let dir = folder.path().join(format!("{kind}-{name}"));
            stack_in(&dir);
            make(&dir.join(name));
            for command in ["validate", "check", "fmt"] {
                if command == "fmt" && kind == "directory" {
                    continue;
                }
                let (output, exit) = drplan(&dir, &[command, "."]);
                assert_eq!(exit, 3, "{command} {kind}: {output}");
                assert!(output.contains(told) && output.contains(name), "{command} {kind}: {output}");
                assert!(!output.contains("hunter2") && !output.contains("PATH="), "{output}");
            }
        }
        for function in ["file(\"data\")", "templatefile(\"data\", {})", "filebase64(\"data\")"] {
            let dir = folder.path().join(format!("{kind}-{}", function.split('(').next().unwrap()));
            stack_in(&dir);
            make(&dir.join("data"));
            std::fs::write(dir.join("more.hcl"), format!("output \"o\" {{\n  value = {function}\n}}\n")).unwrap();
            let (output, exit) = drplan(&dir, &["validate", "."]);
            assert_eq!(exit, 3, "{function} {kind}: {output}");
            assert!(output.contains(told), "{function} {kind}: {output}");
        }
    }
    // A link within the directory is only another name.
    let dir = folder.path().join("within");
    stack_in(&dir);
    std::fs::write(dir.join("data"), "output \"o\" {\n  value = 1\n}\n").unwrap();
    symlink("data", dir.join("more.hcl")).unwrap();
    assert_eq!(drplan(&dir, &["validate", "."]).1, 0);
}

#[test]
fn sizes_and_numbers_of_files_are_bounded_before_they_are_read() {
    let folder = tempfile::tempdir().unwrap();
    let sparse = |path: &Path, bytes: usize| {
        std::fs::File::create(path).unwrap().set_len(bytes as u64).unwrap();
    };
    for (name, told) in [("large.hcl", "large.hcl"), ("large.auto.vars.hcl", "large.auto.vars.hcl")] {
        let dir = folder.path().join(name);
        stack_in(&dir);
        sparse(&dir.join(name), MAX_FILE_BYTES + 1);
        let (output, exit) = drplan(&dir, &["validate", "."]);
        assert!(exit == 3 && output.contains("file-too-large") && output.contains(told), "{output}");
        assert!(output.contains(&MAX_FILE_BYTES.to_string()), "{output}");
    }
    let dir = folder.path().join("together");
    stack_in(&dir);
    for at in 0..=MAX_STACK_BYTES / MAX_FILE_BYTES {
        std::fs::write(dir.join(format!("comment{at}.hcl")), "#".repeat(MAX_FILE_BYTES)).unwrap();
    }
    let (output, exit) = drplan(&dir, &["validate", "."]);
    assert!(exit == 3 && output.contains(&MAX_STACK_BYTES.to_string()), "{output}");
    let dir = folder.path().join("many");
    stack_in(&dir);
    for at in 0..MAX_STACK_FILES {
        std::fs::write(dir.join(format!("empty{at}.hcl")), "").unwrap();
    }
    let (output, exit) = drplan(&dir, &["validate", "."]);
    assert!(exit == 3 && output.contains(&format!("the maximum is {MAX_STACK_FILES}")), "{output}");
    let dir = folder.path().join("plan");
    stack_in(&dir);
    sparse(&dir.join("saved.plan"), 64 * 1024 * 1024 + 1);
    let (output, exit) = drplan(&dir, &["apply", "saved.plan"]);
    assert!(exit == 3 && output.contains("larger than the maximum"), "{output}");
}

#[test]
fn documented_limits_are_those_of_the_program() {
    let page = include_str!("../../docs/language.md");
    let table = page.split("## Limits").nth(1).unwrap();
    let grouped = |number: usize| {
        let digits: Vec<u8> = number.to_string().into_bytes();
        let groups: Vec<&str> = digits.rchunks(3).rev().map(|group| std::str::from_utf8(group).unwrap()).collect();
        groups.join(",")
    };
    for limit in [
        MAX_FILE_BYTES,
        MAX_STACK_BYTES,
        MAX_STACK_FILES,
        MAX_TOKENS,
        MAX_ENTRIES,
        MAX_COMPARISONS,
        MAX_NESTING,
        MAX_OPERATORS,
        MAX_STEPS,
        MAX_RESOURCES,
        MAX_STRING_BYTES,
        MAX_ELEMENTS,
        MAX_VALUE_BYTES,
        MAX_DEPTH,
        MAX_PATTERN_BYTES,
        MAX_WORK,
        MAX_DIAGNOSTICS,
    ] {
        let shown = grouped(limit);
        let words = || table.split(|c: char| !c.is_ascii_digit() && c != ',').map(|word| word.trim_end_matches(','));
        assert!(words().any(|word| word == shown), "docs/language.md has no {shown}");
    }
}
