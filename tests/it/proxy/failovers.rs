//! Failovers and failbacks through the proxy: planned ones, and forced ones after the loss of a site.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use drplan::apply::FailurePolicy;
use drplan::state::ActiveSite;
use drplan::steps::RunEnd;

use super::faulty::{MISHAPS, Mishap, Proxy, swaps};
use super::{behind_proxy, hold, seeds, tell};
use crate::failover::groups::{RandomGroup, STORES};
use crate::failover::incident::{DOWN, FORCED, Incident, RunRequest, UP};
use crate::seeds::Numbers;

/// Seeds of a normal test run. A thousand take minutes.
const SEEDS: std::ops::Range<u64> = 0..100;

struct DisturbedFailover<'a> {
    incident: Incident,
    proxy: Arc<Proxy>,
    numbers: Numbers,
    told: &'a Mutex<Vec<String>>,
    percent: usize,
    /// Fault of each promotion.
    always: Option<Mishap>,
}

impl DisturbedFailover<'_> {
    /// Requests the run with faults, and again without: then it succeeds.
    async fn goes_through(&mut self, ask: RunRequest, ends: ActiveSite) -> Result<(), String> {
        self.proxy.taken();
        tell(self.told, format!("{:?} {:?}", ask.verb, ask.how));
        for _ in 0..1 + self.numbers.below(2) {
            self.proxy.trouble(self.percent, self.always);
            let ended = self.attempt(ask).await?;
            self.ended_as_designed(&ended, ends)?;
            self.kept(ask)?;
            if self.incident.active() == ends && self.incident.open().is_none() {
                break;
            }
        }
        self.proxy.trouble(0, None);
        if self.incident.active() != ends || self.incident.open().is_some() {
            tell(self.told, "no more faults");
            let ended = self.attempt(ask).await?;
            if ended != Some(RunEnd::Done) {
                return Err(format!("without faults, the run ends as {ended:?}"));
            }
        }
        if self.incident.active() != ends || self.incident.open().is_some() {
            return Err(format!("{:?} is active, and {:?} is open", self.incident.active(), self.incident.open()));
        }
        // Wait until no duplicate of a request can be in flight.
        self.incident.wait(4000).await;
        self.kept(ask)?;
        self.takes_writes(ends)?;
        self.asked_once()
    }

    /// Each store accepts writes at the expected site only.
    fn takes_writes(&self, ends: ActiveSite) -> Result<(), String> {
        let wanted = if ends == ActiveSite::Away { "canadaeast" } else { "canadacentral" };
        for store in self.incident.tally().stores {
            let writers: Vec<String> =
                store.writers.iter().map(|region| region.replace(' ', "").to_ascii_lowercase()).collect();
            if writers != [wanted] {
                return Err(format!("{} accepts writes at {writers:?}, not at {wanted}", store.name));
            }
        }
        Ok(())
    }

    /// Begins or resumes the run. Returns how it ended, or `None` if it did not begin.
    async fn attempt(&self, ask: RunRequest) -> Result<Option<RunEnd>, String> {
        let outcome = match self.incident.open() {
            Some(_) => self.incident.resume(FailurePolicy::Stop).await.map_err(|error| error.to_string()),
            None => self.incident.begin(ask, FailurePolicy::Stop).await,
        };
        match outcome {
            Ok(undertaken) => {
                tell(self.told, format!("ended {:?}: {:?}", undertaken.report.ended, undertaken.report.fates));
                Ok(undertaken.report.ended)
            }
            // A preflight check fails if it cannot read the cloud; no run was begun.
            Err(why) => {
                tell(self.told, format!("not begun: {why}"));
                Ok(None)
            }
        }
    }

    /// The run succeeded, or it is unfinished and can be resumed.
    fn ended_as_designed(&self, ended: &Option<RunEnd>, ends: ActiveSite) -> Result<(), String> {
        let open = self.incident.open().is_some();
        match ended {
            Some(RunEnd::Done) if !open && self.incident.active() == ends => Ok(()),
            Some(RunEnd::Failed | RunEnd::Stopped) if open => Ok(()),
            None => Ok(()),
            _ => Err(format!(
                "the run ended as {ended:?}, unfinished: {open}, and {:?} is active",
                self.incident.active()
            )),
        }
    }

    /// No two sites accepted writes, and data loss is within the accepted limit.
    fn kept(&self, ask: RunRequest) -> Result<(), String> {
        let tally = self.incident.tally();
        let accepted = if ask.lost || self.site_is_lost() { FORCED.accepted.data_loss } else { None };
        let accepted = accepted.unwrap_or_default().as_secs_f64();
        if tally.split > 0 || tally.lost_seconds > accepted {
            return Err(format!("two sites accepted writes, or data loss exceeds {accepted} s: {tally:#?}"));
        }
        Ok(())
    }

    fn site_is_lost(&self) -> bool {
        self.told.lock().expect("no panic while locked").iter().any(|line| line == "the site is lost")
    }

    /// Promotions without an explicit target were accepted once for each store: a second one would fail it back.
    fn asked_once(&self) -> Result<(), String> {
        let mut counts = BTreeMap::<String, usize>::new();
        for line in self.proxy.taken().into_iter().filter(|line| swaps(line)) {
            *counts.entry(line).or_default() += 1;
        }
        let twice: Vec<_> = counts.into_iter().filter(|(_, count)| *count > 1).collect();
        if twice.is_empty() { Ok(()) } else { Err(format!("accepted more than once: {twice:#?}")) }
    }
}

async fn tells(seed: u64, told: &Mutex<Vec<String>>) -> Result<(), String> {
    let mut numbers = Numbers::new(seed ^ 0xfa11_0ff5);
    let model = RandomGroup::random(&mut numbers);
    let (lab, proxy) = behind_proxy(seed);
    tell(told, format!("stack:\n{}", model.text));
    let incident = Incident::of(lab, model.text).await;
    incident.wait(30 + numbers.below(200) as u64).await;
    let percent = 3 + numbers.below(22);
    tell(told, format!("faults for {percent}% of the requests"));
    let forced = model.can_be_forced && numbers.percent(50);
    let mut disturbed = DisturbedFailover { incident, proxy, numbers, told, percent, always: None };
    if forced {
        tell(told, "the site is lost");
        disturbed.incident.lose();
        disturbed.incident.wait(30).await;
    }
    disturbed.goes_through(if forced { FORCED } else { UP }, ActiveSite::Away).await?;
    if forced {
        drop(disturbed.incident.lab.simulator.restore(&disturbed.incident.home.1));
        disturbed.incident.wait(7 * 3600).await;
    }
    let changes = disturbed.incident.changes().await;
    if !changes.is_empty() {
        return Err(format!("a plan after the failover has changes: {changes:#?}"));
    }
    disturbed.goes_through(DOWN, ActiveSite::Home).await?;
    let changes = disturbed.incident.changes().await;
    if !changes.is_empty() {
        return Err(format!("a plan after the failback has changes: {changes:#?}"));
    }
    let left = disturbed.incident.left_over();
    if left.is_empty() { Ok(()) } else { Err(format!("left over: {left:#?}")) }
}

#[test]
fn failover_and_failback_survive_any_proxy_fault() {
    hold("proxy::failovers", seeds(SEEDS), tells);
}

/// Every store with every fault at every request for a promotion, for failover and failback.
#[test]
fn promotion_is_done_once_despite_any_fault() {
    let count = (STORES.len() * MISHAPS.len()) as u64;
    hold("proxy::failovers::promotion", seeds(0..count), async |seed, told| {
        let mut numbers = Numbers::new(seed);
        let store = STORES[seed as usize / MISHAPS.len() % STORES.len()];
        let mishap = MISHAPS[seed as usize % MISHAPS.len()];
        let (lab, proxy) = behind_proxy(seed);
        let incident = Incident::of(lab, RandomGroup::of(&[store], &mut numbers).text).await;
        incident.wait(60).await;
        let mut disturbed = DisturbedFailover { incident, proxy, numbers, told, percent: 0, always: Some(mishap) };
        for (ask, ends) in [(UP, ActiveSite::Away), (DOWN, ActiveSite::Home)] {
            disturbed.goes_through(ask, ends).await.map_err(|why| format!("{mishap:?}: {why}"))?;
        }
        Ok(())
    });
}
