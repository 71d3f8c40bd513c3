//! Sealed values as text, in the words of the language.

use serde_json::Value as Json;

use crate::address::is_identifier;
use crate::value::Sealed;

/// The greatest width, in characters, of a value on one line.
const LINE: usize = 88;

/// A sealed value as HCL would write it: on one line where it fits, and otherwise over several, the further ones not indented.
/// A sensitive value is `(sensitive)`, one that is not known yet `(known after apply)`.
pub fn text(json: &Json) -> String {
    let line = on_one_line(json);
    if line.chars().count() <= LINE { line } else { over_lines(json, 0) }
}

fn word(json: &Json) -> Option<&'static str> {
    if Sealed::is_sensitive(json) {
        Some("(sensitive)")
    } else {
        Sealed::waits_for(json).map(|_| "(known after apply)")
    }
}

/// A sealed value on one line, however long.
pub fn on_one_line(json: &Json) -> String {
    if let Some(word) = word(json) {
        return word.to_owned();
    }
    match json {
        Json::Null | Json::Bool(_) | Json::Number(_) => json.to_string(),
        Json::String(text) => quoted(text),
        Json::Array(items) => format!("[{}]", items.iter().map(on_one_line).collect::<Vec<_>>().join(", ")),
        Json::Object(map) if map.is_empty() => "{}".to_owned(),
        Json::Object(map) => {
            let entry = |(name, item): (&String, &Json)| format!("{} = {}", key(name), on_one_line(item));
            format!("{{ {} }}", map.iter().map(entry).collect::<Vec<_>>().join(", "))
        }
    }
}

fn over_lines(json: &Json, depth: usize) -> String {
    let (inner, outer) = ("  ".repeat(depth + 1), "  ".repeat(depth));
    let nested = |item: &Json| {
        let line = on_one_line(item);
        let fits = inner.len() + line.chars().count() <= LINE;
        if fits { line } else { over_lines(item, depth + 1) }
    };
    match json {
        _ if word(json).is_some() => on_one_line(json),
        Json::Array(items) => {
            let lines: String = items.iter().map(|item| format!("{inner}{},\n", nested(item))).collect();
            format!("[\n{lines}{outer}]")
        }
        Json::Object(map) if !map.is_empty() => {
            let width = map.keys().map(|name| key(name).chars().count()).max().unwrap_or_default();
            let line = |(name, item): (&String, &Json)| format!("{inner}{:width$} = {}\n", key(name), nested(item));
            format!("{{\n{}{outer}}}", map.iter().map(line).collect::<String>())
        }
        other => on_one_line(other),
    }
}

fn key(name: &str) -> String {
    if is_identifier(name) { name.to_owned() } else { quoted(name) }
}

/// A string in quotes, with what HCL escapes escaped.
pub fn quoted(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 2);
    out.push('"');
    let mut rest = text.chars().peekable();
    while let Some(c) = rest.next() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            '$' | '%' if rest.peek() == Some(&'{') => out.extend([c, c]),
            // A control character could move the cursor of whoever reads a plan.
            control if control.is_control() => out.push_str(&format!("\\u{:04x}", u32::from(control))),
            plain => out.push(plain),
        }
    }
    out.push('"');
    out
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn short_values_stand_on_one_line_and_secrets_are_not_shown() {
        let value = json!({"name": "nic", "keys": [{"$sensitive": "00"}], "ip": {"$unknown": ["lb.a.ip"]}, "a b": "${x}\u{1b}"});
        assert_eq!(
            text(&value),
            r#"{ name = "nic", keys = [(sensitive)], ip = (known after apply), "a b" = "$${x}\u001b" }"#
        );
    }

    #[test]
    fn long_values_stand_over_several() {
        let value = json!([{"name": "a".repeat(40), "priority": 1}, {"name": "b".repeat(40), "priority": 2}]);
        assert!(text(&value).starts_with("[\n  { name = \"aaa"), "{}", text(&value));
    }
}
