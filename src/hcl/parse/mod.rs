//! Text to the tree of [`super::ast`].
//!
//! `hcl-edit` parses. This module converts its tree to ours, with spans that point into the text as written, checks
//! rules of Terraform that the crate does not, and explains syntax errors better than the crate does. It knows
//! nothing of the meaning of blocks and attributes.

mod convert;
mod faults;
mod template;

use std::borrow::Cow;

use hcl_edit::Span as _;

use crate::diagnostic::{Diagnostic, Diagnostics, Span};

use super::ast::{Body, Expr, TemplatePart};
use super::lex::{TokenKind, scan};
use super::one_line::{Unfolded, unfold};
use convert::Converter;

/// Maximum size of a file in bytes.
pub const MAX_FILE_BYTES: usize = 4 * 1024 * 1024;
/// Maximum nesting of blocks, expressions and templates; `hcl-edit` enforces it.
pub const MAX_NESTING: usize = 64;
/// Maximum number of operators chained in one expression; `hcl-edit` enforces it.
pub const MAX_OPERATORS: usize = 128;
/// Maximum number of steps (`.name`, `[index]`, `[*]`) after a name.
pub const MAX_STEPS: usize = 64;

/// Maximum number of entries of an object literal: `hcl-edit` compares each key with all before it.
pub const MAX_ENTRIES: usize = 5_000;

/// Maximum size of all files of a stack together, in bytes.
pub const MAX_STACK_BYTES: usize = 16 * 1024 * 1024;
/// Maximum number of files of a stack.
pub const MAX_STACK_FILES: usize = 1_000;
/// Maximum number of tokens in all files of a stack together: each becomes up to 400 bytes of a tree.
pub const MAX_TOKENS: usize = 1_000_000;
/// Maximum comparisons of names in all objects and blocks of a stack together: each is compared with all before it.
pub const MAX_COMPARISONS: usize = 100_000_000;

/// Some editors put this mark in front of a text. It means nothing.
const BYTE_ORDER_MARK: char = '\u{feff}';

/// A file as far as it can be read.
#[derive(Debug, Default)]
pub struct PartialFile {
    /// The blocks and arguments without a syntax error.
    pub body: Body,
    /// The other parts of the text: whole blocks of the file, or all of it.
    pub unread: Vec<String>,
    /// Every syntax error, each at its place.
    pub found: Diagnostics,
}

/// The size of the texts of a stack, as far as it decides how much memory and time their trees take.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct TextSize {
    /// Words, numbers, texts and signs, without those that only separate or close.
    pub tokens: usize,
    /// Comparisons of names with the names before them in the same object or block.
    pub comparisons: usize,
}

impl TextSize {
    /// Adds the size of a text.
    ///
    /// # Errors
    /// The texts together are too large.
    pub fn add(&mut self, text: &str, file: u32) -> Result<(), Diagnostic> {
        // Tokens are cut only where there may be too many: no more than changes between letters and other characters.
        let is_word = |byte: u8| byte.is_ascii_alphanumeric() || byte >= 0x80 || byte == b'_';
        let bytes = text.as_bytes();
        let starts = bytes.iter().zip(std::iter::once(&b' ').chain(bytes));
        let most = starts.filter(|(byte, before)| **byte != b' ' && !(is_word(**byte) && is_word(**before))).count();
        if self.tokens.saturating_add(most) <= SMALL {
            self.tokens += most;
            return Ok(());
        }
        self.scan(text);
        let (what, limit) = if self.tokens > MAX_TOKENS {
            ("too many words and signs in the files of this stack", MAX_TOKENS)
        } else if self.comparisons > MAX_COMPARISONS {
            ("too many entries in large objects and blocks of this stack", MAX_COMPARISONS)
        } else {
            return Ok(());
        };
        let why = match limit {
            MAX_TOKENS => format!("The maximum is {MAX_TOKENS} in all files together."),
            _ => format!("Each is compared with those before it; the maximum is {MAX_COMPARISONS} comparisons."),
        };
        Err(Diagnostic::error("too-large", what)
            .at(Span { file, start: 0, end: 0 })
            .why(why)
            .help("Repeat blocks with `for_each`, read large data with `jsondecode(file(…))`, or split the stack."))
    }

    fn scan(&mut self, text: &str) {
        // The entries of everything open: the file first.
        let mut open = vec![0_usize];
        let tokens = scan(text).tokens;
        self.tokens = self.tokens.saturating_add(tokens.iter().filter(|token| is_counted(token.kind)).count());
        for token in tokens {
            match token.kind {
                TokenKind::OpenBrace => open.push(0),
                TokenKind::CloseBrace if open.len() > 1 => _ = open.pop(),
                TokenKind::Equal => {
                    if let Some(entries) = open.last_mut() {
                        self.comparisons = self.comparisons.saturating_add(*entries);
                        *entries += 1;
                    }
                }
                _ => {}
            }
        }
    }
}

/// Tokens that are not counted exactly.
const SMALL: usize = 50_000;

/// Tokens that become a node of the tree, or part of one beside others. Text, however long, is part of what quotes it.
fn is_counted(kind: TokenKind) -> bool {
    match kind {
        TokenKind::Ident
        | TokenKind::Number
        | TokenKind::OpenQuote
        | TokenKind::OpenHeredoc
        | TokenKind::OpenTemplate
        | TokenKind::OpenBrace
        | TokenKind::OpenBracket
        | TokenKind::OpenParen
        | TokenKind::Ellipsis
        | TokenKind::Minus
        | TokenKind::Bang
        | TokenKind::Arrow
        | TokenKind::Operator
        | TokenKind::Invalid => true,
        TokenKind::Newline
        | TokenKind::Comment
        | TokenKind::CloseQuote
        | TokenKind::Text
        | TokenKind::CloseHeredoc
        | TokenKind::CloseTemplate
        | TokenKind::CloseBrace
        | TokenKind::CloseBracket
        | TokenKind::CloseParen
        | TokenKind::Dot
        | TokenKind::Comma
        | TokenKind::DoubleColon
        | TokenKind::Equal => false,
    }
}

/// Reads a whole file.
///
/// # Errors
/// Every syntax error, each at its place.
pub fn parse(text: &str, file: u32) -> Result<Body, Diagnostics> {
    let PartialFile { body, found, .. } = parse_partly(text, file);
    found.into_result(body).map(|(body, _)| body)
}

/// Reads the blocks of a file that have no syntax error, so that their other errors are reported in the same round.
pub fn parse_partly(text: &str, file: u32) -> PartialFile {
    let unread = |found| PartialFile { body: Body::default(), unread: vec![text.to_owned()], found };
    let (text, base) = match prepare(text, file) {
        Ok(prepared) => prepared,
        Err(found) => return unread(found),
    };
    let text = &*without_empty_heredocs(text);
    if let Err(found) = faults::refuse_large_objects(text, file, base) {
        return unread(found);
    }
    let unfolded = unfold(text);
    match hcl_edit::parser::parse_body(&unfolded.text) {
        Ok(body) => converted(&body, &unfolded, file, base),
        Err(error) => {
            let whole = faults::of_whole(text, file, base, &unfolded, &error);
            faults::of_parts(text, file, base, whole)
        }
    }
}

/// A text that the crate reads, without the blocks that break a rule which the crate does not know.
fn converted(body: &hcl_edit::structure::Body, unfolded: &Unfolded<'_>, file: u32, base: u32) -> PartialFile {
    let mut out = PartialFile::default();
    for structure in body.iter() {
        let mut converter = Converter::unfolded(unfolded, file, base);
        let mut one = Body::default();
        converter.structure(structure, &mut one);
        match converter.finish(one) {
            Ok(one) => {
                out.body.attributes.extend(one.attributes);
                out.body.blocks.extend(one.blocks);
            }
            Err(found) => {
                out.found.extend(found);
                let text = structure.span().and_then(|range| unfolded.text.get(range));
                out.unread.push(text.unwrap_or(&unfolded.text).to_owned());
            }
        }
    }
    out
}

/// Reads one expression from a command line.
///
/// # Errors
/// Its syntax errors.
pub fn parse_expression(text: &str, file: u32) -> Result<Expr, Diagnostics> {
    let (text, base) = prepare(text, file)?;
    let trimmed = text.trim_start();
    let base = base + offset(text.len() - trimmed.len());
    let trimmed = trimmed.trim_end();
    let trimmed = &*without_empty_heredocs(trimmed);
    faults::refuse_large_objects(trimmed, file, base)?;
    let expr = hcl_edit::parser::parse_expr(trimmed).map_err(|error| faults::of_text(trimmed, file, base, &error))?;
    let mut converter = Converter::new(trimmed, file, base);
    let expr = converter.expr(&expr);
    converter.finish(expr)
}

/// Reads a text with `${…}` and `%{…}` in it.
///
/// # Errors
/// Its syntax errors.
pub fn parse_template(text: &str, file: u32) -> Result<Vec<TemplatePart>, Diagnostics> {
    let (text, base) = prepare(text, file)?;
    let template =
        hcl_edit::parser::parse_template(text).map_err(|error| faults::of_template(text, file, base, &error))?;
    let mut converter = Converter::new(text, file, base);
    let parts = converter.lines_template(&template, false);
    converter.finish(parts)
}

/// The text without a byte order mark, and how many bytes that was.
fn prepare(text: &str, file: u32) -> Result<(&str, u32), Diagnostics> {
    if text.len() > MAX_FILE_BYTES {
        let size = text.len();
        return Err(Diagnostic::error("file-too-large", format!("file too large: {size} bytes"))
            .at(Span { file, start: 0, end: 0 })
            .why(format!("The maximum is {MAX_FILE_BYTES} bytes."))
            .help("Split it into several `.hcl` files in the same directory.")
            .into());
    }
    TextSize::default().add(text, file)?;
    Ok(match text.strip_prefix(BYTE_ORDER_MARK) {
        Some(rest) => (rest, offset(BYTE_ORDER_MARK.len_utf8())),
        None => (text, 0),
    })
}

/// The text with `""` and spaces in place of every empty heredoc: `hcl-edit` would read on to the next line that ends
/// one.
fn without_empty_heredocs(text: &str) -> Cow<'_, str> {
    if !text.contains("<<") {
        return Cow::Borrowed(text);
    }
    let mut out = String::new();
    let mut copied = 0;
    for pair in scan(text).tokens.windows(2) {
        if let [open, close] = pair
            && (open.kind, close.kind) == (TokenKind::OpenHeredoc, TokenKind::CloseHeredoc)
        {
            out.push_str(text.get(copied..open.start).unwrap_or_default());
            out.push_str("\"\"");
            out.extend(std::iter::repeat_n(' ', close.end - open.start - 2));
            copied = close.end;
        }
    }
    if copied == 0 {
        return Cow::Borrowed(text);
    }
    out.push_str(text.get(copied..).unwrap_or_default());
    Cow::Owned(out)
}

/// A position within a file, which [`MAX_FILE_BYTES`] keeps far below what 32 bits hold.
fn offset(bytes: usize) -> u32 {
    u32::try_from(bytes).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests;
