//! NAT gateway: outbound internet access for machines without public addresses.

use serde_json::Value as Json;

use crate::kinds::path;
use crate::kinds::table::*;
use crate::object::ObjectId;
use crate::providers::azure::forms;
use crate::providers::azure::kinds::compute::machine_profile::admit_region;
use crate::providers::azure::kinds::network::public_ip;
use crate::providers::azure::tags::TAGS;

/// The reason why a drill copies no way out of a network.
pub(super) const WAY_OUT: &str = "it would give copies a way out to the internet";
const ADDRESSES: &str = "properties.publicIpAddresses";

/// Table of `nat_gateway`.
pub static KIND: Kind = Kind {
    name: "nat_gateway",
    about: "NAT gateway: outbound internet access for machines without public addresses.",
    type_: KindType { name: "Microsoft.Network/natGateways", version: "2025-09-01" },
    names: NameRule::NETWORK,
    args: &[
        RESOURCE_GROUP,
        arg(
            "idle_timeout_in_minutes",
            Ty::Integer(4, 120),
            "properties.idleTimeoutInMinutes",
            "Idle timeout of connections, in minutes.",
        )
        .default(Lit::Int(4)),
        arg(
            "sku_name",
            Ty::Enum(&["Standard", "StandardV2"]),
            "sku.name",
            "SKU of the gateway. `StandardV2` spans the zones of its region.",
        )
        .default(Lit::Str("Standard"))
        .replace(),
        arg("zones", Ty::Set(&Ty::String), "zones", "Availability zones of the gateway: one, for `Standard`.")
            .form(&forms::ZONE)
            .replace(),
        TAGS,
    ],
    attributes: &[attribute(
        "resource_guid",
        "properties.resourceGuid",
        FakeValue::Guid,
        "GUID that Azure assigns to the gateway.",
    )],
    drill: Drill::never(WAY_OUT),
    durations: Durations { create: 10, update: 10, delete: 12 },
    answers: AnswerStyle::AsyncBody,
    in_use: "CannotDeleteNatGatewayAssociatedToSubnet",
    adoption: Adoption { chosen: &[("properties.nat64", Lit::Str("Disabled"))], ..Adoption::BY_TABLE },
    uncovered: &[
        "properties.nat64",
        "properties.publicIpAddresses[].id",
        "properties.publicIpAddressesV6[].id",
        "properties.publicIpPrefixes[].id",
        "properties.publicIpPrefixesV6[].id",
        "properties.serviceGateway.id",
        "properties.sourceVirtualNetwork.id",
    ],
    simulated: SimulatedBehaviour {
        admit: Some(admit),
        accepts: &[
            "properties.nat64",
            "properties.publicIpAddresses[].id",
            "properties.publicIpAddressesV6[].id",
            "properties.publicIpPrefixes[].id",
            "properties.publicIpPrefixesV6[].id",
            "properties.serviceGateway.id",
            "properties.sourceVirtualNetwork.id",
        ],
        ..SimulatedBehaviour::NONE
    },
    combinations: &[Combination::new(
        "InvalidAvailabilityZone",
        &[("zones", Test::MoreThan(1)), ("sku_name", Test::Is(&[Lit::Str("Standard")]))],
        "a gateway of SKU `Standard` is in several zones",
        "Set one zone, or `sku_name = \"StandardV2\"`.",
    )],
    example: r#"
resource_group "example" {
  site = site.east
}

nat_gateway "example" {
  resource_group = resource_group.example
}
"#,
    ..crate::providers::azure::KIND
};

/// Azure attaches an address to one resource, of the address's region and SKU.
fn admit(cloud: &dyn SimulatedWorld, id: &ObjectId, body: &Json) -> Result<(), Refusal> {
    let refused = |code, message| Err(Refusal { status: 400, code, message });
    for address in path::items(body, ADDRESSES).iter().filter_map(|one| path::text(one, "id")).map(ObjectId::new) {
        admit_region(cloud, id, body, &address)?;
        if let Some(other) = public_ip::owners(cloud, &address).into_iter().find(|owner| owner != id) {
            return refused(
                "PublicIPAddressInUse",
                format!("Resource {other} is referencing public IP address {address} that is already in use by {id}."),
            );
        }
        let sku = |body: &Json| path::text(body, "sku.name").unwrap_or("Basic").to_owned();
        let (own, other) = (sku(body), cloud.get(&address).map(sku));
        if other.as_ref().is_some_and(|other| *other != own) {
            return refused(
                "NatGatewayAndPublicIpAddressSkuMismatch",
                format!("NAT gateway {id} of SKU {own} cannot use public IP address {address} of another SKU."),
            );
        }
    }
    Ok(())
}
