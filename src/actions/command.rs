//! The `command` action of a step.

use super::{ActionEffect, ActionExecutor, EXAMPLE, StepAction, USUAL};
use crate::language::{DURATION, LanguageBlock, Necessity, argument};

/// The table.
pub const COMMAND: StepAction = StepAction {
    block: LanguageBlock {
        name: "command",
        within: "step",
        about: "A program on the machine that runs drplan, without a shell. It succeeds with exit code 0.",
        label: "",
        count: "at most one",
        arguments: &[
            argument(
                "program",
                "string",
                Necessity::Required,
                "The program; a path is relative to the stack's directory.",
            ),
            argument("arguments", "list of strings", Necessity::Default("[]"), "Its arguments."),
            argument(
                "environment",
                "map of strings",
                Necessity::Default("{}"),
                "Environment variables, in addition to PATH, HOME, USER, the language, TZ and temporary directories.",
            ),
            argument("directory", "string", Necessity::Default("the stack's directory"), "Its working directory."),
            argument(
                "within",
                DURATION,
                Necessity::Default("\"10m\""),
                "The time after which it is killed and the step fails.",
            ),
        ],
        blocks: &[],
        notes: &["With `--cloud local`, a program that does not exist on this machine counts as successful."],
        example: EXAMPLE,
    },
    sent: &["program", "arguments", "environment", "directory"],
    question: None,
    resource: None,
    executor: ActionExecutor::Unchecked,
    effect: ActionEffect::Own,
    takes: USUAL,
};
