//! The choice of the next steps: of those that are ready, the ones with the longest remaining path.
//!
//! A step is in the heap of ready steps, or in the waiting list of one serial key that another step holds. When a key
//! becomes free, one step of its list returns to the heap; if that step then waits for another key, it wakes the
//! next. A free key therefore never has a list without one of its steps in the heap, and an event costs the logarithm
//! of the number of steps.

use std::cmp::Reverse;
use std::collections::{BinaryHeap, HashMap};
use std::time::Duration;

use super::{Phase, RunStatus, StepGraph, StepId};

/// The steps to begin now: at most `limit` steps in progress, no two of them with the same serial key. All returned
/// steps must begin before the next call.
pub fn next(status: &mut RunStatus, limit: usize) -> Vec<StepId> {
    status.choose(limit)
}

/// Priority of a step: the longer its remaining path, the sooner it begins; of equals, the smaller id.
type Rank = (Duration, Reverse<StepId>);

/// One of the keys in [`super::Step::serial`].
#[derive(Debug, Clone, Default)]
struct SerialSlot {
    holder: Option<StepId>,
    waiting: BinaryHeap<Rank>,
}

/// The ready steps of a run, and the keys in use. Steps that began without being chosen stay in the heap and are
/// skipped.
#[derive(Debug, Clone)]
pub(super) struct Queue {
    remaining: Vec<Duration>,
    /// The keys of each step, as positions in `words`.
    serial: Vec<Vec<usize>>,
    words: Vec<SerialSlot>,
    heap: BinaryHeap<Rank>,
}

impl Queue {
    /// A queue without ready steps and without keys in use.
    pub(super) fn new(graph: &StepGraph) -> Self {
        let mut known: HashMap<&str, usize> = HashMap::new();
        let mut serial = Vec::with_capacity(graph.steps.len());
        for step in &graph.steps {
            let mut words = Vec::with_capacity(step.serial.len());
            for word in &step.serial {
                let fresh = known.len();
                words.push(*known.entry(word.as_str()).or_insert(fresh));
            }
            words.sort_unstable();
            words.dedup();
            serial.push(words);
        }
        let words = vec![SerialSlot::default(); known.len()];
        Self { remaining: graph.remaining(), serial, words, heap: BinaryHeap::new() }
    }

    /// Adds a step that has become ready.
    pub(super) fn push(&mut self, id: StepId) {
        self.heap.push((self.remaining.get(id.index()).copied().unwrap_or_default(), Reverse(id)));
    }

    /// Takes up to `room` ready steps, and the keys of each.
    pub(super) fn choose(&mut self, phases: &[Phase], room: usize) -> Vec<StepId> {
        let mut chosen = Vec::new();
        while chosen.len() < room {
            let Some(rank) = self.heap.pop() else { break };
            let Reverse(id) = rank.1;
            if !is_ready(phases, id) {
                continue;
            }
            match self.busy(id) {
                None => {
                    self.hold(id);
                    chosen.push(id);
                }
                Some(busy) => self.park(rank, busy, phases),
            }
        }
        chosen
    }

    /// Takes the keys of a step.
    ///
    /// # Errors
    /// The step that holds one of them.
    pub(super) fn take(&mut self, id: StepId) -> Result<(), StepId> {
        let holder = |&word: &usize| self.words.get(word).and_then(|word| word.holder).filter(|&holder| holder != id);
        match self.words_of(id).iter().find_map(holder) {
            Some(other) => Err(other),
            None => {
                self.hold(id);
                Ok(())
            }
        }
    }

    /// Releases the keys of a step, and for each wakes the first step that waits for it.
    pub(super) fn release(&mut self, id: StepId, phases: &[Phase]) {
        for at in self.words_of(id).to_vec() {
            if let Some(word) = self.words.get_mut(at) {
                word.holder = None;
            }
            self.wake(at, phases);
        }
    }

    fn words_of(&self, id: StepId) -> &[usize] {
        self.serial.get(id.index()).map_or(&[], Vec::as_slice)
    }

    fn is_held(&self, word: usize) -> bool {
        self.words.get(word).is_some_and(|word| word.holder.is_some())
    }

    fn busy(&self, id: StepId) -> Option<usize> {
        self.words_of(id).iter().copied().find(|&word| self.is_held(word))
    }

    fn hold(&mut self, id: StepId) {
        for &at in self.serial.get(id.index()).into_iter().flatten() {
            if let Some(word) = self.words.get_mut(at) {
                word.holder = Some(id);
            }
        }
    }

    fn park(&mut self, rank: Rank, busy: usize, phases: &[Phase]) {
        if let Some(word) = self.words.get_mut(busy) {
            word.waiting.push(rank);
        }
        for at in self.words_of(rank.1.0).to_vec() {
            if !self.is_held(at) {
                self.wake(at, phases);
            }
        }
    }

    fn wake(&mut self, at: usize, phases: &[Phase]) {
        let Some(word) = self.words.get_mut(at) else { return };
        while let Some(rank) = word.waiting.pop() {
            if is_ready(phases, rank.1.0) {
                self.heap.push(rank);
                break;
            }
        }
    }
}

fn is_ready(phases: &[Phase], id: StepId) -> bool {
    phases.get(id.index()) == Some(&Phase::Ready)
}
