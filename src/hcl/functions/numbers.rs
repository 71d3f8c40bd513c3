//! Functions over numbers.

use std::cmp::Ordering;

use crate::hcl::eval::{add, order};
use crate::value::{Number, Value};

use super::{Function, FunctionError, ParamType, int, list, number, param, pure, text};

pub(super) const FUNCTIONS: &[Function] = &[
    pure("abs", &[NUMBER], abs, "The number without its sign."),
    pure("ceil", &[NUMBER], |args| round(args, f64::ceil), "The number rounded up to a whole number."),
    pure("floor", &[NUMBER], |args| round(args, f64::floor), "The number rounded down to a whole number."),
    pure("max", &[NUMBER], |args| extreme(args, Ordering::Greater), "The largest of the numbers.")
        .and_more(param("numbers", ParamType::Number)),
    pure("min", &[NUMBER], |args| extreme(args, Ordering::Less), "The smallest of the numbers.")
        .and_more(param("numbers", ParamType::Number)),
    pure("pow", &[NUMBER, param("exponent", ParamType::Number)], pow, "The number raised to a power."),
    pure("log", &[NUMBER, param("base", ParamType::Number)], log, "The logarithm of the number to a base."),
    pure("signum", &[param("number", ParamType::Int)], signum, "-1, 0 or 1, as the number is below, at or above zero."),
    pure(
        "parseint",
        &[param("string", ParamType::Text), param("base", ParamType::Int)],
        parseint,
        "The whole number in the string, in a base from 2 to 62.",
    ),
    pure("sum", &[param("list", ParamType::Known)], sum, "The sum of the numbers in the list."),
];

const NUMBER: super::Param = param("number", ParamType::Number);

fn result(float: f64) -> Result<Value, FunctionError> {
    Number::from_f64(float).map(Value::Number).ok_or_else(|| FunctionError::call("the result is not a finite number"))
}

fn abs(args: &[Value]) -> Result<Value, FunctionError> {
    match number(args, 0) {
        Number::Int(int) if int != i64::MIN => Ok(int.abs().into()),
        other => result(other.as_f64().abs()),
    }
}

fn round(args: &[Value], rounded: fn(f64) -> f64) -> Result<Value, FunctionError> {
    match number(args, 0) {
        whole @ Number::Int(_) => Ok(Value::Number(whole)),
        Number::Float(float) => result(rounded(float)),
    }
}

fn extreme(args: &[Value], wanted: Ordering) -> Result<Value, FunctionError> {
    let numbers = (0..args.len()).map(|at| number(args, at));
    let found = numbers.reduce(|best, next| if order(next, best) == wanted { next } else { best });
    Ok(found.map_or(Value::Null, Value::Number))
}

fn pow(args: &[Value]) -> Result<Value, FunctionError> {
    let (base, exponent) = (number(args, 0), number(args, 1));
    let exact = match (base, exponent) {
        (Number::Int(base), Number::Int(exponent)) => {
            u32::try_from(exponent).ok().and_then(|exponent| base.checked_pow(exponent))
        }
        _ => None,
    };
    exact.map_or_else(|| result(base.as_f64().powf(exponent.as_f64())), |int| Ok(int.into()))
}

fn log(args: &[Value]) -> Result<Value, FunctionError> {
    result(number(args, 0).as_f64().ln() / number(args, 1).as_f64().ln())
}

fn signum(args: &[Value]) -> Result<Value, FunctionError> {
    Ok(int(args, 0).unwrap_or_default().signum().into())
}

fn parseint(args: &[Value]) -> Result<Value, FunctionError> {
    let (string, base) = (text(args, 0), int(args, 1).unwrap_or_default());
    if !(2..=62).contains(&base) {
        return Err(FunctionError::arg(1, "the base must be between 2 and 62"));
    }
    let wrong = || FunctionError::arg(0, format!("`{string}` is not a whole number in base {base}"));
    let (sign, digits) = match string.strip_prefix('-') {
        Some(digits) => (-1, digits),
        None => (1, string.strip_prefix('+').unwrap_or(string)),
    };
    if digits.is_empty() {
        return Err(wrong());
    }
    digits
        .chars()
        .try_fold(0_i64, |value, c| {
            let digit = digit(c, base)?;
            value.checked_mul(base)?.checked_add(sign * digit)
        })
        .map(Value::from)
        .ok_or_else(wrong)
}

/// The worth of a digit: letters of either case count alike up to base 36; beyond, upper case comes after lower case.
fn digit(c: char, base: i64) -> Option<i64> {
    let worth = match c {
        '0'..='9' => i64::from(u32::from(c) - u32::from('0')),
        'a'..='z' => i64::from(u32::from(c) - u32::from('a')) + 10,
        'A'..='Z' => i64::from(u32::from(c) - u32::from('A')) + if base <= 36 { 10 } else { 36 },
        _ => return None,
    };
    (worth < base).then_some(worth)
}

fn sum(args: &[Value]) -> Result<Value, FunctionError> {
    let Some(Value::List(_)) = args.first() else { return Err(FunctionError::arg(0, "expected a list of numbers")) };
    let items = list(args, 0);
    if items.is_empty() {
        return Err(FunctionError::arg(0, "an empty list has no sum")
            .help("Write `sum(concat([0], …))` where it may be empty."));
    }
    items
        .iter()
        .enumerate()
        .try_fold(Number::Int(0), |total, (at, item)| {
            let next = crate::hcl::eval::to_number(item)
                .map_err(|fault| FunctionError::arg(0, format!("{} (element {at})", fault.summary)))?;
            add(total, next).map_err(|_| FunctionError::arg(0, "the sum is too large for a number"))
        })
        .map(Value::Number)
}
