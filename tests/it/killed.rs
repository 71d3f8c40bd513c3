//! The real binary, killed by SIGKILL at any time: later commands continue the work.
#![cfg(unix)]

use std::os::unix::process::ExitStatusExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use rustix::process::{Pid, Signal, kill_process};

/// Number of resources after all is applied.
const RESOURCES: usize = 302;
/// Kills of the apply, each after this many further journal entries.
const KILLS: &[usize] = &[1, 90, 200];
const SIGKILL: i32 = 9;

const STACK: &str = r#"
stack "many" {}

site "east" {
  provider = "azure"
  location = "canadacentral"
}

resource_group "app" {
  site = site.east
}

virtual_network "app" {
  resource_group = resource_group.app
  address_space  = ["10.0.0.0/16"]
}

public_ip "app" {
  for_each          = toset([for n in range(300) : "ip-${n}"])
  name              = each.key
  resource_group    = resource_group.app
  allocation_method = "Static"
}
"#;

/// A directory with a stack, its state and its cloud.
struct StackDirectory {
    dir: tempfile::TempDir,
    /// Name of the stack.
    stack: &'static str,
}

impl StackDirectory {
    fn new() -> Self {
        let dir = tempfile::tempdir().expect("a directory");
        std::fs::write(dir.path().join("stack.hcl"), STACK).expect("a file");
        Self { dir, stack: "many" }
    }

    /// The two-region stack of the language reference.
    fn web_geo() -> Self {
        let dir = tempfile::tempdir().expect("a directory");
        let from = Path::new(env!("CARGO_MANIFEST_DIR")).join("stacks/web-geo");
        for file in from.read_dir().expect("the stack").map(|entry| entry.expect("an entry")) {
            std::fs::copy(file.path(), dir.path().join(file.file_name())).expect("a file");
        }
        Self { dir, stack: "web-geo" }
    }

    fn command(&self, words: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_drplan"));
        command.current_dir(self.dir.path()).args(words).stdin(Stdio::null());
        command
    }

    /// Runs a command, which must succeed, and returns its output.
    fn run(&self, words: &[&str]) -> String {
        let Output { status, stdout, stderr } = self.command(words).output().expect("drplan runs");
        assert!(status.success(), "{words:?}: {status}\n{}", String::from_utf8_lossy(&stderr));
        String::from_utf8(stdout).expect("UTF-8")
    }

    /// Number of entries in all journals.
    fn entries(&self) -> usize {
        let lines = |path: PathBuf| std::fs::read(path).map_or(0, |text| text.iter().filter(|b| **b == b'\n').count());
        let runs: &Path = &self.dir.path().join("state").join(self.stack).join("local/runs");
        runs.read_dir().map_or(0, |files| files.filter_map(Result::ok).map(|file| lines(file.path())).sum())
    }

    /// Runs a command and kills it after this many further entries.
    fn killed_after(&self, words: &[&str], entries: usize) {
        let until = self.entries() + entries;
        let mut child = self.command(words).stdout(Stdio::null()).stderr(Stdio::null()).spawn();
        let child = child.as_mut().expect("drplan runs");
        while self.entries() < until && child.try_wait().expect("a child").is_none() {
            std::thread::yield_now();
        }
        child.kill().expect("the child can be killed");
        let status = child.wait().expect("a child");
        assert_eq!(status.signal(), Some(SIGKILL), "the command ended before the kill: {status}");
    }

    /// Ids of existing objects in the cloud.
    fn standing(&self) -> Vec<String> {
        let shown = self.run(&["simulator", "show"]);
        let mut ids: Vec<String> =
            shown.split_whitespace().filter(|word| word.starts_with("/subscriptions/")).map(str::to_owned).collect();
        ids.sort();
        ids
    }

    /// Recorded state.
    fn recorded(&self) -> String {
        self.run(&["state", "list"])
    }
}

#[test]
fn killed_apply_resumes_where_it_stopped() {
    let undisturbed = StackDirectory::new();
    undisturbed.run(&["apply", "--yes"]);
    assert_eq!(undisturbed.recorded().lines().count(), RESOURCES);

    let killed = StackDirectory::new();
    for entries in KILLS {
        killed.killed_after(&["apply", "--yes"], *entries);
        killed.run(&["plan"]);
        assert!(killed.recorded().lines().count() < RESOURCES, "the killed apply had already finished");
    }
    killed.run(&["apply", "--yes"]);
    // With `--detailed-exitcode`, exit code 0 means an empty plan.
    killed.run(&["plan", "--detailed-exitcode"]);
    assert_eq!(killed.recorded(), undisturbed.recorded());
    assert_eq!(killed.standing(), undisturbed.standing());

    killed.run(&["destroy", "--yes"]);
    assert_eq!((killed.standing(), killed.recorded()), (Vec::new(), String::new()));
}

#[test]
fn killed_failover_can_be_resumed() {
    const VARS: [&str; 2] = ["--vars", "demo.vars.hcl"];
    let dir = StackDirectory::web_geo();
    let with_vars = |words: &[&'static str]| words.iter().copied().chain(VARS).collect::<Vec<_>>();
    dir.run(&with_vars(&["apply", "--yes"]));
    dir.killed_after(&with_vars(&["failover-group", "up", "--planned", "--yes"]), 2);
    for entries in [6, 12] {
        assert!(dir.run(&with_vars(&["failover-group", "status"])).contains("failover-group resume"));
        let refused = dir.command(&with_vars(&["destroy", "--yes"])).output().expect("drplan runs");
        assert_eq!(refused.status.code(), Some(4), "an unfinished run keeps what it works on");
        dir.killed_after(&with_vars(&["failover-group", "resume"]), entries);
    }
    dir.run(&with_vars(&["failover-group", "resume"]));
    dir.run(&with_vars(&["plan", "--detailed-exitcode"]));
    assert!(dir.run(&["roles", "show"]).contains("secondary has been active"));
    dir.run(&with_vars(&["failover-group", "down", "--yes"]));
    dir.run(&with_vars(&["plan", "--detailed-exitcode"]));
}

#[test]
fn failover_stopped_by_a_signal_ends_as_with_ctrl_c() {
    const VARS: [&str; 2] = ["--vars", "demo.vars.hcl"];
    let with_vars = |words: &[&'static str]| words.iter().copied().chain(VARS).collect::<Vec<_>>();
    for signal in [Signal::TERM, Signal::HUP] {
        let dir = StackDirectory::web_geo();
        dir.run(&with_vars(&["apply", "--yes"]));
        let until = dir.entries() + 3;
        let mut up = dir.command(&with_vars(&["failover-group", "up", "--planned", "--yes"]));
        let mut up = up.stdout(Stdio::piped()).stderr(Stdio::null()).spawn().expect("drplan runs");
        while dir.entries() < until && up.try_wait().expect("a child").is_none() {
            std::thread::yield_now();
        }
        let process = Pid::from_raw(i32::try_from(up.id()).expect("a process id")).expect("a process id");
        kill_process(process, signal).expect("the child can be signalled");
        let ended = up.wait_with_output().expect("the output");
        assert_eq!(ended.status.code(), Some(5), "{signal:?}");
        assert!(String::from_utf8_lossy(&ended.stdout).contains("failover-group resume"), "{signal:?}");
        dir.run(&with_vars(&["failover-group", "resume"]));
        dir.run(&with_vars(&["plan", "--detailed-exitcode"]));
    }
}
