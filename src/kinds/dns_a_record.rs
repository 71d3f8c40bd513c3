//! A DNS record set of IPv4 addresses.

use super::dns_zone::{RECORD, RECORD_ATTRIBUTES, RECORD_MOVES, RECORD_NAME, RECORD_SIMULATED, check_record};
use super::table::*;

const OWN: &[Arg] = &[
    arg("records", Ty::Set(&Ty::Ip), "properties.ARecords[].ipv4Address", "The addresses."),
    arg(
        "target_resource",
        Ty::Ref(&["public_ip", "traffic_manager_profile", "dns_a_record"]),
        "properties.targetResource.id",
        "The resource whose addresses it answers with, whatever they are, instead of `records`.",
    ),
];

/// The table.
pub static KIND: Kind = Kind {
    name: "dns_a_record",
    about: "A DNS record set of IPv4 addresses.",
    arm: Arm { type_: "Microsoft.Network/dnsZones/A", api: "2018-05-01" },
    place: Place::Child("zone", "A"),
    location: Location::None,
    names: RECORD_NAME,
    args: &concat::<{ RECORD.len() + OWN.len() }>(&[RECORD, OWN]),
    attributes: RECORD_ATTRIBUTES,
    drill: Drill::never("users come by it"),
    durations: Durations { create: 1, update: 1, delete: 1 },
    answers: Answers::Sync,
    in_use: "",
    run_moves: &["records"],
    moves: Moves { record: Some("records"), ..RECORD_MOVES },
    odd: Odd { check: Some(check), ..Odd::NONE },
    simulated: RECORD_SIMULATED,
    terraform: Terraform {
        renamed: &[("zone", "zone_name")],
        follows: &[("resource_group_name", "zone", "resource_group_name")],
        ..Terraform::BY_RULE
    },
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
    ..Kind::EMPTY
};

fn check(subject: &Subject<'_>, findings: &mut Vec<Finding>) {
    check_record(subject, "records", findings);
}
