//! Expressions as templates write them, `[concat(parameters('a'), 'b')]`: read into a tree. Knows no function.

/// How deep calls and brackets may stand in each other.
const DEEPEST: u32 = 64;
/// The longest expression that is taken, in characters (source: the limits of templates).
const LONGEST: usize = 24_576;

/// An expression.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Expression {
    Text(String),
    Int(i64),
    Call(String, Vec<Expression>),
    /// What stands in the first under the second: a property or an element.
    In(Box<Expression>, Box<Expression>),
}

impl Expression {
    /// Shows every call to `see`, outermost first.
    pub(super) fn visit<'a>(&'a self, see: &mut dyn FnMut(&'a str, &'a [Self])) {
        match self {
            Self::Text(_) | Self::Int(_) => {}
            Self::Call(name, args) => {
                see(name, args);
                args.iter().for_each(|arg| arg.visit(see));
            }
            Self::In(of, at) => {
                of.visit(see);
                at.visit(see);
            }
        }
    }
}

/// What a string of a template is.
pub(super) enum Written<'a> {
    /// The text itself.
    Literal(&'a str),
    /// The source of an expression.
    Expression(&'a str),
}

/// Tells text from expressions: `[…]` is one, `[[…]` is text that begins with one bracket.
pub(super) fn written(text: &str) -> Written<'_> {
    match text.strip_prefix('[').filter(|rest| rest.ends_with(']')) {
        Some(rest) if rest.starts_with('[') => Written::Literal(rest),
        Some(rest) => Written::Expression(&rest[..rest.len() - 1]),
        None => Written::Literal(text),
    }
}

/// Reads an expression, without its brackets.
///
/// # Errors
/// What is wrong with it.
pub(super) fn parse(source: &str) -> Result<Expression, String> {
    if source.chars().count() > LONGEST {
        return Err(format!("the expression is longer than {LONGEST} characters"));
    }
    let mut reader = Reader { rest: source, depth: 0 };
    let expression = reader.expression()?;
    reader.skip_spaces();
    match reader.rest {
        "" => Ok(expression),
        rest => Err(format!("`{rest}` is not expected in the expression `{source}`")),
    }
}

struct Reader<'a> {
    rest: &'a str,
    depth: u32,
}

impl Reader<'_> {
    fn skip_spaces(&mut self) {
        self.rest = self.rest.trim_start();
    }

    fn take(&mut self, token: char) -> bool {
        self.skip_spaces();
        let rest = self.rest.strip_prefix(token);
        self.rest = rest.unwrap_or(self.rest);
        rest.is_some()
    }

    fn expect(&mut self, token: char) -> Result<(), String> {
        if self.take(token) { Ok(()) } else { Err(format!("`{token}` is expected before `{}`", self.rest)) }
    }

    fn expression(&mut self) -> Result<Expression, String> {
        self.depth += 1;
        if self.depth > DEEPEST {
            return Err(format!("calls stand in each other more than {DEEPEST} deep"));
        }
        let mut expression = self.value()?;
        loop {
            if self.take('.') {
                let name = Expression::Text(self.name()?);
                expression = Expression::In(Box::new(expression), Box::new(name));
            } else if self.take('[') {
                let at = self.expression()?;
                self.expect(']')?;
                expression = Expression::In(Box::new(expression), Box::new(at));
            } else {
                self.depth -= 1;
                return Ok(expression);
            }
        }
    }

    fn value(&mut self) -> Result<Expression, String> {
        if self.take('\'') {
            return self.text();
        }
        self.skip_spaces();
        let digits = self.rest.len() - self.rest.trim_start_matches(|c: char| c == '-' || c.is_ascii_digit()).len();
        if digits > 0 {
            let (number, rest) = self.rest.split_at(digits);
            self.rest = rest;
            return number.parse().map(Expression::Int).map_err(|_| format!("`{number}` is not a whole number"));
        }
        let name = self.name()?;
        self.expect('(')?;
        let mut args = Vec::new();
        if self.take(')') {
            return Ok(Expression::Call(name, args));
        }
        loop {
            args.push(self.expression()?);
            if self.take(')') {
                return Ok(Expression::Call(name, args));
            }
            self.expect(',')?;
        }
    }

    /// The rest of a text whose first quote was taken; `''` is one quote.
    fn text(&mut self) -> Result<Expression, String> {
        let mut text = String::new();
        loop {
            let (before, after) = self.rest.split_once('\'').ok_or("a text is not closed with `'`")?;
            text.push_str(before);
            self.rest = after;
            match after.strip_prefix('\'') {
                Some(rest) => {
                    text.push('\'');
                    self.rest = rest;
                }
                None => return Ok(Expression::Text(text)),
            }
        }
    }

    fn name(&mut self) -> Result<String, String> {
        self.skip_spaces();
        let length = self.rest.len() - self.rest.trim_start_matches(|c: char| c == '_' || c.is_alphanumeric()).len();
        if length == 0 {
            return Err(format!("a name is expected before `{}`", self.rest));
        }
        let (name, rest) = self.rest.split_at(length);
        self.rest = rest;
        Ok(name.to_owned())
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn any_text_is_read_or_refused(source in "[a-z0-9'\\[\\](),. é-]{0,60}") {
            drop(parse(&source));
            if let Written::Expression(inner) = written(&source) {
                drop(parse(inner));
            }
        }
    }

    fn text(text: &str) -> Expression {
        Expression::Text(text.to_owned())
    }

    #[test]
    fn calls_properties_and_elements() {
        let call = Expression::Call("parameters".to_owned(), vec![text("it's")]);
        let first = Expression::In(Box::new(call), Box::new(Expression::Int(0)));
        let expected = Expression::In(Box::new(first), Box::new(text("id")));
        assert_eq!(parse("parameters( 'it''s' )[0].id").unwrap(), expected);
    }

    #[test]
    fn brackets_make_expressions_and_doubled_ones_do_not() {
        assert!(matches!(written("[a()]"), Written::Expression("a()")));
        assert!(matches!(written("[[a()]"), Written::Literal("[a()]")));
        assert!(matches!(written("[a"), Written::Literal("[a")));
    }

    #[test]
    fn what_is_wrong_is_said() {
        for wrong in ["", "a", "a(", "a('b", "a() b", "a(1,)", "12345678901234567890", "a().", "a()[1"] {
            assert!(parse(wrong).is_err(), "{wrong}");
        }
        let deep = format!("{}1{}", "a(".repeat(2000), ")".repeat(2000));
        assert!(parse(&deep).is_err());
    }
}
