//! Recorded durations from the journals of earlier runs, and the accuracy of predictions.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::time::Duration;

use serde::Serialize;

use crate::actions::StepAction;
use crate::address::Address;
use crate::roles::FailoverMode;
use crate::steps::{Act, Condition, Entry, Task, Timeline, between};

/// Measured durations and earlier predictions.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct History {
    took: BTreeMap<(Address, Cow<'static, str>), Vec<Duration>>,
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
    /// The longest time until traffic was switched and service verified, as far as the stack verifies it.
    pub longest: Option<Duration>,
}

impl History {
    /// Adds the journal of a run of any kind. An unreadable journal adds nothing, and neither does a run that was not
    /// completed as planned: aborted, rolled back, superseded, or with a skipped step.
    pub fn take_in(&mut self, journal: &[Entry]) {
        let Ok(timeline) = Timeline::of(journal) else { return };
        if timeline.condition() != Condition::Done || timeline.has_skipped() {
            return;
        }
        for step in timeline.graph.steps.iter().filter(|step| teaches(&step.act)) {
            let Some(course) = timeline.course(step.id) else { continue };
            // A second attempt continues what the first has begun, so that neither has the duration of the step.
            let [attempt] = course.attempts.as_slice() else { continue };
            let Some(ended) = attempt.ended.filter(|_| !course.was_needless() && !course.was_not_simulated()) else {
                continue;
            };
            let took = between(attempt.begun, ended).saturating_sub(computed(&step.act));
            self.took.entry((subject(&step.address), word(&step.act))).or_default().push(took);
        }
        self.runs.extend(past(&timeline));
    }

    /// P50 and P95 of a step from its recorded durations; `table` is the estimate without a record.
    ///
    /// - The time that is computed for the step (a time to live, a wait) is never learned: records hold the time in
    ///   addition to it, and it is added as it is now configured.
    /// - P50: the median of the records.
    /// - P95 of `n` records: the P95 of the table, drawn to the median by the square root of `n` (`median + (P95 of
    ///   the table - median) / √n`), and never less than the 95th percentile of the records, which is the longest for
    ///   fewer than twenty. One record therefore leaves the P95 of the table, and four leave half of its distance.
    pub fn estimate(&self, address: &Address, act: &Act, table: (Duration, Duration)) -> (Duration, Duration) {
        let (typical, worst) = table;
        let recorded = self.took.get(&(subject(address), word(act))).filter(|_| teaches(act));
        let Some(mut took) = recorded.cloned() else { return table };
        took.sort();
        let computed = computed(act);
        let nth = |index: usize| took.get(index).copied();
        // The smallest record that at least 95 of 100 do not exceed.
        let (Some(median), Some(high)) = (nth(took.len() / 2), nth((took.len() * 95).div_ceil(100) - 1)) else {
            return (typical, worst);
        };
        let (median, high) = (median + computed, high + computed);
        let count = u32::try_from(took.len()).unwrap_or(u32::MAX);
        let left = worst.saturating_sub(median).as_secs_f64() / f64::from(count).sqrt();
        // In whole seconds, as the tables: a longer fraction would be noise.
        let worst = Duration::from_secs_f64((median.as_secs_f64() + left).ceil()).max(high);
        (median, worst)
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

/// Prediction and actual time of a completed run.
fn past(timeline: &Timeline) -> Option<PastRun> {
    let undertaking = &timeline.undertaking;
    let real = timeline.switched()?;
    Some(PastRun { group: undertaking.group.clone(), verb: undertaking.verb, worst: undertaking.predicted.worst, real })
}

/// The resource that durations are recorded for: a drill copy takes as long as its original.
fn subject(address: &Address) -> Address {
    address.original().unwrap_or_else(|| address.clone())
}

/// True for acts whose duration is that of the service, and not of an outage, of an operator or of the configuration.
fn teaches(act: &Act) -> bool {
    // The time to catch up depends on the length of an outage, and that of a restore on its bytes: earlier ones predict
    // nothing.
    let waits = matches!(act, Act::Task(Task::CatchUp | Task::Linger(_) | Task::Restore(_)));
    let is_wait = act.action().is_some_and(StepAction::lasts_as_written);
    !(waits || is_wait || act.asks_a_person())
}

/// The part of a step's duration that follows from the configuration.
fn computed(act: &Act) -> Duration {
    match act {
        Act::Task(Task::Linger(time)) => *time,
        Act::Task(Task::Route { levers, .. }) => levers.first().map(|first| first.lingers).unwrap_or_default(),
        _ => Duration::ZERO,
    }
}

/// The name that durations of an act are recorded under. Acts with different durations have different names: a scale
/// set is stopped and started in different times.
fn word(act: &Act) -> Cow<'static, str> {
    let word = match act {
        Act::Create => "create",
        Act::Update | Act::Adopt => "update",
        Act::Delete(_) => "delete",
        Act::Rename | Act::SetAside(_) | Act::Forget => "record",
        Act::Task(task) => match task {
            Task::Promote { how: FailoverMode::Planned, .. } => "promote-planned",
            Task::Promote { how: FailoverMode::Forced, .. } => "promote-forced",
            Task::CatchUp => "catch-up",
            Task::Reprotect => "reprotect",
            Task::Move { arguments } => {
                let each: Vec<String> = arguments.iter().map(|(name, value)| format!(" {name}={value}")).collect();
                return Cow::Owned(format!("move{}", each.concat()));
            }
            Task::Power { on: true } => "start",
            Task::Power { on: false } => "stop",
            Task::Linger(_) => "linger",
            Task::Route { .. } => "route",
            Task::Restore(_) => "restore",
            Task::Snapshot(_) => "snapshot",
            Task::Probe => "probe",
            Task::Custom { action } => return Cow::Owned(format!("step {action}")),
            Task::Unchanged { .. } => "compare",
            Task::Record(_) => "record",
        },
    };
    Cow::Borrowed(word)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::steps::RouteSwitch;

    fn seconds(seconds: u64) -> Duration {
        Duration::from_secs(seconds)
    }

    fn address() -> Address {
        Address::new("kind", "name")
    }

    fn recorded(act: &Act, took: &[u64]) -> History {
        let took = took.iter().map(|took| seconds(*took)).collect();
        History { took: BTreeMap::from([((address(), word(act)), took)]), runs: Vec::new() }
    }

    fn scale(count: u32) -> Act {
        Act::Task(Task::Move { arguments: [("instances".to_owned(), json!(count))].into_iter().collect() })
    }

    fn route(lingers: u64) -> Act {
        let switch = RouteSwitch { name: "front".to_owned(), lingers: seconds(lingers), ..RouteSwitch::default() };
        Act::Task(Task::Route { levers: vec![switch], agree: Vec::new() })
    }

    #[test]
    fn one_record_leaves_the_p95_of_the_table_and_more_draw_it_to_the_median() {
        let table = (seconds(50), seconds(300));
        let estimate = |took: &[u64]| recorded(&Act::Create, took).estimate(&address(), &Act::Create, table);
        assert_eq!(History::default().estimate(&address(), &Act::Create, table), table);
        assert_eq!(estimate(&[60]), (seconds(60), seconds(300)));
        assert_eq!(estimate(&[60, 60, 60, 60]), (seconds(60), seconds(180)));
        assert_eq!(estimate(&[60; 100]), (seconds(60), seconds(84)));
        assert_eq!(estimate(&[60, 400]), (seconds(400), seconds(400)));
        assert_eq!(estimate(&[10, 60, 400]), (seconds(60), seconds(400)));
        // One outlier of a hundred is beyond the 95th percentile.
        let many: Vec<u64> = std::iter::repeat_n(60, 99).chain([4000]).collect();
        assert_eq!(estimate(&many), (seconds(60), seconds(84)));
    }

    #[test]
    fn stopping_teaches_nothing_about_starting() {
        let history = recorded(&scale(0), &[34]);
        let table = (seconds(99), seconds(297));
        assert_eq!(history.estimate(&address(), &scale(4), table), table);
        assert_eq!(history.estimate(&address(), &scale(0), table).0, seconds(34));
    }

    #[test]
    fn a_longer_time_to_live_is_predicted_although_earlier_runs_were_shorter() {
        // Recorded with 30 seconds, of which the history keeps the four that the writes took.
        let history = recorded(&route(30), &[4]);
        let (typical, worst) = history.estimate(&address(), &route(600), (seconds(604), seconds(1208)));
        assert_eq!((typical, worst), (seconds(604), seconds(1208)));
    }

    #[test]
    fn waits_and_approvals_are_not_learned() {
        let custom = |action: &str| Act::Task(Task::Custom { action: action.to_owned() });
        for act in [Act::Task(Task::Linger(seconds(30))), custom("wait"), custom("approval"), Act::Task(Task::CatchUp)]
        {
            let table = (seconds(300), seconds(300));
            assert_eq!(recorded(&act, &[1]).estimate(&address(), &act, table), table, "{act:?}");
        }
    }
}
