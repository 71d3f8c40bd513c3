//! Bodies with expressions: the objects of a resource before they become Bicep.

use super::code::{Code, ListItem, LoopId, LoopPart, ResourceRef, Symbol};
use crate::value::Value;

/// A value of a body.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum BodyValue {
    Code(Code),
    List(Vec<BodyElement>),
    Object(Vec<(String, BodyValue)>),
}

/// An element of a list.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct BodyElement {
    pub draft: BodyValue,
    /// Loop whose entries it represents.
    pub each: Option<LoopId>,
    /// Exists only during a failover.
    pub active: bool,
}

impl BodyElement {
    pub fn of(draft: BodyValue) -> Self {
        Self { draft, each: None, active: false }
    }
}

/// Keys and values of a loop's entries.
pub(super) type LoopValues = Vec<(String, Value)>;

/// The same as code, for elements that are written out.
pub(super) type LoopEntries = Vec<(String, Code)>;

impl BodyValue {
    /// Value of a key of an object.
    pub fn get(&self, name: &str) -> Option<&Self> {
        match self {
            Self::Object(entries) => entries.iter().find(|(other, _)| other == name).map(|(_, draft)| draft),
            Self::Code(_) | Self::List(_) => None,
        }
    }

    /// Value at a path, created if missing.
    pub fn at(&mut self, path: &str) -> &mut Self {
        let (name, rest) = path.split_once('.').unwrap_or((path, ""));
        if !matches!(self, Self::Object(_)) {
            *self = Self::Object(Vec::new());
        }
        let Self::Object(entries) = self else { return self };
        let at = entries.iter().position(|(other, _)| other == name).unwrap_or_else(|| {
            entries.push((name.to_owned(), Self::Code(Code::Null)));
            entries.len() - 1
        });
        let inner = &mut entries[at].1;
        if rest.is_empty() { inner } else { inner.at(rest) }
    }

    /// Value at a path that may select an element of a list by a property. `None` if no element has that literal.
    pub fn reach(&mut self, path: &str) -> Option<&mut Self> {
        let Some((outer, rest)) = path.split_once('[') else { return Some(self.at(path)) };
        let (selector, rest) = rest.split_once("].")?;
        let (key, name) = selector.split_once('=')?;
        let Self::List(items) = self.at(outer) else { return None };
        let is_it = |item: &&mut BodyElement| item.draft.get(key) == Some(&Self::Code(Code::text(name)));
        items.iter_mut().find(is_it).map(|item| item.draft.at(rest))
    }

    /// Merges another over it: objects into objects, other values replaced.
    pub fn lay(&mut self, over: Self) {
        match (self, over) {
            (Self::Object(own), Self::Object(over)) => {
                for (name, draft) in over {
                    match own.iter_mut().find(|(other, _)| *other == name) {
                        Some((_, inner)) => inner.lay(draft),
                        None => own.push((name, draft)),
                    }
                }
            }
            (own, over) => *own = over,
        }
    }

    /// The same with `f` applied to all expressions.
    #[must_use]
    pub fn map(self, f: &dyn Fn(Code) -> Code) -> Self {
        match self {
            Self::Code(code) => Self::Code(code.map(f)),
            Self::List(items) => {
                Self::List(items.into_iter().map(|one| BodyElement { draft: one.draft.map(f), ..one }).collect())
            }
            Self::Object(entries) => Self::Object(entries.into_iter().map(|(name, one)| (name, one.map(f))).collect()),
        }
    }

    /// Calls `f` with every expression.
    pub fn visit(&self, f: &mut dyn FnMut(&Code)) {
        match self {
            Self::Code(code) => code.visit(f),
            Self::List(items) => items.iter().for_each(|one| one.draft.visit(f)),
            Self::Object(entries) => entries.iter().for_each(|(_, one)| one.visit(f)),
        }
    }

    /// As code, with its loops bound.
    pub fn code(self) -> Code {
        match self {
            Self::Code(code) => code,
            Self::Object(entries) => Code::Object(entries.into_iter().map(|(name, one)| (name, one.code())).collect()),
            Self::List(elements) => {
                let mut items = Vec::new();
                for BodyElement { draft, each, active } in elements {
                    let code = draft.code();
                    let item = each.map_or_else(|| ListItem::One(code.clone()), |of| ListItem::Each(of, code.clone()));
                    match (active, items.last_mut()) {
                        (false, _) => items.push(item),
                        (true, Some(ListItem::Active(last))) => last.push(item),
                        (true, _) => items.push(ListItem::Active(vec![item])),
                    }
                }
                Code::List(items)
            }
        }
    }

    /// True if it consists of literals alone.
    pub fn is_literal(&self) -> bool {
        match self {
            Self::Code(code) => code.is_literal(),
            Self::List(items) => items.iter().all(|one| one.each.is_none() && !one.active && one.draft.is_literal()),
            Self::Object(entries) => entries.iter().all(|(_, one)| one.is_literal()),
        }
    }

    /// The same with one entry of a loop inserted.
    #[must_use]
    pub fn turn(self, of: LoopId, key: &str, value: &Code) -> Self {
        self.map(&|code| match code {
            Code::Each(id, LoopPart::Key) if id == of => Code::text(key),
            Code::Each(id, LoopPart::Value) if id == of => value.clone(),
            Code::If(parts) => decided(*parts),
            other => other,
        })
    }
}

/// A condition, or the side that it chooses if both of its operands are known.
fn decided(parts: [Code; 3]) -> Code {
    let chosen = match &parts[0] {
        Code::Binary(op @ ("==" | "!="), sides) => {
            sides[0].literal().zip(sides[1].literal()).map(|(one, other)| (one == other) == (*op == "=="))
        }
        _ => None,
    };
    let [condition, yes, no] = parts;
    match chosen {
        Some(true) => yes,
        Some(false) => no,
        None => Code::If(Box::new([condition, yes, no])),
    }
}

/// Joins the elements of one loop, or writes them out if they differ in more than the loop's entries.
pub(super) fn gathered(elements: Vec<BodyElement>, of: LoopId, entries: &LoopEntries) -> Vec<BodyElement> {
    let [first, rest @ ..] = elements.as_slice() else { return elements };
    if entries.len() == elements.len() && rest.iter().all(|one| one == first) {
        return vec![BodyElement { each: Some(of), ..first.clone() }];
    }
    let written_out = elements.into_iter().zip(entries);
    written_out.map(|(one, (key, value))| BodyElement { draft: one.draft.turn(of, key, value), ..one }).collect()
}

/// Join of the drafts of several entries of a loop.
pub(super) struct EntryJoin {
    pub of: LoopId,
    /// Literals that differ: a name, and a value for each entry.
    pub columns: Vec<(String, Vec<Code>)>,
}

impl EntryJoin {
    /// One draft for all of them; `None` if they differ in more than literals.
    pub fn join(&mut self, name: &str, drafts: &[&BodyValue]) -> Option<BodyValue> {
        let first = *drafts.first()?;
        if drafts.iter().all(|one| *one == first) {
            return Some(first.clone());
        }
        let joined = match first {
            BodyValue::Object(entries) => self.objects(entries, drafts),
            BodyValue::List(elements) => self.lists(name, elements, drafts),
            BodyValue::Code(_) => None,
        };
        joined.or_else(|| self.column(name, drafts))
    }

    fn objects(&mut self, entries: &[(String, BodyValue)], drafts: &[&BodyValue]) -> Option<BodyValue> {
        let before = self.columns.len();
        let all: Option<Vec<_>> = drafts
            .iter()
            .map(|one| match one {
                BodyValue::Object(other) if other.len() == entries.len() => Some(other),
                _ => None,
            })
            .collect();
        let all = all?;
        let mut out = Vec::new();
        for (at, (name, _)) in entries.iter().enumerate() {
            let of_name: Option<Vec<&BodyValue>> = all
                .iter()
                .map(|other| Some(&other[at]).filter(|(other, _)| other == name).map(|(_, one)| one))
                .collect();
            let Some(joined) = of_name.and_then(|drafts| self.join(name, &drafts)) else {
                self.columns.truncate(before);
                return None;
            };
            out.push((name.clone(), joined));
        }
        Some(BodyValue::Object(out))
    }

    fn lists(&mut self, name: &str, elements: &[BodyElement], drafts: &[&BodyValue]) -> Option<BodyValue> {
        let before = self.columns.len();
        let all: Option<Vec<_>> = drafts
            .iter()
            .map(|one| match one {
                BodyValue::List(other) if other.len() == elements.len() => Some(other),
                _ => None,
            })
            .collect();
        let all = all?;
        let mut out = Vec::new();
        for (at, first) in elements.iter().enumerate() {
            let same = all.iter().all(|other| other[at].each == first.each && other[at].active == first.active);
            let inner: Vec<&BodyValue> = all.iter().map(|other| &other[at].draft).collect();
            let Some(draft) = same.then(|| self.join(name, &inner)).flatten() else {
                self.columns.truncate(before);
                return None;
            };
            out.push(BodyElement { draft, ..*first });
        }
        Some(BodyValue::List(out))
    }

    fn column(&mut self, name: &str, drafts: &[&BodyValue]) -> Option<BodyValue> {
        if !drafts.iter().all(|one| one.is_literal()) {
            return None;
        }
        let taken = |name: &str, columns: &[(String, Vec<Code>)]| {
            matches!(name, "key" | "value") || columns.iter().any(|(other, _)| other == name)
        };
        let mut column = super::emitter::camel(name);
        let mut number = 2;
        while taken(&column, &self.columns) {
            column = format!("{}{number}", super::emitter::camel(name));
            number += 1;
        }
        self.columns.push((column.clone(), drafts.iter().map(|one| (*one).clone().code()).collect()));
        Some(BodyValue::Code(Code::Each(self.of, LoopPart::Column(column))))
    }
}

/// A draft in which references to an instance with the current key follow the loop.
pub(super) fn with_same(
    draft: BodyValue,
    of: LoopId,
    key: &str,
    has_same: &dyn Fn(&crate::address::Address, usize) -> bool,
) -> BodyValue {
    draft.map(&|code| match code {
        Code::Resource(Symbol { which: ResourceRef::One(address), object, below })
            if address.key().as_deref() == Some(key) && has_same(&address.block(), object) =>
        {
            Code::Resource(Symbol { which: ResourceRef::Same(address.block(), of), object, below })
        }
        other => other,
    })
}
