//! Children that are no objects of their own: elements of lists in a body, and what follows from an object.

use super::*;

const GROUP: &str = "Microsoft.Network/networkSecurityGroups/rules";

fn rule(priority: u32) -> Json {
    json!({ "properties": {
        "priority": priority, "direction": "Inbound", "access": "Allow", "protocol": "Tcp", "sourcePortRange": "*",
        "destinationPortRange": "443", "sourceAddressPrefix": "*", "destinationAddressPrefix": "*",
    } })
}

#[tokio::test]
async fn security_rules_are_children_and_every_group_has_the_default_ones() {
    let cloud = TestCloud::with_group().await;
    let group = cloud.made(GROUP, json!({ "location": "canadacentral", "properties": {} })).await.body;
    assert_eq!(group["properties"]["securityRules"], json!([]));
    assert_eq!(group["properties"]["defaultSecurityRules"].as_array().unwrap().len(), 6);

    let https = format!("{GROUP}/securityRules/https");
    let made = cloud.put(&https, rule(100)).await;
    assert_eq!((made.status, &made.body["name"]), (201, &json!("https")), "{}", made.body);
    cloud.pass(60);
    let read = cloud.get(&https).await.body;
    assert_eq!(read["properties"]["priority"], 100, "{read}");
    assert_eq!(read["properties"]["provisioningState"], "Succeeded");
    let clash = cloud.put(&format!("{GROUP}/securityRules/other"), rule(100)).await;
    assert_eq!(clash.code(), (400, "SecurityRuleConflict"), "{}", clash.body);
    let listed = cloud.get(&format!("{GROUP}/securityRules")).await.body;
    assert_eq!(listed["value"].as_array().unwrap().len(), 1, "{listed}");

    assert_eq!(cloud.delete(&https).await.status, 202);
    // As in Azure, a read finds the rule until it is gone.
    let leaving = cloud.get(&https).await;
    assert_eq!((leaving.status, leaving.state()), (200, "Deleting"), "{}", leaving.body);
    let listed = cloud.get(&format!("{GROUP}/securityRules")).await.body;
    assert_eq!(listed["value"][0]["properties"]["provisioningState"], "Deleting", "{listed}");
    assert_eq!(cloud.delete(&https).await.status, 202, "the same deletion");
    assert_eq!(cloud.put(&format!("{GROUP}/securityRules/other"), rule(100)).await.code().0, 409);
    cloud.pass(60);
    assert_eq!(cloud.get(&https).await.status, 404);
    assert_eq!(cloud.get(GROUP).await.body["properties"]["securityRules"], json!([]));
}

#[tokio::test]
async fn routes_are_children_of_their_table() {
    let cloud = TestCloud::with_group().await;
    let table = "Microsoft.Network/routeTables/out";
    cloud.made(table, json!({ "location": "canadacentral", "properties": {} })).await;
    let route = json!({ "properties": { "addressPrefix": "0.0.0.0/0", "nextHopType": "Internet" } });
    assert_eq!(cloud.put(&format!("{table}/routes/all"), route).await.status, 201);
    cloud.pass(60);
    assert_eq!(cloud.get(table).await.body["properties"]["routes"][0]["name"], "all");
}

/// A machine on an interface of its own.
async fn machine(cloud: &TestCloud) -> String {
    cloud.made(NET, net()).await;
    cloud.made(SUBNET, subnet()).await;
    let nic = "Microsoft.Network/networkInterfaces/nic";
    let address = json!({ "privateIPAllocationMethod": "Dynamic", "subnet": { "id": id(SUBNET) } });
    let properties = json!({ "ipConfigurations": [{ "name": "a", "properties": address }] });
    cloud.made(nic, json!({ "location": "canadacentral", "properties": properties })).await;
    let image = json!({ "publisher": "Canonical", "offer": "ubuntu-24_04-lts", "sku": "server", "version": "latest" });
    let body = json!({ "location": "canadacentral", "properties": {
        "hardwareProfile": { "vmSize": "Standard_B2s" },
        "storageProfile": { "imageReference": image, "osDisk": { "createOption": "FromImage", "caching": "ReadWrite" } },
        "osProfile": { "computerName": "c", "adminUsername": "ops", "adminPassword": "made-up for a t3st" },
        "networkProfile": { "networkInterfaces": [{ "id": id(nic) }] },
    } });
    let vm = "Microsoft.Compute/virtualMachines/vm";
    cloud.made(vm, body).await;
    vm.to_owned()
}

#[tokio::test]
async fn power_actions_change_the_instance_view() {
    let cloud = TestCloud::with_group().await;
    let vm = machine(&cloud).await;
    for (action, state) in [
        ("powerOff", "stopped"),
        ("deallocate", "deallocated"),
        ("powerOff", "deallocated"),
        ("start", "running"),
        ("restart", "running"),
        ("powerOff", "stopped"),
        ("start", "running"),
    ] {
        let begun = cloud.ask("POST", &format!("{vm}/{action}"), None, &[]).await;
        assert_eq!(begun.status, 202, "{action}: {}", begun.body);
        cloud.pass(600);
        let view = cloud.get(&format!("{vm}/instanceView")).await.body;
        assert_eq!(view["statuses"][1]["code"], format!("PowerState/{state}"), "{action}: {view}");
        let expanded = cloud.get(&format!("{vm}?api-version=2021-04-01&$expand=instanceView")).await.body;
        assert_eq!(expanded["properties"]["instanceView"], view);
    }
    cloud.ask("POST", &format!("{vm}/deallocate"), None, &[]).await;
    cloud.pass(600);
    let refused = cloud.ask("POST", &format!("{vm}/restart"), None, &[]).await;
    assert_eq!(refused.code(), (409, "OperationNotAllowed"), "{}", refused.body);
}

#[tokio::test]
async fn user_data_is_shown_on_request_only() {
    let cloud = TestCloud::with_group().await;
    let vm = machine(&cloud).await;
    let shown = async || cloud.get(&format!("{vm}?api-version=2024-03-01&$expand=userData")).await.body;
    assert_eq!(shown().await["properties"].get("userData"), None);
    let change = json!({ "properties": { "userData": "bWFkZSB1cA==" } });
    assert!(cloud.ask("PATCH", &vm, Some(change), &[]).await.status < 300);
    cloud.pass(600);
    assert_eq!(shown().await["properties"]["userData"], "bWFkZSB1cA==");
    assert_eq!(cloud.get(&vm).await.body["properties"].get("userData"), None);
}

#[tokio::test]
async fn regions_and_networks_answer_what_they_offer() {
    let cloud = TestCloud::with_group().await;
    machine(&cloud).await;
    let locations = |rest: &str| format!("/subscriptions/{SUBSCRIPTION}/providers/{rest}");
    let sizes = cloud.get(&locations("Microsoft.Compute/locations/canadacentral/vmSizes")).await.body;
    assert!(sizes["value"].as_array().unwrap().iter().any(|size| size["name"] == "Standard_D2s_v5"), "{sizes}");
    let used = cloud.get("Microsoft.Network/networkInterfaces/nic").await.body;
    let used = used["properties"]["ipConfigurations"][0]["properties"]["privateIPAddress"].as_str().unwrap().to_owned();
    for (address, free) in [(used.as_str(), false), ("10.0.1.250", true)] {
        let path = format!("{NET}/CheckIPAddressAvailability?api-version=2021-04-01&ipAddress={address}");
        assert_eq!(cloud.get(&path).await.body["available"], free);
    }
}

#[tokio::test]
async fn a_profile_accepts_its_endpoints_as_a_list() {
    const PROFILE: &str = "Microsoft.Network/trafficManagerProfiles/shop";
    let cloud = TestCloud::with_group().await;
    let endpoint = |name: &str, priority: u32| {
        json!({ "name": name, "type": "Microsoft.Network/trafficManagerProfiles/externalEndpoints",
            "properties": { "target": format!("{name}.example.org"), "priority": priority } })
    };
    let profile = |endpoints: Option<Json>| {
        let mut body = json!({ "location": "global", "properties": {
            "trafficRoutingMethod": "Priority", "dnsConfig": { "relativeName": "shop", "ttl": 60 },
            "monitorConfig": { "protocol": "HTTPS", "port": 443, "path": "/" } } });
        if let Some(endpoints) = endpoints {
            body["properties"]["endpoints"] = endpoints;
        }
        body
    };
    let names = |body: &Json| -> Vec<String> {
        let all = body["properties"]["endpoints"].as_array().cloned().unwrap_or_default();
        all.iter().map(|one| one["name"].as_str().unwrap_or_default().to_owned()).collect()
    };
    let made = cloud.put(PROFILE, profile(Some(json!([endpoint("one", 1), endpoint("two", 2)])))).await;
    assert_eq!((made.status, names(&made.body)), (201, vec!["one".to_owned(), "two".to_owned()]), "{}", made.body);
    let child = cloud.get(&format!("{PROFILE}/externalEndpoints/one")).await;
    assert_eq!((child.status, &child.body["properties"]["target"]), (200, &json!("one.example.org")));
    // A list that is left out keeps them, the list as it was read changes nothing, and a shorter one deletes.
    assert_eq!(names(&cloud.put(PROFILE, profile(None)).await.body).len(), 2);
    let read = cloud.get(PROFILE).await.body["properties"]["endpoints"].clone();
    assert_eq!(names(&cloud.put(PROFILE, profile(Some(read))).await.body).len(), 2);
    assert_eq!(names(&cloud.put(PROFILE, profile(Some(json!([endpoint("two", 2)])))).await.body), ["two"]);
    assert_eq!(cloud.get(&format!("{PROFILE}/externalEndpoints/one")).await.status, 404);
}
