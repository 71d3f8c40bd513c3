//! A restore in place: data come back where they are, without a move, by the rung of the ladder that loses least.
//!
//! A machine is made again, and takes its volumes or restores its backups when it starts; or a volume is made again of
//! a snapshot. What follows from attributes of the machine, such as its address, is written again. Nothing else of the
//! group changes.

use std::collections::BTreeMap;
use std::time::Duration;

use super::course::Question;
use super::draft::{NewStep, ProcedureDraft, usual};
use super::extra::{probes_after, probes_before};
use super::restores::{self, restore};
use super::rungs::{ladder_of, ladders};
use super::verdicts::{passes, refuses, warns};
use super::{LossEstimate, PreflightCheck, ProcedureInput, RestoreOrder, RestoreWay, in_prose, volumes};
use crate::address::Address;
use crate::backup::{RestoreForm, Rung, RungKind};
use crate::duration::spoken;
use crate::plan::{knowledge, serial_words, touches};
use crate::stack::{Backup, FailoverGroup, Resource, Stack};
use crate::state::State;
use crate::steps::{Act, Stage, StepGraph, StepId, Undo};
use crate::value::Unknown;

/// The machine that exists and restores a backup, with the group of its site; one of the group's active site first.
/// Where there is none, the machine whose data the backup has.
///
/// # Errors
/// The reason why there is none.
pub fn machine_to_restore<'a>(
    stack: &'a Stack,
    state: &State,
    backup: &Backup,
) -> Result<(&'a Resource, &'a FailoverGroup), String> {
    restorer(stack, state, backup).or_else(|why| {
        let holder = volumes::holder(stack, &backup.of).and_then(|machine| {
            let is_recorded = state.resources.contains_key(&machine.address);
            Some((machine, group_at(stack, state, backup, machine)?)).filter(|_| is_recorded)
        });
        holder.ok_or(why)
    })
}

/// The machine that exists and restores a backup when it starts.
fn restorer<'a>(stack: &'a Stack, state: &State, backup: &Backup) -> Result<(&'a Resource, &'a FailoverGroup), String> {
    let restores = |resource: &&Resource| stack.restores(resource, &backup.address);
    let all: Vec<&Resource> = stack.resources.values().filter(restores).collect();
    if all.is_empty() {
        return Err(format!(
            "no machine of the stack has {} in its `restores`, and {} is at no active site of a failover group",
            backup.address, backup.of
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
    standing
        .iter()
        .find_map(|machine| Some((*machine, group_at(stack, state, backup, machine)?)))
        .ok_or_else(|| format!("no failover group is active at {}, the site of {}", first.site, first.address))
}

/// The group that is active at the site of a machine: one that restores the backup before others.
fn group_at<'a>(stack: &'a Stack, state: &State, backup: &Backup, machine: &Resource) -> Option<&'a FailoverGroup> {
    let is_there =
        |group: &&FailoverGroup| group.has_site(&machine.site) && super::active_site(group, state).0 == *machine.site;
    let groups = stack.failover_groups.values().filter(is_there);
    groups.max_by_key(|group| group.restore.contains(&backup.address))
}

/// The order of a restore in place with its way, and its point where that is not the newest: by the requested rung, or
/// by the one that loses least of those that are open. `None` for a procedure that restores nothing in place.
pub fn settled(input: &ProcedureInput<'_>) -> Option<RestoreOrder> {
    let order = input.seen.in_place.clone()?;
    let (question, _) = Question::new(input);
    let backup = input.stack.backups.get(order.backup.own_name())?;
    let rungs = ladder_of(&question, backup).rungs;
    let is_mine = |rung: &&Rung| match (order.rung, rung.kind) {
        (Some(number), kind) => kind.number() == number,
        (None, RungKind::Volume | RungKind::Snapshot | RungKind::Newest) => rung.is_open(),
        (None, RungKind::Replica | RungKind::Older) => false,
    };
    // Data that are unknown how old come last.
    let loss = |rung: &&Rung| (rung.loss.is_none(), rung.loss, rung.kind.number());
    let Some(rung) = rungs.iter().filter(is_mine).min_by_key(loss).filter(|rung| rung.is_open()) else {
        return Some(order);
    };
    let is_snapshot = rung.kind == RungKind::Snapshot || backup.tool.form == RestoreForm::Volume;
    let snapshot = || volumes::from_snapshot(&question, backup, rung.point.as_deref()).ok();
    let (way, point) = match rung.kind {
        RungKind::Volume => (RestoreWay::Volume, None),
        RungKind::Snapshot | RungKind::Older if is_snapshot => match snapshot() {
            Some(found) => {
                let (backup, point) = (found.backup.address.clone(), found.point().to_owned());
                (RestoreWay::Snapshot { backup, point }, None)
            }
            None => (RestoreWay::Launch, None),
        },
        RungKind::Older => (RestoreWay::Launch, rung.point.clone()),
        RungKind::Snapshot | RungKind::Replica | RungKind::Newest => (RestoreWay::Launch, None),
    };
    Some(RestoreOrder { way, point, ..order })
}

/// The snapshot of an order that makes a volume again.
fn snapshot<'a>(question: &Question<'a>) -> Option<volumes::SnapshotWay<'a>> {
    let order = question.seen.in_place.as_ref()?;
    let RestoreWay::Snapshot { backup: _, point } = &order.way else { return None };
    let stack: &'a Stack = question.stack;
    volumes::from_snapshot(question, stack.backups.get(order.backup.own_name())?, Some(point)).ok()
}

/// The data loss of a restore in place.
pub(super) fn losses(question: &Question<'_>) -> Vec<LossEstimate> {
    let Some(order) = &question.seen.in_place else { return Vec::new() };
    let one = |amount, source| vec![LossEstimate { replica: order.backup.clone(), amount: Some(amount), source }];
    match (&order.way, snapshot(question)) {
        (RestoreWay::Launch, _) => restores::losses(question),
        (RestoreWay::Volume, _) => one(Duration::ZERO, "the volume has every write".to_owned()),
        (RestoreWay::Snapshot { .. }, None) => Vec::new(),
        // Rounded up, as that of a replica.
        (RestoreWay::Snapshot { .. }, Some(way)) => {
            one(Duration::from_secs(way.loss.as_secs() + 1), format!("snapshot {} of {:.0}", way.point(), way.as_of()))
        }
    }
}

/// The machine of a question that is made again.
fn machine<'a>(question: &Question<'a>) -> Option<&'a Resource> {
    question.stack.resources.get(&question.seen.in_place.as_ref()?.machine)
}

/// Adds the steps.
pub(super) fn steps(draft: &mut ProcedureDraft<'_>) {
    let question = draft.question;
    let Some((order, machine)) = question.seen.in_place.as_ref().zip(machine(question)) else { return };
    let made = match &order.way {
        RestoreWay::Launch => relaunch(draft, machine),
        RestoreWay::Volume => volumes::take_over(draft, machine),
        RestoreWay::Snapshot { .. } => snapshot(question).and_then(|way| volumes::replace(draft, &way)),
    };
    if let Some(made) = made {
        for follower in followers(question.stack, question.state, machine) {
            follow(draft, follower, made);
        }
        restore(draft, &BTreeMap::from([(&machine.address, made)]));
    }
    probes_before(draft);
    probes_after(draft);
}

/// Makes a machine again, which restores its backups when it starts.
fn relaunch(draft: &mut ProcedureDraft<'_>, machine: &Resource) -> Option<StepId> {
    let fence = volumes::deletion(draft, machine, "the data that only it has")?;
    let fenced = draft.add(fence, Vec::new());
    let creation = draft.creates(machine);
    Some(draft.add(creation, vec![fenced]))
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
    let number = order.rung.unwrap_or(match (&order.way, &order.point) {
        (RestoreWay::Launch, None) => RungKind::Newest.number(),
        (RestoreWay::Launch, Some(_)) => RungKind::Older.number(),
        (RestoreWay::Volume, _) => RungKind::Volume.number(),
        (RestoreWay::Snapshot { .. }, _) => RungKind::Snapshot.number(),
    });
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
    let taken = asked(number).and_then(|rung| rung.loss);
    let loses_less = |rung: &&Rung| order.rung.is_none() && rung.is_open() && rung.loss < taken;
    if let Some(replica) = asked(RungKind::Replica.number()).filter(loses_less) {
        found.push(warns("rung", format!("a replica loses less: {}", replica.how), ""));
    }
    found.extend(kept(question, (order, machine)));
    let broken = needing(question, machine, |of| of.kind.promotion.is_some());
    if order.way != RestoreWay::Volume && !broken.is_empty() {
        found.push(warns(
            "in-place",
            format!("{} will not follow {} once it has older data", in_prose(&broken), machine.address),
            "Set the replication up again afterwards.",
        ));
    }
}

/// The findings about what a restore in place would delete or leave behind.
fn kept(question: &Question<'_>, (order, machine): (&RestoreOrder, &Resource)) -> Vec<PreflightCheck> {
    let mut found = Vec::new();
    let snapshot = snapshot(question);
    let deleted = match (&order.way, &snapshot) {
        (RestoreWay::Snapshot { .. }, Some(way)) => way.volume,
        _ => machine,
    };
    if deleted.prevent_destroy {
        found.push(refuses(
            "in-place",
            format!("{} would be deleted and made again, and the stack protects it", deleted.address),
            "Remove `prevent_destroy` from it, and run `drplan apply`.",
        ));
    }
    let attached: Vec<&str> = needing(question, machine, |of| !of.kind.recovery.attached.is_empty());
    if order.way == RestoreWay::Launch && !attached.is_empty() {
        found.push(refuses(
            "in-place",
            format!("{} is attached to {}, which would be deleted", in_prose(&attached), machine.address),
            "Restore by rung 1 or 2, or on the machine with the tools of the backup: a machine that restores when it \
             starts has no volume yet.",
        ));
    }
    if let Some(way) = &snapshot {
        let made_of: Vec<&str> = needing(question, way.volume, |of| of.kind.place.parent().is_some());
        if !made_of.is_empty() {
            found.push(refuses(
                "in-place",
                format!(
                    "{} is made of {}, and the next `drplan apply` would make it again, of the new volume",
                    in_prose(&made_of),
                    way.volume.address
                ),
                "Remove it from the stack, and from the state with `drplan state forget`: the snapshot stays.",
            ));
        }
    }
    let others: Vec<&str> = elsewhere(machine);
    if order.way == RestoreWay::Volume && !others.is_empty() {
        found.push(warns(
            "in-place",
            format!(
                "{} may be made in another zone ({}), where its volume cannot be attached",
                machine.address,
                others.join(", ")
            ),
            "",
        ));
    }
    found
}

/// The arguments of a machine that let it be made elsewhere than beside its volume.
fn elsewhere(machine: &Resource) -> Vec<&'static str> {
    let all = machine.kind.alternatives.iter();
    let near = |of: &str| machine.kind.arg(of).is_some_and(|arg| arg.near);
    all.filter(|one| near(one.of) && machine.args.contains_key(one.others)).map(|one| one.others).collect()
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
