//! Management lock: protects its scope, and everything in it, from deletion or changes.

use crate::kinds::table::*;

/// Table of `management_lock`.
pub static KIND: Kind = Kind {
    name: "management_lock",
    about: "Management lock: protects its scope, and everything in it, from deletion or changes.",
    type_: KindType { name: "Microsoft.Authorization/locks", version: "2020-05-01" },
    place: Place::Extension("scope"),
    location: Location::None,
    names: NameRule::new(
        1,
        90,
        r"^[A-Za-z0-9._()-]*[A-Za-z0-9_()-]$",
        "letters, digits, `.`, `_`, `-` and parentheses, and does not end with a full stop",
    ),
    args: &[
        place("scope", &[], "Scope of the lock: any resource, a resource group, or an ID."),
        arg(
            "lock_level",
            Ty::Enum(&["CanNotDelete", "ReadOnly"]),
            "properties.level",
            "Level of the lock. `ReadOnly` also forbids reading keys and starting machines.",
        )
        .required()
        .replace(),
        arg("notes", Ty::String, "properties.notes", "Notes about the lock, at most 512 characters.").replace(),
    ],
    drill: Drill::never("a drill deletes its copies, and the lock would prevent it"),
    durations: Durations { create: 1, update: 1, delete: 1 },
    answers: AnswerStyle::Sync,
    in_use: "",
    guards: true,
    terraform: Terraform { renamed: &[("scope", "scope")], ..Terraform::BY_RULE },
    uncovered: &["properties.owners"],
    example: r#"
resource_group "example" {
  site = site.east
}

management_lock "example" {
  scope      = resource_group.example
  lock_level = "CanNotDelete"
  notes      = "Protects the failover resources."
}
"#,
    ..crate::providers::azure::KIND
};
