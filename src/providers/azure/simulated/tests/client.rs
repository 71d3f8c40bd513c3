//! The simulator through drplan's own client, on paused time.

use crate::providers::azure::ids::AzureId;
use std::collections::BTreeMap;

use futures::StreamExt as _;
use tokio::time::Instant;

use super::*;
use crate::host::{SeededIds, SimClock};
use crate::object::{Object, ObjectId};
use crate::providers::azure::client::{Azure, AzureConfig, BearerToken, FixedToken, HttpBackend};
use crate::reason::Reason;
use crate::sight::{Phase, Version};
use crate::simulator::parse_faults;
use crate::world::{Cloud as _, CloudError, NoNotices, WriteCondition};

const PUBLIC: &str = "Microsoft.Network/publicIPAddresses/front";

/// A simulated cloud with a resource group `rg` and these faults, and the client.
async fn client(faults: &str) -> (Simulator, Azure) {
    let clock = Arc::new(SimClock::new(START));
    let simulator = Simulator::new(crate::providers::dialects(), 7, clock.clone());
    let azure = Azure::new(AzureConfig {
        endpoint: BASE.parse().unwrap(),
        wire: HttpBackend::InProcess(simulator.router()),
        credential: Arc::new(FixedToken(BearerToken::new("local"))),
        clock,
        ids: Arc::new(SeededIds::new(1)),
        notices: Arc::new(NoNotices),
    });
    azure.put(&object(""), &json!({ "location": "canadacentral" }), WriteCondition::Always).await.unwrap();
    for fault in parse_faults(faults, crate::providers::dialects()).unwrap() {
        simulator.add_fault(fault).unwrap();
    }
    (simulator, azure)
}

fn arm(path: &str) -> ObjectId {
    ObjectId::new(id(path))
}

fn object(path: &str) -> Object {
    let type_ = arm(path).arm_type().unwrap();
    let mut kinds = crate::providers::azure::TABLES.kinds.iter();
    kinds.find(|kind| kind.type_.name.eq_ignore_ascii_case(&type_)).unwrap().type_.object(arm(path))
}

fn public() -> Json {
    json!({ "location": "canadacentral", "sku": { "name": "Standard" }, "zones": ["1", "2"],
        "properties": { "publicIPAllocationMethod": "Static" } })
}

fn puts(requests: &BTreeMap<String, u64>) -> u64 {
    requests.get("PUT").copied().unwrap_or(0)
}

#[tokio::test(start_paused = true)]
async fn writes_create_and_deletes_remove() {
    let (simulator, azure) = client("[]").await;
    let made = azure.put(&object(PUBLIC), &public(), WriteCondition::Always).await.unwrap();
    assert_eq!((&made.phase, &made.body["properties"]["provisioningState"]), (&Phase::Settled, &json!("Succeeded")));
    assert_eq!(made.body["zones"], json!(["1", "2"]));
    azure.put(&object(NET), &net(), WriteCondition::Always).await.unwrap();
    azure.put(&object(SUBNET), &subnet(), WriteCondition::Always).await.unwrap();
    assert_eq!(puts(&simulator.show().requests), 4, "one PUT per object");
    let mut listed = azure.list(&arm("")).await.unwrap();
    listed.sort();
    assert_eq!(listed, [arm(PUBLIC), arm(NET)]);

    let version = made.version.unwrap();
    azure.put(&object(PUBLIC), &public(), WriteCondition::Unchanged(&version)).await.unwrap();
    let old = Version::new("\"old\"");
    let stale = azure.put(&object(PUBLIC), &public(), WriteCondition::Unchanged(&old)).await;
    assert!(matches!(&stale, Err(CloudError::Refused(refused)) if refused.reason == Reason::Changed), "{stale:?}");

    azure.delete(&object(PUBLIC)).await.unwrap();
    assert_eq!(azure.get(&object(PUBLIC)).await, Ok(None));
    azure.delete(&object("")).await.unwrap();
    assert_eq!(azure.get(&object("")).await, Ok(None));
    assert_eq!(azure.list(&arm("")).await, Ok(Vec::new()));
    azure.delete(&object(NET)).await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn temporary_faults_are_survived() {
    for faults in [
        r#"[{"fault": "drop", "when": "before", "on": {"verb": "PUT", "times": 1}}]"#,
        r#"[{"fault": "drop", "when": "after", "on": {"verb": "PUT", "times": 1}}]"#,
        r#"[{"fault": "drop", "when": "after", "on": {"verb": "DELETE", "times": 1}}]"#,
        r#"[{"fault": "drop", "when": "after", "on": {"verb": "GET", "times": 3}}]"#,
        r#"[{"fault": "answer", "status": 504, "on": {"times": 3}}]"#,
        r#"[{"fault": "answer", "status": 429, "retry_after": 30, "on": {"times": 3}}]"#,
        r#"[{"fault": "answer", "status": 409, "code": "AnotherOperationInProgress", "on": {"verb": "PUT", "times": 3}}]"#,
        r#"[{"fault": "delay", "seconds": 200, "on": {"times": 3}}]"#,
        r#"[{"fault": "stale", "seconds": 60}]"#,
    ] {
        let (simulator, azure) = client(faults).await;
        azure.put(&object(PUBLIC), &public(), WriteCondition::Always).await.expect(faults);
        assert_eq!(simulator.body(&arm(PUBLIC)).expect(faults)["properties"]["provisioningState"], "Succeeded");
        azure.delete(&object(PUBLIC)).await.expect(faults);
        assert_eq!(simulator.body(&arm(PUBLIC)), None, "{faults}");
    }
}

#[tokio::test(start_paused = true)]
async fn permanent_faults_are_reported() {
    let start = Instant::now();
    let (_, azure) = client(r#"[{"fault": "lose", "location": "canadacentral"}]"#).await;
    let lost = azure.get(&object(PUBLIC)).await.unwrap_err();
    assert!(matches!(&lost, CloudError::Refused(refused) if refused.reason == Reason::Outage), "{lost:?}");
    assert!(start.elapsed().as_secs() < 60, "a read in a lost region does not delay a recovery");

    let (_, azure) = client(r#"[{"fault": "fail", "code": "AllocationFailed", "on": {"verb": "PUT"}}]"#).await;
    let failed = azure.put(&object(PUBLIC), &public(), WriteCondition::Always).await.unwrap_err();
    assert!(matches!(&failed, CloudError::Refused(refused) if refused.code == "AllocationFailed"), "{failed:?}");

    let (_, azure) = client(r#"[{"fault": "freeze", "provider": "Microsoft.Network"}]"#).await;
    let frozen = azure.put(&object(PUBLIC), &public(), WriteCondition::Always).await.unwrap_err();
    assert!(matches!(frozen, CloudError::OutcomeUnknown(_)), "{frozen:?}");
}

#[tokio::test(start_paused = true)]
async fn thousand_concurrent_writes_are_rarely_throttled() {
    let (simulator, azure) = client("[]").await;
    let start = Instant::now();
    futures::stream::iter(0..1000)
        .for_each_concurrent(64, |number| {
            let (azure, path) = (&azure, format!("{PUBLIC}{number}"));
            async move {
                azure.put(&object(&path), &public(), WriteCondition::Always).await.unwrap();
            }
        })
        .await;
    let sent = puts(&simulator.show().requests);
    assert!(sent < 1030, "{sent} writes for a thousand objects");
    assert!(start.elapsed().as_secs() < 600, "{:?}", start.elapsed());
}
