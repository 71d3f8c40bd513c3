//! Values that exclude each other among resources, or among the elements of a block, and free values in their place.

use serde_json::{Map as JsonMap, Value as Json};

use super::args::{Args, fold};
use crate::kinds::path;
use crate::kinds::table::{Arg, Kind, Lit, Need, Ty};
use crate::ranges::{self, Cidr};

/// The value of one argument, from all arguments, in the form that all its spellings have in common.
pub type ValueReader = fn(&Args) -> Option<Json>;

/// Values that no two resources may share, or no two elements of a block.
#[derive(Debug, Clone, Copy)]
pub struct Exclusive {
    /// The values, in words: "priority".
    pub what: &'static str,
    /// Kinds with the same word share the values, whatever else they are.
    pub space: &'static str,
    /// Arguments that decide, by dotted path; `block[].x` takes each element of a block. All together must differ.
    /// `{name}` is the name of the resource.
    pub by: &'static [&'static str],
    /// Where the values are exclusive.
    pub within: ExclusiveWithin,
    /// True if the values exclude those of every resource in the space; false: only those of resources for which
    /// this is true.
    pub alone: bool,
    /// An argument, by dotted path from the resource or from the element, and a value with which there is no conflict.
    pub unless: Option<(&'static str, Lit)>,
    /// The argument with the ranges in which a free value lies, of the resource that contains this one, or that the
    /// first of the values refers to.
    pub pool: Option<&'static str>,
    /// True if ranges exclude each other that share an address; false: only equal values.
    pub overlap: bool,
    /// True for a label of a public name. A check rule reports those of one stack.
    pub public: bool,
    /// An argument of `by` whose value can be written in several ways, and the function that makes one of them all.
    pub read: Option<(&'static str, ValueReader)>,
    /// The provider's error code.
    pub code: &'static str,
}

/// The objects among which values are exclusive.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ExclusiveWithin {
    /// Objects with one parent.
    Parent,
    /// Objects in one region.
    Region,
    /// All objects.
    Everywhere,
    /// The elements of the block in one resource.
    Resource,
}

impl Exclusive {
    /// Values of siblings: objects with one parent.
    pub const fn among_siblings(
        code: &'static str,
        what: &'static str,
        space: &'static str,
        by: &'static [&'static str],
    ) -> Self {
        Self {
            what,
            space,
            by,
            within: ExclusiveWithin::Parent,
            alone: true,
            unless: None,
            pool: None,
            overlap: false,
            public: false,
            read: None,
            code,
        }
    }

    /// A label of a public name, which one object has as long as it exists.
    pub const fn public(code: &'static str, by: &'static [&'static str], within: ExclusiveWithin) -> Self {
        Self { public: true, ..Self::among_siblings(code, "DNS label", by[0], by).within(within) }
    }

    /// The same for other objects than siblings.
    #[must_use]
    pub const fn within(mut self, within: ExclusiveWithin) -> Self {
        self.within = within;
        self
    }

    /// Excludes only resources for which a value stands alone.
    #[must_use]
    pub const fn shared(mut self) -> Self {
        self.alone = false;
        self
    }

    /// Excludes ranges that share an address, in addition to equal ones.
    #[must_use]
    pub const fn overlapping(mut self) -> Self {
        self.overlap = true;
        self
    }

    /// Sets the argument with the ranges in which a free value lies.
    #[must_use]
    pub const fn pool(mut self, argument: &'static str) -> Self {
        self.pool = Some(argument);
        self
    }

    /// No conflict while an argument has this value.
    #[must_use]
    pub const fn unless(mut self, argument: &'static str, value: Lit) -> Self {
        self.unless = Some((argument, value));
        self
    }

    /// Sets the function that reads an argument whose value can be written in several ways.
    #[must_use]
    pub const fn read(mut self, argument: &'static str, by: ValueReader) -> Self {
        self.read = Some((argument, by));
        self
    }

    /// True if resources with these two rules can exclude each other, in the same place.
    pub fn concerns(&self, other: &Self) -> bool {
        let is_between = |rule: &Self| rule.within != ExclusiveWithin::Resource;
        self.space == other.space && is_between(self) && is_between(other) && (self.alone || other.alone)
    }

    /// True if two rows of values exclude each other.
    pub fn meet(&self, one: &[Json], other: &[Json]) -> bool {
        let meets = |(one, other): (&Json, &Json)| if self.overlap { ranges::meet(one, other) } else { one == other };
        one.len() == other.len() && one.iter().zip(other).all(meets)
    }

    /// The rows of values that a resource of this name takes: one for each element of a block or list.
    pub fn rows(&self, name: &str, args: &Args) -> Vec<Vec<Json>> {
        let block = self.by.iter().find_map(|at| at.split_once("[].").map(|(block, _)| block));
        let elements: Vec<&Json> = match block.and_then(|block| args.get(block)) {
            Some(Json::Array(items)) => items.iter().collect(),
            Some(one) => vec![one],
            None if block.is_some() => return Vec::new(),
            None => vec![&Json::Null],
        };
        elements.into_iter().flat_map(|element| self.rows_of(name, args, element)).collect()
    }

    fn rows_of(&self, name: &str, args: &Args, element: &Json) -> Vec<Vec<Json>> {
        let value = |at: &str| match (at.split_once("[]."), self.read) {
            _ if at == "{name}" => Some(Json::from(name)),
            (_, Some((argument, read))) if argument == at => read(args),
            (Some((_, inner)), _) => path::borrow(element, inner).cloned(),
            (None, _) => {
                let (first, rest) = at.split_once('.').unwrap_or((at, ""));
                args.get(first).and_then(|value| path::borrow(value, rest)).cloned()
            }
        };
        if self.unless.is_some_and(|(at, lit)| {
            let found = value(at).or_else(|| path::borrow(element, at).cloned());
            found == Some(lit.json())
        }) {
            return Vec::new();
        }
        let mut rows = vec![Vec::new()];
        for at in self.by.iter().copied() {
            let values = match value(at) {
                None | Some(Json::Null) => return Vec::new(),
                Some(Json::Array(items)) => items,
                Some(one) => vec![one],
            };
            rows = rows
                .iter()
                .flat_map(|row| values.iter().map(move |one| [row.as_slice(), &[fold(one)]].concat()))
                .collect();
        }
        rows
    }
}

/// Candidates that are tried for a free value.
const CANDIDATES: usize = 4096;

/// The arguments with a free value in place of the last one that a rule makes exclusive: a number, a range or an
/// address that no row has, or no value for an optional argument. `pool` returns the ranges in an argument of the
/// resource with an id. `None` where there is no such value.
pub fn vacate(
    kind: &Kind,
    rule: &Exclusive,
    args: &Args,
    is_taken: &dyn Fn(&[Json]) -> bool,
    pool: &dyn Fn(&str, &str) -> Vec<String>,
) -> Option<Args> {
    let last = *rule.by.last()?;
    let (block, inner) = last.split_once("[].").map_or(("", last), |(block, inner)| (block, inner));
    let table = match (block, kind.arg(block).map(|arg| arg.ty)) {
        ("", _) => kind.args,
        (_, Some(Ty::Block(block))) => block.args,
        _ => return None,
    };
    let arg = table.iter().find(|arg| arg.name == inner)?;
    let holder = kind.place.parent().and_then(|argument| args.get(argument)).and_then(Json::as_str);
    let mut free = args.clone();
    if block.is_empty() {
        let row = rule.rows("", args).into_iter().next()?;
        let old = args.get(inner)?.clone();
        match free_value(arg, rule, &row, &old, holder, is_taken, pool)? {
            Some(value) => _ = free.insert(inner.to_owned(), value),
            None => _ = free.remove(inner),
        }
        return Some(free);
    }
    for element in free.get_mut(block).and_then(Json::as_array_mut).into_iter().flatten() {
        let Some(old) = element.get(inner).cloned() else { continue };
        let one = JsonMap::from_iter([(block.to_owned(), Json::Array(vec![element.clone()]))]);
        let Some(row) = rule.rows("", &one).into_iter().next() else { continue };
        let value = free_value(arg, rule, &row, &old, holder, is_taken, pool)?;
        if let Json::Object(element) = element {
            match value {
                Some(value) => _ = element.insert(inner.to_owned(), value),
                None => _ = element.remove(inner),
            }
        }
    }
    Some(free)
}

/// A free value of an argument; `Some(None)`: none at all.
fn free_value(
    arg: &Arg,
    rule: &Exclusive,
    row: &[Json],
    old: &Json,
    holder: Option<&str>,
    is_taken: &dyn Fn(&[Json]) -> bool,
    pool: &dyn Fn(&str, &str) -> Vec<String>,
) -> Option<Option<Json>> {
    let (_, before) = row.split_last()?;
    let is_free = |value: &Json| !is_taken(&[before, std::slice::from_ref(value)].concat());
    let ranges = || -> Vec<String> {
        let holder = if before.is_empty() { holder } else { before.first().and_then(Json::as_str) };
        holder.zip(rule.pool).map(|(holder, inner)| pool(holder, inner)).unwrap_or_default()
    };
    match arg.ty {
        Ty::Integer(low, high) => {
            (low..=high).rev().take(CANDIDATES).map(Json::from).find(|value| is_free(value)).map(Some)
        }
        Ty::List(Ty::Cidr) | Ty::Set(Ty::Cidr) => {
            let length = Cidr::parse(old.as_array()?.first()?.as_str()?).ok()?.length();
            let ranges = ranges();
            let mut within = ranges.iter().flat_map(|range| ranges::within(range, length)).take(CANDIDATES);
            let free = within.find(|range| is_free(&Json::from(range.as_str())))?;
            Some(Some(Json::Array(vec![Json::from(free)])))
        }
        Ty::Ip => {
            let ranges = ranges();
            let mut addresses = ranges.iter().flat_map(|range| ranges::hosts(range)).take(CANDIDATES);
            addresses.find(|address| is_free(&Json::from(address.as_str()))).map(|address| Some(Json::from(address)))
        }
        _ if matches!(arg.need, Need::Optional) => Some(None),
        _ => None,
    }
}
