//! Every starter stack with a failover group fails over and fails back; approvals are granted.

use drplan::state::ActiveSite;

use super::incident::{DOWN, DRILL, FORCED, Incident, UP};
use crate::lab::simulated;

fn fails_over_and_back(name: &str) {
    simulated(async {
        let incident = Incident::stands(name).await;
        incident.done(UP).await;
        assert_eq!(incident.active(), ActiveSite::Away);
        assert_eq!(incident.changes().await, [""; 0]);
        incident.done(DOWN).await;
        assert_eq!(incident.active(), ActiveSite::Home);
        assert_eq!(incident.changes().await, [""; 0]);
        assert_eq!(incident.left_over(), [""; 0]);
        if let Some(tally) = incident.lab.simulator.workload() {
            assert_eq!((tally.lost, tally.split), (0, 0), "{tally:#?}");
        }
    });
}

#[test]
fn shop_fails_over_and_back() {
    fails_over_and_back("shop");
}

#[test]
fn postgres_warm_fails_over_and_back() {
    fails_over_and_back("postgres-warm");
}

#[test]
fn images_fails_over_and_back() {
    fails_over_and_back("images");
}

#[test]
fn shop_and_postgres_warm_pass_a_drill() {
    for name in ["shop", "postgres-warm"] {
        simulated(async {
            let incident = Incident::stands(name).await;
            incident.done(DRILL).await;
            assert_eq!(incident.active(), ActiveSite::Home);
            assert_eq!(incident.changes().await, [""; 0]);
            assert_eq!(incident.left_over(), [""; 0]);
        });
    }
}

#[test]
fn resources_bound_to_the_lost_region_are_named() {
    for (name, replica) in [("shop", "geo_replica.files"), ("images", "geo_replica.frames")] {
        simulated(async {
            let incident = Incident::stands(name).await;
            incident.lose();
            let refused = incident.whole(FORCED, drplan::apply::FailurePolicy::Stop).await.unwrap_err();
            println!("{refused}");
            assert!(refused.contains(replica), "{refused}");
            assert_eq!(incident.active(), ActiveSite::Home);
        });
    }
}

#[test]
fn saas_three_sites_fails_over_and_back() {
    fails_over_and_back("saas-three-sites");
}

/// The outputs of the stack are those of production, although a drill has copies of what they refer to.
#[test]
fn drill_leaves_the_outputs() {
    simulated(async {
        let incident = Incident::stands("saas-three-sites").await;
        let outputs = || incident.stack(DRILL.verb).1.outputs;
        let before = outputs();
        assert!(!before.is_empty());
        incident.done(DRILL).await;
        assert_eq!(outputs(), before);
    });
}
