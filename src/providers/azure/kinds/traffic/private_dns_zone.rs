//! Private DNS zone: names for the machines of linked networks.
//!
//! A zone is global, and every linked network sees the same records. Names that should lead to another site after a
//! failover belong into a zone for each site, or into records that are moved.

use serde_json::json;

use crate::kinds::path;
use crate::kinds::table::*;
use crate::object::ObjectId;
use crate::providers::azure::tags;

/// The segment of links.
pub(super) const LINKS: &str = "virtualNetworkLinks";

/// Table of `private_dns_zone`.
pub static KIND: Kind = Kind {
    name: "private_dns_zone",
    about: "Private DNS zone: names for the machines of the networks that are linked with it.",
    type_: KindType { name: "Microsoft.Network/privateDnsZones", version: "2024-06-01" },
    location: Location::Global,
    names: NameRule::new(
        3,
        253,
        r"^([A-Za-z0-9_]([A-Za-z0-9_-]{0,61}[A-Za-z0-9_])?\.){1,33}[A-Za-z0-9_]([A-Za-z0-9_-]{0,61}[A-Za-z0-9_])?$",
        "2 to 34 labels joined by `.`, each of letters, digits, `_` and `-`, as in `internal.example.com`",
    ),
    args: &[RESOURCE_GROUP, tags::TAGS.tags(&tags::DNS)],
    attributes: &[
        attribute(
            "number_of_record_sets",
            "properties.numberOfRecordSets",
            FakeValue::Nothing,
            "Number of record sets in the zone.",
        ),
        attribute(
            "max_number_of_record_sets",
            "properties.maxNumberOfRecordSets",
            FakeValue::Nothing,
            "Maximum number of record sets in the zone.",
        ),
        attribute(
            "max_number_of_virtual_network_links",
            "properties.maxNumberOfVirtualNetworkLinks",
            FakeValue::Nothing,
            "Maximum number of linked networks.",
        ),
        attribute(
            "max_number_of_virtual_network_links_with_registration",
            "properties.maxNumberOfVirtualNetworkLinksWithRegistration",
            FakeValue::Nothing,
            "Maximum number of linked networks whose machines are registered.",
        ),
    ],
    drill: Drill::never("machines resolve its names to reach production"),
    durations: Durations { create: 45, update: 5, delete: 60 },
    answers: AnswerStyle::AsyncBoth,
    serial: Serial::Root,
    recovery: Recovery { loses_data: true, ..Recovery::NONE },
    // Source: the provider refuses a zone with links, and takes its records with it.
    in_use: "CannotDeleteResource",
    simulated: SimulatedBehaviour { settle: Some(settle), ..SimulatedBehaviour::NONE },
    adoption: Adoption {
        others: &[
            ChildList::all("A"),
            ChildList::all("AAAA"),
            ChildList::all("CNAME"),
            ChildList::all("MX"),
            ChildList::all("PTR"),
            ChildList::all("SRV"),
            ChildList::all("TXT"),
        ],
        ..Adoption::BY_TABLE
    },
    example: r#"
resource_group "example" {
  site = site.east
}

private_dns_zone "example" {
  name           = "internal.drplan-example.com"
  resource_group = resource_group.example
}
"#,
    left_out: &[("soa_record", "a separate record set (`SOA/@`) that Azure creates with the zone")],
    ..crate::providers::azure::KIND
};

fn settle(cloud: &mut dyn SimulatedWorld, id: &ObjectId) {
    let Some(body) = cloud.get_mut(id) else { return };
    for (at, value) in [
        ("numberOfRecordSets", 1),
        ("maxNumberOfRecordSets", 25_000),
        ("maxNumberOfVirtualNetworkLinks", 1_000),
        ("maxNumberOfVirtualNetworkLinksWithRegistration", 100),
        ("numberOfVirtualNetworkLinks", 0),
        ("numberOfVirtualNetworkLinksWithRegistration", 0),
    ] {
        path::fill(body, &format!("properties.{at}"), json!(value));
    }
}
