//! The shape of a step graph: validation, order, and the longest paths through it.
//!
//! Every traversal is a loop over vectors: depth costs no stack, and time grows only with steps and needs. Nothing
//! here depends on a run.

use std::cmp::Reverse;
use std::collections::{BTreeSet, HashMap};
use std::time::Duration;

use super::{Act, RouteSwitch, Step, StepGraph, StepId, Task};
use crate::address::Address;

/// Reasons why steps do not form a graph.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum GraphError {
    /// The id of a step differs from its position.
    #[error("the step at position {at} has the id {id}")]
    Misplaced {
        /// The position.
        at: usize,
        /// The id found there.
        id: u32,
    },
    /// A step needs a step that does not exist.
    #[error("step {step} needs step {need}, and there are only {steps}")]
    Missing {
        /// The step.
        step: u32,
        /// The step that it needs.
        need: u32,
        /// The number of steps.
        steps: usize,
    },
    /// Steps that need each other in a cycle: each needs the next, the last needs the first.
    #[error("steps need each other: {}", .0.iter().map(|id| id.0.to_string()).collect::<Vec<_>>().join(" needs "))]
    Cycle(Vec<StepId>),
}

/// The longest path through a graph.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Path {
    /// Its length.
    pub total: Duration,
    /// The steps on it, in execution order.
    pub steps: Vec<StepId>,
}

impl StepId {
    /// The position as an index.
    pub const fn index(self) -> usize {
        self.0 as usize
    }
}

impl Step {
    /// The resources that the step changes, or whose role it moves.
    pub fn changes(&self) -> Vec<&Address> {
        match &self.act {
            Act::Create | Act::Update | Act::Rename | Act::Adopt | Act::Delete(_) | Act::SetAside(_) | Act::Forget => {
                vec![&self.address]
            }
            Act::Task(Task::Promote { .. } | Task::Reprotect | Task::Move { .. } | Task::Power { .. }) => {
                vec![&self.address]
            }
            Act::Task(Task::Route { levers, .. }) => levers.iter().flat_map(RouteSwitch::resources).collect(),
            Act::Task(
                Task::CatchUp
                | Task::Linger(_)
                | Task::Probe
                | Task::Restore(_)
                | Task::Snapshot(_)
                | Task::Custom { .. }
                | Task::Unchanged { .. }
                | Task::Record(_),
            ) => Vec::new(),
        }
    }
}

impl StepGraph {
    /// The resources that the steps change.
    pub fn changes(&self) -> BTreeSet<Address> {
        self.steps.iter().flat_map(Step::changes).cloned().collect()
    }

    /// A validated graph of these steps.
    ///
    /// # Errors
    /// Where an id is not the step's position, a need does not exist, or steps form a cycle.
    pub fn new(steps: Vec<Step>) -> Result<Self, GraphError> {
        for (at, step) in steps.iter().enumerate() {
            if step.id.index() != at {
                return Err(GraphError::Misplaced { at, id: step.id.0 });
            }
            if let Some(need) = step.needs.iter().find(|need| need.index() >= steps.len()) {
                return Err(GraphError::Missing { step: step.id.0, need: need.0, steps: steps.len() });
            }
        }
        let graph = Self { steps };
        let order = graph.order();
        if order.len() == graph.steps.len() { Ok(graph) } else { Err(GraphError::Cycle(graph.cycle(&order))) }
    }

    /// The step with this id.
    pub fn step(&self, id: StepId) -> Option<&Step> {
        self.steps.get(id.index())
    }

    /// For each step, the steps that need it, in ascending order; a step that needs it twice is listed twice.
    pub fn dependents(&self) -> Vec<Vec<StepId>> {
        let mut dependents = vec![Vec::new(); self.steps.len()];
        for step in &self.steps {
            for need in &step.needs {
                if let Some(of_need) = dependents.get_mut(need.index()) {
                    of_need.push(step.id);
                }
            }
        }
        dependents
    }

    /// The steps in an order in which each follows its needs. Steps on a cycle, and steps that depend on one, are
    /// omitted.
    pub fn order(&self) -> Vec<StepId> {
        let dependents = self.dependents();
        let mut pending: Vec<usize> = self.steps.iter().map(|step| step.needs.len()).collect();
        let mut order: Vec<StepId> =
            self.steps.iter().filter(|step| step.needs.is_empty()).map(|step| step.id).collect();
        let mut done = 0;
        while let Some(&id) = order.get(done) {
            done += 1;
            for &dependent in dependents.get(id.index()).into_iter().flatten() {
                if let Some(left) = pending.get_mut(dependent.index()) {
                    *left -= 1;
                    if *left == 0 {
                        order.push(dependent);
                    }
                }
            }
        }
        order
    }

    /// For each step, the expected duration of the step and of the longest chain that depends on it.
    pub fn remaining(&self) -> Vec<Duration> {
        let mut behind = vec![Duration::ZERO; self.steps.len()];
        let mut remaining = behind.clone();
        for step in self.order().iter().rev().filter_map(|&id| self.step(id)) {
            let length = step.expect + behind.get(step.id.index()).copied().unwrap_or_default();
            if let Some(of_step) = remaining.get_mut(step.id.index()) {
                *of_step = length;
            }
            for need in &step.needs {
                if let Some(longest) = behind.get_mut(need.index()) {
                    *longest = length.max(*longest);
                }
            }
        }
        remaining
    }

    /// The chain of steps with the longest expected duration: no run is shorter.
    pub fn critical_path(&self) -> Path {
        self.longest_path(|step| step.expect)
    }

    /// The longest chain through `needs`, with the duration of each step given by `length`. Of several, one that ends
    /// in the smallest id.
    pub fn longest_path(&self, length: impl Fn(&Step) -> Duration) -> Path {
        let mut until = vec![Duration::ZERO; self.steps.len()];
        let mut before: Vec<Option<StepId>> = vec![None; self.steps.len()];
        let until_of = |until: &[Duration], id: StepId| until.get(id.index()).copied().unwrap_or_default();
        for step in self.order().into_iter().filter_map(|id| self.step(id)) {
            let last = step.needs.iter().copied().max_by_key(|&need| (until_of(&until, need), Reverse(need)));
            let total = length(step) + last.map_or(Duration::ZERO, |need| until_of(&until, need));
            if let (Some(of_step), Some(link)) = (until.get_mut(step.id.index()), before.get_mut(step.id.index())) {
                *of_step = total;
                *link = last;
            }
        }
        let last = self.steps.iter().map(|step| step.id).max_by_key(|&id| (until_of(&until, id), Reverse(id)));
        let mut steps: Vec<StepId> =
            std::iter::successors(last, |id| before.get(id.index()).copied().flatten()).collect();
        steps.reverse();
        Path { total: last.map_or(Duration::ZERO, |id| until_of(&until, id)), steps }
    }

    /// The chain of measured steps that ends with this one: back from each step to the need, or the step with one of
    /// its serial keys, that ended last before it began. `time` gives the start and end of a step that ran.
    pub fn chain_to<T: Ord + Copy>(&self, last: StepId, time: impl Fn(StepId) -> Option<(T, T)>) -> Vec<StepId> {
        let mut holders: HashMap<&str, Vec<(T, Reverse<StepId>)>> = HashMap::new();
        for (step, (_, ended)) in self.steps.iter().filter_map(|step| Some((step, time(step.id)?))) {
            step.serial.iter().for_each(|key| holders.entry(key).or_default().push((ended, Reverse(step.id))));
        }
        holders.values_mut().for_each(|holders| holders.sort_unstable());
        let before = |id: &StepId| {
            let step = self.step(*id)?;
            let (begun, _) = time(*id)?;
            let need = step.needs.iter().filter_map(|need| Some((time(*need)?.1, Reverse(*need)))).max();
            let holder = |key: &String| {
                let holders = holders.get(key.as_str())?;
                let until = holders.partition_point(|(ended, _)| *ended <= begun);
                // Of steps that took no time at that moment, the order is unknown.
                let earlier = |holder: &&(T, Reverse<StepId>)| time(holder.1.0).is_some_and(|(began, _)| began < begun);
                holders.get(..until)?.iter().rev().find(earlier).copied()
            };
            let holder = step.serial.iter().filter_map(holder).max();
            // At the same time, the need is the reason.
            match (need, holder) {
                (Some(need), Some(holder)) if holder.0 <= need.0 => Some(need.1.0),
                (need, holder) => holder.or(need).map(|(_, Reverse(id))| id),
            }
        };
        let mut chain: Vec<StepId> = std::iter::successors(Some(last), before).take(self.steps.len()).collect();
        chain.reverse();
        chain
    }

    /// One cycle among the steps that `order` omits: from any of them, following omitted needs leads back to it.
    fn cycle(&self, order: &[StepId]) -> Vec<StepId> {
        let mut ordered = vec![false; self.steps.len()];
        for id in order {
            if let Some(seen) = ordered.get_mut(id.index()) {
                *seen = true;
            }
        }
        let left_out = |id: &StepId| ordered.get(id.index()) == Some(&false);
        let mut walked = Vec::new();
        let mut position: Vec<Option<usize>> = vec![None; self.steps.len()];
        let mut here = self.steps.iter().find(|step| left_out(&step.id));
        while let Some(step) = here {
            match position.get_mut(step.id.index()) {
                Some(Some(first)) => return walked.split_off(*first),
                Some(unseen) => *unseen = Some(walked.len()),
                None => break,
            }
            walked.push(step.id);
            here = step.needs.iter().copied().find(|need| left_out(need)).and_then(|need| self.step(need));
        }
        walked
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::steps::tests::step;

    fn ids(ids: &[u32]) -> Vec<StepId> {
        ids.iter().copied().map(StepId).collect()
    }

    #[test]
    fn names_the_members_of_a_cycle() {
        let steps = vec![step(0, &[]), step(1, &[0, 3]), step(2, &[1]), step(3, &[2]), step(4, &[3])];
        assert_eq!(StepGraph::new(steps), Err(GraphError::Cycle(ids(&[1, 3, 2]))));
        assert_eq!(StepGraph::new(vec![step(0, &[0])]), Err(GraphError::Cycle(ids(&[0]))));
    }

    #[test]
    fn refuses_a_step_out_of_place_and_a_need_that_is_not_there() {
        assert_eq!(StepGraph::new(vec![step(1, &[])]), Err(GraphError::Misplaced { at: 0, id: 1 }));
        assert_eq!(StepGraph::new(vec![step(0, &[7])]), Err(GraphError::Missing { step: 0, need: 7, steps: 1 }));
    }

    #[test]
    fn knows_the_longest_way() {
        // Steps take 1, 2, 3, … seconds.
        let graph = StepGraph::new(vec![step(0, &[]), step(1, &[]), step(2, &[0]), step(3, &[0, 1])]).unwrap();
        assert_eq!(graph.critical_path(), Path { total: Duration::from_secs(6), steps: ids(&[1, 3]) });
        assert_eq!(graph.remaining(), [5, 6, 3, 4].map(Duration::from_secs));
        assert_eq!(StepGraph::default().critical_path(), Path::default());
    }

    #[test]
    fn chain_of_measured_steps_includes_those_with_the_same_serial_key() {
        let keyed = |id: u32, needs: &[u32]| Step { serial: vec!["key".to_owned()], ..step(id, needs) };
        let graph = StepGraph::new(vec![keyed(0, &[]), keyed(1, &[]), step(2, &[]), step(3, &[1, 2])]).unwrap();
        let times = [(0, 5), (5, 9), (0, 8), (9, 10)];
        assert_eq!(graph.chain_to(StepId(3), |id| times.get(id.index()).copied()), ids(&[0, 1, 3]));
        // The holder of the key ended while the step still waited for a need.
        let times = [(0, 5), (5, 6), (0, 8), (8, 10)];
        assert_eq!(graph.chain_to(StepId(3), |id| times.get(id.index()).copied()), ids(&[2, 3]));
    }

    #[test]
    fn a_hundred_thousand_steps_in_one_chain_cost_no_stack() {
        let steps = (0..100_000).map(|id| step(id, if id == 0 { vec![] } else { vec![id - 1] }.as_slice())).collect();
        assert_eq!(StepGraph::new(steps).unwrap().critical_path().steps.len(), 100_000);
    }
}
