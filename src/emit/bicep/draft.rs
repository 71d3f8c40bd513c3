//! Bodies on their way to Bicep: the objects that a resource is written as, with expressions where the stack has some.

use super::code::{Code, Item, LoopId, Part, Symbol, Which};
use crate::value::Value;

/// A value of a body.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Draft {
    Code(Code),
    List(Vec<Element>),
    Object(Vec<(String, Draft)>),
}

/// An element of a list.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Element {
    pub draft: Draft,
    /// It stands for all that this loop goes through.
    pub each: Option<LoopId>,
    /// It is there only while the failover is on.
    pub active: bool,
}

impl Element {
    pub fn of(draft: Draft) -> Self {
        Self { draft, each: None, active: false }
    }
}

/// What a loop goes through, for what cannot be said as a loop.
pub(super) type Entries = Vec<(String, Value)>;

impl Draft {
    /// The value of a key, of an object.
    pub fn get(&self, name: &str) -> Option<&Self> {
        match self {
            Self::Object(entries) => entries.iter().find(|(other, _)| other == name).map(|(_, draft)| draft),
            Self::Code(_) | Self::List(_) => None,
        }
    }

    /// What stands at a path, made where nothing does.
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

    /// Lays another over it: objects into objects, all else in its place.
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

    /// Every expression in it replaced by what `f` makes of its parts.
    #[must_use]
    pub fn map(self, f: &dyn Fn(Code) -> Code) -> Self {
        match self {
            Self::Code(code) => Self::Code(code.map(f)),
            Self::List(items) => {
                Self::List(items.into_iter().map(|one| Element { draft: one.draft.map(f), ..one }).collect())
            }
            Self::Object(entries) => Self::Object(entries.into_iter().map(|(name, one)| (name, one.map(f))).collect()),
        }
    }

    /// Calls `f` with every expression in it.
    pub fn visit(&self, f: &mut dyn FnMut(&Code)) {
        match self {
            Self::Code(code) => code.visit(f),
            Self::List(items) => items.iter().for_each(|one| one.draft.visit(f)),
            Self::Object(entries) => entries.iter().for_each(|(_, one)| one.visit(f)),
        }
    }

    /// As code; the loops in it are bound.
    pub fn code(self) -> Code {
        match self {
            Self::Code(code) => code,
            Self::Object(entries) => Code::Object(entries.into_iter().map(|(name, one)| (name, one.code())).collect()),
            Self::List(elements) => {
                let mut items = Vec::new();
                for Element { draft, each, active } in elements {
                    let code = draft.code();
                    let item = each.map_or_else(|| Item::One(code.clone()), |of| Item::Each(of, code.clone()));
                    match (active, items.last_mut()) {
                        (false, _) => items.push(item),
                        (true, Some(Item::Active(last))) => last.push(item),
                        (true, _) => items.push(Item::Active(vec![item])),
                    }
                }
                Code::List(items)
            }
        }
    }

    /// Whether it says the same whatever is given.
    pub fn is_literal(&self) -> bool {
        match self {
            Self::Code(code) => code.is_literal(),
            Self::List(items) => items.iter().all(|one| one.each.is_none() && !one.active && one.draft.is_literal()),
            Self::Object(entries) => entries.iter().all(|(_, one)| one.is_literal()),
        }
    }

    /// The same with one turn of a loop written out.
    #[must_use]
    pub fn turn(self, of: LoopId, key: &str, value: &Value) -> Self {
        self.map(&|code| match code {
            Code::Each(id, Part::Key) if id == of => Code::text(key),
            Code::Each(id, Part::Value) if id == of => match value.reveal() {
                Ok(json) => Code::json(&json),
                Err(_) => Code::Null,
            },
            other => other,
        })
    }
}

/// Elements of lists that one loop makes become one; those that differ in more than the loop says are written out.
pub(super) fn gathered(elements: Vec<Element>, of: LoopId, entries: &Entries) -> Vec<Element> {
    let [first, rest @ ..] = elements.as_slice() else { return elements };
    if entries.len() == elements.len() && rest.iter().all(|one| one == first) {
        return vec![Element { each: Some(of), ..first.clone() }];
    }
    let written_out = elements.into_iter().zip(entries);
    written_out.map(|(one, (key, value))| Element { draft: one.draft.turn(of, key, value), ..one }).collect()
}

/// What several turns of a loop have in common.
pub(super) struct Alike {
    pub of: LoopId,
    /// What differs and is nothing but itself: a name, and a value for each turn.
    pub columns: Vec<(String, Vec<Code>)>,
}

impl Alike {
    /// The draft that stands for all of them; `None` where they differ in more than can be said.
    pub fn join(&mut self, name: &str, drafts: &[&Draft]) -> Option<Draft> {
        let first = *drafts.first()?;
        if drafts.iter().all(|one| *one == first) {
            return Some(first.clone());
        }
        let joined = match first {
            Draft::Object(entries) => self.objects(entries, drafts),
            Draft::List(elements) => self.lists(name, elements, drafts),
            Draft::Code(_) => None,
        };
        joined.or_else(|| self.column(name, drafts))
    }

    fn objects(&mut self, entries: &[(String, Draft)], drafts: &[&Draft]) -> Option<Draft> {
        let before = self.columns.len();
        let all: Option<Vec<_>> = drafts
            .iter()
            .map(|one| match one {
                Draft::Object(other) if other.len() == entries.len() => Some(other),
                _ => None,
            })
            .collect();
        let all = all?;
        let mut out = Vec::new();
        for (at, (name, _)) in entries.iter().enumerate() {
            let of_name: Option<Vec<&Draft>> = all
                .iter()
                .map(|other| Some(&other[at]).filter(|(other, _)| other == name).map(|(_, one)| one))
                .collect();
            let Some(joined) = of_name.and_then(|drafts| self.join(name, &drafts)) else {
                self.columns.truncate(before);
                return None;
            };
            out.push((name.clone(), joined));
        }
        Some(Draft::Object(out))
    }

    fn lists(&mut self, name: &str, elements: &[Element], drafts: &[&Draft]) -> Option<Draft> {
        let before = self.columns.len();
        let all: Option<Vec<_>> = drafts
            .iter()
            .map(|one| match one {
                Draft::List(other) if other.len() == elements.len() => Some(other),
                _ => None,
            })
            .collect();
        let all = all?;
        let mut out = Vec::new();
        for (at, first) in elements.iter().enumerate() {
            let same = all.iter().all(|other| other[at].each == first.each && other[at].active == first.active);
            let inner: Vec<&Draft> = all.iter().map(|other| &other[at].draft).collect();
            let Some(draft) = same.then(|| self.join(name, &inner)).flatten() else {
                self.columns.truncate(before);
                return None;
            };
            out.push(Element { draft, ..*first });
        }
        Some(Draft::List(out))
    }

    fn column(&mut self, name: &str, drafts: &[&Draft]) -> Option<Draft> {
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
        Some(Draft::Code(Code::Each(self.of, Part::Column(column))))
    }
}

/// What refers to the resource with the key that a loop is at says so.
pub(super) fn with_same(
    draft: Draft,
    of: LoopId,
    key: &str,
    has_same: &dyn Fn(&crate::address::Address) -> bool,
) -> Draft {
    draft.map(&|code| match code {
        Code::Resource(Symbol { which: Which::One(address), object, below })
            if address.key().as_deref() == Some(key) && has_same(&address.block()) =>
        {
            Code::Resource(Symbol { which: Which::Same(address.block(), of), object, below })
        }
        other => other,
    })
}
