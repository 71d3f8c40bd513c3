//! The `wait` action of a step.

use super::{ActionEffect, ActionExecutor, ActionTime, EXAMPLE, StepAction};
use crate::language::{DURATION, LanguageBlock, Necessity, argument};

/// The table.
pub const WAIT: StepAction = StepAction {
    block: LanguageBlock {
        name: "wait",
        within: "step",
        about: "A pause of fixed length.",
        label: "",
        count: "at most one",
        arguments: &[argument("for", DURATION, Necessity::Required, "The length.")],
        blocks: &[],
        notes: &[],
        example: EXAMPLE,
    },
    sent: &[],
    question: None,
    resource: None,
    executor: ActionExecutor::Checked,
    effect: ActionEffect::Nothing,
    takes: ActionTime::Written("for"),
};
