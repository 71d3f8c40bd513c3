//! A restore in place: the machine that restores a backup is made again where it is, without a move.
//!
//! Its deletion is the fence. The new machine has its name, and restores its backups when it starts; what follows from
//! attributes of the machine, such as its address, is written again. Nothing else of the group changes.

use std::collections::BTreeMap;

use super::PreflightCheck;
use super::course::Question;
use super::draft::{NewStep, ProcedureDraft, usual};
use super::extra::{probes_after, probes_before};
use super::in_prose;
use super::restores::restore;
use super::rungs::ladders;
use super::verdicts::{passes, refuses, warns};
use crate::address::Address;
use crate::backup::{Rung, RungKind};
use crate::duration::spoken;
use crate::plan::{knowledge, serial_words, touches};
use crate::stack::{Backup, FailoverGroup, Resource, Stack};
use crate::state::State;
use crate::steps::{Act, Stage, StepGraph, StepId, Undo};
use crate::value::Unknown;

/// The machine that exists and restores a backup, with the group of its site; one of the group's active site first.
///
/// # Errors
/// The reason why there is none.
pub fn machine_to_restore<'a>(
    stack: &'a Stack,
    state: &State,
    backup: &Backup,
) -> Result<(&'a Resource, &'a FailoverGroup), String> {
    let restores = |resource: &&Resource| stack.restores(resource, &backup.address);
    let all: Vec<&Resource> = stack.resources.values().filter(restores).collect();
    if all.is_empty() {
        return Err(format!(
            "no machine of the stack has {} in its `restores`; a machine that can restore when it starts needs it",
            backup.address
        ));
    }
    let standing: Vec<&Resource> =
        all.iter().copied().filter(|machine| state.resources.contains_key(&machine.address)).collect();
    let Some(first) = standing.first() else {
        let names: Vec<&str> = all.iter().map(|machine| machine.address.as_str()).collect();
        return Err(format!(
            "{} would restore {}, and does not exist now: a move to its site creates it",
            in_prose(&names),
            backup.address
        ));
    };
    let of_group = |machine: &&'a Resource| {
        let groups = stack.failover_groups.values();
        let is_there = |group: &&FailoverGroup| {
            group.has_site(&machine.site) && super::active_site(group, state).0 == *machine.site
        };
        groups
            .filter(is_there)
            .max_by_key(|group| group.restore.contains(&backup.address))
            .map(|group| (*machine, group))
    };
    standing
        .iter()
        .find_map(of_group)
        .ok_or_else(|| format!("no failover group is active at {}, the site of {}", first.site, first.address))
}

/// The machine of a question that is made again.
fn machine<'a>(question: &Question<'a>) -> Option<&'a Resource> {
    question.stack.resources.get(&question.seen.in_place.as_ref()?.machine)
}

/// Adds the steps.
pub(super) fn steps(draft: &mut ProcedureDraft<'_>) {
    let question = draft.question;
    let Some(machine) = machine(question) else { return };
    let Some(recorded) = question.state.resources.get(&machine.address) else { return };
    let fence = NewStep {
        address: machine.address.clone(),
        act: Act::Delete(Box::new((**recorded).clone())),
        stage: Stage::Fence,
        serial: serial_words(machine),
        touches: touches(machine),
        takes: usual(machine.kind.durations.delete),
        undo: Undo::Impossible(format!("{} is deleted, with the data that only it has", machine.address)),
    };
    let fenced = draft.add(fence, Vec::new());
    let creation = draft.creates(machine);
    let made = draft.add(creation, vec![fenced]);
    for follower in followers(question.stack, question.state, machine) {
        follow(draft, follower, made);
    }
    restore(draft, &BTreeMap::from([(&machine.address, made)]));
    probes_before(draft);
    probes_after(draft);
}

/// Adds a write of a resource whose arguments follow from the machine.
fn follow(draft: &mut ProcedureDraft<'_>, resource: &Resource, made: StepId) {
    let step = NewStep {
        address: resource.address.clone(),
        act: Act::Update,
        stage: Stage::StandUp,
        serial: serial_words(resource),
        touches: touches(resource),
        takes: usual(resource.kind.durations.update),
        undo: Undo::Nothing,
    };
    draft.add(step, vec![made]);
}

/// The recorded resources whose arguments follow from what the provider gives a machine, such as its address.
fn followers<'a>(stack: &'a Stack, state: &State, machine: &Resource) -> Vec<&'a Resource> {
    let without = knowledge(stack.catalog(), state, &|address| *address == machine.address);
    let follows = |resource: &&Resource| {
        resource.needs.contains(&machine.address)
            && state.resources.contains_key(&resource.address)
            && stack.resolve(resource, &without).is_ok_and(|args| Unknown::of(args.values()).is_some())
    };
    stack.resources.values().filter(follows).collect()
}

/// Checks that the machine can be made again, and by the requested rung.
pub(super) fn check(question: &Question<'_>, _: &StepGraph, found: &mut Vec<PreflightCheck>) {
    let Some((order, machine)) = question.seen.in_place.as_ref().zip(machine(question)) else { return };
    let ladders = ladders(question);
    let own = ladders.iter().find(|ladder| ladder.backup == order.backup);
    let rungs: &[Rung] = own.map(|ladder| ladder.rungs.as_slice()).unwrap_or_default();
    let asked = |number: u8| rungs.iter().find(|rung| rung.kind.number() == number);
    let open: Vec<String> = rungs.iter().filter(|rung| rung.is_open()).map(named).collect();
    let others = match open.is_empty() {
        true => "No rung is open.".to_owned(),
        false => format!("Open: {}.", in_prose(&open)),
    };
    let number = order.rung.unwrap_or(RungKind::Newest.number());
    found.push(match asked(number) {
        Some(Rung { closed: Some(why), kind, .. }) => {
            refuses("rung", format!("rung {number} ({}) is closed: {why}", kind.as_str()), others)
        }
        Some(rung) if rung.kind == RungKind::Replica => refuses(
            "rung",
            format!("rung 3 is a move: {}", rung.how),
            "Run that command. To restore here nevertheless, leave --rung out.",
        ),
        Some(rung) => passes("rung", format!("{}: {}", named(rung), rung.how)),
        None => passes("rung", format!("the data of {} are no data of users: they have no rungs", order.backup)),
    });
    let newest = asked(RungKind::Newest.number()).and_then(|rung| rung.loss);
    let loses_less = |rung: &&Rung| order.rung.is_none() && rung.is_open() && rung.loss < newest;
    if let Some(replica) = asked(RungKind::Replica.number()).filter(loses_less) {
        found.push(warns("rung", format!("a replica loses less: {}", replica.how), ""));
    }
    if machine.prevent_destroy {
        found.push(refuses(
            "in-place",
            format!("{} would be deleted and made again, and the stack protects it", machine.address),
            "Remove `prevent_destroy` from it, and run `drplan apply`.",
        ));
    }
    let attached: Vec<&str> = needing(question, machine, |of| !of.kind.recovery.attached.is_empty());
    if !attached.is_empty() {
        found.push(refuses(
            "in-place",
            format!("{} is attached to {}, which would be deleted", in_prose(&attached), machine.address),
            "Restore on the machine with the tools of the backup: drplan attaches no volume to its successor.",
        ));
    }
    let broken = needing(question, machine, |of| of.kind.promotion.is_some());
    if !broken.is_empty() {
        found.push(warns(
            "in-place",
            format!("{} will not follow {} once it is made again with older data", in_prose(&broken), machine.address),
            "Set the replication up again afterwards.",
        ));
    }
}

/// The resources of the stack that need a machine and of which this holds.
fn needing<'a>(question: &Question<'a>, machine: &Resource, is_such: fn(&Resource) -> bool) -> Vec<&'a str> {
    let needing = question.stack.resources.values().filter(|of| of.needs.contains(&machine.address));
    needing.filter(|of| is_such(of)).map(|of| Address::as_str(&of.address)).collect()
}

/// A rung with its loss.
fn named(rung: &Rung) -> String {
    let loss = rung.loss.map_or_else(|| "loss unknown".to_owned(), |loss| format!("loss {}", spoken(loss)));
    format!("{} ({}, {loss})", rung.kind.number(), rung.kind.as_str())
}
