//! The public network: names, probes, timed faults, and writing clients.

use super::*;
use crate::object::ObjectId;
use crate::simulator::{Workload, parse_faults};
use crate::world::{Web as _, WebAnswer, WebRequest};

const PROFILE: &str = "Microsoft.Network/trafficManagerProfiles/shop";

/// The answer of hosts outside the simulated world, as a file of faults states it.
const OUTSIDE: &str = r#"[{"fault": "web", "host": "*.example.com", "status": 200}]"#;

/// A profile of two external hosts that answer, the first in use, with further faults. Probes every 10 seconds, with a
/// timeout of 5 and one tolerated failure.
async fn shop(faults: &str) -> TestCloud {
    let cloud = profile().await;
    cloud.suffer(OUTSIDE);
    cloud.pass(60);
    cloud.simulator.clear_faults().unwrap();
    cloud.suffer(faults);
    cloud.suffer(OUTSIDE);
    cloud
}

/// The profile.
async fn profile() -> TestCloud {
    let cloud = TestCloud::with_group().await;
    let profile = json!({ "location": "global", "properties": {
        "trafficRoutingMethod": "Priority",
        "dnsConfig": { "relativeName": "shop", "ttl": 60 },
        "monitorConfig": { "protocol": "HTTPS", "port": 443, "path": "/", "intervalInSeconds": 10, "timeoutInSeconds": 5, "toleratedNumberOfFailures": 1 },
    } });
    assert_eq!(cloud.put(PROFILE, profile).await.status, 201);
    for (priority, name) in [(1, "east"), (2, "west")] {
        let endpoint = json!({ "properties": { "target": format!("{name}.example.com"), "priority": priority } });
        assert_eq!(cloud.put(&format!("{PROFILE}/externalEndpoints/{name}"), endpoint).await.status, 201);
    }
    cloud.pass(60);
    cloud
}

impl TestCloud {
    fn suffer(&self, faults: &str) {
        for fault in parse_faults(faults, crate::providers::dialects()).unwrap() {
            self.simulator.add_fault(fault).unwrap();
        }
    }

    async fn health(&self, name: &str) -> String {
        let endpoint = self.get(&format!("{PROFILE}/externalEndpoints/{name}")).await;
        endpoint.body["properties"]["endpointMonitorStatus"].as_str().unwrap_or("none").to_owned()
    }

    pub(super) async fn fetch(&self, url: &str) -> Result<u16, String> {
        match self.ask_web(url).await? {
            WebAnswer::Status(status) | WebAnswer::Marked(status, _) => Ok(status),
            WebAnswer::NotSimulated => Err("not simulated".to_owned()),
        }
    }

    async fn ask_web(&self, url: &str) -> Result<WebAnswer, String> {
        let request = WebRequest {
            method: "GET".to_owned(),
            url: url.to_owned(),
            headers: Vec::new(),
            body: None,
            address: None,
            marker: None,
            hoped: 204,
            within: Duration::from_secs(30),
        };
        self.simulator.fetch(&request).await
    }
}

#[tokio::test]
async fn endpoint_is_degraded_after_failed_probes_and_online_after_one_success() {
    let cloud = shop(r#"[{"fault": "web", "host": "east.*", "from": 30, "until": 300}]"#).await;
    assert_eq!((cloud.health("east").await, cloud.health("west").await), ("Online".to_owned(), "Online".to_owned()));
    let (mut ill, mut well) = (None, None);
    for second in 0..600 {
        let health = cloud.health("east").await;
        if health == "Degraded" {
            ill = ill.or(Some(second));
        } else if ill.is_some() {
            well = well.or(Some(second));
        }
        cloud.pass(1);
    }
    let (ill, well) = (ill.unwrap() - 30, well.unwrap() - 300);
    assert!((15..=25).contains(&ill), "two probes and one timeout: {ill} seconds");
    assert!((0..=10).contains(&well), "the next probe: {well} seconds");
    let profile = cloud.get(PROFILE).await;
    assert_eq!(profile.body["properties"]["monitorConfig"]["profileMonitorStatus"], "Online");
}

#[tokio::test]
async fn profile_returns_healthy_endpoints_or_all_when_none_is_healthy() {
    let east = r#"{"fault": "web", "host": "east.example.com", "status": 500}"#;
    let cloud = shop(&format!("[{east}]")).await;
    assert_eq!(cloud.fetch("https://SHOP.trafficmanager.net/").await, Ok(500), "no probe has failed yet");
    cloud.pass(60);
    assert_eq!(cloud.fetch("https://shop.trafficmanager.net/").await, Ok(200));
    cloud.simulator.clear_faults().unwrap();
    cloud.suffer(r#"[{"fault": "web", "host": "*.example.com", "status": 500}]"#);
    cloud.pass(60);
    assert_eq!(cloud.health("west").await, "Degraded");
    assert_eq!(
        cloud.fetch("https://shop.trafficmanager.net/").await,
        Ok(500),
        "Azure serves unhealthy endpoints when none is healthy"
    );
    cloud.simulator.clear_faults().unwrap();
    cloud.suffer(OUTSIDE);
    cloud.pass(60);
    let disabled = json!({ "properties": { "endpointStatus": "Disabled" } });
    cloud.ask("PATCH", &format!("{PROFILE}/externalEndpoints/east"), Some(disabled), &[]).await;
    assert_eq!((cloud.health("east").await, cloud.health("west").await), ("Disabled".to_owned(), "Online".to_owned()));
}

#[tokio::test]
async fn names_of_the_cloud_must_exist_and_others_are_not_simulated() {
    let cloud = shop(r#"[{"fault": "web", "host": "flaky.example.com", "status": 503, "on": {"times": 1}}]"#).await;
    assert_eq!(cloud.ask_web("https://elsewhere.example.org/healthz").await, Ok(WebAnswer::NotSimulated));
    assert_eq!(cloud.ask_web("https://10.1.2.3/").await, Ok(WebAnswer::NotSimulated));
    assert_eq!(cloud.fetch("https://flaky.example.com/").await, Ok(503));
    assert_eq!(cloud.fetch("https://flaky.example.com/").await, Ok(200));
    for (url, words) in [
        ("https://nobody.trafficmanager.net/", "name nobody.trafficmanager.net does not exist"),
        ("https://nobody.blob.core.windows.net/", "name nobody.blob.core.windows.net does not exist"),
        ("https://nobody.vault.azure.net/keys", "name nobody.vault.azure.net does not exist"),
        ("https://NOBODY.documents.azure.com:443/", "name nobody.documents.azure.com does not exist"),
        ("https://a.writer.postgres.database.azure.com/", "name a.writer.postgres.database.azure.com does not exist"),
        ("https://web.canadaeast.cloudapp.azure.com/", "name web.canadaeast.cloudapp.azure.com does not exist"),
        ("https://203.0.113.77/", "203.0.113.77 refused the connection"),
        ("nonsense", "the URL is invalid or has no host"),
    ] {
        let error = cloud.fetch(url).await.unwrap_err();
        assert!(error.contains(words), "{url}: {error}");
    }
}

/// Nothing is known of an endpoint outside the world until a file of faults states its answer.
#[tokio::test]
async fn endpoint_outside_the_world_is_neither_healthy_nor_ill() {
    let cloud = profile().await;
    cloud.pass(600);
    assert_eq!(cloud.health("east").await, "CheckingEndpoint");
    assert_eq!(
        cloud.get(PROFILE).await.body["properties"]["monitorConfig"]["profileMonitorStatus"],
        "CheckingEndpoints"
    );
    assert_eq!(cloud.ask_web("https://shop.trafficmanager.net/").await, Ok(WebAnswer::NotSimulated));
    cloud.suffer(OUTSIDE);
    cloud.pass(60);
    assert_eq!(
        (cloud.health("east").await.as_str(), cloud.fetch("https://shop.trafficmanager.net/").await),
        ("Online", Ok(200))
    );
    cloud.simulator.clear_faults().unwrap();
    cloud.pass(60);
    assert_eq!(cloud.health("east").await, "CheckingEndpoint", "what was stated is no longer known");
}

/// The names of an account lead to the region that holds its data, those of its copy to the paired region.
#[tokio::test]
async fn account_answers_where_its_data_is() {
    let cloud = TestCloud::with_group().await;
    let account = |sku: &str| json!({ "location": "canadacentral", "kind": "StorageV2", "sku": { "name": sku } });
    for (name, sku) in [("files", "Standard_RAGRS"), ("plain", "Standard_LRS")] {
        let made = cloud.put(&format!("Microsoft.Storage/storageAccounts/{name}"), account(sku)).await;
        assert!(made.status < 300, "{}", made.body);
    }
    cloud.pass(300);
    let (primary, copy) = ("https://files.blob.core.windows.net/x", "https://files-secondary.table.core.windows.net/");
    assert_eq!((cloud.fetch(primary).await, cloud.fetch(copy).await), (Ok(204), Ok(204)));
    let missing = cloud.fetch("https://plain-secondary.blob.core.windows.net/").await.unwrap_err();
    assert!(missing.contains("does not exist"), "{missing}");
    cloud.suffer(r#"[{"fault": "lose", "location": "canadacentral"}]"#);
    assert!(cloud.fetch(primary).await.is_err_and(|why| why.contains("canadacentral is lost")));
    assert_eq!(cloud.fetch(copy).await, Ok(204));
}

#[tokio::test]
async fn no_two_objects_have_the_same_public_address() {
    let cloud = TestCloud::with_group().await;
    let body = json!({ "location": "canadacentral", "sku": { "name": "Standard" },
        "properties": { "publicIPAllocationMethod": "Static" } });
    let mut given = std::collections::BTreeSet::new();
    for number in 0..100 {
        let made = cloud.made(&format!("Microsoft.Network/publicIPAddresses/p{number}"), body.clone()).await;
        given.insert(made.body["properties"]["ipAddress"].as_str().unwrap_or_default().to_owned());
    }
    assert_eq!(given.len(), 100, "{given:?}");
}

#[tokio::test]
async fn cname_records_are_followed_and_missing_records_fail() {
    let cloud = shop("[]").await;
    let zone = "Microsoft.Network/dnsZones/shop.example";
    cloud.put(&format!("{zone}?api-version=2018-05-01"), json!({ "location": "global" })).await;
    let cname = |to: &str| json!({ "properties": { "TTL": 30, "CNAMERecord": { "cname": to } } });
    for (name, to) in [
        ("www", "shop.trafficmanager.net"),
        ("a", "b.shop.example"),
        ("b", "a.shop.example"),
        ("out", "shop.example.net"),
    ] {
        let made = cloud.put(&format!("{zone}/CNAME/{name}?api-version=2018-05-01"), cname(to)).await;
        assert_eq!(made.status, 201, "{}", made.body);
    }
    let address = json!({ "properties": { "TTL": 30, "ARecords": [{ "ipv4Address": "192.0.2.9" }] } });
    cloud.put(&format!("{zone}/A/@?api-version=2018-05-01"), address).await;
    assert_eq!(cloud.fetch("https://www.shop.example/").await, Ok(200));
    assert_eq!(cloud.ask_web("https://out.shop.example/").await, Ok(WebAnswer::NotSimulated));
    for (url, words) in [
        ("https://a.shop.example/", "resolves in a cycle"),
        ("https://mail.shop.example/", "its zone has no such record"),
        ("https://shop.example/", "no resource has the address 192.0.2.9"),
    ] {
        let error = cloud.fetch(url).await.unwrap_err();
        assert!(error.contains(words), "{url}: {error}");
    }
}

#[tokio::test]
async fn planes_of_a_region_can_be_lost_separately_and_for_a_time() {
    let cloud = TestCloud::with_group().await;
    let faults = r#"[{"fault": "lose", "location": "canadacentral", "plane": "control", "from": 60, "until": 120}]"#;
    cloud.simulator.add_fault(parse_faults(faults, crate::providers::dialects()).unwrap().remove(0)).unwrap();
    let mut answers = Vec::new();
    for _ in 0..4 {
        answers.push(cloud.get("").await.status);
        cloud.pass(40);
    }
    assert_eq!(answers, [200, 200, 503, 200]);
    assert_eq!(cloud.simulator.faults(), []);
    for wrong in [r#""from": -1"#, r#""from": "soon""#, r#""from": 60, "until": 60"#, r#""until": true"#] {
        let text = format!(r#"[{{"fault": "instant", {wrong}}}]"#);
        assert!(parse_faults(&text, crate::providers::dialects()).unwrap_err().starts_with("fault 1: `"), "{wrong}");
    }
    let written = serde_json::to_string(&parse_faults(faults, crate::providers::dialects()).unwrap()).unwrap();
    assert_eq!(
        parse_faults(&written, crate::providers::dialects()),
        parse_faults(faults, crate::providers::dialects())
    );
}

#[tokio::test]
async fn capacity_is_checked_only_for_growth() {
    let cloud = TestCloud::with_group().await;
    let set =
        |count: u64| json!({ "location": "canadacentral", "sku": { "name": "Standard_D2s_v5", "capacity": count } });
    let faults = |more: &str| {
        let text = format!(
            r#"[{{"fault": "capacity", "location": "canadacentral", "size": "Standard_D2s_v5", "late": true{more}}}]"#
        );
        let mut faults = crate::simulator::faults::Faults::default();
        parse_faults(&text, crate::providers::dialects()).unwrap().into_iter().for_each(|fault| faults.add(fault));
        faults
    };
    let refused =
        |more: &str, old: Option<&Json>, new: &Json| faults(more).capacity("canadacentral", old, new).is_some();
    assert!(refused("", Some(&set(0)), &set(4)) && refused("", None, &set(4)));
    assert!(
        !refused("", Some(&set(4)), &set(0)) && !refused("", None, &set(0)) && !refused("", Some(&set(4)), &set(4))
    );
    let some = r#", "instances": 2"#;
    assert!(refused(some, Some(&set(0)), &set(4)) && !refused(some, Some(&set(2)), &set(4)));
    drop(cloud);
}

#[tokio::test]
async fn workload_is_persistent() {
    let dir = tempfile::tempdir().unwrap();
    let clock = Arc::new(ManualClock(AtomicI64::new(START.as_second())));
    let simulator = Simulator::open(crate::providers::dialects(), dir.path(), None, clock.clone()).unwrap();
    let stores = vec![ObjectId::new("/nothing")];
    simulator
        .start_workload(Workload { front: "https://nobody.trafficmanager.net/x".to_owned(), stores, rate: 10 })
        .unwrap();
    clock.0.fetch_add(3600, Ordering::Relaxed);
    simulator.catch_up().unwrap();
    let tally = simulator.workload().unwrap();
    assert_eq!((tally.refused, tally.written, tally.downtime_seconds), (36_000, 0, 3600));
    drop(simulator);
    let again = Simulator::open(crate::providers::dialects(), dir.path(), None, clock).unwrap();
    assert_eq!(again.workload(), Some(tally));
    assert!(again.stop_workload().unwrap() && !again.stop_workload().unwrap());
    assert_eq!(again.workload().map(|tally| tally.running), Some(false));
}

/// A fault can state that nothing accepts the rows; otherwise that is unknown.
#[tokio::test]
async fn rows_to_a_host_outside_the_world_are_neither_written_nor_refused() {
    let cloud = profile().await;
    let rows = |front: &str| {
        let workload = Workload { front: front.to_owned(), stores: vec![ObjectId::new("/nothing")], rate: 10 };
        cloud.simulator.start_workload(workload).unwrap();
        cloud.pass(60);
        cloud.simulator.catch_up().unwrap();
        let tally = cloud.simulator.workload().unwrap();
        assert_eq!(tally.first_refused.is_some(), tally.refused > 0);
        (tally.written, tally.refused, tally.not_simulated, tally.downtime_seconds)
    };
    for outside in ["elsewhere.example.org", "https://elsewhere.example.org/orders", "https://shop.trafficmanager.net/"]
    {
        assert!(cloud.simulator.is_outside(outside).unwrap(), "{outside}");
        assert_eq!(rows(outside), (0, 0, 600, 0), "{outside}");
    }
    assert!(!cloud.simulator.is_outside("https://nobody.trafficmanager.net/").unwrap());
    assert_eq!(rows("https://nobody.trafficmanager.net/"), (0, 600, 0, 60));
    for (host, status, counted) in [("up.example.org", 200, (0, 0, 600, 0)), ("down.example.org", 503, (0, 600, 0, 60))]
    {
        cloud.suffer(&format!(r#"[{{"fault": "web", "host": "{host}", "status": {status}}}]"#));
        assert_eq!(rows(&format!("https://{host}/")), counted, "{status}");
    }
}
