//! A failover run that is killed after any entry of its journal and resumed ends as one that nothing disturbs; one that is given up instead ends
//! in a state from which the group can be moved. For every verb of every stack to start from.

use drplan::apply::{Aborted, OnFailure};
use drplan::state::Verb;
use drplan::steps::Ended;

use super::incident::{Ask, Incident};
use super::scene::{SCENES, Scene};
use crate::lab::{in_parallel, simulated};

/// How many entries the journal of the run has where nothing disturbs it.
fn entries(scene: Scene) -> usize {
    simulated(async {
        let incident = scene.begin().await;
        let before = incident.lab.store.entries().len();
        incident.done(scene.ask).await;
        incident.lab.store.entries().len() - before
    })
}

/// Does it to the end, or says why not.
async fn to_the_end(incident: &Incident, ask: Ask) -> Result<(), String> {
    let ended = incident.whole(ask, OnFailure::Stop).await?;
    match ended.report.ended {
        Some(Ended::Done) => Ok(()),
        other => Err(format!("it ends as {other:?}: {:#?}", ended.report.fates)),
    }
}

/// Kills the run once its journal has so many entries, and resumes it.
async fn resumed_after(scene: Scene, cut: usize) -> Result<(), String> {
    let incident = scene.begin().await;
    kill(&incident, scene.ask, cut).await?;
    to_the_end(&incident, scene.ask).await?;
    scene.is_well(&incident).await
}

/// Kills the run, gives it up, and moves the group all the same.
async fn aborted_after(scene: Scene, cut: usize) -> Result<(), String> {
    let incident = scene.begin().await;
    kill(&incident, scene.ask, cut).await?;
    if incident.open().is_some() {
        match incident.abort().await.map_err(|error| error.to_string())? {
            Aborted::Nothing | Aborted::Recorded(_) => {}
            Aborted::Unwound(report) | Aborted::Unrecorded(report) if report.ended == Some(Ended::Done) => {}
            Aborted::Unwound(report) | Aborted::Unrecorded(report) => {
                return Err(format!("given up, it ends as {:?}: {:#?}", report.ended, report.fates));
            }
        }
    }
    if incident.open().is_some() {
        return Err("the run is still open".to_owned());
    }
    if incident.active() != scene.ends() || scene.ask.verb == Verb::Drill {
        to_the_end(&incident, scene.ask).await.map_err(|why| format!("begun again, {why}"))?;
    }
    scene.is_well(&incident).await
}

/// Begins the run and kills it once the journal has so many entries more, however often people are asked before.
async fn kill(incident: &Incident, ask: Ask, cut: usize) -> Result<(), String> {
    incident.lab.store.stop_after(cut);
    let killed = incident.whole(ask, OnFailure::Stop).await;
    incident.lab.store.go_on();
    match killed {
        Err(why) if why.contains("no room") => Ok(()),
        Err(why) => Err(format!("it was refused: {why}")),
        Ok(_) => Err("the run was not killed".to_owned()),
    }
}

fn survives_every_cut(scene: Scene) -> Vec<String> {
    let entries = entries(scene);
    in_parallel(0..entries as u64, |cut| {
        let cut = cut as usize;
        let resumed = simulated(resumed_after(scene, cut));
        let given_up = simulated(aborted_after(scene, cut));
        let told = [("resumed", resumed), ("given up", given_up)].map(|(then, ended)| {
            ended
                .err()
                .map(|why| format!("── {}, killed after {cut} of {entries} entries and {then}: {why}", scene.name()))
        });
        told.into_iter().flatten().collect()
    })
}

#[test]
fn a_run_is_killed_after_each_entry() {
    let wrong: Vec<String> = SCENES.iter().copied().flat_map(survives_every_cut).collect();
    assert!(wrong.is_empty(), "{} end badly:\n{}", wrong.len(), wrong.join("\n"));
}
