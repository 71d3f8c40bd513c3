//! A failover run that is killed after any entry of its journal and resumed ends as one that nothing disturbs; one that is given up instead ends
//! in a state from which the group can be moved. For every verb of every stack to start from.

use drplan::apply::{Aborted, OnFailure};
use drplan::state::Verb;
use drplan::steps::Ended;
use drplan::world::Clock;
use jiff::Timestamp;

use super::incident::{Ask, Incident};
use super::scene::{SCENES, Scene};
use crate::lab::{in_parallel, simulated};

/// An incident at an instant: every cut begins from the same one.
struct Moment {
    incident: Incident,
    now: Timestamp,
}

impl Moment {
    fn of(incident: Incident) -> Self {
        Self { now: incident.lab.clock.now(), incident }
    }

    fn again(&self) -> Incident {
        self.incident.fork(self.now)
    }
}

/// The beginning of a scene, and how many entries the journal of its run has where nothing disturbs it.
fn beginning(scene: Scene) -> (Moment, usize) {
    simulated(async {
        let begun = Moment::of(scene.begin().await);
        let incident = begun.again();
        let before = incident.lab.store.entries().len();
        incident.done(scene.ask).await;
        let entries = incident.lab.store.entries().len() - before;
        (begun, entries)
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

/// Resumes a run that was killed.
async fn resumed(scene: Scene, incident: Incident) -> Result<(), String> {
    to_the_end(&incident, scene.ask).await?;
    scene.is_well(&incident).await
}

/// Aborts a run that was killed, and moves the group all the same.
async fn aborted(scene: Scene, incident: Incident) -> Result<(), String> {
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
async fn killed(incident: Incident, ask: Ask, cut: usize) -> Result<Moment, String> {
    incident.lab.store.stop_after(cut);
    let killed = incident.whole(ask, OnFailure::Stop).await;
    incident.lab.store.go_on();
    match killed {
        Err(why) if why.contains("no room") => Ok(Moment::of(incident)),
        Err(why) => Err(format!("it was refused: {why}")),
        Ok(_) => Err("the run was not killed".to_owned()),
    }
}

fn survives_every_cut(scene: Scene) -> Vec<String> {
    let (begun, entries) = beginning(scene);
    in_parallel(0..entries as u64, |cut| {
        let failed = |then: &str, why: String| {
            format!("── {}, killed after {cut} of {entries} entries{then}: {why}", scene.name())
        };
        let killed = match simulated(async { killed(begun.again(), scene.ask, cut as usize).await }) {
            Ok(killed) => killed,
            Err(why) => return vec![failed("", why)],
        };
        let resumed = simulated(async { resumed(scene, killed.again()).await });
        let aborted = simulated(async { aborted(scene, killed.again()).await });
        [(" and resumed", resumed), (" and aborted", aborted)]
            .into_iter()
            .filter_map(|(then, ended)| Some(failed(then, ended.err()?)))
            .collect()
    })
}

#[test]
fn a_run_is_killed_after_each_entry() {
    let wrong: Vec<String> = SCENES.iter().copied().flat_map(survives_every_cut).collect();
    assert!(wrong.is_empty(), "{} end badly:\n{}", wrong.len(), wrong.join("\n"));
}
