//! Rules for DNS records: names, contents, and records that cannot exist beside each other.
//!
//! Sources of the codes: answers of the API in public threads (81053, 81054, 81058, 9005 to 9007, 9021).

use std::net::{Ipv4Addr, Ipv6Addr};

use serde_json::{Map, Value as Json};

use super::answers::Refused;
use super::zones;
use crate::kinds::form::network::HOST;

fn text<'a>(record: &'a Map<String, Json>, name: &str) -> &'a str {
    record.get(name).and_then(Json::as_str).unwrap_or_default()
}

fn is_true(record: &Map<String, Json>, name: &str) -> bool {
    record.get(name).and_then(Json::as_bool) == Some(true)
}

/// True for a type that can be proxied.
pub(super) fn is_proxiable(record: &Map<String, Json>) -> bool {
    matches!(text(record, "type"), "A" | "AAAA" | "CNAME")
}

/// The full name of a record: a name without the domain of its zone is completed with it, `@` is the domain.
pub(super) fn full_name(record: &Map<String, Json>, domain: Option<&str>) -> Result<String, Refused> {
    let name = text(record, "name").trim_end_matches('.').to_ascii_lowercase();
    let full = match domain {
        Some(domain) if name == "@" => domain.to_owned(),
        Some(domain) if name == domain || name.ends_with(&format!(".{domain}")) => name,
        Some(domain) => format!("{name}.{domain}"),
        None if zones::registrable(name.trim_start_matches("*.")).is_some() => name,
        None => return Err(Refused::record(9000, "DNS name is invalid.")),
    };
    let is_label = |label: &str| {
        let inner = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_';
        !label.is_empty() && label.len() <= 63 && label.bytes().all(inner)
    };
    let labels = full.strip_prefix("*.").unwrap_or(&full);
    match full.len() <= 253 && labels.split('.').all(is_label) {
        true => Ok(full),
        false => Err(Refused::record(9000, "DNS name is invalid.")),
    }
}

/// Refuses a record that is not valid by itself.
pub(super) fn valid(record: &Map<String, Json>) -> Result<(), Refused> {
    let (type_, content) = (text(record, "type"), text(record, "content"));
    let wrong = match type_ {
        "A" if content.parse::<Ipv4Addr>().is_err() => {
            Some((9005, "Content for A record must be a valid IPv4 address."))
        }
        "AAAA" if content.parse::<Ipv6Addr>().is_err() => {
            Some((9006, "Content for AAAA record must be a valid IPv6 address."))
        }
        "CNAME" if HOST.read(content).is_err() => Some((9007, "Content for CNAME record is invalid.")),
        _ if content.is_empty() && !record.contains_key("data") => Some((9008, "DNS record content is missing.")),
        _ => None,
    };
    if let Some((code, message)) = wrong {
        return Err(Refused::record(code, message));
    }
    let ttl = record.get("ttl").and_then(Json::as_f64).unwrap_or_default();
    if ttl != 1.0 && !(60.0..=86_400.0).contains(&ttl) {
        let message = "Invalid TTL. Must be between 60 and 86400 seconds, or 1 for Automatic.";
        return Err(Refused::record(9021, message));
    }
    if is_true(record, "proxied") && !is_proxiable(record) {
        return Err(Refused::record(9004, "This record type cannot be proxied."));
    }
    if is_true(record, "proxied") && ttl != 1.0 {
        return Err(Refused::record(9021, "Invalid TTL. It must be 1 for a proxied record."));
    }
    Ok(())
}

/// Refuses a record that cannot exist beside another one of its zone.
pub(super) fn beside<'a>(record: &Map<String, Json>, others: impl Iterator<Item = &'a Json>) -> Result<(), Refused> {
    for other in others.filter_map(Json::as_object).filter(|other| text(other, "name") == text(record, "name")) {
        let types = (text(record, "type"), text(other, "type"));
        let same_content = text(record, "content") == text(other, "content");
        match types {
            (one, two) if one == two && same_content && one != "CNAME" => {
                return Err(Refused::conflict(81_058, "An identical record already exists."));
            }
            ("CNAME", "A" | "AAAA" | "CNAME") => {
                let message = "An A, AAAA, or CNAME record with that host already exists.";
                return Err(Refused::conflict(81_053, message));
            }
            ("A" | "AAAA", "CNAME") => {
                return Err(Refused::conflict(81_054, "A CNAME record with that host already exists."));
            }
            _ => {}
        }
    }
    Ok(())
}
