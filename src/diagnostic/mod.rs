//! Errors and warnings about the user's input: a stable code, the place, the problem, the reason and the fix.
//!
//! Diagnostics are collected, never returned one by one: a function that can find several takes `&mut Diagnostics` or
//! returns them all. This module renders them as text; it knows neither HCL nor resources.

mod render;
mod similar;

use std::collections::HashSet;
use std::fmt;
use std::sync::Arc;

pub use self::similar::closest;
pub use render::{render, render_all};

/// One file of the input.
#[derive(Debug, Clone)]
pub struct Source {
    /// The path as it is shown: relative to the working directory.
    pub path: Arc<str>,
    /// The whole text.
    pub text: Arc<str>,
    /// The first byte of each line.
    lines: Vec<usize>,
}

impl Source {
    /// A line, counted from one, without its end.
    fn line(&self, number: usize) -> &str {
        let start = number.checked_sub(1).and_then(|at| self.lines.get(at));
        start.and_then(|start| self.text.get(*start..)?.lines().next()).unwrap_or_default()
    }

    /// The position of a span within this line, which it starts on.
    fn within_line(&self, number: usize, span: Span) -> usize {
        let start = number.checked_sub(1).and_then(|at| self.lines.get(at)).copied().unwrap_or_default();
        (span.start as usize).saturating_sub(start)
    }
}

/// All files that spans can point into.
#[derive(Debug, Clone, Default)]
pub struct Sources {
    files: Vec<Source>,
}

/// A place in the input: a file of [`Sources`] and a range of bytes in it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Default)]
pub struct Span {
    /// The position of the file in [`Sources`].
    pub file: u32,
    /// The first byte.
    pub start: u32,
    /// The byte after the last.
    pub end: u32,
}

impl Sources {
    /// Adds a file and returns its number for [`Span::file`].
    pub fn add(&mut self, path: impl Into<Arc<str>>, text: impl Into<Arc<str>>) -> u32 {
        let text: Arc<str> = text.into();
        let lines = std::iter::once(0).chain(text.match_indices('\n').map(|(end, _)| end + 1)).collect();
        self.files.push(Source { path: path.into(), text, lines });
        u32::try_from(self.files.len() - 1).unwrap_or(u32::MAX)
    }

    /// The file a span points into.
    pub fn get(&self, file: u32) -> Option<&Source> {
        self.files.get(file as usize)
    }

    /// The files, in the order they were added.
    pub fn iter(&self) -> impl Iterator<Item = &Source> {
        self.files.iter()
    }

    /// `path:line:column` of the first byte of a span; line and column count from one, columns in characters.
    pub fn position(&self, span: Span) -> Option<(Arc<str>, usize, usize)> {
        let source = self.get(span.file)?;
        let before = source.text.get(..span.start as usize)?;
        let line = source.lines.partition_point(|start| *start <= before.len());
        let start = *source.lines.get(line.checked_sub(1)?)?;
        Some((Arc::clone(&source.path), line, before.get(start..)?.chars().count() + 1))
    }
}

/// Severity of a diagnostic.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Severity {
    /// Stops every command until it is fixed.
    Error,
    /// Stops nothing.
    Warning,
}

/// One message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Diagnostic {
    /// A stable word for the kind of message, as in `unknown-argument`.
    pub code: &'static str,
    /// Severity of a diagnostic.
    pub severity: Severity,
    /// The problem, in one line, without a full stop.
    pub summary: String,
    /// Its place in the text.
    pub span: Option<Span>,
    /// A few words under that text.
    pub label: Option<String>,
    /// Related places, each with a few words.
    pub related: Vec<(Span, String)>,
    /// The reason, in full sentences.
    pub why: Option<String>,
    /// The fix, in full sentences.
    pub help: Option<String>,
}

impl Diagnostic {
    /// An error with this code and summary.
    pub fn error(code: &'static str, summary: impl Into<String>) -> Self {
        Self {
            code,
            severity: Severity::Error,
            summary: summary.into(),
            span: None,
            label: None,
            related: Vec::new(),
            why: None,
            help: None,
        }
    }

    /// A warning with this code and summary.
    pub fn warning(code: &'static str, summary: impl Into<String>) -> Self {
        Self { severity: Severity::Warning, ..Self::error(code, summary) }
    }

    /// Sets the place.
    #[must_use]
    pub fn at(mut self, span: Span) -> Self {
        self.span = Some(span);
        self
    }

    /// Sets the words under the text.
    #[must_use]
    pub fn label(mut self, label: impl Into<String>) -> Self {
        self.label = Some(label.into());
        self
    }

    /// Adds a related place.
    #[must_use]
    pub fn and(mut self, span: Span, label: impl Into<String>) -> Self {
        self.related.push((span, label.into()));
        self
    }

    /// Sets the reason.
    #[must_use]
    pub fn why(mut self, why: impl Into<String>) -> Self {
        self.why = Some(why.into());
        self
    }

    /// Sets the fix.
    #[must_use]
    pub fn help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }

    /// The message with texts and related places of a length that can be read. They may quote any value.
    fn shortened(mut self) -> Self {
        shorten(&mut self.summary);
        [&mut self.label, &mut self.why, &mut self.help].into_iter().flatten().for_each(shorten);
        self.related.truncate(MAX_RELATED);
        self.related.iter_mut().for_each(|(_, label)| shorten(label));
        self
    }

    /// Sets the fix `Did you mean …?` if one of `known` is close to `written`, and `otherwise` if none is.
    #[must_use]
    pub fn suggest<'a>(
        mut self,
        written: &str,
        known: impl IntoIterator<Item = &'a str>,
        otherwise: Option<String>,
    ) -> Self {
        self.help = match closest(written, known) {
            Some(close) => Some(format!("Did you mean `{close}`?")),
            None => otherwise,
        };
        self
    }
}

/// Maximum length of a text of a message, in bytes.
const MAX_TEXT: usize = 2_000;
/// Maximum number of related places of a message.
const MAX_RELATED: usize = 20;

fn shorten(text: &mut String) {
    if text.len() > MAX_TEXT {
        text.truncate(text.floor_char_boundary(MAX_TEXT));
        text.shrink_to_fit();
        text.push('…');
    }
}

/// Maximum number of errors, and of warnings, that are kept.
pub const MAX_DIAGNOSTICS: usize = 500;

/// Errors and warnings, in the order in which they were found. Of each, the first [`MAX_DIAGNOSTICS`] are kept.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Diagnostics {
    found: Vec<Diagnostic>,
    errors: usize,
}

impl Diagnostics {
    /// No diagnostics.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a message.
    pub fn push(&mut self, diagnostic: Diagnostic) {
        let is_error = diagnostic.severity == Severity::Error;
        let kept = if is_error { self.errors } else { self.found.len() - self.errors };
        if kept < MAX_DIAGNOSTICS {
            self.errors += usize::from(is_error);
            self.found.push(diagnostic.shortened());
        }
    }

    /// No more errors are kept. Whatever looks for more of them may stop.
    pub fn is_full(&self) -> bool {
        self.errors >= MAX_DIAGNOSTICS
    }

    /// True if any message is an error.
    pub fn has_errors(&self) -> bool {
        self.errors > 0
    }

    /// The messages.
    pub fn iter(&self) -> std::slice::Iter<'_, Diagnostic> {
        self.found.iter()
    }

    /// The number of messages.
    pub fn len(&self) -> usize {
        self.found.len()
    }

    /// True if there are none.
    pub fn is_empty(&self) -> bool {
        self.found.is_empty()
    }

    /// Sorts them by place, those without one last, and removes duplicates.
    pub fn sort(&mut self) {
        self.found.sort_by_key(|d| (d.span.is_none(), d.span));
        let mut seen = HashSet::new();
        self.found.retain(|d| seen.insert((d.span, d.code, d.summary.clone())));
        self.errors = self.found.iter().filter(|d| d.severity == Severity::Error).count();
    }

    /// `Ok` with the value if no error was found, and all diagnostics otherwise.
    pub fn into_result<T>(self, value: T) -> Result<(T, Diagnostics), Diagnostics> {
        if self.has_errors() { Err(self) } else { Ok((value, self)) }
    }
}

impl Extend<Diagnostic> for Diagnostics {
    fn extend<T: IntoIterator<Item = Diagnostic>>(&mut self, iter: T) {
        iter.into_iter().for_each(|diagnostic| self.push(diagnostic));
    }
}

impl IntoIterator for Diagnostics {
    type Item = Diagnostic;
    type IntoIter = std::vec::IntoIter<Diagnostic>;

    fn into_iter(self) -> Self::IntoIter {
        self.found.into_iter()
    }
}

impl From<Diagnostic> for Diagnostics {
    fn from(diagnostic: Diagnostic) -> Self {
        let mut all = Self::default();
        all.push(diagnostic);
        all
    }
}

impl fmt::Display for Diagnostic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.code, self.summary)
    }
}
