//! The `sync` action of a step.

use super::{ActionEffect, ActionExecutor, EXAMPLE, StepAction, USUAL};
use crate::language::{LanguageBlock, Necessity, argument};

/// The table.
pub const SYNC: StepAction = StepAction {
    block: LanguageBlock {
        name: "sync",
        within: "step",
        about: "A final copy of files from one site to the other. This version pauses the run and asks the operator to copy them.",
        label: "",
        count: "at most one",
        arguments: &[
            argument("from", "string or reference", Necessity::Required, "The source."),
            argument("to", "string or reference", Necessity::Required, "The target."),
            argument("mirror", "true or false", Necessity::Default("false"), "Reserved: accepted and ignored."),
        ],
        blocks: &[],
        notes: &["Never part of a drill."],
        example: EXAMPLE,
    },
    sent: &[],
    question: None,
    resource: None,
    executor: ActionExecutor::Operator,
    effect: ActionEffect::Production { data: true },
    takes: USUAL,
};
