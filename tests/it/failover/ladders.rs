//! Restores that find damage and go back to an older point, killed after any entry: resumed, they end as undisturbed
//! ones.

use std::time::Duration;

use drplan::apply::FailurePolicy;
use drplan::backup::RestoreOutcome;
use drplan::simulator::Fault;
use drplan::state::{ActiveSite, RunKind};
use drplan::steps::{Acceptance, RunEnd};

use super::incident::{Incident, IncidentSnapshot, RunRequest, UP};
use crate::lab::{in_parallel, simulated};

/// A move to the cold site that accepts the loss of two days.
const COLD: RunRequest = RunRequest {
    to: Some("cold"),
    accepted: Acceptance { data_loss: Some(Duration::from_secs(2 * 86_400)), split_brain: false },
    ..UP
};

/// The stack a day later, with its newest copy of the database damaged.
async fn damaged() -> IncidentSnapshot {
    let incident = Incident::stands("saas-three-sites").await;
    incident.wait(25 * 3600).await;
    let fault = Fault::Damage { backup: "database".to_owned(), point: "20260106-080000F".to_owned() };
    incident.lab.simulator.add_fault(fault).expect("the simulator is in memory");
    IncidentSnapshot::of(incident)
}

/// The restores of a backup that the state has: each point, and if it was restored.
fn restores(incident: &Incident, backup: &str) -> Vec<(String, bool)> {
    let (_, state) = incident.stack(COLD.verb);
    let all = state.restores.iter().filter(|(address, _)| address.own_name() == backup).flat_map(|(_, all)| all);
    all.map(|record| (record.point.clone(), record.outcome == RestoreOutcome::Restored)).collect()
}

/// Runs to the end, and compares what was restored.
async fn ends_with_the_older_point(incident: &Incident) -> Result<(), String> {
    let ended = incident.whole(COLD, FailurePolicy::Stop).await?;
    if ended.report.ended != Some(RunEnd::Done) {
        return Err(format!("the run ends as {:?}: {:#?}", ended.report.ended, ended.report.fates));
    }
    let expected = [("20260106-080000F".to_owned(), false), ("20260105-080000F_20260106-000000I".to_owned(), true)];
    let found = restores(incident, "database");
    if found != expected {
        return Err(format!("restored: {found:?}"));
    }
    match restores(incident, "files").as_slice() {
        [(point, true)] if point == "20260106-080000F" => Ok(()),
        other => Err(format!("files need not go back: {other:?}")),
    }
}

/// Kills a run after each of its entries, and ends it. `ends` brings a run to its end and checks the outcome.
pub(super) fn survives_every_kill(
    begun: &IncidentSnapshot,
    ask: RunRequest,
    ends: impl AsyncFn(&Incident) -> Result<(), String> + Sync,
) {
    let entries = simulated(async {
        let incident = begun.again();
        let before = incident.lab.store.entries().len();
        ends(&incident).await.unwrap_or_else(|why| panic!("{why}"));
        incident.lab.store.entries().len() - before
    });
    let wrong: Vec<String> = in_parallel(0..entries as u64, |cut| {
        let ended = simulated(async {
            let incident = begun.again();
            incident.lab.store.stop_after(cut as usize);
            let killed = incident.whole(ask, FailurePolicy::Stop).await;
            incident.lab.store.go_on();
            if killed.is_ok() {
                return Err("the run was not killed".to_owned());
            }
            ends(&IncidentSnapshot::of(incident).again()).await
        });
        ended.err().map(|why| format!("killed after {cut} of {entries} entries: {why}")).into_iter().collect()
    });
    assert!(wrong.is_empty(), "{} runs fail:\n{}", wrong.len(), wrong.join("\n"));
}

#[test]
fn run_that_goes_back_to_an_older_point_survives_a_kill_after_any_entry() {
    survives_every_kill(&simulated(damaged()), COLD, ends_with_the_older_point);
}

#[test]
fn run_stops_where_the_older_point_loses_more_than_was_accepted() {
    simulated(async {
        let incident = damaged().await.again();
        let accepted = Acceptance { data_loss: Some(Duration::from_secs(4 * 3600)), split_brain: false };
        let ended = incident.whole(RunRequest { accepted, ..COLD }, FailurePolicy::Stop).await;
        let ended = ended.unwrap_or_else(|why| panic!("{why}"));
        assert_eq!(ended.report.ended, Some(RunEnd::Failed));
        let fates = format!("{:?}", ended.report.fates);
        assert!(fates.contains("--accept-data-loss"), "{fates}");
        assert_eq!(restores(&incident, "database"), [("20260106-080000F".to_owned(), false)]);
    });
}

/// A restore of the database in place.
const IN_PLACE: RunRequest = RunRequest { verb: RunKind::Restore, to: None, ..COLD };

/// Runs to the end: the group is where it was, nothing is left to do, and the data are those of the newest point.
async fn ends_restored(incident: &Incident) -> Result<(), String> {
    let ended = incident.whole(IN_PLACE, FailurePolicy::Stop).await?;
    if ended.report.ended != Some(RunEnd::Done) {
        return Err(format!("the run ends as {:?}: {:#?}", ended.report.ended, ended.report.fates));
    }
    if incident.active() != ActiveSite::Away || incident.open().is_some() {
        return Err("the group has moved, or its run is open".to_owned());
    }
    let changes = incident.changes().await;
    if !changes.is_empty() {
        return Err(format!("a plan has changes: {changes:?}"));
    }
    match restores(incident, "database").as_slice() {
        [_, (point, true)] if point == "20260106-080000F" => Ok(()),
        other => Err(format!("restored: {other:?}")),
    }
}

#[test]
fn restore_in_place_survives_a_kill_after_any_entry() {
    let begun = simulated(async {
        let incident = Incident::stands("saas-three-sites").await;
        incident.done(COLD).await;
        incident.wait(25 * 3600).await;
        IncidentSnapshot::of(incident)
    });
    survives_every_kill(&begun, IN_PLACE, ends_restored);
}
