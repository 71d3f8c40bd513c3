//! Template expressions such as `[concat(parameters('a'), 'b')]`, parsed into a tree. No code here depends on a
//! function.

/// The maximum nesting of calls and brackets.
const DEEPEST: u32 = 64;
/// The maximum length of an expression, in characters (source: the limits of templates).
const LONGEST: usize = 24_576;

/// An expression.
#[derive(Debug, Clone, PartialEq)]
pub(in crate::providers::azure::simulated) enum Expression {
    Text(String),
    Int(i64),
    Call(String, Vec<Expression>),
    /// A property or an element: the second expression is its name or index in the first.
    In(Box<Expression>, Box<Expression>),
}

impl Expression {
    /// Visits every call, outermost first.
    pub(in crate::providers::azure::simulated) fn visit<'a>(&'a self, see: &mut dyn FnMut(&'a str, &'a [Self])) {
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

/// The meaning of a string in a template.
pub(in crate::providers::azure::simulated) enum TemplateString<'a> {
    /// Plain text.
    Literal(&'a str),
    /// The source of an expression.
    Expression(&'a str),
}

/// Distinguishes text from expressions: `[…]` is an expression, `[[…]` is text that begins with one bracket.
pub(in crate::providers::azure::simulated) fn written(text: &str) -> TemplateString<'_> {
    match text.strip_prefix('[').filter(|rest| rest.ends_with(']')) {
        Some(rest) if rest.starts_with('[') => TemplateString::Literal(rest),
        Some(rest) => TemplateString::Expression(&rest[..rest.len() - 1]),
        None => TemplateString::Literal(text),
    }
}

/// Reads an expression, without its brackets.
///
/// # Errors
/// The syntax error.
pub(in crate::providers::azure::simulated) fn parse(source: &str) -> Result<Expression, String> {
    if source.chars().count() > LONGEST {
        return Err(format!("the expression is longer than {LONGEST} characters"));
    }
    let mut reader = ExpressionReader { rest: source, depth: 0 };
    let expression = reader.expression()?;
    reader.skip_spaces();
    match reader.rest {
        "" => Ok(expression),
        rest => Err(format!("unexpected `{rest}` in the expression `{source}`")),
    }
}

struct ExpressionReader<'a> {
    rest: &'a str,
    depth: u32,
}

impl ExpressionReader<'_> {
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
        if self.take(token) { Ok(()) } else { Err(format!("expected `{token}` before `{}`", self.rest)) }
    }

    fn expression(&mut self) -> Result<Expression, String> {
        self.depth += 1;
        if self.depth > DEEPEST {
            return Err(format!("calls are nested deeper than {DEEPEST}"));
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
        let mut name = self.name()?;
        // A function of one's own: its namespace and its name.
        if self.take('.') {
            name = format!("{name}.{}", self.name()?);
        }
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

    /// The rest of a string literal after its opening quote; `''` is one quote.
    fn text(&mut self) -> Result<Expression, String> {
        let mut text = String::new();
        loop {
            let (before, after) = self.rest.split_once('\'').ok_or("a string has no closing `'`")?;
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
            return Err(format!("expected a name before `{}`", self.rest));
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
        fn any_text_parses_or_is_refused_without_panic(source in "[a-z0-9'\\[\\](),. é-]{0,60}") {
            drop(parse(&source));
            if let TemplateString::Expression(inner) = written(&source) {
                drop(parse(inner));
            }
        }
    }

    fn text(text: &str) -> Expression {
        Expression::Text(text.to_owned())
    }

    #[test]
    fn calls_properties_and_elements_parse() {
        let call = Expression::Call("parameters".to_owned(), vec![text("it's")]);
        let first = Expression::In(Box::new(call), Box::new(Expression::Int(0)));
        let expected = Expression::In(Box::new(first), Box::new(text("id")));
        assert_eq!(parse("parameters( 'it''s' )[0].id").unwrap(), expected);
    }

    #[test]
    fn functions_of_ones_own_have_a_namespace() {
        assert_eq!(parse("own.name('a')").unwrap(), Expression::Call("own.name".to_owned(), vec![text("a")]));
    }

    #[test]
    fn single_bracket_is_an_expression_and_double_bracket_is_text() {
        assert!(matches!(written("[a()]"), TemplateString::Expression("a()")));
        assert!(matches!(written("[[a()]"), TemplateString::Literal("[a()]")));
        assert!(matches!(written("[a"), TemplateString::Literal("[a")));
    }

    #[test]
    fn invalid_expressions_are_refused() {
        for wrong in ["", "a", "a(", "a('b", "a() b", "a(1,)", "12345678901234567890", "a().", "a()[1"] {
            assert!(parse(wrong).is_err(), "{wrong}");
        }
        let deep = format!("{}1{}", "a(".repeat(2000), ")".repeat(2000));
        assert!(parse(&deep).is_err());
    }
}
