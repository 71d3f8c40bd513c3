//! Text to tokens, every byte accounted for: for the formatter, and for explaining syntax errors.
//!
//! Tokens are those of HCL's own scanner. Nothing fails here: unknown characters are [`TokenKind::Invalid`] tokens, and
//! [`Scan::faults`] lists unclosed quotes and brackets.

/// The type of a token.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum TokenKind {
    Ident,
    Number,
    Newline,
    /// To the end of its line, with the line break; or `/* … */`.
    Comment,
    OpenQuote,
    CloseQuote,
    /// Text between quotes or in a heredoc.
    Text,
    /// `<<EOT` with its line break.
    OpenHeredoc,
    /// The last line of a heredoc, with its indent, without its line break.
    CloseHeredoc,
    /// `${` or `%{`, with `~` if written.
    OpenTemplate,
    /// The `}` of a template, with `~` if written.
    CloseTemplate,
    OpenBrace,
    CloseBrace,
    OpenBracket,
    CloseBracket,
    OpenParen,
    CloseParen,
    Dot,
    Comma,
    Ellipsis,
    DoubleColon,
    Equal,
    Minus,
    Bang,
    /// `=>`.
    Arrow,
    /// `:`, `?` and all other operators.
    Operator,
    Invalid,
}

/// A token: its kind and the bytes it covers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Token {
    pub(super) kind: TokenKind,
    pub(super) start: usize,
    pub(super) end: usize,
}

/// An error that a scan finds, with its place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum LexFault {
    /// A quote that is not closed on its line.
    Quote(usize),
    /// A `${` or `%{` in a quoted text that is not closed on the line of the quote.
    Template(usize),
    /// A heredoc without its last line, and the word that line should have.
    Heredoc(usize, String),
    /// A `/*` without `*/`.
    Comment(usize),
    /// An unclosed bracket and its place.
    Open(char, usize),
    /// A closing bracket where another one, or none, is expected: it, its place, and the open one.
    Close(char, usize, Option<(char, usize)>),
    /// A character that HCL does not know.
    Character(char, usize),
}

impl LexFault {
    /// Its first byte.
    pub(super) fn place(&self) -> usize {
        match self {
            Self::Quote(at) | Self::Template(at) | Self::Heredoc(at, _) | Self::Comment(at) => *at,
            Self::Open(_, at) | Self::Close(_, at, _) | Self::Character(_, at) => *at,
        }
    }
}

/// The tokens of a text and the errors in them.
pub(super) struct Scan {
    pub(super) tokens: Vec<Token>,
    pub(super) faults: Vec<LexFault>,
}

/// The context of the scanner.
enum LexNesting {
    /// A bracket, with its place.
    Bracket(char, usize),
    /// `${` or `%{`, with its place.
    Template(usize),
    /// A quoted text, with the place of its quote.
    Quoted(usize),
    /// A heredoc, with its place and the word that ends it.
    Heredoc(usize, String),
}

impl LexNesting {
    /// Its first byte.
    fn place(&self) -> usize {
        match self {
            Self::Bracket(_, at) | Self::Template(at) | Self::Quoted(at) | Self::Heredoc(at, _) => *at,
        }
    }
}

/// Most brackets that were forgotten within one that is closed.
const MAX_FORGOTTEN: usize = 256;

struct Lexer<'a> {
    text: &'a str,
    at: usize,
    inside: Vec<LexNesting>,
    scan: Scan,
}

/// Cuts a text into tokens. Spaces, tabs and lone carriage returns between tokens belong to none.
pub(super) fn scan(text: &str) -> Scan {
    let scan = Scan { tokens: Vec::with_capacity(text.len() / 4), faults: Vec::new() };
    let mut lexer = Lexer { text, at: 0, inside: Vec::new(), scan };
    while lexer.at < text.len() {
        match lexer.inside.last() {
            Some(LexNesting::Quoted(_)) => lexer.quoted(),
            Some(LexNesting::Heredoc(_, word)) => {
                let word = word.clone();
                lexer.heredoc(&word);
            }
            Some(LexNesting::Bracket(..) | LexNesting::Template(_)) | None => lexer.plain(),
        }
    }
    lexer.left_open();
    lexer.scan
}

/// An identifier may start with this character.
pub(super) fn starts_ident(c: char) -> bool {
    if c.is_ascii() { c == '_' || c.is_ascii_alphabetic() } else { is_ident(&c.to_string()) }
}

/// An identifier may continue with this character.
pub(super) fn continues_ident(c: char) -> bool {
    if c.is_ascii() { c == '_' || c == '-' || c.is_ascii_alphanumeric() } else { is_ident(&format!("a{c}")) }
}

/// Unicode's classes of identifiers, as the parser has them.
fn is_ident(text: &str) -> bool {
    hcl_edit::Ident::try_new(text).is_ok()
}

impl<'a> Lexer<'a> {
    fn rest(&self) -> &'a str {
        self.text.get(self.at..).unwrap_or_default()
    }

    fn push(&mut self, kind: TokenKind, length: usize) {
        let start = self.at;
        self.at += length;
        self.scan.tokens.push(Token { kind, start, end: self.at });
    }

    fn plain(&mut self) {
        use TokenKind::{
            Arrow, Bang, CloseTemplate, Comma, Comment, Dot, DoubleColon, Ellipsis, Equal, Ident, Invalid, Minus,
            Newline, Number, OpenQuote, Operator,
        };
        let rest = self.rest();
        let Some(first) = rest.chars().next() else { return };
        let two = rest.get(..2).unwrap_or_default();
        match first {
            '\n' => self.push(Newline, 1),
            '\r' if two == "\r\n" => self.push(Newline, 2),
            ' ' | '\t' | '\r' => self.at += 1,
            '#' => self.push(Comment, line_length(rest)),
            '/' if two == "//" => self.push(Comment, line_length(rest)),
            '/' if two == "/*" => self.block_comment(),
            '"' => {
                self.inside.push(LexNesting::Quoted(self.at));
                self.push(OpenQuote, 1);
            }
            '<' if two == "<<" => self.open_heredoc(),
            '~' if two == "~}" && matches!(self.inside.last(), Some(LexNesting::Template(_))) => {
                self.inside.pop();
                self.push(CloseTemplate, 2);
            }
            '(' | '[' | '{' => self.open(first),
            ')' | ']' | '}' => self.close(first),
            '.' if rest.starts_with("...") => self.push(Ellipsis, 3),
            '.' => self.push(Dot, 1),
            ',' => self.push(Comma, 1),
            ':' if two == "::" => self.push(DoubleColon, 2),
            '=' | '!' | '<' | '>' if two.ends_with('=') => self.push(Operator, 2),
            '=' if two == "=>" => self.push(Arrow, 2),
            '&' | '|' if two == "&&" || two == "||" => self.push(Operator, 2),
            '=' => self.push(Equal, 1),
            '-' => self.push(Minus, 1),
            '!' => self.push(Bang, 1),
            ':' | '?' | '+' | '*' | '/' | '%' | '<' | '>' => self.push(Operator, 1),
            '0'..='9' => self.push(Number, number_length(rest)),
            c if starts_ident(c) => {
                self.push(Ident, rest.find(|c: char| !continues_ident(c)).unwrap_or(rest.len()));
            }
            other => {
                self.scan.faults.push(LexFault::Character(other, self.at));
                self.push(Invalid, other.len_utf8());
            }
        }
    }

    fn block_comment(&mut self) {
        let rest = self.rest();
        let length = match rest.get(2..).and_then(|inner| inner.find("*/")) {
            Some(end) => end + 4,
            None => {
                self.scan.faults.push(LexFault::Comment(self.at));
                rest.len()
            }
        };
        self.push(TokenKind::Comment, length);
    }

    fn open_heredoc(&mut self) {
        let rest = self.rest();
        let after = rest.get(2..).unwrap_or_default();
        let word = after.strip_prefix('-').unwrap_or(after);
        let end = word.find(|c: char| !continues_ident(c)).unwrap_or(word.len());
        let (word, tail) = word.split_at(end);
        let line_break = if tail.starts_with("\r\n") { 2 } else { usize::from(tail.starts_with('\n')) };
        if line_break == 0 || !word.starts_with(starts_ident) {
            self.push(TokenKind::Operator, 1);
            return;
        }
        let length = rest.len() - tail.len() + line_break;
        self.inside.push(LexNesting::Heredoc(self.at, word.to_owned()));
        self.push(TokenKind::OpenHeredoc, length);
    }

    fn open(&mut self, bracket: char) {
        self.inside.push(LexNesting::Bracket(bracket, self.at));
        let kind = match bracket {
            '(' => TokenKind::OpenParen,
            '[' => TokenKind::OpenBracket,
            _ => TokenKind::OpenBrace,
        };
        self.push(kind, 1);
    }

    fn close(&mut self, bracket: char) {
        let (kind, wanted) = match bracket {
            ')' => (TokenKind::CloseParen, '('),
            ']' => (TokenKind::CloseBracket, '['),
            _ => (TokenKind::CloseBrace, '{'),
        };
        match self.inside.last() {
            Some(LexNesting::Template(_)) if bracket == '}' => {
                self.inside.pop();
                return self.push(TokenKind::CloseTemplate, 1);
            }
            Some(LexNesting::Bracket(open, _)) if *open == wanted => {
                self.inside.pop();
            }
            Some(LexNesting::Bracket(open, at)) => {
                self.scan.faults.push(LexFault::Close(bracket, self.at, Some((*open, *at))));
                // If an outer bracket is the one meant, the inner ones were forgotten.
                if let Some(outer) = self.matching(wanted) {
                    self.inside.truncate(outer);
                }
            }
            _ => self.scan.faults.push(LexFault::Close(bracket, self.at, None)),
        }
        self.push(kind, 1);
    }

    /// Where the innermost open bracket of this kind is among all that is open, within the template that is being read.
    fn matching(&self, wanted: char) -> Option<usize> {
        let near = self.inside.len().saturating_sub(MAX_FORGOTTEN);
        let inner = self.inside.get(near..).unwrap_or_default();
        let within = inner.iter().rposition(|inside| !matches!(inside, LexNesting::Bracket(..))).map_or(0, |at| at + 1);
        let open = inner.get(within..).unwrap_or_default();
        open.iter()
            .rposition(|inside| matches!(inside, LexNesting::Bracket(c, _) if *c == wanted))
            .map(|at| near + within + at)
    }

    fn quoted(&mut self) {
        let rest = self.rest();
        let mut chars = rest.char_indices();
        let mut end = rest.len();
        while let Some((at, c)) = chars.next() {
            match c {
                '\\' => _ = chars.next(),
                '"' | '\n' => {
                    end = at;
                    break;
                }
                '$' | '%' if opens_template(rest, at) => {
                    end = at;
                    break;
                }
                _ => {}
            }
        }
        if end > 0 {
            self.push(TokenKind::Text, end);
        }
        match self.rest().chars().next() {
            Some('"') => {
                self.inside.pop();
                self.push(TokenKind::CloseQuote, 1);
            }
            Some('\n') => self.break_off(),
            Some(_) => self.open_template(),
            None => {}
        }
    }

    /// A line ends within quotes. Everything after is read as if they had been closed here, so that further faults
    /// are found.
    fn break_off(&mut self) {
        let line = self.text.get(..self.at).and_then(|before| before.rfind('\n')).map_or(0, |end| end + 1);
        // What was opened on this line comes last.
        let on_line = self.inside.partition_point(|inside| inside.place() < line);
        let opened = self.inside.get(on_line..).unwrap_or_default();
        let outermost = opened.iter().position(|inside| matches!(inside, LexNesting::Quoted(_)));
        let first = outermost.map_or(self.inside.len().saturating_sub(1), |at| on_line + at);
        let broken = self.inside.drain(first..);
        self.scan.faults.extend(first_open(broken));
    }

    /// The text ends: of all that is still open, the outermost text is to blame, and otherwise the outermost bracket.
    fn left_open(&mut self) {
        let text =
            self.inside.iter().position(|inside| matches!(inside, LexNesting::Quoted(_) | LexNesting::Heredoc(..)));
        self.scan.faults.extend(first_open(self.inside.drain(text.unwrap_or(0)..)));
    }

    fn heredoc(&mut self, word: &str) {
        let rest = self.rest();
        let starts_line = self.text.get(..self.at).is_some_and(|before| before.ends_with('\n'));
        if starts_line {
            let indent = rest.len() - rest.trim_start_matches([' ', '\t']).len();
            let ends = rest.get(indent..).and_then(|line| line.strip_prefix(word));
            if ends.is_some_and(|after| !after.starts_with(continues_ident)) {
                self.inside.pop();
                return self.push(TokenKind::CloseHeredoc, indent + word.len());
            }
        }
        // Not further than the next template: a line may have any number of them.
        let ends = |(at, byte): &(usize, u8)| *byte == b'\n' || opens_template(rest, *at);
        match rest.bytes().enumerate().find(ends) {
            Some((at, b'\n')) => self.push(TokenKind::Text, at + 1),
            Some((0, _)) => self.open_template(),
            Some((at, _)) => self.push(TokenKind::Text, at),
            None => self.push(TokenKind::Text, rest.len()),
        }
    }

    fn open_template(&mut self) {
        let length = if self.rest().get(2..).is_some_and(|rest| rest.starts_with('~')) { 3 } else { 2 };
        self.inside.push(LexNesting::Template(self.at));
        self.push(TokenKind::OpenTemplate, length);
    }
}

/// The fault of the first of what is open; a text with a template in it is open because the template is.
fn first_open(mut open: impl Iterator<Item = LexNesting>) -> Option<LexFault> {
    Some(match (open.next()?, open.next()) {
        (LexNesting::Quoted(_), Some(LexNesting::Template(at))) => LexFault::Template(at),
        (LexNesting::Quoted(at), _) => LexFault::Quote(at),
        (LexNesting::Heredoc(at, word), _) => LexFault::Heredoc(at, word),
        (LexNesting::Template(at), _) => LexFault::Open('{', at),
        (LexNesting::Bracket(bracket, at), _) => LexFault::Open(bracket, at),
    })
}

/// Whether `${` or `%{` stands here and is not escaped by a doubled first character.
fn opens_template(text: &str, at: usize) -> bool {
    let bytes = text.as_bytes();
    let Some(first @ (b'$' | b'%')) = bytes.get(at) else { return false };
    bytes.get(at + 1) == Some(&b'{') && at.checked_sub(1).is_none_or(|before| bytes.get(before) != Some(first))
}

/// The length of the first line, with its line break.
fn line_length(text: &str) -> usize {
    text.find('\n').map_or(text.len(), |at| at + 1)
}

/// Digits, and a fraction and an exponent where digits follow.
fn number_length(text: &str) -> usize {
    let digits = |from: usize| {
        let rest = text.get(from..).unwrap_or_default();
        from + rest.find(|c: char| !c.is_ascii_digit()).unwrap_or(rest.len())
    };
    let starts = |from: usize, sought: &[char]| text.get(from..).is_some_and(|rest| rest.starts_with(sought));
    let mut end = digits(0);
    if starts(end, &['.']) && digits(end + 1) > end + 1 {
        end = digits(end + 1);
    }
    if starts(end, &['e', 'E']) {
        let sign = end + 1 + usize::from(starts(end + 1, &['+', '-']));
        if digits(sign) > sign {
            end = digits(sign);
        }
    }
    end
}
