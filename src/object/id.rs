//! The id of an object, as requests, references and the state write it.
//!
//! This module knows no provider: what the segments of an id mean is in the grammar of its provider.

use std::fmt;
use std::hash::{Hash, Hasher};
use std::sync::Arc;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// Bytes of an id that are compared at once.
const PIECE: usize = 16;

/// The id of an object: the text by which references, the state and requests name it.
///
/// An id that begins with a slash is a path. It is compared without regard to case, because a provider with such ids
/// keeps the case an object was created with and ignores it otherwise (source: the contract of resource providers,
/// "resource ids are case-insensitive"). Any other id is compared exactly: `cloudflare:zones/example.com/…`.
#[derive(Clone)]
pub struct ObjectId(Arc<str>);

impl ObjectId {
    /// An id from its text, which is kept as it is.
    pub fn new(text: impl Into<Arc<str>>) -> Self {
        Self(text.into())
    }

    /// The id as it was created.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The text that equal ids share.
    pub fn folded(&self) -> String {
        if self.is_path() { self.0.to_ascii_lowercase() } else { self.0.to_string() }
    }

    fn is_path(&self) -> bool {
        self.0.as_bytes().first() == Some(&b'/')
    }

    /// The id of a child: `{self}/{segment}/{name}`.
    pub fn child(&self, segment: &str, name: &str) -> Self {
        Self(format!("{}/{segment}/{name}", self.0).into())
    }

    /// The last segment.
    pub fn name(&self) -> &str {
        self.0.rsplit('/').next().unwrap_or_default()
    }

    /// The id of which this is a child: without the last two segments.
    pub fn outer(&self) -> Option<Self> {
        let (rest, _name) = self.0.rsplit_once('/')?;
        rest.rsplit_once('/').map(|(outer, _segment)| Self::new(outer))
    }

    /// Whether `inner` lies below this id (a child, or something within a child).
    pub fn contains(&self, inner: &ObjectId) -> bool {
        let (outer, inner) = (self.0.as_bytes(), inner.0.as_bytes());
        let is_outer = |begin: &[u8]| if self.is_path() { begin.eq_ignore_ascii_case(outer) } else { begin == outer };
        inner.len() > outer.len() && inner[outer.len()] == b'/' && is_outer(&inner[..outer.len()])
    }
}

impl PartialEq for ObjectId {
    fn eq(&self, other: &Self) -> bool {
        self.0 == other.0 || self.is_path() && self.0.eq_ignore_ascii_case(&other.0)
    }
}

impl Eq for ObjectId {}

impl Hash for ObjectId {
    fn hash<H: Hasher>(&self, state: &mut H) {
        if !self.is_path() {
            return self.0.hash(state);
        }
        let mut folded = [0; 64];
        for part in self.0.as_bytes().chunks(folded.len()) {
            let folded = &mut folded[..part.len()];
            folded.copy_from_slice(part);
            folded.make_ascii_lowercase();
            state.write(folded);
        }
    }
}

impl PartialOrd for ObjectId {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for ObjectId {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        if !(self.is_path() && other.is_path()) {
            return self.0.cmp(&other.0);
        }
        let (one, other) = (self.0.as_bytes(), other.0.as_bytes());
        // Ids are compared more than anything else, and mostly share a long beginning: it is skipped in pieces, and
        // only bytes that differ are folded.
        let (pieces, others) = (one.as_chunks::<PIECE>().0, other.as_chunks::<PIECE>().0);
        let begin = pieces.iter().zip(others).take_while(|(one, other)| one == other).count() * PIECE;
        let (rest, others) = (one.get(begin..).unwrap_or_default(), other.get(begin..).unwrap_or_default());
        let mut pairs = rest.iter().zip(others);
        let differing = pairs.find_map(|(one, other)| {
            let order = (one != other).then(|| one.to_ascii_lowercase().cmp(&other.to_ascii_lowercase()))?;
            order.is_ne().then_some(order)
        });
        differing.unwrap_or_else(|| one.len().cmp(&other.len()))
    }
}

impl fmt::Display for ObjectId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

impl fmt::Debug for ObjectId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl Serialize for ObjectId {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.0)
    }
}

impl<'de> Deserialize<'de> for ObjectId {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Ok(Self(String::deserialize(deserializer)?.into()))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn paths_are_compared_without_case_and_other_ids_exactly() {
        let id = ObjectId::new;
        assert_eq!(id("/Groups/A"), id("/groups/a"));
        assert_ne!(id("aws:parameters/Key"), id("aws:parameters/key"));
        assert!(id("/Groups/A").contains(&id("/groups/a/b")) && !id("aws:Groups").contains(&id("aws:groups/a")));
    }

    proptest! {
        #[test]
        fn ids_have_the_order_of_their_folded_texts(
            shared in "/?[/a-zA-Z]{0,40}", one in "[/a-zA-Z]{0,20}", other in "[/a-zA-Z]{0,20}", upper in any::<bool>()
        ) {
            let beginning = if upper { shared.to_uppercase() } else { shared.clone() };
            let (one, other) = (ObjectId::new(format!("{shared}{one}")), ObjectId::new(format!("{beginning}{other}")));
            prop_assert_eq!(one.cmp(&other), one.folded().cmp(&other.folded()));
            prop_assert_eq!(one == other, one.folded() == other.folded());
        }
    }
}
