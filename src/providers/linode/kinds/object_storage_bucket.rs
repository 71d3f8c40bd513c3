//! Bucket of object storage, which lies in one region.

use super::forms::BUCKET;
use crate::kinds::table::*;
use crate::providers::linode::terraform::{LABEL, REGION};

static SIGNED: SignedObjects = SignedObjects {
    type_: KindType { name: "Linode/buckets/objects", version: "4" },
    segment: "objects",
    content: "content",
    // The first cluster of a region.
    repository: |store, region| format!("s3:https://{region}-1.linodeobjects.com/{}", store.name()),
};

/// Table of `linode_object_storage_bucket`.
pub(super) static KIND: Kind = Kind {
    name: "linode_object_storage_bucket",
    about: "Bucket of object storage. Linode copies its objects to no other region.",
    type_: KindType { name: "Linode/buckets", version: "4" },
    place: Place::Root("linode:buckets/{name}"),
    location: Location::Regional,
    names: BUCKET,
    args: &[
        PRESENCE,
        arg(
            "acl",
            Ty::Enum(&["private", "public-read", "authenticated-read", "public-read-write"]),
            "acl",
            "Who may use its objects without a key.",
        )
        .default(Lit::Str("private")),
        arg("cors_enabled", Ty::Bool, "cors_enabled", "Let pages of any origin use it.").default(Lit::Bool(true)),
        arg(
            "endpoint_type",
            Ty::Enum(&["E0", "E1", "E2", "E3"]),
            "endpoint_type",
            "Type of the endpoint. Linode chooses by the region.",
        )
        .chosen(),
    ],
    attributes: &[
        attribute("hostname", "hostname", FakeValue::Nothing, "Host name of the bucket."),
        attribute("s3_endpoint", "s3_endpoint", FakeValue::Nothing, "Host name of the S3 API of its region."),
    ],
    durations: Durations { create: 2, update: 2, delete: 2 },
    recovery: Recovery { keeps_objects: true, signed: Some(&SIGNED), ..Recovery::DATA },
    in_use: "BucketNotEmpty",
    restless: &["objects", "size"],
    terraform: Terraform {
        resource: "object_storage_bucket",
        renamed: &[LABEL, REGION],
        given_id: "REGION:LABEL",
        ..Terraform::BY_RULE
    },
    example: r#"
linode_object_storage_bucket "example" {
  name = "drplan-example-files"
  site = site.east
}
"#,
    left_out: &[
        ("access_key", "for `lifecycle_rule` and `versioning`, which drplan leaves out"),
        ("cert", "users of buckets with names of their own reach them through a proxy"),
        ("cluster", "deprecated by Linode; a site has the region"),
        ("lifecycle_rule", "needs a key of the S3 API, which drplan does not hold"),
        ("s3_endpoint", "Linode chooses it by the type"),
        ("secret_key", "for `lifecycle_rule` and `versioning`, which drplan leaves out"),
        ("versioning", "needs a key of the S3 API, which drplan does not hold"),
    ],
    ..crate::providers::linode::KIND
};
