//! Commands that drplan prints for a user to type: every one parses, and those that continue an operation work as
//! printed.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

use drplan::cli::{self, Session};
use drplan::host::SeededIds;

#[derive(Clone, Default)]
struct CapturedOutput(Arc<Mutex<Vec<u8>>>);

impl Write for CapturedOutput {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

/// Words of a command line, split as in a POSIX shell.
fn split(line: &str) -> Vec<String> {
    let (mut words, mut word, mut begun) = (Vec::new(), String::new(), false);
    let mut chars = line.chars();
    while let Some(c) = chars.next() {
        match c {
            '\'' => {
                begun = true;
                word.extend(chars.by_ref().take_while(|c| *c != '\''));
            }
            '\\' => {
                begun = true;
                word.extend(chars.next());
            }
            ' ' => {
                if std::mem::take(&mut begun) {
                    words.push(std::mem::take(&mut word));
                }
            }
            c => {
                begun = true;
                word.push(c);
            }
        }
    }
    if begun {
        words.push(word);
    }
    words
}

/// Commands in a text: whole lines, and those between backticks.
fn commands(text: &str) -> Vec<String> {
    let lines = text.lines().map(str::trim).filter(|line| line.starts_with("drplan ")).map(str::to_owned);
    let quoted = text.split('`').skip(1).step_by(2).filter(|part| part.starts_with("drplan ")).map(str::to_owned);
    lines.chain(quoted).flat_map(|line| line.split(" && ").map(str::to_owned).collect::<Vec<_>>()).collect()
}

struct Workspace {
    dir: tempfile::TempDir,
    ids: Arc<SeededIds>,
    env: Vec<(String, String)>,
}

impl Workspace {
    fn new() -> Self {
        Self { dir: tempfile::tempdir().unwrap(), ids: Arc::new(SeededIds::new(11)), env: Vec::new() }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    /// Runs a command line; the commands in its output must parse.
    fn run(&self, line: &str) -> (String, u8) {
        let words = split(line);
        let said = CapturedOutput::default();
        let ids = Arc::clone(&self.ids) as _;
        let mut session = Session::detached(
            Box::new(said.clone()),
            Box::new(said.clone()),
            self.dir.path().to_owned(),
            ids,
            drplan::providers::catalog(),
        );
        session.env.extend(self.env.iter().cloned());
        let exit = cli::run(words.iter().map(Into::into), &mut session);
        let text = String::from_utf8_lossy(&said.0.lock().unwrap()).into_owned();
        for command in commands(&text) {
            if let Err(error) = cli::command_line().try_get_matches_from(split(&command)) {
                panic!("`{line}` printed `{command}`, which does not parse:\n{error}");
            }
        }
        (text, exit.code())
    }

    fn ok(&self, line: &str) -> String {
        let (text, exit) = self.run(line);
        assert_eq!(exit, 0, "{line}\n{text}");
        text
    }
}

/// The printed command with this prefix.
fn printed(text: &str, beginning: &str) -> String {
    let found = commands(text).into_iter().find(|command| command.starts_with(beginning));
    found.unwrap_or_else(|| panic!("no `{beginning} …` in:\n{text}"))
}

const STACK: &str = "stacks/it's web";
const FLAGS: &str = r"--state 'my state' --cloud local --seed 5";

/// web-geo in a directory whose name needs quoting, with an approval step.
fn web_geo() -> Workspace {
    let workspace = Workspace::new();
    let text = workspace.ok(&format!(r"drplan init 'stacks/it'\''s web' --template web-geo {FLAGS}"));
    let file = workspace.path(STACK).join("stack.hcl");
    let stack = std::fs::read_to_string(&file).unwrap();
    let group = stack.find("failover_group \"").unwrap();
    let open = group + stack[group..].find("{\n").unwrap() + 2;
    let step = "  step \"agree\" {\n    approval { message = \"Continue?\" }\n  }\n";
    std::fs::write(&file, format!("{}{step}{}", &stack[..open], &stack[open..])).unwrap();
    let plan = workspace.ok(&printed(&text, "drplan plan"));
    workspace.ok(&printed(&text, "drplan graph"));
    let apply = printed(&plan, "drplan apply");
    assert_eq!(workspace.run(&apply).1, 4, "{apply} needs an approval");
    workspace.ok(&format!("{apply} --yes"));
    workspace
}

#[test]
fn printed_commands_continue_a_run_without_variable_files() {
    let workspace = web_geo();
    let vars = r"--vars 'stacks/it'\''s web/local.vars.hcl' --var instances=2";
    let dir = r"'stacks/it'\''s web'";
    let up = format!("drplan failover-group up {dir} --planned --yes {FLAGS} {vars}");
    let (stopped, exit) = workspace.run(&up);
    assert_eq!(exit, 5, "{stopped}");
    let resume = printed(&stopped, "drplan failover-group resume");
    let abort = printed(&stopped, "drplan failover-group abort");
    assert!(!resume.contains("--vars") && !abort.contains("--vars"), "{resume}\n{abort}");
    let status = workspace.ok(&format!("drplan failover-group status {dir} {FLAGS}"));
    assert_eq!(printed(&status, "drplan failover-group resume"), resume);

    // No other run starts meanwhile, and every refusal explains how to continue.
    let (refused, exit) = workspace.run(&format!("drplan destroy {dir} {FLAGS} {vars} --yes"));
    assert_eq!((exit, refused.contains(&format!("`{resume}`"))), (4, true), "{refused}");
    let (dry, _) = workspace.run(&format!("drplan failover-group up {dir} --planned --dry-run {FLAGS} {vars}"));
    assert!(dry.contains("is unfinished"), "{dry}");
    assert!(!dry.contains("no run promoted it"), "{dry}");

    let approved = workspace.ok(&printed(&status, "drplan failover-group approve"));
    assert!(approved.contains("operator approved step.agree"), "{approved}");
    let done = workspace.ok(&printed(&approved, "drplan failover-group resume"));
    assert!(done.contains("Complete: up"), "{done}");
    let history = workspace.ok(&format!("drplan failover-group history {dir} {FLAGS}"));
    assert!(history.contains("operator on localhost") && !history.contains("someone"), "{history}");
}

#[test]
fn printed_command_takes_over_a_run_without_variable_files() {
    let workspace = web_geo();
    let vars = r"--vars 'stacks/it'\''s web/local.vars.hcl'";
    let dir = r"'stacks/it'\''s web'";
    let (stopped, exit) = workspace.run(&format!("drplan failover-group up {dir} --planned --yes {FLAGS} {vars}"));
    assert_eq!(exit, 5, "{stopped}");
    workspace.ok(&format!("drplan simulator fault lose canadacentral {FLAGS}"));
    let status = workspace.ok(&format!("drplan failover-group status {dir} {FLAGS}"));
    let forced = printed(&status, "drplan failover-group up --forced");
    let (said, exit) = workspace.run(&format!("{forced} --accept-data-loss 5m --yes"));
    assert!(said.contains("Takes over run"), "{said}");
    assert_eq!(exit, 5, "{said}");
    // The new run has recorded the same inputs.
    let resume = printed(&said, "drplan failover-group resume");
    let approve =
        printed(&workspace.ok(&format!("drplan failover-group status {dir} {FLAGS}")), "drplan failover-group approve");
    workspace.ok(&approve);
    let done = workspace.ok(&resume);
    assert!(done.contains("Complete: up"), "{done}");
}

#[test]
fn abort_needs_no_variable_files() {
    let workspace = web_geo();
    let dir = r"'stacks/it'\''s web'";
    let up = format!(
        r"drplan failover-group up {dir} --planned --yes {FLAGS} --vars 'stacks/it'\''s web/local.vars.hcl' --by 'Ann Lee'"
    );
    let (stopped, exit) = workspace.run(&up);
    assert_eq!(exit, 5, "{stopped}");
    let abort = printed(&stopped, "drplan failover-group abort");
    let (text, _) = workspace.run(&format!("{abort} --yes --format json"));
    assert!(text.contains("\"format_version\": 1"), "{text}");
    let history = workspace.ok(&format!("drplan failover-group history {dir} {FLAGS}"));
    assert!(history.contains("Ann Lee (operator on localhost)"), "{history}");
}

#[test]
fn saved_plan_is_shown_and_applied_without_variable_files() {
    let workspace = Workspace::new();
    workspace.ok("drplan init shop --template web-geo");
    let saved = workspace.ok("drplan plan shop --vars shop/local.vars.hcl --var instances=3 --out 'a plan'");
    let text = std::fs::read_to_string(workspace.path("a plan")).unwrap();
    assert!(text.contains("\"local.vars.hcl\"") && !text.contains("only-for"), "{text}");
    let shown = workspace.ok("drplan show 'a plan'");
    assert!(saved.starts_with(&shown), "{saved}\n{shown}");
    let json: serde_json::Value = serde_json::from_str(&workspace.ok("drplan show 'a plan' --format json")).unwrap();
    assert_eq!(json["has_changes"], true);
    assert!(workspace.ok("drplan show 'a plan' --format markdown").contains("| "));
    let apply = printed(&saved, "drplan apply");
    assert!(!apply.contains("--var"), "{apply}");
    workspace.ok(&apply);
    let (again, exit) = workspace.run(&apply);
    assert_eq!(exit, 4, "{again}");
    let replan = printed(&again, "drplan plan");
    assert_eq!(replan, "drplan plan shop --vars shop/local.vars.hcl --var instances=3 --out 'a plan'");
    workspace.ok(&replan);
}

#[test]
fn saved_plan_that_ends_early_is_continued_with_the_same_values() {
    let workspace = Workspace::new();
    workspace.ok("drplan init shop --template web-geo");
    let saved = workspace.ok("drplan plan shop --vars shop/local.vars.hcl --var instances=3 --out p.json");
    let fault = r#"[{"fault": "fail", "code": "QuotaExceeded", "message": "Too many.", "on": {"verb": "PUT", "path": "*/publicIPAddresses/*"}}]"#;
    std::fs::write(workspace.path("fault.json"), fault).unwrap();
    workspace.ok("drplan simulator fault load fault.json");
    let (failed, exit) = workspace.run(&printed(&saved, "drplan apply"));
    assert_eq!(exit, 1, "{failed}");
    let again = printed(&failed, "drplan apply shop");
    assert_eq!(again, "drplan apply shop --vars shop/local.vars.hcl --var instances=3");
    workspace.ok("drplan simulator fault clear");
    workspace.ok(&format!("{again} --yes"));
}

#[test]
fn value_of_a_sensitive_variable_is_never_printed_or_saved() {
    let workspace = Workspace::new();
    workspace.ok("drplan init shop --template web-geo");
    let secret = "Secret-4711-xyz";
    let saved = workspace
        .ok(&format!("drplan plan shop --vars shop/local.vars.hcl --var sql_admin_password={secret} --out p.json"));
    assert!(!saved.contains(secret) && saved.contains("sql_admin_password"), "{saved}");
    assert!(!std::fs::read_to_string(workspace.path("p.json")).unwrap().contains(secret));
    let plan = workspace.ok(&format!(
        "drplan plan shop --vars shop/local.vars.hcl --var instances=3 --var sql_admin_password={secret}"
    ));
    let apply = printed(&plan, "drplan apply");
    assert!(apply.ends_with("--vars shop/local.vars.hcl --var instances=3"), "{apply}");
    assert!(!plan.contains(secret) && plan.contains("or the environment: sql_admin_password"), "{plan}");
    // The file has another value, which must not replace the given one.
    let (refused, exit) = workspace.run(&printed(&saved, "drplan apply"));
    assert_eq!(exit, 3, "{refused}");
    assert!(refused.contains("sql_admin_password"), "{refused}");
    workspace.ok(&format!("{} --var sql_admin_password={secret}", printed(&saved, "drplan apply")));
}

#[test]
fn missing_recorded_file_is_named() {
    let workspace = Workspace::new();
    workspace.ok("drplan init shop --template web-geo");
    let saved = workspace.ok("drplan plan shop --vars shop/local.vars.hcl --out p.json");
    std::fs::rename(workspace.path("shop/local.vars.hcl"), workspace.path("moved.vars.hcl")).unwrap();
    let apply = printed(&saved, "drplan apply");
    let (text, exit) = workspace.run(&apply);
    assert_eq!(exit, 3, "{text}");
    assert!(text.contains("shop/local.vars.hcl") && text.contains("--vars FILE"), "{text}");
    workspace.ok(&format!("{apply} --vars moved.vars.hcl"));
}

#[test]
fn auto_files_are_always_read_and_flags_override_them() {
    let workspace = Workspace::new();
    workspace.ok("drplan init shop --template web-geo");
    std::fs::rename(workspace.path("shop/local.vars.hcl"), workspace.path("shop/secrets.auto.vars.hcl")).unwrap();
    std::fs::write(workspace.path("shop/size.auto.vars.hcl"), "instances = 3\n").unwrap();
    let plan = workspace.ok("drplan plan shop --format json");
    assert!(plan.contains("\"after\": 3"), "{plan}");
    let plan = workspace.ok("drplan plan shop --format json --var instances=4");
    assert!(plan.contains("\"after\": 4"), "{plan}");
    std::fs::write(workspace.path("shop/wrong.auto.vars.hcl"), "instnces = 3\n").unwrap();
    let (text, exit) = workspace.run("drplan validate shop");
    assert_eq!(exit, 3);
    assert!(text.contains("instnces") && text.contains("shop/wrong.auto.vars.hcl"), "{text}");
}

#[test]
fn commands_that_change_nothing_need_no_secrets() {
    let workspace = Workspace::new();
    workspace.ok("drplan init shop --template web-geo");
    workspace.ok("drplan init old --template web-geo");
    for line in [
        "drplan validate shop",
        "drplan graph shop",
        "drplan emit terraform shop --out terraform",
        "drplan emit bicep shop --out bicep",
        "drplan doctor shop",
        "drplan diff old shop",
    ] {
        workspace.ok(line);
    }
    let with = workspace.run("drplan check shop --vars shop/local.vars.hcl");
    assert_eq!(workspace.run("drplan check shop"), with);
    // With the secrets, the emitted code is the same.
    assert_eq!(workspace.run("drplan emit terraform shop --out terraform --check --vars shop/local.vars.hcl").1, 0);
    assert_eq!(workspace.run("drplan emit bicep shop --out bicep --check --vars shop/local.vars.hcl").1, 0);
    let (text, exit) = workspace.run("drplan plan shop");
    assert_eq!(exit, 3);
    assert!(text.contains("sql_admin_password"), "{text}");
}

#[test]
fn json_documents_have_a_format_version() {
    let workspace = Workspace::new();
    workspace.ok("drplan init shop");
    workspace.ok("drplan apply shop --yes");
    let one = workspace.ok("drplan state list shop");
    let address = one.split_whitespace().next().unwrap();
    for line in [
        "drplan apply shop --yes --format json".to_owned(),
        "drplan state list shop --format json".to_owned(),
        format!("drplan state show {address} shop --format json"),
        "drplan output shop --format json".to_owned(),
        "drplan simulator fault list --format json".to_owned(),
        "drplan failover-group history shop --format json".to_owned(),
        "drplan failover-group status shop --format json".to_owned(),
        "drplan failover-group abort shop --format json".to_owned(),
        "drplan roles show shop --format json".to_owned(),
        "drplan validate shop --format json".to_owned(),
        "drplan check shop --format json".to_owned(),
        "drplan destroy shop --yes --format json".to_owned(),
    ] {
        let (text, _) = workspace.run(&line);
        let json = text.find('{').map(|at| &text[at..]).unwrap_or_default();
        let json: serde_json::Value =
            serde_json::from_str(json).unwrap_or_else(|error| panic!("{line}: {error}\n{text}"));
        assert!(json.get("format_version").is_some(), "{line}\n{text}");
    }
}

#[test]
fn unreachable_site_is_refused_with_the_forced_command() {
    let workspace = web_geo();
    let given = r"--vars 'stacks/it'\''s web/local.vars.hcl' --var instances=2";
    workspace.ok(&format!("drplan simulator fault lose canadacentral {FLAGS}"));
    let up = format!(r"drplan failover-group up 'stacks/it'\''s web' --planned --yes {FLAGS} {given}");
    let (refused, exit) = workspace.run(&up);
    assert_eq!(exit, 4, "{refused}");
    let forced = printed(&refused, "drplan failover-group up --forced --lost primary");
    let (text, _) = workspace.run(&format!("{forced} --accept-data-loss 30s --dry-run"));
    assert!(text.contains("up of failover group") && text.contains(", forced"), "{text}");
}

#[test]
fn unknown_region_is_refused_with_a_suggestion() {
    let workspace = Workspace::new();
    let (text, exit) = workspace.run("drplan simulator fault lose atlantis");
    assert_eq!(exit, 1, "{text}");
    assert!(text.contains("no region `atlantis`"), "{text}");
    let (text, exit) = workspace.run("drplan simulator fault lose canadacentra");
    assert_eq!(exit, 1);
    assert!(text.contains("Did you mean `canadacentral`?"), "{text}");
    let text = workspace.ok("drplan simulator fault lose 'Canada Central'");
    assert!(text.contains("canadacentral is down"), "{text}");
}

#[test]
fn every_help_text_shows_examples_that_parse() {
    fn walk(command: &clap::Command, found: &mut Vec<String>) {
        if let Some(after) = command.get_after_help() {
            found.extend(after.to_string().lines().map(|line| line.trim().to_owned()));
        }
        command.get_subcommands().for_each(|inner| walk(inner, found));
    }
    let mut lines = Vec::new();
    walk(&cli::command_line(), &mut lines);
    let mut examples = 0;
    for line in lines.iter().filter(|line| line.starts_with("drplan ")) {
        // A comment begins after three blanks; a pipe or a redirection ends the command.
        let command = line.split("   ").next().unwrap().split([';', '|', '>']).next().unwrap();
        for command in command.split("&&").map(str::trim).filter(|command| command.starts_with("drplan ")) {
            let words = split(&command.replace('"', "'"));
            if let Err(error) = cli::command_line().try_get_matches_from(words) {
                panic!("the example `{command}` does not parse:\n{error}");
            }
            examples += 1;
        }
    }
    assert!(examples > 40, "{examples}");
}

#[test]
fn path_that_begins_with_a_hyphen_is_printed_as_a_path() {
    let workspace = Workspace::new();
    std::fs::create_dir(workspace.path("-x")).unwrap();
    let text = workspace.ok("drplan init ./-x");
    workspace.ok(&printed(&text, "drplan plan"));
    assert!(Path::new(&workspace.path("-x/stack.hcl")).exists());
}
