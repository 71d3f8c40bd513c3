//! The client with the simulated API, on simulated time.

use std::collections::BTreeMap;

use serde_json::{Value as Json, json};
use tokio::time::Instant;

use super::*;
use crate::object::{Collection, Object, ObjectId};
use crate::providers::client_lab::{ClientLab, SECRET, next, object, refusal};
use crate::reason::Reason;
use crate::simulator::{Fault, HttpMethod, Moment, Plane, RequestMatch, START};
use crate::wire::HttpBackend;
use crate::world::{Cloud as _, Notice, WriteCondition};

const ACCOUNT: &str = crate::providers::cloudflare::SIMULATED_ACCOUNT;
const WWW: &str = "cloudflare:zones/example.com/dns_records/A/www.example.com";
const APEX: &str = "cloudflare:zones/example.com/dns_records/A/example.com";

type Lab = ClientLab<Cloudflare>;

impl Lab {
    fn new(seed: u64) -> Self {
        Self::of(seed, ENDPOINT, Cloudflare::new)
    }

    /// The number of requests with a method so far.
    fn asked(&self, verb: &str) -> u64 {
        self.simulator.show().requests.get(verb).copied().unwrap_or(0)
    }
}

fn content(address: &str) -> Json {
    json!({ "content": address, "ttl": 1, "proxied": true })
}

fn on(verb: HttpMethod) -> RequestMatch {
    next("cloudflare", verb)
}

#[tokio::test(start_paused = true)]
async fn record_is_created_changed_and_deleted_by_its_name() {
    let lab = Lab::new(7);
    assert_eq!(lab.cloud.get(&object(WWW)).await, Ok(None));
    let made = lab.put(WWW, content("192.0.2.1")).await;
    assert_eq!((&made["type"], &made["name"]), (&json!("A"), &json!("www.example.com")));
    let read = lab.cloud.get(&object(WWW)).await.unwrap().unwrap();
    assert_eq!(read.body["id"], made["id"], "the id that the API gave");

    let mut body = read.body.clone();
    body["content"] = json!("192.0.2.2");
    let when = WriteCondition::Unchanged(read.version.as_ref().unwrap());
    assert_eq!(lab.cloud.put(&object(WWW), &body, when).await.unwrap().body["content"], "192.0.2.2");
    assert_eq!(lab.simulator.body(&ObjectId::new(WWW)).unwrap()["content"], "192.0.2.2", "the same id there");
    let patched = lab.cloud.patch(&object(WWW), &json!({ "comment": "the shop" })).await.unwrap();
    assert_eq!(patched.body["comment"], "the shop");

    lab.cloud.delete(&object(WWW)).await.unwrap();
    lab.cloud.delete(&object(WWW)).await.unwrap();
    assert_eq!(lab.cloud.get(&object(WWW)).await, Ok(None));
}

#[tokio::test(start_paused = true)]
async fn lost_answers_never_make_a_second_record() {
    for when in [Moment::Before, Moment::After] {
        let lab = Lab::new(7);
        for (verb, address) in [(HttpMethod::Post, "192.0.2.1"), (HttpMethod::Put, "192.0.2.2")] {
            lab.suffer(Fault::Drop { when, on: on(verb) });
            assert_eq!(lab.put(WWW, content(address)).await["content"], address);
            assert_eq!(lab.all("dns_records").len(), 1);
        }
        lab.suffer(Fault::Drop { when, on: on(HttpMethod::Delete) });
        lab.cloud.delete(&object(WWW)).await.unwrap();
        assert!(lab.all("dns_records").is_empty());
    }
}

#[tokio::test(start_paused = true)]
async fn disturbed_writes_end_as_requested() {
    for seed in 0..20 {
        let lab = Lab::new(seed);
        let half = || RequestMatch { probability: Some(0.3), ..RequestMatch::default() };
        lab.suffer(Fault::Drop { when: Moment::After, on: half() });
        lab.suffer(Fault::Answer { status: 500, code: None, retry_after: None, on: half() });
        let monitor = format!("cloudflare:accounts/{ACCOUNT}/load_balancers/monitors/web");
        for address in ["192.0.2.1", "192.0.2.2"] {
            // A disturbance may outlast the retries: the outcome is unknown then, and the same write ends it.
            for id in [WWW, &monitor] {
                let body = if id == WWW { content(address) } else { json!({ "type": "http" }) };
                let put = async || lab.cloud.put(&object(id), &body, WriteCondition::Always).await;
                let mut ended = put().await;
                for _ in 0..20 {
                    if ended.is_ok() {
                        break;
                    }
                    ended = put().await;
                }
                ended.unwrap_or_else(|error| panic!("seed {seed}: {id}: {error}"));
            }
        }
        assert_eq!((lab.all("dns_records").len(), lab.all("monitors").len()), (1, 1), "seed {seed}");
        assert_eq!(lab.all("dns_records")[0]["content"], "192.0.2.2");
    }
}

#[tokio::test(start_paused = true)]
async fn object_that_somebody_changed_is_not_overwritten() {
    let lab = Lab::new(7);
    lab.put(WWW, content("192.0.2.1")).await;
    let read = lab.cloud.get(&object(WWW)).await.unwrap().unwrap();
    lab.simulator.edit(&ObjectId::new(WWW), "content", json!("192.0.2.9")).unwrap();
    let when = WriteCondition::Unchanged(read.version.as_ref().unwrap());
    let error = refusal(lab.cloud.put(&object(WWW), &content("192.0.2.2"), when).await.unwrap_err());
    assert_eq!(error.reason, Reason::Changed);
    assert!(error.message.contains(r#"`content` was "192.0.2.1" and is "192.0.2.9""#), "{error}");
    lab.cloud.delete(&object(WWW)).await.unwrap();
    let error = refusal(lab.cloud.put(&object(WWW), &content("192.0.2.2"), when).await.unwrap_err());
    assert!(error.reason == Reason::Changed && error.message.contains("no longer exists"), "{error}");
}

#[tokio::test(start_paused = true)]
async fn records_are_switched_in_one_request_or_not_at_all() {
    let lab = Lab::new(7);
    let mut read = Vec::new();
    for id in [WWW, APEX] {
        lab.put(id, content("192.0.2.1")).await;
        read.push(lab.cloud.get(&object(id)).await.unwrap().unwrap());
    }
    let writes = |read: &[crate::sight::Sight]| -> Vec<_> {
        [WWW, APEX]
            .iter()
            .zip(read)
            .map(|(id, read)| (object(id), content("192.0.2.2"), read.version.clone()))
            .collect()
    };
    let together = async |all: &[(Object, Json, Option<crate::sight::Version>)]| {
        let all: Vec<_> = all
            .iter()
            .map(|(object, body, version)| {
                (object.clone(), body.clone(), WriteCondition::Unchanged(version.as_ref().unwrap()))
            })
            .collect();
        lab.cloud.put_together(&all).await
    };
    lab.simulator.edit(&ObjectId::new(APEX), "content", json!("192.0.2.9")).unwrap();
    let error = refusal(together(&writes(&read)).await.unwrap_err());
    assert!(error.reason == Reason::Changed && error.message.contains("192.0.2.9"), "{error}");
    assert_eq!(lab.simulator.body(&ObjectId::new(WWW)).unwrap()["content"], "192.0.2.1", "nothing was switched");

    read[1] = lab.cloud.get(&object(APEX)).await.unwrap().unwrap();
    // The answer is lost after the switch: it is found, and not sent again.
    lab.suffer(Fault::Drop { when: Moment::After, on: on(HttpMethod::Post) });
    let before = lab.asked("POST");
    let switched = together(&writes(&read)).await.unwrap();
    assert!(switched.iter().all(|seen| seen.body["content"] == "192.0.2.2"), "{switched:?}");
    assert_eq!(lab.asked("POST") - before, 1);
}

#[tokio::test(start_paused = true)]
async fn records_of_one_name_and_type_are_ambiguous() {
    let lab = Lab::new(7);
    lab.put(WWW, content("192.0.2.1")).await;
    let router = lab.simulator.router();
    let zone = lab.cloud.zone("example.com").await.unwrap();
    let body = json!({ "type": "A", "name": "www.example.com", "content": "192.0.2.2", "ttl": 1 });
    let url = format!("{ENDPOINT}zones/{}/dns_records", zone.id);
    let mut request = crate::wire::WireRequest::new(axum::http::Method::POST, url.parse().unwrap()).json(&body);
    request.headers.insert("authorization", "Bearer another".parse().unwrap());
    HttpBackend::InProcess(router).send(request).await.unwrap();
    let error = refusal(lab.cloud.get(&object(WWW)).await.unwrap_err());
    assert!(error.message.contains("192.0.2.1") && error.message.contains("192.0.2.2"), "{error}");
    let list = Collection::new(ObjectId::new("cloudflare:zones/example.com/dns_records"), "4");
    assert_eq!(lab.cloud.collection(&list).await.unwrap(), []);
}

#[tokio::test(start_paused = true)]
async fn references_are_ids_that_follow_from_names() {
    let lab = Lab::new(7);
    let at = |of: &str, name: &str| format!("cloudflare:accounts/{ACCOUNT}/load_balancers/{of}/{name}");
    let (monitor, pool) = (at("monitors", "web"), at("pools", "east"));
    let origins = json!([{ "name": "web", "address": "192.0.2.1" }]);
    let body = json!({ "origins": origins, "monitor": monitor });
    let absent = lab.cloud.put(&object(&pool), &body, WriteCondition::Always).await.unwrap_err();
    assert_eq!(refusal(absent).reason, Reason::Absent);
    let made = lab.put(&monitor, json!({ "type": "https", "path": "/healthz" })).await;
    assert_eq!(made["description"], "web");
    let given = lab.put(&pool, body).await;
    assert_eq!(given["monitor"], json!(monitor));
    assert_eq!(lab.simulator.body(&ObjectId::new(&*pool)).unwrap()["monitor"], made["id"]);

    let balancer = "cloudflare:zones/example.com/load_balancers/www.example.com";
    lab.put(balancer, json!({ "default_pools": [pool], "fallback_pool": pool, "proxied": true })).await;
    // Another client has read nothing before.
    lab.cloud.forget_given();
    let read = lab.cloud.get(&object(balancer)).await.unwrap().unwrap().body;
    assert_eq!((&read["fallback_pool"], &read["default_pools"]), (&json!(pool), &json!([pool])));
    let in_use = refusal(lab.cloud.delete(&object(&pool)).await.unwrap_err());
    assert_eq!((in_use.reason, in_use.code.as_str()), (Reason::InUse, "1005"));
    for id in [balancer, &pool, &monitor] {
        lab.cloud.delete(&object(id)).await.unwrap();
    }
}

#[tokio::test(start_paused = true)]
async fn request_limit_is_waited_for_and_reported() {
    let lab = Lab::new(7);
    lab.put(WWW, content("192.0.2.1")).await;
    let on = RequestMatch { times: Some(1), ..RequestMatch::default() };
    lab.suffer(Fault::Answer { status: 429, code: None, retry_after: Some(40), on });
    let start = Instant::now();
    lab.cloud.get(&object(WWW)).await.unwrap().unwrap();
    assert!((40..45).contains(&start.elapsed().as_secs()), "{:?}", start.elapsed());
    let told = lab.told();
    assert!(matches!(told.as_slice(), [Notice::Throttled { provider: "Cloudflare", .. }, ..]), "{told:?}");
}

#[tokio::test(start_paused = true)]
async fn silent_api_is_unreachable_and_no_outcome_is_assumed() {
    let lab = Lab::new(7);
    lab.put(WWW, content("192.0.2.1")).await;
    lab.suffer(Fault::Lose { location: "provider:cloudflare".to_owned(), plane: Plane::Both });
    let start = Instant::now();
    let read = refusal(lab.cloud.get(&object(WWW)).await.unwrap_err());
    assert_eq!(read.reason, Reason::Outage);
    assert!(start.elapsed().as_secs() < 60, "a recovery does not wait long: {:?}", start.elapsed());
    let write = lab.cloud.put(&object(WWW), &content("192.0.2.2"), WriteCondition::Always).await.unwrap_err();
    assert_eq!(refusal(write).reason, Reason::Outage, "nothing was sent");
    let common = object("cloudflare:regions/global");
    assert!(lab.cloud.answers(&common).await.is_err());
    lab.simulator.clear_faults().unwrap();
    assert_eq!(lab.cloud.answers(&common).await, Ok(()));
    assert_eq!(lab.all("dns_records")[0]["content"], "192.0.2.1");
}

#[tokio::test(start_paused = true)]
async fn zone_that_the_token_does_not_find_is_named() {
    let lab = Lab::new(7);
    let id = "cloudflare:zones/nobody.invalid/dns_records/A/www.nobody.invalid";
    let error = refusal(lab.cloud.get(&object(id)).await.unwrap_err());
    assert!(error.message.contains("finds no zone `nobody.invalid`"), "{error}");
    for id in ["/subscriptions/s", "cloudflare:zones/example.com", "cloudflare:user/tokens/verify"] {
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
async fn token_is_verified_by_an_id_of_its_own() {
    let lab = Lab::new(7);
    for id in ["cloudflare:user/tokens/verify".to_owned(), format!("cloudflare:accounts/{ACCOUNT}/tokens/verify")] {
        let read = lab.cloud.get_with(&object(&id), &[]).await.unwrap().unwrap();
        assert_eq!((&read["status"], read.get("days_left")), (&json!("active"), None));
    }
    let expires = json!({ "expires_on": (START + jiff::SignedDuration::from_hours(60)).to_string() });
    assert_eq!(token::with_days_left(expires, START)["days_left"], json!(2));
}

#[test]
fn innermost_code_of_an_answer_counts() {
    let answer = |status, body: Json| crate::wire::WireResponse {
        status,
        headers: axum::http::HeaderMap::from_iter([("cf-ray".parse().unwrap(), "8f00-YYZ".parse().unwrap())]),
        body: body.to_string().into(),
    };
    let chain = json!({ "success": false, "errors": [{
        "code": 1004, "message": "DNS Validation Error",
        "error_chain": [{ "code": 9005, "message": "Content must be an address." }],
    }] });
    let read = error::ApiError::read(&answer(400, chain));
    assert_eq!((read.code, read.message.as_str()), (9005, "DNS Validation Error Content must be an address."));
    assert_eq!((read.reason(), read.ray.as_deref()), (Reason::Invalid, Some("8f00-YYZ")));
    let plain =
        |status, code: u64| error::ApiError::read(&answer(status, json!({ "errors": [{ "code": code }] }))).reason();
    for (status, code, reason) in [
        (404, 81_044, Reason::Absent),
        (404, 7003, Reason::Invalid),
        (400, 81_058, Reason::Changed),
        (400, 6003, Reason::Unauthenticated),
        (403, 9109, Reason::Unauthenticated),
        (403, 10_000, Reason::Forbidden),
        (429, 971, Reason::Throttled),
        (412, 1005, Reason::InUse),
        (200, 1004, Reason::Other),
        (502, 0, Reason::Outage),
    ] {
        assert_eq!(plain(status, code), reason, "{status} {code}");
    }
}
