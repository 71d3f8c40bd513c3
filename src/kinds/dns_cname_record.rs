//! A DNS record that leads to another name.

use super::dns_zone::{RECORD, RECORD_ATTRIBUTES, RECORD_MOVES, RECORD_NAME, RECORD_SIMULATED, check_record};
use super::table::*;

const OWN: &[Arg] = &[
    arg("record", Ty::String, "properties.CNAMERecord.cname", "The name it leads to.").any_case(),
    arg(
        "target_resource",
        Ty::Ref(&["traffic_manager_profile", "dns_cname_record"]),
        "properties.targetResource.id",
        "The resource whose name it leads to, whatever that is, instead of `record`.",
    ),
];

/// The table.
pub static KIND: Kind = Kind {
    name: "dns_cname_record",
    about: "A DNS record that leads to another name.",
    arm: Arm { type_: "Microsoft.Network/dnsZones/CNAME", api: "2018-05-01" },
    place: Place::Child("zone", "CNAME"),
    location: Location::None,
    names: RECORD_NAME,
    args: &concat::<{ RECORD.len() + OWN.len() }>(&[RECORD, OWN]),
    attributes: RECORD_ATTRIBUTES,
    drill: Drill::never("users come by it"),
    durations: Durations { create: 1, update: 1, delete: 1 },
    answers: Answers::Sync,
    in_use: "",
    run_moves: &["record"],
    moves: Moves { record: Some("record"), ..RECORD_MOVES },
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

dns_cname_record "example" {
  name   = "www"
  zone   = dns_zone.example
  ttl    = 60
  record = "drplan-example.trafficmanager.net"
}
"#,
    ..Kind::EMPTY
};

fn check(subject: &Subject<'_>, findings: &mut Vec<Finding>) {
    check_record(subject, "record", findings);
    if subject.name == "@" {
        findings.push(Finding {
            argument: "name",
            summary: "the zone itself cannot lead to another name".to_owned(),
            why: "DNS forbids a CNAME beside the records that every zone has at its top.".to_owned(),
            help: "Write a block `dns_a_record` with `target_resource`, which follows what it points at.".to_owned(),
        });
    }
}
