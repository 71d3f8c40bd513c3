//! The status and the pods of a workload, which follow from the time of a read.

use jiff::Timestamp;
use serde_json::{Map, Value as Json, json};

use super::super::ids::WorkloadKind;
use super::NAME;
use super::pods::Pod;
use super::store::Workload;
use crate::simulator::world::World;

/// The body of a workload as a read returns it.
pub(super) fn shown(world: &World, workload: &Workload) -> Json {
    let mut body = workload.body.clone();
    body["metadata"]["resourceVersion"] = json!(workload.course.version(world.now).to_string());
    body["status"] = status(world, workload);
    body
}

/// The pods that count for the status: those before the last change, until the controller has seen it.
fn counted(workload: &Workload, now: Timestamp) -> (Vec<&Pod>, u64) {
    let course = &workload.course;
    let is_seen = course.is_seen(now);
    let pods = course.pods.iter().filter(|pod| pod.exists(now));
    let pods = pods.filter(|pod| is_seen || pod.born < course.changed || course.generation == 0);
    (pods.collect(), if is_seen { workload.generation() } else { course.generation })
}

/// The status of a workload. The API leaves out zeros.
fn status(world: &World, workload: &Workload) -> Json {
    let now = world.now;
    let (pods, observed) = counted(workload, now);
    if observed == 0 {
        return match workload.kind {
            WorkloadKind::Deployment => json!({}),
            WorkloadKind::StatefulSet => json!({ "replicas": 0, "availableReplicas": 0 }),
        };
    }
    let ends = |pod: &&&Pod| workload.course.is_seen(now) && pod.is_ending(now);
    let hash = workload.hash(world);
    let is_deployment = workload.kind == WorkloadKind::Deployment;
    // A Deployment forgets pods at once that still end; a StatefulSet counts them until they are gone.
    let running: Vec<&&Pod> = pods.iter().filter(|pod| !(is_deployment && ends(pod))).collect();
    let count = |of: &dyn Fn(&Pod) -> bool| running.iter().filter(|pod| of(pod)).count();
    let ready = count(&|pod| pod.is_ready(now));
    let updated = count(&|pod| pod.hash == hash && !pod.is_ending(now));
    let mut status = Map::new();
    status.insert("observedGeneration".to_owned(), json!(observed));
    let mut put = |name: &str, number: usize| {
        if number > 0 {
            status.insert(name.to_owned(), json!(number));
        }
    };
    put("replicas", running.len());
    put("updatedReplicas", updated);
    put("readyReplicas", ready);
    put("availableReplicas", ready);
    let wanted = usize::try_from(workload.replicas()).unwrap_or_default();
    match workload.kind {
        WorkloadKind::Deployment => {
            put("unavailableReplicas", wanted.max(running.len()).saturating_sub(ready));
            status.insert("terminatingReplicas".to_owned(), json!(pods.iter().filter(ends).count()));
            status.insert("conditions".to_owned(), conditions(workload, &hash, ready >= wanted));
        }
        WorkloadKind::StatefulSet => {
            put("currentReplicas", updated);
            let revision = format!("{}-{hash}", workload.name());
            // Zeros of these two are shown.
            status.entry("replicas").or_insert_with(|| json!(0));
            status.entry("availableReplicas").or_insert_with(|| json!(0));
            status.insert("currentRevision".to_owned(), json!(revision));
            status.insert("updateRevision".to_owned(), json!(revision));
            status.insert("collisionCount".to_owned(), json!(0));
        }
    }
    Json::Object(status)
}

fn conditions(workload: &Workload, hash: &str, is_available: bool) -> Json {
    let at = second(workload.course.changed);
    let of = |type_: &str, status: bool, reason: &str, message: String| {
        let status = if status { "True" } else { "False" };
        json!({
            "type": type_, "status": status, "lastUpdateTime": at, "lastTransitionTime": at, "reason": reason,
            "message": message,
        })
    };
    let set = format!("ReplicaSet \"{}-{hash}\"", workload.name());
    let (available, progressing) = match is_available {
        true => (
            of("Available", true, "MinimumReplicasAvailable", "Deployment has minimum availability.".to_owned()),
            of("Progressing", true, "NewReplicaSetAvailable", format!("{set} has successfully progressed.")),
        ),
        false => (
            of(
                "Available",
                false,
                "MinimumReplicasUnavailable",
                "Deployment does not have minimum availability.".to_owned(),
            ),
            of("Progressing", true, "ReplicaSetUpdated", format!("{set} is progressing.")),
        ),
    };
    json!([available, progressing])
}

/// A time as the API writes it.
pub(super) fn second(at: Timestamp) -> String {
    format!("{at:.0}")
}

/// The pods of a workload as reads return them.
pub(super) fn pods(world: &World, workload: &Workload) -> Vec<Json> {
    let now = world.now;
    let all = workload.course.pods.iter().filter(|pod| pod.exists(now));
    all.map(|pod| pod_body(world, workload, pod)).collect()
}

fn pod_body(world: &World, workload: &Workload, pod: &Pod) -> Json {
    let now = world.now;
    let spec = workload.body.pointer("/spec/template/spec").cloned().unwrap_or_default();
    let mut labels = workload.body.pointer("/spec/template/metadata/labels").cloned().unwrap_or_else(|| json!({}));
    let (owner, owner_name) = match workload.kind {
        WorkloadKind::Deployment => ("ReplicaSet", format!("{}-{}", workload.name(), pod.hash)),
        WorkloadKind::StatefulSet => ("StatefulSet", workload.name().to_owned()),
    };
    match workload.kind {
        WorkloadKind::Deployment => labels["pod-template-hash"] = json!(pod.hash),
        WorkloadKind::StatefulSet => labels["statefulset.kubernetes.io/pod-name"] = json!(pod.name),
    }
    let uid = |of: &[&str]| world.seed.guid(&[&[NAME, "uid"], of].concat());
    let mut metadata = json!({
        "name": pod.name, "namespace": workload.namespace(), "uid": uid(&[&pod.name, &second(pod.born)]),
        "resourceVersion": workload.course.version(now).to_string(), "creationTimestamp": second(pod.born),
        "labels": labels,
        "ownerReferences": [{
            "apiVersion": "apps/v1", "kind": owner, "name": owner_name, "uid": uid(&[owner, &owner_name]),
            "controller": true, "blockOwnerDeletion": true,
        }],
    });
    if let Some(ends) = pod.ends.filter(|ends| *ends <= now) {
        let grace = spec.get("terminationGracePeriodSeconds").and_then(Json::as_i64).unwrap_or(30);
        metadata["deletionTimestamp"] = json!(second(ends));
        metadata["deletionGracePeriodSeconds"] = json!(grace);
    }
    let status = pod_status(workload, pod, now, &spec);
    json!({ "kind": "Pod", "apiVersion": "v1", "metadata": metadata, "spec": spec, "status": status })
}

fn pod_status(workload: &Workload, pod: &Pod, now: Timestamp, spec: &Json) -> Json {
    let is_ready = pod.is_ready(now);
    let waiting = workload.course.waiting.as_deref().filter(|_| pod.ready.is_none());
    let flag = |value: bool| if value { "True" } else { "False" };
    if waiting == Some("Unschedulable") {
        let message = "0/3 nodes are available: 3 Insufficient cpu.";
        return json!({
            "phase": "Pending", "qosClass": "BestEffort",
            "conditions": [{
                "type": "PodScheduled", "status": "False", "reason": "Unschedulable", "message": message,
                "lastTransitionTime": second(pod.born),
            }],
        });
    }
    let state = match (is_ready, waiting) {
        (true, _) => json!({ "running": { "startedAt": second(pod.ready.unwrap_or(pod.born)) } }),
        (false, Some(reason)) => json!({ "waiting": { "reason": reason, "message": "Back-off" } }),
        (false, None) => json!({ "waiting": { "reason": "ContainerCreating" } }),
    };
    let containers = spec.get("containers").and_then(Json::as_array).into_iter().flatten();
    let statuses: Vec<Json> = containers
        .map(|one| {
            json!({
                "name": one["name"], "image": one["image"], "imageID": "", "ready": is_ready, "started": is_ready,
                "restartCount": 0, "state": state, "lastState": {},
            })
        })
        .collect();
    let condition = |type_: &str, value: bool, at: Timestamp| json!({ "type": type_, "status": flag(value), "lastProbeTime": null, "lastTransitionTime": second(at) });
    let since = pod.ready.filter(|ready| *ready <= now).unwrap_or(pod.born);
    json!({
        "phase": if is_ready { "Running" } else { "Pending" }, "qosClass": "BestEffort",
        "startTime": second(pod.born), "containerStatuses": statuses,
        "conditions": [
            condition("PodScheduled", true, pod.born), condition("Initialized", true, pod.born),
            condition("ContainersReady", is_ready, since), condition("Ready", is_ready, since),
        ],
    })
}

/// The events of a workload's pods that a reader looks for: why they do not start.
pub(super) fn events(world: &World, workload: &Workload) -> Vec<Json> {
    let Some(waiting) = &workload.course.waiting else { return Vec::new() };
    let stuck = workload.course.pods.iter().filter(|pod| pod.exists(world.now) && pod.ready.is_none());
    let event = |pod: &Pod| {
        let (reason, message) = match waiting.as_str() {
            "Unschedulable" => ("FailedScheduling", "0/3 nodes are available: 3 Insufficient cpu."),
            "ImagePullBackOff" | "ErrImagePull" => ("Failed", "Error: ImagePullBackOff"),
            _ => ("BackOff", "Back-off restarting failed container"),
        };
        let at = second(pod.born);
        let metadata = json!({
            "name": format!("{}.{}", pod.name, &pod.hash), "namespace": workload.namespace(), "creationTimestamp": at,
        });
        json!({
            "kind": "Event", "apiVersion": "v1", "metadata": metadata, "reason": reason, "message": message,
            "type": "Warning", "count": 1, "firstTimestamp": at, "lastTimestamp": at,
            "involvedObject": {
                "kind": "Pod", "namespace": workload.namespace(), "name": pod.name, "apiVersion": "v1",
            },
            "source": { "component": "default-scheduler" },
        })
    };
    stuck.map(event).collect()
}
