//! Machines, scale sets, disks and images.

pub(super) mod data_disks;
pub(super) mod image;
pub(super) mod image_copy;
pub(super) mod linux_virtual_machine;
pub(super) mod linux_virtual_machine_scale_set;
pub(super) mod machine_login;
pub(super) mod machine_power;
pub(super) mod machine_profile;
pub(super) mod machine_simulated;
pub(super) mod managed_disk;
pub(super) mod monitor_autoscale_setting;
pub(super) mod scale_set;
pub(super) mod scale_set_blocks;
pub(super) mod scale_set_uncovered;
pub(super) mod shared_image;
pub(super) mod shared_image_gallery;
pub(super) mod shared_image_version;
pub(super) mod single_machine;
pub(super) mod virtual_machine_data_disk_attachment;
pub(super) mod windows_virtual_machine;
pub(super) mod windows_virtual_machine_scale_set;
