//! DNS record with another name (CNAME).

use crate::kinds::table::*;
use crate::providers::azure::kinds::traffic::dns_zone::{
    RECORD, RECORD_ATTRIBUTES, RECORD_MOVES, RECORD_NAME, RECORD_NAMES, RECORD_SIMULATED, check_record,
};

const OWN: &[Arg] = &[
    arg("record", Ty::String, "properties.CNAMERecord.cname", "Canonical name that the record points to.")
        .form(&form::network::HOST)
        .any_case(),
    arg(
        "target_resource",
        Ty::Ref(&["traffic_manager_profile", "dns_cname_record"]),
        "properties.targetResource.id",
        "Resource whose current name the record returns. Use instead of `record`.",
    ),
];

/// Table of `dns_cname_record`.
pub static KIND: Kind = Kind {
    name: "dns_cname_record",
    about: "DNS record that points to another name (CNAME).",
    type_: KindType { name: "Microsoft.Network/dnsZones/CNAME", version: "2018-05-01" },
    place: Place::Child("zone", "CNAME"),
    location: Location::None,
    names: RECORD_NAME,
    args: &concat::<{ RECORD.len() + OWN.len() }>(&[RECORD, OWN]),
    attributes: RECORD_ATTRIBUTES,
    drill: Drill::never("users resolve it to reach production"),
    durations: Durations { create: 1, update: 1, delete: 1 },
    answers: AnswerStyle::Sync,
    in_use: "",
    run_moves: &["record"],
    moves: Moves { record: Some("record"), ..RECORD_MOVES },
    odd: Overrides { check: Some(check), ..Overrides::NONE },
    simulated: RECORD_SIMULATED,
    terraform: Terraform {
        renamed: &[("zone", "zone_name")],
        follows: &[("resource_group_name", "zone", "resource_group_name")],
        ..Terraform::BY_RULE
    },
    apart: &[RECORD_NAMES],
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
    ..crate::providers::azure::KIND
};

fn check(subject: &Subject<'_>, findings: &mut Vec<Finding>) {
    check_record(subject, "record", findings);
    if subject.name == "@" {
        findings.push(Finding {
            argument: "name",
            summary: "a zone's apex cannot be a CNAME record".to_owned(),
            why: "DNS forbids a CNAME beside the records that every zone has at its apex.".to_owned(),
            help: "Use a `dns_a_record` with `target_resource`, which follows the target's addresses.".to_owned(),
        });
    }
}
