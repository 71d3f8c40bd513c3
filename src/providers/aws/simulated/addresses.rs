//! Public addresses: their range, their quota, and the machines that they lead to.

use serde_json::{Value as Json, json};

use super::answers::Refused;
use super::handler::within;
use super::store::{Place, give, text, time};
use super::types::{ADDRESS, GATEWAY_ATTACHMENT, INSTANCE};
use crate::simulator::world::{Lifecycle, World};

/// Addresses of a region (source: AWS's quotas of VPC).
const QUOTA: usize = 5;
/// The ranges that are reserved for documentation, which simulated addresses are from.
const RANGES: [&str; 3] = ["192.0.2", "198.51.100", "203.0.113"];
/// Hosts in each of them.
const HOSTS: u64 = 254;

/// An address that nobody has.
pub(super) fn free(world: &World, purpose: &str) -> String {
    let mut stream = world.seed.stream(&["aws", "address", purpose]);
    let from = stream.below(RANGES.len() as u64 * HOSTS);
    let taken: Vec<String> = world.hosting().flat_map(|key| world.hosts_of(key)).collect();
    let all = (0..RANGES.len() as u64 * HOSTS).map(|step| {
        let at = (from + step) % (RANGES.len() as u64 * HOSTS);
        let range = RANGES.get((at / HOSTS) as usize).copied().unwrap_or_default();
        format!("{range}.{}", at % HOSTS + 1)
    });
    all.into_iter().find(|address| !taken.contains(address)).unwrap_or_else(|| "192.0.2.1".to_owned())
}

/// The body of a new address, for both of its APIs.
pub(super) fn new(world: &mut World, region: &str, tags: Json) -> Result<Json, Refused> {
    within(Place::new(&ADDRESS, region).all(world).len(), QUOTA, "AddressLimitExceeded")?;
    let id = give(world, ADDRESS.prefix);
    let address = free(world, &id);
    Ok(json!({ "AllocationId": id, "PublicIp": address, "Domain": "vpc", "NetworkBorderGroup": region, "Tags": tags }))
}

/// Inserts a new address.
pub(super) fn allocate(world: &mut World, region: &str, tags: Json) -> Result<String, Refused> {
    let body = new(world, region, tags)?;
    let id = text(&body, "AllocationId").to_owned();
    Place::new(&ADDRESS, region).insert(world, &id, body, Lifecycle::Standing);
    Ok(id)
}

/// Refuses a machine that no address can lead to.
pub(super) fn check_machine(world: &World, region: &str, instance: &str) -> Result<(), Refused> {
    let body = &Place::new(&INSTANCE, region).get(world, instance)?.body;
    let state = body.pointer("/State/Name").and_then(Json::as_str).unwrap_or_default();
    if !matches!(state, "running" | "stopped" | "stopping") {
        let why = format!("The instance '{instance}' is not in a valid state for this operation.");
        return Err(Refused::bad("IncorrectInstanceState", why));
    }
    let network = text(body, "VpcId");
    if Place::new(&GATEWAY_ATTACHMENT, region).find(world, &format!("IGW|{network}")).is_none() {
        let why = format!("Network {network} is not attached to any internet gateway");
        return Err(Refused::bad("Gateway.NotAttached", why));
    }
    Ok(())
}

/// Leads an address to a machine. Returns the id of the association.
pub(super) fn associate(
    world: &mut World,
    region: &str,
    (address, instance): (&str, &str),
    again: bool,
) -> Result<String, Refused> {
    let place = Place::new(&ADDRESS, region);
    let body = &place.get(world, address)?.body;
    let current = text(body, "InstanceId").to_owned();
    check_machine(world, region, instance)?;
    if current == instance {
        return Ok(text(body, "AssociationId").to_owned());
    }
    if !current.is_empty() && !again {
        let why = format!("resource {address} is already associated with associate-id {}", text(body, "AssociationId"));
        return Err(Refused::bad("Resource.AlreadyAssociated", why));
    }
    let id = give(world, "eipassoc-");
    // A machine has one address, and loses the one before.
    let others: Vec<String> = of_machine(world, region, instance);
    others.iter().for_each(|other| dissociate(world, region, other));
    // AWS takes the address back that it lent.
    Place::new(&INSTANCE, region).change(world, instance, lose_public);
    place.change(world, address, |body| {
        body["InstanceId"] = json!(instance);
        body["AssociationId"] = json!(id);
    });
    Ok(id)
}

/// The addresses that lead to a machine.
pub(super) fn of_machine(world: &World, region: &str, instance: &str) -> Vec<String> {
    let all = Place::new(&ADDRESS, region).all(world).into_iter().map(|object| &*object.body);
    all.filter(|body| text(body, "InstanceId") == instance).map(|body| text(body, "AllocationId").to_owned()).collect()
}

/// Leads an address nowhere. A machine that runs and came with an address of its own gets another one.
pub(super) fn dissociate(world: &mut World, region: &str, address: &str) {
    let place = Place::new(&ADDRESS, region);
    let machine = place.body(world, address).map(|body| text(body, "InstanceId").to_owned()).unwrap_or_default();
    place.change(world, address, |body| {
        if let Json::Object(fields) = body {
            fields.shift_remove("InstanceId");
            fields.shift_remove("AssociationId");
        }
    });
    let machines = Place::new(&INSTANCE, region);
    let body = machines.body(world, &machine);
    let runs = |body: &Json| body.pointer("/State/Name").is_some_and(|state| state == "running");
    if body.is_some_and(|body| body["AssociatePublicIpAddress"] == true && runs(body)) {
        let own = free(world, &format!("{machine}{address}{}", time(world)));
        machines.change(world, &machine, |body| body["PublicIp"] = json!(own));
    }
}

/// Takes the address from a machine that AWS lent it while it ran, and while no address of the account led to it.
pub(super) fn lose_public(body: &mut Json) {
    if let Json::Object(fields) = body {
        fields.shift_remove("PublicIp");
        fields.shift_remove("PublicDnsName");
    }
}

/// Refuses to release an address that leads to a machine.
pub(super) fn check_release(body: &Json) -> Result<(), Refused> {
    match text(body, "InstanceId") {
        "" => Ok(()),
        _ => {
            let why = format!("Address {} is in use.", text(body, "PublicIp"));
            Err(Refused::bad("InvalidIPAddress.InUse", why))
        }
    }
}
