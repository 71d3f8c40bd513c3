//! Every stack to start from that has a failover group goes up and comes back, and where people are asked, they answer.

use std::path::Path;

use drplan::apply::OnFailure;
use drplan::state::Active;
use drplan::steps::{Approval, Event, StepEvent};
use drplan::world::{Clock, Store};

use super::incident::{Ask, DOWN, DRILL, Incident, UP};
use crate::lab::simulated;
use crate::stacks;

/// So often may a run wait for people.
const MOST: usize = 6;

async fn stands(name: &str) -> Incident {
    let (lab, text) = stacks::lab(&Path::new(env!("CARGO_MANIFEST_DIR")).join("stacks").join(name));
    Incident::of(lab, text).await
}

/// Does it, with an answer to each step that waits for a person.
async fn done(incident: &Incident, ask: Ask) {
    incident.begin(ask, OnFailure::Stop).await.unwrap_or_else(|why| panic!("{why}"));
    for _ in 0..MOST {
        let Some(run) = incident.open() else { return };
        let waits = incident.lab.store.entries_of(&run).unwrap().into_iter().filter_map(|entry| match entry.event {
            Event::Step { address, event: StepEvent::Paused(_), .. } => Some(address),
            _ => None,
        });
        for step in waits {
            let (by, at_host) = ("ann".to_owned(), "tester".to_owned());
            let answer = Approval { step, by, at_host, at: incident.lab.clock.now() };
            incident.lab.store.approve(&run, &answer).unwrap();
        }
        let resumed = incident.resume(OnFailure::Stop).await.unwrap();
        let failed = resumed.report.fates.iter().filter(|fate| matches!(fate, drplan::run::Fate::Failed(..)));
        assert_eq!(failed.collect::<Vec<_>>(), Vec::<&drplan::run::Fate>::new());
    }
    assert_eq!(incident.open(), None, "it still waits");
}

fn moves_and_comes_back(name: &str) {
    simulated(async {
        let incident = stands(name).await;
        done(&incident, UP).await;
        assert_eq!(incident.active(), Active::Away);
        assert_eq!(incident.changes().await, [""; 0]);
        done(&incident, DOWN).await;
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
            let incident = stands(name).await;
            done(&incident, DRILL).await;
            assert_eq!(incident.active(), Active::Home);
            assert_eq!(incident.changes().await, [""; 0]);
            assert_eq!(incident.left_over(), [""; 0]);
        });
    }
}
