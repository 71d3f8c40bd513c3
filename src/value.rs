//! Values of the language: known, unknown until apply, and sensitive, as types rather than conventions.
//!
//! A [`Value`] cannot be serialised. It leaves memory in two ways only: [`Seal::seal`], which puts a keyed digest
//! where a sensitive value stood and is what plans, states, journals and views hold; and [`Value::reveal`], which is
//! for the body of a request to the cloud and for nothing else. Text for people and emitted code are made from
//! [`Clear`].

mod awaited;
mod clear;
mod node;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::sync::Arc;

use hmac::{Hmac, KeyInit, Mac};
use serde::{Deserialize, Serialize};
use serde_json::Value as Json;
use sha2::Sha256;

use crate::address::Address;

pub use awaited::Awaited;
pub use clear::{Clear, HIDDEN};
pub use node::Node;

/// A map of values, in the order of its keys, as HCL has it.
pub type Map = BTreeMap<Arc<str>, Value>;

/// Any value an expression can have.
#[derive(Debug, Clone, PartialEq)]
pub enum Value {
    /// `null`: as if the argument were not set.
    Null,
    /// `true` or `false`.
    Bool(bool),
    /// A number.
    Number(Number),
    /// A string.
    String(Arc<str>),
    /// A list, a tuple or a set; a set is sorted and without duplicates.
    List(Arc<Node<Vec<Value>>>),
    /// A map or an object.
    Map(Arc<Node<Map>>),
    /// A block of the stack (a resource or a site) named in an expression. It becomes an id or a name where an argument
    /// asks for one, and never reaches a resource's arguments as it is.
    Block(Address),
    /// A value that only the cloud can report, once the resources that it depends on exist.
    Unknown(Unknown),
    /// A value that must not be shown or kept. Never wraps another `Sensitive`; see [`Value::sensitive`].
    Sensitive(Arc<Value>),
}

/// A value that is not known before apply.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Unknown {
    /// The attributes and variables it waits for. Empty where an error has been reported instead.
    pub waits_for: Arc<BTreeSet<Awaited>>,
    /// The value, once known, is sensitive.
    pub sensitive: bool,
}

impl Unknown {
    /// The attribute of a resource that does not exist yet.
    pub fn attribute(address: &Address, attribute: &str, sensitive: bool) -> Self {
        Self { waits_for: Arc::new(BTreeSet::from([Awaited::attribute(address, attribute)])), sensitive }
    }

    /// The value of a sensitive variable that was not given.
    pub fn variable(name: &str) -> Self {
        Self { waits_for: Arc::new(BTreeSet::from([Awaited::variable(name)])), sensitive: true }
    }

    /// This replaces a value with an error that has been reported; see [`Value::told`].
    pub fn is_told(&self) -> bool {
        self.waits_for.is_empty()
    }

    /// Makes it depend on the other as well. An error that has been reported in one remains so.
    pub fn join(&mut self, other: &Self) {
        self.sensitive |= other.sensitive;
        if self.is_told() || Arc::ptr_eq(&self.waits_for, &other.waits_for) {
            return;
        }
        if other.is_told() {
            self.waits_for = Arc::clone(&other.waits_for);
        } else if !other.waits_for.is_subset(&self.waits_for) {
            // In place, where nothing else holds the set: joining many one by one costs no more than all at once.
            Arc::make_mut(&mut self.waits_for).extend(other.waits_for.iter().cloned());
        }
    }
}

/// A number: an integer wherever it is one, so that it prints and compares as one.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Number {
    /// A whole number.
    Int(i64),
    /// Any other number; never a whole one within the range of `i64`, never NaN or infinite.
    Float(f64),
}

impl Number {
    /// The number, normalised; `None` where the float is not finite.
    pub fn from_f64(float: f64) -> Option<Self> {
        // 2^63 as a float is exact, and i64::MAX is not.
        const EDGE: f64 = 9_223_372_036_854_775_808.0;
        if !float.is_finite() {
            None
        } else if float.fract() == 0.0 && (-EDGE..EDGE).contains(&float) {
            Some(Self::Int(float as i64))
        } else {
            Some(Self::Float(float))
        }
    }

    /// The number as a float.
    pub fn as_f64(self) -> f64 {
        match self {
            Self::Int(int) => int as f64,
            Self::Float(float) => float,
        }
    }

    /// The number, where it is whole.
    pub fn as_i64(self) -> Option<i64> {
        match self {
            Self::Int(int) => Some(int),
            Self::Float(_) => None,
        }
    }
}

impl fmt::Display for Number {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Int(int) => write!(f, "{int}"),
            Self::Float(float) => write!(f, "{float}"),
        }
    }
}

impl From<bool> for Value {
    fn from(value: bool) -> Self {
        Self::Bool(value)
    }
}

impl From<i64> for Value {
    fn from(value: i64) -> Self {
        Self::Number(Number::Int(value))
    }
}

impl From<&str> for Value {
    fn from(value: &str) -> Self {
        Self::String(value.into())
    }
}

impl From<String> for Value {
    fn from(value: String) -> Self {
        Self::String(value.into())
    }
}

impl From<Vec<Value>> for Value {
    fn from(value: Vec<Value>) -> Self {
        Self::List(Arc::new(value.into()))
    }
}

impl From<Map> for Value {
    fn from(value: Map) -> Self {
        Self::Map(Arc::new(value.into()))
    }
}

impl Value {
    /// Replaces a value with an error that has been reported, so that no error follows from it.
    pub fn told() -> Self {
        Self::Unknown(Unknown::default())
    }

    /// Anything within replaces a value with an error that has been reported.
    pub fn told_within(&self) -> bool {
        self.is_unknown_within() && self.unknown_within().is_some_and(|unknown| unknown.is_told())
    }

    /// This value, marked sensitive; an unknown one remembers that it will be.
    pub fn sensitive(self) -> Self {
        match self {
            Self::Sensitive(_) => self,
            Self::Unknown(unknown) => Self::Unknown(Unknown { sensitive: true, ..unknown }),
            plain => Self::Sensitive(Arc::new(plain)),
        }
    }

    /// The value under a mark of sensitivity, if there is one, and whether there was.
    pub fn unmark(&self) -> (&Value, bool) {
        match self {
            Self::Sensitive(inner) => (inner, true),
            other => (other, false),
        }
    }

    /// This is `null`, marked or not.
    pub fn is_null(&self) -> bool {
        matches!(self.unmark().0, Self::Null)
    }

    /// The word for the type in messages.
    pub fn type_name(&self) -> &'static str {
        match self {
            Self::Null => "null",
            Self::Bool(_) => "a bool",
            Self::Number(_) => "a number",
            Self::String(_) => "a string",
            Self::List(_) => "a list",
            Self::Map(_) => "a map",
            Self::Block(_) => "a reference",
            Self::Unknown(_) => "a value known after apply",
            Self::Sensitive(inner) => inner.type_name(),
        }
    }

    /// The whole value in plain text, for the body of a request.
    ///
    /// # Errors
    /// The unknown part, if there is one.
    pub fn reveal(&self) -> Result<Json, Unknown> {
        Ok(match self {
            Self::Null => Json::Null,
            Self::Bool(bool) => Json::Bool(*bool),
            Self::Number(number) => number_to_json(*number),
            Self::String(text) => Json::String(text.to_string()),
            Self::List(items) => Json::Array(items.iter().map(Self::reveal).collect::<Result<_, _>>()?),
            Self::Map(map) => {
                Json::Object(map.iter().map(|(k, v)| Ok((k.to_string(), v.reveal()?))).collect::<Result<_, Unknown>>()?)
            }
            Self::Block(address) => Json::String(address.to_string()),
            Self::Unknown(unknown) => return Err(unknown.clone()),
            Self::Sensitive(inner) => inner.reveal()?,
        })
    }

    /// The value of a JSON text, all of it known and plain.
    pub fn from_json(json: &Json) -> Self {
        match json {
            Json::Null => Self::Null,
            Json::Bool(bool) => Self::Bool(*bool),
            Json::Number(number) => match number.as_i64() {
                Some(int) => Self::Number(Number::Int(int)),
                None => number.as_f64().and_then(Number::from_f64).map_or(Self::Null, Self::Number),
            },
            Json::String(text) => Self::String(text.as_str().into()),
            Json::Array(items) => items.iter().map(Self::from_json).collect::<Vec<_>>().into(),
            Json::Object(map) => {
                map.iter().map(|(k, v)| (k.as_str().into(), Self::from_json(v))).collect::<Map>().into()
            }
        }
    }
}

fn number_to_json(number: Number) -> Json {
    match number {
        Number::Int(int) => Json::from(int),
        Number::Float(float) => Json::from(float),
    }
}

/// A value as it may be kept and shown: JSON in which `{"$sensitive": "<keyed digest>"}` replaces every sensitive
/// value, `{"$unknown": ["address.attribute", …]}` every unknown one, and `{"$untold": true}` one that exists in the
/// cloud and cannot be read.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct SealedValue(Json);

/// The marker under which a sealed value holds a digest.
pub const SENSITIVE: &str = "$sensitive";
/// The marker under which a sealed value holds what it waits for.
pub const UNKNOWN: &str = "$unknown";
/// The marker for a sensitive value that exists in the cloud and cannot be read: the password of an imported resource.
pub const UNTOLD: &str = "$untold";

impl SealedValue {
    /// The JSON, markers included.
    pub fn json(&self) -> &Json {
        &self.0
    }

    /// The same, of a value that is needed no longer.
    pub fn into_json(self) -> Json {
        self.0
    }

    /// `null`.
    pub const fn null() -> Self {
        Self(Json::Null)
    }

    /// A part of a value that has been sealed already, such as a recorded argument.
    pub fn from_sealed_json(json: &Json) -> Self {
        Self(json.clone())
    }

    /// This is a digest as a whole.
    pub fn is_sensitive(json: &Json) -> bool {
        json.as_object().is_some_and(|map| map.len() == 1 && map.contains_key(SENSITIVE))
    }

    /// The texts of what it waits for ([`Awaited`]), if it is unknown as a whole.
    pub fn waits_for(json: &Json) -> Option<&Vec<Json>> {
        json.as_object().filter(|map| map.len() == 1).and_then(|map| map.get(UNKNOWN)).and_then(Json::as_array)
    }

    /// The JSON for a sensitive value that cannot be read.
    pub fn untold() -> Json {
        serde_json::json!({ UNTOLD: true })
    }

    /// This is a value that cannot be read.
    pub fn is_untold(json: &Json) -> bool {
        json.as_object().is_some_and(|map| map.len() == 1 && map.contains_key(UNTOLD))
    }

    /// Anything within cannot be read.
    pub fn has_untold(json: &Json) -> bool {
        match json {
            Json::Object(map) => Self::is_untold(json) || map.values().any(Self::has_untold),
            Json::Array(items) => items.iter().any(Self::has_untold),
            Json::Null | Json::Bool(_) | Json::Number(_) | Json::String(_) => false,
        }
    }

    /// Anything within is a digest.
    pub fn has_sensitive(json: &Json) -> bool {
        match json {
            Json::Object(map) => Self::is_sensitive(json) || map.values().any(Self::has_sensitive),
            Json::Array(items) => items.iter().any(Self::has_sensitive),
            Json::Null | Json::Bool(_) | Json::Number(_) | Json::String(_) => false,
        }
    }

    /// Anything within is unknown.
    pub fn has_unknown(json: &Json) -> bool {
        match json {
            Json::Object(map) => Self::waits_for(json).is_some() || map.values().any(Self::has_unknown),
            Json::Array(items) => items.iter().any(Self::has_unknown),
            Json::Null | Json::Bool(_) | Json::Number(_) | Json::String(_) => false,
        }
    }
}

/// The key under which sensitive values are digested: one for each lineage of state, kept beside it and never shown.
#[derive(Clone)]
pub struct Seal {
    key: [u8; 32],
}

impl fmt::Debug for Seal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Seal(…)")
    }
}

impl Seal {
    /// A seal with this key.
    pub const fn new(key: [u8; 32]) -> Self {
        Self { key }
    }

    /// The keyed digest of a value: HMAC-SHA256 over its JSON, 128 bits of it, in hexadecimal.
    pub fn digest(&self, json: &Json) -> String {
        // HMAC pads a key with zeros to its block of 64 bytes; done here, the length is right by type.
        let mut block = [0_u8; 64];
        block[..32].copy_from_slice(&self.key);
        let mut mac = Hmac::<Sha256>::new(&block.into());
        mac.update(json.to_string().as_bytes());
        mac.finalize().into_bytes().iter().take(16).map(|byte| format!("{byte:02x}")).collect()
    }

    /// A keyed digest of a constant, by which a state recognises its key.
    pub fn check(&self) -> String {
        self.digest(&Json::from("drplan: the key of this state"))
    }

    /// The value as it may be kept.
    pub fn seal(&self, value: &Value) -> SealedValue {
        SealedValue(self.seal_json(value))
    }

    /// A value that the cloud answered and that holds nothing secret by itself, with a digest wherever `known`, the
    /// value recorded or wanted at the same place, has one: in the same position, or for a string with one of its
    /// digests.
    pub fn seal_like(&self, answer: &Json, known: &Json) -> SealedValue {
        let mut digests = BTreeSet::new();
        collect_digests(known, &mut digests);
        if digests.is_empty() {
            return SealedValue(answer.clone());
        }
        SealedValue(self.like(answer, Some(known), &digests))
    }

    /// The whole value as one digest.
    pub fn seal_whole(&self, answer: &Json) -> SealedValue {
        SealedValue(self.marker(answer))
    }

    fn like(&self, answer: &Json, known: Option<&Json>, digests: &BTreeSet<String>) -> Json {
        if known.is_some_and(SealedValue::is_sensitive) {
            return self.marker(answer);
        }
        match answer {
            Json::String(_) => {
                let digest = self.digest(answer);
                if digests.contains(&digest) { self.marker(answer) } else { answer.clone() }
            }
            // Lists may have been reordered by the cloud, so the first known element stands for all of them.
            Json::Array(items) => {
                let known = known.and_then(Json::as_array);
                let element = |at: usize| known.and_then(|list| list.get(at).or_else(|| list.first()));
                items.iter().enumerate().map(|(at, item)| self.like(item, element(at), digests)).collect()
            }
            Json::Object(map) => {
                let known = known.and_then(Json::as_object);
                map.iter()
                    .map(|(name, item)| (name.clone(), self.like(item, known.and_then(|k| k.get(name)), digests)))
                    .collect()
            }
            Json::Null | Json::Bool(_) | Json::Number(_) => answer.clone(),
        }
    }

    fn marker(&self, json: &Json) -> Json {
        if json.is_null() { Json::Null } else { serde_json::json!({ SENSITIVE: self.digest(json) }) }
    }

    fn seal_json(&self, value: &Value) -> Json {
        match value {
            Value::Null => Json::Null,
            Value::Bool(bool) => Json::Bool(*bool),
            Value::Number(number) => number_to_json(*number),
            Value::String(text) => Json::String(text.to_string()),
            Value::List(items) => items.iter().map(|item| self.seal_json(item)).collect(),
            Value::Map(map) => {
                Json::Object(map.iter().map(|(name, item)| (name.to_string(), self.seal_json(item))).collect())
            }
            Value::Block(address) => Json::String(address.to_string()),
            Value::Unknown(unknown) => unknown_marker(unknown),
            Value::Sensitive(inner) => match inner.reveal() {
                Ok(json) => self.marker(&json),
                Err(unknown) => unknown_marker(&unknown),
            },
        }
    }
}

fn unknown_marker(unknown: &Unknown) -> Json {
    serde_json::json!({ UNKNOWN: &*unknown.waits_for })
}

fn collect_digests(json: &Json, into: &mut BTreeSet<String>) {
    match json {
        Json::Object(map) => {
            if let (1, Some(Json::String(digest))) = (map.len(), map.get(SENSITIVE)) {
                into.insert(digest.clone());
            } else {
                map.values().for_each(|item| collect_digests(item, into));
            }
        }
        Json::Array(items) => items.iter().for_each(|item| collect_digests(item, into)),
        Json::Null | Json::Bool(_) | Json::Number(_) | Json::String(_) => {}
    }
}
