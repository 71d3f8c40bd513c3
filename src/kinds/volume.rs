//! Facts about a kind of volumes from which data come back without their machine.

use serde_json::Value as Json;

use super::failover::ReadTarget;

/// Recovery of a volume apart from its machine.
#[derive(Debug, Clone, Copy)]
pub struct VolumeRecovery {
    /// The read that shows if the volume is sound.
    pub shows: ReadTarget,
    /// The reason why its data cannot be trusted, from such a body: words without a full stop.
    pub unsound: fn(&Json) -> Option<String>,
    /// Its snapshots, where the provider makes some.
    pub snapshots: Option<VolumeSnapshots>,
}

/// Snapshots of a volume.
#[derive(Debug, Clone, Copy)]
pub struct VolumeSnapshots {
    /// The argument of a volume that names the snapshot that it is made of.
    pub argument: &'static str,
    /// The `$expand` with which a read of a volume lists its snapshots, as the tool of snapshots reads them.
    pub expand: &'static str,
}
