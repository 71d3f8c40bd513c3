//! Review of a change: differences between two stacks, their effect on recovery, and increased risks.
//!
//! Pure, and from configuration alone, without state and cloud. Drift is for a plan to report; plans and reviews share
//! the predictions and risks.

mod outlook;
mod pairs;
mod resources;
mod risks;
mod settings;

use serde::Serialize;
use serde_json::{Value as Json, json};

use crate::failover::History;
use crate::plan::{ArgumentChange, Change};
use crate::stack::Stack;
use crate::value::{SENSITIVE, Seal, SealedValue};

pub use outlook::{
    Expectation, Outlook, PreviousStack, Shortfall, as_recorded, decides, falls_short, misses, outlooks, refusals,
    worst,
};
pub use risks::{Risk, risks};

/// Differences between two stacks, and their consequences.
#[derive(Debug, Clone, PartialEq)]
pub struct Review {
    /// Name of the stack after.
    pub stack: String,
    /// True if there was no stack before.
    pub is_new: bool,
    /// Resources that differ, deletions first.
    pub resources: Vec<Change>,
    /// Number of equal resources.
    pub same: usize,
    /// Differences beside resources.
    pub settings: Vec<Setting>,
    /// Predicted recovery time and data loss.
    pub outlooks: Vec<Outlook>,
    /// Increased risks, most severe first.
    pub risks: Vec<Risk>,
}

/// A difference beside resources.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Setting {
    /// Subject: `stack`, `objectives`, `site`, `variable`, `failover_group`, `output`.
    pub of: &'static str,
    /// Name; empty if there is only one of its kind.
    pub name: String,
    /// Direction of the change.
    pub turn: DifferenceKind,
    /// Differing arguments.
    pub arguments: Vec<ArgumentChange>,
}

/// Direction of a change.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum DifferenceKind {
    /// Absent after.
    Removed,
    /// Present in both, and different.
    Changed,
    /// Absent before.
    Added,
}

/// Compares two stacks; without one before, everything is new. The seal only distinguishes secrets. The result contains
/// none of its digests, so its key may differ each time.
pub fn compare(before: Option<&Stack>, after: &Stack, seal: &Seal) -> Review {
    let pairs = pairs::of(before, after);
    let renamed = pairs::renamed(&pairs);
    let (resources, same) = resources::differences(&pairs, &renamed, seal);
    let settings = settings::differences(before, after, &renamed, seal);
    let earlier = before.map_or(PreviousStack::Nothing, PreviousStack::Stack);
    let outlooks = outlooks(earlier, after, &History::default());
    let risks = risks(earlier, after, resources.iter(), &outlooks);
    Review { stack: after.name.clone(), is_new: before.is_none(), resources, same, settings, outlooks, risks }
}

impl Review {
    /// True if the stacks differ.
    pub fn has_changes(&self) -> bool {
        !self.resources.is_empty() || !self.settings.is_empty()
    }
}

/// A sealed value without digests. Their key is new each time, and equal input must give equal bytes.
fn without_digests(json: &Json) -> Json {
    match json {
        _ if SealedValue::is_sensitive(json) => json!({ SENSITIVE: "hidden" }),
        Json::Array(items) => items.iter().map(without_digests).collect(),
        Json::Object(map) => map.iter().map(|(name, item)| (name.clone(), without_digests(item))).collect(),
        Json::Null | Json::Bool(_) | Json::Number(_) | Json::String(_) => json.clone(),
    }
}

fn hidden(changes: Vec<ArgumentChange>) -> Vec<ArgumentChange> {
    let hide =
        |value: Option<SealedValue>| value.map(|value| SealedValue::from_sealed_json(&without_digests(value.json())));
    let one = |ArgumentChange { path, before, after, forces_replace }| ArgumentChange {
        path,
        before: hide(before),
        after: hide(after),
        forces_replace,
    };
    changes.into_iter().map(one).collect()
}
