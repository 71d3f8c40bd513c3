//! Offers and limits of the simulated subscription: machine sizes, quotas, and the caller's permissions.
//!
//! The sizes are a sample of common families. A size that a fault refuses at once is listed as restricted, as Azure
//! lists sizes that a subscription cannot use. A size that fails late is listed as available, as in Azure.

use std::collections::BTreeMap;

use serde_json::{Value as Json, json};

use super::target::ResourcePath;
use super::{activity, images, types};
use crate::providers::azure::regions::{REGIONS, region};
use crate::ranges::{Range, hosts, is_host};
use crate::simulator::fault::Fault;
use crate::simulator::request::{ErrorResponse, Response};
use crate::simulator::world::World;

/// The lists of sizes and of usages, folded. The scope of usages contains a region.
pub(super) const SIZES: &str = "microsoft.compute/skus";
pub(super) const USAGES: &str = "microsoft.compute/locations/usages";
/// The list of permissions in a scope, folded.
pub(super) const PERMISSIONS: &str = "microsoft.authorization/permissions";

/// Families of sizes: the quota name, the name pattern, and the numbers of vCPUs.
const FAMILIES: &[(&str, &str, &[u32])] = &[
    ("standardBsv2Family", "Standard_B{}s_v2", &[2, 4, 8, 16, 32]),
    ("standardDSv3Family", "Standard_D{}s_v3", &[2, 4, 8, 16, 32, 48, 64]),
    ("standardDSv4Family", "Standard_D{}s_v4", &[2, 4, 8, 16, 32, 48, 64]),
    ("standardDDSv4Family", "Standard_D{}ds_v4", &[2, 4, 8, 16, 32, 48, 64]),
    ("standardDSv5Family", "Standard_D{}s_v5", &[2, 4, 8, 16, 32, 48, 64, 96]),
    ("standardDDSv5Family", "Standard_D{}ds_v5", &[2, 4, 8, 16, 32, 48, 64, 96]),
    ("standardDASv5Family", "Standard_D{}as_v5", &[2, 4, 8, 16, 32, 48, 64, 96]),
    ("standardESv5Family", "Standard_E{}s_v5", &[2, 4, 8, 16, 20, 32, 48, 64, 96]),
    ("standardFSv2Family", "Standard_F{}s_v2", &[2, 4, 8, 16, 32, 48, 64, 72]),
];

/// The core quota of the subscription in each region, unless a fault sets another one.
const CORES: u64 = 5_000;

/// The sizes offered in the region of a filter; without a filter, in every region.
pub(super) fn sizes(world: &World, filter: &str) -> Response {
    let asked = filter.split('\'').nth(1);
    let regions: Vec<&str> = match asked {
        Some(one) => vec![one],
        None => REGIONS.iter().map(|region| region.name).collect(),
    };
    let value: Vec<Json> = regions.into_iter().flat_map(|location| sizes_in(world, location)).collect();
    Response::json(200, &json!({ "value": value }))
}

fn sizes_in(world: &World, location: &str) -> Vec<Json> {
    let zones: &[&str] = if region(location).is_some_and(|region| region.zones) { &["1", "2", "3"] } else { &[] };
    let mut value = Vec::new();
    for (family, pattern, processors) in FAMILIES {
        for count in *processors {
            let name = pattern.replace("{}", &count.to_string());
            let refused = world.rest.faults.list().iter().any(|fault| {
                matches!(&fault.fault, Fault::Capacity { location: at, size, late: false, instances: None }
                    if at.eq_ignore_ascii_case(location) && size.eq_ignore_ascii_case(&name))
            });
            let restrictions = match refused {
                true => json!([{
                    "type": "Location", "values": [location], "restrictionInfo": { "locations": [location] },
                    "reasonCode": "NotAvailableForSubscription",
                }]),
                false => json!([]),
            };
            value.push(json!({
                "resourceType": "virtualMachines",
                "name": name,
                "family": family,
                "locations": [location],
                "locationInfo": [{ "location": location, "zones": zones }],
                "capabilities": [{ "name": "vCPUs", "value": count.to_string() }],
                "restrictions": restrictions,
            }));
        }
    }
    value
}

/// The quotas of a region and their current usage.
pub(super) fn usages(world: &World, scope: &str) -> Result<Response, ErrorResponse> {
    let location = scope.rsplit('/').next().unwrap_or_default();
    world.rest.faults.reach(location)?;
    let limit = world.rest.faults.cores(location).unwrap_or(CORES);
    let mut value = vec![usage("cores", 0, limit)];
    value.extend(FAMILIES.iter().map(|(family, ..)| usage(family, 0, limit)));
    Ok(Response::json(200, &json!({ "value": value })))
}

/// The offers of a region: capabilities of a provider, and sizes of machines.
pub(super) fn offered(
    world: &World,
    named: &ResourcePath,
    segment: &str,
    query: &BTreeMap<String, String>,
) -> Option<Json> {
    let place = || named.name().to_owned();
    let (namespace, rest) = named.type_.split_once('/')?;
    match (rest, segment.to_ascii_lowercase().as_str()) {
        ("locations", "capabilities") => {
            let of_it = types::all().filter(|type_| type_.namespace().eq_ignore_ascii_case(namespace));
            let offers = of_it.flat_map(|type_| type_.kinds.iter()).find_map(|kind| kind.simulated.capabilities)?;
            Some(offers(&place()))
        }
        ("locations" | "virtualmachines", "vmsizes") => Some(sizes_of_machines()),
        ("locations", "usages") => Some(json!({ "value": [usage("ResourceLimit", 0, CORES)] })),
        ("virtualnetworks", "checkipaddressavailability") => {
            Some(address_check(world, &named.id, query.get("ipAddress").map_or("", String::as_str)))
        }
        ("dnszones" | "privatednszones", "recordsets" | "all") => {
            let records = world.below(&named.id).map(|(_, object)| object).filter(|object| object.seen());
            Some(json!({ "value": records.map(|object| object.body.clone()).collect::<Vec<_>>() }))
        }
        ("eventtypes", "values") => Some(activity::activity(world, query)),
        _ => images::offered(named, segment),
    }
}

/// The answer about a private address of a network: if a machine may take it, and otherwise up to five others of
/// its subnet, or of the first subnet.
fn address_check(world: &World, network: &str, asked: &str) -> Json {
    let children = world.below(network).map(|(_, child)| child);
    let subnets: Vec<&str> = children.filter_map(|child| subnet_range(&child.body)).collect();
    let asked_range = Range::parse(&format!("{asked}/32"));
    let within = |range: &&&str| Range::parse(range).zip(asked_range).is_some_and(|(a, b)| a.contains(b));
    let Some(subnet) = subnets.iter().find(within).or(subnets.first()) else {
        return json!({ "available": false, "availableIPAddresses": [] });
    };
    if is_host(subnet, asked) && !is_used(world, network, asked) {
        return json!({ "available": true });
    }
    let free = hosts(subnet).filter(|address| !is_used(world, network, address));
    json!({ "available": false, "availableIPAddresses": free.take(5).collect::<Vec<_>>() })
}

/// True if an interface in a network has this private address.
fn is_used(world: &World, network: &str, address: &str) -> bool {
    let mut users = world.users(network).filter_map(|(_, user)| world.object(user));
    let quoted = format!("\"{address}\"");
    users.any(|user| user.body.to_string().contains(&quoted))
}

/// The caller's permissions: all actions, except those that a fault forbids.
pub(super) fn permissions(world: &World) -> Response {
    let forbidden = world.rest.faults.forbidden();
    Response::json(200, &json!({ "value": [{ "actions": ["*"], "notActions": forbidden }] }))
}

/// The first range of a subnet.
fn subnet_range(body: &Json) -> Option<&str> {
    let list = body.pointer("/properties/addressPrefixes/0").and_then(Json::as_str);
    list.or_else(|| body.pointer("/properties/addressPrefix").and_then(Json::as_str))
}

/// All sizes, as the older list of a region or a machine shows them.
fn sizes_of_machines() -> Json {
    let mut value = Vec::new();
    for (_, pattern, processors) in FAMILIES {
        value.extend(processors.iter().map(|count| {
            json!({
                "name": pattern.replace("{}", &count.to_string()),
                "numberOfCores": count,
                "memoryInMB": u64::from(*count) * 4 * 1024,
                "osDiskSizeInMB": 1_047_552,
                "resourceDiskSizeInMB": u64::from(*count) * 8 * 1024,
                "maxDataDiskCount": (count * 2).min(64),
            })
        }));
    }
    json!({ "value": value })
}

fn usage(name: &str, used: u64, limit: u64) -> Json {
    json!({ "name": { "value": name, "localizedValue": name }, "unit": "Count", "currentValue": used, "limit": limit })
}
