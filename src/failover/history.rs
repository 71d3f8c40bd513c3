//! Recorded durations from the journals of earlier runs, and the accuracy of predictions.

use std::collections::BTreeMap;
use std::time::Duration;

use jiff::Timestamp;
use serde::Serialize;

use crate::address::Address;
use crate::steps::{Act, Condition, Entry, Event, StepEvent, StepId, Task, Timeline};

/// Measured durations and earlier predictions.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct History {
    took: BTreeMap<(Address, &'static str), Vec<Duration>>,
    runs: Vec<PastRun>,
}

/// A finished failover run.
#[derive(Debug, Clone, PartialEq, Eq)]
struct PastRun {
    group: String,
    verb: crate::state::RunKind,
    worst: Duration,
    real: Duration,
}

/// Accuracy of predictions.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
pub struct Calibration {
    /// Finished runs of this group and verb.
    pub runs: usize,
    /// Runs that finished within the predicted P95.
    pub within: usize,
    /// The longest time until service was restored.
    pub longest: Option<Duration>,
}

impl History {
    /// Adds the journal of a run of any kind. An unreadable journal adds nothing.
    pub fn take_in(&mut self, journal: &[Entry]) {
        let mut begun: BTreeMap<StepId, Timestamp> = BTreeMap::new();
        let timeline = Timeline::of(journal).ok();
        for entry in journal {
            let Event::Step { step, address, event } = &entry.event else { continue };
            match event {
                StepEvent::Begun(_) => {
                    begun.insert(*step, entry.at);
                }
                StepEvent::Succeeded(_) => {
                    let known = timeline.as_ref().and_then(|timeline| timeline.graph.step(*step));
                    let word = known.map(|step| word(&step.act));
                    if let (Some(word), Some(since)) = (word, begun.remove(step)) {
                        self.took.entry((subject(address), word)).or_default().push(between(since, entry.at));
                    }
                }
                _ => {}
            }
        }
        self.runs.extend(timeline.as_ref().and_then(past));
    }

    /// Median and maximum duration of an act on a resource; `None` without a record.
    pub fn took(&self, address: &Address, act: &Act) -> Option<(Duration, Duration)> {
        let mut took = self.took.get(&(subject(address), word(act)))?.clone();
        took.sort();
        let middle = took.get(took.len() / 2)?;
        Some((*middle, *took.last()?))
    }

    /// Accuracy of the predictions for this group.
    pub fn calibration(&self, group: &str, verb: crate::state::RunKind) -> Calibration {
        let same: Vec<&PastRun> = self.runs.iter().filter(|past| past.group == group && past.verb == verb).collect();
        Calibration {
            runs: same.len(),
            within: same.iter().filter(|past| past.real <= past.worst).count(),
            longest: same.iter().map(|past| past.real).max(),
        }
    }
}

/// Prediction and actual recovery time of a finished run.
fn past(timeline: &Timeline) -> Option<PastRun> {
    let undertaking = &timeline.undertaking;
    let real = timeline.recovery().filter(|_| timeline.condition() == Condition::Done)?;
    Some(PastRun { group: undertaking.group.clone(), verb: undertaking.verb, worst: undertaking.predicted.worst, real })
}

/// The resource that durations are recorded for: a drill copy takes as long as its original.
fn subject(address: &Address) -> Address {
    address.original().unwrap_or_else(|| address.clone())
}

/// The name that durations of an act are recorded under.
const fn word(act: &Act) -> &'static str {
    match act {
        Act::Create => "create",
        Act::Update | Act::Adopt => "update",
        Act::Delete(_) => "delete",
        Act::SetAside(_) | Act::Forget => "record",
        Act::Task(task) => match task {
            Task::Promote { how: crate::kinds::FailoverMode::Planned, .. } => "promote-planned",
            Task::Promote { how: crate::kinds::FailoverMode::Forced, .. } => "promote-forced",
            Task::CatchUp => "catch-up",
            Task::Reprotect => "reprotect",
            Task::Move { .. } => "move",
            Task::Linger(_) => "linger",
            Task::Route { .. } => "route",
            Task::Probe => "probe",
            Task::Custom { .. } => "step",
            Task::Unchanged { .. } => "compare",
            Task::Record(_) => "record",
        },
    }
}

fn between(since: Timestamp, until: Timestamp) -> Duration {
    Duration::try_from(until.duration_since(since)).unwrap_or_default()
}
