//! Health probes over the public network on simulated time, such as Traffic Manager's probes of its endpoints.
//!
//! A probe is an event of the world, like the end of an operation, so no background task is needed. While the world
//! does not change, health does not change either, and probes are skipped.

use jiff::{SignedDuration, Timestamp};

use super::hooks;
use super::state::{self, Monitor};
use crate::kinds::{ProbeSettings, ProbedEndpoint};
use crate::object::ObjectId;
use crate::simulator::sight::Destination;
use crate::simulator::world::World;

/// The time at which the next probe is sent or times out, of those that may have a new result.
pub(super) fn next_probe(world: &World) -> Option<Timestamp> {
    hooks::watched(world).filter_map(|id| next_probe_of(world, id)).min()
}

fn next_probe_of(world: &World, id: &str) -> Option<Timestamp> {
    let usual = Monitor::default();
    let monitor = state::of(world).monitors.get(id).unwrap_or(&usual);
    let sent = (monitor.settled != Some(world.revision)).then(|| probe_after(world, id, monitor.interval, world.now));
    [monitor.due.filter(|due| *due > world.now), sent].into_iter().flatten().min()
}

/// The first probe time of an object after `time`. Each object has its own offset.
fn probe_after(world: &World, id: &str, interval: u32, time: Timestamp) -> Timestamp {
    let interval = i64::from(interval.max(1));
    let phase = world.seed.stream(&[id, "probe"]).below(interval.unsigned_abs()).cast_signed();
    let ahead = interval - (time.as_second() - phase).rem_euclid(interval);
    Timestamp::from_second(time.as_second() + ahead).unwrap_or(Timestamp::MAX)
}

/// Sends the probes due now, and applies the timeouts that are due.
pub(super) fn watch(world: &mut World) {
    let watched: Vec<String> = hooks::watched(world).cloned().collect();
    for id in watched {
        let monitor = state::of(world).monitors.get(&id).cloned().unwrap_or_default();
        if monitor.due.is_some_and(|due| due <= world.now) {
            show_health(world, &id, Some(false));
            state::of_mut(world).monitors.insert(id.clone(), Monitor { due: None, ..monitor.clone() });
            world.changes.rest = true;
        }
        let just_before = world.now - SignedDuration::from_nanos(1);
        if monitor.settled != Some(world.revision)
            && probe_after(world, &id, monitor.interval, just_before) == world.now
        {
            probe(world, &id);
        }
    }
}

fn probe(world: &mut World, id: &str) {
    let Some(object) = world.object(id).map(|object| object.id.clone()) else { return };
    let how = watched_by(world, id).and_then(|watched| (watched.how)(world, &object));
    let mut monitor = state::of_mut(world).monitors.remove(id).unwrap_or_default();
    match how {
        None => monitor = Monitor::default(),
        Some(watch) => judge(world, &object, &watch, &mut monitor),
    }
    // A pending timeout has yet to be applied, and an object that can still become unhealthy needs more probes.
    let known = monitor.due.is_none() && (monitor.failed == 0 || is_shown_ill(world, id, &monitor));
    monitor.settled = known.then_some(world.revision);
    state::of_mut(world).monitors.insert(id.to_owned(), monitor);
    world.changes.rest = true;
}

fn judge(world: &mut World, id: &ObjectId, watch: &ProbeSettings, monitor: &mut Monitor) {
    monitor.interval = watch.interval.max(1);
    let well = answers_probe(world, watch);
    if well != Some(false) {
        (monitor.failed, monitor.due) = (0, None);
        show_health(world, &id.folded(), well);
        return;
    }
    monitor.failed = monitor.failed.saturating_add(1);
    if monitor.failed == watch.tolerated + 1 {
        monitor.due = Some(world.now + SignedDuration::from_secs(i64::from(watch.timeout)));
    }
}

fn is_shown_ill(world: &World, id: &str, monitor: &Monitor) -> bool {
    let Some(object) = world.object(id) else { return true };
    let how = watched_by(world, id).and_then(|watched| (watched.how)(world, &object.id));
    how.is_none_or(|watch| monitor.failed > watch.tolerated + 1)
}

/// True where a host gives a healthy answer; `None` for one outside this world. A working application does: the
/// simulator does not know it.
fn answers_probe(world: &mut World, watch: &ProbeSettings) -> Option<bool> {
    let is_healthy = |status: u16| match watch.healthy.as_slice() {
        [] => status == 200,
        ranges => ranges.iter().any(|(least, most)| (*least..=*most).contains(&status)),
    };
    match world.probed(&watch.host) {
        Ok(Destination::Served(_)) => Some(true),
        Ok(Destination::Told(status)) => Some(status.is_some_and(is_healthy)),
        Ok(Destination::Unserved) => Some(is_healthy(503)),
        Ok(Destination::Dark(_) | Destination::Refused(_)) | Err(_) => Some(false),
        Ok(Destination::Outside) => None,
    }
}

fn show_health(world: &mut World, id: &str, well: Option<bool>) {
    let Some(object) = world.object(id).map(|object| object.id.clone()) else { return };
    if let Some(watched) = watched_by(world, id) {
        (watched.show)(world, &object, well);
    }
}

/// How an object is monitored.
fn watched_by(world: &World, id: &str) -> Option<ProbedEndpoint> {
    hooks::hook(world.object(id)?, |simulated| simulated.watched)
}
