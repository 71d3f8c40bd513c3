//! Blob container of a storage account.

use serde_json::Value as Json;

use crate::kinds::path;
use crate::kinds::table::*;
use crate::object::ObjectId;

static SIGNED: SignedObjects = SignedObjects {
    type_: KindType { name: "Microsoft.Storage/storageAccounts/blobServices/containers/blobs", version: "2026-04-01" },
    segment: "blobs",
    content: "content",
    repository: |store, _| format!("azure:{}:/", store.name()),
};

/// Table of `storage_container`.
pub static KIND: Kind = Kind {
    name: "storage_container",
    about: "Blob container of a storage account.",
    type_: KindType { name: "Microsoft.Storage/storageAccounts/blobServices/containers", version: "2026-04-01" },
    place: Place::Child("storage_account", "blobServices/default/containers"),
    location: Location::None,
    names: NameRule::new(
        3,
        63,
        r"^(\$root|\$web|[a-z0-9](-?[a-z0-9])*)$",
        "lower-case letters, digits and single hyphens between them, or is `$root` or `$web`",
    ),
    args: &[
        place("storage_account", &["storage_account"], "Storage account of the container."),
        arg(
            "container_access_type",
            Ty::Enum(&["private", "blob", "container"]),
            "",
            "Anonymous access: none (`private`), to blobs whose name is known (`blob`), or with listing \
             (`container`).",
        )
        .default(Lit::Str("private"))
        .wire(Wire::Mapped(
            "properties.publicAccess",
            &[
                (Lit::Str("private"), Lit::Str("None")),
                (Lit::Str("blob"), Lit::Str("Blob")),
                (Lit::Str("container"), Lit::Str("Container")),
            ],
        )),
        arg(
            "default_encryption_scope",
            Ty::String,
            "properties.defaultEncryptionScope",
            "Default encryption scope of blobs.",
        )
        .chosen(),
        arg("encryption_scope_override_enabled", Ty::Bool, "", "Allow blobs to set another encryption scope.")
            .filled(Lit::Bool(true))
            .replace()
            .wire(Wire::Negated("properties.denyEncryptionScopeOverride")),
        arg("metadata", Ty::Map(&Ty::String), "properties.metadata", "Metadata: names and values."),
    ],
    attributes: &[
        named("url", "https://{parent}.blob.core.windows.net/{name}", "URL of the container."),
        attribute(
            "has_immutability_policy",
            "properties.hasImmutabilityPolicy",
            FakeValue::Nothing,
            "True if an immutability policy protects the blobs.",
        ),
        attribute(
            "has_legal_hold",
            "properties.hasLegalHold",
            FakeValue::Nothing,
            "True if a legal hold protects the blobs.",
        ),
    ],
    durations: Durations { create: 2, update: 2, delete: 2 },
    recovery: Recovery { keeps_objects: true, signed: Some(&SIGNED), ..Recovery::DATA },
    odd: Overrides { check: Some(check), ..Overrides::NONE },
    simulated: SimulatedBehaviour {
        admit: Some(admit),
        settle: Some(settle),
        accepts: &["properties.leaseStatus", "properties.leaseState"],
        ..SimulatedBehaviour::NONE
    },
    uncovered: &[
        "properties.enableNfsV3AllSquash",
        "properties.enableNfsV3RootSquash",
        "properties.immutableStorageWithVersioning",
    ],
    example: r#"
resource_group "example" {
  site = site.east
}

storage_account "example" {
  name                     = "drplanexample"
  resource_group           = resource_group.example
  account_tier             = "Standard"
  account_replication_type = "GRS"
}

storage_container "example" {
  storage_account = storage_account.example
}
"#,
    ..crate::providers::azure::KIND
};

/// The account of a container or share.
fn account(id: &ObjectId) -> ObjectId {
    ObjectId::new(id.as_str().rsplitn(5, '/').last().unwrap_or_default())
}

fn check(subject: &Subject<'_>, findings: &mut Vec<Finding>) {
    let public = subject.text("container_access_type").is_some_and(|access| access != "private");
    let forbidden = subject.with("storage_account", |account| {
        account.args.get("allow_nested_items_to_be_public").and_then(Json::as_bool) == Some(false)
    });
    if public && forbidden == Some(true) {
        findings.push(Finding {
            argument: "container_access_type",
            summary: "the storage account allows no public containers".to_owned(),
            why: "Azure rejects the container.".to_owned(),
            help:
                "Set `container_access_type = \"private\"`, or `allow_nested_items_to_be_public = true` on the account."
                    .to_owned(),
        });
    }
    let written = |argument: &str| subject.args.contains_key(argument);
    if written("encryption_scope_override_enabled") && !written("default_encryption_scope") {
        findings.push(Finding {
            argument: "encryption_scope_override_enabled",
            summary: "`encryption_scope_override_enabled` needs a `default_encryption_scope`".to_owned(),
            why: "Azure accepts the two together only.".to_owned(),
            help: "Set `default_encryption_scope`, or remove this argument.".to_owned(),
        });
    }
}

fn admit(cloud: &dyn SimulatedWorld, id: &ObjectId, body: &Json) -> Result<(), Refusal> {
    let public = path::text(body, "properties.publicAccess").is_some_and(|access| access != "None");
    let allowed = cloud
        .get(&account(id))
        .and_then(|account| path::borrow(account, "properties.allowBlobPublicAccess"))
        .and_then(Json::as_bool);
    if public && allowed == Some(false) {
        let message = "Public access is not permitted on this storage account.".to_owned();
        return Err(Refusal { status: 409, code: "PublicAccessNotPermitted", message });
    }
    Ok(())
}

fn settle(cloud: &mut dyn SimulatedWorld, id: &ObjectId) {
    if let Some(body) = cloud.get_mut(id) {
        path::fill(body, "properties.defaultEncryptionScope", "$account-encryption-key");
        path::fill(body, "properties.denyEncryptionScopeOverride", false);
        path::put(body, "properties.hasImmutabilityPolicy", Json::from(false));
        path::put(body, "properties.hasLegalHold", Json::from(false));
        path::put(body, "properties.leaseStatus", Json::from("Unlocked"));
        path::put(body, "properties.leaseState", Json::from("Available"));
    }
}
