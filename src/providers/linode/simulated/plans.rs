//! Plans of machines: what they have, and where there is none left.

use serde_json::{Value as Json, json};

use super::answers::Refused;
use crate::simulator::fault::Fault;
use crate::simulator::request::ErrorResponse;
use crate::simulator::world::World;

/// Plans with their disk and memory in MB and their number of processors (source: Linode's list of types).
const PLANS: &[(&str, u64, u64, u64)] = &[
    ("g6-nanode-1", 25_600, 1024, 1),
    ("g6-standard-1", 51_200, 2048, 1),
    ("g6-standard-2", 81_920, 4096, 2),
    ("g6-standard-4", 163_840, 8192, 4),
    ("g6-standard-6", 327_680, 16_384, 6),
    ("g6-standard-8", 655_360, 32_768, 8),
    ("g6-standard-16", 1_310_720, 65_536, 16),
    ("g6-standard-20", 1_966_080, 98_304, 20),
    ("g6-standard-24", 2_621_440, 131_072, 24),
    ("g6-standard-32", 3_932_160, 196_608, 32),
    ("g6-dedicated-2", 81_920, 4096, 2),
    ("g6-dedicated-4", 163_840, 8192, 4),
    ("g6-dedicated-8", 327_680, 16_384, 8),
    ("g6-dedicated-16", 655_360, 32_768, 16),
    ("g6-dedicated-32", 1_310_720, 65_536, 32),
    ("g6-dedicated-48", 1_966_080, 98_304, 48),
    ("g6-dedicated-50", 2_560_000, 131_072, 50),
    ("g6-dedicated-56", 5_120_000, 262_144, 56),
    ("g6-dedicated-64", 7_372_800, 524_288, 64),
];

/// Disk, memory and processors of a machine of a plan.
///
/// # Errors
/// A plan that does not exist.
pub(super) fn specs(plan: &str) -> Result<Json, Refused> {
    let found = PLANS.iter().find(|(name, ..)| *name == plan);
    let (_, disk, memory, vcpus) =
        found.ok_or_else(|| Refused::field("type", "A valid plan type by that ID was not found"))?;
    Ok(json!({ "disk": disk, "memory": memory, "vcpus": vcpus, "gpus": 0, "transfer": 0 }))
}

/// The error with which work ends because the region has no capacity for a plan, if it has none.
///
/// # Errors
/// The refusal of the request, where the API knows at once.
pub(super) fn capacity(world: &World, region: &str, plan: &str) -> Result<Option<ErrorResponse>, Refused> {
    let mut late = None;
    for fault in world.rest.faults.in_force() {
        let Fault::Capacity { location, size, late: is_late, instances: None | Some(0) } = fault else { continue };
        if location != region || !size.eq_ignore_ascii_case(plan) {
            continue;
        }
        let message = format!("The region {region} has no capacity for the plan {plan}");
        match is_late {
            true => late = Some(ErrorResponse::service(400, "capacity", message)),
            false => return Err(Refused::field("region", message)),
        }
    }
    Ok(late)
}

/// The plans of a region, and if it has capacity for them.
pub(super) fn available(world: &World, region: &str) -> Vec<Json> {
    let has = |plan: &str| capacity(world, region, plan).is_ok();
    PLANS.iter().map(|(plan, ..)| json!({ "region": region, "plan": plan, "available": has(plan) })).collect()
}
