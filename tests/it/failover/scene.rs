//! Where a run begins that is killed or disturbed: a stack to start from, what came before, and what is asked for. Every stack with a failover
//! group has each verb that it can be asked for.

use std::time::Duration;

use drplan::state::{Active, Verb};
use drplan::steps::Accepted;

use super::incident::{Ask, DOWN, DRILL, FORCED, Incident, UP};

/// A stack, and what is asked of it.
#[derive(Clone, Copy)]
pub struct Scene {
    pub stack: &'static str,
    pub ask: Ask,
}

/// The site is given up, with whatever its stores did not pass on.
const GIVEN_UP: Ask =
    Ask { accepted: Accepted { data_loss: Some(Duration::from_secs(3600)), split_brain: false }, ..FORCED };

const fn scene(stack: &'static str, ask: Ask) -> Scene {
    Scene { stack, ask }
}

/// All that can be asked. A storage account cannot be failed over while its region is silent, so that `shop` and `images` are not given up; the machines of
/// `images` stand in a network that the stack does not have, so that it is not drilled.
pub const SCENES: &[Scene] = &[
    scene("web-geo", UP),
    scene("web-geo", FORCED),
    scene("web-geo", DOWN),
    scene("web-geo", DRILL),
    scene("shop", UP),
    scene("shop", DOWN),
    scene("shop", DRILL),
    scene("postgres-warm", UP),
    scene("postgres-warm", GIVEN_UP),
    scene("postgres-warm", DOWN),
    scene("postgres-warm", DRILL),
    scene("images", UP),
    scene("images", DOWN),
];

impl Scene {
    /// The world to where the run begins.
    pub async fn begin(self) -> Incident {
        let incident = Incident::stands(self.stack).await;
        incident.wait(60).await;
        if self.ask.lost {
            incident.lose();
            incident.wait(30).await;
        } else if self.ask.verb == Verb::Down {
            incident.done(UP).await;
        }
        incident
    }

    /// The side that is active once the run is done.
    pub fn ends(self) -> Active {
        if self.ask.verb == Verb::Up { Active::Away } else { Active::Home }
    }

    /// Its name in what a test says.
    pub fn name(self) -> String {
        format!("{} {:?} {:?}", self.stack, self.ask.verb, self.ask.how)
    }

    /// Whether the run ended where it should, and nothing is lost, left over or still to be changed.
    pub async fn is_well(self, incident: &Incident) -> Result<(), String> {
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
        incident.kept(!self.ask.lost)
    }
}
