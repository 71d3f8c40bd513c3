//! The replicas of a procedure: where each takes writes, and how it is promoted.

use super::ProcedureInput;
use super::course::{Question, is_forced, side_at};
use crate::address::Address;
use crate::kinds::{Promotion, ReplicaStatus, Subject, Twins};
use crate::object::Object;
use crate::plan::source_of;
use crate::roles::{FailoverMode, Health, Side};
use crate::stack::{Resource, Stack};

/// A replica of the group with its observed standing.
pub(super) struct Replica<'a> {
    pub(super) resource: &'a Resource,
    pub(super) promotion: &'static Promotion,
    pub(super) standing: ReplicaStatus,
    /// Its side at the destination, which the procedure promotes; `None` where it has none there.
    pub(super) to: Option<Side>,
    /// The mode of its promotion: in a forced move planned where nothing that it needs is lost.
    pub(super) how: FailoverMode,
}

impl Replica<'_> {
    /// True if the side at the destination is primary already.
    pub(super) fn is_there(&self) -> bool {
        self.to.is_some() && self.standing.writer == self.to
    }
}

/// The replicas of the group, as observed, without those that are left behind.
pub(super) fn replicas<'a>(question: &Question<'a>) -> Vec<Replica<'a>> {
    let ProcedureInput { stack, group, seen, without, .. } = **question;
    let arriving = &question.course.arriving;
    let one = |address: &Address| {
        let resource = stack.resources.get(address)?;
        let promotion = resource.kind.promotion?;
        let nothing = Default::default();
        let observed = seen.replicas.get(address).unwrap_or(&nothing);
        let stands = || stack.with_known(resource, |subject| (promotion.standing)(subject, observed));
        let standing = seen.assumed.get(address).cloned().unwrap_or_else(stands);
        let to = side_at(question, resource, arriving);
        let how = mode(question, resource, &standing, to);
        Some(Replica { resource, promotion, standing, to, how })
    };
    let promoted: &[Address] = if question.is_verification() { &[] } else { &group.promote };
    promoted.iter().filter(|address| !without.contains(address)).filter_map(one).collect()
}

/// The mode of a promotion. A forced move abandons the lost sites and nothing else: a replica that follows, and all of
/// whose sides respond, is promoted as planned, without data loss. No such promotion waits for a lost or silent region.
fn mode(question: &Question<'_>, resource: &Resource, standing: &ReplicaStatus, to: Option<Side>) -> FailoverMode {
    let (Some(to), true) = (to, is_forced(question)) else { return question.how };
    let (ProcedureInput { stack, seen, .. }, nothing) = (&**question, Default::default());
    let observed = seen.replicas.get(&resource.address).unwrap_or(&nothing);
    let is_whole = || {
        let regions = regions(stack, resource);
        let is_away = |region: &String| {
            question.lost_sites().any(|site| site.location.eq_ignore_ascii_case(region)) || seen.is_silent(region)
        };
        !regions.is_empty() && !regions.iter().any(is_away)
    };
    let is_possible = || {
        resource.kind.promotion.is_some_and(|promotion| {
            let call = |subject: &Subject<'_>| (promotion.promote)(subject, observed, to, FailoverMode::Planned);
            stack.with_known(resource, call).is_ok()
        })
    };
    let follows = standing.health == Health::Following && standing.writer == Some(to.other());
    match follows && is_whole() && !is_unequal(question, resource) && is_possible() {
        true => FailoverMode::Planned,
        false => FailoverMode::Forced,
    }
}

/// The regions of a replica's data: both sides, and those of further replicas of its source.
pub(super) fn regions(stack: &Stack, resource: &Resource) -> Vec<String> {
    let source = source_of(resource);
    let is_same = |other: &&Resource| source.is_some() && source_of(other) == source;
    let all = stack.resources.values().filter(is_same).filter_map(|other| stack.ends(other));
    all.flat_map(|(source, target)| [source, target]).collect()
}

/// The objects of both sides of a replica that should be alike.
pub(super) fn twins(stack: &Stack, resource: &Resource) -> Vec<Twins> {
    resource.kind.promotion.map(|promotion| stack.with_known(resource, promotion.twins)).unwrap_or_default()
}

/// True for a replica whose sides differ so that the provider refuses a planned promotion, as far as they were read.
pub(super) fn is_unequal(question: &Question<'_>, resource: &Resource) -> bool {
    let body = |object: &Object| question.seen.lists.get(&object.id)?.as_ref().ok();
    twins(question.stack, resource).iter().any(|twins| match body(&twins.source).zip(body(&twins.target)) {
        Some((source, target)) => twins.differences(source, target).iter().any(|(property, _)| property.needed),
        None => false,
    })
}
