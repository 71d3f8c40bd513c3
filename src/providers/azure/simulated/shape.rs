//! The shape of a type's bodies, derived from the tables, and the validation of a body against it.
//!
//! Pure: depends on the tables and JSON only, not on the world.

use std::collections::BTreeMap;

use serde_json::Value as Json;

use crate::kinds::{Arg, Block, Lit, Need, Ty, Wire};
use crate::simulator::request::ErrorResponse;

/// The allowed values at a path of a body.
#[derive(Debug, Clone, Default)]
pub(super) struct BodyShape {
    /// The JSON type; `None`: any.
    expect: Option<Expect>,
    /// Required whenever the enclosing object is present.
    required: bool,
    /// Allows names other than those in `fields`.
    open: bool,
    /// An empty text leaves it open.
    blank: bool,
    /// The properties of an object.
    fields: BTreeMap<String, BodyShape>,
    /// The elements of a list, or the values of a map.
    each: Option<Box<BodyShape>>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Expect {
    Bool,
    Number,
    String,
    Array,
    Object,
}

impl Expect {
    const fn word(self) -> &'static str {
        match self {
            Self::Bool => "boolean",
            Self::Number => "number",
            Self::String => "string",
            Self::Array => "array",
            Self::Object => "object",
        }
    }

    const fn of(json: &Json) -> Option<Self> {
        Some(match json {
            Json::Null => return None,
            Json::Bool(_) => Self::Bool,
            Json::Number(_) => Self::Number,
            Json::String(_) => Self::String,
            Json::Array(_) => Self::Array,
            Json::Object(_) => Self::Object,
        })
    }
}

/// The path of an argument in the body, if the table has one.
pub(super) const fn wire_path(wire: Wire) -> Option<&'static str> {
    match wire {
        Wire::At(path) | Wire::Mapped(path, _) | Wire::Scaled(path, _) | Wire::Text(path) | Wire::Negated(path) => {
            Some(path)
        }
        Wire::Odd | Wire::Nowhere => None,
    }
}

impl BodyShape {
    /// The shape of an object with these arguments.
    pub(super) fn of(args: &[Arg]) -> Self {
        let mut shape = Self { expect: Some(Expect::Object), ..Self::default() };
        for arg in args {
            let Some(path) = wire_path(arg.wire) else { continue };
            let inner = Self::of_arg(arg, path.contains("[]"));
            let at = if matches!(arg.need, Need::Required) && arg.filled.is_none() {
                shape.needed(path)
            } else {
                shape.at(path)
            };
            at.join(inner);
            at.blank |= !matches!(arg.need, Need::Required) && !path.contains('[') && is_formed(arg);
        }
        shape
    }

    /// The shape at an argument's path, or of each element where the path passes through a list.
    fn of_arg(arg: &Arg, each: bool) -> Self {
        let plain = |expect| Self { expect: Some(expect), ..Self::default() };
        match (arg.wire, arg.ty) {
            (Wire::Text(_), _) => plain(Expect::String),
            (Wire::Scaled(..), _) => plain(Expect::Number),
            (Wire::Negated(_), _) => plain(Expect::Bool),
            // Values without a pair pass unchanged, so the type is certain only where both sides agree.
            (Wire::Mapped(_, pairs), ty) => {
                let to = pairs.iter().map(|(_, to)| literal(*to)).reduce(|a, b| if a == b { a } else { None });
                match ty {
                    Ty::List(_) | Ty::Set(_) if !each => plain(Expect::Array),
                    _ => Self { expect: to.flatten(), open: true, ..Self::default() },
                }
            }
            (_, Ty::List(inner) | Ty::Set(inner)) if each => Self::of_type(*inner),
            (_, ty) => Self::of_type(ty),
        }
    }

    fn of_type(ty: Ty) -> Self {
        let plain = |expect| Self { expect: Some(expect), ..Self::default() };
        match ty {
            Ty::Bool => plain(Expect::Bool),
            Ty::Number(..) | Ty::Integer(..) => plain(Expect::Number),
            Ty::String | Ty::Enum(_) | Ty::Cidr | Ty::Ip | Ty::Duration | Ty::Ref(_) | Ty::Site | Ty::Backup => {
                plain(Expect::String)
            }
            Ty::List(inner) | Ty::Set(inner) => {
                Self { each: Some(Box::new(Self::of_type(*inner))), ..plain(Expect::Array) }
            }
            Ty::Tags(_) => Self::of_type(Ty::Map(&Ty::String)),
            Ty::Map(inner) => Self { each: Some(Box::new(Self::of_type(*inner))), open: true, ..plain(Expect::Object) },
            Ty::Block(block) => Self::of_block(block),
            Ty::Any => Self { open: true, ..Self::default() },
        }
    }

    fn of_block(block: &Block) -> Self {
        let inner = Self::of(block.args);
        if block.max == 1 {
            return inner;
        }
        Self { expect: Some(Expect::Array), each: Some(Box::new(inner)), ..Self::default() }
    }

    /// The shape of a literal.
    pub(super) fn of_literal(lit: Lit) -> Self {
        Self { expect: literal(lit), open: true, ..Self::default() }
    }

    /// Any value.
    pub(super) fn any() -> Self {
        Self { open: true, ..Self::default() }
    }

    /// A map of strings.
    pub(super) fn texts() -> Self {
        Self::of_type(Ty::Map(&Ty::String))
    }

    /// The shape at a path, created if missing.
    pub(super) fn at(&mut self, path: &str) -> &mut Self {
        self.walk(path, false)
    }

    /// Allows any value at a path and below it, besides what tables know there already.
    pub(super) fn open_at(&mut self, path: &str) {
        let at = self.at(path);
        at.required = false;
        at.open();
    }

    fn open(&mut self) {
        self.open = true;
        self.fields.values_mut().for_each(Self::open);
        self.each.iter_mut().for_each(|each| each.open());
    }

    /// Makes a path optional.
    pub(super) fn spare(&mut self, path: &str) {
        self.at(path).required = false;
    }

    /// The shape at a path, with the path and all its prefixes required.
    fn needed(&mut self, path: &str) -> &mut Self {
        self.walk(path, true)
    }

    fn walk(&mut self, path: &str, required: bool) -> &mut Self {
        let mut at = self;
        for segment in path.split('.').filter(|segment| !segment.is_empty()) {
            let (name, list) = segment.split_once('[').map_or((segment, false), |(name, _)| (name, true));
            at.expect.get_or_insert(Expect::Object);
            at = at.fields.entry(name.to_owned()).or_default();
            at.required |= required;
            if list {
                at.expect.get_or_insert(Expect::Array);
                at = at.each.get_or_insert_default();
            }
        }
        at
    }

    /// True for a path that a table describes.
    pub(super) fn known(&self, path: &str) -> bool {
        let mut at = self;
        for segment in path.split('.') {
            let (name, list) = segment.split_once('[').map_or((segment, false), |(name, _)| (name, true));
            let Some(field) = at.fields.get(name) else { return false };
            at = field;
            if list {
                let Some(each) = at.each.as_deref() else { return false };
                at = each;
            }
        }
        true
    }

    /// Merges another table's shape for the same path: allows what either allows, requires what either requires.
    pub(super) fn join(&mut self, other: Self) {
        let fresh = self.fields.is_empty() && self.expect.is_none() && self.each.is_none() && !self.open;
        if fresh {
            let required = self.required;
            *self = other;
            self.required |= required;
            return;
        }
        if self.expect != other.expect {
            self.expect = None;
        }
        self.required |= other.required;
        self.open |= other.open;
        self.blank |= other.blank;
        for (name, inner) in other.fields {
            self.fields.entry(name).or_default().join(inner);
        }
        match (&mut self.each, other.each) {
            (Some(each), Some(inner)) => each.join(*inner),
            (each @ None, inner) => *each = inner,
            (Some(_), None) => {}
        }
    }

    /// Merges the shape of another kind that writes the same type: requires only what both require.
    pub(super) fn also(&mut self, mut other: Self) {
        self.relax(&other);
        other.relax(self);
        self.join(other);
    }

    fn relax(&mut self, other: &Self) {
        for (name, field) in &mut self.fields {
            match other.fields.get(name) {
                Some(same) => {
                    field.required &= same.required;
                    field.relax(same);
                }
                None => field.required = false,
            }
        }
        if let (Some(each), Some(same)) = (&mut self.each, &other.each) {
            each.relax(same);
        }
    }

    /// Makes the properties of the object optional. Elements of its lists keep their requirements.
    pub(super) fn optional(mut self) -> Self {
        for field in self.fields.values_mut() {
            field.required = false;
            if field.expect != Some(Expect::Array) {
                *field = std::mem::take(field).optional();
            }
        }
        self
    }

    /// Makes a path optional.
    pub(super) fn not_required(&mut self, path: &str) {
        self.at(path).required = false;
    }

    /// Validates a body. Properties of `old`, the existing body, are always allowed: a client may send a response back.
    ///
    /// # Errors
    /// The first violation.
    pub(super) fn check(&self, body: &Json, old: Option<&Json>, strict: bool, path: &str) -> Result<(), ErrorResponse> {
        let (Some(expect), Some(found)) = (self.expect.or_else(|| Expect::of(body)), Expect::of(body)) else {
            return Ok(());
        };
        if expect != found {
            return Err(ErrorResponse::content(format!(
                "The request content was invalid and could not be deserialized: 'Error converting value of type {} to type {}. Path '{path}'.'.",
                found.word(),
                expect.word()
            )));
        }
        match body {
            Json::Object(map) => {
                for (name, value) in map.iter().filter(|(_, value)| !value.is_null()) {
                    let path = join(path, name);
                    let old = old.and_then(|old| old.get(name));
                    match self.fields.get(name).or_else(|| self.each.as_deref().filter(|_| self.open)) {
                        Some(field) => field.check(value, old, strict, &path)?,
                        None if self.open || !strict || old.is_some() || everywhere(name) => {}
                        None => {
                            return Err(ErrorResponse::content(format!(
                                "The request content was invalid and could not be deserialized: 'Could not find member '{name}' on object. Path '{path}'.'."
                            )));
                        }
                    }
                }
                for (name, _) in self.fields.iter().filter(|(_, field)| field.required) {
                    if map.get(name).is_none_or(Json::is_null) {
                        return Err(ErrorResponse::service(
                            400,
                            "InvalidParameter",
                            format!("Required parameter '{}' is missing (null).", join(path, name)),
                        ));
                    }
                }
            }
            Json::Array(items) => {
                let Some(each) = &self.each else { return Ok(()) };
                for (at, item) in items.iter().enumerate() {
                    each.check(item, old.and_then(|old| twin(old, item, at)), strict, &format!("{path}[{at}]"))?;
                }
            }
            Json::Null | Json::Bool(_) | Json::Number(_) | Json::String(_) => {}
        }
        Ok(())
    }
}

impl BodyShape {
    /// Converts booleans and numbers that a client sent as strings, as the services do.
    pub(super) fn convert(&self, body: &mut Json) {
        match (body, self.expect) {
            (body @ Json::String(_), Some(Expect::Bool | Expect::Number)) => {
                let meant = body
                    .as_str()
                    .map(str::to_ascii_lowercase)
                    .and_then(|text| serde_json::from_str::<Json>(&text).ok());
                if let Some(meant) = meant.filter(|meant| Expect::of(meant) == self.expect) {
                    *body = meant;
                }
            }
            (Json::Object(map), _) => {
                for (name, value) in map {
                    if let Some(field) = self.fields.get(name).or(self.each.as_deref()) {
                        field.convert(value);
                    }
                }
            }
            (Json::Array(items), _) => {
                items.iter_mut().zip(std::iter::repeat(&self.each)).for_each(|(item, each)| {
                    each.iter().for_each(|each| each.convert(item));
                });
            }
            _ => {}
        }
    }
}

impl BodyShape {
    /// Removes empty texts for optional values of a certain form, which other clients send for what they leave open.
    pub(super) fn drop_blanks(&self, body: &mut Json) {
        match body {
            Json::Object(map) => {
                map.retain(|name, value| *value != "" || self.fields.get(name).is_none_or(|field| !field.blank));
                for (name, value) in map {
                    if let Some(field) = self.fields.get(name).or(self.each.as_deref()) {
                        field.drop_blanks(value);
                    }
                }
            }
            Json::Array(items) => {
                for item in items {
                    self.each.iter().for_each(|each| each.drop_blanks(item));
                }
            }
            _ => {}
        }
    }
}

/// True for a text of which an empty one cannot be a value.
fn is_formed(arg: &Arg) -> bool {
    match arg.ty {
        Ty::Enum(_) | Ty::Ip | Ty::Cidr | Ty::Duration => true,
        Ty::String => arg.form.is_some(),
        _ => false,
    }
}

/// Properties allowed in every list element, because responses contain them.
fn everywhere(name: &str) -> bool {
    matches!(name, "id" | "name" | "type" | "etag" | "provisioningState")
}

/// The matching element of the old list: by name, else by position.
fn twin<'a>(old: &'a Json, item: &Json, at: usize) -> Option<&'a Json> {
    let list = old.as_array()?;
    match item.get("name") {
        Some(name) => list.iter().find(|other| other.get("name") == Some(name)),
        None => list.get(at),
    }
}

fn literal(lit: Lit) -> Option<Expect> {
    Expect::of(&lit.json())
}

fn join(path: &str, name: &str) -> String {
    if path.is_empty() { name.to_owned() } else { format!("{path}.{name}") }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_path_left_open_keeps_what_tables_know_there() {
        let mut shape = BodyShape { expect: Some(Expect::Object), ..BodyShape::default() };
        *shape.at("disks[].lun") = BodyShape { expect: Some(Expect::Number), ..BodyShape::default() };
        shape.open_at("disks");
        shape.open_at("other");
        let check = |body: Json| shape.check(&body, None, true, "").is_ok();
        assert!(check(json!({ "other": [1], "disks": [{ "lun": 1, "any": { "thing": true } }] })));
        assert!(!check(json!({ "disks": [{ "lun": true }] })));
        assert!(!check(json!({ "unknown": 1 })));
    }
}
