//! EC2: its query protocol, and what each of its actions does.

mod call;
mod changes;
pub(super) mod disks;
pub(super) mod images;
mod instances;
mod list;
mod others;
mod run;
mod shapes;
pub(super) mod snapshots;
mod specification;
mod templates;

pub(super) use others::tag_word;

use serde_json::{Map, Value as Json};

use super::answers::{Refused, of_ec2};
use super::hosts::Service;
use super::limits;
use super::machines::Step;
use super::offers;
use super::types::{ENDPOINT, GATEWAY, GROUP, KEY_PAIR, RESERVATION, ROUTE_TABLE, SNAPSHOT, SUBNET, VOLUME, VPC};
use call::Call;
use list::List;

use crate::simulator::fault::Fault;
use crate::simulator::request::{ErrorResponse, Request, Response};
use crate::simulator::world::World;

/// The lists that differ in their elements only.
static LISTS: &[List] = &[
    List {
        action: "DescribeVpcs",
        of: &VPC,
        set: "vpcSet",
        ids: "VpcId",
        filters: &[("vpc-id", "vpcId"), ("cidr", "cidrBlock"), ("state", "state"), ("is-default", "isDefault")],
        shown: shapes::vpc,
    },
    List {
        action: "DescribeSubnets",
        of: &SUBNET,
        set: "subnetSet",
        ids: "SubnetId",
        filters: &[
            ("subnet-id", "subnetId"),
            ("vpc-id", "vpcId"),
            ("cidr-block", "cidrBlock"),
            ("availability-zone", "availabilityZone"),
            ("availability-zone-id", "availabilityZoneId"),
            ("state", "state"),
        ],
        shown: shapes::subnet,
    },
    List {
        action: "DescribeInternetGateways",
        of: &GATEWAY,
        set: "internetGatewaySet",
        ids: "InternetGatewayId",
        filters: &[
            ("internet-gateway-id", "internetGatewayId"),
            ("attachment.vpc-id", "attachmentSet.vpcId"),
            ("attachment.state", "attachmentSet.state"),
        ],
        shown: shapes::gateway,
    },
    List {
        action: "DescribeRouteTables",
        of: &ROUTE_TABLE,
        set: "routeTableSet",
        ids: "RouteTableId",
        filters: &[
            ("route-table-id", "routeTableId"),
            ("vpc-id", "vpcId"),
            ("association.subnet-id", "associationSet.subnetId"),
            ("association.main", "associationSet.main"),
            ("association.route-table-association-id", "associationSet.routeTableAssociationId"),
            ("route.gateway-id", "routeSet.gatewayId"),
            ("route.destination-cidr-block", "routeSet.destinationCidrBlock"),
        ],
        shown: shapes::route_table,
    },
    List {
        action: "DescribeSecurityGroups",
        of: &GROUP,
        set: "securityGroupInfo",
        ids: "GroupId",
        filters: &[
            ("group-id", "groupId"),
            ("group-name", "groupName"),
            ("vpc-id", "vpcId"),
            ("description", "groupDescription"),
        ],
        shown: shapes::group,
    },
    List {
        action: "DescribeKeyPairs",
        of: &KEY_PAIR,
        set: "keySet",
        ids: "KeyName",
        filters: &[("key-name", "keyName"), ("key-pair-id", "keyPairId"), ("fingerprint", "keyFingerprint")],
        shown: shapes::key_pair,
    },
    List {
        action: "DescribeVolumes",
        of: &VOLUME,
        set: "volumeSet",
        ids: "VolumeId",
        filters: &[
            ("volume-id", "volumeId"),
            ("status", "status"),
            ("availability-zone", "availabilityZone"),
            ("attachment.instance-id", "attachmentSet.instanceId"),
            ("attachment.device", "attachmentSet.device"),
            ("attachment.status", "attachmentSet.status"),
            ("snapshot-id", "snapshotId"),
            ("volume-type", "volumeType"),
            ("encrypted", "encrypted"),
        ],
        shown: shapes::volume,
    },
    List {
        action: "DescribeSnapshots",
        of: &SNAPSHOT,
        set: "snapshotSet",
        ids: "SnapshotId",
        filters: &[
            ("snapshot-id", "snapshotId"),
            ("volume-id", "volumeId"),
            ("status", "status"),
            ("description", "description"),
            ("owner-id", "ownerId"),
            ("encrypted", "encrypted"),
        ],
        shown: shapes::snapshot,
    },
    List {
        action: "DescribeCapacityReservations",
        of: &RESERVATION,
        set: "capacityReservationSet",
        ids: "CapacityReservationId",
        filters: &[
            ("instance-type", "instanceType"),
            ("availability-zone", "availabilityZone"),
            ("state", "state"),
            ("instance-match-criteria", "instanceMatchCriteria"),
        ],
        shown: shapes::reservation,
    },
    List {
        action: "DescribeVpcEndpoints",
        of: &ENDPOINT,
        set: "vpcEndpointSet",
        ids: "VpcEndpointId",
        filters: &[
            ("vpc-endpoint-id", "vpcEndpointId"),
            ("vpc-endpoint-type", "vpcEndpointType"),
            ("vpc-endpoint-state", "state"),
            ("vpc-id", "vpcId"),
            ("service-name", "serviceName"),
        ],
        shown: shapes::endpoint,
    },
];

/// Answers a request.
pub(super) fn answer(
    world: &mut World,
    region: &str,
    request: &Request,
    fails: Option<ErrorResponse>,
) -> Result<Response, Refused> {
    let call = Call::read(region, &request.bytes, fails)?;
    limits::admit(world, Service::Ec2, region, &call.action)?;
    let action = format!("ec2:{}", call.action);
    if !offers::permitted(world, &action) {
        let why = format!(
            "You are not authorized to perform this operation: {action}. Encoded authorization failure message: \
                simulated"
        );
        return Err(Refused::new(403, "UnauthorizedOperation", why));
    }
    if call.flag("DryRun") {
        return Err(dry_run(world, &call));
    }
    let content = act(world, &call)?;
    Ok(of_ec2(world, &call.action, content))
}

/// A dry run refuses what is not valid, and knows neither quotas nor capacity.
fn dry_run(world: &World, call: &Call<'_>) -> Refused {
    let mut copy = world.clone();
    copy.rest.faults.end(|fault| matches!(fault, Fault::Capacity { .. } | Fault::Quota { .. }));
    match act(&mut copy, call) {
        Err(refused) if !refused.code.ends_with("LimitExceeded") => refused,
        _ => Refused::new(412, "DryRunOperation", "Request would have succeeded, but DryRun flag is set."),
    }
}

fn act(world: &mut World, call: &Call<'_>) -> Result<Map<String, Json>, Refused> {
    if let Some(list) = LISTS.iter().find(|list| list.action == call.action) {
        return list::answer(world, call, list);
    }
    match call.action.as_str() {
        "RunInstances" => {
            let ids = run::run(world, call)?;
            Ok(instances::launched(world, call, &ids))
        }
        "DescribeInstances" => instances::list(world, call),
        "DescribeInstanceStatus" => instances::status(world, call),
        "DescribeVolumeStatus" => disks::status(world, call),
        "DescribeInstanceAttribute" => instances::attribute(world, call),
        "ModifyInstanceAttribute" => instances::modify(world, call),
        "ModifyInstanceMetadataOptions" => changes::metadata(world, call),
        "MonitorInstances" => changes::monitor(world, call, true),
        "UnmonitorInstances" => changes::monitor(world, call, false),
        "DescribeIamInstanceProfileAssociations" => changes::associations(world, call),
        "AssociateIamInstanceProfile" => changes::add_profile(world, call),
        "ReplaceIamInstanceProfileAssociation" => changes::change_profile(world, call, true),
        "DisassociateIamInstanceProfile" => changes::change_profile(world, call, false),
        "StartInstances" => instances::power(world, call, Step::Start),
        "StopInstances" => instances::power(world, call, Step::Stop),
        "TerminateInstances" => instances::power(world, call, Step::Terminate),
        "RebootInstances" => instances::reboot(world, call),
        "GetConsoleOutput" => instances::console(world, call),
        "AllocateAddress" => others::allocate(world, call),
        "AssociateAddress" => others::associate(world, call),
        "DisassociateAddress" => others::dissociate(world, call),
        "ReleaseAddress" => others::release(world, call),
        "DescribeAddresses" => others::list_addresses(world, call),
        "CreateVolume" => disks::create(world, call),
        "ModifyVolume" => disks::modify(world, call),
        "DescribeVolumesModifications" => disks::modifications(world, call),
        "AttachVolume" => disks::attach(world, call),
        "DetachVolume" => disks::detach(world, call),
        "DeleteVolume" => disks::delete(world, call),
        "CreateSnapshot" => snapshots::create(world, call),
        "CopySnapshot" => snapshots::copy(world, call),
        "DeleteSnapshot" => snapshots::delete(world, call),
        "DescribeImages" => images::list(world, call),
        "CreateImage" => images::create(world, call),
        "CopyImage" => images::copy(world, call),
        "ModifyImageAttribute" => changes::describe_image(world, call),
        "EnableImageDeprecation" => changes::deprecate(world, call, true),
        "DisableImageDeprecation" => changes::deprecate(world, call, false),
        "DeregisterImage" => images::deregister(world, call),
        "CreateLaunchTemplate" => templates::create(world, call),
        "CreateLaunchTemplateVersion" => templates::create_version(world, call),
        "ModifyLaunchTemplate" => templates::modify(world, call),
        "DeleteLaunchTemplate" => templates::delete(world, call),
        "DescribeLaunchTemplates" => templates::list(world, call),
        "DescribeLaunchTemplateVersions" => templates::versions(world, call),
        "ImportKeyPair" => others::import_key(world, call),
        "DeleteKeyPair" => others::delete_key(world, call),
        "CreateTags" => others::create_tags(world, call),
        "DeleteTags" => others::delete_tags(world, call),
        "DescribeTags" => others::list_tags(world, call),
        "DescribeVpcAttribute" => others::vpc_attribute(world, call),
        "DescribeRegions" => others::regions(world, call),
        "DescribeAvailabilityZones" => others::zones(world, call),
        "DescribeInstanceTypes" => others::types(world, call),
        "DescribeInstanceTypeOfferings" => others::offerings(world, call),
        "DescribeAccountAttributes" => others::account(world, call),
        other => Err(Refused::bad("InvalidAction", format!("The action {other} is not valid for this web service."))),
    }
}
