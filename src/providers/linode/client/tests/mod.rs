//! The client with the simulated API, on simulated time.

mod names;

use std::collections::BTreeMap;

use serde_json::{Value as Json, json};
use tokio::time::Instant;

use super::*;
use crate::kinds::{PowerState, path};
use crate::object::{Collection, ObjectId};
use crate::providers::client_lab::{ClientLab, SECRET, next, object, refusal};
use crate::reason::Reason;
use crate::sight::Phase;
use crate::simulator::{Fault, HttpMethod, Moment, Plane, RequestMatch, START};
use crate::wire::sigv4::Keys;
use crate::world::{Cloud as _, CloudRefusal, Notice, WriteCondition};

const WEB: &str = "linode:instances/web";
const WALL: &str = "linode:firewalls/wall";
const DATA: &str = "linode:volumes/data";

type Lab = ClientLab<Linode>;

impl Lab {
    fn new(seed: u64) -> Self {
        Self::of(seed, ENDPOINT, |config| Linode::new(config, Ok(keys())))
    }
}

/// The keys of the simulated object storage.
fn keys() -> Keys {
    Keys { id: "EMBEDDED000000000000".to_owned(), secret: "embedded".to_owned(), token: None }
}

fn machine() -> Json {
    json!({
        "location": "eu-west",
        "type": "g6-standard-1",
        "image": "linode/debian12",
        "authorized_keys": ["ssh-ed25519 AAAA example"],
        "backups": { "enabled": false },
        "watchdog_enabled": true,
        "tags": { "product": "saas" },
    })
}

fn wall() -> Json {
    let rule = json!({ "label": "https", "action": "ACCEPT", "protocol": "TCP", "ports": "443", "addresses": { "ipv4": ["0.0.0.0/0"] } });
    json!({ "rules": { "inbound_policy": "DROP", "outbound_policy": "ACCEPT", "inbound": [rule] }, "status": "enabled" })
}

fn without_status(mut body: Json) -> Json {
    path::remove(&mut body, "status");
    body
}

fn volume(size: u64) -> Json {
    json!({ "location": "eu-west", "size": size })
}

fn with(mut body: Json, name: &str, value: Json) -> Json {
    body[name] = value;
    body
}

fn on(verb: HttpMethod) -> RequestMatch {
    next("linode", verb)
}

#[tokio::test(start_paused = true)]
async fn machine_is_created_changed_and_deleted_by_its_label() {
    let lab = Lab::new(7);
    assert_eq!(lab.get(WEB).await, None);
    lab.put(WALL, wall()).await;
    let start = Instant::now();
    let made = lab.put(WEB, with(machine(), "firewall_id", json!(WALL))).await;
    assert!(start.elapsed().as_secs() >= 50, "it waits until the machine runs: {:?}", start.elapsed());
    assert_eq!(
        (&made["status"], &made["firewall_id"], &made["location"]),
        (&json!("running"), &json!(WALL), &json!("eu-west"))
    );
    assert_eq!(made["tags"], json!({ "product": "saas" }));
    let address = made["ipv4"][0].clone();

    let read = lab.get(WEB).await.unwrap();
    assert_eq!((&read.body, read.phase.clone()), (&made, Phase::Settled));
    let mut body = read.body.clone();
    body["type"] = json!("g6-standard-2");
    body["backups"]["enabled"] = json!(true);
    body["tags"] = json!({ "team": "a" });
    path::remove(&mut body, "firewall_id");
    let when = WriteCondition::Unchanged(read.version.as_ref().unwrap());
    let changed = lab.cloud.put(&object(WEB), &body, when).await.unwrap().body;
    assert_eq!((&changed["type"], &changed["backups"]["enabled"]), (&json!("g6-standard-2"), &json!(true)));
    assert_eq!((&changed["tags"], changed.get("firewall_id")), (&json!({ "team": "a" }), None));
    assert_eq!((&changed["id"], &changed["ipv4"][0]), (&made["id"], &address), "the same machine");

    lab.cloud.delete(&object(WEB)).await.unwrap();
    lab.cloud.delete(&object(WEB)).await.unwrap();
    assert_eq!(lab.get(WEB).await, None);
}

#[tokio::test(start_paused = true)]
async fn lost_answers_never_make_a_second_object() {
    for when in [Moment::Before, Moment::After] {
        let lab = Lab::new(7);
        for (id, body, changed) in [
            (WALL, wall(), with(wall(), "status", json!("disabled"))),
            (WEB, machine(), with(machine(), "tags", json!({ "team": "a" }))),
            (DATA, volume(20), volume(40)),
        ] {
            lab.suffer(Fault::Drop { when, on: on(HttpMethod::Post) });
            let made = lab.put(id, body).await;
            lab.suffer(Fault::Drop { when, on: on(if id == DATA { HttpMethod::Post } else { HttpMethod::Put }) });
            let now = lab.put(id, changed.clone()).await;
            assert_eq!(now["id"], made["id"], "{id}");
            let is_changed = |name: &&str| changed.get(*name).is_some_and(|value| *value != made[*name]);
            let property = ["status", "tags", "size"].into_iter().find(is_changed).unwrap();
            assert_eq!(now[property], changed[property], "{id}");
        }
        assert_eq!(lab.simulator.show().objects.len(), 3);
        for id in [WEB, DATA, WALL] {
            lab.suffer(Fault::Drop { when, on: on(HttpMethod::Delete) });
            lab.cloud.delete(&object(id)).await.unwrap();
        }
        assert!(lab.simulator.show().objects.is_empty());
    }
}

#[tokio::test(start_paused = true)]
async fn disturbed_writes_end_as_requested() {
    for seed in 0..12 {
        let lab = Lab::new(seed);
        let some = || RequestMatch { probability: Some(0.15), ..RequestMatch::default() };
        lab.suffer(Fault::Drop { when: Moment::After, on: some() });
        lab.suffer(Fault::Answer { status: 500, code: None, retry_after: None, on: some() });
        for tags in [json!({ "product": "saas" }), json!({ "product": "other" })] {
            // A disturbance may outlast the retries: the outcome is unknown then, and the same write ends it.
            let body = with(machine(), "tags", tags);
            let put = async || lab.cloud.put(&object(WEB), &body, WriteCondition::Always).await;
            let mut ended = put().await;
            for _ in 0..40 {
                if ended.is_ok() {
                    break;
                }
                ended = put().await;
            }
            ended.unwrap_or_else(|error| panic!("seed {seed}: {error}"));
        }
        assert_eq!(lab.all("instances").len(), 1, "seed {seed}");
        assert_eq!(lab.all("instances")[0]["tags"], json!(["product:other"]));
    }
}

#[tokio::test(start_paused = true)]
async fn object_that_somebody_changed_is_not_overwritten() {
    let lab = Lab::new(7);
    lab.put(WALL, wall()).await;
    let read = lab.get(WALL).await.unwrap();
    lab.simulator.edit(&ObjectId::new(WALL), "status", json!("disabled")).unwrap();
    let when = WriteCondition::Unchanged(read.version.as_ref().unwrap());
    let error = refusal(lab.cloud.put(&object(WALL), &wall(), when).await.unwrap_err());
    assert!(error.reason == Reason::Changed && error.message.contains("was changed"), "{error}");
    lab.cloud.delete(&object(WALL)).await.unwrap();
    let error = refusal(lab.cloud.put(&object(WALL), &wall(), when).await.unwrap_err());
    assert!(error.reason == Reason::Changed && error.message.contains("no longer exists"), "{error}");
}

#[tokio::test(start_paused = true)]
async fn machine_is_shut_down_and_booted() {
    let lab = Lab::new(7);
    lab.put(WEB, machine()).await;
    let version = lab.get(WEB).await.unwrap().version;
    let power = crate::providers::linode::TABLES.kind("linode_instance").unwrap().moves.power.unwrap();
    for (action, state) in [(&power.stop, PowerState::Stopped), (&power.start, PowerState::Running)] {
        let start = Instant::now();
        lab.cloud.post(&object(WEB), action.name, &[], None).await.unwrap();
        assert!(start.elapsed().as_secs() >= 25, "it waits for the event: {:?}", start.elapsed());
        let body = lab.cloud.get_expanded(&object(WEB), power.expand).await.unwrap().unwrap();
        assert_eq!((power.state)(&body), Some(state));
        assert_eq!(lab.get(WEB).await.unwrap().version, version, "a machine that is shut down is the same");
    }
    let error = refusal(lab.cloud.post(&object(WEB), "explode", &[], None).await.unwrap_err());
    assert_eq!(error.reason, Reason::Invalid);
}

#[tokio::test(start_paused = true)]
async fn work_that_fails_later_is_a_refusal_that_has_begun() {
    let lab = Lab::new(7);
    let fails = |on: RequestMatch| Fault::Fail { code: "x".to_owned(), message: "the host broke".to_owned(), on };
    lab.suffer(fails(on(HttpMethod::Post)));
    let error = refusal(lab.cloud.put(&object(WEB), &machine(), WriteCondition::Always).await.unwrap_err());
    assert!(error.has_begun && error.message.contains("the host broke"), "{error}");
    assert_eq!(lab.get(WEB).await, None);
    lab.put(WEB, machine()).await;
    lab.suffer(fails(on(HttpMethod::Post)));
    let error = refusal(lab.cloud.post(&object(WEB), "shutdown", &[], None).await.unwrap_err());
    assert!(error.has_begun && error.code == "linode_shutdown", "{error}");
    assert_eq!(lab.get(WEB).await.unwrap().body["status"], "running");
}

#[tokio::test(start_paused = true)]
async fn plan_without_capacity_is_said_so() {
    for late in [false, true] {
        let lab = Lab::new(7);
        let (location, size) = ("eu-west".to_owned(), "g6-standard-1".to_owned());
        lab.suffer(Fault::Capacity { location, size, late, instances: None });
        let error = refusal(lab.cloud.put(&object(WEB), &machine(), WriteCondition::Always).await.unwrap_err());
        assert_eq!((error.reason, error.has_begun), (Reason::NoCapacity, late), "{error}");
    }
}

#[tokio::test(start_paused = true)]
async fn volume_grows_moves_between_machines_and_leaves_before_its_deletion() {
    let lab = Lab::new(7);
    lab.put(WEB, machine()).await;
    let other = "linode:instances/other";
    lab.put(other, machine()).await;
    let made = lab.put(DATA, with(volume(20), "linode_id", json!(WEB))).await;
    assert_eq!(made["linode_id"], json!(WEB));
    let moved = lab.put(DATA, with(volume(40), "linode_id", json!(other))).await;
    assert_eq!((&moved["linode_id"], &moved["size"], &moved["id"]), (&json!(other), &json!(40), &made["id"]));
    let error = refusal(lab.cloud.put(&object(DATA), &volume(20), WriteCondition::Always).await.unwrap_err());
    assert_eq!((error.reason, error.code.as_str()), (Reason::Invalid, "size"));
    lab.put(DATA, with(volume(40), "linode_id", json!(WEB))).await;
    lab.cloud.delete(&object(DATA)).await.unwrap();
    assert_eq!(lab.get(DATA).await, None);
    assert!(lab.get(WEB).await.is_some());
}

#[tokio::test(start_paused = true)]
async fn machine_moves_from_one_firewall_to_another() {
    let lab = Lab::new(7);
    let second = "linode:firewalls/second";
    lab.put(WALL, wall()).await;
    lab.put(second, wall()).await;
    lab.put(WEB, with(machine(), "firewall_id", json!(WALL))).await;
    let moved = lab.put(WEB, with(machine(), "firewall_id", json!(second))).await;
    assert_eq!(moved["firewall_id"], json!(second));
    assert_eq!(lab.get(WALL).await.unwrap().body["entities"], json!([]));
    let absent = with(machine(), "firewall_id", json!("linode:firewalls/none"));
    let error = refusal(lab.cloud.put(&object(WEB), &absent, WriteCondition::Always).await.unwrap_err());
    assert_eq!(error.reason, Reason::Absent);
}

#[tokio::test(start_paused = true)]
async fn request_limit_is_waited_for_and_reported() {
    let lab = Lab::new(7);
    lab.put(WALL, wall()).await;
    let on = RequestMatch { times: Some(1), ..RequestMatch::default() };
    lab.suffer(Fault::Answer { status: 429, code: None, retry_after: Some(40), on });
    let start = Instant::now();
    lab.get(WALL).await.unwrap();
    assert!((40..45).contains(&start.elapsed().as_secs()), "{:?}", start.elapsed());
    let told = lab.told();
    assert!(matches!(told.as_slice(), [Notice::Throttled { provider: "Linode", .. }, ..]), "{told:?}");
}

#[tokio::test(start_paused = true)]
async fn busy_machine_is_waited_for() {
    let lab = Lab::new(7);
    lab.put(WEB, machine()).await;
    let busy = Fault::Answer { status: 409, code: None, retry_after: None, on: on(HttpMethod::Delete) };
    lab.suffer(busy);
    lab.cloud.delete(&object(WEB)).await.unwrap();
    assert_eq!(lab.get(WEB).await, None);
}

#[tokio::test(start_paused = true)]
async fn lost_provider_is_unreachable_and_no_outcome_is_assumed() {
    let lab = Lab::new(7);
    lab.put(WALL, wall()).await;
    lab.suffer(Fault::Lose { location: "provider:linode".to_owned(), plane: Plane::Both });
    let start = Instant::now();
    let read = refusal(lab.cloud.get(&object(WALL)).await.unwrap_err());
    assert_eq!(read.reason, Reason::Outage);
    assert!(start.elapsed().as_secs() < 60, "a recovery does not wait long: {:?}", start.elapsed());
    let changed = with(wall(), "status", json!("disabled"));
    let write = lab.cloud.put(&object(WALL), &changed, WriteCondition::Always).await.unwrap_err();
    assert_eq!(refusal(write).reason, Reason::Outage, "nothing was sent");
    assert!(lab.cloud.answers(&object("linode:regions/eu-west")).await.is_err());
    lab.simulator.clear_faults().unwrap();
    assert_eq!(lab.cloud.answers(&object("linode:regions/eu-west")).await, Ok(()));
    assert_eq!(lab.get(WALL).await.unwrap().body["status"], "enabled");
}

/// The API is the same for every region: it answers, and says that a region has an outage.
#[tokio::test(start_paused = true)]
async fn lost_region_is_silent_and_no_other() {
    let lab = Lab::new(7);
    lab.put(WEB, machine()).await;
    lab.suffer(Fault::Lose { location: "eu-west".to_owned(), plane: Plane::Both });
    for (id, answers) in [(WEB, false), ("linode:regions/eu-west", false), ("linode:regions/us-east", true)] {
        assert_eq!(lab.cloud.answers(&object(id)).await.is_ok(), answers, "{id}");
    }
    assert!(lab.get(WEB).await.is_some());
    assert!(lab.cloud.post(&object(WEB), "shutdown", &[], None).await.is_err());
    let standby = with(machine(), "location", json!("us-east"));
    assert_eq!(lab.put("linode:instances/standby", standby).await["status"], "running");
}

#[tokio::test(start_paused = true)]
async fn lists_have_pages_and_ids_have_forms() {
    let lab = Lab::new(7);
    // A page has 500 elements.
    for number in 0..510 {
        let body = with(wall(), "label", json!(format!("wall-{number}")));
        lab.cloud
            .transport
            .call(axum::http::Method::POST, "networking/firewalls", Some(&without_status(body)))
            .await
            .unwrap();
    }
    let list = Collection::new(ObjectId::new("linode:firewalls"), "4");
    assert_eq!(lab.cloud.collection(&list).await.unwrap().len(), 510);
    for id in ["/subscriptions/s", "linode:regions/eu-west", "linode:profile", "linode:instances/a/b"] {
        assert_eq!(refusal(lab.cloud.get(&object(id)).await.unwrap_err()).code, "UnknownId", "{id}");
    }
}

#[tokio::test(start_paused = true)]
async fn token_comes_from_the_environment_and_is_never_shown() {
    let environment = BTreeMap::from([(TOKEN.to_owned(), format!(" {SECRET}\n"))]);
    let token = token(&environment).unwrap();
    assert!(!format!("{token:?}").contains(SECRET));
    assert!(super::token(&BTreeMap::new()).unwrap_err().contains(TOKEN));
    let lab = Lab::new(7);
    assert!(!format!("{:?}", lab.cloud).contains(SECRET));
}

#[tokio::test(start_paused = true)]
async fn token_is_checked_by_ids_of_its_own() {
    let lab = Lab::new(7);
    let user = lab.cloud.get_with(&object("linode:profile"), &[]).await.unwrap().unwrap();
    assert_eq!(user["username"], "linode");
    let tokens = lab.cloud.get_with(&object("linode:profile/tokens"), &[]).await.unwrap().unwrap();
    assert_eq!((&tokens["data"][0]["label"], tokens["data"][0].get("days_left")), (&json!("drplan"), None));
    let ends = (START + jiff::SignedDuration::from_hours(60)).strftime("%Y-%m-%dT%H:%M:%S").to_string();
    let tokens = token::with_days_left(json!({ "data": [{ "expiry": ends }] }), START);
    assert_eq!(tokens["data"][0]["days_left"], json!(2));
}

#[test]
fn status_field_and_words_of_an_answer_are_its_reason() {
    let read = |status, reason: &str, field: Json| {
        let body = json!({ "errors": [{ "reason": reason, "field": field }] });
        let body = body.to_string().into();
        error::ApiError::read(&crate::wire::WireResponse { status, headers: axum::http::HeaderMap::new(), body })
    };
    for (status, words, field, reason) in [
        (400, "Label must be unique among your Linodes", json!("label"), Reason::Changed),
        (400, "Label must be 3-64 characters", json!("label"), Reason::Invalid),
        (400, "Linode busy.", json!(null), Reason::Busy),
        (400, "The volume is attached to a Linode", json!(null), Reason::InUse),
        (400, "The region has no capacity", json!("region"), Reason::NoCapacity),
        (400, "Account Limit reached", json!(null), Reason::Quota),
        (401, "Invalid Token", json!(null), Reason::Unauthenticated),
        (403, "Unauthorized", json!(null), Reason::Forbidden),
        (404, "Not found", json!(null), Reason::Absent),
        (409, "Conflict", json!(null), Reason::Busy),
        (429, "Too many requests", json!(null), Reason::Throttled),
        (502, "Bad gateway", json!(null), Reason::Outage),
    ] {
        assert_eq!(read(status, words, field).reason(), reason, "{status} {words}");
    }
    let plain = read(400, "type is not valid", json!("type"));
    assert_eq!(CloudRefusal::from(plain).code, "type");
}
