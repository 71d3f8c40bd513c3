//! Firewall rule of an Azure SQL server: a range of public addresses that may connect.

use crate::kinds::table::*;
use crate::providers::azure::kinds::databases::firewall_rule::{self, RANGE};

/// Table of `mssql_firewall_rule`.
pub static KIND: Kind = Kind {
    name: "mssql_firewall_rule",
    about: "Firewall rule of an Azure SQL server: a range of addresses that may connect. Each server has its own rules: \
     a failover does not bring them along.",
    type_: KindType { name: "Microsoft.Sql/servers/firewallRules", version: "2025-01-01" },
    place: Place::Child("server", "firewallRules"),
    location: Location::None,
    names: NameRule::new(
        1,
        128,
        r"^[^<>*%&:;\\/?]*[^<>*%&:;\\/?.]$",
        "any characters except `<>*%&:;\\/?`, and does not end with a full stop",
    ),
    args: &concat::<{ RANGE.len() + 1 }>(&[
        &[place("server", &["mssql_server"], "Server that the rule admits to.")],
        RANGE,
    ]),
    drill: firewall_rule::DRILL,
    durations: Durations { create: 3, update: 3, delete: 3 },
    link: true,
    odd: Overrides { check: Some(firewall_rule::check), ..Overrides::NONE },
    simulated: SimulatedBehaviour { admit: Some(firewall_rule::admit), ..SimulatedBehaviour::NONE },
    example: r#"
resource_group "example" {
  site = site.east
}

mssql_server "example" {
  name                         = "drplan-example"
  resource_group               = resource_group.example
  version                      = "12.0"
  administrator_login          = "operator"
  administrator_login_password = "an example, n0t a secret"
}

mssql_firewall_rule "example" {
  server           = mssql_server.example
  start_ip_address = "203.0.113.16"
  end_ip_address   = "203.0.113.31"
}
"#,
    ..crate::providers::azure::KIND
};
