//! Key of KMS for volumes, snapshots and buckets of its region. A copy in another region needs a key of that one.

use crate::kinds::table::*;
use crate::providers::aws::VERSION;
use crate::providers::aws::kinds::forms::{DOCUMENT, TAGS_ARG};
use crate::providers::aws::terraform::REGION;

/// Table of `aws_kms_key`.
pub(crate) static KIND: Kind = Kind {
    name: "aws_kms_key",
    about: "Key of KMS for what a region stores, with an alias of the same name.",
    type_: KindType { name: "AWS::KMS::Key", version: VERSION },
    place: Place::Root("aws:{region}/keys/{name}"),
    names: NameRule::new(1, 250, "^[A-Za-z0-9/_-]+$", "letters, digits, `/`, `_` and `-`"),
    args: &[
        arg("description", Ty::String, "Description", "Description, for people."),
        arg("policy", Ty::String, "KeyPolicy", "Rights, as `jsonencode` makes them. The account has all.")
            .form(&DOCUMENT)
            .kept(Kept::Chosen),
        arg("enable_key_rotation", Ty::Bool, "EnableKeyRotation", "Change the material every year.")
            .default(Lit::Bool(false)),
        arg("multi_region", Ty::Bool, "MultiRegion", "A key that can have replicas in other regions.")
            .default(Lit::Bool(false))
            .replace(),
        arg(
            "deletion_window_in_days",
            Ty::Integer(7, 30),
            "PendingWindowInDays",
            "Days after its deletion in which the key can be restored.",
        )
        .write_only()
        .default(Lit::Int(30)),
        TAGS_ARG,
    ],
    attributes: &[
        attribute("key_id", "KeyId", FakeValue::Nothing, "Id that AWS gave the key."),
        attribute("arn", "Arn", FakeValue::Nothing, "Name of the key in policies."),
        named("alias", "alias/{name}", "Name by which others may use the key."),
    ],
    drill: Drill::STOOD_UP,
    durations: Durations { create: 30, update: 10, delete: 1 },
    recovery: Recovery { loses_data: true, keeps_keys: true, ..Recovery::NONE },
    in_use: "",
    terraform: Terraform {
        resource: "kms_key",
        named: false,
        renamed: &[REGION],
        exported: &[("alias", "")],
        splits: &[SplitResource::one(
            &[],
            "kms_alias",
            "region = {location}\nname = \"alias/{name}\"\ntarget_key_id = {self}.key_id",
        )],
        given_id: "KEY_ID",
        ..Terraform::BY_RULE
    },
    example: r#"
aws_kms_key "example" {
  site        = site.east
  description = "Backups"
}
"#,
    left_out: &[
        ("bypass_policy_lockout_safety_check", "it would let a policy lock its own account out"),
        ("custom_key_store_id", "keys in hardware of an own site, which may be lost"),
        ("customer_master_key_spec", "keys that encrypt what AWS stores"),
        ("is_enabled", "a key that is off makes its data unreadable"),
        ("key_usage", "keys that encrypt what AWS stores"),
        ("rotation_period_in_days", "a year, as AWS has it"),
        ("xks_key_id", "keys in hardware of an own site, which may be lost"),
    ],
    ..crate::providers::aws::KIND
};
