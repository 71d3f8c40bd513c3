//! User-assigned identity: a managed identity with a lifetime of its own, with which resources call other services.

use crate::kinds::table::*;
use crate::providers::azure::tags::TAGS;

/// Table of `user_assigned_identity`.
pub static KIND: Kind = Kind {
    name: "user_assigned_identity",
    about: "User-assigned identity: a managed identity with a lifetime of its own, with which resources call \
     other services.",
    type_: KindType { name: "Microsoft.ManagedIdentity/userAssignedIdentities", version: "2024-11-30" },
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
            "Isolation scope. `Regional` restricts the identity to resources of its own region.",
        ),
        TAGS,
    ],
    attributes: &[
        attribute(
            "principal_id",
            "properties.principalId",
            FakeValue::Guid,
            "Object ID of the principal, for role assignments.",
        ),
        attribute(
            "client_id",
            "properties.clientId",
            FakeValue::Guid,
            "Client ID, with which programs request tokens.",
        ),
        attribute("tenant_id", "properties.tenantId", FakeValue::Text("{tenant}"), "Tenant ID of the principal."),
    ],
    durations: Durations { create: 3, update: 3, delete: 2 },
    answers: AnswerStyle::Sync,
    in_use: "",
    // Source: Microsoft's frequently asked questions about managed identities.
    simulated: SimulatedBehaviour { stays: true, ..SimulatedBehaviour::NONE },
    adoption: Adoption { others: &[ChildList::all("federatedIdentityCredentials")], ..Adoption::BY_TABLE },
    example: r#"
resource_group "example" {
  site = site.east
}

user_assigned_identity "example" {
  resource_group = resource_group.example
}
"#,
    ..crate::providers::azure::KIND
};
