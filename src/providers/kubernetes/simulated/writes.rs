//! Creations and changes of workloads.

use serde_json::{Map, Value as Json, json};

use super::super::ids::WorkloadKind;
use super::super::yaml;
use super::answers::{Refused, Resource};
use super::clusters::Cluster;
use super::store::{self, Workload};
use super::{NAME, patch, status, text};
use crate::simulator::request::Request;
use crate::simulator::world::World;

/// Types of patches.
const MERGE: &str = "application/merge-patch+json";
const STRATEGIC: &str = "application/strategic-merge-patch+json";
const OPERATIONS: &str = "application/json-patch+json";
const APPLY: &str = "application/apply-patch+yaml";

/// The resource of a kind, as errors name it.
pub(super) fn resource(kind: WorkloadKind) -> Resource {
    Resource::apps(kind.plural())
}

/// The type of a request's body.
fn media_type(request: &Request) -> &str {
    request.header("content-type").unwrap_or_default().split(';').next().unwrap_or_default().trim()
}

/// The body of a request, which is an object.
pub(super) fn body(request: &Request) -> Result<Json, Refused> {
    let why = "the request body is no object of the API";
    match media_type(request) {
        "application/json" | "" => match &request.body {
            Ok(Some(body)) if body.is_object() => Ok(body.clone()),
            _ => Err(Refused::body(why)),
        },
        "application/yaml" => {
            let text = std::str::from_utf8(&request.bytes).map_err(|_| Refused::body(why))?;
            let mut all = yaml::documents(text).map_err(Refused::body)?;
            all.pop().filter(Json::is_object).ok_or_else(|| Refused::body(why))
        }
        _ => Err(Refused::media_type()),
    }
}

/// The body of a merge patch or of a JSON patch.
pub(super) fn merge_patch(request: &Request) -> Result<Json, Refused> {
    match (media_type(request), &request.body) {
        (MERGE | STRATEGIC, Ok(Some(body))) if body.is_object() => Ok(body.clone()),
        (OPERATIONS, Ok(Some(body))) if body.is_array() => Ok(body.clone()),
        (MERGE | STRATEGIC | OPERATIONS, _) => Err(Refused::body("the patch cannot be read")),
        _ => Err(Refused::media_type()),
    }
}

/// The manager of fields that a request names, or the name of its client.
fn manager(request: &Request) -> String {
    let named = request.query.get("fieldManager").cloned();
    let client = || request.header("user-agent").unwrap_or("unknown").split('/').next().unwrap_or_default().to_owned();
    named.unwrap_or_else(client)
}

/// Records who set the number of pods. Nobody owns a number of zero, which the scale leaves out.
pub(super) fn own_replicas(world: &World, workload: &mut Workload, request: &Request, operation: &str, is_scale: bool) {
    let manager = manager(request);
    let replicas = workload.replicas();
    let fields = &mut workload.body["metadata"]["managedFields"];
    if !fields.is_array() {
        *fields = json!([]);
    }
    let Some(list) = fields.as_array_mut() else { return };
    list.retain(|one| one.pointer("/fieldsV1/f:spec/f:replicas").is_none());
    if replicas == 0 && is_scale {
        return;
    }
    let mut entry = json!({
        "manager": manager, "operation": operation, "apiVersion": "apps/v1", "time": status::second(world.now),
        "fieldsType": "FieldsV1", "fieldsV1": { "f:spec": { "f:replicas": {} } },
    });
    if is_scale {
        entry["subresource"] = json!("scale");
    }
    list.push(entry);
}

/// Creates a workload.
pub(super) fn create(
    world: &mut World,
    cluster: &Cluster,
    request: &Request,
    namespace: &str,
    kind: WorkloadKind,
) -> Result<Json, Refused> {
    let body = body(request)?;
    if !store::namespaces(world, cluster).contains(namespace) {
        return Err(Refused::absent(Resource::core("namespaces"), namespace));
    }
    let workload = new(world, namespace, kind, body)?;
    let name = workload.name().to_owned();
    if store::workload(world, cluster, namespace, (kind, &name)).is_some() {
        return Err(Refused::exists(resource(kind), &name));
    }
    store::keep(world, cluster, workload, None);
    read(world, cluster, namespace, (kind, &name))
}

/// A workload as a read returns it.
fn read(
    world: &World,
    cluster: &Cluster,
    namespace: &str,
    (kind, name): (WorkloadKind, &str),
) -> Result<Json, Refused> {
    let workload = store::workload(world, cluster, namespace, (kind, name));
    workload.map(|one| status::shown(world, &one)).ok_or_else(|| Refused::absent(resource(kind), name))
}

/// A new workload of this body, with what the server fills in.
///
/// # Errors
/// The body lacks what a workload must have.
pub(super) fn new(world: &World, namespace: &str, kind: WorkloadKind, body: Json) -> Result<Workload, Refused> {
    let name = text(&body, "/metadata/name").to_owned();
    if name.is_empty() {
        let why = "Required value: name or generateName is required".to_owned();
        return Err(Refused::field(("apps", kind.name()), "", "metadata.name", ("FieldValueRequired", why)));
    }
    let mut spec = body.get("spec").cloned().unwrap_or_else(|| json!({}));
    check(kind, &name, &spec)?;
    fill(kind, &mut spec);
    let mut metadata = Map::new();
    metadata.insert("name".to_owned(), json!(name));
    metadata.insert("namespace".to_owned(), json!(namespace));
    metadata.insert("uid".to_owned(), json!(world.seed.guid(&[NAME, kind.name(), namespace, &name])));
    metadata.insert("generation".to_owned(), json!(1));
    metadata.insert("creationTimestamp".to_owned(), json!(status::second(world.now)));
    for part in ["labels", "annotations", "managedFields"] {
        if let Some(value) = body.pointer(&format!("/metadata/{part}")) {
            metadata.insert(part.to_owned(), value.clone());
        }
    }
    if kind == WorkloadKind::Deployment {
        let annotations = metadata.entry("annotations").or_insert_with(|| json!({}));
        annotations["deployment.kubernetes.io/revision"] = json!("1");
    }
    let course = body.get("simulated").cloned().map(serde_json::from_value).transpose();
    let course = course.map_err(|error| Refused::body(format!("simulated: {error}")))?.unwrap_or_default();
    let body = json!({ "kind": kind.name(), "apiVersion": "apps/v1", "metadata": metadata, "spec": spec });
    Ok(Workload { kind, body, course })
}

/// Refuses a workload without selector, or whose containers have no image.
fn check(kind: WorkloadKind, name: &str, spec: &Json) -> Result<(), Refused> {
    let required = |field: &str| {
        let cause = ("FieldValueRequired", "Required value".to_owned());
        Err(Refused::field(("apps", kind.name()), name, field, cause))
    };
    if spec.pointer("/selector/matchLabels").is_none() && spec.pointer("/selector/matchExpressions").is_none() {
        return required("spec.selector");
    }
    let containers = spec.pointer("/template/spec/containers").and_then(Json::as_array);
    let Some(containers) = containers.filter(|containers| !containers.is_empty()) else {
        return required("spec.template.spec.containers");
    };
    for (at, container) in containers.iter().enumerate() {
        if text(container, "/image").is_empty() {
            return required(&format!("spec.template.spec.containers[{at}].image"));
        }
    }
    Ok(())
}

/// The defaults of the server, at the places that are empty.
fn fill(kind: WorkloadKind, spec: &mut Json) {
    let fill = |at: &mut Json, defaults: Json| {
        let (Json::Object(map), Json::Object(defaults)) = (at, defaults) else { return };
        for (name, value) in defaults {
            map.entry(name).or_insert(value);
        }
    };
    fill(spec, json!({ "replicas": 1, "revisionHistoryLimit": 10 }));
    let containers = spec.pointer_mut("/template/spec/containers").and_then(Json::as_array_mut);
    for container in containers.into_iter().flatten() {
        let defaults = json!({
            "resources": {}, "terminationMessagePath": "/dev/termination-log", "terminationMessagePolicy": "File",
            "imagePullPolicy": "IfNotPresent",
        });
        fill(container, defaults);
    }
    if let Some(pod) = spec.pointer_mut("/template/spec") {
        let defaults = json!({
            "restartPolicy": "Always", "terminationGracePeriodSeconds": 30, "dnsPolicy": "ClusterFirst",
            "securityContext": {}, "schedulerName": "default-scheduler",
        });
        fill(pod, defaults);
    }
    let defaults = match kind {
        WorkloadKind::Deployment => json!({
            "strategy": {
                "type": "RollingUpdate", "rollingUpdate": { "maxUnavailable": "25%", "maxSurge": "25%" },
            },
            "progressDeadlineSeconds": 600,
        }),
        WorkloadKind::StatefulSet => json!({
            "serviceName": "", "podManagementPolicy": "OrderedReady",
            "updateStrategy": { "type": "RollingUpdate", "rollingUpdate": { "partition": 0 } },
            "persistentVolumeClaimRetentionPolicy": { "whenDeleted": "Retain", "whenScaled": "Retain" },
        }),
    };
    fill(spec, defaults);
}

/// Fields that the specification of a workload may have.
const SPEC: &[&str] = &[
    "replicas",
    "selector",
    "template",
    "strategy",
    "minReadySeconds",
    "revisionHistoryLimit",
    "paused",
    "progressDeadlineSeconds",
    "volumeClaimTemplates",
    "serviceName",
    "podManagementPolicy",
    "updateStrategy",
    "persistentVolumeClaimRetentionPolicy",
    "ordinals",
];

/// Changes a workload in part.
pub(super) fn change(
    world: &mut World,
    cluster: &Cluster,
    request: &Request,
    before: Workload,
) -> Result<Json, Refused> {
    let name = before.name().to_owned();
    let (mut changed, kind) = (before.clone(), before.kind);
    match (media_type(request), &request.body) {
        (APPLY, _) => apply(world, request, &mut changed)?,
        (STRATEGIC, Ok(Some(body))) if body.is_object() => patch::strategic(&mut changed.body, body),
        (MERGE, Ok(Some(body))) if body.is_object() => patch::merge(&mut changed.body, body),
        (OPERATIONS, Ok(Some(Json::Array(operations)))) => {
            changed.body = patch::json(&before.body, operations).ok_or_else(Refused::failed_test)?;
        }
        (STRATEGIC | MERGE | OPERATIONS, _) => return Err(Refused::body("the patch cannot be read")),
        _ => return Err(Refused::media_type()),
    }
    let sent = text(&changed.body, "/metadata/resourceVersion");
    if !sent.is_empty() && sent != before.course.version(world.now).to_string() {
        return Err(Refused::conflict(resource(kind), &name));
    }
    if let Some(metadata) = changed.body.get_mut("metadata").and_then(Json::as_object_mut) {
        metadata.remove("resourceVersion");
    }
    let spec = changed.body.get("spec").cloned().unwrap_or_default();
    let unknown = spec.as_object().into_iter().flatten().find(|(field, _)| !SPEC.contains(&field.as_str()));
    if let Some((field, _)) = unknown {
        // Without strict validation, the server drops what it does not know.
        if request.query.get("fieldValidation").is_some_and(|mode| mode == "Strict") {
            return Err(Refused::patch(
                &changed.body,
                &format!("strict decoding error: unknown field \"spec.{field}\""),
            ));
        }
        let field = field.clone();
        if let Some(spec) = changed.body["spec"].as_object_mut() {
            spec.remove(&field);
        }
    }
    check(kind, &name, &changed.body["spec"])?;
    let replicas = changed.body.pointer("/spec/replicas").and_then(Json::as_i64).unwrap_or(1);
    if replicas < 0 {
        let why = format!("Invalid value: {replicas}: must be greater than or equal to 0");
        return Err(Refused::field(("apps", kind.name()), &name, "spec.replicas", ("FieldValueInvalid", why)));
    }
    if request.query.get("dryRun").is_some_and(|dry| dry == "All") {
        return Ok(status::shown(world, &changed));
    }
    if changed.body != before.body {
        store::keep(world, cluster, changed, Some(&before));
    }
    read(world, cluster, before.namespace(), (kind, &name))
}

/// Server-side apply, as far as it is about the number of pods: a manager that applies another number than the owner's
/// is refused, unless it forces.
fn apply(world: &World, request: &Request, workload: &mut Workload) -> Result<(), Refused> {
    let text = std::str::from_utf8(&request.bytes).map_err(|_| Refused::body("the patch is no text"))?;
    let applied = yaml::documents(text).map_err(Refused::body)?.pop().unwrap_or_default();
    let own = manager(request);
    let replicas = applied.pointer("/spec/replicas").and_then(Json::as_u64);
    if let Some(replicas) = replicas.filter(|replicas| *replicas != workload.replicas()) {
        let fields = workload.body.pointer("/metadata/managedFields").and_then(Json::as_array);
        let mut owners =
            fields.into_iter().flatten().filter(|one| one.pointer("/fieldsV1/f:spec/f:replicas").is_some());
        let other = owners.find(|one| one["manager"] != own.as_str());
        let is_forced = request.query.get("force").is_some_and(|force| force == "true");
        if let Some(other) = other.filter(|_| !is_forced) {
            let through = match super::text(other, "/subresource") {
                "" => String::new(),
                part => format!(" with subresource \"{part}\""),
            };
            let owner = format!("\"{}\"{through}", super::text(other, "/manager"));
            return Err(Refused::owned(&owner, ".spec.replicas"));
        }
        workload.body["spec"]["replicas"] = json!(replicas);
    }
    let mut rest = applied;
    if let Some(spec) = rest.get_mut("spec").and_then(Json::as_object_mut) {
        spec.remove("replicas");
    }
    patch::strategic(&mut workload.body, &rest);
    if replicas.is_some() {
        own_replicas(world, workload, request, "Apply", false);
    }
    Ok(())
}
