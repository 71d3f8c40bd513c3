//! Sealed values as text, in the words of the language.

use std::collections::HashMap;

use serde_json::Value as Json;

use crate::address::{Address, ArmId, is_identifier};
use crate::value::Sealed;

/// The greatest width, in characters, of a value on one line.
const LINE: usize = 88;

/// The resources that ids stand for, so that a reference is shown as it is written.
#[derive(Debug, Clone, Default)]
pub struct Names(HashMap<ArmId, Address>);

impl Names {
    /// No id stands for anything.
    pub fn none() -> Self {
        Self::default()
    }

    /// A sealed value as HCL would write it: on one line where it fits, and otherwise over several, the further ones not indented.
    /// A sensitive value is `(sensitive)`, one that is not known yet `(known after apply)`.
    pub fn text(&self, json: &Json) -> String {
        let line = self.on_one_line(json);
        if line.chars().count() <= LINE { line } else { self.over_lines(json, 0) }
    }

    /// A sealed value on one line, however long.
    pub fn on_one_line(&self, json: &Json) -> String {
        if let Some(word) = word(json) {
            return word.to_owned();
        }
        let inline = |item: &Json| self.on_one_line(item);
        match json {
            Json::Null | Json::Bool(_) | Json::Number(_) => json.to_string(),
            Json::String(text) => self.address(text).map_or_else(|| quoted(text), Address::to_string),
            Json::Array(items) => format!("[{}]", items.iter().map(inline).collect::<Vec<_>>().join(", ")),
            Json::Object(map) if map.is_empty() => "{}".to_owned(),
            Json::Object(map) => {
                let entry = |(name, item): (&String, &Json)| format!("{} = {}", key(name), inline(item));
                format!("{{ {} }}", map.iter().map(entry).collect::<Vec<_>>().join(", "))
            }
        }
    }

    fn over_lines(&self, json: &Json, depth: usize) -> String {
        let (inner, outer) = ("  ".repeat(depth + 1), "  ".repeat(depth));
        let nested = |item: &Json| {
            let line = self.on_one_line(item);
            let fits = inner.len() + line.chars().count() <= LINE;
            if fits { line } else { self.over_lines(item, depth + 1) }
        };
        match json {
            _ if word(json).is_some() => self.on_one_line(json),
            Json::Array(items) => {
                let lines: String = items.iter().map(|item| format!("{inner}{},\n", nested(item))).collect();
                format!("[\n{lines}{outer}]")
            }
            Json::Object(map) if !map.is_empty() => {
                let width = map.keys().map(|name| key(name).chars().count()).max().unwrap_or_default();
                let line = |(name, item): (&String, &Json)| format!("{inner}{:width$} = {}\n", key(name), nested(item));
                format!("{{\n{}{outer}}}", map.iter().map(line).collect::<String>())
            }
            other => self.on_one_line(other),
        }
    }

    fn address(&self, text: &str) -> Option<&Address> {
        // Every id begins so; nothing else is worth a look.
        text.starts_with('/').then(|| self.0.get(&ArmId::new(text)))?
    }
}

impl FromIterator<(ArmId, Address)> for Names {
    fn from_iter<T: IntoIterator<Item = (ArmId, Address)>>(iter: T) -> Self {
        Self(iter.into_iter().collect())
    }
}

fn word(json: &Json) -> Option<&'static str> {
    if Sealed::is_sensitive(json) {
        Some("(sensitive)")
    } else {
        Sealed::waits_for(json).map(|_| "(known after apply)")
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
            Names::none().text(&value),
            r#"{ name = "nic", keys = [(sensitive)], ip = (known after apply), "a b" = "$${x}\u001b" }"#
        );
    }

    #[test]
    fn an_id_of_the_stack_is_shown_as_the_resource_it_stands_for() {
        let names: Names = [(ArmId::new("/subscriptions/a/x"), Address::new("lb", "web"))].into_iter().collect();
        assert_eq!(names.text(&json!(["/SUBSCRIPTIONS/a/x", "/other"])), r#"[lb.web, "/other"]"#);
    }

    #[test]
    fn long_values_stand_over_several() {
        let value = json!([{"name": "a".repeat(40), "priority": 1}, {"name": "b".repeat(40), "priority": 2}]);
        let text = Names::none().text(&value);
        assert!(text.starts_with("[\n  { name = \"aaa"), "{text}");
    }
}
