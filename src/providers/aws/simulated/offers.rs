//! Offers of a region: its zones, types of machines, and how much of them the account may have and the region has.

use serde_json::{Value as Json, json};

use super::answers::Refused;
use super::store::{Place, text};
use super::types::{INSTANCE, RESERVATION};
use crate::providers::aws::TABLES;
use crate::simulator::fault::{Fault, alike};
use crate::simulator::request::ErrorResponse;
use crate::simulator::world::World;

/// The vCPUs that the account may run in a region. A new account may have 5.
pub(super) const VCPUS: u64 = 32;

/// The zones of each region.
const ZONES: [&str; 3] = ["a", "b", "c"];

/// The families of types, with the memory for each vCPU in MiB and their processor.
const FAMILIES: &[(&str, u64, &str)] = &[
    ("t2", 2048, "x86_64"),
    ("t3", 4096, "x86_64"),
    ("t3a", 4096, "x86_64"),
    ("t4g", 4096, "arm64"),
    ("m5", 4096, "x86_64"),
    ("m6i", 4096, "x86_64"),
    ("m6g", 4096, "arm64"),
    ("m7i", 4096, "x86_64"),
    ("m7g", 4096, "arm64"),
    ("c5", 2048, "x86_64"),
    ("c6i", 2048, "x86_64"),
    ("c6g", 2048, "arm64"),
    ("c7i", 2048, "x86_64"),
    ("c7g", 2048, "arm64"),
    ("r5", 8192, "x86_64"),
    ("r6i", 8192, "x86_64"),
    ("r6g", 8192, "arm64"),
    ("r7i", 8192, "x86_64"),
];

/// A type of machines.
#[derive(Debug, Clone)]
pub(super) struct MachineType {
    pub(super) name: String,
    pub(super) vcpus: u64,
    pub(super) memory: u64,
    pub(super) architecture: &'static str,
}

/// True for a region that AWS has.
pub(super) fn is_region(name: &str) -> bool {
    TABLES.regions.iter().any(|region| region.name == name)
}

/// The names of the zones of a region.
pub(super) fn zones(region: &str) -> impl Iterator<Item = String> {
    ZONES.iter().map(move |letter| format!("{region}{letter}"))
}

/// The id of a zone, which is the same in all accounts: `euw1-az1`.
pub(super) fn zone_id(region: &str, zone: &str) -> String {
    let number = ZONES.iter().position(|letter| zone.ends_with(letter)).unwrap_or_default() + 1;
    let mut words = region.split('-');
    let (area, direction, count) = (words.next(), words.next(), words.next());
    let short: String = match direction.unwrap_or_default() {
        "northeast" => "ne".to_owned(),
        "southeast" => "se".to_owned(),
        other => other.chars().take(1).collect(),
    };
    format!("{}{short}{}-az{number}", area.unwrap_or_default(), count.unwrap_or_default())
}

/// The zone that a request names by its name or its id, or the first.
pub(super) fn zone(region: &str, name: &str, id: &str) -> Result<String, Refused> {
    let is_it = |zone: &String| if name.is_empty() { zone_id(region, zone) == id } else { zone == name };
    if name.is_empty() && id.is_empty() {
        return Ok(format!("{region}{}", ZONES[0]));
    }
    zones(region).find(is_it).ok_or_else(|| {
        let value = if name.is_empty() { id } else { name };
        Refused::bad("InvalidParameterValue", format!("Value ({value}) for parameter availabilityZone is invalid."))
    })
}

/// A type of machines by its name: a family and a size.
pub(super) fn machine_type(name: &str) -> Option<MachineType> {
    let (family, size) = name.split_once('.')?;
    let (_, memory, architecture) = FAMILIES.iter().find(|(own, ..)| *own == family)?;
    let is_burstable = family.starts_with('t');
    let (vcpus, share) = match size {
        "nano" if is_burstable => (2, 8),
        "micro" if is_burstable => (2, 4),
        "small" if is_burstable => (2, 2),
        "medium" if is_burstable => (2, 1),
        "large" => (2, 1),
        "xlarge" => (4, 1),
        other => (other.strip_suffix("xlarge")?.parse::<u64>().ok().filter(|count| (2..=48).contains(count))? * 4, 1),
    };
    let vcpus = if family == "t2" && matches!(size, "nano" | "micro" | "small") { 1 } else { vcpus };
    let full = if is_burstable && size == "medium" { 2048 } else { *memory };
    Some(MachineType { name: name.to_owned(), vcpus, memory: full * vcpus / share.max(1), architecture })
}

/// The types that a list shows.
pub(super) fn machine_types() -> impl Iterator<Item = MachineType> {
    let sizes = ["nano", "micro", "small", "medium", "large", "xlarge", "2xlarge", "4xlarge"];
    let names = FAMILIES.iter().flat_map(move |(family, ..)| sizes.map(|size| format!("{family}.{size}")));
    names.filter_map(|name| machine_type(&name))
}

/// The type with this name.
pub(super) fn known_type(name: &str) -> Result<MachineType, Refused> {
    machine_type(name)
        .ok_or_else(|| Refused::bad("InvalidParameterValue", format!("Invalid value '{name}' for InstanceType.")))
}

/// The vCPUs that the account may run in a region.
pub(super) fn vcpu_quota(world: &World, region: &str) -> u64 {
    let quota = |fault: &Fault| match fault {
        Fault::Quota { location, cores } if location == region => Some(*cores),
        _ => None,
    };
    world.rest.faults.in_force().find_map(quota).unwrap_or(VCPUS)
}

/// Machines and reservations that count against the quota.
fn running<'w>(world: &'w World, region: &str) -> impl Iterator<Item = &'w Json> {
    let machines = Place::new(&INSTANCE, region).all(world).into_iter().map(|object| &*object.body);
    machines.filter(|body| {
        body.pointer("/State/Name").and_then(Json::as_str).is_some_and(|state| matches!(state, "pending" | "running"))
    })
}

/// Refuses machines beyond the quota of the account.
pub(super) fn quota(world: &World, region: &str, name: &str, count: u64) -> Result<(), Refused> {
    let vcpus = |name: &str| machine_type(name).map_or(0, |of| of.vcpus);
    let used: u64 = running(world, region).map(|body| vcpus(text(body, "InstanceType"))).sum();
    let reserved = Place::new(&RESERVATION, region).all(world).into_iter();
    let unused: u64 =
        reserved.map(|object| vcpus(text(&object.body, "InstanceType")) * unused(world, region, &object.body)).sum();
    let quota = vcpu_quota(world, region);
    let wanted = vcpus(name).saturating_mul(count);
    if used + unused + wanted <= quota {
        return Ok(());
    }
    let why = format!(
        "You have requested more vCPU capacity than your current vCPU limit of {quota} allows for the instance bucket \
         that the specified instance type belongs to."
    );
    Err(Refused::bad("VcpuLimitExceeded", why))
}

/// Machines that a reservation still has room for.
pub(super) fn unused(world: &World, region: &str, reservation: &Json) -> u64 {
    let fits = |body: &&Json| {
        body["InstanceType"] == reservation["InstanceType"]
            && body["AvailabilityZone"] == reservation["AvailabilityZone"]
    };
    let used = running(world, region).filter(fits).count();
    let whole = reservation["InstanceCount"].as_u64().unwrap_or_default();
    whole.saturating_sub(u64::try_from(used).unwrap_or(u64::MAX))
}

/// The error with which machines end because the region has no capacity, if it has none. A reservation has its own.
///
/// # Errors
/// The refusal of the request, where EC2 knows at once.
pub(super) fn capacity(
    world: &World,
    region: &str,
    (zone, name): (&str, &str),
    count: u64,
) -> Result<Option<ErrorResponse>, Refused> {
    let reservations = Place::new(&RESERVATION, region).all(world).into_iter().map(|object| &*object.body);
    let fits = |body: &&Json| text(body, "InstanceType") == name && text(body, "AvailabilityZone") == zone;
    if reservations.filter(fits).any(|body| unused(world, region, body) >= count) {
        return Ok(None);
    }
    let mut late = None;
    for fault in world.rest.faults.in_force() {
        let Fault::Capacity { location, size, late: is_late, instances } = fault else { continue };
        // A fault may name a zone, whose neighbours have capacity.
        if (location != region && location != zone) || !size.eq_ignore_ascii_case(name) {
            continue;
        }
        if instances.is_some_and(|left| left >= count) {
            continue;
        }
        let why = format!(
            "We currently do not have sufficient {name} capacity in the Availability Zone you requested ({zone}). Our \
             system will be working on provisioning additional capacity."
        );
        match is_late {
            true => late = Some(ErrorResponse::service(500, "Server.InsufficientInstanceCapacity", why)),
            false => return Err(Refused::new(500, "InsufficientInstanceCapacity", why)),
        }
    }
    Ok(late)
}

/// Refuses an action that the caller may not do.
pub(super) fn permitted(world: &World, action: &str) -> bool {
    !world
        .rest
        .faults
        .in_force()
        .any(|fault| matches!(fault, Fault::Forbid { action: pattern } if alike(pattern, action)))
}

/// A type of machines, as EC2 shows it.
pub(super) fn shown_type(of: &MachineType) -> Json {
    json!({
        "instanceType": of.name,
        "currentGeneration": !of.name.starts_with("t2"),
        "freeTierEligible": of.name == "t3.micro",
        "supportedUsageClasses": ["on-demand", "spot"],
        "supportedRootDeviceTypes": ["ebs"],
        "supportedVirtualizationTypes": ["hvm"],
        "bareMetal": false,
        "hypervisor": if of.name.starts_with("t2") { "xen" } else { "nitro" },
        "processorInfo": { "supportedArchitectures": [of.architecture] },
        "vCpuInfo": { "defaultVCpus": of.vcpus, "defaultCores": of.vcpus.div_ceil(2), "defaultThreadsPerCore": 2 },
        "memoryInfo": { "sizeInMiB": of.memory },
        "instanceStorageSupported": false,
        "ebsInfo": { "ebsOptimizedSupport": "default", "encryptionSupport": "supported" },
        "burstablePerformanceSupported": of.name.starts_with('t'),
    })
}
