//! Shared image gallery. It has one region, and so do its image definitions.

use crate::kinds::table::*;
use crate::providers::azure::tags::TAGS;

static SHARING: Block = Block::one(&[
    arg(
        "permission",
        Ty::Enum(&["Community", "Groups", "Private"]),
        "permissions",
        "Sharing of the gallery: public, with groups, or private.",
    )
    .required()
    .replace(),
    arg(
        "community_gallery",
        Ty::Block(&COMMUNITY),
        "communityGalleryInfo",
        "Public information about a community gallery.",
    )
    .replace(),
]);

static COMMUNITY: Block = Block::one(&[
    arg("eula", Ty::String, "eula", "End-user licence agreement.").required().replace(),
    arg("prefix", Ty::String, "publicNamePrefix", "Prefix of the public name.").required().replace(),
    arg("publisher_email", Ty::String, "publisherContact", "Email address of the publisher.").required().replace(),
    arg("publisher_uri", Ty::String, "publisherUri", "URL of the publisher.")
        .form(&form::HTTP_URL)
        .required()
        .replace(),
]);

/// Table of `shared_image_gallery`.
pub static KIND: Kind = Kind {
    name: "shared_image_gallery",
    about: "Shared image gallery. While its region is lost, nothing in it can be changed, so keep one gallery \
     at each site.",
    type_: KindType { name: "Microsoft.Compute/galleries", version: "2025-12-03" },
    names: NameRule::new(
        1,
        80,
        "^[A-Za-z0-9]([A-Za-z0-9._]*[A-Za-z0-9])?$",
        "letters, digits, `.` and `_`, no hyphen, and starts and ends with a letter or digit",
    ),
    args: &[
        RESOURCE_GROUP,
        arg("description", Ty::String, "properties.description", "Description of the gallery."),
        arg("sharing", Ty::Block(&SHARING), "properties.sharingProfile", "Sharing beyond the subscription.").replace(),
        TAGS,
    ],
    attributes: &[attribute(
        "unique_name",
        "properties.identifier.uniqueName",
        FakeValue::Text("{subscription}-{name}"),
        "Name that is unique in all of Azure.",
    )],
    durations: Durations { create: 15, update: 10, delete: 30 },
    answers: AnswerStyle::AsyncBody,
    in_use: "CannotDeleteResource",
    uncovered: &["identity", "properties.softDeletePolicy"],
    // Source: Microsoft's list of types that Resource Manager moves.
    simulated: SimulatedBehaviour { stays: true, ..SimulatedBehaviour::NONE },
    example: r#"
resource_group "example" {
  site = site.east
}

shared_image_gallery "example" {
  resource_group = resource_group.example
}
"#,
    ..crate::providers::azure::KIND
};
