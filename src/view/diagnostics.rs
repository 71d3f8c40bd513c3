//! Diagnostics as JSON, for editors and scripts. `crate::diagnostic` renders them as text.

use serde_json::{Value as Json, json};

use crate::diagnostic::{Diagnostic, Diagnostics, Severity, Sources, Span};

/// Diagnostics as JSON: `format_version`, `valid`, and `diagnostics`, each with `code`, `severity`, `summary`, `at`
/// (`file`, `line`, `column`, `start` and `end` in bytes), `label`, `related` (each `at` and `label`), `why` and
/// `help`. An absent value is `null`.
pub fn json(diagnostics: &Diagnostics, sources: &Sources) -> Json {
    json!({
        "format_version": 1,
        "valid": !diagnostics.has_errors(),
        "diagnostics": diagnostics.iter().map(|one| diagnostic(one, sources)).collect::<Vec<_>>(),
    })
}

pub(super) fn diagnostic(diagnostic: &Diagnostic, sources: &Sources) -> Json {
    let Diagnostic { code, severity, summary, span, label, related, why, help } = diagnostic;
    let severity = match severity {
        Severity::Error => "error",
        Severity::Warning => "warning",
    };
    let related: Vec<Json> =
        related.iter().map(|(span, label)| json!({"at": at(*span, sources), "label": label})).collect();
    json!({
        "code": code,
        "severity": severity,
        "summary": summary,
        "at": span.map(|span| at(span, sources)),
        "label": label,
        "related": related,
        "why": why,
        "help": help,
    })
}

fn at(span: Span, sources: &Sources) -> Json {
    sources.position(span).map_or(
        Json::Null,
        |(file, line, column)| json!({"file": file, "line": line, "column": column, "start": span.start, "end": span.end}),
    )
}
