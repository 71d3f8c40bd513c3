//! Output for people and scripts: plans, runs, states, kinds and graphs as text, JSON and pictures.
//!
//! Pure: data in, text out. Values arrive sealed, so no view can show a secret. Text holds ANSI styles and reads as
//! well without them; the caller strips them where they are not wanted.

mod alike;
pub mod backup;
pub mod check;
mod comment;
mod deed;
pub mod diagnostics;
pub mod doctor;
mod forecast;
pub mod graph;
pub mod kinds;
mod ladder;
mod layout;
mod markdown;
pub mod outlook;
pub mod overdue;
pub mod pages;
pub mod plan;
pub mod plan_json;
pub mod plan_markdown;
pub mod procedure;
pub mod procedure_json;
pub mod procedure_markdown;
pub mod report;
pub mod restores;
pub mod review;
pub mod review_json;
pub mod review_markdown;
pub mod roles;
pub mod run;
pub mod run_json;
pub mod run_show;
pub mod sarif;
pub mod service;
pub mod standing;
pub mod standing_json;
pub mod state;
#[cfg(test)]
mod tests;
pub mod value;

use anstyle::{AnsiColor, Style};

pub use layout::{Layout, WIDTH};
pub(crate) use layout::{fit, hang, table, table_or_blocks, wrap};

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

/// Text from outside drplan, on one line.
pub(crate) fn visible(text: &str) -> String {
    crate::visible::one_line(text)
}

/// An address without its kind.
pub(crate) fn short(address: &crate::address::Address) -> &str {
    address.as_str().split_once('.').map_or(address.as_str(), |(_, name)| name)
}

/// The name of a run that verifies these backups.
pub fn verification(backups: &[crate::address::Address]) -> String {
    forecast::verification(backups)
}

/// `1 object`, `2 objects`.
pub fn count(number: usize, one: &str, many: &str) -> String {
    format!("{number} {}", if number == 1 { one } else { many })
}
