//! The ladders of a procedure: for each backup of users' data the ways to get them back, and the one that it takes.

use std::time::Duration;

use super::course::{Question, command, flags, site_of};
use super::in_prose;
use super::restores::{catalogue, counts, machines, restored};
use super::sides::{Replica, replicas};
use crate::address::Address;
use crate::backup::{LadderInput, Rates, Rung, RungKind, age, ladder};
use crate::roles::{Health, Side};
use crate::shell::quoted;
use crate::stack::{Backup, Resource, Stack};
use crate::state::{GroupRole, RunKind};

/// The ways to get the data of a backup back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ladder {
    /// The backup.
    pub backup: Address,
    /// The ways, from the one that loses least.
    pub rungs: Vec<Rung>,
    /// The place in the list of the one that the procedure takes; `None` where it takes none.
    pub chosen: Option<usize>,
}

/// An act that loses a known amount, with that amount and its time where they are known; or the reason why it is
/// impossible.
type Way = Result<(String, Option<Duration>, Option<Duration>), String>;

/// The ladders of a move, or of a restore in place; none in a drill, on the way home, and where nothing was read.
pub(super) fn ladders(question: &Question<'_>) -> Vec<Ladder> {
    if question.seen.at.is_none() {
        return Vec::new();
    }
    match question.verb {
        RunKind::Up => {}
        RunKind::Restore => {
            let backups = restored(question).into_iter().filter(|backup| counts(backup));
            return backups.map(|backup| of_move(question, backup)).collect();
        }
        RunKind::Down | RunKind::Drill => return Vec::new(),
    }
    let backups = question.group.restore.iter().filter_map(|address| question.stack.backups.get(address.own_name()));
    backups.filter(|backup| counts(backup)).map(|backup| of_move(question, backup)).collect()
}

/// The ladder beside a move.
fn of_move(question: &Question<'_>, backup: &Backup) -> Ladder {
    let seen = question.seen;
    let (volume, snapshot) = disks(question, backup);
    let replica = replica(question, backup);
    let promotes = replica.as_ref().is_some_and(|(_, promotes)| *promotes);
    let rungs = ladder(&LadderInput {
        cause: seen.cause,
        volume: Err(volume),
        snapshot: Err(snapshot),
        replica: replica.map_or_else(|| Err("the group has no replica of these data".to_owned()), |(way, _)| way),
        points: catalogue(question, backup),
        distrusted: seen.distrusted.get(&backup.address).copied().unwrap_or_default(),
        form: backup.tool.form,
        rates: Rates::ESTIMATES,
        machine: machine(question, backup).map(creation).unwrap_or_default(),
        now: seen.at.unwrap_or_default(),
    });
    let order = question.seen.in_place.as_ref().filter(|order| order.backup == backup.address);
    if let Some(point) = order.and_then(|order| order.point.as_deref()) {
        let chosen = rungs.iter().position(|rung| rung.point.as_deref() == Some(point));
        return Ladder { backup: backup.address.clone(), rungs, chosen };
    }
    let is_restored = restored(question).iter().any(|one| one.address == backup.address);
    let taken = match (is_restored, promotes) {
        (true, _) => Some(RungKind::Newest),
        (false, true) => Some(RungKind::Replica),
        (false, false) => None,
    };
    let chosen = rungs.iter().position(|rung| rung.is_open() && Some(rung.kind) == taken);
    Ladder { backup: backup.address.clone(), rungs, chosen }
}

/// The machine that restores a backup: in this procedure, or in another one of the stack.
fn machine<'a>(question: &Question<'a>, backup: &Backup) -> Option<&'a Resource> {
    let stack: &'a Stack = question.stack;
    let restores = |machine: &&Resource| stack.restores(machine, &backup.address);
    machines(question).find(restores).or_else(|| {
        let all = stack.resources.values().filter(|machine| machine.kind.recovery.launches.is_some());
        all.filter(|machine| !machine.address.is_rehearsed()).find(restores)
    })
}

fn creation(machine: &Resource) -> Duration {
    Duration::from_secs(u64::from(machine.kind.durations.create))
}

/// The promotion of a replica of the data, and true where this procedure promotes it. `None` where there is no replica.
fn replica(question: &Question<'_>, backup: &Backup) -> Option<(Way, bool)> {
    let of = |replica: &Replica<'_>| replica.resource.needs.contains(&backup.of);
    let replicas: Vec<Replica<'_>> = replicas(question).into_iter().filter(of).collect();
    let ways: Vec<(Way, bool)> = replicas.iter().map(|replica| promotion(question, replica)).collect();
    let open = ways.iter().position(|(way, _)| way.is_ok()).unwrap_or_default();
    ways.into_iter().nth(open)
}

/// The move that promotes a replica: planned where its source is not lost.
fn promotion(question: &Question<'_>, replica: &Replica<'_>) -> (Way, bool) {
    let Replica { resource, promotion, standing, to, .. } = replica;
    let address = &resource.address;
    let side = to.unwrap_or_else(|| standing.writer.map_or(Side::Target, Side::other));
    let (site, source) = (site_of(question, resource, side), site_of(question, resource, side.other()));
    let is_promoted = question.verb.moves() && to.is_some() && !replica.is_there();
    let closed = match &standing.health {
        _ if question.is_lost(site) => Some(format!("{site} is lost, where {address} would be promoted")),
        Health::Broken(why) => Some(format!("{address} {why}")),
        Health::Unseen(why) => Some(format!("{address} cannot be seen: {why}")),
        Health::Following | Health::Behind(_) => None,
    };
    if let Some(why) = closed {
        return (Err(why), is_promoted);
    }
    let (words, loss, takes) = match question.is_lost(source) {
        true => (
            format!("up --forced{} --to {}", flags(question.lost), quoted(site)),
            standing.lag.map(|lag| Duration::from_secs(lag.as_secs() + 1)),
            promotion.forced,
        ),
        false => (format!("up --planned --to {}", quoted(site)), Some(Duration::ZERO), promotion.planned),
    };
    // What users have written elsewhere since the group moved away is not in the replica.
    let role = question.state.roles.groups.get(&*question.group.name);
    let is_apart =
        |role: &&GroupRole| standing.writer.is_some_and(|writer| site_of(question, resource, writer) != role.site);
    let loss = match role.filter(is_apart) {
        Some(role) => Some(Duration::from_secs(age(question.seen.at.unwrap_or_default(), role.since).as_secs() + 1)),
        None => loss,
    };
    let how = match is_promoted {
        true => format!("{address} is promoted at {site}"),
        false => format!("{address} is promoted by {}", command(question, &words)),
    };
    (Ok((how, loss, Some(Duration::from_secs(u64::from(takes.typical))))), is_promoted)
}

/// The reasons why the volume with the data, or a snapshot of it, comes to no new machine.
fn disks(question: &Question<'_>, backup: &Backup) -> (String, String) {
    let (stack, of) = (question.stack, &backup.of);
    let is_volume = |resource: &&Resource| {
        !resource.kind.recovery.attached.is_empty() && (resource.address == *of || resource.needs.contains(of))
    };
    let volumes: Vec<&Resource> = stack.resources.values().filter(is_volume).collect();
    let names: Vec<&str> = volumes.iter().map(|volume| volume.address.as_str()).collect();
    let names = in_prose(&names);
    let Some(first) = volumes.first() else {
        let why = format!("{of} has no volume of its own in the stack");
        return (why.clone(), why);
    };
    if question.is_lost(&first.site) {
        let why = format!("{} is lost, with {names}", first.site);
        return (why.clone(), why);
    }
    (
        format!(
            "drplan does not carry it out. By hand: stop the machine, create another one in the same zone, and attach \
             {names} to it"
        ),
        format!(
            "drplan does not carry it out. By hand: make a snapshot of {names}, a volume of that in another zone, and \
             attach it to a new machine there"
        ),
    )
}
