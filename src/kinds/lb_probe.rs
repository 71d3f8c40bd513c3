//! A health probe of a load balancer: which machines may get connections.

use super::lb::IN_USE;
use super::table::*;

/// The table.
pub static KIND: Kind = Kind {
    name: "lb_probe",
    about: "A health probe of a load balancer: which machines may get connections.",
    arm: Arm { type_: "Microsoft.Network/loadBalancers/probes", api: "2025-09-01" },
    place: Place::Part("loadbalancer", "properties.probes", "probes", "name"),
    location: Location::None,
    names: NameRule::NETWORK,
    args: &[
        place("loadbalancer", &["lb"], "The load balancer it is part of."),
        arg(
            "protocol",
            Ty::Enum(&["Tcp", "Http", "Https"]),
            "properties.protocol",
            "How it asks: `Tcp` is content with a connection, the others want status 200.",
        )
        .default(Lit::Str("Tcp")),
        arg("port", Ty::Integer(1, 65535), "properties.port", "The port it asks at.").required(),
        arg("request_path", Ty::String, "properties.requestPath", "The path it asks for, with `Http` and `Https`."),
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
            "How many probes without an answer take a machine out.",
        )
        .default(Lit::Int(2)),
        arg(
            "probe_threshold",
            Ty::Integer(1, 100),
            "properties.probeThreshold",
            "How many probes of one outcome in a row change a machine's health.",
        )
        .default(Lit::Int(1)),
    ],
    drill: Drill::ALONG,
    durations: Durations { create: 4, update: 4, delete: 4 },
    answers: Answers::AsyncBody,
    serial: Serial::Root,
    in_use: IN_USE,
    odd: Odd { check: Some(check), ..Odd::NONE },
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
    ..Kind::EMPTY
};

fn check(subject: &Subject<'_>, findings: &mut Vec<Finding>) {
    let tcp = subject.text("protocol").is_none_or(|protocol| protocol == "Tcp");
    if tcp == subject.args.contains_key("request_path") {
        findings.push(Finding {
            argument: "request_path",
            summary: if tcp { "a `Tcp` probe asks for no path" } else { "an HTTP probe needs a path" }.to_owned(),
            why: String::new(),
            help: "Write `request_path` with the protocols `Http` and `Https`, and only with those.".to_owned(),
        });
    }
}
