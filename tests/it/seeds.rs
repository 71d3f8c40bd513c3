//! Random stacks, edits, faults and kills, each from one seed: once faults stop, the result equals that of an
//! undisturbed run.

mod stacks;

use std::collections::BTreeSet;
use std::ops::Range;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Mutex;
use std::time::Duration;

use drplan::object::ObjectId;
use drplan::simulator::{Fault, HttpMethod, Moment, RequestMatch};
use drplan::world::Store;

use crate::lab::{Lab, changes, failures, in_parallel, simulated};
pub use stacks::{Numbers, StackModel};

/// Seeds of a normal test run; `DRPLAN_SEEDS=FROM..TO` selects others.
const SEEDS: Range<u64> = 0..200;
/// One of this many seeds is run twice, and its journals are compared.
const TWICE: u64 = 20;
/// Maximum number of runs, after the last fault, until the plan is empty.
const MOST: usize = 3;

/// Test of one seed.
struct RandomStack {
    lab: Lab,
    numbers: Numbers,
    model: StackModel,
    /// Events, one per line.
    told: Vec<String>,
}

/// Results that two runs of a seed must share.
#[derive(PartialEq)]
struct SeedResult {
    journals: String,
    standing: Vec<ObjectId>,
}

impl RandomStack {
    fn new(seed: u64) -> Self {
        let mut numbers = Numbers::new(seed);
        let lab = Lab::new(seed);
        let mut count = 4 + numbers.below(22);
        let model = loop {
            let model = StackModel::random(&mut numbers, count);
            if lab.read(&model.text()).is_ok() {
                break model;
            }
            count = count.saturating_sub(1).max(1);
        };
        Self { lab, numbers, model, told: Vec::new() }
    }

    async fn tell(&mut self) -> Result<(), String> {
        for _ in 0..1 + self.numbers.below(4) {
            self.go_wrong();
            if self.numbers.percent(12) {
                self.attempt(true).await?;
            } else {
                self.attempt(false).await?;
                self.edit();
            }
        }
        self.lab.store.go_on();
        self.lab.simulator.clear_faults().map_err(|error| error.to_string())?;
        self.told.push("no more faults".to_owned());
        self.finish(false).await?;
        self.is_as_if_undisturbed().await?;
        self.finish(true).await?;
        let recorded = self.lab.store.load().map_err(|error| error.to_string())?;
        let recorded: Vec<_> = recorded.into_iter().flat_map(|state| state.resources.into_keys()).collect();
        if recorded.is_empty() && self.lab.standing().is_empty() {
            return Ok(());
        }
        Err(format!("destroy leaves {recorded:?} recorded and {:?} existing", self.lab.standing()))
    }

    fn edit(&mut self) {
        for _ in 0..self.numbers.below(5) {
            let mut edited = self.model.clone();
            let said = edited.edit(&mut self.numbers);
            if self.lab.read(&edited.text()).is_ok() {
                self.told.push(said);
                self.model = edited;
            }
        }
    }

    fn go_wrong(&mut self) {
        // Clearing cannot fail: the simulator is in memory.
        drop(self.lab.simulator.clear_faults());
        self.lab.store.go_on();
        for _ in 0..self.numbers.below(4) {
            let fault = self.fault();
            self.told.push(format!("fault {fault:?}"));
            drop(self.lab.simulator.add_fault(fault));
        }
        if self.numbers.percent(60) {
            let entries = self.numbers.below(60);
            self.told.push(format!("killed after {entries} entries"));
            self.lab.store.stop_after(entries);
        }
    }

    fn fault(&mut self) -> Fault {
        let verb = *self
            .numbers
            .pick(&[HttpMethod::Put, HttpMethod::Put, HttpMethod::Delete, HttpMethod::Get, HttpMethod::Post])
            .expect("a non-empty slice");
        let percent = 2 + self.numbers.below(30);
        let on =
            RequestMatch { verb: Some(verb), probability: Some(percent as f64 / 100.0), ..RequestMatch::default() };
        match self.numbers.below(6) {
            0 => Fault::Drop { when: Moment::Before, on },
            1 => Fault::Drop { when: Moment::After, on },
            2 => {
                let status = *self.numbers.pick(&[429, 500, 502, 503, 504]).expect("a non-empty slice");
                Fault::Answer { status, code: None, retry_after: None, on }
            }
            3 => Fault::Fail { code: "InternalServerError".to_owned(), message: "It broke.".to_owned(), on },
            4 => Fault::Delay { seconds: self.numbers.below(90) as f64, on },
            _ => Fault::Stale { seconds: self.numbers.below(20) as f64 },
        }
    }

    /// One run with any outcome.
    async fn attempt(&mut self, destroy: bool) -> Result<(), String> {
        let command = if destroy { "destroy" } else { "apply" };
        let (planned, state) = match self.lab.try_plan(&self.model.text(), destroy).await {
            Ok(planned) => planned,
            Err(why) if why.contains("\"bug\"") || why.contains("cannot be ordered") => return Err(why),
            Err(why) => {
                self.told.push(format!("no plan: {}", why.lines().next().unwrap_or_default()));
                return Ok(());
            }
        };
        if !planned.plan.blocked.is_empty() {
            self.told.push(format!("{command} is refused: {:?}", planned.plan.blocked));
            return Ok(());
        }
        match self.lab.carry_out(&planned, state, command).await {
            Ok(applied) => match failures(&applied, command) {
                Ok(()) => self.told.push(format!("{command}: done")),
                Err(why) => self.told.push(why),
            },
            Err(why) => self.told.push(format!("{command}: {why}")),
        }
        Ok(())
    }

    async fn finish(&mut self, destroy: bool) -> Result<(), String> {
        let command = if destroy { "destroy" } else { "apply" };
        for _ in 0..MOST {
            let (planned, state) = self.lab.try_plan(&self.model.text(), destroy).await?;
            if !planned.plan.blocked.is_empty() {
                self.told.push(format!("locks removed: {:?}", planned.plan.blocked));
                self.model.unlock();
                continue;
            }
            let left = changes(&planned);
            if left.is_empty() && planned.plan.drift.is_empty() && planned.plan.outputs.is_empty() {
                return Ok(());
            }
            self.told.push(format!("to do:\n    {}", left.join("\n    ")));
            let applied = self.lab.carry_out(&planned, state, command).await.map_err(|error| error.to_string())?;
            self.told.push(failures(&applied, command).err().unwrap_or_else(|| format!("{command}: done")));
        }
        let (planned, _) = self.lab.try_plan(&self.model.text(), destroy).await?;
        let (left, drift) = (changes(&planned), planned.plan.drift);
        if left.is_empty() && drift.is_empty() {
            return Ok(());
        }
        Err(format!(
            "after {MOST} runs of {command} the plan is not empty:\n    {}\n    drift {drift:?}",
            left.join("\n    ")
        ))
    }

    /// The existing objects equal those of an apply of the stack in a new cloud.
    async fn is_as_if_undisturbed(&self) -> Result<(), String> {
        let fresh = Lab::new(1);
        let applied = fresh.apply(&self.model.text()).await.map_err(|error| error.to_string())?;
        failures(&applied, "apply in a new cloud")?;
        let (wanted, found): (BTreeSet<_>, BTreeSet<_>) =
            (fresh.standing().into_iter().collect(), self.lab.standing().into_iter().collect());
        let missing: Vec<_> = wanted.difference(&found).collect();
        let orphans: Vec<_> = found.difference(&wanted).collect();
        if missing.is_empty() && orphans.is_empty() {
            return Ok(());
        }
        Err(format!("missing {missing:?}, orphans {orphans:?}"))
    }
}

/// Runs one seed; the error is the fault with all events.
fn run(seed: u64) -> Result<SeedResult, String> {
    let told = Mutex::new(String::new());
    let outcome = catch_unwind(AssertUnwindSafe(|| {
        simulated(async {
            let mut random = RandomStack::new(seed);
            let began = random.model.text();
            let outcome = tokio::time::timeout(Duration::from_secs(3600 * 24 * 30), random.tell()).await;
            *told.lock().expect("no panic while locked") =
                format!("{}\n── first:\n{began}\n── last:\n{}", random.told.join("\n"), random.model.text());
            if std::env::var("DRPLAN_TELL").is_ok() {
                eprintln!("{}", random.told.join("\n"));
            }
            outcome.map_err(|_| "the test takes more than a month".to_owned())??;
            let journals =
                random.lab.store.entries().iter().map(|entry| serde_json::to_string(entry).expect("JSON")).collect();
            Ok(SeedResult { journals, standing: random.lab.standing() })
        })
    }));
    let why = match outcome {
        Ok(Ok(end)) => return Ok(end),
        Ok(Err(why)) => why,
        Err(panic) => panic.downcast_ref::<String>().cloned().unwrap_or_else(|| "it panics".to_owned()),
    };
    let told = told.lock().map(|told| told.clone()).unwrap_or_default();
    Err(format!("{why}\n{told}"))
}

fn check(seed: u64) -> Result<(), String> {
    let first = run(seed)?;
    if seed.is_multiple_of(TWICE) && run(seed)? != first {
        return Err("two runs of the seed differ".to_owned());
    }
    Ok(())
}

/// Fault of a seed, with the command that repeats it.
fn told_of(seed: u64) -> Vec<String> {
    let told = |why| {
        let command = format!("DRPLAN_SEEDS={seed}..{} cargo test --test it seeds", seed + 1);
        format!("════ seed {seed}; repeat with `{command}`\n{why}")
    };
    check(seed).err().map(told).into_iter().collect()
}

fn asked() -> Range<u64> {
    let Ok(text) = std::env::var("DRPLAN_SEEDS") else { return SEEDS };
    let range = text.split_once("..").and_then(|(from, to)| Some(from.parse().ok()?..to.parse().ok()?));
    range.unwrap_or_else(|| panic!("DRPLAN_SEEDS is `{text}`; write FROM..TO, as in 0..10000"))
}

#[test]
fn interrupted_runs_converge() {
    let seeds = asked();
    let wrong = in_parallel(seeds.clone(), told_of);
    assert!(wrong.is_empty(), "{} of {} seeds fail:\n{}", wrong.len(), seeds.end - seeds.start, wrong.join("\n"));
}
