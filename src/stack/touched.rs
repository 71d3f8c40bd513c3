//! The resources that an expression refers to, kept apart for the elements of the list or map that is its value: what
//! takes one element depends on that element only.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use crate::address::Address;
use crate::diagnostic::Span;
use crate::hcl::ReferenceKey;
use crate::hcl::eval::to_text;

/// The references of a value.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct References {
    /// References of the value as a whole: of its keys, say, or of the arguments of a function that made it.
    own: BTreeSet<Address>,
    /// References of its elements, by key or position; an element without any is absent.
    parts: BTreeMap<Arc<str>, References>,
}

impl References {
    /// All of them.
    pub(crate) fn all(mut self) -> BTreeSet<Address> {
        self.join();
        self.own
    }

    /// References of one element of the value, and of the value as a whole.
    pub(crate) fn of(&self, key: &str) -> BTreeSet<Address> {
        let part = self.parts.get(key).cloned().unwrap_or_default();
        self.own.iter().cloned().chain(part.all()).collect()
    }

    /// The number of references, without elements of elements.
    pub(crate) fn len(&self) -> usize {
        self.own.len() + self.parts.len()
    }

    /// References of the value that these keys lead to.
    pub(crate) fn taken(&self, keys: &[(ReferenceKey, Span)]) -> Self {
        let mut own = BTreeSet::new();
        let mut at = self;
        for (key, _) in keys {
            own.extend(at.own.iter().cloned());
            let text = match key {
                ReferenceKey::Attr(name) => Some(Arc::clone(name)),
                ReferenceKey::Index(index) => to_text(index).ok(),
            };
            match text.map(|text| at.parts.get(&text)) {
                Some(Some(part)) => at = part,
                Some(None) => return Self { own, parts: BTreeMap::new() },
                None => {
                    own.extend(at.clone().all());
                    return Self { own, parts: BTreeMap::new() };
                }
            }
        }
        own.extend(at.own.iter().cloned());
        Self { own, parts: at.parts.clone() }
    }

    /// Makes the references of the elements those of the whole.
    fn join(&mut self) {
        for part in std::mem::take(&mut self.parts).into_values() {
            self.own.extend(part.all());
        }
    }

    fn merge(&mut self, other: Self) {
        self.own.extend(other.own);
        for (key, part) in other.parts {
            self.parts.entry(key).or_default().merge(part);
        }
    }

    fn is_empty(&self) -> bool {
        self.own.is_empty() && self.parts.is_empty()
    }
}

/// The references of an evaluation in progress.
#[derive(Debug, Default)]
pub(crate) struct Touched {
    /// References of the part that is being evaluated.
    now: References,
    /// References of the values that contain it, the outermost first.
    outer: Vec<References>,
    /// The references of the elements that each `for` goes through, the innermost last.
    elements: Vec<BTreeMap<Arc<str>, References>>,
}

impl Touched {
    pub(crate) fn extend(&mut self, addresses: impl IntoIterator<Item = Address>) {
        self.now.own.extend(addresses);
    }

    /// Adds the references of a value, which is the one that is being evaluated.
    pub(crate) fn add(&mut self, references: References) {
        self.now.merge(references);
    }

    /// Adds a reference of an element of the value that is being evaluated.
    pub(crate) fn add_part(&mut self, key: &Arc<str>, address: Address) {
        self.now.parts.entry(Arc::clone(key)).or_default().own.insert(address);
    }

    pub(crate) fn begin_part(&mut self) {
        self.outer.push(std::mem::take(&mut self.now));
    }

    pub(crate) fn end_part(&mut self, key: Option<&str>) {
        let part = std::mem::replace(&mut self.now, self.outer.pop().unwrap_or_default());
        match key {
            Some(key) if !part.is_empty() => self.now.parts.entry(key.into()).or_default().merge(part),
            Some(_) => {}
            None => self.now.own.extend(part.all()),
        }
    }

    pub(crate) fn join_parts(&mut self) {
        self.now.join();
    }

    /// Turns the part since [`Self::begin_part`] into the collection of a `for`.
    pub(crate) fn begin_elements(&mut self) {
        let References { own, parts } = std::mem::replace(&mut self.now, self.outer.pop().unwrap_or_default());
        self.now.own.extend(own);
        self.elements.push(parts);
    }

    /// The `for` takes this element.
    pub(crate) fn element(&mut self, key: &str) {
        let element = self.elements.last().and_then(|elements| elements.get(key)).cloned().unwrap_or_default();
        self.now.own.extend(element.all());
    }

    pub(crate) fn end_elements(&mut self) {
        self.elements.pop();
    }

    /// The references since the last call.
    pub(crate) fn take(&mut self) -> References {
        std::mem::take(&mut self.now)
    }
}
