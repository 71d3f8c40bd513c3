//! What the rules find, and the rules themselves, as text and JSON.

use serde_json::{Value as Json, json};

use super::{BOLD, DIM, count, hang, styled, table, wrap};
use crate::check::{Review, Rule, Weight};
use crate::diagnostic::{Severity, Sources, render_all};

/// The greatest width of a line.
const WIDTH: usize = 98;

/// What was found, what was accepted, and how much of each.
pub fn text(review: &Review<'_>, stack: &str, sources: &Sources) -> String {
    let mut out = render_all(&review.found, sources);
    for (finding, accepted) in &review.accepted {
        let what = hang(&wrap(&format!("{}: {}", finding.code, finding.summary), WIDTH - 10), 10);
        let reason = hang(&wrap(&accepted.reason, WIDTH - 10), 10);
        out += &format!("{}  {what}\n          {}\n", styled(DIM, "accepted"), styled(DIM, &reason));
    }
    if !out.is_empty() {
        out.push('\n');
    }
    let of = |severity| review.found.iter().filter(|finding| finding.severity == severity).count();
    let (errors, warnings) = (of(Severity::Error), of(Severity::Warning));
    let words = match (errors, warnings, review.accepted.len()) {
        (0, 0, 0) => "keeps every rule".to_owned(),
        (errors, warnings, accepted) => {
            let parts = [
                (errors, count(errors, "error", "errors")),
                (warnings, count(warnings, "warning", "warnings")),
                (accepted, count(accepted, "finding accepted", "findings accepted")),
            ];
            parts.into_iter().filter(|(number, _)| *number > 0).map(|(_, words)| words).collect::<Vec<_>>().join(", ")
        }
    };
    let more = if errors + warnings > 0 { " `drplan check --explain RULE` says more of each." } else { "" };
    out + &format!("{stack}: {words}.{more}\n")
}

/// The same for scripts: the diagnostics as `validate` has them, the accepted ones with `reason`.
pub fn json(review: &Review<'_>, sources: &Sources) -> Json {
    let mut json = super::diagnostics::json(&review.found, sources);
    let accepted = review.accepted.iter().map(|(finding, accepted)| {
        let mut one = super::diagnostics::diagnostic(finding, sources);
        one["reason"] = Json::from(accepted.reason.as_str());
        one
    });
    json["accepted"] = Json::Array(accepted.collect());
    json
}

/// The rules, a line each.
pub fn list(rules: &[&Rule]) -> String {
    let row = |rule: &&Rule| vec![rule.name.to_owned(), rule.weight.as_str().to_owned(), rule.about.to_owned()];
    let head = vec![["rule", "severity", "what it holds a stack to"].map(str::to_owned).to_vec()];
    let rows: Vec<Vec<String>> = head.into_iter().chain(rules.iter().map(row)).collect();
    table(&rows, 3)
}

/// One rule: what it holds a stack to, why, and what keeps it.
pub fn explained(rule: &Rule) -> String {
    let weight = match rule.weight {
        Weight::Stops => "error; nothing is planned from a stack that breaks it, and it cannot be accepted",
        Weight::Error => "error; `check` fails",
        Weight::Warning => "warning; `check --strict` fails",
    };
    let indented: String =
        rule.instead.lines().map(|line| format!("    {line}").trim_end().to_owned() + "\n").collect();
    let accept = match rule.weight {
        Weight::Stops => String::new(),
        Weight::Error | Weight::Warning => format!(
            "\nLooked at and taken, in the `stack` block:\n\n    accept \"{}\" {{\n      reason = \"…\"\n    }}\n",
            rule.name
        ),
    };
    format!(
        "{} ({weight})\n\n{}\n\n{}\n\nWhat keeps it:\n\n{indented}{accept}",
        styled(BOLD, rule.name),
        wrap(rule.about, WIDTH),
        wrap(rule.why, WIDTH),
    )
}

/// The rules for scripts: `format_version`, and `rules`, each with `name`, `severity` (`stops`, `error`, `warning`), `about`, `why` and `instead`.
pub fn rules_json(rules: &[&Rule]) -> Json {
    let one = |rule: &&Rule| {
        json!({
            "name": rule.name,
            "severity": rule.weight.as_str(),
            "about": rule.about,
            "why": rule.why,
            "instead": rule.instead.trim_end(),
        })
    };
    json!({ "format_version": "1.0", "rules": rules.iter().map(one).collect::<Vec<_>>() })
}
