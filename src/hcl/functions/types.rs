//! Conversions between types, and marks of sensitivity.

use std::sync::Arc;

use crate::hcl::eval::{to_bool, to_number, to_text};
use crate::value::Value;

use super::{Function, FunctionError, ParamType, any, param, pure};

pub(super) const FUNCTIONS: &[Function] = &[
    pure(
        "tostring",
        &[VALUE],
        |args| converted(args, |value| to_text(value).map(Value::String)),
        "The value as a string.",
    ),
    pure(
        "tonumber",
        &[VALUE],
        |args| converted(args, |value| to_number(value).map(Value::Number)),
        "The value as a number.",
    ),
    pure("tobool", &[VALUE], |args| converted(args, |value| to_bool(value).map(Value::Bool)), "The value as a bool."),
    pure("tolist", &[VALUE], tolist, "The value as a list."),
    pure("tomap", &[VALUE], tomap, "The value as a map."),
    pure(
        "sensitive",
        &[param("value", ParamType::Raw)],
        |args| Ok(any(args, 0).sensitive()),
        "The value, marked sensitive.",
    ),
    pure("nonsensitive", &[param("value", ParamType::Raw)], nonsensitive, "The value without its mark of sensitivity."),
    pure("issensitive", &[param("value", ParamType::Raw)], issensitive, "True if the value is marked sensitive."),
];

const VALUE: super::Param = param("value", ParamType::Any);

fn converted(
    args: &[Value],
    convert: fn(&Value) -> Result<Value, crate::diagnostic::Diagnostic>,
) -> Result<Value, FunctionError> {
    let value = any(args, 0);
    if value.is_null() {
        return Ok(Value::Null);
    }
    convert(&value).map_err(|fault| FunctionError { arg: Some(0), diagnostic: Box::new(fault) })
}

fn tolist(args: &[Value]) -> Result<Value, FunctionError> {
    match any(args, 0) {
        Value::List(items) => Ok(unified(items.to_vec()).into()),
        Value::Null => Ok(Value::Null),
        other => Err(FunctionError::mismatch(0, "a list", &other)),
    }
}

fn tomap(args: &[Value]) -> Result<Value, FunctionError> {
    match any(args, 0) {
        value @ (Value::Map(_) | Value::Null) => Ok(value),
        other => Err(FunctionError::mismatch(0, "a map", &other)),
    }
}

fn nonsensitive(args: &[Value]) -> Result<Value, FunctionError> {
    match any(args, 0) {
        Value::Sensitive(inner) => Ok(Value::clone(&inner)),
        // Whether it is sensitive at all shows only once it is known, so the mark stays until then.
        value => Ok(value),
    }
}

fn issensitive(args: &[Value]) -> Result<Value, FunctionError> {
    Ok(match any(args, 0) {
        Value::Unknown(unknown) => {
            Value::Unknown(crate::value::Unknown { waits_for: Arc::clone(&unknown.waits_for), sensitive: false })
        }
        value => Value::Bool(matches!(value, Value::Sensitive(_))),
    })
}

/// True if plain values of these types are unified as strings, as in Terraform: strings with numbers or bools, or
/// these with each other.
pub(super) fn wants_text<'v>(values: impl Iterator<Item = &'v Value>) -> bool {
    let (mut texts, mut numbers, mut bools) = (false, false, false);
    for value in values {
        match value.unmark().0 {
            Value::String(_) => texts = true,
            Value::Number(_) => numbers = true,
            Value::Bool(_) => bools = true,
            Value::Null | Value::Unknown(_) => {}
            Value::List(_) | Value::Map(_) | Value::Block(_) | Value::Sensitive(_) => return false,
        }
    }
    [texts, numbers, bools].into_iter().filter(|met| *met).count() > 1
}

/// Plain elements of different types as strings; other elements as they are.
pub(super) fn unified(items: Vec<Value>) -> Vec<Value> {
    if !wants_text(items.iter()) {
        return items;
    }
    let as_text = |item: Value| match (to_text(item.unmark().0), &item) {
        (Ok(text), Value::Sensitive(_)) => Value::String(text).sensitive(),
        (Ok(text), _) => Value::String(text),
        (Err(_), _) => item,
    };
    items.into_iter().map(as_text).collect()
}
