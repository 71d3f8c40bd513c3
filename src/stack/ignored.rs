//! `ignore_changes`: the arguments of a resource that somebody else owns once it exists, such as an autoscaler.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::references::plain_name;
use crate::diagnostic::{Diagnostic, Diagnostics};
use crate::hcl::ast::{Body, ExprKind};
use crate::kinds::{Kind, with_article};

/// The argument of every resource block that lists them.
pub(super) const IGNORE_CHANGES: &str = "ignore_changes";

/// The names in a block's `ignore_changes`, checked against its kind's arguments.
pub(super) fn of(kind: &'static Kind, body: &Body, found: &mut Diagnostics) -> BTreeSet<Arc<str>> {
    let Some(attribute) = body.attribute(IGNORE_CHANGES) else { return BTreeSet::new() };
    let ExprKind::List(items) = &attribute.expr.kind else {
        found.push(
            Diagnostic::error("wrong-value", "invalid value for `ignore_changes`: expected a list of arguments")
                .at(attribute.expr.span)
                .help("Write `ignore_changes = [argument, …]`, with names of this block's arguments."),
        );
        return BTreeSet::new();
    };
    let known = || kind.args.iter().map(|arg| arg.name);
    let mut names = BTreeSet::new();
    for item in items {
        let name = plain_name(item).filter(|steps| steps.len() == 1).and_then(|steps| steps.into_iter().next());
        let problem = match name {
            Some(name) if kind.place.argument() == Some(&*name) => {
                Diagnostic::error("wrong-value", format!("`{name}` cannot be ignored: it decides which object this is"))
            }
            Some(name) if kind.arg(&name).is_some() => {
                names.insert(name);
                continue;
            }
            Some(name) => {
                let what =
                    format!("`ignore_changes` names `{name}`, which is no argument of {}", with_article(kind.name));
                Diagnostic::error("unknown-argument", what).suggest(&name, known(), None)
            }
            None => {
                Diagnostic::error("wrong-value", "invalid value in `ignore_changes`: expected the name of an argument")
                    .help("Name a whole argument or nested block of this resource, without indexes or attributes.")
            }
        };
        found.push(problem.at(item.span));
    }
    names
}
