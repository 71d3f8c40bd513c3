//! Image definition in a gallery: the properties that all versions of the image share.

use crate::providers::azure::ids::AzureId;
use serde_json::{Map as JsonMap, Value as Json, json};

use crate::kinds::path;
use crate::kinds::table::*;
use crate::object::ObjectId;
use crate::providers::azure::tags::TAGS;

const IDENTIFIER_PATH: &str = "properties.identifier";
const FEATURES: &str = "properties.features";

static IDENTIFIER: Block = Block::one(&[
    arg("publisher", Ty::String, "publisher", "Publisher of the image.").required().replace(),
    arg("offer", Ty::String, "offer", "Offer: name of the product.").required().replace(),
    arg("sku", Ty::String, "sku", "SKU: variant of the product.").required().replace(),
])
.at_least_one();

static PURCHASE_PLAN: Block = Block::one(&[
    arg("name", Ty::String, "name", "Name of the plan.").required().replace(),
    arg("publisher", Ty::String, "publisher", "Publisher of the plan.").replace(),
    arg("product", Ty::String, "product", "Product of the plan.").replace(),
]);

const fn feature(name: &'static str, doc: &'static str) -> Arg {
    arg(name, Ty::Bool, "", doc).wire(Wire::Odd).replace()
}

/// Table of `shared_image`.
pub static KIND: Kind = Kind {
    name: "shared_image",
    about: "Image definition in a gallery: the properties that all versions of the image share.",
    type_: KindType { name: "Microsoft.Compute/galleries/images", version: "2025-12-03" },
    place: Place::Child("gallery", "images"),
    names: NameRule::new(
        1,
        80,
        "^[A-Za-z0-9]([A-Za-z0-9._-]*[A-Za-z0-9])?$",
        "letters, digits, `.`, `_` and `-`, and starts and ends with a letter or digit",
    ),
    args: &[
        place("gallery", &["shared_image_gallery"], "Gallery of the image. Its site is the default site of the image."),
        arg("os_type", Ty::Enum(&["Linux", "Windows"]), "properties.osType", "Operating system.").required().replace(),
        arg("identifier", Ty::Block(&IDENTIFIER), IDENTIFIER_PATH, "Identifier of the image, unique in the gallery.")
            .replace(),
        arg("specialized", Ty::Bool, "", "Mark the image as specialised: with users and a host name, not generalised.")
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
            "Hyper-V generation of machines that start from the image.",
        )
        .default(Lit::Str("V1"))
        .replace(),
        arg("architecture", Ty::Enum(&["x64", "Arm64"]), "properties.architecture", "Processor architecture.")
            .default(Lit::Str("x64"))
            .replace(),
        arg("description", Ty::String, "properties.description", "Description of the image."),
        arg(
            "disk_types_not_allowed",
            Ty::Set(&Ty::Enum(&["Standard_LRS", "Premium_LRS"])),
            "properties.disallowed.diskTypes",
            "Storage types that the machines' disks must not have.",
        ),
        arg("end_of_life_date", Ty::String, "properties.endOfLifeDate", "End-of-life date, in RFC 3339.")
            .form(&form::TIME)
            .any_case(),
        arg("eula", Ty::String, "properties.eula", "End-user licence agreement.").replace(),
        arg("privacy_statement_uri", Ty::String, "properties.privacyStatementUri", "URL of the privacy statement.")
            .form(&form::HTTP_URL)
            .replace(),
        arg("release_note_uri", Ty::String, "properties.releaseNoteUri", "URL of the release notes.")
            .form(&form::HTTP_URL),
        arg(
            "min_recommended_vcpu_count",
            Ty::Integer(1, 80),
            "properties.recommended.vCPUs.min",
            "Minimum recommended number of vCPUs.",
        ),
        arg(
            "max_recommended_vcpu_count",
            Ty::Integer(1, 80),
            "properties.recommended.vCPUs.max",
            "Maximum recommended number of vCPUs.",
        ),
        arg(
            "min_recommended_memory_in_gb",
            Ty::Integer(1, 640),
            "properties.recommended.memory.min",
            "Minimum recommended memory in GB.",
        ),
        arg(
            "max_recommended_memory_in_gb",
            Ty::Integer(1, 640),
            "properties.recommended.memory.max",
            "Maximum recommended memory in GB.",
        ),
        arg(
            "purchase_plan",
            Ty::Block(&PURCHASE_PLAN),
            "properties.purchasePlan",
            "Marketplace plan that the image is based on.",
        ),
        feature("trusted_launch_supported", "Support machines with trusted launch."),
        feature("trusted_launch_enabled", "Require machines with trusted launch."),
        feature("confidential_vm_supported", "Support confidential virtual machines."),
        feature("confidential_vm_enabled", "Require confidential virtual machines."),
        feature("accelerated_network_support_enabled", "Drivers for accelerated networking are installed."),
        feature("disk_controller_type_nvme_enabled", "Drivers for NVMe disks are installed."),
        feature("hibernation_enabled", "Machines from this image can hibernate."),
        TAGS,
    ],
    durations: Durations { create: 10, update: 10, delete: 20 },
    answers: AnswerStyle::AsyncBody,
    in_use: "CannotDeleteResource",
    odd: Overrides { encode: Some(encode), decode: Some(decode), check: Some(check), ..Overrides::NONE },
    simulated: SimulatedBehaviour { admit: Some(admit), accepts: &[FEATURES], ..SimulatedBehaviour::NONE },
    terraform: Terraform {
        located: true,
        renamed: &[("gallery", "gallery_name")],
        follows: &[("resource_group_name", "gallery", "resource_group_name")],
        ..Terraform::BY_RULE
    },
    uncovered: &["properties.allowUpdateImage"],
    apart: &[Exclusive::among_siblings(
        "Conflict",
        "publisher, offer and SKU",
        "identifiers of a gallery",
        &["identifier.publisher", "identifier.offer", "identifier.sku"],
    )],
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
    ..crate::providers::azure::KIND
};

/// Arguments that are features in the body: the argument, the feature, and its value for `true`.
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
            help: "Remove one of them.".to_owned(),
        });
    }
}

fn admit(cloud: &dyn SimulatedWorld, id: &ObjectId, body: &Json) -> Result<(), Refusal> {
    let Some(gallery) = id.parent() else { return Ok(()) };
    let same = |other: &ObjectId| {
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
