//! The canonical form of a file: `drplan fmt`.
//!
//! The rules are those of `terraform fmt`: two spaces for each level, `=` aligned in runs of lines that hold one
//! attribute each, comments at the ends of lines aligned, one space around operators, labels in quotes, and `"${x}"`
//! alone written as `x`. Only spaces change otherwise, so every comment stays. Blank lines are left as they are, as
//! in Terraform. Several arguments of a block on one line, which Terraform does not have, have two spaces between
//! them.
//!
//! Differences: a `"${…}"` whose expression goes over several lines is left as it is (Terraform puts parentheses
//! around it), and so is a quoted type of a variable and a block header with a comment in it (Terraform drops that
//! comment); an interpolation over several lines in a heredoc does not disturb the indent of what follows.

use std::collections::BTreeSet;

use crate::diagnostic::Diagnostics;

use super::lex::{Token, TokenKind, scan};
use super::one_line::{Break, breaks};
use super::parse;

/// A token with the spaces before it.
#[derive(Clone)]
struct FormatPiece<'a> {
    kind: TokenKind,
    text: &'a str,
    spaces: usize,
}

/// A line of pieces in up to three cells: the name, `=` with the value, and the comment at the end.
struct FormatLine {
    lead: std::ops::Range<usize>,
    assign: std::ops::Range<usize>,
    comment: std::ops::Range<usize>,
}

/// The text in canonical form.
///
/// # Errors
/// Every syntax error: a text that cannot be read is not changed.
pub fn format(text: &str) -> Result<String, Diagnostics> {
    parse::parse(text, 0)?;
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let mut pieces = pieces(text, &scan(text).tokens);
    while unwrap_interpolations(&mut pieces) {}
    quote_labels(&mut pieces);
    let lines = lines(&pieces);
    indent(&mut pieces, &lines);
    space(&mut pieces, &lines);
    align(&mut pieces, &lines);
    let mut out = written(&pieces);
    if !out.ends_with('\n') {
        out.push('\n');
    }
    Ok(out)
}

fn pieces<'a>(text: &'a str, tokens: &[Token]) -> Vec<FormatPiece<'a>> {
    let mut end = 0;
    tokens
        .iter()
        .map(|token| {
            let spaces = token.start - end;
            end = token.end;
            FormatPiece { kind: token.kind, text: text.get(token.start..token.end).unwrap_or_default(), spaces }
        })
        .collect()
}

fn written(pieces: &[FormatPiece<'_>]) -> String {
    let mut out = String::new();
    for piece in pieces {
        out.extend(std::iter::repeat_n(' ', piece.spaces));
        out.push_str(piece.text);
    }
    out
}

fn bracket_change(kind: TokenKind) -> isize {
    use TokenKind::{
        CloseBrace, CloseBracket, CloseParen, CloseTemplate, OpenBrace, OpenBracket, OpenParen, OpenTemplate,
    };
    match kind {
        OpenBrace | OpenBracket | OpenParen | OpenTemplate => 1,
        CloseBrace | CloseBracket | CloseParen | CloseTemplate => -1,
        _ => 0,
    }
}

fn ends_line(piece: &FormatPiece<'_>) -> bool {
    piece.kind == TokenKind::Newline || (piece.kind == TokenKind::Comment && piece.text.ends_with('\n'))
}

/// Tokens directly in the body of the file or of a block, and not in an expression.
#[derive(Default)]
struct BodyTokens {
    /// The position of each `=` of an attribute.
    assigns: Vec<usize>,
    /// The position of each `{` of a block.
    opens: Vec<usize>,
}

fn bodies(pieces: &[FormatPiece<'_>]) -> BodyTokens {
    let mut found = BodyTokens::default();
    // For each open bracket: it contains a body.
    let mut inside = Vec::new();
    for (at, piece) in pieces.iter().enumerate() {
        let in_body = inside.last().copied().unwrap_or(true);
        if piece.kind == TokenKind::Equal && in_body {
            found.assigns.push(at);
        }
        match bracket_change(piece.kind) {
            1 => {
                let opens = in_body && piece.kind == TokenKind::OpenBrace && opens_block(pieces, at);
                if opens {
                    found.opens.push(at);
                }
                inside.push(opens);
            }
            -1 => _ = inside.pop(),
            _ => {}
        }
    }
    found
}

/// Removes the quotes of `name = "${expression}"` on one line. True if there were any: the expression may be another
/// such.
fn unwrap_interpolations(pieces: &mut Vec<FormatPiece<'_>>) -> bool {
    let dropped: BTreeSet<usize> =
        bodies(pieces).assigns.into_iter().filter_map(|at| lone_interpolation(pieces, at)).flatten().collect();
    let mut at = 0;
    pieces.retain(|_| {
        at += 1;
        !dropped.contains(&(at - 1))
    });
    !dropped.is_empty()
}

/// The tokens to remove, if `at` is the `=` before a value that is one interpolation in quotes, with the line breaks
/// at its ends.
fn lone_interpolation(pieces: &[FormatPiece<'_>], at: usize) -> Option<Vec<usize>> {
    let kind = |at: usize| pieces.get(at).map(|piece| piece.kind);
    let assigns = kind(at)? == TokenKind::Equal && kind(at.checked_sub(1)?)? == TokenKind::Ident;
    let opens = kind(at + 1)? == TokenKind::OpenQuote && pieces.get(at + 2)?.text.starts_with("${");
    if !(assigns && opens) {
        return None;
    }
    let mut depth = 0;
    let close = (at + 2..pieces.len()).find(|position| {
        depth += kind(*position).map_or(0, bracket_change);
        depth == 0
    })?;
    let ends = pieces
        .get(close + 2)
        .is_none_or(|after| ends_line(after) || matches!(after.kind, TokenKind::Comment | TokenKind::CloseBrace));
    if kind(close + 1)? != TokenKind::CloseQuote || !ends {
        return None;
    }
    let is_break = |position: &usize| kind(*position) == Some(TokenKind::Newline);
    let first = (at + 3..close).find(|position| !is_break(position))?;
    let last = (first..close).rfind(|position| !is_break(position))?;
    let over_lines = pieces.get(first..=last)?.iter().any(|piece| ends_line(piece) || piece.kind == TokenKind::Comment);
    (!over_lines).then(|| (at + 1..first).chain(last + 1..=close + 1).collect())
}

/// The brace opens a block: before it, back to the start of its line, are only a word and labels.
fn opens_block(pieces: &[FormatPiece<'_>], at: usize) -> bool {
    let plain = |piece: &FormatPiece<'_>| {
        matches!(piece.kind, TokenKind::Ident | TokenKind::OpenQuote | TokenKind::Text | TokenKind::CloseQuote)
    };
    // Not further back than the words: a line may have any number of blocks.
    let before = pieces.get(..at).and_then(|before| before.iter().rposition(|piece| !plain(piece)));
    let starts_line = before.and_then(|before| pieces.get(before)).is_none_or(ends_line);
    let first = pieces.get(before.map_or(0, |before| before + 1));
    starts_line && first.is_some_and(|first| first.kind == TokenKind::Ident)
}

fn header_start(pieces: &[FormatPiece<'_>], at: usize) -> usize {
    pieces.get(..at).and_then(|before| before.iter().rposition(ends_line)).map_or(0, |end| end + 1)
}

/// Puts quotes around labels written as bare words.
fn quote_labels(pieces: &mut Vec<FormatPiece<'_>>) {
    let mut bare = BTreeSet::new();
    for at in bodies(pieces).opens {
        let words = header_start(pieces, at) + 1..at;
        bare.extend(words.filter(|word| pieces.get(*word).is_some_and(|piece| piece.kind == TokenKind::Ident)));
    }
    if bare.is_empty() {
        return;
    }
    let quote = |kind| FormatPiece { kind, text: "\"", spaces: 0 };
    let quoted = std::mem::take(pieces).into_iter().enumerate().flat_map(|(at, piece)| {
        if bare.contains(&at) {
            let label = FormatPiece { kind: TokenKind::Text, ..piece };
            vec![quote(TokenKind::OpenQuote), label, quote(TokenKind::CloseQuote)]
        } else {
            vec![piece]
        }
    });
    *pieces = quoted.collect();
}

fn lines(pieces: &[FormatPiece<'_>]) -> Vec<FormatLine> {
    let mut lines = Vec::new();
    let mut start = 0;
    for (at, piece) in pieces.iter().enumerate() {
        if ends_line(piece) {
            lines.push(cells(pieces, start, at + 1));
            start = at + 1;
        }
    }
    if start < pieces.len() {
        lines.push(cells(pieces, start, pieces.len()));
    }
    lines
}

fn cells(pieces: &[FormatPiece<'_>], start: usize, end: usize) -> FormatLine {
    let line = pieces.get(start..end).unwrap_or_default();
    let has_comment = line.len() > 1 && line.last().is_some_and(|last| last.kind == TokenKind::Comment);
    let comment = if has_comment { end - 1..end } else { end..end };
    let code = pieces.get(start..comment.start).unwrap_or_default();
    let equal = code.iter().skip(1).position(|piece| piece.kind == TokenKind::Equal).map(|at| start + at + 1);
    let net = |from: usize| -> isize {
        pieces.get(from..comment.start).unwrap_or_default().iter().map(|piece| bracket_change(piece.kind)).sum()
    };
    match equal {
        // With open brackets, the value continues on the next lines and is not aligned.
        Some(equal) if net(equal) == 0 => FormatLine { lead: start..equal, assign: equal..comment.start, comment },
        _ => FormatLine { lead: start..comment.start, assign: comment.start..comment.start, comment },
    }
}

/// Two spaces for each open line: one that opened more brackets than it closed. Lines of a heredoc stay as they are.
fn indent(pieces: &mut [FormatPiece<'_>], lines: &[FormatLine]) {
    let mut opened: Vec<isize> = Vec::new();
    let mut in_heredoc = false;
    for line in lines {
        let starts_in_heredoc = in_heredoc;
        let mut net = 0;
        for piece in pieces.get(line.lead.start..line.assign.end).unwrap_or_default() {
            match piece.kind {
                TokenKind::OpenHeredoc => in_heredoc = true,
                TokenKind::CloseHeredoc => in_heredoc = false,
                kind if !in_heredoc => net += bracket_change(kind),
                _ => {}
            }
        }
        if net < 0 {
            close(&mut opened, -net);
        }
        if let Some(first) = pieces.get_mut(line.lead.start).filter(|_| !starts_in_heredoc) {
            first.spaces = if first.kind == TokenKind::Newline { 0 } else { 2 * opened.len() };
        }
        if net > 0 {
            opened.push(net);
        }
    }
}

fn close(opened: &mut Vec<isize>, mut count: isize) {
    while count > 0
        && let Some(last) = opened.last_mut()
    {
        if count < *last {
            *last -= count;
            return;
        }
        count -= *last;
        opened.pop();
    }
}

fn space(pieces: &mut [FormatPiece<'_>], lines: &[FormatLine]) {
    let kinds: Vec<TokenKind> = pieces.iter().map(|piece| piece.kind).collect();
    let apart: BTreeSet<usize> =
        breaks(&kinds).into_iter().filter(|(_, needed)| *needed == Break::Next).map(|(at, _)| at).collect();
    for line in lines {
        for cell in [&line.lead, &line.assign] {
            for at in cell.start + 1..cell.end {
                let kind_of = |at: usize| pieces.get(at).map(|piece| (piece.kind, piece.text));
                let before = at.checked_sub(2).filter(|before| *before >= cell.start).and_then(kind_of);
                let (Some(subject), Some(after)) = (kind_of(at - 1), kind_of(at)) else { continue };
                let spaces = usize::from(space_between(before.map(|(kind, _)| kind), subject, after.0));
                let spaces = if apart.contains(&at) { 2 } else { spaces };
                if let Some(piece) = pieces.get_mut(at) {
                    piece.spaces = spaces;
                }
            }
        }
    }
}

/// A space between a token and the one after it. The first rule that matches both decides.
fn space_between(before: Option<TokenKind>, subject: (TokenKind, &str), after: TokenKind) -> bool {
    use TokenKind::{
        Bang, CloseBrace, CloseBracket, CloseHeredoc, CloseParen, CloseQuote, CloseTemplate, Comma, Dot, DoubleColon,
        Ellipsis, Equal, Ident, Minus, Newline, Number, OpenBrace, OpenBracket, OpenHeredoc, OpenParen, OpenQuote,
        OpenTemplate, Operator, Text,
    };
    let (subject, text) = subject;
    match (subject, after) {
        (_, Newline) | (Ident, OpenParen | DoubleColon) | (DoubleColon, Ident) => false,
        // Without a space, a number, a dot and a number would be one number.
        (Dot, Number) => before == Some(Number),
        (Dot, _) | (_, Dot | Comma | Ellipsis) => false,
        (Comma, _) => true,
        (Text | OpenQuote | OpenHeredoc, _) | (_, Text | CloseQuote | CloseHeredoc) => false,
        // The word `in` of a `for` may have a list after it.
        (Ident, _) if text == "in" && before == Some(Ident) => true,
        (Ident | Number | CloseBrace | CloseBracket | CloseParen | CloseTemplate, OpenBracket) => false,
        (Bang, _) => false,
        // A minus after a token that cannot end an expression is a sign.
        (Minus, _) => !matches!(
            before,
            None | Some(OpenParen | OpenBrace | OpenBracket | Equal | Comma | Operator | Minus | Bang)
        ),
        (OpenBrace, CloseBrace) => false,
        (OpenBrace, _) | (_, CloseBrace) => true,
        (OpenTemplate, OpenBrace) | (CloseBrace, CloseTemplate) => true,
        (CloseTemplate, OpenTemplate) => false,
        _ => bracket_change(subject) <= 0 && bracket_change(after) >= 0,
    }
}

/// Aligns the `=` of lines that follow one another, and then their comments.
fn align(pieces: &mut [FormatPiece<'_>], lines: &[FormatLine]) {
    align_cell(pieces, lines, |line| &line.assign);
    align_cell(pieces, lines, |line| &line.comment);
}

fn align_cell(pieces: &mut [FormatPiece<'_>], lines: &[FormatLine], cell: fn(&FormatLine) -> &std::ops::Range<usize>) {
    for run in lines.chunk_by(|a, b| cell(a).is_empty() == cell(b).is_empty()) {
        if run.first().is_none_or(|line| cell(line).is_empty()) {
            continue;
        }
        let widths: Vec<usize> = run.iter().map(|line| width(pieces, line.lead.start..cell(line).start)).collect();
        let widest = widths.iter().copied().max().unwrap_or_default();
        for (line, width) in run.iter().zip(widths) {
            if let Some(piece) = pieces.get_mut(cell(line).start) {
                piece.spaces = widest - width + 1;
            }
        }
    }
}

/// The columns that pieces take, with the spaces before each.
fn width(pieces: &[FormatPiece<'_>], range: std::ops::Range<usize>) -> usize {
    let cells = pieces.get(range).unwrap_or_default();
    cells.iter().map(|piece| piece.spaces + piece.text.chars().count()).sum()
}

#[cfg(test)]
mod tests;
