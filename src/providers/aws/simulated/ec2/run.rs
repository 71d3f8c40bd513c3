//! Launches of machines.

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use serde_json::{Map, Value as Json, json};

use super::super::answers::Refused;
use super::super::handler::with;
use super::super::machines::{Step, take};
use super::super::network::machines;
use super::super::offers;
use super::super::store::{Place, give, is_visible, text, time};
use super::super::types::{GLOBAL, GROUP, INSTANCE, KEY_PAIR, PROFILE, SUBNET, VOLUME};
use super::super::volumes::{self, NewVolume};
use super::call::{Call, absent, whole_tag};
use super::images;
use super::shapes::{RESERVED, free_addresses, zone_of};
use super::specification;
use crate::ranges::Cidr;
use crate::simulator::request::ErrorResponse;
use crate::simulator::world::{Lifecycle, World};

/// The longest user data in bytes, before it is encoded.
const USER_DATA: usize = 16_384;

/// A launch whose parameters are valid.
struct Launch {
    specification: Map<String, Json>,
    image: Json,
    type_: String,
    subnet: String,
    vpc: String,
    zone: String,
    groups: Vec<String>,
    public: bool,
    /// The error with which it ends.
    fails: Option<ErrorResponse>,
}

fn invalid(why: String) -> Refused {
    Refused::bad("InvalidParameterValue", why)
}

fn string(from: &Map<String, Json>, name: &str) -> String {
    from.get(name).and_then(Json::as_str).unwrap_or_default().to_owned()
}

/// Launches machines, and returns their ids.
pub(super) fn run(world: &mut World, call: &Call<'_>) -> Result<Vec<String>, Refused> {
    let count = |name: &str| call.number(name)?.ok_or_else(|| absent(name));
    let (least, most) = (count("MinCount")?, count("MaxCount")?);
    if least == 0 || least > most || most > 100 {
        return Err(invalid("MinCount and MaxCount are between 1 and 100, in this order.".to_owned()));
    }
    call.once(world, |world| {
        let launch = checked(world, call, most)?;
        let reservation = give(world, "r-");
        (0..most).map(|index| one(world, call, &launch, (&reservation, index))).collect()
    })
}

fn checked(world: &World, call: &Call<'_>, count: u64) -> Result<Launch, Refused> {
    let region = call.region;
    let specification = specification::of_launch(world, call)?;
    let image = images::usable(world, region, &string(&specification, "ImageId"))?;
    let type_ = string(&specification, "InstanceType");
    if type_.is_empty() {
        return Err(absent("InstanceType"));
    }
    let machine_type = offers::known_type(&type_)?;
    let architecture = text(&image, "Architecture");
    if !architecture.is_empty() && architecture != machine_type.architecture {
        let why = format!(
            "The architecture '{}' of the specified instance type does not match the architecture '{architecture}' of \
             the specified AMI.",
            machine_type.architecture
        );
        return Err(invalid(why));
    }
    let (subnet, groups, public) = network(world, region, &specification)?;
    let body = &Place::new(&SUBNET, region).get(world, &subnet)?.body;
    let vpc = text(body, "VpcId").to_owned();
    if free_addresses(world, region, body) < count {
        let why = format!(
            "There are not enough free addresses in subnet '{subnet}' to satisfy the requested number of instances."
        );
        return Err(Refused::bad("InsufficientFreeAddressesInSubnet", why));
    }
    let zone = zone_of(world, region, &subnet);
    let wanted =
        specification.get("Placement").map(|placement| text(placement, "AvailabilityZone")).unwrap_or_default();
    if !wanted.is_empty() && wanted != zone {
        return Err(invalid(format!("The zone '{wanted}' is not that of subnet '{subnet}'.")));
    }
    let public = public.unwrap_or(body["MapPublicIpOnLaunch"] == true);
    let groups = groups_of(world, region, &vpc, groups)?;
    others(world, region, &specification)?;
    offers::quota(world, region, &type_, count)?;
    let late = offers::capacity(world, region, (&zone, &type_), count)?;
    let fails = call.fails.clone().or(late);
    Ok(Launch { specification, image, type_, subnet, vpc, zone, groups, public, fails })
}

/// The subnet and the groups of a launch, of itself or of its interface, and its wish for a public address.
fn network(
    _: &World,
    _: &str,
    specification: &Map<String, Json>,
) -> Result<(String, Vec<String>, Option<bool>), Refused> {
    let ids = |value: Option<&Json>| -> Vec<String> {
        let all = value.and_then(Json::as_array).into_iter().flatten();
        all.filter_map(Json::as_str).map(str::to_owned).collect()
    };
    let own = (string(specification, "SubnetId"), ids(specification.get("SecurityGroupIds")));
    let interface = specification.get("NetworkInterfaces").and_then(|all| all.get(0));
    let (subnet, groups, public) = match interface {
        Some(interface) => {
            if !own.0.is_empty() || !own.1.is_empty() {
                let why = "Network interfaces and an instance-level subnet ID or security groups may not be \
                    specified on the same request";
                return Err(Refused::bad("InvalidParameterCombination", why));
            }
            let public = interface.get("AssociatePublicIpAddress").and_then(Json::as_bool);
            (text(interface, "SubnetId").to_owned(), ids(interface.get("Groups")), public)
        }
        None => (own.0, own.1, None),
    };
    if subnet.is_empty() {
        return Err(Refused::bad(
            "VPCIdNotSpecified",
            "No default VPC for this user. GroupName is only supported for EC2-Classic and default VPC.",
        ));
    }
    Ok((subnet, groups, public))
}

/// The groups of a machine: those of its network that it names, or the default one.
pub(super) fn groups_of(world: &World, region: &str, vpc: &str, wanted: Vec<String>) -> Result<Vec<String>, Refused> {
    let place = Place::new(&GROUP, region);
    if wanted.is_empty() {
        let own = with(world, place, "VpcId", vpc).into_iter().filter(|group| group["GroupName"] == "default");
        return Ok(own.map(|group| text(group, "Id").to_owned()).collect());
    }
    if wanted.len() > 5 {
        let why = "You have specified more than 5 security groups for a network interface.";
        return Err(Refused::bad("SecurityGroupsPerInterfaceLimitExceeded", why));
    }
    for id in &wanted {
        if text(&place.get(world, id)?.body, "VpcId") != vpc {
            let why = format!("Security group {id} and the subnet belong to different networks.");
            return Err(Refused::bad("InvalidParameter", why));
        }
    }
    Ok(wanted)
}

/// The key pair, the profile and the user data of a launch.
fn others(world: &World, region: &str, specification: &Map<String, Json>) -> Result<(), Refused> {
    let key = string(specification, "KeyName");
    if !key.is_empty() && Place::new(&KEY_PAIR, region).find(world, &key).is_none() {
        let why = format!("The key pair '{key}' does not exist");
        return Err(Refused::bad("InvalidKeyPair.NotFound", why));
    }
    if let Some(profile) = specification.get("IamInstanceProfile") {
        let name = match text(profile, "Name") {
            "" => text(profile, "Arn").rsplit('/').next().unwrap_or_default(),
            name => name,
        };
        // Changes of IAM reach the regions late.
        let found = Place::new(&PROFILE, GLOBAL).find(world, name);
        if !found.is_some_and(|object| is_visible(world, object) && object.stage != Lifecycle::Creating) {
            let why = format!(
                "Value ({name}) for parameter iamInstanceProfile.name is invalid. Invalid IAM Instance Profile name"
            );
            return Err(invalid(why));
        }
    }
    let data = string(specification, "UserData");
    let decoded =
        BASE64_STANDARD.decode(&data).map_err(|_| invalid("Invalid BASE64 encoding of user data.".to_owned()))?;
    if decoded.len() > USER_DATA {
        return Err(invalid("User data is limited to 16384 bytes".to_owned()));
    }
    Ok(())
}

/// Launches one machine.
fn one(
    world: &mut World,
    call: &Call<'_>,
    launch: &Launch,
    (reservation, index): (&str, u64),
) -> Result<String, Refused> {
    let region = call.region;
    let id = give(world, INSTANCE.prefix);
    let private = private_address(world, region, launch, index)?;
    let disks = disks(world, region, launch, &id)?;
    let now = time(world);
    let interface = give(world, "eni-");
    let mut body = json!({
        "InstanceId": id,
        "ImageId": launch.image["ImageId"],
        "InstanceType": launch.type_,
        "SubnetId": launch.subnet,
        "VpcId": launch.vpc,
        "AvailabilityZone": launch.zone,
        "SecurityGroupIds": launch.groups,
        "PrivateIp": private,
        "PrivateIpAddress": private,
        "PrivateDnsName": format!("ip-{}.{region}.compute.internal", private.replace('.', "-")),
        "NetworkInterfaceId": interface,
        "BlockDeviceMappings": disks,
        "AssociatePublicIpAddress": launch.public,
        "EbsOptimized": launch.specification.get("EbsOptimized") == Some(&json!(true)),
        "Monitoring": launch.specification.get("Monitoring").is_some_and(|one| one["Enabled"] == true),
        "DisableApiTermination": launch.specification.get("DisableApiTermination") == Some(&json!(true)),
        "InstanceInitiatedShutdownBehavior": "stop",
        "SourceDestCheck": true,
        "MetadataOptions": metadata(launch),
        "Architecture": offers::machine_type(&launch.type_).map(|of| of.architecture),
        "RootDeviceName": launch.image["RootDeviceName"],
        "LaunchTime": now,
        "LaunchIndex": index,
        "ReservationId": reservation,
        "Tags": tags(call, launch)?,
    });
    let given = [
        "KeyName",
        "UserData",
        "LaunchTemplate",
        "InstanceInitiatedShutdownBehavior",
        "CpuOptions",
        "CapacityReservationSpecification",
    ];
    for name in given {
        if let Some(value) = launch.specification.get(name) {
            body[name] = value.clone();
        }
    }
    if let Some(profile) = launch.specification.get("IamInstanceProfile") {
        let name = text(profile, "Name");
        body["IamInstanceProfile"] =
            json!(if name.is_empty() { text(profile, "Arn").rsplit('/').next().unwrap_or_default() } else { name });
    }
    if !call.text("ClientToken").is_empty() {
        body["ClientToken"] = json!(call.text("ClientToken"));
    }
    Place::new(&INSTANCE, region).insert(world, &id, body, Lifecycle::Standing);
    take(world, region, &id, Step::Run, launch.fails.clone());
    Ok(id)
}

fn metadata(launch: &Launch) -> Json {
    let mut options = json!({
        "HttpTokens": "optional",
        "HttpPutResponseHopLimit": 1,
        "HttpEndpoint": "enabled",
        "HttpProtocolIpv6": "disabled",
        "InstanceMetadataTags": "disabled",
    });
    for (name, value) in launch.specification.get("MetadataOptions").and_then(Json::as_object).into_iter().flatten() {
        options[name.as_str()] = value.clone();
    }
    options
}

/// The tags of a machine: its own, or those of its template.
fn tags(call: &Call<'_>, launch: &Launch) -> Result<Json, Refused> {
    let own = call.tags("instance")?;
    if own.as_array().is_some_and(|own| !own.is_empty()) {
        return Ok(own);
    }
    let all = launch.specification.get("TagSpecifications").and_then(Json::as_array).into_iter().flatten();
    let found = all.filter(|one| one["ResourceType"] == "instance").filter_map(|one| one["Tags"].as_array());
    Ok(Json::Array(found.flatten().map(whole_tag).collect()))
}

/// The wanted address of a machine in its subnet, or the first free one.
fn private_address(world: &World, region: &str, launch: &Launch, index: u64) -> Result<String, Refused> {
    let subnet = Place::new(&SUBNET, region).body(world, &launch.subnet);
    let cidr = subnet.and_then(|body| Cidr::parse(text(body, "CidrBlock")).ok());
    let cidr = cidr.ok_or_else(|| invalid(format!("The range of subnet {} is invalid", launch.subnet)))?;
    let taken: Vec<&str> =
        machines(world, region, "SubnetId", &launch.subnet).iter().map(|body| text(body, "PrivateIp")).collect();
    let wanted = string(&launch.specification, "PrivateIpAddress");
    let first = cidr.first();
    let last = first | cidr.host_mask();
    if wanted.is_empty() || index > 0 {
        let mut free = (first + u128::from(RESERVED) - 1..last).map(|number| cidr.address(number));
        return free.find(|address| !taken.contains(&address.as_str())).ok_or_else(|| {
            Refused::bad("InsufficientFreeAddressesInSubnet", "There are no free addresses in the subnet.")
        });
    }
    let number = wanted.parse::<std::net::Ipv4Addr>().map(|address| u128::from(address.to_bits()));
    if !number.is_ok_and(|number| (first + u128::from(RESERVED) - 1..last).contains(&number)) {
        return Err(invalid(format!("Address {wanted} does not fall within the subnet's address range")));
    }
    match taken.contains(&wanted.as_str()) {
        true => Err(Refused::bad("InvalidIPAddress.InUse", format!("Address {wanted} is in use."))),
        false => Ok(wanted),
    }
}

/// Creates the volumes of a machine: those of its image, with the changes and additions of the launch.
fn disks(world: &mut World, region: &str, launch: &Launch, id: &str) -> Result<Json, Refused> {
    let list = |from: Option<&Json>| from.and_then(Json::as_array).cloned().unwrap_or_default();
    let mut wanted = list(launch.image.get("BlockDeviceMappings"));
    for own in list(launch.specification.get("BlockDeviceMappings")) {
        match wanted.iter_mut().find(|one| one["DeviceName"] == own["DeviceName"]) {
            Some(one) => {
                for (name, value) in own["Ebs"].as_object().into_iter().flatten() {
                    one["Ebs"][name.as_str()] = value.clone();
                }
            }
            None => wanted.push(own),
        }
    }
    let now = time(world);
    let mut made = Vec::new();
    for (at, disk) in wanted.iter().enumerate() {
        let ebs = &disk["Ebs"];
        let number = |name: &str| ebs[name].as_u64();
        let settings = NewVolume {
            zone: launch.zone.clone(),
            size: number("VolumeSize"),
            type_: text(ebs, "VolumeType").to_owned(),
            iops: number("Iops"),
            throughput: number("Throughput"),
            snapshot: images::own_snapshot(world, region, text(ebs, "SnapshotId")),
            encrypted: ebs["Encrypted"] == true,
            key: text(ebs, "KmsKeyId").to_owned(),
            rate: number("VolumeInitializationRate"),
            tags: json!([]),
        };
        let mut body = volumes::new(world, region, settings)?;
        let volume = text(&body, "VolumeId").to_owned();
        let goes = ebs["DeleteOnTermination"].as_bool().unwrap_or(at == 0);
        body["State"] = json!("in-use");
        body["Attachments"] = json!([{
            "InstanceId": id, "Device": disk["DeviceName"], "State": "attached", "AttachTime": now,
            "DeleteOnTermination": goes,
        }]);
        Place::new(&VOLUME, region).insert(world, &volume, body.clone(), Lifecycle::Standing);
        made.push(json!({
            "DeviceName": disk["DeviceName"],
            "Ebs": {
                "VolumeId": volume, "VolumeSize": body["Size"], "VolumeType": body["VolumeType"],
                "Encrypted": body["Encrypted"], "DeleteOnTermination": goes,
            },
        }));
    }
    Ok(Json::Array(made))
}
