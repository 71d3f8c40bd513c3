//! The properties of bodies, and the check of a body against them.

use serde_json::{Map, Value as Json};

/// The type of a property.
#[derive(Debug, Clone, Copy)]
pub(super) enum Shape {
    Bool,
    Text,
    Number,
    /// A whole number between the two, inclusive.
    Whole(i64, i64),
    Word(&'static [&'static str]),
    Texts,
    /// An object with these properties.
    Object(&'static [Property]),
    /// A list of them.
    Objects(&'static [Property]),
    /// An object with any properties.
    Any,
    /// A property that the API writes itself: accepted from clients that send back what they read, and ignored.
    ReadOnly,
}

/// A property: its name, its type, and if a whole body must have it.
pub(super) type Property = (&'static str, Shape, bool);

/// A required property.
pub(super) const fn required(name: &'static str, shape: Shape) -> Property {
    (name, shape, true)
}

/// An optional property.
pub(super) const fn optional(name: &'static str, shape: Shape) -> Property {
    (name, shape, false)
}

/// Checks a body. A part of a body may lack properties.
///
/// # Errors
/// The path of the property, and the reason.
pub(super) fn check(body: &Map<String, Json>, of: &[Property], whole: bool, lenient: bool) -> Result<(), String> {
    for (name, value) in body {
        match of.iter().find(|(own, ..)| own == name) {
            // Nothing is the same as absence.
            Some(_) if value.is_null() => {}
            Some((_, shape, _)) => fits(value, *shape, lenient).map_err(|why| format!("{name}{why}"))?,
            None if lenient => {}
            None => return Err(format!("{name}: unknown property")),
        }
    }
    let absent = |property: &&Property| property.2 && body.get(property.0).is_none_or(Json::is_null);
    match of.iter().find(absent).filter(|_| whole) {
        Some((name, ..)) => Err(format!("{name}: required property is missing")),
        None => Ok(()),
    }
}

fn fits(value: &Json, shape: Shape, lenient: bool) -> Result<(), String> {
    let wanted = |what: &str, holds: bool| if holds { Ok(()) } else { Err(format!(": expected {what}, got {value}")) };
    match shape {
        Shape::Bool => wanted("true or false", value.is_boolean()),
        Shape::Text => wanted("a string", value.is_string()),
        Shape::Number => wanted("a number", value.is_number()),
        Shape::Whole(least, most) => {
            let number = value.as_i64().or_else(|| value.as_f64().filter(|n| n.fract() == 0.0).map(|n| n as i64));
            let fits = number.is_some_and(|number| (least..=most).contains(&number));
            wanted(&format!("a whole number from {least} to {most}"), fits)
        }
        Shape::Word(words) => {
            wanted(&format!("one of {}", words.join(", ")), value.as_str().is_some_and(|word| words.contains(&word)))
        }
        Shape::Texts => {
            wanted("a list of strings", value.as_array().is_some_and(|items| items.iter().all(Json::is_string)))
        }
        Shape::Object(of) => match value.as_object() {
            Some(body) => check(body, of, true, lenient).map_err(|why| format!(".{why}")),
            None => wanted("an object", false),
        },
        Shape::Objects(of) => {
            let Some(items) = value.as_array() else { return wanted("a list", false) };
            items.iter().enumerate().try_for_each(|(at, item)| match item.as_object() {
                Some(body) => check(body, of, true, lenient).map_err(|why| format!("[{at}].{why}")),
                None => Err(format!("[{at}]: expected an object, got {item}")),
            })
        }
        Shape::Any => wanted("an object", value.is_object()),
        Shape::ReadOnly => Ok(()),
    }
}

/// Removes what a client may not write, and what is nothing.
pub(super) fn written(mut body: Map<String, Json>, of: &[Property]) -> Map<String, Json> {
    let is_read_only = |name: &str| of.iter().any(|(own, shape, _)| *own == name && matches!(shape, Shape::ReadOnly));
    body.retain(|name, _| !is_read_only(name));
    body
}
