//! A user-assigned identity: a principal that resources use to call other services, and that outlives each of them.

use super::table::*;

/// The table.
pub static KIND: Kind = Kind {
    name: "user_assigned_identity",
    about: "A user-assigned identity: a principal that resources use to call other services, and that outlives each of them.",
    arm: Arm { type_: "Microsoft.ManagedIdentity/userAssignedIdentities", api: "2024-11-30" },
    names: NameRule::new(
        3,
        128,
        "^[A-Za-z0-9][A-Za-z0-9_-]*$",
        "letters, digits, `_` and `-`, and starts with a letter or digit",
    ),
    args: &[
        RESOURCE_GROUP,
        arg(
            "isolation_scope",
            Ty::Enum(&["Regional"]),
            "properties.isolationScope",
            "With `Regional`, only resources of its own region may use it.",
        ),
        TAGS,
    ],
    attributes: &[
        attribute(
            "principal_id",
            "properties.principalId",
            Fake::Guid,
            "The object id of its principal, for role assignments.",
        ),
        attribute(
            "client_id",
            "properties.clientId",
            Fake::Guid,
            "The application id by which programs ask for tokens.",
        ),
        attribute("tenant_id", "properties.tenantId", Fake::Text("{tenant}"), "The tenant of its principal."),
    ],
    durations: Durations { create: 3, update: 3, delete: 2 },
    answers: Answers::Sync,
    in_use: "",
    example: r#"
resource_group "example" {
  site = site.east
}

user_assigned_identity "example" {
  resource_group = resource_group.example
}
"#,
    ..Kind::EMPTY
};
