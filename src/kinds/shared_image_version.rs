//! A version of a gallery's image, in its gallery's region and in the regions that it is replicated to.

use serde_json::{Map as JsonMap, Value as Json, json};

use super::machine_profile::finding;
use super::path;
use super::regions::{region, same_region};
use super::table::*;
use crate::address::ArmId;

pub(super) const ARM: Arm = Arm { type_: "Microsoft.Compute/galleries/images/versions", api: "2025-12-03" };
pub(super) const NAMES: NameRule = NameRule::new(
    5,
    32,
    r"^[0-9]{1,10}\.[0-9]{1,10}\.[0-9]{1,10}$",
    "three numbers with full stops between them, as in `1.0.0`",
);
pub(super) const SOURCE: &str = "properties.storageProfile.source.id";
pub(super) const TARGETS: &str = "properties.publishingProfile.targetRegions";
const MACHINE: &str = "properties.storageProfile.source.virtualMachineId";

/// The kinds of storage of a replica.
pub(super) const STORAGE: Ty = Ty::Enum(&["Standard_LRS", "Standard_ZRS", "Premium_LRS"]);

static TARGET_REGION: Block = Block::many(
    "name",
    &[
        arg("name", Ty::Site, "name", "The site, or the name of a region that is no site.").required(),
        arg(
            "regional_replica_count",
            Ty::Integer(1, 100),
            "regionalReplicaCount",
            "How many replicas there are; one for each 20 machines that start at once.",
        )
        .required(),
        arg("storage_account_type", STORAGE, "storageAccountType", "The kind of storage.")
            .default(Lit::Str("Standard_LRS")),
        arg(
            "exclude_from_latest_enabled",
            Ty::Bool,
            "excludeFromLatest",
            "Whether it is passed over there where the latest version is asked for.",
        )
        .default(Lit::Bool(false)),
        arg(
            "disk_encryption_set",
            Ty::Ref(&[]),
            "encryption.osDiskImage.diskEncryptionSetId",
            "The disk encryption set whose key encrypts it there.",
        )
        .replace(),
    ],
);

/// azurerm wants its own region among those it is replicated to.
fn own_region(args: &JsonMap<String, Json>) -> String {
    match args.contains_key("target_region") {
        true => String::new(),
        false => "target_region {\nname = {location}\nregional_replica_count = 1\n}".to_owned(),
    }
}

/// The table.
pub static KIND: Kind = Kind {
    name: "shared_image_version",
    about: "A version of a gallery's image, in its gallery's region and in the regions that it is replicated to.",
    arm: ARM,
    place: Place::Child("image", "versions"),
    names: NAMES,
    args: &[
        place("image", &["shared_image"], "The image it is a version of; its site is the default for this one's."),
        arg(
            "managed_image",
            Ty::Ref(&["image", "linux_virtual_machine", "windows_virtual_machine"]),
            SOURCE,
            "The managed image or generalised machine, of the same region, that it is made from.",
        )
        .replace(),
        arg(
            "os_disk_snapshot",
            Ty::Ref(&["managed_disk"]),
            "properties.storageProfile.osDiskImage.source.id",
            "The snapshot or disk that it is made from.",
        )
        .replace(),
        arg(
            "blob_uri",
            Ty::String,
            "properties.storageProfile.osDiskImage.source.uri",
            "The URL of the blob that it is made from.",
        )
        .replace(),
        arg(
            "storage_account",
            Ty::Ref(&["storage_account"]),
            "properties.storageProfile.osDiskImage.source.storageAccountId",
            "The storage account of that blob.",
        )
        .replace(),
        arg(
            "target_region",
            Ty::Block(&TARGET_REGION),
            TARGETS,
            "Where it is replicated to; without any, one replica in its own region. `image_copy` keeps a copy that outlives this region.",
        ),
        arg(
            "exclude_from_latest",
            Ty::Bool,
            "properties.publishingProfile.excludeFromLatest",
            "Whether it is passed over where the latest version is asked for.",
        )
        .default(Lit::Bool(false)),
        arg("end_of_life_date", Ty::String, "properties.publishingProfile.endOfLifeDate", "When it ends, in RFC 3339."),
        arg(
            "replication_mode",
            Ty::Enum(&["Full", "Shallow"]),
            "properties.publishingProfile.replicationMode",
            "Shallow is made faster, and is for tests.",
        )
        .default(Lit::Str("Full"))
        .replace(),
        arg(
            "deletion_of_replicated_locations_enabled",
            Ty::Bool,
            "properties.safetyProfile.allowDeletionOfReplicatedLocations",
            "Whether regions may be taken away.",
        )
        .default(Lit::Bool(false))
        .replace(),
        TAGS,
    ],
    durations: Durations { create: 600, update: 30, delete: 60 },
    answers: Answers::AsyncBody,
    recovery: Recovery { loses_data: true, image: true, ..Recovery::NONE },
    // Machines that were made from it have their own disks.
    in_use: "",
    odd: Odd { encode: Some(encode), decode: Some(decode), ready: Some(ready), check: Some(check), ..Odd::NONE },
    simulated: SIMULATED,
    adoption: Adoption {
        is: Some(|found| !super::image_copy::is_copy(found)),
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
    left_out: &[("gallery_name", "the gallery is its image's")],
    ..Kind::EMPTY
};

/// One replica in its own region is what there is without being written.
fn complete(found: &Found<'_>, args: &mut JsonMap<String, Json>) {
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
    let machine = path::text(body, SOURCE).map(ArmId::new).filter(|id| {
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
    // Azure answers regions by the names that people read.
    for target in args.get_mut("target_region").and_then(Json::as_array_mut).into_iter().flatten() {
        if let Some(region) = path::text(target, "name").and_then(region) {
            path::put(target, "name", Json::from(region.name));
        }
    }
}

/// It can be used in a region once it is replicated there, which may be after its own provisioning.
pub(super) fn ready(answers: &[Json]) -> Ready {
    let Some(body) = answers.last() else { return Ready::Waits("it stands".to_owned()) };
    let state = path::text(body, "properties.replicationStatus.aggregatedState")
        .or_else(|| path::text(body, "properties.provisioningState"));
    match state {
        None | Some("Completed" | "Succeeded") => Ready::Yes,
        Some("Failed") => Ready::Never("the image could not be replicated".to_owned()),
        Some(_) => Ready::Waits("the image is replicated to all its regions".to_owned()),
    }
}

fn check(subject: &Subject<'_>, findings: &mut Vec<Finding>) {
    let has = |name: &str| subject.args.contains_key(name);
    let given = ["managed_image", "os_disk_snapshot", "blob_uri"].iter().filter(|name| has(name)).count();
    if given != 1 {
        findings.push(finding(
            "managed_image",
            &format!("the version has {given} sources, and takes one"),
            "Write one of `managed_image`, `os_disk_snapshot`, `blob_uri`.",
        ));
    }
    if has("blob_uri") && !has("storage_account") {
        let help = "Write `storage_account = storage_account.…`.";
        findings.push(finding("blob_uri", "the storage account of the blob is not written", help));
    }
    let targets = subject.args.get("target_region").and_then(Json::as_array).map_or(&[][..], Vec::as_slice);
    let at_home = |target: &Json| path::text(target, "name").is_none_or(|name| same_region(name, subject.location));
    if !targets.is_empty() && !targets.iter().any(at_home) {
        findings.push(Finding {
            argument: "target_region",
            summary: format!("its own region, {}, is not among the regions it is replicated to", subject.location),
            why: "Azure makes every replica from the one in the gallery's region.".to_owned(),
            help: "Write a `target_region` for it, too.".to_owned(),
        });
    }
}

/// What the simulator does with a version, whether it is made or copied.
pub(super) const SIMULATED: Simulated = Simulated {
    admit: Some(admit),
    settle: Some(settle),
    lasts: Some(lasts),
    accepts: &[MACHINE, "properties.replicationStatus"],
    ..Simulated::NONE
};

fn admit(cloud: &dyn Cloudlet, _: &ArmId, body: &Json) -> Result<(), Refusal> {
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
    let source = path::text(body, SOURCE).or_else(|| path::text(body, MACHINE)).map(ArmId::new);
    let Some((id, source)) = source.and_then(|id| cloud.get(&id).map(|source| (id, source))) else { return Ok(()) };
    // Another gallery's version may be anywhere; everything else is read where it is.
    let gallery = id.folded().contains("/microsoft.compute/galleries/");
    match path::text(source, "location") {
        Some(there) if !gallery && !same_region(there, home) => refuse(format!(
            "The source '{id}' is in location '{there}', and must be in location '{home}' of the gallery image version."
        )),
        _ => Ok(()),
    }
}

fn settle(cloud: &mut dyn Cloudlet, id: &ArmId) {
    let Some(body) = cloud.get_mut(id) else { return };
    let shown = |name: &str| region(name).map_or_else(|| name.to_owned(), |region| region.display_name.to_owned());
    let names = path::items(body, TARGETS).iter().filter_map(|target| path::text(target, "name"));
    let summary: Vec<Json> =
        names.map(|name| json!({ "region": shown(name), "state": "Completed", "progress": 100 })).collect();
    path::put(body, "properties.replicationStatus", json!({ "aggregatedState": "Completed", "summary": summary }));
}

/// Publishing an image of 30 GB takes about ten minutes, and five more for other regions, which go side by side; the copy of another
/// gallery's version crosses regions first (source: the project's durations sheet, 10 to 30 minutes with one region more).
fn lasts(old: Option<&Json>, new: &Json) -> u32 {
    let targets = |body: &Json| path::items(body, TARGETS).len();
    let copied = path::text(new, SOURCE).is_some_and(|id| id.to_ascii_lowercase().contains("/galleries/"));
    match old {
        Some(old) if targets(new) > targets(old) => 300,
        Some(_) => 30,
        None => 600 + if copied || targets(new) > 1 { 300 } else { 0 },
    }
}
