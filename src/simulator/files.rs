//! Files in objects that store files, as the operator puts and lists them. Which objects do is a provider's matter.

use jiff::Timestamp;

/// A file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SimulatedFile {
    /// Its path.
    pub path: String,
    /// Its size in bytes.
    pub bytes: u64,
    /// The time of the last write, which clients may set.
    pub written: Timestamp,
    /// The time of the last change, which the provider sets.
    pub modified: Timestamp,
}
