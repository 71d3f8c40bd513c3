//! Random groups, faults, lost regions and kills, each from one seed. There are never two primary replicas and never
//! more data loss than announced. Once faults stop, the group fails back and nothing is left over.

use std::ops::Range;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Mutex;
use std::time::Duration;

use drplan::apply::FailurePolicy;
use drplan::simulator::{Fault, FaultTime, HttpMethod, Moment, Plane, RequestMatch, ScheduledFault};
use drplan::state::ActiveSite;

use super::groups::RandomGroup;
use super::incident::{DOWN, DRILL, FORCED, Incident, RunRequest, UP};
use crate::lab::{Lab, in_parallel, simulated};
use crate::seeds::Numbers;

/// Seeds of a normal test run; `DRPLAN_FAILOVER_SEEDS=FROM..TO` selects others.
const SEEDS: Range<u64> = 0..100;
/// Further seeds that failed once.
const ONCE_WRONG: &[u64] = &[517, 1594, 2205, 2960, 4752, 5463, 6727, 7035, 8252, 8341, 8847, 8964, 9376];
/// Maximum number of attempts, after the last fault, until the group has failed back.
const MOST: usize = 8;

struct RandomIncident {
    incident: Incident,
    numbers: Numbers,
    can_be_forced: bool,
    /// True if a failover was forced: only then may data be lost.
    forced: bool,
    /// True once a run was aborted.
    aborted: bool,
    told: Vec<String>,
}

impl RandomIncident {
    async fn new(seed: u64) -> Self {
        let mut numbers = Numbers::new(seed ^ 0xfa11_0ee5);
        let model = RandomGroup::random(&mut numbers);
        let incident = Incident::of(Lab::new(seed), model.text).await;
        Self { incident, numbers, can_be_forced: model.can_be_forced, forced: false, aborted: false, told: Vec::new() }
    }

    async fn tell(&mut self) -> Result<(), String> {
        self.incident.wait(30 + self.numbers.below(300) as u64).await;
        for _ in 0..1 + self.numbers.below(3) {
            self.go_wrong();
            self.attempt().await?;
            self.holds()?;
            self.incident.wait(self.numbers.below(600) as u64).await;
        }
        self.incident.lab.store.go_on();
        self.incident.lab.simulator.clear_faults().map_err(|error| error.to_string())?;
        self.told.push("no more faults".to_owned());
        self.come_home().await?;
        self.incident.wait(300).await;
        self.holds()?;
        // An abort leaves a write whose rollback the cloud refused as well. The plan reports it and completes it.
        let is_incomplete = |change: &String| change.contains("an earlier apply did not complete it");
        let mut changes = self.incident.changes().await;
        if self.aborted && changes.iter().all(is_incomplete) {
            self.incident.lab.apply(&self.incident.text).await.map_err(|error| error.to_string())?;
            changes = self.incident.changes().await;
        }
        if !changes.is_empty() {
            return Err(format!("a plan has changes: {changes:#?}"));
        }
        let left = self.incident.left_over();
        if left.is_empty() { Ok(()) } else { Err(format!("left over: {left:#?}")) }
    }

    fn go_wrong(&mut self) {
        // Clearing cannot fail: the simulator is in memory.
        drop(self.incident.lab.simulator.clear_faults());
        self.incident.lab.store.go_on();
        for _ in 0..self.numbers.below(3) {
            let fault = self.fault();
            self.told.push(format!("fault {fault:?}"));
            drop(self.incident.lab.simulator.add_fault(fault));
        }
        if self.numbers.percent(50) {
            let entries = self.numbers.below(80);
            self.told.push(format!("killed after {entries} entries"));
            self.incident.lab.store.stop_after(entries);
        }
    }

    fn fault(&mut self) -> ScheduledFault {
        let verb = *self
            .numbers
            .pick(&[HttpMethod::Put, HttpMethod::Post, HttpMethod::Patch, HttpMethod::Delete, HttpMethod::Get])
            .expect("a non-empty slice");
        let percent = 2 + self.numbers.below(40);
        let on =
            RequestMatch { verb: Some(verb), probability: Some(percent as f64 / 100.0), ..RequestMatch::default() };
        let fault = match self.numbers.below(8) {
            0 => Fault::Drop { when: Moment::Before, on },
            1 => Fault::Drop { when: Moment::After, on },
            2 => {
                let status = *self.numbers.pick(&[429, 500, 503]).expect("a non-empty slice");
                Fault::Answer { status, code: None, retry_after: None, on }
            }
            3 => Fault::Fail { code: "InternalServerError".to_owned(), message: "It broke.".to_owned(), on },
            4 => Fault::Delay { seconds: self.numbers.below(90) as f64, on },
            5 => Fault::Lag { store: "*".to_owned(), seconds: self.numbers.below(40) as f64 },
            _ => {
                let plane = *self
                    .numbers
                    .pick(&[Plane::Both, Plane::Both, Plane::Control, Plane::Data])
                    .expect("a non-empty slice");
                Fault::Lose { location: self.incident.home.1.clone(), plane }
            }
        };
        let from = self.numbers.percent(50).then(|| FaultTime::Seconds(self.numbers.below(400) as f64));
        let until = self.numbers.percent(50).then(|| FaultTime::Seconds(400.0 + self.numbers.below(1800) as f64));
        ScheduledFault { fault, from, until }
    }

    /// One attempt: a new run, or a resume or abort of the unfinished one.
    async fn attempt(&mut self) -> Result<(), String> {
        let on_failure = *self
            .numbers
            .pick(&[FailurePolicy::Stop, FailurePolicy::Stop, FailurePolicy::Retry(2), FailurePolicy::Unwind])
            .expect("a non-empty slice");
        if self.incident.open().is_some() {
            return self.go_on(on_failure).await;
        }
        let ask = self.ask();
        self.told.push(format!("{:?} {:?}, {on_failure:?}", ask.verb, ask.how));
        if ask.lost {
            self.forced = true;
        }
        match self.incident.begin(ask, on_failure).await {
            Ok(undertaken) => self.told.push(format!("ended {:?}", undertaken.report.ended)),
            Err(why) => self.told.push(why),
        }
        Ok(())
    }

    fn ask(&mut self) -> RunRequest {
        match (self.incident.active(), self.numbers.below(10)) {
            (ActiveSite::Away, 0..=6) => DOWN,
            (ActiveSite::Home, 0..=1) => DRILL,
            (_, 2..=5) if self.can_be_forced => FORCED,
            _ => UP,
        }
    }

    async fn go_on(&mut self, on_failure: FailurePolicy) -> Result<(), String> {
        if self.numbers.percent(25) {
            self.aborted = true;
            let aborted = self.incident.abort().await;
            self.told.push(format!("aborted: {aborted:?}").chars().take(300).collect());
        } else {
            let resumed = self.incident.resume(on_failure).await;
            let ended = resumed.map(|undertaken| undertaken.report.ended);
            self.told.push(format!("resumed: {ended:?}"));
        }
        Ok(())
    }

    /// Invariants that hold at any time.
    fn holds(&mut self) -> Result<(), String> {
        let tally = self.incident.tally();
        if tally.split > 0 {
            return Err(format!("two sites accepted writes: {tally:#?}"));
        }
        let announced = if self.forced { FORCED.accepted.data_loss.unwrap_or_default().as_secs_f64() } else { 0.0 };
        if tally.lost_seconds > announced {
            return Err(format!("data loss exceeds the announced {announced} s: {tally:#?}"));
        }
        Ok(())
    }

    async fn come_home(&mut self) -> Result<(), String> {
        for _ in 0..MOST {
            if self.incident.open().is_some() {
                let resumed = self.incident.resume(FailurePolicy::Retry(1)).await.map_err(|error| error.to_string())?;
                self.told.push(format!("resumed: {:?}", resumed.report.ended));
                if self.incident.open().is_some() {
                    let aborted = self.incident.abort().await.map_err(|error| error.to_string())?;
                    self.told.push(format!("aborted: {aborted:?}").chars().take(300).collect());
                }
                continue;
            }
            if self.incident.active() == ActiveSite::Home {
                return Ok(());
            }
            match self.incident.begin(DOWN, FailurePolicy::Retry(1)).await {
                Ok(undertaken) => self.told.push(format!("down: {:?}", undertaken.report.ended)),
                Err(why) => {
                    self.told.push(format!("down: {why}"));
                    self.incident.wait(3600).await;
                }
            }
        }
        Err(format!(
            "after {MOST} attempts {:?} is active, and the unfinished run is {:?}",
            self.incident.active(),
            self.incident.open()
        ))
    }
}

/// Runs one seed; its fault, if it fails.
fn told_of(seed: u64) -> Vec<String> {
    let told = Mutex::new(String::new());
    let outcome = catch_unwind(AssertUnwindSafe(|| {
        simulated(async {
            let mut random = RandomIncident::new(seed).await;
            let outcome = tokio::time::timeout(Duration::from_secs(3600 * 24 * 60), random.tell()).await;
            *told.lock().expect("no panic while locked") =
                format!("{}\n── stack:\n{}", random.told.join("\n"), random.incident.text);
            outcome.map_err(|_| "the test takes more than two months".to_owned())?
        })
    }));
    judged("seeds", seed, outcome, &told)
}

/// The fault of a seed of this module with all events, and the command that repeats it; empty where it ended well.
pub fn judged(
    module: &str,
    seed: u64,
    outcome: std::thread::Result<Result<(), String>>,
    told: &Mutex<String>,
) -> Vec<String> {
    let why = match outcome {
        Ok(Ok(())) => return Vec::new(),
        Ok(Err(why)) => why,
        Err(panic) => panic.downcast_ref::<String>().cloned().unwrap_or_else(|| "it panics".to_owned()),
    };
    let told = told.lock().map(|told| told.clone()).unwrap_or_default();
    let command = format!("DRPLAN_FAILOVER_SEEDS={seed}..{} cargo test --test it failover::{module}", seed + 1);
    vec![format!("════ seed {seed}; repeat with `{command}`\n{why}\n{told}")]
}

/// The seeds to run, by default these.
pub fn asked(usual: Range<u64>) -> Range<u64> {
    let Ok(text) = std::env::var("DRPLAN_FAILOVER_SEEDS") else { return usual };
    let range = text.split_once("..").and_then(|(from, to)| Some(from.parse().ok()?..to.parse().ok()?));
    range.unwrap_or_else(|| panic!("DRPLAN_FAILOVER_SEEDS is `{text}`; write FROM..TO, as in 0..10000"))
}

#[test]
fn failback_succeeds_after_any_fault() {
    let seeds = asked(SEEDS);
    let wrong = in_parallel(seeds.clone(), told_of);
    assert!(wrong.is_empty(), "{} of {} seeds fail:\n{}", wrong.len(), seeds.end - seeds.start, wrong.join("\n"));
}

#[test]
fn past_regressions_stay_fixed() {
    let wrong: Vec<String> = ONCE_WRONG.iter().copied().flat_map(told_of).collect();
    assert!(wrong.is_empty(), "{} seeds fail:\n{}", wrong.len(), wrong.join("\n"));
}
