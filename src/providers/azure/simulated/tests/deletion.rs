//! Deletion: references and locks that block it, and children that it removes.

use super::*;

const CARD: &str = "Microsoft.Network/networkInterfaces/card";

async fn with_card() -> TestCloud {
    let cloud = TestCloud::with_group().await;
    cloud.made(NET, net()).await;
    cloud.made(SUBNET, subnet()).await;
    let configuration = json!({ "name": "ip", "properties": { "primary": true, "privateIPAllocationMethod": "Dynamic", "subnet": { "id": id(SUBNET) } } });
    cloud
        .made(CARD, json!({ "location": "canadacentral", "properties": { "ipConfigurations": [configuration] } }))
        .await;
    cloud
}

#[tokio::test]
async fn resource_in_use_cannot_be_deleted() {
    let cloud = with_card().await;
    for path in [SUBNET, NET] {
        let refused = cloud.delete(path).await;
        assert_eq!(refused.code(), (400, "InUseSubnetCannotBeDeleted"), "{path}");
        assert_eq!(refused.message(), format!("Subnet a is in use by {} and cannot be deleted.", id(CARD)));
    }
    let accepted = cloud.delete(CARD).await;
    assert_eq!(accepted.status, 202);
    assert_eq!(cloud.get(CARD).await.state(), "Deleting");
    assert_eq!(cloud.delete(CARD).await.header("location"), accepted.header("location"));
    cloud.pass(600);
    assert_eq!(cloud.get(&accepted.link("azure-asyncoperation")).await.body["status"], "Succeeded");
    assert_eq!(cloud.get(&accepted.link("location")).await.status, 200);
    assert_eq!(cloud.get(CARD).await.status, 404);
    assert_eq!(cloud.delete(CARD).await.status, 204);
    cloud.delete(NET).await;
    cloud.pass(600);
    assert_eq!(cloud.get(SUBNET).await.code(), (404, "ParentResourceNotFound"));
    assert_eq!(cloud.delete(SUBNET).await.code(), (404, "ParentResourceNotFound"));
}

#[tokio::test]
async fn deleting_a_group_deletes_its_content() {
    let cloud = with_card().await;
    let accepted = cloud.delete("").await;
    assert_eq!((accepted.status, accepted.header("azure-asyncoperation")), (202, ""));
    let outcome = accepted.link("location");
    assert!(outcome.contains("/operationresults/"), "{outcome}");
    assert_eq!(cloud.get("").await.state(), "Deleting");
    assert_eq!(cloud.put(NET, net()).await.code(), (409, "ResourceGroupBeingDeleted"));
    assert_eq!(cloud.get(&outcome).await.status, 202);
    cloud.pass(600);
    assert_eq!(cloud.get(&outcome).await.status, 200);
    assert_eq!(cloud.get("").await.code(), (404, "ResourceGroupNotFound"));
    assert_eq!(cloud.simulator.show().objects.len(), 0);
}

#[tokio::test]
async fn group_with_resources_in_use_is_deleted_partly() {
    let cloud = with_card().await;
    let other = id("").replace("/rg", "/other");
    cloud.put(&other, json!({ "location": "canadacentral" })).await;
    let mut moved = cloud.get(CARD).await.body;
    for name in ["id", "etag"] {
        moved[name] = Json::Null;
    }
    cloud.made(&format!("{other}/providers/{CARD}"), moved).await;
    let outcome = cloud.delete("").await.link("location");
    cloud.pass(600);
    assert_eq!(cloud.get(&outcome).await.code(), (409, "ResourceGroupDeletionBlocked"));
    assert_eq!(cloud.get("").await.state(), "Succeeded");
    assert_eq!((cloud.get(CARD).await.status, cloud.get(SUBNET).await.status), (404, 200));
}

#[tokio::test]
async fn locks_apply_to_their_scope_its_children_and_its_group() {
    let cloud = with_card().await;
    let lock =
        |scope: &str| format!("{}/providers/Microsoft.Authorization/locks/keep?api-version=2020-05-01", id(scope));
    let level = |level: &str| json!({ "properties": { "level": level } });
    assert_eq!(cloud.put(&lock(CARD), level("CanNotDelete")).await.status, 201);
    for path in [CARD, ""] {
        let refused = cloud.delete(path).await;
        assert_eq!(refused.code(), (409, "ScopeLocked"), "{path}");
        assert!(
            refused.message().contains(&format!("following scope(s) are locked: '{}'", id(CARD))),
            "{}",
            refused.message()
        );
    }
    let card = cloud.get(CARD).await.body;
    assert_eq!(cloud.put(CARD, card).await.status, 200);
    cloud.pass(60);
    assert_eq!(cloud.delete(&lock(CARD)).await.status, 200);
    assert_eq!(cloud.put(&lock(""), level("ReadOnly")).await.status, 201);
    assert_eq!(cloud.put(NET, net()).await.code(), (409, "ScopeLocked"));
    assert_eq!(cloud.delete(CARD).await.code(), (409, "ScopeLocked"));
    assert_eq!(cloud.get(CARD).await.status, 200);
    assert_eq!(cloud.delete(&lock("")).await.status, 200);
    assert_eq!(cloud.delete(CARD).await.status, 202);
}
