//! Output for people and scripts: plans, runs, states, kinds and graphs as text, JSON and pictures.
//!
//! Pure: data in, text out. Values arrive sealed, so no view can show a secret. Text holds ANSI styles and reads as
//! well without them; the caller strips them where they are not wanted.

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
pub mod pages;
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

/// From this many like lines on, a summary shows one line with a count.
pub(crate) const MANY: usize = 4;

/// Level of detail of a text.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Detail {
    /// Like lines as one line with a count.
    #[default]
    Summary,
    /// Every line.
    Full,
}

impl Detail {
    /// The level for a number of `-v`.
    pub const fn of(verbose: u8) -> Self {
        if verbose == 0 { Self::Summary } else { Self::Full }
    }

    /// Every line is shown.
    pub const fn is_full(self) -> bool {
        matches!(self, Self::Full)
    }
}

/// Style of the part of a line that matters.
pub(crate) const BOLD: Style = Style::new().bold();
/// Style of what a reader may skip.
pub(crate) const DIM: Style = Style::new().dimmed();
/// Style of what is created.
pub(crate) const GREEN: Style = AnsiColor::Green.on_default();
/// Style of what changes.
pub(crate) const YELLOW: Style = AnsiColor::Yellow.on_default();
/// Style of what is deleted.
pub(crate) const RED: Style = AnsiColor::Red.on_default();
/// Style of what is imported.
pub(crate) const CYAN: Style = AnsiColor::Cyan.on_default();

/// Text in this style.
pub(crate) fn styled(style: Style, words: &str) -> String {
    format!("{style}{words}{style:#}")
}

/// Text from outside drplan, without control characters.
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

/// Rows of cells as text: each column as wide as its widest cell, two spaces apart, the first `left` columns flush left
/// and the rest flush right.
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
    for word in words(text) {
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

/// The words of a text. A command between backticks is one word, so that it can be copied.
fn words(text: &str) -> impl Iterator<Item = &str> {
    let mut in_code = false;
    let balanced = text.matches('`').count().is_multiple_of(2);
    let is_break = move |c: char| {
        in_code ^= balanced && c == '`';
        !in_code && c.is_whitespace()
    };
    text.split(is_break).filter(|word| !word.is_empty())
}
