//! Record of a domain at Linode. Users notice a change late: name servers reload zones, and then caches expire.

use std::net::{Ipv4Addr, Ipv6Addr};

use serde_json::Value as Json;

use super::forms::{DOMAIN_OF, RECORD_NAME, TTL};
use crate::kinds::form::network::HOST;
use crate::kinds::table::*;
use crate::providers::linode::RELOADED;
use crate::providers::linode::terraform::DOMAIN;

/// The time to live of a record that has none, in seconds, where its domain has none either (source: Linode's
/// documentation of domains).
const DAY: u32 = 86_400;
/// The longest time until all name servers have a change, in seconds (source: Linode's documentation: a quarter of an
/// hour, at most half an hour).
const RELOADED_AT_WORST: u32 = 2 * RELOADED;

/// Table of `linode_domain_record`.
pub(super) static KIND: Kind = Kind {
    name: "linode_domain_record",
    about: "DNS record of a domain at Linode. A change reaches the name servers after up to half an hour.",
    type_: KindType { name: "Linode/domains/records", version: "4" },
    place: Place::Root("linode:domains/{domain}/records/{record_type}/{name}"),
    location: Location::None,
    names: RECORD_NAME,
    args: &[
        DOMAIN_OF,
        arg("record_type", Ty::Enum(&["A", "AAAA", "CNAME"]), "type", "Type of the record.").required().replace(),
        arg(
            "target",
            Ty::String,
            "target",
            "Destination: an IPv4 address (`A`), an IPv6 address (`AAAA`) or a host name (`CNAME`).",
        )
        .required(),
        TTL,
    ],
    attributes: &[attribute("record_id", "id", FakeValue::Nothing, "Number that Linode gave the record.")],
    drill: Drill::never("users resolve it to reach production"),
    durations: Durations { create: 1, update: 1, delete: 1 },
    in_use: "",
    run_moves: &["target"],
    moves: Moves { record: Some("target"), lingers: Some(lingers), ..Moves::NONE },
    odd: Overrides { check: Some(check), ..Overrides::NONE },
    terraform: Terraform {
        lookup: Some(DOMAIN),
        resource: "domain_record",
        renamed: &[("domain", "domain_id")],
        apex: "@",
        swapped: &["target"],
        exported: &[("record_id", "id")],
        given_id: "DOMAIN_ID,RECORD_ID",
        ..Terraform::BY_RULE
    },
    example: r#"
linode_domain "example" {
  name      = "example.com"
  type      = "master"
  soa_email = "ops@example.com"
}

linode_domain_record "example" {
  name        = "www"
  domain      = linode_domain.example.name
  record_type = "A"
  target      = "192.0.2.10"
  ttl_sec     = 300
}
"#,
    left_out: &[
        ("port", "for record types that lead no users, such as `SRV`"),
        ("priority", "for record types that lead no users, such as `MX`"),
        ("protocol", "for record types that lead no users, such as `SRV`"),
        ("service", "for record types that lead no users, such as `SRV`"),
        ("tag", "for record types that lead no users, such as `CAA`"),
        ("weight", "for record types that lead no users, such as `SRV`"),
    ],
    ..crate::providers::linode::KIND
};

/// The name servers reload the zone, and clients keep the old answer for its time to live.
fn lingers(record: &Subject<'_>) -> u32 {
    let ttl = record.args.get("ttl_sec").and_then(Json::as_u64).and_then(|ttl| u32::try_from(ttl).ok());
    RELOADED_AT_WORST + ttl.filter(|ttl| *ttl > 0).unwrap_or(DAY)
}

fn check(subject: &Subject<'_>, findings: &mut Vec<Finding>) {
    let (Some(type_), Some(target)) = (subject.text("record_type"), subject.text("target")) else { return };
    let wanted = match type_ {
        "A" if target.parse::<Ipv4Addr>().is_err() => "an IPv4 address",
        "AAAA" if target.parse::<Ipv6Addr>().is_err() => "an IPv6 address",
        "CNAME" if HOST.read(target).is_err() => "a host name",
        _ => return,
    };
    findings.push(Finding {
        argument: "target",
        summary: format!("the target of a record of type `{type_}` is {wanted}"),
        why: String::new(),
        help: format!("Write {wanted}, or change `record_type`."),
    });
}
