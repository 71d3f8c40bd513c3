//! Objects that AWS stores.

pub(super) mod s3_bucket;
pub(super) mod s3_object;
