//! Monitor of a load balancer at Cloudflare: the probe by which the health of origins is known.
//!
//! Cloudflare has no name for a monitor: the client keeps it in `description`, by which a monitor is found again.

use crate::kinds::form::PATH;
use crate::kinds::table::*;

/// Protocols without requests.
const NO_HTTP: &[Lit] = &[Lit::Str("tcp"), Lit::Str("udp_icmp"), Lit::Str("icmp_ping"), Lit::Str("smtp")];

/// Table of `cloudflare_load_balancer_monitor`.
pub(super) static KIND: Kind = Kind {
    name: "cloudflare_load_balancer_monitor",
    about: "Monitor: the probe by which a load balancer knows the health of origins.",
    type_: KindType { name: "Cloudflare/load_balancers/monitors", version: "4" },
    place: Place::Root("cloudflare:accounts/{account}/load_balancers/monitors/{name}"),
    location: Location::None,
    names: NameRule::new(1, 100, "^[A-Za-z0-9_-]+$", "letters, digits, `_` and `-`"),
    args: &[
        arg(
            "type",
            Ty::Enum(&["http", "https", "tcp", "udp_icmp", "icmp_ping", "smtp"]),
            "type",
            "Protocol of the probes.",
        )
        .default(Lit::Str("http")),
        arg("path", Ty::String, "path", "Path of the probes, with `http` and `https`.").form(&PATH),
        arg("method", Ty::String, "method", "Method of the probes, as in `GET`."),
        arg("port", Ty::Integer(0, 65_535), "port", "Port of the probes. Required with `tcp` and `udp_icmp`."),
        arg(
            "expected_codes",
            Ty::String,
            "expected_codes",
            "Status, or class of them, of a healthy answer, as in `200` or `2xx`.",
        ),
        arg("expected_body", Ty::String, "expected_body", "Text that the body of a healthy answer has."),
        arg("interval", Ty::Integer(5, 3600), "interval", "Seconds between two probes; the plan sets the least.")
            .default(Lit::Int(60)),
        arg("timeout", Ty::Integer(1, 10), "timeout", "Seconds until a probe has failed.").default(Lit::Int(5)),
        arg("retries", Ty::Integer(0, 5), "retries", "Retries of a failed probe before the origin is unhealthy.")
            .default(Lit::Int(2)),
        arg("consecutive_up", Ty::Integer(0, 100), "consecutive_up", "Successful probes until an origin is healthy."),
        arg("consecutive_down", Ty::Integer(0, 100), "consecutive_down", "Failed probes until an origin is unhealthy."),
        arg("follow_redirects", Ty::Bool, "follow_redirects", "Follow redirects.").default(Lit::Bool(false)),
        arg("allow_insecure", Ty::Bool, "allow_insecure", "Accept any certificate, with `https`.")
            .default(Lit::Bool(false)),
        arg("probe_zone", Ty::String, "probe_zone", "Zone whose settings probes follow."),
    ],
    attributes: &[
        attribute("monitor_id", "id", FakeValue::Nothing, "Id that Cloudflare gave the monitor."),
        attribute("created_on", "created_on", FakeValue::Nothing, "Time of creation."),
    ],
    drill: Drill::ALONG,
    durations: Durations { create: 1, update: 1, delete: 1 },
    in_use: "1005",
    combinations: &[
        Combination::new(
            "1004",
            &[("type", Test::Is(NO_HTTP)), ("path", Test::Set)],
            "a probe without HTTP has a `path`",
            "Remove `path`, or set `type` to `http` or `https`.",
        ),
        Combination::new(
            "1004",
            &[("type", Test::Is(&[Lit::Str("tcp"), Lit::Str("udp_icmp")])), ("port", Test::Absent)],
            "a `tcp` or `udp_icmp` probe has no `port`",
            "Set `port`.",
        ),
    ],
    terraform: Terraform {
        fixed: crate::providers::cloudflare::terraform::ACCOUNT,
        resource: "load_balancer_monitor",
        named: false,
        given_id: "ACCOUNT_ID/MONITOR_ID",
        ..Terraform::BY_RULE
    },
    example: r#"
cloudflare_load_balancer_monitor "example" {
  type           = "https"
  path           = "/healthz"
  expected_codes = "200"
  interval       = 60
}
"#,
    left_out: &[
        ("account_id", "the account of the provider block"),
        ("description", "keeps the name of the monitor, by which drplan finds it"),
        ("header", "the `header` of an origin, which its probes have as well, counts before it"),
    ],
    ..crate::providers::cloudflare::KIND
};
