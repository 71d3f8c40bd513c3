//! Validation of a write against the rules of the kinds' tables: texts, combinations of arguments, changes, regions of
//! references, and values that exclude each other. The validator and the planner apply the same tables.

use crate::providers::azure::ids::AzureId;
use serde_json::{Map as JsonMap, Value as Json};

use super::places;
use super::shape::wire_path;
use super::types::{self, ProviderType};
use crate::kinds::body::requested;
use crate::kinds::regions::same_region;
use crate::kinds::{Arg, CloudObject, Exclusive, ExclusiveWithin, Kind, Need, Place, Refusal, Ty, near, path, rules};
use crate::object::ObjectId;
use crate::simulator::request::ErrorResponse;
use crate::simulator::world::{SimulatedObject, World};

/// Checks a body against the tables of the kinds that write its type.
pub(super) fn check_rules(
    world: &World,
    id: &ObjectId,
    type_: &ProviderType,
    body: &Json,
    old: Option<&SimulatedObject>,
) -> Result<(), ErrorResponse> {
    if let Some(kind) = whole(type_, id, body) {
        let args = requested(kind, body);
        rules::admit(kind, &args)?;
        changed(kind, old, &args)?;
        check_near(world, kind, id, body, &args)?;
        check_exclusive(world, kind, id, body, &args)?;
    }
    Ok(check_within(world, type_, id, body, old)?)
}

/// Checks the elements and the properties that kinds write in the object of another.
fn check_within(
    world: &World,
    type_: &ProviderType,
    id: &ObjectId,
    body: &Json,
    old: Option<&SimulatedObject>,
) -> Result<(), Refusal> {
    let before: Vec<&Json> = old
        .into_iter()
        .flat_map(|old| type_.within.iter().flat_map(|kind| elements(kind, id, &old.body)))
        .map(|(_, element)| element)
        .collect();
    let mut parts = Vec::new();
    for kind in type_.within.iter().copied() {
        if kind.place.is_property() {
            check_near(world, kind, id, body, &requested(kind, body))?;
        }
        for (part, element) in elements(kind, id, body) {
            let args = requested(kind, element);
            // What was accepted before is not checked again.
            let is_new = !before.contains(&element);
            if is_new {
                rules::admit(kind, &args)?;
                check_near(world, kind, id, body, &args)?;
            }
            parts.push((kind, part, args, is_new));
        }
    }
    for (at, (kind, part, args, _)) in parts.iter().enumerate().filter(|(_, (.., is_new))| *is_new) {
        for rule in kind.apart {
            let rows = rule.rows(part.name(), args);
            for (other, theirs, their_args, _) in others(&parts, at) {
                let is_beside = rule.within != ExclusiveWithin::Parent || part.parent() == theirs.parent();
                for shared in other.apart.iter().filter(|shared| is_beside && rule.concerns(shared)) {
                    refuse_shared(rule, &rows, &shared.rows(theirs.name(), their_args), part.name(), theirs.name())?;
                }
            }
        }
    }
    Ok(())
}

/// Refuses a reference to an object of another region.
fn check_near(
    world: &World,
    kind: &Kind,
    id: &ObjectId,
    body: &Json,
    args: &JsonMap<String, Json>,
) -> Result<(), Refusal> {
    let own = body.get("location").and_then(Json::as_str).map(str::to_owned);
    let Some(here) = own.or_else(|| places::own_region(world, &owner(id).folded())) else { return Ok(()) };
    if here == "global" {
        return Ok(());
    }
    for (_, to) in near::references(kind, args) {
        let to = ObjectId::new(to);
        let there = places::own_region(world, &owner(&to).folded()).filter(|there| there != "global");
        if there.is_some_and(|there| !same_region(&here, &there)) {
            return Err(Refusal {
                status: 400,
                code: "InvalidResourceReference",
                message: format!(
                    "Resource {to} referenced by resource {id} was not found. Please make sure that the referenced resource exists, and that both resources are in the same region."
                ),
            });
        }
    }
    Ok(())
}

/// Refuses values that another object has.
fn check_exclusive(
    world: &World,
    kind: &'static Kind,
    id: &ObjectId,
    body: &Json,
    args: &JsonMap<String, Json>,
) -> Result<(), Refusal> {
    let folded = id.folded();
    for rule in kind.apart {
        let rows = rule.rows(id.name(), args);
        for (at, row) in rows.iter().enumerate() {
            refuse_shared(rule, std::slice::from_ref(row), rows.get(..at).unwrap_or_default(), id.name(), id.name())?;
        }
        if rows.is_empty() || rule.within == ExclusiveWithin::Resource {
            continue;
        }
        for (other_id, other) in beside(world, rule, id, body, &rows) {
            if other_id == folded {
                continue;
            }
            let Some(type_) = types::find(&other.type_) else { continue };
            for (theirs, other) in takers(type_, other, rule) {
                refuse_shared(rule, &rows, &theirs, id.name(), &other)?;
            }
        }
    }
    Ok(())
}

/// The objects that may have the same values: siblings, the users of an object that is among the values, or all
/// with a public name.
fn beside<'a>(
    world: &'a World,
    rule: &Exclusive,
    id: &ObjectId,
    body: &Json,
    rows: &[Vec<Json>],
) -> Vec<(String, &'a SimulatedObject)> {
    let mut found = Vec::new();
    if rule.public {
        let here = path::text(body, "location");
        let is_beside = |id: &str| {
            let there = places::own_region(world, id);
            rule.within != ExclusiveWithin::Region
                || here.zip(there).is_some_and(|(here, there)| same_region(here, &there))
        };
        let hosting = world.hosting().filter(|id| is_beside(id));
        return hosting.filter_map(|id| Some((id.clone(), world.object(id)?))).collect();
    }
    match rule.within {
        ExclusiveWithin::Resource => {}
        ExclusiveWithin::Parent => {
            let parent = id.parent().map(|parent| parent.folded()).unwrap_or_default();
            let siblings = world.below(&parent).filter(|(_, object)| object.id.parent() == id.parent());
            found.extend(siblings.map(|(id, object)| (id.clone(), object)));
        }
        ExclusiveWithin::Region | ExclusiveWithin::Everywhere => {
            let ids = rows.iter().flatten().filter_map(Json::as_str).filter(|text| text.starts_with('/'));
            let mut ids: Vec<String> = ids.map(|id| ObjectId::new(id).folded()).collect();
            ids.sort_unstable();
            ids.dedup();
            for used in ids {
                found.extend(world.users(&used).filter_map(|(_, id)| Some((id.to_owned(), world.object(id)?))));
            }
        }
    }
    found
}

/// The elements of a body that are resources of this kind, each with its id.
fn elements<'a>(kind: &Kind, id: &ObjectId, body: &'a Json) -> Vec<(ObjectId, &'a Json)> {
    match kind.place {
        Place::Part(_, list, segment, key) => {
            let named = |element: &'a Json| (id.child(segment, path::text(element, key).unwrap_or_default()), element);
            path::items(body, list).iter().map(named).collect()
        }
        Place::Member(of) => of.found(kind.grammar(), id, body),
        _ => Vec::new(),
    }
}

/// The rows that an object and the parts in its body take of the values of a rule, each with a name.
fn takers(type_: &ProviderType, object: &SimulatedObject, rule: &Exclusive) -> Vec<(Vec<Vec<Json>>, String)> {
    let SimulatedObject { id, body, .. } = object;
    let itself = whole(type_, id, body).map(|kind| (kind, id.clone(), &**body));
    let parts = type_.within.iter().flat_map(|kind| {
        let has_rule = kind.apart.iter().any(|theirs| rule.concerns(theirs));
        let elements = if has_rule { elements(kind, id, body) } else { Vec::new() };
        elements.into_iter().map(|(part, element)| (*kind, part, element))
    });
    let taken = |(kind, id, body): (&'static Kind, ObjectId, &Json)| {
        let theirs: Vec<&Exclusive> = kind.apart.iter().filter(|theirs| rule.concerns(theirs)).collect();
        let args = if theirs.is_empty() { JsonMap::new() } else { requested(kind, body) };
        (theirs.iter().flat_map(|theirs| theirs.rows(id.name(), &args)).collect(), id.name().to_owned())
    };
    itself.into_iter().chain(parts).map(taken).collect()
}

/// All but the one at this place.
fn others<T>(all: &[T], at: usize) -> impl Iterator<Item = &T> {
    all.iter().enumerate().filter(move |(other, _)| *other != at).map(|(_, one)| one)
}

/// The kind whose objects have this type; of several, the first that the body does not show to be another.
fn whole(type_: &ProviderType, id: &ObjectId, body: &Json) -> Option<&'static Kind> {
    let all = std::collections::BTreeMap::new();
    let found = CloudObject { id, body, all: &all };
    let is_one = |kind: &&&'static Kind| kind.adoption.is.is_none_or(|is| is(&found));
    type_.kinds.iter().find(is_one).or_else(|| type_.kinds.first()).copied()
}

/// A child has the region of its parent: a subnet its network's.
fn owner(id: &ObjectId) -> ObjectId {
    ObjectId::new(id.as_str().split('/').take(9).collect::<Vec<_>>().join("/"))
}

/// Refuses a change that the table says Azure refuses in place.
fn changed(kind: &'static Kind, old: Option<&SimulatedObject>, args: &JsonMap<String, Json>) -> Result<(), Refusal> {
    let Some(old) = old else { return Ok(()) };
    match rules::refused_change(kind, &requested(kind, &old.body), args) {
        Some(transition) => Err(Refusal { status: 400, code: transition.code, message: transition.why.to_owned() }),
        None => Ok(()),
    }
}

fn refuse_shared(
    rule: &Exclusive,
    rows: &[Vec<Json>],
    theirs: &[Vec<Json>],
    name: &str,
    other: &str,
) -> Result<(), Refusal> {
    if !rows.iter().any(|row| theirs.iter().any(|other| rule.meet(row, other))) {
        return Ok(());
    }
    Err(Refusal {
        status: 400,
        code: rule.code,
        message: format!("'{name}' and '{other}' have the same {}.", rule.what),
    })
}

/// Sets the values that Azure takes where a request lacks them.
pub(super) fn fill_defaults(body: &mut Json, id: &ObjectId, type_: &ProviderType, api: &str) {
    if let Some(kind) = whole(type_, id, body) {
        fill(kind.args, body, api);
    }
    for kind in &type_.within {
        if let Place::Part(_, list, ..) = kind.place {
            let elements = path::borrow_mut(body, list).and_then(Json::as_array_mut);
            elements.into_iter().flatten().for_each(|element| fill(kind.args, element, api));
        }
    }
}

fn fill(table: &'static [Arg], body: &mut Json, api: &str) {
    for arg in table {
        let Some(at) = wire_path(arg.wire) else { continue };
        // What an optional argument has here is the value of the cloud, which sets it elsewhere.
        if let Some(lit) = arg.filled_at(api).filter(|_| !matches!(arg.need, Need::Optional)) {
            path::fill(body, at, lit.json());
        }
        let Ty::Block(block) = arg.ty else { continue };
        match path::borrow_mut(body, at) {
            Some(Json::Array(items)) => items.iter_mut().for_each(|item| fill(block.args, item, api)),
            Some(one @ Json::Object(_)) => fill(block.args, one, api),
            _ => {}
        }
    }
}
