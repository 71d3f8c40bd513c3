//! The fields of bodies, and the check of a body against them.

use serde_json::{Map, Value as Json};

use super::answers::Refused;

/// The type of a field.
#[derive(Debug, Clone, Copy)]
pub(super) enum Shape {
    Bool,
    Text,
    /// A whole number between the two, inclusive.
    Whole(i64, i64),
    Word(&'static [&'static str]),
    Texts,
    /// An object with these fields.
    Object(&'static [Field]),
    /// A list of them.
    Objects(&'static [Field]),
    Any,
}

/// A field: its name, its type, and if a body must have it.
pub(super) type Field = (&'static str, Shape, bool);

/// Checks a body.
///
/// # Errors
/// The first field that is not valid.
pub(super) fn check(body: &Map<String, Json>, of: &[Field], lenient: bool) -> Result<(), Refused> {
    inner(body, of, lenient, "")
}

fn inner(body: &Map<String, Json>, of: &[Field], lenient: bool, prefix: &str) -> Result<(), Refused> {
    for (name, value) in body {
        let path = format!("{prefix}{name}");
        match of.iter().find(|(own, ..)| own == name) {
            Some(_) if value.is_null() => {}
            Some((_, shape, _)) => fits(value, *shape, lenient, &path)?,
            None if lenient => {}
            None => return Err(Refused::field(&path, format!("{path} is not a valid field"))),
        }
    }
    let absent = |field: &&Field| field.2 && body.get(field.0).is_none_or(Json::is_null);
    match of.iter().find(absent) {
        Some((name, ..)) => Err(Refused::field(format!("{prefix}{name}"), format!("{name} is required"))),
        None => Ok(()),
    }
}

fn fits(value: &Json, shape: Shape, lenient: bool, path: &str) -> Result<(), Refused> {
    let wanted = |what: String, holds: bool| match holds {
        true => Ok(()),
        false => Err(Refused::field(path, format!("Must be {what}"))),
    };
    let object = |value: &Json, of: &[Field], path: &str| match value.as_object() {
        Some(body) => inner(body, of, lenient, &format!("{path}.")),
        None => Err(Refused::field(path, "Must be an object")),
    };
    match shape {
        Shape::Bool => wanted("true or false".to_owned(), value.is_boolean()),
        Shape::Text => wanted("a string".to_owned(), value.is_string()),
        Shape::Whole(least, most) => {
            wanted(format!("{least}-{most}"), value.as_i64().is_some_and(|number| (least..=most).contains(&number)))
        }
        Shape::Word(words) => {
            wanted(format!("one of {}", words.join(", ")), value.as_str().is_some_and(|word| words.contains(&word)))
        }
        Shape::Texts => {
            wanted("a list of strings".to_owned(), value.as_array().is_some_and(|all| all.iter().all(Json::is_string)))
        }
        Shape::Object(of) => object(value, of, path),
        Shape::Objects(of) => {
            let Some(items) = value.as_array() else { return wanted("a list".to_owned(), false) };
            items.iter().enumerate().try_for_each(|(at, item)| object(item, of, &format!("{path}[{at}]")))
        }
        Shape::Any => Ok(()),
    }
}

/// Refuses a label that is not valid.
pub(super) fn label(text: &str, least: usize, most: usize) -> Result<(), Refused> {
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric();
    let ends = text.bytes().next().is_some_and(is_plain) && text.bytes().last().is_some_and(is_plain);
    let inner = text.bytes().all(|byte| is_plain(byte) || b"-_.".contains(&byte));
    let doubled = ["--", "__", ".."].iter().any(|pair| text.contains(pair));
    match (least..=most).contains(&text.len()) && ends && inner && !doubled {
        true => Ok(()),
        false => Err(Refused::field(
            "label",
            format!("Label must be {least}-{most} letters, digits, hyphens, underscores and dots"),
        )),
    }
}

/// Refuses tags that are not valid.
pub(super) fn tags(body: &Map<String, Json>) -> Result<(), Refused> {
    let texts = body.get("tags").and_then(Json::as_array).into_iter().flatten().filter_map(Json::as_str);
    match texts.into_iter().find(|text| !(3..=50).contains(&text.chars().count())) {
        Some(_) => Err(Refused::field("tags", "Tag must be 3-50 characters")),
        None => Ok(()),
    }
}
