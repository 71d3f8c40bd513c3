//! Objects as EC2's lists have them.

use serde_json::{Map, Value as Json, json};

use super::super::handler::with;
use super::super::network::TARGETS;
use super::super::offers;
use super::super::store::{MADE, Place, text};
use super::super::types::{ACCOUNT, ASSOCIATION, GATEWAY_ATTACHMENT, GROUP, INSTANCE, ROUTE, SUBNET, VPC};
use crate::ranges::Cidr;
use crate::simulator::world::World;

/// Addresses of a subnet that AWS keeps.
pub(super) const RESERVED: u64 = 5;

/// The tags of an object.
pub(super) fn tags(body: &Json) -> Json {
    let tags = body["Tags"].as_array().map(Vec::as_slice).unwrap_or_default();
    Json::Array(tags.iter().map(|tag| json!({ "key": tag["Key"], "value": tag["Value"] })).collect())
}

/// A value with the names of its fields as answers write them: with a small letter, and lists as sets.
pub(super) fn lowered(value: &Json) -> Json {
    match value {
        Json::Array(items) => Json::Array(items.iter().map(lowered).collect()),
        Json::Object(fields) => {
            let name = |name: &str, value: &Json| match (name, value) {
                ("Tags", _) => "tagSet".to_owned(),
                ("Groups", _) => "groupSet".to_owned(),
                (_, Json::Array(_)) => format!("{}Set", small(name.trim_end_matches('s'))),
                _ => small(name),
            };
            let lower = |(own, value): (&String, &Json)| (name(own, value), lowered(value));
            Json::Object(fields.iter().map(lower).collect())
        }
        other => other.clone(),
    }
}

fn small(name: &str) -> String {
    let mut letters = name.chars();
    letters.next().map_or_else(String::new, |first| first.to_lowercase().chain(letters).collect())
}

pub(super) fn vpc(_: &World, _: &str, body: &Json) -> Json {
    let association = json!({
        "associationId": body.pointer("/CidrBlockAssociations/0"),
        "cidrBlock": body["CidrBlock"],
        "cidrBlockState": { "state": "associated" },
    });
    json!({
        "vpcId": body["VpcId"],
        "ownerId": ACCOUNT,
        "state": "available",
        "cidrBlock": body["CidrBlock"],
        "cidrBlockAssociationSet": [association],
        "dhcpOptionsId": "default",
        "instanceTenancy": body["InstanceTenancy"],
        "isDefault": false,
        "tagSet": tags(body),
    })
}

/// Addresses of a subnet that no machine has.
pub(super) fn free_addresses(world: &World, region: &str, body: &Json) -> u64 {
    let length = Cidr::parse(text(body, "CidrBlock")).map_or(32, Cidr::length);
    let whole = 1_u64 << 32_u32.saturating_sub(length);
    let machines = super::super::network::machines(world, region, "SubnetId", text(body, "SubnetId"));
    whole.saturating_sub(RESERVED).saturating_sub(u64::try_from(machines.len()).unwrap_or(u64::MAX))
}

pub(super) fn subnet(world: &World, region: &str, body: &Json) -> Json {
    json!({
        "subnetId": body["SubnetId"],
        "subnetArn": format!("arn:aws:ec2:{region}:{ACCOUNT}:subnet/{}", text(body, "SubnetId")),
        "ownerId": ACCOUNT,
        "state": "available",
        "vpcId": body["VpcId"],
        "cidrBlock": body["CidrBlock"],
        "availableIpAddressCount": free_addresses(world, region, body),
        "availabilityZone": body["AvailabilityZone"],
        "availabilityZoneId": body["AvailabilityZoneId"],
        "defaultForAz": false,
        "mapPublicIpOnLaunch": body["MapPublicIpOnLaunch"],
        "assignIpv6AddressOnCreation": body["AssignIpv6AddressOnCreation"],
        "tagSet": tags(body),
    })
}

pub(super) fn gateway(world: &World, region: &str, body: &Json) -> Json {
    let place = Place::new(&GATEWAY_ATTACHMENT, region);
    let own = with(world, place, "InternetGatewayId", text(body, "InternetGatewayId"));
    let attached: Vec<Json> = own.iter().map(|one| json!({ "vpcId": one["VpcId"], "state": "available" })).collect();
    json!({
        "internetGatewayId": body["InternetGatewayId"],
        "ownerId": ACCOUNT,
        "attachmentSet": attached,
        "tagSet": tags(body),
    })
}

pub(super) fn route_table(world: &World, region: &str, body: &Json) -> Json {
    let id = text(body, "RouteTableId");
    let of_table = |of| with(world, Place::new(of, region), "RouteTableId", id);
    let block = Place::new(&VPC, region).body(world, text(body, "VpcId")).map(|vpc| vpc["CidrBlock"].clone());
    let local = json!({
        "destinationCidrBlock": block, "gatewayId": "local", "state": "active", "origin": "CreateRouteTable",
    });
    let route = |route: &&Json| {
        let mut shown = Map::new();
        for name in ["DestinationCidrBlock", "DestinationIpv6CidrBlock", "DestinationPrefixListId"] {
            shown.insert(small(name), route[name].clone());
        }
        TARGETS.iter().for_each(|name| drop(shown.insert(small(name), route[*name].clone())));
        shown.insert("state".to_owned(), json!("active"));
        shown.insert("origin".to_owned(), json!("CreateRoute"));
        Json::Object(shown)
    };
    let routes: Vec<Json> = std::iter::once(local).chain(of_table(&ROUTE).iter().map(route)).collect();
    let association = |id: &Json, subnet: &Json, main: bool| {
        json!({
            "routeTableAssociationId": id, "routeTableId": body["RouteTableId"], "subnetId": subnet, "main": main,
            "associationState": { "state": "associated" },
        })
    };
    let own = of_table(&ASSOCIATION);
    let mut associations: Vec<Json> = own.iter().map(|one| association(&one["Id"], &one["SubnetId"], false)).collect();
    if body["Main"] == true {
        associations.push(association(&json!(id.replacen("rtb-", "rtbassoc-", 1)), &Json::Null, true));
    }
    json!({
        "routeTableId": id,
        "vpcId": body["VpcId"],
        "ownerId": ACCOUNT,
        "routeSet": routes,
        "associationSet": associations,
        "propagatingVgwSet": [],
        "tagSet": tags(body),
    })
}

pub(super) fn group(world: &World, region: &str, body: &Json) -> Json {
    let permissions = |list: &str, other: &str| -> Vec<Json> {
        let rules = body[list].as_array().map(Vec::as_slice).unwrap_or_default();
        rules.iter().map(|rule| permission(world, region, rule, other)).collect()
    };
    json!({
        "groupId": body["Id"],
        "groupName": body["GroupName"],
        "groupDescription": body["GroupDescription"],
        "vpcId": body["VpcId"],
        "ownerId": ACCOUNT,
        "securityGroupArn": format!("arn:aws:ec2:{region}:{ACCOUNT}:security-group/{}", text(body, "Id")),
        "ipPermissions": permissions("SecurityGroupIngress", "SourceSecurityGroupId"),
        "ipPermissionsEgress": permissions("SecurityGroupEgress", "DestinationSecurityGroupId"),
        "tagSet": tags(body),
    })
}

fn permission(_: &World, _: &str, rule: &Json, other: &str) -> Json {
    let one = |from: &str, to: &str| match rule.get(from) {
        Some(value) => json!([{ to: value, "description": rule["Description"] }]),
        None => json!([]),
    };
    json!({
        "ipProtocol": rule["IpProtocol"],
        "fromPort": rule["FromPort"],
        "toPort": rule["ToPort"],
        "ipRanges": one("CidrIp", "cidrIp"),
        "ipv6Ranges": one("CidrIpv6", "cidrIpv6"),
        "groups": one(other, "groupId"),
        "prefixListIds": [],
    })
}

pub(super) fn key_pair(_: &World, _: &str, body: &Json) -> Json {
    json!({
        "keyPairId": body["KeyPairId"],
        "keyName": body["KeyName"],
        "keyType": body["KeyType"],
        "keyFingerprint": body["KeyFingerprint"],
        "createTime": body[MADE],
        "tagSet": tags(body),
    })
}

pub(super) fn address(world: &World, region: &str, body: &Json) -> Json {
    let instance = Place::new(&INSTANCE, region).body(world, text(body, "InstanceId"));
    let of = |name: &str| instance.map(|instance| instance[name].clone());
    json!({
        "publicIp": body["PublicIp"],
        "allocationId": body["AllocationId"],
        "domain": "vpc",
        "associationId": body["AssociationId"],
        "instanceId": body["InstanceId"],
        "networkInterfaceId": of("NetworkInterfaceId"),
        "networkInterfaceOwnerId": instance.map(|_| ACCOUNT),
        "privateIpAddress": of("PrivateIp"),
        "publicIpv4Pool": "amazon",
        "networkBorderGroup": region,
        "tagSet": tags(body),
    })
}

pub(super) fn volume(_: &World, _: &str, body: &Json) -> Json {
    let attachment = |one: &Json| {
        json!({
            "volumeId": body["VolumeId"], "instanceId": one["InstanceId"], "device": one["Device"],
            "status": one["State"], "attachTime": one["AttachTime"], "deleteOnTermination": one["DeleteOnTermination"],
        })
    };
    let attachments = body["Attachments"].as_array().map(Vec::as_slice).unwrap_or_default();
    json!({
        "volumeId": body["VolumeId"],
        "size": body["Size"],
        "snapshotId": body.get("SnapshotId").cloned().unwrap_or_else(|| json!("")),
        "availabilityZone": body["AvailabilityZone"],
        "status": body["State"],
        "createTime": body[MADE],
        "attachmentSet": attachments.iter().map(attachment).collect::<Vec<_>>(),
        "volumeType": body["VolumeType"],
        "iops": body["Iops"],
        "throughput": body["Throughput"],
        "encrypted": body["Encrypted"],
        "kmsKeyId": body["KmsKeyId"],
        "multiAttachEnabled": body["MultiAttachEnabled"],
        "volumeInitializationRate": body["VolumeInitializationRate"],
        "tagSet": tags(body),
    })
}

pub(super) fn snapshot(_: &World, _: &str, body: &Json) -> Json {
    json!({
        "snapshotId": body["SnapshotId"],
        "volumeId": body["VolumeId"],
        "status": body["State"],
        "startTime": body["StartTime"],
        "completionTime": body["CompletionTime"],
        "progress": if body["State"] == "completed" { "100%" } else { "0%" },
        "ownerId": ACCOUNT,
        "volumeSize": body["VolumeSize"],
        "description": body["Description"],
        "encrypted": body["Encrypted"],
        "kmsKeyId": body["KmsKeyId"],
        "storageTier": "standard",
        "tagSet": tags(body),
    })
}

pub(super) fn image(_: &World, _: &str, body: &Json) -> Json {
    let disk = |one: &Json| json!({ "deviceName": one["DeviceName"], "ebs": one.get("Ebs").map(lowered) });
    let disks = body["BlockDeviceMappings"].as_array().map(Vec::as_slice).unwrap_or_default();
    let owner = body["OwnerId"].as_str().unwrap_or(ACCOUNT);
    json!({
        "imageId": body["ImageId"],
        "imageLocation": format!("{owner}/{}", text(body, "Name")),
        "imageState": body["State"],
        "imageOwnerId": owner,
        "imageOwnerAlias": body["OwnerAlias"],
        "isPublic": owner != ACCOUNT,
        "architecture": body["Architecture"],
        "imageType": "machine",
        "name": body["Name"],
        "description": body["Description"],
        "creationDate": body["CreationDate"],
        "deprecationTime": body["DeprecationTime"],
        "rootDeviceType": "ebs",
        "rootDeviceName": body["RootDeviceName"],
        "blockDeviceMapping": disks.iter().map(disk).collect::<Vec<_>>(),
        "virtualizationType": "hvm",
        "hypervisor": "xen",
        "enaSupport": true,
        "platformDetails": "Linux/UNIX",
        "sourceInstanceId": body["SourceInstanceId"],
        "sourceImageId": body["SourceImageId"],
        "sourceImageRegion": body["SourceImageRegion"],
        "stateReason": body.get("StateReason").map(lowered),
        "tagSet": tags(body),
    })
}

/// The groups of a machine, with their names.
pub(super) fn groups_of(world: &World, region: &str, body: &Json) -> Json {
    let ids = body["SecurityGroupIds"].as_array().map(Vec::as_slice).unwrap_or_default();
    let named = |id: &Json| {
        let group = Place::new(&GROUP, region).body(world, id.as_str().unwrap_or_default());
        json!({ "groupId": id, "groupName": group.map(|group| group["GroupName"].clone()) })
    };
    Json::Array(ids.iter().map(named).collect())
}

pub(super) fn reservation(world: &World, region: &str, body: &Json) -> Json {
    json!({
        "capacityReservationId": body["Id"],
        "capacityReservationArn": body["CapacityReservationArn"],
        "ownerId": ACCOUNT,
        "instanceType": body["InstanceType"],
        "instancePlatform": body["InstancePlatform"],
        "availabilityZone": body["AvailabilityZone"],
        "tenancy": body["Tenancy"],
        "totalInstanceCount": body["InstanceCount"],
        "availableInstanceCount": offers::unused(world, region, body),
        "ebsOptimized": body["EbsOptimized"],
        "ephemeralStorage": false,
        "state": "active",
        "startDate": body[MADE],
        "createDate": body[MADE],
        "endDateType": body["EndDateType"],
        "endDate": body["EndDate"],
        "instanceMatchCriteria": body["InstanceMatchCriteria"],
        "tagSet": tags(body),
    })
}

pub(super) fn endpoint(_: &World, _: &str, body: &Json) -> Json {
    let policy = &body["PolicyDocument"];
    let groups = body["SecurityGroupIds"].as_array().map(Vec::as_slice).unwrap_or_default();
    json!({
        "vpcEndpointId": body["Id"],
        "vpcEndpointType": body["VpcEndpointType"],
        "vpcId": body["VpcId"],
        "ownerId": ACCOUNT,
        "serviceName": body["ServiceName"],
        "state": "available",
        "policyDocument": policy.as_str().map_or_else(|| policy.to_string(), str::to_owned),
        "routeTableIdSet": body["RouteTableIds"],
        "subnetIdSet": body["SubnetIds"],
        "groupSet": groups.iter().map(|group| json!({ "groupId": group })).collect::<Vec<_>>(),
        "networkInterfaceIdSet": body["NetworkInterfaceIds"],
        "dnsEntrySet": [],
        "privateDnsEnabled": body["PrivateDnsEnabled"] == true,
        "requesterManaged": false,
        "creationTimestamp": body["CreationTimestamp"],
        "tagSet": tags(body),
    })
}

/// The zone of a subnet.
pub(super) fn zone_of(world: &World, region: &str, subnet: &str) -> String {
    Place::new(&SUBNET, region)
        .body(world, subnet)
        .map(|body| text(body, "AvailabilityZone").to_owned())
        .unwrap_or_default()
}
