//! What the doctor found, as text and JSON.

use serde_json::{Value as Json, json};

use super::{BOLD, GREEN, RED, YELLOW, count, hang, styled, wrap};
use crate::doctor::{Finding, Verdict};

/// The version of the JSON.
const VERSION: u32 = 1;
/// The width of a line, and where what was found begins.
const WIDTH: usize = 100;
const INDENT: usize = 10;

/// All findings in their order, with what to do about each, and how many are bad.
pub fn text(of: &str, findings: &[Finding]) -> String {
    let mut out = format!("{of}\n\n");
    for Finding { check, verdict, what, help } in findings {
        let word = match verdict {
            Verdict::Fails => styled(RED, "fails  "),
            Verdict::Unseen => styled(YELLOW, "unseen "),
            Verdict::Warns => styled(YELLOW, "warns  "),
            Verdict::Passes => styled(GREEN, "passed "),
        };
        out +=
            &format!("  {word} {}\n", hang(&wrap(&format!("{}: {what}", styled(BOLD, check)), WIDTH - INDENT), INDENT));
        if !help.is_empty() {
            out += &format!("{:INDENT$}{}\n", "", hang(&wrap(help, WIDTH - INDENT), INDENT));
        }
    }
    out + &format!("\n{}\n", verdict(findings))
}

/// The last line.
fn verdict(findings: &[Finding]) -> String {
    let number = |verdict| findings.iter().filter(|finding| finding.verdict == verdict).count();
    match (number(Verdict::Fails), number(Verdict::Unseen) + number(Verdict::Warns)) {
        (0, 0) => "All is well.".to_owned(),
        (0, some) => format!("Nothing fails; {} to look at.", count(some, "thing", "things")),
        (some, _) => format!("{} to mend before this stack can be counted on.", count(some, "thing", "things")),
    }
}

/// The same for scripts.
pub fn json(stack: Option<&str>, cloud: &str, findings: &[Finding]) -> Json {
    json!({ "version": VERSION, "stack": stack, "cloud": cloud, "findings": findings })
}
