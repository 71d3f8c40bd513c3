//! Version of an image in a gallery, in the gallery's region and in the regions that it is replicated to.

use crate::providers::azure::ids::AzureId;
use serde_json::{Map as JsonMap, Value as Json, json};

use crate::kinds::path;
use crate::kinds::regions::same_region;
use crate::kinds::table::*;
use crate::object::ObjectId;
use crate::providers::azure::forms;
use crate::providers::azure::kinds::compute::machine_profile::finding;
use crate::providers::azure::regions::region;
use crate::providers::azure::tags::TAGS;

/// Provider type and API version of image versions.
pub(super) const TYPE: KindType =
    KindType { name: "Microsoft.Compute/galleries/images/versions", version: "2025-12-03" };
/// Name rule of image versions.
pub(super) const NAMES: NameRule = NameRule::new(
    5,
    32,
    r"^[0-9]{1,10}\.[0-9]{1,10}\.[0-9]{1,10}$",
    "three numbers with full stops between them, as in `1.0.0`",
);
/// Path of the source's id.
pub(super) const SOURCE: &str = "properties.storageProfile.source.id";
/// Path of the target regions.
pub(super) const TARGETS: &str = "properties.publishingProfile.targetRegions";
const MACHINE: &str = "properties.storageProfile.source.virtualMachineId";

/// Storage types of a replica.
pub(super) const STORAGE: Ty = Ty::Enum(&["Standard_LRS", "Standard_ZRS", "Premium_LRS"]);

static TARGET_REGION: Block = Block::many(
    "name",
    &[
        arg("name", Ty::Site, "name", "Site, or the name of a region without a site.").required(),
        arg(
            "regional_replica_count",
            Ty::Integer(1, 100),
            "regionalReplicaCount",
            "Number of replicas. Azure recommends one for each 20 machines that start at the same time.",
        )
        .filled(Lit::Int(1))
        .required(),
        arg("storage_account_type", STORAGE, "storageAccountType", "Storage type of the replicas.")
            .default(Lit::Str("Standard_LRS")),
        arg(
            "exclude_from_latest_enabled",
            Ty::Bool,
            "excludeFromLatest",
            "Exclude this version in that region when `latest` is requested.",
        )
        .default(Lit::Bool(false)),
        arg(
            "disk_encryption_set",
            Ty::Ref(&[]),
            "encryption.osDiskImage.diskEncryptionSetId",
            "Disk encryption set of the replicas in that region.",
        )
        .replace(),
    ],
);

/// azurerm requires the version's own region among its target regions.
fn own_region(text: &dyn Fn(&str) -> Option<String>) -> String {
    match text("target_region").is_some() {
        true => String::new(),
        false => "target_region {\nname = {location}\nregional_replica_count = 1\n}".to_owned(),
    }
}

/// Table of `shared_image_version`.
pub static KIND: Kind = Kind {
    name: "shared_image_version",
    about: "Version of an image in a gallery, in the gallery's region and in the regions that it is replicated to.",
    type_: TYPE,
    place: Place::Child("image", "versions"),
    names: NAMES,
    args: &[
        place("image", &["shared_image"], "Image of the version. Its site is the default site of the version."),
        arg(
            "managed_image",
            Ty::Ref(&["image", "linux_virtual_machine", "windows_virtual_machine"]),
            SOURCE,
            "Source: a managed image or a generalised virtual machine of the same region.",
        )
        .replace(),
        arg(
            "os_disk_snapshot",
            Ty::Ref(&["managed_disk"]),
            "properties.storageProfile.osDiskImage.source.id",
            "Source: a snapshot or disk.",
        )
        .replace(),
        arg(
            "blob_uri",
            Ty::String,
            "properties.storageProfile.osDiskImage.source.uri",
            "Source: URL of a blob. Requires `storage_account`.",
        )
        .form(&forms::HTTPS_URL)
        .replace(),
        arg(
            "storage_account",
            Ty::Ref(&["storage_account"]),
            "properties.storageProfile.osDiskImage.source.storageAccountId",
            "Storage account of the blob in `blob_uri`.",
        )
        .replace(),
        arg(
            "target_region",
            Ty::Block(&TARGET_REGION),
            TARGETS,
            "Region to replicate to. Without any, one replica in the version's own region. To survive the loss \
             of that region, use an `image_copy`.",
        ),
        arg(
            "exclude_from_latest",
            Ty::Bool,
            "properties.publishingProfile.excludeFromLatest",
            "Exclude this version when `latest` is requested.",
        )
        .default(Lit::Bool(false)),
        arg(
            "end_of_life_date",
            Ty::String,
            "properties.publishingProfile.endOfLifeDate",
            "End-of-life date, in RFC 3339.",
        )
        .form(&form::TIME),
        arg(
            "replication_mode",
            Ty::Enum(&["Full", "Shallow"]),
            "properties.publishingProfile.replicationMode",
            "Replication mode. `Shallow` is faster and meant for tests.",
        )
        .default(Lit::Str("Full"))
        .replace(),
        arg(
            "deletion_of_replicated_locations_enabled",
            Ty::Bool,
            "properties.safetyProfile.allowDeletionOfReplicatedLocations",
            "Allow the removal of target regions.",
        )
        .default(Lit::Bool(false))
        .replace(),
        TAGS,
    ],
    durations: Durations { create: 600, update: 30, delete: 60 },
    lasts: Some(lasts),
    answers: AnswerStyle::AsyncBody,
    recovery: Recovery { loses_data: true, image: true, ..Recovery::NONE },
    // Machines from this version have disks of their own.
    in_use: "",
    odd: Overrides {
        encode: Some(encode),
        decode: Some(decode),
        ready: Some(ready),
        check: Some(check),
        ..Overrides::NONE
    },
    simulated: SIMULATED,
    adoption: Adoption {
        is: Some(|found| !crate::providers::azure::kinds::compute::image_copy::is_copy(found)),
        arguments: Some(complete),
        ..Adoption::BY_TABLE
    },
    terraform: Terraform {
        located: true,
        renamed: &[("image", "image_name")],
        follows: &[("gallery_name", "image", "gallery_name"), ("resource_group_name", "image", "resource_group_name")],
        blocks: Some(own_region),
        ..Terraform::BY_RULE
    },
    uncovered: &[
        "properties.publishingProfile.storageAccountStrategy",
        "properties.publishingProfile.targetExtendedLocations",
        "properties.publishingProfile.targetRegions[].additionalReplicaSets",
        "properties.publishingProfile.targetRegions[].encryption.dataDiskImages",
        "properties.publishingProfile.targetRegions[].encryption.osDiskImage.securityProfile",
        "properties.restore",
        "properties.safetyProfile.blockDeletionBeforeEndOfLife",
        "properties.securityProfile",
    ],
    example: r#"
resource_group "example" {
  site = site.east
}

managed_disk "example" {
  resource_group       = resource_group.example
  storage_account_type = "Premium_LRS"
  create_option        = "Empty"
  os_type              = "Linux"
  disk_size_gb         = 30
}

image "example" {
  resource_group = resource_group.example

  os_disk {
    os_type      = "Linux"
    os_state     = "Generalized"
    managed_disk = managed_disk.example
    storage_type = "Premium_LRS"
  }
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

shared_image_version "example" {
  name          = "1.0.0"
  image         = shared_image.example
  managed_image = image.example
}
"#,
    left_out: &[("gallery_name", "the gallery of the image")],
    ..crate::providers::azure::KIND
};

/// One replica in the version's own region is the default.
fn complete(found: &CloudObject<'_>, args: &mut JsonMap<String, Json>) {
    let home = path::text(found.body, "location").unwrap_or_default();
    let is_plain = |target: &Json| {
        path::text(target, "name").is_some_and(|name| same_region(name, home))
            && target.get("regional_replica_count").and_then(Json::as_i64) == Some(1)
            && path::text(target, "storage_account_type").is_none_or(|storage| storage == "Standard_LRS")
            && target.get("exclude_from_latest_enabled") != Some(&Json::Bool(true))
            && target.get("disk_encryption_set").is_none()
    };
    if let Some(Json::Array(targets)) = args.get("target_region")
        && let [only] = targets.as_slice()
        && is_plain(only)
    {
        args.remove("target_region");
    }
}

fn encode(subject: &Subject<'_>, bodies: &mut [Json]) {
    let Some(body) = bodies.first_mut() else { return };
    if path::items(body, TARGETS).is_empty() {
        let home =
            json!([{ "name": subject.location, "regionalReplicaCount": 1, "storageAccountType": "Standard_LRS" }]);
        path::put(body, TARGETS, home);
    }
    let machine = path::text(body, SOURCE).map(ObjectId::new).filter(|id| {
        id.arm_type().is_some_and(|type_| type_.eq_ignore_ascii_case("Microsoft.Compute/virtualMachines"))
    });
    if let Some(machine) = machine {
        path::remove(body, SOURCE);
        path::put(body, MACHINE, Json::from(machine.as_str()));
    }
}

fn decode(answers: &[Json], args: &mut JsonMap<String, Json>) {
    let machine = answers.last().and_then(|body| path::text(body, MACHINE));
    if let Some(machine) = machine {
        args.insert("managed_image".to_owned(), Json::from(machine));
    }
    // Azure returns regions by display name.
    for target in args.get_mut("target_region").and_then(Json::as_array_mut).into_iter().flatten() {
        if let Some(region) = path::text(target, "name").and_then(region) {
            path::put(target, "name", Json::from(region.name));
        }
    }
}

/// A version is ready once it is replicated to all its regions, which may be after its own provisioning.
pub(super) fn ready(answers: &[Json]) -> Readiness {
    let Some(body) = answers.last() else { return Readiness::Waits("the version exists".to_owned()) };
    let state = path::text(body, "properties.replicationStatus.aggregatedState")
        .or_else(|| path::text(body, "properties.provisioningState"));
    match state {
        None | Some("Completed" | "Succeeded") => Readiness::Yes,
        Some("Failed") => Readiness::Never("Azure failed to replicate the image".to_owned()),
        Some(_) => Readiness::Waits("the image is replicated to all its regions".to_owned()),
    }
}

fn check(subject: &Subject<'_>, findings: &mut Vec<Finding>) {
    let has = |name: &str| subject.args.contains_key(name);
    let given = ["managed_image", "os_disk_snapshot", "blob_uri"].iter().filter(|name| has(name)).count();
    if given != 1 {
        findings.push(finding(
            "managed_image",
            &format!("the version has {given} sources, but needs exactly one"),
            "Set one of `managed_image`, `os_disk_snapshot` and `blob_uri`.",
        ));
    }
    if has("blob_uri") && !has("storage_account") {
        let help = "Set `storage_account = storage_account.…`.";
        findings.push(finding("blob_uri", "`blob_uri` needs a `storage_account`", help));
    }
    let targets = subject.args.get("target_region").and_then(Json::as_array).map_or(&[][..], Vec::as_slice);
    let at_home = |target: &Json| path::text(target, "name").is_none_or(|name| same_region(name, subject.location));
    if !targets.is_empty() && !targets.iter().any(at_home) {
        findings.push(Finding {
            argument: "target_region",
            summary: format!("the target regions lack the version's own region, {}", subject.location),
            why: "Azure creates all replicas from the one in the gallery's region.".to_owned(),
            help: "Add a `target_region` for it.".to_owned(),
        });
    }
}

/// Simulation of a version, created or copied.
pub(super) const SIMULATED: SimulatedBehaviour = SimulatedBehaviour {
    admit: Some(admit),
    settle: Some(settle),
    accepts: &[
        MACHINE,
        "properties.replicationStatus",
        "properties.publishingProfile.replicaCount",
        "properties.publishingProfile.storageAccountType",
        "properties.storageProfile.dataDiskImages",
        "properties.storageProfile.osDiskImage.hostCaching",
    ],
    ..SimulatedBehaviour::NONE
};

fn admit(cloud: &dyn SimulatedWorld, _: &ObjectId, body: &Json) -> Result<(), Refusal> {
    let refuse = |message| Err(Refusal { status: 400, code: "InvalidParameter", message });
    let home = path::text(body, "location").unwrap_or_default();
    let names = path::items(body, TARGETS).iter().filter_map(|target| path::text(target, "name"));
    let mut unknown = names.clone().filter(|name| region(name).is_none());
    if let Some(unknown) = unknown.next() {
        return refuse(format!("The target region '{unknown}' is not a region where images can be published."));
    }
    if names.clone().count() > 0 && !names.clone().any(|name| same_region(name, home)) {
        return refuse(format!("The target regions must contain the location '{home}' of the gallery image version."));
    }
    let source = path::text(body, SOURCE).or_else(|| path::text(body, MACHINE)).map(ObjectId::new);
    let Some((id, source)) = source.and_then(|id| cloud.get(&id).map(|source| (id, source))) else { return Ok(()) };
    // A version of another gallery may be in any region. Every other source must be in the same one.
    let gallery = id.folded().contains("/microsoft.compute/galleries/");
    match path::text(source, "location") {
        Some(there) if !gallery && !same_region(there, home) => refuse(format!(
            "The source '{id}' is in location '{there}', and must be in location '{home}' of the gallery image version."
        )),
        _ => Ok(()),
    }
}

fn settle(cloud: &mut dyn SimulatedWorld, id: &ObjectId) {
    let Some(body) = cloud.get_mut(id) else { return };
    let shown = |name: &str| region(name).map_or_else(|| name.to_owned(), |region| region.display_name.to_owned());
    let names = path::items(body, TARGETS).iter().filter_map(|target| path::text(target, "name"));
    let summary: Vec<Json> =
        names.map(|name| json!({ "region": shown(name), "state": "Completed", "progress": 100 })).collect();
    path::put(body, "properties.replicationStatus", json!({ "aggregatedState": "Completed", "summary": summary }));
}

/// Publishing an image of 30 GB takes about ten minutes, and five more for other regions, which are replicated in
/// parallel. A copy of another gallery's version must cross regions first (source: the project's durations sheet, 10
/// to 30 minutes with one more region).
pub(super) fn lasts(old: Option<&Json>, new: &Json) -> u32 {
    let targets = |body: &Json| path::items(body, TARGETS).len();
    let copied = path::text(new, SOURCE).is_some_and(|id| id.to_ascii_lowercase().contains("/galleries/"));
    match old {
        Some(old) if targets(new) > targets(old) => 300,
        Some(_) => 30,
        None => 600 + if copied || targets(new) > 1 { 300 } else { 0 },
    }
}
