//! Starting points of runs that are killed or disturbed: a starter stack, earlier runs, and a request. Covers every
//! stack with a failover group and every run that it supports.

use std::time::Duration;

use drplan::state::{ActiveSite, RunKind};
use drplan::steps::Acceptance;

use super::incident::{DOWN, DRILL, FORCED, Incident, RunRequest, UP};

/// A stack and a request.
#[derive(Clone, Copy)]
pub struct Scene {
    pub stack: &'static str,
    pub ask: RunRequest,
}

/// The site is lost, with all unreplicated data.
const GIVEN_UP: RunRequest =
    RunRequest { accepted: Acceptance { data_loss: Some(Duration::from_secs(3600)), split_brain: false }, ..FORCED };

const fn scene(stack: &'static str, ask: RunRequest) -> Scene {
    Scene { stack, ask }
}

/// All supported combinations. A storage account cannot be failed over during an outage of its region, so that `shop`
/// and `images` have no forced failover. The machines of `images` use a network outside the stack, so that it has no
/// drill.
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
    /// Prepares the incident at the start of the run.
    pub async fn begin(self) -> Incident {
        let incident = Incident::stands(self.stack).await;
        incident.wait(60).await;
        if self.ask.lost {
            incident.lose();
            incident.wait(30).await;
        } else if self.ask.verb == RunKind::Down {
            incident.done(UP).await;
        }
        incident
    }

    /// Active site after the run.
    pub fn ends(self) -> ActiveSite {
        if self.ask.verb == RunKind::Up { ActiveSite::Away } else { ActiveSite::Home }
    }

    /// Name in messages.
    pub fn name(self) -> String {
        format!("{} {:?} {:?}", self.stack, self.ask.verb, self.ask.how)
    }

    /// Checks that the run ended as required, without lost data, leftovers or pending changes.
    pub async fn is_well(self, incident: &Incident) -> Result<(), String> {
        if incident.active() != self.ends() {
            return Err(format!("{:?} is active", incident.active()));
        }
        if let Some(run) = incident.open() {
            return Err(format!("run {run} is still unfinished"));
        }
        let changes = incident.changes().await;
        if !changes.is_empty() {
            return Err(format!("a plan has changes: {changes:?}"));
        }
        if self.ends() == ActiveSite::Home && !incident.left_over().is_empty() {
            return Err(format!("left over: {:?}", incident.left_over()));
        }
        incident.kept(!self.ask.lost)
    }
}
