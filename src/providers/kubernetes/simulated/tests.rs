//! The dialect, asked over its router, and compared with recordings of a server.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use axum::body::{Body, to_bytes};
use axum::http::Request as HttpRequest;
use jiff::Timestamp;
use serde_json::{Value as Json, json};
use tower::ServiceExt as _;

use crate::object::ObjectId;
use crate::simulator::{Fault, Plane, START, Simulator};
use crate::world::Clock;

const CLUSTER: &str = "/subscriptions/5b9c1c3a-7d44-4f0e-9a52-d1a5e7c0ffee/resourceGroups/shop/providers/\
                       Microsoft.ContainerService/managedClusters/shop";
const DEPLOYMENTS: &str = "/apis/apps/v1/namespaces/shop/deployments";

/// A clock in milliseconds that only the test advances.
struct ManualClock(AtomicI64);

#[async_trait]
impl Clock for ManualClock {
    fn now(&self) -> Timestamp {
        Timestamp::from_millisecond(self.0.load(Ordering::Relaxed)).unwrap()
    }

    async fn sleep(&self, duration: Duration) {
        self.pass(i64::try_from(duration.as_millis()).unwrap());
    }
}

impl ManualClock {
    fn pass(&self, milliseconds: i64) {
        self.0.fetch_add(milliseconds, Ordering::Relaxed);
    }
}

struct Lab {
    simulator: Simulator,
    clock: Arc<ManualClock>,
    host: String,
}

impl Lab {
    /// A cluster in a resource group, made through the API of its provider.
    async fn new() -> Self {
        let clock = Arc::new(ManualClock(AtomicI64::new(START.as_millisecond())));
        let simulator = Simulator::new(crate::providers::dialects(), 7, clock.clone());
        let mut lab = Self { simulator, clock, host: "management.azure.com".to_owned() };
        let group = CLUSTER.split("/providers").next().unwrap();
        let location = json!({ "location": "westeurope" });
        lab.ask("PUT", &format!("{group}?api-version=2021-04-01"), "application/json", location.to_string()).await;
        let pools = json!([{ "name": "system", "mode": "System", "count": 2, "vmSize": "Standard_D4s_v5" }]);
        let body = json!({
            "location": "westeurope", "identity": { "type": "SystemAssigned" },
            "properties": { "dnsPrefix": "shop", "agentPoolProfiles": pools },
        });
        let kind = crate::providers::catalog().kind("kubernetes_cluster").unwrap();
        let path = format!("{CLUSTER}?api-version={}", kind.type_.version);
        let (status, answer) = lab.ask("PUT", &path, "application/json", body.to_string()).await;
        assert!(status < 300, "{status} {answer}");
        lab.clock.pass(1_800_000);
        lab.simulator.catch_up().unwrap();
        lab.host = lab.simulator.hosts(&ObjectId::new(CLUSTER)).pop().unwrap();
        lab
    }

    async fn ask(&self, verb: &str, path: &str, of: &str, body: String) -> (u16, Json) {
        let (status, text) = self.raw(verb, path, of, "embedded", body).await;
        (status, serde_json::from_str(&text).unwrap_or(Json::String(text)))
    }

    async fn raw(&self, verb: &str, path: &str, of: &str, token: &str, body: String) -> (u16, String) {
        let request = HttpRequest::builder().method(verb).uri(path).header("host", &self.host);
        let request = request.header("content-type", of).header("authorization", format!("Bearer {token}"));
        let request = request.header("user-agent", "kubectl/1.36").body(Body::from(body)).unwrap();
        let answer = self.simulator.router().oneshot(request).await.unwrap();
        let status = answer.status().as_u16();
        let bytes = to_bytes(answer.into_body(), usize::MAX).await.unwrap_or_default();
        (status, String::from_utf8(bytes.to_vec()).unwrap())
    }

    async fn get(&self, path: &str) -> Json {
        let (status, body) = self.ask("GET", path, "application/json", String::new()).await;
        assert_eq!(status, 200, "{path}: {body}");
        body
    }

    async fn scale(&self, path: &str, replicas: i64) -> (u16, Json) {
        let body = json!({ "spec": { "replicas": replicas } }).to_string();
        self.ask("PATCH", &format!("{path}/scale"), "application/merge-patch+json", body).await
    }

    /// Installs a workload, and waits until its pods are ready.
    async fn install(&self, kind: &str, name: &str, replicas: u64) {
        let manifest = json!({
            "kind": kind, "metadata": { "name": name, "namespace": "shop" },
            "spec": {
                "replicas": replicas, "selector": { "matchLabels": { "app": name } },
                "template": {
                    "metadata": { "labels": { "app": name } },
                    "spec": { "containers": [{ "name": "main", "image": "web:1" }] },
                },
            },
        });
        let installed = self.simulator.install("kubernetes", &ObjectId::new(CLUSTER), &manifest.to_string());
        assert_eq!(installed.unwrap().unwrap().len(), 1);
        self.clock.pass(200_000);
    }

    async fn pods(&self) -> usize {
        self.get("/api/v1/namespaces/shop/pods?labelSelector=app%3Dweb").await["items"].as_array().unwrap().len()
    }
}

#[tokio::test]
async fn deployment_forgets_pods_that_still_end() {
    let lab = Lab::new().await;
    lab.install("Deployment", "web", 2).await;
    let path = format!("{DEPLOYMENTS}/web");
    let (status, scale) = lab.scale(&path, 0).await;
    // A number of zero is left out.
    assert_eq!((status, &scale["spec"], &scale["status"]["replicas"]), (200, &json!({}), &json!(2)));
    let at_once = lab.get(&path).await;
    assert_eq!((&at_once["metadata"]["generation"], &at_once["status"]["observedGeneration"]), (&json!(2), &json!(1)));
    assert_eq!(at_once["status"]["readyReplicas"], 2, "the status is still that of before");
    lab.clock.pass(300);
    let soon = lab.get(&path).await;
    assert_eq!((&soon["status"]["observedGeneration"], soon["status"].get("replicas")), (&json!(2), None));
    assert_eq!((lab.pods().await, &soon["status"]["terminatingReplicas"]), (2, &json!(2)));
    lab.clock.pass(10_000);
    assert_eq!(lab.pods().await, 0);
}

#[tokio::test]
async fn stateful_set_counts_its_pods_until_they_are_gone() {
    let lab = Lab::new().await;
    lab.install("StatefulSet", "web", 3).await;
    let path = "/apis/apps/v1/namespaces/shop/statefulsets/web";
    assert_eq!(lab.get(path).await["status"]["readyReplicas"], 3);
    lab.scale(path, 0).await;
    let mut seen = Vec::new();
    for _ in 0..4 {
        lab.clock.pass(300);
        seen.push(lab.get(path).await["status"]["replicas"].as_u64().unwrap());
        lab.clock.pass(9_800);
    }
    assert_eq!(seen, [3, 2, 1, 0]);
}

#[tokio::test]
async fn same_number_again_changes_nothing() {
    let lab = Lab::new().await;
    lab.install("Deployment", "web", 2).await;
    let path = format!("{DEPLOYMENTS}/web");
    let before = lab.get(&path).await;
    lab.scale(&path, 2).await;
    assert_eq!(lab.get(&path).await, before);
    // A rehearsal answers as if done, and stores nothing.
    let dry = format!("{path}/scale?dryRun=All");
    let body = json!({ "spec": { "replicas": 0 } }).to_string();
    let (status, scale) = lab.ask("PATCH", &dry, "application/merge-patch+json", body).await;
    assert_eq!((status, &scale["spec"]), (200, &json!({})));
    assert_eq!(lab.get(&path).await, before);
}

#[tokio::test]
async fn api_is_lost_with_the_region_of_its_cluster() {
    let lab = Lab::new().await;
    lab.install("Deployment", "web", 1).await;
    let path = format!("{DEPLOYMENTS}/web");
    assert_eq!(lab.raw("GET", &path, "", "another", String::new()).await.0, 401);
    lab.simulator.add_fault(Fault::Lose { location: "westeurope".to_owned(), plane: Plane::Both }).unwrap();
    assert_eq!(lab.ask("GET", &path, "", String::new()).await.0, 503);
    lab.simulator.restore("westeurope").unwrap();
    assert_eq!(lab.ask("GET", &path, "", String::new()).await.0, 200);
    // With the cluster, everything in it is gone.
    let id = ObjectId::new(format!("kubernetes:{CLUSTER}/namespaces/shop/Deployment/web"));
    assert!(lab.simulator.body(&id).is_some());
    lab.simulator.delete_object(&ObjectId::new(CLUSTER)).unwrap();
    lab.clock.pass(1_000);
    lab.simulator.catch_up().unwrap();
    assert!(lab.simulator.body(&id).is_none());
}

/// Recordings that the simulator answers otherwise: permissions of a second user, service accounts, and the settings
/// of a server that has them.
const APART: &[&str] = &[
    "operator without rights",
    "role for drplan",
    "binding",
    "operator may not change the deployment",
    "may I? (SelfSubjectAccessReview)",
    "who am I (SelfSubjectReview)",
    "health",
    "list pods by selector",
    "warm: pods as a table",
    "discovery of apps/v1",
    "delete a pod",
    "unknown field, strict",
    "replicas as text",
];

/// The workload of the recordings that several managers change.
const SHOP2: &str = "/apis/apps/v1/namespaces/shop2/deployments/web";

#[tokio::test]
async fn answers_are_those_of_a_recorded_server() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../shared/reference/recordings/kube-apiserver-1.36.2.json");
    let Ok(text) = std::fs::read_to_string(path) else {
        eprintln!("SKIPPED: no recordings of a Kubernetes API server");
        return;
    };
    let entries: Vec<Json> = serde_json::from_str(&text).unwrap();
    let lab = Lab::new().await;
    let mut compared = BTreeSet::new();
    for entry in &entries {
        let title = entry["title"].as_str().unwrap();
        let Some(request) = entry["request"].as_object() else {
            // The series of a status: the pods of the recorded server have settled since.
            lab.clock.pass(200_000);
            continue;
        };
        if APART.contains(&title) || title.starts_with("watch") {
            continue;
        }
        if title == "server-side apply by gitops" {
            // The watch before it saw kubectl scale the workload, whose request is not among the recordings.
            let (path, body) = (format!("{SHOP2}/scale?fieldManager=kubectl"), r#"{"spec":{"replicas":1}}"#);
            lab.raw("PATCH", &path, "application/merge-patch+json", "embedded", body.to_owned()).await;
            lab.clock.pass(100_000);
        }
        let token = if title == "bad token" { "wrong" } else { "embedded" };
        let body = match &request.get("body") {
            None | Some(Json::Null) => String::new(),
            Some(Json::String(text)) => text.clone(),
            Some(body) => body.to_string(),
        };
        let text = |name: &str| request.get(name).and_then(Json::as_str).unwrap_or_default();
        let (status, answer) = lab.raw(text("verb"), text("path"), text("content_type"), token, body).await;
        let answer: Json = serde_json::from_str(&answer).unwrap_or_default();
        assert_eq!(Json::from(status), entry["status"], "{title}: {answer}");
        // A recording may have parts of the answer only.
        let found = difference("", &entry["response"], &answer);
        assert!(found.is_empty(), "{title}: {found:?}");
        compared.insert(title);
        if title.contains("scale") || title.contains("patch") || title.contains("annotate") {
            lab.clock.pass(100_000);
        }
    }
    assert!(compared.len() >= 25, "{compared:?}");
}

/// Values that differ from one server to the next.
const OWN: &[&str] = &[
    "uid",
    "resourceVersion",
    "creationTimestamp",
    "generation",
    "conditions",
    "annotations",
    "managedFields",
    "collisionCount",
    "serviceName",
];

/// The places where an answer lacks what was recorded.
fn difference(at: &str, recorded: &Json, answer: &Json) -> Vec<String> {
    match (recorded, answer) {
        (Json::Object(recorded), Json::Object(answer)) => recorded
            .iter()
            .filter(|(name, _)| !OWN.contains(&name.as_str()))
            .flat_map(|(name, value)| {
                difference(&format!("{at}/{name}"), value, answer.get(name).unwrap_or(&Json::Null))
            })
            .collect(),
        (Json::Array(recorded), Json::Array(answer)) if recorded.len() == answer.len() => {
            let pairs = recorded.iter().zip(answer).enumerate();
            pairs
                .flat_map(|(index, (recorded, answer))| difference(&format!("{at}/{index}"), recorded, answer))
                .collect()
        }
        (recorded, answer) if recorded == answer => Vec::new(),
        (recorded, answer) => vec![format!("{at}: recorded {recorded}, answered {answer}")],
    }
}
