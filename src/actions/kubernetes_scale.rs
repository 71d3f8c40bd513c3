//! The `kubernetes_scale` action of a step.

use super::{ActionEffect, ActionExecutor, EXAMPLE, StepAction, USUAL};
use crate::language::{DURATION, LanguageBlock, Necessity, argument};

/// The table.
pub const KUBERNETES_SCALE: StepAction = StepAction {
    block: LanguageBlock {
        name: "kubernetes_scale",
        within: "step",
        about: "Scaling of a Kubernetes workload. This version pauses the run and asks the operator to scale it.",
        label: "",
        count: "at most one",
        arguments: &[
            argument("cluster", "string", Necessity::Required, "The cluster."),
            argument("workload", "string", Necessity::Required, "The workload."),
            argument("replicas", "whole number", Necessity::Required, "The number of replicas."),
            argument("namespace", "string", Necessity::Optional, "The namespace."),
            argument("within", DURATION, Necessity::Default("\"2m\""), "The P95 of the step, for predictions."),
        ],
        blocks: &[],
        notes: &["Never part of a drill."],
        example: EXAMPLE,
    },
    sent: &[],
    question: None,
    resource: None,
    executor: ActionExecutor::Operator,
    effect: ActionEffect::Production { data: false },
    takes: USUAL,
};
