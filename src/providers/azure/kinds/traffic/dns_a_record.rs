//! DNS record set of IPv4 addresses.

use crate::kinds::table::*;
use crate::providers::azure::kinds::traffic::dns_zone::{
    MOST_RECORDS, RECORD, RECORD_ATTRIBUTES, RECORD_MOVES, RECORD_NAME, RECORD_NAMES, RECORD_SIMULATED, check_record,
};

const OWN: &[Arg] = &[
    arg("records", Ty::Set(&Ty::String), "properties.ARecords[].ipv4Address", "IPv4 addresses of the record set.")
        .form(&form::network::IPV4),
    arg(
        "target_resource",
        Ty::Ref(&["public_ip", "traffic_manager_profile", "dns_a_record"]),
        "properties.targetResource.id",
        "Resource whose current addresses the record returns. Use instead of `records`.",
    ),
];

/// Table of `dns_a_record`.
pub static KIND: Kind = Kind {
    name: "dns_a_record",
    about: "DNS record set of IPv4 addresses (A).",
    type_: KindType { name: "Microsoft.Network/dnsZones/A", version: "2018-05-01" },
    place: Place::Child("zone", "A"),
    location: Location::None,
    names: RECORD_NAME,
    args: &concat::<{ RECORD.len() + OWN.len() }>(&[RECORD, OWN]),
    attributes: RECORD_ATTRIBUTES,
    drill: Drill::never("users resolve it to reach production"),
    durations: Durations { create: 1, update: 1, delete: 1 },
    answers: AnswerStyle::Sync,
    in_use: "",
    run_moves: &["records"],
    moves: Moves { record: Some("records"), ..RECORD_MOVES },
    odd: Overrides { check: Some(check), ..Overrides::NONE },
    simulated: RECORD_SIMULATED,
    terraform: Terraform {
        renamed: &[("zone", "zone_name")],
        follows: &[("resource_group_name", "zone", "resource_group_name")],
        ..Terraform::BY_RULE
    },
    apart: &[RECORD_NAMES.shared()],
    combinations: MOST_RECORDS,
    example: r#"
resource_group "example" {
  site = site.west
}

dns_zone "example" {
  name           = "drplan-example.com"
  resource_group = resource_group.example
}

dns_a_record "example" {
  zone    = dns_zone.example
  ttl     = 60
  records = ["192.0.2.10"]
}
"#,
    ..crate::providers::azure::KIND
};

fn check(subject: &Subject<'_>, findings: &mut Vec<Finding>) {
    check_record(subject, "records", findings);
}
