//! Moves of resources to another resource group.

use super::*;

const ADDRESS: &str = "Microsoft.Network/publicIPAddresses/front";
const GATEWAY: &str = "Microsoft.Network/natGateways/out";

fn elsewhere(path: &str) -> String {
    id(path).replace("/resourceGroups/rg", "/resourceGroups/other")
}

async fn moved(cloud: &TestCloud, action: &str, paths: &[&str]) -> TestResponse {
    let resources: Vec<String> = paths.iter().map(|path| id(path)).collect();
    let body = json!({ "resources": resources, "targetResourceGroup": elsewhere("") });
    cloud.ask("POST", &format!("{}/{action}", id("")), Some(body), &[]).await
}

async fn two_groups() -> TestCloud {
    let cloud = TestCloud::with_group().await;
    cloud.put(&elsewhere(""), json!({ "location": "canadaeast" })).await;
    let address = json!({ "location": "canadacentral", "sku": { "name": "Standard" },
        "properties": { "publicIPAllocationMethod": "Static" } });
    cloud.made(ADDRESS, address).await;
    let gateway = json!({ "location": "canadacentral", "sku": { "name": "Standard" },
        "properties": { "publicIpAddresses": [{ "id": id(ADDRESS) }] } });
    cloud.made(GATEWAY, gateway).await;
    cloud
}

#[tokio::test]
async fn references_follow_a_resource_to_its_new_group() {
    let cloud = two_groups().await;
    assert_eq!(moved(&cloud, "validateMoveResources", &[ADDRESS]).await.status, 204);
    assert_eq!(cloud.get(ADDRESS).await.status, 200, "a check moves nothing");
    assert_eq!(moved(&cloud, "moveResources", &[ADDRESS]).await.status, 204);
    assert_eq!(cloud.get(ADDRESS).await.status, 404);
    let there = cloud.get(&elsewhere(ADDRESS)).await.body;
    assert_eq!((&there["id"], &there["location"]), (&json!(elsewhere(ADDRESS)), &json!("canadacentral")));
    let gateway = cloud.get(GATEWAY).await.body;
    assert_eq!(gateway["properties"]["publicIpAddresses"][0]["id"], elsewhere(ADDRESS));
    assert_eq!(cloud.delete(&elsewhere(ADDRESS)).await.status, 409, "the gateway still uses its address");
}

#[tokio::test]
async fn children_move_with_their_parent_and_never_alone() {
    let cloud = two_groups().await;
    cloud.made(NET, net()).await;
    cloud.made(SUBNET, subnet()).await;
    assert_eq!(moved(&cloud, "moveResources", &[SUBNET]).await.code().0, 409);
    assert_eq!(moved(&cloud, "moveResources", &[NET]).await.status, 204);
    assert_eq!(cloud.get(&elsewhere(SUBNET)).await.status, 200);
    assert_eq!(cloud.get(SUBNET).await.status, 404);
}

#[tokio::test]
async fn a_move_is_refused_as_a_whole() {
    let cloud = two_groups().await;
    let identity = "Microsoft.ManagedIdentity/userAssignedIdentities/app";
    cloud.made(identity, json!({ "location": "canadacentral" })).await;
    assert_eq!(
        moved(&cloud, "moveResources", &[ADDRESS, identity]).await.code(),
        (409, "ResourceMoveProviderValidationFailed")
    );
    let lock = format!("{}/providers/Microsoft.Authorization/locks/keep?api-version=2020-05-01", elsewhere(""));
    cloud.put(&lock, json!({ "properties": { "level": "ReadOnly" } })).await;
    assert_eq!(moved(&cloud, "moveResources", &[ADDRESS]).await.code(), (409, "ScopeLocked"));
    assert_eq!(cloud.get(ADDRESS).await.status, 200);
}
