//! Traffic Manager endpoint that is an Azure resource.

use serde_json::Value as Json;

use crate::kinds::table::*;
use crate::providers::azure::kinds::traffic::traffic_manager_profile::{
    ENDPOINT, ENDPOINT_APART, ENDPOINT_MOVED, ENDPOINT_MOVES, ENDPOINT_SIMULATED, ENDPOINT_TERRAFORM, MONITORED,
};

const OWN: &[Arg] = &[arg(
    "target_resource",
    Ty::Ref(&["public_ip"]),
    "properties.targetResourceId",
    "Public IP address with a `domain_name_label`, or the ID of an app or cloud service.",
)
.required()];

/// Table of `traffic_manager_azure_endpoint`.
pub static KIND: Kind = Kind {
    name: "traffic_manager_azure_endpoint",
    about: "Traffic Manager endpoint that is an Azure resource.",
    type_: KindType { name: "Microsoft.Network/trafficManagerProfiles/azureEndpoints", version: "2022-04-01" },
    place: Place::Child("profile", "azureEndpoints"),
    location: Location::None,
    args: &concat::<{ ENDPOINT.len() + OWN.len() }>(&[ENDPOINT, OWN]),
    drill: Drill::never("users reach production through it"),
    restless: &[MONITORED],
    durations: Durations { create: 2, update: 2, delete: 2 },
    answers: AnswerStyle::Sync,
    serial: Serial::Root,
    apart: ENDPOINT_APART,
    in_use: "",
    run_moves: ENDPOINT_MOVED,
    moves: Moves { target: Some("target_resource"), ..ENDPOINT_MOVES },
    odd: Overrides { check: Some(check), ..Overrides::NONE },
    simulated: SimulatedBehaviour {
        accepts: &[MONITORED, "properties.endpointLocation", "properties.target"],
        ..ENDPOINT_SIMULATED
    },
    terraform: ENDPOINT_TERRAFORM,
    uncovered: &[
        "properties.minChildEndpoints",
        "properties.minChildEndpointsIPv4",
        "properties.minChildEndpointsIPv6",
    ],
    example: r#"
resource_group "example" {
  site = site.west
}

public_ip "example" {
  resource_group    = resource_group.example
  allocation_method = "Static"
  domain_name_label = "drplan-example"
}

traffic_manager_profile "example" {
  resource_group         = resource_group.example
  traffic_routing_method = "Priority"

  dns_config {
    relative_name = "drplan-example"
    ttl           = 30
  }

  monitor_config {
    protocol = "HTTPS"
    port     = 443
    path     = "/healthz"
  }
}

traffic_manager_azure_endpoint "example" {
  profile         = traffic_manager_profile.example
  target_resource = public_ip.example
  priority        = 1
}
"#,
    ..crate::providers::azure::KIND
};

fn check(subject: &Subject<'_>, findings: &mut Vec<Finding>) {
    let unnamed = |target: &Subject<'_>| {
        let label = target.args.get("domain_name_label").and_then(Json::as_str);
        (target.kind.arg("domain_name_label").is_some() && label.is_none()).then(|| target.address.to_string())
    };
    if let Some(Some(address)) = subject.with("target_resource", unnamed) {
        findings.push(Finding {
            argument: "target_resource",
            summary: format!("`{address}` has no DNS name"),
            why: "Traffic Manager returns names, so a public address needs one to be an endpoint.".to_owned(),
            help: format!("Set `domain_name_label` in `{address}`."),
        });
    }
}
