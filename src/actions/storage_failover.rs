//! The `storage_failover` action of a step.

use super::{ActionEffect, ActionExecutor, EXAMPLE, StepAction, USUAL};
use crate::language::{LanguageBlock, Necessity, argument};

/// The table.
pub const STORAGE_FAILOVER: StepAction = StepAction {
    block: LanguageBlock {
        name: "storage_failover",
        within: "step",
        about: "Forced failover of a geo-redundant storage account, through the replica in the stack that copies it.",
        label: "",
        count: "at most one",
        arguments: &[argument("account", "reference to a storage account", Necessity::Required, "The account.")],
        blocks: &[],
        notes: &["Never part of a drill."],
        example: EXAMPLE,
    },
    sent: &[],
    question: None,
    resource: Some("account"),
    executor: ActionExecutor::Checked,
    effect: ActionEffect::Production { data: true },
    takes: USUAL,
};
