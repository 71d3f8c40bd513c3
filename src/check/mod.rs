//! Rules of disaster recovery over a stack: one file each, one line in `RULES`. Rules that follow from facts of one
//! provider lie in its folder, and arrive as an argument of [`Rules::new`].
//!
//! Every command applies the rules that [block](Weight::Stops): a stack that breaks one of them cannot recover, so
//! drplan plans nothing from it. `drplan check` applies the others, which a stack can accept with a reason. Rules know
//! kinds by their tables only.

mod backup_at_source;
mod backup_custodians;
mod backup_key_in_text;
mod backup_retention;
mod backup_same_provider;
mod examples;
mod failover_at_from;
mod failover_without_group;
mod fixed_without_machine;
mod forced_at_lost_site;
mod foreign_provider;
mod image_at_source;
mod image_not_copied;
mod leans_on_lost_site;
mod lifecycle_on_chain;
mod names_collide;
mod no_fence;
mod no_probe;
mod not_backed_up;
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
mod replica_unlike;
mod residency;
mod single_lever;
mod tls;

use std::collections::BTreeSet;
use std::sync::Arc;

use crate::diagnostic::{Diagnostic, Diagnostics, Span};
use crate::kinds::{Grammar, Location, Promotion};
use crate::object::ObjectId;
use crate::stack::{AcceptedFinding, Backup, DataClass, FailoverGroup, Knowledge, Program, Resource, Stack};
use crate::value::Value;

/// One rule.
#[derive(Debug)]
pub struct Rule {
    /// Its name, which is the code of its messages.
    pub name: &'static str,
    /// The requirement, in one sentence.
    pub about: &'static str,
    /// Effect of a finding.
    pub weight: Weight,
    /// Cause of a finding, in sentences.
    pub cause: &'static str,
    /// Consequence for users or data, in sentences, with the facts behind it.
    pub consequence: &'static str,
    /// Correction, in sentences.
    pub fix: &'static str,
    /// A stack that breaks the rule: `templates/check/<rule>/breaks.hcl`, without the sites `east` and `west` and a
    /// resource group at each.
    pub breaks: &'static str,
    /// The same stack, corrected: `templates/check/<rule>/keeps.hcl`.
    pub keeps: &'static str,
    pub(crate) check: fn(&Stack, &mut Diagnostics),
}

/// Effect of a finding.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Weight {
    /// Blocks every command, and cannot be accepted.
    Stops,
    /// `check` fails.
    Error,
    /// `check` reports it, and fails with `--strict`.
    Warning,
}

impl Weight {
    /// Name in lists and JSON.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Stops => "blocking",
            Self::Error => "error",
            Self::Warning => "warning",
        }
    }
}

impl Rule {
    /// A finding of this rule, without a position.
    pub(crate) fn finding(&self, summary: impl Into<String>) -> Diagnostic {
        match self.weight {
            Weight::Stops | Weight::Error => Diagnostic::error(self.name, summary),
            Weight::Warning => Diagnostic::warning(self.name, summary),
        }
    }
}

/// Result of `check` for a stack that no rule blocks.
pub struct CheckReport<'a> {
    /// Findings that are not accepted, and `accept` blocks that are invalid or unused.
    pub found: Diagnostics,
    /// Accepted findings, each with its `accept` block.
    pub accepted: Vec<(Diagnostic, &'a AcceptedFinding)>,
}

/// The rules that hold at every provider.
static RULES: &[&Rule] = &[
    &failover_at_from::RULE,
    &overlapping_ranges::RULE,
    &replica_at_source::RULE,
    &image_at_source::RULE,
    &residency::RULE,
    &permanent_needs_failover::RULE,
    &foreign_provider::RULE,
    &failover_without_group::RULE,
    &image_not_copied::RULE,
    &names_collide::RULE,
    &replica_unlike::RULE,
    &tls::RULE,
    &objective_rto::RULE,
    &objective_rpo::RULE,
    &replica_not_promoted::RULE,
    &backup_at_source::RULE,
    &not_replicated::RULE,
    &not_backed_up::RULE,
    &backup_same_provider::RULE,
    &backup_retention::RULE,
    &backup_custodians::RULE,
    &backup_key_in_text::RULE,
    &lifecycle_on_chain::RULE,
    &fixed_without_machine::RULE,
    &redundancy::RULE,
    &forced_at_lost_site::RULE,
    &leans_on_lost_site::RULE,
    &peering_missing::RULE,
    &single_lever::RULE,
    &no_probe::RULE,
    &no_fence::RULE,
    &public_access::RULE,
];

/// The rules of a program: those that hold at every provider, and those of its providers.
#[derive(Debug, Clone)]
pub struct Rules(Vec<&'static Rule>);

impl Rules {
    /// All rules of the program, where its providers have these: first those that block every command, then errors,
    /// then warnings.
    pub fn new(of_providers: impl IntoIterator<Item = &'static Rule>) -> Self {
        let mut all: Vec<&'static Rule> = RULES.iter().copied().chain(of_providers).collect();
        all.sort_by_key(|rule| rule.weight);
        Self(all)
    }

    /// Each of them.
    pub fn iter(&self) -> impl Iterator<Item = &'static Rule> {
        self.0.iter().copied()
    }

    /// The rule with this name.
    pub fn named(&self, name: &str) -> Option<&'static Rule> {
        self.iter().find(|rule| rule.name == name)
    }

    /// Findings of the rules that block every command.
    pub fn check(&self, stack: &Stack) -> Diagnostics {
        self.held(stack, |weight| weight == Weight::Stops)
    }

    fn held(&self, stack: &Stack, counts: impl Fn(Weight) -> bool) -> Diagnostics {
        let mut found = Diagnostics::new();
        for rule in self.iter().filter(|rule| counts(rule.weight)) {
            (rule.check)(stack, &mut found);
        }
        found.sort();
        found
    }

    /// All errors of a stack in the order of the text: those `found` while it was read, those of its evaluation, and
    /// the findings of the rules in the part that could be evaluated. The stack is complete if none of them is an
    /// error.
    pub fn all(&self, program: &Arc<Program>, mut found: Diagnostics) -> (Option<Stack>, Diagnostics) {
        let (stack, more) = program.evaluate_all(&Knowledge::default());
        found.extend(more);
        found.extend(stack.iter().flat_map(|stack| self.check(stack)));
        found.sort();
        (stack, found)
    }

    /// Findings of all rules that do not block, accepted ones apart.
    pub fn review<'a>(&self, stack: &'a Stack) -> CheckReport<'a> {
        let (mut found, mut accepted, mut used) = (Diagnostics::new(), Vec::new(), BTreeSet::new());
        for finding in self.held(stack, |weight| weight != Weight::Stops) {
            match stack.accepted.iter().find(|accepted| accepted.rule == finding.code) {
                Some(one) => {
                    used.insert(one.rule.as_str());
                    accepted.push((finding, one));
                }
                None => found.push(finding),
            }
        }
        for one in stack.accepted.iter().filter(|one| !used.contains(one.rule.as_str())) {
            found.push(match self.named(&one.rule) {
                None => Diagnostic::warning("unknown-rule", format!("there is no rule `{}` to accept", one.rule))
                    .at(one.span)
                    .suggest(
                        &one.rule,
                        self.iter().map(|rule| rule.name),
                        Some("`drplan check --list` lists them.".to_owned()),
                    ),
                Some(rule) if rule.weight == Weight::Stops => Diagnostic::warning(
                    "accepted-in-vain",
                    format!("rule `{}` blocks every command and cannot be accepted", one.rule),
                )
                .at(one.span)
                .help("Remove the block."),
                Some(_) => {
                    Diagnostic::warning("accepted-in-vain", format!("no finding of rule `{}` to accept", one.rule))
                        .at(one.span)
                        .help("Remove the block, so that it does not hide later findings.")
                }
            });
        }
        found.sort();
        CheckReport { found, accepted }
    }
}

/// Position of an argument of a resource, or of the block's header if the argument is omitted.
pub(crate) fn span(resource: &Resource, argument: &str) -> Span {
    resource.spans.get(argument).copied().unwrap_or(resource.span)
}

/// The resource that an argument refers to.
pub(crate) fn referred<'a>(stack: &'a Stack, resource: &Resource, argument: &str) -> Option<&'a Resource> {
    stack.by_id(&ObjectId::new(resource.args.get(argument)?.as_str()?))
}

/// Region of the resource or site that an argument refers to.
fn region_of(stack: &Stack, resource: &Resource, argument: &str) -> Option<String> {
    let text = resource.args.get(argument)?.as_str()?;
    match stack.by_id(&ObjectId::new(text)) {
        Some(other) => Some(other.location.clone()),
        None => (!stack.catalog().is_id(text)).then(|| text.to_owned()),
    }
}

/// Replicas that failover groups promote, with their kind's promotion.
fn promoted(stack: &Stack) -> impl Iterator<Item = (&FailoverGroup, &Resource, &'static Promotion)> {
    stack.failover_groups.values().flat_map(move |group| {
        group.promote.iter().filter_map(move |address| {
            let resource = stack.resources.get(address)?;
            Some((group, resource, resource.kind.promotion?))
        })
    })
}

/// Resources with persistent backups whose places are known, each with all of them.
fn backed_up(stack: &Stack) -> impl Iterator<Item = (&Resource, Vec<&Backup>)> {
    let of = |resource: &Resource| -> Vec<&Backup> {
        let all = stack.backups.values().filter(|backup| backup.of == resource.address);
        let counts = all.filter(|backup| backup.class == DataClass::Persistent);
        counts.filter(|backup| stack.repository_site(backup).is_some()).collect()
    };
    stack.resources.values().map(move |resource| (resource, of(resource))).filter(|(_, backups)| !backups.is_empty())
}

/// Dependencies of the recovery site on the site that is left: failover group, resource at the recovery site, and the
/// resource that it uses. Kinds that connect two sites are exempt.
fn crossings(stack: &Stack) -> impl Iterator<Item = (&FailoverGroup, &Resource, &Resource)> {
    let is_regional = |resource: &Resource| {
        let recovery = &resource.kind.recovery;
        resource.kind.location == Location::Regional && recovery.replicates.is_none() && recovery.joins.is_none()
    };
    stack.failover_groups.values().flat_map(move |group| {
        let at_recovery = stack.resources.values().filter(move |resource| {
            (group.is_standby(&resource.site) || group.stands_up(resource))
                && resource.site != group.from
                && is_regional(resource)
        });
        at_recovery.flat_map(move |resource| {
            let used = resource.uses.iter().filter_map(|used| stack.resources.get(used));
            let lost = used.filter(move |used| used.site == group.from && used.kind.location != Location::Global);
            lost.filter(move |used| !used.kind.place.collects()).map(move |used| (group, resource, used))
        })
    })
}

/// Source and target region of a replica.
fn regions(stack: &Stack, resource: &Resource) -> Option<(String, String)> {
    let replicates = resource.kind.recovery.replicates?;
    Some((region_of(stack, resource, replicates.from)?, region_of(stack, resource, replicates.to)?))
}

/// Text of an argument that is not sensitive.
pub(crate) fn plain<'a>(resource: &'a Resource, argument: &str) -> Option<&'a str> {
    match resource.args.get(argument)? {
        Value::String(text) => Some(text),
        _ => None,
    }
}
