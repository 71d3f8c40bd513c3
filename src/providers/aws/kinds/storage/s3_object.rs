//! Object of a bucket: a manifest or a status document, as text.

use crate::kinds::table::*;
use crate::providers::aws::VERSION;
use crate::providers::aws::kinds::forms::name_of;
use crate::providers::aws::terraform::REGION;

/// Table of `aws_s3_object`.
pub(crate) static KIND: Kind = Kind {
    name: "aws_s3_object",
    about: "Object of a bucket, as a text.",
    type_: KindType { name: "AWS::S3::Object", version: VERSION },
    place: Place::Child("bucket", "objects"),
    location: Location::None,
    names: NameRule {
        written: false,
        ..NameRule::new(1, 1024, "^[A-Za-z0-9!_.*'()/=+@:,-]+$", "letters, digits, and `! _ . * ' ( ) / = + @ : , -`")
    },
    args: &[
        place("bucket", &["aws_s3_bucket"], "Bucket; its site is that of the object."),
        arg("key", Ty::String, "", "Key, as in `manifests/web.json`. The label of the block.")
            .wire(Wire::Nowhere)
            .replace(),
        arg("content", Ty::String, "Content", "Text of the object.").required(),
        arg("content_type", Ty::String, "ContentType", "Type of the content.").kept(Kept::Chosen),
        arg(
            "storage_class",
            Ty::Enum(&["STANDARD", "STANDARD_IA", "ONEZONE_IA", "INTELLIGENT_TIERING", "GLACIER_IR"]),
            "StorageClass",
            "Class of storage; all of these answer at once.",
        )
        .default(Lit::Str("STANDARD")),
        arg("metadata", Ty::Map(&Ty::String), "Metadata", "Texts that the object has beside its content."),
    ],
    attributes: &[
        attribute("etag", "ETag", FakeValue::Nothing, "Digest of the content."),
        attribute("version_id", "VersionId", FakeValue::Nothing, "Id of the version, in a bucket with versions."),
    ],
    drill: Drill::never("it belongs to the bucket, which a drill reads"),
    durations: Durations { create: 1, update: 1, delete: 1 },
    recovery: Recovery { loses_data: true, ..Recovery::NONE },
    in_use: "",
    odd: Overrides { name: Some(|subject| name_of(subject, "key")), named_by: &["key"], ..Overrides::NONE },
    restless: &["LastModified", "VersionId"],
    terraform: Terraform {
        resource: "s3_object",
        renamed: &[REGION, ("name", "key"), ("bucket", "bucket")],
        located: true,
        given_id: "BUCKET/KEY",
        ..Terraform::BY_RULE
    },
    example: r#"
aws_s3_bucket "example" {
  site   = site.east
  bucket = "example-manifests-of-drplan"
}

aws_s3_object "example" {
  bucket  = aws_s3_bucket.example
  key     = "manifests/web.json"
  content = "{}"
}
"#,
    left_out: &[
        ("acl", "access by lists, which AWS turned off; write `policy` at the bucket"),
        ("bucket_key_enabled", "the bucket decides"),
        ("cache_control", "for objects that browsers read"),
        ("checksum_algorithm", "drplan sends a checksum always"),
        ("content_base64", "write `content`"),
        ("content_disposition", "for objects that browsers read"),
        ("content_encoding", "for objects that browsers read"),
        ("content_language", "for objects that browsers read"),
        ("etag", "drplan compares contents"),
        ("force_destroy", "it would delete what is locked"),
        ("kms_key_id", "the bucket decides"),
        ("object_lock_legal_hold_status", "the bucket decides"),
        ("object_lock_mode", "the bucket decides"),
        ("object_lock_retain_until_date", "the bucket decides"),
        ("override_provider", "for tags of a provider block, which drplan's code has none of"),
        ("server_side_encryption", "the bucket decides"),
        ("source", "write `content = file(\"…\")`"),
        ("source_hash", "drplan compares contents"),
        ("tags", "those of the bucket"),
        ("website_redirect", "for objects that browsers read"),
    ],
    ..crate::providers::aws::KIND
};
