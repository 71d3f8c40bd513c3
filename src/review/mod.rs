//! What a reviewer asks of a change: what differs, what that does to recovery, and what becomes riskier.
//!
//! Pure, and from text alone: two stacks as they are written, without a state and without a cloud. What stands otherwise than it is written is for a plan
//! to say; the prediction and the risks are those of both.

mod outlook;
mod pairs;
mod resources;
mod risks;
mod settings;

use serde::Serialize;
use serde_json::{Value as Json, json};

use crate::address::Address;
use crate::failover::History;
use crate::plan::{ArgumentChange, Change};
use crate::stack::Stack;
use crate::value::{SENSITIVE, Seal, Sealed};

pub use outlook::{
    Earlier, Expected, Outlook, Short, as_recorded, decides, falls_short, misses, outlooks, refusals, worst,
};
pub use risks::{Risk, risks};

/// What differs between two stacks, and what that means.
#[derive(Debug, Clone, PartialEq)]
pub struct Review {
    /// The stack's name, as it is after.
    pub stack: String,
    /// Whether there was no stack before.
    pub is_new: bool,
    /// The resources that differ, what is destroyed first.
    pub resources: Vec<Difference>,
    /// How many resources are the same.
    pub same: usize,
    /// Everything else that differs.
    pub settings: Vec<Setting>,
    /// What recovery is predicted to take and to lose.
    pub outlooks: Vec<Outlook>,
    /// What becomes riskier, what weighs most first.
    pub risks: Vec<Risk>,
}

/// A resource that differs.
#[derive(Debug, Clone, PartialEq)]
pub struct Difference {
    /// What it was called, where its label changes.
    pub was: Option<Address>,
    /// What happens to it. [`crate::plan::Action::Adopt`] where only its label changes.
    pub change: Change,
}

/// Something other than a resource that differs.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Setting {
    /// What it is: `stack`, `objectives`, `site`, `variable`, `failover_group`, `output`.
    pub of: &'static str,
    /// Its name; empty where there is only one.
    pub name: String,
    /// What becomes of it.
    pub turn: Turn,
    /// What of it differs.
    pub arguments: Vec<ArgumentChange>,
}

/// What becomes of something.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Turn {
    /// It is no longer there.
    Removed,
    /// It is otherwise.
    Changed,
    /// It is new.
    Added,
}

/// Compares two stacks; without one before, everything is new. The seal only tells secrets apart: none of its digests is in what comes of it, so that its
/// key may be another one each time.
pub fn compare(before: Option<&Stack>, after: &Stack, seal: &Seal) -> Review {
    let pairs = pairs::of(before, after);
    let renamed = pairs::renamed(&pairs);
    let (resources, same) = resources::differences(&pairs, &renamed, seal);
    let settings = settings::differences(before, after, &renamed, seal);
    let earlier = before.map_or(Earlier::Nothing, Earlier::Stack);
    let outlooks = outlooks(earlier, after, &History::default());
    let changes = resources.iter().map(|one| &one.change);
    let risks = risks(earlier, after, changes, &outlooks);
    Review { stack: after.name.clone(), is_new: before.is_none(), resources, same, settings, outlooks, risks }
}

impl Review {
    /// Whether anything differs.
    pub fn has_changes(&self) -> bool {
        !self.resources.is_empty() || !self.settings.is_empty()
    }
}

/// A sealed value with its digests taken out. Their key is made anew each time, and the same input gives the same bytes.
fn without_digests(json: &Json) -> Json {
    match json {
        _ if Sealed::is_sensitive(json) => json!({ SENSITIVE: "hidden" }),
        Json::Array(items) => items.iter().map(without_digests).collect(),
        Json::Object(map) => map.iter().map(|(name, item)| (name.clone(), without_digests(item))).collect(),
        Json::Null | Json::Bool(_) | Json::Number(_) | Json::String(_) => json.clone(),
    }
}

fn hidden(changes: Vec<ArgumentChange>) -> Vec<ArgumentChange> {
    let hide = |value: Option<Sealed>| value.map(|value| Sealed::from_sealed_json(&without_digests(value.json())));
    let one = |ArgumentChange { path, before, after, forces_replace }| ArgumentChange {
        path,
        before: hide(before),
        after: hide(after),
        forces_replace,
    };
    changes.into_iter().map(one).collect()
}
