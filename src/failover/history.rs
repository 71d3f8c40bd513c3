//! How long things took before, read from the journals of earlier runs; and how good predictions were.

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
    runs: Vec<Past>,
}

/// A failover run that came to its end.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Past {
    group: String,
    verb: crate::state::Verb,
    worst: Duration,
    real: Duration,
}

/// How good predictions were.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
pub struct Calibration {
    /// Of so many runs of this group and verb that came to their end.
    pub runs: usize,
    /// So many took no longer than the worst that was predicted.
    pub within: usize,
    /// The longest any of them took until users were served.
    pub longest: Option<Duration>,
}

impl History {
    /// Takes in the journal of one more run, a failover run or another one. What cannot be read tells nothing.
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

    /// How long an act on a resource took: half of the times no longer, and the longest; `None` where it was never done.
    pub fn took(&self, address: &Address, act: &Act) -> Option<(Duration, Duration)> {
        let mut took = self.took.get(&(subject(address), word(act)))?.clone();
        took.sort();
        let middle = took.get(took.len() / 2)?;
        Some((*middle, *took.last()?))
    }

    /// How good the predictions for this group were.
    pub fn calibration(&self, group: &str, verb: crate::state::Verb) -> Calibration {
        let same: Vec<&Past> = self.runs.iter().filter(|past| past.group == group && past.verb == verb).collect();
        Calibration {
            runs: same.len(),
            within: same.iter().filter(|past| past.real <= past.worst).count(),
            longest: same.iter().map(|past| past.real).max(),
        }
    }
}

/// What a finished run had predicted, and what it really took until users were served.
fn past(timeline: &Timeline) -> Option<Past> {
    let undertaking = &timeline.undertaking;
    let real = timeline.recovery().filter(|_| timeline.condition() == Condition::Done)?;
    Some(Past { group: undertaking.group.clone(), verb: undertaking.verb, worst: undertaking.predicted.worst, real })
}

/// The resource under which durations are kept: a copy of a drill takes as long as what it is a copy of.
fn subject(address: &Address) -> Address {
    address.original().unwrap_or_else(|| address.clone())
}

/// The word under which durations of an act are kept.
const fn word(act: &Act) -> &'static str {
    match act {
        Act::Create => "create",
        Act::Update | Act::Adopt => "update",
        Act::Delete(_) => "delete",
        Act::SetAside(_) | Act::Forget => "record",
        Act::Task(task) => match task {
            Task::Promote { how: crate::kinds::How::Planned, .. } => "promote-planned",
            Task::Promote { how: crate::kinds::How::Forced, .. } => "promote-forced",
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
