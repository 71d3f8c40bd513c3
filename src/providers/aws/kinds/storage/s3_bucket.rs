//! Bucket of one region, as a place for backups: with versions and object lock, nobody deletes them for a time.

use serde_json::{Map as JsonMap, Value as Json, json};

use crate::kinds::path;
use crate::kinds::table::*;
use crate::providers::aws::VERSION;
use crate::providers::aws::kinds::forms::{DOCUMENT, TAGS_ARG, name_of};
use crate::providers::aws::terraform::{KEY_ARN, REGION};

static LOCK: Block = Block::one(&[
    arg(
        "mode",
        Ty::Enum(&["GOVERNANCE", "COMPLIANCE"]),
        "Mode",
        "Protection of a new object: `GOVERNANCE` yields to those who have a right for it, `COMPLIANCE` to nobody.",
    )
    .required(),
    arg("days", Ty::Integer(1, 36_500), "Days", "Days of protection."),
    arg("years", Ty::Integer(1, 100), "Years", "Years of protection, in place of days."),
]);

static FILTER: Block = Block::one(&[arg("prefix", Ty::String, "", "Beginning of keys.")]);

static NONCURRENT: Block = Block::one(&[
    arg("noncurrent_days", Ty::Integer(1, 36_500), "NoncurrentDays", "Days after which old versions go.").required(),
    arg("newer_noncurrent_versions", Ty::Integer(1, 100), "NewerNoncurrentVersions", "Old versions that stay."),
]);

static ABORT: Block = Block::one(&[arg(
    "days_after_initiation",
    Ty::Integer(1, 36_500),
    "DaysAfterInitiation",
    "Days after which parts of an unfinished upload go.",
)
.required()]);

static EXPIRATION: Block =
    Block::one(&[arg("days", Ty::Integer(1, 36_500), "", "Days after which objects go.").required()]);

static RULE: Block = Block::many(
    "id",
    &[
        arg("id", Ty::String, "Id", "Name of the rule.").required(),
        arg("status", Ty::Enum(&["Enabled", "Disabled"]), "Status", "Effect of the rule.").required(),
        arg("filter", Ty::Block(&FILTER), "", "Objects that the rule is for. Without it, all.").wire(Wire::Odd),
        arg(
            "noncurrent_version_expiration",
            Ty::Block(&NONCURRENT),
            "NoncurrentVersionExpiration",
            "Deletion of old versions.",
        ),
        arg(
            "abort_incomplete_multipart_upload",
            Ty::Block(&ABORT),
            "AbortIncompleteMultipartUpload",
            "Deletion of unfinished uploads.",
        ),
        arg(
            "expiration",
            Ty::Block(&EXPIRATION),
            "",
            "Deletion of objects by their age. It breaks a chain of backups, whose older parts the newer ones need.",
        )
        .wire(Wire::Odd),
    ],
);

const PUBLIC: [&str; 4] = ["BlockPublicAcls", "BlockPublicPolicy", "IgnorePublicAcls", "RestrictPublicBuckets"];
const PUBLIC_AT: &str = "PublicAccessBlockConfiguration";
const LOCK_AT: &str = "ObjectLockConfiguration";
const RULES_AT: &str = "LifecycleConfiguration.Rules";
const ENCRYPTION_AT: &str =
    "BucketEncryption.ServerSideEncryptionConfiguration[0].ServerSideEncryptionByDefault.KMSMasterKeyID";

/// Objects by which a run talks to a machine that restores.
static SIGNED: SignedObjects = SignedObjects {
    type_: KindType { name: "AWS::S3::Object", version: VERSION },
    segment: "objects",
    content: "Content",
    repository: |store, region| format!("s3:https://s3.{region}.amazonaws.com/{}", store.name()),
};

/// Table of `aws_s3_bucket`.
pub(crate) static KIND: Kind = Kind {
    name: "aws_s3_bucket",
    about: "Bucket of one region, for backups and what a recovery reads.",
    type_: KindType { name: "AWS::S3::Bucket", version: VERSION },
    place: Place::Root("aws:{region}/buckets/{name}"),
    names: NameRule {
        written: false,
        ..NameRule::new(3, 63, "^[a-z0-9][a-z0-9.-]*[a-z0-9]$", "lower-case letters, digits, and inner `.` and `-`")
            .global()
    },
    args: &[
        arg("bucket", Ty::String, "", "Name, which no other bucket of any account has. The label of the block.")
            .wire(Wire::Nowhere)
            .replace(),
        arg("versioning", Ty::Bool, "", "Keep what is overwritten or deleted.")
            .wire(Wire::Mapped(
                "VersioningConfiguration.Status",
                &[(Lit::Bool(true), Lit::Str("Enabled")), (Lit::Bool(false), Lit::Str("Suspended"))],
            ))
            .default(Lit::Bool(false)),
        arg(
            "object_lock",
            Ty::Block(&LOCK),
            "ObjectLockConfiguration.Rule.DefaultRetention",
            "Protection of new objects from deletion. It cannot be taken away from a bucket.",
        ),
        arg("public_access_block", Ty::Bool, "", "Refuse access of the public, whatever policies say.")
            .wire(Wire::Odd)
            .default(Lit::Bool(true)),
        arg("kms_key", Ty::Ref(&["aws_kms_key"]), ENCRYPTION_AT, "Key of KMS. Without one, a key of the service.")
            .near(),
        arg("lifecycle_rule", Ty::Block(&RULE), RULES_AT, "Rule for what goes by itself."),
        arg("policy", Ty::String, "Policy", "Policy of access, as `jsonencode` makes it.").form(&DOCUMENT),
        TAGS_ARG,
    ],
    attributes: &[
        attribute("arn", "Arn", FakeValue::Text("arn:aws:s3:::{name}"), "Name of the bucket in policies."),
        named("bucket_domain_name", "{name}.s3.amazonaws.com", "Name of its host."),
        named("bucket_regional_domain_name", "{name}.s3.{location}.amazonaws.com", "Name of its host in the region."),
    ],
    drill: Drill::never("it has the backups, which a drill reads"),
    durations: Durations { create: 20, update: 20, delete: 20 },
    recovery: Recovery { loses_data: true, keeps_objects: true, signed: Some(&SIGNED), ..Recovery::NONE },
    in_use: "BucketNotEmpty",
    combinations: &[
        Combination::new(
            "InvalidBucketState",
            &[("object_lock", Test::Set), ("versioning", Test::Not(&[Lit::Bool(true)]))],
            "`object_lock` needs `versioning`",
            "Set `versioning = true`.",
        ),
        Combination::new(
            "MalformedXML",
            &[("object_lock.days", Test::Absent), ("object_lock.mode", Test::Set), ("object_lock.years", Test::Absent)],
            "`object_lock` has no time",
            "Set `days` or `years`.",
        ),
        Combination::new(
            "MalformedXML",
            &[("object_lock.days", Test::Set), ("object_lock.years", Test::Set)],
            "`object_lock` has two times",
            "Remove `days` or `years`.",
        ),
    ],
    transitions: &[Transition::refuse(
        "InvalidBucketState",
        "versioning",
        ChangeTest::Together(suspends_locked),
        "A bucket with object lock keeps its versions.",
        "Write `versioning = true`, and keep `object_lock`.",
    )],
    odd: Overrides {
        name: Some(|subject| name_of(subject, "bucket")),
        named_by: &["bucket"],
        encode: Some(encode),
        decode: Some(decode),
        ..Overrides::NONE
    },
    simulated: SimulatedBehaviour {
        accepts: &[
            PUBLIC_AT,
            "ObjectLockEnabled",
            "ObjectLockConfiguration.ObjectLockEnabled",
            "BucketEncryption",
            "LifecycleConfiguration.Rules[].Prefix",
            "LifecycleConfiguration.Rules[].ExpirationInDays",
        ],
        ..SimulatedBehaviour::NONE
    },
    terraform: Terraform {
        resource: "s3_bucket",
        renamed: &[REGION, ("name", "bucket")],
        said: &["versioning", "object_lock", "public_access_block", "kms_key", "lifecycle_rule", "policy"],
        referred: KEY_ARN,
        splits: SPLITS,
        imported: Some(|ids, _| ids.iter().map(|id| id.name().to_owned()).collect()),
        ..Terraform::BY_RULE
    },
    example: r#"
aws_s3_bucket "example" {
  site       = site.east
  bucket     = "example-backups-of-drplan"
  versioning = true

  object_lock {
    mode = "GOVERNANCE"
    days = 14
  }
}
"#,
    left_out: &[
        ("acceleration_status", "for uploads from far away by many users"),
        ("acl", "access by lists, which AWS turned off; write `policy`"),
        ("bucket_prefix", "write the whole name"),
        ("cors_rule", "for buckets that browsers read"),
        ("force_destroy", "it would delete the backups"),
        ("grant", "access by lists, which AWS turned off; write `policy`"),
        ("logging", "CloudTrail logs access to an account's buckets"),
        ("object_lock_configuration", "write `object_lock`"),
        ("object_lock_enabled", "write `object_lock`"),
        ("replication_configuration", "a backup goes to another provider, and not to another bucket of this one"),
        ("request_payer", "backups are read by their owner"),
        ("server_side_encryption_configuration", "write `kms_key`"),
        ("website", "for buckets that browsers read"),
    ],
    ..crate::providers::aws::KIND
};

/// The resources of Terraform for the settings of a bucket. A lock needs versions first.
const SPLITS: &[SplitResource] = &[
    SplitResource::one(
        &["versioning"],
        "s3_bucket_versioning",
        "region = {location}
         bucket = {self}.id
         versioning_configuration {
         status = {versioning?Enabled:Suspended}
         }",
    ),
    SplitResource::one(
        &["object_lock"],
        "s3_bucket_object_lock_configuration",
        "region = {location}
         bucket = {self}.id
         rule {
         default_retention {
         mode = {object_lock.mode}
         days = {object_lock.days}
         years = {object_lock.years}
         }
         }
         depends_on = [aws_s3_bucket_versioning.{label}]",
    ),
    SplitResource::one(
        &["public_access_block"],
        "s3_bucket_public_access_block",
        "region = {location}
         bucket = {self}.id
         block_public_acls = {public_access_block}
         block_public_policy = {public_access_block}
         ignore_public_acls = {public_access_block}
         restrict_public_buckets = {public_access_block}",
    ),
    SplitResource::one(
        &["kms_key"],
        "s3_bucket_server_side_encryption_configuration",
        "region = {location}
         bucket = {self}.id
         rule {
         apply_server_side_encryption_by_default {
         sse_algorithm = \"aws:kms\"
         kms_master_key_id = {kms_key}
         }
         }",
    ),
    SplitResource {
        blocks: Some(("lifecycle_rule", "rule")),
        ..SplitResource::one(
            &["lifecycle_rule"],
            "s3_bucket_lifecycle_configuration",
            "region = {location}
             bucket = {self}.id",
        )
    },
    SplitResource::one(
        &["policy"],
        "s3_bucket_policy",
        "region = {location}
         bucket = {self}.id
         policy = {policy}",
    ),
];

/// True if the second arguments take versions or the lock away from a bucket that has a lock.
fn suspends_locked(old: &JsonMap<String, Json>, new: &JsonMap<String, Json>) -> bool {
    let has_lock = |args: &JsonMap<String, Json>| args.get("object_lock").is_some_and(|lock| !lock.is_null());
    has_lock(old) && (!has_lock(new) || new.get("versioning") == Some(&Json::Bool(false)))
}

fn encode(subject: &Subject<'_>, bodies: &mut [Json]) {
    let Some(body) = bodies.first_mut() else { return };
    if let Some(refuses) = subject.args.get("public_access_block") {
        for setting in PUBLIC {
            path::put(body, &format!("{PUBLIC_AT}.{setting}"), refuses.clone());
        }
    }
    if subject.args.contains_key("object_lock") {
        path::put(body, "ObjectLockEnabled", Json::from(true));
        path::put(body, "ObjectLockConfiguration.ObjectLockEnabled", Json::from("Enabled"));
    }
    if subject.args.contains_key("kms_key") {
        let by_default = ENCRYPTION_AT.trim_end_matches("KMSMasterKeyID");
        path::put(body, &format!("{by_default}SSEAlgorithm"), Json::from("aws:kms"));
    }
    let rules = path::borrow_mut(body, RULES_AT).and_then(Json::as_array_mut).into_iter().flatten();
    let blocks = subject.args.get("lifecycle_rule").and_then(Json::as_array).into_iter().flatten();
    for (rule, block) in rules.zip(blocks) {
        for (from, to) in [("filter.prefix", "Prefix"), ("expiration.days", "ExpirationInDays")] {
            if let Some(value) = path::borrow(block, from) {
                path::put(rule, to, value.clone());
            }
        }
    }
}

fn decode(answers: &[Json], args: &mut JsonMap<String, Json>) {
    let Some(body) = answers.last() else { return };
    if let Some(block) = path::borrow(body, PUBLIC_AT) {
        let refuses = PUBLIC.iter().all(|setting| block.get(setting) == Some(&Json::Bool(true)));
        args.insert("public_access_block".to_owned(), Json::from(refuses));
    }
    if path::borrow(body, LOCK_AT).is_none_or(Json::is_null) {
        args.remove("object_lock");
    }
    let blocks = args.get_mut("lifecycle_rule").and_then(Json::as_array_mut).into_iter().flatten();
    for (block, rule) in blocks.zip(path::items(body, RULES_AT)) {
        for (block_name, inner, from) in [("filter", "prefix", "Prefix"), ("expiration", "days", "ExpirationInDays")] {
            if let Some(value) = rule.get(from).filter(|value| !value.is_null() && value.as_str() != Some("")) {
                path::put(block, block_name, json!({ inner: value }));
            }
        }
    }
}
