//! The difference between two stacks as one comment of a pull request.

use super::comment::{Comment, CommentChange, CommentCommands, markdown as comment_of};
use super::count;
use super::plan_markdown::regions;
use super::review::{StackLabels, settings, shown, verdict};
use crate::address::Address;
use crate::object::ObjectId;
use crate::review::Review;
use crate::stack::Stack;

/// The whole comment. `names` are the ids of both stacks.
pub fn markdown(
    review: &Review,
    stack: &Stack,
    sides: &StackLabels,
    names: &[(ObjectId, Address)],
    commands: CommentCommands,
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
        changes: review.resources.iter().map(CommentChange::from).collect(),
        shown,
        further,
        regions: regions(stack),
        commands,
        basis: format!("compared by configuration, without state and cloud · {} → {}", sides.before, sides.after),
    })
}
