//! DNS record of a zone at Cloudflare. Proxied, it is the way to move users without a change of DNS.

use std::net::{Ipv4Addr, Ipv6Addr};

use serde_json::{Map as JsonMap, Value as Json};

use super::forms::{COMMENT, HOST_NAME, INVALID, ZONE_OF};
use crate::kinds::form::network::HOST;
use crate::kinds::table::*;

/// The time to live that Cloudflare uses for `ttl = 1`, in seconds (source: Cloudflare's DNS documentation, "Time to
/// live").
const AUTOMATIC: u32 = 300;
/// Seconds until a change of the origin of a proxied record has reached the edge (estimate).
const EDGE: u32 = 5;

static SETTINGS: Block = Block::one(&[
    arg("ipv4_only", Ty::Bool, "ipv4_only", "Answer with IPv4 addresses only, for a proxied record."),
    arg("ipv6_only", Ty::Bool, "ipv6_only", "Answer with IPv6 addresses only, for a proxied record."),
    arg("flatten_cname", Ty::Bool, "flatten_cname", "Answer with the addresses of the target of a `CNAME` record."),
]);

/// Table of `cloudflare_dns_record`.
pub(super) static KIND: Kind = Kind {
    name: "cloudflare_dns_record",
    about: "DNS record that leads users to a site. Proxied, a change reaches users within seconds.",
    type_: KindType { name: "Cloudflare/dns_records", version: "4" },
    place: Place::Root("cloudflare:zones/{zone}/dns_records/{type}/{name}"),
    location: Location::None,
    names: HOST_NAME,
    args: &[
        ZONE_OF,
        arg("type", Ty::Enum(&["A", "AAAA", "CNAME"]), "type", "Type of the record.").required().replace(),
        arg(
            "content",
            Ty::String,
            "content",
            "Destination: an IPv4 address (`A`), an IPv6 address (`AAAA`) or a host name (`CNAME`).",
        )
        .required(),
        arg(
            "ttl",
            Ty::Integer(1, 86_400),
            "ttl",
            "Time to live, in seconds, from 60; `1` means automatic: 300 seconds, and the only value for a proxied record.",
        )
        .required(),
        arg(
            "proxied",
            Ty::Bool,
            "proxied",
            "Answer with addresses of Cloudflare, which forwards requests to `content`.",
        )
        .default(Lit::Bool(false)),
        arg("comment", Ty::String, "comment", "Comment, for people.").form(&COMMENT),
        arg("settings", Ty::Block(&SETTINGS), "settings", "Settings of the record."),
    ],
    attributes: &[
        attribute("record_id", "id", FakeValue::Nothing, "Id that Cloudflare gave the record."),
        attribute("created_on", "created_on", FakeValue::Nothing, "Time of creation."),
    ],
    drill: Drill::never("users resolve it to reach production"),
    durations: Durations { create: 1, update: 1, delete: 1 },
    in_use: "",
    run_moves: &["content"],
    moves: Moves { record: Some("content"), lingers: Some(lingers), together: true, ..Moves::NONE },
    combinations: &[
        Combination::new(
            INVALID,
            &[("proxied", Test::Is(&[Lit::Bool(true)])), ("ttl", Test::Above(1))],
            "a proxied record has a `ttl` of its own",
            "Set `ttl = 1`: clients cache the addresses of Cloudflare for a time that Cloudflare chooses.",
        ),
        Combination::new(
            INVALID,
            &[("ttl", Test::Above(1)), ("ttl", Test::Below(60))],
            "`ttl` is neither 1 nor from 60 to 86400",
            "Set `ttl = 1` for automatic, or at least 60.",
        ),
    ],
    odd: Overrides { check: Some(check), ..Overrides::NONE },
    adoption: Adoption { arguments: Some(without_empty), ..Adoption::BY_TABLE },
    terraform: Terraform {
        lookup: Some(crate::providers::cloudflare::terraform::ZONE),
        resource: "dns_record",
        renamed: &[("zone", "zone_id")],
        swapped: &["content"],
        given_id: "ZONE_ID/RECORD_ID",
        ..Terraform::BY_RULE
    },
    example: r#"
cloudflare_dns_record "example" {
  name    = "www.example.com"
  zone    = "example.com"
  type    = "A"
  content = "192.0.2.10"
  ttl     = 1
  proxied = true
}
"#,
    left_out: &[
        ("data", "for record types that lead no users, such as `SRV` and `CAA`"),
        ("priority", "for record types that lead no users, such as `MX`"),
        ("private_routing", "for private networks behind a tunnel, which no public users reach"),
        ("tags", "a paid feature; use `comment`"),
    ],
    ..crate::providers::cloudflare::KIND
};

/// Cloudflare answers a record without settings with empty ones.
fn without_empty(_: &CloudObject<'_>, args: &mut JsonMap<String, Json>) {
    args.retain(|name, value| name != "settings" || value.as_object().is_none_or(|settings| !settings.is_empty()));
}

/// A proxied record keeps its public addresses, so that only the edge has to notice.
fn lingers(record: &Subject<'_>) -> u32 {
    if record.args.get("proxied").and_then(Json::as_bool) == Some(true) {
        return EDGE;
    }
    let ttl = record.args.get("ttl").and_then(Json::as_u64).and_then(|ttl| u32::try_from(ttl).ok());
    ttl.filter(|ttl| *ttl > 1).unwrap_or(AUTOMATIC)
}

fn check(subject: &Subject<'_>, findings: &mut Vec<Finding>) {
    let (Some(type_), Some(content)) = (subject.text("type"), subject.text("content")) else { return };
    let wanted = match type_ {
        "A" if content.parse::<Ipv4Addr>().is_err() => "an IPv4 address",
        "AAAA" if content.parse::<Ipv6Addr>().is_err() => "an IPv6 address",
        "CNAME" if HOST.read(content).is_err() => "a host name",
        _ => return,
    };
    findings.push(Finding {
        argument: "content",
        summary: format!("the content of a record of type `{type_}` is {wanted}"),
        why: String::new(),
        help: format!("Write {wanted}, or change `type`."),
    });
}
