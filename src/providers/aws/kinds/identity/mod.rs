//! Permissions of machines.

pub(super) mod iam_instance_profile;
pub(super) mod iam_role;
pub(super) mod kms_key;
pub(super) mod ssm_parameter;
