//! The schedule of a graph: the start and end of each step, as the executor chooses steps, for given durations.
//!
//! Dependencies, serial keys, the limit of concurrent steps and the priority of the longest remaining path are those
//! of [`super::next`], because the choice is made by the same queue. Pure and deterministic; the cost is that of
//! sorting the steps.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BinaryHeap};
use std::time::Duration;

use super::next::Queue;
use super::{Path, Phase, Step, StepGraph, StepId};

/// The maximum number of concurrent steps of a run.
pub const WIDTH: usize = 64;

/// The start and end of each step.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Schedule {
    times: Vec<(Duration, Duration)>,
    /// The step whose end each step waited for: a need, a step with the same serial key, or one that made room.
    waited_for: Vec<Option<StepId>>,
}

impl Schedule {
    /// The start of a step; zero for one that is not in the graph.
    pub fn begin(&self, id: StepId) -> Duration {
        self.times.get(id.index()).map(|(begin, _)| *begin).unwrap_or_default()
    }

    /// The end of a step; zero for one that is not in the graph.
    pub fn end(&self, id: StepId) -> Duration {
        self.times.get(id.index()).map(|(_, end)| *end).unwrap_or_default()
    }

    /// The end of the last step.
    pub fn total(&self) -> Duration {
        self.times.iter().map(|(_, end)| *end).max().unwrap_or_default()
    }

    /// The chain of steps without a gap that ends with the last of these steps, including the steps that it waited for
    /// only because of a serial key. Of several that end last, the smallest id.
    pub fn critical(&self, ends: impl IntoIterator<Item = StepId>) -> Path {
        let last = ends.into_iter().max_by_key(|id| (self.end(*id), Reverse(*id)));
        let mut steps: Vec<StepId> =
            std::iter::successors(last, |id| self.waited_for.get(id.index()).copied().flatten()).collect();
        steps.reverse();
        Path { total: last.map(|id| self.end(id)).unwrap_or_default(), steps }
    }
}

impl StepGraph {
    /// The schedule with at most `width` concurrent steps, each with the duration that `length` gives.
    pub fn schedule(&self, width: usize, length: impl Fn(&Step) -> Duration) -> Schedule {
        let mut clerk = Scheduler::new(self);
        let mut now = Duration::ZERO;
        loop {
            let room = width.max(1) - clerk.running.len();
            for id in clerk.queue.choose(&clerk.phases, room) {
                let length = self.step(id).map(&length).unwrap_or_default();
                clerk.begin(id, now, now.saturating_add(length));
            }
            let Some(&Reverse((due, _))) = clerk.running.peek() else { break };
            now = due;
            while let Some(&Reverse((_, id))) = clerk.running.peek().filter(|Reverse((end, _))| *end == due) {
                clerk.running.pop();
                clerk.end(id);
            }
        }
        Schedule { times: clerk.times, waited_for: clerk.waited_for }
    }
}

/// A schedule in progress.
struct Scheduler<'a> {
    graph: &'a StepGraph,
    dependents: Vec<Vec<StepId>>,
    pending: Vec<usize>,
    phases: Vec<Phase>,
    queue: Queue,
    running: BinaryHeap<Reverse<(Duration, StepId)>>,
    times: Vec<(Duration, Duration)>,
    waited_for: Vec<Option<StepId>>,
    /// The step that last released each serial key.
    released: BTreeMap<&'a str, StepId>,
    /// The step that ended last.
    last: Option<StepId>,
}

impl<'a> Scheduler<'a> {
    fn new(graph: &'a StepGraph) -> Self {
        let count = graph.steps.len();
        let mut clerk = Self {
            graph,
            dependents: graph.dependents(),
            pending: graph.steps.iter().map(|step| step.needs.len()).collect(),
            phases: vec![Phase::Waiting; count],
            queue: Queue::new(graph),
            running: BinaryHeap::new(),
            times: vec![(Duration::ZERO, Duration::ZERO); count],
            waited_for: vec![None; count],
            released: BTreeMap::new(),
            last: None,
        };
        graph.steps.iter().filter(|step| step.needs.is_empty()).for_each(|step| clerk.ready(step.id));
        clerk
    }

    fn set(&mut self, id: StepId, phase: Phase) {
        if let Some(of_step) = self.phases.get_mut(id.index()) {
            *of_step = phase;
        }
    }

    fn ready(&mut self, id: StepId) {
        self.set(id, Phase::Ready);
        self.queue.push(id);
    }

    fn begin(&mut self, id: StepId, now: Duration, end: Duration) {
        self.set(id, Phase::UnderWay);
        let waited_for = self.blocker(id, now);
        if let (Some(times), Some(of_step)) = (self.times.get_mut(id.index()), self.waited_for.get_mut(id.index())) {
            *times = (now, end);
            *of_step = waited_for;
        }
        self.running.push(Reverse((end, id)));
    }

    fn end(&mut self, id: StepId) {
        self.set(id, Phase::Succeeded);
        self.queue.release(id, &self.phases);
        if let Some(step) = self.graph.step(id) {
            self.released.extend(step.serial.iter().map(|key| (key.as_str(), id)));
        }
        self.last = Some(id);
        for dependent in self.dependents.get(id.index()).cloned().unwrap_or_default() {
            let Some(left) = self.pending.get_mut(dependent.index()) else { continue };
            *left = left.saturating_sub(1);
            if *left == 0 {
                self.ready(dependent);
            }
        }
    }

    /// The step whose end let this one begin now: a need before a holder of one of its keys, and that before a step
    /// that only made room. `None` at the start.
    fn blocker(&self, id: StepId, now: Duration) -> Option<StepId> {
        if now.is_zero() && self.last.is_none() {
            return None;
        }
        let step = self.graph.step(id)?;
        let ends_now = |id: &StepId| self.times.get(id.index()).is_some_and(|(_, end)| *end == now);
        let need = step.needs.iter().copied().filter(ends_now).min();
        let holder = || step.serial.iter().filter_map(|key| self.released.get(key.as_str()).copied()).find(ends_now);
        need.or_else(holder).or_else(|| self.last.filter(|last| ends_now(last)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::steps::tests::step;

    fn seconds(seconds: u64) -> Duration {
        Duration::from_secs(seconds)
    }

    fn ids(ids: &[u32]) -> Vec<StepId> {
        ids.iter().copied().map(StepId).collect()
    }

    fn serial(id: u32, needs: &[u32], keys: &[&str]) -> Step {
        Step { serial: keys.iter().map(|key| (*key).to_owned()).collect(), ..step(id, needs) }
    }

    #[test]
    fn without_serial_keys_it_is_as_long_as_the_longest_chain() {
        let graph = StepGraph::new(vec![step(0, &[]), step(1, &[]), step(2, &[0]), step(3, &[0, 1])]).unwrap();
        let schedule = graph.schedule(WIDTH, |step| step.expect);
        assert_eq!(schedule.critical(ids(&[0, 1, 2, 3])), graph.critical_path());
        assert_eq!((schedule.begin(StepId(3)), schedule.end(StepId(3))), (seconds(2), seconds(6)));
    }

    #[test]
    fn steps_with_one_serial_key_follow_each_other_and_the_critical_path_names_them() {
        // Steps take 1, 2, 3 and 4 seconds; 0 to 2 share a key, and 3 needs the first of them.
        let steps = vec![serial(0, &[], &["k"]), serial(1, &[], &["k"]), serial(2, &[], &["k"]), step(3, &[0])];
        let graph = StepGraph::new(steps).unwrap();
        let schedule = graph.schedule(WIDTH, |step| step.expect);
        // The longest remaining path goes first: 0 (with 3 behind it), then 2, then 1.
        assert_eq!(schedule.total(), seconds(6));
        assert_eq!(schedule.critical(ids(&[0, 1, 2, 3])).steps, ids(&[0, 2, 1]));
    }

    #[test]
    fn a_limit_of_concurrent_steps_makes_steps_wait() {
        let graph = StepGraph::new((0..4).map(|id| step(id, &[])).collect()).unwrap();
        assert_eq!(graph.schedule(1, |_| seconds(5)).total(), seconds(20));
        assert_eq!(graph.schedule(2, |_| seconds(5)).total(), seconds(10));
        assert_eq!(graph.schedule(0, |_| seconds(5)).critical(ids(&[0, 1, 2, 3])).steps.len(), 4);
    }

    #[test]
    fn steps_without_a_duration_end_at_once() {
        let graph = StepGraph::new(vec![step(0, &[]), step(1, &[0]), step(2, &[1])]).unwrap();
        assert_eq!(graph.schedule(WIDTH, |_| Duration::ZERO).critical(ids(&[2])).steps, ids(&[0, 1, 2]));
        assert_eq!(StepGraph::default().schedule(WIDTH, |_| Duration::ZERO).total(), Duration::ZERO);
    }

    #[test]
    fn a_hundred_thousand_steps_with_one_key_are_scheduled_in_no_time() {
        let graph = StepGraph::new((0..100_000).map(|id| serial(id, &[], &["k"])).collect()).unwrap();
        assert_eq!(graph.schedule(WIDTH, |_| seconds(1)).total(), seconds(100_000));
    }
}
