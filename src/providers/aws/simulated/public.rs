//! The public network: addresses of machines and names of records, and where they lead.

use serde_json::Value as Json;

use super::handler::with;
use super::launches;
use super::machines::state;
use super::names::SERVED;
use super::store::{Place, region, text};
use super::types::{ADDRESS, ASSOCIATION, GATEWAY, GATEWAY_ATTACHMENT, GROUP, INSTANCE, RECORD, ROUTE, ROUTE_TABLE};
use crate::kinds::Lead;
use crate::simulator::world::{SimulatedObject, World};

/// The time to live of an alias, in seconds.
const ALIAS: u32 = 60;

/// True for an object that may have a name or an address.
pub(super) fn is_public(object: &SimulatedObject) -> bool {
    [ADDRESS.name, INSTANCE.name, RECORD.name].contains(&object.type_.as_str())
}

/// The record that servers answer with: until a change has reached them, the one before.
fn served(record: &Json) -> Option<&Json> {
    match record.get(SERVED) {
        None => Some(record),
        Some(served) => served.get("record").filter(|before| before.is_object()),
    }
}

/// The names and addresses of an object.
pub(super) fn hosts(object: &SimulatedObject) -> Vec<String> {
    let body = &object.body;
    let name = match object.type_.as_str() {
        of if of == RECORD.name => {
            let leads = served(body).is_some_and(|record| matches!(text(record, "Type"), "A" | "AAAA" | "CNAME"));
            if leads { text(body, "Name").trim_end_matches('.') } else { "" }
        }
        _ => text(body, "PublicIp"),
    };
    if name.is_empty() { Vec::new() } else { vec![name.to_owned()] }
}

/// Where an object leads.
pub(super) fn leads(world: &World, object: &SimulatedObject) -> Lead {
    let body = &object.body;
    if object.type_ == RECORD.name {
        return of_record(body);
    }
    let Some(at) = region(object) else { return Lead::Nowhere("no region serves it") };
    let machine = match object.type_ == INSTANCE.name {
        true => Some(&**body),
        false => Place::new(&INSTANCE, &at).body(world, text(body, "InstanceId")),
    };
    let Some(machine) = machine else { return Lead::Nowhere("no machine has the address") };
    if state(machine) != "running" {
        return Lead::Nowhere("its machine does not run");
    }
    if launches::is_restoring(world, machine) {
        return Lead::Nowhere("its machine restores backups");
    }
    if !has_gateway(world, &at, machine) {
        return Lead::Nowhere("the subnet of its machine has no route to an internet gateway");
    }
    if !lets_in(world, &at, machine) {
        return Lead::Nowhere("no security group of its machine lets anything in");
    }
    Lead::Serves(at, 1)
}

fn of_record(record: &Json) -> Lead {
    let Some(record) = served(record) else { return Lead::Nowhere("its record has not reached the servers") };
    if let Some(alias) = record.get("AliasTarget").filter(|alias| alias.is_object()) {
        let name = text(alias, "DNSName").trim_end_matches('.').to_ascii_lowercase();
        return Lead::Names(vec![name], ALIAS);
    }
    let ttl = text(record, "TTL").parse().unwrap_or(300);
    let values = record["ResourceRecords"].as_array().into_iter().flatten().filter_map(Json::as_str);
    Lead::Names(values.map(|value| value.trim_end_matches('.').to_ascii_lowercase()).collect(), ttl)
}

/// True where the route table of a machine's subnet, its own or the main one, leads to the public network.
fn has_gateway(world: &World, at: &str, machine: &Json) -> bool {
    let network = text(machine, "VpcId");
    let of_subnet = with(world, Place::new(&ASSOCIATION, at), "SubnetId", text(machine, "SubnetId"));
    let main =
        with(world, Place::new(&ROUTE_TABLE, at), "VpcId", network).into_iter().find(|table| table["Main"] == true);
    let table = of_subnet.first().copied().or(main).map(|body| text(body, "RouteTableId")).unwrap_or_default();
    let attached = Place::new(&GATEWAY_ATTACHMENT, at).body(world, &format!("IGW|{network}"));
    let gateway = attached.map(|body| text(body, GATEWAY.id)).unwrap_or_default();
    let route = Place::new(&ROUTE, at).body(world, &format!("{table}|0.0.0.0/0"));
    !gateway.is_empty() && route.is_some_and(|route| text(route, "GatewayId") == gateway)
}

/// True where a group of a machine has a rule for traffic from outside.
fn lets_in(world: &World, at: &str, machine: &Json) -> bool {
    let groups = machine["SecurityGroupIds"].as_array().into_iter().flatten().filter_map(Json::as_str);
    let mut found = groups.filter_map(|id| Place::new(&GROUP, at).body(world, id));
    let is_open = |rule: &Json| !text(rule, "CidrIp").is_empty() || !text(rule, "CidrIpv6").is_empty();
    found.any(|group| group["SecurityGroupIngress"].as_array().is_some_and(|rules| rules.iter().any(is_open)))
}
