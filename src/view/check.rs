//! Findings of `check`, and its rules, as text and JSON.

use serde_json::{Value as Json, json};

use super::{BOLD, DIM, Layout, WIDTH, count, fit, styled, table};
use crate::check::{CheckReport, Rule, Weight};
use crate::diagnostic::{Severity, Sources, render_all};

/// Findings, accepted findings, and the number of each. `width` is that of the terminal, or no limit.
pub fn text(review: &CheckReport<'_>, stack: &str, sources: &Sources, width: usize) -> String {
    let layout = Layout { width: width.min(WIDTH), ..Layout::default() };
    let mut out = fit(&render_all(&review.found, sources, width), width);
    for (finding, accepted) in &review.accepted {
        let what = layout.wrap(&format!("{}: {}", finding.code, finding.summary), 10);
        let reason = layout.wrap(&accepted.reason, 10);
        out += &format!("{}  {what}\n          {}\n", styled(DIM, "accepted"), styled(DIM, &reason));
    }
    if !out.is_empty() {
        out.push('\n');
    }
    let of = |severity| review.found.iter().filter(|finding| finding.severity == severity).count();
    let (errors, warnings) = (of(Severity::Error), of(Severity::Warning));
    let words = match (errors, warnings, review.accepted.len()) {
        (0, 0, 0) => "no findings".to_owned(),
        (errors, warnings, accepted) => {
            let parts = [
                (errors, count(errors, "error", "errors")),
                (warnings, count(warnings, "warning", "warnings")),
                (accepted, count(accepted, "finding accepted", "findings accepted")),
            ];
            parts.into_iter().filter(|(number, _)| *number > 0).map(|(_, words)| words).collect::<Vec<_>>().join(", ")
        }
    };
    let more =
        if errors + warnings > 0 { " `drplan check --explain RULE` explains a rule and how to fix it." } else { "" };
    out + &fit(&format!("{stack}: {words}.{more}\n"), width)
}

/// The same for scripts: the diagnostics as `validate` prints them, the accepted ones with `reason`.
pub fn json(review: &CheckReport<'_>, sources: &Sources) -> Json {
    let mut json = super::diagnostics::json(&review.found, sources);
    let accepted = review.accepted.iter().map(|(finding, accepted)| {
        let mut one = super::diagnostics::diagnostic(finding, sources);
        one["reason"] = Json::from(accepted.reason.as_str());
        one
    });
    json["accepted"] = Json::Array(accepted.collect());
    json
}

/// The rules, one on each line.
pub fn list(rules: &[&Rule], width: usize) -> String {
    let row = |rule: &&Rule| vec![rule.name.to_owned(), rule.weight.as_str().to_owned(), rule.about.to_owned()];
    let head = vec![["rule", "severity", "requirement"].map(str::to_owned).to_vec()];
    let rows: Vec<Vec<String>> = head.into_iter().chain(rules.iter().map(row)).collect();
    table(&rows, 3, width)
}

/// One rule: requirement, cause, consequence, fix, and an example that breaks and one that keeps it.
pub fn explained(rule: &Rule, layout: Layout) -> String {
    let weight = match rule.weight {
        Weight::Stops => "error: blocks every command, and cannot be accepted",
        Weight::Error => "error: `drplan check` fails",
        Weight::Warning => "warning: `drplan check --strict` fails",
    };
    let example = |text: &str| text.lines().map(|line| format!("    {line}").trim_end().to_owned() + "\n").collect();
    let (broken, kept): (String, String) = (example(&rule.broken_blocks()), example(&rule.kept_blocks()));
    let part = |name: &str, text: &str| {
        let heading = styled(BOLD, &format!("{name:<11}"));
        format!("{heading}  {}\n", layout.wrap(text, 13))
    };
    let accept = match rule.weight {
        Weight::Stops => String::new(),
        Weight::Error | Weight::Warning => format!(
            "\nTo accept the findings of this rule, add to the `stack` block:\n\n    accept \"{}\" {{\n      reason = \"…\"\n    }}\n",
            rule.name
        ),
    };
    format!(
        "{} ({weight})\n\n{}\n\n{}{}{}\nViolates the rule:\n\n{broken}\nFollows the rule:\n\n{kept}{accept}",
        styled(BOLD, rule.name),
        layout.wrap(rule.about, 0),
        part("Cause", rule.cause),
        part("Consequence", rule.consequence),
        part("Fix", rule.fix),
    )
}

/// The rules for scripts: `format_version`, and `rules`, each with `name`, `severity` (`blocking`, `error`, `warning`),
/// `about`, `cause`, `consequence`, `fix`, `breaks` and `keeps`; `why` and `instead` are what earlier versions had.
pub fn rules_json(rules: &[&Rule]) -> Json {
    let one = |rule: &&Rule| {
        json!({
            "name": rule.name,
            "severity": rule.weight.as_str(),
            "about": rule.about,
            "cause": rule.cause,
            "consequence": rule.consequence,
            "fix": rule.fix,
            "breaks": rule.breaks,
            "keeps": rule.keeps,
            "why": format!("{} {}", rule.cause, rule.consequence),
            "instead": rule.kept_blocks().trim_end(),
        })
    };
    json!({ "format_version": 2, "rules": rules.iter().map(one).collect::<Vec<_>>() })
}
