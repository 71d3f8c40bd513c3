//! Compares the observed cloud with the state: the refreshed state, and the drift.

use std::borrow::Cow;
use std::sync::Arc;

use serde_json::{Map as JsonMap, Value as Json};

use crate::account::Account;
use crate::address::Address;
use crate::kinds::mark::{self, Owner};
use crate::kinds::{self, Arg, Catalog, CopyState, Kind, Need, Ty, Wire, body};
use crate::object::Object;
use crate::parallel;
use crate::plan::decide::top;
use crate::plan::{ArgumentChange, Drift, Observed, diff, roles};
use crate::stack::{Knowledge, Presence, Resource, Stack};
use crate::state::{Recorded, State, Status};
use crate::value::{Map, Seal, SealedValue, Value};

/// The kind of a recorded resource, its variant chosen. `None` for a kind this drplan does not know.
pub fn kind_of(catalog: &Catalog, address: &Address, recorded: &Recorded) -> Option<&'static Kind> {
    let kind = catalog.kind(address.kind())?;
    match (kind.variants, &recorded.variant) {
        (None, _) => Some(kind.of(&recorded.arguments)),
        (Some(variants), Some(of)) => variants.of.iter().find(|(name, _)| name == of).map(|(_, kind)| *kind),
        // State of a version in which the kind had no variants: the provider of the object decides.
        (Some(variants), None) => {
            let of_object = |kind: &&'static Kind| kind.grammar().is_id(recorded.id.as_str());
            Some(variants.of.iter().map(|(_, kind)| *kind).find(of_object).unwrap_or(kind))
        }
    }
}

/// The objects to read before planning. With `all`: every recorded object, and every declared one that is not recorded
/// under this id; also those of a failover, so that a name that is taken is known before the outage. Without: only
/// those whose existence is uncertain.
pub fn to_observe(stack: &Stack, state: Option<&State>, all: bool) -> Vec<Object> {
    if !all {
        return unsettled(state);
    }
    let recorded = |resource: &Resource| state.and_then(|state| state.resources.get(&resource.address));
    let is_fresh = |resource: &&Resource| recorded(resource).is_none_or(|recorded| recorded.id != resource.id);
    let fresh = stack.resources.values().filter(is_fresh);
    let known = state.iter().flat_map(|state| state.resources.values()).flat_map(|recorded| &recorded.objects);
    let kept = fresh.clone().filter_map(|resource| {
        let id = resource.kind.soft_delete?.id(stack.account_at(resource), &resource.location, &resource.name);
        Some(resource.kind.type_.object(id))
    });
    let declared = fresh.flat_map(|resource| &resource.objects);
    each_once(known.chain(declared).cloned().chain(kept).collect())
}

/// The recorded objects whose existence is uncertain because an earlier run was cut short.
pub fn unsettled(state: Option<&State>) -> Vec<Object> {
    let unsure = |recorded: &&Arc<Recorded>| recorded.status != Status::Standing;
    let unsure = state.iter().flat_map(|state| state.resources.values()).filter(unsure);
    each_once(unsure.flat_map(|recorded| &recorded.objects).cloned().collect())
}

/// The recorded objects that were read and not found, without unfinished creations: those may not be visible yet.
pub fn unseen(state: &State, observed: &Observed) -> Vec<Object> {
    let missing = |object: &&Object| match observed.objects.get(&object.id) {
        Some(Some(seen)) => body::part(object, &seen.body).is_none(),
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

/// The observed objects of a resource.
pub(super) enum ObservedObjects<'a> {
    /// Not read.
    Unseen,
    /// None exists.
    Gone,
    /// The bodies, one for each object; `null` for a missing one among several.
    There(Vec<&'a Json>),
}

pub(super) fn seen<'a>(objects: &[Object], observed: &'a Observed) -> ObservedObjects<'a> {
    const NOTHING: &Json = &Json::Null;
    let mut bodies = Vec::with_capacity(objects.len());
    for object in objects {
        match observed.objects.get(&object.id) {
            None => return ObservedObjects::Unseen,
            Some(None) => bodies.push(NOTHING),
            Some(Some(seen)) => bodies.push(body::part(object, &seen.body).unwrap_or(NOTHING)),
        }
    }
    if bodies.iter().all(|body| body.is_null()) { ObservedObjects::Gone } else { ObservedObjects::There(bodies) }
}

/// The refreshed state, and its differences from the recorded one.
pub(super) fn refresh(catalog: &Catalog, state: &State, observed: &Observed, seal: &Seal) -> (State, Vec<Drift>) {
    let recorded: Vec<_> = state.resources.iter().collect();
    let refreshed =
        parallel::map(&recorded, |(address, recorded)| one_refreshed(catalog, address, recorded, observed, seal));
    let mut now = state.clone();
    let mut drift = Vec::new();
    for ((address, recorded), Refreshed { presence, arguments }) in recorded.into_iter().zip(refreshed) {
        let gone = matches!(presence, RefreshedPresence::Gone);
        match presence {
            RefreshedPresence::AsRecorded => {}
            RefreshedPresence::Gone => drop(now.resources.remove(address)),
            RefreshedPresence::Changed(fresh) => drop(now.resources.insert(address.clone(), Arc::new(*fresh))),
        }
        // An unfinished creation or deletion of a run that was cut short is not drift.
        if recorded.status == Status::Standing && (gone || !arguments.is_empty()) {
            drift.push(Drift { address: address.clone(), gone, arguments });
        }
    }
    (now, drift)
}

/// A recorded resource as observed.
struct Refreshed {
    presence: RefreshedPresence,
    /// The arguments that differ from the recorded ones.
    arguments: Vec<ArgumentChange>,
}

enum RefreshedPresence {
    /// As recorded, or not read.
    AsRecorded,
    /// It does not exist.
    Gone,
    /// With other arguments or attributes.
    Changed(Box<Recorded>),
}

fn one_refreshed(
    catalog: &Catalog,
    address: &Address,
    recorded: &Recorded,
    observed: &Observed,
    seal: &Seal,
) -> Refreshed {
    let unchanged = Refreshed { presence: RefreshedPresence::AsRecorded, arguments: Vec::new() };
    let Some(kind) = kind_of(catalog, address, recorded) else { return unchanged };
    let bodies = match seen(&recorded.objects, observed) {
        ObservedObjects::Unseen => return unchanged,
        // It may still appear.
        ObservedObjects::Gone if recorded.under_way.is_some() => return unchanged,
        ObservedObjects::Gone => return Refreshed { presence: RefreshedPresence::Gone, ..unchanged },
        ObservedObjects::There(bodies) => whole(bodies),
    };
    let attributes = attributes(kind, address, recorded, &bodies);
    let mut answered = arguments(kind, recorded, &bodies, seal);
    let differs = diff::arguments(kind.grammar(), kind.args, &recorded.arguments, &answered, &|_| false);
    let presence = if differs.is_empty() && attributes == recorded.attributes {
        RefreshedPresence::AsRecorded
    } else {
        let mut fresh = Recorded { attributes, ..recorded.clone() };
        // Equivalent values stay as written.
        fresh.arguments.retain(|name, was| match differs.iter().any(|change| top(&change.path) == name) {
            false => true,
            true => answered.remove(name).map(|now| *was = now).is_some(),
        });
        RefreshedPresence::Changed(Box::new(fresh))
    };
    let mut arguments = differs;
    arguments.extend(copied(kind, &bodies).map(|(change, _)| change));
    Refreshed { presence, arguments }
}

/// The bodies of a resource beside each other. Most resources have one, which is not copied.
pub(super) fn whole(bodies: Vec<&Json>) -> Cow<'_, [Json]> {
    match bodies.as_slice() {
        [one] => Cow::Borrowed(std::slice::from_ref(*one)),
        several => Cow::Owned(several.iter().map(|body| (*body).clone()).collect()),
    }
}

/// Values that the provider has copied from other objects, where they are stale or broken; true if broken.
pub(super) fn copied(kind: &Kind, bodies: &[Json]) -> Option<(ArgumentChange, bool)> {
    let copied = kind.odd.copied?;
    let (state, is_broken) = match (copied.state)(bodies) {
        CopyState::Sound => return None,
        CopyState::Stale(state) => (state, false),
        CopyState::Broken(state) => (state, true),
    };
    let text = |text: &str| Some(SealedValue::from_sealed_json(&Json::from(text)));
    let (path, before, after) = (copied.shown.to_owned(), text(copied.sound), text(&state));
    Some((ArgumentChange { path, before, after, forces_replace: is_broken }, is_broken))
}

/// True if the objects have the recorded arguments, as far as responses show them.
pub fn is_as_recorded(kind: &'static Kind, recorded: &Recorded, bodies: &[Json], seal: &Seal) -> bool {
    let answered = arguments(kind, recorded, bodies, seal);
    diff::arguments(kind.grammar(), kind.args, &recorded.arguments, &answered, &|_| false).is_empty()
}

/// Records the failover-only resources of groups in a mixed state that exist and are not recorded: the run that created
/// them has lost its journal.
///
/// A resource that should bear this stack's mark and does not is not this stack's. Of objects that take no mark, only
/// the lost journal knew the owner.
pub(super) fn record_found(stack: &Stack, now: &mut State, observed: &Observed, seal: &Seal) {
    let roles = now.roles.clone();
    let lineage = now.lineage.clone();
    let is_foreign = |kind, body: &Json| match Owner::of(body) {
        Some(owner) => owner.lineage != lineage,
        None => mark::takes_mark(kind, body),
    };
    for resource in stack.resources.values().filter(|resource| resource.presence == Presence::Failover) {
        let is_between = roles::upkeep(stack, &roles, resource) == roles::Upkeep::Between;
        if !is_between || now.resources.contains_key(&resource.address) {
            continue;
        }
        let ObservedObjects::There(bodies) = seen(&resource.objects, observed) else { continue };
        if bodies.iter().any(|body| is_foreign(resource.kind, body)) {
            continue;
        }
        let bodies = whole(bodies);
        let written = super::sealed(&resource.args, seal);
        // Whether its creation has succeeded is unknown, so that the next run completes it.
        let mut found = Recorded::of(resource, written, JsonMap::new(), Status::Creating);
        found.attributes = attributes(resource.kind, &resource.address, &found, &bodies);
        found.arguments = arguments(resource.kind, &found, &bodies, seal);
        now.resources.insert(resource.address.clone(), Arc::new(found));
    }
}

/// The state with the failover-only resources that [`record_found`] adds; `None` where it adds none.
pub fn with_found(stack: &Stack, state: &State, observed: &Observed, seal: &Seal) -> Option<State> {
    let mut found = state.clone();
    record_found(stack, &mut found, observed, seal);
    (found.resources.len() > state.resources.len()).then_some(found)
}

/// The recorded arguments with their observed values. Arguments that the provider never returns stay as recorded.
fn arguments(kind: &Kind, recorded: &Recorded, bodies: &[Json], seal: &Seal) -> JsonMap<String, Json> {
    let read = body::read(kind, bodies);
    let mut arguments = JsonMap::new();
    for (name, was) in &recorded.arguments {
        let now = match kind.arg(name) {
            Some(arg) => observed_argument(arg, was, read.get(name), seal),
            None => Some(was.clone()),
        };
        if let Some(now) = now {
            // What the stack permits in its place is not drift.
            let is_permitted = kind.is_alternative(name, &now, &recorded.arguments);
            arguments.insert(name.clone(), if is_permitted { was.clone() } else { now });
        }
    }
    arguments
}

/// An argument as observed, where it was written with this value. `None` where it is absent.
pub(super) fn observed_argument(arg: &Arg, was: &Json, now: Option<&Json>, seal: &Seal) -> Option<Json> {
    let answered = !arg.write_only && !matches!(arg.wire, Wire::Nowhere);
    match now {
        _ if !answered => Some(was.clone()),
        Some(now) if arg.secret => Some(seal.seal_whole(now).into_json()),
        Some(now) => {
            let part = arg.partial.then(|| body::written_part(was, now));
            let now = part.as_ref().unwrap_or(now);
            let sealed = seal.seal_like(now, was).into_json();
            Some(if let Ty::Block(block) = arg.ty { unanswered_kept(block, was, sealed) } else { sealed })
        }
        // A kind's own function reads what it can; the rest stays.
        None if matches!(arg.wire, Wire::Odd) || left_out_as(arg, was) => Some(was.clone()),
        None => None,
    }
}

/// True if this is the value of an argument that the provider does not return: providers omit defaults.
fn left_out_as(arg: &Arg, was: &Json) -> bool {
    let answered = !arg.write_only && !matches!(arg.wire, Wire::Nowhere | Wire::Odd);
    answered && matches!(arg.need, Need::Default(lit) if lit.json() == *was)
}

/// The recorded arguments of a block: returned ones as returned, others unchanged. Arguments that were not recorded
/// are not managed by drplan.
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
    let mut attributes = recorded.attributes.clone();
    let is_of_body = |attribute: &kinds::Attribute| {
        matches!(attribute.from, kinds::AttributeSource::Body(_) | kinds::AttributeSource::Exported(_))
    };
    for attribute in kind.attributes.iter().filter(|attribute| is_of_body(attribute)) {
        attributes.remove(attribute.name);
    }
    let fresh = with_recorded(kind, address, recorded, |subject| body::attributes(subject, bodies));
    for (name, value) in fresh {
        if kind.attribute(&name).is_some_and(is_of_body) {
            attributes.insert(name, value);
        }
    }
    attributes
}

/// Calls `f` with a recorded resource as its kind's functions see it, without the other resources of its stack.
pub(super) fn with_recorded<T>(
    kind: &'static Kind,
    address: &Address,
    recorded: &Recorded,
    f: impl FnOnce(&kinds::Subject<'_>) -> T,
) -> T {
    let account = Account::new(kind.grammar().account(&recorded.id).unwrap_or_default(), "");
    f(&kinds::Subject {
        kind,
        address,
        name: &recorded.name,
        id: &recorded.id,
        location: &recorded.location,
        account: &account,
        args: &recorded.arguments,
        others: &body::NoOtherResources,
        facts: Default::default(),
    })
}

/// The attributes in a state that only the cloud assigns.
pub fn knowledge(catalog: &Catalog, state: &State, without: &dyn Fn(&Address) -> bool) -> Knowledge {
    let mut knowledge = Knowledge::default();
    for (address, recorded) in state.resources.iter().filter(|(address, _)| !without(address)) {
        let Some(kind) = kind_of(catalog, address, recorded) else { continue };
        let attributes: Map = recorded
            .attributes
            .iter()
            // Attributes that follow from names are derived from the names that the stack declares now.
            .filter(|(name, _)| {
                kind.attribute(name).is_some_and(|a| !matches!(a.from, kinds::AttributeSource::Names(_)))
            })
            .map(|(name, value)| (name.as_str().into(), Value::from_json(value)))
            .collect();
        if !attributes.is_empty() {
            knowledge.attributes.insert(address.clone(), attributes);
        }
    }
    knowledge
}
