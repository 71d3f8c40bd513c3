//! Launch template: what a machine starts with, written down beforehand. AWS does not look at it until it is used.

use serde_json::{Map as JsonMap, Value as Json};

use super::machine::{EBS, METADATA, USER_DATA, groups, image, in_base64, key, of_base64};
use crate::kinds::path;
use crate::kinds::table::*;
use crate::providers::aws::VERSION;
use crate::providers::aws::kinds::forms::{INSTANCE_TYPE, TAGS_ARG};
use crate::providers::aws::terraform::REGION;

static MAPPING: Block = Block::many(
    "device_name",
    &[
        arg("device_name", Ty::String, "DeviceName", "Device, as in `/dev/sdf`. Linux may show another name.")
            .required(),
        arg("ebs", Ty::Block(&EBS), "Ebs", "The volume."),
    ],
);

const USER_DATA_AT: &str = "LaunchTemplateData.UserData";

/// Table of `aws_launch_template`.
pub(crate) static KIND: Kind = Kind {
    name: "aws_launch_template",
    about: "Launch template: what machines start with. A change makes a new version, which is the default one.",
    type_: KindType { name: "AWS::EC2::LaunchTemplate", version: VERSION },
    place: Place::Root("aws:{region}/launch-templates/{name}"),
    names: NameRule::new(3, 128, "^[A-Za-z0-9()./_-]+$", "letters, digits, and `( ) . / _ -`"),
    args: &[
        image("image", "LaunchTemplateData.ImageId"),
        arg("instance_type", Ty::String, "LaunchTemplateData.InstanceType", "Type of machines.").form(&INSTANCE_TYPE),
        key("LaunchTemplateData.KeyName"),
        groups("LaunchTemplateData.SecurityGroupIds"),
        arg(
            "iam_instance_profile",
            Ty::Ref(&["aws_iam_instance_profile"]),
            "LaunchTemplateData.IamInstanceProfile.Name",
            "Instance profile with the role of machines.",
        ),
        arg("user_data", Ty::String, "", "Data that a machine reads at its first start.")
            .form(&USER_DATA)
            .wire(Wire::Odd),
        arg(
            "block_device_mappings",
            Ty::Block(&MAPPING),
            "LaunchTemplateData.BlockDeviceMappings",
            "Volume. That of the image's own device is the one that a machine starts from.",
        ),
        arg(
            "metadata_options",
            Ty::Block(&METADATA),
            "LaunchTemplateData.MetadataOptions",
            "Service by which a machine learns about itself.",
        ),
        arg(
            "ebs_optimized",
            Ty::Bool,
            "LaunchTemplateData.EbsOptimized",
            "Bandwidth of its own for volumes. The type decides.",
        ),
        TAGS_ARG,
    ],
    attributes: &[
        attribute("launch_template_id", "LaunchTemplateId", FakeValue::Nothing, "Id that AWS gave the template."),
        attribute("latest_version", "LatestVersionNumber", FakeValue::Nothing, "Number of its newest version."),
    ],
    durations: Durations { create: 2, update: 2, delete: 1 },
    in_use: "",
    odd: Overrides { encode: Some(encode), decode: Some(decode), ..Overrides::NONE },
    simulated: SimulatedBehaviour { accepts: &[USER_DATA_AT], ..SimulatedBehaviour::NONE },
    restless: &["LatestVersionNumber", "DefaultVersionNumber"],
    terraform: Terraform {
        resource: "launch_template",
        renamed: &[
            REGION,
            ("image", "image_id"),
            ("key", "key_name"),
            ("iam_instance_profile", "iam_instance_profile.name"),
        ],
        fixed: &[("update_default_version", "true")],
        referred: &[("key", "key_name"), ("iam_instance_profile", "name"), ("kms_key", "arn")],
        said: &["user_data"],
        blocks: Some(|written| {
            written("user_data").map_or_else(String::new, |text| format!("user_data = base64encode({text})"))
        }),
        exported: &[("launch_template_id", "id")],
        given_id: "LAUNCH_TEMPLATE_ID",
        ..Terraform::BY_RULE
    },
    example: r#"
aws_launch_template "example" {
  site          = site.east
  image         = "ami-0123456789abcdef0"
  instance_type = "m7i.large"
}
"#,
    left_out: &[
        ("capacity_reservation_specification", "a reservation that is open serves every machine of its type"),
        ("cpu_options", "licences by cores"),
        ("credit_specification", "AWS chooses it by the type"),
        ("default_version", "the newest version is the default one"),
        ("description", "use `tags`"),
        ("disable_api_stop", "failover groups stop and start machines"),
        ("disable_api_termination", "write it at the machine"),
        ("enclave_options", "for enclaves, which no image of another machine has"),
        ("hibernation_options", "failover groups stop and start machines"),
        ("instance_initiated_shutdown_behavior", "a machine that shuts itself down stays"),
        ("instance_market_options", "AWS takes such machines away at any time, also in a disaster"),
        ("instance_requirements", "a failover starts machines of a known type"),
        ("kernel_id", "for images before virtual hardware"),
        ("license_specification", "licences by cores"),
        ("maintenance_options", "AWS's own recovery on the same hardware stays on"),
        ("monitoring", "write it at the machine"),
        ("name_prefix", "write the whole name"),
        ("network_interfaces", "write `vpc_security_groups` here, and the subnet at the machine"),
        ("placement", "placement within one zone"),
        ("private_dns_name_options", "the subnet decides"),
        ("ram_disk_id", "for images before virtual hardware"),
        ("security_group_names", "for networks before VPCs"),
        ("tag_specifications", "a machine has its own tags and those of the stack"),
        ("update_default_version", "the newest version is the default one"),
    ],
    ..crate::providers::aws::KIND
};

fn encode(subject: &Subject<'_>, bodies: &mut [Json]) {
    if let (Some(body), Some(text)) = (bodies.first_mut(), subject.text("user_data")) {
        path::put(body, USER_DATA_AT, Json::from(in_base64(text)));
    }
}

fn decode(answers: &[Json], args: &mut JsonMap<String, Json>) {
    let told = answers.last().and_then(|body| path::text(body, USER_DATA_AT));
    if let Some(text) = told.and_then(of_base64) {
        args.insert("user_data".to_owned(), Json::from(text));
    }
}
