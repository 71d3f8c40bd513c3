//! Roles of the two sides of a replica: which side, how a role moves, how the copy is, and what protection is missing.
//!
//! State, steps and reports keep these words. They hold for every provider and know none.

use serde::{Deserialize, Serialize};

/// A side of a replica as the stack declares it. The role (which side takes writes) is observed, never declared.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Side {
    /// Origin of the data in normal operation.
    Source,
    /// Location of the copy.
    Target,
}

impl Side {
    /// The opposite side.
    #[must_use]
    pub const fn other(self) -> Self {
        match self {
            Self::Source => Self::Target,
            Self::Target => Self::Source,
        }
    }
}

/// Mode of a promotion.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FailoverMode {
    /// Both sides answer, and no data is lost.
    Planned,
    /// The lost side is abandoned: writes that it has not replicated are lost.
    Forced,
}

impl FailoverMode {
    /// The mode as a word.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Planned => "planned",
            Self::Forced => "forced",
        }
    }
}

/// Cause of an incident: it decides which copies of the data can be trusted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum IncidentCause {
    /// A site or its data are lost: the newest copy is the best.
    #[default]
    Lost,
    /// Data are damaged, by a faulty release or by an attacker: replicas have the same damage, and so may the newest
    /// backup.
    Corrupt,
}

impl IncidentCause {
    /// The cause as a word.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Lost => "lost",
            Self::Corrupt => "corrupt",
        }
    }

    /// True for the usual cause.
    pub fn is_lost(&self) -> bool {
        *self == Self::Lost
    }
}

/// Health of the side that does not take writes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Health {
    /// The side follows.
    Following,
    /// The side will follow; the text completes "it …", as in `is being seeded (replication state SEEDING)`.
    Behind(String),
    /// The side does not follow and will not recover without action; the text completes "it …".
    Broken(String),
    /// The side cannot be read; the text is the reason.
    Unseen(String),
}

/// Protection that is missing now.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ProtectionDebt {
    /// The missing protection, a sentence without its full stop: `the account is kept in one region only
    /// (Standard_LRS)`.
    pub what: String,
    /// The remediation, in the same form. State and journal files keep the key `pays`; printed JSON has `remediation`.
    pub pays: String,
}
