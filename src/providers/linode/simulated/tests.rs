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

const API: &str = "https://api.linode.com/v4";

/// A clock that only the test advances.
struct ManualClock(AtomicI64);

#[async_trait]
impl Clock for ManualClock {
    fn now(&self) -> Timestamp {
        Timestamp::from_second(self.0.load(Ordering::Relaxed)).unwrap()
    }

    async fn sleep(&self, _: Duration) {}
}

impl ManualClock {
    fn pass(&self, seconds: i64) {
        self.0.fetch_add(seconds, Ordering::Relaxed);
    }
}

fn world() -> (Simulator, Arc<ManualClock>) {
    let clock = Arc::new(ManualClock(AtomicI64::new(START.as_second())));
    (Simulator::new(crate::providers::dialects(), 7, clock.clone()), clock)
}

async fn send(simulator: &Simulator, request: HttpRequest<Body>) -> (u16, Json) {
    let answer = simulator.router().oneshot(request).await.unwrap();
    let status = answer.status().as_u16();
    let bytes = to_bytes(answer.into_body(), usize::MAX).await.unwrap_or_default();
    (status, serde_json::from_slice(&bytes).unwrap_or_default())
}

async fn ask(simulator: &Simulator, verb: &str, path: &str, body: Json) -> (u16, Json) {
    let body = if body.is_null() { Body::empty() } else { Body::from(body.to_string()) };
    let request = HttpRequest::builder().method(verb).uri(format!("{API}/{path}"));
    send(simulator, request.header("authorization", "Bearer token").body(body).unwrap()).await
}

async fn done(simulator: &Simulator, verb: &str, path: &str, body: Json) -> Json {
    let (status, answer) = ask(simulator, verb, path, body).await;
    assert_eq!(status, 200, "{verb} {path}: {answer}");
    answer
}

/// The status and the field of a refusal.
async fn refused(simulator: &Simulator, verb: &str, path: &str, body: Json) -> (u16, String) {
    let (status, answer) = ask(simulator, verb, path, body).await;
    assert!(status >= 400 && answer["errors"][0]["reason"].is_string(), "{verb} {path}: {status} {answer}");
    (status, answer["errors"][0]["field"].as_str().unwrap_or_default().to_owned())
}

async fn filtered(simulator: &Simulator, path: &str, filter: Json) -> Json {
    let request = HttpRequest::builder().uri(format!("{API}/{path}")).header("authorization", "Bearer token");
    let (status, answer) =
        send(simulator, request.header("x-filter", filter.to_string()).body(Body::empty()).unwrap()).await;
    assert_eq!(status, 200, "{answer}");
    answer["data"].clone()
}

fn machine(label: &str) -> Json {
    json!({
        "label": label, "region": "eu-west", "type": "g6-standard-1", "image": "linode/debian12",
        "authorized_keys": ["ssh-ed25519 AAAA example"],
    })
}

fn with(mut body: Json, name: &str, value: Json) -> Json {
    body[name] = value;
    body
}

fn wall(label: &str) -> Json {
    json!({ "label": label, "rules": { "inbound_policy": "DROP", "outbound_policy": "ACCEPT" } })
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
async fn machine_boots_serves_its_users_and_is_deleted() {
    let (simulator, clock) = world();
    let made = done(&simulator, "POST", "linode/instances", machine("web")).await;
    let at = format!("linode/instances/{}", made["id"]);
    let url = format!("https://{}/healthz", made["ipv4"][0].as_str().unwrap());
    assert_eq!(made["status"], "provisioning");
    assert!(simulator.fetch(&get(&url)).await.is_err(), "a machine that is created serves nobody");
    assert_eq!(refused(&simulator, "POST", &format!("{at}/shutdown"), Json::Null).await.0, 400, "busy");
    clock.pass(90);
    assert_eq!(done(&simulator, "GET", &at, Json::Null).await["status"], "running");
    assert!(matches!(simulator.fetch(&get(&url)).await, Ok(WebAnswer::Status(200))));

    done(&simulator, "POST", &format!("{at}/shutdown"), Json::Null).await;
    assert_eq!(done(&simulator, "GET", &at, Json::Null).await["status"], "shutting_down");
    assert!(simulator.fetch(&get(&url)).await.is_err());
    clock.pass(60);
    assert_eq!(done(&simulator, "GET", &at, Json::Null).await["status"], "offline");
    done(&simulator, "POST", &format!("{at}/boot"), json!({})).await;
    clock.pass(60);
    let events =
        filtered(&simulator, "account/events", json!({ "entity.id": made["id"], "entity.type": "linode" })).await;
    let shown: Vec<String> =
        events.as_array().unwrap().iter().map(|event| format!("{} {}", event["action"], event["status"])).collect();
    assert_eq!(
        shown,
        ["\"linode_boot\" \"finished\"", "\"linode_shutdown\" \"finished\"", "\"linode_create\" \"finished\""]
    );
    done(&simulator, "DELETE", &at, Json::Null).await;
    clock.pass(30);
    assert_eq!(refused(&simulator, "GET", &at, Json::Null).await.0, 404);
}

#[tokio::test]
async fn machines_that_are_not_valid_are_refused() {
    let (simulator, _) = world();
    done(&simulator, "POST", "linode/instances", machine("web")).await;
    for (body, field) in [
        (machine("web"), "label"),
        (machine("a"), "label"),
        (machine("a--b"), "label"),
        (with(machine("other"), "region", json!("eu-nowhere")), "region"),
        (with(machine("other"), "type", json!("g6-none-1")), "type"),
        (with(machine("other"), "image", Json::Null), "image"),
        (with(machine("other"), "image", json!("debian")), "image"),
        (with(machine("other"), "firewall_id", json!(1)), "firewall_id"),
        (with(machine("other"), "colour", json!("red")), "colour"),
        (with(machine("other"), "tags", json!(["a"])), "tags"),
        (with(machine("other"), "metadata", json!({ "script": "x" })), "metadata.script"),
    ] {
        assert_eq!(
            refused(&simulator, "POST", "linode/instances", body.clone()).await,
            (400, field.to_owned()),
            "{body}"
        );
    }
    assert_eq!(filtered(&simulator, "linode/instances", json!({})).await.as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn volume_stays_with_its_machine_until_it_is_detached() {
    let (simulator, clock) = world();
    let machine = done(&simulator, "POST", "linode/instances", machine("web")).await;
    clock.pass(90);
    let volume = json!({ "label": "data", "linode_id": machine["id"], "size": 20 });
    let made = done(&simulator, "POST", "volumes", volume).await;
    let at = format!("volumes/{}", made["id"]);
    clock.pass(30);
    assert_eq!(done(&simulator, "GET", &at, Json::Null).await["status"], "active");
    assert_eq!(refused(&simulator, "DELETE", &at, Json::Null).await.0, 400, "it is attached");
    assert_eq!(refused(&simulator, "POST", &format!("{at}/resize"), json!({ "size": 10 })).await.1, "size");
    assert_eq!(
        refused(&simulator, "POST", "volumes", json!({ "label": "b", "region": "eu-west", "size": 9 })).await.1,
        "size"
    );
    let elsewhere = json!({ "label": "b", "region": "us-east", "linode_id": machine["id"] });
    assert_eq!(refused(&simulator, "POST", "volumes", elsewhere).await.1, "linode_id");
    done(&simulator, "POST", &format!("{at}/detach"), Json::Null).await;
    clock.pass(30);
    done(&simulator, "POST", &format!("{at}/resize"), json!({ "size": 30 })).await;
    clock.pass(30);
    let grown = done(&simulator, "GET", &at, Json::Null).await;
    assert_eq!((&grown["size"], &grown["linode_id"]), (&json!(30), &Json::Null));
    done(&simulator, "DELETE", &at, Json::Null).await;
    clock.pass(30);
    assert_eq!(refused(&simulator, "GET", &at, Json::Null).await.0, 404);
}

#[tokio::test]
async fn firewall_has_rules_and_devices() {
    let (simulator, clock) = world();
    let wall_made = done(&simulator, "POST", "networking/firewalls", wall("wall")).await;
    let at = format!("networking/firewalls/{}", wall_made["id"]);
    let behind = with(machine("web"), "firewall_id", wall_made["id"].clone());
    let machine = done(&simulator, "POST", "linode/instances", behind).await;
    clock.pass(90);
    let devices = done(&simulator, "GET", &format!("{at}/devices"), Json::Null).await;
    assert_eq!(devices["data"][0]["entity"]["id"], machine["id"]);
    let own = format!("linode/instances/{}/firewalls", machine["id"]);
    assert_eq!(done(&simulator, "GET", &own, Json::Null).await["data"][0]["label"], "wall");
    let again = json!({ "id": machine["id"], "type": "linode" });
    assert_eq!(refused(&simulator, "POST", &format!("{at}/devices"), again.clone()).await.1, "id");
    done(&simulator, "DELETE", &format!("{at}/devices/{}", devices["data"][0]["id"]), Json::Null).await;
    done(&simulator, "POST", &format!("{at}/devices"), again).await;

    let rule = json!({ "action": "ACCEPT", "protocol": "TCP", "ports": "443", "label": "https" });
    let rules = |rules: Json| json!({ "inbound": rules, "inbound_policy": "DROP", "outbound_policy": "ACCEPT" });
    let path = format!("{at}/rules");
    done(&simulator, "PUT", &path, rules(json!([rule]))).await;
    assert_eq!(done(&simulator, "GET", &path, Json::Null).await["inbound"][0]["ports"], "443");
    for (wrong, field) in [
        (json!([with(rule.clone(), "protocol", json!("ICMP"))]), "inbound[0].ports"),
        (json!([with(rule.clone(), "action", json!("PASS"))]), "inbound[0].action"),
        (Json::Array(vec![rule.clone(); 26]), "rules"),
    ] {
        assert_eq!(refused(&simulator, "PUT", &path, rules(wrong)).await, (400, field.to_owned()));
    }
    done(&simulator, "DELETE", &format!("linode/instances/{}", machine["id"]), Json::Null).await;
    clock.pass(30);
    assert_eq!(done(&simulator, "GET", &at, Json::Null).await["entities"], json!([]));
}

#[tokio::test]
async fn lists_have_pages_and_filters() {
    let (simulator, _) = world();
    for number in 0..30 {
        done(&simulator, "POST", "networking/firewalls", wall(&format!("wall-{number}"))).await;
    }
    let second = done(&simulator, "GET", "networking/firewalls?page=2&page_size=25", Json::Null).await;
    assert_eq!((&second["pages"], second["data"].as_array().unwrap().len()), (&json!(2), 5));
    assert_eq!(refused(&simulator, "GET", "networking/firewalls?page=3&page_size=25", Json::Null).await.0, 404);
    assert_eq!(refused(&simulator, "GET", "networking/firewalls?page_size=24", Json::Null).await.1, "page_size");
    for (filter, count) in [
        (json!({ "label": "wall-7" }), 1),
        (json!({ "label": { "+contains": "wall-1" } }), 11),
        (json!({ "+or": [{ "label": "wall-1" }, { "label": "wall-2" }] }), 2),
        (json!({ "+and": [{ "label": "wall-1" }, { "status": "disabled" }] }), 0),
        (json!({ "id": { "+gt": second["data"][0]["id"] } }), 4),
    ] {
        let found = filtered(&simulator, "networking/firewalls", filter.clone()).await;
        assert_eq!(found.as_array().unwrap().len(), count, "{filter}");
    }
}

#[tokio::test]
async fn lost_region_is_shown_and_does_no_work() {
    let (simulator, clock) = world();
    let made = done(&simulator, "POST", "linode/instances", machine("web")).await;
    clock.pass(90);
    let url = format!("https://{}/", made["ipv4"][0].as_str().unwrap());
    simulator.add_fault(Fault::Lose { location: "eu-west".to_owned(), plane: Plane::Both }).unwrap();
    assert_eq!(done(&simulator, "GET", "regions/eu-west", Json::Null).await["status"], "outage");
    assert_eq!(done(&simulator, "GET", "regions/us-east", Json::Null).await["status"], "ok");
    assert!(simulator.fetch(&get(&url)).await.is_err());
    let at = format!("linode/instances/{}", made["id"]);
    assert_eq!(done(&simulator, "GET", &at, Json::Null).await["label"], "web");
    assert_eq!(refused(&simulator, "POST", &format!("{at}/shutdown"), Json::Null).await.0, 503);
    assert_eq!(refused(&simulator, "POST", "linode/instances", machine("other")).await.0, 503);
    simulator.clear_faults().unwrap();
    simulator.add_fault(Fault::Lose { location: "provider:linode".to_owned(), plane: Plane::Both }).unwrap();
    assert_eq!(refused(&simulator, "GET", &at, Json::Null).await.0, 503);
    assert!(simulator.fetch(&get(&url)).await.is_err());
}

#[tokio::test]
async fn requests_beyond_the_limit_are_refused_for_a_minute() {
    let (simulator, clock) = world();
    for _ in 0..200 {
        done(&simulator, "GET", "volumes", Json::Null).await;
    }
    assert_eq!(refused(&simulator, "GET", "volumes", Json::Null).await.0, 429);
    assert_eq!(
        refused(&simulator, "GET", "volumes/1", Json::Null).await.0,
        404,
        "other requests have a limit of their own"
    );
    clock.pass(60);
    done(&simulator, "GET", "volumes", Json::Null).await;
}

#[tokio::test]
async fn token_is_required() {
    let (simulator, _) = world();
    for header in [None, Some("Basic abc"), Some("Bearer ")] {
        let request = HttpRequest::builder().uri(format!("{API}/volumes"));
        let request = match header {
            Some(text) => request.header("authorization", text),
            None => request,
        };
        assert_eq!(send(&simulator, request.body(Body::empty()).unwrap()).await.0, 401, "{header:?}");
    }
}

#[tokio::test]
async fn name_servers_answer_as_before_until_they_reload_the_zone() {
    let (simulator, clock) = world();
    let mut addresses = Vec::new();
    for label in ["one", "two"] {
        addresses.push(done(&simulator, "POST", "linode/instances", machine(label)).await["ipv4"][0].clone());
    }
    clock.pass(90);
    let zone = json!({ "domain": "example.com", "type": "master", "soa_email": "ops@example.com" });
    let zone = done(&simulator, "POST", "domains", zone).await["id"].clone();
    let record = json!({ "type": "A", "name": "www.example.com", "target": addresses[0], "ttl_sec": 30 });
    let made = done(&simulator, "POST", &format!("domains/{zone}/records"), record.clone()).await;
    assert_eq!((&made["name"], made.get("domain_id")), (&json!("www"), None));
    let www = get("https://www.example.com/");
    assert!(simulator.fetch(&www).await.is_err(), "no name server knows it yet");
    clock.pass(1000);
    assert_eq!(simulator.fetch(&www).await, Ok(WebAnswer::Status(200)));

    let at = format!("domains/{zone}/records/{}", made["id"]);
    assert_eq!(done(&simulator, "PUT", &at, json!({ "target": addresses[1] })).await["target"], addresses[1]);
    let machines = done(&simulator, "GET", "linode/instances", Json::Null).await["data"].clone();
    done(&simulator, "POST", &format!("linode/instances/{}/shutdown", machines[0]["id"]), Json::Null).await;
    clock.pass(120);
    assert!(simulator.fetch(&www).await.is_err(), "it still leads to the machine that is shut down");
    clock.pass(900);
    assert_eq!(simulator.fetch(&www).await, Ok(WebAnswer::Status(200)), "it leads to the other one");

    for (body, field) in [
        (with(record.clone(), "target", json!("nowhere")), "target"),
        (with(record.clone(), "type", json!("CNAME")), "name"),
        (with(with(record.clone(), "target", addresses[1].clone()), "ttl_sec", json!(-1)), "ttl_sec"),
        (with(record.clone(), "colour", json!("red")), "colour"),
    ] {
        assert_eq!(
            refused(&simulator, "POST", &format!("domains/{zone}/records"), body).await,
            (400, field.to_owned())
        );
    }
    let again = json!({ "domain": "example.com", "type": "master", "soa_email": "ops@example.com" });
    assert_eq!(refused(&simulator, "POST", "domains", again).await.1, "domain");
    for (body, field) in [
        (json!({ "domain": "example.org", "type": "master" }), "soa_email"),
        (json!({ "domain": "example.org", "type": "slave" }), "master_ips"),
    ] {
        assert_eq!(refused(&simulator, "POST", "domains", body).await.1, field);
    }
    done(&simulator, "DELETE", &format!("domains/{zone}"), Json::Null).await;
    clock.pass(60);
    // A name that nothing has is outside the simulated world.
    assert_ne!(simulator.fetch(&www).await, Ok(WebAnswer::Status(200)));
    assert_eq!(refused(&simulator, "GET", &at, Json::Null).await.0, 404);
}

#[tokio::test]
async fn image_keeps_a_region_that_has_it() {
    let (simulator, clock) = world();
    let machine = done(&simulator, "POST", "linode/instances", machine("web")).await["id"].clone();
    clock.pass(90);
    let disks = done(&simulator, "GET", &format!("linode/instances/{machine}/disks"), Json::Null).await;
    assert_eq!((&disks["data"][0]["filesystem"], &disks["data"][1]["filesystem"]), (&json!("ext4"), &json!("swap")));
    assert_eq!(refused(&simulator, "POST", "images", json!({ "disk_id": 1 })).await.1, "disk_id");
    let body = json!({ "disk_id": disks["data"][0]["id"], "label": "golden" });
    let image = done(&simulator, "POST", "images", body).await;
    let at = format!("images/{}", image["id"].as_str().unwrap());
    assert_eq!(image["status"], "creating");
    let regions = |regions: Json| json!({ "regions": regions });
    assert_eq!(refused(&simulator, "POST", &format!("{at}/regions"), regions(json!(["us-east"]))).await.0, 400, "busy");
    clock.pass(700);
    assert_eq!(done(&simulator, "GET", &at, Json::Null).await["status"], "available");
    assert_eq!(refused(&simulator, "POST", &format!("{at}/regions"), regions(json!(["us-east"]))).await.1, "regions");
    let both = regions(json!(["us-east", "eu-west"]));
    let sent = done(&simulator, "POST", &format!("{at}/regions"), both).await;
    assert_eq!(sent["regions"][0], json!({ "region": "us-east", "status": "pending replication" }));
    clock.pass(700);
    done(&simulator, "POST", &format!("{at}/regions"), regions(json!(["us-east"]))).await;
    let left = done(&simulator, "GET", &at, Json::Null).await["regions"].clone();
    assert_eq!(left, json!([{ "region": "us-east", "status": "available" }]));
}

#[tokio::test]
async fn bucket_is_unique_in_its_region() {
    let (simulator, _) = world();
    let body = json!({ "label": "files", "region": "eu-west" });
    let made = done(&simulator, "POST", "object-storage/buckets", body.clone()).await;
    assert_eq!((made.get("id"), &made["hostname"]), (None, &json!("files.eu-west-1.linodeobjects.com")));
    assert_eq!(refused(&simulator, "POST", "object-storage/buckets", body.clone()).await.1, "label");
    done(&simulator, "POST", "object-storage/buckets", with(body.clone(), "region", json!("us-east"))).await;
    assert_eq!(
        refused(&simulator, "POST", "object-storage/buckets", with(body, "label", json!("A_B"))).await.1,
        "label"
    );
    let at = "object-storage/buckets/eu-west/files";
    done(&simulator, "POST", &format!("{at}/access"), json!({ "acl": "public-read" })).await;
    let access = done(&simulator, "GET", &format!("{at}/access"), Json::Null).await;
    assert_eq!((&access["acl"], &access["cors_enabled"]), (&json!("public-read"), &json!(true)));
    simulator.add_fault(Fault::Lose { location: "eu-west".to_owned(), plane: Plane::Both }).unwrap();
    assert_eq!(refused(&simulator, "DELETE", at, Json::Null).await.0, 503);
}

#[tokio::test]
async fn lock_forbids_a_deletion_until_it_is_deleted() {
    let (simulator, clock) = world();
    let machine = done(&simulator, "POST", "linode/instances", machine("web")).await["id"].clone();
    clock.pass(90);
    let body = json!({ "entity_id": machine, "entity_type": "linode", "lock_type": "cannot_delete" });
    let lock = done(&simulator, "POST", "locks", body.clone()).await["id"].clone();
    assert_eq!(refused(&simulator, "POST", "locks", body).await.1, "entity_id");
    let at = format!("linode/instances/{machine}");
    assert_eq!(done(&simulator, "GET", &at, Json::Null).await["locks"], json!(["cannot_delete"]));
    assert_eq!(refused(&simulator, "DELETE", &at, Json::Null).await.0, 400);
    done(&simulator, "DELETE", &format!("locks/{lock}"), Json::Null).await;
    done(&simulator, "DELETE", &at, Json::Null).await;
}
