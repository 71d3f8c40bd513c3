//! What differs between two stacks as one comment of a pull request.

use super::comment::{Changed, Comment, markdown as comment_of};
use super::count;
use super::plan_markdown::regions;
use super::review::{Sides, settings, shown, verdict};
use crate::address::{Address, ArmId};
use crate::review::Review;
use crate::stack::Stack;

/// The whole comment. `names` are the ids of both stacks; `whole` is the command that shows everything, `digest` that which prints the JSON, and its SHA-256.
pub fn markdown(
    review: &Review,
    stack: &Stack,
    sides: &Sides,
    names: &[(ArmId, Address)],
    whole: String,
    digest: (String, String),
) -> String {
    let shown = shown(names);
    let mut further = Vec::new();
    if !review.settings.is_empty() {
        let summary = count(review.settings.len(), "setting differs", "settings differ");
        further.push((summary, settings(&shown, &review.settings)));
    }
    comment_of(&Comment {
        marker: format!("diff {}", review.stack),
        title: format!("drplan diff of {}", review.stack),
        verdict: verdict(review),
        remarks: Vec::new(),
        outlooks: &review.outlooks,
        outlook_notes: Vec::new(),
        risks: &review.risks,
        changes: review.resources.iter().map(Changed::from).collect(),
        shown,
        further,
        regions: regions(stack),
        whole,
        digest,
        basis: format!("from text alone, without state and cloud · {} → {}", sides.before, sides.after),
    })
}
