//! Health probe of a load balancer: selects the machines that receive connections.

use crate::kinds::table::*;
use crate::providers::azure::kinds::network::lb::IN_USE;

/// Table of `lb_probe`.
pub static KIND: Kind = Kind {
    name: "lb_probe",
    about: "Health probe of a load balancer: selects the machines that receive connections.",
    type_: KindType { name: "Microsoft.Network/loadBalancers/probes", version: "2025-09-01" },
    place: Place::Part("loadbalancer", "properties.probes", "probes", "name"),
    location: Location::None,
    names: NameRule::NETWORK,
    args: &[
        place("loadbalancer", &["lb"], "Load balancer of the probe."),
        arg(
            "protocol",
            Ty::Enum(&["Tcp", "Http", "Https"]),
            "properties.protocol",
            "Protocol: `Tcp` succeeds on a connection, `Http` and `Https` on status 200.",
        )
        .default(Lit::Str("Tcp")),
        arg("port", Ty::Integer(1, 65535), "properties.port", "Port to probe.").required(),
        arg("request_path", Ty::String, "properties.requestPath", "Path to request. Required with `Http` and `Https`.")
            .form(&form::PATH),
        arg(
            "interval_in_seconds",
            Ty::Integer(5, 2_147_483_646),
            "properties.intervalInSeconds",
            "Seconds between two probes.",
        )
        .default(Lit::Int(15)),
        arg(
            "number_of_probes",
            Ty::Integer(1, 2_147_483_647),
            "properties.numberOfProbes",
            "Number of failed probes after which a machine is unhealthy.",
        )
        .default(Lit::Int(2)),
        arg(
            "probe_threshold",
            Ty::Integer(1, 100),
            "properties.probeThreshold",
            "Number of consecutive equal results that change a machine's health.",
        )
        .default(Lit::Int(1)),
    ],
    drill: Drill::ALONG,
    durations: Durations { create: 4, update: 4, delete: 4 },
    answers: AnswerStyle::AsyncBody,
    serial: Serial::Root,
    in_use: IN_USE,
    odd: Overrides { check: Some(check), ..Overrides::NONE },
    uncovered: &["properties.noHealthyBackendsBehavior"],
    adoption: Adoption {
        chosen: &[("properties.noHealthyBackendsBehavior", Lit::Str("AllProbedDown"))],
        ..Adoption::BY_TABLE
    },
    example: r#"
resource_group "example" {
  site = site.east
}

public_ip "example" {
  resource_group    = resource_group.example
  allocation_method = "Static"
}

lb "example" {
  resource_group = resource_group.example

  frontend_ip_configuration {
    name              = "front"
    public_ip_address = public_ip.example
  }
}

lb_probe "example" {
  loadbalancer = lb.example
  protocol     = "Https"
  port         = 443
  request_path = "/healthz"
}
"#,
    ..crate::providers::azure::KIND
};

fn check(subject: &Subject<'_>, findings: &mut Vec<Finding>) {
    let tcp = subject.text("protocol").is_none_or(|protocol| protocol == "Tcp");
    if tcp == subject.args.contains_key("request_path") {
        findings.push(Finding {
            argument: "request_path",
            summary: if tcp { "a `Tcp` probe has no `request_path`" } else { "an HTTP probe needs a `request_path`" }
                .to_owned(),
            why: String::new(),
            help: "Set `request_path` with the protocols `Http` and `Https` only.".to_owned(),
        });
    }
}
