//! Copy of an image version in the gallery of another site, so that the image is available when its own region is
//! lost.
//!
//! Two objects: a definition like that of the source's image, and a version with the source as its source. The
//! version is the last one, and the one that others refer to.

use crate::providers::azure::ids::AzureId;
use serde_json::{Map as JsonMap, Value as Json};

use crate::kinds::image_copy::{ABOUT, NAME, source};
use crate::kinds::table::*;
use crate::kinds::{body, path};
use crate::object::ObjectId;
use crate::providers::azure::kinds::compute::shared_image;
use crate::providers::azure::kinds::compute::shared_image_version::{self, SOURCE, STORAGE, TARGETS};
use crate::providers::azure::tags::TAGS;

/// Table of `image_copy`: the common argument, and the variant by source.
pub static KIND: Kind = Kind {
    name: NAME,
    about: ABOUT,
    args: &[source(&["shared_image_version"])],
    recovery: Recovery { image: true, ..Recovery::NONE },
    variants: Some(Variants { by: "source", of: &[("shared_image_version", &COPY)] }),
    example: EXAMPLE,
    ..crate::providers::azure::KIND
};

/// Table of `image_copy` for an image version.
static COPY: Kind = Kind {
    name: NAME,
    about: "Copy of an image version in the gallery of another site, created ahead of a failover. Machines can \
     use it as their image.",
    type_: shared_image_version::TYPE,
    place: Place::Child("gallery", "versions"),
    names: NameRule { written: false, ..shared_image_version::NAMES },
    args: &[
        arg("source", Ty::Ref(&["shared_image_version"]), SOURCE, "Image version to copy.").required().replace(),
        place(
            "gallery",
            &["shared_image_gallery"],
            "Shared image gallery at the other site, the destination of the copy.",
        ),
        arg(
            "image_name",
            Ty::String,
            "",
            "Name of the image in that gallery. Defaults to the name of the source's image.",
        )
        .wire(Wire::Nowhere)
        .replace(),
        arg(
            "regional_replica_count",
            Ty::Integer(1, 100),
            "properties.publishingProfile.targetRegions[0].regionalReplicaCount",
            "Number of replicas. Azure recommends one for each 20 machines that start at the same time.",
        )
        .default(Lit::Int(1)),
        arg(
            "storage_account_type",
            STORAGE,
            "properties.publishingProfile.targetRegions[0].storageAccountType",
            "Storage type of the replicas.",
        )
        .default(Lit::Str("Standard_LRS")),
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
        TAGS,
    ],
    durations: Durations { create: 900, update: 30, delete: 80 },
    lasts: Some(shared_image_version::lasts),
    answers: AnswerStyle::AsyncBody,
    recovery: Recovery {
        replicates: Some(Replication { from: "source", to: "gallery", image: true }),
        ..Recovery::NONE
    },
    in_use: "",
    odd: Overrides {
        name: Some(name),
        objects: Some(objects),
        encode: Some(encode),
        decode: Some(decode),
        ready: Some(shared_image_version::ready),
        check: Some(check),
        ..Overrides::NONE
    },
    simulated: shared_image_version::SIMULATED,
    adoption: Adoption { is: Some(is_copy), arguments: Some(complete), ..Adoption::BY_TABLE },
    terraform: Terraform {
        shape: TerraformShape::Unsaid(
            "azurerm creates an image version from a managed image, a snapshot or a blob, not from a version in \
             another gallery; create the copy with drplan, or with `az sig image-version create \
             --image-version`",
        ),
        ..Terraform::BY_RULE
    },
    example: EXAMPLE,
    ..crate::providers::azure::KIND
};

const EXAMPLE: &str = r#"
resource_group "east" {
  site = site.east
}

resource_group "west" {
  site = site.west
}

managed_disk "example" {
  resource_group       = resource_group.east
  storage_account_type = "Premium_LRS"
  create_option        = "Empty"
  os_type              = "Linux"
  disk_size_gb         = 30
}

image "example" {
  resource_group = resource_group.east

  os_disk {
    os_type      = "Linux"
    os_state     = "Generalized"
    managed_disk = managed_disk.example
    storage_type = "Premium_LRS"
  }
}

shared_image_gallery "east" {
  resource_group = resource_group.east
}

shared_image "example" {
  gallery = shared_image_gallery.east
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

shared_image_gallery "west" {
  resource_group = resource_group.west
}

image_copy "example" {
  source  = shared_image_version.example
  gallery = shared_image_gallery.west
}
"#;

/// True if a version was created from a version with the same name in another gallery that is known too.
pub(super) fn is_copy(found: &CloudObject<'_>) -> bool {
    let Some(source) = path::text(found.body, SOURCE).map(ObjectId::new) else { return false };
    let known = |id: &ObjectId| found.all.contains_key(id);
    let is_version = source.arm_type().is_some_and(|type_| type_.eq_ignore_ascii_case(shared_image_version::TYPE.name));
    is_version
        && source.name() == found.id.name()
        && known(&source)
        && source.parent().is_some_and(|image| known(&image))
        && gallery_of(&source) != gallery_of(found.id)
}

/// The gallery of a version.
fn gallery_of(version: &ObjectId) -> Option<ObjectId> {
    version.parent()?.parent()
}

fn complete(found: &CloudObject<'_>, args: &mut JsonMap<String, Json>) {
    let gallery = gallery_of(found.id).map(|gallery| ("gallery".to_owned(), Json::from(gallery.as_str())));
    args.extend(gallery);
    let image = |version: &ObjectId| version.parent().map(|image| image.name().to_owned());
    let source = path::text(found.body, SOURCE).map(ObjectId::new);
    if source.is_some_and(|source| image(&source) == image(found.id)) {
        args.remove("image_name");
    }
}

/// The source's name, so that both have the same version.
fn name(subject: &Subject<'_>) -> String {
    subject.text("source").map(|source| ObjectId::new(source).name().to_owned()).unwrap_or_default()
}

fn objects(subject: &Subject<'_>) -> Vec<Object> {
    let source = subject.text("source").map(ObjectId::new).and_then(|source| source.parent());
    let image = subject.text("image_name").or_else(|| source.as_ref().map(ObjectId::name)).unwrap_or_default();
    let definition = ObjectId::new(subject.text("gallery").unwrap_or_default()).child("images", image);
    let version = definition.child("versions", subject.name);
    vec![shared_image::KIND.type_.object(definition), shared_image_version::TYPE.object(version)]
}

fn encode(subject: &Subject<'_>, bodies: &mut [Json]) {
    let [definition, version] = bodies else { return };
    let like = subject.with("source", |source| source.with("image", body::bodies));
    if let Some(body) = like.flatten().and_then(|bodies| bodies.into_iter().next()) {
        *definition = body;
    }
    path::put(definition, "location", Json::from(subject.location));
    if let Some(tags) = subject.args.get("tags") {
        path::remove(definition, "tags");
        path::put(definition, "tags", tags.clone());
    }
    if let Some(target) = path::borrow_mut(version, TARGETS).and_then(|targets| targets.get_mut(0)) {
        path::put(target, "name", Json::from(subject.location));
    }
}

/// The table reads the first target region, which is the version's own.
fn decode(answers: &[Json], args: &mut JsonMap<String, Json>) {
    if let Some(image) = answers.first().and_then(|definition| path::text(definition, "name")) {
        args.insert("image_name".to_owned(), Json::from(image));
    }
}

fn check(subject: &Subject<'_>, findings: &mut Vec<Finding>) {
    let Some(source) = subject.text("source") else { return };
    let known = subject.with("source", |source| source.with("image", |_| ())).flatten().is_some();
    if !known {
        findings.push(Finding {
            argument: "source",
            summary: format!("`{}` is not a resource of this stack", ObjectId::new(source).name()),
            why: "drplan copies the definition of the source's image, which only the stack contains.".to_owned(),
            help: "Declare the version and its image as `shared_image_version` and `shared_image`.".to_owned(),
        });
    }
}
