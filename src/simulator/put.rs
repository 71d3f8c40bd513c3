//! PUT and PATCH: a body is checked against all that is known of its type and of the world, and then accepted.

use std::collections::BTreeSet;

use serde_json::{Map as JsonMap, Value as Json, json};

use super::SUBSCRIPTION;
use super::answer::{Ask, group_not_found, parent_not_found};
use super::locks::Wish;
use super::operations::{Act, Operation, Progress, shows_state};
use super::references::name_elements;
use super::request::{Failure, Response, Verb};
use super::target::{GROUP, Named, group_of};
use super::types::{self, Type};
use super::world::{Object, Stage, World};
use crate::address::ArmId;
use crate::kinds::regions::{region, same_region};
use crate::kinds::{Answers, Kind, Location, Place, Serial, path};

/// A write that nothing stands in the way of.
pub(super) struct Draft {
    id: ArmId,
    type_: &'static Type,
    body: Json,
    refers: BTreeSet<String>,
    /// What stood before.
    old: Option<Object>,
    /// What must not be written meanwhile.
    serial: Vec<String>,
    /// How long it takes, in seconds.
    seconds: u32,
    /// How it will fail.
    fails: Option<Failure>,
    /// The children written in its body, and the folded ids of those that are no longer in it.
    children: Vec<Draft>,
    gone: Vec<String>,
}

impl World {
    pub(super) fn put(&mut self, named: &Named, ask: &Ask<'_>) -> Result<Response, Failure> {
        let type_ = self.known_type(&named.type_, ask.api)?;
        let id = self.place(named, type_)?;
        let draft = self.draft(id, type_, ask.request.object()?, ask)?;
        self.accept(draft, ask)
    }

    pub(super) fn patch(&mut self, named: &Named, ask: &Ask<'_>) -> Result<Response, Failure> {
        let type_ = self.known_type(&named.type_, ask.api)?;
        let object = self.standing(&named.id).ok_or_else(|| self.absent(named))?;
        let (id, mut body) = (object.id.clone(), object.body.clone());
        let patch = ask.request.object()?;
        if patch.get("tags").is_some()
            && let Json::Object(map) = &mut body
        {
            map.remove("tags");
        }
        merge(&mut body, patch);
        let draft = self.draft(id, type_, body, ask)?;
        self.accept(draft, ask)
    }

    /// The id of what a path names, with the case in which what it lies in was created.
    fn place(&self, named: &Named, type_: &Type) -> Result<ArmId, Failure> {
        let name = named.name();
        if !type_.may_be_called(name) {
            return Err(Failure::gateway(
                400,
                "InvalidResourceName",
                format!("Resource name {name} is invalid for a resource of type {}.", type_.name),
            ));
        }
        if named.type_ != GROUP
            && let Some(group) = named.group()
        {
            self.check_group(group, &named.id)?;
        }
        let parent = self.parent_id(named, type_);
        let subscription = format!("/subscriptions/{SUBSCRIPTION}");
        let above = if parent == subscription {
            subscription
        } else {
            let object = self.standing(&parent).ok_or_else(|| parent_not_found(&parent))?;
            self.check_parent(object)?;
            object.id.to_string()
        };
        let nested = named.type_.matches('/').count() > 1;
        if !nested && !type_.extension && named.type_ != GROUP && group_of(&parent) != Some(parent.as_str()) {
            return Err(Failure::gateway(
                404,
                "InvalidResourceType",
                format!("The resource type '{}' can only be created in a resource group.", type_.name),
            ));
        }
        if let Some(object) = self.object(&named.id) {
            return Ok(object.id.clone());
        }
        let last = type_.name.rsplit('/').next().unwrap_or_default();
        Ok(ArmId::new(match type_.segment {
            _ if named.type_ == GROUP => format!("{above}/resourceGroups/{name}"),
            Some(segment) => format!("{above}/{segment}/{name}"),
            None if nested => format!("{above}/{last}/{name}"),
            None => format!("{above}/providers/{}/{name}", type_.name),
        }))
    }

    fn check_group(&self, name: &str, id: &str) -> Result<(), Failure> {
        match group_of(id).and_then(|group| self.standing(group)) {
            None => Err(group_not_found(name)),
            Some(group) if group.stage == Stage::Deleting => Err(Failure::gateway(
                409,
                "ResourceGroupBeingDeleted",
                format!("The resource group '{name}' is in deprovisioning state and cannot perform this operation."),
            )),
            Some(_) => Ok(()),
        }
    }

    fn check_parent(&self, parent: &Object) -> Result<(), Failure> {
        let operation = parent.operation.as_ref().and_then(|key| self.operation(key));
        match (parent.stage, operation) {
            (Stage::Creating | Stage::Deleting, Some(operation)) => Err(self.in_progress(operation)),
            _ => Ok(()),
        }
    }

    /// Checks a write against everything.
    fn draft(&self, id: ArmId, type_: &'static Type, mut body: Json, ask: &Ask<'_>) -> Result<Draft, Failure> {
        let folded = id.folded();
        drop_nulls(&mut body);
        self.reach_to_write(&folded, body.get("location").and_then(Json::as_str))?;
        self.check_unlocked(&folded, Wish::Write)?;
        let standing = self.object(&folded);
        check_conditions(ask, standing.filter(|object| object.seen()))?;
        if let Some(operation) =
            standing.and_then(|object| object.operation.as_ref()).and_then(|key| self.operation(key))
        {
            return Err(self.in_progress(operation));
        }
        let draft = self.draft_body(id, type_, body, standing)?;
        if let Some(operation) = self.busy(&draft.serial) {
            return Err(self.in_progress(operation));
        }
        self.check_name_free(&draft)?;
        let location = draft.body.get("location").and_then(Json::as_str).unwrap_or_default();
        let fails = match self.rest.faults.capacity(location, &draft.body) {
            Some((false, failure)) => return Err(failure),
            Some((true, failure)) => Some(failure),
            None => ask.fails.clone(),
        };
        Ok(Draft { fails, ..draft })
    }

    /// Checks a body, and completes it as the provider would at once.
    fn draft_body(
        &self,
        id: ArmId,
        type_: &'static Type,
        mut body: Json,
        old: Option<&Object>,
    ) -> Result<Draft, Failure> {
        check_envelope(&body, &id, type_)?;
        let old_body = old.map(|old| self.with_children(old));
        check_location(&mut body, &id, type_, old)?;
        type_.shape.check(&body, old_body.as_ref(), type_.strict, "")?;
        let (children, gone) = self.draft_children(&id, type_, &mut body)?;
        envelope(&mut body, &id, type_.name);
        name_elements(&mut body, &id, type_);
        if let Some(old) = old {
            carry_over(&mut body, &old.body, type_)?;
            self.check_elements_unused(old, &body)?;
        }
        let refers = self.references(&id, &body, old)?;
        for admit in type_.writers().filter_map(|kind| kind.simulated.admit) {
            admit(self, &id, &body)?;
        }
        let seconds =
            type_.writers().filter_map(|kind| kind.simulated.lasts).map(|lasts| lasts(old.map(|old| &old.body), &body));
        let usual = if old.is_some() { type_.durations.update } else { type_.durations.create };
        let seconds = seconds.max().unwrap_or(usual);
        for path in &type_.write_only {
            path::remove(&mut body, path);
        }
        let serial = self.serial(&id, type_, &refers);
        Ok(Draft { id, type_, body, refers, old: old.cloned(), serial, seconds, fails: None, children, gone })
    }

    fn with_children(&self, object: &Object) -> Json {
        let mut body = object.body.clone();
        if let Some(type_) = types::find(&object.type_) {
            for segment in &type_.embeds {
                path::put(&mut body, &format!("properties.{segment}"), json!([]));
            }
        }
        body
    }

    /// Takes the children out of a body in which they are written, and checks each; a list that is not there leaves them as they are.
    fn draft_children(&self, id: &ArmId, type_: &Type, body: &mut Json) -> Result<(Vec<Draft>, Vec<String>), Failure> {
        let (mut drafts, mut gone) = (Vec::new(), Vec::new());
        for segment in &type_.embeds {
            let child_type = format!("{}/{segment}", type_.name).to_ascii_lowercase();
            let list =
                body.get_mut("properties").and_then(Json::as_object_mut).and_then(|map| map.shift_remove(*segment));
            let (Some(child_type), Some(Json::Array(items))) = (types::find(&child_type), list) else { continue };
            let mut kept = BTreeSet::new();
            for item in items {
                let name = item.get("name").and_then(Json::as_str).unwrap_or_default();
                let child = id.child(segment, name);
                let folded = child.folded();
                let old = self.standing(&folded);
                if old.is_none_or(|old| !same_but_state(&old.body, &item)) {
                    let child = old.map_or(child, |old| old.id.clone());
                    drafts.push(self.draft_body(child, child_type, item, old)?);
                }
                kept.insert(folded);
            }
            for (child, _) in self.below(&id.folded()).filter(|(child, object)| {
                object.type_ == child_type.name.to_ascii_lowercase() && !kept.contains(*child)
            }) {
                self.check_unused(child)?;
                gone.push(child.clone());
            }
        }
        Ok((drafts, gone))
    }

    /// What must not be written beside a write of this object, as folded ids.
    pub(super) fn serial(&self, id: &ArmId, type_: &Type, refers: &BTreeSet<String>) -> Vec<String> {
        let folded = id.folded();
        let mut words = BTreeSet::new();
        for (kind, serial) in types::serial(type_) {
            match serial {
                Serial::No => {}
                Serial::Root => drop(words.insert(outermost(&folded))),
                Serial::On(argument) => {
                    let place = placed_at(kind, &folded, type_);
                    let types = types::referred(kind, argument);
                    let meant = |to: &&String| self.object(to).is_some_and(|object| types.contains(&object.type_));
                    words.extend(refers.iter().chain([&place]).filter(meant).cloned());
                }
            }
        }
        words.into_iter().collect()
    }

    fn check_name_free(&self, draft: &Draft) -> Result<(), Failure> {
        if !draft.type_.unique || draft.old.is_some() {
            return Ok(());
        }
        let name = draft.id.name();
        match self.named(&draft.type_.name.to_ascii_lowercase(), name) {
            Some(_) => Err(Failure::service(
                409,
                "NameNotAvailable",
                format!(
                    "The name '{name}' is already taken. Names of {} are unique in all of Azure.",
                    draft.type_.name
                ),
            )),
            None => Ok(()),
        }
    }

    pub(super) fn in_progress(&self, operation: &Operation) -> Failure {
        Failure::service(
            409,
            "AnotherOperationInProgress",
            format!(
                "Another operation on this or dependent resource is in progress. To retrieve status of the operation use uri: {}",
                self.status_url(operation)
            ),
        )
        .retry_after(self.wait(operation).unsigned_abs())
    }

    /// Accepts a write: at once, or as an operation.
    fn accept(&mut self, draft: Draft, ask: &Ask<'_>) -> Result<Response, Failure> {
        let Draft { id, type_, body, refers, old, serial, seconds, fails, children, gone } = draft;
        let (folded, created, answers) = (id.folded(), old.is_none(), type_.answers);
        if let (Answers::Sync, Some(failure)) = (answers, &fails) {
            return Err(failure.clone());
        }
        self.remember(&folded);
        let version = old.as_ref().map_or(self.now.as_millisecond(), |old| old.version);
        let operation = (answers != Answers::Sync)
            .then(|| self.begin(&id, type_, &folded, created, seconds, ask, serial, fails, &old));
        let stage = match (answers, created) {
            (Answers::Sync, _) => Stage::Standing,
            (Answers::AsyncBoth | Answers::Location, true) => Stage::Hidden,
            (_, true) => Stage::Creating,
            (_, false) => Stage::Updating,
        };
        let key = operation.as_ref().map(|operation| operation.key.clone());
        let mut object =
            Object { id, type_: type_.name.to_ascii_lowercase(), body, stage, version, refers, operation: key };
        object.touch(self.seed);
        if shows_state(type_) {
            object.show_state(if created { "Creating" } else { "Updating" });
        }
        self.insert(object);
        self.accept_children(children, gone);
        let status = if created { 201 } else { 200 };
        let Some(operation) = operation else {
            self.complete(&folded);
            return Ok(self.written(status, &folded));
        };
        let response = match answers {
            Answers::AsyncBoth => {
                let body = json!({ "operation": "CreateOrUpdate", "startTime": operation.began.to_string() });
                Response::json(202, &body)
            }
            Answers::Location => Response::empty(202),
            Answers::Sync | Answers::AsyncBody | Answers::State => self.written(status, &folded),
        };
        let response = self.announce(response, &operation, answers);
        self.keep_operation(operation);
        Ok(response)
    }

    fn accept_children(&mut self, children: Vec<Draft>, gone: Vec<String>) {
        for id in gone {
            self.remove_with_all_below(&id);
        }
        for draft in children {
            let Draft { id, type_, body, refers, old, .. } = draft;
            let folded = id.folded();
            let version = old.map_or(self.now.as_millisecond(), |old| old.version);
            let type_name = type_.name.to_ascii_lowercase();
            self.insert(Object {
                id,
                type_: type_name,
                body,
                stage: Stage::Standing,
                version,
                refers,
                operation: None,
            });
            self.complete(&folded);
        }
    }

    fn written(&self, status: u16, id: &str) -> Response {
        match self.object(id) {
            Some(object) => {
                let response = Response::json(status, &object.body);
                match object.etag() {
                    Some(etag) => response.with("etag", etag),
                    None => response,
                }
            }
            None => Response::empty(status),
        }
    }

    #[expect(clippy::too_many_arguments, reason = "each is one field of the operation, and there is one caller")]
    fn begin(
        &self,
        id: &ArmId,
        type_: &Type,
        folded: &str,
        created: bool,
        seconds: u32,
        ask: &Ask<'_>,
        serial: Vec<String>,
        fails: Option<Failure>,
        old: &Option<Object>,
    ) -> Operation {
        let act = if created { Act::Create } else { Act::Update };
        let location = self.region(folded).unwrap_or_else(|| "westus".to_owned());
        Operation {
            key: self.operation_key(id, act, &location),
            id: id.clone(),
            act,
            began: self.now,
            due: self.now + self.lasts(folded, if created { "create" } else { "update" }, seconds),
            progress: Progress::Running,
            location,
            provider: type_.namespace().to_owned(),
            api: ask.api.to_owned(),
            serial,
            before: if fails.is_some() { old.clone().map(Box::new) } else { None },
            fails,
        }
    }
}

/// `If-Match` and `If-None-Match`.
pub(super) fn check_conditions(ask: &Ask<'_>, standing: Option<&Object>) -> Result<(), Failure> {
    let bare = |tag: &str| tag.trim().trim_start_matches("W/").trim_matches('"').to_owned();
    let met = match (ask.request.header("if-match"), ask.request.header("if-none-match"), standing) {
        (Some(_), _, None) => ask.request.verb == Verb::Delete,
        (Some("*"), _, Some(_)) => true,
        (Some(tag), _, Some(object)) => object.etag().is_some_and(|etag| bare(etag) == bare(tag)),
        (None, Some("*"), Some(_)) => false,
        (None, _, _) => true,
    };
    if met {
        return Ok(());
    }
    Err(Failure::service(
        412,
        "PreconditionFailed",
        "The condition on the etag of the resource was not met: it has been changed, or is not there.",
    ))
}

fn check_envelope(body: &Json, id: &ArmId, type_: &Type) -> Result<(), Failure> {
    let differs = |name: &str, wanted: &str| {
        let written = body.get(name).and_then(Json::as_str);
        written.filter(|written| !written.trim_end_matches('/').eq_ignore_ascii_case(wanted)).map(str::to_owned)
    };
    for (name, wanted) in [("id", id.as_str()), ("name", id.name()), ("type", type_.name)] {
        if let Some(written) = differs(name, wanted) {
            return Err(Failure::content(format!(
                "The request content was invalid: the property '{name}' is '{written}', and the address of the request says '{wanted}'."
            )));
        }
    }
    Ok(())
}

/// Checks the location and brings it into the form `canadaeast`.
fn check_location(body: &mut Json, id: &ArmId, type_: &Type, old: Option<&Object>) -> Result<(), Failure> {
    let written = body.get("location").and_then(Json::as_str).map(str::to_owned);
    let location = match (type_.location, written) {
        (Location::None, _) => return Ok(()),
        (_, None) => match old.and_then(Object::location) {
            Some(old) => old.to_owned(),
            None => {
                return Err(Failure::gateway(
                    400,
                    "LocationRequired",
                    "The location property is required for this definition.",
                ));
            }
        },
        (Location::Global, Some(location)) if location.eq_ignore_ascii_case("global") => "global".to_owned(),
        (_, Some(location)) => match region(&location).filter(|_| matches!(type_.location, Location::Regional)) {
            Some(region) => region.name.to_owned(),
            None => {
                return Err(Failure::gateway(
                    400,
                    "LocationNotAvailableForResourceType",
                    format!("The provided location '{location}' is not available for resource type '{}'.", type_.name),
                ));
            }
        },
    };
    if let Some(stands) = old.and_then(Object::location).filter(|stands| !same_region(stands, &location)) {
        let (name, group) = (id.name(), id.resource_group().unwrap_or_default());
        return Err(if type_.name.eq_ignore_ascii_case(GROUP) {
            Failure::gateway(
                409,
                "InvalidResourceGroupLocation",
                format!(
                    "Invalid resource group location '{location}'. The Resource group already exists in location '{stands}'."
                ),
            )
        } else {
            Failure::gateway(
                409,
                "InvalidResourceLocation",
                format!(
                    "The resource '{name}' already exists in location '{stands}' in resource group '{group}'. A resource with the same name cannot be created in location '{location}'. Please select a new resource name."
                ),
            )
        });
    }
    path::put(body, "location", Json::from(location));
    Ok(())
}

/// What the provider wrote stays, and what never changes must not.
fn carry_over(body: &mut Json, old: &Json, type_: &Type) -> Result<(), Failure> {
    for at in &type_.read_only {
        path::remove(body, at);
        if let Some(value) = path::borrow(old, at) {
            path::put(body, at, value.clone());
        }
    }
    for at in &type_.immutable {
        let Some(stands) = path::borrow(old, at).filter(|stands| !stands.is_null()) else { continue };
        match path::borrow(body, at).filter(|value| !value.is_null()) {
            None => path::put(body, at, stands.clone()),
            Some(value) if differ(stands, value) => {
                return Err(Failure::service(
                    409,
                    "PropertyChangeNotAllowed",
                    format!("Changing property '{at}' is not allowed."),
                ));
            }
            Some(_) => {}
        }
    }
    Ok(())
}

/// Whether two scalars, or two lists of them, are surely not the same.
fn differ(a: &Json, b: &Json) -> bool {
    let fold = |json: &Json| match json {
        Json::Array(items) => {
            let mut texts: Vec<String> = items.iter().map(fold_scalar).collect();
            texts.sort_unstable();
            texts.join(",")
        }
        scalar => fold_scalar(scalar),
    };
    !a.is_object() && !b.is_object() && fold(a) != fold(b)
}

fn fold_scalar(json: &Json) -> String {
    let text = json.as_str().map_or_else(|| json.to_string(), str::to_owned);
    text.chars().filter(|c| !c.is_whitespace()).collect::<String>().to_ascii_lowercase()
}

/// Whether what a client sent of a child is what stands, whatever it says of states and tags of versions.
fn same_but_state(stands: &Json, sent: &Json) -> bool {
    let plain = |body: &Json| {
        let mut body = body.clone();
        for at in ["id", "type", "etag", "properties.provisioningState"] {
            path::remove(&mut body, at);
        }
        body
    };
    plain(stands) == plain(sent)
}

/// Puts id, name and type first.
pub(super) fn envelope(body: &mut Json, id: &ArmId, type_: &str) {
    let mut map = JsonMap::new();
    map.insert("id".to_owned(), Json::from(id.as_str()));
    map.insert("name".to_owned(), Json::from(id.name()));
    map.insert("type".to_owned(), Json::from(type_));
    if let Json::Object(rest) = std::mem::take(body) {
        let rest = rest.into_iter().filter(|(name, _)| !matches!(name.as_str(), "id" | "name" | "type" | "etag"));
        map.extend(rest);
    }
    map.entry("properties").or_insert_with(|| json!({}));
    *body = Json::Object(map);
}

fn drop_nulls(json: &mut Json) {
    match json {
        Json::Object(map) => {
            map.retain(|_, value| !value.is_null());
            map.values_mut().for_each(drop_nulls);
        }
        Json::Array(items) => items.iter_mut().for_each(drop_nulls),
        Json::Null | Json::Bool(_) | Json::Number(_) | Json::String(_) => {}
    }
}

/// A JSON merge patch.
fn merge(into: &mut Json, patch: Json) {
    match (into, patch) {
        (Json::Object(into), Json::Object(patch)) => {
            for (name, value) in patch {
                if value.is_null() {
                    into.shift_remove(&name);
                } else {
                    merge(into.entry(name).or_insert(Json::Null), value);
                }
            }
        }
        (into, patch) => *into = patch,
    }
}

/// The folded id of the outermost resource that an id lies in.
fn outermost(id: &str) -> String {
    let group = group_of(id).unwrap_or_default();
    let rest = id.get(group.len()..).unwrap_or_default();
    let end = rest.match_indices('/').nth(4).map_or(rest.len(), |(at, _)| at);
    format!("{group}{}", rest.get(..end).unwrap_or_default())
}

/// The folded id of the parent of an object that a kind writes, or of the object that it writes in.
fn placed_at(kind: &Kind, id: &str, type_: &Type) -> String {
    let count = match kind.place {
        Place::Property(_) | Place::Part(..) => return id.to_owned(),
        _ => type_.segment.map_or(2, |segment| segment.split('/').count() + 1),
    };
    id.rmatch_indices('/').nth(count - 1).and_then(|(at, _)| id.get(..at)).unwrap_or(id).to_owned()
}
