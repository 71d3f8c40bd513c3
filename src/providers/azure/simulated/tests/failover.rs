//! Failovers of each data store: planned and forced, requested at the wrong site, with a lost region, repeated, and the
//! state of a recovered region.

use super::*;

/// A path in the group `far` in Canada East.
fn far(path: &str) -> String {
    format!("{}/providers/{path}", id("").replace("/rg", "/far"))
}

fn text<'a>(answer: &'a TestResponse, at: &str) -> &'a str {
    answer.body.pointer(at).and_then(Json::as_str).unwrap_or("nothing")
}

impl TestCloud {
    /// A cloud with groups in Canada Central and, `far`, in Canada East.
    async fn of_two() -> Self {
        let cloud = Self::with_group().await;
        let group = id("").replace("/rg", "/far");
        assert_eq!(cloud.put(&group, json!({ "location": "canadaeast" })).await.status, 201);
        cloud
    }

    /// Sends a write and waits until it completes; returns the error code, immediate or final.
    async fn acted(&self, verb: &str, path: &str, body: Option<Json>) -> String {
        let answer = self.ask(verb, path, body, &[]).await;
        if answer.status >= 300 {
            return answer.code().1.to_owned();
        }
        self.pass(4000);
        let link = match answer.header("azure-asyncoperation") {
            "" => answer.link("location"),
            _ => answer.link("azure-asyncoperation"),
        };
        let done = self.get(&link).await;
        match done.body.get("status").and_then(Json::as_str) {
            Some("Succeeded") => "done".to_owned(),
            None if done.status == 200 => "done".to_owned(),
            _ => done.code().1.to_owned(),
        }
    }

    async fn post(&self, path: &str, body: Option<Json>) -> String {
        self.acted("POST", path, body).await
    }

    async fn lag(&self, path: &str, metric: &str) -> Option<f64> {
        let metrics = "providers/Microsoft.Insights/metrics?api-version=2024-02-01";
        let answer = self.get(&format!("{}/{metrics}&metricnames={metric}&aggregation=Maximum", id(path))).await;
        assert_eq!(answer.status, 200, "{}", answer.body);
        answer.body.pointer("/value/0/timeseries/0/data/0/maximum").and_then(Json::as_f64)
    }
}

const SERVER: &str = "Microsoft.Sql/servers/drplan-";
const ROLE: &str = "/properties/replicationRole";
const STATE: &str = "/properties/replicationState";
const LOST: &str = r#"[{"fault": "lose", "location": "canadacentral"}]"#;

/// A failover group `drplan-fg` of one database, and the paths of its two resources.
async fn sql() -> (TestCloud, String, String) {
    let cloud = TestCloud::of_two().await;
    let (near, away) = (id(&format!("{SERVER}a")), far(&format!("{SERVER}b")));
    for (server, location) in [(&near, "canadacentral"), (&away, "canadaeast")] {
        let body = json!({ "location": location, "properties": {
            "version": "12.0", "administratorLogin": "a", "administratorLoginPassword": "p4ss, w0rd", "minimalTlsVersion": "1.2",
            "publicNetworkAccess": "Enabled", "restrictOutboundNetworkAccess": "Disabled" } });
        cloud.made(server, body).await;
    }
    let database = format!("{near}/databases/orders");
    cloud.made(&database, json!({ "location": "canadacentral", "sku": { "name": "S1" }, "properties": {} })).await;
    let group = |server: &str| format!("{server}/failoverGroups/drplan-fg");
    cloud.made(&group(&near), sql_group(&away, &database)).await;
    (cloud, group(&near), group(&away))
}

fn sql_group(partner: &str, database: &str) -> Json {
    json!({ "properties": {
        "readWriteEndpoint": { "failoverPolicy": "Manual" }, "readOnlyEndpoint": { "failoverPolicy": "Disabled" },
        "partnerServers": [{ "id": partner }], "databases": [database],
    } })
}

#[tokio::test]
async fn a_secondary_database_has_the_size_of_its_primary_and_a_link_to_it() {
    let (cloud, near, away) = sql().await;
    let of = |group: &str| group.replace("failoverGroups/drplan-fg", "databases/stock");
    let (primary, secondary) = (of(&near), of(&away));
    cloud.made(&primary, json!({ "location": "canadacentral", "sku": { "name": "S2" }, "properties": {} })).await;
    let copy = json!({ "createMode": "Secondary", "sourceDatabaseId": primary });
    cloud.made(&secondary, json!({ "location": "canadaeast", "properties": copy })).await;
    let made = cloud.get(&secondary).await;
    assert_eq!(text(&made, "/properties/currentServiceObjectiveName"), "S2");
    assert_eq!(text(&made, "/properties/createMode"), "nothing");

    let link = async |database: &str| cloud.get(&format!("{database}/replicationLinks")).await;
    for (database, role) in [(&primary, "Primary"), (&secondary, "Secondary")] {
        assert_eq!(text(&link(database).await, "/value/0/properties/role"), role);
    }
    // A failover group takes the link over.
    let server = away.replace("/failoverGroups/drplan-fg", "");
    let mut group = sql_group(&server, &primary);
    group["properties"]["databases"] = json!([near.replace("failoverGroups/drplan-fg", "databases/orders"), primary]);
    assert!(cloud.put(&near, group).await.status < 300);
    cloud.pass(4000);
    let name = text(&link(&secondary).await, "/value/0/name").to_owned();
    assert_eq!(cloud.post(&format!("{secondary}/replicationLinks/{name}/failover"), None).await, "done");
    for (database, role) in [(&primary, "Secondary"), (&secondary, "Primary")] {
        assert_eq!(text(&link(database).await, "/value/0/properties/role"), role);
    }
}

#[tokio::test]
async fn failover_group_fails_over_from_its_secondary() {
    let (cloud, near, away) = sql().await;
    assert_eq!(cloud.post(&format!("{near}/failover"), None).await, "FailoverGroupFailoverRequestOnPrimaryServer");
    let begun = cloud.ask("POST", &format!("{away}/failover"), None, &[]).await;
    assert_eq!((begun.status, begun.body["operation"].as_str()), (202, Some("failover")));
    assert_eq!(text(&cloud.get(&away).await, ROLE), "Secondary", "until the failover completes");
    let beside = cloud.ask("POST", &format!("{away}/failover"), None, &[]).await;
    assert_eq!(beside.code(), (409, "AnotherOperationInProgress"));
    cloud.pass(60);
    assert_eq!(cloud.get(&begun.link("azure-asyncoperation")).await.body["status"], "Succeeded");
    assert_eq!(cloud.get(&begun.link("location")).await.status, 200);

    for (half, role) in [(&near, "Secondary"), (&away, "Primary")] {
        let half = cloud.get(half).await;
        assert_eq!((text(&half, ROLE), text(&half, STATE)), (role, "CATCH_UP"));
        assert_ne!(text(&half, "/properties/partnerServers/0/replicationRole"), role);
    }
    let secondary = |group: &str| group.replace("failoverGroups/drplan-fg", "databases/orders");
    assert_eq!(text(&cloud.get(&secondary(&near)).await, "/properties/secondaryType"), "Geo");
    assert_eq!(text(&cloud.get(&secondary(&away)).await, "/properties/secondaryType"), "nothing");
    assert_eq!(
        cloud.post(&format!("{away}/failover"), None).await,
        "FailoverGroupFailoverRequestOnPrimaryServer",
        "a second request is refused, and so does no harm"
    );
    let change = cloud.put(&near, cloud.get(&near).await.body).await;
    assert_eq!(change.code(), (409, "FailoverGroupUpdateOrDeleteRequestOnSecondaryServer"));
    assert_eq!(cloud.post(&format!("{near}/failover"), None).await, "done");
    assert_eq!(text(&cloud.get(&near).await, ROLE), "Primary");
}

#[tokio::test]
async fn forced_failover_after_loss_of_the_primary_reseeds_the_old_primary() {
    let (cloud, near, away) = sql().await;
    cloud.inject(LOST);
    assert_eq!(cloud.post(&format!("{near}/forceFailoverAllowDataLoss"), None).await, "ServiceUnavailable");
    assert_eq!(
        cloud.post(&format!("{away}/failover"), None).await,
        "ServiceUnavailable",
        "a planned failover needs both sites"
    );
    assert_eq!(cloud.post(&format!("{away}/forceFailoverAllowDataLoss"), None).await, "done");
    assert_eq!(text(&cloud.get(&away).await, ROLE), "Primary");
    assert_eq!(cloud.get(&near).await.status, 503);
    cloud.pass(7200);
    assert_eq!(text(&cloud.get(&away).await, STATE), "SUSPENDED");

    assert!(cloud.simulator.restore("canadacentral").unwrap());
    let back = cloud.get(&near).await;
    assert_eq!(
        (text(&back, ROLE), text(&back, STATE)),
        ("Secondary", "SEEDING"),
        "the old primary must not accept writes"
    );
    assert_eq!(cloud.post(&format!("{near}/failover"), None).await, "GeoReplicationDatabaseNotSynchronized");
    cloud.pass(300);
    assert_eq!(text(&cloud.get(&away).await, STATE), "CATCH_UP");
    assert_eq!(cloud.post(&format!("{near}/failover"), None).await, "done");
}

#[tokio::test]
async fn planned_failover_pauses_while_a_site_is_lost() {
    let (cloud, _, away) = sql().await;
    let begun = cloud.ask("POST", &format!("{away}/failover"), None, &[]).await;
    cloud.inject(LOST);
    cloud.pass(3600);
    assert_eq!(cloud.get(&begun.link("azure-asyncoperation")).await.body["status"], "InProgress");
    cloud.simulator.clear_faults().unwrap();
    assert_eq!(cloud.get(&begun.link("azure-asyncoperation")).await.body["status"], "Succeeded");
}

const ACCOUNT: &str = "Microsoft.DocumentDB/databaseAccounts/drplan-test";

/// An account in Canada Central with a read region in Canada East.
async fn cosmos() -> TestCloud {
    let cloud = TestCloud::of_two().await;
    let place =
        |name, priority| json!({ "locationName": name, "failoverPriority": priority, "isZoneRedundant": false });
    let body = json!({ "location": "canadacentral", "kind": "GlobalDocumentDB", "properties": {
        "databaseAccountOfferType": "Standard", "consistencyPolicy": { "defaultConsistencyLevel": "Session" },
        "locations": [place("canadacentral", 0), place("canadaeast", 1)] } });
    // Its group is in another region, so that the account can be managed after its first region is lost.
    cloud.made(&far(ACCOUNT), body).await;
    cloud
}

fn order(regions: &[&str]) -> Option<Json> {
    let policy = |(at, name)| json!({ "locationName": name, "failoverPriority": at });
    Some(json!({ "failoverPolicies": regions.iter().enumerate().map(policy).collect::<Vec<_>>() }))
}

async fn regions(cloud: &TestCloud, list: &str) -> Vec<String> {
    let account = cloud.get(&far(ACCOUNT)).await;
    assert_eq!(account.status, 200, "{}", account.body);
    let places = account.body["properties"][list].as_array().unwrap();
    places.iter().map(|place| place["locationName"].as_str().unwrap().to_owned()).collect()
}

#[tokio::test]
async fn write_region_changes_while_all_regions_run() {
    let cloud = cosmos().await;
    let change = format!("{}/failoverPriorityChange", far(ACCOUNT));
    assert!(cloud.lag(&far(ACCOUNT), "ReplicationLatency").await.is_some_and(|ms| (1000.0..=4000.0).contains(&ms)));
    for wrong in [order(&["Canada East"]), order(&["Canada East", "Canada East"]), order(&["West US", "Canada East"])] {
        assert_eq!(cloud.post(&change, wrong).await, "BadRequest");
    }
    for _ in 0..2 {
        assert_eq!(cloud.post(&change, order(&["Canada East", "Canada Central"])).await, "done");
        assert_eq!(regions(&cloud, "writeLocations").await, ["Canada East"]);
        assert_eq!(regions(&cloud, "readLocations").await, ["Canada East", "Canada Central"]);
    }
    let account = cloud.get(&far(ACCOUNT)).await.body;
    assert_eq!(account["properties"]["locations"][0]["failoverPriority"], 0);
    assert_eq!(cloud.put(&far(ACCOUNT), account).await.status, 200, "an answer can be put back");
    cloud.pass(600);
    assert_eq!(regions(&cloud, "writeLocations").await, ["Canada East"]);
}

#[tokio::test]
async fn offline_region_returns_later_as_a_read_region() {
    let cloud = cosmos().await;
    let act = |action: &str| format!("{}/{action}", far(ACCOUNT));
    let region = |name: &str| Some(json!({ "region": name }));
    cloud.inject(LOST);
    assert_eq!(regions(&cloud, "writeLocations").await, ["Canada Central"], "any region answers for the account");
    let order_back = || order(&["Canada Central", "Canada East"]);
    assert_eq!(
        cloud.post(&act("failoverPriorityChange"), order(&["Canada East", "Canada Central"])).await,
        "PreconditionFailed"
    );
    assert_eq!(cloud.post(&act("offlineRegion"), region("West US")).await, "BadRequest");
    for _ in 0..2 {
        assert_eq!(cloud.post(&act("offlineRegion"), region("Canada Central")).await, "done");
        assert_eq!(regions(&cloud, "writeLocations").await, ["Canada East"]);
        assert_eq!(regions(&cloud, "readLocations").await, ["Canada East"]);
    }
    assert_eq!(cloud.post(&act("offlineRegion"), region("Canada East")).await, "BadRequest", "it is the last region");
    cloud.simulator.restore("canadacentral").unwrap();
    cloud.pass(3_600);
    assert_eq!(regions(&cloud, "readLocations").await, ["Canada East"]);
    assert_eq!(regions(&cloud, "failoverPolicies").await, ["Canada East", "Canada Central"]);
    assert_eq!(cloud.post(&act("failoverPriorityChange"), order_back()).await, "PreconditionFailed");
    cloud.pass(20_000);
    assert_eq!(regions(&cloud, "readLocations").await, ["Canada East", "Canada Central"]);
    assert_eq!(
        cloud.post(&act("onlineRegion"), region("Canada Central")).await,
        "done",
        "the region is online already"
    );
    assert_eq!(regions(&cloud, "writeLocations").await, ["Canada East"]);
    assert_eq!(cloud.post(&act("failoverPriorityChange"), order_back()).await, "done");
    assert_eq!(regions(&cloud, "writeLocations").await, ["Canada Central"]);
}

const POSTGRES: &str = "Microsoft.DBforPostgreSQL/flexibleServers/drplan-";
const DELAY: &str = "physical_replication_delay_in_seconds";

/// A server, its replica in the other region and, optionally, their virtual endpoint.
async fn postgres(endpoint: bool) -> (TestCloud, String, String) {
    let cloud = TestCloud::of_two().await;
    let (near, away) = (id(&format!("{POSTGRES}a")), far(&format!("{POSTGRES}b")));
    let server = json!({ "location": "canadacentral", "sku": { "name": "Standard_D2ds_v5", "tier": "GeneralPurpose" },
        "properties": { "version": "16", "administratorLogin": "a", "administratorLoginPassword": "p4ss, w0rd",
            "storage": { "storageSizeGB": 128 } } });
    cloud.made(&near, server).await;
    let replica =
        json!({ "location": "canadaeast", "properties": { "createMode": "Replica", "sourceServerResourceId": near } });
    cloud.made(&away, replica).await;
    if endpoint {
        let body = json!({ "properties": { "endpointType": "ReadWrite", "members": ["drplan-b"] } });
        cloud.made(&format!("{near}/virtualEndpoints/drplan-name"), body).await;
    }
    (cloud, near, away)
}

fn promotion(mode: &str, option: &str) -> Option<Json> {
    Some(json!({ "properties": { "replica": { "role": "Primary", "promoteMode": mode, "promoteOption": option } } }))
}

#[tokio::test]
async fn switchover_runs_on_the_replica_and_swaps_roles() {
    let (cloud, near, away) = postgres(true).await;
    assert!(cloud.lag(&away, DELAY).await.is_some_and(|seconds| (5.0..=20.0).contains(&seconds)));
    assert_eq!(cloud.lag(&near, DELAY).await, None, "a primary has no replication lag");
    assert_eq!(cloud.acted("PATCH", &near, promotion("Switchover", "Planned")).await, "ReplicaPromotionNotAllowed");
    let begun = cloud.ask("PATCH", &away, promotion("Switchover", "Planned"), &[]).await;
    assert_eq!((begun.status, text(&cloud.get(&away).await, ROLE)), (202, "GeoAsyncReplica"));
    cloud.pass(300);
    for (server, role, behind) in [(&near, "GeoAsyncReplica", true), (&away, "Primary", false)] {
        let read = cloud.get(server).await;
        assert_eq!((text(&read, ROLE), text(&read, "/properties/replica/role")), (role, role));
        assert_eq!(read.body["properties"]["replica"].get("promoteMode"), None);
        assert_eq!(cloud.lag(server, DELAY).await.is_some(), behind);
    }
    assert_eq!(cloud.acted("PATCH", &away, promotion("Switchover", "Planned")).await, "ReplicaPromotionNotAllowed");
    assert_eq!(cloud.acted("PATCH", &near, promotion("Switchover", "Planned")).await, "done");
    assert_eq!(text(&cloud.get(&near).await, ROLE), "Primary");
}

#[tokio::test]
async fn lost_primary_becomes_a_replica_or_stays_primary() {
    let (cloud, near, away) = postgres(true).await;
    cloud.inject(LOST);
    assert_eq!(
        cloud.acted("PATCH", &away, promotion("Switchover", "Planned")).await,
        "ReplicaPromotionPrimaryNotAvailable"
    );
    assert_eq!(cloud.acted("PATCH", &away, promotion("Switchover", "Forced")).await, "done");
    assert_eq!(text(&cloud.get(&away).await, ROLE), "Primary");
    cloud.simulator.restore("canadacentral").unwrap();
    let back = cloud.get(&near).await;
    assert_eq!(
        (text(&back, ROLE), text(&back, "/properties/replica/replicationState")),
        ("GeoAsyncReplica", "Catchup")
    );
    cloud.pass(300);
    assert_eq!(text(&cloud.get(&near).await, "/properties/replica/replicationState"), "Active");

    let (cloud, near, away) = postgres(false).await;
    cloud.inject(LOST);
    assert_eq!(cloud.acted("PATCH", &away, promotion("Switchover", "Forced")).await, "VirtualEndpointRequired");
    assert_eq!(cloud.acted("PATCH", &away, promotion("Standalone", "Forced")).await, "done");
    cloud.simulator.restore("canadacentral").unwrap();
    cloud.pass(7200);
    assert_eq!(text(&cloud.get(&near).await, ROLE), "Primary", "not demoted: both servers accept writes");
    assert_eq!(text(&cloud.get(&away).await, ROLE), "None");
}

#[tokio::test]
async fn a_stopped_server_serves_nobody_until_it_is_started() {
    let (cloud, near, away) = postgres(true).await;
    let serves = async |name: &str| cloud.fetch(&format!("https://{name}.postgres.database.azure.com/")).await;
    let host = "drplan-a";
    assert!(serves(host).await.is_ok());
    assert_eq!(cloud.acted("POST", &format!("{near}/stop"), None).await, "done");
    for name in [host, "drplan-name.writer"] {
        assert!(serves(name).await.is_err(), "{name}");
    }
    assert!(serves("drplan-name.reader").await.is_ok(), "the replica still runs");
    let change = json!({ "properties": { "storage": { "storageSizeGB": 256 } } });
    assert_eq!(cloud.acted("PATCH", &near, Some(change)).await, "ServerIsStopped");
    assert_eq!(
        cloud.acted("PATCH", &away, promotion("Switchover", "Planned")).await,
        "ReplicaPromotionPrimaryNotAvailable"
    );
    assert_eq!(cloud.acted("POST", &format!("{near}/start"), None).await, "done");
    assert!(serves(host).await.is_ok());
}

const STORAGE: &str = "Microsoft.Storage/storageAccounts/drplantest";

/// A geo-redundant account created in Canada Central.
async fn storage() -> TestCloud {
    let cloud = TestCloud::of_two().await;
    let body = json!({ "location": "canadacentral", "kind": "StorageV2", "sku": { "name": "Standard_RAGRS" }, "properties": {} });
    cloud.made(STORAGE, body).await;
    cloud
}

async fn places(cloud: &TestCloud) -> [String; 3] {
    let account = cloud.get(STORAGE).await;
    ["/properties/primaryLocation", "/properties/secondaryLocation", "/sku/name"]
        .map(|at| text(&account, at).to_owned())
}

#[tokio::test]
async fn storage_failover_is_managed_from_its_original_region() {
    let cloud = storage().await;
    let planned = format!("{STORAGE}/failover?api-version=2021-04-01&failoverType=Planned");
    let stats = cloud.get(&format!("{STORAGE}?api-version=2021-04-01&$expand=geoReplicationStats")).await;
    assert_eq!(text(&stats, "/properties/geoReplicationStats/status"), "Live");
    let synced: Timestamp = text(&stats, "/properties/geoReplicationStats/lastSyncTime").parse().unwrap();
    assert!((120..=601).contains(&cloud.clock.now().duration_since(synced).as_secs()));
    assert_eq!(cloud.get(STORAGE).await.body["properties"].get("geoReplicationStats"), None, "only on request");
    assert_eq!(cloud.post(&planned, None).await, "done");
    assert_eq!(places(&cloud).await, ["canadaeast", "canadacentral", "Standard_RAGRS"]);
    cloud.inject(LOST);
    assert_eq!(cloud.post(&planned, None).await, "ServiceUnavailable");
    assert_eq!(
        cloud.post(&format!("{STORAGE}/failover"), None).await,
        "ServiceUnavailable",
        "the provider does not fail over"
    );
    cloud.simulator.clear_faults().unwrap();
    assert_eq!(cloud.post(&planned, None).await, "done");
    assert_eq!(places(&cloud).await, ["canadacentral", "canadaeast", "Standard_RAGRS"]);
}

#[tokio::test]
async fn storage_account_is_locally_redundant_after_a_forced_failover() {
    let cloud = storage().await;
    cloud.inject(r#"[{"fault": "lose", "location": "canadaeast", "plane": "data"}]"#);
    let (forced, planned) =
        (format!("{STORAGE}/failover"), format!("{STORAGE}/failover?api-version=2021-04-01&failoverType=planned"));
    assert_eq!(cloud.post(&forced, None).await, "SecondaryNotAvailable");
    cloud.simulator.clear_faults().unwrap();
    assert_eq!(cloud.post(&forced, None).await, "done");
    assert_eq!(places(&cloud).await, ["canadaeast", "nothing", "Standard_LRS"]);
    for again in [&forced, &planned] {
        assert_eq!(cloud.post(again, None).await, "AccountFailoverNotSupported");
    }
    let sku = Some(json!({ "sku": { "name": "Standard_RAGRS" } }));
    assert_eq!(cloud.ask("PATCH", STORAGE, sku, &[]).await.status / 100, 2);
    cloud.pass(60);
    assert_eq!(places(&cloud).await, ["canadaeast", "canadacentral", "Standard_RAGRS"]);
    assert_eq!(cloud.post(&planned, None).await, "done");
    assert_eq!(places(&cloud).await[0], "canadacentral");
}
