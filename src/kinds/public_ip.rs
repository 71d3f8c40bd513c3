//! A public IP address, and the DNS name that goes with it.

use serde_json::Value as Json;

use super::table::*;
use super::{drill, path};
use crate::address::ArmId;
use crate::value::Map;

const LABEL: &str = "properties.dnsSettings.domainNameLabel";

/// The table.
pub static KIND: Kind = Kind {
    name: "public_ip",
    about: "A public IP address. It is lost when it is deleted: one that users know stands permanently.",
    arm: Arm { type_: "Microsoft.Network/publicIPAddresses", api: "2025-09-01" },
    names: NameRule::NETWORK,
    args: &[
        RESOURCE_GROUP,
        arg(
            "allocation_method",
            Ty::Enum(&["Static", "Dynamic"]),
            "properties.publicIPAllocationMethod",
            "Whether the address is kept while nothing uses it; the SKU `Standard` takes only `Static`.",
        )
        .required(),
        arg("sku", Ty::Enum(&["Standard", "StandardV2"]), "sku.name", "The SKU.")
            .default(Lit::Str("Standard"))
            .replace(),
        arg(
            "sku_tier",
            Ty::Enum(&["Regional", "Global"]),
            "sku.tier",
            "Whether it is for a load balancer of one region or of several.",
        )
        .default(Lit::Str("Regional"))
        .replace(),
        arg("zones", Ty::Set(&Ty::String), "zones", "The availability zones that it survives the loss of, or is in.")
            .replace(),
        arg("ip_version", Ty::Enum(&["IPv4", "IPv6"]), "properties.publicIPAddressVersion", "The version of IP.")
            .default(Lit::Str("IPv4"))
            .replace(),
        arg(
            "domain_name_label",
            Ty::String,
            LABEL,
            "The first label of its DNS name, unique in the region; Traffic Manager needs one.",
        ),
        arg(
            "reverse_fqdn",
            Ty::String,
            "properties.dnsSettings.reverseFqdn",
            "The name that a reverse lookup answers.",
        ),
        arg(
            "idle_timeout_in_minutes",
            Ty::Integer(4, 30),
            "properties.idleTimeoutInMinutes",
            "Minutes until a connection without traffic is closed.",
        )
        .default(Lit::Int(4)),
        arg(
            "ddos_protection_mode",
            Ty::Enum(&["Disabled", "Enabled", "VirtualNetworkInherited"]),
            "properties.ddosSettings.protectionMode",
            "Whether it is protected by a DDoS plan of its own, by the network's, or by none.",
        )
        .default(Lit::Str("VirtualNetworkInherited")),
        arg(
            "ddos_protection_plan",
            Ty::Ref(&[]),
            "properties.ddosSettings.ddosProtectionPlan.id",
            "The plan, for `ddos_protection_mode = \"Enabled\"`.",
        ),
        arg(
            "public_ip_prefix",
            Ty::Ref(&[]),
            "properties.publicIPPrefix.id",
            "The range of addresses of one's own that it is taken from.",
        )
        .replace(),
        TAGS,
    ],
    attributes: &[
        attribute("ip_address", "properties.ipAddress", Fake::PublicIp, "The address."),
        named(
            "fqdn",
            "{domain_name_label}.{location}.cloudapp.azure.com",
            "The DNS name, where there is a `domain_name_label`.",
        ),
    ],
    drill: Drill { copying: Copying::Along, rewrites: Some(rehearsed), fence: Fence::Opens },
    durations: Durations { create: 4, update: 4, delete: 12 },
    answers: Answers::AsyncBody,
    in_use: "PublicIPAddressCannotBeDeleted",
    odd: Odd { check: Some(check), ..Odd::NONE },
    simulated: Simulated {
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
        ..Simulated::NONE
    },
    recovery: Recovery { dns_labels: &["domain_name_label"], ..Recovery::NONE },
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
        ("domain_name_label_scope", "Azure would put a hash into the DNS name, which could not be known before apply"),
        ("edge_zone", "an edge zone has neither availability zones nor a pair to recover in"),
        ("ip_tags", "what Azure hands out on request only"),
    ],
    ..Kind::EMPTY
};

fn check(subject: &Subject<'_>, findings: &mut Vec<Finding>) {
    if let Some(label) = subject.text("domain_name_label").filter(|label| !is_label(label)) {
        findings.push(Finding {
            argument: "domain_name_label",
            summary: format!("`{label}` is no DNS label"),
            why: String::new(),
            help: "Write 3 to 63 lower-case letters, digits and hyphens, the first a letter, the last no hyphen."
                .to_owned(),
        });
    }
    if subject.text("allocation_method") == Some("Dynamic") {
        findings.push(Finding {
            argument: "allocation_method",
            summary: "a public address of this SKU is static".to_owned(),
            why: "Azure refuses `Dynamic` for every SKU but `Basic`, which was retired in September 2025.".to_owned(),
            help: "Write `allocation_method = \"Static\"`.".to_owned(),
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

fn admit(_: &dyn Cloudlet, id: &ArmId, body: &Json) -> Result<(), Refusal> {
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

fn settle(cloud: &mut dyn Cloudlet, id: &ArmId) {
    let Some(body) = cloud.get_mut(id) else { return };
    let name = match (path::text(body, LABEL), path::text(body, "location")) {
        (Some(label), Some(region)) => format!("{label}.{region}.cloudapp.azure.com"),
        _ => return,
    };
    path::put(body, "properties.dnsSettings.fqdn", Json::from(name));
}

/// In a drill it has another DNS name: that of the address itself is what users know.
fn rehearsed(args: &mut Map) {
    drill::rewrite_text(args, "domain_name_label", |label| drill::suffixed(label, drill::SUFFIX, 63));
    args.remove("reverse_fqdn");
}

fn hosts(body: &Json) -> Vec<String> {
    let found = ["properties.ipAddress", "properties.dnsSettings.fqdn"].map(|at| path::text(body, at));
    found.into_iter().flatten().map(str::to_ascii_lowercase).collect()
}

/// To whatever has it as its address: frontends of load balancers, and network interfaces.
fn leads(cloud: &dyn Cloudlet, id: &ArmId) -> Leads {
    let answers_at = |user: &ArmId| {
        let lists = ["properties.frontendIPConfigurations", "properties.ipConfigurations"];
        let body = cloud.get(user);
        let mut entries = lists.iter().flat_map(|list| body.map_or(&[][..], |body| path::items(body, list)));
        entries.any(|entry| path::text(entry, "properties.publicIPAddress.id").is_some_and(|to| ArmId::new(to) == *id))
    };
    let users: Vec<ArmId> = cloud.users(id).into_iter().filter(answers_at).collect();
    if users.is_empty() { Leads::Nowhere("nothing answers at this public address") } else { Leads::Objects(users) }
}
