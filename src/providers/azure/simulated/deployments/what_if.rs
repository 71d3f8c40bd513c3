//! What-if: the changes of a deployment, reported before it runs.

use crate::providers::azure::ids::AzureId;
use std::collections::BTreeSet;

use serde_json::{Value as Json, json};

use super::environment::WorldEnvironment;
use super::progress::NOT_OF_THE_BODY;
use super::template::{DEPLOYMENT, TemplateResource, at, is_inner};
use super::{DeploymentMode, PreparedDeployment, named};
use crate::kinds::path;
use crate::kinds::regions::same_region;
use crate::object::ObjectId;
use crate::providers::azure::simulated::target::GROUP;
use crate::providers::azure::simulated::{deployments, lists, references, types};
use crate::simulator::request::{ErrorResponse, Response};
use crate::simulator::world::World;

/// The maximum nesting of deployments.
const DEEPEST: u32 = 5;

/// The change of each resource of a template. Resources of the group that are not in the template are reported as
/// ignored.
pub(in crate::providers::azure::simulated) fn what_if(
    world: &World,
    scope: &ObjectId,
    name: &str,
    body: &Json,
) -> Result<Response, ErrorResponse> {
    let (_, work, mode) = deployments::read_template(world, scope, name, body, false)?;
    let format = body.pointer("/properties/whatIfSettings/resultFormat").and_then(Json::as_str);
    let whole = !format.is_some_and(|format| format.eq_ignore_ascii_case("ResourceIdOnly"));
    let mut changes = Vec::new();
    foresee(world, scope, name, &work, whole, 0, &mut changes)?;
    let told: BTreeSet<String> =
        changes.iter().filter_map(|change| Some(change["resourceId"].as_str()?.to_ascii_lowercase())).collect();
    let around = scope.folded();
    let others = world.below(&around).map(|(_, object)| object).filter(|object| {
        let top = object.id.as_str().matches('/').count() == scope.as_str().matches('/').count() + 4;
        scope.resource_group().is_some()
            && top
            && object.type_ != GROUP
            && object.seen()
            && !told.contains(&object.id.folded())
    });
    let unnamed = if mode == DeploymentMode::Complete { "Delete" } else { "Ignore" };
    let others: Vec<Json> = others
        .map(|object| {
            let mut change = json!({ "resourceId": object.id.as_str(), "changeType": unnamed });
            if whole {
                change["before"] = lists::whole_body(world, object).into_owned();
            }
            change
        })
        .collect();
    changes.extend(others);
    Ok(Response::json(200, &json!({ "status": "Succeeded", "properties": { "changes": changes } })))
}

fn foresee(
    world: &World,
    scope: &ObjectId,
    name: &str,
    work: &PreparedDeployment,
    whole: bool,
    depth: u32,
    changes: &mut Vec<Json>,
) -> Result<(), ErrorResponse> {
    let around = WorldEnvironment::before(world, scope, name, DeploymentMode::Incremental);
    for item in work.items.iter().filter(|item| item.wanted && !item.existing) {
        let body = work.template.body_so_far(item, &around).map_err(|miss| at(item.id.name(), miss))?;
        if item.type_.eq_ignore_ascii_case(DEPLOYMENT) {
            match inner(world, item, &body, depth) {
                Ok((scope, inner)) => foresee(world, &scope, item.id.name(), &inner, whole, depth + 1, changes)?,
                Err(why) => changes.push(json!({
                    "resourceId": item.id.as_str(), "changeType": "Unsupported", "unsupportedReason": why.message,
                })),
            }
            continue;
        }
        changes.push(change_of(world, item, body, whole));
    }
    Ok(())
}

fn inner(
    world: &World,
    item: &TemplateResource,
    body: &Json,
    depth: u32,
) -> Result<(ObjectId, PreparedDeployment), ErrorResponse> {
    if depth >= DEEPEST {
        return Err(super::wrong("deployments are nested too deeply"));
    }
    let scope = named(&item.id).map(|named| named.above(4))?;
    let scope = world.standing(&scope).map_or_else(|| ObjectId::new(scope), |object| object.id.clone());
    let (_, work, _) = deployments::read_template(world, &scope, item.id.name(), body, !is_inner(body))?;
    Ok((scope, work))
}

fn change_of(world: &World, item: &TemplateResource, mut body: Json, whole: bool) -> Json {
    let folded = item.id.folded();
    if let Some(type_) = item.id.arm_type().and_then(|type_| types::find(&type_.to_ascii_lowercase())) {
        type_.write_only.iter().for_each(|at| path::remove(&mut body, at));
    }
    if let Json::Object(map) = &mut body {
        map.retain(|name, _| !NOT_OF_THE_BODY.contains(&name.as_str()));
    }
    let mut after = json!({ "id": item.id.as_str(), "name": item.id.name(), "type": item.type_ });
    if let (Json::Object(after), Json::Object(body)) = (&mut after, &body) {
        after.extend(body.clone());
    }
    let before = world.standing(&folded).map(|object| lists::whole_body(world, object).into_owned());
    let before = before.or_else(|| references::element(world, &folded).cloned());
    let (kind, delta) = match &before {
        None => ("Create", Vec::new()),
        Some(_) if !whole => ("Deploy", Vec::new()),
        Some(before) => {
            let mut delta = Vec::new();
            differences(before, &body, "", &mut delta);
            (if delta.is_empty() { "NoChange" } else { "Modify" }, delta)
        }
    };
    let mut change = json!({ "resourceId": item.id.as_str(), "changeType": kind });
    if whole {
        if let Some(before) = before {
            change["before"] = before;
        }
        change["after"] = after;
        if kind == "Modify" {
            change["delta"] = Json::Array(delta);
        }
    }
    change
}

/// The properties that differ from the existing resource. Properties that the template leaves out belong to the
/// provider.
fn differences(before: &Json, written: &Json, at: &str, delta: &mut Vec<Json>) {
    match (before, written) {
        (Json::Object(before), Json::Object(written)) => {
            for (name, value) in written.iter().filter(|(name, _)| !at.is_empty() || name.as_str() != "id") {
                let path = if at.is_empty() { name.clone() } else { format!("{at}.{name}") };
                match before.get(name) {
                    Some(old) => differences(old, value, &path, delta),
                    None if value.is_null() => {}
                    None => delta
                        .push(json!({ "path": path, "propertyChangeType": "Create", "before": null, "after": value })),
                }
            }
        }
        (before, written) if same(before, written, at) => {}
        (before, written) => {
            let kind = if written.is_array() { "Array" } else { "Modify" };
            delta.push(json!({ "path": at, "propertyChangeType": kind, "before": before, "after": written }));
        }
    }
}

fn same(before: &Json, written: &Json, at: &str) -> bool {
    match (before, written) {
        (Json::String(before), Json::String(written)) if at == "location" => same_region(before, written),
        (Json::String(before), Json::String(written)) if before.starts_with('/') => {
            before.eq_ignore_ascii_case(written)
        }
        (Json::Array(before), Json::Array(written)) => {
            let mut delta = Vec::new();
            before
                .iter()
                .zip(written)
                .for_each(|(before, written)| differences(before, written, "element", &mut delta));
            before.len() == written.len() && delta.is_empty()
        }
        (before, written) => before == written,
    }
}
