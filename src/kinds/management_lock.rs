//! A lock: keeps what it is on, and everything in that, from being deleted or changed.

use super::table::*;

/// The table.
pub static KIND: Kind = Kind {
    name: "management_lock",
    about: "A lock: keeps what it is on, and everything in that, from being deleted or changed.",
    arm: Arm { type_: "Microsoft.Authorization/locks", api: "2020-05-01" },
    place: Place::Extension("scope"),
    location: Location::None,
    names: NameRule::new(
        1,
        90,
        r"^[A-Za-z0-9._()-]*[A-Za-z0-9_()-]$",
        "letters, digits, `.`, `_`, `-` and parentheses, and does not end with a full stop",
    ),
    args: &[
        place("scope", &[], "What it is on: any resource, a resource group, or an id."),
        arg(
            "lock_level",
            Ty::Enum(&["CanNotDelete", "ReadOnly"]),
            "properties.level",
            "What it forbids. `ReadOnly` forbids reading keys and starting machines, too.",
        )
        .required()
        .replace(),
        arg("notes", Ty::String, "properties.notes", "Why it is there, in at most 512 characters.").replace(),
    ],
    drill: Drill::never("copies are taken down again, and it would keep them"),
    durations: Durations { create: 1, update: 1, delete: 1 },
    answers: Answers::Sync,
    in_use: "",
    guards: true,
    terraform: Terraform { renamed: &[("scope", "scope")], ..Terraform::BY_RULE },
    example: r#"
resource_group "example" {
  site = site.east
}

management_lock "example" {
  scope      = resource_group.example
  lock_level = "CanNotDelete"
  notes      = "Holds what a failover needs."
}
"#,
    ..Kind::EMPTY
};
