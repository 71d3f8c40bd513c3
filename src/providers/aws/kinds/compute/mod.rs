//! Machines of AWS, and what they start from.

pub(super) mod ebs_volume;
pub(super) mod instance;
pub(super) mod key_pair;
pub(super) mod launch_template;
mod machine;
