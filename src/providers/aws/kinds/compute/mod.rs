//! Machines of AWS, and what they start from.

pub(super) mod ami_copy;
pub(super) mod ami_from_instance;
pub(super) mod capacity_reservation;
mod copy;
pub(super) mod ebs_snapshot;
pub(super) mod ebs_snapshot_copy;
pub(super) mod ebs_volume;
pub(super) mod image_copy;
pub(super) mod instance;
pub(super) mod key_pair;
pub(super) mod launch_template;
mod machine;
pub(super) mod replica;
