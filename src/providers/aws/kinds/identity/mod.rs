//! Permissions of machines.

pub(super) mod iam_instance_profile;
pub(super) mod iam_role;
