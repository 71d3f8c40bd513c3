//! Requests of clients other than drplan, such as Terraform and the Azure CLI.

use super::*;

const SERVER: &str = "Microsoft.Sql/servers/example";

async fn with_server() -> TestCloud {
    let cloud = TestCloud::with_group().await;
    let body = json!({ "location": "canadacentral", "properties": {
        "version": "12.0", "administratorLogin": "sqladmin", "administratorLoginPassword": "an example, n0t a secret" } });
    cloud.made(&format!("{SERVER}?api-version=2021-11-01"), body).await;
    cloud
}

#[tokio::test]
async fn implicit_children_exist_change_and_disappear_with_their_parent() {
    let cloud = with_server().await;
    let policy = format!("{SERVER}/connectionPolicies/default?api-version=2021-11-01");
    let read = cloud.get(&policy).await;
    assert_eq!((read.status, &read.body["properties"]), (200, &json!({ "connectionType": "Default" })));
    assert_eq!(read.body["type"], "Microsoft.Sql/servers/connectionPolicies");

    // Terraform accepts only a 200.
    let written = cloud.put(&policy, json!({ "properties": { "connectionType": "Proxy" } })).await;
    assert_eq!((written.status, &written.body["properties"]["connectionType"]), (200, &json!("Proxy")));
    assert_eq!(cloud.get(&policy).await.body["properties"]["connectionType"], "Proxy");
    let listed = cloud.get(&format!("{SERVER}/connectionPolicies?api-version=2021-11-01")).await;
    assert_eq!(listed.body["value"][0]["properties"]["connectionType"], "Proxy");
    let none = cloud.get(&format!("{SERVER}/restorableDroppedDatabases?api-version=2021-11-01")).await;
    assert_eq!((none.status, &none.body), (200, &json!({ "value": [] })));
    let other = cloud.get(&format!("{SERVER}/connectionPolicies/other?api-version=2021-11-01")).await;
    assert_eq!(other.status, 404);

    assert!(cloud.delete(&format!("{SERVER}?api-version=2021-11-01")).await.status < 300);
    cloud.pass(7200);
    assert_eq!(cloud.get(&policy).await.status, 404);
    let body = json!({ "location": "canadacentral", "properties": {
        "version": "12.0", "administratorLogin": "sqladmin", "administratorLoginPassword": "an example, n0t a secret" } });
    cloud.made(&format!("{SERVER}?api-version=2021-11-01"), body).await;
    assert_eq!(cloud.get(&policy).await.body["properties"]["connectionType"], "Default");
}

#[tokio::test]
async fn lists_are_filtered_and_names_checked() {
    let cloud = with_server().await;
    cloud.made(NET, net()).await;
    let listed = async |filter: &str| {
        let path = format!("/subscriptions/{SUBSCRIPTION}/resources?api-version=2021-04-01&$filter={filter}");
        let answer = cloud.get(&path).await;
        let names = answer.body["value"].as_array().cloned().unwrap_or_default();
        (answer.status, names.iter().map(|one| one["name"].as_str().unwrap().to_owned()).collect::<Vec<_>>())
    };
    let both = vec!["Net1".to_owned(), "example".to_owned()];
    assert_eq!(listed("resourceGroup%20eq%20'RG'").await, (200, both));
    assert_eq!(listed("resourceGroup%20eq%20'other'").await, (200, Vec::new()));
    assert_eq!(listed("resourceType%20eq%20'Microsoft.Sql/servers'").await, (200, vec!["example".to_owned()]));
    let joined = "resourceGroup%20eq%20'rg'%20and%20name%20eq%20'net1'";
    assert_eq!(listed(joined).await, (200, vec!["Net1".to_owned()]));
    assert_eq!(listed("substringof('n',name)").await.0, 400);

    let check =
        format!("/subscriptions/{SUBSCRIPTION}/providers/Microsoft.Sql/checkNameAvailability?api-version=2021-11-01");
    for (name, free) in [("example", false), ("another", true)] {
        let asked = json!({ "name": name, "type": "Microsoft.Sql/servers" });
        let answer = cloud.ask("POST", &check, Some(asked), &[]).await;
        assert_eq!((answer.status, answer.body["available"].as_bool()), (200, Some(free)), "{name}");
    }
}

#[tokio::test]
async fn newer_versions_and_unknown_properties_pass_only_for_other_clients() {
    let newer = format!("{NET}?api-version=2099-01-01");
    let mut body = net();
    body["properties"]["notYetThere"] = json!(true);
    let strict = TestCloud::with_group().await;
    assert_eq!(strict.put(&newer, net()).await.code(), (400, "NoRegisteredProviderFound"));
    assert_eq!(strict.put(NET, body.clone()).await.code(), (400, "InvalidRequestContent"));

    let TestCloud { simulator, clock } = TestCloud::with_group().await;
    let lenient = TestCloud { simulator: simulator.for_others(), clock };
    assert_eq!(lenient.put(&newer, body).await.status, 201);
}

#[tokio::test]
async fn a_write_of_the_size_alone_keeps_everything_else() {
    let TestCloud { simulator, clock } = TestCloud::with_group().await;
    let cloud = TestCloud { simulator: simulator.for_others(), clock };
    let disk = "Microsoft.Compute/disks/data";
    let body = json!({ "location": "canadacentral", "tags": {}, "zones": ["1"], "sku": { "name": "Premium_LRS" },
        "properties": { "creationData": { "createOption": "Empty" }, "diskSizeGB": 32 } });
    cloud.made(disk, body).await;
    let smaller = json!({ "location": "canadacentral", "sku": { "name": "StandardSSD_LRS" } });
    let after = cloud.made(disk, smaller).await.body;
    assert_eq!(after["sku"]["name"], "StandardSSD_LRS");
    assert_eq!((&after["tags"], &after["zones"]), (&json!({}), &json!(["1"])));
    assert_eq!(after["properties"]["diskSizeGB"], 32);
}

#[tokio::test]
async fn an_empty_text_leaves_a_choice_open() {
    let TestCloud { simulator, clock } = with_server().await;
    let cloud = TestCloud { simulator: simulator.for_others(), clock };
    let database = format!("{SERVER}/databases/orders?api-version=2023-08-01");
    let body = json!({ "location": "canadacentral", "sku": { "name": "GP_Gen5_2" },
        "properties": { "createMode": "Default", "secondaryType": "", "minCapacity": 0, "autoPauseDelay": 0, "maxSizeBytes": 34_359_738_368_i64 } });
    let made = cloud.made(&database, body).await.body;
    assert_eq!(made["properties"].get("secondaryType"), None, "{made}");
    let larger = json!({ "properties": { "maxSizeBytes": 68_719_476_736_i64 } });
    let accepted = cloud.ask("PATCH", &database, Some(larger), &[]).await;
    assert!(accepted.status < 300, "{}", accepted.body);
}

/// A rule with several ports has an empty text in place of one.
#[tokio::test]
async fn an_empty_text_leaves_a_port_of_a_rule_open() {
    let TestCloud { simulator, clock } = TestCloud::with_group().await;
    let cloud = TestCloud { simulator: simulator.for_others(), clock };
    let group = "Microsoft.Network/networkSecurityGroups/several?api-version=2024-05-01";
    let rule = json!({ "name": "web", "properties": { "priority": 100, "direction": "Inbound", "access": "Allow",
        "protocol": "Tcp", "sourcePortRange": "*", "destinationPortRange": "", "destinationPortRanges": ["80", "443"],
        "sourceAddressPrefix": "*", "destinationAddressPrefix": "*" } });
    let body = json!({ "location": "canadacentral", "properties": { "securityRules": [rule] } });
    let made = cloud.made(group, body).await.body;
    let rule = &made["properties"]["securityRules"][0]["properties"];
    assert_eq!((rule.get("destinationPortRange"), &rule["destinationPortRanges"]), (None, &json!(["80", "443"])));
}

#[tokio::test]
async fn free_addresses_of_a_subnet_are_offered() {
    let cloud = TestCloud::with_group().await;
    cloud.made(NET, net()).await;
    cloud.made(SUBNET, subnet()).await;
    let check = async |address: &str| {
        let path = format!("{NET}/CheckIPAddressAvailability?api-version=2024-05-01&ipAddress={address}");
        cloud.get(&path).await.body
    };
    assert_eq!(check("10.0.1.4").await, json!({ "available": true }));
    let reserved = check("10.0.1.1").await;
    assert_eq!(reserved["available"], false);
    assert_eq!(reserved["availableIPAddresses"][0], "10.0.1.4");
    assert_eq!(
        check("10.0.0.0").await["availableIPAddresses"].as_array().map(Vec::len),
        Some(5),
        "of the first subnet"
    );
}

#[tokio::test]
async fn groups_are_listed_by_tag() {
    let cloud = TestCloud::with_group().await;
    cloud.put(&id("").replace("/rg", "/tagged"), json!({ "location": "canadaeast", "tags": { "env": "dev" } })).await;
    let filter = "$filter=tagName%20eq%20'env'%20and%20tagValue%20eq%20'dev'";
    let list = format!("/subscriptions/{SUBSCRIPTION}/resourcegroups?api-version=2021-04-01&{filter}");
    let listed = cloud.get(&list).await.body;
    assert_eq!(listed["value"].as_array().map(Vec::len), Some(1), "{listed}");
    assert_eq!(listed["value"][0]["name"], "tagged");
}

#[tokio::test]
async fn activity_log_has_the_operations_of_a_group() {
    let cloud = with_server().await;
    cloud.made(NET, net()).await;
    let log = format!("/subscriptions/{SUBSCRIPTION}/providers/Microsoft.Insights/eventtypes/management/values");
    let asked = async |group: &str| {
        let filter = format!("eventTimestamp%20ge%20'2026-01-01T00:00:00Z'%20and%20resourceGroupName%20eq%20'{group}'");
        cloud.get(&format!("{log}?api-version=2015-04-01&$filter={filter}")).await.body["value"].clone()
    };
    let events = asked("RG").await;
    assert_eq!(
        events[0]["operationName"]["value"], "Microsoft.Network/virtualNetworks/write",
        "newest first: {events}"
    );
    assert_eq!(events[0]["status"]["value"], "Succeeded");
    assert_eq!(asked("other").await, json!([]));
}

/// Source: the status codes that Azure's SDKs accept per operation; any other is an error to them.
#[tokio::test]
async fn synchronous_operation_reports_completion() {
    let cloud = TestCloud::with_group().await;
    let account = "Microsoft.DocumentDB/databaseAccounts/drplan-example?api-version=2021-10-15";
    let body = json!({ "location": "canadacentral", "kind": "GlobalDocumentDB", "properties": {
        "databaseAccountOfferType": "Standard", "consistencyPolicy": { "defaultConsistencyLevel": "Session" },
        "locations": [{ "locationName": "canadacentral", "failoverPriority": 0 }] } });
    assert_eq!(cloud.put(account, body).await.status, 200, "Cosmos DB never answers 201");
    cloud.pass(7200);
    let keys = cloud.ask("POST", &account.replace('?', "/readonlykeys?"), None, &[]).await;
    assert!(keys.status == 200 && keys.body["primaryReadonlyMasterKey"].is_string(), "{}", keys.body);
    let strings = cloud.ask("POST", &account.replace('?', "/listConnectionStrings?"), None, &[]).await;
    assert_eq!(strings.body["connectionStrings"][0]["description"], "Primary SQL Connection String");

    let storage = "Microsoft.Storage/storageAccounts/drplanexample?api-version=2022-09-01";
    let body = json!({ "location": "canadacentral", "kind": "StorageV2", "sku": { "name": "Standard_LRS" } });
    assert_eq!(cloud.put(storage, body).await.status, 202);
    cloud.pass(7200);
    let patched = cloud.ask("PATCH", storage, Some(json!({ "tags": { "a": "b" } })), &[]).await;
    assert_eq!((patched.status, &patched.body["tags"]["a"]), (200, &json!("b")));
    assert_eq!(cloud.delete(storage).await.status, 200);
}

#[tokio::test]
async fn part_written_alone_updates_its_parent() {
    let cloud = TestCloud::with_group().await;
    let lb = "Microsoft.Network/loadBalancers/example";
    cloud.made(&format!("{lb}?api-version=2023-09-01"), json!({ "location": "canadacentral", "properties": {} })).await;
    let pool = format!("{lb}/backendAddressPools/web?api-version=2023-09-01");
    assert_eq!(cloud.get(&pool).await.code(), (404, "ResourceNotFound"));
    assert_eq!(cloud.put(&pool, json!({ "properties": {} })).await.status, 201);
    cloud.pass(600);
    assert_eq!(cloud.get(&pool).await.body["name"], "web");
    let whole = cloud.get(&format!("{lb}?api-version=2023-09-01")).await;
    assert_eq!(whole.body["properties"]["backendAddressPools"][0]["name"], "web");
    let listed = cloud.get(&format!("{lb}/backendAddressPools?api-version=2023-09-01")).await;
    assert_eq!(listed.body["value"][0]["name"], "web");
    assert_eq!(cloud.put(&pool, json!({ "properties": {} })).await.status, 200);
    cloud.pass(600);
    assert_eq!(cloud.delete(&pool).await.status, 202);
    cloud.pass(600);
    assert_eq!(cloud.get(&pool).await.status, 404);
    assert_eq!(cloud.delete(&pool).await.status, 204);
}

#[tokio::test]
async fn roles_are_found_by_name() {
    let cloud = TestCloud::with_group().await;
    let of = |filter: &str| {
        format!("Microsoft.Authorization/roleDefinitions?api-version=2022-04-01&$filter=roleName%20eq%20'{filter}'")
    };
    let found = cloud.get(&of("Network%20Contributor")).await;
    let one = &found.body["value"][0];
    assert_eq!(one["properties"]["roleName"], "Network Contributor");
    let again = cloud.get(&format!("{}?api-version=2022-04-01", one["id"].as_str().unwrap())).await;
    assert_eq!(&again.body, one);
    assert_eq!(cloud.get(&of("Nobody")).await.body["value"], json!([]));
}

#[tokio::test]
async fn deleted_vault_is_kept_until_purged() {
    let cloud = TestCloud::with_group().await;
    let vault = "Microsoft.KeyVault/vaults/drplan-example?api-version=2023-07-01";
    let body = json!({ "location": "canadacentral", "properties": {
        "tenantId": super::super::TENANT, "sku": { "family": "A", "name": "standard" }, "enableRbacAuthorization": true } });
    let made = cloud.put(vault, body).await;
    assert!(made.status < 300, "{}", made.body);
    cloud.pass(600);
    let kept = format!(
        "/subscriptions/{SUBSCRIPTION}/providers/Microsoft.KeyVault/locations/canadacentral/deletedVaults/drplan-example?api-version=2023-07-01"
    );
    assert_eq!(cloud.get(&kept).await.status, 404);
    assert_eq!(cloud.delete(vault).await.status, 200);
    let deleted = cloud.get(&kept).await;
    assert_eq!(deleted.status, 200);
    assert!(deleted.body["properties"]["vaultId"].as_str().unwrap().ends_with("/vaults/drplan-example"));
    let purge = kept.replace('?', "/purge?");
    let purged = cloud.ask("POST", &purge, None, &[]).await;
    assert_eq!(purged.status, 202);
    assert_eq!(cloud.get(&kept).await.status, 404);
}
