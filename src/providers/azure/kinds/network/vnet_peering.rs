//! Peering of two virtual networks: one block, two objects, one in each network.
//!
//! One half alone has no effect, so both are one resource: written, ready and deleted together. Gateway transit has a
//! direction, which is that of `between`: the first network provides its gateway, the second one uses it.

use crate::providers::azure::ids::AzureId;
use serde_json::{Map as JsonMap, Value as Json};

use crate::kinds::path;
use crate::kinds::table::*;
use crate::object::ObjectId;
use crate::providers::azure::kinds::network::virtual_network::SPACE;
use crate::ranges::overlap;

const TYPE: &str = "Microsoft.Network/virtualNetworks/virtualNetworkPeerings";
const SEGMENT: &str = "virtualNetworkPeerings";
const NAME_BACK: &str = "name_back";
const REMOTE: &str = "properties.remoteVirtualNetwork.id";
const TRANSIT: &str = "properties.allowGatewayTransit";
const USE: &str = "properties.useRemoteGateways";
const STATE: &str = "properties.peeringState";
const SYNC: &str = "properties.peeringSyncLevel";

/// Table of `vnet_peering`.
pub static KIND: Kind = Kind {
    name: "vnet_peering",
    about: "Peering of two virtual networks. One block creates both halves and waits until they are connected.",
    type_: KindType { name: TYPE, version: "2025-09-01" },
    place: Place::Child("between", SEGMENT),
    location: Location::None,
    names: NameRule::NETWORK,
    args: &[
        Arg {
            need: Need::Required,
            wire: Wire::Nowhere,
            change: ChangeEffect::Replace,
            ..arg(
                "between",
                Ty::List(&Ty::Ref(&["virtual_network"])),
                "",
                "The two virtual networks. Their address spaces must not overlap.",
            )
        },
        arg(
            NAME_BACK,
            Ty::String,
            "",
            "Name of the half in the second network. Defaults to the name of the half in the first network.",
        )
        .replace()
        .wire(Wire::Nowhere),
        arg(
            "allow_virtual_network_access",
            Ty::Bool,
            "properties.allowVirtualNetworkAccess",
            "Allow traffic between the machines of the two networks.",
        )
        .default(Lit::Bool(true)),
        arg(
            "allow_forwarded_traffic",
            Ty::Bool,
            "properties.allowForwardedTraffic",
            "Accept traffic that a machine of the peer network forwards.",
        )
        .default(Lit::Bool(false)),
        arg("allow_gateway_transit", Ty::Bool, "", "Allow the second network to use the gateway of the first one.")
            .wire(Wire::Odd)
            .default(Lit::Bool(false)),
        arg(
            "use_remote_gateways",
            Ty::Bool,
            "",
            "Use the gateway of the first network in the second one. Requires `allow_gateway_transit`.",
        )
        .wire(Wire::Odd)
        .default(Lit::Bool(false)),
    ],
    drill: Drill::never("it would connect the copies to a production network"),
    durations: Durations { create: 10, update: 10, delete: 10 },
    answers: AnswerStyle::AsyncBody,
    serial: Serial::On("between"),
    together: true,
    recovery: Recovery { joins: Some(("between", "address_space")), ..Recovery::NONE },
    in_use: "",
    odd: Overrides {
        objects: Some(objects),
        encode: Some(encode),
        decode: Some(decode),
        ready: Some(ready),
        copied: Some(COPIED),
        check: Some(check),
        ..Overrides::NONE
    },
    simulated: SimulatedBehaviour {
        admit: Some(admit),
        settle: Some(settle),
        removed: Some(removed),
        // A network moves only without peerings (source: Microsoft's guidance on moving networking resources).
        stays: true,
        accepts: &[
            REMOTE,
            TRANSIT,
            USE,
            STATE,
            SYNC,
            "properties.doNotVerifyRemoteGateways",
            "properties.enableOnlyIPv6Peering",
            "properties.localAddressSpace",
            "properties.localSubnetNames",
            "properties.localVirtualNetworkAddressSpace",
            "properties.peerCompleteVnets",
            "properties.remoteAddressSpace",
            "properties.remoteBgpCommunities",
            "properties.remoteSubnetNames",
            "properties.remoteVirtualNetworkAddressSpace",
        ],
        ..SimulatedBehaviour::NONE
    },
    adoption: Adoption { arguments: Some(complete), ..Adoption::BY_TABLE },
    terraform: Terraform {
        resource: "virtual_network_peering",
        shape: TerraformShape::Halves {
            of: "between",
            own: "virtual_network_name",
            remote: "remote_virtual_network_id",
            only: ["allow_gateway_transit", "use_remote_gateways"],
            name_back: NAME_BACK,
        },
        follows: &[("resource_group_name", "between", "resource_group_name")],
        ..Terraform::BY_RULE
    },
    example: r#"
resource_group "example-east" {
  site = site.east
}

resource_group "example-west" {
  site = site.west
}

virtual_network "example-east" {
  resource_group = resource_group.example-east
  address_space  = ["10.10.0.0/16"]
}

virtual_network "example-west" {
  resource_group = resource_group.example-west
  address_space  = ["10.20.0.0/16"]
}

vnet_peering "example" {
  between = [virtual_network.example-east, virtual_network.example-west]
}
"#,
    left_out: &[
        ("local_subnet_names", "drplan peers whole networks; Azure's peering of single subnets is recent and limited"),
        ("only_ipv6_peering_enabled", "drplan peers whole networks"),
        ("peer_complete_virtual_networks_enabled", "drplan peers whole networks"),
        ("remote_subnet_names", "drplan peers whole networks"),
        ("remote_virtual_network_id", "`between` holds both networks"),
        ("triggers", "makes Terraform write a half again; drplan detects drift of both halves instead"),
        ("virtual_network_name", "`between` holds both networks"),
    ],
    ..crate::providers::azure::KIND
};

/// The two networks. `None` unless there are exactly two.
fn networks(subject: &Subject<'_>) -> Option<[ObjectId; 2]> {
    match subject.args.get("between")?.as_array()?.as_slice() {
        [first, second] => Some([ObjectId::new(first.as_str()?), ObjectId::new(second.as_str()?)]),
        _ => None,
    }
}

fn objects(subject: &Subject<'_>) -> Vec<Object> {
    let names = [subject.name, subject.text(NAME_BACK).unwrap_or(subject.name)];
    let half = |(network, name): (ObjectId, &str)| KIND.type_.object(network.child(SEGMENT, name));
    networks(subject).into_iter().flat_map(|networks| networks.into_iter().zip(names)).map(half).collect()
}

fn encode(subject: &Subject<'_>, bodies: &mut [Json]) {
    let ([first, second], Some([one, other])) = (bodies, networks(subject)) else { return };
    let said = |argument: &str| Json::from(subject.args.get(argument).and_then(Json::as_bool).unwrap_or(false));
    first.clone_from(second);
    path::put(first, REMOTE, Json::from(other.as_str()));
    path::put(first, TRANSIT, said("allow_gateway_transit"));
    path::put(first, USE, Json::Bool(false));
    path::put(second, REMOTE, Json::from(one.as_str()));
    path::put(second, TRANSIT, Json::Bool(false));
    path::put(second, USE, said("use_remote_gateways"));
}

/// Shared arguments are read from both halves. If the halves differ, neither value counts, so that drift shows
/// whatever the stack sets.
fn decode(answers: &[Json], args: &mut JsonMap<String, Json>) {
    let [first, second] = answers else { return };
    for (argument, at) in [
        ("allow_virtual_network_access", "properties.allowVirtualNetworkAccess"),
        ("allow_forwarded_traffic", "properties.allowForwardedTraffic"),
    ] {
        if path::borrow(first, at) != path::borrow(second, at) {
            args.insert(argument.to_owned(), Json::from("not the same in both halves"));
        }
    }
    for (argument, half, at) in [("allow_gateway_transit", first, TRANSIT), ("use_remote_gateways", second, USE)] {
        args.insert(argument.to_owned(), path::borrow(half, at).cloned().unwrap_or(Json::Bool(false)));
    }
}

fn ready(answers: &[Json]) -> Readiness {
    let states: Vec<&str> = answers.iter().filter_map(|body| path::text(body, STATE)).collect();
    let in_sync = |body: &Json| path::text(body, SYNC).is_none_or(|level| level == "FullyInSync");
    if states.contains(&"Disconnected") {
        Readiness::Never(
            "one half is disconnected because the other half was deleted. Delete it too, and drplan recreates both"
                .to_owned(),
        )
    } else if states.len() == 2 && states.iter().all(|state| *state == "Connected") && answers.iter().all(in_sync) {
        Readiness::Yes
    } else {
        Readiness::Waits("both halves are connected and in sync".to_owned())
    }
}

/// The ranges of the networks, which a half has from its last write (source: Azure's documentation of
/// `syncRemoteAddressSpace`). Azure does not connect a half again whose other half was deleted.
const COPIED: Copied =
    Copied { shown: "peering_sync_level", sound: "FullyInSync", state: synced, renew: "syncRemoteAddressSpace" };

fn synced(halves: &[Json]) -> CopyState {
    let there = || halves.iter().filter(|half| !half.is_null());
    if let Some(state) = there().find_map(|half| path::text(half, STATE).filter(|state| *state == "Disconnected")) {
        return CopyState::Broken(state.to_owned());
    }
    let is_stale = |level: &&str| !level.eq_ignore_ascii_case(COPIED.sound);
    let initiated = || there().find_map(|half| path::text(half, STATE).filter(|state| *state == "Initiated"));
    let level = there().find_map(|half| path::text(half, SYNC).filter(is_stale)).or_else(initiated);
    level.map_or(CopyState::Sound, |level| CopyState::Stale(level.to_owned()))
}

fn check(subject: &Subject<'_>, findings: &mut Vec<Finding>) {
    let distinct = networks(subject).is_some_and(|[one, other]| one != other);
    if subject.args.contains_key("between") && !distinct {
        findings.push(Finding {
            argument: "between",
            summary: "a peering needs exactly two different networks".to_owned(),
            why: String::new(),
            help: "List two networks. To connect three networks with each other, declare three peerings.".to_owned(),
        });
    }
    if subject.text(NAME_BACK).is_some_and(|name| name.is_empty() || name.contains(['/', '?', '#', '%', ' '])) {
        findings.push(Finding {
            argument: NAME_BACK,
            summary: "this is not a valid name for a peering".to_owned(),
            why: String::new(),
            help: format!("Use {}.", NameRule::NETWORK.words),
        });
    }
    let on = |argument: &str| subject.args.get(argument).and_then(Json::as_bool) == Some(true);
    if on("use_remote_gateways") && !on("allow_gateway_transit") {
        findings.push(Finding {
            argument: "use_remote_gateways",
            summary: "the second network uses a gateway that the first network does not share".to_owned(),
            why: "Azure rejects a half that uses a remote gateway unless the other half allows gateway transit."
                .to_owned(),
            help: "Set `allow_gateway_transit = true` as well.".to_owned(),
        });
    }
}

/// Both networks. The network that shares its gateway comes first.
fn complete(found: &CloudObject<'_>, args: &mut JsonMap<String, Json>) {
    let (Some(own), Some(other)) = (found.id.parent(), remote(found.body)) else { return };
    let is_back =
        |(id, body): &(&ObjectId, &Json)| id.parent().as_ref() == Some(&other) && remote(body).as_ref() == Some(&own);
    let mut halves = found.all.iter().filter(|(id, _)| is_half(id));
    let (back, half) = halves.find(is_back).map_or((found.id.name(), None), |(id, body)| (id.name(), Some(body)));
    let is_on = |body: Option<&Json>, at: &str| body.and_then(|body| path::borrow(body, at)) == Some(&Json::Bool(true));
    let lends = is_on(half, TRANSIT) && !is_on(Some(found.body), TRANSIT);
    // The block's name is the name of the first half. If that half is the other one with a different name, the import
    // starts from it.
    let between = if lends || is_on(Some(found.body), USE) { [other, own] } else { [own, other] };
    if !back.eq_ignore_ascii_case(found.id.name()) {
        args.insert(NAME_BACK.to_owned(), Json::from(back));
    }
    args.insert("between".to_owned(), between.iter().map(|network| Json::from(network.as_str())).collect());
}

fn remote(body: &Json) -> Option<ObjectId> {
    path::text(body, REMOTE).map(ObjectId::new)
}

fn halves(cloud: &dyn SimulatedWorld, network: &ObjectId) -> Vec<ObjectId> {
    cloud.below(network).into_iter().filter(is_half).collect()
}

fn is_half(id: &ObjectId) -> bool {
    id.arm_type().is_some_and(|type_| type_.eq_ignore_ascii_case(TYPE))
}

/// The half in one network that leads to another.
fn half(cloud: &dyn SimulatedWorld, from: &ObjectId, to: &ObjectId) -> Option<ObjectId> {
    halves(cloud, from).into_iter().find(|id| cloud.get(id).and_then(remote).as_ref() == Some(to))
}

fn space(cloud: &dyn SimulatedWorld, network: &ObjectId) -> Json {
    cloud.get(network).and_then(|body| path::borrow(body, SPACE)).cloned().unwrap_or(Json::Array(Vec::new()))
}

fn strings(list: &Json) -> Vec<&str> {
    list.as_array().into_iter().flatten().filter_map(Json::as_str).collect()
}

fn admit(cloud: &dyn SimulatedWorld, id: &ObjectId, body: &Json) -> Result<(), Refusal> {
    let (Some(local), Some(remote_id)) = (id.parent(), remote(body)) else { return Ok(()) };
    let refused = |code, message| Err(Refusal { status: 400, code, message });
    if cloud.get(id).and_then(remote).is_some_and(|standing| standing != remote_id) {
        let message =
            format!("Peering {} references another remote virtual network, which cannot be changed.", id.name());
        return refused("RemoteVirtualNetworkCannotBeChanged", message);
    }
    let theirs = space(cloud, &remote_id);
    if let Some((one, other)) = overlap(&strings(&space(cloud, &local)), &strings(&theirs)) {
        let message = format!(
            "Cannot create or update peering {}. Virtual networks {local} and {remote_id} cannot be peered because their address spaces overlap. Overlapping address prefixes: {one}, {other}",
            id.name()
        );
        return refused("VnetAddressSpacesOverlap", message);
    }
    for sibling in halves(cloud, &local).iter().filter(|sibling| *sibling != id) {
        let Some(peer) = cloud.get(sibling).and_then(remote) else { continue };
        if peer == remote_id {
            let message = format!("Peering {} already references remote virtual network {remote_id}.", sibling.name());
            return refused("AnotherPeeringAlreadyReferencesRemoteVnet", message);
        }
        if let Some((one, other)) = overlap(&strings(&space(cloud, &peer)), &strings(&theirs)) {
            let message = format!(
                "Cannot create or update peering {}. Virtual network {remote_id} overlaps with {peer}, which is already peered with {local}. Overlapping address prefixes: {other}, {one}",
                id.name()
            );
            return refused("VnetAddressSpaceOverlapsWithAlreadyPeeredVnet", message);
        }
    }
    let other_half = half(cloud, &remote_id, &local);
    if other_half.as_ref().is_some_and(|other| state_is(cloud, other, "Disconnected")) {
        let message = format!(
            "Cannot create or update peering {id}, because the peering of {remote_id} that references {local} is in state Disconnected. Update or re-create the remote peering to get it back to Initiated state."
        );
        return refused("RemotePeeringIsDisconnected", message);
    }
    Ok(())
}

fn state_is(cloud: &dyn SimulatedWorld, half: &ObjectId, state: &str) -> bool {
    cloud.get(half).and_then(|body| path::text(body, STATE)) == Some(state)
}

fn settle(cloud: &mut dyn SimulatedWorld, id: &ObjectId) {
    let (Some(local), Some(remote)) = (id.parent(), cloud.get(id).and_then(remote)) else { return };
    match half(cloud, &remote, &local) {
        Some(other) => {
            show(cloud, id, [&local, &remote], "Connected", "FullyInSync");
            show(cloud, &other, [&remote, &local], "Connected", "FullyInSync");
        }
        None => show(cloud, id, [&local, &remote], "Initiated", "RemoteNotInSync"),
    }
}

/// Writes the provider's values into a half: the state, and the ranges of both networks at the time of the peering.
fn show(cloud: &mut dyn SimulatedWorld, half: &ObjectId, [local, remote]: [&ObjectId; 2], state: &str, sync: &str) {
    let spaces = [("local", space(cloud, local)), ("remote", space(cloud, remote))];
    let Some(body) = cloud.get_mut(half) else { return };
    path::fill(body, "properties.peerCompleteVnets", true);
    path::put(body, STATE, Json::from(state));
    path::put(body, SYNC, Json::from(sync));
    for (side, prefixes) in spaces {
        path::put(body, &format!("properties.{side}AddressSpace.addressPrefixes"), prefixes.clone());
        path::put(body, &format!("properties.{side}VirtualNetworkAddressSpace.addressPrefixes"), prefixes);
    }
}

fn removed(cloud: &mut dyn SimulatedWorld, id: &ObjectId, body: &Json) {
    if let (Some(local), Some(remote)) = (id.parent(), remote(body))
        && let Some(other) = half(cloud, &remote, &local)
    {
        disconnect(cloud, &other);
    }
}

fn disconnect(cloud: &mut dyn SimulatedWorld, half: &ObjectId) {
    if let Some(body) = cloud.get_mut(half) {
        path::put(body, STATE, Json::from("Disconnected"));
    }
}

/// After a write of a simulated network's ranges: halves that were created with other ranges are out of sync until
/// they are written again.
pub(super) fn space_changed(cloud: &mut dyn SimulatedWorld, network: &ObjectId) {
    let now = space(cloud, network);
    for here in halves(cloud, network) {
        let remote = cloud.get(&here).and_then(remote);
        let there = remote.and_then(|remote| half(cloud, &remote, network));
        let sides = [(Some(here), "local", "LocalNotInSync"), (there, "remote", "RemoteNotInSync")];
        for (id, side, level) in sides {
            let Some(body) = id.and_then(|id| cloud.get_mut(&id)) else { continue };
            path::put(body, &format!("properties.{side}VirtualNetworkAddressSpace.addressPrefixes"), now.clone());
            if path::borrow(body, &format!("properties.{side}AddressSpace.addressPrefixes")) != Some(&now) {
                path::put(body, SYNC, Json::from(level));
            }
        }
    }
}

/// After the deletion of a simulated network: its peers are disconnected.
pub(super) fn network_removed(cloud: &mut dyn SimulatedWorld, network: &ObjectId) {
    for id in cloud.below(&ObjectId::new("")) {
        let is_half = id.arm_type().is_some_and(|type_| type_.eq_ignore_ascii_case(TYPE));
        if is_half && cloud.get(&id).and_then(remote).as_ref() == Some(network) {
            disconnect(cloud, &id);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use serde_json::json;

    use super::*;

    #[derive(Default)]
    struct PeeringWorld(BTreeMap<ObjectId, Json>);

    impl SimulatedWorld for PeeringWorld {
        fn get(&self, id: &ObjectId) -> Option<&Json> {
            self.0.get(id)
        }
        fn get_mut(&mut self, id: &ObjectId) -> Option<&mut Json> {
            self.0.get_mut(id)
        }
        fn put(&mut self, id: &ObjectId, body: Json) {
            self.0.insert(id.clone(), body);
        }
        fn remove(&mut self, id: &ObjectId) {
            self.0.remove(id);
        }
        fn below(&self, id: &ObjectId) -> Vec<ObjectId> {
            self.0.keys().filter(|other| id.as_str().is_empty() || id.contains(other)).cloned().collect()
        }
        fn guid(&self, of: &str) -> String {
            of.to_owned()
        }
        fn is_dark(&self, _: &str) -> bool {
            false
        }
        fn pass_on(&mut self, _: &str, _: &str) {}
        fn lag(&self, _: &str, _: &str) -> Option<f64> {
            None
        }
        fn now(&self) -> i64 {
            0
        }
    }

    fn network(world: &mut PeeringWorld, name: &str, range: &str) -> ObjectId {
        let id = ObjectId::new(format!(
            "/subscriptions/s/resourceGroups/g/providers/Microsoft.Network/virtualNetworks/{name}"
        ));
        let mut body = json!({});
        path::put(&mut body, SPACE, json!([range]));
        world.put(&id, body);
        id
    }

    fn peer(world: &mut PeeringWorld, from: &ObjectId, to: &ObjectId) -> Result<ObjectId, &'static str> {
        let id = from.child(SEGMENT, &format!("to-{}", to.name()));
        let mut body = json!({});
        path::put(&mut body, REMOTE, json!(to.as_str()));
        admit(world, &id, &body).map_err(|refusal| refusal.code)?;
        world.put(&id, body);
        settle(world, &id);
        Ok(id)
    }

    fn answers(world: &PeeringWorld, halves: [&ObjectId; 2]) -> Vec<Json> {
        halves.into_iter().filter_map(|id| world.get(id)).cloned().collect()
    }

    #[test]
    fn halves_connect_and_a_lone_half_must_be_recreated() -> Result<(), &'static str> {
        let world = &mut PeeringWorld::default();
        let (a, b) = (network(world, "a", "10.1.0.0/16"), network(world, "b", "10.2.0.0/16"));
        let first = peer(world, &a, &b)?;
        assert!(matches!(ready(&answers(world, [&first, &first])), Readiness::Waits(_)));
        let second = peer(world, &b, &a)?;
        assert_eq!(ready(&answers(world, [&first, &second])), Readiness::Yes);

        network(world, "a", "10.1.0.0/15");
        space_changed(world, &a);
        assert!(matches!(ready(&answers(world, [&first, &second])), Readiness::Waits(_)));
        settle(world, &second);
        assert_eq!(ready(&answers(world, [&first, &second])), Readiness::Yes);

        let gone = world.get(&first).cloned().unwrap_or_default();
        world.remove(&first);
        removed(world, &first, &gone);
        assert_eq!(peer(world, &a, &b), Err("RemotePeeringIsDisconnected"));
        assert!(matches!(ready(&answers(world, [&second, &second])), Readiness::Never(_)));
        Ok(())
    }

    #[test]
    fn overlapping_networks_are_refused() -> Result<(), &'static str> {
        let world = &mut PeeringWorld::default();
        let (a, b) = (network(world, "a", "10.1.0.0/16"), network(world, "b", "10.1.128.0/17"));
        assert_eq!(peer(world, &a, &b), Err("VnetAddressSpacesOverlap"));
        let c = network(world, "c", "10.3.0.0/16");
        peer(world, &c, &a)?;
        assert_eq!(peer(world, &c, &b), Err("VnetAddressSpaceOverlapsWithAlreadyPeeredVnet"));
        Ok(())
    }
}
