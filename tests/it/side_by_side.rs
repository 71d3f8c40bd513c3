//! Two real processes at once: groups of one stack move side by side, and two commands for one group do not.
//!
//! A step of each run meets the other process at a named pipe, so that both are in progress at the same time, without
//! sleeps.
#![cfg(unix)]

use std::io::{BufRead as _, BufReader, Read as _};
use std::path::Path;
use std::process::{Child, Command, Output, Stdio};

use super::serving::ServedSimulator;

const SITES: &str = r#"
stack "beside" {}
site "primary" {
  provider = "azure"
  location = "canadacentral"
}
site "secondary" {
  provider = "azure"
  location = "canadaeast"
}
resource_group "home" {
  site = site.primary
}
"#;

/// A group with one store, whose run runs a program before it promotes.
const GROUP: &str = r#"
storage_account "{group}" {
  name                     = "beside{group}"
  resource_group           = resource_group.home
  account_tier             = "Standard"
  account_replication_type = "RAGRS"
}
geo_replica "{group}" {
  source = storage_account.{group}
  site   = site.secondary
}
failover_group "{group}" {
  from    = site.primary
  to      = site.secondary
  promote = [geo_replica.{group}]
  step "meet-{group}" {
    on     = ["up"]
    before = [promote]
    command {
      program   = "/bin/sh"
      arguments = ["-c", "{program}"]
    }
  }
}
"#;

fn group(name: &str, program: &str) -> String {
    GROUP.replace("{group}", name).replace("{program}", program)
}

/// A stack in a directory with named pipes.
struct StackDirectory {
    dir: tempfile::TempDir,
}

impl StackDirectory {
    fn new(groups: &[String], pipes: &[&str]) -> Self {
        let dir = tempfile::tempdir().expect("a directory");
        std::fs::write(dir.path().join("stack.hcl"), SITES.to_owned() + &groups.concat()).expect("a file");
        let made = Command::new("mkfifo").args(pipes).current_dir(dir.path()).status().expect("mkfifo runs");
        assert!(made.success());
        Self { dir }
    }

    fn path(&self) -> &Path {
        self.dir.path()
    }

    /// A command on this stack: on the served simulator, or on the local one.
    fn command(&self, served: Option<&ServedSimulator>, words: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_drplan"));
        command.current_dir(self.path()).args(words).stdin(Stdio::null());
        if let Some(served) = served {
            command.args(["--cloud", "azure"]).env_clear().envs(&served.settings);
        }
        command
    }

    fn output(&self, served: Option<&ServedSimulator>, words: &[&str]) -> (String, Option<i32>) {
        outcome(&self.command(served, words).output().expect("drplan runs"))
    }

    fn done(&self, served: Option<&ServedSimulator>, words: &[&str]) -> String {
        let (said, exit) = self.output(served, words);
        assert_eq!(exit, Some(0), "{words:?}: {said}");
        said
    }

    fn spawn(&self, served: Option<&ServedSimulator>, words: &[&str]) -> Child {
        let mut command = self.command(served, words);
        command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("drplan runs")
    }
}

fn outcome(output: &Output) -> (String, Option<i32>) {
    let text = String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr);
    (text, output.status.code())
}

#[test]
fn two_groups_move_at_the_same_time() {
    // Each program waits for the other one's word: they end only if both run at once.
    let groups = [group("one", "echo met > there; cat back"), group("two", "cat there; echo met > back")];
    let dir = StackDirectory::new(&groups, &["there", "back"]);
    let served = ServedSimulator::begin(dir.path(), 1000);
    let served = Some(&served);
    dir.done(served, &["apply", "--yes"]);
    let up = |group| dir.spawn(served, &["failover-group", "up", "--planned", "--yes", "--group", group]);
    let runs = [up("one"), up("two")];
    for run in runs {
        let (said, exit) = outcome(&run.wait_with_output().expect("the output"));
        assert_eq!(exit, Some(0), "{said}");
        assert!(said.contains("met"), "{said}");
    }
    let roles = dir.done(served, &["roles", "show"]);
    for store in ["geo_replica.one: primary replica at secondary", "geo_replica.two: primary replica at secondary"] {
        assert!(roles.contains(store), "{roles}");
    }
    assert!(!roles.contains("mixed state") && !roles.contains("unfinished"), "{roles}");
    dir.done(served, &["plan", "--detailed-exitcode"]);
    let runs = [
        dir.spawn(served, &["failover-group", "down", "--yes", "--group", "one"]),
        dir.spawn(served, &["failover-group", "down", "--yes", "--group", "two"]),
    ];
    for run in runs {
        let (said, exit) = outcome(&run.wait_with_output().expect("the output"));
        assert_eq!(exit, Some(0), "{said}");
    }
    dir.done(served, &["plan", "--detailed-exitcode"]);
}

#[test]
fn second_command_for_a_group_is_refused_or_follows_the_first() {
    let dir = StackDirectory::new(&[group("one", "echo here > begun; cat gate")], &["begun", "gate"]);
    dir.done(None, &["apply", "--yes"]);
    let first = dir.spawn(None, &["failover-group", "up", "--planned", "--yes"]);
    // The first process is in its step once it has written.
    assert_eq!(std::fs::read_to_string(dir.path().join("begun")).expect("a word"), "here\n");

    for words in [
        &["failover-group", "up", "--forced", "--lost", "primary", "--accept-data-loss", "1m", "--yes"][..],
        &["failover-group", "abort", "--yes"],
        &["failover-group", "abort", "--leave-as-is", "--yes"],
    ] {
        let (said, exit) = dir.output(None, words);
        assert_eq!(exit, Some(4), "{words:?}: {said}");
        assert!(said.contains("is locked by `drplan failover-group up` of"), "{words:?}: {said}");
        assert!(said.contains("wait until that ends"), "{words:?}: {said}");
    }
    let (said, exit) = dir.output(None, &["destroy", "--yes"]);
    assert_eq!(exit, Some(4), "{said}");

    // The same request follows the run, and ends as it does.
    let mut second = dir.spawn(None, &["failover-group", "up", "--planned", "--yes"]);
    let mut shown = BufReader::new(second.stderr.take().expect("its messages"));
    let mut line = String::new();
    while !line.contains("is in progress in another process. Following it") {
        line.clear();
        assert!(shown.read_line(&mut line).expect("a line") > 0, "the second process ended");
    }
    std::fs::write(dir.path().join("gate"), "go\n").expect("the gate opens");
    let (said, exit) = outcome(&first.wait_with_output().expect("the output"));
    assert_eq!(exit, Some(0), "{said}");
    let mut rest = String::new();
    shown.read_to_string(&mut rest).expect("its messages");
    assert_eq!(second.wait().expect("its end").code(), Some(0), "{rest}");
    assert!(rest.contains("geo_replica.one"), "{rest}");
    assert!(dir.done(None, &["roles", "show"]).contains("geo_replica.one: primary replica at secondary"));
    dir.done(None, &["plan", "--detailed-exitcode"]);
}
