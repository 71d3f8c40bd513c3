//! A gallery: what images are published in. It lives in one region, and so do its images' definitions.

use super::table::*;

static SHARING: Block = Block::one(&[
    arg("permission", Ty::Enum(&["Community", "Groups", "Private"]), "permissions", "With whom it is shared.")
        .required()
        .replace(),
    arg(
        "community_gallery",
        Ty::Block(&COMMUNITY),
        "communityGalleryInfo",
        "What everybody is told of a public gallery.",
    )
    .replace(),
]);

static COMMUNITY: Block = Block::one(&[
    arg("eula", Ty::String, "eula", "The licence.").required().replace(),
    arg("prefix", Ty::String, "publicNamePrefix", "What its public name begins with.").required().replace(),
    arg("publisher_email", Ty::String, "publisherContact", "How to reach the publisher.").required().replace(),
    arg("publisher_uri", Ty::String, "publisherUri", "Where the publisher says more.").required().replace(),
]);

/// The table.
pub static KIND: Kind = Kind {
    name: "shared_image_gallery",
    about: "A gallery: what images are published in. While its region is lost, nothing in it can be changed; keep one at each site.",
    arm: Arm { type_: "Microsoft.Compute/galleries", api: "2025-12-03" },
    names: NameRule::new(
        1,
        80,
        "^[A-Za-z0-9]([A-Za-z0-9._]*[A-Za-z0-9])?$",
        "letters, digits, `.` and `_`, no hyphen, and starts and ends with a letter or digit",
    ),
    args: &[
        RESOURCE_GROUP,
        arg("description", Ty::String, "properties.description", "What it is for."),
        arg("sharing", Ty::Block(&SHARING), "properties.sharingProfile", "Shares it beyond its subscription.")
            .replace(),
        TAGS,
    ],
    attributes: &[attribute(
        "unique_name",
        "properties.identifier.uniqueName",
        Fake::Text("{subscription}-{name}"),
        "The name that is its own in all of Azure.",
    )],
    durations: Durations { create: 15, update: 10, delete: 30 },
    answers: Answers::AsyncBody,
    in_use: "CannotDeleteResource",
    example: r#"
resource_group "example" {
  site = site.east
}

shared_image_gallery "example" {
  resource_group = resource_group.example
}
"#,
    ..Kind::EMPTY
};
