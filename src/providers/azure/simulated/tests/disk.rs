//! The simulated world on disk, between commands.

use std::fs;
use std::path::Path;

use super::*;
use crate::simulator::SimulatorError;

const PUBLIC: &str = "Microsoft.Network/publicIPAddresses/front";

fn open(dir: &Path) -> Result<TestCloud, SimulatorError> {
    let clock = Arc::new(ManualClock(AtomicI64::new(START.as_second())));
    let simulator = Simulator::open(crate::providers::dialects(), dir, None, clock.clone())?;
    clock.0.store(simulator.now().as_second(), Ordering::Relaxed);
    Ok(TestCloud { simulator, clock })
}

async fn write(cloud: &TestCloud) -> String {
    cloud.put("", json!({ "location": "canadacentral" })).await;
    let body = json!({ "location": "canadacentral", "sku": { "name": "Standard" }, "properties": { "publicIPAllocationMethod": "Static" } });
    cloud.put(PUBLIC, body).await.link("azure-asyncoperation")
}

#[tokio::test]
async fn world_resumes_where_it_was_closed_or_killed() {
    let dir = tempfile::tempdir().unwrap();
    let first = open(dir.path()).unwrap();
    let status = write(&first).await;
    assert!(matches!(open(dir.path()), Err(SimulatorError::InUse(_))));
    let now = first.simulator.now();
    // The files after a kill, with half a line at the end.
    let copy = tempfile::tempdir().unwrap();
    let log = fs::read(dir.path().join("world.jsonl")).unwrap();
    fs::write(copy.path().join("world.jsonl"), [&log[..], b"{\"now\":\"20"].concat()).unwrap();
    let second = open(copy.path()).unwrap();
    assert_eq!(second.simulator.now(), now);
    assert_eq!(second.get(&status).await.body["status"], "InProgress");
    second.pass(60);
    assert_eq!(second.get(&status).await.body["status"], "Succeeded");
    assert_eq!(second.get(PUBLIC).await.state(), "Succeeded");
    drop(first);
    let shown = second.simulator.show();
    drop(second);
    assert_eq!(open(copy.path()).unwrap().simulator.show(), shown);
}

#[tokio::test]
async fn action_in_progress_completes_after_reopening() {
    let dir = tempfile::tempdir().unwrap();
    let first = open(dir.path()).unwrap();
    first.put("", json!({ "location": "canadacentral" })).await;
    let account = "Microsoft.Storage/storageAccounts/drplantest";
    let body = json!({ "location": "canadacentral", "kind": "StorageV2", "sku": { "name": "Standard_GRS" }, "properties": {} });
    first.made(account, body).await;
    let planned = format!("{account}/failover?api-version=2021-04-01&failoverType=Planned");
    let outcome = first.ask("POST", &planned, None, &[]).await.link("location");
    assert_eq!(first.simulator.show().under_way[0].act, "post");
    drop(first);
    let second = open(dir.path()).unwrap();
    assert_eq!(second.get(&outcome).await.status, 202);
    second.pass(4000);
    let done = second.get(&outcome).await;
    assert_eq!((done.status, &done.body["properties"]["primaryLocation"]), (200, &json!("canadaeast")));
}

#[tokio::test]
async fn long_log_becomes_a_snapshot_that_survives_a_kill() {
    let dir = tempfile::tempdir().unwrap();
    let cloud = open(dir.path()).unwrap();
    write(&cloud).await;
    let before = fs::read(dir.path().join("world.jsonl")).unwrap();
    for _ in 0..1500 {
        cloud.pass(1);
        cloud.put("", json!({ "location": "canadacentral", "tags": { "long": "x".repeat(250) } })).await;
    }
    let shown = cloud.simulator.show();
    drop(cloud);
    assert!(dir.path().join("world.json").exists());
    // A kill between the snapshot and the new log leaves the old log.
    fs::write(dir.path().join("world.jsonl"), before).unwrap();
    assert_eq!(open(dir.path()).unwrap().simulator.show(), shown);
}

#[tokio::test]
async fn damaged_files_are_refused_and_can_be_reset() {
    let dir = tempfile::tempdir().unwrap();
    write(&open(dir.path()).unwrap()).await;
    let log = dir.path().join("world.jsonl");
    let text = fs::read_to_string(&log).unwrap();
    for (damage, words) in [
        (text.replacen("\"now\"", "\"then\"", 1), "line 2: unknown field `then`"),
        (text.replacen("\"version\":1", "\"version\":9", 1), "has format 9"),
        (text.replacen("\"generation\":0", "\"generation\":3", 1), "is missing"),
    ] {
        fs::write(&log, &damage).unwrap();
        let error = open(dir.path()).err().unwrap().to_string();
        assert!(error.contains(words) && error.contains("`drplan simulator reset`"), "{error}");
        assert_eq!(fs::read_to_string(&log).unwrap(), damage, "nothing is overwritten");
    }
    Simulator::reset(dir.path()).unwrap();
    assert_eq!(open(dir.path()).unwrap().simulator.show().objects.len(), 0);
    assert!(matches!(
        Simulator::open(crate::providers::dialects(), dir.path(), Some(5), Arc::new(ManualClock(AtomicI64::new(0)))),
        Err(SimulatorError::OtherSeed { is: 1, wanted: 5 })
    ));
}

#[tokio::test]
async fn network_of_a_loaded_world_shows_its_subnets_as_before() {
    let dir = tempfile::tempdir().unwrap();
    let cloud = open(dir.path()).unwrap();
    cloud.put("", json!({ "location": "canadacentral" })).await;
    cloud.made(NET, net()).await;
    cloud.made(SUBNET, subnet()).await;
    let before = cloud.get(NET).await;
    assert_eq!(before.body["properties"]["subnets"][0]["name"], "a");
    drop(cloud);
    let after = open(dir.path()).unwrap().get(NET).await;
    assert_eq!((after.body.to_string(), after.header("etag")), (before.body.to_string(), before.header("etag")));
}

#[tokio::test]
async fn drift_can_be_injected_without_a_request() {
    let cloud = TestCloud::with_group().await;
    cloud.made(NET, net()).await;
    let net_id = crate::object::ObjectId::new(id(NET));
    cloud.simulator.edit(&net_id, "tags.who", json!("me")).unwrap();
    assert_eq!(cloud.get(NET).await.body["tags"]["who"], "me");
    cloud.simulator.delete_object(&net_id).unwrap();
    assert_eq!(cloud.get(NET).await.status, 404);
    assert!(cloud.simulator.delete_object(&net_id).unwrap_err().to_string().contains("no object"));
}

/// The names of the fields of an object, in the order of the file.
fn fields(json: &Json) -> Vec<&str> {
    json.as_object().into_iter().flatten().map(|(name, _)| name.as_str()).collect()
}

#[tokio::test]
async fn files_keep_their_fields_and_the_order_of_them() {
    let dir = tempfile::tempdir().unwrap();
    let cloud = open(dir.path()).unwrap();
    write(&cloud).await;
    let deployment = json!({ "properties": { "mode": "Incremental", "template": { "resources": [] } } });
    cloud.ask("PUT", "Microsoft.Resources/deployments/d", Some(deployment), &[]).await;
    let log = fs::read_to_string(dir.path().join("world.jsonl")).unwrap();
    let lines: Vec<Json> = log.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(lines[0], json!({ "version": 1, "generation": 0, "seed": 1 }));
    assert_eq!(fields(&lines[1]), ["now", "objects", "rest"]);
    let last = lines.last().unwrap();
    assert_eq!(fields(last), ["now", "deployments", "rest"]);
    assert_eq!(fields(&last["rest"]), ["faults", "counters", "buckets", "stale"]);
    let made = &lines[2];
    assert_eq!(fields(made), ["now", "objects", "operations", "rest"]);
    let object = made["objects"].as_object().unwrap().values().next().unwrap();
    assert_eq!(fields(object), ["id", "type", "body", "stage", "version", "operation"]);
    let operation = made["operations"].as_object().unwrap().values().next().unwrap();
    let wanted = ["key", "id", "act", "began", "due", "progress", "location", "provider", "api"];
    assert_eq!(fields(operation), wanted);
}

#[tokio::test]
async fn world_of_an_older_version_is_read() {
    let dir = tempfile::tempdir().unwrap();
    let id = format!("/subscriptions/{SUBSCRIPTION}/resourceGroups/old");
    let object = json!({
        "id": id, "type": "microsoft.resources/resourcegroups", "stage": "standing", "version": 3,
        "body": { "id": id, "name": "old", "location": "canadacentral", "properties": {} },
    });
    let rest = json!({
        "faults": [{ "does": { "fault": "lose", "location": "eastus", "plane": "both" }, "struck": 0 }],
        "counters": { "PUT": 2 },
        "buckets": { "writes": { "taken": 0, "at": "2026-01-05T08:00:00Z" } },
        "stale": {},
        "monitors": { "m": { "interval": 10, "failed": 1 } },
        "always": { "a": { "on": true } },
        "bin": { "b": { "name": "b" } },
        "registrations": { "microsoft.sql": { "wanted": "unregistered", "done": "2026-01-05T08:00:00Z" } },
    });
    let world = json!({
        "seed": 1, "now": "2026-01-05T08:00:10Z", "objects": { id.to_ascii_lowercase(): object }, "operations": {},
        "rest": rest,
    });
    let snapshot = json!({ "version": 1, "generation": 4, "world": world });
    fs::write(dir.path().join("world.json"), snapshot.to_string()).unwrap();
    let opened = open(dir.path()).unwrap();
    let shown = opened.simulator.show();
    assert_eq!((shown.objects.len(), shown.faults.len(), shown.requests["PUT"]), (1, 1, 2));
    let provider = format!("/subscriptions/{SUBSCRIPTION}/providers/Microsoft.Sql");
    let read = opened.ask("GET", &format!("{provider}?api-version=2021-04-01"), None, &[]).await;
    assert_eq!(read.body["registrationState"], "Unregistered");
    drop(opened);
    // What was read is written again.
    let log = fs::read_to_string(dir.path().join("world.jsonl")).unwrap();
    let line: Json = serde_json::from_str(log.lines().last().unwrap()).unwrap();
    for part in ["monitors", "always", "bin", "registrations"] {
        assert_eq!(line["rest"][part], rest[part], "{part}");
    }
}
