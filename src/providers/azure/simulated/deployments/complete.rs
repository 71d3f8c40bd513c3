//! The complete mode: a deployment deletes what else is in its resource group.

use jiff::SignedDuration;

use super::{Deployment, DeploymentMode, DeploymentResource, ResourceState, named, request};
use crate::object::ObjectId;
use crate::providers::azure::simulated::admitted::AdmittedRequest;
use crate::providers::azure::simulated::target::{self, Target};
use crate::providers::azure::simulated::{SUBSCRIPTION, dispatch, state, types};
use crate::simulator::request::HttpMethod;
use crate::simulator::world::World;

/// Passes over the resources to delete: one that another needs goes once that one is gone.
const PASSES: u32 = 60;
/// Seconds between two passes.
const PAUSE: i64 = 5;
/// The maximum nesting of deployments.
const DEEPEST: u32 = 5;

/// Resources of a group that a complete deployment to it does not name: those directly in the group. Children and
/// extensions go with them.
pub(in crate::providers::azure::simulated) fn others(
    world: &World,
    scope: &ObjectId,
    named: &dyn Fn(&ObjectId) -> bool,
) -> Vec<ObjectId> {
    let depth = scope.as_str().matches('/').count() + 4;
    let around = scope.folded();
    let found = world.below(&around).map(|(_, object)| object).filter(|object| object.seen());
    let found = found.filter(|object| object.id.as_str().matches('/').count() == depth);
    found.map(|object| object.id.clone()).filter(|id| !named(id)).collect()
}

/// Deletes the resources that a complete deployment does not name. True while some of them still exist.
pub(in crate::providers::azure::simulated) fn is_deleting_others(
    world: &mut World,
    deployment: &mut Deployment,
) -> bool {
    let failed = |part: &DeploymentResource| matches!(part.state, ResourceState::Failed(_) | ResourceState::NotBegun);
    if deployment.mode != DeploymentMode::Complete || deployment.parts.iter().any(failed) {
        return false;
    }
    let (next, passes) = deployment.purge.unwrap_or((world.now, 0));
    if next > world.now {
        deployment.next = Some(next);
        return true;
    }
    let mut kept = Vec::new();
    names(world, &deployment.parts, 0, &mut kept);
    let is_named = |id: &ObjectId| kept.iter().any(|kept| kept == id || id.contains(kept));
    for id in others(world, &deployment.scope, &is_named) {
        delete_other(world, &id);
    }
    let next = world.now + SignedDuration::from_secs(PAUSE);
    (deployment.purge, deployment.next) = (Some((next, passes + 1)), Some(next));
    passes < PASSES && !others(world, &deployment.scope, &is_named).is_empty()
}

/// The resources that a deployment and its nested ones name. One whose condition is false counts as not named
/// (source: the documentation of the mode).
fn names(world: &World, parts: &[DeploymentResource], depth: u32, into: &mut Vec<ObjectId>) {
    for part in parts.iter().filter(|part| part.state != ResourceState::Skipped) {
        into.push(part.id.clone());
        if let Some(inner) = state::of(world).deployments.get(&part.id.folded()).filter(|_| depth < DEEPEST) {
            names(world, &inner.parts, depth + 1, into);
        }
    }
}

/// Begins a deletion. What refuses it, such as another resource that needs this one, may be gone at the next pass.
fn delete_other(world: &mut World, id: &ObjectId) {
    let Ok(path) = named(id) else { return };
    let api = path.type_.clone();
    let Some(type_) = types::find(&api) else { return };
    let request = request(HttpMethod::Delete, id, type_.api, serde_json::Value::Null);
    let Ok(target @ Target::Resource(_)) = target::parse(&request.path, SUBSCRIPTION) else {
        return;
    };
    drop(dispatch::dispatch(world, target, AdmittedRequest { request: &request, api: type_.api, fails: None }));
}
