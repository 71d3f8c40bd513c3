//! Diagnostics as text: readable without colour, the offending line always shown.

use std::fmt::Write;

use anstyle::{AnsiColor, Style};

use super::{Diagnostic, Diagnostics, Severity, Sources, Span};

const ERROR: Style = AnsiColor::Red.on_default().bold();
const WARNING: Style = AnsiColor::Yellow.on_default().bold();
const DIM: Style = AnsiColor::Blue.on_default();
const BOLD: Style = Style::new().bold();
/// The most characters that are shown of a line.
const SHOWN: usize = 160;

/// All messages, a blank line after each. The text holds ANSI styles; who prints it strips them where they are not wanted.
pub fn render_all(diagnostics: &Diagnostics, sources: &Sources) -> String {
    diagnostics.iter().map(|d| render(d, sources) + "\n").collect()
}

/// One message, ending in a line break.
pub fn render(diagnostic: &Diagnostic, sources: &Sources) -> String {
    let Diagnostic { code, severity, summary, span, label, related, why, help } = diagnostic;
    let (word, style) = match severity {
        Severity::Error => ("error", ERROR),
        Severity::Warning => ("warning", WARNING),
    };
    let mut out = String::new();
    // Writing to a String cannot fail.
    let _ = writeln!(out, "{style}{word}[{code}]{style:#}{BOLD}: {summary}{BOLD:#}");
    if let Some(span) = span {
        excerpt(&mut out, "-->", *span, label.as_deref(), '^', sources);
    }
    for (span, label) in related {
        excerpt(&mut out, ":::", *span, Some(label), '-', sources);
    }
    for (word, text) in [("why", why), ("help", help)] {
        if let Some(text) = text {
            let mut lines = text.lines();
            let _ = writeln!(out, "  {DIM}={DIM:#} {BOLD}{word}{BOLD:#}: {}", lines.next().unwrap_or_default());
            for line in lines {
                let _ = writeln!(out, "    {line}");
            }
        }
    }
    out
}

fn excerpt(out: &mut String, arrow: &str, span: Span, label: Option<&str>, mark: char, sources: &Sources) {
    let Some((path, line, column)) = sources.position(span) else { return };
    let Some(source) = sources.get(span.file) else { return };
    let text = source.text.lines().nth(line - 1).unwrap_or_default();
    // Of a long line the part around the place is shown.
    let before = if column > SHOWN { SHOWN / 2 } else { column - 1 };
    let text: String = text.replace('\t', " ").chars().skip(column - 1 - before).take(SHOWN).collect();
    let width = line.to_string().len();
    let length = source
        .text
        .get(span.start as usize..span.end as usize)
        .map_or(1, |t| t.lines().next().unwrap_or_default().chars().count())
        .clamp(1, (text.chars().count() + 1).saturating_sub(before).max(1));
    let _ = writeln!(out, "{:width$}{DIM}{arrow}{DIM:#} {path}:{line}:{column}", "");
    let _ = writeln!(out, "{:width$} {DIM}|{DIM:#}", "");
    let _ = writeln!(out, "{DIM}{line} |{DIM:#} {text}");
    let marks = mark.to_string().repeat(length);
    let label = label.map(|l| format!(" {l}")).unwrap_or_default();
    let _ = writeln!(out, "{:width$} {DIM}|{DIM:#} {:pad$}{ERROR}{marks}{label}{ERROR:#}", "", "", pad = before);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_a_long_line_the_part_around_the_place_is_shown() {
        let mut sources = Sources::default();
        let file = sources.add("a.hcl", format!("{}here{}", "x".repeat(70_000), "y".repeat(200)));
        let wrong = Diagnostic::error("syntax", "wrong").at(Span { file, start: 70_000, end: 70_004 });
        let text = anstream::adapter::strip_str(&render(&wrong, &sources)).to_string();
        let (before, after) = ("x".repeat(80), "y".repeat(76));
        let shown =
            format!("error[syntax]: wrong\n --> a.hcl:1:70001\n  |\n1 | {before}here{after}\n  | {:80}^^^^\n", "");
        assert_eq!(text, shown);
    }
}
