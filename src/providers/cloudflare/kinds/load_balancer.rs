//! Load balancer of a zone at Cloudflare: a host name that leads to pools of origins, in order.

use super::forms::{HOST_NAME, ZONE_OF};
use crate::kinds::table::*;

static ADAPTIVE_ROUTING: Block = Block::one(&[arg(
    "failover_across_pools",
    Ty::Bool,
    "failover_across_pools",
    "Retry a failed request in another pool before monitors notice the failure.",
)
.default(Lit::Bool(false))]);

static AFFINITY: Block = Block::one(&[
    arg(
        "drain_duration",
        Ty::Integer(0, 86_400),
        "drain_duration",
        "Seconds for which sessions stay with an origin that is disabled.",
    ),
    arg("headers", Ty::List(&Ty::String), "headers", "Headers that identify a session, with the affinity `header`."),
    arg(
        "require_all_headers",
        Ty::Bool,
        "require_all_headers",
        "Identify a session by all headers rather than by any.",
    ),
    arg("samesite", Ty::Enum(&["Auto", "Lax", "None", "Strict"]), "samesite", "`SameSite` of the cookie."),
    arg("secure", Ty::Enum(&["Auto", "Always", "Never"]), "secure", "`Secure` of the cookie."),
    arg(
        "zero_downtime_failover",
        Ty::Enum(&["none", "temporary", "sticky"]),
        "zero_downtime_failover",
        "Retry of a failed request at another origin of the pool.",
    ),
]);

/// Table of `cloudflare_load_balancer`.
pub(super) static KIND: Kind = Kind {
    name: "cloudflare_load_balancer",
    about: "Load balancer: a host name that leads to the first healthy pool of origins.",
    type_: KindType { name: "Cloudflare/load_balancers", version: "4" },
    place: Place::Root("cloudflare:zones/{zone}/load_balancers/{name}"),
    location: Location::None,
    names: HOST_NAME,
    args: &[
        ZONE_OF,
        arg(
            "default_pools",
            Ty::List(&Ty::Ref(&["cloudflare_load_balancer_pool"])),
            "default_pools",
            "Pools in the order of failover, with the steering policy `off`.",
        )
        .required(),
        arg(
            "fallback_pool",
            Ty::Ref(&["cloudflare_load_balancer_pool"]),
            "fallback_pool",
            "Pool for the case that no other is healthy. Its own health does not count.",
        )
        .required(),
        arg("description", Ty::String, "description", "Description, for people."),
        arg("enabled", Ty::Bool, "enabled", "Enable the load balancer.").default(Lit::Bool(true)),
        arg(
            "proxied",
            Ty::Bool,
            "proxied",
            "Answer with addresses of Cloudflare, which forwards requests to an origin.",
        )
        .default(Lit::Bool(false)),
        arg("ttl", Ty::Integer(1, 86_400), "ttl", "Time to live of answers, in seconds, if not proxied."),
        arg(
            "steering_policy",
            Ty::Enum(&[
                "off",
                "geo",
                "random",
                "dynamic_latency",
                "proximity",
                "least_outstanding_requests",
                "least_connections",
            ]),
            "steering_policy",
            "Choice among healthy pools. `off` implements active and standby.",
        ),
        arg(
            "session_affinity",
            Ty::Enum(&["none", "cookie", "ip_cookie", "header"]),
            "session_affinity",
            "Affinity of sessions to an origin.",
        )
        .default(Lit::Str("none")),
        arg(
            "session_affinity_ttl",
            Ty::Integer(30, 604_800),
            "session_affinity_ttl",
            "Lifetime of a session, in seconds.",
        ),
        arg(
            "session_affinity_attributes",
            Ty::Block(&AFFINITY),
            "session_affinity_attributes",
            "Settings of the affinity of sessions.",
        ),
        arg("adaptive_routing", Ty::Block(&ADAPTIVE_ROUTING), "adaptive_routing", "Failover between monitors' probes."),
    ],
    attributes: &[
        attribute("load_balancer_id", "id", FakeValue::Nothing, "Id that Cloudflare gave the load balancer."),
        attribute("zone_name", "zone_name", FakeValue::Nothing, "Domain of the zone."),
        attribute("created_on", "created_on", FakeValue::Nothing, "Time of creation."),
    ],
    drill: Drill::never("users resolve it to reach production"),
    durations: Durations { create: 1, update: 1, delete: 1 },
    in_use: "",
    run_moves: &["default_pools"],
    terraform: Terraform {
        lookup: Some(crate::providers::cloudflare::terraform::ZONE),
        resource: "load_balancer",
        renamed: &[("zone", "zone_id"), ("default_pools", "default_pools"), ("fallback_pool", "fallback_pool")],
        swapped: &["default_pools"],
        given_id: "ZONE_ID/LOAD_BALANCER_ID",
        ..Terraform::BY_RULE
    },
    example: r#"
cloudflare_load_balancer_pool "east" {
  origins {
    name    = "web"
    address = "192.0.2.10"
  }
}

cloudflare_load_balancer "example" {
  name          = "www.example.com"
  zone          = "example.com"
  default_pools = [cloudflare_load_balancer_pool.east]
  fallback_pool = cloudflare_load_balancer_pool.east
  proxied       = true
}
"#,
    left_out: &[
        ("country_pools", "steers by the place of users, and a failover moves all of them"),
        ("location_strategy", "steers by the place of users, and a failover moves all of them"),
        ("networks", "for private networks behind a tunnel, which no public users reach"),
        ("pop_pools", "steers by the place of users, and a failover moves all of them"),
        ("random_steering", "divides users among pools, and a failover moves all of them"),
        ("region_pools", "steers by the place of users, and a failover moves all of them"),
        ("rules", "steers single requests, and a failover moves all of them"),
    ],
    ..crate::providers::cloudflare::KIND
};
