//! Values of single types: conversions, checks, and the errors in them.

use crate::diagnostic::{Diagnostic, Span};
use crate::kinds::form::Form;
use crate::ranges::{Cidr, CidrError};
use crate::value::{Number, Value};

/// An error in a value, before its place is known.
pub(super) struct Problem {
    summary: String,
    help: Option<String>,
    /// The message that does not show the value.
    unseen: Option<String>,
    /// The position of the element that it is about, in a list.
    pub(super) item: Option<usize>,
}

impl Problem {
    pub(super) fn new(summary: String) -> Self {
        Self { summary, help: None, unseen: None, item: None }
    }

    pub(super) fn ty(wanted: &str, value: &Value) -> Self {
        let shown = match value {
            Value::String(text) if text.chars().count() <= 60 => format!("the string \"{text}\""),
            Value::Block(address) => format!("`{address}`"),
            Value::Number(number) => format!("the number {number}"),
            Value::Bool(bool) => format!("{bool}"),
            other => other.type_name().to_owned(),
        };
        Self {
            unseen: Some(format!("expected {wanted}, found a sensitive value of another type")),
            ..Self::new(format!("expected {wanted}, found {shown}"))
        }
    }

    /// A text that breaks the rule of its argument.
    pub(super) fn form(form: &Form, text: &str, why: &str, item: Option<usize>) -> Self {
        let text = text.escape_debug();
        let shown: String =
            if text.clone().count() <= 60 { text.collect() } else { text.take(60).chain(['…']).collect::<String>() };
        Self {
            unseen: Some(format!("the sensitive value is not {}", form.wanted)),
            item,
            ..Self::new(format!("\"{shown}\" {why}"))
        }
        .help(format!("Write {}.", form.wanted))
    }

    /// The same for an element of a list; positions within it are lost.
    pub(super) fn of_item(self, at: usize) -> Self {
        Self { item: Some(at), ..self }
    }

    pub(super) fn help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }

    /// Without the text of a value that must not be shown.
    pub(super) fn hidden(self) -> Self {
        let summary = self.unseen.unwrap_or_else(|| "unsupported value (hidden: it is sensitive)".to_owned());
        Self { item: self.item, unseen: Some(summary.clone()), ..Self::new(summary) }
    }

    pub(super) fn at(self, span: Span, argument: &str) -> Diagnostic {
        let diagnostic =
            Diagnostic::error("wrong-value", format!("invalid value for `{argument}`: {}", self.summary)).at(span);
        match self.help {
            Some(help) => diagnostic.help(help),
            None => diagnostic,
        }
    }
}

pub(super) fn to_bool(value: &Value) -> Option<Value> {
    match value {
        Value::Bool(_) => Some(value.clone()),
        Value::String(text) if &**text == "true" => Some(true.into()),
        Value::String(text) if &**text == "false" => Some(false.into()),
        _ => None,
    }
}

pub(super) fn to_string(value: &Value) -> Option<Value> {
    match value {
        Value::String(_) => Some(value.clone()),
        Value::Number(number) => Some(number.to_string().into()),
        Value::Bool(bool) => Some(bool.to_string().into()),
        _ => None,
    }
}

pub(super) fn to_number(value: &Value) -> Option<Number> {
    match value {
        Value::Number(number) => Some(*number),
        Value::String(text) => match text.parse::<i64>() {
            Ok(int) => Some(Number::Int(int)),
            Err(_) => text.parse().ok().and_then(Number::from_f64),
        },
        _ => None,
    }
}

pub(super) fn within(number: Number, low: f64, high: f64) -> Result<Value, Problem> {
    if (low..=high).contains(&number.as_f64()) {
        return Ok(Value::Number(number));
    }
    let range = match (low <= f64::from(i32::MIN), high >= 9e15) {
        (_, true) => format!("{low} or more"),
        (true, _) => format!("{high} or less"),
        _ => format!("{low} to {high}"),
    };
    Err(Problem::new(format!("{number} is out of range")).help(format!("Write {range}.")))
}

/// A word in the case in which the table has it.
pub(super) fn in_our_case(words: &[&str], value: &Value) -> Value {
    let meant = value.as_str().and_then(|text| words.iter().find(|word| word.eq_ignore_ascii_case(text)));
    meant.map_or_else(|| value.clone(), |word| Value::from(*word))
}

pub(super) fn one_of(words: &[&str], value: &Value) -> Result<Value, Problem> {
    let list = || words.iter().map(|w| format!("\"{w}\"")).collect::<Vec<_>>().join(", ");
    let Some(Value::String(text)) = to_string(value) else {
        return Err(Problem::ty(&format!("one of {}", list()), value));
    };
    if words.contains(&&*text) {
        return Ok(Value::String(text));
    }
    let close = words
        .iter()
        .copied()
        .find(|word| word.eq_ignore_ascii_case(&text))
        .or_else(|| crate::diagnostic::closest(&text, words.iter().copied()));
    let problem = Problem::new(format!("\"{text}\" is not one of {}", list()));
    Err(match close {
        Some(close) => problem.help(format!("Did you mean \"{close}\"?")),
        None => problem,
    })
}

pub(super) fn parse_with(
    value: &Value,
    wanted: &str,
    parse: impl Fn(&str) -> Result<String, Option<String>>,
) -> Result<Value, Problem> {
    match value {
        Value::String(text) => parse(text).map(Value::from).map_err(|why| match why {
            Some(why) => Problem::new(why),
            None => Problem::ty(wanted, value),
        }),
        other => Err(Problem::ty(wanted, other)),
    }
}

/// Normalises a range to its network address, and rejects one with host bits.
pub(super) fn network(text: &str) -> Result<String, Option<String>> {
    let range = read_cidr(text)?;
    if range.has_host_bits() {
        return Err(Some(format!("`{text}` has bits after its prefix length; the range is `{}`", range.text())));
    }
    Ok(range.text())
}

/// Normalises a range to its network address.
pub(super) fn cidr(text: &str) -> Result<String, Option<String>> {
    read_cidr(text).map(Cidr::text)
}

fn read_cidr(text: &str) -> Result<Cidr, Option<String>> {
    Cidr::parse(text).map_err(|fault| match fault {
        CidrError::TooLong(_) => Some(format!("the prefix length of `{text}` exceeds its address")),
        CidrError::NoSlash | CidrError::Address | CidrError::NoLength(_) => None,
    })
}

pub(super) fn as_set(mut items: Vec<Value>) -> Value {
    if items.iter().any(|item| item.unknown_within().is_some()) {
        return items.into();
    }
    let text = |value: &Value| value.reveal().map(|json| json.to_string()).unwrap_or_default();
    items.sort_by_cached_key(text);
    items.dedup();
    items.into()
}
