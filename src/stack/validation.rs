//! Rules that a variable's block states for its value, in `validation` blocks.

use std::sync::Arc;

use crate::diagnostic::{Diagnostic, Diagnostics, Sources, Span};
use crate::hcl::ast::{Expr, HclBlock, Ident};
use crate::hcl::eval::Budget;
use crate::hcl::{self, Files, ReferenceKey, Scope};
use crate::stack::references::of_expr;
use crate::value::Value;

/// The name of the block.
pub(crate) const VALIDATION: &str = "validation";
/// Its arguments. Both are required.
const CONDITION: &str = "condition";
const MESSAGE: &str = "error_message";

/// The value of a variable, for the conditions of its block.
pub(super) struct CheckedVariable<'a> {
    pub(super) name: &'a Arc<str>,
    pub(super) value: &'a Value,
    /// The origin of the value, completing "given …"; `None`: the default.
    pub(super) origin: Option<&'a str>,
    /// The place of a secret in the text: no message quotes its line.
    pub(super) secret: Option<Span>,
    pub(super) sources: &'a Sources,
    pub(super) files: &'a dyn Files,
    pub(super) budget: Budget,
}

/// Checks a value against the `validation` blocks of its variable.
pub(super) fn check(variable: &CheckedVariable<'_>, block: &HclBlock, found: &mut Diagnostics) {
    for rule in block.body.blocks.iter().filter(|inner| &*inner.ident.text == VALIDATION) {
        if let Some((condition, message)) = parts(rule, found)
            && variable.is_named(condition, found)
            && !variable.meets(condition, found)
        {
            let problem = variable.failure(condition, message, block.header, found);
            found.push(problem);
        }
    }
}

/// The condition and the message of a block; reports everything else in it.
fn parts<'a>(rule: &'a HclBlock, found: &mut Diagnostics) -> Option<(&'a Expr, &'a Expr)> {
    let known = [CONDITION, MESSAGE];
    if let Some(label) = rule.labels.first() {
        found.push(
            Diagnostic::error("wrong-labels", "`validation` takes no label")
                .at(label.span)
                .help("Write `validation { … }`."),
        );
    }
    for attribute in rule.body.attributes.iter().filter(|one| !known.contains(&&*one.name.text)) {
        let name = &attribute.name;
        found.push(
            Diagnostic::error("unknown-argument", format!("unsupported argument `{}` in `validation`", name.text))
                .at(name.span)
                .suggest(&name.text, known, Some(format!("Supported: {}.", known.join(", ")))),
        );
    }
    for inner in &rule.body.blocks {
        found.push(
            Diagnostic::error("unknown-argument", format!("unsupported block `{}` in `validation`", inner.ident.text))
                .at(inner.ident.span)
                .help(format!("Supported: the arguments {}.", known.join(", "))),
        );
    }
    let mut part = |name: &str, example: &str| {
        let written = rule.body.attribute(name).map(|attribute| &*attribute.expr);
        if written.is_none() && !rule.body.means(name, &known) {
            found.push(
                Diagnostic::error("missing-argument", format!("missing required argument `{name}` in `validation`"))
                    .at(rule.header)
                    .help(format!("Add `{name} = {example}`.")),
            );
        }
        written
    };
    part(CONDITION, "…, true for the values that the stack accepts").zip(part(MESSAGE, "\"…\""))
}

impl CheckedVariable<'_> {
    /// True if the condition refers to the variable; reports one that does not. Terraform refuses it as well.
    fn is_named(&self, condition: &Expr, found: &mut Diagnostics) -> bool {
        let is_named = of_expr(condition).iter().any(|(root, name)| &**root == "var" && name == self.name);
        if !is_named {
            let summary = format!("the condition does not refer to `var.{}`", self.name);
            found.push(
                Diagnostic::error("wrong-value", summary)
                    .at(condition.span)
                    .why("It is the same for every value of the variable.")
                    .help(format!("Refer to `var.{}`, as in `length(var.{}) > 2`.", self.name, self.name)),
            );
        }
        is_named
    }

    /// True unless the condition is known to be false.
    fn meets(&self, condition: &Expr, found: &mut Diagnostics) -> bool {
        let value = match hcl::evaluate(condition, self) {
            Ok(value) => value,
            Err(problems) => {
                found.extend(problems);
                return true;
            }
        };
        match value.unmark().0 {
            Value::Bool(is_met) => *is_met,
            // A secret without a value here, or an error that has been reported.
            Value::Unknown(_) => true,
            _ => {
                found.push(
                    Diagnostic::error(
                        "wrong-value",
                        format!("the condition of variable `{}` is neither true nor false", self.name),
                    )
                    .at(condition.span)
                    .help(format!("Write an expression that is true or false, as in `length(var.{}) > 2`.", self.name)),
                );
                true
            }
        }
    }

    /// The place of a line that must not be quoted, as `file:line`.
    fn quotable(&self, span: Span) -> Result<(), String> {
        let place = |span| self.sources.position(span).map(|(path, line, _)| format!("{path}:{line}"));
        match (place(span), self.secret.and_then(place)) {
            (Some(place), Some(secret)) if place == secret => Err(place),
            _ => Ok(()),
        }
    }

    /// The error of a value that does not meet a condition. Nothing in it is made from a sensitive value.
    fn failure(&self, condition: &Expr, message: &Expr, header: Span, found: &mut Diagnostics) -> Diagnostic {
        let origin = self.origin.map_or_else(|| ", its default".to_owned(), |origin| format!(", given {origin}"));
        let summary = format!("invalid value for variable `{}`{origin}", self.name);
        let problem = match self.quotable(condition.span) {
            Ok(()) => Diagnostic::error("failed-validation", summary).at(condition.span).label("false for this value"),
            Err(place) => {
                Diagnostic::error("failed-validation", format!("{summary}: the condition at {place} is false"))
            }
        };
        // The shell's history keeps what a command line contains.
        let way = match self.value.unmark() {
            (_, true) => format!("in the environment variable DRPLAN_VAR_{}", self.name),
            (_, false) => format!("with `--var {}=VALUE`", self.name),
        };
        let problem = problem.help(format!("Give another value, for example {way}."));
        let problem = if self.quotable(header).is_ok() { problem.and(header, "the variable") } else { problem };
        let message = match hcl::evaluate(message, self) {
            Ok(message) => message,
            Err(problems) => {
                found.extend(problems);
                return problem;
            }
        };
        match message.clear().as_ref().map(|clear| clear.json()) {
            Some(serde_json::Value::String(text)) => problem.why(text.clone()),
            Some(_) => problem.why("Its `error_message` is no string."),
            None => problem.why("Its `error_message` contains a sensitive value, and is not shown."),
        }
    }
}

impl Scope for CheckedVariable<'_> {
    fn resolve(&self, root: &Ident, keys: &[(ReferenceKey, Span)]) -> Result<(Value, usize), Diagnostic> {
        match keys.first() {
            Some((ReferenceKey::Attr(name), _)) if &*root.text == "var" && name == self.name => {
                Ok((self.value.clone(), 1))
            }
            first => {
                let step = match first {
                    Some((ReferenceKey::Attr(name), _)) => format!(".{name}"),
                    _ => String::new(),
                };
                Err(Diagnostic::error("constant-expected", format!("`{}{step}` cannot be referenced here", root.text))
                    .at(root.span)
                    .why("A variable is checked before anything else is evaluated.")
                    .help(format!("Refer to `var.{}` and nothing else.", self.name)))
            }
        }
    }

    fn files(&self) -> &dyn Files {
        self.files
    }

    fn budget(&self) -> Budget {
        self.budget.clone()
    }
}
