//! The `approval` action of a step.

use super::{ActionEffect, ActionExecutor, ActionTime, EXAMPLE, StepAction};
use crate::language::{DURATION, LanguageBlock, Necessity, argument};

/// The table.
pub const APPROVAL: StepAction = StepAction {
    block: LanguageBlock {
        name: "approval",
        within: "step",
        about: "A question to the operator. The run pauses (exit code 5) until `drplan failover-group approve` answers it.",
        label: "",
        count: "at most one",
        arguments: &[
            argument(
                "message",
                "string",
                Necessity::Required,
                "The question. A sensitive value in it is shown as `(sensitive)`, and no file holds it.",
            ),
            argument("within", DURATION, Necessity::Default("\"30m\""), "The P95 of the answer, for predictions."),
        ],
        blocks: &[],
        notes: &[],
        example: EXAMPLE,
    },
    sent: &[],
    question: Some("message"),
    resource: None,
    executor: ActionExecutor::Operator,
    effect: ActionEffect::Nothing,
    takes: ActionTime::Usual { typical: 300, worst: 1800 },
};
