//! Faults, each as a client feels it.

use super::*;
use crate::simulator::{Dropped, parse_faults};

const PUBLIC: &str = "Microsoft.Network/publicIPAddresses/front";

fn public() -> Json {
    json!({ "location": "canadacentral", "sku": { "name": "Standard" }, "properties": { "publicIPAllocationMethod": "Static" } })
}

impl Cloud {
    pub(super) fn suffer(&self, faults: &str) {
        for fault in parse_faults(faults).unwrap() {
            self.simulator.add_fault(fault).unwrap();
        }
    }
}

#[tokio::test]
async fn a_lost_region_answers_nothing_and_goes_on_when_it_is_back() {
    let cloud = Cloud::with_group().await;
    let other = id("").replace("/rg", "/east");
    cloud.put(&other, json!({ "location": "canadaeast" })).await;
    let status = cloud.put(PUBLIC, public()).await.link("azure-asyncoperation");
    cloud.suffer(r#"[{"fault": "lose", "location": "Canada Central"}]"#);
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
async fn a_lost_data_plane_fails_what_is_made_there() {
    let cloud = Cloud::with_group().await;
    cloud.suffer(r#"[{"fault": "lose", "location": "canadacentral", "plane": "data"}]"#);
    let status = cloud.put(PUBLIC, public()).await.link("azure-asyncoperation");
    cloud.pass(60);
    let failed = cloud.get(&status).await;
    assert_eq!((failed.body["status"].as_str(), failed.code()), (Some("Failed"), (200, "InternalExecutionError")));
    assert_eq!(cloud.get(PUBLIC).await.state(), "Failed");
}

#[tokio::test]
async fn a_dropped_answer_leaves_nothing_or_all_done() {
    for (when, stands) in [("before", 404), ("after", 200)] {
        let cloud = Cloud::with_group().await;
        cloud.suffer(&format!(r#"[{{"fault": "drop", "when": "{when}", "on": {{"verb": "PUT", "path": "*/publicipaddresses/*", "times": 1}}}}]"#));
        let request =
            HttpRequest::put(format!("{}?api-version=2021-04-01", id(PUBLIC))).body(Body::from(public().to_string()));
        let answer = cloud.simulator.router().oneshot(request.unwrap()).await.unwrap();
        assert_eq!(answer.extensions().get::<Dropped>(), Some(&Dropped));
        assert!(to_bytes(answer.into_body(), usize::MAX).await.is_err());
        assert_eq!(cloud.get(PUBLIC).await.status, stands, "{when}");
    }
}

#[tokio::test]
async fn answers_are_replaced_held_back_and_fail_late() {
    let cloud = Cloud::with_group().await;
    cloud.suffer(
        r#"[{"fault": "answer", "status": 429, "retry_after": 7, "on": {"verb": "GET", "times": 2}},
            {"fault": "delay", "seconds": 30, "on": {"verb": "HEAD"}},
            {"fault": "fail", "code": "AllocationFailed", "message": "No.", "on": {"verb": "PUT", "path": "*/front"}}]"#,
    );
    for _ in 0..2 {
        let refused = cloud.get("").await;
        assert_eq!((refused.code(), refused.header("retry-after")), ((429, "TooManyRequests"), "7"));
    }
    assert_eq!(cloud.get("").await.status, 200);
    let before = cloud.hand.now();
    cloud.ask("HEAD", "", None, &[]).await;
    assert_eq!(cloud.hand.now().duration_since(before).as_secs(), 30);
    let accepted = cloud.put(PUBLIC, public()).await;
    assert_eq!(accepted.status, 201);
    cloud.pass(60);
    assert_eq!(cloud.get(&accepted.link("azure-asyncoperation")).await.code(), (200, "AllocationFailed"));
}

#[tokio::test]
async fn a_size_is_not_to_be_had_and_a_provider_stands_still() {
    let cloud = Cloud::with_group().await;
    cloud.suffer(r#"[{"fault": "capacity", "location": "canadacentral", "size": "standard"}, {"fault": "freeze", "provider": "Microsoft.Network"}]"#);
    assert_eq!(cloud.put(PUBLIC, public()).await.code(), (409, "SkuNotAvailable"));
    let status = cloud.put(NET, net()).await.link("azure-asyncoperation");
    cloud.pass(3600);
    assert_eq!(cloud.get(&status).await.body["status"], "InProgress");
    cloud.simulator.clear_faults().unwrap();
    assert_eq!(cloud.get(&status).await.body["status"], "Succeeded");
}

#[tokio::test]
async fn reads_lag_behind_for_a_while() {
    let cloud = Cloud::with_group().await;
    cloud.suffer(r#"[{"fault": "stale", "seconds": 1000}, {"fault": "instant"}]"#);
    cloud.put(PUBLIC, public()).await;
    assert_eq!(cloud.get(PUBLIC).await.status, 404);
    cloud.pass(1000);
    assert_eq!(cloud.get(PUBLIC).await.state(), "Succeeded");
}

#[test]
fn a_wrong_file_of_faults_says_where() {
    for (text, words) in [
        ("{}", "not a JSON list of faults"),
        (r#"[{"fault": "instant"}, {"fault": "loose"}]"#, "fault 2: unknown variant `loose`"),
        (r#"[{"fault": "lose"}]"#, "fault 1: missing field `location`"),
        (r#"[{"fault": "lose", "location": "eastus", "plain": "data"}]"#, "fault 1: unknown field `plain`"),
        (r#"[{"fault": "answer", "status": 200}]"#, "`status` is 200; it may be 400 to 599"),
        (r#"[{"fault": "delay", "seconds": 1, "on": {"probability": 2}}]"#, "`probability` is 2; it may be 0 to 1"),
    ] {
        let error = parse_faults(text).unwrap_err();
        assert!(error.contains(words), "{error}");
    }
}
