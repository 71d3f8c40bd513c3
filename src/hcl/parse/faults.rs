//! Syntax errors.
//!
//! `hcl-edit` stops at its first error. A file is therefore cut at the blocks that start in the first column, and
//! each of them is read by itself, so that one error does not hide those of the others. Within a block, an unclosed
//! quote or bracket comes first: everything after it looks wrong.

use hcl_edit::parser;

use crate::diagnostic::{Diagnostic, Diagnostics, MAX_DIAGNOSTICS, Span};
use crate::hcl::lex::{LexFault, Scan, Token, TokenKind, continues_ident, scan, starts_ident};
use crate::hcl::one_line::{Unfolded, unfold};

use super::convert::Converter;
use super::{MAX_ENTRIES, MAX_NESTING, MAX_OPERATORS, PartialFile, offset};

/// A part of a file that is read by itself.
struct SourcePart<'a> {
    text: &'a str,
    file: u32,
    /// Its position in the file.
    base: u32,
}

/// The syntax errors of a file as a whole, of which the first may hide the others.
pub(super) fn of_whole(
    text: &str,
    file: u32,
    base: u32,
    unfolded: &Unfolded<'_>,
    error: &parser::Error,
) -> Diagnostics {
    let part = SourcePart { text, file, base };
    let mut found = Diagnostics::new();
    found.extend(part.faults(error, part.place(unfolded, error)));
    found
}

/// Every syntax error of a file, and its blocks without one. `whole`: its errors where each part can be read.
pub(super) fn of_parts(text: &str, file: u32, base: u32, whole: Diagnostics) -> PartialFile {
    let Cuts { starts, runaway } = block_starts(text);
    let mut out = PartialFile::default();
    let mut is_certain = true;
    let ends = starts.iter().copied().skip(1).chain([text.len()]);
    for (start, end) in starts.iter().copied().zip(ends) {
        let part = SourcePart { text: text.get(start..end).unwrap_or_default(), file, base: base + offset(start) };
        if out.found.is_full() {
            out.unread.push(part.text.to_owned());
            continue;
        }
        let unfolded = unfold(part.text);
        let read = match parser::parse_body(&unfolded.text) {
            Ok(body) => {
                let mut converter = Converter::unfolded(&unfolded, file, part.base);
                let body = converter.body(&body);
                converter.finish(body)
            }
            Err(error) => Err(of_whole(part.text, file, part.base, &unfolded, &error)),
        };
        match read {
            Ok(body) if is_certain => {
                out.body.attributes.extend(body.attributes);
                out.body.blocks.extend(body.blocks);
            }
            Ok(_) => out.unread.push(part.text.to_owned()),
            Err(found) => {
                out.found.extend(found);
                is_certain &= end <= runaway && part.ends_its_block();
                out.unread.push(part.text.to_owned());
            }
        }
    }
    if out.found.is_empty() {
        // Each part can be read and the whole cannot, as where a name is set in two of them.
        out.found = whole;
    }
    out.found.sort();
    out
}

/// Every syntax error of an expression or a template.
pub(super) fn of_text(text: &str, file: u32, base: u32, error: &parser::Error) -> Diagnostics {
    SourcePart { text, file, base }.faults(error, error.location().offset()).into_iter().fold(
        Diagnostics::new(),
        |mut all, fault| {
            all.push(fault);
            all
        },
    )
}

/// The syntax error of a bare template, whose text is not made of tokens.
pub(super) fn of_template(text: &str, file: u32, base: u32, error: &parser::Error) -> Diagnostics {
    let at = error.location().offset();
    let part = SourcePart { text, file, base };
    part.explain(error.message(), at, part.found(at, &[])).into()
}

/// Refuses objects with more than [`MAX_ENTRIES`] entries before they are read.
pub(super) fn refuse_large_objects(text: &str, file: u32, base: u32) -> Result<(), Diagnostics> {
    let separates = |byte: &u8| matches!(byte, b'=' | b':');
    let suspect = |part: &str| part.as_bytes().iter().filter(|byte| separates(byte)).count() > MAX_ENTRIES;
    // Tokens are cut only where so many could be in one top-level block or argument.
    if !text.split("\n}").any(suspect) {
        return Ok(());
    }
    let mut open: Vec<(usize, usize)> = Vec::new();
    for token in scan(text).tokens {
        match token.kind {
            TokenKind::OpenBrace => open.push((token.start, 0)),
            TokenKind::CloseBrace => _ = open.pop(),
            TokenKind::Equal | TokenKind::Operator => {
                let Some((start, entries)) = open.last_mut() else { continue };
                *entries += usize::from(text.get(token.start..token.end).is_some_and(|sign| matches!(sign, "=" | ":")));
                if *entries > MAX_ENTRIES {
                    let part = SourcePart { text, file, base };
                    return Err(Diagnostic::error("too-large", "object or block with too many entries")
                        .at(part.span(*start, *start + 1))
                        .why(format!("The maximum is {MAX_ENTRIES} entries."))
                        .help("Build it with a `for` expression, or read it from a file with `jsondecode(file(…))`.")
                        .into());
                }
            }
            _ => {}
        }
    }
    Ok(())
}

/// Cuts of a file into parts.
struct Cuts {
    /// The first byte of the file, and of each line that starts a block in its first column.
    starts: Vec<usize>,
    /// The first unclosed heredoc or comment, or the end of the file.
    runaway: usize,
}

fn block_starts(text: &str) -> Cuts {
    let Scan { tokens, faults } = scan(text);
    let runaway = faults.iter().filter_map(|fault| match fault {
        LexFault::Heredoc(at, _) | LexFault::Comment(at) => Some(*at),
        _ => None,
    });
    // The text after an unclosed heredoc or comment is not meant to be in it.
    let runaway = runaway.min().unwrap_or(text.len());
    let mut tokens = tokens.iter().peekable();
    let mut starts = vec![0];
    let mut at = 0;
    for line in text.split_inclusive('\n') {
        while tokens.next_if(|token| token.end <= at && token.start < at).is_some() {}
        let covered = tokens.peek().is_some_and(|token| {
            token.start < at || (token.start == at && matches!(token.kind, TokenKind::Text | TokenKind::Comment))
        });
        if at > 0 && (!covered || at > runaway) && is_block_header(line) {
            starts.push(at);
        }
        at += line.len();
    }
    Cuts { starts, runaway }
}

/// A line that starts a block: a word in the first column, labels, and `{`.
fn is_block_header(line: &str) -> bool {
    let word = line.find(|c: char| !continues_ident(c)).unwrap_or(line.len());
    let (name, rest) = line.split_at(word);
    let rest = rest.trim_start();
    name.starts_with(starts_ident) && (rest.starts_with('{') || (rest.starts_with('"') && !rest.contains('=')))
}

impl SourcePart<'_> {
    fn span(&self, start: usize, end: usize) -> Span {
        Span { file: self.file, start: self.base + offset(start), end: self.base + offset(end) }
    }

    fn syntax(&self, start: usize, end: usize, summary: impl Into<String>) -> Diagnostic {
        Diagnostic::error("syntax", summary).at(self.span(start, end))
    }

    /// The place of an error in the text as written. A line break that was put in is none: the error is at the word
    /// after it.
    fn place(&self, unfolded: &Unfolded<'_>, error: &parser::Error) -> usize {
        let at = error.location().offset();
        let written = unfolded.written(at);
        let is_put_in = unfolded.text.get(at..).is_some_and(|rest| rest.starts_with('\n'))
            && !self.text.get(written..).is_some_and(|rest| rest.starts_with('\n'));
        let rest = self.text.get(written..).unwrap_or_default();
        if is_put_in { written + rest.len() - rest.trim_start().len() } else { written }
    }

    /// True if the next line that looks like a block in the first column is one, and not a nested block of this part:
    /// all brackets are closed, or the lines of the block are indented.
    fn ends_its_block(&self) -> bool {
        let Scan { tokens, faults } = scan(self.text);
        if !faults.iter().any(|fault| matches!(fault, LexFault::Open(..))) {
            return true;
        }
        let is_text = |token: &&Token| matches!(token.kind, TokenKind::Text | TokenKind::CloseHeredoc);
        let texts: Vec<&Token> = tokens.iter().filter(is_text).collect();
        let mut at = 0;
        let mut indented = 0;
        for (number, line) in self.text.split_inclusive('\n').enumerate() {
            let start = at;
            at += line.len();
            let next = texts.partition_point(|token| token.end <= start);
            let within_text = texts.get(next).is_some_and(|token| token.start <= start);
            let first = line.chars().next().filter(|_| !line.trim().is_empty());
            match first {
                _ if number == 0 || within_text => {}
                None | Some('#' | '/' | '}' | ']' | ')') => {}
                Some(' ' | '\t') => indented += 1,
                Some(_) => return false,
            }
        }
        indented > 0
    }

    fn faults(&self, error: &parser::Error, at: usize) -> Vec<Diagnostic> {
        let Scan { tokens, faults } = scan(self.text);
        let bracket = |fault: &LexFault| matches!(fault, LexFault::Open(..) | LexFault::Close(..));
        let (brackets, others): (Vec<_>, Vec<_>) = faults.iter().partition(|fault| bracket(fault));
        if !others.is_empty() {
            // An unclosed quote or heredoc hides brackets, which then look unbalanced.
            let mut told: Vec<Diagnostic> = Vec::new();
            // The end of the line of the last of them.
            let mut line_end = 0;
            for fault in others {
                let at = fault.place();
                // A wrong character is mostly wrong again on the same line, as quotes are.
                let fault = self.unclosed(fault);
                if at < line_end && told.last().is_some_and(|last| last.summary == fault.summary) {
                    continue;
                }
                if at >= line_end {
                    line_end =
                        self.text.get(at..).and_then(|rest| rest.find('\n')).map_or(self.text.len(), |end| at + end);
                }
                told.push(fault);
                if told.len() >= MAX_DIAGNOSTICS {
                    break;
                }
            }
            return told;
        }
        if let Some(first) = brackets.first() {
            return vec![match first {
                LexFault::Open('{', at) => self.unclosed(&LexFault::Open('{', self.likely_open(*at, &tokens))),
                other => self.unclosed(other),
            }];
        }
        let weak = error.message() == "unexpected token" || error.message().starts_with("invalid block body");
        if weak && let Some(found) = self.within_statement(at, &tokens) {
            return vec![found];
        }
        vec![self.explain(error.message(), at, self.found(at, &tokens))]
    }

    /// The `{` that is probably unclosed, where the outermost one is: the first whose `}` is further left than its
    /// own line.
    fn likely_open(&self, outermost: usize, tokens: &[Token]) -> usize {
        // The first byte and the indent of each line.
        let mut lines = Vec::new();
        let mut start = 0;
        for line in self.text.split_inclusive('\n') {
            lines.push((start, line.len() - line.trim_start().len()));
            start += line.len();
        }
        let column = |at: usize| {
            let line = lines.partition_point(|(start, _)| *start <= at).checked_sub(1).and_then(|line| lines.get(line));
            let (start, indent) = line.copied().unwrap_or_default();
            (indent, start + indent)
        };
        let mut open = Vec::new();
        for token in tokens {
            match token.kind {
                TokenKind::OpenBrace => open.push(token.start),
                TokenKind::CloseBrace => {
                    let Some(opened) = open.pop() else { continue };
                    let (indent, first) = column(token.start);
                    if first == token.start && indent < column(opened).0 {
                        return opened;
                    }
                }
                _ => {}
            }
        }
        outermost
    }

    /// The error of an unclosed bracket or quote, or of a character that HCL does not know.
    fn unclosed(&self, fault: &LexFault) -> Diagnostic {
        match fault {
            LexFault::Quote(at) => {
                let line = self.text.get(*at..).and_then(|rest| rest.lines().next()).unwrap_or_default();
                self.syntax(*at, at + line.len(), "unclosed quote")
                    .help("Close it with `\"` on the same line. For several lines write a heredoc (`<<-EOT`), or `\\n` within the quotes.")
            }
            LexFault::Template(at) => self
                .syntax(*at, at + 2, "unclosed template")
                .help("Close it with `}`, and then the text with `\"`. A literal `${` is written `$${`."),
            LexFault::Heredoc(at, word) => self
                .syntax(*at, at + 2 + word.len(), format!("unclosed heredoc: no line contains only `{word}`"))
                .help(format!("Write `{word}` on a line of its own after the text.")),
            LexFault::Comment(at) => self.syntax(*at, at + 2, "unclosed comment").help("Close it with `*/`."),
            LexFault::Open(open, at) => self
                .syntax(*at, at + 1, format!("unclosed `{open}`"))
                .help(format!("Write the missing `{}`.", closing(*open))),
            LexFault::Close(close, at, Some((open, opened))) => self
                .syntax(*at, at + 1, format!("expected `{}`, found `{close}`", closing(*open)))
                .and(self.span(*opened, opened + 1), format!("unclosed `{open}`"))
                .help(format!("Close the `{open}` with `{}` first.", closing(*open))),
            LexFault::Close(close, at, None) => self
                .syntax(*at, at + 1, format!("unexpected `{close}`"))
                .help("Remove it, or write the bracket that it closes."),
            LexFault::Character(character, at) => {
                let fault = self.syntax(*at, at + character.len_utf8(), format!("invalid character `{character}`"));
                match character {
                    '\'' | '‘' | '’' | '“' | '”' => {
                        fault.help("Write strings in plain double quotes: `\"…\"`.")
                    }
                    ';' => fault.help("Write each argument on a line of its own."),
                    '\u{a0}' => fault.help("It is a no-break space; write a plain space."),
                    _ => fault.help("Remove it, or write it in quotes if it is part of a string."),
                }
            }
        }
    }

    /// The token at a position, as text, and its end.
    fn found(&self, at: usize, tokens: &[Token]) -> (String, usize) {
        let token = tokens.partition_point(|token| token.end <= at);
        let rest = self.text.get(at..).unwrap_or_default();
        match tokens.get(token).filter(|token| token.start <= at) {
            _ if rest.is_empty() => ("the end of the text".to_owned(), at),
            Some(token) if token.kind == TokenKind::Newline => ("the end of the line".to_owned(), at),
            Some(token) if token.kind == TokenKind::Comment => ("a comment".to_owned(), at + 1),
            Some(token) => {
                let close = rest.get(1..).and_then(|inner| inner.find(['"', '\n']));
                let quoted = close.map_or(at + 1, |close| at + close + 2);
                let end = if token.kind == TokenKind::OpenQuote { quoted } else { token.end };
                let written: String = self
                    .text
                    .get(at..end)
                    .unwrap_or_default()
                    .lines()
                    .next()
                    .unwrap_or_default()
                    .chars()
                    .take(24)
                    .collect();
                (format!("`{}`", written.trim_end()), end)
            }
            None => {
                let first = rest.chars().next();
                (first.map_or_else(String::new, |first| format!("`{first}`")), at + first.map_or(0, char::len_utf8))
            }
        }
    }

    /// A better place than the start of the statement, which is all that the crate reports of some errors.
    fn within_statement(&self, at: usize, tokens: &[Token]) -> Option<Diagnostic> {
        let first = tokens.partition_point(|token| token.start < at);
        let statement = tokens.get(first..)?;
        for pair in statement.windows(2) {
            if let [Token { kind: TokenKind::Dot, start, .. }, next] = pair
                && matches!(
                    next.kind,
                    TokenKind::Newline | TokenKind::CloseBrace | TokenKind::CloseParen | TokenKind::CloseBracket
                )
            {
                return Some(self.missing_name(*start));
            }
        }
        self.directives(statement)
    }

    fn missing_name(&self, dot: usize) -> Diagnostic {
        self.syntax(dot, dot + 1, "missing name after `.`").help("Write the attribute, as in `subnet.web.id`.")
    }

    /// The first `%{…}` that does not match the ones before it.
    fn directives(&self, tokens: &[Token]) -> Option<Diagnostic> {
        let written = |token: &Token| self.text.get(token.start..token.end).unwrap_or_default();
        let mut open: Vec<(&str, &Token)> = Vec::new();
        for pair in tokens.windows(2) {
            let [mark, word] = pair else { continue };
            if mark.kind != TokenKind::OpenTemplate || !written(mark).starts_with('%') {
                continue;
            }
            let fits = match written(word) {
                opens @ ("if" | "for") => {
                    open.push((opens, mark));
                    true
                }
                "else" => open.last().is_some_and(|(word, _)| *word == "if"),
                "endif" => open.pop().is_some_and(|(word, _)| word == "if"),
                "endfor" => open.pop().is_some_and(|(word, _)| word == "for"),
                _ => false,
            };
            if !fits {
                let word_text = written(word);
                return Some(
                    self.syntax(mark.start, word.end, format!("unexpected `%{{ {word_text} }}`"))
                        .help("Write `%{ if c }…%{ else }…%{ endif }` or `%{ for x in c }…%{ endfor }`; a literal `%{` is written `%%{`."),
                );
            }
        }
        let (word, mark) = open.last()?;
        let fault = self.syntax(mark.start, mark.end, format!("`%{{ {word} }}` without `%{{ end{word} }}`"));
        Some(fault.help(format!("Write `%{{ end{word} }}` after the text.")))
    }

    /// The crate's message, explained.
    fn explain(&self, message: &str, at: usize, (found, end): (String, usize)) -> Diagnostic {
        let expected = |what: &str| self.syntax(at, end.max(at), format!("expected {what}, found {found}"));
        let (label, rest) = message.split_once("; ").unwrap_or(("", message));
        match (label, rest) {
            ("invalid attribute", rest) if rest.contains("redefined") => {
                Diagnostic::error("duplicate-argument", format!("duplicate argument {found}"))
                    .at(self.span(at, end))
                    .help("Keep one of them.")
            }
            ("invalid nesting depth", _) => Diagnostic::error("too-deep", "too deeply nested")
                .at(self.span(at, end))
                .why(format!("The maximum for blocks, expressions and templates is {MAX_NESTING} levels."))
                .help("Move the inner parts to `locals`."),
            ("invalid binary operation", _) => Diagnostic::error("too-deep", "too many operators in one expression")
                .at(self.span(at, end))
                .why(format!("The maximum is {MAX_OPERATORS}."))
                .help("Move parts of it to `locals`, or use a function such as `sum` or `join`."),
            ("invalid expression", _) => expected("a value").help("Write a string in quotes, a number, a list, a reference or another expression."),
            ("invalid structure", _) => {
                expected("`=` or `{`").help("An argument is written `name = value`, a block `name \"label\" { … }`.")
            }
            ("invalid block body", _) => expected("an argument, a block or `}`")
                .help("Write each argument on a line of its own, or separate them by spaces in a block on one line."),
            ("invalid object item", _) => expected("`,`, a new line or `}`").help("Entries are separated by commas or line breaks."),
            ("invalid object value assignment", _) => expected("`=`").help("An entry is written `key = value`."),
            ("invalid escape sequence", _) => self
                .syntax(at.saturating_sub(1), at + 1, "invalid escape sequence")
                .help("Supported: \\n, \\r, \\t, \\\", \\\\, \\uNNNN and \\UNNNNNNNN; a backslash itself is written \\\\."),
            (label, _) if label.contains("hex code") => self
                .syntax(at.saturating_sub(2), at, "invalid escape sequence: not a character")
                .help("Write \\u with four hexadecimal digits or \\U with eight."),
            ("", "expected newline or eof") => {
                let help = match found.as_str() {
                    "`,`" | "`;`" => "Remove it: each argument is on a line of its own.",
                    _ => "Write each argument on a line of its own, and strings in quotes.",
                };
                expected("the end of the line").help(help)
            }
            ("", "expected `{`") if found.starts_with("`\"") => {
                expected("`{` or a plain label").help("Write a label without `${…}`.")
            }
            ("", "expected `{`") => expected("`{` or a label").help(
                "A block is written `name \"label\" {`, with the `{` on the same line; an argument has a name of one word.",
            ),
            ("", "expected `]`") => expected("`,` or `]`").help("Elements are separated by commas."),
            ("", "expected `)` or expression") if found == "`,`" => expected("a value or `)`").help("Remove the `,`."),
            ("invalid traversal operator", _) => {
                let dot = self.text.get(..at).and_then(|before| before.rfind('.')).unwrap_or(at);
                self.missing_name(dot)
            }
            ("", "expected `)` or expression") => expected("`,` or `)`").help("Arguments are separated by commas."),
            ("", "expected `=>`") => {
                expected("`=>`").help("A map is made by `{for k, v in c : key => value}`, a list by `[for v in c : value]`.")
            }
            ("", "unexpected token") if found.starts_with("`\"") => {
                self.syntax(at, end, "name of an argument in quotes").help("Write `name = value`.")
            }
            ("", "unexpected token") => {
                self.syntax(at, end, format!("unexpected {found}")).help("An argument is written `name = value`, a block `name \"label\" { … }`.")
            }
            ("", "expected `:`" | "expected `in`") => expected(rest.trim_start_matches("expected "))
                .help("A conditional is written `condition ? a : b`, a `for` expression `[for x in list : value]`."),
            (_, rest) => {
                expected(rest.trim_start_matches("expected ")).help("Check the text before it.")
            }
        }
    }
}

fn closing(open: char) -> char {
    match open {
        '(' => ')',
        '[' => ']',
        _ => '}',
    }
}
