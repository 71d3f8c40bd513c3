//! Functions over strings.

use std::collections::HashSet;

use crate::value::Value;

use super::{Function, FunctionError, ParamType, grow, int, list, param, pure, text};

pub(super) const FUNCTIONS: &[Function] = &[
    pure("chomp", &[STRING], chomp, "The string without line breaks at its end."),
    pure(
        "indent",
        &[param("spaces", ParamType::Int), STRING],
        indent,
        "The string with spaces before every line but the first.",
    ),
    pure(
        "join",
        &[param("separator", ParamType::Text)],
        join,
        "The elements of the lists with the separator between them.",
    )
    .and_more(param("lists", ParamType::Texts)),
    pure(
        "lower",
        &[STRING],
        |args| Ok(text(args, 0).chars().map(|c| single(c, c.to_lowercase())).collect::<String>().into()),
        "The string in lower case.",
    )
    .at_cost(CHARACTERS),
    pure(
        "upper",
        &[STRING],
        |args| Ok(text(args, 0).chars().map(|c| single(c, c.to_uppercase())).collect::<String>().into()),
        "The string in upper case.",
    )
    .at_cost(CHARACTERS),
    pure("title", &[STRING], title, "The string with the first letter of each word in upper case.").at_cost(CHARACTERS),
    pure(
        "trim",
        &[STRING, param("characters", ParamType::Text)],
        trim,
        "The string without these characters at its ends.",
    ),
    pure("trimprefix", &[STRING, param("prefix", ParamType::Text)], trimprefix, "The string without this prefix."),
    pure("trimsuffix", &[STRING, param("suffix", ParamType::Text)], trimsuffix, "The string without this suffix."),
    pure("trimspace", &[STRING], |args| Ok(text(args, 0).trim().into()), "The string without space at its ends."),
    pure("split", &[param("separator", ParamType::Text), STRING], split, "The parts of the string between separators."),
    pure(
        "strrev",
        &[STRING],
        |args| Ok(text(args, 0).chars().rev().collect::<String>().into()),
        "The string backwards.",
    )
    .at_cost(CHARACTERS),
    pure(
        "substr",
        &[STRING, param("offset", ParamType::Int), param("length", ParamType::Int)],
        substr,
        "A number of characters of the string from an offset; from its end if that is negative, to its end if the length is -1.",
    ),
    pure(
        "startswith",
        &[STRING, param("prefix", ParamType::Text)],
        startswith,
        "True if the string starts with the prefix.",
    ),
    pure("endswith", &[STRING, param("suffix", ParamType::Text)], endswith, "True if the string ends with the suffix."),
    pure(
        "strcontains",
        &[STRING, param("substring", ParamType::Text)],
        strcontains,
        "True if the string contains the substring.",
    ),
];

const STRING: super::Param = param("string", ParamType::Text);
/// Units of work for two characters that are changed one by one.
const CHARACTERS: usize = 8;

fn chomp(args: &[Value]) -> Result<Value, FunctionError> {
    Ok(text(args, 0).trim_end_matches(['\r', '\n']).into())
}

fn indent(args: &[Value]) -> Result<Value, FunctionError> {
    let spaces = int(args, 0).and_then(|spaces| usize::try_from(spaces).ok()).filter(|spaces| *spaces <= 1000);
    let spaces = spaces.ok_or_else(|| FunctionError::arg(0, "the number of spaces must be between 0 and 1000"))?;
    let pad = " ".repeat(spaces);
    let mut out = String::new();
    for (at, line) in text(args, 1).split('\n').enumerate() {
        if at > 0 {
            grow(&mut out, "\n")?;
            grow(&mut out, &pad)?;
        }
        grow(&mut out, line)?;
    }
    Ok(out.into())
}

fn join(args: &[Value]) -> Result<Value, FunctionError> {
    let separator = text(args, 0);
    let mut out = String::new();
    let mut first = true;
    for item in (1..args.len()).flat_map(|at| list(args, at)) {
        if !std::mem::take(&mut first) {
            grow(&mut out, separator)?;
        }
        grow(&mut out, item.as_str().unwrap_or_default())?;
    }
    Ok(out.into())
}

fn title(args: &[Value]) -> Result<Value, FunctionError> {
    let mut out = String::new();
    let mut inside = false;
    for c in text(args, 0).chars() {
        out.push(if inside { c } else { single(c, c.to_uppercase()) });
        inside = c.is_alphanumeric() || c == '_';
    }
    Ok(out.into())
}

/// The character in another case, where that is one character; otherwise itself, as in Terraform.
fn single(c: char, mut other: impl Iterator<Item = char>) -> char {
    match (other.next(), other.next()) {
        (Some(other), None) => other,
        _ => c,
    }
}

fn trim(args: &[Value]) -> Result<Value, FunctionError> {
    let characters: HashSet<char> = text(args, 1).chars().collect();
    Ok(text(args, 0).trim_matches(|c| characters.contains(&c)).into())
}

fn trimprefix(args: &[Value]) -> Result<Value, FunctionError> {
    let (string, prefix) = (text(args, 0), text(args, 1));
    Ok(string.strip_prefix(prefix).unwrap_or(string).into())
}

fn trimsuffix(args: &[Value]) -> Result<Value, FunctionError> {
    let (string, suffix) = (text(args, 0), text(args, 1));
    Ok(string.strip_suffix(suffix).unwrap_or(string).into())
}

fn startswith(args: &[Value]) -> Result<Value, FunctionError> {
    Ok(text(args, 0).starts_with(text(args, 1)).into())
}

fn endswith(args: &[Value]) -> Result<Value, FunctionError> {
    Ok(text(args, 0).ends_with(text(args, 1)).into())
}

fn strcontains(args: &[Value]) -> Result<Value, FunctionError> {
    Ok(text(args, 0).contains(text(args, 1)).into())
}

fn split(args: &[Value]) -> Result<Value, FunctionError> {
    let (separator, string) = (text(args, 0), text(args, 1));
    let limit = super::MAX_ELEMENTS + 1;
    let parts: Vec<Value> = if separator.is_empty() {
        string.chars().map(|c| Value::from(c.to_string())).take(limit).collect()
    } else {
        string.split(separator).map(Value::from).take(limit).collect()
    };
    Ok(parts.into())
}

fn substr(args: &[Value]) -> Result<Value, FunctionError> {
    let string = text(args, 0);
    let (offset, length) = (int(args, 1).unwrap_or_default(), int(args, 2).unwrap_or_default());
    let count = i64::try_from(string.chars().count()).unwrap_or(i64::MAX);
    let start = if offset < 0 { count.saturating_add(offset).max(0) } else { offset.min(count) };
    let end = if length < 0 { count } else { start.saturating_add(length).min(count) };
    let skip = usize::try_from(start).unwrap_or_default();
    let take = usize::try_from(end - start).unwrap_or_default();
    Ok(string.chars().skip(skip).take(take).collect::<String>().into())
}
