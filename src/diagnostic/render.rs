//! Diagnostics as text: readable without colour, the offending line always shown.

use std::fmt::Write;

use anstyle::{AnsiColor, Style};

use super::{Diagnostic, Diagnostics, MAX_DIAGNOSTICS, Severity, Sources, Span};
use crate::visible::is_unseen;

const ERROR: Style = AnsiColor::Red.on_default().bold();
const WARNING: Style = AnsiColor::Yellow.on_default().bold();
const DIM: Style = AnsiColor::Blue.on_default();
const BOLD: Style = Style::new().bold();
/// Bounds of the number of characters shown of a line.
const SHOWN: usize = 160;
const LEAST: usize = 40;

/// All messages, each followed by a blank line. Lines of the sources are cut to this width. The text contains ANSI
/// styles; the caller strips them where they are not wanted.
pub fn render_all(diagnostics: &Diagnostics, sources: &Sources, width: usize) -> String {
    let mut out: String = diagnostics.iter().map(|d| render(d, sources, width) + "\n").collect();
    if diagnostics.is_full() {
        out += &format!("Only the first {MAX_DIAGNOSTICS} errors are shown. Fix these, and run the command again.\n\n");
    }
    out
}

/// One message, ending in a line break.
pub fn render(diagnostic: &Diagnostic, sources: &Sources, width: usize) -> String {
    let Diagnostic { code, severity, summary, span, label, related, why, help } = diagnostic;
    let (word, style) = match severity {
        Severity::Error => ("error", ERROR),
        Severity::Warning => ("warning", WARNING),
    };
    let mut out = String::new();
    // Writing to a String cannot fail.
    let _ = writeln!(out, "{style}{word}[{code}]{style:#}{BOLD}: {}{BOLD:#}", one_line(summary));
    if let Some(span) = span {
        excerpt(&mut out, "-->", *span, label.as_deref(), '^', (sources, width));
    }
    for (span, label) in related {
        excerpt(&mut out, ":::", *span, Some(label), '-', (sources, width));
    }
    for (word, text) in [("why", why), ("help", help)] {
        if let Some(text) = text {
            let mut lines = text.lines();
            let _ =
                writeln!(out, "  {DIM}={DIM:#} {BOLD}{word}{BOLD:#}: {}", one_line(lines.next().unwrap_or_default()));
            for line in lines {
                let _ = writeln!(out, "    {}", one_line(line));
            }
        }
    }
    out
}

fn excerpt(
    out: &mut String,
    arrow: &str,
    span: Span,
    label: Option<&str>,
    mark: char,
    (sources, width): (&Sources, usize),
) {
    let Some((path, line, column)) = sources.position(span) else { return };
    let Some(source) = sources.get(span.file) else { return };
    let most = width.saturating_sub(line.to_string().len() + 3).clamp(LEAST, SHOWN);
    // Long lines are cut around the place, and only the part that is shown is read.
    let whole = source.line(line);
    let (before_at, from_at) = whole.split_at(whole.floor_char_boundary(source.within_line(line, span)));
    let before = if column > most { most / 2 } else { column - 1 };
    let mut left: Vec<char> = before_at.chars().rev().take(before).map(printable).collect();
    left.reverse();
    let right: Vec<char> = from_at.chars().take(most - before).map(printable).collect();
    let shown: String = left.iter().chain(&right).collect();
    // For several lines the first is marked; at the end of a line, one column.
    let marked = source.text.get(span.start as usize..span.end as usize).unwrap_or_default();
    let length = marked.lines().next().unwrap_or_default().chars().take(most - before).count();
    let columns = |chars: &[char]| chars.iter().map(|c| columns(*c)).sum::<usize>();
    let pad = columns(&left);
    let marks = mark.to_string().repeat(columns(right.get(..length).unwrap_or(&right)).max(1));
    let width = line.to_string().len();
    let _ = writeln!(out, "{:width$}{DIM}{arrow}{DIM:#} {path}:{line}:{column}", "");
    let _ = writeln!(out, "{:width$} {DIM}|{DIM:#}", "");
    let _ = writeln!(out, "{DIM}{line} |{DIM:#} {shown}");
    let label = label.map(|l| format!(" {}", one_line(l))).unwrap_or_default();
    let _ = writeln!(out, "{:width$} {DIM}|{DIM:#} {:pad$}{ERROR}{marks}{label}{ERROR:#}", "", "");
}

/// A character that is safe on a terminal.
fn printable(c: char) -> char {
    match c {
        '\t' => ' ',
        c if is_unseen(c) => '\u{fffd}',
        c => c,
    }
}

/// Columns of a character on a terminal: none for a combining character, two for a wide one (source: Unicode's East
/// Asian width, its blocks of wide characters).
fn columns(c: char) -> usize {
    match u32::from(c) {
        0x300..=0x36f | 0x200b..=0x200f | 0xfe00..=0xfe0f => 0,
        0x1100..=0x115f
        | 0x2e80..=0xa4cf
        | 0xac00..=0xd7a3
        | 0xf900..=0xfaff
        | 0xfe30..=0xfe6f
        | 0xff00..=0xff60
        | 0xffe0..=0xffe6
        | 0x1f300..=0x1faff
        | 0x20000..=0x3fffd => 2,
        _ => 1,
    }
}

/// A text without line breaks and other control characters, which a value of the stack may bring into a message.
fn one_line(text: &str) -> String {
    text.replace('\n', "\\n").chars().map(printable).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_line_is_cut_around_the_error() {
        let mut sources = Sources::default();
        let file = sources.add("a.hcl", format!("{}here{}", "x".repeat(70_000), "y".repeat(200)));
        let wrong = Diagnostic::error("syntax", "wrong").at(Span { file, start: 70_000, end: 70_004 });
        let text = anstream::adapter::strip_str(&render(&wrong, &sources, 1000)).to_string();
        let (before, after) = ("x".repeat(80), "y".repeat(76));
        let shown =
            format!("error[syntax]: wrong\n --> a.hcl:1:70001\n  |\n1 | {before}here{after}\n  | {:80}^^^^\n", "");
        assert_eq!(text, shown);
    }
}
