//! Failover runs from end to end on the local simulator, with clients that write all the time.

mod commands;
mod crash;
mod disturbance;
mod estates;
mod from_cold;
pub mod groups;
pub mod incident;
mod journeys;
mod ladders;
mod machines;
mod markers;
mod measured;
mod offers;
mod partial;
mod predictions;
pub mod scene;
mod seeds;
mod services;
mod stacks;
mod steps;
mod volumes;

use drplan::apply::FailurePolicy;
use drplan::state::ActiveSite;
use drplan::world::Store;

use crate::lab::simulated;
use incident::{DOWN, DRILL, FORCED, Incident, UP};

#[test]
fn planned_failover_and_failback_lose_no_data() {
    simulated(async {
        let incident = Incident::web_geo().await;
        incident.wait(120).await;
        let up = incident.done(UP).await;
        assert_eq!(incident.active(), ActiveSite::Away);
        assert_eq!(incident.changes().await, [""; 0]);
        incident.wait(120).await;
        let down = incident.done(DOWN).await;
        assert_eq!(incident.active(), ActiveSite::Home);
        // No probe belongs to home: Traffic Manager confirms that users are served there.
        let runs = incident.lab.store.runs().expect("runs");
        let journal = incident.lab.store.entries_of(runs.last().expect("a run")).expect("a journal");
        let failback = drplan::steps::Timeline::of(&journal).expect("a failover run");
        assert!(failback.served.is_some() && failback.unserved().next().is_none(), "{:#?}", failback.fronts);
        assert_eq!(incident.changes().await, [""; 0]);
        assert_eq!(incident.left_over(), [""; 0]);
        incident.wait(120).await;
        let tally = incident.tally();
        assert_eq!((tally.lost, tally.split, tally.doubled), (0, 0, 0), "{tally:#?}");
        for report in [&up.report, &down.report] {
            // The run is as long as its critical path, apart from the rounding of poll intervals.
            let ratio = report.length.as_secs_f64() / report.critical.total.as_secs_f64();
            assert!(ratio < 1.05, "{:?} for a critical path of {:?}", report.length, report.critical.total);
        }
    });
}

#[test]
fn lost_site_is_failed_over_and_failed_back() {
    simulated(async {
        let incident = Incident::web_geo().await;
        incident.wait(120).await;
        incident.lose();
        incident.wait(60).await;
        // One store reports its replication lag and the other does not, so that the announced data loss is the accepted
        // one.
        let procedure = incident.procedure(FORCED).await;
        assert!(procedure.losses.iter().any(|loss| loss.amount.is_some()), "{:#?}", procedure.losses);
        let announced = procedure.loss().or(FORCED.accepted.data_loss).expect("an accepted data loss");
        incident.done(FORCED).await;
        assert_eq!(incident.active(), ActiveSite::Away);
        incident.wait(120).await;
        let tally = incident.tally();
        assert!(tally.lost_seconds <= announced.as_secs_f64(), "{announced:?} announced, {tally:#?}");
        assert_eq!(tally.split, 0, "{tally:#?}");
        let refused = incident.begin(DOWN, FailurePolicy::Stop).await.unwrap_err();
        assert!(refused.contains("reachable"), "{refused}");

        incident.lab.simulator.restore(&incident.home.1).unwrap();
        assert_eq!(incident.changes().await, [""; 0]);
        incident.done(DOWN).await;
        assert_eq!(incident.active(), ActiveSite::Home);
        assert_eq!(incident.changes().await, [""; 0]);
        assert_eq!(incident.left_over(), [""; 0]);
        assert_eq!(incident.tally().split, 0);
    });
}

#[test]
fn drill_leaves_production_unchanged() {
    simulated(async {
        let incident = Incident::web_geo().await;
        incident.wait(120).await;
        let before = incident.tally();
        incident.done(DRILL).await;
        incident.wait(60).await;
        let after = incident.tally();
        assert_eq!(incident.active(), ActiveSite::Home);
        assert_eq!(incident.left_over(), [""; 0]);
        assert_eq!(incident.changes().await, [""; 0]);
        assert_eq!((after.refused, after.lost), (before.refused, before.lost));
        for (id, body) in &incident.before {
            let now = incident.lab.simulator.body(id).expect("the object exists");
            let object = drplan::object::Object::whole(id.clone(), "");
            let print = |body| drplan::failover::production::fingerprint(drplan::providers::catalog(), &object, body);
            assert_eq!(print(body), print(&now), "{id} has changed");
        }
    });
}

#[test]
fn repeated_failover_is_reported_and_does_nothing() {
    simulated(async {
        let incident = Incident::web_geo().await;
        let idle = incident.begin(DOWN, FailurePolicy::Stop).await.unwrap_err();
        assert!(idle.contains("web is not failed over"), "{idle}");
        incident.done(UP).await;
        let idle = incident.begin(UP, FailurePolicy::Stop).await.unwrap_err();
        assert!(idle.contains("web is failed over already"), "{idle}");
    });
}
