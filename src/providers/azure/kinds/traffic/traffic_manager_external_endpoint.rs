//! Traffic Manager endpoint outside Azure, identified by its host name or address.

use crate::kinds::table::*;
use crate::providers::azure::kinds::traffic::traffic_manager_profile::{
    ENDPOINT, ENDPOINT_APART, ENDPOINT_MOVED, ENDPOINT_MOVES, ENDPOINT_SIMULATED, ENDPOINT_TERRAFORM, MONITORED,
};

const OWN: &[Arg] = &[
    arg(
        "target",
        Ty::String,
        "properties.target",
        "Host name or address of the endpoint. It may be unreachable at creation.",
    )
    .form(&form::network::HOST_OR_ADDRESS)
    .required()
    .any_case(),
    arg(
        "endpoint_location",
        Ty::String,
        "properties.endpointLocation",
        "Azure region nearest to the endpoint. Required with `Performance` routing.",
    )
    .any_case(),
];

/// Table of `traffic_manager_external_endpoint`.
pub static KIND: Kind = Kind {
    name: "traffic_manager_external_endpoint",
    about: "Traffic Manager endpoint outside Azure, identified by its host name or address.",
    type_: KindType { name: "Microsoft.Network/trafficManagerProfiles/externalEndpoints", version: "2022-04-01" },
    place: Place::Child("profile", "externalEndpoints"),
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
    moves: Moves { target: Some("target"), ..ENDPOINT_MOVES },
    odd: Overrides { check: Some(check), ..Overrides::NONE },
    simulated: SimulatedBehaviour { accepts: &[MONITORED], ..ENDPOINT_SIMULATED },
    terraform: ENDPOINT_TERRAFORM,
    uncovered: &[
        "properties.minChildEndpoints",
        "properties.minChildEndpointsIPv4",
        "properties.minChildEndpointsIPv6",
        "properties.targetResourceId",
    ],
    example: r#"
resource_group "example" {
  site = site.west
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

traffic_manager_external_endpoint "example" {
  profile  = traffic_manager_profile.example
  target   = "standby.example.com"
  priority = 2
}
"#,
    ..crate::providers::azure::KIND
};

fn check(subject: &Subject<'_>, findings: &mut Vec<Finding>) {
    let method = subject.with("profile", |profile| profile.text("traffic_routing_method").map(str::to_owned)).flatten();
    if method.as_deref() == Some("Performance") && !subject.args.contains_key("endpoint_location") {
        findings.push(Finding {
            argument: "endpoint_location",
            summary: "`endpoint_location` is required with `Performance` routing".to_owned(),
            why: "Azure measures latency from its regions and cannot locate a host outside them.".to_owned(),
            help: "Set `endpoint_location` to the nearest region, as in \"canadaeast\".".to_owned(),
        });
    }
}
