//! Machines: their properties, the parameters that start one, and the next request that changes one.

use serde_json::{Map, Value as Json, json};

use super::cfn::{copy, parameters, picked, properties};
use super::control::same;
use super::described::{Described, tag};
use super::error::CallError;
use super::found::Found;
use super::handle::Aws;
use super::names::Of;
use super::step::Step;
use super::tags;
use super::volumes::{associate, attachment, is_part, modified};
use super::xml::{list, text};
use crate::reason::Reason;
use crate::world::CloudError;

/// The tag by which AWS names the launch template of a machine.
const TEMPLATE: &str = "aws:ec2launchtemplate:id";
/// The device that a machine starts from, where no image names one.
const ROOT: &str = "/dev/xvda";
/// Properties that only a start can set: another value needs another machine.
const FIXED: [&str; 5] = ["ImageId", "SubnetId", "KeyName", "PrivateIpAddress", "AvailabilityZone"];
/// Names of the root volume's properties, in the order of a volume's own.
const ROOT_VOLUME: [&str; 4] = ["VolumeSize", "VolumeType", "Iops", "Throughput"];
/// Options of the metadata that a change can set.
const METADATA: [&str; 4] = ["HttpTokens", "HttpEndpoint", "HttpPutResponseHopLimit", "InstanceMetadataTags"];

impl Aws {
    /// A machine as EC2 describes it, with its volumes, its address, and the attributes that no list has.
    pub(super) async fn machine(&self, region: &str, item: &Json) -> Result<Found, CloudError> {
        let id = text(item, "instanceId").unwrap_or_default();
        let mut body = described(item);
        for (property, attribute) in [("UserData", "userData"), ("DisableApiTermination", "disableApiTermination")] {
            let form = json!({ "InstanceId": id, "Attribute": attribute });
            match self.ec2(region, "DescribeInstanceAttribute", &form).await {
                Ok(answer) => copy(&answer, &[(property, &format!("{attribute}/value"))], &mut body),
                // The machine has ended meanwhile.
                Err(error) if error.is(Reason::Absent) => {}
                Err(error) => return Err(error.of_read()),
            }
        }
        let volumes = self.of_filter(Of::Volume, region, "attachment.instance-id", id).await?;
        let root = with_volumes(item, &volumes, &mut body);
        let addresses = self.of_filter(Of::Address, region, "instance-id", id).await?;
        if let Some(address) = addresses.first() {
            copy(address, &[("AllocationId", "allocationId")], &mut body);
        }
        if let Some(template) = tag(item, TEMPLATE)
            && let Some(by) = Described::of(Of::LaunchTemplate)
            && let Some(found) = self.of_id(by, region, template).await?
        {
            let name = by.name_of(&found).unwrap_or_default();
            body.insert("LaunchTemplate".to_owned(), json!({ "LaunchTemplateName": name, "Version": "$Default" }));
        }
        body.insert("Tags".to_owned(), tags::of_item(item));
        let association = addresses.first().and_then(|address| text(address, "associationId"));
        let hidden = json!({ "RootVolumeId": root, "AssociationId": association, "Restart": tag(item, tags::RESTART) });
        Ok(Found { id: id.to_owned(), body: Json::Object(body), hidden })
    }

    /// The device from which a machine of these properties starts: that of its image.
    pub(super) async fn root_device(&self, region: &str, wanted: &Json) -> Result<String, CallError> {
        let mut image = wanted.get("ImageId").and_then(Json::as_str).map(str::to_owned);
        if let (None, Some(template)) = (&image, wanted.pointer("/LaunchTemplate/LaunchTemplateName")) {
            let form = json!({ "LaunchTemplateName": template, "LaunchTemplateVersion": ["$Default"] });
            let answer = self.ec2(region, "DescribeLaunchTemplateVersions", &form).await?;
            let version = list(&answer, "launchTemplateVersionSet").into_iter().next().cloned().unwrap_or_default();
            image = version.pointer("/launchTemplateData/imageId").and_then(Json::as_str).map(str::to_owned);
        }
        let Some(image) = image else { return Ok(ROOT.to_owned()) };
        let answer = self.ec2(region, "DescribeImages", &json!({ "ImageId": [image] })).await?;
        let device = list(&answer, "imagesSet").into_iter().find_map(|image| text(image, "rootDeviceName"));
        Ok(device.unwrap_or(ROOT).to_owned())
    }
}

/// The properties that the list of machines has.
fn described(item: &Json) -> Map<String, Json> {
    let mut body = Map::new();
    let names = [
        ("InstanceId", "instanceId"),
        ("ImageId", "imageId"),
        ("InstanceType", "instanceType"),
        ("SubnetId", "subnetId"),
        ("VpcId", "vpcId"),
        ("KeyName", "keyName"),
        ("PrivateIpAddress", "privateIpAddress"),
        ("PrivateIp", "privateIpAddress"),
        ("PublicIp", "ipAddress"),
        ("PublicDnsName", "dnsName"),
        ("PrivateDnsName", "privateDnsName"),
        ("AvailabilityZone", "placement/availabilityZone"),
        ("Tenancy", "placement/tenancy"),
        ("EbsOptimized", "ebsOptimized"),
        ("SourceDestCheck", "sourceDestCheck"),
    ];
    copy(item, &names, &mut body);
    let monitoring = item.pointer("/monitoring/state").and_then(Json::as_str).unwrap_or_default();
    body.insert("Monitoring".to_owned(), Json::from(matches!(monitoring, "enabled" | "pending")));
    if let Some(state) = item.get("instanceState") {
        body.insert("State".to_owned(), properties(state));
    }
    let groups: Vec<&str> = list(item, "groupSet").into_iter().filter_map(|group| text(group, "groupId")).collect();
    if !groups.is_empty() {
        body.insert("SecurityGroupIds".to_owned(), json!(groups));
    }
    let profile = item.pointer("/iamInstanceProfile/arn").and_then(Json::as_str);
    if let Some(name) = profile.and_then(|arn| arn.rsplit('/').next()) {
        body.insert("IamInstanceProfile".to_owned(), Json::from(name));
    }
    if let Some(options) = item.get("metadataOptions") {
        body.insert("MetadataOptions".to_owned(), picked(&properties(options), &METADATA));
    }
    let interface = list(item, "networkInterfaceSet").into_iter().next();
    let owner = interface.and_then(|interface| interface.pointer("/association/ipOwnerId")).and_then(Json::as_str);
    // A machine that is stopped has given its own public address back, and gets another one when it starts. One that
    // has an address of the account has none of its own meanwhile.
    let is_running = item.pointer("/instanceState/name").and_then(Json::as_str) == Some("running");
    if is_running && owner.is_none_or(|owner| owner == "amazon") {
        body.insert("AssociatePublicIpAddress".to_owned(), Json::from(owner.is_some()));
    }
    body
}

/// Adds the volumes of a machine, and returns the id of the one that it starts from.
fn with_volumes(item: &Json, volumes: &[Json], body: &mut Map<String, Json>) -> Option<String> {
    let device = text(item, "rootDeviceName").unwrap_or(ROOT);
    let (mut root, mut others) = (None, Vec::new());
    for volume in volumes {
        let Some(attachment) = attachment(volume) else { continue };
        let mut ebs = Map::new();
        let names = [
            ("VolumeType", "volumeType"),
            ("VolumeSize", "size"),
            ("Iops", "iops"),
            ("Throughput", "throughput"),
            ("Encrypted", "encrypted"),
            ("KmsKeyId", "kmsKeyId"),
        ];
        copy(volume, &names, &mut ebs);
        copy(attachment, &[("DeleteOnTermination", "deleteOnTermination")], &mut ebs);
        match text(attachment, "device") {
            Some(own) if own == device => {
                root = text(volume, "volumeId").map(str::to_owned);
                body.insert("RootBlockDevice".to_owned(), Json::Object(ebs));
            }
            Some(own) if is_part(volume) => {
                copy(volume, &[("SnapshotId", "snapshotId")], &mut ebs);
                others.push(json!({ "DeviceName": own, "Ebs": ebs }));
            }
            _ => {}
        }
    }
    if !others.is_empty() {
        body.insert("BlockDeviceMappings".to_owned(), Json::Array(others));
    }
    root
}

/// The parameters that start a machine.
pub(super) fn started(wanted: &Json, root: &str, token: &str) -> Json {
    let names = [
        "ImageId",
        "InstanceType",
        "KeyName",
        "UserData",
        "EbsOptimized",
        "DisableApiTermination",
        "LaunchTemplate",
        "MetadataOptions",
        "BlockDeviceMappings",
    ];
    let mut form = parameters(&picked(wanted, &names));
    form["MinCount"] = json!(1);
    form["MaxCount"] = json!(1);
    form["ClientToken"] = Json::from(token);
    form["TagSpecification"] = tags::specification("instance", wanted);
    if let Some(profile) = wanted.get("IamInstanceProfile") {
        form["IamInstanceProfile"] = json!({ "Name": profile });
    }
    if let Some(monitoring) = wanted.get("Monitoring") {
        form["Monitoring"] = json!({ "Enabled": monitoring });
    }
    if let Some(zone) = wanted.get("AvailabilityZone") {
        form["Placement"] = json!({ "AvailabilityZone": zone });
    }
    if let Some(volume) = wanted.get("RootBlockDevice") {
        let mut devices = form.get("BlockDeviceMapping").and_then(Json::as_array).cloned().unwrap_or_default();
        devices.insert(0, json!({ "DeviceName": root, "Ebs": volume }));
        form["BlockDeviceMapping"] = Json::Array(devices);
    }
    // A public address is of an interface, which then has subnet, groups and private address as well.
    let place = parameters(&picked(wanted, &["SubnetId", "SecurityGroupIds", "PrivateIpAddress"]));
    match (wanted.get("AssociatePublicIpAddress").and_then(Json::as_bool), place) {
        (Some(public), Json::Object(mut interface)) if wanted.get("SubnetId").is_some() => {
            interface.insert("DeviceIndex".to_owned(), json!(0));
            interface.insert("AssociatePublicIpAddress".to_owned(), Json::from(public));
            form["NetworkInterface"] = json!([interface]);
        }
        (_, Json::Object(place)) => place.into_iter().for_each(|(name, value)| form[name.as_str()] = value),
        _ => {}
    }
    form
}

/// The next step of a machine; `None` where nothing is left. `made`: the machine is new.
///
/// # Errors
/// A change that needs another machine.
pub(super) fn next(found: &Found, wanted: &Json, made: bool) -> Result<Option<Step>, String> {
    let (now, id) = (&found.body, found.id.as_str());
    let differs = |name: &str| {
        let value = wanted.get(name).filter(|value| !value.is_null())?;
        (!same(now.get(name).unwrap_or(&Json::Null), value)).then_some(value)
    };
    if let Some(name) = FIXED.iter().find(|name| !made && differs(name).is_some()) {
        return Err(format!("`{name}` of a machine cannot change"));
    }
    if let Some(step) = stopped(found, &differs) {
        return Ok(Some(step));
    }
    let attribute = |name: &str, value: Json| {
        Ok(Some(Step::Ec2("ModifyInstanceAttribute", json!({ "InstanceId": id, (name): value }))))
    };
    if let Some(groups) = differs("SecurityGroupIds") {
        return attribute("GroupId", groups.clone());
    }
    for name in ["SourceDestCheck", "DisableApiTermination"] {
        let is_usual = wanted.get(name) == Some(&Json::Bool(name == "SourceDestCheck")) && now.get(name).is_none();
        if let Some(value) = differs(name).filter(|_| !is_usual) {
            return attribute(name, json!({ "Value": value }));
        }
    }
    if let Some(monitoring) = differs("Monitoring") {
        let action = if monitoring == &Json::Bool(true) { "MonitorInstances" } else { "UnmonitorInstances" };
        return Ok(Some(Step::Ec2(action, json!({ "InstanceId": [id] }))));
    }
    let options = now.get("MetadataOptions").cloned().unwrap_or_default();
    let new = wanted.get("MetadataOptions").cloned().unwrap_or_default();
    let new = picked(&new, &METADATA);
    let is_other = |(name, value): (&String, &Json)| options.get(name).is_some_and(|now| !same(now, value));
    if new.as_object().is_some_and(|map| map.iter().any(is_other)) {
        let mut form = new;
        form["InstanceId"] = Json::from(id);
        return Ok(Some(Step::Ec2("ModifyInstanceMetadataOptions", form)));
    }
    if let (Some(root), Some(volume)) =
        (found.hidden.get("RootVolumeId").and_then(Json::as_str), wanted.get("RootBlockDevice"))
    {
        let old = now.get("RootBlockDevice").cloned().unwrap_or_default();
        if let Some(step) = modified(root, &old, volume, ROOT_VOLUME) {
            return Ok(Some(step));
        }
    }
    let profile = |body: &Json| body.get("IamInstanceProfile").and_then(Json::as_str).map(str::to_owned);
    if profile(now) != profile(wanted) && !(made && profile(wanted).is_none()) {
        return Ok(Some(Step::Profile(profile(wanted))));
    }
    let address = |body: &Json| body.get("AllocationId").and_then(Json::as_str).map(str::to_owned);
    Ok(match (address(now), address(wanted)) {
        (now, Some(new)) if now.as_ref() != Some(&new) => Some(associate(&new, id)),
        (Some(_), None) if !made => super::volumes::disassociate(found),
        _ => None,
    })
}

/// The next step of a change that a machine has to be stopped for. A tag tells that it is to start again.
fn stopped<'a>(found: &Found, differs: &impl Fn(&str) -> Option<&'a Json>) -> Option<Step> {
    let id = found.id.as_str();
    let is_stopped = found.body.pointer("/State/Name").and_then(Json::as_str) == Some("stopped");
    let is_to_start = found.hidden.get("Restart").is_some_and(Json::is_string);
    let tag = json!([{ "Key": tags::RESTART, "Value": "true" }]);
    let changes = [("InstanceType", "InstanceType"), ("EbsOptimized", "EbsOptimized")];
    let change = changes.iter().find_map(|(name, parameter)| Some((*parameter, differs(name)?)));
    match (change, is_stopped, is_to_start) {
        (Some((parameter, value)), true, _) => {
            let form = json!({ "InstanceId": id, (parameter): { "Value": value } });
            Some(Step::Ec2("ModifyInstanceAttribute", form))
        }
        (Some(_), false, false) => Some(Step::Ec2("CreateTags", json!({ "ResourceId": [id], "Tag": tag }))),
        (Some(_), false, true) => Some(Step::Ec2("StopInstances", json!({ "InstanceId": [id] }))),
        (None, true, true) => Some(Step::Ec2("StartInstances", json!({ "InstanceId": [id] }))),
        (None, false, true) => {
            Some(Step::Ec2("DeleteTags", json!({ "ResourceId": [id], "Tag": [{ "Key": tags::RESTART }] })))
        }
        (None, _, false) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(state: &str, kind: &str, restart: Json) -> Found {
        let body = json!({ "State": { "Name": state }, "InstanceType": kind, "ImageId": "ami-1", "Monitoring": false });
        Found { id: "i-1".to_owned(), body, hidden: json!({ "Restart": restart }) }
    }

    #[test]
    fn another_type_stops_changes_and_starts_the_machine() {
        let wanted = json!({ "InstanceType": "m7i.large", "ImageId": "ami-1", "Monitoring": false });
        let action = |found: &Found| match next(found, &wanted, false) {
            Ok(Some(Step::Ec2(action, _))) => action,
            Ok(None) => "none",
            other => panic!("{other:?}"),
        };
        for (state, kind, restart, wanted) in [
            ("running", "t3.micro", json!(null), "CreateTags"),
            ("running", "t3.micro", json!("true"), "StopInstances"),
            ("stopped", "t3.micro", json!("true"), "ModifyInstanceAttribute"),
            ("stopped", "m7i.large", json!("true"), "StartInstances"),
            ("running", "m7i.large", json!("true"), "DeleteTags"),
            ("running", "m7i.large", json!(null), "none"),
            // Somebody else has stopped it.
            ("stopped", "m7i.large", json!(null), "none"),
        ] {
            assert_eq!(action(&found(state, kind, restart)), wanted, "{state} {kind}");
        }
    }

    #[test]
    fn image_of_a_machine_cannot_change() {
        let why = next(&found("running", "t3.micro", Json::Null), &json!({ "ImageId": "ami-2" }), false).unwrap_err();
        assert!(why.contains("ImageId"), "{why}");
    }

    #[test]
    fn public_address_makes_an_interface_with_subnet_and_groups() {
        let mut wanted = json!({ "SubnetId": "subnet-1", "SecurityGroupIds": ["sg-1"], "ImageId": "ami-1",
            "RootBlockDevice": { "VolumeSize": 20 } });
        let form = started(&wanted, "/dev/sda1", "t");
        assert_eq!((&form["SubnetId"], &form["SecurityGroupId"]), (&json!("subnet-1"), &json!(["sg-1"])));
        assert_eq!(form["BlockDeviceMapping"][0], json!({ "DeviceName": "/dev/sda1", "Ebs": { "VolumeSize": 20 } }));
        wanted["AssociatePublicIpAddress"] = json!(true);
        let form = started(&wanted, "/dev/sda1", "t");
        assert_eq!(form.get("SubnetId"), None);
        let interface = json!({ "SubnetId": "subnet-1", "SecurityGroupId": ["sg-1"], "DeviceIndex": 0,
            "AssociatePublicIpAddress": true });
        assert_eq!(form["NetworkInterface"], json!([interface]));
    }
}
