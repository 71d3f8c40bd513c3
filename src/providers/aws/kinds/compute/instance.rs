//! Machine of a region. A failover creates it from an image, in a subnet that exists, with an address that is known.

use serde_json::{Map as JsonMap, Value as Json};

use super::machine::{DEVICE, METADATA, ROOT, USER_DATA, groups, image, in_base64, key, of_base64};
use crate::backup::launch::without_restore;
use crate::kinds::path;
use crate::kinds::table::*;
use crate::providers::aws::VERSION;
use crate::providers::aws::kinds::forms::{COMBINATION, INSTANCE_TYPE, INVALID, TAG_NAME, TAGS_ARG, ZONE};
use crate::providers::aws::terraform::{NAMED, REGION};

/// Seconds until a new machine runs (estimate: 10 to 60).
const RUNS: u32 = 30;
/// Seconds until both status checks of AWS have passed (estimate: 120 to 300).
const CHECKED: u32 = 180;
/// Seconds of a change of type: the machine stops, changes and starts (estimate).
const RESIZED: u32 = 120;

const POWER_TAKES: DurationEstimate = DurationEstimate { typical: 45, worst: 300 };

/// A machine that is stopped keeps its volumes and its address; only the machine itself costs nothing.
const POWER: Power = Power {
    expand: "status",
    state: |body| match path::text(body, "State.Name")? {
        "running" => Some(PowerState::Running),
        "stopped" => Some(PowerState::Stopped),
        _ => Some(PowerState::Changing),
    },
    stop: PowerAction { name: "stop", takes: POWER_TAKES },
    start: PowerAction { name: "start", takes: POWER_TAKES },
};

/// The argument with the machine's own public address, and the property.
const PUBLIC: &str = "associate_public_ip_address";
const PUBLIC_AT: &str = "AssociatePublicIpAddress";

/// At most 16 KiB (source: AWS's page on user data).
const LAUNCH: Launch = Launch { argument: "user_data", is_encoded: false, property: "UserData", most: 16_384 };

/// Table of `aws_instance`.
pub(crate) static KIND: Kind = Kind {
    name: "aws_instance",
    about: "Machine (EC2) in a subnet.",
    type_: KindType { name: "AWS::EC2::Instance", version: VERSION },
    place: Place::Root("aws:{region}/instances/{name}"),
    sited: Some("subnet"),
    names: TAG_NAME,
    args: &[
        PRESENCE,
        Arg {
            near: true,
            ..arg("subnet", Ty::Ref(&["aws_subnet"]), "SubnetId", "Subnet; its site is that of the machine.").replace()
        },
        image("ami", "ImageId").replace(),
        Arg {
            near: true,
            ..arg(
                "launch_template",
                Ty::Ref(&["aws_launch_template"]),
                "LaunchTemplate.LaunchTemplateName",
                "Launch template, in its default version, for what the machine does not say itself.",
            )
            .replace()
        },
        arg("instance_type", Ty::String, "InstanceType", "Type, as in `m7i.large`. Another one restarts the machine.")
            .form(&INSTANCE_TYPE),
        arg(
            "fallback_types",
            Ty::List(&Ty::String),
            "",
            "Types that are tried in this order, in each subnet, where AWS has no capacity for `instance_type`. A machine \
             of one of them stays.",
        )
        .form(&INSTANCE_TYPE)
        .wire(Wire::Nowhere),
        Arg {
            near: true,
            ..arg(
                "fallback_subnets",
                Ty::List(&Ty::Ref(&["aws_subnet"])),
                "",
                "Subnets of other zones that are tried in this order, before another type, where AWS has no capacity in \
                 that of `subnet`. A volume of the first zone cannot follow.",
            )
            .wire(Wire::Nowhere)
        },
        key("KeyName").replace(),
        groups("SecurityGroupIds"),
        arg(
            "iam_instance_profile",
            Ty::Ref(&["aws_iam_instance_profile"]),
            "IamInstanceProfile",
            "Instance profile with the role of the machine.",
        ),
        Arg {
            near: true,
            ..arg(
                "eip",
                Ty::Ref(&["aws_eip"]),
                "AllocationId",
                "Address that the machine takes when it runs, from whichever machine has it.",
            )
        },
        arg(
            PUBLIC,
            Ty::Bool,
            "",
            "Give the machine a public address of its own, which goes with it. The subnet decides.",
        )
        .wire(Wire::Odd)
        .chosen(),
        arg("private_ip", Ty::Ip, "PrivateIpAddress", "Address within the subnet. AWS chooses one.").chosen(),
        arg("availability_zone", Ty::String, "AvailabilityZone", "Zone. That of the subnet.").form(&ZONE).chosen(),
        arg("user_data", Ty::String, "", "Data that the machine reads at its first start, as in cloud-init.")
            .form(&USER_DATA)
            .wire(Wire::Odd)
            .replace(),
        RESTORES,
        arg("root_block_device", Ty::Block(&ROOT), "RootBlockDevice", "Volume that the machine starts from."),
        arg("ebs_block_device", Ty::Block(&DEVICE), "BlockDeviceMappings", "Further volume, which the machine brings.")
            .replace(),
        arg(
            "metadata_options",
            Ty::Block(&METADATA),
            "MetadataOptions",
            "Service by which the machine learns about itself.",
        ),
        arg("ebs_optimized", Ty::Bool, "EbsOptimized", "Bandwidth of its own for volumes. The type decides.")
            .kept(Kept::Chosen),
        arg("monitoring", Ty::Bool, "Monitoring", "Figures of every minute.").default(Lit::Bool(false)),
        arg("source_dest_check", Ty::Bool, "SourceDestCheck", "Refuse traffic that is for others.")
            .default(Lit::Bool(true)),
        arg("disable_api_termination", Ty::Bool, "DisableApiTermination", "Refuse to delete the machine.")
            .default(Lit::Bool(false)),
        TAGS_ARG,
    ],
    attributes: &[
        attribute("instance_id", "InstanceId", FakeValue::Nothing, "Id that AWS gave the machine."),
        attribute("public_ip", "PublicIp", FakeValue::PublicIp, "Public address; that of `eip`, where it has one."),
        attribute("private_ip", "PrivateIp", FakeValue::PrivateIp, "Address within the subnet."),
        attribute("private_dns", "PrivateDnsName", FakeValue::Nothing, "Name within the network."),
        attribute("public_dns", "PublicDnsName", FakeValue::Nothing, "Name of the public address."),
    ],
    durations: Durations { create: RUNS + CHECKED, update: 5, delete: 60 },
    lasts: Some(lasts),
    recovery: Recovery { loses_data: true, launches: Some(&LAUNCH), ..Recovery::NONE },
    in_use: "",
    alternatives: &[
        Alternative { of: "instance_type", others: "fallback_types" },
        Alternative { of: "subnet", others: "fallback_subnets" },
    ],
    machines: Some(machines),
    moves: Moves { power: Some(&POWER), ..Moves::NONE },
    host: Some("public_ip"),
    combinations: &[
        Combination::new(
            COMBINATION,
            &[("ami", Test::Absent), ("launch_template", Test::Absent)],
            "nothing says what the machine starts from",
            "Set `ami`, or `launch_template` with an image.",
        ),
        Combination::new(
            COMBINATION,
            &[("instance_type", Test::Absent), ("launch_template", Test::Absent)],
            "nothing says which type the machine has",
            "Set `instance_type`, or `launch_template` with a type.",
        ),
        Combination::new(
            INVALID,
            &[("eip", Test::Set), ("associate_public_ip_address", Test::Is(&[Lit::Bool(true)]))],
            "the machine would give its own public address away for that of `eip`",
            "Remove `associate_public_ip_address`, or `eip`.",
        ),
        Combination::new(
            INVALID,
            &[("fallback_subnets", Test::Set), ("availability_zone", Test::Set)],
            "the other subnets are in other zones",
            "Remove `availability_zone`: the subnet says it.",
        ),
        Combination::new(
            INVALID,
            &[("fallback_subnets", Test::Set), ("private_ip", Test::Set)],
            "the address is in one subnet only",
            "Remove `private_ip`, or `fallback_subnets`.",
        ),
    ],
    transitions: &[Transition::replace(
        INVALID,
        "root_block_device.volume_size",
        ChangeTest::Shrinks,
        "which AWS does not make smaller",
    )],
    odd: Overrides { encode: Some(encode), decode: Some(decode), ..Overrides::NONE },
    simulated: SimulatedBehaviour { accepts: &["UserData", PUBLIC_AT], ..SimulatedBehaviour::NONE },
    restless: &["State", "PublicIp", "PublicDnsName", PUBLIC_AT],
    adoption: Adoption {
        // What follows from the subnet and from `eip`, and what AWS chose.
        arguments: Some(|_, args| {
            let follows =
                [("subnet", "availability_zone"), ("subnet", "private_ip"), ("eip", "associate_public_ip_address")];
            for (from, argument) in follows {
                if args.contains_key(from) {
                    args.remove(argument);
                }
            }
        }),
        ..Adoption::BY_TABLE
    },
    terraform: Terraform {
        resource: "instance",
        named: false,
        renamed: &[
            REGION,
            ("ami", "ami"),
            ("key", "key_name"),
            ("iam_instance_profile", "iam_instance_profile"),
            ("launch_template", "launch_template.id"),
        ],
        referred: &[("key", "key_name"), ("iam_instance_profile", "name"), ("kms_key", "arn")],
        blocks: Some(|written| {
            let mut lines = Vec::new();
            for (argument, what) in [("fallback_types", "types"), ("fallback_subnets", "subnets")] {
                if let Some(list) = written(argument) {
                    let list = list.split_whitespace().collect::<Vec<_>>().join(" ");
                    lines.push(format!("# Terraform tries no other {what} where AWS has no capacity: {list}"));
                }
            }
            lines.extend(written("user_data").map(|_| "user_data_replace_on_change = true".to_owned()));
            lines.join("\n")
        }),
        said: &["eip", "fallback_types", "fallback_subnets"],
        splits: &[SplitResource::one(
            &["eip"],
            "eip_association",
            "region = {location}\ninstance_id = {self}.id\nallocation_id = {eip}",
        )],
        tags: NAMED,
        exported: &[("instance_id", "id")],
        given_id: "INSTANCE_ID",
        sets: &["ebs_block_device"],
        ..Terraform::BY_RULE
    },
    example: r#"
aws_vpc "example" {
  site       = site.east
  cidr_block = "10.10.0.0/16"
}

aws_subnet "example" {
  vpc        = aws_vpc.example
  cidr_block = "10.10.1.0/24"
}

aws_security_group "example" {
  vpc = aws_vpc.example
}

aws_instance "example" {
  subnet              = aws_subnet.example
  ami                 = "ami-0123456789abcdef0"
  instance_type       = "m7i.large"
  vpc_security_groups = [aws_security_group.example]

  root_block_device {
    volume_size = 20
    encrypted   = true
  }
}
"#,
    left_out: &[
        ("capacity_reservation_specification", "a reservation that is open serves every machine of its type"),
        ("cpu_options", "licences by cores"),
        ("credit_specification", "AWS chooses it by the type"),
        ("disable_api_stop", "failover groups stop and start machines"),
        ("enable_primary_ipv6", "addresses of IPv6 belong to one region"),
        ("enclave_options", "for enclaves, which no image of another machine has"),
        ("ephemeral_block_device", "the type decides"),
        ("force_destroy", "`prevent_destroy` protects a machine"),
        ("get_password_data", "for Windows with a password; sign in with a key"),
        ("hibernation", "failover groups stop and start machines"),
        ("host_id", "dedicated hosts"),
        ("host_resource_group_arn", "dedicated hosts"),
        ("instance_initiated_shutdown_behavior", "a machine that shuts itself down stays"),
        ("instance_market_options", "AWS takes such machines away at any time, also in a disaster"),
        ("ipv6_address_count", "addresses of IPv6 belong to one region"),
        ("ipv6_addresses", "addresses of IPv6 belong to one region"),
        ("maintenance_options", "AWS's own recovery on the same hardware stays on"),
        ("network_interface", "a machine has one interface"),
        ("placement_group", "placement within one zone"),
        ("placement_group_id", "placement within one zone"),
        ("placement_partition_number", "placement within one zone"),
        ("primary_network_interface", "a machine has one interface"),
        ("private_dns_name_options", "the subnet decides"),
        ("secondary_private_ips", "a machine has one private address"),
        ("security_groups", "for networks before VPCs; write `vpc_security_groups`"),
        ("tenancy", "the network decides"),
        ("user_data_base64", "write `user_data`"),
        ("user_data_replace_on_change", "other data replaces a machine always"),
        ("volume_tags", "volumes have the tags of the machine"),
    ],
    ..crate::providers::aws::KIND
};

/// A new machine runs and passes AWS's checks; another type stops and starts it.
fn lasts(old: Option<&Json>, new: &Json) -> u32 {
    match old {
        None => RUNS + CHECKED,
        Some(old) if old.get("InstanceType") != new.get("InstanceType") => RESIZED,
        Some(_) => 5,
    }
}

fn machines(subject: &Subject<'_>) -> Option<Machines> {
    let image = subject.text("ami").map(str::to_owned);
    Some(Machines { size: subject.text("instance_type")?.to_owned(), count: 1, image })
}

fn encode(subject: &Subject<'_>, bodies: &mut [Json]) {
    let Some(body) = bodies.first_mut() else { return };
    if let Some(text) = subject.text("user_data") {
        path::put(body, "UserData", Json::from(in_base64(text)));
    }
    if let Some(wants) = subject.args.get(PUBLIC).and_then(Json::as_bool) {
        path::put(body, PUBLIC_AT, Json::from(wants));
    }
    if subject.args.contains_key("launch_template") {
        path::put(body, "LaunchTemplate.Version", Json::from("$Default"));
    }
}

fn decode(answers: &[Json], args: &mut JsonMap<String, Json>) {
    let Some(body) = answers.last() else { return };
    // Those of a restore belong to a run, and not to the stack.
    let all = path::text(body, "UserData").and_then(of_base64);
    if let Some(own) = all.as_deref().and_then(without_restore) {
        args.insert("user_data".to_owned(), Json::from(own));
    }
    // Only a machine that runs shows it: of one that is stopped, the recorded value counts.
    if let Some(has) = path::borrow(body, PUBLIC_AT).and_then(Json::as_bool) {
        args.insert(PUBLIC.to_owned(), Json::from(has));
    }
}
