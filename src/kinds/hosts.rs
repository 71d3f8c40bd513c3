//! The names of the cloud in public DNS: the domains below which only objects of the tables have names, and the host of
//! a URL.

use super::table::*;
use super::{Tables, path};
use serde_json::Value as Json;

/// The domains in which every name belongs to an object of some kind of a provider, in lower case: the constant end of
/// each attribute that is a host name or URL made of names, as `v.example.net` of `https://{name}.v.example.net/`.
pub fn domains(of: &Tables) -> Vec<&'static str> {
    let attributes = of.tables().flat_map(|table| table.kind.attributes);
    let domains = attributes.filter_map(|attribute| match attribute.from {
        AttributeSource::Names(text) => domain(text),
        AttributeSource::Body(_) | AttributeSource::Exported(_) | AttributeSource::Action(..) => None,
    });
    let mut domains: Vec<&str> = domains.collect();
    domains.sort_unstable();
    domains.dedup();
    domains
}

/// The domain of a template. A template that ends in a name, as that of an id, has none.
fn domain(template: &'static str) -> Option<&'static str> {
    let (_, end) = host(template).rsplit_once('}')?;
    let (_, domain) = end.split_once('.')?;
    domain.contains('.').then_some(domain)
}

/// The host of a URL, or a host itself.
pub(super) fn host(url: &str) -> &str {
    let rest = url.split_once("://").map_or(url, |(_, rest)| rest);
    rest.split(['/', ':']).next().unwrap_or(rest)
}

/// The hosts at these paths of a body, in lower case. A path may lead to a URL, or to a list or an object of them.
pub fn hosts_at(body: &Json, paths: &[&str]) -> Vec<String> {
    let mut hosts = Vec::new();
    for value in paths.iter().filter_map(|at| path::borrow(body, at)) {
        let texts: Vec<&str> = match value {
            Json::String(text) => vec![text],
            Json::Array(items) => items.iter().filter_map(Json::as_str).collect(),
            Json::Object(fields) => fields.values().filter_map(Json::as_str).collect(),
            Json::Null | Json::Bool(_) | Json::Number(_) => Vec::new(),
        };
        hosts.extend(texts.into_iter().map(|text| host(text).to_ascii_lowercase()));
    }
    hosts
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn domains_follow_from_the_tables() {
        let domains = domains(&crate::providers::azure::TABLES);
        for domain in [
            "blob.core.windows.net",
            "cloudapp.azure.com",
            "database.windows.net",
            "documents.azure.com",
            "postgres.database.azure.com",
            "trafficmanager.net",
            "vault.azure.net",
        ] {
            assert!(domains.contains(&domain), "{domain}: {domains:?}");
        }
        assert_eq!(domain("{id}/providers"), None);
        assert_eq!(domain("{name}-secondary.blob.example.net"), Some("blob.example.net"));
    }
}
