//! Behaviours of the cloud port that hold over every transport.

use drplan::object::{Collection, Object, ObjectId};
use drplan::reason::Reason;
use drplan::simulator::{Fault, HttpMethod, Moment, RequestMatch};
use drplan::world::{Cloud as _, CloudError, CloudRefusal, Notice, Requests, WriteCondition};
use futures::future::LocalBoxFuture;
use futures::stream;
use futures::{StreamExt as _, join};
use serde_json::{Value as Json, json};

use super::{Port, at, object};

/// A behaviour; it panics on failure.
type Behaviour = for<'a> fn(&'a Port) -> LocalBoxFuture<'a, ()>;

macro_rules! behaviours {
    ($($name:ident),+ $(,)?) => { &[$((stringify!($name), |port| Box::pin($name(port)) as LocalBoxFuture<'_, ()>)),+] };
}

/// All behaviours by name.
pub const ALL: &[(&str, Behaviour)] = behaviours![
    synchronous_writes_are_readable_and_deletable,
    every_long_running_write_is_polled_to_completion,
    patch_changes_only_the_given_properties,
    action_returns_its_result_at_once_or_on_completion,
    lists_contain_all_pages,
    metric_is_its_newest_value,
    conditional_write_fails_for_a_changed_object,
    rejection_has_its_code_at_once_or_late,
    missing_object_is_none_and_invalid_path_is_rejected,
    unknown_api_version_is_rejected,
    throttled_requests_are_delayed_and_reported_once,
    writes_wait_for_their_provider_to_be_registered_once,
    missing_registration_permission_names_the_remedy,
    lock_blocks_deletion_until_it_is_removed,
    write_with_a_lost_response_is_done_once,
    action_with_a_lost_response_is_not_repeated,
];

const ADDRESS: &str = "Microsoft.Network/publicIPAddresses/front";
const NET: &str = "Microsoft.Network/virtualNetworks/net";
const IDENTITY: &str = "Microsoft.ManagedIdentity/userAssignedIdentities/app";
const ACCOUNT: &str = "Microsoft.Storage/storageAccounts/drplantest";
const DOCUMENTS: &str = "Microsoft.DocumentDB/databaseAccounts/drplantest";
const LOCK: &str = "Microsoft.Authorization/locks/keep";

fn address() -> Json {
    json!({ "location": "canadacentral", "sku": { "name": "Standard" }, "zones": ["1", "2"],
        "properties": { "publicIPAllocationMethod": "Static" } })
}

fn net() -> Json {
    json!({ "location": "canadacentral", "properties": { "addressSpace": { "addressPrefixes": ["10.0.0.0/16"] } } })
}

fn identity() -> Json {
    json!({ "location": "canadacentral" })
}

fn account() -> Json {
    json!({ "location": "canadacentral", "kind": "StorageV2", "sku": { "name": "Standard_LRS" }, "properties": {} })
}

fn documents() -> Json {
    let place = |name, order| json!({ "locationName": name, "failoverPriority": order, "isZoneRedundant": false });
    json!({ "location": "canadacentral", "kind": "GlobalDocumentDB", "properties": {
        "databaseAccountOfferType": "Standard", "consistencyPolicy": { "defaultConsistencyLevel": "Session" },
        "locations": [place("canadacentral", 0), place("canadaeast", 1)] } })
}

fn refused<T: std::fmt::Debug>(outcome: Result<T, CloudError>) -> CloudRefusal {
    match outcome {
        Err(CloudError::Refused(refused)) => refused,
        other => panic!("expected a refusal, got {other:?}"),
    }
}

async fn read(port: &Port, id: &ObjectId) -> Option<Json> {
    let seen = port.cloud.get(&object(id)).await.unwrap_or_else(|error| panic!("GET {id}: {error}"));
    seen.map(|seen| seen.body)
}

async fn gone(port: &Port, id: &ObjectId) {
    port.cloud.delete(&object(id)).await.unwrap_or_else(|error| panic!("DELETE {id}: {error}"));
    assert_eq!(read(port, id).await, None, "{id}");
}

async fn synchronous_writes_are_readable_and_deletable(port: &Port) {
    port.group().await;
    let made = port.put(&at(IDENTITY), &identity()).await;
    let found = read(port, &at(IDENTITY)).await.expect("the object exists");
    assert_eq!((&made["id"], &made["properties"]), (&found["id"], &found["properties"]));
    assert!(found["properties"]["principalId"].is_string(), "{found}");
    gone(port, &at(IDENTITY)).await;
    // A second delete of the same object succeeds.
    port.cloud.delete(&object(&at(IDENTITY))).await.expect("the delete succeeds");
    gone(port, &at("")).await;
}

/// `Azure-AsyncOperation`, `Location`, both, the state of the object itself, and none.
async fn every_long_running_write_is_polled_to_completion(port: &Port) {
    port.group().await;
    let server = json!({ "location": "canadacentral", "properties": { "version": "12.0", "administratorLogin": "a",
        "administratorLoginPassword": "p4ss, w0rd", "minimalTlsVersion": "1.2", "publicNetworkAccess": "Enabled",
        "restrictOutboundNetworkAccess": "Disabled" } });
    let vault = json!({ "location": "canadacentral", "properties": { "tenantId": drplan::providers::azure::simulated::TENANT,
        "sku": { "family": "A", "name": "standard" }, "enableRbacAuthorization": true } });
    let all = [
        (at(NET), net()),
        (at(ACCOUNT), account()),
        (at("Microsoft.Sql/servers/drplan-test"), server),
        (at("Microsoft.KeyVault/vaults/drplan-test"), vault),
        (at("Microsoft.Network/dnszones/drplan.example"), json!({ "location": "global", "properties": {} })),
    ];
    let before = port.asked("PUT");
    for (id, body) in &all {
        let made = port.put(id, body).await;
        let state = made["properties"]["provisioningState"].as_str();
        assert!(matches!(state, None | Some("Succeeded")), "{id}: {made}");
    }
    assert_eq!(port.asked("PUT") - before, 5, "one write for each");
    for (id, _) in &all {
        gone(port, id).await;
    }
    // The deletion of a group deletes its contents.
    port.put(&at(NET), &net()).await;
    gone(port, &at("")).await;
    assert_eq!(read(port, &at(NET)).await, None);
}

async fn patch_changes_only_the_given_properties(port: &Port) {
    port.group().await;
    port.put(&at(ADDRESS), &address()).await;
    let id = at(ADDRESS);
    let patched = port.cloud.patch(&object(&id), &json!({ "tags": { "a": "b" } })).await.expect("the patch succeeds");
    assert_eq!((&patched.body["tags"]["a"], &patched.body["zones"]), (&json!("b"), &json!(["1", "2"])));
    assert_eq!(read(port, &id).await.expect("the object exists")["tags"], json!({ "a": "b" }));
    let absent = at("Microsoft.Network/publicIPAddresses/nobody");
    assert_eq!(refused(port.cloud.patch(&object(&absent), &json!({ "tags": {} })).await).reason, Reason::Absent);
}

async fn action_returns_its_result_at_once_or_on_completion(port: &Port) {
    port.group().await;
    port.suffer(Fault::Instant);
    port.put(&at(ACCOUNT), &account()).await;
    port.put(&at(DOCUMENTS), &documents()).await;
    port.recover();
    let id = at(ACCOUNT);
    let keys = port.cloud.post(&object(&id), "listKeys", &[], None).await.expect("keys");
    assert!(keys["keys"][0]["value"].is_string());

    let id = at(DOCUMENTS);
    let order = json!({ "failoverPolicies": [{ "locationName": "Canada East", "failoverPriority": 0 },
        { "locationName": "Canada Central", "failoverPriority": 1 }] });
    port.cloud
        .post(&object(&id), "failoverPriorityChange", &[], Some(&order))
        .await
        .expect("the object can be changed");
    let write = &read(port, &id).await.expect("the object exists")["properties"]["writeLocations"][0]["locationName"];
    assert_eq!(write, "Canada East");
    let unknown = refused(port.cloud.post(&object(&id), "failUpwards", &[], None).await);
    assert_eq!(unknown.reason, Reason::Absent);
}

async fn lists_contain_all_pages(port: &Port) {
    port.group().await;
    port.suffer(Fault::Unthrottled);
    // A page has 250 items.
    let mut wanted: Vec<ObjectId> = (0..260).map(|number| at(&format!("{IDENTITY}{number}"))).collect();
    stream::iter(&wanted).for_each_concurrent(16, |id| async { drop(port.put(id, &identity()).await) }).await;
    let mut listed = port.cloud.list(&at("")).await.expect("a list");
    wanted.sort();
    listed.sort();
    assert_eq!(listed, wanted);
    let (scope, _) = wanted[0].as_str().rsplit_once('/').expect("a name");
    let seen = port
        .cloud
        .collection(&Collection::new(ObjectId::new(scope), object(&wanted[0]).of.version))
        .await
        .expect("a list");
    let mut listed: Vec<ObjectId> = seen.iter().map(|(id, _)| id.clone()).collect();
    listed.sort();
    assert_eq!(listed, wanted);
    let one = seen.into_iter().find(|(id, _)| *id == wanted[0]).map(|(_, seen)| seen.body);
    assert_eq!(one, read(port, &wanted[0]).await, "bodies are complete");
    let nowhere = ObjectId::new(at("").as_str().replace("/rg", "/nowhere"));
    assert_eq!(port.cloud.list(&nowhere).await, Ok(Vec::new()));
}

async fn metric_is_its_newest_value(port: &Port) {
    port.group().await;
    port.suffer(Fault::Instant);
    port.put(&at(DOCUMENTS), &documents()).await;
    let latency = port.cloud.metric(&object(&at(DOCUMENTS)), "ReplicationLatency").await.expect("an answer");
    assert!(latency.is_some_and(|milliseconds| milliseconds > 0.0), "{latency:?}");
    assert_eq!(
        port.cloud.metric(&object(&at(ACCOUNT)), "ReplicationLatency").await,
        Ok(None),
        "the account has no such metric"
    );
    assert_eq!(refused(port.cloud.metric(&object(&at(DOCUMENTS)), "Happiness").await).reason, Reason::Invalid);
}

async fn conditional_write_fails_for_a_changed_object(port: &Port) {
    port.group().await;
    let id = at(ADDRESS);
    let first = port.cloud.put(&object(&id), &address(), WriteCondition::Always).await.expect("the write succeeds");
    let first = first.version.expect("a version");
    let when = WriteCondition::Unchanged(&first);
    let again = port.cloud.put(&object(&id), &address(), when).await.expect("the version is current");
    assert_ne!(again.version, Some(first.clone()));
    let stale = refused(port.cloud.put(&object(&id), &address(), when).await);
    assert_eq!((stale.reason, stale.code.as_str()), (Reason::Changed, "PreconditionFailed"));
    let absent = at("Microsoft.Network/publicIPAddresses/nobody");
    assert_eq!(refused(port.cloud.put(&object(&absent), &address(), when).await).reason, Reason::Changed);
    assert_eq!(read(port, &absent).await, None);
}

async fn rejection_has_its_code_at_once_or_late(port: &Port) {
    port.group().await;
    let id = at(NET);
    let wrong = json!({ "location": "canadacentral", "properties": {} });
    let told = refused(port.cloud.put(&object(&id), &wrong, WriteCondition::Always).await);
    assert_eq!((told.reason, told.code.as_str()), (Reason::Invalid, "InvalidParameter"));
    assert!(told.message.contains("addressSpace") && told.correlation.is_some(), "{told:?}");
    assert_eq!(read(port, &id).await, None);

    let on = RequestMatch { verb: Some(HttpMethod::Put), times: Some(1), ..RequestMatch::default() };
    port.suffer(Fault::Fail { code: "AllocationFailed".to_owned(), message: "No room.".to_owned(), on });
    let told = refused(port.cloud.put(&object(&id), &net(), WriteCondition::Always).await);
    assert_eq!((told.code.as_str(), told.message.as_str()), ("AllocationFailed", "No room."));
    port.put(&id, &net()).await;
}

async fn missing_object_is_none_and_invalid_path_is_rejected(port: &Port) {
    assert_eq!(read(port, &at("")).await, None, "no group");
    assert_eq!(read(port, &at(NET)).await, None, "the group does not exist");
    port.group().await;
    let subnet = at(&format!("{NET}/subnets/a"));
    assert_eq!(read(port, &at(NET)).await, None);
    assert_eq!(read(port, &subnet).await, None, "no parent");
    assert_eq!(port.cloud.get_expanded(&object(&at(ACCOUNT)), "geoReplicationStats").await, Ok(None));
    let foreign = ObjectId::new("/subscriptions/00000000-0000-0000-0000-000000000000/resourceGroups/rg");
    assert_eq!(refused(port.cloud.get(&Object::whole(foreign, "2021-04-01")).await).code, "SubscriptionNotFound");
    let unknown = at("Network/things/a");
    assert_eq!(refused(port.cloud.get(&Object::whole(unknown, "2021-04-01")).await).code, "InvalidResourceNamespace");
    let thing = at("Microsoft.Network/things/a");
    assert_eq!(port.cloud.get(&Object::whole(thing, "2021-04-01")).await, Ok(None), "a type without a kind");
    let orphan =
        refused(port.cloud.put(&Object::whole(at(NET), "2021-04-01"), &json!([]), WriteCondition::Always).await);
    assert_eq!(orphan.reason, Reason::Invalid, "{orphan:?}");
}

async fn unknown_api_version_is_rejected(port: &Port) {
    port.group().await;
    let never = Object::whole(at(NET), "2021-13-45");
    assert_eq!(refused(port.cloud.get(&never).await).code, "InvalidApiVersionParameter");
    let told = refused(port.cloud.put(&never, &net(), WriteCondition::Always).await);
    assert_eq!((told.reason, told.code.as_str()), (Reason::Invalid, "InvalidApiVersionParameter"));
    assert_eq!(read(port, &at(NET)).await, None);
}

async fn throttled_requests_are_delayed_and_reported_once(port: &Port) {
    port.group().await;
    for (verb, times) in [(HttpMethod::Put, 2), (HttpMethod::Get, 2), (HttpMethod::Delete, 2), (HttpMethod::Post, 2)] {
        let on = RequestMatch { verb: Some(verb), times: Some(times), ..RequestMatch::default() };
        port.suffer(Fault::Answer { status: 429, code: None, retry_after: Some(3), on });
    }
    let began = port.simulator.now();
    port.put(&at(ACCOUNT), &account()).await;
    let id = at(ACCOUNT);
    port.cloud.post(&object(&id), "listKeys", &[], None).await.expect("keys");
    gone(port, &id).await;
    let passed = port.simulator.now().duration_since(began).as_secs();
    assert!(passed >= 4 * 2 * 3, "each wait is as long as requested: {passed} s");
    assert_eq!(port.asked("PUT"), 1 + 3, "only throttled requests are repeated");
    let told = port.told.all().into_iter().filter_map(|notice| match notice {
        Notice::Throttled { provider: _, requests, rate, wait } => Some((requests, rate, wait.as_secs())),
        _ => None,
    });
    let mut told: Vec<_> = told.collect();
    told.sort_by_key(|(requests, ..)| *requests as u8);
    // On a busy machine two requests can lie so far apart that the second delay is reported as a new one.
    if !port.is_paused {
        told.dedup();
    }
    let once = |requests| (requests, None, 3);
    assert_eq!(told, [once(Requests::Reads), once(Requests::Writes), once(Requests::Deletes)]);
}

async fn writes_wait_for_their_provider_to_be_registered_once(port: &Port) {
    port.group().await;
    let provider = "Microsoft.Network".to_owned();
    port.suffer(Fault::Unregistered { provider });
    assert_eq!(read(port, &at(NET)).await, None, "a read before the registration is not an error");
    let began = port.simulator.now();
    let absent = at("Microsoft.Network/publicIPAddresses/nobody");
    let (_, _, _, patched) = join!(
        async { port.put(&at(NET), &net()).await },
        async { port.put(&at(ADDRESS), &address()).await },
        async { port.put(&at(&format!("{ADDRESS}2")), &address()).await },
        async { port.cloud.patch(&object(&absent), &json!({ "tags": { "a": "b" } })).await },
    );
    assert_eq!(refused(patched).reason, Reason::Absent, "the provider is registered by now");
    assert!(port.simulator.now().duration_since(began).as_secs() >= 30);
    assert_eq!(port.asked("POST"), 1);
    assert!((1 + 4..=1 + 2 * 3).contains(&port.asked("PUT")), "each request is repeated once per rejection");
    let [Notice::Registering { namespace: first }, Notice::Registered { namespace: last, took }] = &port.told.all()[..]
    else {
        panic!("{:?}", port.told.all())
    };
    assert_eq!((first.as_str(), last.as_str()), ("Microsoft.Network", "Microsoft.Network"));
    assert!(took.as_secs() >= 30, "{took:?}");
}

async fn missing_registration_permission_names_the_remedy(port: &Port) {
    port.group().await;
    port.suffer(Fault::Unregistered { provider: "Microsoft.Network".to_owned() });
    port.suffer(Fault::Forbid { action: "Microsoft.Network/register/action".to_owned() });
    let told = refused(port.cloud.put(&object(&at(NET)), &net(), WriteCondition::Always).await);
    assert_eq!((told.reason, told.code.as_str()), (Reason::Unregistered, "MissingSubscriptionRegistration"));
    for words in [
        "with Microsoft.Network",
        "Microsoft.Network/register/action",
        "az provider register --namespace Microsoft.Network",
    ] {
        assert!(told.message.contains(words), "{told:?}");
    }
    assert!(told.correlation.is_some());
}

async fn lock_blocks_deletion_until_it_is_removed(port: &Port) {
    port.group().await;
    port.put(&at(IDENTITY), &identity()).await;
    port.put(&at(LOCK), &json!({ "properties": { "level": "CanNotDelete" } })).await;
    let told = refused(port.cloud.delete(&object(&at(IDENTITY))).await);
    assert_eq!((told.reason, told.code.as_str()), (Reason::Other, "ScopeLocked"));
    assert!(read(port, &at(IDENTITY)).await.is_some());
    gone(port, &at(LOCK)).await;
    gone(port, &at(IDENTITY)).await;
}

async fn write_with_a_lost_response_is_done_once(port: &Port) {
    port.group().await;
    for when in [Moment::Before, Moment::After] {
        for verb in [HttpMethod::Put, HttpMethod::Get, HttpMethod::Delete] {
            port.suffer(Fault::Drop {
                when,
                on: RequestMatch { verb: Some(verb), times: Some(1), ..RequestMatch::default() },
            });
        }
        let made = port.put(&at(ADDRESS), &address()).await;
        assert_eq!(made["properties"]["provisioningState"], "Succeeded");
        gone(port, &at(ADDRESS)).await;
        port.recover();
    }
}

async fn action_with_a_lost_response_is_not_repeated(port: &Port) {
    port.group().await;
    port.suffer(Fault::Instant);
    port.put(&at(DOCUMENTS), &documents()).await;
    port.suffer(Fault::Drop {
        when: Moment::After,
        on: RequestMatch { verb: Some(HttpMethod::Post), ..RequestMatch::default() },
    });
    let id = at(DOCUMENTS);
    let region = json!({ "region": "Canada East" });
    let lost = port.cloud.post(&object(&id), "onlineRegion", &[], Some(&region)).await;
    assert!(matches!(lost, Err(CloudError::OutcomeUnknown(_))), "{lost:?}");
    assert_eq!(port.asked("POST"), 1);
}
