//! The way home from a cold standby: the machine at home is rebuilt, follows, and only then gets users.

use drplan::address::Address;
use drplan::apply;
use drplan::failover::{PreflightStatus, Procedure};
use drplan::kinds::ReplicaStatus;
use drplan::object::ObjectId;
use drplan::plan;
use drplan::roles::{Health, Side};
use drplan::state::{ActiveSite, RunKind};
use drplan::steps::{Act, Step, Task};

use super::incident::Incident;
use super::scene::{FROM_COLD, scene};
use crate::lab::simulated;

const MAIN: &str = "linode:instances/main";

/// The replica as its own sides report it.
async fn standing(incident: &Incident) -> ReplicaStatus {
    let (stack, state) = incident.stack(RunKind::Up);
    let seen = apply::look_at(incident.lab.reads(), &plan::looks(&stack, &state)).await;
    plan::standings(&stack, &seen).remove(&Address::new("geo_replica", "database")).expect("a replica")
}

/// The codes of refused checks.
fn refused(procedure: &Procedure) -> Vec<&'static str> {
    let refused = procedure.guards.iter().filter(|guard| guard.verdict == PreflightStatus::Refuses);
    refused.map(|guard| guard.rule).collect()
}

#[test]
fn machine_that_was_rebuilt_follows_before_it_gets_users() {
    simulated(async {
        let scene = scene("saas-three-sites", FROM_COLD);
        let incident = scene.begin().await;
        incident.lab.simulator.delete_object(&ObjectId::new(MAIN)).expect("the simulator is in memory");
        incident.wait(60).await;
        let procedure = incident.procedure(FROM_COLD).await;
        assert!(procedure.is_refused(), "nothing at home could follow: {:#?}", procedure.guards);
        assert!(refused(&procedure).contains(&"rebuilt"), "{:#?}", procedure.guards);

        incident.lab.apply(&incident.text).await.expect("apply succeeds");
        let procedure = incident.procedure(FROM_COLD).await;
        assert!(!procedure.is_refused(), "{:#?}", procedure.guards);
        let step = |wanted: fn(&Task) -> bool| {
            let is_it = |step: &&Step| matches!(&step.act, Act::Task(task) if wanted(task));
            procedure.steps.steps.iter().find(is_it).expect("a step")
        };
        let caught_up = step(|task| matches!(task, Task::CatchUp));
        let stops = step(|task| matches!(task, Task::Power { on: false }));
        assert!(stops.needs.contains(&caught_up.id), "users are served until home has every write");
        assert!(procedure.losses.iter().all(|loss| loss.amount.is_some_and(|amount| amount.is_zero())));

        incident.done(FROM_COLD).await;
        assert_eq!(incident.active(), ActiveSite::Home);
        let now = standing(&incident).await;
        assert_eq!((now.writer, now.health), (Some(Side::Source), Health::Following));
        assert_eq!(incident.changes().await, Vec::<String>::new());
        // The machine at home is another one now.
        let left = incident.left_over().into_iter().filter(|id| id.contains("aws:"));
        assert_eq!(left.collect::<Vec<_>>(), Vec::<String>::new(), "what exists only for the failover is gone");
    });
}
