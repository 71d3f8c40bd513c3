//! Azure environments: the public cloud, a sovereign cloud, or any cloud that publishes its endpoints as metadata. No
//! code here depends on the credential.

use std::collections::BTreeMap;

use serde_json::Value as Json;
use url::Url;

use crate::wire::{HttpBackend, WireRequest};

/// One Azure cloud.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AzureEnvironment {
    /// Its name.
    pub name: String,
    /// The endpoint of Resource Manager.
    pub resource_manager: Url,
    /// The authority that issues tokens.
    pub authority: Url,
    /// The token scope of Resource Manager.
    pub scope: String,
}

/// Built-in clouds: name, aliases, Resource Manager, authority (source: the endpoints built into the Azure CLI).
const KNOWN: &[(&str, &[&str], &str, &str)] = &[
    (
        "AzureCloud",
        &["public", "azurepubliccloud"],
        "https://management.azure.com/",
        "https://login.microsoftonline.com",
    ),
    (
        "AzureUSGovernment",
        &["usgovernment", "azureusgovernmentcloud"],
        "https://management.usgovcloudapi.net/",
        "https://login.microsoftonline.us",
    ),
    ("AzureChinaCloud", &["china"], "https://management.chinacloudapi.cn/", "https://login.chinacloudapi.cn"),
];

/// The variables that name a cloud, as in Terraform and the SDKs.
const NAMES: &[&str] = &["ARM_ENVIRONMENT", "AZURE_ENVIRONMENT"];
/// The variable that holds the metadata host of a cloud, as in Terraform.
const METADATA_HOST: &str = "ARM_METADATA_HOSTNAME";
/// The path and version of the metadata.
const METADATA: &str = "metadata/endpoints?api-version=2022-09-01";

impl AzureEnvironment {
    /// The built-in cloud with this name or alias.
    pub fn named(name: &str) -> Option<Self> {
        let is = |other: &&str| other.eq_ignore_ascii_case(name);
        let (known, _, resource_manager, authority) =
            KNOWN.iter().find(|(known, others, ..)| is(known) || others.iter().any(&is))?;
        let resource_manager = Url::parse(resource_manager).ok()?;
        Some(Self {
            name: (*known).to_owned(),
            scope: scope(&resource_manager),
            resource_manager,
            authority: Url::parse(authority).ok()?,
        })
    }

    /// The cloud that the environment selects, or the public cloud. Reads the metadata over this wire where a metadata
    /// host is set.
    ///
    /// # Errors
    /// The name is unknown, or the metadata host gave no usable answer.
    pub async fn of(environment: &BTreeMap<String, String>, wire: &HttpBackend) -> Result<Self, String> {
        if let Some(host) = environment.get(METADATA_HOST).filter(|host| !host.is_empty()) {
            return Self::discovered(host, wire).await;
        }
        let named = NAMES.iter().find_map(|variable| Some((variable, environment.get(*variable)?)));
        match named.filter(|(_, name)| !name.is_empty()) {
            None => Self::named(KNOWN[0].0).ok_or_else(|| "the public cloud has no endpoint".to_owned()),
            Some((variable, name)) => Self::named(name).ok_or_else(|| {
                let known: Vec<&str> = KNOWN.iter().map(|(known, ..)| *known).collect();
                format!("{variable} is `{name}`, which is not a known cloud; use one of {}", known.join(", "))
            }),
        }
    }

    async fn discovered(host: &str, wire: &HttpBackend) -> Result<Self, String> {
        let url = Url::parse(&format!("https://{host}/{METADATA}"))
            .map_err(|error| format!("{METADATA_HOST} is `{host}`, which is not a host name: {error}"))?;
        let answer = wire.send(WireRequest::get(url.clone())).await.map_err(|error| format!("{url}: {error}"))?;
        let body = answer.json().filter(|_| answer.status == 200);
        let body = body.ok_or_else(|| format!("{url} answered HTTP {} without metadata", answer.status))?;
        // Some hosts answer with a list of clouds; the first one counts.
        let one = match &body {
            Json::Array(all) => all.first().cloned().unwrap_or_default(),
            one => one.clone(),
        };
        let text = |path: &str| one.pointer(path).and_then(Json::as_str).map(str::to_owned);
        let place = |path: &str| {
            let text = text(path).ok_or_else(|| format!("the metadata of {url} has no {path}"))?;
            let place = Url::parse(&text)
                .map_err(|error| format!("the metadata of {url} has the invalid {path} `{text}`: {error}"))?;
            // Tokens and secrets go there.
            match place.scheme() {
                "https" => Ok(place),
                other => Err(format!("the metadata of {url} has a {path} without TLS: `{other}` instead of `https`")),
            }
        };
        let resource_manager = place("/resourceManager")?;
        Ok(Self {
            name: text("/name").unwrap_or_else(|| host.to_owned()),
            scope: text("/authentication/audiences/0").map_or_else(
                || scope(&resource_manager),
                |audience| format!("{}/.default", audience.trim_end_matches('/')),
            ),
            resource_manager,
            authority: place("/authentication/loginEndpoint")?,
        })
    }
}

/// The value of the first of these variables that is set: the SDK's name, then azurerm's.
pub fn first_set(environment: &BTreeMap<String, String>, names: [&str; 2]) -> Option<String> {
    names.iter().find_map(|name| environment.get(*name).filter(|value| !value.is_empty()).cloned())
}

fn scope(resource_manager: &Url) -> String {
    format!("{}/.default", resource_manager.as_str().trim_end_matches('/'))
}

#[cfg(test)]
mod tests {
    use axum::Router;
    use axum::routing::get;
    use serde_json::json;

    use super::*;

    async fn discovered(resource_manager: &str, login: &str) -> Result<AzureEnvironment, String> {
        let metadata = json!({
            "name": "other",
            "resourceManager": resource_manager,
            "authentication": { "loginEndpoint": login, "audiences": ["https://arm.example.com"] },
        });
        let router = Router::new().route("/metadata/endpoints", get(move || async move { metadata.to_string() }));
        let environment = BTreeMap::from([(METADATA_HOST.to_owned(), "arm.example.com".to_owned())]);
        AzureEnvironment::of(&environment, &HttpBackend::InProcess(router)).await
    }

    #[tokio::test]
    async fn endpoints_without_tls_are_refused() {
        let secure = discovered("https://arm.example.com/", "https://login.example.com").await.unwrap();
        assert_eq!(secure.resource_manager.as_str(), "https://arm.example.com/");
        for (resource_manager, login) in [
            ("http://arm.example.com/", "https://login.example.com"),
            ("https://arm.example.com/", "http://login.example.com"),
            ("ftp://arm.example.com/", "https://login.example.com"),
        ] {
            let refused = discovered(resource_manager, login).await.unwrap_err();
            assert!(refused.contains("without TLS"), "{refused}");
        }
    }
}
