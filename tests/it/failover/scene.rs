//! Starting points of runs that are killed or disturbed: a starter stack, earlier runs, and a request. Covers every
//! stack with a failover group and every run that it supports.

use std::time::Duration;

use drplan::simulator::{Fault, Plane};
use drplan::state::{ActiveSite, RunKind};
use drplan::steps::Acceptance;

use super::incident::{DOWN, DRILL, FORCED, Incident, RunRequest, UP, lost_sites};

/// A stack and a request.
#[derive(Clone, Copy)]
pub struct Scene {
    pub stack: &'static str,
    pub ask: RunRequest,
    /// The lost part of the primary site, if it is lost.
    pub plane: Plane,
}

/// The site is lost, with all unreplicated data.
pub const GIVEN_UP: RunRequest =
    RunRequest { accepted: Acceptance { data_loss: Some(Duration::from_secs(3600)), split_brain: false }, ..FORCED };

/// A scene whose primary site is lost as a whole, if the request says that it is lost.
pub const fn scene(stack: &'static str, ask: RunRequest) -> Scene {
    Scene { stack, ask, plane: Plane::Both }
}

/// The same for a group that cannot be fenced.
const UNFENCED: RunRequest = RunRequest { accepted: Acceptance { split_brain: true, ..GIVEN_UP.accepted }, ..GIVEN_UP };

/// The way home from a cold standby.
pub const FROM_COLD: RunRequest = RunRequest { to: Some("cold"), ..DOWN };

/// The resources of the lost site do not work, and its control plane answers.
const fn dark(stack: &'static str, ask: RunRequest) -> Scene {
    Scene { stack, ask, plane: Plane::Data }
}

/// All supported combinations. A storage account can be failed over by force only while the control plane of its region
/// answers. The machines of `images` use a network outside the stack, so that it has no drill.
pub const SCENES: &[Scene] = &[
    scene("web-geo", UP),
    scene("web-geo", FORCED),
    scene("web-geo", DOWN),
    scene("web-geo", DRILL),
    scene("shop", UP),
    dark("shop", GIVEN_UP),
    scene("shop", DOWN),
    scene("shop", DRILL),
    scene("postgres-warm", UP),
    scene("postgres-warm", GIVEN_UP),
    scene("postgres-warm", DOWN),
    scene("postgres-warm", DRILL),
    scene("web-proxy", UP),
    scene("web-proxy", FORCED),
    scene("web-proxy", DOWN),
    scene("web-proxy", DRILL),
    scene("images", UP),
    dark("images", UNFENCED),
    scene("images", DOWN),
    scene("saas-three-sites", UP),
    scene("saas-three-sites", UNFENCED),
    scene("saas-three-sites", RunRequest { to: Some("cold"), ..UNFENCED }),
    scene("saas-three-sites", DOWN),
    scene("saas-three-sites", FROM_COLD),
    scene("saas-three-sites", DRILL),
    scene("saas-three-sites", RunRequest { to: Some("cold"), ..DRILL }),
];

impl Scene {
    /// Prepares the incident at the start of the run.
    pub async fn begin(self) -> Incident {
        let incident = Incident::stands(self.stack).await;
        incident.wait(60).await;
        if self.ask.lost {
            self.lose(&incident);
            incident.wait(30).await;
        } else if self.ask.verb == RunKind::Down && self.ask.to.is_some() {
            let up = RunRequest { to: self.ask.to, ..UNFENCED };
            Self { ask: up, ..self }.lose(&incident);
            incident.wait(30).await;
            incident.done(up).await;
            incident.lab.simulator.clear_faults().expect("the simulator is in memory");
            incident.wait(60).await;
        } else if self.ask.verb == RunKind::Down {
            incident.done(UP).await;
        }
        incident
    }

    /// Loses the primary site; with a destination, every other site.
    pub fn lose(self, incident: &Incident) {
        let (stack, _) = incident.stack(self.ask.verb);
        for site in lost_sites(RunRequest { lost: true, ..self.ask }, &stack, &incident.home.0) {
            let lose = Fault::Lose { location: stack.sites[&*site].location.clone(), plane: self.plane };
            incident.lab.simulator.add_fault(lose).expect("the simulator is in memory");
        }
    }

    /// True if the primary site can be lost during the run, and a forced run can take over.
    pub fn can_lose(self) -> bool {
        let planned = self.ask.verb == RunKind::Up && !self.ask.lost;
        planned && matches!(self.stack, "web-geo" | "postgres-warm" | "web-proxy")
    }

    /// Active site after the run.
    pub fn ends(self) -> ActiveSite {
        if self.ask.verb == RunKind::Up { ActiveSite::Away } else { ActiveSite::Home }
    }

    /// Name in messages.
    pub fn name(self) -> String {
        let to = self.ask.to.map(|to| format!(" to {to}")).unwrap_or_default();
        format!("{} {:?} {:?}{to}", self.stack, self.ask.verb, self.ask.how)
    }

    /// Checks that the run ended as required, without lost data, leftovers or pending changes.
    pub async fn is_well(self, incident: &Incident) -> Result<(), String> {
        self.is_well_at(incident, self.ends()).await
    }

    /// The same, where the group was moved to this site afterwards.
    pub async fn is_well_at(self, incident: &Incident, site: ActiveSite) -> Result<(), String> {
        if incident.active() != site {
            return Err(format!("{:?} is active", incident.active()));
        }
        if let Some(run) = incident.open() {
            return Err(format!("run {run} is still unfinished"));
        }
        let changes = incident.changes().await;
        if !changes.is_empty() {
            return Err(format!("a plan has changes: {changes:?}"));
        }
        if site == ActiveSite::Home && !incident.left_over().is_empty() {
            return Err(format!("left over: {:?}", incident.left_over()));
        }
        incident.kept(!self.ask.lost)
    }
}
