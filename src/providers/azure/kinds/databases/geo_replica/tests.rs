//! State of a replica and target of its promotion, from all or part of the reads.

use std::time::Duration;

use jiff::Timestamp;
use serde_json::{Map as JsonMap, Value as Json, json};

use super::{cosmos, postgres, sql, storage};
use crate::account::Account;
use crate::address::Address;
use crate::kinds::{failover::*, overrides::*, table::Kind};
use crate::object::ObjectId;
use crate::providers::azure::TABLES;
use crate::roles::{FailoverMode, Health, Side};

const EAST: &str = "/subscriptions/s/resourceGroups/e/providers/P/servers/east";
const WEST: &str = "/subscriptions/s/resourceGroups/w/providers/P/servers/west";

/// Two servers or accounts: `east` in Canada Central and `west` in Canada East.
struct ServerPair(JsonMap<String, Json>);

impl OtherResources for ServerPair {
    fn visit(&self, id: &ObjectId, visit: &mut dyn FnMut(&Subject<'_>)) {
        let location = if *id == ObjectId::new(EAST) { "canadacentral" } else { "canadaeast" };
        with(TABLES.kind("resource_group").unwrap(), id, location, &self.0, self, visit);
    }
}

fn with<T>(
    kind: &'static Kind,
    id: &ObjectId,
    location: &str,
    args: &JsonMap<String, Json>,
    others: &dyn OtherResources,
    f: impl FnOnce(&Subject<'_>) -> T,
) -> T {
    let address = Address::new(kind.name, "example");
    let account = &Account::new("s", "t");
    f(&Subject {
        kind,
        address: &address,
        name: id.name(),
        id,
        location,
        account,
        args,
        others,
        facts: Default::default(),
    })
}

/// A replica and the reads of it.
struct ReplicaFixture {
    kind: &'static Kind,
    id: ObjectId,
    args: JsonMap<String, Json>,
    sights: Vec<(ObjectId, ReadResult)>,
    metric: Option<f64>,
}

impl ReplicaFixture {
    fn new(kind: &'static Kind, id: &str, args: Json) -> Self {
        let args = args.as_object().cloned().unwrap();
        Self { kind, id: ObjectId::new(id), args, sights: Vec::new(), metric: None }
    }

    fn sees(mut self, id: &str, sight: ReadResult) -> Self {
        self.sights.push((ObjectId::new(id), sight));
        self
    }

    fn asked<T>(&self, f: impl FnOnce(&'static Promotion, &Subject<'_>, &ReadResults) -> T) -> T {
        let source = json!({ "account_replication_type": "RAGRS" });
        let two = ServerPair(source.as_object().cloned().unwrap());
        let promotion = self.kind.promotion.unwrap();
        with(self.kind, &self.id, "canadaeast", &self.args, &two, |subject| {
            let mut seen = ReadResults::at(Timestamp::UNIX_EPOCH + Duration::from_secs(1000));
            for look in (promotion.looks)(subject) {
                let sight = match look.what {
                    ReadTarget::Metric(_) => self.metric.map(|value| ReadResult::There(json!(value))),
                    _ => self.sights.iter().find(|(id, _)| *id == look.object.id).map(|(_, sight)| sight.clone()),
                };
                seen.keep(&look, sight.unwrap_or_else(|| ReadResult::Unseen("its site is lost".to_owned())));
            }
            f(promotion, subject, &seen)
        })
    }

    fn standing(&self) -> ReplicaStatus {
        self.asked(|promotion, subject, seen| (promotion.standing)(subject, seen))
    }

    fn promote(&self, side: Side, how: FailoverMode) -> Result<Call, String> {
        self.asked(|promotion, subject, seen| (promotion.promote)(subject, seen, side, how))
    }

    fn reprotect(&self) -> Reprotect {
        self.asked(|promotion, subject, seen| (promotion.reprotect)(subject, seen))
    }
}

fn there(properties: Json) -> ReadResult {
    ReadResult::There(json!({ "properties": properties }))
}

fn unseen(health: &Health) -> bool {
    matches!(health, Health::Unseen(_))
}

#[test]
fn failover_group_is_promoted_on_the_secondary() {
    let group = |server: &str| format!("{server}/failoverGroups/fg");
    let half = |role: &str, state: &str| there(json!({ "replicationRole": role, "replicationState": state }));
    let replica = || ReplicaFixture::new(&sql::KIND, &group(EAST), json!({ "source": EAST, "target": WEST }));
    let whole =
        replica().sees(&group(EAST), half("Primary", "CATCH_UP")).sees(&group(WEST), half("Secondary", "CATCH_UP"));
    assert_eq!((whole.standing().writer, whole.standing().health), (Some(Side::Source), Health::Following));
    let up = whole.promote(Side::Target, FailoverMode::Planned).unwrap();
    assert_eq!((up.object.id.as_str(), up.method), (group(WEST).as_str(), CallMethod::Post("failover", &[])));
    assert_eq!(up.region.as_deref(), Some("canadaeast"));
    let down = whole.promote(Side::Source, FailoverMode::Planned).unwrap();
    assert_eq!((down.object.id.as_str(), down.region.as_deref()), (group(EAST).as_str(), Some("canadacentral")));

    let half_seen = replica().sees(&group(WEST), half("Secondary", "CATCH_UP"));
    assert_eq!(half_seen.standing().writer, Some(Side::Source), "a secondary implies a primary");
    assert!(unseen(&half_seen.standing().health));
    assert!(half_seen.promote(Side::Target, FailoverMode::Planned).unwrap_err().contains("needs both"));
    let forced = half_seen.promote(Side::Target, FailoverMode::Forced).unwrap();
    assert_eq!(forced.method, CallMethod::Post("forceFailoverAllowDataLoss", &[]));
    assert_eq!(forced.region.as_deref(), Some("canadaeast"));

    let seeded =
        replica().sees(&group(EAST), half("Secondary", "SEEDING")).sees(&group(WEST), half("Primary", "SEEDING"));
    assert_eq!(seeded.standing().writer, Some(Side::Target));
    assert!(matches!(seeded.standing().health, Health::Behind(_)));
    assert!(matches!(seeded.reprotect(), Reprotect::Itself(_)));
    let gone = replica().sees(&group(EAST), half("Primary", "CATCH_UP")).sees(&group(WEST), ReadResult::Absent);
    assert!(matches!(gone.standing().health, Health::Broken(_)));
    assert!(gone.promote(Side::Target, FailoverMode::Forced).is_err());
    assert_eq!((replica().standing().writer, unseen(&replica().standing().health)), (None, true));
}

#[test]
fn account_lists_every_region_or_abandons_one() {
    let replica = |read: &[&str], write: &str| {
        let places = |names: &[&str]| names.iter().map(|name| json!({ "locationName": name })).collect::<Json>();
        let policies: Json = ["Canada Central", "Canada East", "West US"]
            .iter()
            .enumerate()
            .map(|(at, name)| json!({ "locationName": name, "failoverPriority": at }))
            .collect();
        let body =
            json!({ "readLocations": places(read), "writeLocations": places(&[write]), "failoverPolicies": policies });
        let replica = ReplicaFixture::new(&cosmos::KIND, EAST, json!({ "source": EAST, "site": "canadaeast" }));
        ReplicaFixture { metric: Some(2500.0), ..replica.sees(EAST, there(body)) }
    };
    let whole = replica(&["Canada Central", "Canada East", "West US"], "Canada Central");
    let standing = whole.standing();
    assert_eq!((standing.writer, standing.health), (Some(Side::Source), Health::Following));
    assert_eq!(standing.lag, Some(Duration::from_millis(2500)));
    let up = whole.promote(Side::Target, FailoverMode::Planned).unwrap();
    assert_eq!((up.method, up.region), (CallMethod::Post("failoverPriorityChange", &[]), None));
    let order = json!({ "failoverPolicies": [
        { "locationName": "Canada East", "failoverPriority": 0 },
        { "locationName": "Canada Central", "failoverPriority": 1 },
        { "locationName": "West US", "failoverPriority": 2 },
    ] });
    assert_eq!(up.body, Some(order));
    let forced = whole.promote(Side::Target, FailoverMode::Forced).unwrap();
    assert_eq!(forced.method, CallMethod::Post("offlineRegion", &[]));
    assert_eq!(forced.body, Some(json!({ "region": "Canada Central" })));

    let given_up = replica(&["Canada East", "West US"], "Canada East");
    let standing = given_up.standing();
    assert_eq!((standing.writer, standing.debts.len()), (Some(Side::Target), 1));
    // Only Microsoft can bring the region online.
    assert!(matches!(standing.health, Health::Behind(_)));
    assert!(matches!(given_up.reprotect(), Reprotect::Vendor(_)));
    assert!(given_up.promote(Side::Source, FailoverMode::Planned).unwrap_err().contains("is offline"));
    let blind = ReplicaFixture::new(&cosmos::KIND, EAST, json!({ "source": EAST, "site": "canadaeast" }));
    assert!(unseen(&blind.standing().health));
    assert!(blind.promote(Side::Target, FailoverMode::Planned).is_err());
    assert!(blind.promote(Side::Target, FailoverMode::Forced).is_ok());
}

/// An account in Canada Central (0), West US (1) and Canada East (2), with a replica in Canada East.
fn account_of_three(read: &[&str], write: &str) -> ReplicaFixture {
    let places = |names: &[&str]| names.iter().map(|name| json!({ "locationName": name })).collect::<Json>();
    let policies: Json = ["Canada Central", "West US", "Canada East"]
        .iter()
        .enumerate()
        .map(|(at, name)| json!({ "locationName": name, "failoverPriority": at }))
        .collect();
    let body =
        json!({ "readLocations": places(read), "writeLocations": places(&[write]), "failoverPolicies": policies });
    let args = json!({ "source": EAST, "site": "canadaeast", "failover_priority": 2 });
    ReplicaFixture::new(&cosmos::KIND, EAST, args).sees(EAST, there(body))
}

const ALL_THREE: &[&str] = &["Canada Central", "West US", "Canada East"];

fn regions_in_order(call: &Call) -> Vec<&str> {
    let policies = call.body.as_ref().and_then(|body| body["failoverPolicies"].as_array()).unwrap();
    policies.iter().filter_map(|policy| policy["locationName"].as_str()).collect()
}

#[test]
fn forced_failover_of_an_account_goes_to_the_next_region_only() {
    let whole = account_of_three(ALL_THREE, "Canada Central");
    let why = whole.promote(Side::Target, FailoverMode::Forced).unwrap_err();
    assert!(why.contains("move writes to westus, not to canadaeast"), "{why}");
    assert!(why.contains("(westus 1, canadaeast 2)"), "{why}");
    // The region that is next is offline already.
    let without_next = account_of_three(&["Canada Central", "Canada East"], "Canada Central");
    assert!(without_next.promote(Side::Target, FailoverMode::Forced).is_ok());
    // Writes are at a third region: the request takes that one offline, and the status names it, so that a run can
    // refuse where the region is not lost.
    let moved = account_of_three(&["West US", "Canada East"], "West US");
    let call = moved.promote(Side::Target, FailoverMode::Forced).unwrap();
    assert_eq!(call.body.unwrap()["region"], "West US");
    assert_eq!(moved.standing().elsewhere.as_deref(), Some("westus"));
    let taken = |of: &ReplicaFixture| {
        of.asked(|promotion, subject, seen| (promotion.takes_offline)(subject, seen, Side::Target))
    };
    assert_eq!((taken(&moved).as_deref(), taken(&whole).as_deref()), (Some("westus"), Some("canadacentral")));
}

#[test]
fn account_is_frozen_until_all_regions_are_online() {
    assert_eq!(account_of_three(ALL_THREE, "Canada Central").standing().frozen, None);
    // The region of another replica counts, too.
    let frozen = account_of_three(&["Canada Central", "Canada East"], "Canada Central").standing().frozen.unwrap();
    assert!(frozen.contains("West US is offline"), "{frozen}");
}

#[test]
fn account_returns_to_its_configured_priorities() {
    let up = account_of_three(ALL_THREE, "Canada Central").promote(Side::Target, FailoverMode::Planned).unwrap();
    assert_eq!(regions_in_order(&up), ["Canada East", "Canada Central", "West US"]);
    let down = account_of_three(ALL_THREE, "Canada East").promote(Side::Source, FailoverMode::Planned).unwrap();
    assert_eq!(regions_in_order(&down), ["Canada Central", "West US", "Canada East"]);
}

#[test]
fn differences_of_two_sides_are_named() {
    let replica = ReplicaFixture::new(&postgres::KIND, WEST, json!({ "source": EAST }));
    let twins = replica.asked(|promotion, subject, _| (promotion.twins)(subject));
    let server = |sku: &str, storage: u32| {
        json!({ "sku": { "name": sku, "tier": "GeneralPurpose" },
                "properties": { "storage": { "storageSizeGB": storage } } })
    };
    let small = server("Standard_D2ds_v5", 128);
    assert!(twins[0].differences(&small, &small).is_empty());
    let differences = twins[0].differences(&server("Standard_D4ds_v5", 256), &small);
    let words: Vec<&str> = differences.iter().map(|(_, words)| words.as_str()).collect();
    assert_eq!(words, ["size Standard_D4ds_v5 and Standard_D2ds_v5", "storage in GiB 256 and 128"]);
    assert!(differences.iter().all(|(property, _)| property.needed));
}

#[test]
fn postgresql_is_promoted_on_the_replica() {
    let endpoint = format!("{EAST}/virtualEndpoints/west");
    let server = |role: &str| there(json!({ "replicationRole": role, "replica": { "replicationState": "Active" } }));
    let replica = || ReplicaFixture::new(&postgres::KIND, WEST, json!({ "source": EAST }));
    let whole = || replica().sees(EAST, server("Primary")).sees(WEST, server("GeoAsyncReplica"));
    let with_endpoint = ReplicaFixture { metric: Some(7.5), ..whole().sees(&endpoint, there(json!({}))) };
    let standing = with_endpoint.standing();
    assert_eq!((standing.writer, standing.health), (Some(Side::Source), Health::Following));
    assert_eq!(standing.lag, Some(Duration::from_millis(7500)));
    let up = with_endpoint.promote(Side::Target, FailoverMode::Planned).unwrap();
    assert_eq!((up.object.id.as_str(), up.method, up.region.as_deref()), (WEST, CallMethod::Patch, Some("canadaeast")));
    let block = |mode: &str, option: &str, role: &str| {
        Some(json!({ "properties": { "replica": { "role": role, "promoteMode": mode, "promoteOption": option } } }))
    };
    assert_eq!(up.body, block("Switchover", "Planned", "Primary"));
    assert!(with_endpoint.promote(Side::Source, FailoverMode::Planned).is_err(), "a primary is not promoted");

    let alone = replica().sees(WEST, server("GeoAsyncReplica"));
    assert_eq!((alone.standing().writer, unseen(&alone.standing().health)), (Some(Side::Source), false));
    let forced = alone.promote(Side::Target, FailoverMode::Forced).unwrap();
    assert_eq!(
        forced.body,
        block("Switchover", "Forced", "Primary"),
        "an object that could not be read counts as existing"
    );
    let without = whole().sees(&endpoint, ReadResult::Absent);
    assert!(without.promote(Side::Target, FailoverMode::Planned).unwrap_err().contains("virtual endpoint"));
    assert_eq!(
        without.promote(Side::Target, FailoverMode::Forced).unwrap().body,
        block("Standalone", "Forced", "None")
    );

    let swapped = replica().sees(EAST, server("GeoAsyncReplica")).sees(WEST, server("Primary"));
    assert_eq!(swapped.standing().writer, Some(Side::Target));
    assert_eq!(swapped.promote(Side::Source, FailoverMode::Planned).unwrap().region.as_deref(), Some("canadacentral"));
    let split = replica().sees(EAST, server("Primary")).sees(WEST, server("None"));
    assert_eq!((split.standing().writer, split.standing().debts.len()), (Some(Side::Target), 1));
    assert!(matches!(split.standing().health, Health::Broken(_)));
}

#[test]
fn storage_is_promoted_in_the_region_of_its_creation() {
    let replica = |primary: &str, secondary: Option<&str>, sku: &str| {
        let stats = json!({ "status": "Live", "lastSyncTime": "1970-01-01T00:10:00Z", "canFailover": true });
        let mut body = json!({ "sku": { "name": sku }, "properties": { "primaryLocation": primary, "geoReplicationStats": stats } });
        if let Some(secondary) = secondary {
            body["properties"]["secondaryLocation"] = json!(secondary);
        }
        let replica = ReplicaFixture::new(&storage::KIND, EAST, json!({ "source": EAST, "site": "canadaeast" }));
        replica.sees(EAST, ReadResult::There(body))
    };
    let whole = replica("canadacentral", Some("canadaeast"), "Standard_RAGRS");
    let standing = whole.standing();
    assert_eq!((standing.writer, standing.health), (Some(Side::Source), Health::Following));
    assert_eq!(standing.lag, Some(Duration::from_secs(400)));
    let up = whole.promote(Side::Target, FailoverMode::Planned).unwrap();
    assert_eq!(up.method, CallMethod::Post("failover", &[("failoverType", "Planned")]));
    assert_eq!(up.region.as_deref(), Some("canadacentral"));
    let forced = whole.promote(Side::Target, FailoverMode::Forced).unwrap();
    // The region's control plane has answered: the request does not touch a lost one.
    assert_eq!((forced.method, forced.region), (CallMethod::Post("failover", &[]), None));
    let cost = whole.asked(|promotion, subject, seen| (promotion.costs)(subject, seen, FailoverMode::Forced));
    assert!(cost.is_some_and(|cost| cost.what.contains("in one region only")));
    let silent = ReplicaFixture::new(&storage::KIND, EAST, json!({ "source": EAST, "site": "canadaeast" }));
    assert!(unseen(&silent.standing().health), "a lost data plane is no deletion");
    assert!(silent.promote(Side::Target, FailoverMode::Forced).unwrap_err().contains("does not answer"));
    assert!(whole.promote(Side::Source, FailoverMode::Planned).is_err(), "the request would move it away");

    let single = replica("canadaeast", None, "Standard_LRS");
    assert_eq!((single.standing().writer, single.standing().debts.len()), (Some(Side::Target), 1));
    assert!(single.promote(Side::Source, FailoverMode::Planned).is_err());
    let Reprotect::Ask(call, _) = single.reprotect() else { panic!("a request exists") };
    assert_eq!((call.method, call.body), (CallMethod::Patch, Some(json!({ "sku": { "name": "Standard_RAGRS" } }))));
}
