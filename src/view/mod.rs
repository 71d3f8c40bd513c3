//! What is shown: plans, runs, states, kinds and graphs as text, JSON and pictures.
//!
//! Pure: text in, text out. What is shown of values is sealed, so nothing here can show a secret. Text holds ANSI styles and reads as well
//! without them; who prints it strips them where they are not wanted.

pub mod check;
mod comment;
mod deed;
pub mod diagnostics;
pub mod doctor;
mod forecast;
pub mod graph;
pub mod kinds;
mod markdown;
pub mod outlook;
pub mod plan;
pub mod plan_json;
pub mod plan_markdown;
pub mod procedure;
pub mod procedure_json;
pub mod procedure_markdown;
pub mod report;
pub mod review;
pub mod review_json;
pub mod review_markdown;
pub mod roles;
pub mod run;
pub mod run_json;
pub mod sarif;
pub mod state;
#[cfg(test)]
mod tests;
pub mod value;

use anstyle::{AnsiColor, Style};

/// What matters in a line.
pub(crate) const BOLD: Style = Style::new().bold();
/// What may be skipped.
pub(crate) const DIM: Style = Style::new().dimmed();
/// What comes.
pub(crate) const GREEN: Style = AnsiColor::Green.on_default();
/// What changes.
pub(crate) const YELLOW: Style = AnsiColor::Yellow.on_default();
/// What goes.
pub(crate) const RED: Style = AnsiColor::Red.on_default();
/// What is taken over.
pub(crate) const CYAN: Style = AnsiColor::Cyan.on_default();

/// The words in this style.
pub(crate) fn styled(style: Style, words: &str) -> String {
    format!("{style}{words}{style:#}")
}

/// Text of another's making, without anything that would move the cursor.
pub(crate) fn visible(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect()
}

/// `1 object`, `2 objects`.
pub fn count(number: usize, one: &str, many: &str) -> String {
    format!("{number} {}", if number == 1 { one } else { many })
}

/// Lines with each but the first indented by this many spaces.
pub(crate) fn hang(text: &str, by: usize) -> String {
    text.replace('\n', &format!("\n{:by$}", ""))
}

/// Rows of cells as text: columns as wide as their widest cell, two spaces between, the first `left` columns flush left, the rest flush right.
pub(crate) fn table(rows: &[Vec<String>], left: usize) -> String {
    let width = |column: usize| rows.iter().filter_map(|row| row.get(column)).map(|c| c.chars().count()).max();
    let widths: Vec<usize> = (0..).map_while(width).collect();
    let line = |row: &Vec<String>| {
        let cell = |(at, (cell, width)): (usize, (&String, &usize))| match at < left {
            true => format!("{cell:<width$}"),
            false => format!("{cell:>width$}"),
        };
        row.iter().zip(&widths).enumerate().map(cell).collect::<Vec<_>>().join("  ").trim_end().to_owned() + "\n"
    };
    rows.iter().map(line).collect()
}

/// Text broken into lines of at most this many characters, between words.
pub(crate) fn wrap(text: &str, width: usize) -> String {
    let mut out = String::new();
    let mut column = 0;
    for word in text.split_whitespace() {
        let length = word.chars().count();
        if column > 0 && column + 1 + length > width {
            out.push('\n');
            column = 0;
        } else if column > 0 {
            out.push(' ');
            column += 1;
        }
        out.push_str(word);
        column += length;
    }
    out
}
