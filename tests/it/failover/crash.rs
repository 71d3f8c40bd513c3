//! Failover runs killed after any journal entry. Resumed, a run ends as an undisturbed one; aborted, it leaves a state
//! from which the group can be moved. Covers every operation of every starter stack. A normal run of the tests does
//! both after each entry for web-geo, and one of them in turn for the other stacks; `DRPLAN_CRASH=all`: both.

use drplan::apply::{AbortOutcome, FailurePolicy};
use drplan::state::RunKind;
use drplan::steps::RunEnd;
use drplan::world::Store;

use super::incident::{Incident, IncidentSnapshot, RunRequest};
use super::scene::{SCENES, Scene};
use crate::lab::{in_parallel, simulated};

/// Beginning of a scene, and the number of journal entries of its undisturbed run.
fn beginning(scene: Scene) -> (IncidentSnapshot, usize) {
    simulated(async {
        let begun = IncidentSnapshot::of(scene.begin().await);
        let incident = begun.again();
        let before = incident.lab.store.entries().len();
        incident.done(scene.ask).await;
        let entries = incident.lab.store.entries().len() - before;
        (begun, entries)
    })
}

/// Executes a request to completion, or returns the reason why it does not complete.
async fn to_the_end(incident: &Incident, ask: RunRequest) -> Result<(), String> {
    let ended = incident.whole(ask, FailurePolicy::Stop).await?;
    match ended.report.ended {
        Some(RunEnd::Done) => Ok(()),
        other => Err(format!("the run ends as {other:?}: {:#?}", ended.report.fates)),
    }
}

/// Checks that a run that restored has recorded each backup once, whatever killed it.
fn records(scene: Scene, incident: &Incident) -> Result<(), String> {
    if scene.ask.to != Some("cold") {
        return Ok(());
    }
    let state = incident.lab.store.load().map_err(|error| error.to_string())?.ok_or("there is no state")?;
    let proofs = state.restores.values().map(|records| records.iter().filter(|record| record.is_proof()).count());
    let (proofs, all) = (proofs.collect::<Vec<_>>(), state.restores.values().flatten().count());
    match proofs == [1, 1, 1] && all == 3 {
        true => Ok(()),
        false => Err(format!("each of three backups was restored once, and recorded: {:#?}", state.restores)),
    }
}

/// Resumes a killed run.
async fn resumed(scene: Scene, incident: Incident) -> Result<(), String> {
    to_the_end(&incident, scene.ask).await?;
    records(scene, &incident)?;
    scene.is_well(&incident).await
}

/// Aborts a killed run, and then moves the group.
async fn aborted(scene: Scene, incident: Incident) -> Result<(), String> {
    if incident.open().is_some() {
        match incident.abort().await.map_err(|error| error.to_string())? {
            AbortOutcome::Nothing | AbortOutcome::Recorded(_) | AbortOutcome::Left(_) => {}
            AbortOutcome::Unwound(report) | AbortOutcome::Unrecorded(report) if report.ended == Some(RunEnd::Done) => {}
            AbortOutcome::Unwound(report) | AbortOutcome::Unrecorded(report) => {
                return Err(format!("after an abort, the run ends as {:?}: {:#?}", report.ended, report.fates));
            }
        }
    }
    if incident.open().is_some() {
        return Err("the run is still unfinished".to_owned());
    }
    if incident.active() != scene.ends() || scene.ask.verb == RunKind::Drill {
        to_the_end(&incident, scene.ask).await.map_err(|why| format!("begun again, {why}"))?;
    }
    scene.is_well(&incident).await
}

/// Begins the run and kills it after `cut` more journal entries. Approvals before that are granted.
async fn killed(incident: Incident, ask: RunRequest, cut: usize) -> Result<IncidentSnapshot, String> {
    incident.lab.store.stop_after(cut);
    let killed = incident.whole(ask, FailurePolicy::Stop).await;
    incident.lab.store.go_on();
    match killed {
        Err(why) if why.contains("no room") => Ok(IncidentSnapshot::of(incident)),
        Err(why) => Err(format!("the run was refused: {why}")),
        Ok(_) => Err("the run was not killed".to_owned()),
    }
}

fn survives_every_cut(scene: Scene, all: bool) -> Vec<String> {
    let (begun, entries) = beginning(scene);
    let both = all || scene.stack == "web-geo";
    in_parallel(0..entries as u64, |cut| {
        let failed = |then: &str, why: String| {
            format!("── {}, killed after {cut} of {entries} entries{then}: {why}", scene.name())
        };
        let killed = match simulated(async { killed(begun.again(), scene.ask, cut as usize).await }) {
            Ok(killed) => killed,
            Err(why) => return vec![failed("", why)],
        };
        let mut ends = Vec::new();
        if both || cut % 2 == 0 {
            ends.push((" and resumed", simulated(async { resumed(scene, killed.again()).await })));
        }
        if both || cut % 2 == 1 {
            ends.push((" and aborted", simulated(async { aborted(scene, killed.again()).await })));
        }
        ends.into_iter().filter_map(|(then, ended)| Some(failed(then, ended.err()?))).collect()
    })
}

#[test]
fn run_killed_after_any_entry_can_be_resumed_or_aborted() {
    let all = crate::takes_all("DRPLAN_CRASH");
    if !all {
        crate::skipped("half of the ends of runs of stacks other than web-geo; DRPLAN_CRASH=all takes both");
    }
    let wrong: Vec<String> = SCENES.iter().flat_map(|scene| survives_every_cut(*scene, all)).collect();
    assert!(wrong.is_empty(), "{} runs fail:\n{}", wrong.len(), wrong.join("\n"));
}
