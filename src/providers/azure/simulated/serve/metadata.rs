//! Metadata: the endpoints of this cloud (source: the requests of the Azure CLI and Terraform's azurerm).

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::Json as Answer;
use axum::extract::{Path, Query, State};
use serde_json::{Value as Json, json};

use super::Service;
use crate::providers::azure::regions::REGIONS;

/// The metadata version that lists clouds, for old clients.
const OLD: &str = "2018-01-01";

/// `/metadata/endpoints`.
pub(super) async fn endpoints(
    State(service): State<Arc<Service>>,
    Query(query): Query<BTreeMap<String, String>>,
) -> Answer<Json> {
    let base = &service.base;
    let host = base.split_once("://").map_or(base.as_str(), |(_, host)| host);
    if query.get("api-version").is_some_and(|version| version == OLD) {
        let regions: Vec<&str> = REGIONS.iter().map(|region| region.name).collect();
        return Answer(json!({ "cloudEndpoint": { "public": { "endpoint": host, "locations": regions } } }));
    }
    Answer(json!({
        "name": "drplan",
        "portal": base,
        "resourceManager": format!("{base}/"),
        "authentication": {
            "loginEndpoint": base,
            "audiences": [base],
            "identityProvider": "AAD",
            "tenant": "common",
        },
        "graph": format!("{base}/graph"),
        "graphAudience": format!("{base}/graph"),
        "microsoftGraphResourceId": format!("{base}/graph/"),
        "media": format!("{base}/media"),
        "batch": format!("{base}/batch"),
        "sqlManagement": format!("{base}/sql"),
        "vmImageAliasDoc": format!("{base}/aliases.json"),
        "activeDirectoryDataLake": format!("{base}/lake"),
        "suffixes": {
            "storage": "core.windows.net",
            "keyVaultDns": "vault.azure.net",
            "sqlServerHostname": "database.windows.net",
            "acrLoginServer": "azurecr.io",
            "azureFrontDoorEndpointSuffix": "azurefd.net",
            "mysqlServerEndpoint": "mysql.database.azure.com",
            "postgresqlServerEndpoint": "postgres.database.azure.com",
            "mariadbServerEndpoint": "mariadb.database.azure.com",
            "attestationEndpoint": "attest.azure.net",
            "synapseAnalytics": "dev.azuresynapse.net",
        },
    }))
}

/// `/{tenant}/v2.0/.well-known/openid-configuration`.
pub(super) async fn openid(State(service): State<Arc<Service>>, Path(tenant): Path<String>) -> Answer<Json> {
    let base = &service.base;
    Answer(json!({
        "issuer": format!("{base}/{tenant}/v2.0"),
        "token_endpoint": format!("{base}/{tenant}/oauth2/v2.0/token"),
        "authorization_endpoint": format!("{base}/{tenant}/oauth2/v2.0/authorize"),
        "device_authorization_endpoint": format!("{base}/{tenant}/oauth2/v2.0/devicecode"),
        "jwks_uri": format!("{base}/{tenant}/discovery/v2.0/keys"),
        "response_types_supported": ["code", "id_token", "token"],
        "subject_types_supported": ["pairwise"],
        "id_token_signing_alg_values_supported": ["RS256"],
        "tenant_region_scope": Json::Null,
        "cloud_instance_name": base.split_once("://").map_or("", |(_, host)| host),
    }))
}
