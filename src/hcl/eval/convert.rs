//! The conversions that Terraform makes by itself: between strings, numbers and bools, where nothing is lost.

use std::sync::Arc;

use crate::diagnostic::Diagnostic;
use crate::value::{Number, Value};

/// The text of a string, a number or a bool.
///
/// # Errors
/// What is there instead; the caller adds where.
pub(crate) fn to_text(value: &Value) -> Result<Arc<str>, Diagnostic> {
    match value {
        Value::String(text) => Ok(Arc::clone(text)),
        Value::Number(number) => Ok(number.to_string().into()),
        Value::Bool(bool) => Ok(if *bool { "true".into() } else { "false".into() }),
        other => Err(mismatch("a string", other)),
    }
}

/// The number that this is, or that this string says.
///
/// # Errors
/// What is there instead; the caller adds where.
pub(crate) fn to_number(value: &Value) -> Result<Number, Diagnostic> {
    match value {
        Value::Number(number) => Ok(*number),
        Value::String(text) => parse_number(text)
            .ok_or_else(|| Diagnostic::error("wrong-type", "expected a number, found a string that is not a number")),
        other => Err(mismatch("a number", other)),
    }
}

/// The bool that this is, or that this string says.
///
/// # Errors
/// What is there instead; the caller adds where.
pub(crate) fn to_bool(value: &Value) -> Result<bool, Diagnostic> {
    match value {
        Value::Bool(bool) => Ok(*bool),
        Value::String(text) if &**text == "true" => Ok(true),
        Value::String(text) if &**text == "false" => Ok(false),
        other => Err(mismatch("a bool", other)),
    }
}

/// The error for a value of the wrong type, without a place.
pub(crate) fn mismatch(wanted: &str, value: &Value) -> Diagnostic {
    let found = value.type_name();
    let fault = Diagnostic::error("wrong-type", format!("expected {wanted}, found {found}"));
    match value {
        Value::Block(address) => {
            fault.help(format!("Write `{address}.id` or `{address}.name` for one of its attributes."))
        }
        Value::Null => fault.help("Set a value, for instance with `coalesce(…)` or a conditional."),
        _ => fault,
    }
}

/// A number as text, as Terraform reads it: decimal, with an optional sign, fraction and exponent.
pub(crate) fn parse_number(text: &str) -> Option<Number> {
    if let Ok(int) = text.parse::<i64>() {
        return (!text.starts_with('+')).then_some(Number::Int(int));
    }
    let digits = text.strip_prefix('-').unwrap_or(text);
    let plain = digits.starts_with(|c: char| c.is_ascii_digit())
        && digits.chars().all(|c| c.is_ascii_digit() || matches!(c, '.' | 'e' | 'E' | '+' | '-'));
    if plain { text.parse::<f64>().ok().and_then(Number::from_f64) } else { None }
}
