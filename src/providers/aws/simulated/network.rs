//! Networks: what EC2 asks of networks, subnets, gateways, route tables and endpoints, and what comes with them.

use serde_json::{Map, Value as Json, json};

use super::answers::Refused;
use super::handler::{Handler, Seconds, default, in_use, insert, plain, string, with, within};
use super::offers;
use super::store::{Place, give, text};
use super::types::{
    ADDRESS, ASSOCIATION, ENDPOINT, GATEWAY, GATEWAY_ATTACHMENT, GROUP, INSTANCE, ROUTE, ROUTE_TABLE, SUBNET, Type, VPC,
};
use crate::ranges::{Cidr, Range};
use crate::simulator::world::World;

/// Quotas of a region (source: AWS's quotas of VPC).
const VPCS: usize = 5;
const GATEWAYS: usize = 5;
const SUBNETS: usize = 200;
const ROUTE_TABLES: usize = 200;
const ROUTES: usize = 50;

pub(super) static HANDLERS: &[Handler] = &[
    Handler { delete: delete_vpc, gone: vpc_gone, ..plain(&VPC, Seconds(10, 6, 8), create_vpc) },
    Handler { delete: delete_subnet, gone: subnet_gone, ..plain(&SUBNET, Seconds(10, 6, 8), create_subnet) },
    Handler { delete: delete_gateway, ..plain(&GATEWAY, Seconds(8, 5, 8), create_gateway) },
    Handler { delete: detach, ..plain(&GATEWAY_ATTACHMENT, Seconds(10, 8, 10), attach) },
    Handler { delete: delete_table, gone: table_gone, ..plain(&ROUTE_TABLE, Seconds(10, 5, 8), create_table) },
    Handler { update: update_route, ..plain(&ROUTE, Seconds(8, 8, 8), create_route) },
    plain(&ASSOCIATION, Seconds(8, 8, 8), associate),
    Handler {
        update: |world, region, _, after| endpoint(world, region, after),
        ..plain(&ENDPOINT, Seconds(20, 10, 20), create_endpoint)
    },
];

fn place<'a>(of: &'static Type, region: &'a str) -> Place<'a> {
    Place::new(of, region)
}

fn is_alive(instance: &Json) -> bool {
    instance.pointer("/State/Name").is_none_or(|state| state != "terminated")
}

/// Machines that exist, by a property.
pub(super) fn machines<'w>(world: &'w World, region: &str, property: &str, value: &str) -> Vec<&'w Json> {
    with(world, place(&INSTANCE, region), property, value).into_iter().filter(|body| is_alive(body)).collect()
}

/// The range of a block, in its canonical form, if its length is allowed.
fn block(text: &str, code: &str) -> Result<(Cidr, Range), Refused> {
    let invalid = || Refused::bad(code, format!("The CIDR '{text}' is invalid."));
    let cidr = Cidr::parse(text).ok().filter(|cidr| !cidr.is_v6() && (16..=28).contains(&cidr.length()));
    let cidr = cidr.ok_or_else(invalid)?;
    Ok((cidr, Range::parse(text).ok_or_else(invalid)?))
}

fn canonical(cidr: Cidr) -> String {
    cidr.with(cidr.first(), cidr.length()).text()
}

fn create_vpc(world: &mut World, region: &str, model: &mut Map<String, Json>) -> Result<String, Refused> {
    let (cidr, _) = block(&string(model, "CidrBlock"), "InvalidVpc.Range")?;
    within(place(&VPC, region).all(world).len(), VPCS, "VpcLimitExceeded")?;
    let id = give(world, VPC.prefix);
    let (group, table) = (give(world, GROUP.prefix), give(world, ROUTE_TABLE.prefix));
    let (acl, association) = (give(world, "acl-"), give(world, "vpc-cidr-assoc-"));
    model.insert("CidrBlock".to_owned(), json!(canonical(cidr)));
    model.insert("VpcId".to_owned(), json!(id));
    default(model, "EnableDnsSupport", true);
    default(model, "EnableDnsHostnames", false);
    default(model, "InstanceTenancy", "default");
    model.insert("DefaultSecurityGroup".to_owned(), json!(group));
    model.insert("DefaultNetworkAcl".to_owned(), json!(acl));
    model.insert("CidrBlockAssociations".to_owned(), json!([association]));
    model.insert("Ipv6CidrBlocks".to_owned(), json!([]));
    let own = json!({
        "Id": group, "GroupId": group, "GroupName": "default", "VpcId": id,
        "GroupDescription": "default VPC security group", "SecurityGroupIngress": [],
        "SecurityGroupEgress": [{ "IpProtocol": "-1", "CidrIp": "0.0.0.0/0" }],
    });
    insert(world, place(&GROUP, region), &group, own);
    insert(world, place(&ROUTE_TABLE, region), &table, json!({ "RouteTableId": table, "VpcId": id, "Main": true }));
    Ok(id)
}

fn delete_vpc(world: &World, region: &str, body: &Json) -> Result<(), Refused> {
    let id = text(body, "VpcId");
    let of_vpc = |of: &'static Type| with(world, place(of, region), "VpcId", id);
    let others = of_vpc(&GROUP).into_iter().filter(|group| text(group, "GroupName") != "default").count()
        + of_vpc(&ROUTE_TABLE).into_iter().filter(|table| table["Main"] != true).count()
        + of_vpc(&SUBNET).len()
        + of_vpc(&GATEWAY_ATTACHMENT).len()
        + of_vpc(&ENDPOINT).len();
    if others > 0 { Err(in_use("vpc", id)) } else { Ok(()) }
}

fn vpc_gone(world: &mut World, region: &str, body: &Json) {
    let id = text(body, "VpcId");
    for of in [&GROUP, &ROUTE_TABLE] {
        let own = with(world, place(of, region), "VpcId", id);
        let own: Vec<String> = own.into_iter().map(|body| text(body, of.id).to_owned()).collect();
        own.iter().for_each(|name| place(of, region).remove(world, name));
    }
}

/// The network that a model names.
fn vpc<'w>(world: &'w World, region: &str, id: &str) -> Result<&'w Json, Refused> {
    place(&VPC, region).get(world, id).map(|object| &*object.body)
}

fn create_subnet(world: &mut World, region: &str, model: &mut Map<String, Json>) -> Result<String, Refused> {
    let of = string(model, "VpcId");
    let whole = Range::parse(text(vpc(world, region, &of)?, "CidrBlock"));
    let (cidr, range) = block(&string(model, "CidrBlock"), "InvalidSubnet.Range")?;
    if !whole.is_some_and(|whole| whole.contains(range)) {
        return Err(Refused::bad("InvalidSubnet.Range", format!("The CIDR '{}' is invalid.", cidr.text())));
    }
    let others = with(world, place(&SUBNET, region), "VpcId", &of);
    within(others.len(), SUBNETS, "SubnetLimitExceeded")?;
    let meets = |other: &&Json| Range::parse(text(other, "CidrBlock")).is_some_and(|other| other.overlaps(range));
    if others.iter().any(meets) {
        let why = format!("The CIDR '{}' conflicts with another subnet", cidr.text());
        return Err(Refused::bad("InvalidSubnet.Conflict", why));
    }
    let zone = offers::zone(region, &string(model, "AvailabilityZone"), &string(model, "AvailabilityZoneId"))?;
    let id = give(world, SUBNET.prefix);
    let acl = give(world, "aclassoc-");
    model.insert("CidrBlock".to_owned(), json!(canonical(cidr)));
    model.insert("AvailabilityZoneId".to_owned(), json!(offers::zone_id(region, &zone)));
    model.insert("AvailabilityZone".to_owned(), json!(zone));
    model.insert("SubnetId".to_owned(), json!(id));
    model.insert("NetworkAclAssociationId".to_owned(), json!(acl));
    default(model, "MapPublicIpOnLaunch", false);
    default(model, "AssignIpv6AddressOnCreation", false);
    default(model, "EnableDns64", false);
    default(model, "Ipv6Native", false);
    let names = json!({
        "HostnameType": "ip-name",
        "EnableResourceNameDnsARecord": false,
        "EnableResourceNameDnsAAAARecord": false,
    });
    default(model, "PrivateDnsNameOptionsOnLaunch", names);
    default(model, "Ipv6CidrBlocks", json!([]));
    Ok(id)
}

fn delete_subnet(world: &World, region: &str, body: &Json) -> Result<(), Refused> {
    let id = text(body, "SubnetId");
    let is_used = !machines(world, region, "SubnetId", id).is_empty() || has_endpoint(world, region, "SubnetIds", id);
    if is_used { Err(in_use("subnet", id)) } else { Ok(()) }
}

/// True where an endpoint has an interface in a subnet, or with a security group.
pub(super) fn has_endpoint(world: &World, region: &str, list: &str, id: &str) -> bool {
    let all = place(&ENDPOINT, region).all(world).into_iter();
    all.filter_map(|endpoint| endpoint.body[list].as_array()).flatten().any(|one| one == id)
}

fn subnet_gone(world: &mut World, region: &str, body: &Json) {
    remove_all(world, place(&ASSOCIATION, region), "SubnetId", text(body, "SubnetId"));
}

/// Removes the associations, or routes, that name an object that is gone.
fn remove_all(world: &mut World, at: Place<'_>, property: &str, value: &str) {
    let own = with(world, at, property, value);
    let name = |body: &Json| match at.of {
        of if *of == ROUTE => format!("{}|{}", text(body, "RouteTableId"), text(body, "CidrBlock")),
        of => text(body, of.id).to_owned(),
    };
    let own: Vec<String> = own.into_iter().map(name).collect();
    own.iter().for_each(|name| at.remove(world, name));
}

fn create_gateway(world: &mut World, region: &str, model: &mut Map<String, Json>) -> Result<String, Refused> {
    within(place(&GATEWAY, region).all(world).len(), GATEWAYS, "InternetGatewayLimitExceeded")?;
    let id = give(world, GATEWAY.prefix);
    model.insert("InternetGatewayId".to_owned(), json!(id));
    Ok(id)
}

fn delete_gateway(world: &World, region: &str, body: &Json) -> Result<(), Refused> {
    let id = text(body, "InternetGatewayId");
    match with(world, place(&GATEWAY_ATTACHMENT, region), "InternetGatewayId", id).is_empty() {
        true => Ok(()),
        false => Err(in_use("internetGateway", id)),
    }
}

fn attach(world: &mut World, region: &str, model: &mut Map<String, Json>) -> Result<String, Refused> {
    let (of, gateway) = (string(model, "VpcId"), string(model, "InternetGatewayId"));
    vpc(world, region, &of)?;
    place(&GATEWAY, region).get(world, &gateway)?;
    let attachments = place(&GATEWAY_ATTACHMENT, region);
    if !with(world, attachments, "InternetGatewayId", &gateway).is_empty() {
        let why = format!("resource {gateway} is already attached to a network");
        return Err(Refused::bad("Resource.AlreadyAssociated", why));
    }
    if !with(world, attachments, "VpcId", &of).is_empty() {
        let why = format!("Network {of} already has an internet gateway attached");
        return Err(Refused::bad("InvalidParameterValue", why));
    }
    model.insert("AttachmentType".to_owned(), json!("IGW"));
    Ok(format!("IGW|{of}"))
}

/// A gateway serves the public addresses of its network as long as there are any.
fn detach(world: &World, region: &str, body: &Json) -> Result<(), Refused> {
    let id = text(body, "VpcId");
    let serves = |address: &Json| {
        let instance = place(&INSTANCE, region).body(world, text(address, "InstanceId"));
        instance.is_some_and(|instance| text(instance, "VpcId") == id)
    };
    let is_mapped = place(&ADDRESS, region).all(world).iter().any(|address| serves(&address.body))
        || machines(world, region, "VpcId", id).iter().any(|machine| !text(machine, "PublicIp").is_empty());
    match is_mapped {
        true => {
            let why = format!("Network {id} has some mapped public address(es). Please unmap those first.");
            Err(Refused::bad("DependencyViolation", why))
        }
        false => Ok(()),
    }
}

fn create_table(world: &mut World, region: &str, model: &mut Map<String, Json>) -> Result<String, Refused> {
    let of = string(model, "VpcId");
    vpc(world, region, &of)?;
    within(with(world, place(&ROUTE_TABLE, region), "VpcId", &of).len(), ROUTE_TABLES, "RouteTableLimitExceeded")?;
    let id = give(world, ROUTE_TABLE.prefix);
    model.insert("RouteTableId".to_owned(), json!(id));
    Ok(id)
}

fn delete_table(world: &World, region: &str, body: &Json) -> Result<(), Refused> {
    let id = text(body, "RouteTableId");
    let is_used = !with(world, place(&ASSOCIATION, region), "RouteTableId", id).is_empty();
    if is_used || body["Main"] == true { Err(in_use("routeTable", id)) } else { Ok(()) }
}

fn table_gone(world: &mut World, region: &str, body: &Json) {
    remove_all(world, place(&ROUTE, region), "RouteTableId", text(body, "RouteTableId"));
}

/// The targets that a route can have.
pub(super) const TARGETS: &[&str] = &[
    "GatewayId",
    "NatGatewayId",
    "NetworkInterfaceId",
    "InstanceId",
    "VpcPeeringConnectionId",
    "TransitGatewayId",
    "VpcEndpointId",
    "EgressOnlyInternetGatewayId",
    "CarrierGatewayId",
    "LocalGatewayId",
    "CoreNetworkArn",
];

/// Refuses a route without one target that the network has.
fn target(world: &World, region: &str, route: &Json, of: &str) -> Result<(), Refused> {
    let targets: Vec<&str> = TARGETS.iter().map(|name| text(route, name)).filter(|id| !id.is_empty()).collect();
    let [target] = targets.as_slice() else {
        return Err(Refused::bad("InvalidParameterCombination", "A route has exactly one target."));
    };
    if target.starts_with(GATEWAY.prefix) {
        place(&GATEWAY, region).get(world, target)?;
        let attached = place(&GATEWAY_ATTACHMENT, region).body(world, &format!("IGW|{of}"));
        if attached.is_none_or(|body| text(body, "InternetGatewayId") != *target) {
            let why = format!("route table and network gateway {target} belong to different networks");
            return Err(Refused::bad("InvalidParameterValue", why));
        }
    }
    if target.starts_with(INSTANCE.prefix) {
        place(&INSTANCE, region).get(world, target)?;
    }
    Ok(())
}

fn table_of(world: &World, region: &str, id: &str) -> Result<(String, Option<Range>), Refused> {
    let table = &place(&ROUTE_TABLE, region).get(world, id)?.body;
    let of = text(table, "VpcId").to_owned();
    let range = place(&VPC, region).body(world, &of).and_then(|body| Range::parse(text(body, "CidrBlock")));
    Ok((of, range))
}

fn create_route(world: &mut World, region: &str, model: &mut Map<String, Json>) -> Result<String, Refused> {
    let table = string(model, "RouteTableId");
    let (of, own) = table_of(world, region, &table)?;
    let names = ["DestinationCidrBlock", "DestinationIpv6CidrBlock", "DestinationPrefixListId"];
    let destination = names.iter().map(|name| string(model, name)).find(|text| !text.is_empty()).unwrap_or_default();
    let is_prefix_list = destination.starts_with("pl-");
    let range = Range::parse(&destination);
    if destination.is_empty() || (range.is_none() && !is_prefix_list) {
        let why = format!("Value ({destination}) for parameter destinationCidrBlock is invalid.");
        return Err(Refused::bad("InvalidParameterValue", why));
    }
    target(world, region, &Json::Object(model.clone()), &of)?;
    let name = format!("{table}|{destination}");
    let routes = with(world, place(&ROUTE, region), "RouteTableId", &table);
    let is_taken = place(&ROUTE, region).find(world, &name).is_some() || (range.is_some() && range == own);
    if is_taken {
        let why = format!("The route identified by {destination} already exists.");
        return Err(Refused::bad("RouteAlreadyExists", why));
    }
    within(routes.len(), ROUTES, "RouteLimitExceeded")?;
    model.insert("CidrBlock".to_owned(), json!(destination));
    Ok(name)
}

fn update_route(world: &World, region: &str, _: &Json, after: &mut Json) -> Result<(), Refused> {
    let (of, _) = table_of(world, region, text(after, "RouteTableId"))?;
    target(world, region, after, &of)
}

fn associate(world: &mut World, region: &str, model: &mut Map<String, Json>) -> Result<String, Refused> {
    let (table, subnet) = (string(model, "RouteTableId"), string(model, "SubnetId"));
    let (of, _) = table_of(world, region, &table)?;
    let network = text(&place(&SUBNET, region).get(world, &subnet)?.body, "VpcId");
    if network != of {
        let why = format!("Route table {table} and subnet {subnet} belong to different networks");
        return Err(Refused::bad("InvalidParameterValue", why));
    }
    if !with(world, place(&ASSOCIATION, region), "SubnetId", &subnet).is_empty() {
        let why = format!("the specified association for route table {table} conflicts with an existing association");
        return Err(Refused::bad("Resource.AlreadyAssociated", why));
    }
    let id = give(world, ASSOCIATION.prefix);
    model.insert("Id".to_owned(), json!(id));
    Ok(id)
}

fn endpoint(world: &World, region: &str, body: &Json) -> Result<(), Refused> {
    let of = text(body, "VpcId");
    vpc(world, region, of)?;
    let service = text(body, "ServiceName");
    if !service.starts_with("com.amazonaws.") || service.split('.').nth(2) != Some(region) {
        return Err(Refused::bad("InvalidServiceName", format!("The Vpc Endpoint Service '{service}' does not exist")));
    }
    for table in body["RouteTableIds"].as_array().into_iter().flatten().filter_map(Json::as_str) {
        if table_of(world, region, table)?.0 != of {
            return Err(Refused::bad("InvalidParameter", format!("Route table {table} is not of network {of}")));
        }
        let others = with(world, place(&ENDPOINT, region), "ServiceName", service);
        let has = |other: &&&Json| {
            other["Id"] != body["Id"]
                && other["RouteTableIds"].as_array().is_some_and(|all| all.iter().any(|one| one == table))
        };
        if others.iter().find(has).is_some() {
            let why = format!("route table {table} already has a route with the prefix list of {service}");
            return Err(Refused::bad("RouteAlreadyExists", why));
        }
    }
    Ok(())
}

fn create_endpoint(world: &mut World, region: &str, model: &mut Map<String, Json>) -> Result<String, Refused> {
    default(model, "VpcEndpointType", "Gateway");
    endpoint(world, region, &Json::Object(model.clone()))?;
    let id = give(world, ENDPOINT.prefix);
    model.insert("Id".to_owned(), json!(id));
    let statement = json!({ "Effect": "Allow", "Principal": "*", "Action": "*", "Resource": "*" });
    let all = json!({ "Version": "2008-10-17", "Statement": [statement] });
    default(model, "PolicyDocument", all);
    for list in ["RouteTableIds", "SubnetIds", "SecurityGroupIds", "DnsEntries", "NetworkInterfaceIds"] {
        default(model, list, json!([]));
    }
    let now = super::store::time(world);
    model.insert("CreationTimestamp".to_owned(), json!(now));
    Ok(id)
}
