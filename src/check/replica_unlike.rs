//! Replicas with another size than their source.

use super::{Rule, Weight};
use crate::diagnostic::Diagnostics;
use crate::plan::{UnlikeReplica, unlike};
use crate::stack::Stack;

pub(super) static RULE: Rule = Rule {
    name: "replica-unlike",
    about: "A replica has the size that a planned promotion needs.",
    weight: Weight::Error,
    cause: "The stack gives a replica another compute size or another storage size than its source.",
    consequence: "The provider refuses a planned promotion between unlike servers. A forced one loses data, and the \
                  promoted server serves all users with its own size.",
    fix: "Remove the sizes from the replica, which then follows its source, or set those of the source.",
    breaks: include_str!("../../templates/check/replica-unlike/breaks.hcl"),
    keeps: include_str!("../../templates/check/replica-unlike/keeps.hcl"),
    check,
};

fn check(stack: &Stack, found: &mut Diagnostics) {
    for UnlikeReplica { replica, source, differences } in unlike(stack) {
        found.push(
            RULE.finding(format!(
                "`{}` and its source `{}` differ: {}",
                replica.address,
                source.address,
                differences.join(", ")
            ))
            .at(replica.span)
            .and(source.span, "the source")
            .why(format!("{} refuses a planned promotion between them.", replica.kind.provider().title))
            .help("Remove the sizes from the replica, which then follows its source, or set those of the source."),
        );
    }
}
