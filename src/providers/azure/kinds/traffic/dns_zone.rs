//! Public DNS zone. Its records are child objects; this module holds the parts that they share.

use crate::providers::azure::ids::AzureId;
use serde_json::{Value as Json, json};

use crate::kinds::path;
use crate::kinds::table::*;
use crate::object::ObjectId;
use crate::providers::azure::tags;

/// Table of `dns_zone`.
pub static KIND: Kind = Kind {
    name: "dns_zone",
    about: "Public DNS zone. The domain's registrar must delegate to its name servers.",
    type_: KindType { name: "Microsoft.Network/dnsZones", version: "2018-05-01" },
    location: Location::Global,
    names: NameRule::new(
        3,
        253,
        r"^([A-Za-z0-9_]([A-Za-z0-9_-]{0,61}[A-Za-z0-9_])?\.){1,33}[A-Za-z0-9_]([A-Za-z0-9_-]{0,61}[A-Za-z0-9_])?$",
        "2 to 34 labels joined by `.`, each of letters, digits, `_` and `-`, as in `example.com`",
    ),
    args: &[RESOURCE_GROUP, tags::TAGS.tags(&tags::DNS)],
    attributes: &[
        attribute("name_servers", "properties.nameServers", FakeValue::Nothing, "Name servers of the zone.").list(),
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
    ],
    drill: Drill::never("users resolve its names to reach production"),
    durations: Durations { create: 2, update: 2, delete: 10 },
    answers: AnswerStyle::Sync,
    recovery: Recovery { loses_data: true, ..Recovery::NONE },
    in_use: "",
    simulated: SimulatedBehaviour {
        settle: Some(settle),
        hosts: Some(|zone| {
            path::text(zone, "name").map(|name| format!("*.{}", name.to_ascii_lowercase())).into_iter().collect()
        }),
        leads: Some(|_, _, _| Lead::Nowhere("its zone has no such record")),
        accepts: &["properties.zoneType"],
        // Every zone has an SOA and an NS record set, with Azure's values.
        always: &[
            always(
                "SOA",
                "@",
                r#"{"TTL":3600,"SOARecord":{"host":"ns1-01.azure-dns.com.","email":"azuredns-hostmaster.microsoft.com","serialNumber":1,"refreshTime":3600,"retryTime":300,"expireTime":2419200,"minimumTTL":300},"provisioningState":"Succeeded"}"#,
            ),
            always(
                "NS",
                "@",
                r#"{"TTL":172800,"NSRecords":[{"nsdname":"ns1-01.azure-dns.com."},{"nsdname":"ns2-01.azure-dns.net."}],"provisioningState":"Succeeded"}"#,
            ),
        ],
        ..SimulatedBehaviour::NONE
    },
    adoption: Adoption {
        others: &[
            ChildList::all("AAAA"),
            ChildList::all("CAA"),
            ChildList::all("MX"),
            // Azure creates that of the zone itself.
            ChildList { is_made: |set| path::text(set, "name") != Some("@"), ..ChildList::all("NS") },
            ChildList::all("PTR"),
            ChildList::all("SRV"),
            ChildList::all("TXT"),
        ],
        ..Adoption::BY_TABLE
    },
    uncovered: &["properties.registrationVirtualNetworks", "properties.resolutionVirtualNetworks"],
    example: r#"
resource_group "example" {
  site = site.west
}

dns_zone "example" {
  name           = "drplan-example.com"
  resource_group = resource_group.example
}
"#,
    left_out: &[("soa_record", "a separate record set (`SOA/@`) that Azure creates with the zone")],
    ..crate::providers::azure::KIND
};

fn settle(cloud: &mut dyn SimulatedWorld, id: &ObjectId) {
    // Azure spreads zones over numbered sets of four servers.
    let set = cloud.guid(id.as_str()).bytes().map(u32::from).sum::<u32>() % 9 + 1;
    let domains = ["com", "net", "org", "info"];
    let servers: Json =
        (1..).zip(domains).map(|(server, domain)| json!(format!("ns{server}-0{set}.azure-dns.{domain}."))).collect();
    let Some(body) = cloud.get_mut(id) else { return };
    path::fill(body, "properties.nameServers", servers);
    path::fill(body, "properties.zoneType", "Public");
    path::fill(body, "properties.maxNumberOfRecordSets", 10_000);
    path::fill(body, "properties.maxNumberOfRecordsPerRecordSet", 20);
    count_records(cloud, id);
}

/// Count of record sets. A new zone has two of Azure's, SOA and NS, which are no objects in the simulator.
fn count_records(cloud: &mut dyn SimulatedWorld, zone: &ObjectId) {
    let records = cloud.below(zone).len() + 2;
    if let Some(body) = cloud.get_mut(zone) {
        path::put(body, "properties.numberOfRecordSets", json!(records));
    }
}

/// The name rule of record sets.
pub(super) const RECORD_NAME: NameRule = NameRule::new(
    1,
    253,
    r"^(@|(\*|[A-Za-z0-9_]([A-Za-z0-9_-]{0,61}[A-Za-z0-9_])?)(\.[A-Za-z0-9_]([A-Za-z0-9_-]{0,61}[A-Za-z0-9_])?)*)$",
    "labels joined by `.`, or `@` for the zone itself, or begins with `*`",
);

/// An alias is the only record set of its name.
pub(super) const RECORD_NAMES: Exclusive =
    Exclusive::among_siblings("Conflict", "name, and one is a CNAME record", "names of a zone", &["{name}"]);

/// Azure's limit for a record set (source: Azure's limits of DNS zones).
pub(super) const MOST_RECORDS: &[Combination] = &[Combination::new(
    "BadRequest",
    &[("records", Test::MoreThan(20))],
    "a record set has more than 20 records",
    "Write at most 20.",
)];

/// Arguments of record sets of every type.
pub(super) const RECORD: &[Arg] = &[
    place("zone", &["dns_zone"], "DNS zone of the record set."),
    arg(
        "ttl",
        Ty::Integer(1, 2_147_483_647),
        "properties.TTL",
        "Time to live, in seconds: how long clients cache the record, and the longest delay of a change.",
    )
    .required(),
    Arg { wire: Wire::At("properties.metadata"), ty: Ty::Map(&Ty::String), ..tags::TAGS },
];

/// Attributes of record sets of every type.
pub(super) const RECORD_ATTRIBUTES: &[Attribute] =
    &[attribute("fqdn", "properties.fqdn", FakeValue::Nothing, "Fully qualified domain name, with a `.` at the end.")];

/// Clients cache a record for its time to live.
pub(super) const RECORD_MOVES: Moves = Moves { lingers: Some(record_lingers), ..Moves::NONE };

fn record_lingers(record: &Subject<'_>) -> u32 {
    record.args.get("ttl").and_then(Json::as_u64).and_then(|ttl| ttl.try_into().ok()).unwrap_or(0)
}

/// Simulation of record sets of every type.
pub(super) const RECORD_SIMULATED: SimulatedBehaviour = SimulatedBehaviour {
    admit: Some(admit_record),
    settle: Some(settle_record),
    removed: Some(record_removed),
    hosts: Some(record_hosts),
    leads: Some(record_leads),
    accepts: &["etag"],
    ..SimulatedBehaviour::NONE
};

/// Reports a record set that has both values of its own and a target resource.
pub(super) fn check_record(subject: &Subject<'_>, own: &'static str, findings: &mut Vec<Finding>) {
    if subject.args.contains_key(own) && subject.args.contains_key("target_resource") {
        findings.push(Finding {
            argument: "target_resource",
            summary: format!("a record has both `{own}` and `target_resource`"),
            why: String::new(),
            help: format!("Remove `{own}` or `target_resource`."),
        });
    }
}

fn admit_record(cloud: &dyn SimulatedWorld, id: &ObjectId, _: &Json) -> Result<(), Refusal> {
    let is_alias = |id: &ObjectId| id.arm_type().is_some_and(|type_| type_.to_ascii_uppercase().ends_with("/CNAME"));
    let siblings = id.parent().map(|zone| cloud.below(&zone)).unwrap_or_default();
    let clash = siblings.iter().find(|other| {
        *other != id && other.name().eq_ignore_ascii_case(id.name()) && (is_alias(other) || is_alias(id))
    });
    match clash {
        Some(other) => Err(Refusal {
            status: 409,
            code: "Conflict",
            message: format!(
                "The record could not be created because a {}record with the same name already exists in this zone.",
                if is_alias(other) { "CNAME " } else { "" }
            ),
        }),
        None => Ok(()),
    }
}

fn settle_record(cloud: &mut dyn SimulatedWorld, id: &ObjectId) {
    let Some(zone) = id.parent() else { return };
    let name = match id.name() {
        "@" => format!("{}.", zone.name()),
        label => format!("{label}.{}.", zone.name()),
    };
    if let Some(body) = cloud.get_mut(id) {
        path::put(body, "properties.fqdn", Json::from(name));
    }
    count_records(cloud, &zone);
}

fn record_removed(cloud: &mut dyn SimulatedWorld, id: &ObjectId, _: &Json) {
    if let Some(zone) = id.parent() {
        count_records(cloud, &zone);
    }
}

fn record_hosts(body: &Json) -> Vec<String> {
    path::text(body, "properties.fqdn").map(plain_name).into_iter().collect()
}

/// A name in the form of a query: in lower case, without the `.` of the root.
fn plain_name(name: &str) -> String {
    name.trim_end_matches('.').to_ascii_lowercase()
}

/// Leads to the record's addresses or name, or to those of an alias's target.
fn record_leads(cloud: &dyn SimulatedWorld, id: &ObjectId, _: &str) -> Lead {
    let Some(body) = cloud.get(id) else { return Lead::Nowhere("its record does not exist") };
    let ttl = path::borrow(body, "properties.TTL").and_then(Json::as_u64).and_then(|ttl| u32::try_from(ttl).ok());
    let addresses =
        path::items(body, "properties.ARecords").iter().filter_map(|record| path::text(record, "ipv4Address"));
    let alias = path::text(body, "properties.targetResource.id").and_then(|target| cloud.get(&ObjectId::new(target)));
    let names = ["properties.ipAddress", "properties.dnsConfig.fqdn", "properties.fqdn"];
    let alias = alias.and_then(|target| names.iter().find_map(|at| path::text(target, at)));
    let found = addresses.chain(path::text(body, "properties.CNAMERecord.cname")).chain(alias);
    Lead::Names(found.map(plain_name).collect(), ttl.unwrap_or(0))
}
