//! Volumes: the first two rungs of a ladder. A machine that is made again takes the volume of the old one, or the
//! volume is made again of a snapshot. Knows the steps and their times; the ladder decides between them.

use std::time::Duration;

use jiff::Timestamp;

use super::course::Question;
use super::draft::{NewStep, ProcedureDraft, usual};
use super::in_prose;
use super::restores::catalogue;
use super::snapshots::made_of;
use crate::address::Address;
use crate::backup::{DataAge, Level, RestoreForm, age, data_age, data_of};
use crate::kinds::{ReadRequest, ReadResult, VolumeRecovery};
use crate::object::ObjectId;
use crate::plan::{serial_words, touches};
use crate::shell::quoted;
use crate::stack::{Backup, Resource, Stack};
use crate::state::{RunKind, State};
use crate::steps::{Act, Stage, StepId, Task, Undo};

/// True for a kind of volumes that outlive their machine.
fn is_volume(resource: &Resource) -> bool {
    !resource.kind.recovery.attached.is_empty()
}

/// The machine that has a volume.
fn machine_of<'a>(stack: &'a Stack, volume: &Resource) -> Option<&'a Resource> {
    let argument = volume.kind.recovery.attached.first()?;
    stack.by_id(&ObjectId::new(volume.args.get(*argument)?.as_str()?))
}

/// The volumes of a machine.
pub(super) fn of_machine<'a>(stack: &'a Stack, machine: &Resource) -> Vec<&'a Resource> {
    let has = |volume: &&Resource| machine_of(stack, volume).is_some_and(|one| one.address == machine.address);
    stack.resources.values().filter(|resource| is_volume(resource)).filter(has).collect()
}

/// The machine with the data of a resource: itself, or the one that has the volume.
pub(super) fn holder<'a>(stack: &'a Stack, of: &Address) -> Option<&'a Resource> {
    let resource = stack.resources.get(of)?;
    match is_volume(resource) {
        true => machine_of(stack, resource),
        false => Some(resource).filter(|machine| machine.kind.machines.is_some() || machine.kind.moves.power.is_some()),
    }
}

/// The volumes with the data of a resource.
fn volumes<'a>(stack: &'a Stack, of: &Address) -> Vec<&'a Resource> {
    match stack.resources.get(of) {
        Some(volume) if is_volume(volume) => vec![volume],
        Some(machine) => of_machine(stack, machine),
        None => Vec::new(),
    }
}

/// The reads that show if the volumes are sound that backups are made of.
pub(super) fn reads(stack: &Stack, state: &State, is_read: impl Fn(&str) -> bool) -> Vec<(Address, ReadRequest)> {
    let mut all: Vec<(Address, ReadRequest)> = Vec::new();
    for volume in stack.backups.values().flat_map(|backup| volumes(stack, &backup.of)) {
        let Some(VolumeRecovery { shows, .. }) = volume.kind.recovery.volume else { continue };
        let is_known = all.iter().any(|(address, _)| *address == volume.address);
        if !is_known && state.resources.contains_key(&volume.address) && is_read(&volume.location) {
            let request = ReadRequest::new(volume.kind.type_.object(volume.id.clone()), *shows);
            all.push((volume.address.clone(), request));
        }
    }
    all
}

/// The backups by snapshots of the volumes with the data of a backup.
pub fn snapshots_beside<'a>(stack: &'a Stack, backup: &Backup) -> Vec<&'a Backup> {
    let volumes = volumes(stack, &backup.of);
    let is_of =
        |one: &&Backup| one.tool.form == RestoreForm::Volume && volumes.iter().any(|volume| volume.address == one.of);
    stack.backups.values().filter(is_of).collect()
}

/// True for a resource that a read has shown as absent.
fn is_absent(question: &Question<'_>, resource: &Resource) -> bool {
    let mut objects = resource.objects.iter().filter(|object| object.within.is_none());
    objects.any(|object| matches!(question.seen.observed.objects.get(&object.id), Some(None)))
}

/// The volumes with the data of a backup, and their machine.
///
/// # Errors
/// The reason why they cannot be used: none exists, or their site is lost.
fn disks<'a>(question: &Question<'a>, backup: &Backup) -> Result<(Vec<&'a Resource>, &'a Resource), String> {
    let (stack, of) = (question.stack, &backup.of);
    let all = volumes(stack, of);
    let Some(first) = all.first() else { return Err(format!("{of} has no volume of its own in the stack")) };
    let names: Vec<&str> = all.iter().map(|volume| volume.address.as_str()).collect();
    if question.is_lost(&first.site) {
        return Err(format!("{} is lost, with {}", first.site, in_prose(&names)));
    }
    let machine = machine_of(stack, first).ok_or_else(|| format!("no machine of the stack has {}", first.address))?;
    Ok((all, machine))
}

/// The command that takes a rung in place, for a procedure that moves.
fn command(question: &Question<'_>, backup: &Backup, rung: u8) -> String {
    match question.verb {
        RunKind::Restore => String::new(),
        RunKind::Up | RunKind::Down | RunKind::Drill => {
            format!(", by `drplan backup restore {} --rung {rung}`", quoted(backup.name()))
        }
    }
}

fn seconds(seconds: u32) -> Duration {
    Duration::from_secs(u64::from(seconds))
}

/// The time to stop and to start a machine, where its kind can be.
fn power(machine: &Resource) -> (Duration, Duration) {
    let of = |on| machine.kind.moves.power.map_or(Duration::ZERO, |power| seconds(power.action(on).takes.typical));
    (of(false), of(true))
}

/// The first rung: a new machine takes the volumes of the old one.
///
/// # Errors
/// The reason why it cannot.
pub(super) fn takes_over(question: &Question<'_>, backup: &Backup) -> Result<(String, Duration), String> {
    let (volumes, machine) = disks(question, backup)?;
    for volume in &volumes {
        sound(question, volume).map_err(|why| format!("{} {why}", volume.address))?;
    }
    let names: Vec<&str> = volumes.iter().map(|volume| volume.address.as_str()).collect();
    let how =
        format!("{} is made again, and takes {}{}", machine.address, in_prose(&names), command(question, backup, 1));
    let attached: u32 = volumes.iter().map(|volume| volume.kind.durations.update).max().unwrap_or_default();
    let made = seconds(machine.kind.durations.create) + seconds(attached);
    let left = power(machine).0 + seconds(attached) + seconds(machine.kind.durations.delete);
    Ok((how, if is_absent(question, machine) { made } else { made + left }))
}

/// # Errors
/// The reason why a volume is not observed as sound.
fn sound(question: &Question<'_>, volume: &Resource) -> Result<(), String> {
    let Some(recovery) = volume.kind.recovery.volume else {
        return Err("is of a kind whose health drplan does not read".to_owned());
    };
    match question.seen.volumes.get(&volume.address) {
        None => Err("was not read".to_owned()),
        Some(ReadResult::Unseen(why)) => Err(format!("cannot be read: {why}")),
        Some(ReadResult::Absent) => Err("does not exist".to_owned()),
        Some(ReadResult::There(body)) => (recovery.unsound)(body).map_or(Ok(()), Err),
    }
}

/// A snapshot that a volume can be made of.
pub(super) struct SnapshotWay<'a> {
    /// The volume.
    pub(super) volume: &'a Resource,
    /// Its machine.
    machine: &'a Resource,
    /// The backup of snapshots.
    pub(super) backup: &'a Backup,
    /// The snapshot.
    data: DataAge<'a>,
    /// The argument of the volume that names it.
    argument: &'static str,
    /// The age of its data.
    pub(super) loss: Duration,
}

impl SnapshotWay<'_> {
    /// The id of the snapshot.
    pub(super) fn point(&self) -> &str {
        &self.data.point.id
    }

    /// The time of its data.
    pub(super) const fn as_of(&self) -> Timestamp {
        self.data.as_of
    }
}

/// The second rung: the volume is made again of its newest snapshot, or of this one.
///
/// # Errors
/// The reason why it cannot be.
pub(super) fn from_snapshot<'a>(
    question: &Question<'a>,
    backup: &'a Backup,
    point: Option<&str>,
) -> Result<SnapshotWay<'a>, String> {
    let stack: &'a Stack = question.stack;
    let (volumes, machine) = disks(question, backup)?;
    let [volume] = volumes.as_slice() else {
        let why = format!("{} has several volumes: restore a backup that is made of one of them", machine.address);
        return Err(why);
    };
    let address = &volume.address;
    let Some(snapshots) = volume.kind.recovery.volume.and_then(|recovery| recovery.snapshots) else {
        return Err(format!("{} makes no snapshots of {address}", (volume.kind.provider)().title));
    };
    if volume.args.contains_key(snapshots.argument) {
        return Err(format!(
            "{address} has a `{}` in the stack: write another one there, and run `drplan apply`",
            snapshots.argument
        ));
    }
    if let Some(ReadResult::Unseen(why)) = question.seen.volumes.get(address) {
        return Err(format!("{address} cannot be read: {why}"));
    }
    let is_of = |one: &&Backup| one.tool.form == RestoreForm::Volume && one.of == *address;
    let backup = Some(backup).filter(is_of).or_else(|| stack.backups.values().find(is_of));
    let backup = backup.ok_or_else(|| format!("the stack has no backup of {address} by snapshots"))?;
    let set = catalogue(question, backup)?;
    let data = match point {
        Some(point) => set.point(point).map(|point| data_of(set, point)),
        None => data_age(set, Level::Complete),
    };
    let data = data.ok_or_else(|| match question.seen.distrusted.get(&backup.address) {
        None | Some(0) => format!("no snapshot of {address} is complete"),
        Some(_) => format!("no snapshot of {address} from before the damage is complete"),
    })?;
    let loss = age(question.seen.at.unwrap_or_default(), data.as_of);
    Ok(SnapshotWay { volume, machine, backup, data, argument: snapshots.argument, loss })
}

/// The second rung in words, and its time.
pub(super) fn told(question: &Question<'_>, backup: &Backup, way: &SnapshotWay<'_>) -> (String, Duration) {
    let SnapshotWay { volume, machine, data, .. } = way;
    let how = format!(
        "{} is made again of snapshot {}, started at {:.0}{}",
        volume.address,
        data.point.id,
        data.as_of,
        command(question, backup, 2)
    );
    let (stop, start) = power(machine);
    let made = seconds(volume.kind.durations.delete) + seconds(volume.kind.durations.create);
    let time = match is_absent(question, machine) {
        true => made + seconds(machine.kind.durations.create),
        false => made + stop + start,
    };
    (how, time)
}

/// A step that deletes a resource as it is recorded; `None` for one that is not.
pub(super) fn deletion(draft: &ProcedureDraft<'_>, resource: &Resource, with: &str) -> Option<NewStep> {
    let recorded = draft.question.state.resources.get(&resource.address)?;
    Some(NewStep {
        address: resource.address.clone(),
        act: Act::Delete(Box::new((**recorded).clone())),
        stage: Stage::Fence,
        serial: serial_words(resource),
        touches: touches(resource),
        takes: usual(resource.kind.durations.delete),
        undo: Undo::Impossible(format!("{} is deleted, with {with}", resource.address)),
    })
}

/// A step that attaches a volume, or detaches it. Its rollback does the opposite.
fn attachment(volume: &Resource, on: bool) -> NewStep {
    let known = volume.known_arguments();
    let task = |on: bool| {
        let one = |name: &&str| {
            let value = known.get(*name).filter(|_| on).cloned().unwrap_or_default();
            ((*name).to_owned(), value)
        };
        Act::Task(Task::Move { arguments: volume.kind.recovery.attached.iter().map(one).collect() })
    };
    NewStep {
        address: volume.address.clone(),
        act: task(on),
        stage: if on { Stage::StandUp } else { Stage::Fence },
        serial: serial_words(volume),
        touches: touches(volume),
        takes: usual(volume.kind.durations.update),
        undo: Undo::Act(Box::new(task(!on))),
    }
}

/// Adds the steps of the first rung: the machine is stopped, its volumes leave it, and a new one takes them. Returns
/// the creation of the machine.
pub(super) fn take_over(draft: &mut ProcedureDraft<'_>, machine: &Resource) -> Option<StepId> {
    let question = draft.question;
    let volumes = of_machine(question.stack, machine);
    let volumes = volumes.into_iter().filter(|volume| question.state.resources.contains_key(&volume.address));
    let volumes: Vec<&Resource> = volumes.collect();
    let mut before = Vec::new();
    if !is_absent(question, machine) {
        let stopped = draft.stops(machine).map(|made| draft.add(made, Vec::new()));
        for volume in &volumes {
            before.push(draft.add(attachment(volume, false), stopped.into_iter().collect()));
        }
    }
    let deleted = deletion(draft, machine, "the data that only it has")?;
    let deleted = draft.add(deleted, before);
    let creation = draft.creates(machine);
    let made = draft.add(creation, vec![deleted]);
    for volume in &volumes {
        // A machine that has been deleted cannot take them back.
        draft.add(NewStep { undo: Undo::Nothing, ..attachment(volume, true) }, vec![made]);
    }
    Some(made)
}

/// Adds the steps of the second rung: the machine is stopped, and starts again with a volume that is made of the
/// snapshot. Returns the creation of the machine, where it has to be made again as well.
pub(super) fn replace(draft: &mut ProcedureDraft<'_>, way: &SnapshotWay<'_>) -> Option<StepId> {
    let question = draft.question;
    let SnapshotWay { volume, machine, data, argument, loss, backup } = way;
    let mut before = Vec::new();
    let (mut stopped, mut made) = (None, None);
    match is_absent(question, machine) {
        true => {
            let deleted = deletion(draft, machine, "the data that only it has")?;
            let deleted = draft.add(deleted, Vec::new());
            let creation = draft.creates(machine);
            made = Some(draft.add(creation, vec![deleted]));
        }
        false => stopped = draft.stops(machine).map(|made| draft.add(made, Vec::new())),
    }
    if let Some(deleted) = deletion(draft, volume, "what was written after the snapshot") {
        before.push(draft.add(deleted, stopped.into_iter().collect()));
    }
    before.extend(made);
    let creation = draft.creates(volume);
    let created = draft.add(creation, before);
    let check = made_of(volume, &backup.address, data, (argument, *loss));
    let checked = draft.add(check, vec![created]);
    if stopped.is_some()
        && let Some(start) = draft.starts(machine, Stage::StandUp)
    {
        draft.add(NewStep { undo: Undo::Nothing, ..start }, vec![checked]);
    }
    made
}
