//! A file share of a storage account.

use serde_json::Value as Json;

use super::path;
use super::table::*;
use crate::address::ArmId;

/// The rule for names of shares and containers.
pub(super) const NAME: NameRule = NameRule::new(
    3,
    63,
    "^[a-z0-9](-?[a-z0-9])*$",
    "lower-case letters, digits and single hyphens, and neither starts nor ends with a hyphen",
);

static ACL: Block = Block::many(
    "id",
    &[
        arg("id", Ty::String, "id", "The name of the policy; shared access signatures refer to it.").required(),
        arg("access_policy", Ty::Block(&ACCESS_POLICY), "accessPolicy", "What it allows."),
    ],
);

static ACCESS_POLICY: Block = Block::one(&[
    arg("permissions", Ty::String, "permission", "The permissions, of `rcwdl` in this order.").required(),
    arg("start", Ty::String, "startTime", "From when it holds, in RFC 3339."),
    arg("expiry", Ty::String, "expiryTime", "Until when it holds, in RFC 3339."),
]);

/// The table.
pub static KIND: Kind = Kind {
    name: "storage_share",
    about: "A file share of a storage account.",
    arm: Arm { type_: "Microsoft.Storage/storageAccounts/fileServices/shares", api: "2026-04-01" },
    place: Place::Child("storage_account", "fileServices/default/shares"),
    location: Location::None,
    names: NAME,
    args: &[
        place("storage_account", &["storage_account"], "The account it is in."),
        arg("quota", Ty::Integer(1, 262_144), "properties.shareQuota", "Its size in GiB.").required(),
        arg(
            "access_tier",
            Ty::Enum(&["TransactionOptimized", "Hot", "Cool", "Premium"]),
            "properties.accessTier",
            "What it costs at rest and in use.",
        ),
        arg("enabled_protocol", Ty::Enum(&["SMB", "NFS"]), "properties.enabledProtocols", "How it is mounted.")
            .default(Lit::Str("SMB"))
            .replace(),
        arg("metadata", Ty::Map(&Ty::String), "properties.metadata", "Names and values that are kept with it."),
        arg("acl", Ty::Block(&ACL), "properties.signedIdentifiers", "A stored access policy."),
    ],
    attributes: &[named("url", "https://{parent}.file.core.windows.net/{name}", "The URL of the share.")],
    durations: Durations { create: 2, update: 2, delete: 2 },
    recovery: Recovery::DATA,
    odd: Odd { check: Some(check), ..Odd::NONE },
    simulated: Simulated {
        admit: Some(admit),
        settle: Some(settle),
        accepts: &["properties.leaseStatus", "properties.leaseState"],
        ..Simulated::NONE
    },
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
    ..Kind::EMPTY
};

fn check(subject: &Subject<'_>, findings: &mut Vec<Finding>) {
    let files = subject.with("storage_account", |account| account.text("account_kind") == Some("FileStorage"));
    let nfs = subject.text("enabled_protocol") == Some("NFS");
    let premium = subject.text("access_tier") == Some("Premium");
    for (argument, wanted) in [("enabled_protocol", nfs), ("access_tier", premium)] {
        if wanted && files == Some(false) {
            findings.push(Finding {
                argument,
                summary: "the account's kind has no such shares".to_owned(),
                why: "NFS and premium shares are in accounts for files only.".to_owned(),
                help: "Give the account `account_kind = \"FileStorage\"` and `account_tier = \"Premium\"`.".to_owned(),
            });
        }
    }
}

fn admit(_: &dyn Cloudlet, id: &ArmId, body: &Json) -> Result<(), Refusal> {
    match path::borrow(body, "properties.shareQuota").and_then(Json::as_i64) {
        Some(1..=262_144) | None => Ok(()),
        Some(_) => Err(Refusal {
            status: 400,
            code: "InvalidParameter",
            message: format!("The quota of the share '{}' is out of range.", id.name()),
        }),
    }
}

fn settle(cloud: &mut dyn Cloudlet, id: &ArmId) {
    if let Some(body) = cloud.get_mut(id) {
        path::fill(body, "properties.shareQuota", 5120);
        path::fill(body, "properties.accessTier", "TransactionOptimized");
        path::put(body, "properties.leaseStatus", Json::from("Unlocked"));
        path::put(body, "properties.leaseState", Json::from("Available"));
    }
}
