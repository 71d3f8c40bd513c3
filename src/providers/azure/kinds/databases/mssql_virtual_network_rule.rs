//! Virtual network rule of an Azure SQL server: a subnet that may connect, by its service endpoint.

use serde_json::Value as Json;

use crate::kinds::path;
use crate::kinds::table::*;
use crate::object::ObjectId;

const SUBNET: &str = "properties.virtualNetworkSubnetId";
const IGNORES: &str = "properties.ignoreMissingVnetServiceEndpoint";
const SERVICE: &str = "Microsoft.Sql";

/// Table of `mssql_virtual_network_rule`.
pub static KIND: Kind = Kind {
    name: "mssql_virtual_network_rule",
    about: "Virtual network rule of an Azure SQL server: a subnet whose machines may connect. Each server has its own \
     rules: a failover does not bring them along.",
    type_: KindType { name: "Microsoft.Sql/servers/virtualNetworkRules", version: "2025-01-01" },
    place: Place::Child("server", "virtualNetworkRules"),
    location: Location::None,
    names: NameRule::new(
        1,
        64,
        "^[A-Za-z]([A-Za-z0-9_-]*[A-Za-z0-9_])?$",
        "letters, digits, `-` and `_`, starts with a letter and does not end with `-`",
    ),
    args: &[
        place("server", &["mssql_server"], "Server that the rule admits to."),
        arg(
            "subnet",
            Ty::Ref(&["subnet"]),
            SUBNET,
            "Subnet of the machines, with a `service_endpoint` for `Microsoft.Sql`.",
        )
        .required(),
        arg(
            "ignore_missing_vnet_service_endpoint",
            Ty::Bool,
            IGNORES,
            "Accept a subnet that has no service endpoint yet. Until it has one, its machines cannot connect.",
        )
        .default(Lit::Bool(false)),
    ],
    drill: crate::providers::azure::kinds::databases::firewall_rule::DRILL,
    durations: Durations { create: 30, update: 30, delete: 30 },
    answers: AnswerStyle::AsyncBoth,
    serial: Serial::On("subnet"),
    link: true,
    odd: Overrides { check: Some(check), ..Overrides::NONE },
    simulated: SimulatedBehaviour { admit: Some(admit), ..SimulatedBehaviour::NONE },
    example: r#"
resource_group "example" {
  site = site.east
}

virtual_network "example" {
  resource_group = resource_group.example
  address_space  = ["10.10.0.0/16"]
}

subnet "example" {
  virtual_network  = virtual_network.example
  address_prefixes = ["10.10.1.0/24"]

  service_endpoint {
    service = "Microsoft.Sql"
  }
}

mssql_server "example" {
  name                         = "drplan-example"
  resource_group               = resource_group.example
  version                      = "12.0"
  administrator_login          = "operator"
  administrator_login_password = "an example, n0t a secret"
}

mssql_virtual_network_rule "example" {
  server = mssql_server.example
  subnet = subnet.example
}
"#,
    ..crate::providers::azure::KIND
};

fn serves(endpoint: &Json) -> bool {
    path::text(endpoint, "service").is_some_and(|service| service.eq_ignore_ascii_case(SERVICE))
}

fn check(subject: &Subject<'_>, findings: &mut Vec<Finding>) {
    let has_endpoint = subject.with("subnet", |subnet| {
        let endpoints = subnet.args.get("service_endpoint").and_then(Json::as_array);
        endpoints.is_none_or(|all| all.iter().any(|one| serves(one) || one.get("service").is_none_or(Json::is_null)))
    });
    let ignores = subject.args.get("ignore_missing_vnet_service_endpoint").and_then(Json::as_bool);
    if has_endpoint == Some(false) && ignores == Some(false) {
        findings.push(Finding {
            argument: "subnet",
            summary: format!("the subnet has no service endpoint for `{SERVICE}`"),
            why: "Azure rejects the rule, because the server would not recognise the subnet's machines.".to_owned(),
            help: format!("Add `service_endpoint {{ service = \"{SERVICE}\" }}` to the subnet."),
        });
    }
}

fn admit(cloud: &dyn SimulatedWorld, _: &ObjectId, body: &Json) -> Result<(), Refusal> {
    let Some(subnet) = path::text(body, SUBNET).map(ObjectId::new) else { return Ok(()) };
    let ignores = path::borrow(body, IGNORES).and_then(Json::as_bool) == Some(true);
    let endpoints = cloud.get(&subnet).map(|subnet| path::items(subnet, "properties.serviceEndpoints"));
    if ignores || endpoints.is_none_or(|all| all.iter().any(serves)) {
        return Ok(());
    }
    Err(Refusal {
        status: 400,
        code: "VirtualNetworkRuleBadRequest",
        message: format!(
            "Azure SQL Server Virtual Network Rule encountered an user error: Cannot proceed with operation because subnets {} of the virtual network are not provisioned with service endpoint for {SERVICE}. Add {SERVICE} to subnet's ServiceEndpoints collection before trying to ACL {SERVICE} resources to these subnets.",
            subnet.name()
        ),
    })
}
