//! Restores in a world whose machines restore at rates of their own: one verification measures them, and predictions
//! hold from then on.

use std::time::Duration;

use drplan::backup::RungKind;
use drplan::failover::Procedure;
use drplan::simulator::{Fault, Plane};
use drplan::state::RunKind;
use drplan::steps::{Acceptance, StepEvent};
use drplan::world::Store;

use super::incident::{DRILL, FORCED, Incident, IncidentSnapshot, RunRequest, UP};
use super::predictions::differs;
use crate::lab::simulated;

/// A verification of the backups at the cold site.
const VERIFY: RunRequest = RunRequest { to: Some("cold"), verify: &["configuration", "database", "files"], ..DRILL };

/// A move to the cold site, with every other site lost.
const COLD: RunRequest = RunRequest {
    to: Some("cold"),
    accepted: Acceptance { data_loss: Some(Duration::from_secs(2 * 86_400)), split_brain: false },
    ..FORCED
};

/// A restore of the database in place.
const IN_PLACE: RunRequest = RunRequest { verb: RunKind::Restore, accepted: COLD.accepted, ..UP };

/// The stack in a world where restores are slower than the estimates, each in its own way.
async fn slow() -> IncidentSnapshot {
    let incident = Incident::stands("saas-three-sites").await;
    for (backup, percent, checks) in
        [("database", 40, Some(200 << 20)), ("files", 65, None), ("configuration", 130, None)]
    {
        let fault = Fault::Slow { backup: backup.to_owned(), percent, checks };
        incident.lab.simulator.add_fault(fault).expect("the simulator is in memory");
    }
    incident.wait(25 * 3600).await;
    IncidentSnapshot::of(incident)
}

impl Incident {
    /// Runs a request; the time of its restore as predicted and as measured, and that of the recovery.
    async fn restored(&self, ask: RunRequest) -> [(Duration, Duration, Duration); 2] {
        let procedure = self.procedure(ask).await;
        let step = procedure.steps.steps.iter().find(|step| step.stage == drplan::steps::Stage::Restore);
        let step = step.expect("a step that restores").clone();
        self.done(ask).await;
        let run = self.lab.store.runs().expect("runs").pop().expect("a run");
        let entries = self.lab.store.entries_of(&run).expect("a journal");
        let of_step = |wanted: fn(&StepEvent) -> bool| {
            let mut all = entries.iter().filter(|entry| {
                matches!(&entry.event, drplan::steps::Event::Step { step: id, event, .. } if *id == step.id && wanted(event))
            });
            all.next_back().expect("an entry").at
        };
        let (began, ended) = (
            of_step(|event| matches!(event, StepEvent::Begun { .. })),
            of_step(|event| matches!(event, StepEvent::Succeeded(_))),
        );
        let took = ended.duration_since(began).unsigned_abs();
        let recovery = self.last().switched().expect("data and users are served");
        let predicted = procedure.predicted;
        [(step.expect, took, step.worst), (predicted.typical, recovery, predicted.worst)]
    }
}

/// The differences between prediction and reality of a run.
fn wrong(of: [(Duration, Duration, Duration); 2], what: &str) -> Vec<String> {
    let [(restore, took, worst), (rto, real, latest)] = of;
    let mut wrong = differs(restore, took, worst, &format!("{what}: restore"));
    wrong.extend(differs(rto, real, latest, &format!("{what}: recovery")));
    wrong
}

/// Loses both sites of the first provider.
fn lose(incident: &Incident) {
    let fault = Fault::Lose { location: "provider:linode".to_owned(), plane: Plane::Both };
    incident.lab.simulator.add_fault(fault).expect("the simulator is in memory");
}

/// The time of the newest backup of the database in the ladder of a procedure.
fn rung(procedure: &Procedure) -> Duration {
    let ladder = procedure.ladders.iter().find(|ladder| ladder.backup.own_name() == "database").expect("a ladder");
    let newest = ladder.rungs.iter().find(|rung| rung.kind == RungKind::Newest).expect("a rung");
    newest.time.expect("a known time")
}

#[test]
fn one_verification_makes_predictions_of_the_next_restores_hold() {
    simulated(async {
        let begun = slow().await;
        // By the estimates they do not.
        let unmeasured = begun.again();
        lose(&unmeasured);
        let estimated = rung(&unmeasured.procedure(COLD).await);
        assert_ne!(wrong(unmeasured.restored(COLD).await, "estimate"), [""; 0]);

        let incident = begun.again();
        incident.done(VERIFY).await;
        incident.wait(600).await;
        lose(&incident);
        let measured = rung(&incident.procedure(COLD).await);
        assert!(measured.as_secs_f64() > 1.4 * estimated.as_secs_f64(), "{measured:?}, estimated {estimated:?}");
        assert_eq!(wrong(incident.restored(COLD).await, "cold"), [""; 0]);
        incident.wait(25 * 3600).await;
        assert_eq!(wrong(incident.restored(IN_PLACE).await, "in place"), [""; 0]);
    });
}
