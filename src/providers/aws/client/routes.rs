//! Parts of composites of the network: the attachment of an internet gateway, the routes and the subnets of a table.
//! EC2 describes them with their composite; for Cloud Control each is an object of its own.

use serde_json::{Value as Json, json};

use super::cfn::{copy, picked};
use super::found::Found;
use super::names::Of;
use super::step::Step;
use super::xml::{list, text};

const ATTACHMENT: &str = "AWS::EC2::VPCGatewayAttachment";
const ROUTE: &str = "AWS::EC2::Route";
const ASSOCIATION: &str = "AWS::EC2::SubnetRouteTableAssociation";
/// The destinations of a route.
const DESTINATIONS: [&str; 3] = ["DestinationCidrBlock", "DestinationIpv6CidrBlock", "DestinationPrefixListId"];
/// The targets of a route.
const TARGETS: [&str; 8] = [
    "GatewayId",
    "NatGatewayId",
    "NetworkInterfaceId",
    "VpcPeeringConnectionId",
    "TransitGatewayId",
    "EgressOnlyInternetGatewayId",
    "CarrierGatewayId",
    "LocalGatewayId",
];

/// The routes of a table that somebody wrote: those within the network and of endpoints come and go by themselves.
pub(super) fn routes(item: &Json) -> Json {
    let route = |route: &&Json| {
        let gateway = text(route, "gatewayId").unwrap_or_default();
        let is_own = text(route, "origin").is_none_or(|origin| origin == "CreateRoute");
        if !is_own || gateway == "local" || gateway.starts_with("vpce-") {
            return None;
        }
        let mut map = serde_json::Map::new();
        for name in DESTINATIONS.iter().chain(&TARGETS) {
            let (first, rest) = name.split_at(1);
            copy(route, &[(name, &format!("{}{rest}", first.to_ascii_lowercase()))], &mut map);
        }
        Some(Json::Object(map))
    };
    list(item, "routeSet").iter().filter_map(route).collect()
}

/// The subnets that use a table by an association of their own, with the ids of those.
pub(super) fn associations(item: &Json) -> Vec<(&str, &str)> {
    let all = list(item, "associationSet").into_iter();
    all.filter_map(|one| Some((text(one, "subnetId")?, text(one, "routeTableAssociationId")?))).collect()
}

fn texts<'a>(body: &'a Json, name: &str) -> Vec<&'a str> {
    body.get(name).and_then(Json::as_array).into_iter().flatten().filter_map(Json::as_str).collect()
}

/// The next step for the parts of a composite; `None` where nothing is left. `made`: the object is new.
pub(super) fn next(of: Of, found: &Found, wanted: &Json, made: bool) -> Option<Step> {
    match of {
        Of::InternetGateway => gateway(found, wanted, made),
        Of::RouteTable => table(found, wanted),
        _ => None,
    }
}

fn gateway(found: &Found, wanted: &Json, made: bool) -> Option<Step> {
    let network = |body: &'_ Json| body.get("VpcId").and_then(Json::as_str).map(str::to_owned);
    let of = |network: String| json!({ "InternetGatewayId": found.id, "VpcId": network });
    match (network(&found.body), network(wanted)) {
        (Some(now), new) if new.as_ref() != Some(&now) && !(made && new.is_none()) => {
            Some(Step::Delete(ATTACHMENT, format!("IGW|{now}")))
        }
        (None, Some(new)) => Some(Step::Create(ATTACHMENT, of(new))),
        _ => None,
    }
}

/// The step that takes a gateway from its network.
pub(super) fn detach(found: &Found) -> Option<Step> {
    gateway(found, &Json::Null, false)
}

fn table(found: &Found, wanted: &Json) -> Option<Step> {
    let with_table = |mut form: Json| {
        form["RouteTableId"] = Json::from(found.id.as_str());
        form
    };
    if let Some(new) = wanted.get("Routes").and_then(Json::as_array) {
        let empty = Vec::new();
        let now = found.body.get("Routes").and_then(Json::as_array).unwrap_or(&empty);
        let is_same = |one: &Json, other: &Json, names: &[&str]| picked(one, names) == picked(other, names);
        for route in new {
            let form = || with_table(picked(route, &[&DESTINATIONS[..], &TARGETS[..]].concat()));
            match now.iter().find(|existing| is_same(existing, route, &DESTINATIONS)) {
                None => return Some(Step::Create(ROUTE, form())),
                Some(existing) if !is_same(existing, route, &TARGETS) => {
                    return Some(Step::Update(ROUTE, identifier(found, route)?, retargeted(existing, route)));
                }
                Some(_) => {}
            }
        }
        if let Some(old) = now.iter().find(|old| !new.iter().any(|route| is_same(old, route, &DESTINATIONS))) {
            return Some(Step::Delete(ROUTE, identifier(found, old)?));
        }
    }
    if wanted.get("SubnetIds").is_some() {
        let (now, new) = (texts(&found.body, "SubnetIds"), texts(wanted, "SubnetIds"));
        if let Some(step) = leave(found, |subnet| new.contains(&subnet)) {
            return Some(step);
        }
        let subnet = new.iter().find(|subnet| !now.contains(subnet))?;
        return Some(Step::Create(ASSOCIATION, with_table(json!({ "SubnetId": subnet }))));
    }
    None
}

/// The id of a route: its table and its destination.
fn identifier(found: &Found, route: &Json) -> Option<String> {
    let destination = DESTINATIONS.iter().find_map(|name| route.get(*name)?.as_str())?;
    Some(format!("{}|{destination}", found.id))
}

/// The patch that gives a route another target.
fn retargeted(old: &Json, new: &Json) -> Json {
    let path = |name: &str| format!("/{name}");
    let is_gone = |name: &&&str| old.get(**name).is_some() && new.get(**name).is_none();
    let removed = TARGETS.iter().filter(is_gone).map(|name| json!({ "op": "remove", "path": path(name) }));
    let set =
        TARGETS.iter().filter_map(|name| Some(json!({ "op": "add", "path": path(name), "value": new.get(*name)? })));
    removed.chain(set).collect()
}

/// The step by which a subnet that is not to stay leaves a table.
pub(super) fn leave(found: &Found, stays: impl Fn(&str) -> bool) -> Option<Step> {
    let all = found.hidden.as_array().into_iter().flatten();
    let mut leaving = all.filter(|one| one.get("SubnetId").and_then(Json::as_str).is_some_and(|subnet| !stays(subnet)));
    let id = leaving.next()?.get("Id")?.as_str()?;
    Some(Step::Delete(ASSOCIATION, id.to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found() -> Found {
        let item = json!({
            "routeSet": [
                { "destinationCidrBlock": "10.0.0.0/16", "gatewayId": "local", "origin": "CreateRouteTable" },
                { "destinationCidrBlock": "0.0.0.0/0", "gatewayId": "igw-1", "origin": "CreateRoute" },
            ],
            "associationSet": [
                { "main": "false", "routeTableAssociationId": "rtbassoc-1", "subnetId": "subnet-1" },
                { "main": "true", "routeTableAssociationId": "rtbassoc-0" },
            ],
        });
        let hidden = associations(&item).into_iter().map(|(subnet, id)| json!({ "SubnetId": subnet, "Id": id }));
        let body = json!({ "Routes": routes(&item), "SubnetIds": ["subnet-1"] });
        Found { id: "rtb-1".to_owned(), body, hidden: hidden.collect() }
    }

    #[test]
    fn routes_and_subnets_change_one_by_one() {
        let all = |gateway: &str| json!([{ "DestinationCidrBlock": "0.0.0.0/0", "GatewayId": gateway }]);
        let found = found();
        assert_eq!(found.body["Routes"], all("igw-1"));
        assert_eq!(
            next(Of::RouteTable, &found, &json!({ "Routes": all("igw-1"), "SubnetIds": ["subnet-1"] }), false),
            None
        );
        let step = |wanted: Json| next(Of::RouteTable, &found, &wanted, false);
        let route = || "rtb-1|0.0.0.0/0".to_owned();
        let patch = json!([{ "op": "add", "path": "/GatewayId", "value": "igw-2" }]);
        assert_eq!(step(json!({ "Routes": all("igw-2") })), Some(Step::Update(ROUTE, route(), patch)));
        assert_eq!(step(json!({ "Routes": [] })), Some(Step::Delete(ROUTE, route())));
        assert_eq!(step(json!({ "SubnetIds": [] })), Some(Step::Delete(ASSOCIATION, "rtbassoc-1".to_owned())));
        let second = json!({ "SubnetId": "subnet-2", "RouteTableId": "rtb-1" });
        assert_eq!(step(json!({ "SubnetIds": ["subnet-1", "subnet-2"] })), Some(Step::Create(ASSOCIATION, second)));
    }
}
