//! Faults, each from the point of view of a client.

use super::*;
use crate::simulator::{DroppedAnswer, parse_faults};

const PUBLIC: &str = "Microsoft.Network/publicIPAddresses/front";

fn public() -> Json {
    json!({ "location": "canadacentral", "sku": { "name": "Standard" }, "properties": { "publicIPAllocationMethod": "Static" } })
}

impl TestCloud {
    pub(super) fn inject(&self, faults: &str) {
        for fault in parse_faults(faults, crate::providers::dialects()).unwrap() {
            self.simulator.add_fault(fault).unwrap();
        }
    }
}

#[tokio::test]
async fn lost_region_does_not_answer_and_resumes_when_restored() {
    let cloud = TestCloud::with_group().await;
    let other = id("").replace("/rg", "/east");
    cloud.put(&other, json!({ "location": "canadaeast" })).await;
    let status = cloud.put(PUBLIC, public()).await.link("azure-asyncoperation");
    cloud.inject(r#"[{"fault": "lose", "location": "Canada Central"}]"#);
    cloud.pass(600);
    for path in [PUBLIC, &status, ""] {
        assert_eq!(cloud.get(path).await.code(), (503, "ServiceUnavailable"), "{path}");
    }
    assert_eq!(cloud.put("", json!({ "location": "canadacentral" })).await.status, 503);
    let mut elsewhere = public();
    elsewhere["location"] = json!("canadaeast");
    let metadata = PUBLIC.replace("front", "b");
    assert_eq!(cloud.put(&metadata, elsewhere.clone()).await.status, 503, "its group's metadata is lost");
    assert_eq!(cloud.put(&format!("{other}/providers/{PUBLIC}"), elsewhere).await.status, 201);
    assert!(cloud.simulator.show().under_way.iter().any(|operation| operation.held));
    assert!(cloud.simulator.restore("canadacentral").unwrap());
    assert_eq!(cloud.get(&status).await.body["status"], "Succeeded");
}

#[tokio::test]
async fn lost_data_plane_fails_new_resources() {
    let cloud = TestCloud::with_group().await;
    cloud.inject(r#"[{"fault": "lose", "location": "canadacentral", "plane": "data"}]"#);
    let status = cloud.put(PUBLIC, public()).await.link("azure-asyncoperation");
    cloud.pass(60);
    let failed = cloud.get(&status).await;
    assert_eq!((failed.body["status"].as_str(), failed.code()), (Some("Failed"), (200, "InternalExecutionError")));
    assert_eq!(cloud.get(PUBLIC).await.state(), "Failed");
}

#[tokio::test]
async fn dropped_answer_leaves_the_write_undone_or_complete() {
    for (when, stands) in [("before", 404), ("after", 200)] {
        let cloud = TestCloud::with_group().await;
        cloud.inject(&format!(r#"[{{"fault": "drop", "when": "{when}", "on": {{"verb": "PUT", "path": "*/publicipaddresses/*", "times": 1}}}}]"#));
        let request =
            HttpRequest::put(format!("{}?api-version=2021-04-01", id(PUBLIC))).body(Body::from(public().to_string()));
        let answer = cloud.simulator.router().oneshot(request.unwrap()).await.unwrap();
        assert_eq!(answer.extensions().get::<DroppedAnswer>(), Some(&DroppedAnswer));
        assert!(to_bytes(answer.into_body(), usize::MAX).await.is_err());
        assert_eq!(cloud.get(PUBLIC).await.status, stands, "{when}");
    }
}

#[tokio::test]
async fn answers_can_be_replaced_delayed_and_failed_late() {
    let cloud = TestCloud::with_group().await;
    cloud.inject(
        r#"[{"fault": "answer", "status": 429, "retry_after": 7, "on": {"verb": "GET", "times": 2}},
            {"fault": "delay", "seconds": 30, "on": {"verb": "HEAD"}},
            {"fault": "fail", "code": "AllocationFailed", "message": "No.", "on": {"verb": "PUT", "path": "*/front"}}]"#,
    );
    for _ in 0..2 {
        let refused = cloud.get("").await;
        assert_eq!((refused.code(), refused.header("retry-after")), ((429, "TooManyRequests"), "7"));
    }
    assert_eq!(cloud.get("").await.status, 200);
    let before = cloud.clock.now();
    cloud.ask("HEAD", "", None, &[]).await;
    assert_eq!(cloud.clock.now().duration_since(before).as_secs(), 30);
    let accepted = cloud.put(PUBLIC, public()).await;
    assert_eq!(accepted.status, 201);
    cloud.pass(60);
    assert_eq!(cloud.get(&accepted.link("azure-asyncoperation")).await.code(), (200, "AllocationFailed"));
}

#[tokio::test]
async fn capacity_refusals_and_frozen_providers_are_simulated() {
    let cloud = TestCloud::with_group().await;
    cloud.inject(r#"[{"fault": "capacity", "location": "canadacentral", "size": "standard"}, {"fault": "freeze", "provider": "Microsoft.Network"}]"#);
    assert_eq!(cloud.put(PUBLIC, public()).await.code(), (409, "SkuNotAvailable"));
    let status = cloud.put(NET, net()).await.link("azure-asyncoperation");
    cloud.pass(3600);
    assert_eq!(cloud.get(&status).await.body["status"], "InProgress");
    cloud.simulator.clear_faults().unwrap();
    assert_eq!(cloud.get(&status).await.body["status"], "Succeeded");
}

#[tokio::test]
async fn stale_reads_lag_for_the_given_time() {
    let cloud = TestCloud::with_group().await;
    cloud.inject(r#"[{"fault": "stale", "seconds": 1000}, {"fault": "instant"}]"#);
    cloud.put(PUBLIC, public()).await;
    assert_eq!(cloud.get(PUBLIC).await.status, 404);
    cloud.pass(1000);
    assert_eq!(cloud.get(PUBLIC).await.state(), "Succeeded");
}

#[test]
fn invalid_fault_file_reports_the_position() {
    for (text, words) in [
        ("{}", "not a JSON list of faults"),
        (r#"[{"fault": "instant"}, {"fault": "loose"}]"#, "fault 2: unknown variant `loose`"),
        (r#"[{"fault": "lose"}]"#, "fault 1: missing field `location`"),
        (r#"[{"fault": "lose", "location": "eastus", "plain": "data"}]"#, "fault 1: unknown field `plain`"),
        (r#"[{"fault": "answer", "status": 200}]"#, "`status` is 200; the range is 400 to 599"),
        (r#"[{"fault": "delay", "seconds": 1, "on": {"probability": 2}}]"#, "`probability` is 2; the range is 0 to 1"),
    ] {
        let error = parse_faults(text, crate::providers::dialects()).unwrap_err();
        assert!(error.contains(words), "{error}");
    }
}
