//! A resource group: the unit of presence, and the place of its members' metadata.

use super::table::*;

/// The table.
pub static KIND: Kind = Kind {
    name: "resource_group",
    about: "A container of resources; its region is where their metadata lives, and its presence decides theirs.",
    arm: Arm { type_: "Microsoft.Resources/resourceGroups", api: "2025-04-01" },
    place: Place::Subscription,
    names: NameRule::new(
        1,
        90,
        r"^[\w\-._()]*[\w\-_()]$",
        "letters, digits, `-`, `_`, `.`, `(` and `)`, and does not end with `.`",
    ),
    args: &[
        Arg { wire: Wire::Nowhere, ..arg("site", Ty::Site, "", "The site it is at.").required().replace() },
        arg(
            "presence",
            Ty::Enum(&["permanent", "failover"]),
            "",
            "Whether it always stands, or only while a failover group is up.",
        )
        .default(Lit::Str("permanent"))
        .wire(Wire::Nowhere),
        arg("managed_by", Ty::String, "managedBy", "The id of the resource that manages this group.").replace(),
        TAGS,
    ],
    drill: Drill::ALONG,
    durations: Durations { create: 2, update: 2, delete: 50 },
    answers: Answers::Sync,
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
    ..Kind::EMPTY
};
