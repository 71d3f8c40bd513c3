//! Backups that other tools make, as drplan reads and judges them: recovery points, chains, ages, restore times.
//!
//! Everything here is pure. Text of a tool comes in, points and plans come out: no module runs a program, opens a
//! repository, reads a clock, or knows a stack or a provider. One file for each tool, one line in [`TOOLS`].

mod age;
mod dumps;
mod findings;
mod judgement;
mod ladder;
pub mod launch;
mod log;
mod measured;
mod pgbackrest;
mod point;
mod rates;
mod record;
mod restic;
mod retention;
mod set;
mod simulated;
mod snapshots;
mod terms;
mod tool;
mod wal_g;

pub use age::{DataAge, age, data_age, data_before, data_of, promised};
pub use findings::image as image_finding;
pub use judgement::{Judgement, judge};
pub use ladder::{LadderInput, Rung, RungKind, SnapshotRung, ladder};
pub use log::LogArchive;
pub use point::{Level, ManifestBytes, Part, PointBytes, PointKind, RecoveryPoint, RestoreProof};
pub use rates::{Prediction, Rate, RateSource, Rates, RestorePhase, predict, predict_bytes};
pub use record::{RestoreOutcome, RestoreRecord, keep, means_damage, probed};
pub use retention::kept;
pub use set::{BackupSet, BrokenChain};
pub use simulated::{Schedule, simulated};
pub use terms::{BackupFinding, FindingWeight, Terms};
pub use tool::{Catalogue, Points, RestoreForm, RestoreRequest, RestoreStep, Selection, Tool, ToolWord, Verdict};

/// The tools that drplan can read.
pub static TOOLS: &[&Tool] = &[&pgbackrest::TOOL, &restic::TOOL, &wal_g::TOOL, &dumps::TOOL, &snapshots::TOOL];

/// The tool with this word.
pub fn tool(word: &str) -> Option<&'static Tool> {
    TOOLS.iter().copied().find(|tool| tool.name == word)
}

#[cfg(test)]
pub(crate) use record::tests::{damaged as damaged_record, restored as restore_record};
#[cfg(test)]
mod tests;
