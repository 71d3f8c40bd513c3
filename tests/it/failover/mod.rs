//! Failover runs from end to end, on the embedded cloud, with clients that write all along.

mod crash;
pub mod groups;
pub mod incident;
pub mod scene;
mod seeds;
mod stacks;
mod steps;

use drplan::apply::OnFailure;
use drplan::state::Active;

use crate::lab::simulated;
use incident::{DOWN, DRILL, FORCED, Incident, UP};

#[test]
fn a_planned_failover_there_and_back_loses_nothing() {
    simulated(async {
        let incident = Incident::web_geo().await;
        incident.wait(120).await;
        let up = incident.done(UP).await;
        assert_eq!(incident.active(), Active::Away);
        assert_eq!(incident.changes().await, [""; 0]);
        incident.wait(120).await;
        let down = incident.done(DOWN).await;
        assert_eq!(incident.active(), Active::Home);
        assert_eq!(incident.changes().await, [""; 0]);
        assert_eq!(incident.left_over(), [""; 0]);
        incident.wait(120).await;
        let tally = incident.tally();
        assert_eq!((tally.lost, tally.split, tally.doubled), (0, 0, 0), "{tally:#?}");
        for report in [&up.report, &down.report] {
            // The run is as long as its longest chain, but for the rounding of looks.
            let ratio = report.length.as_secs_f64() / report.critical.total.as_secs_f64();
            assert!(ratio < 1.05, "{:?} for a critical path of {:?}", report.length, report.critical.total);
        }
    });
}

#[test]
fn a_lost_site_is_left_and_returned_to() {
    simulated(async {
        let incident = Incident::web_geo().await;
        incident.wait(120).await;
        incident.lose();
        incident.wait(60).await;
        // One store says how far it is behind, and of the other nobody does: then what was accepted is what was announced.
        let procedure = incident.procedure(FORCED).await;
        assert!(procedure.losses.iter().any(|loss| loss.amount.is_some()), "{:#?}", procedure.losses);
        let announced = procedure.loss().or(FORCED.accepted.data_loss).expect("something was accepted");
        incident.done(FORCED).await;
        assert_eq!(incident.active(), Active::Away);
        incident.wait(120).await;
        let tally = incident.tally();
        assert!(tally.lost_seconds <= announced.as_secs_f64(), "{announced:?} announced, {tally:#?}");
        assert_eq!(tally.split, 0, "{tally:#?}");
        let refused = incident.begin(DOWN, OnFailure::Stop).await.unwrap_err();
        assert!(refused.contains("reachable"), "{refused}");

        incident.lab.simulator.restore(&incident.home.1).unwrap();
        assert_eq!(incident.changes().await, [""; 0]);
        incident.done(DOWN).await;
        assert_eq!(incident.active(), Active::Home);
        assert_eq!(incident.changes().await, [""; 0]);
        assert_eq!(incident.left_over(), [""; 0]);
        assert_eq!(incident.tally().split, 0);
    });
}

#[test]
fn a_drill_leaves_production_as_it_was() {
    simulated(async {
        let incident = Incident::web_geo().await;
        incident.wait(120).await;
        let before = incident.tally();
        incident.done(DRILL).await;
        incident.wait(60).await;
        let after = incident.tally();
        assert_eq!(incident.active(), Active::Home);
        assert_eq!(incident.left_over(), [""; 0]);
        assert_eq!(incident.changes().await, [""; 0]);
        assert_eq!((after.refused, after.lost), (before.refused, before.lost));
        for (id, body) in &incident.before {
            let now = incident.lab.simulator.body(id).expect("it stands");
            let print = |body| drplan::failover::production::fingerprint(id, body);
            assert_eq!(print(body), print(&now), "{id} has changed");
        }
    });
}

#[test]
fn what_is_so_already_is_said_and_nothing_is_done() {
    simulated(async {
        let incident = Incident::web_geo().await;
        let idle = incident.begin(DOWN, OnFailure::Stop).await.unwrap_err();
        assert!(idle.contains("web is not up"), "{idle}");
        incident.done(UP).await;
        let idle = incident.begin(UP, OnFailure::Stop).await.unwrap_err();
        assert!(idle.contains("web is up already"), "{idle}");
    });
}
