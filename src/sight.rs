//! An object as a cloud returned it: its body, its version, and the state of its last operation, for any provider.
//!
//! A provider's client reads version and phase out of an answer, once. No code above the port knows where they stand.

use std::sync::Arc;

use serde_json::Value as Json;

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
