//! Validation of request bodies, references between resources, and values that the provider adds.

use super::*;

const BALANCER: &str = "Microsoft.Network/loadBalancers/lb";
const CARD: &str = "Microsoft.Network/networkInterfaces/card";

/// A load balancer in the subnet, with a rule that references its own parts.
fn balancer(probe: &str) -> Json {
    let own = |part: &str| json!({ "id": id(&format!("{BALANCER}/{part}")) });
    json!({ "location": "canadacentral", "sku": { "name": "Standard" }, "properties": {
        "frontendIPConfigurations": [{ "name": "front", "properties": { "subnet": { "id": id(SUBNET) } } }],
        "backendAddressPools": [{ "name": "pool" }],
        "probes": [{ "name": "alive", "properties": { "protocol": "Tcp", "port": 80 } }],
        "loadBalancingRules": [{ "name": "web", "properties": {
            "frontendIPConfiguration": own("frontendIPConfigurations/front"), "probe": own(&format!("probes/{probe}")),
            "backendAddressPool": own("backendAddressPools/pool"), "protocol": "Tcp", "frontendPort": 80, "backendPort": 80 } }] } })
}

fn card(subnet: &str) -> Json {
    json!({ "location": "canadacentral", "properties": { "ipConfigurations": [{ "name": "ip", "properties": {
        "primary": true, "privateIPAllocationMethod": "Dynamic", "subnet": { "id": subnet } } }] } })
}

async fn with_subnet() -> TestCloud {
    let cloud = TestCloud::with_group().await;
    cloud.made(NET, net()).await;
    cloud.made(SUBNET, subnet()).await;
    cloud
}

#[tokio::test]
async fn invalid_body_is_refused_with_azures_error() {
    let cloud = TestCloud::with_group().await;
    let with = |at: &str, value: Json| {
        let mut body = net();
        crate::kinds::path::put(&mut body, at, value);
        body
    };
    let table = [
        (
            with("properties.adressSpace", json!({})),
            400,
            "InvalidRequestContent",
            "Could not find member 'adressSpace'",
        ),
        (with("propertys", json!({})), 400, "InvalidRequestContent", "Could not find member 'propertys'"),
        (
            with("properties.addressSpace.addressPrefixes", json!("10.0.0.0/16")),
            400,
            "InvalidRequestContent",
            "Path 'properties.addressSpace.addressPrefixes'",
        ),
        (with("tags", json!({ "a": 1 })), 400, "InvalidRequestContent", "number to type string"),
        (json!({ "location": "canadacentral" }), 400, "InvalidParameter", "'properties'"),
        (
            json!({ "location": "canadacentral", "properties": {} }),
            400,
            "InvalidParameter",
            "'properties.addressSpace'",
        ),
        (json!({ "properties": {} }), 400, "LocationRequired", "location"),
        (with("location", json!("atlantis")), 400, "LocationNotAvailableForResourceType", "atlantis"),
        (with("name", json!("other")), 400, "InvalidRequestContent", "the property 'name' is 'other'"),
        (json!([]), 400, "InvalidRequestContent", "JSON object"),
    ];
    for (body, status, code, words) in table {
        let refused = cloud.put(NET, body.clone()).await;
        assert_eq!(refused.code(), (status, code), "{body}");
        assert!(refused.message().contains(words), "{}", refused.message());
    }
    assert_eq!(cloud.put(&NET.replace("Net1", "a%20b"), net()).await.code(), (400, "InvalidResourceName"));
    let lost = id(NET).replace("/rg/", "/other/");
    assert_eq!(cloud.put(&lost, net()).await.code(), (404, "ResourceGroupNotFound"));
    assert_eq!(cloud.put(SUBNET, subnet()).await.code(), (404, "ParentResourceNotFound"));
}

#[tokio::test]
async fn location_and_immutable_properties_never_change() {
    let cloud = TestCloud::with_group().await;
    cloud.made(NET, net()).await;
    let mut moved = net();
    moved["location"] = json!("canadaeast");
    assert_eq!(cloud.put(NET, moved).await.code(), (409, "InvalidResourceLocation"));
    let public = |zones: Json| {
        json!({ "location": "canadacentral", "sku": { "name": "Standard" }, "zones": zones,
            "properties": { "publicIPAllocationMethod": "Static" } })
    };
    let path = "Microsoft.Network/publicIPAddresses/p";
    cloud.made(path, public(json!(["1", "2"]))).await;
    assert_eq!(cloud.put(path, public(json!(["3"]))).await.code(), (409, "PropertyChangeNotAllowed"));
    assert_eq!(cloud.put(path, public(json!(["2", "1"]))).await.status, 200);
}

#[tokio::test]
async fn answer_can_be_put_back_and_put_replaces_the_whole_body() {
    let cloud = TestCloud::with_group().await;
    let mut body = net();
    body["properties"]["dhcpOptions"] = json!({ "dnsServers": ["10.0.0.4"] });
    let first = cloud.made(NET, body).await.body;
    let second = cloud.made(NET, first.clone()).await.body;
    let plain = |body: &Json| {
        let mut body = body.clone();
        body["etag"] = Json::Null;
        body
    };
    assert_eq!(plain(&first), plain(&second));
    let third = cloud.made(NET, net()).await.body;
    assert_eq!(third["properties"].get("dhcpOptions"), None);
    assert_eq!(third["properties"]["resourceGuid"], first["properties"]["resourceGuid"]);
}

#[tokio::test]
async fn children_in_the_parents_body_are_the_same_objects() {
    let cloud = with_subnet().await;
    let read = cloud.get(NET).await.body;
    assert_eq!(read["properties"]["subnets"][0]["id"], id(SUBNET));
    cloud.made(NET, net()).await;
    assert_eq!(cloud.get(SUBNET).await.status, 200, "a missing list keeps the children");
    let mut body = net();
    body["properties"]["subnets"] = json!([{ "name": "b", "properties": { "addressPrefixes": ["10.0.2.0/24"] } }]);
    cloud.made(NET, body.clone()).await;
    assert_eq!(cloud.get(SUBNET).await.status, 404);
    let b = SUBNET.replace("/a", "/b");
    assert_eq!(cloud.get(&b).await.state(), "Succeeded");
    cloud.made(CARD, card(&id(&b))).await;
    body["properties"]["subnets"] = json!([]);
    assert_eq!(cloud.put(NET, body).await.code(), (400, "InUseSubnetCannotBeDeleted"));
}

#[tokio::test]
async fn reference_must_name_an_existing_resource() {
    let cloud = with_subnet().await;
    let refused = cloud.put(CARD, card(&id(SUBNET).replace("/a", "/b"))).await;
    assert_eq!(refused.code(), (400, "InvalidResourceReference"));
    assert!(refused.message().contains("subnets/b"), "{}", refused.message());
    let theirs = id(SUBNET).replace(SUBSCRIPTION, "11111111-2222-3333-4444-555555555555");
    assert_eq!(cloud.put(&CARD.replace("card", "theirs"), card(&theirs)).await.status, 201);
    let made = cloud.made(CARD, card(&id(SUBNET).to_ascii_uppercase())).await.body;
    let address = made["properties"]["ipConfigurations"][0]["properties"]["privateIPAddress"].as_str().unwrap();
    assert!(address.starts_with("10.0.1."), "{address}");
}

#[tokio::test]
async fn parts_have_ids_and_can_be_read_and_referenced() {
    let cloud = with_subnet().await;
    assert_eq!(cloud.put(BALANCER, balancer("dead")).await.code(), (400, "InvalidResourceReference"));
    let made = cloud.made(BALANCER, balancer("alive")).await.body;
    assert_eq!(made["properties"]["probes"][0]["id"], id(&format!("{BALANCER}/probes/alive")));
    let part = cloud.get(&format!("{BALANCER}/PROBES/alive")).await;
    assert_eq!((part.status, &part.body["properties"]["port"]), (200, &json!(80)));
    let mut user = card(&id(SUBNET));
    user["properties"]["ipConfigurations"][0]["properties"]["loadBalancerBackendAddressPools"] =
        json!([{ "id": id(&format!("{BALANCER}/backendAddressPools/pool")) }]);
    cloud.made(CARD, user).await;
    let mut without = balancer("alive");
    without["properties"]["backendAddressPools"] = json!([]);
    without["properties"]["loadBalancingRules"] = json!([]);
    let refused = cloud.put(BALANCER, without).await;
    assert!(refused.message().contains("is in use by"), "{}", refused.body);
    assert!(cloud.delete(BALANCER).await.message().contains("is in use by"));
}

/// Source: azurerm, which locks nothing for containers, and whose users create them by `for_each`.
#[tokio::test]
async fn containers_are_written_side_by_side_but_not_with_their_account() {
    let cloud = TestCloud::with_group().await;
    let account = "Microsoft.DocumentDB/databaseAccounts/drplan-test";
    let body = |tags: Json| {
        json!({ "location": "canadacentral", "tags": tags, "kind": "GlobalDocumentDB", "properties": {
            "databaseAccountOfferType": "Standard", "consistencyPolicy": { "defaultConsistencyLevel": "Session" },
            "locations": [{ "locationName": "canadacentral", "failoverPriority": 0 }] } })
    };
    cloud.made(account, body(json!({}))).await;
    let database = format!("{account}/sqlDatabases/shop");
    cloud.made(&database, json!({ "properties": { "resource": { "id": "shop" } } })).await;
    let container = async |name: &str| {
        let key = json!({ "paths": ["/id"], "kind": "Hash" });
        let body = json!({ "properties": { "resource": { "id": name, "partitionKey": key } } });
        cloud.put(&format!("{database}/containers/{name}"), body).await
    };
    for name in ["orders", "carts"] {
        let accepted = container(name).await;
        assert_eq!(accepted.status, 202, "{name}: {}", accepted.body);
    }
    assert_eq!(cloud.put(account, body(json!({ "a": "b" }))).await.code().0, 409, "containers are being written");
    cloud.pass(7200);
    assert!(cloud.put(account, body(json!({ "a": "b" }))).await.status < 300);
    assert_eq!(container("more").await.code().0, 409, "the account is being written");
}

#[tokio::test]
async fn keys_are_returned_only_by_the_list_action() {
    let cloud = TestCloud::with_group().await;
    let cosmos = "Microsoft.DocumentDB/databaseAccounts/drplan-test";
    let body = json!({ "location": "canadacentral", "kind": "GlobalDocumentDB", "properties": {
        "databaseAccountOfferType": "Standard", "locations": [{ "locationName": "canadacentral", "failoverPriority": 0 }],
        "consistencyPolicy": { "defaultConsistencyLevel": "Session" } } });
    let made = cloud.made(cosmos, body).await.body;
    let keys = cloud.ask("POST", &format!("{cosmos}/listKeys"), None, &[]).await;
    let key = keys.body["primaryMasterKey"].as_str().unwrap();
    assert_eq!(key.len(), 88);
    assert!(!made.to_string().contains(key));
    assert_eq!(cloud.ask("POST", &format!("{cosmos}/dance"), None, &[]).await.status, 404);
}

#[tokio::test]
async fn rule_for_all_ports_needs_an_internal_frontend() {
    let cloud = with_subnet().await;
    let address = json!({ "location": "canadacentral", "sku": { "name": "Standard" }, "properties": {
        "publicIPAllocationMethod": "Static" } });
    cloud.made("Microsoft.Network/publicIPAddresses/ip", address).await;
    let all_ports = |frontend: Json| {
        let mut body = balancer("alive");
        let rule = &mut body["properties"]["loadBalancingRules"][0]["properties"];
        for (name, value) in [("protocol", json!("All")), ("frontendPort", json!(0)), ("backendPort", json!(0))] {
            rule[name] = value;
        }
        body["properties"]["frontendIPConfigurations"][0]["properties"] = frontend;
        body
    };
    let public = json!({ "publicIPAddress": { "id": id("Microsoft.Network/publicIPAddresses/ip") } });
    let refused = cloud.put(BALANCER, all_ports(public)).await;
    assert_eq!((refused.status, refused.message().contains("internal load balancer")), (400, true), "{}", refused.body);
    cloud.made(BALANCER, all_ports(json!({ "subnet": { "id": id(SUBNET) } }))).await;
}

#[tokio::test]
async fn public_name_belongs_to_one_object() {
    let cloud = TestCloud::with_group().await;
    let address = |region: &str, label: &str| {
        json!({ "location": region, "sku": { "name": "Standard" }, "properties": {
            "publicIPAllocationMethod": "Static", "dnsSettings": { "domainNameLabel": label } } })
    };
    let path = |name: &str| format!("Microsoft.Network/publicIPAddresses/{name}");
    cloud.made(&path("one"), address("canadacentral", "shop")).await;
    let refused = cloud.put(&path("two"), address("canadacentral", "SHOP")).await;
    assert_eq!(refused.code(), (400, "DnsRecordInUse"));
    // The name ends in the region, and an object keeps its own.
    cloud.made(&path("two"), address("canadaeast", "shop")).await;
    cloud.made(&path("one"), address("canadacentral", "shop")).await;
    let profile = json!({ "location": "global", "properties": {
        "trafficRoutingMethod": "Priority", "dnsConfig": { "relativeName": "shop", "ttl": 60 },
        "monitorConfig": { "protocol": "HTTPS", "port": 443, "path": "/" } } });
    cloud.made("Microsoft.Network/trafficManagerProfiles/one", profile.clone()).await;
    assert_eq!(cloud.put("Microsoft.Network/trafficManagerProfiles/two", profile).await.status, 400);
}

#[tokio::test]
async fn default_follows_the_version_of_the_request() {
    let cloud = TestCloud::with_group().await;
    let vault = json!({ "location": "canadacentral", "properties": {
        "tenantId": "11111111-1111-1111-1111-111111111111", "sku": { "family": "A", "name": "standard" }, "accessPolicies": [] } });
    for (name, version, is_enabled) in [("vault-a", "2023-07-01", false), ("vault-b", "2026-02-01", true)] {
        let path = format!("Microsoft.KeyVault/vaults/{name}?api-version={version}");
        let made = cloud.made(&path, vault.clone()).await;
        assert_eq!(made.body["properties"]["enableRbacAuthorization"], json!(is_enabled), "{version}");
    }
}
