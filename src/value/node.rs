//! Contents of lists and maps, shared between values, with facts about them.
//!
//! A list may appear in many places at no cost. Everything that walks a value would pay for each of them again, so
//! the facts that are asked most are kept beside the content: equality compares pointers first, and the size as if
//! nothing were shared bounds every walk.

use std::fmt;
use std::ops::Deref;
use std::sync::OnceLock;

use super::{Map, Unknown, Value};

/// Size of a value beside its text, in bytes.
const PLAIN: usize = 16;

/// The content of a list or a map, and the facts about it.
pub struct Node<T> {
    content: T,
    facts: Facts,
    /// Everything unknown within, joined; found on first use.
    unknown: OnceLock<Option<Unknown>>,
}

/// The facts about a value.
#[derive(Clone, Copy, Default)]
struct Facts {
    size: usize,
    depth: usize,
    unknown: bool,
    sensitive: bool,
}

impl Facts {
    fn of(value: &Value) -> Self {
        let plain = Self { size: PLAIN, ..Self::default() };
        match value {
            Value::Null | Value::Bool(_) | Value::Number(_) => plain,
            Value::String(text) => Self { size: PLAIN + text.len(), ..plain },
            Value::Block(address) => Self { size: PLAIN + address.name().len(), ..plain },
            Value::Unknown(unknown) => {
                let size = PLAIN * (1 + unknown.waits_for.len());
                Self { size, depth: 0, unknown: true, sensitive: unknown.sensitive }
            }
            Value::List(items) => items.facts,
            Value::Map(map) => map.facts,
            Value::Sensitive(inner) => Self { sensitive: true, ..Self::of(inner) },
        }
    }

    /// The facts of a container of these.
    fn around(parts: impl Iterator<Item = Self>) -> Self {
        parts.fold(Self { size: PLAIN, depth: 1, ..Self::default() }, |all, part| Self {
            size: all.size.saturating_add(part.size),
            depth: all.depth.max(part.depth.saturating_add(1)),
            unknown: all.unknown || part.unknown,
            sensitive: all.sensitive || part.sensitive,
        })
    }
}

impl Value {
    /// Size of the value in bytes, each shared part counted wherever it appears: the cost of walking all of it.
    pub fn size(&self) -> usize {
        Facts::of(self).size
    }

    /// Levels of lists and maps within one another.
    pub fn depth(&self) -> usize {
        Facts::of(self).depth
    }

    /// Anything within is unknown.
    pub fn is_unknown_within(&self) -> bool {
        Facts::of(self).unknown
    }

    /// A sensitive value is anywhere within.
    pub fn sensitive_within(&self) -> bool {
        Facts::of(self).sensitive
    }

    /// Everything unknown within, joined; `None` if the whole value is known.
    pub fn unknown_within(&self) -> Option<Unknown> {
        match self {
            Self::Unknown(unknown) => Some(unknown.clone()),
            Self::Sensitive(inner) => inner.unknown_within().map(|unknown| Unknown { sensitive: true, ..unknown }),
            Self::List(items) => items.unknown(|items| Unknown::of(items.iter())),
            Self::Map(map) => map.unknown(|map| Unknown::of(map.values())),
            Self::Null | Self::Bool(_) | Self::Number(_) | Self::String(_) | Self::Block(_) => None,
        }
    }
}

impl Unknown {
    /// Everything unknown in these values, joined; `None` if all are known.
    pub fn of<'a>(values: impl Iterator<Item = &'a Value>) -> Option<Self> {
        values.filter_map(Value::unknown_within).reduce(|mut all, one| {
            all.join(&one);
            all
        })
    }
}

impl<T> Node<T> {
    fn unknown(&self, find: impl FnOnce(&T) -> Option<Unknown>) -> Option<Unknown> {
        if !self.facts.unknown {
            return None;
        }
        self.unknown.get_or_init(|| find(&self.content)).clone()
    }

    /// The content, of which every part is shared still.
    pub fn to_content(&self) -> T
    where
        T: Clone,
    {
        self.content.clone()
    }
}

impl From<Vec<Value>> for Node<Vec<Value>> {
    fn from(content: Vec<Value>) -> Self {
        let facts = Facts::around(content.iter().map(Facts::of));
        Self { content, facts, unknown: OnceLock::new() }
    }
}

impl From<Map> for Node<Map> {
    fn from(content: Map) -> Self {
        let entry = |(key, value): (&std::sync::Arc<str>, &Value)| {
            let facts = Facts::of(value);
            Facts { size: facts.size.saturating_add(PLAIN + key.len()), ..facts }
        };
        let facts = Facts::around(content.iter().map(entry));
        Self { content, facts, unknown: OnceLock::new() }
    }
}

impl<T: Default> Default for Node<T>
where
    Self: From<T>,
{
    fn default() -> Self {
        T::default().into()
    }
}

impl<T> Deref for Node<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.content
    }
}

impl<T: PartialEq> PartialEq for Node<T> {
    fn eq(&self, other: &Self) -> bool {
        // Contents that are equal have the same size.
        std::ptr::eq(self, other) || (self.facts.size == other.facts.size && self.content == other.content)
    }
}

impl<T: fmt::Debug> fmt::Debug for Node<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.content.fmt(f)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;
    use std::sync::Arc;

    use super::super::Awaited;
    use super::*;

    /// A list in a list and so on, each of which has the one within it twice.
    fn doubled(innermost: Value, levels: usize) -> Value {
        (0..levels).fold(vec![innermost].into(), |inner: Value, _| vec![inner.clone(), inner].into())
    }

    fn waiting(name: &str) -> Value {
        let waits_for = Arc::new(BTreeSet::from([Awaited::variable(name)]));
        Value::Unknown(Unknown { waits_for, sensitive: false })
    }

    #[test]
    fn shared_parts_count_wherever_they_appear() {
        let once = doubled("x".into(), 0).size();
        assert_eq!(once, 2 * PLAIN + 1);
        assert_eq!(doubled("x".into(), 1).size(), PLAIN + 2 * once);
        assert_eq!(doubled("x".into(), 200).size(), usize::MAX);
        assert_eq!(doubled("x".into(), 200).depth(), 201);
    }

    #[test]
    fn facts_of_shared_lists_are_found_once() {
        // A walk over all of it would take 2^60 steps.
        let list = doubled("x".into(), 60);
        assert!(list == list.clone() && !list.sensitive_within() && list.unknown_within().is_none());
        let secret = doubled(Value::from("x").sensitive(), 60);
        assert!(secret.sensitive_within());
        let unknown = doubled(waiting("a.b"), 60);
        assert_eq!(unknown.unknown_within(), waiting("a.b").unknown_within());
    }

    #[test]
    fn unknown_parts_are_joined() {
        let list: Value = vec![waiting("a"), vec![waiting("b"), waiting("a").sensitive()].into()].into();
        let unknown = list.unknown_within().unwrap();
        assert_eq!(unknown.waits_for.iter().map(Awaited::as_str).collect::<Vec<_>>(), ["var.a", "var.b"]);
        assert!(unknown.sensitive);
    }
}
