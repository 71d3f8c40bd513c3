//! Blocks on one line with several arguments: `site "east" { provider = "aws"  location = "us-east-1" }`.
//!
//! HCL allows one argument in a block on one line, and `hcl-edit` reads no more. This module puts line breaks where
//! the statements of such a block begin and end, in place of spaces, so that positions stay those of the text as
//! written.

use std::borrow::Cow;

use super::lex::{TokenKind, scan};

/// A line break that a block on one line needs before a token.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Break {
    /// Before the first argument or block within it.
    First,
    /// Before a further one.
    Next,
    /// Before its closing brace.
    Close,
}

/// A bracket that is open.
struct Frame {
    is_body: bool,
    /// The tokens that begin an argument or a block in it.
    statements: Vec<usize>,
    has_block: bool,
    /// The number of line breaks before it.
    line_breaks: usize,
}

/// The line breaks that blocks on one line need, by the position of the token after each.
pub(super) fn breaks(kinds: &[TokenKind]) -> Vec<(usize, Break)> {
    use TokenKind::{
        CloseBrace, CloseBracket, CloseParen, CloseTemplate, Comment, Equal, Ident, Newline, OpenBrace, OpenBracket,
        OpenHeredoc, OpenParen, OpenTemplate,
    };
    let frame = |is_body, line_breaks| Frame { is_body, statements: Vec::new(), has_block: false, line_breaks };
    let mut line_breaks = 0;
    let mut open = vec![frame(true, 0)];
    let mut found = Vec::new();
    for (at, kind) in kinds.iter().enumerate() {
        let Some(top) = open.last_mut() else { return Vec::new() };
        match kind {
            Newline | Comment | OpenHeredoc => line_breaks += 1,
            Equal if top.is_body && at > 0 && kinds.get(at - 1) == Some(&Ident) => top.statements.push(at - 1),
            OpenBrace => {
                let header = if top.is_body { header_start(kinds, at) } else { None };
                if let Some(header) = header {
                    top.statements.push(header);
                    top.has_block = true;
                }
                open.push(frame(header.is_some(), line_breaks));
            }
            OpenBracket | OpenParen | OpenTemplate => open.push(frame(false, line_breaks)),
            CloseBrace | CloseBracket | CloseParen | CloseTemplate => {
                let Some(Frame { is_body, statements, has_block, line_breaks: before }) = open.pop() else {
                    return found;
                };
                let has_line_break = before != line_breaks;
                if is_body && *kind == CloseBrace && !has_line_break && (statements.len() > 1 || has_block) {
                    let kinds = std::iter::once(Break::First).chain(std::iter::repeat(Break::Next));
                    found.extend(statements.into_iter().zip(kinds));
                    found.push((at, Break::Close));
                }
            }
            _ => {}
        }
    }
    found.sort_by_key(|(at, _)| *at);
    found
}

/// The first word of the header of the block that the brace at `brace` opens; `None` where it opens an object.
fn header_start(kinds: &[TokenKind], brace: usize) -> Option<usize> {
    use TokenKind::{
        Arrow, Bang, CloseQuote, Comma, Dot, DoubleColon, Ellipsis, Equal, Ident, Minus, OpenQuote, Operator, Text,
    };
    // The words and labels before the brace, the nearest first.
    let mut words = Vec::new();
    let mut at = brace;
    while let Some(before) = at.checked_sub(1) {
        match kinds.get(before)? {
            Ident => at = before,
            CloseQuote => {
                let quote = kinds.get(..before)?.iter().rposition(|kind| *kind != Text)?;
                if kinds.get(quote) != Some(&OpenQuote) {
                    return None;
                }
                at = quote;
            }
            _ => break,
        }
        words.push(at);
    }
    // After an operator, the first of them belongs to the value of the argument before.
    let before = at.checked_sub(1).and_then(|before| kinds.get(before));
    let is_value =
        matches!(before, Some(Equal | Dot | Minus | Bang | Operator | Arrow | Comma | DoubleColon | Ellipsis));
    if is_value {
        words.pop();
    }
    words.last().copied().filter(|first| kinds.get(*first) == Some(&Ident))
}

/// A text with line breaks in blocks on one line.
pub(super) struct Unfolded<'a> {
    pub(super) text: Cow<'a, str>,
    /// The positions of the line breaks that take the place of no space.
    inserted: Vec<usize>,
}

impl Unfolded<'_> {
    /// The position in the text as written.
    pub(super) fn written(&self, at: usize) -> usize {
        at - self.inserted.partition_point(|inserted| *inserted < at)
    }
}

/// The text with line breaks where blocks on one line need them.
pub(super) fn unfold(text: &str) -> Unfolded<'_> {
    let unchanged = Unfolded { text: Cow::Borrowed(text), inserted: Vec::new() };
    // Most texts have no such block: a line with braces and more than one argument or block.
    let count = |line: &str, sign: char| line.matches(sign).take(2).count();
    let suspect =
        |line: &str| line.contains('{') && line.contains('}') && (count(line, '=') == 2 || count(line, '{') == 2);
    if !text.lines().any(suspect) {
        return unchanged;
    }
    let tokens = scan(text).tokens;
    let kinds: Vec<TokenKind> = tokens.iter().map(|token| token.kind).collect();
    let breaks = breaks(&kinds);
    if breaks.is_empty() {
        return unchanged;
    }
    let mut out = String::with_capacity(text.len() + breaks.len());
    let mut inserted = Vec::new();
    let mut copied = 0;
    for (at, _) in breaks {
        let Some(token) = tokens.get(at) else { continue };
        let end = at.checked_sub(1).and_then(|before| tokens.get(before)).map_or(0, |before| before.end);
        out.push_str(text.get(copied..end).unwrap_or_default());
        copied = end;
        if token.start > end && text.get(end..=end).is_some() {
            copied += 1;
        } else {
            inserted.push(out.len());
        }
        out.push('\n');
    }
    out.push_str(text.get(copied..).unwrap_or_default());
    Unfolded { text: Cow::Owned(out), inserted }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn line_breaks_take_the_place_of_spaces() {
        for (text, expected) in [
            ("a \"x\" { b = 1  c = 2 }", "a \"x\" {\nb = 1\n c = 2\n}"),
            ("a {b = 1 c = 2}", "a {\nb = 1\nc = 2\n}"),
            ("a { b { c = 1 } d = 2 }", "a {\nb { c = 1 }\nd = 2\n}"),
            (
                "a { b = x.y  c \"l\" { d = [1, { e = 2, f = 3 }] } }",
                "a {\nb = x.y\n c \"l\" { d = [1, { e = 2, f = 3 }] }\n}",
            ),
            ("a { b = true ? f(1) : 2 c = -d e = \"${f}\" }", "a {\nb = true ? f(1) : 2\nc = -d\ne = \"${f}\"\n}"),
            ("a { b = \"x\" c {} }", "a {\nb = \"x\"\nc {}\n}"),
        ] {
            let unfolded = unfold(text);
            assert_eq!(unfolded.text, expected);
            for (at, c) in unfolded.text.char_indices().filter(|(_, c)| *c != '\n') {
                assert_eq!(text[unfolded.written(at)..].chars().next(), Some(c), "{text} at {at}");
            }
        }
        for text in
            ["a { b = 1 }", "a = { b = 1, c = 2 }", "a {\n  b = { c = 1, d = 2 }\n}", "a { b = { c = 1 } }", "}{"]
        {
            assert_eq!(unfold(text).text, text);
        }
    }
}
