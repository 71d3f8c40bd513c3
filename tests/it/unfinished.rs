//! Commands while a failover run is unfinished: other changes are applied, the stack may change, and every command that
//! is printed leads on.

use super::followed::drplan;

const STACK: &str = r#"
stack "small" {}
site "a" {
  provider = "azure"
  location = "canadacentral"
}
site "b" {
  provider = "azure"
  location = "canadaeast"
}
resource_group "g" {
  site = site.b
}
resource_group "up" {
  site     = site.b
  presence = "failover"
}
public_ip "front" {
  resource_group    = resource_group.up
  allocation_method = "Static"
}
failover_group "web" {
  from     = site.a
  to       = site.b
  stand_up = [resource_group.up]
  step "agree" {
    after = ["stand_up"]
    approval { message = "Proceed?" }
  }
}
"#;

const UP: &[&str] = &["failover-group", "up", "--planned", "--yes"];

/// A directory with an applied stack, and a run of its group that waits for approval.
fn waiting() -> tempfile::TempDir {
    let dir = tempfile::tempdir().unwrap();
    write(&dir, STACK);
    assert_eq!(drplan(dir.path(), &["apply", "--yes"]).1, 0);
    let (said, exit) = drplan(dir.path(), UP);
    assert_eq!(exit, 5, "{said}");
    dir
}

fn write(dir: &tempfile::TempDir, text: &str) {
    std::fs::write(dir.path().join("stack.hcl"), text).unwrap();
}

/// The commands in a text: lines that are nothing else, without `drplan`.
fn commands(said: &str) -> Vec<Vec<String>> {
    let line =
        |line: &str| line.trim().strip_prefix("drplan ").map(|words| words.split(' ').map(str::to_owned).collect());
    said.lines().filter_map(line).collect()
}

fn run(dir: &tempfile::TempDir, words: &[String]) -> (String, u8) {
    let mut words: Vec<&str> = words.iter().map(String::as_str).collect();
    words.push("--yes");
    drplan(dir.path(), &words)
}

/// The journal of the last run.
fn journal(dir: &tempfile::TempDir) -> std::path::PathBuf {
    let runs = dir.path().join("state/small/local/runs");
    let files = runs.read_dir().unwrap().map(|file| file.unwrap().path());
    files.filter(|path| path.extension().is_some_and(|ending| ending == "jsonl")).max().unwrap()
}

#[test]
fn apply_during_a_run_changes_what_the_run_does_not_work_on() {
    let dir = waiting();
    write(
        &dir,
        &STACK
            .replace("resource_group \"g\" {", "resource_group \"more\" {\n  site = site.a\n}\nresource_group \"g\" {"),
    );
    let (said, exit) = drplan(dir.path(), &["apply", "--yes"]);
    assert_eq!(exit, 0, "{said}");
    assert!(
        said.contains("resource_group.more") && said.contains("is unfinished") || said.contains("been unfinished"),
        "{said}"
    );
    let (said, exit) = drplan(dir.path(), &["destroy", "--yes"]);
    assert_eq!(exit, 4, "{said}");
    assert!(said.contains("works on"), "{said}");
    // The run has lost nothing of what it recorded.
    write(&dir, STACK);
    let (said, exit) = drplan(dir.path(), &["failover-group", "approve", "last", "step.agree"]);
    assert_eq!(exit, 0, "{said}");
    let (said, exit) = drplan(dir.path(), &["failover-group", "resume"]);
    assert_eq!((exit, said.contains("Users and data did not move")), (0, true), "{said}");
    assert!(drplan(dir.path(), &["state", "list"]).0.contains("public_ip.front"));
}

#[test]
fn abort_leads_on_whatever_the_stack_has_become() {
    for text in [STACK.replace("Proceed?", "Continue?"), "stack \"small\" {".to_owned(), String::new()] {
        let dir = waiting();
        write(&dir, &text);
        let (said, exit) = drplan(dir.path(), &["failover-group", "abort", "--yes"]);
        assert_eq!(exit, 0, "{said}");
        assert!(said.contains("were rolled back"), "{said}");
        write(&dir, STACK);
        assert_eq!(drplan(dir.path(), &["plan", "--detailed-exitcode"]).1, 0);
        assert_eq!(drplan(dir.path(), UP).1, 5, "the group can be moved again");
    }
}

#[test]
fn every_command_that_abort_prints_can_be_carried_out() {
    let dir = waiting();
    let (said, exit) = drplan(dir.path(), &["failover-group", "abort", "--leave-as-is", "--yes"]);
    assert_eq!(exit, 0, "{said}");
    let offered = commands(&said);
    assert!(offered.len() >= 3, "{said}");
    for words in offered.iter().filter(|words| !words.contains(&"--forced".to_owned())) {
        let dir = waiting();
        drplan(dir.path(), &["failover-group", "abort", "--leave-as-is", "--yes"]);
        let (said, exit) = run(&dir, words);
        // Each waits for approval again, or is done.
        assert!([0, 5].contains(&exit), "{words:?}: {said}");
    }
}

#[test]
fn changed_stack_is_shown_and_the_run_resumes_with_it() {
    let dir = waiting();
    write(&dir, &STACK.replace("Proceed?", "Continue?"));
    // Without a terminal to ask on, the change is refused, and the command to accept it is printed.
    let (said, exit) = drplan(dir.path(), &["failover-group", "resume"]);
    assert_eq!(exit, 4, "{said}");
    assert!(said.contains("step.agree.message: \"Proceed?\" -> \"Continue?\""), "{said}");
    let (said, exit) = drplan(dir.path(), &["failover-group", "resume", "--yes"]);
    assert_eq!(exit, 5, "{said}");
    assert!(said.contains("Continue?"), "{said}");
    assert_eq!(drplan(dir.path(), &["failover-group", "approve", "last", "step.agree"]).1, 0);
    let (said, exit) = drplan(dir.path(), &["failover-group", "resume"]);
    assert_eq!((exit, said.contains("Users and data did not move")), (0, true), "{said}");
    let (said, _) = drplan(dir.path(), &["failover-group", "show", "last"]);
    assert!(said.contains("resumed the run with a changed stack"), "{said}");
}

#[test]
fn damaged_journal_can_be_moved_away_as_advised() {
    let dir = waiting();
    let path = journal(&dir);
    let text = std::fs::read_to_string(&path).unwrap();
    let lines: Vec<&str> = text.lines().collect();
    let damaged: Vec<&str> =
        lines.iter().enumerate().map(|(at, line)| if at == 2 { "garbage" } else { line }).collect();
    std::fs::write(&path, damaged.join("\n") + "\n").unwrap();
    let (said, exit) = drplan(dir.path(), &["failover-group", "status"]);
    assert_eq!(exit, 3, "{said}");
    assert!(said.contains("damaged") && said.contains("drplan refresh"), "{said}");
    std::fs::rename(&path, dir.path().join("damaged.jsonl")).unwrap();
    let (said, exit) = drplan(dir.path(), &["refresh"]);
    assert_eq!(exit, 0, "{said}");
    assert!(said.contains("mixed state"), "{said}");
    assert!(drplan(dir.path(), &["state", "list"]).0.contains("resource_group.up"), "what exists is recorded again");
    let (said, exit) = drplan(dir.path(), UP);
    assert_eq!(exit, 5, "{said}");
    assert_eq!(drplan(dir.path(), &["failover-group", "approve", "last", "step.agree"]).1, 0);
    assert_eq!(drplan(dir.path(), &["failover-group", "resume"]).1, 0, "the recovery site is provisioned");
    assert_eq!(drplan(dir.path(), &["plan", "--detailed-exitcode"]).1, 0);
}

#[test]
fn history_names_what_it_cannot_read() {
    type Damage = fn(&std::path::Path);
    let damages: [(Damage, &str); 3] = [
        (|path| std::fs::write(path, "").unwrap(), "its journal is empty"),
        (|path| std::fs::remove_file(path).unwrap(), "its journal is missing"),
        (
            |path| {
                let text = std::fs::read_to_string(path).unwrap();
                std::fs::write(path, text.replacen("\"at\"", "\"aT\"", 2)).unwrap();
            },
            "is damaged",
        ),
    ];
    for (damage, words) in damages {
        let dir = waiting();
        let path = journal(&dir);
        damage(&path);
        let run = path.file_stem().unwrap().to_str().unwrap();
        let (said, exit) = drplan(dir.path(), &["failover-group", "history"]);
        assert_eq!(exit, 1, "{said}");
        assert!(said.contains(&format!("Run {run} cannot be read")) && said.contains(words), "{said}");
        assert!(!said.contains("No failover runs"), "{said}");
        let (said, exit) = drplan(dir.path(), &["failover-group", "history", "--format", "json"]);
        let document: serde_json::Value = serde_json::from_str(&said).expect("JSON");
        assert_eq!((exit, document["unreadable"][0]["run"].as_str()), (1, Some(run)), "{said}");
        assert_ne!(drplan(dir.path(), &["failover-group", "show", "last"]).1, 0);
    }
}

#[test]
fn group_that_moves_and_provisions_nothing_fails() {
    let dir = tempfile::tempdir().unwrap();
    let (resources, group) = STACK.split_once("  stand_up = ").unwrap();
    assert!(group.contains("approval"));
    let resources = resources.replace("presence = \"failover\"", "presence = \"permanent\"");
    write(&dir, &format!("{resources}}}\n"));
    assert_eq!(drplan(dir.path(), &["apply", "--yes"]).1, 0);
    let (said, exit) = drplan(dir.path(), UP);
    assert_eq!((exit, said.contains("Users and data did not move")), (1, true), "{said}");
}
