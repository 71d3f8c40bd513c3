//! A cluster in the simulator: its names, the values that Azure chooses, its pools as objects, and its credentials.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value as Json, json};

use crate::kinds::path;
use crate::kinds::table::*;
use crate::object::ObjectId;
use crate::providers::azure::ids::AzureId;
use crate::providers::azure::kinds::containers::agent_pool;
use crate::providers::azure::kinds::containers::kubernetes_cluster::args::{FQDN, POOLS, PRIVATE_FQDN};
use crate::providers::azure::kinds::identity;

/// The version of a cluster whose stack names none.
const VERSION: &str = "1.34";
/// The segment of pools.
const SEGMENT: &str = "agentPools";
/// The application of Microsoft Entra ID that stands for all clusters (source: Microsoft's page on kubelogin).
const SERVER: &str = "6dae42f8-4368-4678-94ff-3960e28e3630";
const CLIENT: &str = "80faf920-1908-4b52-b5ef-a8e7bedfc67a";

/// Completes a cluster that was written.
pub(super) fn settle(cloud: &mut dyn SimulatedWorld, id: &ObjectId) {
    identity::settle(cloud, id);
    let guid = cloud.guid(&format!("{}#kubelet", id.folded()));
    let principal = cloud.guid(&format!("{}#kubelet principal", id.folded()));
    let Some(body) = cloud.get_mut(id) else { return };
    let version = path::text(body, "properties.kubernetesVersion").unwrap_or(VERSION).to_owned();
    let whole = if version.split('.').count() > 2 { version.clone() } else { format!("{version}.2") };
    path::fill(body, "properties.kubernetesVersion", version.as_str());
    path::put(body, "properties.currentKubernetesVersion", Json::from(whole.as_str()));
    path::fill(body, "properties.powerState.code", "Running");
    path::fill(body, "properties.identityProfile.kubeletidentity.clientId", guid.as_str());
    path::fill(body, "properties.identityProfile.kubeletidentity.objectId", principal);
    if path::borrow(body, "identity").is_some() {
        path::fill(body, "properties.servicePrincipalProfile.clientId", "msi");
    }
    names(body, id, &guid);
    network(body);
    if path::borrow(body, "properties.oidcIssuerProfile.enabled") == Some(&Json::Bool(true)) {
        let location = path::text(body, "location").unwrap_or_default();
        let issuer = format!("https://{location}.oic.prod-aks.azure.com/{guid}/");
        path::fill(body, "properties.oidcIssuerProfile.issuerURL", issuer);
    }
    for pool in path::borrow_mut(body, POOLS).and_then(Json::as_array_mut).into_iter().flatten() {
        agent_pool::settle(pool, &whole);
    }
    let pools = path::items(body, POOLS).to_vec();
    for pool in pools {
        show(cloud, id, pool);
    }
}

/// Shows an element of the cluster's list as an object.
fn show(cloud: &mut dyn SimulatedWorld, id: &ObjectId, mut pool: Json) {
    let Some(name) = path::text(&pool, "name").map(str::to_owned) else { return };
    path::remove(&mut pool, "name");
    cloud.put(&id.child(SEGMENT, &name), json!({ "properties": pool }));
}

/// The names of the API server and of the group of the nodes.
fn names(body: &mut Json, id: &ObjectId, guid: &str) {
    let text = |at: &str| path::text(body, at).unwrap_or_default().to_owned();
    let location = text("location");
    let prefix = match text("properties.dnsPrefix") {
        prefix if prefix.is_empty() => text("properties.fqdnSubdomain"),
        prefix => prefix,
    };
    let (short, rest) = guid.split_at_checked(8).unwrap_or((guid, ""));
    let is_on = |at: &str| path::borrow(body, at) == Some(&Json::Bool(true));
    let is_private = is_on("properties.apiServerAccessProfile.enablePrivateCluster");
    let is_public = !is_private || is_on("properties.apiServerAccessProfile.enablePrivateClusterPublicFQDN");
    if is_private {
        let zone = format!("{}.privatelink.{location}.azmk8s.io", rest.trim_start_matches('-'));
        path::fill(body, PRIVATE_FQDN, format!("{prefix}-{short}.{zone}"));
    }
    if is_public {
        path::fill(body, FQDN, format!("{prefix}-{short}.hcp.{location}.azmk8s.io"));
    } else {
        path::remove(body, FQDN);
    }
    path::fill(body, "properties.azurePortalFQDN", format!("{prefix}-{short}.portal.hcp.{location}.azmk8s.io"));
    let mut group = format!("MC_{}_{}_{location}", id.resource_group().unwrap_or_default(), id.name());
    group.truncate(group.char_indices().nth(80).map_or(group.len(), |(at, _)| at));
    path::fill(body, "properties.nodeResourceGroup", group);
}

/// The network that Azure chooses.
fn network(body: &mut Json) {
    for (at, value) in [
        ("networkPlugin", json!("azure")),
        ("networkDataplane", json!("azure")),
        ("networkPolicy", json!("none")),
        ("serviceCidr", json!("10.0.0.0/16")),
        ("dnsServiceIP", json!("10.0.0.10")),
        ("loadBalancerSku", json!("standard")),
        ("outboundType", json!("loadBalancer")),
        ("ipFamilies", json!(["IPv4"])),
    ] {
        path::fill(body, &format!("properties.networkProfile.{at}"), value);
    }
    let text = |at: &str| path::text(body, &format!("properties.networkProfile.{at}")).unwrap_or_default();
    if text("networkPlugin") == "kubenet" || text("networkPluginMode") == "overlay" {
        path::fill(body, "properties.networkProfile.podCidr", "10.244.0.0/16");
    }
}

/// The token of a cluster's users that its credentials contain, which the cluster's own API accepts.
fn token(cloud: &dyn SimulatedWorld, id: &ObjectId, user: &str) -> String {
    cloud.guid(&format!("{}#{user}", id.folded())).replace('-', "")
}

/// The answer with the credentials of the cluster's users.
pub(super) fn user(cloud: &dyn SimulatedWorld, id: &ObjectId) -> Result<Json, Refusal> {
    let body = cloud.get(id).cloned().unwrap_or_default();
    let users = if path::borrow(&body, "properties.aadProfile.managed") == Some(&Json::Bool(true)) {
        let tenant = path::text(&body, "properties.aadProfile.tenantID").unwrap_or_default();
        let arguments = [
            "get-token",
            "--environment",
            "AzurePublicCloud",
            "--server-id",
            SERVER,
            "--client-id",
            CLIENT,
            "--tenant-id",
            tenant,
            "--login",
            "devicecode",
        ];
        json!({ "exec": {
            "apiVersion": "client.authentication.k8s.io/v1beta1",
            "command": "kubelogin",
            "args": arguments,
            "env": null,
            "provideClusterInfo": false,
        } })
    } else {
        json!({ "token": token(cloud, id, "clusterUser") })
    };
    Ok(credentials(id, &body, "clusterUser", &users))
}

/// The answer with the credentials of the cluster's administrator.
pub(super) fn administrator(cloud: &dyn SimulatedWorld, id: &ObjectId) -> Result<Json, Refusal> {
    let body = cloud.get(id).cloned().unwrap_or_default();
    if path::borrow(&body, "properties.disableLocalAccounts") == Some(&Json::Bool(true)) {
        return Err(Refusal {
            status: 400,
            code: "BadRequest",
            message: "Getting static credential is not allowed because this cluster is set to disable local accounts."
                .to_owned(),
        });
    }
    let users = json!({ "token": token(cloud, id, "clusterAdmin") });
    Ok(credentials(id, &body, "clusterAdmin", &users))
}

/// A file of kubectl's, which may be JSON as well, with one cluster and one user.
fn credentials(id: &ObjectId, body: &Json, user: &str, how: &Json) -> Json {
    let host = path::text(body, FQDN).or_else(|| path::text(body, PRIVATE_FQDN)).unwrap_or_default();
    let cluster = id.name();
    let user_name = format!("{user}_{}_{cluster}", id.resource_group().unwrap_or_default());
    let file = json!({
        "apiVersion": "v1",
        "kind": "Config",
        "current-context": cluster,
        "preferences": {},
        "clusters": [{ "name": cluster, "cluster": { "server": format!("https://{host}:443") } }],
        "users": [{ "name": user_name, "user": how }],
        "contexts": [{ "name": cluster, "context": { "cluster": cluster, "user": user_name } }],
    });
    json!({ "kubeconfigs": [{ "name": user, "value": STANDARD.encode(file.to_string()) }] })
}
