//! XML of requests and answers. Answers are made from JSON: a list is a list of `<item>`.

use std::fmt::Write as _;

use serde_json::Value as Json;

/// The deepest nesting of elements in a request.
const DEEPEST: usize = 64;

/// An element of a request.
#[derive(Debug, Default)]
pub(super) struct Element {
    pub(super) name: String,
    pub(super) text: String,
    pub(super) children: Vec<Element>,
}

impl Element {
    /// The first child with this name.
    pub(super) fn child(&self, name: &str) -> Option<&Self> {
        self.children.iter().find(|child| child.name == name)
    }

    /// The children with this name.
    pub(super) fn all<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a Self> {
        self.children.iter().filter(move |child| child.name == name)
    }

    /// The text of the first child with this name.
    pub(super) fn text(&self, name: &str) -> Option<&str> {
        self.child(name).map(|child| child.text.trim())
    }
}

/// The root element of a text; `None` where it is not well-formed.
pub(super) fn parse(text: &str) -> Option<Element> {
    let mut open = vec![Element::default()];
    let mut rest = text.trim_start_matches('\u{feff}');
    while let Some(at) = rest.find('<') {
        let (before, tag) = rest.split_at(at);
        open.last_mut()?.text.push_str(&unescaped(before)?);
        let skipped = [("<?", "?>"), ("<!--", "-->")].into_iter().find(|(start, _)| tag.starts_with(start));
        if let Some((_, end)) = skipped {
            rest = tag.split_once(end)?.1;
            continue;
        }
        if let Some(data) = tag.strip_prefix("<![CDATA[") {
            let (data, after) = data.split_once("]]>")?;
            open.last_mut()?.text.push_str(data);
            rest = after;
            continue;
        }
        // No client of AWS declares a document type, and entities of one could grow without limit.
        let (inside, after) = tag.strip_prefix('<')?.split_once('>').filter(|(inside, _)| !inside.starts_with('!'))?;
        rest = after;
        if let Some(name) = inside.strip_prefix('/') {
            let ended = open.pop().filter(|ended| ended.name == name.trim() && !open.is_empty())?;
            open.last_mut()?.children.push(ended);
            continue;
        }
        let (inside, is_empty) = inside.strip_suffix('/').map_or((inside, false), |inside| (inside, true));
        let name = inside.split_whitespace().next()?.to_owned();
        let element = Element { name, ..Element::default() };
        match is_empty {
            true => open.last_mut()?.children.push(element),
            false if open.len() > DEEPEST => return None,
            false => open.push(element),
        }
    }
    let mut root = open.pop().filter(|_| open.is_empty() && rest.trim().is_empty())?;
    (root.children.len() == 1).then(|| root.children.pop())?
}

fn unescaped(text: &str) -> Option<String> {
    let mut made = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('&') {
        made.push_str(before);
        let (entity, after) = after.split_once(';')?;
        let number = |digits: &str, radix| u32::from_str_radix(digits, radix).ok().and_then(char::from_u32);
        made.push(match entity {
            "lt" => '<',
            "gt" => '>',
            "amp" => '&',
            "quot" => '"',
            "apos" => '\'',
            _ => match entity.strip_prefix("#x") {
                Some(digits) => number(digits, 16)?,
                None => number(entity.strip_prefix('#')?, 10)?,
            },
        });
        rest = after;
    }
    made.push_str(rest);
    Some(made)
}

/// A text with what XML reserves escaped.
pub(super) fn escaped(text: &str) -> String {
    let mut made = String::with_capacity(text.len());
    for letter in text.chars() {
        match letter {
            '<' => made.push_str("&lt;"),
            '>' => made.push_str("&gt;"),
            '&' => made.push_str("&amp;"),
            '"' => made.push_str("&quot;"),
            // Others of these have no place in XML.
            other if other.is_control() && !matches!(other, '\n' | '\r' | '\t') => made.push('\u{fffd}'),
            '\r' => made.push_str("&#13;"),
            other => made.push(other),
        }
    }
    made
}

/// A document with this root.
pub(super) fn document(root: &str, namespace: &str, content: &Json) -> String {
    let mut text = format!("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<{root} xmlns=\"{namespace}\">");
    inside(&mut text, content);
    let _infallible = write!(text, "</{root}>");
    text
}

/// Writes an element with this name. A name that ends in `*` has an element for each item of its list.
fn element(into: &mut String, name: &str, value: &Json) {
    if let (Some(name), Json::Array(items)) = (name.strip_suffix('*'), value) {
        items.iter().for_each(|item| element(into, name, item));
        return;
    }
    if value.is_null() {
        return;
    }
    let _infallible = write!(into, "<{name}>");
    inside(into, value);
    let _infallible = write!(into, "</{name}>");
}

fn inside(into: &mut String, value: &Json) {
    match value {
        Json::Null => {}
        Json::Bool(value) => into.push_str(if *value { "true" } else { "false" }),
        Json::Number(number) => into.push_str(&number.to_string()),
        Json::String(text) => into.push_str(&escaped(text)),
        Json::Array(items) => items.iter().for_each(|item| element(into, "item", item)),
        Json::Object(fields) => fields.iter().for_each(|(name, value)| element(into, name, value)),
    }
}
