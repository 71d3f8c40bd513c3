//! Stores that a move cannot take along: they have no replica at the destination.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::course::{Course, Question, command, flags, is_forced, site_of};
use super::members::{is_at, workloads};
use super::restores::restores;
use super::sides::{Replica, replicas};
use super::verdicts::{refuses, warns};
use super::{PreflightCheck, ProcedureInput, in_prose};
use crate::address::Address;
use crate::plan::source_of;
use crate::shell::quoted;
use crate::stack::Resource;
use crate::state::RunKind;
use crate::steps::StepGraph;

/// Every store that the moved workloads use has a replica at the destination. A store of other users is only reported.
pub(super) fn check(question: &Question<'_>, _: &StepGraph, found: &mut Vec<PreflightCheck>) {
    let all = replicas(question);
    let moved: BTreeSet<_> =
        all.iter().filter(|replica| replica.to.is_some()).filter_map(|replica| source_of(replica.resource)).collect();
    // Another replica of the same source may take the data along.
    let left = all.iter().filter(|replica| replica.to.is_none());
    let left = left.filter(|replica| source_of(replica.resource).is_none_or(|source| !moved.contains(&source)));
    let left = left.filter(|replica| !restores(question, &replica.resource.uses));
    for replica in left {
        found.extend(left_at(question, replica, &question.course));
    }
}

/// The finding about a store that stays; `None` where it is at the destination.
fn left_at(question: &Question<'_>, replica: &Replica<'_>, course: &Course) -> Option<PreflightCheck> {
    let Course { arriving, leaving, .. } = course;
    let address = &replica.resource.address;
    let site = replica.standing.writer.map_or(&**leaving, |writer| site_of(question, replica.resource, writer));
    let is_lost = question.is_lost(site);
    if *site == **arriving || (!is_lost && site != &**leaving && !course.left.iter().any(|left| **left == *site)) {
        return None;
    }
    let users = users_of(question, replica.resource, course);
    let state = if is_lost { ", which is lost" } else { "" };
    let what = format!("{address} has no replica at {arriving}: its data stays at {site}{state}");
    if users.is_empty() || question.verb == RunKind::Drill {
        return Some(warns("data-left", what, "Applications that use it are not served from the new site."));
    }
    let names: Vec<&str> = users.iter().map(|user| user.as_str()).collect();
    let needed = format!("{what}. {} would serve users without it", in_prose(&names));
    let debt = format!("To move without this data, as protection debt, add --without {}.", quoted(address.as_str()));
    Some(refuses("data-left", needed, format!("{}{debt}", others(question, replica, course))))
}

/// The moves to the other sites where the store has a replica.
fn others(question: &Question<'_>, replica: &Replica<'_>, course: &Course) -> String {
    let mode = match is_forced(question) {
        true => format!("--forced{}", flags(question.lost)),
        false => "--planned".to_owned(),
    };
    let has_side = |site: &&Arc<str>| {
        super::course::side_at(question, replica.resource, site).is_some()
            && **site != course.leaving
            && **site != course.arriving
            && !question.is_lost(site)
    };
    let to = |site: &Arc<str>| match *site == question.group.from {
        true if is_forced(question) => command(question, &format!("down {mode}")),
        true => command(question, "down"),
        false => command(question, &format!("up {mode} --to {}", quoted(site))),
    };
    question.group.sites().filter(has_side).map(|site| format!("To move to {site}: {}. ", to(site))).collect()
}

/// The workloads of the move that use a store: those that stop, and those that serve at the destination.
fn users_of(question: &Question<'_>, replica: &Resource, course: &Course) -> BTreeSet<Address> {
    let ProcedureInput { stack, group, .. } = **question;
    let is_store =
        |address: &&Address| stack.resources.get(*address).is_some_and(|resource| resource.kind.recovery.loses_data);
    let store: BTreeSet<&Address> = replica.uses.iter().filter(is_store).chain([&replica.address]).collect();
    let stopped = course.left.iter().flat_map(|site| workloads(question, site));
    let created = stack.resources.values();
    let created =
        created.filter(|resource| resource.kind.moves.stops() && is_at(stack, group, resource, &course.arriving));
    let started = workloads(question, &course.arriving).into_iter();
    let all = stopped.chain(created).chain(started);
    all.filter(|user| uses(question, user, &store)).map(|user| user.address.clone()).collect()
}

/// True for a resource that depends on one of these, directly or not.
fn uses(question: &Question<'_>, user: &Resource, store: &BTreeSet<&Address>) -> bool {
    let mut seen = BTreeSet::new();
    let mut open: Vec<&Address> = user.needs.iter().collect();
    while let Some(address) = open.pop() {
        if store.contains(address) {
            return true;
        }
        if seen.insert(address) {
            open.extend(question.stack.resources.get(address).into_iter().flat_map(|of| &of.needs));
        }
    }
    false
}
