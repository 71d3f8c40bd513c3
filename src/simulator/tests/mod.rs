//! The world with two providers that only these tests know: what it promises to every dialect.

mod plain;
mod toy;

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use axum::body::{Body, to_bytes};
use axum::http::Request as HttpRequest;
use jiff::Timestamp;
use serde_json::{Value as Json, json};
use tower::ServiceExt as _;

use super::dialect::Dialects;
use super::serve::ServedWorld;
use super::{Fault, Plane, RequestMatch, START, Simulator, SimulatorError};
use crate::world::{Clock, Web as _, WebAnswer, WebRequest};
use plain::Plain;
use toy::Toy;

const DIALECTS: Dialects = Dialects::new(&[&Plain, &Toy]);
const PLAIN: &str = "https://api.plain.example";
const TOY: &str = "https://api.toy.example";

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

fn clock() -> Arc<ManualClock> {
    Arc::new(ManualClock(AtomicI64::new(START.as_second())))
}

async fn ask(simulator: &Simulator, verb: &str, url: &str, body: Option<Json>) -> (u16, Json) {
    let body = body.map_or_else(Body::empty, |body| Body::from(body.to_string()));
    let request = HttpRequest::builder().method(verb).uri(url).body(body).unwrap();
    let answer = simulator.router().oneshot(request).await.unwrap();
    let status = answer.status().as_u16();
    let bytes = to_bytes(answer.into_body(), usize::MAX).await.unwrap_or_default();
    (status, serde_json::from_slice(&bytes).unwrap_or_default())
}

/// Makes a widget, and returns its id.
async fn make(simulator: &Simulator, region: &str) -> String {
    let (status, made) = ask(simulator, "POST", &format!("{TOY}/widgets"), Some(json!({ "region": region }))).await;
    assert_eq!(status, 202, "{made}");
    made["id"].as_str().unwrap().to_owned()
}

async fn read(simulator: &Simulator, id: &str) -> (u16, Json) {
    ask(simulator, "GET", &format!("{TOY}/widgets/{id}"), None).await
}

/// The status of a read of the thing that the other provider has.
async fn plain_answers(simulator: &Simulator) -> u16 {
    ask(simulator, "GET", &format!("{PLAIN}/thing"), None).await.0
}

async fn world() -> (Simulator, Arc<ManualClock>) {
    let clock = clock();
    let simulator = Simulator::new(DIALECTS, 7, clock.clone());
    let made = ask(&simulator, "PUT", &format!("{PLAIN}/thing"), None).await;
    assert_eq!(made.0, 201, "{}", made.1);
    (simulator, clock)
}

fn lose(location: &str) -> Fault {
    Fault::Lose { location: location.to_owned(), plane: Plane::Both }
}

#[tokio::test]
async fn operations_take_time_and_ids_follow_from_the_seed() {
    let (simulator, clock) = world().await;
    let id = make(&simulator, "moon").await;
    assert_eq!(read(&simulator, &id).await.1["state"], "building");
    assert_eq!(simulator.show().under_way.len(), 1);
    clock.0.fetch_add(60, Ordering::Relaxed);
    let (status, made) = read(&simulator, &id).await;
    assert_eq!((status, &made["state"], &made["region"]), (200, &json!("ready"), &json!("moon")));
    assert_eq!(read(&simulator, "w-nothing").await.0, 404);
    let (again, _) = world().await;
    assert_eq!(make(&again, "moon").await, id, "the seed gives the id");
    assert_ne!(make(&again, "moon").await, id, "a second object is another one");
    assert_eq!(plain_answers(&simulator).await, 200, "every host has its provider");
}

#[tokio::test]
async fn region_or_provider_is_lost_alone() {
    let (simulator, clock) = world().await;
    let (moon, mars) = (make(&simulator, "moon").await, make(&simulator, "mars").await);
    clock.0.fetch_add(60, Ordering::Relaxed);
    simulator.add_fault(lose("moon")).unwrap();
    assert_eq!(read(&simulator, &moon).await.0, 503);
    assert_eq!((read(&simulator, &mars).await.0, plain_answers(&simulator).await), (200, 200));
    assert!(simulator.restore("moon").unwrap());

    simulator.add_fault(lose("provider:toy")).unwrap();
    assert_eq!((read(&simulator, &moon).await.0, read(&simulator, &mars).await.0), (503, 503));
    assert_eq!(plain_answers(&simulator).await, 200);
    let lost = simulator.fetch(&get("https://mars.toy.example/")).await;
    assert!(lost.unwrap_err().contains("region mars is lost"));
    assert!(simulator.restore("provider:toy").unwrap());

    simulator.add_fault(lose("provider:plain")).unwrap();
    assert_eq!((read(&simulator, &moon).await.0, plain_answers(&simulator).await), (200, 503));
    let (status, error) = ask(&simulator, "GET", &format!("{PLAIN}/thing"), None).await;
    assert_eq!((status, &error["error"]["code"]), (503, &json!("ServiceUnavailable")));
    assert_eq!(simulator.fetch(&get("https://mars.toy.example/")).await, Ok(WebAnswer::Status(200)));
}

#[tokio::test]
async fn lost_provider_holds_its_operations() {
    let (simulator, clock) = world().await;
    simulator.add_fault(Fault::Freeze { provider: "provider:toy".to_owned() }).unwrap();
    let id = make(&simulator, "moon").await;
    clock.0.fetch_add(60, Ordering::Relaxed);
    assert_eq!(read(&simulator, &id).await.1["state"], "building");
    simulator.clear_faults().unwrap();
    assert_eq!(read(&simulator, &id).await.1["state"], "ready");
}

#[tokio::test]
async fn fault_on_requests_names_a_provider() {
    let (simulator, _) = world().await;
    let on = RequestMatch { provider: Some("toy".to_owned()), ..RequestMatch::default() };
    simulator.add_fault(Fault::Answer { status: 418, code: None, retry_after: None, on }).unwrap();
    let (status, error) = read(&simulator, "w-1").await;
    assert_eq!((status, &error["code"]), (418, &json!("BadRequest")), "in the format of the provider");
    assert_eq!(plain_answers(&simulator).await, 200);
}

#[tokio::test]
async fn served_world_has_every_provider_and_the_seconds_of_its_clients() {
    let (simulator, clock) = world().await;
    let on = RequestMatch { provider: Some("plain".to_owned()), ..RequestMatch::default() };
    simulator.add_fault(Fault::Answer { status: 429, code: None, retry_after: Some(61), on }).unwrap();
    let base = "http://localhost:8443".to_owned();
    let router = ServedWorld { simulator, base: base.clone(), speed: 30, key: [0; 32], clock }.router();
    let ask = async |url: String| {
        let request = HttpRequest::builder().uri(url).body(Body::empty()).unwrap();
        let answer = router.clone().oneshot(request).await.unwrap();
        let wait = answer.headers().get("retry-after").map(|seconds| seconds.to_str().unwrap().to_owned());
        (answer.status().as_u16(), wait, to_bytes(answer.into_body(), usize::MAX).await.unwrap())
    };
    let (status, wait, _) = ask(format!("{PLAIN}/thing")).await;
    assert_eq!((status, wait.as_deref()), (429, Some("3")), "61 simulated seconds");
    let (status, wait, page) = ask(format!("{base}/about")).await;
    assert_eq!((status, wait, &*page), (200, None, base.as_bytes()), "what a provider puts in front of its API");
    assert_eq!(ask(format!("{TOY}/widgets/none")).await.0, 404, "the other provider has no fault");
}

#[test]
fn provider_without_registrations_ends_none() {
    assert!(DIALECTS.registrable("widgets").unwrap_err().contains("`widgets`"));
}

#[tokio::test]
async fn objects_and_parts_survive_on_disk() {
    let dir = tempfile::tempdir().unwrap();
    let open = |clock: &Arc<ManualClock>| Simulator::open(DIALECTS, dir.path(), None, clock.clone()).unwrap();
    let clock = clock();
    let first = open(&clock);
    let id = make(&first, "moon").await;
    assert_eq!(ask(&first, "PUT", &format!("{PLAIN}/thing"), None).await.0, 201);
    drop(first);
    let second = open(&clock);
    assert_eq!(plain_answers(&second).await, 200);
    assert_eq!(read(&second, &id).await.1["state"], "building");
    clock.0.fetch_add(60, Ordering::Relaxed);
    assert_eq!(read(&second, &id).await.1["state"], "ready");
    assert_ne!(make(&second, "moon").await, id, "the counter of the dialect survived");
    drop(second);
    // Without the dialect, its objects are not understood.
    let other = Simulator::open(Dialects::new(&[&Plain]), dir.path(), None, clock.clone()).err().unwrap();
    assert!(matches!(&other, SimulatorError::Damaged { what, .. } if what.contains("toy")), "{other}");
}

#[tokio::test]
async fn network_has_the_hosts_of_every_provider() {
    let (simulator, clock) = world().await;
    make(&simulator, "moon").await;
    let host = get("https://moon.toy.example/");
    assert!(simulator.fetch(&host).await.unwrap_err().contains("refused"), "it is not yet there");
    clock.0.fetch_add(60, Ordering::Relaxed);
    assert_eq!(simulator.fetch(&host).await, Ok(WebAnswer::Status(200)));
    assert!(simulator.fetch(&get("https://none.toy.example/")).await.unwrap_err().contains("does not exist"));
    assert_eq!(simulator.fetch(&get("https://elsewhere.example/")).await, Ok(WebAnswer::NotSimulated));
}

fn get(url: &str) -> WebRequest {
    WebRequest {
        method: "GET".to_owned(),
        url: url.to_owned(),
        headers: Vec::new(),
        body: None,
        address: None,
        marker: None,
        hoped: 200,
        within: Duration::from_secs(5),
    }
}

#[test]
fn faults_name_only_providers_that_are_simulated() {
    for text in [
        r#"[{"fault": "lose", "location": "provider:nobody"}]"#,
        r#"[{"fault": "freeze", "provider": "provider:nobody"}]"#,
        r#"[{"fault": "drop", "when": "before", "on": {"provider": "nobody"}}]"#,
    ] {
        let refused = super::parse_faults(text, Dialects::new(&[&Plain])).unwrap_err();
        assert!(refused.contains("the provider `nobody` is not simulated. Use one of plain"), "{refused}");
    }
    assert_eq!(
        super::parse_faults(r#"[{"fault": "lose", "location": "provider:plain"}]"#, Dialects::new(&[&Plain]))
            .unwrap()
            .len(),
        1
    );
}
