//! Reads: objects, lists, views.

use crate::providers::azure::ids::AzureId;
use std::borrow::Cow;

use serde_json::{Value as Json, json};

use super::SUBSCRIPTION;
use super::absent::{self, group_not_found, method_not_allowed, parent_not_found};
use super::admitted::AdmittedRequest;
use super::entries::{entry, locations, subscription};
use super::filter::Filter;
use super::images::{self, IMAGES};
use super::metrics::{self, METRICS};
use super::offers::{self, PERMISSIONS, SIZES, USAGES};
use super::target::{GROUP, LOCK, ResourcePath, Target, group_of};
use super::types::{self, ProviderType};
use super::{always, bin, catalog, hooks, lists, operations, part, places, references, registrations, state};
use crate::kinds::{SimulatedWorld as _, path};
use crate::object::ObjectId;
use crate::simulator::request::{ErrorResponse, HttpMethod, Response};
use crate::simulator::world::{SimulatedObject, World};

/// `checkNameAvailability`: a globally unique name is available while no object of its type has it.
pub(super) fn name_check(world: &World, ask: &AdmittedRequest<'_>) -> Json {
    let asked = |name: &str| ask.request.body.as_ref().ok().and_then(|body| body.as_ref()?.get(name)?.as_str());
    let (name, type_) = (asked("name").unwrap_or_default(), asked("type").unwrap_or_default());
    let whole = format!("/subscriptions/{SUBSCRIPTION}");
    // Some types have their unique name as a label of a host, beside the name of the object.
    let label = format!("{}.", name.to_ascii_lowercase());
    let is_it = |object: &SimulatedObject| {
        object.type_.eq_ignore_ascii_case(type_)
            && (object.id.name().eq_ignore_ascii_case(name)
                || world.hosts_of(&object.id.folded()).iter().any(|host| host.starts_with(&label)))
    };
    let taken = world.below(&whole).any(|(_, object)| is_it(object));
    match taken {
        false => json!({ "nameAvailable": true, "available": true, "name": name }),
        true => json!({
            "nameAvailable": false, "available": false, "name": name, "reason": "AlreadyExists",
            "message": format!("The name '{name}' is already taken."),
        }),
    }
}

pub(super) fn read(world: &World, target: Target, ask: &AdmittedRequest<'_>) -> Result<Response, ErrorResponse> {
    let body = match target {
        Target::Status(key) => return operations::status(world, &key),
        Target::Outcome(key) => return operations::outcome(world, &key),
        Target::Resource(named) if bin::is_of_bin(&named) => bin::deleted(world, &named)?.clone(),
        Target::Resource(named) if named.type_ == IMAGES => images::version(&named),
        Target::Resource(named) => return read_resource(world, &named, ask),
        Target::Action(named, word) if format!("{}/{word}", named.type_).eq_ignore_ascii_case(IMAGES) => {
            images::versions(&named)
        }
        Target::Action(named, word) if format!("{}/{word}", named.type_).eq_ignore_ascii_case(USAGES) => {
            return offers::usages(world, &named.id);
        }
        Target::Action(named, word) => match inside(world, &named, &word, ask) {
            Some(all) => all,
            None => {
                let type_ = format!("{}/{}", named.type_, word.to_ascii_lowercase());
                collection(world, &named.id, &type_, ask)?
            }
        },
        Target::Collection { scope, type_ } if type_ == METRICS => return metrics::metrics(world, &scope, ask),
        Target::Collection { type_, .. } if type_ == PERMISSIONS => return Ok(offers::permissions(world)),
        Target::Collection { type_, .. } if type_ == SIZES => {
            return Ok(offers::sizes(world, ask.request.query.get("$filter").map_or("", String::as_str)));
        }
        Target::Collection { scope, type_ } => {
            let catalog = catalog::find(&type_);
            let all = catalog.map(|catalog| catalog::list(catalog, ask.request.query.get("$filter")));
            match all.or_else(|| bin::all_deleted(world, &type_)) {
                Some(all) => all,
                None => collection(world, &scope, &type_, ask)?,
            }
        }
        Target::Resources(scope) => tracked(world, scope.as_deref(), ask)?,
        Target::Groups => {
            let filter = Filter::read(ask.request.query.get("$filter").map(String::as_str))?;
            let found = hooks::groups(world).filter(|group| filter.takes(group));
            lists::page(world, found.filter_map(|group| Some((group.id.folded(), lists::listed(world, group)?))), ask)
        }
        Target::Subscriptions => json!({ "value": [subscription()] }),
        Target::Subscription => subscription(),
        Target::Locations => locations(),
        Target::Providers(None) => registrations::providers(world),
        Target::Providers(Some(namespace)) => registrations::provider(world, &namespace)?,
        Target::Register(_) | Target::Unregister(_) | Target::NameCheck => {
            return Err(method_not_allowed(ask.request.verb));
        }
    };
    Ok(Response::json(200, &body))
}

fn read_resource(world: &World, named: &ResourcePath, ask: &AdmittedRequest<'_>) -> Result<Response, ErrorResponse> {
    if ask.request.verb == HttpMethod::Head {
        let found = world.standing(&named.id).is_some();
        return Ok(Response::empty(if found { 204 } else { 404 }));
    }
    if let Some(region) = places::own_region(world, &named.id) {
        world.rest.faults.reach(&region)?;
    }
    if let Some(stale) = state::of(world).stale.get(&named.id).filter(|stale| stale.until > world.now) {
        return stale.body.as_ref().map(|body| Response::json(200, body)).ok_or_else(|| absent::absent(world, named));
    }
    if let Some(object) = world.standing(&named.id) {
        absent::known_type(world, &named.type_, ask.api)?;
        let expands = ask.request.query.contains_key("$expand");
        let whole = if expands { None } else { lists::whole_text(world, object) };
        let response = match whole {
            Some(text) => Response::text(200, text),
            None if expands || lists::extended(world, object).is_some() => {
                Response::json(200, &*expanded(world, object, ask))
            }
            None => Response::json(200, &object.body),
        };
        return Ok(match object.etag() {
            Some(etag) => response.with("etag", etag),
            None => response,
        });
    }
    if let Some(entry) = catalog::find(&named.type_).and_then(|catalog| catalog::one(catalog, named.name())) {
        return Ok(Response::json(200, &entry));
    }
    if let Some(child) = always::always(world, named).or_else(|| always::computed_one(world, named)) {
        return Ok(Response::json(200, &child));
    }
    match references::element(world, &named.id).or_else(|| part::leaving_part(world, named)) {
        Some(element) => Ok(Response::json(200, element)),
        None if part::part(named).is_some() => Err(absent::absent(world, named)),
        None => {
            absent::known_type(world, &named.type_, ask.api)?;
            Err(absent::absent(world, named))
        }
    }
}

/// Values at a segment below an object that are no objects: implicit children, parts, a view of the object, or the
/// offers of a region.
fn inside(world: &World, named: &ResourcePath, segment: &str, ask: &AdmittedRequest<'_>) -> Option<Json> {
    let listed =
        always::always_listed(world, &named.id, segment).or_else(|| part::parts_listed(world, &named.id, segment));
    listed
        .or_else(|| view_of(world, &named.id, segment))
        .or_else(|| offers::offered(world, named, segment, &ask.request.query))
}

/// A view of an object that `$expand` also adds to it.
fn view_of(world: &World, id: &str, segment: &str) -> Option<Json> {
    let object = world.standing(id)?;
    let kinds = types::find(&object.type_).into_iter().flat_map(ProviderType::writers);
    let mut views = kinds.flat_map(|kind| kind.simulated.expands);
    let (_, make) = views.find(|(name, _)| name.eq_ignore_ascii_case(segment))?;
    make(world, &object.id)
}

/// The body with the properties that `$expand` requests.
fn expanded<'a>(world: &'a World, object: &'a SimulatedObject, ask: &AdmittedRequest<'_>) -> Cow<'a, Json> {
    let mut body = lists::whole_body(world, object);
    let Some(asked) = ask.request.query.get("$expand") else { return body };
    let kinds = || types::find(&object.type_).into_iter().flat_map(ProviderType::writers);
    let is_asked = |name: &str| asked.split(',').any(|word| word.trim().eq_ignore_ascii_case(name));
    for (name, make) in kinds().flat_map(|kind| kind.simulated.expands).filter(|(name, _)| is_asked(name)) {
        if let Some(more) = make(world, &object.id) {
            path::put(body.to_mut(), &format!("properties.{name}"), more);
        }
    }
    for (name, at) in kinds().flat_map(|kind| kind.simulated.told).filter(|(name, _)| is_asked(name)) {
        if let Some(value) = world.noted(&object.id, name) {
            path::put(body.to_mut(), at, value.clone());
        }
    }
    body
}

fn collection(world: &World, scope: &str, type_: &str, ask: &AdmittedRequest<'_>) -> Result<Json, ErrorResponse> {
    let table = absent::known_type(world, type_, ask.api)?;
    let whole = format!("/subscriptions/{SUBSCRIPTION}");
    // Segments that are no objects may come between a parent and its children: `blobServices/default`.
    let words = table.segment.map_or(0, |segment| segment.split('/').count().saturating_sub(1));
    let parent = scope.rmatch_indices('/').nth(words.wrapping_sub(1)).and_then(|(at, _)| scope.get(..at));
    if scope != whole && world.standing(parent.unwrap_or(scope)).is_none() {
        return Err(match group_of(scope).filter(|group| world.standing(group).is_none()) {
            Some(group) => group_not_found(group.rsplit('/').next().unwrap_or_default()),
            None => parent_not_found(scope),
        });
    }
    // With this filter: locks that apply to the scope itself, from there and from above.
    let at_scope = type_ == LOCK && ask.request.query.get("$filter").is_some_and(|filter| filter == "atScope()");
    let applies = |object: &SimulatedObject| {
        let around = |at: ObjectId| at.folded() == scope || at.contains(&ObjectId::new(scope));
        !at_scope || object.id.scope().is_some_and(around)
    };
    let found = world.below(if at_scope { &whole } else { scope }).map(|(_, object)| object);
    let found = found.filter(|object| object.seen() && object.type_ == type_ && applies(object));
    Ok(lists::page(world, found.filter_map(|object| Some((object.id.folded(), lists::listed(world, object)?))), ask))
}

/// Tracked resources (those with a location), in a group or in the subscription: the envelope
/// without the properties.
fn tracked(world: &World, scope: Option<&str>, ask: &AdmittedRequest<'_>) -> Result<Json, ErrorResponse> {
    if let Some(group) = scope.filter(|group| world.standing(group).is_none()) {
        return Err(group_not_found(group.rsplit('/').next().unwrap_or_default()));
    }
    let whole = format!("/subscriptions/{SUBSCRIPTION}");
    let state = ask.request.query.get("$expand").is_some_and(|expand| expand.contains("provisioningState"));
    let found = world.below(scope.unwrap_or(&whole)).map(|(_, object)| object);
    let filter = Filter::read(ask.request.query.get("$filter").map(String::as_str))?;
    let found = found
        .filter(|object| object.seen() && object.type_ != GROUP && object.location().is_some() && filter.takes(object));
    Ok(lists::page(world, found.map(|object| (object.id.folded(), entry(object, state))), ask))
}
