//! Every stack to start from that has a failover group goes up and comes back, and where people are asked, they answer.

use drplan::state::Active;

use super::incident::{DOWN, DRILL, FORCED, Incident, UP};
use crate::lab::simulated;

fn moves_and_comes_back(name: &str) {
    simulated(async {
        let incident = Incident::stands(name).await;
        incident.done(UP).await;
        assert_eq!(incident.active(), Active::Away);
        assert_eq!(incident.changes().await, [""; 0]);
        incident.done(DOWN).await;
        assert_eq!(incident.active(), Active::Home);
        assert_eq!(incident.changes().await, [""; 0]);
        assert_eq!(incident.left_over(), [""; 0]);
        if let Some(tally) = incident.lab.simulator.workload() {
            assert_eq!((tally.lost, tally.split), (0, 0), "{tally:#?}");
        }
    });
}

#[test]
fn shop_moves_and_comes_back() {
    moves_and_comes_back("shop");
}

#[test]
fn postgres_warm_moves_and_comes_back() {
    moves_and_comes_back("postgres-warm");
}

#[test]
fn images_moves_and_comes_back() {
    moves_and_comes_back("images");
}

#[test]
fn shop_and_postgres_warm_are_drilled() {
    for name in ["shop", "postgres-warm"] {
        simulated(async {
            let incident = Incident::stands(name).await;
            incident.done(DRILL).await;
            assert_eq!(incident.active(), Active::Home);
            assert_eq!(incident.changes().await, [""; 0]);
            assert_eq!(incident.left_over(), [""; 0]);
        });
    }
}

#[test]
fn what_cannot_be_failed_over_without_its_region_is_named() {
    for (name, replica) in [("shop", "geo_replica.files"), ("images", "geo_replica.frames")] {
        simulated(async {
            let incident = Incident::stands(name).await;
            incident.lose();
            let refused = incident.whole(FORCED, drplan::apply::OnFailure::Stop).await.unwrap_err();
            println!("{refused}");
            assert!(refused.contains(replica), "{refused}");
            assert_eq!(incident.active(), Active::Home);
        });
    }
}
