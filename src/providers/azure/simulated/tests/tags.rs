//! Tags as a resource of their own.

use super::*;

const TAGS: &str = "Microsoft.Network/virtualNetworks/Net1/providers/Microsoft.Resources/tags/default";

#[tokio::test]
async fn tags_can_be_read_and_patched_as_a_resource() {
    let cloud = TestCloud::with_group().await;
    assert_eq!(cloud.get(TAGS).await.code(), (404, "ParentResourceNotFound"));
    let before = cloud.made(NET, net()).await;
    let tags = |answer: &TestResponse| answer.body["properties"]["tags"].clone();
    assert_eq!(tags(&cloud.get(TAGS).await), json!({}));
    let given = json!({ "properties": { "tags": { "Site": "east", "tier": "web" } } });
    assert_eq!(tags(&cloud.put(TAGS, given).await), json!({ "Site": "east", "tier": "web" }));
    let patch = async |operation: &str, given: Json| {
        let body = json!({ "operation": operation, "properties": { "tags": given } });
        cloud.ask("PATCH", TAGS, Some(body), &[]).await
    };
    assert_eq!(tags(&patch("Merge", json!({ "site": "west" })).await), json!({ "tier": "web", "site": "west" }));
    assert_eq!(tags(&patch("Delete", json!({ "TIER": "" })).await), json!({ "site": "west" }));
    assert_eq!(patch("Other", json!({})).await.code(), (400, "InvalidRequestContent"));
    let after = cloud.get(NET).await;
    assert_eq!(after.body["tags"], json!({ "site": "west" }));
    assert_ne!(after.body["etag"], before.body["etag"]);
    assert_eq!(after.body["properties"]["addressSpace"], before.body["properties"]["addressSpace"]);
    assert_eq!(cloud.delete(TAGS).await.status, 200);
    assert_eq!(cloud.get(NET).await.body["tags"], json!({}));
    let lock = "providers/Microsoft.Authorization/locks/l?api-version=2020-05-01";
    assert_eq!(cloud.put(lock, json!({ "properties": { "level": "ReadOnly" } })).await.status, 201);
    assert_eq!(cloud.delete(TAGS).await.code(), (409, "ScopeLocked"));
}
