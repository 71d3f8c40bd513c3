//! What was observed, held against what is recorded: the state as it really is, and the drift.

use serde_json::{Map as JsonMap, Value as Json};

use crate::address::Address;
use crate::kinds::{self, Arg, Kind, Need, Object, Ty, Wire, body};
use crate::plan::decide::top;
use crate::plan::{Drift, Observed, diff, roles};
use crate::stack::{Knowledge, Presence, Resource, Stack};
use crate::state::{Recorded, State, Status};
use crate::value::{Map, Seal, Sealed, Value};

/// The kind of a recorded resource, its variant chosen. `None` for a kind this drplan does not know.
pub fn kind_of(address: &Address, recorded: &Recorded) -> Option<&'static Kind> {
    let kind = kinds::find(address.kind())?;
    match (kind.variants, &recorded.variant) {
        (Some(variants), Some(of)) => variants.of.iter().find(|(name, _)| name == of).map(|(_, kind)| *kind),
        _ => Some(kind),
    }
}

/// The objects that must be looked at before planning: with `all`, every recorded one and every one that the stack wants and that is not recorded; without,
/// only those of which it is not known whether they stand.
pub fn to_observe(stack: &Stack, state: Option<&State>, all: bool) -> Vec<Object> {
    if !all {
        return unsettled(state);
    }
    let recorded = |address: &Address| state.is_some_and(|state| state.resources.contains_key(address));
    let is_up = |resource: &Resource| {
        state.is_some_and(|state| roles::upkeep(stack, &state.roles, resource) == roles::Upkeep::Up)
    };
    let fresh = stack
        .resources
        .values()
        .filter(|resource| resource.presence == Presence::Permanent || is_up(resource))
        .filter(|resource| !recorded(&resource.address));
    let known = state.iter().flat_map(|state| state.resources.values()).flat_map(|recorded| &recorded.objects);
    each_once(known.chain(fresh.flat_map(|resource| &resource.objects)).cloned().collect())
}

/// The recorded objects of which it is not known whether they stand: an earlier run was cut short there.
pub fn unsettled(state: Option<&State>) -> Vec<Object> {
    let unsure = |recorded: &&Recorded| recorded.status != Status::Standing;
    let unsure = state.iter().flat_map(|state| state.resources.values()).filter(unsure);
    each_once(unsure.flat_map(|recorded| &recorded.objects).cloned().collect())
}

/// The recorded objects that were looked at and not seen. A creation of which no end is known is left out: that it cannot be seen yet is reckoned with.
pub fn unseen(state: &State, observed: &Observed) -> Vec<Object> {
    let missing = |object: &&Object| match observed.objects.get(&object.id) {
        Some(Some(body)) => body::part(object, body).is_none(),
        Some(None) => true,
        None => false,
    };
    let ended = state.resources.values().filter(|recorded| recorded.under_way.is_none());
    each_once(ended.flat_map(|recorded| &recorded.objects).filter(missing).cloned().collect())
}

fn each_once(mut objects: Vec<Object>) -> Vec<Object> {
    objects.sort_by(|a, b| a.id.cmp(&b.id));
    objects.dedup_by(|a, b| a.id == b.id);
    objects
}

/// What is there of a resource's objects.
pub(super) enum Seen<'a> {
    /// It was not looked at.
    Unseen,
    /// Nothing is there.
    Gone,
    /// These bodies are there, one for each object; `null` for one that is missing among several.
    There(Vec<&'a Json>),
}

pub(super) fn seen<'a>(objects: &[Object], observed: &'a Observed) -> Seen<'a> {
    const NOTHING: &Json = &Json::Null;
    let mut bodies = Vec::with_capacity(objects.len());
    for object in objects {
        match observed.objects.get(&object.id) {
            None => return Seen::Unseen,
            Some(None) => bodies.push(NOTHING),
            Some(Some(body)) => bodies.push(body::part(object, body).unwrap_or(NOTHING)),
        }
    }
    if bodies.iter().all(|body| body.is_null()) { Seen::Gone } else { Seen::There(bodies) }
}

/// The state as it really is, and what differs from what was recorded.
pub(super) fn refresh(state: &State, observed: &Observed, seal: &Seal) -> (State, Vec<Drift>) {
    let mut now = state.clone();
    let mut drift = Vec::new();
    for (address, recorded) in &state.resources {
        let Some(kind) = kind_of(address, recorded) else { continue };
        match seen(&recorded.objects, observed) {
            Seen::Unseen => {}
            // It may still come.
            Seen::Gone if recorded.under_way.is_some() => {}
            Seen::Gone => {
                now.resources.remove(address);
                // What was being made or taken away when a run was cut short is not drift.
                if recorded.status == Status::Standing {
                    drift.push(Drift { address: address.clone(), gone: true, arguments: Vec::new() });
                }
            }
            Seen::There(bodies) => {
                let bodies: Vec<Json> = bodies.into_iter().cloned().collect();
                let mut fresh = recorded.clone();
                fresh.attributes = attributes(kind, address, recorded, &bodies);
                let mut answered = arguments(kind, recorded, &bodies, seal);
                let differs = diff::arguments(kind.args, &recorded.arguments, &answered, &|_| false);
                // What means the same stays as it was written.
                fresh.arguments.retain(|name, was| match differs.iter().any(|change| top(&change.path) == name) {
                    false => true,
                    true => answered.remove(name).map(|now| *was = now).is_some(),
                });
                if recorded.status == Status::Standing && !differs.is_empty() {
                    drift.push(Drift { address: address.clone(), gone: false, arguments: differs });
                }
                now.resources.insert(address.clone(), fresh);
            }
        }
    }
    (now, drift)
}

/// The recorded arguments with the values that are observed for them. What the provider never answers stays as recorded.
fn arguments(kind: &Kind, recorded: &Recorded, bodies: &[Json], seal: &Seal) -> JsonMap<String, Json> {
    let read = body::read(kind, bodies);
    let mut arguments = JsonMap::new();
    for (name, was) in &recorded.arguments {
        let now = match kind.arg(name) {
            Some(arg) => observed_argument(arg, was, read.get(name), seal),
            None => Some(was.clone()),
        };
        if let Some(now) = now {
            arguments.insert(name.clone(), now);
        }
    }
    arguments
}

fn observed_argument(arg: &Arg, was: &Json, now: Option<&Json>, seal: &Seal) -> Option<Json> {
    let answered = !arg.write_only && !matches!(arg.wire, Wire::Nowhere);
    match now {
        _ if !answered => Some(was.clone()),
        Some(now) if arg.secret => Some(seal.seal_whole(now).json().clone()),
        Some(now) => {
            let sealed = seal.seal_like(now, &Sealed::from_sealed_json(was)).json().clone();
            Some(if let Ty::Block(block) = arg.ty { unanswered_kept(block, was, sealed) } else { sealed })
        }
        // A kind's own function reads what it can; what it does not read stays.
        None if matches!(arg.wire, Wire::Odd) || left_out_as(arg, was) => Some(was.clone()),
        None => None,
    }
}

/// Whether an argument that the provider does not answer is this one: providers leave out what is as it always is, unless somebody wrote it.
pub(super) fn left_out_as(arg: &Arg, was: &Json) -> bool {
    let answered = !arg.write_only && !matches!(arg.wire, Wire::Nowhere | Wire::Odd);
    answered && matches!(arg.need, Need::Default(lit) if lit.json() == *was)
}

/// The arguments of a block that were recorded: those the provider answers as answered, those it never answers as they were. What was not recorded is not
/// drplan's.
fn unanswered_kept(block: &kinds::Block, was: &Json, now: Json) -> Json {
    match (was, now) {
        (Json::Array(was), Json::Array(now)) => {
            let known = |item: &Json, at: usize| match item.get(block.key) {
                Some(key) => was.iter().find(|other| other.get(block.key) == Some(key)),
                None => was.get(at),
            };
            now.into_iter()
                .enumerate()
                .map(|(at, item)| match known(&item, at) {
                    Some(known) => unanswered_kept(block, known, item),
                    None => item,
                })
                .collect()
        }
        (Json::Object(was), Json::Object(mut now)) => {
            now.retain(|name, _| was.contains_key(name));
            for (name, was) in was {
                let Some(arg) = block.args.iter().find(|arg| arg.name == name) else { continue };
                let unanswered = arg.write_only || matches!(arg.wire, Wire::Nowhere);
                match (now.remove(name), arg.ty) {
                    (_, _) if unanswered => {
                        now.insert(name.clone(), was.clone());
                    }
                    (Some(inner), Ty::Block(block)) => {
                        now.insert(name.clone(), unanswered_kept(block, was, inner));
                    }
                    (Some(inner), _) => {
                        now.insert(name.clone(), inner);
                    }
                    (None, _) if matches!(arg.wire, Wire::Odd) || left_out_as(arg, was) => {
                        now.insert(name.clone(), was.clone());
                    }
                    (None, _) => {}
                }
            }
            Json::Object(now)
        }
        (_, now) => now,
    }
}

fn attributes(kind: &'static Kind, address: &Address, recorded: &Recorded, bodies: &[Json]) -> JsonMap<String, Json> {
    let nowhere = JsonMap::new();
    let subject = recorded_subject(kind, address, recorded, &nowhere);
    let mut attributes = recorded.attributes.clone();
    for attribute in kind.attributes.iter().filter(|attribute| matches!(attribute.from, kinds::From::Body(_))) {
        attributes.remove(attribute.name);
    }
    let fresh = body::attributes(&subject, bodies);
    for (name, value) in fresh {
        let from_body = kind.attribute(&name).is_some_and(|attribute| matches!(attribute.from, kinds::From::Body(_)));
        if from_body {
            attributes.insert(name, value);
        }
    }
    attributes
}

/// A recorded resource as its kind's functions see it, with these arguments; of the others of its stack they see nothing.
pub(super) fn recorded_subject<'a>(
    kind: &'static Kind,
    address: &'a Address,
    recorded: &'a Recorded,
    args: &'a JsonMap<String, Json>,
) -> kinds::Subject<'a> {
    kinds::Subject {
        kind,
        address,
        name: &recorded.name,
        id: &recorded.id,
        location: &recorded.location,
        subscription: recorded.id.subscription().unwrap_or_default(),
        tenant: "",
        args,
        others: &body::Alone,
    }
}

/// What a state knows of attributes that only the cloud can say.
pub fn knowledge(state: &State, without: &dyn Fn(&Address) -> bool) -> Knowledge {
    let mut knowledge = Knowledge::default();
    for (address, recorded) in state.resources.iter().filter(|(address, _)| !without(address)) {
        let Some(kind) = kind_of(address, recorded) else { continue };
        let attributes: Map = recorded
            .attributes
            .iter()
            // What follows from names follows from those the stack has now.
            .filter(|(name, _)| kind.attribute(name).is_some_and(|a| !matches!(a.from, kinds::From::Names(_))))
            .map(|(name, value)| (name.as_str().into(), Value::from_json(value)))
            .collect();
        if !attributes.is_empty() {
            knowledge.attributes.insert(address.clone(), attributes);
        }
    }
    knowledge
}
