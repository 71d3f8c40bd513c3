//! Text of a stack that tries to command a terminal or the log of a CI job: nothing that drplan prints or writes for
//! readers contains it as it is.

use std::path::Path;
use std::sync::Arc;

use drplan::cli::{self, Session};
use drplan::host::SeededIds;
use drplan::visible::is_unseen;

use crate::transcripts::CollectedOutput;

/// Escape sequences, a bell, a reversal of direction, line breaks, and commands of two CI systems.
const HOSTILE: &str =
    r"go\u001b[31m\u001b]0;title\u0007\u202etxt\u2066\r\nerror: forged\n::error::x ##[error]y ##vso[z]";

const STACK: &str = r#"
stack "hostile" {
  description = "HOSTILE"
  tags        = { note = "HOSTILE" }
}

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
  tags = { note = "HOSTILE" }
}

resource_group "spare" {
  site     = site.west
  presence = "failover"
}

output "names" {
  value = { "HOSTILE" = "key" }
}

output "note" {
  value       = "HOSTILE"
  description = "HOSTILE"
}

failover_group "web" {
  from     = site.east
  to       = site.west
  promote  = []
  stand_up = [resource_group.spare]

  step "ask" {
    approval { message = "HOSTILE" }
  }
}
"#;

fn drplan(dir: &Path, words: &[&str]) -> String {
    let (out, err) = (CollectedOutput::default(), CollectedOutput::default());
    let ids = Arc::new(SeededIds::new(9));
    let mut session = Session::detached(
        Box::new(out.clone()),
        Box::new(err.clone()),
        dir.to_owned(),
        ids,
        drplan::providers::catalog(),
    );
    let words = std::iter::once("drplan").chain(words.iter().copied());
    let _ = cli::run(words.map(Into::into), &mut session);
    format!("{}{}", out.text(), err.text())
}

/// Lines that a terminal or a CI log would obey.
fn faults(what: &str, text: &str) -> Vec<String> {
    let plain = anstream::adapter::strip_str(text).to_string();
    let is_obeyed = |line: &&str| {
        line.chars().any(|c| c != '\t' && is_unseen(c))
            || line.contains("##[")
            || line.contains("##vso[")
            || line.trim_start().starts_with("::")
            || line.starts_with("error: forged")
    };
    plain.split('\n').filter(is_obeyed).map(|line| format!("{what}: {line:?}")).collect()
}

#[test]
fn text_of_a_stack_commands_no_terminal_and_no_log() {
    let dir = tempfile::tempdir().expect("a directory");
    let stack = STACK.replace("HOSTILE", HOSTILE);
    std::fs::write(dir.path().join("stack.hcl"), stack).expect("a file");
    let commands: &[&[&str]] = &[
        &["validate", "."],
        &["check", "."],
        &["plan", "."],
        &["plan", ".", "--format", "json"],
        &["plan", ".", "--format", "markdown"],
        &["apply", ".", "--yes"],
        &["output", "."],
        &["state", "list", "."],
        &["graph", "."],
        &["emit", "terraform", ".", "--out", "tf"],
        &["emit", "bicep", ".", "--out", "bicep"],
        &["failover-group", "show", "."],
        &["failover-group", "up", ".", "--planned", "--yes"],
        &["failover-group", "status", "."],
        &["failover-group", "history", "."],
        &["failover-group", "abort", ".", "--yes"],
        &["failover-group", "history", ".", "--format", "json"],
    ];
    let mut found = Vec::new();
    let mut said = String::new();
    for words in commands {
        let text = drplan(dir.path(), words);
        found.extend(faults(&words.join(" "), &text));
        said += &text;
    }
    assert!(said.contains("Approve with"), "no step waited:\n{said}");
    let mut files = vec![dir.path().join("tf"), dir.path().join("bicep"), dir.path().join("state/hostile")];
    let mut read = 0;
    while let Some(path) = files.pop() {
        if path.is_dir() {
            let entries = std::fs::read_dir(&path).expect("a directory");
            files.extend(entries.map(|entry| entry.expect("an entry").path()));
            continue;
        }
        let name = path.display().to_string();
        // State and journals are data: JSON of the values as they are.
        if !name.ends_with(".json") && !name.ends_with(".jsonl") && !name.ends_with(".backup") {
            let text = std::fs::read_to_string(&path).expect("a text");
            // Code is not a log: it keeps the value, without what is unseen.
            let unseen = text.chars().any(|c| !matches!(c, '\n' | '\t') && is_unseen(c));
            let obeyed = !name.contains("/tf/") && !name.contains("/bicep/") && !faults("", &text).is_empty();
            found.extend((unseen || obeyed).then_some(name));
            read += 1;
        }
    }
    assert!(read > 8, "{read} files were read");
    assert!(found.is_empty(), "{}\n{said}", found.join("\n"));
}
