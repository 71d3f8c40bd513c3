//! The drill that `backup verify` runs: the machines that restore the named backups, and what they need.
//!
//! It is a drill of the group in every other respect: copies, isolation, comparison of production, deletion.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use super::course::Question;
use super::in_prose;
use super::members::is_at;
use super::offers::machines_of;
use crate::address::Address;
use crate::backup::launch::ManifestItem;
use crate::backup::{BackupSet, Level, Prediction, Rates};
use crate::duration::{at_least, spoken};
use crate::object::ObjectId;
use crate::stack::{Backup, FailoverGroup, Resource, Stack};
use crate::value::Value;

/// A machine that restores a backup in a move of a failover group to one of its cold sites.
#[derive(Clone, Copy)]
pub struct Restorer<'a> {
    /// The machine.
    pub machine: &'a Resource,
    /// The failover group.
    pub group: &'a FailoverGroup,
    /// The cold site.
    pub site: &'a Arc<str>,
}

/// The machines that restore a backup, in the order of the groups and of their standby sites.
pub fn restorers<'a>(stack: &'a Stack, backup: &Address) -> Vec<Restorer<'a>> {
    let is_cold = |site: &&Arc<str>| stack.sites.get(*site).is_some_and(|site| site.is_cold());
    let restores = |machine: &&Resource| {
        machine.kind.recovery.launches.is_some() && !machine.address.is_rehearsed() && stack.restores(machine, backup)
    };
    let machines: Vec<&Resource> = stack.resources.values().filter(restores).collect();
    let mut found = Vec::new();
    for group in stack.failover_groups.values() {
        for site in group.standbys().iter().filter(is_cold) {
            let own = machines.iter().filter(|machine| is_at(stack, group, machine, site));
            found.extend(own.map(|machine| Restorer { machine, group, site }));
        }
    }
    found
}

impl Question<'_> {
    /// True for a drill that only verifies backups.
    pub(super) fn is_verification(&self) -> bool {
        !self.verify.is_empty()
    }

    /// True for a backup that machines of this run restore, if the stack lets them.
    pub(super) fn restores(&self, backup: &Address) -> bool {
        !self.is_verification() || self.verify.contains(backup)
    }
}

/// The copies that a drill creates, each after what it refers to. Those of a verification are the machines that restore
/// one of its backups at the site, what they need, and what completes these.
pub(super) fn copies<'a>(question: &Question<'a>) -> Vec<&'a Resource> {
    let stack = question.stack;
    if !question.is_verification() {
        return stack.rehearsed().collect();
    }
    let is_meant = |copy: &&Resource| {
        let original = copy.address.original().and_then(|address| stack.resources.get(&address));
        let is_there =
            original.is_some_and(|original| is_at(stack, question.group, original, &question.course.arriving));
        let restores = |backup: &&Backup| question.verify.contains(&backup.address);
        copy.kind.recovery.launches.is_some() && is_there && stack.restored_by(copy).iter().any(restores)
    };
    let mut made: BTreeSet<&Address> = BTreeSet::new();
    let mut open: Vec<&Resource> = stack.rehearsed().filter(is_meant).collect();
    while !open.is_empty() {
        while let Some(copy) = open.pop() {
            if made.insert(&copy.address) {
                let used = copy.uses.iter().chain(&copy.needs).filter(|used| used.is_rehearsed());
                open.extend(used.filter_map(|used| stack.resources.get(used)));
            }
        }
        let completes = |copy: &&Resource| {
            let whole = copy.kind.place.whole().and_then(|whole| copy.args.get(whole)).and_then(Value::as_str);
            let whole = whole.and_then(|whole| stack.by_id(&ObjectId::new(whole)));
            !made.contains(&copy.address) && whole.is_some_and(|whole| made.contains(&whole.address))
        };
        open = stack.rehearsed().filter(completes).collect();
    }
    stack.rehearsed().filter(|copy| made.contains(&copy.address)).collect()
}

/// The predicted time of each item on this machine, from what restores of its backup have measured.
pub(super) fn times(question: &Question<'_>, machine: &Resource, items: &[ManifestItem]) -> Vec<Duration> {
    predictions(question, machine, items).map(|all| all.map(|one| one.total()).unwrap_or_default()).collect()
}

fn predictions<'a>(
    question: &'a Question<'_>,
    machine: &Resource,
    items: &'a [ManifestItem],
) -> impl Iterator<Item = Option<Prediction>> + use<'a> {
    let machine_type = machines_of(question.stack, machine).map(|machines| machines.size);
    items.iter().map(move |item| {
        let records = set(question, item).map(|set| set.restores.as_slice()).unwrap_or_default();
        item.prediction(&Rates::measured(records, machine_type.as_deref()))
    })
}

/// The predicted time of a restore in words, with the item and the resource that it waits for most, and the source of
/// the prediction; `None` where no size is known.
pub(super) fn predicted(question: &Question<'_>, machine: &Resource, items: &[ManifestItem]) -> Option<String> {
    let known: Vec<(&ManifestItem, Prediction)> =
        items.iter().zip(predictions(question, machine, items)).filter_map(|(item, one)| Some((item, one?))).collect();
    let whole: Duration = known.iter().map(|(_, one)| one.total()).sum();
    let (item, longest) = known.iter().max_by_key(|(_, one)| one.total())?;
    let (term, source) = (longest.largest()?, known.iter().filter_map(|(_, one)| one.source()).max()?);
    let unknown: Vec<&str> = items
        .iter()
        .filter(|item| !known.iter().any(|(one, _)| one.name == item.name))
        .map(|item| &*item.name)
        .collect();
    let without = match unknown.is_empty() {
        true => String::new(),
        false => format!(", without {}, whose size is unknown", in_prose(&unknown)),
    };
    Some(format!(
        "{} restores in about {} ({}){without}; the longest term is {} of {} ({})",
        machine.address,
        spoken(at_least(whole)),
        source.as_str(),
        term.name,
        item.name,
        term.limit
    ))
}

/// The proof of the point of each item, before this run.
pub(super) fn levels(question: &Question<'_>, items: &[ManifestItem]) -> Vec<Level> {
    let of = |item: &ManifestItem| {
        let point = set(question, item)?.point(item.select.backup.as_deref()?)?;
        Some(point.level)
    };
    items.iter().map(|item| of(item).unwrap_or(Level::Complete)).collect()
}

/// The catalogue of an item's backup.
fn set<'a>(question: &Question<'a>, item: &ManifestItem) -> Option<&'a BackupSet> {
    let backup = question.stack.backups.get(&*item.name)?;
    question.seen.catalogues.get(&backup.address)?.as_ref().ok()
}
