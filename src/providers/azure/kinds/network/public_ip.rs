//! Public IP address, and its DNS name.

use serde_json::Value as Json;

use crate::kinds::table::*;
use crate::kinds::{drill, path};
use crate::object::ObjectId;
use crate::providers::azure::forms;
use crate::providers::azure::tags::TAGS;
use crate::value::Map;

const LABEL: &str = "properties.dnsSettings.domainNameLabel";

/// Table of `public_ip`.
pub static KIND: Kind = Kind {
    name: "public_ip",
    about: "Public IP address. A deleted address cannot be recovered: keep one that users know in a permanent \
     resource group.",
    type_: KindType { name: "Microsoft.Network/publicIPAddresses", version: "2025-09-01" },
    names: NameRule::NETWORK,
    args: &[
        RESOURCE_GROUP,
        arg(
            "allocation_method",
            Ty::Enum(&["Static", "Dynamic"]),
            "properties.publicIPAllocationMethod",
            "Allocation of the address. `Static` keeps it while unused, and is the only method of SKU `Standard`.",
        )
        .filled(Lit::Str("Static"))
        .required(),
        arg(
            "sku",
            Ty::Enum(&["Basic", "Standard", "StandardV2"]),
            "sku.name",
            "SKU of the address. Azure creates no address of SKU `Basic` any more.",
        )
        .filled(Lit::Str("Standard"))
        .default(Lit::Str("Standard"))
        .replace(),
        arg(
            "sku_tier",
            Ty::Enum(&["Regional", "Global"]),
            "sku.tier",
            "Tier: `Regional`, or `Global` for a load balancer of several regions.",
        )
        .default(Lit::Str("Regional"))
        .replace(),
        arg(
            "zones",
            Ty::Set(&Ty::String),
            "zones",
            "Availability zones of the address. With several, it survives the loss of one.",
        )
        .form(&forms::ZONE)
        .replace(),
        arg("ip_version", Ty::Enum(&["IPv4", "IPv6"]), "properties.publicIPAddressVersion", "IP version.")
            .default(Lit::Str("IPv4"))
            .replace(),
        arg(
            "domain_name_label",
            Ty::String,
            LABEL,
            "First label of the DNS name, unique in the region. Required for an endpoint of Traffic Manager.",
        ),
        arg("reverse_fqdn", Ty::String, "properties.dnsSettings.reverseFqdn", "Name for reverse DNS lookups.")
            .form(&form::network::REVERSE_NAME),
        arg(
            "idle_timeout_in_minutes",
            Ty::Integer(4, 30),
            "properties.idleTimeoutInMinutes",
            "Idle timeout of connections, in minutes.",
        )
        .default(Lit::Int(4)),
        arg(
            "ddos_protection_mode",
            Ty::Enum(&["Disabled", "Enabled", "VirtualNetworkInherited"]),
            "properties.ddosSettings.protectionMode",
            "DDoS protection: by a plan of its own, by the network's plan, or none.",
        )
        .default(Lit::Str("VirtualNetworkInherited")),
        arg(
            "ddos_protection_plan",
            Ty::Ref(&[]),
            "properties.ddosSettings.ddosProtectionPlan.id",
            "DDoS protection plan, for `ddos_protection_mode = \"Enabled\"`.",
        ),
        arg(
            "public_ip_prefix",
            Ty::Ref(&[]),
            "properties.publicIPPrefix.id",
            "Public IP prefix to take the address from.",
        )
        .replace(),
        TAGS,
    ],
    attributes: &[
        attribute("ip_address", "properties.ipAddress", FakeValue::PublicIp, "IP address."),
        named("fqdn", "{domain_name_label}.{location}.cloudapp.azure.com", "DNS name. Requires `domain_name_label`."),
    ],
    drill: Drill { copying: DrillCopy::Along, rewrites: Some(rehearsed), fence: Fence::Opens },
    durations: Durations { create: 4, update: 4, delete: 12 },
    answers: AnswerStyle::AsyncBody,
    in_use: "PublicIPAddressCannotBeDeleted",
    odd: Overrides { check: Some(check), ..Overrides::NONE },
    uncovered: &[
        "extendedLocation",
        "properties.ddosSettings.ddosCustomPolicy",
        "properties.deleteOption",
        "properties.dnsSettings.domainNameLabelScope",
        "properties.ipTags",
        "properties.linkedPublicIPAddress.id",
        "properties.migrationPhase",
        "properties.natGateway.id",
        "properties.servicePublicIPAddress.id",
    ],
    simulated: SimulatedBehaviour {
        admit: Some(admit),
        settle: Some(settle),
        hosts: Some(hosts),
        leads: Some(leads),
        accepts: &[
            "extendedLocation",
            "properties.deleteOption",
            "properties.dnsSettings.domainNameLabelScope",
            "properties.dnsSettings.fqdn",
            "properties.ipTags",
        ],
        ..SimulatedBehaviour::NONE
    },
    // Source of the code: Azure's error for a label that another address of the region has.
    apart: &[Exclusive::public("DnsRecordInUse", &["domain_name_label"], ExclusiveWithin::Region)],
    combinations: &[Combination::new(
        "DdosProtectionPlanNotAllowed",
        &[("ddos_protection_plan", Test::Set), ("ddos_protection_mode", Test::Not(&[Lit::Str("Enabled")]))],
        "a DDoS protection plan needs `ddos_protection_mode = \"Enabled\"`",
        "Set the mode, or remove `ddos_protection_plan`.",
    )],
    example: r#"
resource_group "example" {
  site = site.east
}

public_ip "example" {
  resource_group    = resource_group.example
  allocation_method = "Static"
  domain_name_label = "drplan-example"
}
"#,
    left_out: &[
        ("domain_name_label_scope", "Azure would add a hash to the DNS name, which drplan could not know before apply"),
        ("edge_zone", "an edge zone has neither availability zones nor a paired region for recovery"),
        ("ip_tags", "available on request to Azure only"),
    ],
    ..crate::providers::azure::KIND
};

fn check(subject: &Subject<'_>, findings: &mut Vec<Finding>) {
    if let Some(label) = subject.text("domain_name_label").filter(|label| !is_label(label)) {
        findings.push(Finding {
            argument: "domain_name_label",
            summary: format!("`{label}` is not a DNS label"),
            why: String::new(),
            help: "Use 3 to 63 lower-case letters, digits and hyphens, with a letter first and no hyphen last."
                .to_owned(),
        });
    }
    if subject.text("allocation_method") == Some("Dynamic") && subject.text("sku") != Some("Basic") {
        findings.push(Finding {
            argument: "allocation_method",
            summary: "a public address of this SKU must be static".to_owned(),
            why: "Azure rejects `Dynamic` for every SKU but `Basic`, which was retired in September 2025.".to_owned(),
            help: "Set `allocation_method = \"Static\"`.".to_owned(),
        });
    }
}

fn is_label(text: &str) -> bool {
    let inner = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
    (3..=63).contains(&text.len())
        && text.starts_with(|c: char| c.is_ascii_lowercase())
        && !text.ends_with('-')
        && text.chars().all(inner)
}

fn admit(_: &dyn SimulatedWorld, id: &ObjectId, body: &Json) -> Result<(), Refusal> {
    let dynamic = path::text(body, "properties.publicIPAllocationMethod") == Some("Dynamic");
    if dynamic && path::text(body, "sku.name").is_some_and(|sku| sku != "Basic") {
        return Err(Refusal {
            status: 400,
            code: "StandardSkuPublicIPAddressesMustBeStatic",
            message: format!("Standard sku publicIp {id} must have AllocationMethod set to Static."),
        });
    }
    Ok(())
}

fn settle(cloud: &mut dyn SimulatedWorld, id: &ObjectId) {
    let Some(body) = cloud.get_mut(id) else { return };
    let name = match (path::text(body, LABEL), path::text(body, "location")) {
        (Some(label), Some(region)) => format!("{label}.{region}.cloudapp.azure.com"),
        _ => return,
    };
    path::put(body, "properties.dnsSettings.fqdn", Json::from(name));
}

/// A drill changes the DNS name, because users know the original's.
fn rehearsed(args: &mut Map) {
    drill::rewrite_text(args, "domain_name_label", |label| drill::suffixed(label, drill::SUFFIX, 63));
    args.remove("reverse_fqdn");
}

fn hosts(body: &Json) -> Vec<String> {
    let found = ["properties.ipAddress", "properties.dnsSettings.fqdn"].map(|at| path::text(body, at));
    found.into_iter().flatten().map(str::to_ascii_lowercase).collect()
}

/// The objects that an address is attached to.
pub(super) fn owners(cloud: &dyn SimulatedWorld, id: &ObjectId) -> Vec<ObjectId> {
    let lists = [
        ("properties.frontendIPConfigurations", "properties.publicIPAddress.id"),
        ("properties.ipConfigurations", "properties.publicIPAddress.id"),
        ("properties.publicIpAddresses", "id"),
    ];
    let has_it = |user: &ObjectId| {
        let body = cloud.get(user);
        lists.iter().any(|(list, at)| {
            let entries = body.map_or(&[][..], |body| path::items(body, list));
            entries.iter().any(|entry| path::text(entry, at).is_some_and(|to| ObjectId::new(to) == *id))
        })
    };
    cloud.users(id).into_iter().filter(has_it).collect()
}

/// Leads to the users of the address: frontends of load balancers, and network interfaces.
fn leads(cloud: &dyn SimulatedWorld, id: &ObjectId, _: &str) -> Lead {
    let answers_at = |user: &ObjectId| {
        let lists = ["properties.frontendIPConfigurations", "properties.ipConfigurations"];
        let body = cloud.get(user);
        let mut entries = lists.iter().flat_map(|list| body.map_or(&[][..], |body| path::items(body, list)));
        entries
            .any(|entry| path::text(entry, "properties.publicIPAddress.id").is_some_and(|to| ObjectId::new(to) == *id))
    };
    let users: Vec<ObjectId> = cloud.users(id).into_iter().filter(answers_at).collect();
    if users.is_empty() { Lead::Nowhere("nothing answers at this public address") } else { Lead::Objects(users) }
}
