//! Effects of operations when they end.

use serde_json::Value as Json;

use super::control;
use super::ec2::{disks, images, snapshots};
use super::machines;
use super::names;
use super::store::{region, text};
use crate::simulator::operations::{Operation, OperationKind, OperationState};
use crate::simulator::world::{Lifecycle, World};

/// Ends an operation.
pub(super) fn end(world: &mut World, operation: Operation) {
    let Some(posted) = operation.posted.clone() else { return world.finish(operation) };
    let key = operation.object();
    let Some(object) = world.object(&key) else { return world.finish(operation) };
    let (own, body, type_) = (region(object), object.body.to_json(), object.type_.clone());
    let at = own.unwrap_or_default();
    let failure = operation.fails.clone();
    let act = operation.act;
    // A machine that is terminated while it starts does not start any more.
    if posted.action.starts_with(machines::ACTIONS) && object.operation.as_ref() != Some(&operation.key) {
        return world.keep_operation(Operation { progress: OperationState::Succeeded, ..operation });
    }
    world.finish(operation);
    let failed = failure.as_ref();
    let id = |name: &str| text(&body, name).to_owned();
    match posted.action.as_str() {
        control::ACTION => {
            let (token, asked) = (text(&posted.body, "request"), text(&posted.body, "region"));
            let is_gone = matches!((act, failed), (OperationKind::Delete, None) | (OperationKind::Create, Some(_)));
            if is_gone && let Some(handler) = control::handler(&type_) {
                (handler.gone)(world, asked, &body);
            }
            let model = (act != OperationKind::Delete).then_some(&body);
            control::ended(world, asked, token, failed, model);
        }
        control::REFUSAL => {
            hide(world, &key);
            control::ended(world, &at, text(&body, "RequestToken"), failed, None);
        }
        images::ACTION => images::ended(world, &at, &id("ImageId"), &posted.body, failed),
        snapshots::ACTION => snapshots::complete(world, &at, &id("SnapshotId"), failed),
        disks::CREATE | disks::ATTACH | disks::DETACH => {
            disks::ended(world, &at, &id("VolumeId"), &posted.action, failed);
        }
        names::ACTION => {
            hide(world, &key);
            names::ended(world, &key);
        }
        action => machines::ended(world, &at, &id("InstanceId"), action, failed),
    }
}

/// Hides an object that no list has, after its operation.
fn hide(world: &mut World, key: &str) {
    world.change(key, |object| object.stage = Lifecycle::Hidden);
}

/// Removes what belongs to an object that somebody deletes outside the API.
pub(super) fn gone(world: &mut World, key: &str) {
    let Some(object) = world.take(key) else { return };
    let at = region(&object).unwrap_or_default();
    let body: Json = object.body.into();
    if let Some(handler) = control::handler(&object.type_) {
        (handler.gone)(world, &at, &body);
    }
}
