//! Findings of `check` as SARIF 2.1.0 (OASIS), for code scanning in a pull request.

use std::collections::BTreeMap;

use serde_json::{Value as Json, json};
use sha2::{Digest, Sha256};

use crate::check::{CheckReport, Rule, Rules, Weight};
use crate::diagnostic::{Diagnostic, Severity, Sources, Span};
use crate::stack::AcceptedFinding;

/// One run of `drplan check` with these rules.
pub fn sarif(review: &CheckReport<'_>, rules: &Rules, sources: &Sources) -> Json {
    let mut seen = BTreeMap::new();
    let found = review.found.iter().map(|finding| (finding, None));
    let accepted = review.accepted.iter().map(|(finding, accepted)| (finding, Some(*accepted)));
    let results: Vec<Json> =
        found.chain(accepted).map(|(finding, accepted)| result(finding, accepted, rules, sources, &mut seen)).collect();
    json!({
        "$schema": "https://json.schemastore.org/sarif-2.1.0.json",
        "version": "2.1.0",
        "runs": [{
            "tool": {
                "driver": {
                    "name": "drplan",
                    "semanticVersion": env!("CARGO_PKG_VERSION"),
                    "rules": rules.iter().map(of_rule).collect::<Vec<_>>(),
                },
            },
            "columnKind": "unicodeCodePoints",
            "results": results,
        }],
    })
}

fn of_rule(rule: &Rule) -> Json {
    let level = match rule.weight {
        Weight::Stops | Weight::Error => "error",
        Weight::Warning => "warning",
    };
    let Rule { cause, consequence, fix, .. } = rule;
    let (broken, kept) = (rule.broken_blocks(), rule.kept_blocks());
    let text = format!("{cause} {consequence} {fix}\n\nViolates the rule:\n\n{broken}\nFollows the rule:\n\n{kept}");
    let markdown = format!(
        "{cause} {consequence}\n\n**Fix:** {fix}\n\nViolates the rule:\n\n```hcl\n{broken}```\n\nFollows the rule:\n\n```hcl\n{kept}```\n"
    );
    json!({
        "id": rule.name,
        "shortDescription": { "text": rule.about },
        "fullDescription": { "text": format!("{cause} {consequence}") },
        "help": { "text": text, "markdown": markdown },
        "defaultConfiguration": { "level": level },
    })
}

/// One finding. `seen` counts findings with the same fingerprint, so that each gets its own.
fn result(
    finding: &Diagnostic,
    accepted: Option<&AcceptedFinding>,
    rules: &Rules,
    sources: &Sources,
    seen: &mut BTreeMap<String, usize>,
) -> Json {
    let Diagnostic { code, severity, summary, span, label: _, related, why, help } = finding;
    let sentences: Vec<&str> = why.iter().chain(help).map(String::as_str).collect();
    let level = match severity {
        Severity::Error => "error",
        Severity::Warning => "warning",
    };
    let digest = Sha256::digest(format!("{code}\n{summary}"));
    let mut fingerprint: String = digest.iter().map(|byte| format!("{byte:02x}")).collect();
    let times = seen.entry(fingerprint.clone()).or_insert(0);
    *times += 1;
    fingerprint = format!("{fingerprint}:{times}");
    let mut result = json!({
        "ruleId": code,
        "level": level,
        "message": { "text": format!("{summary}. {}", sentences.join(" ")).trim_end() },
        "locations": span.iter().filter_map(|span| location(*span, None, sources)).collect::<Vec<_>>(),
        // Without lines and columns, so that a finding that only moved keeps its fingerprint.
        "partialFingerprints": { "ruleAndSummary/v1": fingerprint },
    });
    if let Some(index) = rules.iter().position(|rule| rule.name == *code) {
        result["ruleIndex"] = Json::from(index);
    }
    let related: Vec<Json> = related.iter().filter_map(|(span, label)| location(*span, Some(label), sources)).collect();
    if !related.is_empty() {
        result["relatedLocations"] = Json::Array(related);
    }
    if let Some(accepted) = accepted {
        let mut suppression = json!({ "kind": "inSource", "status": "accepted", "justification": accepted.reason });
        if let Some(place) = location(accepted.span, None, sources) {
            suppression["location"] = place;
        }
        result["suppressions"] = json!([suppression]);
    }
    result
}

fn location(span: Span, message: Option<&str>, sources: &Sources) -> Option<Json> {
    let (path, line, column) = sources.position(span)?;
    let end = sources.position(Span { start: span.end, ..span });
    let mut region = json!({ "startLine": line, "startColumn": column });
    if let Some((_, end_line, end_column)) = end {
        region["endLine"] = Json::from(end_line);
        region["endColumn"] = Json::from(end_column);
    }
    let mut place = json!({ "physicalLocation": { "artifactLocation": { "uri": uri(&path) }, "region": region } });
    if let Some(message) = message {
        place["message"] = json!({ "text": message });
    }
    Some(place)
}

/// A relative path as a URI reference, percent-encoded.
fn uri(path: &str) -> String {
    let mut out = String::new();
    for byte in path.replace('\\', "/").trim_start_matches("./").bytes() {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' | b'/' => out.push(char::from(byte)),
            _ => out += &format!("%{byte:02X}"),
        }
    }
    out
}
