//! Forms of networks: addresses, ranges, host names.

use std::net::{IpAddr, Ipv4Addr};

use super::{Form, unless};
use crate::ranges::{Cidr, CidrError};

/// The reason why a text is no range of addresses; it may have host bits.
pub(crate) fn range_fault(text: &str) -> Option<String> {
    match Cidr::parse(text).err()? {
        CidrError::NoSlash => Some("is no address range".to_owned()),
        CidrError::Address => Some("has no valid address before the `/`".to_owned()),
        CidrError::NoLength(most) | CidrError::TooLong(most) => {
            Some(format!("has no prefix length from 0 to {most} after the `/`"))
        }
    }
}

/// An IPv4 address.
pub static IPV4: Form =
    Form::new("an IPv4 address, as in \"192.0.2.10\"", &["192.0.2.10", "192.0.2.11"], "BadRequest", |text| {
        unless(text.parse::<Ipv4Addr>().is_ok(), "is no IPv4 address")
    });

/// An IPv4 address or range.
pub static IPV4_RANGE: Form = Form::new(
    "an IPv4 address or range, as in \"192.0.2.10\" or \"192.0.2.0/24\"",
    &["192.0.2.10", "192.0.2.0/24"],
    "BadRequest",
    |text| {
        if text.parse::<Ipv4Addr>().is_ok() {
            return None;
        }
        let is_v4 = text.split_once('/').is_some_and(|(address, _)| address.parse::<Ipv4Addr>().is_ok());
        if is_v4 { range_fault(text) } else { Some("is neither an IPv4 address nor an IPv4 range".to_owned()) }
    },
);

/// True for labels of letters, digits, `_` and inner hyphens, joined by dots.
pub(crate) fn is_host(text: &str) -> bool {
    let is_label = |label: &str| {
        (1..=63).contains(&label.len())
            && !label.starts_with('-')
            && !label.ends_with('-')
            && label.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_')
    };
    text.len() <= 253 && text.split('.').all(is_label)
}

/// A host name in the form in which names are compared: in lower case, without the dot of the root.
fn plain_host(text: &str) -> String {
    text.strip_suffix('.').unwrap_or(text).to_ascii_lowercase()
}

/// The target of an alias in DNS: a host name, not an address.
pub static HOST: Form = Form::new(
    "a host name, as in \"www.example.com\"",
    &["www.example.com", "app.example.com"],
    "BadRequest",
    |text| {
        if text.parse::<IpAddr>().is_ok() {
            return Some("is an address, and an alias leads to a name".to_owned());
        }
        unless(is_host(text), "is no host name")
    },
)
.normal(plain_host);

/// A host name or an address.
pub static HOST_OR_ADDRESS: Form = Form::new(
    "a host name or an address, as in \"www.example.com\"",
    &["www.example.com", "192.0.2.10"],
    "BadRequest",
    |text| unless(text.parse::<IpAddr>().is_ok() || is_host(text), "is neither a host name nor an address"),
)
.normal(plain_host);

/// A fully qualified name for reverse lookups.
pub static REVERSE_NAME: Form = Form::new(
    "a host name, as in \"www.example.com.\"",
    &["www.example.com", "app.example.com"],
    "InvalidParameter",
    |text| unless(is_host(text.strip_suffix('.').unwrap_or(text)), "is no host name"),
)
.normal(plain_host);

/// One label of a DNS name.
pub static LABEL: Form = Form::new(
    "a DNS label: 1 to 63 letters, digits and inner hyphens",
    &["example", "another"],
    "InvalidDomainNameLabel",
    |text| unless(is_host(text) && !text.contains(['.', '_']), "is no DNS label"),
);

#[cfg(test)]
mod tests {
    use super::*;

    fn refused<'a>(form: &Form, texts: &[&'a str]) -> Vec<&'a str> {
        texts.iter().copied().filter(|text| form.read(text).is_err()).collect()
    }

    #[test]
    fn host_names_have_one_spelling() {
        assert_eq!(HOST.read("App.Example.Com.").as_deref(), Ok("app.example.com"));
        let wrong = ["a b", "192.0.2.1", "", "-a.b", "a..b", &"a".repeat(64)];
        assert_eq!(refused(&HOST, &wrong), wrong);
        assert_eq!(refused(&HOST_OR_ADDRESS, &["192.0.2.1", "http://a"]), ["http://a"]);
    }
}
