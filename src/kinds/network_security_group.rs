//! A network security group: which traffic may reach a subnet or a network interface.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde_json::Value as Json;

use super::path;
use super::table::*;
use crate::address::ArmId;
use crate::value::{Map, Value};

static SECURITY_RULE: Block = Block::many(
    "name",
    &[
        arg("name", Ty::String, "name", "The name of the rule.").required(),
        arg("description", Ty::String, "properties.description", "What the rule is for."),
        arg(
            "priority",
            Ty::Integer(100, 4096),
            "properties.priority",
            "Its place in the order of rules of its direction; the lowest comes first, and the first that fits decides.",
        )
        .required(),
        arg("direction", Ty::Enum(&["Inbound", "Outbound"]), "properties.direction", "Which way the traffic goes.")
            .required(),
        arg("access", Ty::Enum(&["Allow", "Deny"]), "properties.access", "What is done with the traffic.").required(),
        arg(
            "protocol",
            Ty::Enum(&["Tcp", "Udp", "Icmp", "Esp", "Ah", "*"]),
            "properties.protocol",
            "The protocol; `*` is every one.",
        )
        .required(),
        arg("source_port_range", Ty::String, "properties.sourcePortRange", "A port, a range such as `1024-65535`, or `*`."),
        arg("source_port_ranges", Ty::Set(&Ty::String), "properties.sourcePortRanges", "Several ports or ranges."),
        arg("destination_port_range", Ty::String, "properties.destinationPortRange", "A port, a range, or `*`."),
        arg("destination_port_ranges", Ty::Set(&Ty::String), "properties.destinationPortRanges", "Several ports or ranges."),
        arg(
            "source_address_prefix",
            Ty::String,
            "properties.sourceAddressPrefix",
            "An address range, `*`, or a service tag such as `Internet`.",
        ),
        arg(
            "source_address_prefixes",
            Ty::Set(&Ty::String),
            "properties.sourceAddressPrefixes",
            "Several address ranges.",
        ),
        arg(
            "source_application_security_groups",
            Ty::Set(&Ty::Ref(&[])),
            "properties.sourceApplicationSecurityGroups[].id",
            "The application security groups it comes from.",
        ),
        arg(
            "destination_address_prefix",
            Ty::String,
            "properties.destinationAddressPrefix",
            "An address range, `*`, or a service tag.",
        ),
        arg(
            "destination_address_prefixes",
            Ty::Set(&Ty::String),
            "properties.destinationAddressPrefixes",
            "Several address ranges.",
        ),
        arg(
            "destination_application_security_groups",
            Ty::Set(&Ty::Ref(&[])),
            "properties.destinationApplicationSecurityGroups[].id",
            "The application security groups it goes to.",
        ),
    ],
);

/// The table.
pub static KIND: Kind = Kind {
    name: "network_security_group",
    about: "A network security group: which traffic may reach a subnet or a network interface.",
    arm: Arm { type_: "Microsoft.Network/networkSecurityGroups", api: "2025-09-01" },
    names: NameRule::NETWORK,
    args: &[
        RESOURCE_GROUP,
        arg(
            "security_rule",
            Ty::Block(&SECURITY_RULE),
            "properties.securityRules",
            "A rule; Azure's own rules, which come last, let in what comes from the network and nothing from the internet.",
        )
        .default(Lit::EmptyList),
        TAGS,
    ],
    drill: Drill { copying: Copying::Along, rewrites: Some(rehearsed), fence: Fence::Holds },
    durations: Durations { create: 4, update: 4, delete: 10 },
    answers: Answers::AsyncBody,
    in_use: "InUseNetworkSecurityGroupCannotBeDeleted",
    odd: Odd { check: Some(check), ..Odd::NONE },
    simulated: Simulated {
        admit: Some(admit),
        accepts: &["properties.flushConnection"],
        ..Simulated::NONE
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
    ..Kind::EMPTY
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
            // Addresses may be known only after apply, ports never are: only of those can it be said that they are missing.
            let (has_one, has_several) = (rule.get(one).is_some(), rule.get(several).is_some());
            if has_one == has_several && (has_one || one.ends_with("port_range")) {
                findings.push(Finding {
                    argument: "security_rule",
                    summary: format!("the rule `{name}` needs either `{one}` or `{several}`"),
                    why: String::new(),
                    help: format!("Write one of them; `{one} = \"*\"` is everything."),
                });
            }
        }
        let Some(priority) = rule.get("priority").and_then(Json::as_i64) else { continue };
        if let Some(other) = taken.insert((text("direction"), priority), name) {
            findings.push(Finding {
                argument: "security_rule",
                summary: format!("the rules `{other}` and `{name}` have the same direction and priority: {priority}"),
                why: "Azure refuses two rules of one direction and priority, because neither would come first."
                    .to_owned(),
                help: "Give each rule of a direction its own `priority`.".to_owned(),
            });
        }
    }
}

fn admit(_: &dyn Cloudlet, _: &ArmId, body: &Json) -> Result<(), Refusal> {
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

/// In a drill nothing leaves the copies' network, whatever the rules say that are written: theirs for outbound traffic give way to one that lets
/// it go on within the network and one that denies everything else. (What the platform itself needs, DNS and metadata, is not under these rules.)
fn rehearsed(args: &mut Map) {
    let rule = |name: &str, priority: i64, access: &str, to: &str| {
        let text = |name: &str, value: &str| (Arc::from(name), Value::from(value));
        Value::from(Map::from([
            text("name", name),
            text("description", "A drill: nothing leaves the copies' network."),
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
    args.insert("security_rule".into(), Value::List(rules.into()));
}
