//! Pool of nodes of a Kubernetes cluster, beside its first one.
//!
//! The cluster's body shows every pool. Azure has no partial update of a pool: drplan writes the whole object, as it
//! does with every kind.

use serde_json::{Map as JsonMap, Value as Json};

use crate::kinds::path;
use crate::kinds::table::*;
use crate::object::ObjectId;
use crate::providers::azure::ids::AzureId;
use crate::providers::azure::kinds::containers::agent_pool::{self, pool, pool_uncovered, upgrade};
use crate::providers::azure::kinds::containers::kubernetes_cluster::POOLS;

const SPOT: &[Lit] = &[Lit::Str("Spot")];
const WINDOWS: &[Lit] = &[Lit::Str("Windows")];
const ON: &[Lit] = &[Lit::Bool(true)];

static UPGRADE_SETTINGS: Block = Block::one(&concat::<{ UPGRADE.len() + SURGE.len() }>(&[SURGE, UPGRADE]));
const UPGRADE: &[Arg] = &upgrade!();
const SURGE: &[Arg] = &[
    arg("max_surge", Ty::String, "maxSurge", "Nodes that an upgrade adds: a number, or a percentage."),
    arg(
        "max_unavailable",
        Ty::String,
        "maxUnavailable",
        "Nodes that an upgrade replaces without adding others: a number, or a percentage.",
    ),
];

static WINDOWS_PROFILE: Block =
    Block::one(&[arg("outbound_nat_enabled", Ty::Bool, "", "Translate the addresses of pods that call the internet.")
        .wire(Wire::Negated("disableOutboundNat"))
        .default(Lit::Bool(true))
        .replace()]);

const SHARED: &[Arg] = &pool!("properties.");

const OWN: &[Arg] = &[
    place("kubernetes_cluster", &["kubernetes_cluster"], "Cluster of the pool."),
    arg(
        "node_count",
        Ty::Integer(0, 1000),
        "properties.count",
        "Number of nodes. If absent, a new pool has one, and an existing pool keeps its number.",
    )
    .default(Lit::Int(1))
    .kept(Kept::LeftOut),
    arg(
        "mode",
        Ty::Enum(&["System", "User"]),
        "properties.mode",
        "Pods of the pool: those of the system and others (`System`), or others only (`User`).",
    )
    .default(Lit::Str("User")),
    arg("node_taints", Ty::List(&Ty::String), "properties.nodeTaints", "Taints, as in `gpu=true:NoSchedule`."),
    arg(
        "os_sku",
        Ty::Enum(&["AzureLinux", "AzureLinux3", "Ubuntu", "Ubuntu2204", "Ubuntu2404", "Windows2019", "Windows2022"]),
        "properties.osSKU",
        "Operating system of the nodes.",
    )
    .chosen(),
    arg("os_type", Ty::Enum(&["Linux", "Windows"]), "properties.osType", "Family of operating systems.")
        .default(Lit::Str("Linux"))
        .replace(),
    arg(
        "priority",
        Ty::Enum(&["Regular", "Spot"]),
        "properties.scaleSetPriority",
        "Priority: `Regular`, or `Spot` for cheaper capacity that Azure may evict.",
    )
    .default(Lit::Str("Regular"))
    .replace(),
    arg(
        "eviction_policy",
        Ty::Enum(&["Deallocate", "Delete"]),
        "properties.scaleSetEvictionPolicy",
        "Action when Azure evicts a Spot node.",
    )
    .replace(),
    arg(
        "spot_max_price",
        Ty::Number(-1.0, 100_000.0),
        "properties.spotMaxPrice",
        "Maximum price of a Spot node, in US dollars per hour. -1: up to the regular price.",
    )
    .replace(),
    arg(
        "upgrade_settings",
        Ty::Block(&UPGRADE_SETTINGS),
        "properties.upgradeSettings",
        "Replacement of nodes in an upgrade.",
    ),
    arg("windows_profile", Ty::Block(&WINDOWS_PROFILE), "properties.windowsProfile", "Network of Windows nodes.")
        .replace(),
];

/// Table of `kubernetes_cluster_node_pool`.
pub static KIND: Kind = Kind {
    name: "kubernetes_cluster_node_pool",
    about: "Pool of nodes of a Kubernetes cluster, beside its first one.",
    type_: KindType { name: "Microsoft.ContainerService/managedClusters/agentPools", version: "2026-05-01" },
    place: Place::Child("kubernetes_cluster", "agentPools"),
    location: Location::None,
    names: NameRule::new(1, 12, "^[a-z][a-z0-9]{0,11}$", "lower-case letters and digits, and starts with a letter"),
    args: &concat::<{ OWN.len() + SHARED.len() }>(&[OWN, SHARED]),
    attributes: &[attribute(
        "node_image_version",
        "properties.nodeImageVersion",
        FakeValue::Nothing,
        "Version of the image of the nodes.",
    )],
    durations: Durations { create: 150, update: 120, delete: 180 },
    answers: AnswerStyle::AsyncBody,
    serial: Serial::Root,
    in_use: "",
    machines: Some(|subject| agent_pool::machines(&Json::Object(subject.args.clone()))),
    odd: Overrides { encode: Some(encode), decode: Some(decode), check: Some(check), ..Overrides::NONE },
    simulated: SimulatedBehaviour {
        admit: Some(admit),
        settle: Some(settle),
        removed: Some(removed),
        accepts: &[
            "properties.linuxOSConfig.sysctls.netIpv4IpLocalPortRange",
            "properties.networkProfile.nodePublicIPTags",
            "properties.powerState",
            "properties.type",
        ],
        ..SimulatedBehaviour::NONE
    },
    combinations: &[
        Combination::new(
            "BadRequest",
            &[("auto_scaling_enabled", Test::Is(ON)), ("min_count", Test::Absent)],
            "auto scaling needs `min_count`",
            "Set `min_count` and `max_count`.",
        ),
        Combination::new(
            "BadRequest",
            &[("auto_scaling_enabled", Test::Is(ON)), ("max_count", Test::Absent)],
            "auto scaling needs `max_count`",
            "Set `min_count` and `max_count`.",
        ),
        Combination::new(
            "BadRequest",
            &[("min_count", Test::Set), ("auto_scaling_enabled", Test::Not(ON))],
            "`min_count` belongs to auto scaling",
            "Set `auto_scaling_enabled = true`, or remove it.",
        ),
        Combination::new(
            "BadRequest",
            &[("min_count", Test::Set), ("auto_scaling_enabled", Test::Absent)],
            "`min_count` belongs to auto scaling",
            "Set `auto_scaling_enabled = true`, or remove it.",
        ),
        Combination::new(
            "BadRequest",
            &[("max_count", Test::Set), ("auto_scaling_enabled", Test::Not(ON))],
            "`max_count` belongs to auto scaling",
            "Set `auto_scaling_enabled = true`, or remove it.",
        ),
        Combination::new(
            "BadRequest",
            &[("max_count", Test::Set), ("auto_scaling_enabled", Test::Absent)],
            "`max_count` belongs to auto scaling",
            "Set `auto_scaling_enabled = true`, or remove it.",
        ),
        Combination::new(
            "BadRequest",
            &[("eviction_policy", Test::Set), ("priority", Test::Not(SPOT))],
            "`eviction_policy` belongs to Spot nodes",
            "Set `priority = \"Spot\"`, or remove it.",
        ),
        Combination::new(
            "BadRequest",
            &[("spot_max_price", Test::Set), ("priority", Test::Not(SPOT))],
            "`spot_max_price` belongs to Spot nodes",
            "Set `priority = \"Spot\"`, or remove it.",
        ),
        Combination::new(
            "BadRequest",
            &[("priority", Test::Is(SPOT)), ("mode", Test::Is(&[Lit::Str("System")]))],
            "Azure may evict Spot nodes, and the system's pods must run",
            "Set `mode = \"User\"`.",
        ),
        Combination::new(
            "BadRequest",
            &[("os_type", Test::Is(WINDOWS)), ("mode", Test::Is(&[Lit::Str("System")]))],
            "the system's pods run on Linux",
            "Set `mode = \"User\"`.",
        ),
        Combination::new(
            "BadRequest",
            &[("windows_profile", Test::Set), ("os_type", Test::Not(WINDOWS))],
            "`windows_profile` belongs to Windows nodes",
            "Set `os_type = \"Windows\"`, or remove it.",
        ),
        Combination::new(
            "BadRequest",
            &[("linux_os_config", Test::Set), ("os_type", Test::Is(WINDOWS))],
            "`linux_os_config` belongs to Linux nodes",
            "Set `os_type = \"Linux\"`, or remove it.",
        ),
        Combination::new(
            "BadRequest",
            &[("mode", Test::Is(&[Lit::Str("System")])), ("node_count", Test::Is(&[Lit::Int(0)]))],
            "a pool of the system has no nodes",
            "Set a `node_count` of at least 1, or `mode = \"User\"`.",
        ),
        Combination::new(
            "BadRequest",
            &[("upgrade_settings.max_surge", Test::Set), ("upgrade_settings.max_unavailable", Test::Set)],
            "`max_surge` and `max_unavailable` exclude each other",
            "Remove one of them.",
        ),
    ],
    // Source: azurerm's documentation, which rotates a pool on these changes. A pool holds no data of its own.
    transitions: &[
        rotated("vm_size"),
        rotated("os_disk_type"),
        rotated("os_disk_size_gb"),
        rotated("vnet_subnet"),
        rotated("pod_subnet"),
        rotated("max_pods"),
        rotated("kubelet_disk_type"),
        rotated("zones"),
        rotated("fips_enabled"),
        rotated("host_encryption_enabled"),
        rotated("node_public_ip_enabled"),
        rotated("ultra_ssd_enabled"),
        rotated("snapshot"),
    ],
    adoption: Adoption { is: Some(is_further), ..Adoption::BY_TABLE },
    uncovered: &pool_uncovered!("properties."),
    example: r#"
resource_group "example" {
  site = site.east
}

kubernetes_cluster "example" {
  resource_group = resource_group.example
  dns_prefix     = "example"

  default_node_pool {
    name       = "system"
    vm_size    = "Standard_D4s_v5"
    node_count = 2
  }

  identity {
    type = "SystemAssigned"
  }
}

kubernetes_cluster_node_pool "example" {
  name               = "work"
  kubernetes_cluster = kubernetes_cluster.example
  vm_size            = "Standard_D8s_v5"
  node_count         = 3
}
"#,
    left_out: &[(
        "temporary_name_for_rotation",
        "a procedure of azurerm, which replaces the pool; a stack adds another pool first",
    )],
    ..crate::providers::azure::KIND
};

/// A change that makes another pool.
const fn rotated(argument: &'static str) -> Transition {
    Transition::replace(
        "PropertyChangeNotAllowed",
        argument,
        ChangeTest::Between(&[], &[]),
        "Azure does not change it in a pool that exists.",
    )
}

fn encode(subject: &Subject<'_>, bodies: &mut [Json]) {
    let args = Json::Object(subject.args.clone());
    for pool in bodies.iter_mut().filter_map(|body| body.get_mut("properties")) {
        agent_pool::encode(&args, pool);
        path::fill(pool, "type", "VirtualMachineScaleSets");
    }
}

fn decode(answers: &[Json], args: &mut JsonMap<String, Json>) {
    if let Some(pool) = answers.first().and_then(|body| body.get("properties")) {
        agent_pool::decode(pool, args);
    }
}

fn check(subject: &Subject<'_>, findings: &mut Vec<Finding>) {
    agent_pool::check(&Json::Object(subject.args.clone()), "max_count", findings);
    let is_windows = subject.text("os_type") == Some("Windows");
    if is_windows && subject.name.len() > 6 {
        findings.push(Finding {
            argument: "os_type",
            summary: format!("the name `{}` of a pool of Windows nodes has more than 6 characters", subject.name),
            why: String::new(),
            help: "Set a shorter `name`.".to_owned(),
        });
    }
    let first = subject.with("kubernetes_cluster", |cluster| {
        cluster.args.get("default_node_pool")?.get("name")?.as_str().map(str::to_owned)
    });
    if first.flatten().as_deref() == Some(subject.name) {
        findings.push(Finding {
            argument: "kubernetes_cluster",
            summary: format!("the cluster's `default_node_pool` has the name `{}` as well", subject.name),
            why: "The two would be one pool.".to_owned(),
            help: "Set another `name`.".to_owned(),
        });
    }
}

/// True for any pool but the one that is a block of its cluster.
fn is_further(found: &CloudObject<'_>) -> bool {
    let cluster = found.id.parent().and_then(|id| found.all.get(&id));
    let first = cluster.and_then(|body| path::items(body, POOLS).first()).and_then(|pool| path::text(pool, "name"));
    !first.is_some_and(|first| first.eq_ignore_ascii_case(found.id.name()))
}

/// Refuses a pool of the system without nodes: the cluster's own pods would have no place.
fn admit(_: &dyn SimulatedWorld, id: &ObjectId, body: &Json) -> Result<(), Refusal> {
    let is_empty = path::borrow(body, "properties.count").and_then(Json::as_i64) == Some(0);
    if is_empty && path::text(body, "properties.mode") == Some("System") {
        return Err(Refusal {
            status: 400,
            code: "InvalidParameter",
            message: format!("The agent pool '{}' is of mode System and must have at least one node.", id.name()),
        });
    }
    Ok(())
}

/// Fills what Azure chooses, and shows the pool in the body of its cluster.
fn settle(cloud: &mut dyn SimulatedWorld, id: &ObjectId) {
    let Some(cluster) = id.parent() else { return };
    let version = cloud.get(&cluster).and_then(|body| path::text(body, "properties.currentKubernetesVersion"));
    let version = version.unwrap_or_default().to_owned();
    let Some(pool) = cloud.get_mut(id).and_then(|body| body.get_mut("properties")) else { return };
    agent_pool::settle(pool, &version);
    let mut shown = pool.clone();
    path::put(&mut shown, "name", Json::from(id.name()));
    let pools = cloud.get_mut(&cluster).and_then(|body| path::borrow_mut(body, POOLS)).and_then(Json::as_array_mut);
    let Some(pools) = pools else { return };
    match pools.iter_mut().find(|pool| path::text(pool, "name") == Some(id.name())) {
        Some(pool) => *pool = shown,
        None => pools.push(shown),
    }
}

fn removed(cloud: &mut dyn SimulatedWorld, id: &ObjectId, _: &Json) {
    let cluster = id.parent().and_then(|cluster| cloud.get_mut(&cluster));
    if let Some(pools) = cluster.and_then(|body| path::borrow_mut(body, POOLS)).and_then(Json::as_array_mut) {
        pools.retain(|pool| path::text(pool, "name") != Some(id.name()));
    }
}
