//! Firewall of machines. It has no region.

use super::forms::{PORTS, TAGS_ARG, label};
use crate::kinds::table::*;
use crate::providers::linode::terraform::{LABEL, TAGS};

/// The most rules of a firewall (source: Linode's documentation of firewalls).
const MOST_RULES: usize = 25;

static RULE: Block = Block {
    max: MOST_RULES,
    ..Block::many(
        // The order of rules counts.
        "",
        &[
            arg("label", Ty::String, "label", "Name of the rule.").required(),
            arg("action", Ty::Enum(&["ACCEPT", "DROP"]), "action", "Treatment of traffic that the rule is for.")
                .required(),
            arg("protocol", Ty::Enum(&["TCP", "UDP", "ICMP", "IPENCAP"]), "protocol", "Protocol.").required(),
            arg("ports", Ty::String, "ports", "Ports, as in `443` or `80, 8000-8080`. Without them, all.").form(&PORTS),
            arg("ipv4", Ty::List(&Ty::Cidr), "addresses.ipv4", "IPv4 ranges at the other end."),
            arg("ipv6", Ty::List(&Ty::Cidr), "addresses.ipv6", "IPv6 ranges at the other end."),
        ],
    )
};

const POLICY: Ty = Ty::Enum(&["ACCEPT", "DROP"]);

/// Table of `linode_firewall`.
pub(super) static KIND: Kind = Kind {
    name: "linode_firewall",
    about: "Firewall, which filters the traffic of machines of any region.",
    type_: KindType { name: "Linode/firewalls", version: "4" },
    place: Place::Root("linode:firewalls/{name}"),
    location: Location::None,
    names: label(3, 32),
    args: &[
        arg("inbound_policy", POLICY, "rules.inbound_policy", "Treatment of traffic to a machine that no rule is for.")
            .required(),
        arg(
            "outbound_policy",
            POLICY,
            "rules.outbound_policy",
            "Treatment of traffic from a machine that no rule is for.",
        )
        .required(),
        arg("inbound", Ty::Block(&RULE), "rules.inbound", "Rule for traffic to a machine; the first that fits counts."),
        arg(
            "outbound",
            Ty::Block(&RULE),
            "rules.outbound",
            "Rule for traffic from a machine; the first that fits counts.",
        ),
        arg("disabled", Ty::Bool, "status", "Let all traffic pass.").default(Lit::Bool(false)).wire(Wire::Mapped(
            "status",
            &[(Lit::Bool(true), Lit::Str("disabled")), (Lit::Bool(false), Lit::Str("enabled"))],
        )),
        TAGS_ARG,
    ],
    attributes: &[attribute("firewall_id", "id", FakeValue::Nothing, "Number that Linode gave the firewall.")],
    drill: Drill::never("it is the same for every site"),
    durations: Durations { create: 2, update: 2, delete: 2 },
    in_use: "",
    restless: &["entities"],
    terraform: Terraform {
        resource: "firewall",
        renamed: &[LABEL],
        tags: TAGS,
        exported: &[("firewall_id", "id")],
        given_id: "FIREWALL_ID",
        ..Terraform::BY_RULE
    },
    example: r#"
linode_firewall "example" {
  inbound_policy  = "DROP"
  outbound_policy = "ACCEPT"

  inbound {
    label    = "https"
    action   = "ACCEPT"
    protocol = "TCP"
    ports    = "443"
    ipv4     = ["203.0.113.0/24"]
  }
}
"#,
    left_out: &[
        ("interfaces", "write `firewall` at the machine"),
        ("linodes", "write `firewall` at the machine"),
        ("nodebalancers", "drplan has no kind for them"),
    ],
    ..crate::providers::linode::KIND
};
