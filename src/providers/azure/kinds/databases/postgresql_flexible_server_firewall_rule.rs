//! Firewall rule of a PostgreSQL flexible server: a range of public addresses that may connect.

use crate::providers::azure::ids::AzureId;
use serde_json::Value as Json;

use crate::kinds::path;
use crate::kinds::table::*;
use crate::object::ObjectId;
use crate::providers::azure::kinds::databases::firewall_rule::{self, RANGE};

/// Table of `postgresql_flexible_server_firewall_rule`.
pub static KIND: Kind = Kind {
    name: "postgresql_flexible_server_firewall_rule",
    about: "Firewall rule of a PostgreSQL flexible server: a range of addresses that may connect. A replica has rules of \
     its own: it does not take over those of its source.",
    type_: KindType { name: "Microsoft.DBforPostgreSQL/flexibleServers/firewallRules", version: "2025-08-01" },
    place: Place::Child("server", "firewallRules"),
    location: Location::None,
    names: NameRule::new(1, 128, "^[A-Za-z0-9_-]+$", "letters, digits, `-` and `_`"),
    args: &concat::<{ RANGE.len() + 1 }>(&[
        &[place("server", &["postgresql_flexible_server", "geo_replica"], "Server that the rule admits to.")],
        RANGE,
    ]),
    drill: firewall_rule::DRILL,
    durations: Durations { create: 30, update: 30, delete: 30 },
    answers: AnswerStyle::AsyncBoth,
    serial: Serial::On("server"),
    link: true,
    odd: Overrides { check: Some(check), ..Overrides::NONE },
    simulated: SimulatedBehaviour { admit: Some(admit), ..SimulatedBehaviour::NONE },
    example: r#"
resource_group "example" {
  site = site.east
}

postgresql_flexible_server "example" {
  name                   = "drplan-example"
  resource_group         = resource_group.example
  version                = "16"
  sku_name               = "GP_Standard_D2ds_v5"
  storage_mb             = 32768
  administrator_login    = "operator"
  administrator_password = "an example, n0t a secret"
}

postgresql_flexible_server_firewall_rule "example" {
  server           = postgresql_flexible_server.example
  start_ip_address = "203.0.113.16"
  end_ip_address   = "203.0.113.31"
}
"#,
    ..crate::providers::azure::KIND
};

fn check(subject: &Subject<'_>, findings: &mut Vec<Finding>) {
    firewall_rule::check(subject, findings);
    if subject.with("server", |server| server.args.contains_key("delegated_subnet")) == Some(true) {
        findings.push(Finding {
            argument: "server",
            summary: "the server is inside a network, where it has no firewall".to_owned(),
            why: "Azure rejects firewall rules for a server with a `delegated_subnet`.".to_owned(),
            help: "Remove the rule, and use security rules of the subnet.".to_owned(),
        });
    }
}

fn admit(cloud: &dyn SimulatedWorld, id: &ObjectId, body: &Json) -> Result<(), Refusal> {
    let server = id.parent().and_then(|server| cloud.get(&server));
    if server.is_some_and(|server| path::text(server, "properties.network.delegatedSubnetResourceId").is_some()) {
        return Err(Refusal {
            status: 400,
            code: "OperationNotAllowed",
            message: "Firewall rule operations cannot be requested for a private access enabled server.".to_owned(),
        });
    }
    firewall_rule::admit(cloud, id, body)
}
