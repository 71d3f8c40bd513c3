//! Predicted times of a procedure: until service is restored, and without service.
//!
//! The step graph is scheduled as the executor does it: dependencies, serial keys, the limit of concurrent steps and
//! the priority of the longest remaining path. Steps that wait for one server are therefore counted one after the
//! other.

use std::collections::BTreeSet;
use std::time::Duration;

use super::Procedure;
use super::course::Question;
use crate::address::Address;
use crate::kinds::DurationEstimate;
use crate::steps::{
    Act, Path, Prediction, RouteSwitch, Schedule, Stage, Step, StepGraph, StepId, Task, TimeSpan, WIDTH,
};

/// Typical seconds until a probe succeeds, and until a request is answered, once the destination serves.
const ANSWER: u32 = 1;

/// The critical path, and its duration as P50 and P95.
///
/// Steps after service is restored do not count. The P95 is the sum of the P50 of the steps on the path, and the root
/// of the sum of the squares of their spreads (P95 less P50): the spreads of independent steps do not add up. It is the
/// greater of two paths: the critical path, and that of a run whose steps all take their P95.
///
/// An approval counts as no time in the P50, because an operator gives it; its P95 counts.
pub fn predict(graph: &StepGraph) -> (Path, Prediction) {
    let schedules = [graph.schedule(WIDTH, |step| step.expect), graph.schedule(WIDTH, |step| step.worst)];
    let (path, recovery) = until(graph, &schedules, |_| true);
    let TimeSpan { typical, worst, approvals } = recovery;
    let interruption = Some(interruption(graph, &schedules));
    (path, Prediction { typical, worst, approvals, interruption, left_out: None })
}

/// The time of the steps of a failover that a drill leaves out. `up` is the failover; its failover-only resources and
/// probes are what the drill does.
pub(super) fn left_out(up: &StepGraph) -> TimeSpan {
    let counts = |step: &Step| !matches!(step.stage, Stage::StandUp | Stage::Probe);
    let expect = |step: &Step| if counts(step) { step.expect } else { Duration::ZERO };
    let worst = |step: &Step| if counts(step) { step.worst } else { Duration::ZERO };
    until(up, &[up.schedule(WIDTH, expect), up.schedule(WIDTH, worst)], counts).1
}

/// The critical path until service is restored, and its duration. `schedules` are with P50 and P95 for each step that
/// counts.
fn until(graph: &StepGraph, schedules: &[Schedule; 2], counts: impl Fn(&Step) -> bool) -> (Path, TimeSpan) {
    let ends = serving(graph);
    let [path, slow] = schedules.each_ref().map(|schedule| schedule.critical(ends.iter().copied()));
    let p95 = [&path, &slow].map(|path| spread(graph, path.steps.iter().filter(|id| is(graph, **id, &counts))));
    let approvals = awaited(graph, &ends).into_iter().filter(|id| is(graph, *id, |step| step.act.asks_a_person()));
    let approvals = u32::try_from(approvals.count()).unwrap_or(u32::MAX);
    let span = TimeSpan { typical: path.total, worst: p95.into_iter().fold(path.total, Duration::max), approvals };
    (path, span)
}

fn is(graph: &StepGraph, id: StepId, counts: impl Fn(&Step) -> bool) -> bool {
    graph.step(id).is_some_and(counts)
}

/// P95 of a chain of steps.
fn spread<'a>(graph: &StepGraph, chain: impl Iterator<Item = &'a StepId>) -> Duration {
    let (mut sum, mut squares) = (0.0, 0.0);
    for step in chain.filter_map(|id| graph.step(*id)) {
        sum += step.expect.as_secs_f64();
        squares += step.worst.saturating_sub(step.expect).as_secs_f64().powi(2);
    }
    Duration::from_secs_f64((sum + squares.sqrt()).round())
}

/// The steps that restore service: traffic switches and probes. Without any, all steps.
fn serving(graph: &StepGraph) -> Vec<StepId> {
    let serves = |step: &&Step| matches!(step.stage, Stage::Route | Stage::Probe);
    let ids: Vec<StepId> = graph.steps.iter().filter(serves).map(|step| step.id).collect();
    if ids.is_empty() { graph.steps.iter().map(|step| step.id).collect() } else { ids }
}

/// These steps and all that they wait for.
fn awaited(graph: &StepGraph, ends: &[StepId]) -> BTreeSet<StepId> {
    let mut seen = BTreeSet::new();
    let mut open = ends.to_vec();
    while let Some(step) = open.pop().and_then(|id| graph.step(id)) {
        if seen.insert(step.id) {
            open.extend(&step.needs);
        }
    }
    seen
}

/// The service interruption of a planned move: from the start of the first step that stops work (without any, that
/// blocks writes or moves data) to the end of the last traffic switch (without a route, of the last step that restores
/// service). None where nothing is stopped and no data moves: the source serves until traffic has switched.
fn interruption(graph: &StepGraph, schedules: &[Schedule; 2]) -> TimeSpan {
    let of = |stages: &[Stage]| -> Vec<StepId> {
        graph.steps.iter().filter(|step| stages.contains(&step.stage)).map(|step| step.id).collect()
    };
    let stops = [of(&[Stage::Quiesce]), of(&[Stage::Fence, Stage::Promote])];
    let Some(stops) = stops.into_iter().find(|steps| !steps.is_empty()) else { return TimeSpan::default() };
    let ends = Some(of(&[Stage::Route])).filter(|routes| !routes.is_empty()).unwrap_or_else(|| serving(graph));
    let window = |schedule: &Schedule| {
        let begin = stops.iter().map(|id| schedule.begin(*id)).min().unwrap_or_default();
        let path = schedule.critical(ends.iter().copied());
        let within = path.steps.iter().filter(|id| schedule.begin(**id) >= begin);
        (path.total.saturating_sub(begin), spread(graph, within))
    };
    let [(typical, p95), (_, slow)] = schedules.each_ref().map(window);
    let before = awaited(graph, &stops);
    let asks = |id: &StepId| !before.contains(id) && is(graph, *id, |step| step.act.asks_a_person());
    let approvals = u32::try_from(awaited(graph, &ends).iter().filter(|id| asks(id)).count()).unwrap_or(u32::MAX);
    TimeSpan { typical, worst: p95.max(slow).max(typical), approvals }
}

impl Procedure {
    /// The predicted time that the RTO limits: see [`Prediction::headline`].
    pub fn headline(&self) -> TimeSpan {
        self.predicted.headline(self.verb, self.how)
    }

    /// True for a move that promotes no replica, switches no traffic and runs no program or request of the group: users
    /// and data stay where they are.
    pub fn moves_nothing(&self) -> bool {
        let steps = &self.steps.steps;
        self.verb.moves() && self.idle.is_none() && self.roles.is_empty() && !steps.iter().any(Step::moves_users)
    }
}

/// P50 and P95 of a step: the time that is computed for it, and in addition to it the recorded durations or, without
/// any, the estimate of the tables.
pub(super) fn durations(
    question: &Question<'_>,
    address: &Address,
    act: &Act,
    table: DurationEstimate,
) -> (Duration, Duration) {
    let table = corrected(question, act, table);
    let seconds = |seconds: u32| Duration::from_secs(u64::from(seconds));
    let (typical, worst) = (seconds(table.typical), seconds(table.worst.max(table.typical)));
    if act.asks_a_person() {
        return (Duration::ZERO, worst);
    }
    question.history.estimate(address, act, (typical, worst))
}

/// The estimate of the tables, where the step itself shows more: the writes of a traffic switch and its time to live,
/// and a probe that is answered at once.
fn corrected(question: &Question<'_>, act: &Act, table: DurationEstimate) -> DurationEstimate {
    let typical = match act {
        Act::Task(Task::Route { levers, agree }) => {
            let pulled = levers.iter().filter(|route| route.fallback_for.is_none());
            let each = pulled.map(|route| switching(question, route) + if agree.is_empty() { 0 } else { ANSWER });
            each.fold(0, u32::saturating_add)
        }
        Act::Task(Task::Probe) => table.typical.min(ANSWER),
        _ => table.typical,
    };
    DurationEstimate { typical, worst: table.worst.max(typical) }
}

/// Seconds until one route has switched traffic: its writes one after the other, then the time to live.
fn switching(question: &Question<'_>, route: &RouteSwitch) -> u32 {
    let stack = question.stack;
    let write = |address: &Address| stack.resources.get(address).map_or(ANSWER, |end| end.kind.durations.update);
    let writes: u32 = route.resources().map(write).sum();
    let lingers = u32::try_from(route.lingers.as_secs()).unwrap_or(u32::MAX);
    writes.saturating_add(lingers)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::steps::tests::step;

    fn seconds(seconds: u64) -> Duration {
        Duration::from_secs(seconds)
    }

    /// A step of a phase with its P50 and P95.
    fn at(stage: Stage, (id, needs): (u32, &[u32]), (expect, worst): (u64, u64)) -> Step {
        Step { stage, expect: seconds(expect), worst: seconds(worst), ..step(id, needs) }
    }

    fn custom(action: &str, step: Step) -> Step {
        Step { act: Act::Task(Task::Custom { action: action.to_owned() }), ..step }
    }

    fn graph(steps: Vec<Step>) -> StepGraph {
        StepGraph::new(steps).unwrap()
    }

    #[test]
    fn promotions_of_one_server_are_added_up() {
        let promotion = |id| Step { serial: vec!["server".to_owned()], ..at(Stage::Promote, (id, &[]), (50, 300)) };
        let mut steps: Vec<Step> = (0..10).map(promotion).collect();
        steps.push(at(Stage::Route, (10, &[0, 1, 2, 3, 4, 5, 6, 7, 8, 9]), (34, 80)));
        let (path, predicted) = predict(&graph(steps));
        assert_eq!(predicted.typical, seconds(534));
        assert_eq!(path.steps.len(), 11);
        // The spreads of ten promotions, 250 seconds each, and of the route: the root of the sum of their squares.
        assert_eq!(predicted.worst, seconds(534 + 792));
    }

    #[test]
    fn interruption_begins_with_quiesce_and_ends_with_the_route() {
        let steps = vec![
            at(Stage::StandUp, (0, &[]), (120, 300)),
            at(Stage::Quiesce, (1, &[0]), (30, 60)),
            at(Stage::Promote, (2, &[1]), (50, 150)),
            at(Stage::Route, (3, &[2]), (34, 34)),
            at(Stage::Probe, (4, &[3]), (1, 60)),
        ];
        let (_, predicted) = predict(&graph(steps));
        let interruption = predicted.interruption.unwrap();
        assert_eq!((predicted.typical, interruption.typical), (seconds(235), seconds(114)));
        assert!(interruption.worst >= seconds(214) && interruption.worst < predicted.worst, "{predicted:?}");
    }

    #[test]
    fn nothing_is_interrupted_where_nothing_stops_and_no_data_moves() {
        let steps = vec![at(Stage::StandUp, (0, &[]), (120, 300)), at(Stage::Route, (1, &[0]), (34, 80))];
        assert_eq!(predict(&graph(steps)).1.interruption, Some(TimeSpan::default()));
    }

    #[test]
    fn approvals_are_counted_and_only_their_p95_takes_time() {
        let steps = vec![
            at(Stage::Promote, (0, &[]), (50, 50)),
            custom("approval", at(Stage::Step, (1, &[0]), (0, 1800))),
            at(Stage::Route, (2, &[1]), (30, 30)),
            custom("approval", at(Stage::Step, (3, &[2]), (0, 1800))),
        ];
        let (_, predicted) = predict(&graph(steps));
        assert_eq!((predicted.typical, predicted.worst, predicted.approvals), (seconds(80), seconds(1880), 1));
        assert_eq!(predicted.interruption.unwrap().approvals, 1);
    }

    #[test]
    fn steps_left_out_by_a_drill_take_their_time_without_the_machines() {
        let steps = vec![
            at(Stage::Fence, (0, &[]), (2, 2)),
            at(Stage::Promote, (1, &[0]), (50, 50)),
            at(Stage::StandUp, (2, &[0]), (120, 300)),
            at(Stage::Route, (3, &[1, 2]), (34, 34)),
        ];
        let left = left_out(&graph(steps));
        assert_eq!((left.typical, left.worst), (seconds(86), seconds(86)));
    }
}
