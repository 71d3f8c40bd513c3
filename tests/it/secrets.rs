//! A secret stays secret: in every argument of every kind, through every function and container, and in everything
//! that a run writes. Secrets are given by a variable, so that no text of a stack contains them.

use std::collections::BTreeSet;
use std::path::Path;
use std::sync::Arc;

use drplan::cli::{self, Session};
use drplan::diagnostic::render_all;
use drplan::emit::{EmitResult, Options, terraform};
use drplan::hcl::ast::Body;
use drplan::hcl::functions;
use drplan::host::SeededIds;
use drplan::providers::azure::bicep::emit as bicep;
use drplan::simulator::{Fault, RequestMatch};
use drplan::stack::Knowledge;
use drplan::value::Value;
use drplan::world::Store as _;

use crate::kinds;
use crate::lab::Lab;
use crate::transcripts::CollectedOutput;

/// The secret. Its beginning is looked for, because functions shorten it, also in base64.
const SECRET: &str = "zq7topsecretq9";
const TRACES: &[&str] = &["zq7tops", "enE3dG9w"];

/// Declarations that a stack needs for [`WRAPPED`].
const DECLARED: &str = r#"
variable "leak" {
  type      = string
  sensitive = true
}

locals {
  leak  = var.leak
  leaks = { k = var.leak, other = "plain" }
}
"#;

/// Expressions that contain the secret: bare, in text, through functions, in containers, as keys.
const WRAPPED: &[&str] = &[
    "var.leak",
    r#""x-${var.leak}""#,
    "jsonencode({ k = var.leak })",
    "jsonencode([local.leaks])",
    "[var.leak]",
    "{ k = var.leak }",
    r#"{ (var.leak) = "v" }"#,
    "{ k = { l = [var.leak, 1] }, plain = true }",
    "local.leak",
    "local.leaks.k",
    "local.leaks",
    "[for one in [var.leak] : one][0]",
    r#"{ for one in [var.leak] : "k" => one }"#,
    r#"{ for one in [var.leak] : one => "v" }"#,
    r#"var.leak == "x" ? "plain" : var.leak"#,
    "upper(var.leak)",
    "base64encode(var.leak)",
    r#"join(",", ["a", var.leak])"#,
    r#"format("%s", var.leak)"#,
    "substr(var.leak, 0, 10)",
    r#"replace(var.leak, "q9", "")"#,
    "try(tonumber(var.leak), var.leak)",
    "one([var.leak])",
    r#"merge({ a = "1" }, local.leaks)"#,
    r#"lookup(local.leaks, "k", "")"#,
    "coalesce(var.leak)",
    "flatten([[var.leak]])",
    "reverse([var.leak])",
    "zipmap([\"k\"], [var.leak])",
    r#"sensitive("zq7topsecretq9")"#,
];

/// The places in a text that show the secret, in any case of letters.
fn traces(what: &str, text: &str) -> Vec<String> {
    let lower = text.to_lowercase();
    let shows = |line: &&str| line.contains(TRACES[0]);
    let mut found: Vec<String> = lower.lines().filter(shows).map(|line| format!("{what}: {line}")).collect();
    found.extend(text.lines().filter(|line| line.contains(TRACES[1])).map(|line| format!("{what}: {line}")));
    found
}

fn lab() -> Lab {
    let mut lab = Lab::new(5);
    lab.variables.push(("leak".to_owned(), SECRET.to_owned()));
    lab
}

/// Traces of the secret in the messages about a stack, or in its code.
fn traces_of(stack: &str) -> Vec<String> {
    let (program, found, sources) = lab().read_with_diagnostics(stack);
    let mut all = traces("messages", &render_all(&found, &sources, usize::MAX));
    // What the stack itself contains is no news.
    all.retain(|line| !stack.to_lowercase().contains(TRACES[0]) || !line.contains("sensitive("));
    let Ok((stack, _)) = program.evaluate(&Knowledge::default()) else { return all };
    let code = bicep(&stack).into_iter().chain([terraform(&stack, Options { imports: true })]);
    for emitted in code {
        let EmitResult { files, limitations, renames } = emitted;
        all.extend(files.iter().flat_map(|(name, text)| traces(name, text)));
        all.extend(traces("limitations", &format!("{limitations:?} {renames:?}")));
    }
    all.retain(|line| !line.contains(".tf: ") || !line.contains("sensitive(\""));
    all
}

/// The places of all attribute values in resources.
fn values(body: &Body, into: &mut Vec<(String, std::ops::Range<usize>)>) {
    for attribute in &body.attributes {
        let span = attribute.expr.span;
        into.push((attribute.name.text.to_string(), span.start as usize..span.end as usize));
    }
    body.blocks.iter().for_each(|block| values(&block.body, into));
}

#[test]
fn secret_in_any_argument_of_any_kind_is_in_no_message_and_no_code() {
    let mut found = Vec::new();
    let mut turn = 0;
    for (kind, _, text) in kinds::examples() {
        let body = drplan::hcl::parse(&text, 0).expect("an example parses");
        let mut places = Vec::new();
        let resources = body.blocks.iter().filter(|block| !["site", "stack", "variable"].contains(&&*block.ident.text));
        resources.for_each(|block| values(&block.body, &mut places));
        for (name, span) in places {
            for _ in 0..3 {
                turn += 1;
                let wrapped = WRAPPED[turn % WRAPPED.len()];
                let mut stack = format!("{text}{DECLARED}");
                stack.replace_range(span.clone(), wrapped);
                let all = traces_of(&stack).into_iter();
                found.extend(all.map(|line| format!("{kind}: {name} = {wrapped}: {line}")));
            }
        }
    }
    assert!(found.is_empty(), "{} leaks:\n{}", found.len(), found.join("\n"));
}

/// Blocks beside the arguments of kinds that hold an expression `{}`.
const PLACES: &[&str] = &[
    "output \"o\" {\n  value = {}\n}",
    "output \"o\" {\n  value = 1\n  description = {}\n}",
    "resource_group \"a\" {\n  site = site.east\n  tags = { k = {} }\n}",
    "resource_group \"a\" {\n  site = site.east\n  for_each = { k = {} }\n  tags = { k = each.value }\n}",
    "resource_group \"a\" {\n  site = site.east\n  for_each = { k = { inner = {} } }\n  tags = { k = jsonencode(each.value) }\n}",
    "resource_group \"a\" {\n  site = site.east\n  for_each = toset(flatten([{}]))\n  tags = { k = each.key }\n}",
    "resource_group \"a\" {\n  site = site.east\n  name = {}\n}",
    "resource_group \"a\" {\n  site = site.east\n  presence = {}\n}",
    "virtual_network \"a\" {\n  resource_group = resource_group.r\n  address_space = [{}]\n}",
    "virtual_network \"a\" {\n  resource_group = resource_group.r\n  address_space = [\"10.0.0.0/16\"]\n  for_each = { a = {}, b = \"plain\" }\n  tags = { t = each.value, n = jsonencode({ v = each.value }) }\n}",
    "locals {\n  made = {}\n}\nresource_group \"a\" {\n  site = site.east\n  tags = { k = jsonencode(local.made) }\n}",
    "site \"b\" {\n  provider = \"azure\"\n  location = {}\n}",
    "stack \"s\" {\n  description = {}\n}",
    "stack \"s\" {\n  tags = { k = {} }\n}",
    "stack \"s\" {\n  objectives {\n    rto = {}\n  }\n}",
    "variable \"v\" {\n  type = string\n  default = {}\n}",
];

#[test]
fn secret_in_any_block_is_in_no_message_and_no_code() {
    let head = "site \"east\" {\n  provider = \"azure\"\n  location = \"canadaeast\"\n}\nresource_group \"r\" {\n  site = site.east\n}\n";
    let mut found = Vec::new();
    for place in PLACES {
        for wrapped in WRAPPED {
            let own = if place.starts_with("stack") { "" } else { "stack \"s\" {}\n" };
            let stack = format!("{own}{head}{DECLARED}{}\n", place.replace("{}", wrapped).replace("= {\n}", "= {}\n"));
            found.extend(traces_of(&stack).into_iter().map(|line| format!("{place} with {wrapped}: {line}")));
        }
    }
    assert!(found.is_empty(), "{} leaks:\n{}", found.len(), found.join("\n"));
}

/// The clear parts of a value as text.
fn clear_parts(value: &Value) -> String {
    match value {
        Value::List(items) => format!("[{}]", items.iter().map(clear_parts).collect::<Vec<_>>().join(",")),
        Value::Map(map) => {
            map.iter().map(|(key, item)| format!("{key}={}", clear_parts(item))).collect::<Vec<_>>().join(";")
        }
        other => other.shown(),
    }
}

/// An output of every function with the secret in each argument: result and messages are the same for two secrets.
#[test]
fn results_and_messages_do_not_depend_on_a_secret() {
    const ARGUMENTS: &[&str] =
        &["var.leak", "[var.leak]", "{ k = var.leak }", "[[var.leak, \"b\"], [\"b\"]]", "1", "\"a\""];
    let observed = |secret: &str, stack: &str| {
        let mut lab = Lab::new(5);
        lab.variables.push(("leak".to_owned(), secret.to_owned()));
        let (program, found, sources) = lab.read_with_diagnostics(stack);
        let said = render_all(&found, &sources, usize::MAX);
        match program.evaluate(&Knowledge::default()) {
            Ok((stack, _)) => said + &stack.outputs.values().map(|one| clear_parts(&one.value)).collect::<String>(),
            Err(_) => said,
        }
    };
    let mut different = Vec::new();
    let names: BTreeSet<String> = functions::all()
        .into_iter()
        .map(|(signature, _)| signature.split('(').next().unwrap_or_default().to_owned())
        .filter(|name| name != "nonsensitive")
        .collect();
    assert!(names.len() > 70, "{names:?}");
    for name in names {
        let mut calls = Vec::new();
        for first in ARGUMENTS {
            calls.push(format!("{name}({first})"));
            for second in ARGUMENTS.iter().filter(|second| first.contains("leak") || second.contains("leak")) {
                calls.push(format!("{name}({first}, {second})"));
            }
            calls.push(format!("{name}({first}, 0, 3)"));
            calls.push(format!("{name}({first}, \"a\", \"b\")"));
        }
        // All calls of a function are outputs of one stack; those with errors are checked one by one.
        let stack = |calls: &[String]| {
            let output = |(at, call): (usize, &String)| format!("output \"o{at}\" {{\n  value = {call}\n}}\n");
            format!("stack \"s\" {{}}\n{DECLARED}{}", calls.iter().enumerate().map(output).collect::<String>())
        };
        if observed("7", &stack(&calls)) != observed("zq7, b", &stack(&calls)) {
            let differs = |call: &&String| {
                let stack = stack(std::slice::from_ref(*call));
                observed("7", &stack) != observed("zq7, b", &stack)
            };
            // A call that fails with one secret only must not say more than that.
            different.extend(calls.iter().filter(differs).filter(|call| says_the_secret(call, &stack)).cloned());
        }
    }
    assert!(different.is_empty(), "{}", different.join("\n"));
}

/// True for a call that succeeds with both secrets and gives different clear results, or whose messages quote one.
fn says_the_secret(call: &str, stack: &dyn Fn(&[String]) -> String) -> bool {
    let text = stack(&[call.to_owned()]);
    let of = |secret: &str| {
        let mut lab = Lab::new(5);
        lab.variables.push(("leak".to_owned(), secret.to_owned()));
        let (program, found, sources) = lab.read_with_diagnostics(&text);
        let said = render_all(&found, &sources, usize::MAX);
        let value = (!found.has_errors()).then(|| program.evaluate(&Knowledge::default()).ok()).flatten();
        (said, value.map(|(stack, _)| stack.outputs.values().map(|one| clear_parts(&one.value)).collect::<String>()))
    };
    let ((said, one), (_, other)) = (of(SECRET), of("another-one"));
    one.is_some() && other.is_some() && one != other || !traces("", &said).is_empty()
}

/// A stack with secrets wherever a run uses or reports a value.
const RUN: &str = r#"
stack "run" {}

site "east" {
  provider = "azure"
  location = "canadaeast"
}

site "west" {
  provider = "azure"
  location = "canadacentral"
}

resource_group "home" {
  site = site.east
  tags = { bare = var.leak, text = "x ${var.leak}", json = jsonencode(local.leaks) }
}

resource_group "spare" {
  site     = site.west
  presence = "failover"
  tags     = { other = upper(var.leak) }
}

output "leak" {
  value       = { k = var.leak }
  description = "about ${var.leak}"
}

failover_group "web" {
  from     = site.east
  to       = site.west
  promote  = []
  stand_up = [resource_group.spare]

  probe "front" {
    url = "https://${var.leak}.example.org/"
  }

  probe "store" {
    at  = site.east
    url = "https://${var.leak}.blob.core.windows.net/"
  }

  step "hook" {
    http {
      url     = "https://ann:${var.password}@example.org/hook?sig=${var.sig}"
      method  = "POST"
      headers = { authorization = var.leak }
      body    = jsonencode(local.leaks)
    }
  }

  step "script" {
    command {
      program     = "sh"
      arguments   = ["-c", "echo $LEAK ${var.leak}; exit 0"]
      environment = { LEAK = var.leak }
    }
  }

  step "ask" {
    after = [step.script]
    approval { message = "Is ${var.leak} ready?" }
  }
}

variable "password" {
  type    = string
  default = "pw-zq7tops-of-a-url"
}

variable "sig" {
  type    = string
  default = "sig-zq7tops-of-a-url"
}
"#;

/// Runs drplan in a directory, with the secret in its environment.
fn drplan(dir: &Path, words: &[&str]) -> (u8, String) {
    let (out, err) = (CollectedOutput::default(), CollectedOutput::default());
    let ids = Arc::new(SeededIds::new(9));
    let mut session = Session::detached(
        Box::new(out.clone()),
        Box::new(err.clone()),
        dir.to_owned(),
        ids,
        drplan::providers::catalog(),
    );
    session.env.insert("DRPLAN_VAR_leak".to_owned(), SECRET.to_owned());
    let words = std::iter::once("drplan").chain(words.iter().copied());
    let exit = cli::run(words.map(Into::into), &mut session);
    (exit.code(), format!("{}{}", out.text(), err.text()))
}

/// Texts of all files below a directory, without the simulated cloud, which has the real values, and the stack.
fn written(dir: &Path, into: &mut Vec<(String, String)>) {
    for entry in std::fs::read_dir(dir).expect("a directory") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            if !path.ends_with("simulator") {
                written(&path, into);
            }
        } else if !path.ends_with("stack.hcl") {
            let bytes = std::fs::read(&path).expect("a file");
            into.push((path.display().to_string(), String::from_utf8_lossy(&bytes).into_owned()));
        }
    }
}

#[test]
fn secret_of_a_run_is_in_no_output_and_no_file() {
    let dir = tempfile::tempdir().expect("a directory");
    let stack = format!("{RUN}{DECLARED}");
    std::fs::write(dir.path().join("stack.hcl"), &stack).expect("a file");
    let commands: &[&[&str]] = &[
        &["validate", "."],
        &["check", "."],
        &["plan", ".", "--out", "saved"],
        &["plan", ".", "--format", "json"],
        &["apply", ".", "--yes", "-v"],
        &["output", "."],
        &["state", "list", "."],
        &["graph", "."],
        &["emit", "terraform", ".", "--out", "tf", "--imports"],
        &["emit", "bicep", ".", "--out", "bicep"],
        &["failover-group", "show", "."],
        &["failover-group", "status", "."],
        &["failover-group", "status", ".", "--format", "json"],
        &["failover-group", "up", ".", "--planned", "--yes"],
        &["failover-group", "status", "."],
        &["failover-group", "history", "."],
        &["failover-group", "report", "."],
        &["failover-group", "report", ".", "--format", "html"],
        &["plan", "."],
        &["failover-group", "abort", ".", "--yes"],
        &["failover-group", "history", ".", "--format", "json"],
        &["destroy", ".", "--yes"],
    ];
    let mut found = Vec::new();
    let mut said = String::new();
    for words in commands {
        let (code, text) = drplan(dir.path(), words);
        found.extend(traces(&words.join(" "), &text));
        said += &format!("{} -> {code}\n{text}\n", words.join(" "));
    }
    let mut files = Vec::new();
    written(dir.path(), &mut files);
    assert!(files.iter().any(|(name, _)| name.ends_with(".jsonl")), "no journal:\n{said}");
    assert!(files.iter().any(|(name, _)| name.contains("main.bicep")), "no code:\n{said}");
    // Defaults of variables that are not sensitive belong into the code.
    let is_default = |line: &str| line.contains("-of-a-url") && (line.contains("tf") || line.contains("bicep"));
    found.extend(files.iter().flat_map(|(name, text)| traces(name, text)).filter(|line| !is_default(line)));
    assert!(found.is_empty(), "{} leaks:\n{}\n{said}", found.len(), found.join("\n"));
}

#[test]
fn error_about_a_step_quotes_no_secret() {
    let place = |block: &str| {
        format!(
            "failover_group \"web\" {{\n  from = site.east\n  to = site.west\n  promote = []\n  step \"x\" {{\n    {block}\n  }}\n}}\n"
        )
    };
    let steps = [
        "wait { for = var.leak }",
        "approval {\n message = \"a\"\n within = var.leak\n }",
        "http {\n url = var.leak\n method = var.leak\n }",
        "http {\n url = \"https://example.org\"\n status = var.leak\n }",
        "http {\n url = \"https://example.org\"\n within = \"${var.leak}s\"\n }",
        "command {\n program = \"true\"\n within = var.leak\n }",
        "kubernetes_scale {\n cluster = \"a\"\n workload = var.leak\n replicas = 1\n }",
    ];
    let sites = "stack \"s\" {}\nsite \"east\" {\n provider = \"azure\"\n location = \"canadaeast\"\n}\nsite \"west\" {\n provider = \"azure\"\n location = \"canadacentral\"\n}\n";
    for step in steps {
        let stack = format!("{sites}{DECLARED}{}", place(step));
        let (_, found, sources) = lab().read_with_diagnostics(&stack);
        let said = render_all(&found, &sources, usize::MAX);
        assert!(found.has_errors() || step.contains("url = var.leak"), "{step} is accepted");
        assert!(traces("", &said).is_empty(), "{step}: {said}");
    }
}

/// The only files that may read what is sensitive: they send it, digest it, evaluate or check it. A file of a view, an
/// emitter or a message is never one of them.
const REVEALING: &[&str] = &[
    "src/value.rs",
    "src/value/",
    "src/hcl/",
    "src/kinds/",
    "src/providers/",
    "src/stack/",
    "src/plan/",
    "src/failover/",
];
const REVEALING_FILES: &[&str] = &[
    "src/apply/actions/arguments.rs",
    "src/apply/actions/http.rs",
    "src/apply/probe.rs",
    "src/apply/details.rs",
    "src/apply/write.rs",
    "src/apply/discreet.rs",
    "src/check/peering_missing.rs",
    "src/check/public_access.rs",
    "src/review/pairs.rs",
    "src/review/resources.rs",
];

#[test]
fn code_that_may_reveal_is_listed() {
    fn walk(dir: &Path, found: &mut Vec<String>) {
        for entry in std::fs::read_dir(dir).expect("a directory") {
            let path = entry.expect("an entry").path();
            if path.is_dir() {
                walk(&path, found);
                continue;
            }
            let text = std::fs::read_to_string(&path).expect("a source");
            let root = Path::new(env!("CARGO_MANIFEST_DIR"));
            let name = path.strip_prefix(root).expect("a source of this package").display().to_string();
            let reveals = [".reveal()", ".known_arguments()", ".revealed_str()", "Value::reveal"]
                .iter()
                .any(|call| text.contains(call));
            let may = REVEALING.iter().any(|start| name.starts_with(start)) || REVEALING_FILES.contains(&&*name);
            if reveals && !may {
                found.push(name);
            }
        }
    }
    let mut found = Vec::new();
    walk(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src"), &mut found);
    assert!(found.is_empty(), "these files may not reveal a sensitive value, use Value::clear: {found:?}");
}

/// Resource Manager may repeat a request in its error, which journals and reports keep.
#[test]
fn error_that_repeats_a_request_shows_no_secret() {
    let text = format!(
        "{}{DECLARED}resource_group \"g\" {{\n  site = site.east\n}}\nmssql_server \"s\" {{\n  name = \"drplan-test-echo\"\n  \
         resource_group = resource_group.g\n  version = \"12.0\"\n  administrator_login = \"someone\"\n  \
         administrator_login_password = \"A-${{var.leak}}\"\n}}\n",
        kinds::SITES
    );
    crate::lab::simulated(async {
        let lab = lab();
        let message = format!("The value 'A-{SECRET}' of 'administratorLoginPassword' is too simple.");
        let on = RequestMatch { path: Some("*/servers/*".to_owned()), ..RequestMatch::default() };
        lab.simulator.add_fault(Fault::Fail { code: "PasswordTooSimple".to_owned(), message, on }).unwrap();
        let applied = lab.apply(&text).await.expect("the state can be written");
        let why = crate::lab::failures(&applied, "apply").unwrap_err();
        assert!(why.contains("PasswordTooSimple: the message is hidden"), "{why}");
        assert_eq!(traces("failures", &why), [""; 0]);
        for run in lab.store.runs().unwrap() {
            let journal = format!("{:?}", lab.store.entries_of(&run).unwrap());
            assert!(journal.contains("PasswordTooSimple"), "{journal}");
            assert_eq!(traces("journal", &journal), [""; 0]);
        }
    });
}
