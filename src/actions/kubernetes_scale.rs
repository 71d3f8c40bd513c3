//! The `kubernetes_scale` action of a step.

use super::{ActionEffect, ActionExecutor, EXAMPLE, StepAction, USUAL};
use crate::language::{DURATION, LanguageBlock, Necessity, argument};

/// The table.
pub const KUBERNETES_SCALE: StepAction = StepAction {
    block: LanguageBlock {
        name: "kubernetes_scale",
        within: "step",
        about: "Scaling of a Kubernetes workload of the stack. The step ends once its pods are ready, or gone. A workload that the stack does not have is scaled by the operator.",
        label: "",
        count: "at most one",
        arguments: &[
            argument(
                "workload",
                "reference to a workload, or string",
                Necessity::Required,
                "The workload; the name of one that the stack does not have.",
            ),
            argument("replicas", "whole number", Necessity::Required, "The number of replicas."),
            argument(
                "cluster",
                "string",
                Necessity::Optional,
                "The cluster of a workload that the stack does not have.",
            ),
            argument("namespace", "string", Necessity::Optional, "The namespace of such a workload."),
            argument("within", DURATION, Necessity::Default("\"2m\""), "The P95 of the step, for predictions."),
        ],
        blocks: &[],
        notes: &["Never part of a drill."],
        example: EXAMPLE,
    },
    sent: &[],
    question: None,
    resource: Some("workload"),
    executor: ActionExecutor::Checked,
    effect: ActionEffect::Production { data: false },
    takes: USUAL,
};
