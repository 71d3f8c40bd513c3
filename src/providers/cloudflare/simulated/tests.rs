//! The dialect, asked over its router.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use axum::body::{Body, to_bytes};
use axum::http::Request as HttpRequest;
use jiff::Timestamp;
use serde_json::{Value as Json, json};
use tower::ServiceExt as _;

use crate::simulator::{Fault, Plane, START, Simulator};
use crate::world::{Clock, Web as _, WebAnswer, WebRequest};

const API: &str = "https://api.cloudflare.com/client/v4";
const ACCOUNT: &str = "0123456789abcdef0123456789abcdef";

/// A clock that only the test advances.
struct ManualClock(AtomicI64);

#[async_trait]
impl Clock for ManualClock {
    fn now(&self) -> Timestamp {
        Timestamp::from_second(self.0.load(Ordering::Relaxed)).unwrap()
    }

    async fn sleep(&self, _: Duration) {}
}

fn world() -> (Simulator, Arc<ManualClock>) {
    let clock = Arc::new(ManualClock(AtomicI64::new(START.as_second())));
    (Simulator::new(crate::providers::dialects(), 7, clock.clone()), clock)
}

async fn ask(simulator: &Simulator, verb: &str, path: &str, body: Json) -> (u16, Json) {
    let body = if body.is_null() { Body::empty() } else { Body::from(body.to_string()) };
    let request = HttpRequest::builder().method(verb).uri(format!("{API}/{path}"));
    let request = request.header("authorization", "Bearer token").body(body).unwrap();
    let answer = simulator.router().oneshot(request).await.unwrap();
    assert!(answer.headers().contains_key("cf-ray") && answer.headers().contains_key("ratelimit"));
    let status = answer.status().as_u16();
    let bytes = to_bytes(answer.into_body(), usize::MAX).await.unwrap_or_default();
    (status, serde_json::from_slice(&bytes).unwrap_or_default())
}

async fn done(simulator: &Simulator, verb: &str, path: &str, body: Json) -> Json {
    let (status, answer) = ask(simulator, verb, path, body).await;
    assert_eq!((status, &answer["success"]), (200, &json!(true)), "{verb} {path}: {answer}");
    answer["result"].clone()
}

/// The innermost code of a refusal.
async fn code(simulator: &Simulator, verb: &str, path: &str, body: Json) -> u64 {
    let (status, answer) = ask(simulator, verb, path, body).await;
    assert!(status >= 400 && answer["success"] == json!(false), "{verb} {path}: {status} {answer}");
    let error = &answer["errors"][0];
    error["error_chain"][0]["code"].as_u64().or(error["code"].as_u64()).unwrap()
}

async fn zone(simulator: &Simulator) -> String {
    let zones = done(simulator, "GET", "zones?name=example.com&status=active", Json::Null).await;
    zones[0]["id"].as_str().unwrap().to_owned()
}

fn record(type_: &str, name: &str, content: &str) -> Json {
    json!({ "type": type_, "name": name, "content": content, "ttl": 1 })
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

#[tokio::test]
async fn account_owns_every_domain_that_can_be_registered() {
    let (simulator, _) = world();
    for (name, count) in
        [("example.com", 1), ("shop.co.uk", 1), ("co.uk", 0), ("www.example.com", 0), ("lost.invalid", 0), ("com", 0)]
    {
        let found = done(&simulator, "GET", &format!("zones?name={name}"), Json::Null).await;
        assert_eq!(found.as_array().unwrap().len(), count, "{name}");
    }
    let id = zone(&simulator).await;
    assert_eq!(done(&simulator, "GET", &format!("zones/{id}"), Json::Null).await["name"], "example.com");
    assert_eq!(code(&simulator, "GET", "zones/www/dns_records", Json::Null).await, 7003);
    assert_eq!(done(&simulator, "GET", "user/tokens/verify", Json::Null).await["status"], "active");
}

#[tokio::test]
async fn records_are_listed_changed_and_deleted() {
    let (simulator, _) = world();
    let records = format!("zones/{}/dns_records", zone(&simulator).await);
    let made = done(&simulator, "POST", &records, record("A", "www", "192.0.2.1")).await;
    assert_eq!((&made["name"], &made["proxied"]), (&json!("www.example.com"), &json!(false)));
    let one = format!("{records}/{}", made["id"].as_str().unwrap());
    done(&simulator, "POST", &records, record("A", "example.com", "192.0.2.1")).await;
    let list = done(&simulator, "GET", &format!("{records}?type=A&name.exact=www.example.com"), Json::Null).await;
    assert_eq!(list.as_array().unwrap().len(), 1);
    let (_, second) = ask(&simulator, "GET", &format!("{records}?per_page=1&page=2"), Json::Null).await;
    assert_eq!(
        (&second["result_info"]["total_pages"], &second["result"][0]["name"]),
        (&json!(2), &json!("example.com"))
    );

    let changed = done(&simulator, "PATCH", &one, json!({ "content": "192.0.2.2", "proxied": true })).await;
    assert_eq!((&changed["content"], &changed["ttl"]), (&json!("192.0.2.2"), &json!(1)));
    let replaced = done(&simulator, "PUT", &one, record("A", "www.example.com", "192.0.2.3")).await;
    assert_eq!(replaced["proxied"], json!(false), "a replacement keeps nothing");
    done(&simulator, "DELETE", &one, Json::Null).await;
    assert_eq!(code(&simulator, "GET", &one, Json::Null).await, 81_044);
    assert_eq!(code(&simulator, "PATCH", &one, json!({ "content": "192.0.2.2" })).await, 81_044);
}

#[tokio::test]
async fn invalid_and_conflicting_records_are_refused() {
    let (simulator, _) = world();
    let records = format!("zones/{}/dns_records", zone(&simulator).await);
    done(&simulator, "POST", &records, record("A", "www.example.com", "192.0.2.1")).await;
    done(&simulator, "POST", &records, record("CNAME", "shop.example.com", "www.example.com")).await;
    let with = |body: Json, name: &str, value: Json| {
        let mut body = body;
        body[name] = value;
        body
    };
    let valid = || record("A", "api.example.com", "192.0.2.1");
    for (body, expected) in [
        (record("A", "www.example.com", "192.0.2.1"), 81_058),
        (record("CNAME", "www.example.com", "shop.example.com"), 81_053),
        (record("A", "shop.example.com", "192.0.2.1"), 81_054),
        (record("A", "api.example.com", "example.org"), 9005),
        (record("AAAA", "api.example.com", "192.0.2.1"), 9006),
        (record("CNAME", "api.example.com", "192.0.2.1"), 9007),
        (with(valid(), "ttl", json!(59)), 9021),
        (with(with(valid(), "ttl", json!(60)), "proxied", json!(true)), 9021),
        (with(valid(), "proxied", json!("yes")), 9000),
        (with(valid(), "colour", json!("red")), 9000),
        (json!({ "type": "A", "content": "192.0.2.1", "ttl": 1 }), 9000),
        (json!([]), 9207),
    ] {
        assert_eq!(code(&simulator, "POST", &records, body.clone()).await, expected, "{body}");
    }
    done(&simulator, "POST", &records, record("A", "www.example.com", "192.0.2.9")).await;
}

#[tokio::test]
async fn batch_is_all_or_nothing() {
    let (simulator, _) = world();
    let records = format!("zones/{}/dns_records", zone(&simulator).await);
    let mut ids = Vec::new();
    for name in ["www.example.com", "example.com"] {
        ids.push(done(&simulator, "POST", &records, record("A", name, "192.0.2.1")).await["id"].clone());
    }
    let patch = |id: &Json, content: &str| json!({ "id": id, "content": content });
    let batch = format!("{records}/batch");
    let bad = json!({ "patches": [patch(&ids[0], "192.0.2.2"), patch(&ids[1], "nowhere")] });
    assert_eq!(code(&simulator, "POST", &batch, bad).await, 9005);
    let contents = |list: &Json| {
        list.as_array().unwrap().iter().map(|one| one["content"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    assert_eq!(contents(&done(&simulator, "GET", &records, Json::Null).await), ["192.0.2.1", "192.0.2.1"]);
    let good = json!({ "patches": [patch(&ids[0], "192.0.2.2"), patch(&ids[1], "192.0.2.2")] });
    assert_eq!(contents(&done(&simulator, "POST", &batch, good).await["patches"]), ["192.0.2.2", "192.0.2.2"]);
}

#[tokio::test]
async fn pools_and_monitors_in_use_stay() {
    let (simulator, _) = world();
    let (zone, account) = (zone(&simulator).await, format!("accounts/{ACCOUNT}/load_balancers"));
    let monitor = done(&simulator, "POST", &format!("{account}/monitors"), json!({ "description": "web" })).await;
    let pool =
        json!({ "name": "east", "monitor": monitor["id"], "origins": [{ "name": "o", "address": "192.0.2.1" }] });
    let pool = done(&simulator, "POST", &format!("{account}/pools"), pool).await;
    let balancer = json!({ "name": "www.example.com", "default_pools": [pool["id"]], "fallback_pool": pool["id"] });
    let balancer = done(&simulator, "POST", &format!("zones/{zone}/load_balancers"), balancer).await;
    let at = |of: &str, body: &Json| format!("{account}/{of}/{}", body["id"].as_str().unwrap());
    assert_eq!(code(&simulator, "DELETE", &at("pools", &pool), Json::Null).await, 1005);
    assert_eq!(code(&simulator, "DELETE", &at("monitors", &monitor), Json::Null).await, 1005);
    let health = done(&simulator, "GET", &format!("{}/health", at("pools", &pool)), Json::Null).await;
    assert_eq!(health["pop_health"]["Toronto, CA"]["healthy"], json!(false));
    let own = format!("zones/{zone}/load_balancers/{}", balancer["id"].as_str().unwrap());
    let strange = json!({ "default_pools": ["0"] });
    assert_eq!(code(&simulator, "PATCH", &own, strange).await, 1002);
    done(&simulator, "DELETE", &own, Json::Null).await;
    done(&simulator, "DELETE", &at("pools", &pool), Json::Null).await;
    done(&simulator, "DELETE", &at("monitors", &monitor), Json::Null).await;
}

#[tokio::test]
async fn requests_beyond_the_limit_are_refused_for_five_minutes() {
    let (simulator, clock) = world();
    for _ in 0..1200 {
        done(&simulator, "GET", "user/tokens/verify", Json::Null).await;
    }
    clock.0.fetch_add(120, Ordering::Relaxed);
    assert_eq!(ask(&simulator, "GET", "user/tokens/verify", Json::Null).await.0, 429);
    clock.0.fetch_add(299, Ordering::Relaxed);
    assert_eq!(ask(&simulator, "GET", "user/tokens/verify", Json::Null).await.0, 429);
    clock.0.fetch_add(1, Ordering::Relaxed);
    assert_eq!(ask(&simulator, "GET", "user/tokens/verify", Json::Null).await.0, 200);
}

#[tokio::test]
async fn edge_serves_while_the_api_is_silent() {
    let (simulator, _) = world();
    let records = format!("zones/{}/dns_records", zone(&simulator).await);
    let mut body = record("A", "www.example.com", "203.0.113.77");
    body["proxied"] = json!(true);
    done(&simulator, "POST", &records, body).await;
    let site = get("https://www.example.com/");
    let refused = simulator.fetch(&site).await.unwrap_err();
    assert!(refused.contains("no resource has the address 203.0.113.77"), "{refused}");
    done(&simulator, "POST", &records, record("CNAME", "out.example.com", "elsewhere.example.net")).await;
    assert_eq!(simulator.fetch(&get("https://out.example.com/")).await, Ok(WebAnswer::NotSimulated));

    simulator.add_fault(Fault::Lose { location: "provider:cloudflare".to_owned(), plane: Plane::Both }).unwrap();
    let (status, answer) = ask(&simulator, "GET", &records, Json::Null).await;
    assert_eq!((status, &answer["success"]), (503, &json!(false)));
    assert_eq!(simulator.fetch(&site).await.unwrap_err(), refused, "the edge still leads to the origin");
    simulator.clear_faults().unwrap();
    simulator.add_fault(Fault::Lose { location: "provider:cloudflare".to_owned(), plane: Plane::Data }).unwrap();
    assert!(simulator.fetch(&site).await.unwrap_err().contains("no provider answers"));
}

#[tokio::test]
async fn token_is_required() {
    let (simulator, _) = world();
    let request = |header: Option<&str>| {
        let request = HttpRequest::builder().uri(format!("{API}/zones"));
        let request = match header {
            Some(text) => request.header("authorization", text),
            None => request,
        };
        request.body(Body::empty()).unwrap()
    };
    for header in [None, Some("Basic abc"), Some("Bearer ")] {
        assert_eq!(simulator.router().oneshot(request(header)).await.unwrap().status(), 400, "{header:?}");
    }
}
