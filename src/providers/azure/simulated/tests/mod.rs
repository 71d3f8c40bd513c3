//! The simulator behind its router: one test per behaviour of Azure.

mod bodies;
mod children;
mod client;
mod deletion;
mod deployments;
mod disk;
mod failover;
mod faults;
mod generic;
mod moves;
mod operations;
mod others;
mod registrations;
mod tags;
mod traffic;

use crate::providers::azure::ids::AzureId;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use axum::body::{Body, to_bytes};
use axum::http::{HeaderMap, Request as HttpRequest};
use jiff::Timestamp;
use serde_json::{Value as Json, json};
use tower::ServiceExt as _;

use super::{BASE, SUBSCRIPTION, types};
use crate::object::ObjectId;
use crate::simulator::{START, Simulator};
use crate::world::Clock;

/// A clock that only the test advances.
struct ManualClock(AtomicI64);

#[async_trait]
impl Clock for ManualClock {
    fn now(&self) -> Timestamp {
        Timestamp::from_second(self.0.load(Ordering::Relaxed)).unwrap()
    }

    async fn sleep(&self, duration: Duration) {
        self.0.fetch_add(duration.as_secs() as i64, Ordering::Relaxed);
    }
}

/// A simulated cloud and its clock.
struct TestCloud {
    simulator: Simulator,
    clock: Arc<ManualClock>,
}

/// An answer.
struct TestResponse {
    status: u16,
    headers: HeaderMap,
    body: Json,
}

impl TestResponse {
    fn code(&self) -> (u16, &str) {
        (self.status, self.body["error"]["code"].as_str().unwrap_or("no code"))
    }

    fn message(&self) -> &str {
        self.body["error"]["message"].as_str().unwrap_or("no message")
    }

    fn state(&self) -> &str {
        self.body["properties"]["provisioningState"].as_str().unwrap_or("no state")
    }

    fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().unwrap())
    }

    /// The path and query of a URL in a header.
    fn link(&self, name: &str) -> String {
        self.header(name).strip_prefix(BASE).expect(name).to_owned()
    }
}

impl TestCloud {
    fn new(seed: u64) -> Self {
        let clock = Arc::new(ManualClock(AtomicI64::new(START.as_second())));
        Self { simulator: Simulator::new(crate::providers::dialects(), seed, clock.clone()), clock }
    }

    /// A cloud with a resource group `rg` in Canada Central.
    async fn with_group() -> Self {
        let cloud = Self::new(7);
        assert_eq!(cloud.put("", json!({ "location": "canadacentral" })).await.status, 201);
        cloud
    }

    fn pass(&self, seconds: i64) {
        self.clock.0.fetch_add(seconds, Ordering::Relaxed);
    }

    /// Sends a request. A path without a leading slash is relative to the group `rg`.
    async fn ask(&self, verb: &str, path: &str, body: Option<Json>, headers: &[(&str, &str)]) -> TestResponse {
        // Without a version, the one that the tables describe.
        let table = ObjectId::new(id(path)).arm_type().and_then(|type_| types::find(&type_.to_ascii_lowercase()));
        let version = format!("api-version={}", table.map_or("2021-04-01", |table| table.api));
        let (path, query) = path.split_once('?').unwrap_or((path, &version));
        let mut request = HttpRequest::builder().method(verb).uri(format!("{}?{query}", id(path)));
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let body = body.map_or_else(Body::empty, |body| Body::from(body.to_string()));
        let answer = self.simulator.router().oneshot(request.body(body).unwrap()).await.unwrap();
        let (parts, body) = answer.into_parts();
        let bytes = to_bytes(body, usize::MAX).await.unwrap_or_else(|_| "\"broken\"".into());
        let body = serde_json::from_slice(&bytes).unwrap_or(Json::Null);
        TestResponse { status: parts.status.as_u16(), headers: parts.headers, body }
    }

    async fn get(&self, path: &str) -> TestResponse {
        self.ask("GET", path, None, &[]).await
    }

    async fn put(&self, path: &str, body: Json) -> TestResponse {
        self.ask("PUT", path, Some(body), &[]).await
    }

    async fn delete(&self, path: &str) -> TestResponse {
        self.ask("DELETE", path, None, &[]).await
    }

    /// Sends a PUT, waits until it completes, and reads.
    async fn made(&self, path: &str, body: Json) -> TestResponse {
        let answer = self.put(path, body).await;
        assert!((200..300).contains(&answer.status), "{path}: {}", answer.body);
        self.pass(7200);
        let answer = self.get(path).await;
        assert_eq!(answer.status, 200, "{path}: {}", answer.body);
        answer
    }
}

/// The id of a resource in the group `rg`, or of the group itself.
fn id(path: &str) -> String {
    let group = format!("/subscriptions/{SUBSCRIPTION}/resourceGroups/rg");
    match path {
        "" => group,
        path if path.starts_with('/') => path.to_owned(),
        path if path.starts_with("Microsoft.") => format!("{group}/providers/{path}"),
        path => format!("{group}/{path}"),
    }
}

const NET: &str = "Microsoft.Network/virtualNetworks/Net1";
const SUBNET: &str = "Microsoft.Network/virtualNetworks/Net1/subnets/a";

fn net() -> Json {
    json!({ "location": "Canada Central", "properties": { "addressSpace": { "addressPrefixes": ["10.0.0.0/16"] } } })
}

fn subnet() -> Json {
    json!({ "properties": { "addressPrefixes": ["10.0.1.0/24"] } })
}
