//! Addresses, key pairs, tags, and what a region offers.

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use serde_json::{Map, Value as Json, json};

use super::super::addresses;
use super::super::answers::Refused;
use super::super::compute::set_tags;
use super::super::groups;
use super::super::handler::check_tags;
use super::super::offers;
use super::super::store::{Place, absent, own_id, text};
use super::super::types::{ADDRESS, INSTANCE, KEY_PAIR, NAME, NAMED, Type, VPC, of_id};
use super::call::{self, Call, whole_tag};
use super::list::{filtered, page};
use super::shapes;
use crate::providers::aws::TABLES;
use crate::simulator::world::{Lifecycle, World};

fn fields(value: Json) -> Map<String, Json> {
    value.as_object().cloned().unwrap_or_default()
}

fn done() -> Map<String, Json> {
    fields(json!({ "return": true }))
}

pub(super) fn allocate(world: &mut World, call: &Call<'_>) -> Result<Map<String, Json>, Refused> {
    call.at_once()?;
    let tags = call.tags("elastic-ip")?;
    let id = addresses::allocate(world, call.region, tags)?;
    let body = &Place::new(&ADDRESS, call.region).get_at_once(world, &id)?.body;
    Ok(fields(json!({
        "publicIp": body["PublicIp"], "allocationId": id, "domain": "vpc", "publicIpv4Pool": "amazon",
        "networkBorderGroup": call.region,
    })))
}

/// The address that a call names by its id, or by the address itself.
fn named(world: &World, call: &Call<'_>) -> Result<String, Refused> {
    let (id, address) = (call.text("AllocationId"), call.text("PublicIp"));
    if !id.is_empty() {
        return Place::new(&ADDRESS, call.region).get(world, id).map(|_| id.to_owned());
    }
    let all = Place::new(&ADDRESS, call.region).all(world);
    let found = all.into_iter().find(|object| text(&object.body, "PublicIp") == address && !address.is_empty());
    found.map(|object| text(&object.body, "AllocationId").to_owned()).ok_or_else(|| match address {
        "" => call::absent("AllocationId"),
        _ => Refused::bad("InvalidAddress.NotFound", format!("Address '{address}' not found.")),
    })
}

pub(super) fn associate(world: &mut World, call: &Call<'_>) -> Result<Map<String, Json>, Refused> {
    call.at_once()?;
    let address = named(world, call)?;
    let instance = match (call.text("InstanceId"), call.text("NetworkInterfaceId")) {
        ("", "") => return Err(call::absent("InstanceId")),
        ("", interface) => {
            let all = Place::new(&INSTANCE, call.region).all(world);
            let found = all.into_iter().find(|object| text(&object.body, "NetworkInterfaceId") == interface);
            let why = format!("The networkInterface ID '{interface}' does not exist");
            let found = found.ok_or_else(|| Refused::bad("InvalidNetworkInterfaceID.NotFound", why))?;
            text(&found.body, "InstanceId").to_owned()
        }
        (id, _) => id.to_owned(),
    };
    // An address of a network moves to another machine unless the call forbids it.
    let again = call.text("AllowReassociation") != "false";
    let id = addresses::associate(world, call.region, (&address, &instance), again)?;
    Ok(fields(json!({ "return": true, "associationId": id })))
}

pub(super) fn dissociate(world: &mut World, call: &Call<'_>) -> Result<Map<String, Json>, Refused> {
    call.at_once()?;
    let association = call.text("AssociationId").to_owned();
    let address = if association.is_empty() {
        named(world, call)?
    } else {
        let all = Place::new(&ADDRESS, call.region).all(world);
        let found = all.into_iter().find(|object| text(&object.body, "AssociationId") == association);
        let why = format!("The association ID '{association}' does not exist");
        let found = found.ok_or_else(|| Refused::bad("InvalidAssociationID.NotFound", why))?;
        text(&found.body, "AllocationId").to_owned()
    };
    addresses::dissociate(world, call.region, &address);
    Ok(done())
}

pub(super) fn release(world: &mut World, call: &Call<'_>) -> Result<Map<String, Json>, Refused> {
    call.at_once()?;
    let address = named(world, call)?;
    let place = Place::new(&ADDRESS, call.region);
    addresses::check_release(&place.get(world, &address)?.body)?;
    place.remove(world, &address);
    Ok(done())
}

pub(super) fn list_addresses(world: &World, call: &Call<'_>) -> Result<Map<String, Json>, Refused> {
    let (ids, own) = (call.list("AllocationId"), call.list("PublicIp"));
    let place = Place::new(&ADDRESS, call.region);
    for id in &ids {
        place.get(world, id)?;
    }
    let is_wanted = |body: &Json| {
        let in_list = |list: &[String], name: &str| list.iter().any(|one| one == text(body, name));
        ids.is_empty() && own.is_empty() || in_list(&ids, "AllocationId") || in_list(&own, "PublicIp")
    };
    let all = place.all(world).into_iter().filter(|object| super::super::store::is_visible(world, object));
    let shown = all.map(|object| &*object.body).filter(|body| is_wanted(body));
    let shown: Vec<Json> = shown.map(|body| shapes::address(world, call.region, body)).collect();
    if let Some(missing) = own.iter().find(|address| !shown.iter().any(|one| one["publicIp"] == **address)) {
        return Err(Refused::bad("InvalidAddress.NotFound", format!("Address '{missing}' not found.")));
    }
    let filters = [
        ("allocation-id", "allocationId"),
        ("association-id", "associationId"),
        ("instance-id", "instanceId"),
        ("network-interface-id", "networkInterfaceId"),
        ("private-ip-address", "privateIpAddress"),
        ("public-ip", "publicIp"),
        ("domain", "domain"),
    ];
    Ok(fields(json!({ "addressesSet": filtered(shown, call, &filters)? })))
}

pub(super) fn import_key(world: &mut World, call: &Call<'_>) -> Result<Map<String, Json>, Refused> {
    call.at_once()?;
    let invalid = || Refused::bad("InvalidKey.Format", "Key is not in valid OpenSSH public key format");
    let material = BASE64_STANDARD.decode(call.needs("PublicKeyMaterial")?).map_err(|_| invalid())?;
    let material = String::from_utf8(material).map_err(|_| invalid())?;
    let name = call.needs("KeyName")?.to_owned();
    let tags = call.tags("key-pair")?;
    let body = groups::key(world, call.region, (&name, &material, Some(&tags)))?;
    let shown = json!({
        "keyName": name, "keyFingerprint": body["KeyFingerprint"], "keyPairId": body["KeyPairId"],
        "tagSet": shapes::tags(&body),
    });
    Place::new(&KEY_PAIR, call.region).insert(world, &name, body, Lifecycle::Standing);
    Ok(fields(shown))
}

/// A key pair that does not exist counts as deleted.
pub(super) fn delete_key(world: &mut World, call: &Call<'_>) -> Result<Map<String, Json>, Refused> {
    call.at_once()?;
    let place = Place::new(&KEY_PAIR, call.region);
    let id = call.text("KeyPairId");
    let by_id = place.all(world).into_iter().find(|object| !id.is_empty() && text(&object.body, "KeyPairId") == id);
    let name = by_id.map_or(call.text("KeyName"), |object| text(&object.body, "KeyName")).to_owned();
    place.remove(world, &name);
    Ok(done())
}

/// The place and the id of an object that has tags.
fn tagged<'a>(world: &World, region: &'a str, id: &str) -> Result<(Place<'a>, String), Refused> {
    if id.starts_with("key-") {
        let place = Place::new(&KEY_PAIR, region);
        let all = place.all(world);
        let found = all.into_iter().find(|object| text(&object.body, "KeyPairId") == id);
        let found = found.ok_or_else(|| absent(&KEY_PAIR, id))?;
        return Ok((place, text(&found.body, "KeyName").to_owned()));
    }
    let of = of_id(id).ok_or_else(|| Refused::bad("InvalidID", format!("The ID '{id}' is not valid")))?;
    let place = Place::new(of, region);
    place.get(world, id)?;
    Ok((place, id.to_owned()))
}

pub(super) fn create_tags(world: &mut World, call: &Call<'_>) -> Result<Map<String, Json>, Refused> {
    call.at_once()?;
    let tags = call.form.get("Tag").and_then(Json::as_array).into_iter().flatten().map(whole_tag);
    let tags: Vec<Json> = tags.collect();
    let ids = call.list("ResourceId");
    let places = ids.iter().map(|id| tagged(world, call.region, id)).collect::<Result<Vec<_>, _>>()?;
    for (place, id) in places {
        let own = place.body(world, &id).map(|body| body["Tags"].as_array().cloned().unwrap_or_default());
        let mut all: Vec<Json> = own.unwrap_or_default();
        all.retain(|one| !tags.iter().any(|tag| tag["Key"] == one["Key"]));
        all.extend(tags.iter().cloned());
        let all = Json::Array(all);
        check_tags(Some(&all))?;
        place.change(world, &id, |body| set_tags(place.of, body, all));
    }
    Ok(done())
}

pub(super) fn delete_tags(world: &mut World, call: &Call<'_>) -> Result<Map<String, Json>, Refused> {
    call.at_once()?;
    let tags = call.form.get("Tag").and_then(Json::as_array).cloned().unwrap_or_default();
    let ids = call.list("ResourceId");
    let places = ids.iter().map(|id| tagged(world, call.region, id)).collect::<Result<Vec<_>, _>>()?;
    let goes = |one: &Json| {
        let fits = |tag: &Json| tag["Key"] == one["Key"] && tag.get("Value").is_none_or(|value| *value == one["Value"]);
        tags.is_empty() || tags.iter().any(fits)
    };
    for (place, id) in places {
        place.change(world, &id, |body| {
            if let Some(mut all) = body["Tags"].as_array().cloned() {
                all.retain(|one| !goes(one));
                set_tags(place.of, body, Json::Array(all));
            }
        });
    }
    Ok(done())
}

/// The word for a type in lists of tags, and in ARNs; empty for one without tags.
pub(in super::super) fn tag_word(of: &Type) -> &'static str {
    match of.word {
        "vpcs" => "vpc",
        "subnets" => "subnet",
        "internet-gateways" => "internet-gateway",
        "route-tables" => "route-table",
        "security-groups" => "security-group",
        "key-pairs" => "key-pair",
        "addresses" => "elastic-ip",
        "volumes" => "volume",
        "instances" => "instance",
        "images" => "image",
        "snapshots" => "snapshot",
        "launch-templates" => "launch-template",
        "vpc-endpoints" => "vpc-endpoint",
        "capacity-reservations" => "capacity-reservation",
        _ => "",
    }
}

pub(super) fn list_tags(world: &World, call: &Call<'_>) -> Result<Map<String, Json>, Refused> {
    let types = NAMED.iter().copied().filter(|of| !tag_word(of).is_empty());
    let all = types.flat_map(|of| Place::new(of, call.region).all(world).into_iter().map(move |object| (of, object)));
    let shown = all.flat_map(|(of, object)| {
        let id = if *of == KEY_PAIR { text(&object.body, "KeyPairId").to_owned() } else { own_id(of, object) };
        let tags = object.body["Tags"].as_array().cloned().unwrap_or_default();
        let one = move |tag: Json| {
            json!({ "resourceId": id, "resourceType": tag_word(of), "key": tag["Key"], "value": tag["Value"] })
        };
        tags.into_iter().map(one)
    });
    let filters =
        [("key", "key"), ("value", "value"), ("resource-id", "resourceId"), ("resource-type", "resourceType")];
    page(filtered(shown.collect(), call, &filters)?, call, "tagSet", false)
}

pub(super) fn vpc_attribute(world: &World, call: &Call<'_>) -> Result<Map<String, Json>, Refused> {
    let id = call.needs("VpcId")?;
    let body = &Place::new(&VPC, call.region).get(world, id)?.body;
    let name = call.needs("Attribute")?;
    let value = match name {
        "enableDnsSupport" => body["EnableDnsSupport"].clone(),
        "enableDnsHostnames" => body["EnableDnsHostnames"].clone(),
        other => {
            return Err(Refused::bad(
                "InvalidParameterValue",
                format!("Value ({other}) for parameter attribute is invalid."),
            ));
        }
    };
    let mut answer = fields(json!({ "vpcId": id }));
    answer.insert(name.to_owned(), json!({ "value": value }));
    Ok(answer)
}

pub(super) fn regions(_: &World, call: &Call<'_>) -> Result<Map<String, Json>, Refused> {
    let wanted = call.list("RegionName");
    if let Some(other) = wanted.iter().find(|name| !offers::is_region(name)) {
        return Err(Refused::bad("InvalidParameterValue", format!("Invalid region provided: {other}")));
    }
    let all = TABLES.regions.iter().filter(|region| wanted.is_empty() || wanted.iter().any(|name| name == region.name));
    let shown = all.map(|region| {
        json!({
            "regionName": region.name, "regionEndpoint": format!("ec2.{}.amazonaws.com", region.name),
            "optInStatus": "opt-in-not-required",
        })
    });
    let filters = [("region-name", "regionName"), ("opt-in-status", "optInStatus")];
    Ok(fields(json!({ "regionInfo": filtered(shown.collect(), call, &filters)? })))
}

pub(super) fn zones(world: &World, call: &Call<'_>) -> Result<Map<String, Json>, Refused> {
    let (names, ids) = (call.list("ZoneName"), call.list("ZoneId"));
    let is_lost = world.rest.faults.is_dark(NAME, Some(call.region));
    let all = offers::zones(call.region).filter(|zone| {
        names.is_empty() && ids.is_empty() || names.contains(zone) || ids.contains(&offers::zone_id(call.region, zone))
    });
    let shown = all.map(|zone| {
        json!({
            "zoneName": zone,
            "zoneId": offers::zone_id(call.region, &zone),
            "zoneState": if is_lost { "impaired" } else { "available" },
            "regionName": call.region,
            "zoneType": "availability-zone",
            "optInStatus": "opt-in-not-required",
            "groupName": call.region,
            "networkBorderGroup": call.region,
            "messageSet": [],
        })
    });
    let filters = [
        ("zone-name", "zoneName"),
        ("zone-id", "zoneId"),
        ("state", "zoneState"),
        ("region-name", "regionName"),
        ("zone-type", "zoneType"),
        ("opt-in-status", "optInStatus"),
    ];
    Ok(fields(json!({ "availabilityZoneInfo": filtered(shown.collect(), call, &filters)? })))
}

pub(super) fn types(_: &World, call: &Call<'_>) -> Result<Map<String, Json>, Refused> {
    let wanted = call.list("InstanceType");
    let unknown = |name: &str| {
        let why = format!("The following supplied instance types do not exist: [{name}]");
        Refused::bad("InvalidInstanceType", why)
    };
    let found = match wanted.is_empty() {
        true => offers::machine_types().collect(),
        false => {
            let all = wanted.iter().map(|name| offers::machine_type(name).ok_or_else(|| unknown(name)));
            all.collect::<Result<Vec<_>, _>>()?
        }
    };
    let shown = found.iter().map(offers::shown_type).collect();
    let filters = [
        ("instance-type", "instanceType"),
        ("current-generation", "currentGeneration"),
        ("vcpu-info.default-vcpus", "vCpuInfo.defaultVCpus"),
        ("memory-info.size-in-mib", "memoryInfo.sizeInMiB"),
        ("processor-info.supported-architecture", "processorInfo.supportedArchitectures"),
    ];
    page(filtered(shown, call, &filters)?, call, "instanceTypeSet", !wanted.is_empty())
}

pub(super) fn offerings(_: &World, call: &Call<'_>) -> Result<Map<String, Json>, Refused> {
    let location = if call.text("LocationType").is_empty() { "region" } else { call.text("LocationType") };
    let places: Vec<String> = match location {
        "region" => vec![call.region.to_owned()],
        "availability-zone" => offers::zones(call.region).collect(),
        "availability-zone-id" => offers::zones(call.region).map(|zone| offers::zone_id(call.region, &zone)).collect(),
        other => {
            return Err(Refused::bad(
                "InvalidParameterValue",
                format!("Value ({other}) for parameter locationType is invalid."),
            ));
        }
    };
    let all = offers::machine_types().flat_map(|of| {
        let one = move |place: &String| json!({ "instanceType": of.name, "locationType": location, "location": place });
        places.iter().map(one).collect::<Vec<_>>()
    });
    let filters = [("instance-type", "instanceType"), ("location", "location")];
    page(filtered(all.collect(), call, &filters)?, call, "instanceTypeOfferingSet", false)
}

pub(super) fn account(world: &World, call: &Call<'_>) -> Result<Map<String, Json>, Refused> {
    let one = |name: &str, value: String| {
        let values = json!([{ "attributeValue": value }]);
        json!({ "attributeName": name, "attributeValueSet": values })
    };
    let all = json!([
        one("supported-platforms", "VPC".to_owned()),
        one("default-vpc", "none".to_owned()),
        one("max-instances", offers::vcpu_quota(world, call.region).to_string()),
        one("vpc-max-elastic-ips", "5".to_owned()),
        one("max-elastic-ips", "5".to_owned()),
    ]);
    Ok(fields(json!({ "accountAttributeSet": all })))
}
