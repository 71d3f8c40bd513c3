//! The scale subresource of a workload.

use serde_json::{Value as Json, json};

use super::answers::Refused;
use super::clusters::Cluster;
use super::status;
use super::store::{self, Workload};
use super::writes::{self, resource};
use super::{patch, text};
use crate::simulator::request::{HttpMethod, Request};
use crate::simulator::world::World;

/// The scale of a workload as a read returns it. A number of zero is left out.
pub(super) fn shown(world: &World, workload: &Workload) -> Json {
    let body = status::shown(world, workload);
    let at = |pointer: &str| body.pointer(pointer).cloned().unwrap_or_default();
    let replicas = workload.replicas();
    let spec = if replicas == 0 { json!({}) } else { json!({ "replicas": replicas }) };
    let running = body.pointer("/status/replicas").and_then(Json::as_u64).unwrap_or_default();
    json!({
        "kind": "Scale",
        "apiVersion": "autoscaling/v1",
        "metadata": {
            "name": at("/metadata/name"), "namespace": at("/metadata/namespace"), "uid": at("/metadata/uid"),
            "resourceVersion": at("/metadata/resourceVersion"),
            "creationTimestamp": at("/metadata/creationTimestamp"),
        },
        "spec": spec,
        "status": { "replicas": running, "selector": selector(workload) },
    })
}

/// The selector of a workload's pods, as text.
pub(super) fn selector(workload: &Workload) -> String {
    let labels = workload.body.pointer("/spec/selector/matchLabels").and_then(Json::as_object);
    let terms =
        labels.into_iter().flatten().map(|(name, value)| format!("{name}={}", value.as_str().unwrap_or_default()));
    terms.collect::<Vec<_>>().join(",")
}

/// Changes the number of pods.
pub(super) fn write(
    world: &mut World,
    cluster: &Cluster,
    request: &Request,
    workload: Workload,
) -> Result<Json, Refused> {
    let before = shown(world, &workload);
    let mut wanted = match request.verb {
        HttpMethod::Put => writes::body(request)?,
        HttpMethod::Patch => {
            let changes = writes::merge_patch(request)?;
            let mut wanted = before.clone();
            match changes.as_array() {
                Some(operations) => {
                    wanted = patch::json(&wanted, operations).ok_or_else(Refused::failed_test)?;
                }
                None => patch::merge(&mut wanted, &changes),
            }
            wanted
        }
        _ => return Err(Refused::method()),
    };
    let name = workload.name().to_owned();
    let sent = text(&wanted, "/metadata/resourceVersion");
    if !sent.is_empty() && sent != text(&before, "/metadata/resourceVersion") {
        return Err(Refused::conflict(resource(workload.kind), &name));
    }
    let replicas = wanted.pointer_mut("/spec/replicas").map(Json::take).unwrap_or(json!(0));
    let replicas = match (&replicas, replicas.as_i64()) {
        (_, Some(number)) => number,
        (Json::String(_), None) => {
            let why = "json: cannot unmarshal string into Go struct field ScaleSpec.spec.replicas of type int32";
            wanted["spec"]["replicas"] = replicas;
            return Err(Refused::patch(&wanted, why));
        }
        _ => 0,
    };
    if replicas < 0 {
        let why = format!("Invalid value: {replicas}: must be greater than or equal to 0");
        let cause = ("FieldValueInvalid", why);
        return Err(Refused::field(("autoscaling", "Scale"), &name, "spec.replicas", cause));
    }
    let mut changed = workload.clone();
    changed.body["spec"]["replicas"] = json!(replicas);
    let is_changed = changed.body != workload.body;
    if is_changed {
        writes::own_replicas(world, &mut changed, request, "Update", true);
    }
    if request.query.get("dryRun").is_some_and(|dry| dry == "All") {
        return Ok(shown_as(&before, replicas));
    }
    // A change of nothing is stored nowhere.
    if is_changed {
        store::keep(world, cluster, changed, Some(&workload));
    }
    let kept = store::workload(world, cluster, workload.namespace(), (workload.kind, &name)).unwrap_or(workload);
    Ok(shown(world, &kept))
}

/// The scale before, with another number of pods.
fn shown_as(before: &Json, replicas: i64) -> Json {
    let mut body = before.clone();
    body["spec"] = if replicas == 0 { json!({}) } else { json!({ "replicas": replicas }) };
    body
}
