//! Rules of disaster recovery over a stack: one file each, one line in [`RULES`].
//!
//! The rules here are errors: a stack that breaks one of them would not come back when it has to, so nothing is planned from it. They know kinds only by what
//! their tables say of recovery.

mod failover_at_from;
mod foreign_provider;
mod image_at_source;
mod metadata_region;
mod overlapping_ranges;
mod permanent_needs_failover;
mod replica_at_source;
mod residency;

use std::sync::Arc;

use crate::address::ArmId;
use crate::diagnostic::{Diagnostics, Span};
use crate::stack::{Knowledge, Program, Resource, Stack};

/// One rule.
pub struct Rule {
    /// Its name, which is the code of its messages.
    pub name: &'static str,
    /// What it holds a stack to, in one sentence.
    pub about: &'static str,
    check: fn(&Stack, &mut Diagnostics),
}

/// Every rule.
pub static RULES: &[&Rule] = &[
    &failover_at_from::RULE,
    &metadata_region::RULE,
    &overlapping_ranges::RULE,
    &replica_at_source::RULE,
    &image_at_source::RULE,
    &residency::RULE,
    &permanent_needs_failover::RULE,
    &foreign_provider::RULE,
];

/// Everything that the rules find.
pub fn check(stack: &Stack) -> Diagnostics {
    let mut found = Diagnostics::new();
    for rule in RULES {
        (rule.check)(stack, &mut found);
    }
    found.sort();
    found
}

/// Everything that is wrong with a stack that was read: what was `found` by reading it, what its evaluation finds and what the rules find in as
/// much of it as could be evaluated. In the order of the text. The stack is whole where none of it is an error.
pub fn all(program: &Arc<Program>, mut found: Diagnostics) -> (Option<Stack>, Diagnostics) {
    let (stack, more) = program.evaluate_all(&Knowledge::default());
    found.extend(more);
    found.extend(stack.iter().flat_map(check));
    found.sort();
    (stack, found)
}

/// Where an argument of a resource is written; the block's header where it is not.
fn span(resource: &Resource, argument: &str) -> Span {
    resource.spans.get(argument).copied().unwrap_or(resource.span)
}

/// The resource that an argument refers to.
fn referred<'a>(stack: &'a Stack, resource: &Resource, argument: &str) -> Option<&'a Resource> {
    stack.by_id(&ArmId::new(resource.args.get(argument)?.as_str()?))
}

/// The region that an argument says: of the resource it refers to, or of a site.
fn region_of(stack: &Stack, resource: &Resource, argument: &str) -> Option<String> {
    let text = resource.args.get(argument)?.as_str()?;
    match stack.by_id(&ArmId::new(text)) {
        Some(other) => Some(other.location.clone()),
        None => (!text.starts_with('/')).then(|| text.to_owned()),
    }
}
