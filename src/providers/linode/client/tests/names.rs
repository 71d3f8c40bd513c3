//! Images, buckets, domains and their records: objects that are found by something else than a number of their own.

use serde_json::{Value as Json, json};

use super::{Lab, WEB, machine, on, with};
use crate::object::{Collection, ObjectId};
use crate::providers::client_lab::{object, refusal};
use crate::reason::Reason;
use crate::simulator::{Fault, HttpMethod, Moment};
use crate::world::{Cloud as _, WriteCondition};

const IMAGE: &str = "linode:images/golden";
const BUCKET: &str = "linode:buckets/files";
const DOMAIN: &str = "linode:domains/example.com";
const WWW: &str = "linode:domains/example.com/records/A/www";
const APEX: &str = "linode:domains/example.com/records/A/@";

fn image() -> Json {
    json!({ "linode_id": WEB, "description": "the web server", "cloud_init": true, "tags": { "product": "saas" } })
}

fn bucket() -> Json {
    json!({ "location": "eu-west", "acl": "private", "cors_enabled": true })
}

fn domain() -> Json {
    json!({ "type": "master", "soa_email": "ops@example.com", "ttl_sec": 0, "axfr_ips": ["192.0.2.9", "192.0.2.8"] })
}

fn record(address: &str) -> Json {
    json!({ "type": "A", "target": address, "ttl_sec": 300 })
}

#[tokio::test(start_paused = true)]
async fn image_is_made_of_the_disk_of_a_machine_and_sent_to_regions() {
    let lab = Lab::new(7);
    lab.put(WEB, machine()).await;
    let start = tokio::time::Instant::now();
    let made = lab.put(IMAGE, image()).await;
    assert!(start.elapsed().as_secs() >= 550, "it waits until the image can be used: {:?}", start.elapsed());
    assert_eq!((&made["status"], &made["replica_regions"]), (&json!("available"), &json!(["eu-west"])));
    assert!(made["id"].as_str().unwrap().starts_with("private/"), "{made}");
    let start = tokio::time::Instant::now();
    let sent = lab.put(IMAGE, with(image(), "replica_regions", json!(["us-east", "eu-west"]))).await;
    assert!(start.elapsed().as_secs() >= 550, "{:?}", start.elapsed());
    assert_eq!((&sent["replica_regions"], &sent["id"]), (&json!(["eu-west", "us-east"]), &made["id"]));
    let regions = sent["regions"].as_array().unwrap();
    assert!(regions.iter().all(|region| region["status"] == "available"), "{sent}");
    // A machine of another region starts from it.
    let standby = with(with(machine(), "image", made["id"].clone()), "location", json!("us-east"));
    assert_eq!(lab.put("linode:instances/standby", standby).await["image"], made["id"]);

    let without = json!({ "linode_id": "linode:instances/none" });
    let error = lab.cloud.put(&object("linode:images/other"), &without, WriteCondition::Always).await.unwrap_err();
    assert_eq!(refusal(error).reason, Reason::Absent);
    lab.cloud.delete(&object(IMAGE)).await.unwrap();
    assert_eq!(lab.get(IMAGE).await, None);
    // Images of Linode itself are not those of the account.
    assert_eq!(lab.get("linode:images/Debian 12").await, None);
    assert!(lab.cloud.collection(&Collection::new(ObjectId::new("linode:images"), "4")).await.unwrap().is_empty());
}

#[tokio::test(start_paused = true)]
async fn bucket_has_an_access_of_its_own() {
    let lab = Lab::new(7);
    let made = lab.put(BUCKET, bucket()).await;
    assert_eq!((&made["acl"], &made["location"]), (&json!("private"), &json!("eu-west")));
    let read = lab.get(BUCKET).await.unwrap();
    assert_eq!(read.body, made);
    let open = with(with(bucket(), "acl", json!("public-read")), "cors_enabled", json!(false));
    let when = WriteCondition::Unchanged(read.version.as_ref().unwrap());
    let changed = lab.cloud.put(&object(BUCKET), &open, when).await.unwrap().body;
    assert_eq!((&changed["acl"], &changed["cors_enabled"]), (&json!("public-read"), &json!(false)));
    lab.cloud.delete(&object(BUCKET)).await.unwrap();
    assert_eq!(lab.get(BUCKET).await, None);
}

#[tokio::test(start_paused = true)]
async fn record_is_found_by_domain_type_and_name() {
    let lab = Lab::new(7);
    let error = refusal(lab.cloud.put(&object(WWW), &record("192.0.2.1"), WriteCondition::Always).await.unwrap_err());
    assert!(error.reason == Reason::Absent && error.message.contains("example.com"), "{error}");
    let made = lab.put(DOMAIN, domain()).await;
    assert_eq!((&made["domain"], &made["ttl_sec"]), (&json!("example.com"), &json!(0)));
    // The order of addresses does not count.
    assert_eq!(lab.put(DOMAIN, with(domain(), "axfr_ips", json!(["192.0.2.8", "192.0.2.9"]))).await, made);
    for (id, name) in [(WWW, "www"), (APEX, "")] {
        let read = lab.put(id, record("192.0.2.1")).await;
        assert_eq!((&read["name"], &read["target"]), (&json!(name), &json!("192.0.2.1")), "{id}");
    }
    let six = "linode:domains/example.com/records/AAAA/www";
    lab.put(six, json!({ "type": "AAAA", "target": "2001:db8::1", "ttl_sec": 0 })).await;
    assert_eq!(lab.put(WWW, record("192.0.2.2")).await["target"], "192.0.2.2");
    let targets = [WWW, APEX, six].map(|id| lab.simulator.body(&ObjectId::new(id)).unwrap()["target"].clone());
    assert_eq!(targets, [json!("192.0.2.2"), json!("192.0.2.1"), json!("2001:db8::1")]);
    let all = lab.cloud.collection(&Collection::new(ObjectId::new("linode:records"), "4")).await.unwrap();
    let ids: Vec<&str> = all.iter().map(|(id, _)| id.as_str()).collect();
    assert_eq!(ids, [APEX, WWW, six]);

    lab.cloud.delete(&object(WWW)).await.unwrap();
    assert_eq!(lab.get(WWW).await, None);
    lab.cloud.delete(&object(DOMAIN)).await.unwrap();
    lab.cloud.delete(&object(APEX)).await.unwrap();
    assert!(lab.simulator.show().objects.is_empty());
}

#[tokio::test(start_paused = true)]
async fn records_of_one_type_and_name_are_ambiguous() {
    let lab = Lab::new(7);
    lab.put(DOMAIN, domain()).await;
    lab.put(WWW, record("192.0.2.1")).await;
    let second = json!({ "type": "A", "name": "www", "target": "192.0.2.2", "ttl_sec": 300 });
    let number = lab.simulator.body(&ObjectId::new(DOMAIN)).unwrap()["id"].as_u64().unwrap();
    let path = format!("domains/{number}/records");
    lab.cloud.transport.call(axum::http::Method::POST, &path, Some(&second)).await.unwrap();
    let error = refusal(lab.cloud.get(&object(WWW)).await.unwrap_err());
    assert!(error.code == "Ambiguous" && error.message.contains("192.0.2.2"), "{error}");
    let all = lab.cloud.collection(&Collection::new(ObjectId::new("linode:records"), "4")).await.unwrap();
    assert!(all.is_empty(), "{all:?}");
}

#[tokio::test(start_paused = true)]
async fn lost_answers_never_make_a_second_one() {
    for when in [Moment::Before, Moment::After] {
        let lab = Lab::new(7);
        lab.put(WEB, machine()).await;
        for (id, body) in [(IMAGE, image()), (BUCKET, bucket()), (DOMAIN, domain()), (WWW, record("192.0.2.1"))] {
            lab.suffer(Fault::Drop { when, on: on(HttpMethod::Post) });
            lab.put(id, body).await;
        }
        lab.suffer(Fault::Drop { when, on: on(HttpMethod::Put) });
        assert_eq!(lab.put(WWW, record("192.0.2.2")).await["target"], "192.0.2.2");
        assert_eq!(lab.simulator.show().objects.len(), 5);
        for id in [WWW, DOMAIN, BUCKET, IMAGE] {
            lab.suffer(Fault::Drop { when, on: on(HttpMethod::Delete) });
            lab.cloud.delete(&object(id)).await.unwrap();
        }
        assert_eq!(lab.simulator.show().objects.len(), 1);
    }
}

#[tokio::test(start_paused = true)]
async fn record_that_somebody_changed_is_not_overwritten() {
    let lab = Lab::new(7);
    lab.put(DOMAIN, domain()).await;
    lab.put(WWW, record("192.0.2.1")).await;
    let read = lab.get(WWW).await.unwrap();
    lab.simulator.edit(&ObjectId::new(WWW), "target", json!("192.0.2.7")).unwrap();
    let when = WriteCondition::Unchanged(read.version.as_ref().unwrap());
    let error = refusal(lab.cloud.put(&object(WWW), &record("192.0.2.2"), when).await.unwrap_err());
    assert_eq!(error.reason, Reason::Changed);
    assert_eq!(lab.get(WWW).await.unwrap().body["target"], "192.0.2.7");
}

#[tokio::test(start_paused = true)]
async fn locks_and_plans_are_read_by_ids_of_their_own() {
    let lab = Lab::new(7);
    let number = lab.put(WEB, machine()).await["id"].clone();
    let version = lab.get(WEB).await.unwrap().version;
    let lock = json!({ "entity_id": number, "entity_type": "linode", "lock_type": "cannot_delete" });
    lab.cloud.transport.call(axum::http::Method::POST, "locks", Some(&lock)).await.unwrap();
    let locks = lab.cloud.get_with(&object("linode:locks"), &[]).await.unwrap().unwrap();
    assert_eq!((&locks["value"][0]["scope"], locks["value"].as_array().unwrap().len()), (&json!(WEB), 1));
    let error = refusal(lab.cloud.delete(&object(WEB)).await.unwrap_err());
    assert!(error.reason == Reason::Invalid && error.message.contains("locked"), "{error}");
    assert_eq!(lab.get(WEB).await.unwrap().version, version, "a lock is no change of the machine");

    let (location, size) = ("us-east".to_owned(), "g6-standard-1".to_owned());
    lab.suffer(Fault::Capacity { location, size, late: false, instances: None });
    for (region, available) in [("us-east", false), ("eu-west", true)] {
        let plans = lab.cloud.get_with(&object(&format!("linode:regions/{region}/availability")), &[]).await;
        let plans = plans.unwrap().unwrap();
        let plan = plans["value"].as_array().unwrap().iter().find(|plan| plan["plan"] == "g6-standard-1").cloned();
        assert_eq!(plan.unwrap()["available"], json!(available), "{region}");
    }
}
