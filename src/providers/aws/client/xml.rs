//! Answers in XML as JSON: elements are objects, `item` and `member` elements arrays, and all values texts.

use serde_json::{Map, Value as Json};

/// The nesting up to which an answer is read.
const DEEPEST: usize = 64;

/// The content of the outermost element of a document; `None` where it is none. A document type is refused, and with
/// it entities of a document's own.
pub(super) fn read(bytes: &[u8]) -> Option<Json> {
    let text = std::str::from_utf8(bytes).ok()?;
    let document = roxmltree::Document::parse(text).ok()?;
    value(document.root_element(), 0)
}

fn value(node: roxmltree::Node<'_, '_>, depth: usize) -> Option<Json> {
    if depth > DEEPEST {
        return None;
    }
    let mut map = Map::new();
    let mut items = Vec::new();
    for child in node.children().filter(roxmltree::Node::is_element) {
        let inner = value(child, depth + 1)?;
        match child.tag_name().name() {
            "item" | "member" => items.push(inner),
            name => match map.get_mut(name) {
                // S3 and Route 53 repeat an element instead of a list.
                Some(Json::Array(all)) if is_repeated(node, name) => all.push(inner),
                Some(first) => *first = Json::Array(vec![first.take(), inner]),
                None => drop(map.insert(name.to_owned(), inner)),
            },
        }
    }
    Some(match (items.is_empty(), map.is_empty()) {
        (false, _) => Json::Array(items),
        (true, false) => Json::Object(map),
        (true, true) => Json::from(node.text().unwrap_or_default()),
    })
}

/// True if an element has three or more children of this name, so that an array in its place is that of the children.
fn is_repeated(node: roxmltree::Node<'_, '_>, name: &str) -> bool {
    node.children().filter(|child| child.tag_name().name() == name).count() > 2
}

/// The elements of a list: none for an empty or a missing element, one for an element that is not repeated.
pub(super) fn list<'a>(of: &'a Json, name: &str) -> Vec<&'a Json> {
    match of.get(name) {
        None => Vec::new(),
        Some(Json::Array(all)) => all.iter().collect(),
        Some(Json::String(text)) if text.trim().is_empty() => Vec::new(),
        Some(one) => vec![one],
    }
}

/// A text that is not empty.
pub(super) fn text<'a>(of: &'a Json, name: &str) -> Option<&'a str> {
    of.get(name)?.as_str().map(str::trim).filter(|text| !text.is_empty())
}

/// A text as a truth value or a number, where it is one.
pub(super) fn typed(text: &str) -> Json {
    match text {
        "true" => Json::Bool(true),
        "false" => Json::Bool(false),
        // Twelve digits are an account, and no number.
        _ if text.len() < 12 => text.parse::<i64>().map_or_else(|_| Json::from(text), Json::from),
        _ => Json::from(text),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn lists_texts_and_nothings_are_told_apart() {
        let answer = read(
            b"<R xmlns='urn:x'><aSet><item><id>1</id></item><item><id>2</id></item></aSet><bSet/><c> x </c>\
              <D><E>1</E></D></R>",
        )
        .unwrap();
        assert_eq!(list(&answer, "aSet"), [&json!({ "id": "1" }), &json!({ "id": "2" })]);
        assert_eq!((list(&answer, "bSet").len(), list(&answer, "none").len()), (0, 0));
        assert_eq!((text(&answer, "c"), text(&answer, "bSet")), (Some("x"), None));
        assert_eq!(list(&answer, "D"), [&json!({ "E": "1" })]);
        let repeated = read(b"<R><V><k>1</k></V><V><k>2</k></V><V><k>3</k></V></R>").unwrap();
        assert_eq!(list(&repeated, "V").len(), 3);
    }

    #[test]
    fn hostile_documents_have_no_content() {
        let deep = format!("{}{}", "<a>".repeat(500), "</a>".repeat(500));
        let entities = "<!DOCTYPE r [<!ENTITY a 'b'>]><r>&a;</r>";
        for text in ["", "no", "<a>", &deep, entities, "\u{0}<a/>"] {
            assert_eq!(read(text.as_bytes()), None, "{}", text.get(..20).unwrap_or(text));
        }
    }
}
