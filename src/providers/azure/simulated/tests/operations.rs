//! Groups, long-running operations, lists, etags, throttling, and the seed.

use super::*;

const PUBLIC: &str = "Microsoft.Network/publicIPAddresses/front";

fn public() -> Json {
    json!({ "location": "canadacentral", "sku": { "name": "Standard" }, "properties": { "publicIPAllocationMethod": "Static" } })
}

#[tokio::test]
async fn group_is_created_synchronously_and_keeps_its_case_and_location() {
    let cloud = TestCloud::new(1);
    let made = cloud.put(&id("").replace("/rg", "/Rg"), json!({ "location": "Canada Central" })).await;
    assert_eq!((made.status, made.state()), (201, "Succeeded"));
    let path = id("").replace("resourceGroups/rg", "RESOURCEGROUPS/RG");
    let read = cloud.get(&path).await;
    assert_eq!(read.body["id"], id("").replace("/rg", "/Rg"));
    assert_eq!((read.body["name"].as_str(), read.body["location"].as_str()), (Some("Rg"), Some("canadacentral")));
    assert_eq!(cloud.put("", json!({ "location": "canadacentral", "tags": { "a": "b" } })).await.status, 200);
    assert_eq!(cloud.put("", json!({ "location": "canadaeast" })).await.code(), (409, "InvalidResourceGroupLocation"));
    assert_eq!(cloud.ask("HEAD", "", None, &[]).await.status, 204);
    assert_eq!(cloud.get(&id("").replace("/rg", "/other")).await.code(), (404, "ResourceGroupNotFound"));
    assert_eq!(cloud.ask("HEAD", &id("").replace("/rg", "/other"), None, &[]).await.status, 404);
    let elsewhere = id("").replace(SUBSCRIPTION, "00000000-0000-0000-0000-000000000000");
    assert_eq!(cloud.get(&elsewhere).await.code(), (404, "SubscriptionNotFound"));
    assert_eq!(cloud.get("?x=y").await.code(), (400, "MissingApiVersionParameter"));
    assert_eq!(cloud.get("?api-version=now").await.code(), (400, "InvalidApiVersionParameter"));
    assert_eq!(cloud.get("?api-version=2099-01-01").await.code(), (400, "NoRegisteredProviderFound"));
    let malformed = id("Microsoft.Nothing/things/a").replace("Microsoft.", "");
    assert_eq!(cloud.get(&malformed).await.code(), (404, "InvalidResourceNamespace"));
    assert_eq!(cloud.get("Microsoft.Network/things/a").await.code(), (404, "ResourceNotFound"));
}

#[tokio::test]
async fn asynchronous_write_shows_its_target_at_once_and_completes_on_time() {
    let cloud = TestCloud::with_group().await;
    let accepted = cloud.put(NET, net()).await;
    assert_eq!((accepted.status, accepted.state()), (201, "Creating"));
    let status = accepted.link("azure-asyncoperation");
    assert_eq!(accepted.header("location"), "");
    let wait: i64 = accepted.header("retry-after").parse().unwrap();
    assert_eq!(cloud.get(&status).await.body["status"], "InProgress");
    assert_eq!(cloud.get(NET).await.state(), "Creating");
    assert_eq!(cloud.put(NET, net()).await.code(), (409, "AnotherOperationInProgress"));
    cloud.pass(wait);
    let done = cloud.get(&status).await;
    assert_eq!((done.body["status"].as_str(), done.header("retry-after")), (Some("Succeeded"), ""));
    let read = cloud.get(&NET.to_ascii_uppercase().replace("MICROSOFT.", "Microsoft.")).await;
    assert_eq!((read.state(), read.body["id"].as_str()), ("Succeeded", Some(id(NET).as_str())));
    assert_eq!(read.body["location"], "canadacentral");
    assert!(read.body["properties"]["resourceGuid"].is_string());
    assert_ne!(read.body["etag"], accepted.body["etag"]);
    let again = cloud.put(NET, read.body.clone()).await;
    assert_eq!((again.status, again.state()), (200, "Updating"), "{}", again.body);
}

#[tokio::test]
async fn accepted_write_is_invisible_until_created() {
    let cloud = TestCloud::with_group().await;
    let server = "Microsoft.Sql/servers/drplan-test";
    let body = json!({ "location": "canadacentral", "properties": {
        "version": "12.0", "administratorLogin": "a", "administratorLoginPassword": "p4ss, w0rd", "minimalTlsVersion": "1.2",
        "publicNetworkAccess": "Enabled", "restrictOutboundNetworkAccess": "Disabled" } });
    let accepted = cloud.put(server, body.clone()).await;
    assert_eq!((accepted.status, accepted.body["operation"].as_str()), (202, Some("CreateOrUpdate")));
    assert_eq!(cloud.get(server).await.code(), (404, "ResourceNotFound"));
    let child = format!("{server}/databases/d");
    assert_eq!(cloud.get(&child).await.code(), (404, "ParentResourceNotFound"));
    let outcome = accepted.link("location");
    assert_eq!(cloud.get(&outcome).await.status, 202);
    cloud.pass(120);
    let done = cloud.get(&outcome).await;
    assert_eq!((done.status, done.body["name"].as_str()), (200, Some("drplan-test")));
    assert_eq!(cloud.get(server).await.body["properties"].get("administratorLoginPassword"), None);
    let other = id("").replace("/rg", "/other");
    cloud.put(&other, json!({ "location": "canadaeast" })).await;
    let taken = cloud.put(&format!("{other}/providers/{server}"), body).await;
    assert_eq!(taken.code(), (409, "NameNotAvailable"));
}

#[tokio::test]
async fn lists_are_paged_and_contain_located_resources() {
    let cloud = TestCloud::with_group().await;
    for at in 0..5 {
        cloud.made(&PUBLIC.replace("front", &format!("p{at}")), public()).await;
    }
    cloud.made(NET, net()).await;
    cloud.made(SUBNET, subnet()).await;
    let (mut path, mut names, mut pages) =
        (format!("{}?api-version=2021-04-01&$top=2", id("resources")), Vec::new(), 0);
    loop {
        let page = cloud.get(&path).await;
        pages += 1;
        names.extend(
            page.body["value"].as_array().unwrap().iter().map(|entry| entry["name"].as_str().unwrap().to_owned()),
        );
        match page.body.get("nextLink") {
            Some(link) => path = link.as_str().unwrap().strip_prefix(BASE).unwrap().to_owned(),
            None => break,
        }
    }
    assert_eq!((pages, names.join(" ").as_str()), (3, "p0 p1 p2 p3 p4 Net1"));
    let of_type = cloud.get(&PUBLIC.replace("/front", "")).await;
    assert_eq!(of_type.body["value"].as_array().unwrap().len(), 5);
    let children = cloud.get(&SUBNET.replace("/a", "")).await;
    assert_eq!(children.body["value"][0]["name"], "a");
    let groups = cloud.get(&format!("/subscriptions/{SUBSCRIPTION}/resourcegroups")).await;
    assert_eq!(groups.body["value"][0]["name"], "rg");
}

#[tokio::test]
async fn etag_conditions_are_enforced() {
    let cloud = TestCloud::with_group().await;
    let put = async |condition: (&str, &str)| cloud.ask("PUT", NET, Some(net()), &[condition]).await;
    assert_eq!(put(("if-match", "*")).await.code(), (412, "PreconditionFailed"));
    assert_eq!(put(("if-none-match", "*")).await.status, 201);
    cloud.pass(60);
    let etag = cloud.get(NET).await.header("etag").to_owned();
    assert_eq!(put(("if-none-match", "*")).await.status, 412);
    assert_eq!(put(("if-match", "\"other\"")).await.status, 412);
    assert_eq!(put(("if-match", &etag)).await.status, 200);
    cloud.pass(60);
    assert_eq!(cloud.ask("DELETE", NET, None, &[("if-match", &etag)]).await.status, 412);
    assert_eq!(cloud.ask("DELETE", SUBNET, None, &[("if-match", &etag)]).await.status, 204);
}

#[tokio::test]
async fn concurrent_writes_below_one_network_are_refused() {
    let cloud = TestCloud::with_group().await;
    cloud.made(NET, net()).await;
    assert_eq!(cloud.put(SUBNET, subnet()).await.status, 201);
    let other = SUBNET.replace("/a", "/b");
    let beside = cloud.put(&other, json!({ "properties": { "addressPrefixes": ["10.0.2.0/24"] } })).await;
    assert_eq!(beside.code(), (409, "AnotherOperationInProgress"));
    assert!(beside.message().contains("/operations/"));
    cloud.pass(beside.header("retry-after").parse().unwrap());
    assert_eq!(cloud.put(&other, json!({ "properties": { "addressPrefixes": ["10.0.2.0/24"] } })).await.status, 201);
}

#[tokio::test]
async fn patch_changes_named_properties_and_replaces_all_tags() {
    let cloud = TestCloud::with_group().await;
    let mut body = net();
    body["tags"] = json!({ "a": "1", "b": "2" });
    cloud.made(NET, body).await;
    let patched = cloud.ask("PATCH", NET, Some(json!({ "tags": { "c": "3" } })), &[]).await;
    assert_eq!((patched.status, &patched.body["tags"]), (200, &json!({ "c": "3" })));
    assert_eq!(patched.body["properties"]["addressSpace"]["addressPrefixes"], json!(["10.0.0.0/16"]));
    assert_eq!(cloud.ask("PATCH", PUBLIC, Some(json!({ "tags": {} })), &[]).await.code(), (404, "ResourceNotFound"));
}

#[tokio::test]
async fn throttled_request_gets_retry_after() {
    let cloud = TestCloud::with_group().await;
    for _ in 0..250 {
        assert_eq!(cloud.get("").await.status, 200);
    }
    let refused = cloud.get("").await;
    assert_eq!(refused.code(), (429, "SubscriptionRequestsThrottled"));
    cloud.pass(refused.header("retry-after").parse().unwrap());
    let read = cloud.get("").await;
    assert_eq!((read.status, read.header("x-ms-ratelimit-remaining-subscription-reads")), (200, "24"));
}

#[tokio::test]
async fn seed_determines_each_object_independently_of_others() {
    let body_with = async |seed: u64, more: bool| {
        let cloud = TestCloud::new(seed);
        cloud.put("", json!({ "location": "canadacentral" })).await;
        if more {
            cloud.put(&PUBLIC.replace("front", "another"), public()).await;
        }
        cloud.put(PUBLIC, public()).await;
        cloud.pass(60);
        cloud.get(PUBLIC).await.body.to_string()
    };
    assert_eq!(body_with(1, false).await, body_with(1, false).await);
    assert_eq!(body_with(1, false).await, body_with(1, true).await);
    assert_ne!(body_with(1, false).await, body_with(2, false).await);
}
