//! A failover run that is killed after any entry of its journal and resumed ends as one that nothing disturbs; one that is given up instead ends
//! in a state from which the group can be moved.

use drplan::apply::{Aborted, OnFailure};
use drplan::simulator::{Fault, Plane};
use drplan::state::Active;
use drplan::steps::Ended;

use super::incident::{Ask, DOWN, DRILL, FORCED, HOME, Incident, UP};
use crate::lab::simulated;

/// What is done while the run is killed.
#[derive(Clone, Copy)]
enum Story {
    Up,
    Forced,
    Down,
    Drill,
}

impl Story {
    /// Brings the world to where the run begins.
    async fn begin(self) -> (Incident, Ask) {
        let incident = Incident::web_geo().await;
        incident.wait(60).await;
        match self {
            Self::Up => (incident, UP),
            Self::Drill => (incident, DRILL),
            Self::Forced => {
                let lose = Fault::Lose { location: HOME.to_owned(), plane: Plane::Both };
                incident.lab.simulator.add_fault(lose).unwrap();
                incident.wait(30).await;
                (incident, FORCED)
            }
            Self::Down => {
                incident.done(UP).await;
                (incident, DOWN)
            }
        }
    }

    const fn ends(self) -> Active {
        match self {
            Self::Up | Self::Forced => Active::Away,
            Self::Down | Self::Drill => Active::Home,
        }
    }

    /// How many entries the journal of the run has where nothing disturbs it.
    fn entries(self) -> usize {
        simulated(async {
            let (incident, ask) = self.begin().await;
            let before = incident.lab.store.entries().len();
            incident.done(ask).await;
            incident.lab.store.entries().len() - before
        })
    }

    /// Kills the run once its journal has so many entries, and resumes it.
    fn resumed_after(self, cut: usize) -> Result<(), String> {
        simulated(async {
            let (incident, ask) = self.begin().await;
            kill(&incident, ask, cut).await?;
            if incident.open().is_none() {
                // Nothing was written, so that nothing was begun.
                incident.done(ask).await;
            } else {
                let ended = incident.resume(OnFailure::Stop).await.map_err(|error| error.to_string())?;
                if ended.report.ended != Some(Ended::Done) {
                    return Err(format!("resumed, it ends as {:?}: {:#?}", ended.report.ended, ended.report.fates));
                }
            }
            self.is_well(&incident).await
        })
    }

    async fn is_well(self, incident: &Incident) -> Result<(), String> {
        if incident.active() != self.ends() {
            return Err(format!("{:?} is active", incident.active()));
        }
        if let Some(run) = incident.open() {
            return Err(format!("run {run} is still open"));
        }
        let changes = incident.changes().await;
        if !changes.is_empty() {
            return Err(format!("a plan has changes: {changes:?}"));
        }
        if self.ends() == Active::Home && !incident.left_over().is_empty() {
            return Err(format!("left over: {:?}", incident.left_over()));
        }
        let tally = incident.tally();
        if tally.split > 0 {
            return Err(format!("two sites took writes: {tally:?}"));
        }
        if !matches!(self, Self::Forced) && tally.lost > 0 {
            return Err(format!("rows were lost: {tally:?}"));
        }
        Ok(())
    }

    /// Kills the run, gives it up, and moves the group all the same.
    fn aborted_after(self, cut: usize) -> Result<(), String> {
        simulated(async {
            let (incident, ask) = self.begin().await;
            kill(&incident, ask, cut).await?;
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
            if incident.active() != self.ends() || matches!(self, Self::Drill) {
                let again = incident.begin(ask, OnFailure::Stop).await?;
                if again.report.ended != Some(Ended::Done) {
                    return Err(format!("begun again, it ends as {:?}: {:#?}", again.report.ended, again.report.fates));
                }
            }
            self.is_well(&incident).await
        })
    }

    fn survives_every_cut(self) {
        let entries = self.entries();
        let mut wrong = Vec::new();
        for cut in 0..entries {
            if let Err(why) = self.resumed_after(cut) {
                wrong.push(format!("── killed after {cut} of {entries} entries and resumed: {why}"));
            }
            if let Err(why) = self.aborted_after(cut) {
                wrong.push(format!("── killed after {cut} of {entries} entries and given up: {why}"));
            }
        }
        assert!(wrong.is_empty(), "{} of {entries} cuts end otherwise:\n{}", wrong.len(), wrong.join("\n"));
    }
}

/// Begins the run and kills it once its journal has so many entries.
async fn kill(incident: &Incident, ask: Ask, cut: usize) -> Result<(), String> {
    incident.lab.store.stop_after(cut);
    let killed = incident.begin(ask, OnFailure::Stop).await;
    incident.lab.store.go_on();
    match killed {
        Err(why) if why.contains("no room") => Ok(()),
        Err(why) => Err(format!("it was refused: {why}")),
        Ok(_) => Err("the run was not killed".to_owned()),
    }
}

#[test]
fn a_planned_failover_is_killed_after_each_entry() {
    Story::Up.survives_every_cut();
}

#[test]
fn a_forced_failover_is_killed_after_each_entry() {
    Story::Forced.survives_every_cut();
}

#[test]
fn a_way_back_is_killed_after_each_entry() {
    Story::Down.survives_every_cut();
}

#[test]
fn a_drill_is_killed_after_each_entry() {
    Story::Drill.survives_every_cut();
}
