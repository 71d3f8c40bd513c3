//! Objects of clusters in the world: workloads with the plan of their pods, and everything else as it is.

use std::collections::BTreeSet;

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use serde_json::{Value as Json, json};

use super::super::ids::{self, PREFIX, WorkloadKind};
use super::super::kinds::workload::{START, STOP};
use super::NAME;
use super::clusters::Cluster;
use super::pods::{Pace, Plan, Pod};
use super::state::KubernetesState;
use crate::object::ObjectId;
use crate::simulator::dialect::ProviderName;
use crate::simulator::world::{Lifecycle, SimulatedObject, World};

/// The property of a body with what the simulator keeps about a workload.
const OWN: &str = "simulated";
/// The word under which the index of the world has all objects of clusters.
pub(super) const WORD: &str = "object of a cluster";
/// The time until a controller has seen a change.
const LAG: SignedDuration = SignedDuration::from_millis(200);
/// The types of objects.
pub(super) const NAMESPACE: &str = "Namespace";
pub(super) const CONFIG_MAP: &str = "ConfigMap";
pub(super) const AUTOSCALER: &str = "HorizontalPodAutoscaler";

/// State of a workload beside its body: the pods, and settings of the simulator.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub(super) struct Course {
    /// The time of the last change.
    #[serde(default)]
    pub(super) changed: Timestamp,
    /// The generation before it.
    #[serde(default)]
    pub(super) generation: u64,
    /// The resource version of it.
    #[serde(default)]
    pub(super) version: u64,
    #[serde(default)]
    pub(super) pods: Vec<Pod>,
    /// Seconds until a pod is ready, where they are other than usual.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) start: Option<i64>,
    /// Seconds until a pod that ends is gone, where they are other than usual.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) stop: Option<i64>,
    /// The reason for which new pods do not start, as in `ImagePullBackOff` or `Unschedulable`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) waiting: Option<String>,
}

impl Course {
    /// True once the controller has seen the last change.
    pub(super) fn is_seen(&self, now: Timestamp) -> bool {
        now >= self.changed + LAG
    }

    /// The resource version at a time: it grows with everything that happens.
    pub(super) fn version(&self, now: Timestamp) -> u64 {
        let later = self.instants().into_iter().filter(|instant| *instant > self.changed && *instant <= now).count();
        self.version + u64::try_from(later).unwrap_or_default()
    }

    fn instants(&self) -> BTreeSet<Timestamp> {
        let seen = self.changed + LAG;
        self.pods.iter().flat_map(Pod::instants).filter(|at| *at < Timestamp::MAX).chain([seen]).collect()
    }

    /// The versions that it will take.
    fn ahead(&self) -> u64 {
        let later = self.instants().into_iter().filter(|instant| *instant > self.changed).count();
        u64::try_from(later).unwrap_or_default()
    }
}

/// A workload of a cluster.
#[derive(Debug, Clone)]
pub(super) struct Workload {
    pub(super) kind: WorkloadKind,
    /// The body without status.
    pub(super) body: Json,
    pub(super) course: Course,
}

impl Workload {
    pub(super) fn name(&self) -> &str {
        super::text(&self.body, "/metadata/name")
    }

    pub(super) fn namespace(&self) -> &str {
        super::text(&self.body, "/metadata/namespace")
    }

    pub(super) fn replicas(&self) -> u64 {
        self.body.pointer("/spec/replicas").and_then(Json::as_u64).unwrap_or(1)
    }

    pub(super) fn generation(&self) -> u64 {
        self.body.pointer("/metadata/generation").and_then(Json::as_u64).unwrap_or(1)
    }

    /// The digest of the template, as names of pods have it.
    pub(super) fn hash(&self, world: &World) -> String {
        let template = self.body.pointer("/spec/template").unwrap_or(&Json::Null).to_string();
        let guid = world.seed.guid(&[NAME, "template", self.name(), &template]).replace('-', "");
        guid.chars().take(10).collect()
    }
}

/// The key of an object with this id.
pub(super) fn key(id: &ObjectId) -> String {
    SimulatedObject::key_of(&ProviderName::of(NAME), id)
}

/// The id of an object of a cluster.
pub(super) fn id(cluster: &Cluster, namespace: &str, kind: &str, name: &str) -> ObjectId {
    ObjectId::new(format!("{PREFIX}{}/namespaces/{namespace}/{kind}/{name}", cluster.id))
}

/// The objects of a cluster, in the order of their keys.
fn of_cluster<'w>(world: &'w World, cluster: &Cluster) -> impl Iterator<Item = &'w SimulatedObject> + use<'w> {
    let prefix = key(&ObjectId::new(format!("{PREFIX}{}/namespaces", cluster.id)));
    world.below(&prefix).map(|(_, object)| object)
}

/// The workloads of a kind: of a namespace, or of all.
pub(super) fn workloads(
    world: &World,
    cluster: &Cluster,
    namespace: Option<&str>,
    kind: WorkloadKind,
) -> Vec<Workload> {
    let of_kind = of_cluster(world, cluster).filter(|object| object.type_ == kind.name());
    let all = of_kind.filter_map(read);
    all.filter(|one| namespace.is_none_or(|namespace| one.namespace() == namespace)).collect()
}

/// A workload by its name.
pub(super) fn workload(
    world: &World,
    cluster: &Cluster,
    namespace: &str,
    (kind, name): (WorkloadKind, &str),
) -> Option<Workload> {
    read(world.object(&key(&ids::id(cluster.id.as_str(), namespace, kind, name)))?)
}

fn read(object: &SimulatedObject) -> Option<Workload> {
    let kind = WorkloadKind::named(&object.type_)?;
    let mut body = object.body.to_json();
    let own = body.as_object_mut()?.remove(OWN);
    let course = own.and_then(|own| serde_json::from_value(own).ok()).unwrap_or_default();
    Some(Workload { kind, body, course })
}

/// The next resource version.
fn next_version(world: &mut World, ahead: u64) -> u64 {
    world.changes.rest = true;
    let state: &mut KubernetesState = world.parts.get_mut();
    state.version += 1;
    let version = state.version;
    state.version += ahead;
    version
}

/// The last resource version.
pub(super) fn version(world: &World) -> u64 {
    world.parts.get::<KubernetesState>().version.max(1)
}

/// Stores a changed workload. Where the number of its pods or their template changed, the pods follow.
pub(super) fn keep(world: &mut World, cluster: &Cluster, mut workload: Workload, before: Option<&Workload>) {
    let now = world.now;
    let spec = |of: &Workload| of.body.get("spec").cloned();
    let is_changed = before.is_none_or(|before| spec(before) != spec(&workload));
    if is_changed {
        workload.course.generation = before.map_or(0, Workload::generation);
        let generation = workload.course.generation + 1;
        workload.body["metadata"]["generation"] = json!(generation);
        workload.course.changed = now;
        workload.course.pods = planned(world, &workload);
    }
    let ahead = workload.course.ahead();
    let next = next_version(world, ahead);
    // Instants that have passed since the last change count from there.
    let passed = workload.course.version(now) - workload.course.version;
    workload.course.version = next.saturating_sub(passed);
    let Workload { kind, mut body, course } = workload;
    let (namespace, name) =
        (super::text(&body, "/metadata/namespace").to_owned(), super::text(&body, "/metadata/name").to_owned());
    body[OWN] = serde_json::to_value(&course).unwrap_or_default();
    put(world, ids::id(cluster.id.as_str(), &namespace, kind, &name), kind.name(), body);
}

/// The pods that follow from the body of a workload.
fn planned(world: &World, workload: &Workload) -> Vec<Pod> {
    let Course { start, stop, waiting, pods, changed, .. } = &workload.course;
    let instant = world.rest.faults.instant();
    let seconds = |own: Option<i64>, usual: u32| {
        if instant { SignedDuration::ZERO } else { SignedDuration::from_secs(own.unwrap_or(i64::from(usual)).max(0)) }
    };
    let hash = workload.hash(world);
    let policy = super::text(&workload.body, "/spec/podManagementPolicy");
    let plan = Plan {
        kind: workload.kind,
        name: workload.name(),
        hash: &hash,
        replicas: usize::try_from(workload.replicas()).unwrap_or_default(),
        parallel: policy == "Parallel",
        pace: Pace { start: waiting.is_none().then(|| seconds(*start, START)), stop: seconds(*stop, STOP) },
    };
    let made = changed.as_nanosecond().to_string();
    let mut number = 0_u32;
    let mut draw = || {
        number += 1;
        let guid = world.seed.guid(&[NAME, "pod", workload.name(), &made, &number.to_string()]).replace('-', "");
        guid.chars().take(5).collect()
    };
    plan.pods(pods, world.now, &mut draw)
}

/// Stores an object.
fn put(world: &mut World, id: ObjectId, type_: &str, body: Json) {
    let version = world.object(&key(&id)).map_or(0, |object| object.version + 1);
    world.insert(SimulatedObject {
        id,
        provider: ProviderName::of(NAME),
        type_: type_.to_owned(),
        body: body.into(),
        stage: Lifecycle::Standing,
        version,
        refers: Default::default(),
        operation: None,
        hollow: false,
    });
}

/// Stores an object of another kind, with a new version.
pub(super) fn keep_other(world: &mut World, cluster: &Cluster, kind: &str, mut body: Json) -> Json {
    let version = next_version(world, 0);
    body["metadata"]["resourceVersion"] = json!(version.to_string());
    let name = super::text(&body, "/metadata/name").to_owned();
    let namespace = match kind {
        NAMESPACE => name.clone(),
        _ => super::text(&body, "/metadata/namespace").to_owned(),
    };
    put(world, id(cluster, &namespace, kind, &name), kind, body.clone());
    body
}

/// The objects of another kind.
pub(super) fn others(world: &World, cluster: &Cluster, namespace: Option<&str>, kind: &str) -> Vec<Json> {
    let all = of_cluster(world, cluster).filter(|object| object.type_ == kind).map(|object| object.body.to_json());
    all.filter(|body| namespace.is_none_or(|namespace| super::text(body, "/metadata/namespace") == namespace)).collect()
}

/// An object of another kind by its name.
pub(super) fn other(world: &World, cluster: &Cluster, namespace: &str, kind: &str, name: &str) -> Option<Json> {
    Some(world.object(&key(&id(cluster, namespace, kind, name)))?.body.to_json())
}

/// Deletes an object.
pub(super) fn remove(world: &mut World, cluster: &Cluster, namespace: &str, kind: &str, name: &str) {
    next_version(world, 0);
    world.take(&key(&id(cluster, namespace, kind, name)));
}

/// The namespaces of a cluster: those that were created, and those of its objects.
pub(super) fn namespaces(world: &World, cluster: &Cluster) -> BTreeSet<String> {
    let own = of_cluster(world, cluster).map(|object| match object.type_.as_str() {
        NAMESPACE => super::text(&object.body, "/metadata/name").to_owned(),
        _ => super::text(&object.body, "/metadata/namespace").to_owned(),
    });
    own.chain(["default".to_owned(), "kube-system".to_owned()]).collect()
}

/// Removes the objects of clusters that no longer exist.
pub(super) fn forget_lost_clusters(world: &mut World) {
    let is_lost = |id: &ObjectId| {
        let cluster = id.as_str().strip_prefix(PREFIX).and_then(|rest| rest.split_once("/namespaces/"));
        cluster.is_some_and(|(cluster, _)| world.object(&ObjectId::new(cluster).folded()).is_none())
    };
    let all = world.under(WORD).filter(|key| world.object(key).is_some_and(|object| is_lost(&object.id)));
    let lost: Vec<String> = all.cloned().collect();
    for key in lost {
        world.take(&key);
    }
}
