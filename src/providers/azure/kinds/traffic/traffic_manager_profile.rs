//! Traffic Manager profile: a DNS name that leads to the endpoint for traffic.
//!
//! Endpoints are child objects of several types. This module holds the parts that they share.

use crate::providers::azure::ids::AzureId;
use serde_json::{Map as JsonMap, Value as Json, json};

use crate::kinds::path;
use crate::kinds::table::*;
use crate::object::ObjectId;
use crate::providers::azure::kinds::traffic::traffic_manager_health::{is_disabled, is_enabled, leads, serves_always};
use crate::providers::azure::tags;

const FQDN: &str = "properties.dnsConfig.fqdn";
/// Path of the healthy status codes.
pub(super) const RANGES: &str = "properties.monitorConfig.expectedStatusCodeRanges";

static CUSTOM_HEADER: Block = Block::many(
    "name",
    &[
        arg("name", Ty::String, "name", "Name of the header, as in `Host`.").required(),
        arg("value", Ty::String, "value", "Value of the header.").required(),
    ],
);

static DNS_CONFIG: Block = Block::one(&[
    arg(
        "relative_name",
        Ty::String,
        "relativeName",
        "First label of the profile's DNS name below `trafficmanager.net`.",
    )
    .form(&form::network::LABEL)
    .required()
    .replace(),
    arg(
        "ttl",
        Ty::Integer(0, 2_147_483_647),
        "ttl",
        "Time to live, in seconds: how long clients cache the answer, and the longest delay of a traffic switch.",
    )
    .required(),
])
.at_least_one();

static MONITOR_CONFIG: Block = Block::one(&[
    arg("protocol", Ty::Enum(&["HTTP", "HTTPS", "TCP"]), "protocol", "Protocol of the probes.").required(),
    arg("port", Ty::Integer(1, 65535), "port", "Port of the probes.").required(),
    arg("path", Ty::String, "path", "Path to request. Required with `HTTP` and `HTTPS`.").form(&form::PATH),
    arg(
        "interval_in_seconds",
        Ty::Integer(10, 30),
        "intervalInSeconds",
        "Seconds between two probes: 30, or 10 for fast probing.",
    )
    .default(Lit::Int(30)),
    arg(
        "timeout_in_seconds",
        Ty::Integer(5, 10),
        "timeoutInSeconds",
        "Seconds until a probe fails. At most 9 with an interval of 10.",
    )
    .default(Lit::Int(10)),
    arg(
        "tolerated_number_of_failures",
        Ty::Integer(0, 9),
        "toleratedNumberOfFailures",
        "Number of consecutive failed probes that are tolerated before an endpoint is degraded.",
    )
    .default(Lit::Int(3)),
    arg(
        "expected_status_code_ranges",
        Ty::List(&Ty::String),
        "",
        "Healthy status codes, as in `200-202`. Only 200 if absent.",
    )
    .wire(Wire::Odd),
    arg("custom_header", Ty::Block(&CUSTOM_HEADER), "customHeaders", "Header of the probes."),
])
.at_least_one();

/// Table of `traffic_manager_profile`.
pub static KIND: Kind = Kind {
    name: "traffic_manager_profile",
    about: "Traffic Manager profile: a DNS name that leads to the endpoint for traffic.",
    type_: KindType { name: "Microsoft.Network/trafficManagerProfiles", version: "2022-04-01" },
    location: Location::Global,
    names: NameRule::new(
        1,
        63,
        "^[A-Za-z0-9]([A-Za-z0-9.-]*[A-Za-z0-9])?$",
        "letters, digits, `.` and `-`, and starts and ends with a letter or digit",
    ),
    args: &[
        RESOURCE_GROUP,
        arg(
            "traffic_routing_method",
            Ty::Enum(&["Geographic", "MultiValue", "Performance", "Priority", "Subnet", "Weighted"]),
            "properties.trafficRoutingMethod",
            "Routing method. `Priority` implements active and standby.",
        )
        .required(),
        arg("dns_config", Ty::Block(&DNS_CONFIG), "properties.dnsConfig", "DNS settings of the profile."),
        arg("monitor_config", Ty::Block(&MONITOR_CONFIG), "properties.monitorConfig", "Monitoring of the endpoints."),
        arg(
            "profile_status",
            Ty::Enum(&["Enabled", "Disabled"]),
            "properties.profileStatus",
            "Status of the profile. A disabled profile answers no queries.",
        )
        .default(Lit::Str("Enabled")),
        arg("traffic_view_enabled", Ty::Bool, "", "Enable Traffic View, which shows the locations of clients.")
            .wire(Wire::Mapped("properties.trafficViewEnrollmentStatus", ENABLED))
            .default(Lit::Bool(false)),
        arg(
            "max_return",
            Ty::Integer(1, 8),
            "properties.maxReturn",
            "Maximum number of endpoints in an answer. Required with `MultiValue`.",
        ),
        tags::TAGS.tags(&tags::TRAFFIC_MANAGER),
    ],
    attributes: &[named("fqdn", "{dns_config.relative_name}.trafficmanager.net", "DNS name that users resolve.")],
    drill: Drill::never("users reach production through it"),
    restless: &[
        "properties.monitorConfig.profileMonitorStatus",
        "properties.endpoints[].properties.endpointMonitorStatus",
    ],
    durations: Durations { create: 3, update: 3, delete: 5 },
    answers: AnswerStyle::Sync,
    serial: Serial::Root,
    in_use: "",
    odd: Overrides { encode: Some(encode), decode: Some(decode), check: Some(check), ..Overrides::NONE },
    simulated: SimulatedBehaviour {
        mixes: Some("endpoints"),
        settle: Some(settle),
        hosts: Some(|profile| path::text(profile, FQDN).map(str::to_ascii_lowercase).into_iter().collect()),
        leads: Some(leads),
        accepts: &[
            "properties.allowedEndpointRecordTypes",
            "properties.dnsConfig.fqdn",
            "properties.endpoints",
            "properties.monitorConfig.expectedStatusCodeRanges",
            "properties.monitorConfig.profileMonitorStatus",
        ],
        ..SimulatedBehaviour::NONE
    },
    apart: &[Exclusive::public("Conflict", &["dns_config.relative_name"], ExclusiveWithin::Everywhere)],
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
    protocol            = "HTTPS"
    port                = 443
    path                = "/healthz"
    interval_in_seconds = 10
    timeout_in_seconds  = 5
  }
}
"#,
    ..crate::providers::azure::KIND
};

fn encode(subject: &Subject<'_>, bodies: &mut [Json]) {
    let ranges = subject.args.get("monitor_config").and_then(|monitor| monitor.get("expected_status_code_ranges"));
    let Some(ranges) = ranges.and_then(Json::as_array) else { return };
    let ranges: Json = ranges
        .iter()
        .filter_map(Json::as_str)
        .filter_map(status_range)
        .map(|(min, max)| json!({ "min": min, "max": max }))
        .collect();
    for body in bodies {
        path::put(body, RANGES, ranges.clone());
    }
}

fn decode(answers: &[Json], args: &mut JsonMap<String, Json>) {
    let ranges: Json = answers
        .iter()
        .flat_map(|body| path::items(body, RANGES))
        .filter_map(|range| Some(format!("{}-{}", range.get("min")?.as_u64()?, range.get("max")?.as_u64()?)))
        .map(Json::from)
        .collect();
    let some = ranges.as_array().is_some_and(|ranges| !ranges.is_empty());
    if let (true, Some(Json::Object(monitor))) = (some, args.get_mut("monitor_config")) {
        monitor.insert("expected_status_code_ranges".to_owned(), ranges);
    }
}

/// The bounds of `200-202`. For `200`, the same bound twice.
fn status_range(text: &str) -> Option<(u16, u16)> {
    let (min, max) = text.split_once('-').unwrap_or((text, text));
    let range = (min.trim().parse().ok()?, max.trim().parse().ok()?);
    (100 <= range.0 && range.0 <= range.1 && range.1 <= 999).then_some(range)
}

fn check(subject: &Subject<'_>, findings: &mut Vec<Finding>) {
    let mut find = |argument: &'static str, summary: &str, help: &str| {
        let (summary, help) = (summary.to_owned(), help.to_owned());
        findings.push(Finding { argument, summary, why: String::new(), help });
    };
    if let Some(method) = subject.text("traffic_routing_method")
        && (method == "MultiValue") != subject.args.contains_key("max_return")
    {
        find(
            "max_return",
            "`max_return` and the routing method `MultiValue` require each other",
            "Set both, or neither.",
        );
    }
    let Some(monitor) = subject.args.get("monitor_config") else { return };
    let tcp = path::text(monitor, "protocol") == Some("TCP");
    if tcp == monitor.get("path").is_some() {
        find(
            "monitor_config",
            if tcp { "a `TCP` probe has no `path`" } else { "an HTTP probe needs a `path`" },
            "Set `path` with the protocols `HTTP` and `HTTPS` only.",
        );
    }
    let number = |argument: &str| monitor.get(argument).and_then(Json::as_i64);
    let (interval, timeout) = (number("interval_in_seconds"), number("timeout_in_seconds"));
    if interval.is_some_and(|interval| interval != 10 && interval != 30) {
        find("monitor_config", "`interval_in_seconds` is neither 10 nor 30", "Set 30, or 10 for fast probing.");
    }
    if interval == Some(10) && timeout == Some(10) {
        find(
            "monitor_config",
            "`timeout_in_seconds` must be below the interval of 10 seconds",
            "Set `timeout_in_seconds` from 5 to 9 with an interval of 10.",
        );
    }
    let ranges = monitor.get("expected_status_code_ranges").and_then(Json::as_array);
    for range in ranges.into_iter().flatten().filter_map(Json::as_str) {
        if status_range(range).is_none_or(|(min, max)| range != format!("{min}-{max}")) {
            find(
                "monitor_config",
                &format!("`{range}` is not a range of status codes"),
                "Write the first and the last code, as in `200-202`.",
            );
        }
    }
}

fn settle(cloud: &mut dyn SimulatedWorld, id: &ObjectId) {
    let Some(body) = cloud.get_mut(id) else { return };
    if let Some(label) = path::text(body, "properties.dnsConfig.relativeName") {
        let name = format!("{label}.trafficmanager.net");
        path::put(body, FQDN, Json::from(name));
    }
    for endpoint in cloud.below(id) {
        show_status(cloud, &endpoint, id);
    }
    show_endpoints(cloud, id);
}

/// Shows the endpoints of a simulated profile in its body, and the health that follows from theirs.
pub(super) fn show_endpoints(cloud: &mut dyn SimulatedWorld, profile: &ObjectId) {
    let endpoints: Vec<Json> = cloud.below(profile).iter().filter_map(|id| cloud.get(id)).cloned().collect();
    let Some(body) = cloud.get_mut(profile) else { return };
    let any = |status: &str| endpoints.iter().any(|endpoint| path::text(endpoint, MONITORED) == Some(status));
    let status = match path::text(body, "properties.profileStatus") {
        Some("Disabled") => "Disabled",
        _ if any("Degraded") => "Degraded",
        _ if any("Online") || any("Unmonitored") => "Online",
        _ if any("CheckingEndpoint") => "CheckingEndpoints",
        _ => "Inactive",
    };
    path::put(body, "properties.monitorConfig.profileMonitorStatus", Json::from(status));
    path::put(body, "properties.endpoints", Json::Array(endpoints));
}

/// Path of an endpoint's health in its body.
pub(super) const MONITORED: &str = "properties.endpointMonitorStatus";
/// Path of an endpoint's priority.
pub(super) const PRIORITY: &str = "properties.priority";

static ENDPOINT_SUBNET: Block = Block::many(
    "first",
    &[
        arg("first", Ty::Ip, "first", "First address of the range.").required(),
        arg("last", Ty::Ip, "last", "Last address of the range."),
        arg("scope", Ty::Integer(0, 32), "scope", "Prefix length of the range, instead of `last`."),
    ],
);

/// Arguments of endpoints of every type.
pub(super) const ENDPOINT: &[Arg] = &[
    place("profile", &["traffic_manager_profile"], "Traffic Manager profile of the endpoint."),
    arg("enabled", Ty::Bool, "", "Enable the endpoint for traffic.")
        .wire(Wire::Mapped("properties.endpointStatus", ENABLED))
        .default(Lit::Bool(true)),
    arg(
        "priority",
        Ty::Integer(1, 1000),
        PRIORITY,
        "Priority with `Priority` routing, unique in the profile: the healthy endpoint with the lowest \
         number receives all traffic.",
    ),
    arg("weight", Ty::Integer(1, 1000), "properties.weight", "Weight: share of traffic, with `Weighted` routing.")
        .default(Lit::Int(1)),
    arg("always_serve_enabled", Ty::Bool, "", "Send traffic to the endpoint without probing it.")
        .wire(Wire::Mapped("properties.alwaysServe", ENABLED))
        .default(Lit::Bool(false)),
    arg(
        "geo_mappings",
        Ty::List(&Ty::String),
        "properties.geoMapping",
        "Codes of the regions that the endpoint serves, with `Geographic` routing, as in `CA` or `WORLD`.",
    ),
    arg("custom_header", Ty::Block(&CUSTOM_HEADER), "properties.customHeaders", "Header of the endpoint's probes.")
        .default(Lit::EmptyList),
    arg(
        "subnet",
        Ty::Block(&ENDPOINT_SUBNET),
        "properties.subnets",
        "Client address range that the endpoint serves, with `Subnet` routing.",
    )
    .default(Lit::EmptyList)
    .replace(),
];

/// Values of an endpoint that no other endpoint of the profile has.
pub(super) const ENDPOINT_APART: &[Exclusive] = &[
    Exclusive::among_siblings("BadRequest", "priority", "priorities of a profile", &["priority"]),
    Exclusive::among_siblings("BadRequest", "region in `geo_mappings`", "regions of a profile", &["geo_mappings"]),
];

/// Arguments of an endpoint that a failover run changes.
pub(super) const ENDPOINT_MOVED: &[&str] = &["enabled", "priority", "weight"];

/// A disabled endpoint is in no answer, healthy or not. Clients cache an answer for the profile's time to live.
pub(super) const ENDPOINT_MOVES: Moves = Moves {
    fence: Some(("enabled", Lit::Bool(false))),
    open: Some(("enabled", Lit::Bool(true))),
    lingers: Some(lingers),
    front: Some(&crate::providers::azure::kinds::traffic::traffic_manager_health::FRONT),
    ..Moves::NONE
};

fn lingers(endpoint: &Subject<'_>) -> u32 {
    let ttl =
        |profile: &Subject<'_>| profile.args.get("dns_config").and_then(|dns| dns.get("ttl")).and_then(Json::as_u64);
    endpoint.with("profile", ttl).flatten().and_then(|ttl| ttl.try_into().ok()).unwrap_or(0)
}

/// azurerm writes the type of an endpoint in an id with a capital letter, and accepts no other form.
pub(super) const ENDPOINT_TERRAFORM: Terraform = Terraform {
    imported: Some(|ids, _| {
        let capital = |id: &str| id.replace("/azureE", "/AzureE").replace("/externalE", "/ExternalE");
        ids.iter().map(|id| capital(id.as_str())).collect()
    }),
    ..Terraform::BY_RULE
};

/// Simulation of endpoints of every type.
pub(super) const ENDPOINT_SIMULATED: SimulatedBehaviour = SimulatedBehaviour {
    admit: Some(admit_endpoint),
    settle: Some(settle_endpoint),
    removed: Some(endpoint_removed),
    watched: Some(crate::providers::azure::kinds::traffic::traffic_manager_health::WATCHED),
    ..SimulatedBehaviour::NONE
};

fn admit_endpoint(cloud: &dyn SimulatedWorld, id: &ObjectId, body: &Json) -> Result<(), Refusal> {
    let refused = |message| Err(Refusal { status: 400, code: "BadRequest", message });
    let target = path::text(body, "properties.targetResourceId").map(ObjectId::new).filter(is_public_address);
    if let Some(address) = target.and_then(|target| cloud.get(&target))
        && path::text(address, "properties.dnsSettings.domainNameLabel").is_none()
    {
        return refused(format!("The target resource of endpoint '{}' must have a DNS name.", id.name()));
    }
    let (Some(profile), Some(priority)) = (id.parent(), path::borrow(body, PRIORITY)) else { return Ok(()) };
    let same = |other: &ObjectId| {
        other != id && cloud.get(other).and_then(|body| path::borrow(body, PRIORITY)) == Some(priority)
    };
    match cloud.below(&profile).iter().find(|other| same(other)) {
        Some(other) => {
            refused(format!("The endpoints '{}' and '{}' have the same priority: {priority}.", other.name(), id.name()))
        }
        None => Ok(()),
    }
}

fn is_public_address(id: &ObjectId) -> bool {
    id.arm_type().is_some_and(|type_| type_.eq_ignore_ascii_case("Microsoft.Network/publicIPAddresses"))
}

fn settle_endpoint(cloud: &mut dyn SimulatedWorld, id: &ObjectId) {
    if let Some(body) = cloud.get_mut(id) {
        path::fill(body, "properties.endpointStatus", "Enabled");
    }
    let Some(profile) = id.parent() else { return };
    let highest =
        cloud.below(&profile).iter().filter_map(|id| cloud.get(id)?.get("properties")?.get("priority")?.as_i64()).max();
    let target = cloud
        .get(id)
        .and_then(|body| path::text(body, "properties.targetResourceId"))
        .and_then(|target| cloud.get(&ObjectId::new(target)))
        .map(|target| ["properties.dnsSettings.fqdn", "location"].map(|at| path::text(target, at).map(str::to_owned)));
    show_status(cloud, id, &profile);
    let Some(body) = cloud.get_mut(id) else { return };
    path::fill(body, PRIORITY, highest.unwrap_or(0) + 1);
    path::fill(body, "properties.weight", 1);
    if let Some([Some(name), Some(region)]) = target {
        path::put(body, "properties.target", Json::from(name));
        path::put(body, "properties.endpointLocation", Json::from(region));
    }
    show_endpoints(cloud, &profile);
}

/// Shows the health of a simulated endpoint after a write: known health stays, and a new endpoint waits for its first
/// probe.
fn show_status(cloud: &mut dyn SimulatedWorld, endpoint: &ObjectId, profile: &ObjectId) {
    let is_inactive = cloud.get(profile).is_some_and(is_disabled);
    let Some(body) = cloud.get_mut(endpoint) else { return };
    let status = match path::text(body, MONITORED) {
        _ if !is_enabled(body) => "Disabled",
        _ if is_inactive => "Inactive",
        _ if serves_always(body) => "Unmonitored",
        Some(known @ ("Online" | "Degraded")) => known,
        _ => "CheckingEndpoint",
    };
    let status = Json::from(status);
    path::put(body, MONITORED, status);
}

fn endpoint_removed(cloud: &mut dyn SimulatedWorld, id: &ObjectId, _: &Json) {
    if let Some(profile) = id.parent() {
        show_endpoints(cloud, &profile);
    }
}
