//! The block `default_node_pool`: the first pool of nodes, without which no cluster exists.

use crate::kinds::table::*;
use crate::providers::azure::kinds::containers::agent_pool::{pool, upgrade};

const SHARED: &[Arg] = &pool!("");

const OWN: &[Arg] = &[
    arg("name", Ty::String, "name", "Name of the pool.").form(&POOL_NAME).required(),
    arg(
        "node_count",
        Ty::Integer(0, 1000),
        "count",
        "Number of nodes. With auto scaling, the number of a new cluster.",
    )
    .kept(Kept::Chosen),
    arg(
        "only_critical_addons_enabled",
        Ty::Bool,
        "",
        "Keep the nodes for the system's own pods; others need a pool of their own.",
    )
    .wire(Wire::Odd),
    arg(
        "os_sku",
        Ty::Enum(&["AzureLinux", "AzureLinux3", "Ubuntu", "Ubuntu2204", "Ubuntu2404"]),
        "osSKU",
        "Operating system of the nodes.",
    )
    .kept(Kept::Chosen),
    arg("type", Ty::Enum(&["VirtualMachineScaleSets"]), "type", "Form of the pool.")
        .default(Lit::Str("VirtualMachineScaleSets"))
        .replace(),
    arg("upgrade_settings", Ty::Block(&UPGRADE_SETTINGS), "upgradeSettings", "Replacement of nodes in an upgrade."),
];

const UPGRADE: &[Arg] = &upgrade!();
const MAX_SURGE: &[Arg] =
    &[arg("max_surge", Ty::String, "maxSurge", "Nodes that an upgrade adds: a number, or a percentage.").required()];

static UPGRADE_SETTINGS: Block = Block::one(&concat::<{ UPGRADE.len() + MAX_SURGE.len() }>(&[MAX_SURGE, UPGRADE]));

/// The name of a pool (source: the pattern of `agentPoolProfiles[].name` in Azure's description of the type).
static POOL_NAME: Form = Form::new(
    "a name of lower-case letters and digits that starts with a letter, of at most 12 characters",
    &["system", "pool1"],
    "InvalidParameter",
    |text| {
        let is_one = text.len() <= 12
            && text.starts_with(|c: char| c.is_ascii_lowercase())
            && text.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit());
        form::unless(is_one, "is no name of a pool")
    },
);

/// The block.
pub(super) static DEFAULT_NODE_POOL: Block =
    Block::one(&concat::<{ OWN.len() + SHARED.len() }>(&[OWN, SHARED])).at_least_one();
