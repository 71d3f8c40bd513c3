//! Rules of disaster recovery over a stack: one file each, one line in [`RULES`].
//!
//! A rule that [stops](Weight::Stops) is held by every command: a stack that breaks it would not come back when it has to, so nothing is planned from it. The
//! others are what `drplan check` is for, and can be accepted in the stack with a reason. They know kinds only by what their tables say.

mod automatic_grace;
mod failover_at_from;
mod failover_without_group;
mod forced_at_lost_site;
mod foreign_provider;
mod image_at_source;
mod image_not_copied;
mod leans_on_lost_site;
mod logins_stay;
mod metadata_region;
mod names_collide;
mod no_fence;
mod no_probe;
mod not_replicated;
mod objective_rpo;
mod objective_rto;
mod overlapping_ranges;
mod peering_missing;
mod permanent_needs_failover;
mod public_access;
mod redundancy;
mod replica_at_source;
mod replica_not_promoted;
mod residency;
mod single_lever;
mod tls;
mod vault_at_protected_site;

use std::collections::BTreeSet;
use std::sync::Arc;

use crate::address::ArmId;
use crate::diagnostic::{Diagnostic, Diagnostics, Span};
use crate::kinds::{Location, Promotion};
use crate::stack::{Accepted, FailoverGroup, Knowledge, Program, Resource, Stack};
use crate::value::Value;

/// One rule.
pub struct Rule {
    /// Its name, which is the code of its messages.
    pub name: &'static str,
    /// What it holds a stack to, in one sentence.
    pub about: &'static str,
    /// How much a finding of it counts.
    pub weight: Weight,
    /// Why, in sentences, with the fact it rests on.
    pub why: &'static str,
    /// What keeps it, as part of a stack: its file in `templates/check`.
    pub instead: &'static str,
    check: fn(&Stack, &mut Diagnostics),
}

/// How much a finding counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Weight {
    /// Nothing is planned from the stack, and it cannot be accepted.
    Stops,
    /// `check` fails.
    Error,
    /// `check` tells it, and fails where it is strict.
    Warning,
}

impl Weight {
    /// The word for it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Stops => "stops",
            Self::Error => "error",
            Self::Warning => "warning",
        }
    }
}

impl Rule {
    /// A finding of this rule, without a place.
    fn finding(&self, summary: impl Into<String>) -> Diagnostic {
        match self.weight {
            Weight::Stops | Weight::Error => Diagnostic::error(self.name, summary),
            Weight::Warning => Diagnostic::warning(self.name, summary),
        }
    }
}

/// Every rule: first those that stop, then what makes a recovery fail, then what makes it worse.
pub static RULES: &[&Rule] = &[
    &failover_at_from::RULE,
    &metadata_region::RULE,
    &overlapping_ranges::RULE,
    &replica_at_source::RULE,
    &image_at_source::RULE,
    &residency::RULE,
    &permanent_needs_failover::RULE,
    &foreign_provider::RULE,
    &failover_without_group::RULE,
    &image_not_copied::RULE,
    &names_collide::RULE,
    &tls::RULE,
    &objective_rto::RULE,
    &objective_rpo::RULE,
    &automatic_grace::RULE,
    &replica_not_promoted::RULE,
    &not_replicated::RULE,
    &redundancy::RULE,
    &forced_at_lost_site::RULE,
    &leans_on_lost_site::RULE,
    &vault_at_protected_site::RULE,
    &logins_stay::RULE,
    &peering_missing::RULE,
    &single_lever::RULE,
    &no_probe::RULE,
    &no_fence::RULE,
    &public_access::RULE,
];

/// The rule with this name.
pub fn rule(name: &str) -> Option<&'static Rule> {
    RULES.iter().copied().find(|rule| rule.name == name)
}

/// Everything that the rules find which stop.
pub fn check(stack: &Stack) -> Diagnostics {
    held(stack, |weight| weight == Weight::Stops)
}

fn held(stack: &Stack, counts: impl Fn(Weight) -> bool) -> Diagnostics {
    let mut found = Diagnostics::new();
    for rule in RULES.iter().filter(|rule| counts(rule.weight)) {
        (rule.check)(stack, &mut found);
    }
    found.sort();
    found
}

/// What `check` has to say of a stack that stands up to what stops.
pub struct Review<'a> {
    /// What the rules find and nobody accepted, and what is wrong with what was accepted.
    pub found: Diagnostics,
    /// What was found and accepted, each with where and why.
    pub accepted: Vec<(Diagnostic, &'a Accepted)>,
}

/// All rules that do not stop, with what the stack accepts set apart.
pub fn review(stack: &Stack) -> Review<'_> {
    let (mut found, mut accepted, mut used) = (Diagnostics::new(), Vec::new(), BTreeSet::new());
    for finding in held(stack, |weight| weight != Weight::Stops) {
        match stack.accepted.iter().find(|accepted| accepted.rule == finding.code) {
            Some(one) => {
                used.insert(one.rule.as_str());
                accepted.push((finding, one));
            }
            None => found.push(finding),
        }
    }
    for one in stack.accepted.iter().filter(|one| !used.contains(one.rule.as_str())) {
        found.push(match rule(&one.rule) {
            None => Diagnostic::warning("unknown-rule", format!("there is no rule `{}` to accept", one.rule))
                .at(one.span)
                .suggest(
                    &one.rule,
                    RULES.iter().map(|rule| rule.name),
                    Some("`drplan check --list` lists them.".to_owned()),
                ),
            Some(rule) if rule.weight == Weight::Stops => Diagnostic::warning(
                "accepted-in-vain",
                format!("`{}` stops every command and cannot be accepted", one.rule),
            )
            .at(one.span)
            .help("Take the block out."),
            Some(_) => Diagnostic::warning(
                "accepted-in-vain",
                format!("nothing breaks the rule `{}` that is accepted here", one.rule),
            )
            .at(one.span)
            .help("Take the block out, so that it does not hide what comes later."),
        });
    }
    found.sort();
    Review { found, accepted }
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

/// The replicas that failover groups promote, with how.
fn promoted(stack: &Stack) -> impl Iterator<Item = (&FailoverGroup, &Resource, &'static Promotion)> {
    stack.failover_groups.values().flat_map(move |group| {
        group.promote.iter().filter_map(move |address| {
            let resource = stack.resources.get(address)?;
            Some((group, resource, resource.kind.promotion?))
        })
    })
}

/// What stands in a region at the recovery site of a group and uses what stands in the region of the other: the group, the user and the used. What is
/// there to join two sites is left out.
fn crossings(stack: &Stack) -> impl Iterator<Item = (&FailoverGroup, &Resource, &Resource)> {
    let is_regional = |resource: &Resource| {
        let recovery = &resource.kind.recovery;
        resource.kind.location == Location::Regional && recovery.replicates.is_none() && recovery.joins.is_none()
    };
    stack.failover_groups.values().flat_map(move |group| {
        let theirs = stack.resources.values().filter(move |resource| {
            (resource.site == group.to || group.stands_up(resource))
                && resource.site != group.from
                && is_regional(resource)
        });
        theirs.flat_map(move |resource| {
            let used = resource.uses.iter().filter_map(|used| stack.resources.get(used));
            let lost = used.filter(move |used| used.site == group.from && used.kind.location != Location::Global);
            lost.filter(move |used| used.kind.place != crate::kinds::Place::Subscription)
                .map(move |used| (group, resource, used))
        })
    })
}

/// The regions from and to which a resource replicates.
fn regions(stack: &Stack, resource: &Resource) -> Option<(String, String)> {
    let replicates = resource.kind.recovery.replicates?;
    Some((region_of(stack, resource, replicates.from)?, region_of(stack, resource, replicates.to)?))
}

/// The text of an argument that is written in clear.
fn plain<'a>(resource: &'a Resource, argument: &str) -> Option<&'a str> {
    match resource.args.get(argument)? {
        Value::String(text) => Some(text),
        _ => None,
    }
}
