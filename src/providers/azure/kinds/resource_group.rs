//! Resource group: the unit of presence, and the location of its resources' metadata.

use crate::kinds::table::*;
use crate::providers::azure::tags::TAGS;

/// Table of `resource_group`.
pub static KIND: Kind = Kind {
    name: "resource_group",
    about: "Resource group. Its region stores the metadata of its resources, and its `presence` applies to all \
     of them.",
    type_: KindType { name: "Microsoft.Resources/resourceGroups", version: "2025-04-01" },
    place: Place::Subscription,
    names: NameRule::new(
        1,
        90,
        r"^[\w\-._()]*[\w\-_()]$",
        "letters, digits, `-`, `_`, `.`, `(` and `)`, and does not end with `.`",
    ),
    args: &[
        Arg {
            wire: Wire::Nowhere,
            ..arg("site", Ty::Site, "", "Site of the resource group. The site's location is the group's region.")
                .required()
                .replace()
        },
        Arg {
            doc: "Lifetime: `permanent`, or `failover` to create the group and its resources only while a failover group \
                  is up.",
            ..PRESENCE
        },
        arg("managed_by", Ty::String, "managedBy", "ID of the resource that manages this group.").replace(),
        TAGS,
    ],
    drill: Drill::ALONG,
    durations: Durations { create: 2, update: 2, delete: 50 },
    answers: AnswerStyle::Sync,
    in_use: "ResourceGroupDeletionBlocked",
    adoption: Adoption {
        arguments: Some(|found, args| {
            args.extend(found.body.get("location").map(|region| ("site".to_owned(), region.clone())));
        }),
        ..Adoption::BY_TABLE
    },
    terraform: Terraform { said: &["presence"], ..Terraform::BY_RULE },
    example: r#"
resource_group "example" {
  site = site.east
}
"#,
    ..crate::providers::azure::KIND
};
