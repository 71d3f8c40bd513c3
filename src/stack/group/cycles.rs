//! Cycles among the steps of a group: found when the stack is read, not when a move is planned.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::Arc;

use indexmap::IndexMap;

use crate::diagnostic::{Diagnostic, Diagnostics, Span};
use crate::roles::FailoverMode;
use crate::stack::{FailoverGroup, GroupStep, Phase, Probe, ProbeBefore, StepOrPhase};

impl Phase {
    /// The phases that end before this one begins.
    pub(crate) const fn earlier(self, how: FailoverMode) -> &'static [Self] {
        use Phase::{Fence, Promote, Quiesce, Restore, StandUp, Sync};
        match (self, how) {
            (StandUp, FailoverMode::Planned) => &[Sync],
            (Quiesce, FailoverMode::Planned) => &[Sync, StandUp],
            (Promote, FailoverMode::Planned) => &[Sync, StandUp, Quiesce, Fence],
            (Promote | StandUp, FailoverMode::Forced) => &[Sync, Quiesce, Fence],
            (Quiesce, FailoverMode::Forced) => &[Sync],
            (Restore, _) => &[StandUp],
            (Self::Route | Self::Probe, _) => &[Sync, Quiesce, Fence, Promote, StandUp, Restore],
            (Fence | Sync, _) => &[],
        }
    }
}

/// A place in the order of a move.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
enum Node {
    Phase(Phase),
    Probe(Arc<str>),
    Step(Arc<str>),
}

impl Node {
    fn name(&self) -> String {
        match self {
            Self::Phase(phase) => format!("`{}`", phase.as_str()),
            Self::Probe(name) => format!("`probe.{name}`"),
            Self::Step(name) => format!("`step.{name}`"),
        }
    }
}

/// The needs of each place.
#[derive(Default)]
struct Order(BTreeMap<Node, BTreeSet<Node>>);

impl Order {
    /// The order of a move, as far as its phases have steps.
    fn of(group: &FailoverGroup, how: FailoverMode, steps: &[&GroupStep]) -> Self {
        let mut order = Self::default();
        let phases: Vec<Phase> = Phase::ALL.into_iter().filter(|phase| exists(group, *phase, how)).collect();
        for phase in phases.iter().filter(|phase| **phase != Phase::Probe) {
            order.wait(&Node::Phase(*phase), phases_of(&phases, phase.earlier(how)));
        }
        for probe in &group.probes {
            let this = Node::Probe(Arc::clone(&probe.name));
            match stage(probe, how) {
                Some(before) => {
                    order.wait(&this, phases_of(&phases, before.earlier(how)));
                    order.wait(&Node::Phase(before), [this]);
                }
                None => {
                    order.wait(&this, phases_of(&phases, &[Phase::Promote, Phase::StandUp, Phase::Route]));
                }
            }
        }
        let named = |place: &StepOrPhase| -> Vec<Node> {
            match place {
                StepOrPhase::Step(name) => vec![Node::Step(Arc::clone(name))],
                StepOrPhase::Phase(Phase::Probe) => {
                    group.probes.iter().map(|probe| Node::Probe(Arc::clone(&probe.name))).collect()
                }
                StepOrPhase::Phase(phase) => phases_of(&phases, &[*phase]),
            }
        };
        for step in steps {
            let this = Node::Step(Arc::clone(&step.name));
            order.wait(&this, step.after.iter().flat_map(named));
            if step.after.is_empty() {
                order.wait(&this, phases_of(&phases, unplaced(step, how)));
            }
            step.before.iter().flat_map(named).for_each(|later| order.wait(&later, [this.clone()]));
        }
        order
    }

    fn wait(&mut self, node: &Node, needs: impl IntoIterator<Item = Node>) {
        self.0.entry(node.clone()).or_default().extend(needs);
    }

    /// The shortest cycle through a step: each waits for the next, the last for the first.
    fn cycle(&self, step: &Node) -> Option<Vec<Node>> {
        let mut came: BTreeMap<&Node, &Node> = BTreeMap::new();
        let mut open = VecDeque::from([step]);
        while let Some(at) = open.pop_front() {
            for next in self.0.get(at).into_iter().flatten() {
                if next == step {
                    let mut path = vec![at.clone()];
                    let mut back = at;
                    while let Some(before) = came.get(back).filter(|_| back != step) {
                        path.push((*before).clone());
                        back = before;
                    }
                    path.reverse();
                    return Some(path);
                }
                if !came.contains_key(next) {
                    came.insert(next, at);
                    open.push_back(next);
                }
            }
        }
        None
    }
}

/// The phases that a step without `after` waits for: those before the phase that waits for it, or else before it.
fn unplaced(step: &GroupStep, how: FailoverMode) -> &'static [Phase] {
    // In the order in which a procedure takes the earliest.
    let order = [Phase::Sync, Phase::Quiesce, Phase::Fence, Phase::Promote, Phase::StandUp, Phase::Probe, Phase::Route];
    let is_later = |phase: &Phase| step.before.iter().any(|place| place.phase() == Some(*phase));
    match order.into_iter().find(is_later) {
        Some(earliest) => earliest.earlier(how),
        None if step.before.is_empty() => &[Phase::Sync, Phase::Promote, Phase::StandUp],
        None => &[],
    }
}

/// The phase that waits for a probe. A forced move stops work at once: nothing is probed before.
fn stage(probe: &Probe, how: FailoverMode) -> Option<Phase> {
    match (probe.before?, how) {
        (ProbeBefore::Quiesce, FailoverMode::Planned) => Some(Phase::Quiesce),
        (ProbeBefore::Quiesce, FailoverMode::Forced) | (ProbeBefore::Route, _) => Some(Phase::Route),
    }
}

/// True for a phase in which a move of this group does something.
fn exists(group: &FailoverGroup, phase: Phase, how: FailoverMode) -> bool {
    match phase {
        Phase::StandUp => !group.stand_up.is_empty(),
        Phase::Quiesce => !group.quiesce.is_empty(),
        Phase::Fence => how == FailoverMode::Forced && !group.fence.is_empty(),
        Phase::Sync | Phase::Promote => !group.promote.is_empty(),
        Phase::Route => !group.routes.is_empty(),
        Phase::Probe => !group.probes.is_empty(),
        Phase::Restore => !group.restore.is_empty(),
    }
}

fn phases_of(present: &[Phase], wanted: &[Phase]) -> Vec<Node> {
    wanted.iter().filter(|phase| present.contains(phase)).map(|phase| Node::Phase(*phase)).collect()
}

/// The moves whose order is checked.
const MOVES: [(&str, FailoverMode); 5] = [
    ("up", FailoverMode::Planned),
    ("up", FailoverMode::Forced),
    ("down", FailoverMode::Planned),
    ("down", FailoverMode::Forced),
    ("drill", FailoverMode::Planned),
];

/// Reports steps of groups that wait for each other, each cycle once, whichever moves and instances have it.
pub(super) fn check(groups: &IndexMap<Arc<str>, FailoverGroup>, found: &mut Diagnostics) {
    let mut reported: BTreeSet<(Span, BTreeSet<Node>)> = BTreeSet::new();
    for group in groups.values() {
        for (verb, how) in MOVES {
            let destinations = if verb == "down" { std::slice::from_ref(&group.from) } else { group.to.as_slice() };
            for site in destinations {
                let is_part = |step: &&GroupStep| step.is_part_of(verb, how.as_str(), site);
                let steps: Vec<&GroupStep> = group.steps.iter().filter(is_part).collect();
                let order = Order::of(group, how, &steps);
                for step in &steps {
                    let Some(cycle) = order.cycle(&Node::Step(Arc::clone(&step.name))) else { continue };
                    if reported.insert((group.span, cycle.iter().cloned().collect())) {
                        found.push(problem(group, step, &cycle));
                    }
                }
            }
        }
    }
}

fn problem(group: &FailoverGroup, step: &GroupStep, cycle: &[Node]) -> Diagnostic {
    let names: Vec<String> = cycle.iter().map(Node::name).collect();
    let next = names.iter().cycle().skip(1);
    let waits: Vec<String> = names.iter().zip(next).map(|(one, next)| format!("{one} waits for {next}")).collect();
    let summary = format!("cycle in failover group `{}`: {}", group.name, waits.join(", "));
    let mut problem = Diagnostic::error("cycle", summary).at(step.span);
    for other in group.steps.iter().filter(|other| other.name != step.name && other.span != step.span) {
        if cycle.contains(&Node::Step(Arc::clone(&other.name))) {
            problem = problem.and(other.span, "part of the cycle");
        }
    }
    problem
        .why("None of them could start, so that no move of the group could be planned.")
        .help("Remove one of the `after` or `before` references of these steps.")
}
