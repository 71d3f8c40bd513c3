//! An endpoint of a Traffic Manager profile that is known by its host name or address only.

use super::table::*;
use super::traffic_manager_profile::{
    ENDPOINT, ENDPOINT_MOVED, ENDPOINT_MOVES, ENDPOINT_SIMULATED, ENDPOINT_TERRAFORM, MONITORED,
};

const OWN: &[Arg] = &[
    arg("target", Ty::String, "properties.target", "The host name or address; it need not answer yet.")
        .required()
        .any_case(),
    arg(
        "endpoint_location",
        Ty::String,
        "properties.endpointLocation",
        "The Azure region nearest to it, which `Performance` needs.",
    )
    .any_case(),
];

/// The table.
pub static KIND: Kind = Kind {
    name: "traffic_manager_external_endpoint",
    about: "An endpoint of a Traffic Manager profile that is known by its host name or address only.",
    arm: Arm { type_: "Microsoft.Network/trafficManagerProfiles/externalEndpoints", api: "2022-04-01" },
    place: Place::Child("profile", "externalEndpoints"),
    location: Location::None,
    args: &concat::<{ ENDPOINT.len() + OWN.len() }>(&[ENDPOINT, OWN]),
    drill: Drill::never("users come by it"),
    restless: &[MONITORED],
    durations: Durations { create: 2, update: 2, delete: 2 },
    answers: Answers::Sync,
    serial: Serial::Root,
    apart: &["priority"],
    in_use: "",
    run_moves: ENDPOINT_MOVED,
    moves: ENDPOINT_MOVES,
    odd: Odd { check: Some(check), ..Odd::NONE },
    simulated: Simulated { accepts: &[MONITORED], ..ENDPOINT_SIMULATED },
    terraform: ENDPOINT_TERRAFORM,
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
    ..Kind::EMPTY
};

fn check(subject: &Subject<'_>, findings: &mut Vec<Finding>) {
    let method = subject.with("profile", |profile| profile.text("traffic_routing_method").map(str::to_owned)).flatten();
    if method.as_deref() == Some("Performance") && !subject.args.contains_key("endpoint_location") {
        findings.push(Finding {
            argument: "endpoint_location",
            summary: "the profile routes by performance, and this endpoint does not say where it is".to_owned(),
            why: "Azure measures from its regions, and cannot place a host outside of them by itself.".to_owned(),
            help: "Write `endpoint_location = \"canadaeast\"`, with the region nearest to it.".to_owned(),
        });
    }
}
