//! An object as a cloud returned it: its body, its version, and the state of its last operation, for any provider.
//!
//! A provider's client reads version and phase out of an answer, once. No code above the port knows where they stand.

use std::sync::Arc;

use serde_json::Value as Json;
use sha2::{Digest as _, Sha256};

/// An object as a cloud returned it.
#[derive(Debug, Clone, PartialEq)]
pub struct Sight {
    /// The body, whole. What the provider keeps in it about versions and operations is in it as well, because a body
    /// that is changed and written back keeps everything else.
    pub body: Json,
    /// The version. `None` where the provider has none for this object.
    pub version: Option<Version>,
    /// The state of the last operation.
    pub phase: Phase,
}

impl Sight {
    /// A body without a version and without an operation in progress.
    pub const fn settled(body: Json) -> Self {
        Self { body, version: None, phase: Phase::Settled }
    }
}

/// The version of an object: a write may demand that it is still the current one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Version(Arc<str>);

impl Version {
    /// A version from the provider's text.
    pub fn new(text: &str) -> Self {
        Self(text.into())
    }

    /// The provider's text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The version of a body of a provider that has none: equal for equal bodies, whatever the order of their
    /// properties, and whatever the `restless` ones hold, which change without a change of the object.
    pub fn of_body(body: &Json, restless: &[&str]) -> Self {
        let mut digest = Sha256::new();
        feed(body, restless, &mut digest);
        let text: String = digest.finalize().iter().take(16).map(|byte| format!("{byte:02x}")).collect();
        Self::new(&text)
    }
}

fn feed(value: &Json, restless: &[&str], digest: &mut Sha256) {
    match value {
        Json::Object(map) => {
            let mut names: Vec<&String> = map.keys().filter(|name| !restless.contains(&name.as_str())).collect();
            names.sort_unstable();
            digest.update(b"{");
            for name in names {
                digest.update(Json::from(name.as_str()).to_string());
                feed(&map[name], restless, digest);
            }
            digest.update(b"}");
        }
        Json::Array(items) => {
            digest.update(b"[");
            items.iter().for_each(|item| feed(item, restless, digest));
            digest.update(b"]");
        }
        plain => {
            digest.update(plain.to_string());
            digest.update(b",");
        }
    }
}

/// The state of the last operation on an object. For a part of another object: that of the containing object while an
/// operation on it is in progress, otherwise the part's own.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Phase {
    /// It succeeded, or the provider reports none.
    Settled,
    /// It is in progress; the provider's word for it.
    UnderWay(String),
    /// It failed or was cancelled; the provider's word for it. The object exists, and may lack a part of the change.
    Failed(String),
}
