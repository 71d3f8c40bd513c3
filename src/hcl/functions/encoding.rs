//! Functions that encode, decode and digest.

use std::collections::HashSet;
use std::fmt::Write;
use std::sync::Arc;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value as Json;
use sha2::{Digest, Sha256, Sha512};
use uuid::Uuid;

use crate::hcl::eval::{MAX_ELEMENTS, MAX_STRING_BYTES};
use crate::value::{Map, Value};

use super::{Function, FunctionError, ParamType, any, grow, param, pure, text};

pub(super) const FUNCTIONS: &[Function] = &[
    pure("base64encode", &[STRING], |args| Ok(STANDARD.encode(text(args, 0)).into()), "The string in Base64.")
        .at_cost(ENCODE),
    pure("base64decode", &[STRING], base64decode, "The decoded text of a Base64 string.").at_cost(ENCODE),
    pure(
        "csvdecode",
        &[STRING],
        csvdecode,
        "A list with a map for each line of a CSV text, by the names in its first line.",
    )
    .at_cost(DECODE),
    pure("jsonencode", &[param("value", ParamType::Known)], jsonencode, "The value as JSON.").at_cost(WRITE),
    pure("jsondecode", &[STRING], jsondecode, "The value of a JSON text.").at_cost(DECODE),
    pure("urlencode", &[STRING], urlencode, "The string encoded for the query of a URL.").at_cost(ENCODE),
    pure(
        "sha256",
        &[STRING],
        |args| Ok(hex(&Sha256::digest(text(args, 0)))),
        "The SHA-256 of the string, in hexadecimal.",
    )
    .at_cost(HASH),
    pure(
        "sha512",
        &[STRING],
        |args| Ok(hex(&Sha512::digest(text(args, 0)))),
        "The SHA-512 of the string, in hexadecimal.",
    )
    .at_cost(HASH),
    pure(
        "base64sha256",
        &[STRING],
        |args| Ok(STANDARD.encode(Sha256::digest(text(args, 0))).into()),
        "The SHA-256 of the string, in Base64.",
    )
    .at_cost(HASH),
    pure(
        "base64sha512",
        &[STRING],
        |args| Ok(STANDARD.encode(Sha512::digest(text(args, 0))).into()),
        "The SHA-512 of the string, in Base64.",
    )
    .at_cost(HASH),
    pure(
        "uuidv5",
        &[param("namespace", ParamType::Text), param("name", ParamType::Text)],
        uuidv5,
        "The UUID of a name in a namespace: `dns`, `url`, `oid`, `x500` or a UUID.",
    )
    .at_cost(HASH),
];

const STRING: super::Param = param("string", ParamType::Text);

/// Units of work for two characters: of a digest, a text that is encoded, and one that is read into values.
const HASH: usize = 16;
const ENCODE: usize = 4;
const DECODE: usize = 64;
/// Units of work for eight bytes of a value that is written as JSON.
const WRITE: usize = 16;

fn hex(bytes: &[u8]) -> Value {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect::<String>().into()
}

fn base64decode(args: &[Value]) -> Result<Value, FunctionError> {
    let bytes = STANDARD
        .decode(text(args, 0))
        .map_err(|error| FunctionError::arg(0, format!("this is not Base64: {error}")))?;
    String::from_utf8(bytes)
        .map(Value::from)
        .map_err(|_| FunctionError::arg(0, "the decoded bytes are not text in UTF-8"))
}

fn jsondecode(args: &[Value]) -> Result<Value, FunctionError> {
    let json: Json = serde_json::from_str(text(args, 0))
        .map_err(|error| FunctionError::arg(0, format!("this is not JSON: {error}")))?;
    Ok(Value::from_json(&json))
}

fn jsonencode(args: &[Value]) -> Result<Value, FunctionError> {
    let mut out = String::new();
    write_json(&any(args, 0), &mut out)?;
    Ok(out.into())
}

/// The value as Terraform writes JSON: without spaces, keys sorted, and `<`, `>`, `&` escaped.
pub(super) fn write_json(value: &Value, out: &mut String) -> Result<(), FunctionError> {
    match value {
        Value::Null => grow(out, "null"),
        Value::Bool(bool) => grow(out, if *bool { "true" } else { "false" }),
        Value::Number(number) => grow(out, &number.to_string()),
        Value::String(text) => write_json_text(text, out),
        Value::List(items) => {
            grow(out, "[")?;
            for (at, item) in items.iter().enumerate() {
                if at > 0 {
                    grow(out, ",")?;
                }
                write_json(item, out)?;
            }
            grow(out, "]")
        }
        Value::Map(map) => {
            grow(out, "{")?;
            for (at, (key, item)) in map.iter().enumerate() {
                if at > 0 {
                    grow(out, ",")?;
                }
                write_json_text(key, out)?;
                grow(out, ":")?;
                write_json(item, out)?;
            }
            grow(out, "}")
        }
        Value::Block(_) => Err(FunctionError::mismatch(0, "a plain value", value)),
        // The parameter is read to its ground, so neither comes here.
        Value::Unknown(_) | Value::Sensitive(_) => Err(FunctionError::arg(0, "this value is not known")),
    }
}

fn write_json_text(text: &str, out: &mut String) -> Result<(), FunctionError> {
    let quoted = Json::from(text).to_string();
    let mut rest = quoted.as_str();
    while let Some(at) = rest.find(['<', '>', '&', '\u{2028}', '\u{2029}']) {
        let (before, from) = rest.split_at(at);
        let mut chars = from.chars();
        let special = chars.next().map_or(0, u32::from);
        grow(out, before)?;
        grow(out, &format!("\\u{special:04x}"))?;
        rest = chars.as_str();
    }
    grow(out, rest)
}

fn urlencode(args: &[Value]) -> Result<Value, FunctionError> {
    let mut out = String::new();
    for byte in text(args, 0).bytes() {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'_' | b'.' | b'~' => out.push(char::from(byte)),
            b' ' => out.push('+'),
            // Writing to a String cannot fail.
            other => _ = write!(out, "%{other:02X}"),
        }
    }
    if out.len() > MAX_STRING_BYTES { Err(FunctionError::too_large()) } else { Ok(out.into()) }
}

fn uuidv5(args: &[Value]) -> Result<Value, FunctionError> {
    let namespace = match text(args, 0) {
        "dns" => Uuid::NAMESPACE_DNS,
        "url" => Uuid::NAMESPACE_URL,
        "oid" => Uuid::NAMESPACE_OID,
        "x500" => Uuid::NAMESPACE_X500,
        other => Uuid::parse_str(other).map_err(|_| {
            FunctionError::arg(0, format!("unknown namespace `{other}`; write `dns`, `url`, `oid`, `x500` or a UUID"))
        })?,
    };
    Ok(Uuid::new_v5(&namespace, text(args, 1).as_bytes()).to_string().into())
}

fn csvdecode(args: &[Value]) -> Result<Value, FunctionError> {
    let mut rows = csv_rows(text(args, 0))?.into_iter();
    let Some(header) = rows.next() else {
        return Err(FunctionError::arg(0, "the first line with the names is missing"));
    };
    let mut names: Vec<Arc<str>> = Vec::with_capacity(header.len());
    let mut seen = HashSet::new();
    for name in header {
        if !seen.insert(name.clone()) {
            return Err(FunctionError::arg(0, format!("duplicate name `{name}` in the first line")));
        }
        names.push(name.into());
    }
    let mut out = Vec::new();
    for (at, row) in rows.enumerate() {
        if at.saturating_mul(names.len()) > MAX_ELEMENTS {
            return Err(FunctionError::too_large());
        }
        if row.len() != names.len() {
            let (row_number, found, wanted) = (at + 2, row.len(), names.len());
            return Err(FunctionError::arg(0, format!("record {row_number} has {found} fields instead of {wanted}")));
        }
        out.push(names.iter().cloned().zip(row.into_iter().map(Value::from)).collect::<Map>().into());
    }
    Ok(out.into())
}

/// The records of a CSV text (RFC 4180); empty lines are left out.
fn csv_rows(text: &str) -> Result<Vec<Vec<String>>, FunctionError> {
    let mut rows = Vec::new();
    let mut row = Vec::new();
    let mut field = String::new();
    let mut chars = text.chars().peekable();
    let mut started = false;
    while let Some(c) = chars.next() {
        match c {
            '"' if field.is_empty() => {
                read_quoted(&mut chars, &mut field)?;
                started = true;
            }
            ',' => {
                row.push(std::mem::take(&mut field));
                started = true;
            }
            '\r' if chars.peek() == Some(&'\n') => {}
            '\n' => {
                if started || !field.is_empty() {
                    row.push(std::mem::take(&mut field));
                    rows.push(std::mem::take(&mut row));
                }
                started = false;
            }
            '"' => return Err(FunctionError::arg(0, "quote within a field that does not start with one")),
            other => field.push(other),
        }
    }
    if started || !field.is_empty() {
        row.push(field);
        rows.push(row);
    }
    Ok(rows)
}

fn read_quoted(chars: &mut std::iter::Peekable<std::str::Chars<'_>>, field: &mut String) -> Result<(), FunctionError> {
    loop {
        match chars.next() {
            Some('"') if chars.peek() == Some(&'"') => {
                chars.next();
                field.push('"');
            }
            Some('"') => break,
            Some(other) => field.push(other),
            None => return Err(FunctionError::arg(0, "unclosed quoted field")),
        }
    }
    match chars.peek() {
        None | Some(',' | '\n' | '\r') => Ok(()),
        Some(_) => Err(FunctionError::arg(0, "text after the closing quote of a field")),
    }
}
