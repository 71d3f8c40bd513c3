//! YAML as Kubernetes has it, for files of credentials and manifests: documents as JSON values.
//!
//! Plain scalars follow the core schema of YAML 1.2, as Kubernetes reads them. Anchors and merge keys work; tags are
//! ignored. Text costs no more than its size times a constant: aliases are copied within a budget.

use std::collections::HashMap;

use saphyr_parser::{Event, EventReceiver, Parser, ScalarStyle};
use serde_json::{Map, Number, Value as Json};

/// The deepest nesting that is read.
const DEEPEST: usize = 64;
/// The most values that all documents of a text may have, copies by aliases included.
const MOST: usize = 200_000;

/// The documents of a text. An empty one is left out.
///
/// # Errors
/// The reason why the text is no YAML that Kubernetes would read, with its line. It holds nothing of the text.
pub(super) fn documents(text: &str) -> Result<Vec<Json>, String> {
    let mut reader = Reader::default();
    Parser::new_from_str(text)
        .load(&mut reader, true)
        .map_err(|error| format!("line {}: it is no valid YAML", error.marker().line()))?;
    match reader.fault {
        Some(fault) => Err(fault.to_owned()),
        None => Ok(reader.documents),
    }
}

/// A list or map that is not complete yet, with the number of its anchor.
enum Open {
    List(Vec<Json>, usize),
    Map(Map<String, Json>, Option<String>, usize),
}

#[derive(Default)]
struct Reader {
    documents: Vec<Json>,
    open: Vec<Open>,
    anchors: HashMap<usize, Json>,
    values: usize,
    fault: Option<&'static str>,
}

impl Reader {
    /// Adds a complete value to what contains it.
    fn add(&mut self, value: Json, anchor: usize) {
        self.values += size(&value);
        if self.values > MOST {
            self.fault = Some("it has too many values");
            return;
        }
        if anchor > 0 {
            self.anchors.insert(anchor, value.clone());
        }
        match self.open.last_mut() {
            None if value.is_null() => {}
            None => self.documents.push(value),
            Some(Open::List(items, _)) => items.push(value),
            Some(Open::Map(entries, key, _)) => match key.take() {
                None => match name(&value) {
                    Some(name) => *key = Some(name),
                    None => self.fault = Some("a key of a map is a list or a map"),
                },
                Some(name) if name == "<<" => merge(entries, value),
                Some(name) => drop(entries.insert(name, value)),
            },
        }
    }

    fn begin(&mut self, open: Open) {
        if self.open.len() >= DEEPEST {
            self.fault = Some("it is nested too deeply");
        } else {
            self.open.push(open);
        }
    }
}

impl EventReceiver<'_> for Reader {
    fn on_event(&mut self, event: Event<'_>) {
        if self.fault.is_some() {
            return;
        }
        match event {
            Event::DocumentStart(_) => self.anchors.clear(),
            Event::Scalar(text, style, anchor, _) => {
                let value = match style {
                    ScalarStyle::Plain => plain(&text),
                    _ => Json::from(text.into_owned()),
                };
                self.add(value, anchor);
            }
            Event::Alias(anchor) => match self.anchors.get(&anchor).cloned() {
                Some(value) => self.add(value, 0),
                None => self.fault = Some("an alias refers to what contains it"),
            },
            Event::SequenceStart(anchor, _) => self.begin(Open::List(Vec::new(), anchor)),
            Event::MappingStart(anchor, _) => self.begin(Open::Map(Map::new(), None, anchor)),
            Event::SequenceEnd | Event::MappingEnd => match self.open.pop() {
                Some(Open::List(items, anchor)) => self.add(Json::Array(items), anchor),
                Some(Open::Map(entries, _, anchor)) => self.add(Json::Object(entries), anchor),
                None => {}
            },
            _ => {}
        }
    }
}

/// The number of values in a value.
fn size(value: &Json) -> usize {
    match value {
        Json::Array(items) => 1 + items.iter().map(size).sum::<usize>(),
        Json::Object(entries) => 1 + entries.values().map(size).sum::<usize>(),
        _ => 1,
    }
}

/// Adds the entries of a merge key that are not written.
fn merge(entries: &mut Map<String, Json>, value: Json) {
    match value {
        Json::Object(more) => {
            for (name, value) in more {
                entries.entry(name).or_insert(value);
            }
        }
        Json::Array(several) => several.into_iter().for_each(|one| merge(entries, one)),
        _ => {}
    }
}

/// A key as JSON has it.
fn name(value: &Json) -> Option<String> {
    match value {
        Json::String(text) => Some(text.clone()),
        Json::Null => Some("null".to_owned()),
        Json::Bool(_) | Json::Number(_) => Some(value.to_string()),
        Json::Array(_) | Json::Object(_) => None,
    }
}

/// The value of a plain scalar.
fn plain(text: &str) -> Json {
    match text {
        "" | "~" | "null" | "Null" | "NULL" => return Json::Null,
        "true" | "True" | "TRUE" => return Json::Bool(true),
        "false" | "False" | "FALSE" => return Json::Bool(false),
        _ => {}
    }
    let digits = text.strip_prefix(['-', '+']).unwrap_or(text);
    let is_number = digits.starts_with(|c: char| c.is_ascii_digit() || c == '.')
        && text.bytes().all(|byte| byte.is_ascii_digit() || b"+-.eE".contains(&byte));
    let whole = || text.strip_prefix('+').unwrap_or(text).parse::<i64>().ok().map(Json::from);
    let broken = || text.parse::<f64>().ok().and_then(Number::from_f64).map(Json::Number);
    is_number.then(|| whole().or_else(broken)).flatten().unwrap_or_else(|| Json::from(text))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn documents_are_read_as_kubernetes_reads_them() {
        let text = "a: 1\nb: \"1\"\nc: [yes, true, 1.5, ~]\nd: |\n  two\n  lines\n---\n# nothing\n---\n- x: {y: 'z'}\n";
        let wanted = json!({ "a": 1, "b": "1", "c": ["yes", true, 1.5, null], "d": "two\nlines\n" });
        assert_eq!(documents(text).unwrap(), [wanted, json!([{ "x": { "y": "z" } }])]);
        assert_eq!(documents("{\"a\": {\"b\": [1, \"c\"]}}").unwrap(), [json!({ "a": { "b": [1, "c"] } })]);
    }

    #[test]
    fn anchors_and_merge_keys_are_filled_in() {
        let text = "base: &base\n  image: web:1\n  port: 80\none:\n  <<: *base\n  port: 81\n";
        assert_eq!(documents(text).unwrap()[0]["one"], json!({ "image": "web:1", "port": 81 }));
    }

    #[test]
    fn text_that_grows_or_nests_without_end_is_refused() {
        let mut text = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n".to_owned();
        for at in 1..10 {
            let before = at - 1;
            text += &format!("a{at}: &a{at} [{}]\n", vec![format!("*a{before}"); 10].join(", "));
        }
        assert!(documents(&text).is_err());
        assert!(documents(&"[".repeat(500)).is_err());
        assert!(documents("a: [1").unwrap_err().contains("line"));
    }
}
