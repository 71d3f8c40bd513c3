//! Which Azure it is: the public one, a sovereign one, or any whose metadata says where its parts are. Knows nothing of who asks.

use std::collections::BTreeMap;

use serde_json::Value as Json;
use url::Url;

use super::wire::{Request, Wire};

/// An Azure.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Surroundings {
    /// Its name.
    pub name: String,
    /// Where Resource Manager is.
    pub resource_manager: Url,
    /// Where tokens come from.
    pub authority: Url,
    /// What tokens are for: the scope of Resource Manager.
    pub scope: String,
}

/// The Azures that are known by name: the name, what others call it, Resource Manager, the authority (source: the endpoints that Azure's
/// command line has built in).
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

/// The variables that name an Azure, as Terraform and the SDKs read them.
const NAMES: &[&str] = &["ARM_ENVIRONMENT", "AZURE_ENVIRONMENT"];
/// The variable that holds the host of an Azure which says itself where its parts are, as Terraform reads it.
const METADATA_HOST: &str = "ARM_METADATA_HOSTNAME";
/// The path and version of that.
const METADATA: &str = "metadata/endpoints?api-version=2022-09-01";

impl Surroundings {
    /// The one with this name.
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

    /// The one that the environment says, or the public one; asks over this wire where it is one that says itself where its parts are.
    ///
    /// # Errors
    /// Words that say what is wrong with the name, or with what the host answered.
    pub async fn of(environment: &BTreeMap<String, String>, wire: &Wire) -> Result<Self, String> {
        if let Some(host) = environment.get(METADATA_HOST).filter(|host| !host.is_empty()) {
            return Self::discovered(host, wire).await;
        }
        let named = NAMES.iter().find_map(|variable| Some((variable, environment.get(*variable)?)));
        match named.filter(|(_, name)| !name.is_empty()) {
            None => Self::named(KNOWN[0].0).ok_or_else(|| "the public cloud has no address".to_owned()),
            Some((variable, name)) => Self::named(name).ok_or_else(|| {
                let known: Vec<&str> = KNOWN.iter().map(|(known, ..)| *known).collect();
                format!("{variable} is `{name}`, and the clouds known by name are {}", known.join(", "))
            }),
        }
    }

    async fn discovered(host: &str, wire: &Wire) -> Result<Self, String> {
        let url = Url::parse(&format!("https://{host}/{METADATA}"))
            .map_err(|error| format!("{METADATA_HOST} is `{host}`, which is no host: {error}"))?;
        let answer = wire.send(Request::get(url.clone())).await.map_err(|error| format!("{url}: {error}"))?;
        let body = answer.json().filter(|_| answer.status == 200);
        let body = body.ok_or_else(|| format!("{url} answered {} and no metadata", answer.status))?;
        // Some answer a list of clouds, of which this is one.
        let one = match &body {
            Json::Array(all) => all.first().cloned().unwrap_or_default(),
            one => one.clone(),
        };
        let text = |path: &str| one.pointer(path).and_then(Json::as_str).map(str::to_owned);
        let place = |path: &str| {
            let text = text(path).ok_or_else(|| format!("{url} says nothing of {path}"))?;
            Url::parse(&text).map_err(|error| format!("{url} says that {path} is `{text}`: {error}"))
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

/// The value of the first of these variables that has one: the SDKs' name, and azurerm's.
pub fn first_set(environment: &BTreeMap<String, String>, names: [&str; 2]) -> Option<String> {
    names.iter().find_map(|name| environment.get(*name).filter(|value| !value.is_empty()).cloned())
}

fn scope(resource_manager: &Url) -> String {
    format!("{}/.default", resource_manager.as_str().trim_end_matches('/'))
}
