//! Values to HCL text. It knows the two markers that a sealed value may contain, and nothing of plans.

use serde_json::{Map, Value as Json};

use crate::address::is_identifier;
use crate::value::{Awaited, SealedValue};
use crate::visible::is_unseen;

/// Maximum width of a line with a whole list on it.
const MAX_WIDTH: usize = 80;

/// A replacement for a string, such as a reference for an id.
pub type StringOverride<'a> = &'a dyn Fn(&str) -> Option<String>;

/// A value as an HCL expression that starts on a line indented by so many spaces: short lists on one line, maps over
/// several with their `=` aligned. A sensitive value is `(sensitive)`, an unknown one `(known after apply)`.
pub fn value_text(json: &Json, indent: usize) -> String {
    value_text_with(json, indent, &|_| None)
}

/// The same, with other words for some strings.
pub fn value_text_with(json: &Json, indent: usize, words: StringOverride<'_>) -> String {
    match json {
        Json::Array(items) => list_text(items, indent, words),
        Json::Object(map) if marker(json).is_none() => map_text(map, indent, words),
        _ => line_text(json, words),
    }
}

/// The same on one line, however long.
pub fn line_text(json: &Json, words: StringOverride<'_>) -> String {
    match json {
        Json::Null => "null".to_owned(),
        Json::Bool(bool) => bool.to_string(),
        Json::Number(number) => number.to_string(),
        Json::String(text) => words(text).unwrap_or_else(|| quoted(text)),
        Json::Array(items) => {
            format!("[{}]", items.iter().map(|item| line_text(item, words)).collect::<Vec<_>>().join(", "))
        }
        Json::Object(map) => match marker(json) {
            Some(marker) => marker.to_owned(),
            None if map.is_empty() => "{}".to_owned(),
            None => {
                let entry = |(key, item): (&String, &Json)| format!("{} = {}", key_text(key), line_text(item, words));
                format!("{{ {} }}", map.iter().map(entry).collect::<Vec<_>>().join(", "))
            }
        },
    }
}

fn marker(json: &Json) -> Option<&'static str> {
    if SealedValue::is_sensitive(json) {
        Some("(sensitive)")
    } else if SealedValue::is_untold(json) {
        Some("(sensitive, never told)")
    } else {
        SealedValue::waits_for(json).map(|waits| {
            // A sensitive variable without a value is as unknown as it is secret.
            let is_variable =
                |wait: &Json| wait.as_str().and_then(Awaited::parse).is_some_and(|wait| wait.is_variable());
            if !waits.is_empty() && waits.iter().all(is_variable) { "(sensitive)" } else { "(known after apply)" }
        })
    }
}

/// A text in quotes, with whatever HCL would read as something else escaped.
pub fn quoted(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 2);
    out.push('"');
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            '$' | '%' if chars.peek() == Some(&'{') => out.extend([c, c]),
            c if is_unseen(c) && u32::from(c) > 0xffff => out.push_str(&format!("\\U{:08x}", u32::from(c))),
            c if is_unseen(c) => out.push_str(&format!("\\u{:04x}", u32::from(c))),
            c => out.push(c),
        }
    }
    out.push('"');
    out
}

fn list_text(items: &[Json], indent: usize, words: StringOverride<'_>) -> String {
    let inner: Vec<String> = items.iter().map(|item| value_text_with(item, indent + 2, words)).collect();
    let line = format!("[{}]", inner.join(", "));
    let fits = indent + line.chars().count() <= MAX_WIDTH && inner.iter().all(|item| !item.contains('\n'));
    if fits || inner.len() == 1 && !line.contains('\n') {
        return line;
    }
    let pad = " ".repeat(indent + 2);
    let rows: String = inner.iter().map(|item| format!("{pad}{item},\n")).collect();
    format!("[\n{rows}{}]", " ".repeat(indent))
}

fn map_text(map: &Map<String, Json>, indent: usize, words: StringOverride<'_>) -> String {
    if map.is_empty() {
        return "{}".to_owned();
    }
    let pad = " ".repeat(indent + 2);
    let entries: Vec<(String, String)> =
        map.iter().map(|(key, item)| (key_text(key), value_text_with(item, indent + 2, words))).collect();
    let mut rows = String::new();
    // As in the canonical form, a value over several lines stands outside the columns of its neighbours.
    for run in entries.chunk_by(|(_, a), (_, b)| !a.contains('\n') && !b.contains('\n')) {
        let width = run.iter().map(|(key, _)| key.chars().count()).max().unwrap_or_default();
        for (key, item) in run {
            rows.push_str(&format!("{pad}{key:width$} = {item}\n"));
        }
    }
    format!("{{\n{rows}{}}}", " ".repeat(indent))
}

/// A key as a bare word where HCL reads it as one.
fn key_text(key: &str) -> String {
    let reserved = matches!(key, "null" | "true" | "false" | "for");
    if is_identifier(key) && !reserved { key.to_owned() } else { quoted(key) }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;
    use crate::hcl::ast::Ident;
    use crate::hcl::eval::{Files, ReferenceKey, Scope, evaluate};
    use crate::hcl::{format, parse_expression};

    #[test]
    fn values_read_as_people_write_them() {
        let value = json!({
            "name": "a${b}\n\"c\" %{d}",
            "zones": ["1", "2"],
            "a b": null,
            "for": 1.5,
            "empty": {},
            "password": {"$sensitive": "abc"},
            "ip": {"$unknown": ["public_ip.a.ip_address"]},
            "rules": [{"port": 443, "cidr_block": "10.0.0.0/8"}],
            "tags": {"owner": "x"},
            "last": ["aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb"],
        });
        let expected = r#"{
  name     = "a$${b}\n\"c\" %%{d}"
  zones    = ["1", "2"]
  "a b"    = null
  "for"    = 1.5
  empty    = {}
  password = (sensitive)
  ip       = (known after apply)
  rules = [
    {
      port       = 443
      cidr_block = "10.0.0.0/8"
    },
  ]
  tags = {
    owner = "x"
  }
  last = [
    "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
    "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb",
  ]
}"#;
        assert_eq!(value_text(&value, 0), expected);
    }

    struct NoNames;

    impl Scope for NoNames {
        fn resolve(
            &self,
            _: &Ident,
            _: &[(ReferenceKey, crate::diagnostic::Span)],
        ) -> Result<(crate::value::Value, usize), crate::diagnostic::Diagnostic> {
            Err(crate::diagnostic::Diagnostic::error("unknown-name", "no names here"))
        }

        fn files(&self) -> &dyn Files {
            self
        }
    }

    impl Files for NoNames {
        fn bytes(&self, _: &str) -> Result<Option<std::sync::Arc<[u8]>>, String> {
            Ok(None)
        }
    }

    fn value() -> impl Strategy<Value = Json> {
        let leaf = prop_oneof![
            Just(Json::Null),
            any::<bool>().prop_map(Json::from),
            any::<i64>().prop_map(Json::from),
            "\\PC{0,12}|[\\$%{}\"\\\\\n\t~]{0,6}".prop_map(Json::from),
        ];
        leaf.prop_recursive(3, 24, 5, |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..5).prop_map(Json::from),
                prop::collection::btree_map("[a-z ${\"-]{1,7}", inner, 0..5)
                    .prop_map(|map| Json::Object(map.into_iter().collect())),
            ]
        })
    }

    proptest! {
        #[test]
        fn rendered_value_parses_to_itself(value in value()) {
            let text = value_text(&value, 0);
            let expr = parse_expression(&text, 0).unwrap();
            prop_assert_eq!(evaluate(&expr, &NoNames).unwrap().reveal().unwrap(), value);
            let line = format!("a = {text}\n");
            prop_assert_eq!(format(&line).unwrap(), line);
        }
    }
}
