//! The ladders of a procedure: for each backup of users' data the ways to get them back, and the one that it takes.

use std::time::Duration;

use super::course::{Question, command, flags, site_of};
use super::offers::machines_of;
use super::restores::{catalogue, counts, machines, restored};
use super::sides::{Replica, replicas};
use super::{RestoreWay, in_prose, volumes};
use crate::address::Address;
use crate::backup::{
    BackupSet, LadderInput, Level, Rates, RestoreForm, RestoreRequest, RestoreStep, Rung, RungKind, SnapshotRung, age,
    data_age, ladder,
};
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
        RunKind::Restore => return in_place(question),
        RunKind::Down | RunKind::Drill => return Vec::new(),
    }
    let backups = question.group.restore.iter().filter_map(|address| question.stack.backups.get(address.own_name()));
    backups.filter(|backup| counts(backup)).map(|backup| ladder_of(question, backup)).collect()
}

/// The ladders of a restore in place: that of the requested backup first.
fn in_place(question: &Question<'_>) -> Vec<Ladder> {
    let order = question.seen.in_place.as_ref();
    let asked = order.and_then(|order| question.stack.backups.get(order.backup.own_name()));
    let is_volume = order.is_some_and(|order| order.way != RestoreWay::Launch);
    let asked = asked.filter(|backup| is_volume || counts(backup));
    let others = restored(question).into_iter().filter(|backup| counts(backup));
    let others = others.filter(|backup| asked.is_none_or(|asked| asked.address != backup.address));
    asked.into_iter().chain(others).map(|backup| ladder_of(question, backup)).collect()
}

/// The ladder of a backup beside a procedure.
pub(super) fn ladder_of(question: &Question<'_>, backup: &Backup) -> Ladder {
    let seen = question.seen;
    let replica = replica(question, backup);
    let promotes = replica.as_ref().is_some_and(|(_, promotes)| *promotes);
    let machine = machine(question, backup);
    let points = catalogue(question, backup).and_then(|set| restorable(question, backup, set).map(|()| set));
    let snapshot = volumes::from_snapshot(question, backup, None).map(|way| {
        let (how, time) = volumes::told(question, backup, &way);
        SnapshotRung { how, point: way.point().to_owned(), as_of: way.as_of(), time }
    });
    let mut rungs = ladder(&LadderInput {
        cause: seen.cause,
        volume: volumes::takes_over(question, backup),
        snapshot: snapshot.clone(),
        replica: replica.map_or_else(|| Err("the group has no replica of these data".to_owned()), |(way, _)| way),
        points: points.clone(),
        distrusted: seen.distrusted.get(&backup.address).copied().unwrap_or_default(),
        form: backup.tool.form,
        rates: rates(question, points.ok(), machine),
        machine: machine.map(creation).unwrap_or_default(),
        now: seen.at.unwrap_or_default(),
    });
    if backup.tool.form == RestoreForm::Volume && question.verb == RunKind::Restore {
        of_snapshots(question, backup, &snapshot, &mut rungs);
    }
    let order = seen.in_place.as_ref().filter(|order| order.backup == backup.address);
    let by_point = |point: &str| rungs.iter().position(|rung| rung.point.as_deref() == Some(point));
    let chosen = match order.map(|order| (&order.way, order.point.as_deref())) {
        Some((RestoreWay::Volume, _)) => rungs.iter().position(|rung| rung.kind == RungKind::Volume),
        Some((RestoreWay::Snapshot { backup: _, point }, _)) => by_point(point),
        Some((RestoreWay::Launch, Some(point))) => by_point(point),
        Some((RestoreWay::Launch, None)) | None => {
            let is_restored = restored(question).iter().any(|one| one.address == backup.address);
            let taken = match (is_restored, promotes) {
                (true, _) => Some(RungKind::Newest),
                (false, true) => Some(RungKind::Replica),
                (false, false) => None,
            };
            rungs.iter().position(|rung| rung.is_open() && Some(rung.kind) == taken)
        }
    };
    Ladder { backup: backup.address.clone(), rungs, chosen }
}

/// Turns the points of a backup by snapshots into volumes: the newest is the second rung, and the others are the last.
fn of_snapshots(question: &Question<'_>, backup: &Backup, newest: &Result<SnapshotRung, String>, rungs: &mut [Rung]) {
    let why = match newest {
        Ok(_) => "its newest point is the snapshot of rung 2".to_owned(),
        Err(why) => why.clone(),
    };
    for rung in rungs.iter_mut().filter(|rung| matches!(rung.kind, RungKind::Newest | RungKind::Older)) {
        let way = rung.point.as_deref().map(|point| volumes::from_snapshot(question, backup, Some(point)));
        match (rung.kind, way) {
            (RungKind::Newest, _) => *rung = Rung::closed(RungKind::Newest, why.clone()),
            (_, Some(Ok(way))) => {
                let (how, time) = volumes::told(question, backup, &way);
                (rung.how, rung.time) = (how, Some(time));
            }
            (kind, Some(Err(why))) => *rung = Rung::closed(kind, why),
            (_, None) => {}
        }
    }
}

/// # Errors
/// The reason why no machine of a restore in place brings a point of a backup back: none restores it when it starts.
fn restorable(question: &Question<'_>, backup: &Backup, set: &BackupSet) -> Result<(), String> {
    let order = question.seen.in_place.as_ref().filter(|order| order.backup == backup.address);
    let machine = order.and_then(|order| question.stack.resources.get(&order.machine));
    let Some(machine) = machine.filter(|machine| !question.stack.restores(machine, &backup.address)) else {
        return Ok(());
    };
    if backup.tool.form == RestoreForm::Volume {
        return Ok(());
    }
    let why = format!("{} has no {} in `restores`, and would start without the data", machine.address, backup.address);
    let Some(data) = data_age(set, Level::Complete) else { return Err(why) };
    let request = RestoreRequest { point: data.point, until: None, selection: backup.selection(), target: "DIRECTORY" };
    let by_hand = (backup.tool.restore_plan)(&request).into_iter().filter_map(|step| match step {
        RestoreStep::Run { program, arguments } => {
            let words = std::iter::once(program.to_owned()).chain(arguments.iter().map(|word| quoted(word)));
            Some(format!("`{}`", words.collect::<Vec<_>>().join(" ")))
        }
        RestoreStep::Fetch { .. } | RestoreStep::Volume { .. } => None,
    });
    let by_hand: Vec<String> = by_hand.collect();
    Err(match by_hand.is_empty() {
        true => why,
        false => format!("{why}. By hand, on the machine: {}", in_prose(&by_hand)),
    })
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

/// The rates of a restore on a machine: what restores of the backup have measured.
fn rates(question: &Question<'_>, points: Option<&BackupSet>, machine: Option<&Resource>) -> Rates {
    let machine_type = machine.and_then(|machine| machines_of(question.stack, machine)).map(|machines| machines.size);
    let records = points.map(|set| set.restores.as_slice()).unwrap_or_default();
    Rates::measured(records, machine_type.as_deref())
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
