//! A recovery point: a moment to which a tool can bring data back.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// A backup in a catalogue.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RecoveryPoint {
    /// The tool's own name for it.
    pub id: String,
    /// Its form.
    pub kind: PointKind,
    /// The time of the data in it: when they were read, not when the upload ended.
    pub at: Timestamp,
    /// The end of the backup, where the tool reports one.
    pub finished: Option<Timestamp>,
    /// The points without which this one cannot be restored.
    pub needs: Vec<String>,
    /// Its sizes.
    pub bytes: PointBytes,
    /// How far it has been proven.
    pub level: Level,
    /// A check or a restore found damage in it.
    pub damaged: bool,
    /// The newest successful restore of it.
    pub proof: Option<RestoreProof>,
    /// The first segment of the log that its restore replays, for tools with a log archive.
    pub log_from: Option<String>,
    /// Its restore replays no more of the log than it needs itself, because damage follows.
    pub is_last: bool,
    /// Its files in the repository, for tools whose manifest lists them.
    pub parts: Vec<Part>,
}

impl RecoveryPoint {
    /// A complete point of this time, without sizes and without needs.
    pub fn new(id: impl Into<String>, kind: PointKind, at: Timestamp) -> Self {
        Self {
            id: id.into(),
            kind,
            at,
            finished: None,
            needs: Vec::new(),
            bytes: PointBytes::default(),
            level: Level::Complete,
            damaged: false,
            proof: None,
            log_from: None,
            is_last: false,
            parts: Vec::new(),
        }
    }

    /// True for a backup that ended and in which no check found damage. Its needs may be missing nevertheless.
    pub fn is_complete(&self) -> bool {
        !self.damaged && self.level >= Level::Complete
    }
}

/// A successful restore.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RestoreProof {
    /// Its end.
    pub at: Timestamp,
    /// The run that restored.
    pub run: String,
}

/// The form of a backup.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PointKind {
    /// Everything.
    Full,
    /// Changes since the last full one.
    Differential,
    /// Changes since any earlier one.
    Incremental,
    /// A snapshot that needs no other one.
    Snapshot,
    /// A dump.
    Dump,
}

impl PointKind {
    /// The word for it in output.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Full => "full",
            Self::Differential => "differential",
            Self::Incremental => "incremental",
            Self::Snapshot => "snapshot",
            Self::Dump => "dump",
        }
    }
}

/// The proof that a point can be restored, from the weakest to the strongest.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Level {
    /// Its name is in the repository.
    Listed,
    /// The tool reports that it ended.
    Complete,
    /// The tool has read all of it and found no damage.
    Checked,
    /// A run restored it: the checks of the machine passed, and the probes of the run.
    Restored,
}

impl Level {
    /// The word for it in output.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Listed => "listed",
            Self::Complete => "complete",
            Self::Checked => "checked",
            Self::Restored => "restored",
        }
    }
}

/// Sizes of a point, as far as the tool reports them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct PointBytes {
    /// Bytes to read from the repository for a restore, those of its needs among them.
    pub repository: Option<u64>,
    /// Bytes that a restore writes.
    pub restored: Option<u64>,
}

/// Sizes of a point in documents.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ManifestBytes {
    /// Bytes that are read from the repository.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub repository: Option<u64>,
    /// Bytes that are written to the disk.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub restored: Option<u64>,
    /// Bytes of log that are replayed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub log: Option<u64>,
}

/// A file of a point in the repository.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Part {
    /// Its key in the repository.
    pub key: String,
    /// Its size.
    pub bytes: u64,
    /// Its SHA-256, in hexadecimal.
    pub sha256: String,
}
