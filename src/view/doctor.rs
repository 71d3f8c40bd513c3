//! Findings of `doctor`, as text and JSON.

use serde_json::{Value as Json, json};

use super::{BOLD, GREEN, Layout, MANY, RED, YELLOW, count, fit, styled};
use crate::doctor::{DoctorResult, DoctorStatus};

/// The version of the JSON format.
const VERSION: u32 = 1;
/// The column of a finding.
const INDENT: usize = 10;

/// All findings in their order, the fix for each, and the number of failures. A summary shows many findings that differ
/// in a few words as one, with their number.
pub fn text(of: &str, findings: &[DoctorResult], layout: Layout) -> String {
    let mut out = format!("{of}\n\n");
    let are_alike = |a: &DoctorResult, b: &DoctorResult| (a.check, a.verdict, &a.help) == (b.check, b.verdict, &b.help);
    for group in findings.chunk_by(are_alike) {
        match layout.is_full() || group.len() < MANY {
            true => group.iter().for_each(|one| out += &finding(one, &one.what, layout)),
            false => out.extend(group.first().map(|first| finding(first, &joined(group), layout))),
        }
    }
    fit(&(out + &format!("\n{}\n", verdict(findings))), layout.width)
}

fn finding(DoctorResult { check, verdict, help, .. }: &DoctorResult, what: &str, layout: Layout) -> String {
    let word = match verdict {
        DoctorStatus::Fails => styled(RED, "FAILED "),
        DoctorStatus::Unseen => styled(YELLOW, "unknown"),
        DoctorStatus::Warns => styled(YELLOW, "warning"),
        DoctorStatus::Passes => styled(GREEN, "passed "),
    };
    let mut out = format!("  {word} {}\n", layout.wrap(&format!("{}: {what}", styled(BOLD, check)), INDENT));
    if !help.is_empty() {
        out += &format!("{:INDENT$}{}\n", "", layout.wrap(help, INDENT));
    }
    out
}

/// Findings as one: the words that all begin and end with, and between them those in which they differ.
fn joined(group: &[DoctorResult]) -> String {
    let all: Vec<Vec<&str>> = group.iter().map(|one| one.what.split(' ').collect()).collect();
    let shortest = all.iter().map(Vec::len).min().unwrap_or_default();
    let first = all.first().map(Vec::as_slice).unwrap_or_default();
    let same = |at: &usize| all.iter().all(|words| words.get(*at) == first.get(*at));
    let before = (0..shortest).take_while(same).count();
    let from_end = |words: &[&str], at: usize| words.iter().rev().nth(at).map(|word| (*word).to_owned());
    let same_end = |at: &usize| all.iter().all(|words| from_end(words, *at) == from_end(first, *at));
    let after = (0..shortest - before).take_while(same_end).count();
    let between = |words: &Vec<&str>| words.get(before..words.len() - after).unwrap_or_default().join(" ");
    let different: Vec<String> = all.iter().map(between).collect();
    let ends = [first.get(..before), first.get(first.len() - after..)].map(|words| words.unwrap_or_default().join(" "));
    let [begin, end] = ends;
    let words = [begin, different.join(", "), end].into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>();
    format!("{} ({} findings, -v shows each)", words.join(" "), group.len())
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::view::Detail;

    #[test]
    fn many_like_findings_are_one_with_their_number() {
        let finding = |scope: &str| {
            let what = format!("missing permissions in {scope}: read");
            DoctorResult::of("permissions", DoctorStatus::Fails, what, "Request a role.")
        };
        let mut findings: Vec<DoctorResult> = ["rg-a", "rg-b", "rg-c", "rg-d"].map(finding).to_vec();
        let shown = |findings: &[DoctorResult], detail| {
            let layout = Layout { detail, ..Layout::default() };
            anstream::adapter::strip_str(&text("web on azure", findings, layout)).to_string()
        };
        let one = "  FAILED  permissions: missing permissions in rg-a:, rg-b:, rg-c:, rg-d: read (4 findings, -v shows\n          \
                   each)\n          Request a role.\n";
        assert!(shown(&findings, Detail::Summary).contains(one), "{}", shown(&findings, Detail::Summary));
        assert_eq!(shown(&findings, Detail::Full).matches("missing permissions in").count(), 4);
        findings.pop();
        assert_eq!(shown(&findings, Detail::Summary).matches("missing permissions in").count(), 3);
    }
}
