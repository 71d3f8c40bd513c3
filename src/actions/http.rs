//! The `http` action of a step.

use super::{ActionEffect, ActionExecutor, ActionTime, StepAction};
use crate::language::{DURATION, LanguageBlock, Necessity, argument};

/// The table.
pub const HTTP: StepAction = StepAction {
    block: LanguageBlock {
        name: "http",
        within: "step",
        about: "An HTTP request. GET, HEAD, PUT, DELETE and OPTIONS are repeated until the status matches; other methods \
                are sent once.",
        label: "",
        count: "at most one",
        arguments: &[
            argument("url", "string", Necessity::Required, "The URL."),
            argument("method", "string", Necessity::Default("\"GET\""), "The method."),
            argument("status", "whole number", Necessity::Default("200"), "The HTTP status that counts as success."),
            argument("headers", "map of strings", Necessity::Default("{}"), "Headers of the request."),
            argument(
                "body",
                "any value",
                Necessity::Optional,
                "The body: a string is sent unchanged, any other value as JSON.",
            ),
            argument(
                "within",
                DURATION,
                Necessity::Default("\"60s\""),
                "How long to wait for the answer, or to repeat the request.",
            ),
        ],
        blocks: &[],
        notes: &["Sensitive URLs, headers and bodies are sent and never shown."],
        example: include_str!("../reference/examples/failover_group.hcl"),
    },
    sent: &["url", "headers", "body"],
    question: None,
    resource: None,
    executor: ActionExecutor::Unchecked,
    effect: ActionEffect::Own,
    takes: ActionTime::Usual { typical: 1, worst: 120 },
};
