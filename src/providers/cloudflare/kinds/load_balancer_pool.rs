//! Pool of origins of a load balancer at Cloudflare. It belongs to the account, and load balancers of any zone use it.

use crate::kinds::form::network::HOST_OR_ADDRESS;
use crate::kinds::table::*;

static HEADER: Block = Block::one(&[arg(
    "host",
    Ty::List(&Ty::String),
    "Host",
    "`Host` header of requests to the origin, and of the monitor's probes.",
)]);

static ORIGINS: Block = Block::many(
    "name",
    &[
        arg("name", Ty::String, "name", "Name of the origin, unique in the pool.").required(),
        arg("address", Ty::String, "address", "Address or host name of the origin.").required().form(&HOST_OR_ADDRESS),
        arg("enabled", Ty::Bool, "enabled", "Enable the origin for traffic.").default(Lit::Bool(true)),
        arg("flatten_cname", Ty::Bool, "flatten_cname", "Follow a `CNAME` of the address to its own addresses.")
            .default(Lit::Bool(true)),
        arg("port", Ty::Integer(0, 65_535), "port", "Port of the origin; `0` is the port of the request."),
        arg("weight", Ty::Number(0.0, 1.0), "weight", "Share of the traffic of the pool.").default(Lit::Int(1)),
        arg("header", Ty::Block(&HEADER), "header", "Headers of requests to the origin."),
    ],
)
.at_least_one();

static LOAD_SHEDDING: Block = Block::one(&[
    arg("default_percent", Ty::Number(0.0, 100.0), "default_percent", "Percentage of new traffic to shed.")
        .default(Lit::Int(0)),
    arg("default_policy", Ty::Enum(&["random", "hash"]), "default_policy", "Choice of the new traffic to shed.")
        .default(Lit::Str("random")),
    arg("session_percent", Ty::Number(0.0, 100.0), "session_percent", "Percentage of existing sessions to shed.")
        .default(Lit::Int(0)),
    arg("session_policy", Ty::Enum(&["hash"]), "session_policy", "Choice of the existing sessions to shed.")
        .default(Lit::Str("hash")),
]);

static ORIGIN_STEERING: Block = Block::one(&[arg(
    "policy",
    Ty::Enum(&["random", "hash", "least_outstanding_requests", "least_connections"]),
    "policy",
    "Choice among the origins of the pool.",
)
.default(Lit::Str("random"))]);

/// The regions from which monitors probe (source: the values of the provider's schema).
const CHECK_REGIONS: &[&str] =
    &["WNAM", "ENAM", "WEU", "EEU", "NSAM", "SSAM", "OC", "ME", "NAF", "SAF", "SAS", "SEAS", "NEAS", "ALL_REGIONS"];

/// Table of `cloudflare_load_balancer_pool`.
pub(super) static KIND: Kind = Kind {
    name: "cloudflare_load_balancer_pool",
    about: "Pool of origins of a load balancer. A disabled pool receives no users.",
    type_: KindType { name: "Cloudflare/load_balancers/pools", version: "4" },
    place: Place::Root("cloudflare:accounts/{account}/load_balancers/pools/{name}"),
    location: Location::None,
    names: NameRule::new(1, 100, "^[A-Za-z0-9_-]+$", "letters, digits, `_` and `-`"),
    args: &[
        arg("origins", Ty::Block(&ORIGINS), "origins", "Origin of the pool."),
        arg("enabled", Ty::Bool, "enabled", "Enable the pool for traffic.").default(Lit::Bool(true)),
        arg(
            "minimum_origins",
            Ty::Integer(0, 1000),
            "minimum_origins",
            "Number of healthy origins below which the pool is unhealthy.",
        )
        .default(Lit::Int(1)),
        arg(
            "monitor",
            Ty::Ref(&["cloudflare_load_balancer_monitor"]),
            "monitor",
            "Monitor that probes the origins. Without one, they count as healthy.",
        ),
        arg(
            "check_regions",
            Ty::Set(&Ty::Enum(CHECK_REGIONS)),
            "check_regions",
            "Regions from which the monitor probes.",
        ),
        arg("description", Ty::String, "description", "Description, for people."),
        arg("latitude", Ty::Number(-90.0, 90.0), "latitude", "Latitude of the pool, for steering by proximity."),
        arg("longitude", Ty::Number(-180.0, 180.0), "longitude", "Longitude of the pool, for steering by proximity."),
        arg("load_shedding", Ty::Block(&LOAD_SHEDDING), "load_shedding", "Traffic that the pool sheds."),
        arg(
            "notification_email",
            Ty::String,
            "notification_email",
            "Address for messages about the health of the pool.",
        ),
        arg("origin_steering", Ty::Block(&ORIGIN_STEERING), "origin_steering", "Choice among the origins of the pool."),
    ],
    attributes: &[
        attribute("pool_id", "id", FakeValue::Nothing, "Id that Cloudflare gave the pool."),
        attribute("created_on", "created_on", FakeValue::Nothing, "Time of creation."),
    ],
    drill: Drill::never("load balancers lead production users through it"),
    durations: Durations { create: 1, update: 1, delete: 1 },
    in_use: "1005",
    run_moves: &["enabled"],
    moves: Moves {
        fence: Some(("enabled", Lit::Bool(false))),
        open: Some(("enabled", Lit::Bool(true))),
        ..Moves::NONE
    },
    restless: &["healthy"],
    terraform: Terraform {
        fixed: crate::providers::cloudflare::terraform::ACCOUNT,
        resource: "load_balancer_pool",
        renamed: &[("monitor", "monitor")],
        swapped: &["enabled"],
        given_id: "ACCOUNT_ID/POOL_ID",
        ..Terraform::BY_RULE
    },
    example: r#"
cloudflare_load_balancer_monitor "web" {
  type           = "https"
  path           = "/healthz"
  expected_codes = "200"
}

cloudflare_load_balancer_pool "example" {
  monitor = cloudflare_load_balancer_monitor.web

  origins {
    name    = "web"
    address = "192.0.2.10"
  }
}
"#,
    left_out: &[
        ("account_id", "the account of the provider block"),
        ("monitor_group", "a group of monitors, which drplan has no kind for; use `monitor`"),
        ("notification_filter", "chooses which messages are sent, and recovery does not depend on it"),
        ("virtual_network_id", "for private networks behind a tunnel, which no public users reach"),
    ],
    ..crate::providers::cloudflare::KIND
};
