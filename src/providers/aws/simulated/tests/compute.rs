//! EC2: machines, addresses, volumes, images and templates.

use serde_json::json;

use super::{Account, REGION, account, all, first, get, network};
use crate::simulator::{Fault, Simulator};
use crate::world::{Web as _, WebAnswer};

const IMAGE: &str = "ami-0123456789abcdef0";

async fn launch(account: &Account, subnet: &str, group: &str, more: &[(&str, &str)]) -> String {
    let mut form = vec![
        ("ImageId", IMAGE),
        ("InstanceType", "t3.micro"),
        ("SubnetId", subnet),
        ("SecurityGroupId.1", group),
        ("MinCount", "1"),
        ("MaxCount", "1"),
    ];
    form.extend_from_slice(more);
    let made = account.ec2("RunInstances", &form).await;
    assert_eq!(all(&made, "name")[0], "pending");
    account.pass(40);
    first(&made, "instanceId")
}

async fn answers(simulator: &Simulator, url: &str) -> bool {
    matches!(simulator.fetch(&get(url)).await, Ok(WebAnswer::Status(200)))
}

#[tokio::test]
async fn machine_serves_its_address_from_launch_to_termination() {
    let account = account();
    let (vpc, subnet, group) = network(&account).await;
    let machine = launch(&account, &subnet, &group, &[]).await;
    let allocated = account.ec2("AllocateAddress", &[("Domain", "vpc")]).await;
    let (address, id) = (first(&allocated, "publicIp"), first(&allocated, "allocationId"));
    account.pass(5);
    let url = format!("https://{address}/healthz");
    assert!(!answers(&account.simulator, &url).await, "an address without a machine serves nobody");
    account.ec2("AssociateAddress", &[("AllocationId", &id), ("InstanceId", &machine)]).await;
    assert!(answers(&account.simulator, &url).await);
    assert_eq!(account.refused("ReleaseAddress", &[("AllocationId", &id)]).await, "InvalidIPAddress.InUse");
    let event = account.deleted("AWS::EC2::VPCGatewayAttachment", &format!("IGW|{vpc}")).await;
    assert_eq!(event["ErrorCode"], "ResourceConflict", "an address is mapped: {event}");
    assert_eq!(account.deleted("AWS::EC2::SecurityGroup", &group).await["ErrorCode"], "ResourceConflict");

    account.ec2("StopInstances", &[("InstanceId.1", &machine)]).await;
    assert!(!answers(&account.simulator, &url).await);
    account.pass(60);
    account.ec2("StartInstances", &[("InstanceId.1", &machine)]).await;
    account.pass(60);
    assert!(answers(&account.simulator, &url).await, "an address stays with a machine that stops");

    account.ec2("TerminateInstances", &[("InstanceId.1", &machine)]).await;
    account.pass(90);
    let found = account.ec2("DescribeInstances", &[("InstanceId.1", &machine)]).await;
    assert_eq!(all(&found, "name")[0], "terminated", "a machine is in lists for an hour after its end");
    assert!(all(&account.ec2("DescribeVolumes", &[]).await, "volumeId").is_empty(), "its disk is gone");
    account.ec2("ReleaseAddress", &[("AllocationId", &id)]).await;
    account.pass(3700);
    assert_eq!(account.refused("DescribeInstances", &[("InstanceId.1", &machine)]).await, "InvalidInstanceID.NotFound");
}

#[tokio::test]
async fn launch_with_a_token_makes_one_machine() {
    let account = account();
    let (_, subnet, group) = network(&account).await;
    let token = [
        ("ClientToken", "drplan-1"),
        ("TagSpecification.1.ResourceType", "instance"),
        ("TagSpecification.1.Tag.1.Key", "Name"),
        ("TagSpecification.1.Tag.1.Value", "web"),
    ];
    let machine = launch(&account, &subnet, &group, &token).await;
    let mut form = vec![
        ("ImageId", IMAGE),
        ("InstanceType", "t3.micro"),
        ("SubnetId", subnet.as_str()),
        ("SecurityGroupId.1", group.as_str()),
        ("MinCount", "1"),
        ("MaxCount", "1"),
    ];
    form.extend_from_slice(&token);
    assert_eq!(first(&account.ec2("RunInstances", &form).await, "instanceId"), machine);
    form[1].1 = "t3.small";
    assert_eq!(account.refused("RunInstances", &form).await, "IdempotentParameterMismatch");
    let filters = [
        ("Filter.1.Name", "tag:Name"),
        ("Filter.1.Value.1", "w*"),
        ("Filter.2.Name", "client-token"),
        ("Filter.2.Value.1", "drplan-1"),
    ];
    assert_eq!(all(&account.ec2("DescribeInstances", &filters).await, "instanceId"), [machine]);
}

#[tokio::test]
async fn launch_that_ec2_refuses_is_refused() {
    let account = account();
    let (_, subnet, group) = network(&account).await;
    account.made("AWS::IAM::Role", json!({ "RoleName": "web", "AssumeRolePolicyDocument": { "Statement": [] } })).await;
    let form = |name: &'static str, value: &'static str| {
        let mut form = vec![
            ("ImageId", IMAGE),
            ("InstanceType", "t3.micro"),
            ("SubnetId", subnet.as_str()),
            ("SecurityGroupId.1", group.as_str()),
            ("MinCount", "1"),
            ("MaxCount", "1"),
        ];
        form.retain(|(own, _)| *own != name);
        if !value.is_empty() {
            form.push((name, value));
        }
        form
    };
    for (name, value, code) in [
        ("ImageId", "ami-00000000000000000", "InvalidAMIID.NotFound"),
        ("ImageId", "image", "InvalidAMIID.Malformed"),
        ("InstanceType", "t9.huge", "InvalidParameterValue"),
        ("SubnetId", "subnet-00000000", "InvalidSubnetID.NotFound"),
        ("SubnetId", "", "VPCIdNotSpecified"),
        ("SecurityGroupId.1", "sg-00000000", "InvalidGroup.NotFound"),
        ("KeyName", "ops", "InvalidKeyPair.NotFound"),
        ("IamInstanceProfile.Name", "web", "InvalidParameterValue"),
        ("UserData", "not base64", "InvalidParameterValue"),
        ("MinCount", "", "MissingParameter"),
        ("Colour", "red", "UnknownParameter"),
        ("PrivateIpAddress", "10.0.9.9", "InvalidParameterValue"),
        ("DryRun", "true", "DryRunOperation"),
    ] {
        account.pass(2);
        assert_eq!(account.refused("RunInstances", &form(name, value)).await, code, "{name} = {value}");
    }
    assert!(all(&account.ec2("DescribeInstances", &[]).await, "instanceId").is_empty());
}

#[tokio::test]
async fn capacity_quota_and_reservation_decide_about_a_launch() {
    let account = account();
    let (_, subnet, group) = network(&account).await;
    let form = |type_: &'static str, dry: &'static str| {
        [
            ("ImageId", IMAGE.to_owned()),
            ("InstanceType", type_.to_owned()),
            ("SubnetId", subnet.clone()),
            ("SecurityGroupId.1", group.clone()),
            ("MinCount", "1".to_owned()),
            ("MaxCount", "1".to_owned()),
            ("DryRun", dry.to_owned()),
        ]
    };
    let refused = async |type_, dry| {
        let form = form(type_, dry);
        let form: Vec<(&str, &str)> = form.iter().map(|(name, value)| (*name, value.as_str())).collect();
        account.refused("RunInstances", &form).await
    };
    let reservation = json!({
        "InstanceType": "m6i.large", "InstancePlatform": "Linux/UNIX", "InstanceCount": 1,
        "AvailabilityZone": format!("{REGION}a"),
    });
    account.made("AWS::EC2::CapacityReservation", reservation.clone()).await;
    let capacity =
        |late| Fault::Capacity { location: REGION.to_owned(), size: "m6i.large".to_owned(), late, instances: None };
    account.simulator.add_fault(capacity(false)).unwrap();
    let machine = launch(&account, &subnet, &group, &[]).await;
    assert!(!machine.is_empty(), "other types have capacity");
    let own = form("m6i.large", "false");
    let own: Vec<(&str, &str)> = own.iter().map(|(name, value)| (*name, value.as_str())).collect();
    account.ec2("RunInstances", &own).await;
    assert_eq!(refused("m6i.large", "false").await, "InsufficientInstanceCapacity", "the reservation is used up");
    assert_eq!(refused("m6i.large", "true").await, "DryRunOperation", "a dry run knows no capacity");
    assert_eq!(account.not_made("AWS::EC2::CapacityReservation", reservation).await, "GeneralServiceException");
    account.simulator.clear_faults().unwrap();
    account.simulator.add_fault(capacity(true)).unwrap();
    let late = account.ec2("RunInstances", &own).await;
    account.pass(60);
    let found = account.ec2("DescribeInstances", &[("InstanceId.1", &first(&late, "instanceId"))]).await;
    assert_eq!(all(&found, "name")[0], "terminated");
    assert!(all(&found, "code").contains(&"Server.InsufficientInstanceCapacity".to_owned()), "{found:?}");
    account.simulator.clear_faults().unwrap();
    account.simulator.add_fault(Fault::Quota { location: REGION.to_owned(), cores: 5 }).unwrap();
    assert_eq!(refused("t3.large", "false").await, "VcpuLimitExceeded");
}

#[tokio::test]
async fn image_is_copied_to_another_region_and_launched_there() {
    let account = account();
    let (_, subnet, group) = network(&account).await;
    let machine = launch(&account, &subnet, &group, &[]).await;
    let made = account.ec2("CreateImage", &[("InstanceId", &machine), ("Name", "web 1"), ("NoReboot", "true")]).await;
    let image = first(&made, "imageId");
    account.pass(5);
    let copy = [
        ("SourceRegion", REGION),
        ("SourceImageId", image.as_str()),
        ("Name", "web 1"),
        ("ClientToken", "copy-1"),
        ("SnapshotCopyCompletionDurationMinutes", "15"),
    ];
    let early = account.ec2_in("eu-central-1", "CopyImage", &copy).await;
    assert_eq!(early.code(), "InvalidAMIID.Unavailable");
    account.pass(400);
    let begun = account.ec2_in("eu-central-1", "CopyImage", &copy).await.xml();
    let again = account.ec2_in("eu-central-1", "CopyImage", &copy).await.xml();
    let copied = first(&begun, "imageId");
    assert_eq!(first(&again, "imageId"), copied);
    account.pass(600);
    let state = async || {
        let found = account.ec2_in("eu-central-1", "DescribeImages", &[("ImageId.1", &copied)]).await.xml();
        first(&found, "imageState")
    };
    assert_eq!(state().await, "pending");
    account.pass(400);
    assert_eq!(state().await, "available", "a copy with a promised end");
    let found = account.ec2_in("eu-central-1", "DescribeImages", &[("Owner.1", "self")]).await.xml();
    let snapshot = first(&found, "snapshotId");
    let refused = account.ec2_in("eu-central-1", "DeleteSnapshot", &[("SnapshotId", &snapshot)]).await;
    assert_eq!(refused.code(), "InvalidSnapshot.InUse");
    account.ec2_in("eu-central-1", "DeregisterImage", &[("ImageId", &copied)]).await;
    let left = account.ec2_in("eu-central-1", "DescribeSnapshots", &[]).await.xml();
    assert_eq!(all(&left, "snapshotId"), [snapshot], "the snapshots of an image stay");
    let gone = account.ec2_in("eu-central-1", "DescribeImages", &[("ImageId.1", &copied)]).await;
    assert_eq!(gone.code(), "InvalidAMIID.NotFound");
    let again = account.ec2_in(REGION, "CreateImage", &[("InstanceId", &machine), ("Name", "web 1")]).await;
    assert_eq!(again.code(), "InvalidAMIName.Duplicate");
}

#[tokio::test]
async fn volume_of_a_snapshot_is_attached_and_detached() {
    let account = account();
    let (_, subnet, group) = network(&account).await;
    let machine = launch(&account, &subnet, &group, &[]).await;
    let zone = format!("{REGION}a");
    let create =
        [("AvailabilityZone", zone.as_str()), ("Size", "10"), ("VolumeType", "gp3"), ("ClientToken", "disk-1")];
    let volume = first(&account.ec2("CreateVolume", &create).await, "volumeId");
    assert_eq!(first(&account.ec2("CreateVolume", &create).await, "volumeId"), volume);
    account.pass(30);
    let attach = [("VolumeId", volume.as_str()), ("InstanceId", machine.as_str()), ("Device", "/dev/sdf")];
    assert_eq!(first(&account.ec2("AttachVolume", &attach).await, "status"), "attaching");
    account.pass(20);
    assert_eq!(account.refused("DeleteVolume", &[("VolumeId", &volume)]).await, "VolumeInUse");
    assert_eq!(account.refused("AttachVolume", &attach).await, "VolumeInUse");
    let elsewhere = format!("{REGION}b");
    let far = [("AvailabilityZone", elsewhere.as_str()), ("Size", "10"), ("VolumeType", "gp3")];
    let far = first(&account.ec2("CreateVolume", &far).await, "volumeId");
    account.pass(30);
    let attach = [("VolumeId", far.as_str()), ("InstanceId", machine.as_str()), ("Device", "/dev/sdg")];
    assert_eq!(account.refused("AttachVolume", &attach).await, "InvalidVolume.ZoneMismatch");
    let status = account.ec2("DescribeVolumeStatus", &[("VolumeId.1", &volume)]).await;
    assert_eq!(first(&status, "volumeId"), volume);
    let snapshot = first(&account.ec2("CreateSnapshot", &[("VolumeId", &volume)]).await, "snapshotId");
    account.pass(5);
    let again = [("VolumeId", volume.as_str())];
    assert_eq!(account.refused("CreateSnapshot", &again).await, "SnapshotCreationPerVolumeRateExceeded");
    let restored =
        [("AvailabilityZone", zone.as_str()), ("SnapshotId", snapshot.as_str()), ("VolumeInitializationRate", "300")];
    assert_eq!(account.refused("CreateVolume", &restored).await, "IncorrectState", "a snapshot must be complete");
    account.pass(200);
    let made = account.ec2("CreateVolume", &restored).await;
    assert_eq!((first(&made, "size").as_str(), first(&made, "snapshotId")), ("10", snapshot));
    account.ec2("DetachVolume", &[("VolumeId", &volume)]).await;
    account.pass(20);
    account.ec2("DeleteVolume", &[("VolumeId", &volume)]).await;
    assert_eq!(account.refused("DescribeVolumes", &[("VolumeId.1", &volume)]).await, "InvalidVolume.NotFound");
}

#[tokio::test]
async fn template_has_versions_and_launches_machines() {
    let account = account();
    let (_, subnet, group) = network(&account).await;
    let create = [
        ("LaunchTemplateName", "web"),
        ("LaunchTemplateData.ImageId", IMAGE),
        ("ClientToken", "lt-1"),
        ("LaunchTemplateData.InstanceType", "t3.micro"),
        ("LaunchTemplateData.SecurityGroupId.1", group.as_str()),
        ("LaunchTemplateData.BlockDeviceMapping.1.DeviceName", "/dev/xvda"),
        ("LaunchTemplateData.BlockDeviceMapping.1.Ebs.VolumeSize", "20"),
    ];
    let id = first(&account.ec2("CreateLaunchTemplate", &create).await, "launchTemplateId");
    assert_eq!(first(&account.ec2("CreateLaunchTemplate", &create).await, "launchTemplateId"), id);
    let mut other = create;
    other[3].1 = "t3.small";
    assert_eq!(
        account.refused("CreateLaunchTemplate", &other).await,
        "InvalidLaunchTemplateName.AlreadyExistsException"
    );
    let version =
        [("LaunchTemplateName", "web"), ("SourceVersion", "1"), ("LaunchTemplateData.InstanceType", "t3.small")];
    assert_eq!(first(&account.ec2("CreateLaunchTemplateVersion", &version).await, "versionNumber"), "2");
    let run = |version: &'static str| {
        [
            ("LaunchTemplate.LaunchTemplateName", "web".to_owned()),
            ("LaunchTemplate.Version", version.to_owned()),
            ("SubnetId", subnet.clone()),
            ("MinCount", "1".to_owned()),
            ("MaxCount", "1".to_owned()),
        ]
    };
    for (version, type_) in [("$Default", "t3.micro"), ("$Latest", "t3.small")] {
        let form = run(version);
        let form: Vec<(&str, &str)> = form.iter().map(|(name, value)| (*name, value.as_str())).collect();
        let made = account.ec2("RunInstances", &form).await;
        assert_eq!(first(&made, "instanceType"), type_);
    }
    account.pass(30);
    assert!(all(&account.ec2("DescribeVolumes", &[]).await, "size").iter().all(|size| size == "20"));
    account.ec2("ModifyLaunchTemplate", &[("LaunchTemplateName", "web"), ("SetDefaultVersion", "2")]).await;
    let found = account
        .ec2(
            "DescribeLaunchTemplateVersions",
            &[("LaunchTemplateName", "web"), ("LaunchTemplateVersion.1", "$Default")],
        )
        .await;
    assert_eq!(first(&found, "instanceType"), "t3.small");
    assert_eq!(first(&found, "volumeSize"), "20");
}

#[tokio::test]
async fn addresses_have_a_quota_and_tags_can_change() {
    let account = account();
    let mut ids = Vec::new();
    for _ in 0..5 {
        ids.push(first(&account.ec2("AllocateAddress", &[]).await, "allocationId"));
    }
    assert_eq!(account.refused("AllocateAddress", &[]).await, "AddressLimitExceeded");
    account.pass(5);
    let tags = [("ResourceId.1", ids[0].as_str()), ("Tag.1.Key", "Name"), ("Tag.1.Value", "front")];
    account.ec2("CreateTags", &tags).await;
    let filter = [("Filter.1.Name", "tag:Name"), ("Filter.1.Value.1", "front")];
    assert_eq!(all(&account.ec2("DescribeAddresses", &filter).await, "allocationId"), [ids[0].clone()]);
    assert_eq!(all(&account.ec2("DescribeTags", &[]).await, "resourceId"), [ids[0].clone()]);
    account.ec2("DeleteTags", &tags).await;
    assert!(all(&account.ec2("DescribeAddresses", &filter).await, "allocationId").is_empty());
    let unknown = [("Filter.1.Name", "colour"), ("Filter.1.Value.1", "red")];
    assert_eq!(account.refused("DescribeAddresses", &unknown).await, "InvalidParameterValue");
}

#[tokio::test]
async fn new_objects_may_be_missing_in_reads_for_seconds() {
    let account = account();
    account.simulator.add_fault(Fault::Stale { seconds: 60.0 }).unwrap();
    let mut late = 0;
    let mut ids = Vec::new();
    for _ in 0..5 {
        let id = first(&account.ec2("AllocateAddress", &[]).await, "allocationId");
        let found = account.ec2_in(REGION, "DescribeAddresses", &[("AllocationId.1", &id)]).await;
        late += usize::from(found.status == 400 && found.code() == "InvalidAllocationID.NotFound");
        ids.push(id);
    }
    assert!(late > 0);
    account.pass(61);
    for id in ids {
        account.ec2("DescribeAddresses", &[("AllocationId.1", &id)]).await;
    }
}

#[tokio::test]
async fn machine_changes_one_attribute_at_a_time_and_its_type_while_it_is_stopped() {
    let account = account();
    let (_, subnet, group) = network(&account).await;
    let machine = launch(&account, &subnet, &group, &[]).await;
    let id = ("InstanceId", machine.as_str());
    let larger = ("InstanceType.Value", "t3.large");
    assert_eq!(account.refused("ModifyInstanceAttribute", &[id, larger]).await, "IncorrectInstanceState");
    account.ec2("StopInstances", &[("InstanceId.1", &machine)]).await;
    account.pass(60);
    let check = ("SourceDestCheck.Value", "false");
    for (form, code) in [
        ([id, larger, check].as_slice(), "InvalidParameterCombination"),
        (&[id, ("InstanceType.Value", "m7g.large")], "InvalidParameterValue"),
        (&[id, ("GroupId.1", "sg-00000000")], "InvalidGroup.NotFound"),
    ] {
        assert_eq!(account.refused("ModifyInstanceAttribute", form).await, code, "{form:?}");
    }
    account.ec2("ModifyInstanceAttribute", &[id, larger]).await;
    account.ec2("ModifyInstanceAttribute", &[id, check]).await;
    let found = account.ec2("DescribeInstances", &[("InstanceId.1", &machine)]).await;
    assert_eq!(
        (first(&found, "instanceType").as_str(), first(&found, "sourceDestCheck").as_str()),
        ("t3.large", "false")
    );
}

#[tokio::test]
async fn address_of_a_machine_is_its_own_until_one_of_the_account_leads_to_it() {
    let account = account();
    let (_, subnet, group) = network(&account).await;
    let interface = [
        ("NetworkInterface.1.DeviceIndex", "0"),
        ("NetworkInterface.1.SubnetId", subnet.as_str()),
        ("NetworkInterface.1.SecurityGroupId.1", group.as_str()),
        ("NetworkInterface.1.AssociatePublicIpAddress", "true"),
    ];
    let mut form = vec![("ImageId", IMAGE), ("InstanceType", "t3.micro"), ("MinCount", "1"), ("MaxCount", "1")];
    form.extend(interface);
    let machine = first(&account.ec2("RunInstances", &form).await, "instanceId");
    account.pass(40);
    let shown = async || account.ec2("DescribeInstances", &[("InstanceId.1", &machine)]).await;
    let before = shown().await;
    assert_eq!(first(&before, "ipOwnerId"), "amazon");
    let id = first(&account.ec2("AllocateAddress", &[]).await, "allocationId");
    account.pass(5);
    let led = account.ec2("AssociateAddress", &[("AllocationId", &id), ("InstanceId", &machine)]).await;
    assert_eq!(first(&shown().await, "ipOwnerId"), "111122223333");
    account.ec2("DisassociateAddress", &[("AssociationId", &first(&led, "associationId"))]).await;
    let after = shown().await;
    assert_eq!(first(&after, "ipOwnerId"), "amazon");
    assert_ne!(first(&after, "ipAddress"), first(&before, "ipAddress"), "the first one was given back");
    account.ec2("StopInstances", &[("InstanceId.1", &machine)]).await;
    assert!(all(&shown().await, "ipAddress").is_empty());
}

#[tokio::test]
async fn volume_has_the_operations_of_its_new_type() {
    let account = account();
    let zone = format!("{REGION}a");
    let create = [("AvailabilityZone", zone.as_str()), ("Size", "100"), ("VolumeType", "gp3"), ("Iops", "4000")];
    let volume = first(&account.ec2("CreateVolume", &create).await, "volumeId");
    account.pass(30);
    account.ec2("ModifyVolume", &[("VolumeId", &volume), ("VolumeType", "gp2"), ("Size", "200")]).await;
    let found = account.ec2("DescribeVolumes", &[("VolumeId.1", &volume)]).await;
    assert_eq!((first(&found, "size").as_str(), first(&found, "iops").as_str()), ("200", "600"));
    let again = account.refused("ModifyVolume", &[("VolumeId", &volume), ("Size", "300")]).await;
    assert_eq!(again, "VolumeModificationRateExceeded");
    account.pass(6 * 3600);
    assert_eq!(
        account.refused("ModifyVolume", &[("VolumeId", &volume), ("Size", "100")]).await,
        "InvalidParameterValue"
    );
}

#[tokio::test]
async fn capacity_is_that_of_a_zone() {
    let account = account();
    let (vpc, subnet, group) = network(&account).await;
    let other = json!({ "VpcId": vpc, "CidrBlock": "10.0.2.0/24", "AvailabilityZone": format!("{REGION}b") });
    let other = account.made("AWS::EC2::Subnet", other).await;
    let (location, size) = (format!("{REGION}a"), "t3.micro".to_owned());
    account.simulator.add_fault(Fault::Capacity { location, size, late: false, instances: None }).unwrap();
    let form = [
        ("ImageId", IMAGE),
        ("InstanceType", "t3.micro"),
        ("SubnetId", subnet.as_str()),
        ("SecurityGroupId.1", group.as_str()),
        ("MinCount", "1"),
        ("MaxCount", "1"),
    ];
    let refused = account.ec2_in(REGION, "RunInstances", &form).await;
    assert_eq!((refused.status, refused.code().as_str()), (500, "InsufficientInstanceCapacity"));
    assert!(!launch(&account, &other, &group, &[]).await.is_empty());
}

#[tokio::test]
async fn tags_of_a_reservation_change_in_all_of_its_apis() {
    let account = account();
    let tags = json!([{ "ResourceType": "capacity-reservation", "Tags": [{ "Key": "Name", "Value": "web" }] }]);
    let model = json!({
        "InstanceType": "t3.micro", "InstancePlatform": "Linux/UNIX", "InstanceCount": 1,
        "AvailabilityZone": format!("{REGION}a"), "TagSpecifications": tags,
    });
    let id = account.made("AWS::EC2::CapacityReservation", model).await;
    let filter = [("Filter.1.Name", "tag:Name"), ("Filter.1.Value.1", "web")];
    assert_eq!(
        all(&account.ec2("DescribeCapacityReservations", &filter).await, "capacityReservationId"),
        std::slice::from_ref(&id)
    );
    account.ec2("CreateTags", &[("ResourceId.1", &id), ("Tag.1.Key", "team"), ("Tag.1.Value", "a")]).await;
    account.ec2("DeleteTags", &[("ResourceId.1", &id), ("Tag.1.Key", "Name")]).await;
    let own = json!([{ "Key": "team", "Value": "a" }]);
    let read = account.read("AWS::EC2::CapacityReservation", &id).await;
    assert_eq!(read["TagSpecifications"][0]["Tags"], own);
    assert!(all(&account.ec2("DescribeCapacityReservations", &filter).await, "capacityReservationId").is_empty());
}
