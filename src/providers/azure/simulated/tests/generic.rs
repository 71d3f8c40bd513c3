//! Types without a kind: any well-formed type is stored as it is, with the rules that all types share.

use super::*;

const PLAN: &str = "Microsoft.Web/serverfarms/Plan1";

fn plan() -> Json {
    json!({ "location": "Canada Central", "sku": { "name": "P1v3" }, "properties": { "reserved": true, "nothing": null } })
}

#[tokio::test]
async fn a_type_without_a_kind_is_written_read_listed_and_deleted() {
    let cloud = TestCloud::with_group().await;
    assert_eq!(cloud.get(PLAN).await.code(), (404, "ResourceNotFound"));
    let accepted = cloud.put(PLAN, plan()).await;
    // Clients of this type accept no 201 (source: the status codes of Azure's SDKs).
    assert_eq!((accepted.status, accepted.state()), (200, "Creating"));
    assert_eq!(cloud.put(PLAN, plan()).await.code().0, 409);
    cloud.pass(7200);
    let read = cloud.get(&id(PLAN).to_lowercase()).await;
    assert_eq!((read.status, read.state()), (200, "Succeeded"));
    assert_eq!(read.body["type"], "Microsoft.Web/serverfarms");
    assert_eq!(read.body["location"], "canadacentral");
    assert_eq!(read.body["properties"], json!({ "reserved": true, "provisioningState": "Succeeded" }));
    let listed = cloud.get("Microsoft.Web/serverfarms").await;
    assert_eq!(listed.body["value"][0]["name"], "Plan1");
    let moved = cloud.put(PLAN, json!({ "location": "canadaeast" })).await;
    assert_eq!(moved.code(), (409, "InvalidResourceLocation"));
    let provider = format!("/subscriptions/{SUBSCRIPTION}/providers/Microsoft.Web?api-version=2021-04-01");
    let provider = cloud.get(&provider).await;
    assert_eq!(provider.body["registrationState"], "Registered");
    assert_eq!(provider.body["resourceTypes"][0]["resourceType"], "serverfarms");
    assert_eq!(cloud.delete(PLAN).await.status, 200, "deleted when answered");
    assert_eq!(cloud.get(PLAN).await.code(), (404, "ResourceNotFound"));
    let profile = cloud.put("Microsoft.Cdn/profiles/front", json!({ "location": "global" })).await;
    assert_eq!((profile.status, profile.state()), (201, "Creating"));
    let set = cloud.put("Microsoft.Compute/availabilitySets/all", json!({ "location": "canadacentral" })).await;
    assert_eq!(set.status, 200);
    assert_eq!(cloud.put("Microsoft.Compute/availabilitySets/all", set.body).await.status, 200, "nothing to wait for");
}

#[tokio::test]
async fn children_and_extensions_need_what_they_belong_to() {
    let cloud = TestCloud::with_group().await;
    let (site, config) = ("Microsoft.Web/sites/shop", "Microsoft.Web/sites/shop/config/appsettings");
    assert_eq!(cloud.put(config, json!({ "properties": {} })).await.code(), (404, "ParentResourceNotFound"));
    let missing = id("Microsoft.Web/serverfarms/none");
    let body = |plan: &str| json!({ "location": "canadacentral", "properties": { "serverFarmId": plan } });
    assert_eq!(cloud.put(site, body(&missing)).await.code(), (400, "InvalidResourceReference"));
    cloud.made(PLAN, plan()).await;
    cloud.made(site, body(&id(PLAN))).await;
    cloud.made(config, json!({ "properties": { "A": "b" } })).await;
    let extension = format!("{site}/providers/Microsoft.Insights/diagnosticSettings/all");
    cloud.made(&extension, json!({ "properties": { "logs": [] } })).await;
    // What no request creates, and every object of the type has.
    let rule = "Microsoft.Web/sites/shop/basics/default/rules/one";
    cloud.made(rule, json!({ "properties": {} })).await;
    assert!(cloud.delete(site).await.status < 300);
    cloud.pass(7200);
    for gone in [config, &extension, rule] {
        assert_eq!(cloud.get(gone).await.status, 404, "{gone}");
    }
}

#[tokio::test]
async fn versions_that_do_not_exist_yet_are_refused() {
    let cloud = TestCloud::with_group().await;
    let net = |version: &str| format!("{NET}?api-version={version}");
    let mut body = net_with_more();
    assert_eq!(cloud.put(&net("2099-01-01"), body.clone()).await.code(), (400, "NoRegisteredProviderFound"));
    // The tables describe one version of a type; a block that names its type may have any.
    assert_eq!(cloud.put(&net("2024-05-01"), body.clone()).await.status, 201);
    cloud.pass(7200);
    body["properties"]["addressSpace"] = json!("none");
    assert_eq!(cloud.put(&net("2024-05-01"), body).await.code().0, 400);
}

fn net_with_more() -> Json {
    let mut body = net();
    body["properties"]["encryption"] = json!({ "enabled": true });
    body
}
