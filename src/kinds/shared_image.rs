//! The definition of an image in a gallery: what kind of system its versions are.

use serde_json::{Map as JsonMap, Value as Json, json};

use super::path;
use super::table::*;
use crate::address::ArmId;

const IDENTIFIER_PATH: &str = "properties.identifier";
const FEATURES: &str = "properties.features";

static IDENTIFIER: Block = Block::one(&[
    arg("publisher", Ty::String, "publisher", "Who publishes it.").required().replace(),
    arg("offer", Ty::String, "offer", "What it is.").required().replace(),
    arg("sku", Ty::String, "sku", "Which variant it is.").required().replace(),
])
.at_least_one();

static PURCHASE_PLAN: Block = Block::one(&[
    arg("name", Ty::String, "name", "The name of the plan.").required().replace(),
    arg("publisher", Ty::String, "publisher", "The publisher.").replace(),
    arg("product", Ty::String, "product", "The product.").replace(),
]);

const fn feature(name: &'static str, doc: &'static str) -> Arg {
    arg(name, Ty::Bool, "", doc).wire(Wire::Odd).replace()
}

/// The table.
pub static KIND: Kind = Kind {
    name: "shared_image",
    about: "The definition of an image in a gallery: what kind of system its versions are.",
    arm: Arm { type_: "Microsoft.Compute/galleries/images", api: "2025-12-03" },
    place: Place::Child("gallery", "images"),
    names: NameRule::new(
        1,
        80,
        "^[A-Za-z0-9]([A-Za-z0-9._-]*[A-Za-z0-9])?$",
        "letters, digits, `.`, `_` and `-`, and starts and ends with a letter or digit",
    ),
    args: &[
        place("gallery", &["shared_image_gallery"], "The gallery it is in; its site is the default for this one's."),
        arg("os_type", Ty::Enum(&["Linux", "Windows"]), "properties.osType", "The system.").required().replace(),
        arg("identifier", Ty::Block(&IDENTIFIER), IDENTIFIER_PATH, "What it is called; unique in the gallery.")
            .replace(),
        arg(
            "specialized",
            Ty::Bool,
            "",
            "Whether it is a system with its users and host name, and not a generalised one.",
        )
        .wire(Wire::Mapped(
            "properties.osState",
            &[(Lit::Bool(true), Lit::Str("Specialized")), (Lit::Bool(false), Lit::Str("Generalized"))],
        ))
        .default(Lit::Bool(false))
        .replace(),
        arg(
            "hyper_v_generation",
            Ty::Enum(&["V1", "V2"]),
            "properties.hyperVGeneration",
            "The generation of machines that start from it.",
        )
        .default(Lit::Str("V1"))
        .replace(),
        arg("architecture", Ty::Enum(&["x64", "Arm64"]), "properties.architecture", "The processor.")
            .default(Lit::Str("x64"))
            .replace(),
        arg("description", Ty::String, "properties.description", "What it is for."),
        arg(
            "disk_types_not_allowed",
            Ty::Set(&Ty::Enum(&["Standard_LRS", "Premium_LRS"])),
            "properties.disallowed.diskTypes",
            "The kinds of storage on which its machines must not be.",
        ),
        arg("end_of_life_date", Ty::String, "properties.endOfLifeDate", "When it ends, in RFC 3339.").any_case(),
        arg("eula", Ty::String, "properties.eula", "The licence.").replace(),
        arg("privacy_statement_uri", Ty::String, "properties.privacyStatementUri", "Where the privacy statement is.")
            .replace(),
        arg("release_note_uri", Ty::String, "properties.releaseNoteUri", "Where the release notes are."),
        arg(
            "min_recommended_vcpu_count",
            Ty::Integer(1, 80),
            "properties.recommended.vCPUs.min",
            "The least number of cores that is recommended.",
        ),
        arg(
            "max_recommended_vcpu_count",
            Ty::Integer(1, 80),
            "properties.recommended.vCPUs.max",
            "The greatest number of cores that is recommended.",
        ),
        arg(
            "min_recommended_memory_in_gb",
            Ty::Integer(1, 640),
            "properties.recommended.memory.min",
            "The least memory that is recommended, in GB.",
        ),
        arg(
            "max_recommended_memory_in_gb",
            Ty::Integer(1, 640),
            "properties.recommended.memory.max",
            "The greatest memory that is recommended, in GB.",
        ),
        arg(
            "purchase_plan",
            Ty::Block(&PURCHASE_PLAN),
            "properties.purchasePlan",
            "The plan of the marketplace it came from.",
        ),
        feature("trusted_launch_supported", "Whether machines of trusted launch can start from it."),
        feature("trusted_launch_enabled", "Whether only machines of trusted launch can start from it."),
        feature("confidential_vm_supported", "Whether confidential machines can start from it."),
        feature("confidential_vm_enabled", "Whether only confidential machines can start from it."),
        feature("accelerated_network_support_enabled", "Whether it has drivers for accelerated networking."),
        feature("disk_controller_type_nvme_enabled", "Whether it has drivers for NVMe disks."),
        feature("hibernation_enabled", "Whether its machines can hibernate."),
        TAGS,
    ],
    durations: Durations { create: 10, update: 10, delete: 20 },
    answers: Answers::AsyncBody,
    in_use: "CannotDeleteResource",
    odd: Odd { encode: Some(encode), decode: Some(decode), check: Some(check), ..Odd::NONE },
    simulated: Simulated { admit: Some(admit), accepts: &[FEATURES], ..Simulated::NONE },
    terraform: Terraform {
        located: true,
        renamed: &[("gallery", "gallery_name")],
        follows: &[("resource_group_name", "gallery", "resource_group_name")],
        ..Terraform::BY_RULE
    },
    example: r#"
resource_group "example" {
  site = site.east
}

shared_image_gallery "example" {
  resource_group = resource_group.example
}

shared_image "example" {
  gallery = shared_image_gallery.example
  os_type = "Linux"

  identifier {
    publisher = "contoso"
    offer     = "web"
    sku       = "example"
  }
}
"#,
    left_out: &[],
    ..Kind::EMPTY
};

/// Arguments that are features in the body: argument, feature and the value that says it.
const BY_FEATURE: &[(&str, &str, &str)] = &[
    ("trusted_launch_supported", "SecurityType", "TrustedLaunchSupported"),
    ("trusted_launch_enabled", "SecurityType", "TrustedLaunch"),
    ("confidential_vm_supported", "SecurityType", "ConfidentialVmSupported"),
    ("confidential_vm_enabled", "SecurityType", "ConfidentialVM"),
    ("accelerated_network_support_enabled", "IsAcceleratedNetworkSupported", "True"),
    ("disk_controller_type_nvme_enabled", "DiskControllerTypes", "SCSI, NVMe"),
    ("hibernation_enabled", "IsHibernateSupported", "True"),
];

fn encode(subject: &Subject<'_>, bodies: &mut [Json]) {
    let Some(body) = bodies.first_mut() else { return };
    let features: Vec<Json> = BY_FEATURE
        .iter()
        .filter(|(argument, ..)| subject.args.get(*argument) == Some(&Json::Bool(true)))
        .map(|(_, name, value)| json!({ "name": name, "value": value }))
        .collect();
    if !features.is_empty() {
        path::put(body, FEATURES, Json::Array(features));
    }
}

fn decode(answers: &[Json], args: &mut JsonMap<String, Json>) {
    let Some(body) = answers.first() else { return };
    let features = path::items(body, FEATURES);
    let says = |name: &str, value: &str| {
        features.iter().any(|feature| {
            path::text(feature, "name") == Some(name)
                && path::text(feature, "value").is_some_and(|found| found.eq_ignore_ascii_case(value))
        })
    };
    for (argument, name, value) in BY_FEATURE {
        args.insert((*argument).to_owned(), Json::from(says(name, value)));
    }
}

fn check(subject: &Subject<'_>, findings: &mut Vec<Finding>) {
    let security = BY_FEATURE.iter().filter(|(_, feature, _)| *feature == "SecurityType");
    let on: Vec<&'static str> = security
        .map(|(argument, ..)| *argument)
        .filter(|argument| subject.args.get(*argument) == Some(&Json::Bool(true)))
        .collect();
    if let [first, second, ..] = on.as_slice() {
        findings.push(Finding {
            argument: second,
            summary: format!("`{first}` and `{second}` cannot both be true"),
            why: "An image has one security type.".to_owned(),
            help: "Leave one of them out.".to_owned(),
        });
    }
}

fn admit(cloud: &dyn Cloudlet, id: &ArmId, body: &Json) -> Result<(), Refusal> {
    let Some(gallery) = id.parent() else { return Ok(()) };
    let same = |other: &ArmId| {
        other != id
            && cloud
                .get(other)
                .is_some_and(|other| path::borrow(other, IDENTIFIER_PATH) == path::borrow(body, IDENTIFIER_PATH))
    };
    match cloud.below(&gallery).into_iter().find(same) {
        Some(other) => Err(Refusal {
            status: 409,
            code: "Conflict",
            message: format!(
                "The identifier of gallery image '{}' is that of gallery image '{}' in gallery '{}'.",
                id.name(),
                other.name(),
                gallery.name()
            ),
        }),
        None => Ok(()),
    }
}
