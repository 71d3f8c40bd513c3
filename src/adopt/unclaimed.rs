//! Settings of existing objects that the text of a stack does not contain: no argument of an imported resource holds
//! them, so the same text would make another object elsewhere.
//!
//! The bodies that the imported resources would write are compared with the existing bodies, at the writable paths
//! that the tables list as uncovered, and at the lists that arguments fill. What only the provider sets is at none of
//! them.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use serde_json::Value as Json;

use super::arguments::KnownResources;
use super::candidates::Candidate;
use super::look::tables;
use crate::account::Account;
use crate::kinds::{Arg, Enclosure, Kind, Lit, Place, Ty, Wire, body, path};
use crate::object::{Object, ObjectId, Within};
use crate::visible::one_line;

/// A setting without an argument.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Unclaimed {
    /// Position of the resource whose object has it.
    pub candidate: usize,
    /// Its place in the body: `properties.ipConfigurations[web].properties.loadBalancerBackendAddressPools[app]`.
    pub place: String,
}

/// A path to compare, and how.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Comparison {
    /// Everything at the path.
    Whole,
    /// The elements of the list at the path: each must have a counterpart.
    Elements,
}

/// All settings of the objects of these candidates that the candidates do not contain.
pub fn unclaimed(
    candidates: &[Candidate],
    bodies: &BTreeMap<ObjectId, Json>,
    account: &Account,
) -> BTreeSet<Unclaimed> {
    let known = KnownResources::of(candidates, account);
    let mut built: Vec<(&Object, Json)> = Vec::new();
    for candidate in candidates {
        built.extend(candidate.objects.iter().zip(known.bodies(candidate)));
    }
    // A list within an element of another list needs that element first.
    built.sort_by_key(|(object, _)| depth(object));
    let mut made: HashMap<&ObjectId, Json> = HashMap::new();
    for (object, built) in built {
        let whole = made.entry(&object.id).or_insert_with(|| Json::Object(serde_json::Map::new()));
        match &object.within {
            None | Some(Within::Paths(_)) => combine(whole, built),
            Some(Within::Element { list, .. }) => {
                let mut elements = Json::Array(path::items(whole, list).to_vec());
                combine(&mut elements, Json::Array(vec![built]));
                path::put(whole, list, elements);
            }
        }
    }
    let mut found = BTreeSet::new();
    for (at, candidate) in candidates.iter().enumerate() {
        let watched = watched(candidate);
        for object in &candidate.objects {
            let place = match &object.within {
                None => String::new(),
                Some(Within::Element { list, name, key: _ }) => format!("{list}[{}]", one_line(name)),
                // The object that has the property is compared as a whole.
                Some(Within::Paths(_)) => continue,
            };
            let observed = bodies.get(&object.id).and_then(|whole| body::part(object, whole));
            let made = made.get(&object.id).and_then(|whole| body::part(object, whole));
            let Some(observed) = observed else { continue };
            for (path, how) in &watched {
                let mut walk = Walk { kind: candidate.kind, path, how: *how, found: BTreeSet::new() };
                walk.at(observed, made, path, place.clone());
                found.extend(walk.found.into_iter().map(|place| Unclaimed { candidate: at, place }));
            }
        }
    }
    found
}

/// The number of lists around an object: 0 for one of its own.
fn depth(object: &Object) -> usize {
    match &object.within {
        None | Some(Within::Paths(_)) => 0,
        Some(Within::Element { list, .. }) => 1 + list.matches('[').count(),
    }
}

/// The writable paths of a candidate's object that its own table, or the tables of its parts and properties, name.
fn watched(candidate: &Candidate) -> BTreeSet<(String, Comparison)> {
    let kind = candidate.kind;
    let mut watched: BTreeSet<(String, Comparison)> = BTreeSet::new();
    for same in same_objects(kind) {
        watched.extend(same.uncovered.iter().map(|path| ((*path).to_owned(), Comparison::Whole)));
    }
    let claimed = kind.args.iter().filter(|arg| candidate.args.contains_key(arg.name));
    let mut lists = Vec::new();
    claimed.for_each(|arg| lists_of(arg, "", &mut lists));
    watched.extend(lists.into_iter().map(|list| (list, Comparison::Elements)));
    let belongs = |argument: &str, other: &Kind| {
        let mut parents = other.refers(argument).iter().filter_map(|name| other.provider().kind(name));
        parents.any(|parent| parent.type_.name.eq_ignore_ascii_case(kind.type_.name))
    };
    for (other, _) in tables(kind.provider()) {
        match other.place {
            Place::Part(argument, list, ..) if belongs(argument, other) => {
                watched.insert((list.to_owned(), Comparison::Elements));
            }
            // What a part contains is in the table of that part.
            Place::Member(of) if belongs(of.owner, other) && !matches!(of.enclosure, Enclosure::Part(_)) => {
                watched.insert((of.every(), Comparison::Elements));
            }
            Place::Property(argument) if belongs(argument, other) => {
                let paths = other.args.iter().filter_map(|arg| wire_path(arg.wire)).filter(|path| !path.is_empty());
                watched.extend(paths.map(|path| (path.to_owned(), Comparison::Whole)));
            }
            _ => {}
        }
    }
    watched
}

/// The tables of objects like those of a kind: its own, and for whole objects all of the same type. A replica is such
/// an object, too.
fn same_objects(kind: &'static Kind) -> impl Iterator<Item = &'static Kind> {
    let is_within = |kind: &Kind| !kind.place.is_whole();
    let whole = move |other: &&'static Kind| {
        !is_within(kind) && !is_within(other) && other.type_.name.eq_ignore_ascii_case(kind.type_.name)
    };
    let others = tables(kind.provider()).map(|(other, _)| other).filter(move |other| !std::ptr::eq(*other, kind));
    std::iter::once(kind).chain(others.filter(whole))
}

/// The values that the cloud sets at the paths of such objects that no argument has.
fn chosen(kind: &'static Kind) -> impl Iterator<Item = (&'static str, Lit)> {
    same_objects(kind).flat_map(|same| same.adoption.chosen.iter().copied())
}

const fn wire_path(wire: Wire) -> Option<&'static str> {
    match wire {
        Wire::At(path) | Wire::Mapped(path, _) | Wire::Scaled(path, _) | Wire::Text(path) | Wire::Negated(path) => {
            Some(path)
        }
        Wire::Odd | Wire::Nowhere => None,
    }
}

/// The lists in the body that an argument fills.
fn lists_of(arg: &Arg, prefix: &str, into: &mut Vec<String>) {
    let Some(own) = wire_path(arg.wire).filter(|_| !arg.write_only) else { return };
    let whole = if own.is_empty() { prefix.trim_end_matches('.').to_owned() } else { format!("{prefix}{own}") };
    match arg.ty {
        Ty::Block(block) => {
            if !own.is_empty() {
                into.push(whole.clone());
            }
            let step = if block.max == 1 { "" } else { "[]" };
            let inner = if whole.is_empty() { String::new() } else { format!("{whole}{step}.") };
            block.args.iter().for_each(|arg| lists_of(arg, &inner, into));
        }
        Ty::List(_) | Ty::Set(_) if !own.is_empty() => {
            // A path that ends within the elements names the list before them.
            let end = own.rfind("[]").map_or(whole.len(), |at| prefix.len() + at);
            into.extend(whole.get(..end).map(str::to_owned));
        }
        _ => {}
    }
}

/// A walk along one path through the existing body and the one that would be made.
struct Walk<'a> {
    kind: &'static Kind,
    /// The path, relative to the object of the kind.
    path: &'a str,
    how: Comparison,
    found: BTreeSet<String>,
}

impl Walk<'_> {
    fn at(&mut self, observed: &Json, made: Option<&Json>, rest: &str, place: String) {
        if rest.is_empty() {
            return match self.how {
                Comparison::Whole => self.whole(observed, made, place, self.path),
                Comparison::Elements => self.elements(observed, made, &place),
            };
        }
        let (segment, rest) = rest.split_once('.').unwrap_or((rest, ""));
        let (name, index) = segment.split_once('[').map_or((segment, None), |(name, index)| (name, Some(index)));
        let Some(inner) = observed.get(name) else { return };
        let (made, place) = (made.and_then(|made| made.get(name)), join(&place, name));
        let Some(index) = index else { return self.at(inner, made, rest, place) };
        let only = index.trim_end_matches(']').parse::<usize>().ok();
        for (at, element) in inner.as_array().into_iter().flatten().enumerate() {
            if only.is_none_or(|only| only == at) {
                self.at(element, counterpart(made, element, at), rest, format!("{place}[{}]", label(element, at)));
            }
        }
    }

    /// Each element of an existing list needs a counterpart.
    fn elements(&mut self, observed: &Json, made: Option<&Json>, place: &str) {
        for (at, element) in observed.as_array().into_iter().flatten().enumerate() {
            if !is_nothing(self.kind, element) && !self.is_chosen(element) && counterpart(made, element, at).is_none() {
                self.found.insert(format!("{place}[{}]", label(element, at)));
            }
        }
    }

    /// True for an element that the cloud adds.
    fn is_chosen(&self, element: &Json) -> bool {
        chosen(self.kind).any(|(path, lit)| {
            let inner = path.strip_prefix(self.path).and_then(|rest| rest.strip_prefix("[]."));
            inner.is_some_and(|inner| path::borrow(element, inner) == Some(&lit.json()))
        })
    }

    /// Everything that an existing value says needs a counterpart. `path` is that of the value, relative to the object.
    fn whole(&mut self, observed: &Json, made: Option<&Json>, place: String, path: &str) {
        let is_set_by_provider = chosen(self.kind).any(|(at, lit)| {
            at == path && observed.as_str().map_or(lit.json() == *observed, |text| same_text(text, &lit.json()))
        });
        if is_nothing(self.kind, observed) || is_set_by_provider {
            return;
        }
        match (observed, made) {
            (Json::Object(map), Some(Json::Object(_)) | None) => {
                let kind = self.kind;
                for (name, inner) in map.iter().filter(|(name, _)| !is_own(kind, name, observed)) {
                    let made = made.and_then(|made| made.get(name));
                    self.whole(inner, made, join(&place, name), &join(path, name));
                }
            }
            (Json::Array(items), Some(Json::Array(_))) => {
                let kind = self.kind;
                for (at, item) in items.iter().enumerate().filter(|(_, item)| !is_nothing(kind, item)) {
                    let place = format!("{place}[{}]", label(item, at));
                    match counterpart(made, item, at) {
                        Some(other) => self.whole(item, Some(other), place, &format!("{path}[]")),
                        None => {
                            self.found.insert(place);
                        }
                    }
                }
            }
            (Json::Array(items), None) => {
                let kind = self.kind;
                let places = items.iter().enumerate().filter(|(_, item)| !is_nothing(kind, item));
                self.found.extend(places.map(|(at, item)| format!("{place}[{}]", label(item, at))));
            }
            (Json::String(text), Some(other)) if same_text(text, other) => {}
            (other, Some(made)) if other == made => {}
            _ => {
                self.found.insert(place);
            }
        }
    }
}

fn same_text(text: &str, other: &Json) -> bool {
    other.as_str().is_some_and(|other| other.eq_ignore_ascii_case(text))
}

/// True for a property by which an object is known, and for one that the cloud writes into every object.
fn is_own(kind: &Kind, name: &str, of: &Json) -> bool {
    match name {
        name if kind.provider().own.contains(&name) => true,
        "id" => of.get("name").is_some(),
        // An element that is another object has that object's name.
        "name" => path::text(of, "name").is_some_and(|name| refers_to(of, name)),
        _ => false,
    }
}

/// True for a value that says nothing: the provider returns many properties without one.
fn is_nothing(kind: &Kind, value: &Json) -> bool {
    match value {
        Json::Null | Json::Bool(false) => true,
        Json::Bool(true) | Json::Number(_) => false,
        Json::String(text) => text.is_empty(),
        Json::Array(items) => items.iter().all(|item| is_nothing(kind, item)),
        Json::Object(map) => map.iter().all(|(name, inner)| is_own(kind, name, value) || is_nothing(kind, inner)),
    }
}

/// True if a property is the id of an object with this name.
fn refers_to(of: &Json, name: &str) -> bool {
    let ids = of.as_object().into_iter().flat_map(|map| map.values()).filter_map(|inner| path::text(inner, "id"));
    ids.filter_map(|id| id.rsplit('/').next()).any(|own| own.eq_ignore_ascii_case(name))
}

/// The element of the list that would be made for an existing one: with its name or id, else with its value or
/// position.
fn counterpart<'a>(made: Option<&'a Json>, element: &Json, at: usize) -> Option<&'a Json> {
    let list = match made? {
        Json::Array(items) => items.as_slice(),
        // A block that occurs at most once is no list in the text.
        one => std::slice::from_ref(one),
    };
    if let Some(name) = path::element_name(element) {
        let found = list.iter().find(|other| path::element_name(other).is_some_and(|own| path::same_name(own, name)));
        let same = || list.iter().find(|other| has_same_reference(element, other));
        return found.or_else(same).or_else(|| list.get(at).filter(|other| path::element_name(other).is_none()));
    }
    if let Some(id) = path::text(element, "id") {
        let found = list.iter().find(|other| path::text(other, "id").is_some_and(|own| own.eq_ignore_ascii_case(id)));
        return found.or_else(|| list.get(at).filter(|other| path::text(other, "id").is_none()));
    }
    match element {
        Json::Object(_) | Json::Array(_) => list.get(at),
        Json::String(text) => list.iter().find(|other| same_text(text, other)).or_else(|| list.get(at)),
        plain => list.iter().find(|other| *other == plain),
    }
}

/// True if a property of both elements is the id of the same object: a disk of a machine.
fn has_same_reference(one: &Json, other: &Json) -> bool {
    let id = |of: &Json, name: &str| path::text(of.get(name)?, "id").map(ObjectId::new);
    let mut names = one.as_object().into_iter().flat_map(|map| map.keys());
    names.any(|name| id(one, name).is_some_and(|own| id(other, name) == Some(own)))
}

/// The name of an element in a place: its own, else the last part of its id, else its position.
fn label(element: &Json, at: usize) -> String {
    let id = || path::text(element, "id").and_then(|id| id.rsplit('/').next());
    path::element_name(element).or_else(id).map_or_else(|| at.to_string(), one_line)
}

fn join(place: &str, name: &str) -> String {
    if place.is_empty() { name.to_owned() } else { format!("{place}.{name}") }
}

/// Adds a body to the one that other resources make of the same object. Elements of lists are matched by name or id.
fn combine(into: &mut Json, from: Json) {
    match (into, from) {
        (Json::Object(into), Json::Object(from)) => {
            for (name, value) in from {
                combine(into.entry(name).or_insert(Json::Null), value);
            }
        }
        (Json::Array(into), Json::Array(from)) => {
            for item in from {
                let name = path::element_name(&item);
                let same = |other: &Json| name.is_some() && path::element_name(other) == name;
                match into.iter().position(same) {
                    Some(at) => into.get_mut(at).into_iter().for_each(|other| combine(other, item.clone())),
                    None if into.contains(&item) => {}
                    None => into.push(item),
                }
            }
        }
        (into, from) => *into = from,
    }
}
