//! Effects on clients of web-geo: a lost region, planned promotions and forced promotions.

use std::time::Duration;

use drplan::object::{Object, ObjectId};
use drplan::providers::azure::simulated::SUBSCRIPTION;
use drplan::reason::Reason;
use drplan::simulator::{Fault, Plane, Tally, Workload, parse_faults};
use drplan::world::{Clock as _, Cloud as _, CloudError, Web as _, WebAnswer, WriteCondition};
use serde_json::json;

use crate::lab::{Lab, get, simulated};
use crate::web_geo;

const FRONT: &str = "https://web-geo.trafficmanager.net/healthz";
const PRIMARY: &str = "canadacentral";

/// The stack with permanent compute in both regions, applied, and clients that write to it.
async fn standing() -> Lab {
    let (lab, text) = web_geo::lab();
    let text =
        text.replace("  presence = \"failover\"\n", "").replace("  stand_up = [resource_group.web-failover]\n", "");
    let applied = lab.apply(&text).await.expect("apply succeeds");
    assert_eq!(applied.report.ended, Some(drplan::steps::RunEnd::Done), "{:#?}", applied.report.fates);
    lab.clock.sleep(Duration::from_secs(120)).await;
    lab.writes(vec![sql("primary"), sql("secondary"), catalog()]);
    lab
}

fn id(rest: &str) -> ObjectId {
    ObjectId::new(format!("/subscriptions/{SUBSCRIPTION}/resourceGroups/{rest}"))
}

fn sql(side: &str) -> ObjectId {
    id(&format!("web-{side}/providers/Microsoft.Sql/servers/web-geo-sql-{side}/failoverGroups/web-geo-orders"))
}

fn catalog() -> ObjectId {
    id("web-primary/providers/Microsoft.DocumentDB/databaseAccounts/web-geo-catalog")
}

fn endpoint(kind: &str, name: &str) -> ObjectId {
    id(&format!("web-global/providers/Microsoft.Network/trafficManagerProfiles/web-geo/{kind}/{name}"))
}

impl Lab {
    fn writes(&self, stores: Vec<ObjectId>) {
        self.simulator.start_workload(Workload { front: FRONT.to_owned(), stores, rate: 100 }).expect("clients start");
    }

    async fn passes(&self, seconds: u64) -> Tally {
        self.clock.sleep(Duration::from_secs(seconds)).await;
        self.simulator.catch_up().expect("the simulator is in memory");
        self.simulator.workload().expect("a workload")
    }

    async fn fetch(&self, url: &str) -> Result<u16, String> {
        match self.simulator.fetch(&get(url)).await? {
            WebAnswer::Status(status) | WebAnswer::Marked(status, _) => Ok(status),
            WebAnswer::NotSimulated => Err("not simulated".to_owned()),
        }
    }

    async fn enable(&self, kind: &str, name: &str, enabled: bool) {
        let status = if enabled { "Enabled" } else { "Disabled" };
        let body = json!({ "properties": { "endpointStatus": status } });
        self.cloud
            .patch(&Object::whole(endpoint(kind, name), "2022-04-01"), &body)
            .await
            .expect("the endpoint is patched");
    }

    async fn promote(&self, side: &str, action: &str) {
        self.cloud
            .post(&Object::whole(sql(side), "2025-01-01"), action, &[], None)
            .await
            .expect("the failover succeeds");
    }

    fn suffer(&self, faults: &str) {
        for fault in parse_faults(faults, drplan::providers::dialects()).expect("faults") {
            self.simulator.add_fault(fault).expect("the simulator is in memory");
        }
    }
}

#[test]
fn planned_promotion_loses_no_data() {
    simulated(async {
        let lab = standing().await;
        let quiet = lab.passes(600).await;
        assert_eq!((quiet.written, quiet.lost, quiet.refused), (60_000, 0, 0), "{quiet:#?}");
        assert_eq!(quiet.stores.len(), 2, "{quiet:#?}");
        assert!(quiet.stores.iter().all(|store| !store.behind.is_empty()), "{quiet:#?}");
        lab.promote("secondary", "failover").await;
        let moved = lab.passes(300).await;
        let orders = moved.stores.iter().find(|store| store.name.contains("orders")).expect("the SQL group");
        assert_eq!(orders.writers, ["canadaeast"], "{moved:#?}");
        assert_eq!((moved.lost, moved.split, moved.doubled), (0, 0, 0), "{moved:#?}");
        lab.enable("externalEndpoints", "secondary", true).await;
        lab.enable("azureEndpoints", "primary", false).await;
        let switched = lab.passes(300).await;
        assert_eq!(switched.refused, moved.refused, "both sites serve while traffic is switched: {switched:#?}");
        assert_eq!(lab.fetch(FRONT).await, Ok(200));
    });
}

#[test]
fn forced_promotion_loses_unreplicated_data() {
    simulated(async {
        let lab = standing().await;
        lab.writes(vec![sql("secondary")]);
        lab.suffer(r#"[{"fault": "lag", "store": "*orders*", "seconds": 30}, {"fault": "lose", "location": "canadacentral", "from": 300}]"#);
        let before = lab.passes(299).await;
        assert_eq!((before.refused, before.lost), (0, 0));
        let lost = lab.passes(61).await;
        assert!(lost.refused >= 5_500 && lost.downtime_seconds >= 58, "{lost:#?}");
        assert!(lab.fetch(FRONT).await.is_err_and(|error| error.contains("canadacentral is lost")));
        let body = lab
            .cloud
            .get(&Object::whole(endpoint("azureEndpoints", "primary"), "2022-04-01"))
            .await
            .expect("the profile is a global resource");
        assert_eq!(body.expect("the object exists").body["properties"]["endpointMonitorStatus"], "Degraded");

        lab.promote("secondary", "forceFailoverAllowDataLoss").await;
        lab.enable("externalEndpoints", "secondary", true).await;
        lab.enable("azureEndpoints", "primary", false).await;
        let after = lab.passes(600).await;
        assert!((30.0..40.0).contains(&after.lost_seconds), "{after:#?}");
        assert!((3_000..4_000).contains(&after.lost), "{after:#?}");
        assert!(after.written > before.written + 40_000, "{after:#?}");
        let later = lab.passes(60).await;
        assert_eq!((later.refused, later.lost), (after.refused, after.lost), "no request fails after the failover");
        assert!(later.last_refused.is_some() && later.doubled < 40, "{later:#?}");
    });
}

#[test]
fn storage_account_takes_no_writes_during_a_failover() {
    simulated(async {
        let lab = standing().await;
        let account = id("web-primary/providers/Microsoft.Storage/storageAccounts/webgeofiles");
        let account = Object::whole(account, "2026-04-01");
        let body =
            json!({ "location": PRIMARY, "kind": "StorageV2", "sku": { "name": "Standard_GRS" }, "properties": {} });
        lab.cloud.put(&account, &body, WriteCondition::Always).await.expect("the account is created");
        lab.writes(vec![account.id.clone()]);
        let before = lab.passes(900).await;
        let behind = before.stores[0].behind["canadaeast"];
        assert_eq!((before.refused, before.lost), (0, 0), "{before:#?}");
        lab.cloud.post(&account, "failover", &[], None).await.expect("the failover succeeds");
        let after = lab.passes(60).await;
        assert_eq!(after.stores[0].writers, ["canadaeast"], "{after:#?}");
        assert!(after.lost_seconds <= behind, "no more than before the request, {behind} s: {after:#?}");
        assert!((2_990..=3_100).contains(&after.downtime_seconds), "{after:#?}");
    });
}

#[test]
fn control_plane_and_data_plane_fail_separately() {
    simulated(async {
        let lab = standing().await;
        let lose =
            |plane| lab.simulator.add_fault(Fault::Lose { location: PRIMARY.to_owned(), plane }).expect("a fault");
        lose(Plane::Control);
        let refused = lab.cloud.get(&Object::whole(sql("primary"), "2025-01-01")).await;
        assert!(
            matches!(&refused, Err(CloudError::Refused(refused)) if refused.reason == Reason::Outage),
            "{refused:?}"
        );
        assert_eq!(lab.fetch(FRONT).await, Ok(200), "running workloads continue");
        lab.simulator.restore(PRIMARY).expect("the region is restored");
        lose(Plane::Data);
        assert!(lab.cloud.get(&Object::whole(sql("primary"), "2025-01-01")).await.is_ok_and(|body| body.is_some()));
        assert!(lab.fetch(FRONT).await.is_err());
    });
}

#[test]
fn scale_set_serves_with_the_started_instances() {
    simulated(async {
        let lab = standing().await;
        let set = id("web-primary/providers/Microsoft.Compute/virtualMachineScaleSets/web");
        let set = Object::whole(set, "2026-04-01");
        let capacity = |count: u32| json!({ "sku": { "name": "Standard_D2s_v5", "capacity": count } });
        let site = "https://web-geo-primary.canadacentral.cloudapp.azure.com/";
        assert_eq!(lab.fetch(site).await, Ok(200));
        lab.cloud.patch(&set, &capacity(0)).await.expect("the scale set stops");
        assert_eq!(lab.fetch(site).await, Ok(503));
        lab.suffer(r#"[{"fault": "capacity", "location": "canadacentral", "size": "Standard_D2s_v5", "late": true}]"#);
        let failed = lab.cloud.patch(&set, &capacity(4)).await;
        assert!(matches!(&failed, Err(CloudError::Refused(why)) if why.code == "AllocationFailed"), "{failed:?}");
        assert_eq!(lab.fetch(site).await, Ok(503));
        lab.simulator.clear_faults().expect("the faults are cleared");
        lab.cloud.patch(&set, &capacity(4)).await.expect("the scale set starts");
        assert_eq!(lab.fetch(site).await, Ok(200));
    });
}
