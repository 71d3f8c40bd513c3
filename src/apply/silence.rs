//! Patience of a failover run with a site that no longer answers.
//!
//! A long-running operation is followed for hours while its site reports progress. At a silent site nothing reports
//! it: once the step has taken as long as its worst case, its outcome is unknown, and the run must be able to end.

use std::collections::BTreeSet;
use std::pin::pin;
use std::time::Duration;

use futures::future::{Either, join_all, select};

use super::around::answers;
use super::{StepError, Worker};
use crate::failover::asked;
use crate::object::Object;
use crate::roles::FailoverMode;
use crate::steps::{Act, Step, Task};

/// The time before the first check of a short step's site.
const SHORTEST: Duration = Duration::from_secs(120);
/// The time between two checks. Two in a row must find the site silent.
const EVERY: Duration = Duration::from_secs(30);
/// The number of objects that are read in a region.
const SAMPLES: usize = 3;

impl Worker<'_> {
    /// The result of a step; unknown once the step has exceeded its worst case and one of its regions is silent.
    pub(super) async fn unless_silent<T>(
        &self,
        step: &Step,
        work: impl Future<Output = Result<T, StepError>>,
    ) -> Result<T, StepError> {
        let regions = self.regions_of(step);
        if regions.is_empty() {
            return work.await;
        }
        let mut work = pin!(work);
        let (mut pause, mut was_silent) = (step.worst.max(SHORTEST), false);
        loop {
            let check = async {
                self.ports.clock.sleep(pause).await;
                self.silent_region(&regions).await
            };
            match select(work.as_mut(), pin!(check)).await {
                Either::Left((done, _)) => return done,
                Either::Right((Some(region), _)) if was_silent => {
                    return Err(StepError::Unknown(format!(
                        "the control plane of {region} does not answer, so the outcome cannot be read"
                    )));
                }
                Either::Right((silent, _)) => was_silent = silent.is_some(),
            }
            pause = EVERY;
        }
    }

    /// The regions that must answer for a step to end: those it touches, and both sides of a planned promotion.
    fn regions_of(&self, step: &Step) -> BTreeSet<String> {
        let mut regions: BTreeSet<String> = step.touches.iter().map(|touch| touch.region.clone()).collect();
        if let Act::Task(Task::Promote { how: FailoverMode::Planned, .. }) = &step.act
            && let Some(resource) = self.stack.resources.get(&step.address)
            && let Some(promotion) = resource.kind.promotion
        {
            let looks = self.with_known(resource, promotion.looks);
            regions.extend(looks.into_iter().filter_map(|look| look.region));
        }
        regions
    }

    /// The first of these regions whose control plane does not answer for at least half of a few objects.
    async fn silent_region<'r>(&self, regions: &'r BTreeSet<String>) -> Option<&'r String> {
        for region in regions {
            let samples = self.samples(region);
            let asked = samples.iter().map(|sample| answers(self.ports.cloud, self.ports.clock, sample));
            let silent = join_all(asked).await.into_iter().filter(|answered| !answered).count();
            if silent > 0 && 2 * silent >= samples.len() {
                return Some(region);
            }
        }
        None
    }

    /// The reads that show whether the control plane of a region answers.
    fn samples(&self, region: &str) -> Vec<Object> {
        let recorded = self.recorded.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        asked(self.stack.catalog(), recorded.iter(), (self.stack.account_in(region), region), SAMPLES)
    }
}
