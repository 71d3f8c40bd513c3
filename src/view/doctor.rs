//! Findings of `doctor`, as text and JSON.

use serde_json::{Value as Json, json};

use super::{BOLD, GREEN, RED, YELLOW, count, hang, styled, wrap};
use crate::doctor::{DoctorResult, DoctorStatus};

/// The version of the JSON format.
const VERSION: u32 = 1;
/// The width of a line, and the column of a finding.
const WIDTH: usize = 100;
const INDENT: usize = 10;

/// All findings in their order, the fix for each, and the number of failures.
pub fn text(of: &str, findings: &[DoctorResult]) -> String {
    let mut out = format!("{of}\n\n");
    for DoctorResult { check, verdict, what, help } in findings {
        let word = match verdict {
            DoctorStatus::Fails => styled(RED, "FAILED "),
            DoctorStatus::Unseen => styled(YELLOW, "unknown"),
            DoctorStatus::Warns => styled(YELLOW, "warning"),
            DoctorStatus::Passes => styled(GREEN, "passed "),
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
fn verdict(findings: &[DoctorResult]) -> String {
    let number = |verdict| findings.iter().filter(|finding| finding.verdict == verdict).count();
    match (number(DoctorStatus::Fails), number(DoctorStatus::Unseen) + number(DoctorStatus::Warns)) {
        (0, 0) => "All checks passed.".to_owned(),
        (0, some) => format!("No check failed; {}.", count(some, "warning", "warnings")),
        (some, 0) => {
            format!("{}. Fix the failures before you rely on this stack.", count(some, "check failed", "checks failed"))
        }
        (some, warnings) => format!(
            "{}, {}. Fix the failures before you rely on this stack.",
            count(some, "check failed", "checks failed"),
            count(warnings, "warning", "warnings")
        ),
    }
}

/// The same for scripts.
pub fn json(stack: Option<&str>, cloud: &str, findings: &[DoctorResult]) -> Json {
    json!({ "format_version": VERSION, "stack": stack, "cloud": cloud, "findings": findings })
}
