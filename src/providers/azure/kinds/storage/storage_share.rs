//! File share of a storage account.

use serde_json::Value as Json;

use crate::kinds::path;
use crate::kinds::table::*;
use crate::object::ObjectId;

/// The name rule of shares.
pub(super) const NAME: NameRule = NameRule::new(
    3,
    63,
    "^[a-z0-9](-?[a-z0-9])*$",
    "lower-case letters, digits and single hyphens, and neither starts nor ends with a hyphen",
);

static ACL: Block = Block::many(
    "id",
    &[
        arg("id", Ty::String, "id", "Name of the policy, which shared access signatures refer to.").required(),
        arg("access_policy", Ty::Block(&ACCESS_POLICY), "accessPolicy", "Access policy."),
    ],
);

static ACCESS_POLICY: Block = Block::one(&[
    arg("permissions", Ty::String, "permission", "Permissions: a selection of `rcwdl`, in this order.").required(),
    arg("start", Ty::String, "startTime", "Start of the policy, in RFC 3339.").form(&form::TIME),
    arg("expiry", Ty::String, "expiryTime", "Expiry of the policy, in RFC 3339.").form(&form::TIME),
]);

/// Table of `storage_share`.
pub static KIND: Kind = Kind {
    name: "storage_share",
    about: "File share of a storage account.",
    type_: KindType { name: "Microsoft.Storage/storageAccounts/fileServices/shares", version: "2026-04-01" },
    place: Place::Child("storage_account", "fileServices/default/shares"),
    location: Location::None,
    names: NAME,
    args: &[
        place("storage_account", &["storage_account"], "Storage account of the share."),
        arg("quota", Ty::Integer(1, 262_144), "properties.shareQuota", "Maximum size in GiB.")
            .filled(Lit::Int(5120))
            .required(),
        arg(
            "access_tier",
            Ty::Enum(&["TransactionOptimized", "Hot", "Cool", "Premium"]),
            "properties.accessTier",
            "Access tier, which determines storage and access prices.",
        ),
        arg("enabled_protocol", Ty::Enum(&["SMB", "NFS"]), "properties.enabledProtocols", "Protocol for mounts.")
            .default(Lit::Str("SMB"))
            .replace(),
        arg("metadata", Ty::Map(&Ty::String), "properties.metadata", "Metadata: names and values."),
        arg("acl", Ty::Block(&ACL), "properties.signedIdentifiers", "Stored access policy."),
    ],
    attributes: &[named("url", "https://{parent}.file.core.windows.net/{name}", "URL of the share.")],
    durations: Durations { create: 2, update: 2, delete: 2 },
    recovery: Recovery::DATA,
    odd: Overrides { check: Some(check), ..Overrides::NONE },
    simulated: SimulatedBehaviour {
        admit: Some(admit),
        settle: Some(settle),
        accepts: &[
            "properties.leaseStatus",
            "properties.leaseState",
            "properties.provisionedBandwidthMibps",
            "properties.provisionedIops",
        ],
        ..SimulatedBehaviour::NONE
    },
    uncovered: &["properties.fileSharePaidBursting", "properties.rootSquash"],
    adoption: Adoption { chosen: &[("properties.rootSquash", Lit::Str("NoRootSquash"))], ..Adoption::BY_TABLE },
    terraform: Terraform { sets: &["acl"], ..Terraform::BY_RULE },
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

storage_share "example" {
  storage_account = storage_account.example
  quota           = 100
}
"#,
    ..crate::providers::azure::KIND
};

fn check(subject: &Subject<'_>, findings: &mut Vec<Finding>) {
    let files = subject.with("storage_account", |account| account.text("account_kind") == Some("FileStorage"));
    let nfs = subject.text("enabled_protocol") == Some("NFS");
    let premium = subject.text("access_tier") == Some("Premium");
    for (argument, wanted) in [("enabled_protocol", nfs), ("access_tier", premium)] {
        if wanted && files == Some(false) {
            findings.push(Finding {
                argument,
                summary: "the kind of the storage account does not support such shares".to_owned(),
                why: "NFS and premium shares need an account of kind `FileStorage`.".to_owned(),
                help: "Set `account_kind = \"FileStorage\"` and `account_tier = \"Premium\"` on the account."
                    .to_owned(),
            });
        }
    }
}

fn admit(_: &dyn SimulatedWorld, id: &ObjectId, body: &Json) -> Result<(), Refusal> {
    match path::borrow(body, "properties.shareQuota").and_then(Json::as_i64) {
        Some(1..=262_144) | None => Ok(()),
        Some(_) => Err(Refusal {
            status: 400,
            code: "InvalidParameter",
            message: format!("The quota of the share '{}' is out of range.", id.name()),
        }),
    }
}

fn settle(cloud: &mut dyn SimulatedWorld, id: &ObjectId) {
    if let Some(body) = cloud.get_mut(id) {
        path::fill(body, "properties.shareQuota", 5120);
        path::fill(body, "properties.accessTier", "TransactionOptimized");
        path::put(body, "properties.leaseStatus", Json::from("Unlocked"));
        path::put(body, "properties.leaseState", Json::from("Available"));
    }
}
