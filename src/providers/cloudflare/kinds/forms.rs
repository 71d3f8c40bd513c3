//! Forms of texts and arguments that the kinds of Cloudflare share.

use crate::kinds::table::*;

/// Cloudflare's code for a body that is not valid (source: answers of its API to invalid records).
pub(super) const INVALID: &str = "1004";

/// A zone: its domain, or the id that Cloudflare gave it.
static ZONE: Form = Form::new(
    "a domain, as in \"example.com\", or the id of a zone",
    &["example.com", "023e105f4ecef8ad9ca31a8372d0c353"],
    INVALID,
    |text| {
        let is_id = text.len() == 32 && text.bytes().all(|byte| byte.is_ascii_hexdigit());
        let is_label = |label: &str| {
            let inner = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
            !label.is_empty() && label.len() <= 63 && !label.starts_with('-') && label.bytes().all(inner)
        };
        let is_domain = text.contains('.') && text.split('.').all(is_label);
        (!is_id && !is_domain).then(|| "is neither a domain in lower case nor the id of a zone".to_owned())
    },
);

/// The zone of an object, from which its id follows.
pub(super) const ZONE_OF: Arg = Arg {
    need: Need::Required,
    wire: Wire::Nowhere,
    change: ChangeEffect::Replace,
    form: Some(&ZONE),
    ..arg("zone", Ty::String, "", "Zone: its domain, as in `example.com`, or its id, which saves a request.")
};

/// A comment of a record (source: Cloudflare's DNS record attributes: 100 characters in the free plan, 500 in others).
pub(super) static COMMENT: Form =
    Form::new("a text of at most 500 characters", &["the web site", "the shop"], INVALID, |text| {
        (text.chars().count() > 500).then(|| "has more than 500 characters".to_owned())
    });

/// The name of a record or load balancer: a full host name in lower case, also below `*`.
pub(super) const HOST_NAME: NameRule = NameRule::new(
    3,
    253,
    r"^(\*\.)?([a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?\.)+[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])$",
    "a full host name in lower case, as in `www.example.com`; other scripts in Punycode (`xn--…`)",
);
