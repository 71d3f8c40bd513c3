//! Backups that a cold standby starts from: the points that its machines restore, and the data that are lost with them.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;

use super::course::Question;
use super::draft::{NewStep, ProcedureDraft};
use super::members::{is_at, stands_up};
use super::promote::stopped_stand_in;
use super::sides::{Replica, replicas};
use super::snapshots::made_of;
use super::verdicts::{passes, refuses, warns};
use super::verify::{copies, levels, predicted, times};
use super::{LossEstimate, PreflightCheck, RestoreWay, in_prose};
use crate::address::Address;
use crate::backup::launch::{self, ManifestItem};
use crate::backup::{BackupSet, DataAge, Level, RestoreForm, age, data_age, data_before, data_of};
use crate::duration::spoken;
use crate::kinds::{DurationEstimate, SignedObjects};
use crate::plan::touches;
use crate::roles::{Health, Side};
use crate::stack::{Backup, DataClass, Repository, Resource, Stack};
use crate::state::RunKind;
use crate::steps::{Act, LaunchRestore, OlderPoint, Stage, StepGraph, StepId, Task, Undo};

/// Seconds between two reads of a report, which a prediction counts once.
const LOOK: u32 = 5;

/// Bytes of user data that a restore needs: three signed addresses, each of a session's credentials.
const RESERVED: usize = 6 * 1024;

/// Older points of a backup that a run keeps at most, for a machine that finds damage.
const OLDER: usize = 10;

/// A backup with the data that its newest usable point brings back.
struct Chosen<'a> {
    backup: &'a Backup,
    data: DataAge<'a>,
    age: Duration,
}

/// The backups of the group, where it moves to a cold standby; those of the machine in a restore in place.
fn wanted<'a>(question: &'a Question<'_>) -> Vec<&'a Backup> {
    if question.verb == RunKind::Restore {
        return restored(question);
    }
    let is_cold = question.stack.sites.get(&*question.course.arriving).is_some_and(|site| site.is_cold());
    let restore: &[Address] = if is_cold { &question.group.restore } else { &[] };
    let restore = restore.iter().filter(|address| question.restores(address));
    restore.filter_map(|address| question.stack.backups.get(address.own_name())).collect()
}

/// The catalogue of a backup.
///
/// # Errors
/// The reason why it is not known.
pub(super) fn catalogue<'a>(question: &Question<'a>, backup: &Backup) -> Result<&'a BackupSet, String> {
    match question.seen.catalogues.get(&backup.address) {
        Some(Ok(set)) => Ok(set),
        Some(Err(why)) => Err(format!("its catalogue cannot be read: {why}")),
        None => Err("its catalogue was not read".to_owned()),
    }
}

/// The newest data of a backup.
///
/// # Errors
/// The reason why there are none.
fn chosen<'a>(question: &'a Question<'_>, backup: &'a Backup) -> Result<Chosen<'a>, String> {
    let set = catalogue(question, backup)?;
    let order = question.seen.in_place.as_ref().filter(|order| order.backup == backup.address);
    let older = order.and_then(|order| set.point(order.point.as_ref()?)).map(|point| data_of(set, point));
    let data = older.or_else(|| data_age(set, Level::Complete));
    let data = data.ok_or("its catalogue has no point that can be restored")?;
    Ok(Chosen { backup, data, age: age(now(question), data.as_of) })
}

/// The time at which catalogues were read.
fn now(question: &Question<'_>) -> Timestamp {
    question.seen.at.unwrap_or_default()
}

/// The machines that this run creates and that restore at their launch.
pub(super) fn machines<'a>(question: &Question<'a>) -> impl Iterator<Item = &'a Resource> {
    made(question).filter(|resource| resource.kind.recovery.launches.is_some())
}

/// The volumes that this run creates and makes of a snapshot, each with the backup by snapshots that it restores.
fn volumes<'a>(question: &Question<'a>) -> impl Iterator<Item = (&'a Resource, &'a Backup)> {
    let of = |volume: &'a Resource| {
        let restored = question.stack.restored_by(volume).into_iter().next();
        volume.kind.recovery.volume.and_then(|recovery| recovery.snapshots).and(restored)
    };
    made(question).filter_map(move |volume| Some((volume, of(volume)?)))
}

/// The resources that this run creates at the destination.
fn made<'a>(question: &Question<'a>) -> impl Iterator<Item = &'a Resource> {
    let (stack, group, arriving) = (question.stack, question.group, &question.course.arriving);
    let made: BTreeSet<&Address> = match question.verb {
        RunKind::Drill => copies(question).into_iter().map(|copy| &copy.address).collect(),
        RunKind::Up | RunKind::Down | RunKind::Restore => BTreeSet::new(),
    };
    let is_made = move |resource: &&Resource| match question.verb {
        RunKind::Drill => made.contains(&resource.address),
        RunKind::Up | RunKind::Down => stands_up(group, resource) && is_at(stack, group, resource, arriving),
        RunKind::Restore => {
            let order = question.seen.in_place.as_ref().filter(|order| order.way == RestoreWay::Launch);
            order.is_some_and(|order| order.machine == resource.address)
        }
    };
    stack.resources.values().filter(is_made)
}

/// The backups that a machine restores, in their order.
fn of_machine<'a>(question: &Question<'a>, machine: &Resource) -> Vec<&'a Backup> {
    let all = question.stack.restored_by(machine).into_iter();
    all.filter(|backup| question.restores(&backup.address)).collect()
}

/// The store in which a machine finds its manifest: that of the first of its backups that has signed addresses.
fn store<'a>(stack: &'a Stack, backups: &[&'a Backup]) -> Option<(&'a Address, &'static SignedObjects)> {
    backups.iter().find_map(|backup| {
        let Repository::Resource(address) = &backup.repository else { return None };
        Some((address, stack.resources.get(address)?.kind.recovery.signed?))
    })
}

/// Adds a step to each created machine that restores: it waits for the report of the machine.
pub(super) fn restore(draft: &mut ProcedureDraft<'_>, made: &BTreeMap<&Address, StepId>) {
    let question = draft.question;
    for machine in machines(question) {
        let Some(created) = made.get(&machine.address) else { continue };
        let Some((launch, takes)) = launch_of(question, machine) else { continue };
        draft.notes.extend(predicted(question, machine, &launch.items));
        let step = NewStep {
            address: machine.address.clone(),
            act: Act::Task(Task::Restore(Box::new(launch))),
            stage: Stage::Restore,
            serial: Vec::new(),
            touches: touches(machine),
            takes,
            undo: Undo::Nothing,
        };
        draft.add(step, vec![*created]);
    }
    for (volume, backup) in volumes(question) {
        let snapshots = volume.kind.recovery.volume.and_then(|recovery| recovery.snapshots);
        let created = made.get(&volume.address);
        if let (Some(created), Some(snapshots), Ok(chosen)) = (created, snapshots, chosen(question, backup)) {
            let loss = if counts(backup) { chosen.age } else { Duration::ZERO };
            draft.add(made_of(volume, &backup.address, &chosen.data, (snapshots.argument, loss)), vec![*created]);
        }
    }
}

/// The restore of a machine, and its time; `None` where nothing can be restored.
fn launch_of(question: &Question<'_>, machine: &Resource) -> Option<(LaunchRestore, DurationEstimate)> {
    let backups = of_machine(question, machine);
    let (store, _) = store(question.stack, &backups)?;
    let chosen: Vec<Chosen<'_>> =
        backups.iter().map(|backup| chosen(question, backup)).collect::<Result<_, _>>().ok()?;
    let items: Vec<ManifestItem> = chosen.iter().filter_map(|chosen| item(question.stack, chosen)).collect();
    if items.is_empty() {
        return None;
    }
    let times = times(question, machine, &items);
    let time: Duration = times.iter().sum();
    let seconds = u32::try_from(time.as_secs()).unwrap_or(u32::MAX).saturating_add(LOOK);
    let loss = chosen.iter().filter(|chosen| counts(chosen.backup)).map(|chosen| chosen.age).max();
    let older = chosen.iter().flat_map(|chosen| older(question, chosen)).collect();
    let (store, chosen, loss) = (store.clone(), now(question), loss.unwrap_or_default());
    let predicted = times.iter().map(Duration::as_secs_f64).collect();
    let levels = levels(question, &items);
    let launch = LaunchRestore { store, chosen, loss, items, older, predicted, levels };
    Some((launch, DurationEstimate { typical: seconds, worst: seconds.saturating_mul(2) }))
}

/// The points before the chosen one, newest first. In a drill none: it proves that the newest can be restored.
fn older(question: &Question<'_>, chosen: &Chosen<'_>) -> Vec<OlderPoint> {
    let set = question.seen.catalogues.get(&chosen.backup.address).and_then(|set| set.as_ref().ok());
    let Some(set) = set.filter(|_| question.verb != RunKind::Drill) else { return Vec::new() };
    let before = data_before(set, &chosen.data.point.id).into_iter().take(OLDER);
    let one = |data: DataAge<'_>| {
        let age = age(now(question), data.as_of);
        // Rounded up, as the announced one.
        let loss = if counts(chosen.backup) { Duration::from_secs(age.as_secs() + 1) } else { Duration::ZERO };
        Some(OlderPoint { loss, item: item(question.stack, &Chosen { backup: chosen.backup, data, age })? })
    };
    before.filter_map(one).collect()
}

fn item(stack: &Stack, chosen: &Chosen<'_>) -> Option<ManifestItem> {
    let Chosen { backup, data, .. } = chosen;
    let Repository::Resource(address) = &backup.repository else { return None };
    let kept = stack.resources.get(address)?;
    let place = kept.objects.first()?;
    let mut repository = (kept.kind.recovery.signed?.repository)(&place.id, &kept.location);
    if let Some(path) = &backup.path {
        repository = format!("{}/{}", repository.trim_end_matches('/'), path.trim_matches('/'));
    }
    launch::item(backup.name(), (backup.tool, backup.selection()), data, &repository)
}

/// True for data of users, whose age is a data loss.
pub(super) fn counts(backup: &Backup) -> bool {
    backup.class == DataClass::Persistent
}

/// A cold standby that users leave, and the time since which they have written there.
fn left_cold<'a>(question: &'a Question<'_>) -> Option<(&'a str, Timestamp)> {
    let role = question.state.roles.groups.get(&*question.group.name)?;
    let is_left = |site: &&Arc<str>| ***site == *role.site;
    let site = question.course.left.iter().find(is_left).filter(|_| question.verb.moves())?;
    let is_cold = question.stack.sites.get(&**site).is_some_and(|site| site.is_cold());
    is_cold.then_some((&**site, role.since))
}

/// The data of users that a cold standby has held since users were moved there, and that no replica takes along.
fn written<'a>(question: &'a Question<'_>) -> impl Iterator<Item = &'a Backup> {
    let restore = question.group.restore.iter().filter_map(|address| question.stack.backups.get(address.own_name()));
    let taken: Vec<&Address> = taken_along(question).into_iter().flat_map(|(_, sides)| sides).collect();
    restore.filter(move |backup| counts(backup) && !taken.contains(&&backup.of) && left_cold(question).is_some())
}

/// The replicas that take data home from a machine that has restored them, each with its own sides: the machine answers
/// as their primary, or an earlier run has stopped it and this one starts it again.
fn taken_along<'a>(question: &'a Question<'_>) -> Vec<(&'a Resource, Vec<&'a Address>)> {
    let stands_in = |replica: &Replica<'_>| {
        question.stack.stand_in(replica.resource).is_some()
            && (replica.standing.writer == Some(Side::Target) || stopped_stand_in(question, replica.resource).is_some())
    };
    let of = |replica: Replica<'a>| (replica.resource, question.stack.sides_of(replica.resource));
    replicas(question).into_iter().filter(stands_in).map(of).collect()
}

/// Checks that the machines answer that follow a cold standby before users move home.
pub(super) fn rebuilt(question: &Question<'_>, _: &StepGraph, found: &mut Vec<PreflightCheck>) {
    for replica in replicas(question).into_iter().filter(|replica| question.stack.stand_in(replica.resource).is_some())
    {
        let address = &replica.resource.address;
        match (&replica.standing.writer, &replica.standing.health) {
            (Some(Side::Target), Health::Unseen(why)) => found.push(refuses(
                "rebuilt",
                format!("{address} has no side at {} that could follow: {why}", question.course.arriving),
                "Rebuild the machine there with `drplan apply`, and set up what its programs need.",
            )),
            (Some(Side::Target), _) => {
                found.push(passes("rebuilt", format!("{address} can be taken home from {}", question.course.leaving)))
            }
            _ => {}
        }
    }
}

/// Checks that a move away from a cold standby leaves no data of users behind unnoticed: no replica takes them along.
pub(super) fn taken_home(question: &Question<'_>, _: &StepGraph, found: &mut Vec<PreflightCheck>) {
    let Some((site, since)) = left_cold(question) else { return };
    let names: BTreeSet<&str> = written(question).map(|backup| backup.of.as_str()).collect();
    let names: Vec<&str> = names.into_iter().collect();
    if names.is_empty() {
        return;
    }
    let time = age(now(question), since);
    let arriving = &question.course.arriving;
    let what =
        format!("what users have written at {site} since {since:.0} stays there: no replica takes it to {arriving}");
    found.push(match question.accepted.data_loss.filter(|accepted| *accepted >= time) {
        Some(accepted) => passes("data-left", format!("{what}; a loss of up to {} is accepted", spoken(accepted))),
        None => refuses(
            "data-left",
            what,
            format!(
                "Stop the application at {site}, back its data up and restore them for {} with their tools, and compare \
                 them. drplan cannot see that: accept it with --accept-data-loss {}s, or more.",
                in_prose(&names),
                time.as_secs() + 1
            ),
        ),
    });
}

/// The data loss of each restored backup with data of users, or of what a cold standby leaves behind.
pub(super) fn losses(question: &Question<'_>) -> Vec<LossEstimate> {
    if let Some((site, since)) = left_cold(question) {
        let source = format!("written at {site} since {since:.0}; drplan does not see whether it was copied");
        let amount = Some(Duration::from_secs(age(now(question), since).as_secs() + 1));
        let one = |backup: &Backup| LossEstimate { replica: backup.address.clone(), amount, source: source.clone() };
        return written(question).map(one).collect();
    }
    let restored: BTreeSet<&Address> = restored(question).into_iter().map(|backup| &backup.address).collect();
    let one = |backup: &Backup| {
        let (amount, source) = match chosen(question, backup) {
            // Rounded up, as that of a replica.
            Ok(chosen) => {
                let amount = Duration::from_secs(chosen.age.as_secs() + 1);
                (Some(amount), format!("restored to {:.0}, point {}", chosen.data.as_of, chosen.data.point.id))
            }
            Err(why) => (None, why),
        };
        LossEstimate { replica: backup.address.clone(), amount, source }
    };
    let wanted = wanted(question).into_iter();
    wanted.filter(|backup| counts(backup) && restored.contains(&backup.address)).map(one).collect()
}

/// True if a machine of this run restores data of one of these resources.
pub(super) fn restores(question: &Question<'_>, of: &[Address]) -> bool {
    restored(question).into_iter().any(|backup| counts(backup) && of.contains(&backup.of))
}

/// The backups that the machines of this run restore.
pub(super) fn restored<'a>(question: &Question<'a>) -> Vec<&'a Backup> {
    let of_machines = machines(question).flat_map(|machine| of_machine(question, machine));
    of_machines.chain(volumes(question).map(|(_, backup)| backup)).collect()
}

/// Checks that no replica is promoted that has the same damage as its source.
pub(super) fn damaged(question: &Question<'_>, _: &StepGraph, found: &mut Vec<PreflightCheck>) {
    if question.seen.cause.is_lost() {
        return;
    }
    let promoted: Vec<String> = replicas(question)
        .into_iter()
        .filter(|replica| replica.to.is_some())
        .map(|replica| replica.resource.address.to_string())
        .collect();
    if !promoted.is_empty() {
        found.push(refuses(
            "cause",
            format!("{} would be promoted with the damage that was replicated", in_prose(&promoted)),
            "Move to a cold site, which restores an older point (`--to SITE`), restore the data at the source with the \
             tools of their backups, or leave the replica behind with --without.",
        ));
    }
}

/// Checks that a cold standby gets its data: machines restore them, from points that exist.
pub(super) fn check(question: &Question<'_>, _: &StepGraph, found: &mut Vec<PreflightCheck>) {
    let restored: BTreeSet<&Address> = restored(question).into_iter().map(|backup| &backup.address).collect();
    let (by_machines, by_nobody): (Vec<&Backup>, Vec<&Backup>) =
        wanted(question).into_iter().partition(|backup| restored.contains(&backup.address));
    if !by_nobody.is_empty() {
        found.push(unrestored(question, &by_nobody));
    }
    if by_machines.is_empty() {
        return;
    }
    let before = found.len();
    for machine in machines(question) {
        found.extend(of_launch(question, machine));
    }
    for (volume, backup) in volumes(question) {
        found.extend(of_volume(question, volume, backup));
    }
    if found.len() == before {
        let each = by_machines.iter().filter_map(|backup| chosen(question, backup).ok());
        let each: Vec<String> =
            each.map(|chosen| format!("{} ({} old)", chosen.backup.address, spoken(chosen.age))).collect();
        let are = if each.len() == 1 { "is" } else { "are" };
        found.push(passes("restore", format!("{} {are} restored at {}", in_prose(&each), question.course.arriving)));
    }
}

/// Backups that no machine of the destination restores.
fn unrestored(question: &Question<'_>, backups: &[&Backup]) -> PreflightCheck {
    let arriving = &*question.course.arriving;
    let names: Vec<&str> = backups.iter().map(|backup| backup.address.as_str()).collect();
    warns(
        "restore",
        format!("drplan does not restore {}: {arriving} starts without their data", names.join(", ")),
        "Let the image restore them at its first start, or restore them with their tools while the run waits for the \
         probes of the site. `drplan backup status` shows the newest points and their age, which is the data loss.",
    )
}

/// The reason why a volume could not be made of a snapshot.
fn of_volume(question: &Question<'_>, volume: &Resource, backup: &Backup) -> Option<PreflightCheck> {
    let address = &volume.address;
    let site = question.stack.repository_site(backup);
    let why = match chosen(question, backup) {
        _ if backup.tool.form != RestoreForm::Volume => format!("{} keeps no snapshots", backup.tool.title),
        _ if site.is_some_and(|site| site.location != volume.location) => {
            format!("its snapshots are not in {}", volume.location)
        }
        Ok(_) => return None,
        Err(why) => why,
    };
    Some(refuses(
        "restore",
        format!("{address} cannot be made of {}: {why}", backup.address),
        "Write a backup by snapshots whose `repository` is the site of the volume: `drplan backup list` shows what is \
         there.",
    ))
}

/// The reasons why a machine could not restore.
fn of_launch(question: &Question<'_>, machine: &Resource) -> Vec<PreflightCheck> {
    let backups = of_machine(question, machine);
    let address = &machine.address;
    let mut found = Vec::new();
    for backup in &backups {
        let usable = chosen(question, backup).and_then(|chosen| match item(question.stack, &chosen) {
            Some(_) => Ok(()),
            None => Err(format!("a machine cannot read copies that {} keeps", backup.tool.title)),
        });
        if let Err(why) = usable {
            found.push(refuses(
                "restore",
                format!("{address} cannot restore {}: {why}", backup.address),
                "`drplan backup status` shows what the catalogues have. Repair the repository, or remove the backup \
                 from the machine.",
            ));
        }
    }
    if !backups.is_empty() && store(question.stack, &backups).is_none() {
        found.push(refuses(
            "restore",
            format!("{address} cannot be told what to restore: no repository of its backups has signed addresses"),
            "Keep one of its backups in a bucket of a provider that signs addresses.",
        ));
    }
    if let Some(why) = unmergeable(machine).filter(|_| !backups.is_empty()) {
        found.push(refuses(
            "restore",
            format!("{address} cannot restore at its launch: {why}"),
            "Move them into the image, or remove `restores` from the machine.",
        ));
    }
    found
}

/// The reason why user data of a machine's own cannot be merged with those of its restore. Secret ones are judged when
/// the machine is created.
fn unmergeable(machine: &Resource) -> Option<String> {
    let launches = machine.kind.recovery.launches?;
    let first = launches.argument.split('.').next().unwrap_or_default();
    let args = machine.configured(first).map(|value| (first.to_owned(), value)).into_iter().collect();
    let own = match launches.written(&args) {
        Ok(own) => own?,
        Err(why) => return Some(why),
    };
    let room = launches.most.saturating_sub(RESERVED);
    launch::unmergeable(&own).map(str::to_owned).or_else(|| {
        (own.len() > room).then(|| format!("its user data have {} bytes, and {room} fit beside it", own.len()))
    })
}
