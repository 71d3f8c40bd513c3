//! Combinations and changes of a storage account that Azure refuses (sources: Microsoft's pages on redundancy and on
//! kinds of accounts; azurerm's validation).

use serde_json::Value as Json;

use crate::kinds::table::*;

const GENERAL: &str = "account_kind";
const REPLICATION: &str = "account_replication_type";
const TIER: &str = "account_tier";
const PREMIUM: Test = Test::Is(&[Lit::Str("Premium")]);
const OVER_ZONES: Test = Test::Is(&[Lit::Str("ZRS"), Lit::Str("GZRS"), Lit::Str("RAGZRS")]);
const YES: Test = Test::Is(&[Lit::Bool(true)]);

/// Combinations of arguments.
pub(super) const COMBINATIONS: &[Combination] = &[
    Combination::new(
        "InvalidAccountType",
        &[(REPLICATION, Test::Not(&[Lit::Str("LRS"), Lit::Str("ZRS")])), (TIER, PREMIUM)],
        "premium storage does not leave its region",
        "Set \"LRS\" or \"ZRS\", and replicate to an account of your own at another site.",
    ),
    Combination::new(
        "InvalidAccountType",
        &[(REPLICATION, OVER_ZONES), (GENERAL, Test::Is(&[Lit::Str("BlobStorage"), Lit::Str("Storage")]))],
        "an account of this kind cannot be zone-redundant",
        "Set `account_kind = \"StorageV2\"`, or \"LRS\", \"GRS\" or \"RAGRS\".",
    ),
    Combination::new(
        "InvalidAccountType",
        &[(GENERAL, Test::Is(&[Lit::Str("BlobStorage")])), (TIER, PREMIUM)],
        "an account of kind `BlobStorage` has no premium tier",
        "Set `account_tier = \"Standard\"`, or `account_kind = \"BlockBlobStorage\"`.",
    ),
    Combination::new(
        "InvalidAccountType",
        &[(GENERAL, Test::Is(&[Lit::Str("BlockBlobStorage")])), (TIER, Test::Not(&[Lit::Str("Premium")]))],
        "an account of kind `BlockBlobStorage` has the premium tier only",
        "Set `account_tier = \"Premium\"`, or `account_kind = \"StorageV2\"`.",
    ),
    Combination::new(
        "InvalidAccountType",
        &[
            (GENERAL, Test::Is(&[Lit::Str("FileStorage")])),
            (TIER, Test::Not(&[Lit::Str("Premium")])),
            ("provisioned_billing_model_version", Test::Absent),
        ],
        "an account of kind `FileStorage` has the premium tier only",
        "Set `account_tier = \"Premium\"`, or `provisioned_billing_model_version = \"V2\"`.",
    ),
    Combination::new(
        "InvalidValuesForRequestParameters",
        &[
            ("is_hns_enabled", YES),
            (GENERAL, Test::Is(&[Lit::Str("BlobStorage"), Lit::Str("FileStorage"), Lit::Str("Storage")])),
        ],
        "an account of this kind has no hierarchical namespace",
        "Set `account_kind` to \"StorageV2\" or \"BlockBlobStorage\", or remove `is_hns_enabled`.",
    ),
    Combination::new(
        "InvalidValuesForRequestParameters",
        &[("nfsv3_enabled", YES), ("is_hns_enabled", Test::Not(&[Lit::Bool(true)]))],
        "NFS 3 needs a hierarchical namespace",
        "Set `is_hns_enabled = true`, or remove `nfsv3_enabled`.",
    ),
    Combination::new(
        "InvalidValuesForRequestParameters",
        &[("sftp_enabled", YES), ("is_hns_enabled", Test::Not(&[Lit::Bool(true)]))],
        "SFTP needs a hierarchical namespace",
        "Set `is_hns_enabled = true`, or remove `sftp_enabled`.",
    ),
];

/// Changes in place.
pub(super) const TRANSITIONS: &[Transition] = &[
    Transition::refuse(
        "InvalidAccountConversion",
        REPLICATION,
        ChangeTest::Where(changes_zones),
        "A write of the account cannot change its redundancy over zones.",
        "Write the old value and request a conversion with `az storage account migration start`, or create another \
         account and copy the data.",
    ),
    Transition::refuse(
        "AccountPropertyCannotBeUpdated",
        GENERAL,
        ChangeTest::Where(is_no_upgrade),
        "An account can be upgraded to `StorageV2`; no other change of its kind is possible.",
        "Write the old kind, or create another account and copy the data.",
    ),
    Transition::refuse(
        "AccountPropertyCannotBeUpdated",
        "large_file_share_enabled",
        ChangeTest::Between(&[Lit::Bool(true)], &[Lit::Bool(false)]),
        "Large file shares cannot be disabled.",
        "Write `large_file_share_enabled = true`.",
    ),
];

fn changes_zones(old: &Json, new: &Json) -> bool {
    let zoned = |value: &Json| value.as_str().map(|text| text.contains('Z'));
    zoned(old) != zoned(new)
}

fn is_no_upgrade(old: &Json, new: &Json) -> bool {
    let is = |value: &Json, kinds: &[&str]| value.as_str().is_some_and(|kind| kinds.contains(&kind));
    old != new && !(is(old, &["Storage", "BlobStorage"]) && is(new, &["StorageV2"]))
}
