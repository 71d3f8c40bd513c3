//! The blocks of a variable.

use crate::language::Necessity::{Default, Optional, Required};
use crate::language::{LanguageBlock, argument};

/// The block `variable`.
pub(super) const VARIABLE: LanguageBlock = LanguageBlock {
    name: "variable",
    within: "",
    about: "An input of the stack. Its value comes from `--var`, `--vars FILE`, a file `*.auto.vars.hcl` of the stack or \
            `DRPLAN_VAR_name`.",
    label: "the name of the variable, read as `var.name`",
    count: "any number",
    arguments: &[
        argument(
            "type",
            "string | number | bool | any | list(…) | set(…) | map(…) | object({ … })",
            Default("any"),
            "The type of the value. Attributes of an object may be `optional(type)` or `optional(type, default)`.",
        ),
        argument("default", "any value", Optional, "The default value. Without it, a value is required."),
        argument(
            "sensitive",
            "true or false",
            Default("false"),
            "Keep the value out of plans, state, journals, logs and emitted code. A keyed digest shows changes.",
        ),
        argument("description", "string", Optional, "Description, for readers of the stack."),
    ],
    blocks: &["validation"],
    notes: &["Its arguments are literals: they cannot refer to other values."],
    example: include_str!("examples/variable.hcl"),
};

/// The block `validation` in a variable.
pub(super) const VALIDATION: LanguageBlock = LanguageBlock {
    name: "validation",
    within: "variable",
    about: "A condition for the value of the variable, wherever the value comes from. A value for which it is false is an \
            error.",
    label: "",
    count: "any number",
    arguments: &[
        argument(
            "condition",
            "true or false",
            Required,
            "True for the values that the stack accepts. It refers to the variable, and to nothing else.",
        ),
        argument("error_message", "string", Required, "The reason, for the operator who gave another value."),
    ],
    blocks: &[],
    notes: &[
        "A condition of a secret without a value is not evaluated.",
        "A message with a sensitive value is not shown.",
    ],
    example: include_str!("examples/variable.hcl"),
};
