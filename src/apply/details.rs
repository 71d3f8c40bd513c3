//! The details of a failover run, and what every step of one needs: a wait that a stop ends, an observation, the
//! resource of a step.

use std::sync::Arc;
use std::time::Duration;

use super::{StepError, Worker};
use crate::address::Address;
use crate::kinds::Subject;
use crate::run::StepReporter;
use crate::stack::Resource;
use crate::state::Roles;
use crate::steps::{INTERRUPTED, RunSpec, Step, StepFact};

/// The longest wait without a check for a requested stop.
const SLICE: Duration = Duration::from_secs(10);

/// The command by which an operator answers this step of this run.
pub(super) type ApprovalCommand<'a> = &'a (dyn Fn(&str, &str) -> String + Send + Sync);

/// The details of a failover run.
pub(super) struct RunDetails<'a> {
    /// The run id.
    pub run: String,
    /// Its specification.
    pub undertaking: RunSpec,
    /// The failover group.
    pub group: RunGroup,
    /// The lost regions.
    pub lost: Vec<String>,
    /// The recorded roles when the run began or resumed.
    pub roles: Roles,
    /// The command by which an operator answers a step.
    pub approve: ApprovalCommand<'a>,
}

/// The failover group of a run.
pub(super) struct RunGroup {
    /// Its name.
    pub name: Arc<str>,
    /// Its replicas.
    pub promote: Vec<Address>,
}

impl Worker<'_> {
    /// Waits for this time, or until a stop is requested: a step that only waits need not finish first.
    pub(super) async fn pause(&self, duration: Duration) -> Result<(), StepError> {
        let mut left = duration;
        while !left.is_zero() {
            if self.ports.stop.is_requested() {
                return Err(StepError::Paused(INTERRUPTED.to_owned()));
            }
            let slice = left.min(SLICE);
            self.ports.clock.sleep(slice).await;
            left -= slice;
        }
        Ok(())
    }

    /// The details of the failover run.
    pub(super) fn errand(&self) -> Result<&RunDetails<'_>, StepError> {
        self.errand.as_ref().ok_or_else(|| StepError::Failed("this step is for failover runs only".to_owned()))
    }

    /// True for the region of a site that is lost.
    pub(super) fn is_lost(&self, region: &str) -> bool {
        self.errand.iter().flat_map(|errand| &errand.lost).any(|lost| lost.eq_ignore_ascii_case(region))
    }

    /// The resource of a step.
    pub(super) fn declared(&self, step: &Step) -> Result<&Resource, StepError> {
        let missing = || StepError::Failed("the stack has no such resource".to_owned());
        self.stack.resources.get(&step.address).ok_or_else(missing)
    }

    /// Calls `f` with a resource as its kind sees it, with its known arguments.
    pub(super) fn with_known<T>(&self, resource: &Resource, f: impl FnOnce(&Subject<'_>) -> T) -> T {
        self.stack.with_subject(resource, &resource.known_arguments(), &self.knowledge(), f)
    }
}

/// Reports an observation.
pub(super) fn say(tell: &StepReporter, what: impl Into<String>) {
    tell.learnt(StepFact::said(what));
}
