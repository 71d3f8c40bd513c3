//! Where a replica stands, and who is asked to promote it, from all or part of what could be seen.

use std::time::Duration;

use jiff::Timestamp;
use serde_json::{Map as JsonMap, Value as Json, json};

use super::super::{failover::*, find, odd::*, table::Kind};
use super::{cosmos, postgres, sql, storage};
use crate::address::{Address, ArmId};

const EAST: &str = "/subscriptions/s/resourceGroups/e/providers/P/servers/east";
const WEST: &str = "/subscriptions/s/resourceGroups/w/providers/P/servers/west";

/// The two servers or accounts: `east` in Canada Central and `west` in Canada East.
struct Two(JsonMap<String, Json>);

impl Others for Two {
    fn visit(&self, id: &ArmId, visit: &mut dyn FnMut(&Subject<'_>)) {
        let location = if *id == ArmId::new(EAST) { "canadacentral" } else { "canadaeast" };
        with(find("resource_group").unwrap(), id, location, &self.0, self, visit);
    }
}

fn with<T>(
    kind: &'static Kind,
    id: &ArmId,
    location: &str,
    args: &JsonMap<String, Json>,
    others: &dyn Others,
    f: impl FnOnce(&Subject<'_>) -> T,
) -> T {
    let address = Address::new(kind.name, "example");
    let (subscription, tenant) = ("s", "t");
    f(&Subject { kind, address: &address, name: id.name(), id, location, subscription, tenant, args, others })
}

/// A replica, and what is seen of it.
struct Replica {
    kind: &'static Kind,
    id: ArmId,
    args: JsonMap<String, Json>,
    sights: Vec<(ArmId, Sight)>,
    metric: Option<f64>,
}

impl Replica {
    fn new(kind: &'static Kind, id: &str, args: Json) -> Self {
        let args = args.as_object().cloned().unwrap();
        Self { kind, id: ArmId::new(id), args, sights: Vec::new(), metric: None }
    }

    fn sees(mut self, id: &str, sight: Sight) -> Self {
        self.sights.push((ArmId::new(id), sight));
        self
    }

    fn asked<T>(&self, f: impl FnOnce(&'static Promotion, &Subject<'_>, &Seen) -> T) -> T {
        let source = json!({ "account_replication_type": "RAGRS" });
        let two = Two(source.as_object().cloned().unwrap());
        let promotion = self.kind.promotion.unwrap();
        with(self.kind, &self.id, "canadaeast", &self.args, &two, |subject| {
            let mut seen = Seen::at(Timestamp::UNIX_EPOCH + Duration::from_secs(1000));
            for look in (promotion.looks)(subject) {
                let sight = match look.what {
                    What::Metric(_) => self.metric.map(|value| Sight::There(json!(value))),
                    _ => self.sights.iter().find(|(id, _)| *id == look.id).map(|(_, sight)| sight.clone()),
                };
                seen.keep(&look, sight.unwrap_or_else(|| Sight::Unseen("its site is given up".to_owned())));
            }
            f(promotion, subject, &seen)
        })
    }

    fn standing(&self) -> Standing {
        self.asked(|promotion, subject, seen| (promotion.standing)(subject, seen))
    }

    fn promote(&self, side: Side, how: How) -> Result<Call, String> {
        self.asked(|promotion, subject, seen| (promotion.promote)(subject, seen, side, how))
    }

    fn reprotect(&self) -> Reprotect {
        self.asked(|promotion, subject, seen| (promotion.reprotect)(subject, seen))
    }
}

fn there(properties: Json) -> Sight {
    Sight::There(json!({ "properties": properties }))
}

fn unseen(health: &Health) -> bool {
    matches!(health, Health::Unseen(_))
}

#[test]
fn a_failover_group_is_asked_at_whoever_is_secondary() {
    let group = |server: &str| format!("{server}/failoverGroups/fg");
    let half = |role: &str, state: &str| there(json!({ "replicationRole": role, "replicationState": state }));
    let replica = || Replica::new(&sql::KIND, &group(EAST), json!({ "source": EAST, "target": WEST }));
    let whole =
        replica().sees(&group(EAST), half("Primary", "CATCH_UP")).sees(&group(WEST), half("Secondary", "CATCH_UP"));
    assert_eq!((whole.standing().writer, whole.standing().health), (Some(Side::Source), Health::Following));
    let up = whole.promote(Side::Target, How::Planned).unwrap();
    assert_eq!((up.id.as_str(), up.method), (group(WEST).as_str(), Method::Post("failover", &[])));
    assert_eq!(up.region.as_deref(), Some("canadaeast"));
    let down = whole.promote(Side::Source, How::Planned).unwrap();
    assert_eq!((down.id.as_str(), down.region.as_deref()), (group(EAST).as_str(), Some("canadacentral")));

    let half_seen = replica().sees(&group(WEST), half("Secondary", "CATCH_UP"));
    assert_eq!(half_seen.standing().writer, Some(Side::Source), "a secondary has a primary");
    assert!(unseen(&half_seen.standing().health));
    assert!(half_seen.promote(Side::Target, How::Planned).unwrap_err().contains("needs both"));
    let forced = half_seen.promote(Side::Target, How::Forced).unwrap();
    assert_eq!(forced.method, Method::Post("forceFailoverAllowDataLoss", &[]));
    assert_eq!(forced.region.as_deref(), Some("canadaeast"));

    let seeded =
        replica().sees(&group(EAST), half("Secondary", "SEEDING")).sees(&group(WEST), half("Primary", "SEEDING"));
    assert_eq!(seeded.standing().writer, Some(Side::Target));
    assert!(matches!(seeded.standing().health, Health::Behind(_)));
    assert!(matches!(seeded.reprotect(), Reprotect::Itself(_)));
    let gone = replica().sees(&group(EAST), half("Primary", "CATCH_UP")).sees(&group(WEST), Sight::Absent);
    assert!(matches!(gone.standing().health, Health::Broken(_)));
    assert!(gone.promote(Side::Target, How::Forced).is_err());
    assert_eq!((replica().standing().writer, unseen(&replica().standing().health)), (None, true));
}

#[test]
fn an_account_names_every_region_or_gives_one_up() {
    let replica = |read: &[&str], write: &str| {
        let places = |names: &[&str]| names.iter().map(|name| json!({ "locationName": name })).collect::<Json>();
        let policies: Json = ["Canada Central", "Canada East", "West US"]
            .iter()
            .enumerate()
            .map(|(at, name)| json!({ "locationName": name, "failoverPriority": at }))
            .collect();
        let body =
            json!({ "readLocations": places(read), "writeLocations": places(&[write]), "failoverPolicies": policies });
        let replica = Replica::new(&cosmos::KIND, EAST, json!({ "source": EAST, "site": "canadaeast" }));
        Replica { metric: Some(2500.0), ..replica.sees(EAST, there(body)) }
    };
    let whole = replica(&["Canada Central", "Canada East", "West US"], "Canada Central");
    let standing = whole.standing();
    assert_eq!((standing.writer, standing.health), (Some(Side::Source), Health::Following));
    assert_eq!(standing.lag, Some(Duration::from_millis(2500)));
    let up = whole.promote(Side::Target, How::Planned).unwrap();
    assert_eq!((up.method, up.region), (Method::Post("failoverPriorityChange", &[]), None));
    let order = json!({ "failoverPolicies": [
        { "locationName": "Canada East", "failoverPriority": 0 },
        { "locationName": "Canada Central", "failoverPriority": 1 },
        { "locationName": "West US", "failoverPriority": 2 },
    ] });
    assert_eq!(up.body, Some(order));
    let forced = whole.promote(Side::Target, How::Forced).unwrap();
    assert_eq!(forced.method, Method::Post("offlineRegion", &[]));
    assert_eq!(forced.body, Some(json!({ "region": "Canada Central" })));

    let given_up = replica(&["Canada East", "West US"], "Canada East");
    let standing = given_up.standing();
    assert_eq!((standing.writer, standing.debts.len()), (Some(Side::Target), 1));
    // Whoever waits for it waits for Microsoft.
    assert!(matches!(standing.health, Health::Behind(_)));
    assert!(matches!(given_up.reprotect(), Reprotect::Vendor(_)));
    assert!(given_up.promote(Side::Source, How::Planned).unwrap_err().contains("is not"));
    let blind = Replica::new(&cosmos::KIND, EAST, json!({ "source": EAST, "site": "canadaeast" }));
    assert!(unseen(&blind.standing().health));
    assert!(blind.promote(Side::Target, How::Planned).is_err());
    assert!(blind.promote(Side::Target, How::Forced).is_ok());
}

#[test]
fn a_replica_of_postgresql_is_asked_itself() {
    let endpoint = format!("{EAST}/virtualEndpoints/west");
    let server = |role: &str| there(json!({ "replicationRole": role, "replica": { "replicationState": "Active" } }));
    let replica = || Replica::new(&postgres::KIND, WEST, json!({ "source": EAST }));
    let whole = || replica().sees(EAST, server("Primary")).sees(WEST, server("GeoAsyncReplica"));
    let with_endpoint = Replica { metric: Some(7.5), ..whole().sees(&endpoint, there(json!({}))) };
    let standing = with_endpoint.standing();
    assert_eq!((standing.writer, standing.health), (Some(Side::Source), Health::Following));
    assert_eq!(standing.lag, Some(Duration::from_millis(7500)));
    let up = with_endpoint.promote(Side::Target, How::Planned).unwrap();
    assert_eq!((up.id.as_str(), up.method, up.region.as_deref()), (WEST, Method::Patch, Some("canadaeast")));
    let block = |mode: &str, option: &str, role: &str| {
        Some(json!({ "properties": { "replica": { "role": role, "promoteMode": mode, "promoteOption": option } } }))
    };
    assert_eq!(up.body, block("Switchover", "Planned", "Primary"));
    assert!(with_endpoint.promote(Side::Source, How::Planned).is_err(), "a primary is not promoted");

    let alone = replica().sees(WEST, server("GeoAsyncReplica"));
    assert_eq!((alone.standing().writer, unseen(&alone.standing().health)), (Some(Side::Source), false));
    let forced = alone.promote(Side::Target, How::Forced).unwrap();
    assert_eq!(forced.body, block("Switchover", "Forced", "Primary"), "what was not seen is taken to be there");
    let without = whole().sees(&endpoint, Sight::Absent);
    assert!(without.promote(Side::Target, How::Planned).unwrap_err().contains("virtual endpoint"));
    assert_eq!(without.promote(Side::Target, How::Forced).unwrap().body, block("Standalone", "Forced", "None"));

    let swapped = replica().sees(EAST, server("GeoAsyncReplica")).sees(WEST, server("Primary"));
    assert_eq!(swapped.standing().writer, Some(Side::Target));
    assert_eq!(swapped.promote(Side::Source, How::Planned).unwrap().region.as_deref(), Some("canadacentral"));
    let split = replica().sees(EAST, server("Primary")).sees(WEST, server("None"));
    assert_eq!((split.standing().writer, split.standing().debts.len()), (Some(Side::Target), 1));
    assert!(matches!(split.standing().health, Health::Broken(_)));
}

#[test]
fn storage_is_asked_at_the_region_that_it_was_made_in() {
    let replica = |primary: &str, secondary: Option<&str>, sku: &str| {
        let stats = json!({ "status": "Live", "lastSyncTime": "1970-01-01T00:10:00Z", "canFailover": true });
        let mut body = json!({ "sku": { "name": sku }, "properties": { "primaryLocation": primary, "geoReplicationStats": stats } });
        if let Some(secondary) = secondary {
            body["properties"]["secondaryLocation"] = json!(secondary);
        }
        let replica = Replica::new(&storage::KIND, EAST, json!({ "source": EAST, "site": "canadaeast" }));
        replica.sees(EAST, Sight::There(body))
    };
    let whole = replica("canadacentral", Some("canadaeast"), "Standard_RAGRS");
    let standing = whole.standing();
    assert_eq!((standing.writer, standing.health), (Some(Side::Source), Health::Following));
    assert_eq!(standing.lag, Some(Duration::from_secs(400)));
    let up = whole.promote(Side::Target, How::Planned).unwrap();
    assert_eq!(up.method, Method::Post("failover", &[("failoverType", "Planned")]));
    assert_eq!(up.region.as_deref(), Some("canadacentral"));
    assert_eq!(whole.promote(Side::Target, How::Forced).unwrap().method, Method::Post("failover", &[]));
    assert!(whole.promote(Side::Source, How::Planned).is_err(), "the request would move it away");

    let single = replica("canadaeast", None, "Standard_LRS");
    assert_eq!((single.standing().writer, single.standing().debts.len()), (Some(Side::Target), 1));
    assert!(single.promote(Side::Source, How::Planned).is_err());
    let Reprotect::Ask(call, _) = single.reprotect() else { panic!("it can be asked for") };
    assert_eq!((call.method, call.body), (Method::Patch, Some(json!({ "sku": { "name": "Standard_RAGRS" } }))));
}
