//! Network security group: rules for the traffic of a subnet or network interface.

use crate::providers::azure::forms;
use std::collections::BTreeMap;
use std::sync::Arc;

use serde_json::{Value as Json, json};

use crate::kinds::path;
use crate::kinds::table::*;
use crate::object::ObjectId;
use crate::providers::azure::tags::TAGS;
use crate::value::{Map, Value};

static SECURITY_RULE: Block = Block::many(
    "name",
    &[
        arg("name", Ty::String, "name", "Name of the rule.").form(&forms::network::NAME).required(),
        arg("description", Ty::String, "properties.description", "Description of the rule.").form(&forms::SHORT_TEXT),
        arg(
            "priority",
            Ty::Integer(100, 4096),
            "properties.priority",
            "Priority among the rules of one direction, from 100 to 4096. Lower numbers come first, and the \
             first matching rule applies.",
        )
        .required(),
        arg("direction", Ty::Enum(&["Inbound", "Outbound"]), "properties.direction", "Direction of the traffic.")
            .required(),
        arg("access", Ty::Enum(&["Allow", "Deny"]), "properties.access", "Action for matching traffic.").required(),
        arg(
            "protocol",
            Ty::Enum(&["Tcp", "Udp", "Icmp", "Esp", "Ah", "*"]),
            "properties.protocol",
            "Network protocol. `*` matches all.",
        )
        .required(),
        arg(
            "source_port_range",
            Ty::String,
            "properties.sourcePortRange",
            "Source port, a range such as `1024-65535`, or `*`.",
        )
        .form(&forms::network::PORTS),
        arg(
            "source_port_ranges",
            Ty::Set(&Ty::String),
            "properties.sourcePortRanges",
            "Source ports or ranges. Use instead of `source_port_range`.",
        )
        .form(&forms::network::PORTS),
        arg(
            "destination_port_range",
            Ty::String,
            "properties.destinationPortRange",
            "Destination port, a range, or `*`.",
        )
        .form(&forms::network::PORTS),
        arg(
            "destination_port_ranges",
            Ty::Set(&Ty::String),
            "properties.destinationPortRanges",
            "Destination ports or ranges. Use instead of `destination_port_range`.",
        )
        .form(&forms::network::PORTS),
        arg(
            "source_address_prefix",
            Ty::String,
            "properties.sourceAddressPrefix",
            "Source address range, `*`, or a service tag such as `Internet`.",
        )
        .form(&forms::network::PREFIX)
        .any_case(),
        arg(
            "source_address_prefixes",
            Ty::Set(&Ty::String),
            "properties.sourceAddressPrefixes",
            "Source address ranges. Use instead of `source_address_prefix`.",
        )
        .form(&forms::network::PREFIX)
        .any_case(),
        arg(
            "source_application_security_groups",
            Ty::Set(&Ty::Ref(&[])),
            "properties.sourceApplicationSecurityGroups[].id",
            "Application security groups of the source.",
        ),
        arg(
            "destination_address_prefix",
            Ty::String,
            "properties.destinationAddressPrefix",
            "Destination address range, `*`, or a service tag.",
        )
        .form(&forms::network::PREFIX)
        .any_case(),
        arg(
            "destination_address_prefixes",
            Ty::Set(&Ty::String),
            "properties.destinationAddressPrefixes",
            "Destination address ranges. Use instead of `destination_address_prefix`.",
        )
        .form(&forms::network::PREFIX)
        .any_case(),
        arg(
            "destination_application_security_groups",
            Ty::Set(&Ty::Ref(&[])),
            "properties.destinationApplicationSecurityGroups[].id",
            "Application security groups of the destination.",
        ),
    ],
);

/// Table of `network_security_group`.
pub static KIND: Kind = Kind {
    name: "network_security_group",
    about: "Network security group: rules for the traffic of a subnet or network interface.",
    type_: KindType { name: "Microsoft.Network/networkSecurityGroups", version: "2025-09-01" },
    names: NameRule::NETWORK,
    args: &[
        RESOURCE_GROUP,
        arg(
            "security_rule",
            Ty::Block(&SECURITY_RULE),
            "properties.securityRules",
            "Security rule. Azure's default rules come last: they allow traffic within the network and deny \
             inbound traffic from the internet.",
        )
        .default(Lit::EmptyList),
        TAGS,
    ],
    drill: Drill { copying: DrillCopy::Along, rewrites: Some(rehearsed), fence: Fence::Holds },
    durations: Durations { create: 4, update: 4, delete: 10 },
    answers: AnswerStyle::AsyncBody,
    in_use: "InUseNetworkSecurityGroupCannotBeDeleted",
    odd: Overrides { check: Some(check), ..Overrides::NONE },
    uncovered: &["properties.flushConnection"],
    simulated: SimulatedBehaviour {
        admit: Some(admit),
        settle: Some(settle),
        accepts: &["properties.flushConnection"],
        elements: &[("properties.securityRules", "securityRules")],
        ..SimulatedBehaviour::NONE
    },
    terraform: Terraform {
        parts: &[("network_security_rule", "security_rule")],
        sets: &["security_rule"],
        ..Terraform::BY_RULE
    },
    example: r#"
resource_group "example" {
  site = site.east
}

network_security_group "example" {
  resource_group = resource_group.example

  security_rule {
    name                       = "https"
    priority                   = 100
    direction                  = "Inbound"
    access                     = "Allow"
    protocol                   = "Tcp"
    source_port_range          = "*"
    destination_port_range     = "443"
    source_address_prefix      = "Internet"
    destination_address_prefix = "*"
  }
}
"#,
    ..crate::providers::azure::KIND
};

fn check(subject: &Subject<'_>, findings: &mut Vec<Finding>) {
    let rules = subject.args.get("security_rule").and_then(Json::as_array).map_or(&[][..], Vec::as_slice);
    let mut taken = BTreeMap::new();
    for rule in rules {
        let text = |argument: &str| rule.get(argument).and_then(Json::as_str).unwrap_or_default();
        let name = text("name");
        for (one, several) in [
            ("source_port_range", "source_port_ranges"),
            ("destination_port_range", "destination_port_ranges"),
            ("source_address_prefix", "source_address_prefixes"),
            ("destination_address_prefix", "destination_address_prefixes"),
        ] {
            // Addresses may be unknown until apply. Ports are always known, so only ports can be reported as missing.
            let (has_one, has_several) = (rule.get(one).is_some(), rule.get(several).is_some());
            if has_one == has_several && (has_one || one.ends_with("port_range")) {
                findings.push(Finding {
                    argument: "security_rule",
                    summary: format!("the rule `{name}` must have exactly one of `{one}` and `{several}`"),
                    why: String::new(),
                    help: format!("Set one of them. `{one} = \"*\"` matches all."),
                });
            }
        }
        let Some(priority) = rule.get("priority").and_then(Json::as_i64) else { continue };
        if let Some(other) = taken.insert((text("direction"), priority), name) {
            findings.push(Finding {
                argument: "security_rule",
                summary: format!("the rules `{other}` and `{name}` have the same direction and priority: {priority}"),
                why: "Azure rejects two rules with one direction and priority, because their order would be undefined."
                    .to_owned(),
                help: "Give each rule of a direction its own `priority`.".to_owned(),
            });
        }
    }
}

/// Azure's default rules: name, priority, direction, access, source and destination.
const DEFAULT_RULES: &[(&str, i64, &str, &str, &str, &str)] = &[
    ("AllowVnetInBound", 65_000, "Inbound", "Allow", "VirtualNetwork", "VirtualNetwork"),
    ("AllowAzureLoadBalancerInBound", 65_001, "Inbound", "Allow", "AzureLoadBalancer", "*"),
    ("DenyAllInBound", 65_500, "Inbound", "Deny", "*", "*"),
    ("AllowVnetOutBound", 65_000, "Outbound", "Allow", "VirtualNetwork", "VirtualNetwork"),
    ("AllowInternetOutBound", 65_001, "Outbound", "Allow", "*", "Internet"),
    ("DenyAllOutBound", 65_500, "Outbound", "Deny", "*", "*"),
];

/// Every group has the default rules, and each rule a state.
fn settle(cloud: &mut dyn SimulatedWorld, id: &ObjectId) {
    let rules = DEFAULT_RULES.iter().map(|(name, priority, direction, access, from, to)| {
        json!({
            "name": name,
            "id": id.child("defaultSecurityRules", name).as_str(),
            "type": "Microsoft.Network/networkSecurityGroups/defaultSecurityRules",
            "properties": {
                "provisioningState": "Succeeded", "priority": priority, "direction": direction, "access": access,
                "protocol": "*", "sourcePortRange": "*", "destinationPortRange": "*",
                "sourceAddressPrefix": from, "destinationAddressPrefix": to,
                "sourcePortRanges": [], "destinationPortRanges": [],
                "sourceAddressPrefixes": [], "destinationAddressPrefixes": [],
            },
        })
    });
    let rules = Json::Array(rules.collect());
    let Some(body) = cloud.get_mut(id) else { return };
    path::put(body, "properties.defaultSecurityRules", rules);
    path::settle_elements(body, "properties.securityRules", "Microsoft.Network/networkSecurityGroups/securityRules");
}

fn admit(_: &dyn SimulatedWorld, _: &ObjectId, body: &Json) -> Result<(), Refusal> {
    let mut taken = BTreeMap::new();
    for rule in path::items(body, "properties.securityRules") {
        let name = path::text(rule, "name").unwrap_or_default();
        let place =
            ["properties.direction", "properties.priority"].map(|at| path::borrow(rule, at).map(Json::to_string));
        if let Some(other) = taken.insert(place, name) {
            return Err(Refusal {
                status: 400,
                code: "SecurityRuleConflict",
                message: format!(
                    "Security rule {name} conflicts with rule {other}. Rules cannot have the same Priority and Direction."
                ),
            });
        }
    }
    Ok(())
}

/// A drill blocks all traffic that leaves the copies' network, whatever the stack's rules: two rules replace those
/// for outbound traffic, one that allows traffic within the network and one that denies everything else. Platform
/// traffic (DNS and metadata) is not subject to these rules.
fn rehearsed(args: &mut Map) {
    let rule = |name: &str, priority: i64, access: &str, to: &str| {
        let text = |name: &str, value: &str| (Arc::from(name), Value::from(value));
        Value::from(Map::from([
            text("name", name),
            text("description", "Drill: outbound traffic stays within the copies' network."),
            ("priority".into(), Value::from(priority)),
            text("direction", "Outbound"),
            text("access", access),
            text("protocol", "*"),
            text("source_port_range", "*"),
            text("destination_port_range", "*"),
            text("source_address_prefix", "*"),
            text("destination_address_prefix", to),
        ]))
    };
    let inbound = |rule: &&Value| match rule {
        Value::Map(rule) => rule.get("direction").and_then(Value::as_str) == Some("Inbound"),
        _ => false,
    };
    let mut rules: Vec<Value> = match args.get("security_rule") {
        Some(Value::List(rules)) => rules.iter().filter(inbound).cloned().collect(),
        _ => Vec::new(),
    };
    rules.push(rule("drill-within", 100, "Allow", "VirtualNetwork"));
    rules.push(rule("drill-deny", 101, "Deny", "*"));
    args.insert("security_rule".into(), rules.into());
}
