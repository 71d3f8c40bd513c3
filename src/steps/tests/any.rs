//! Generators of arbitrary steps and events, as journals can hold them.

use std::collections::{BTreeMap, BTreeSet};

use proptest::prelude::*;
use serde_json::{Map as JsonMap, json};

use super::*;
use crate::roles::{FailoverMode, Side};
use crate::state::format::tests::{group_roles, recorded, restore_records};
use crate::state::{Recorded, RunKind};

fn durations() -> impl Strategy<Value = Duration> {
    (any::<u32>(), 0..1_000_000_000_u32).prop_map(|(secs, nanos)| Duration::new(u64::from(secs), nanos))
}

fn addresses() -> impl Strategy<Value = Address> {
    any::<String>().prop_map(|key| Address::new("kind", "n").instance(&key))
}

fn levers() -> impl Strategy<Value = RouteSwitch> {
    let watch = (addresses(), durations(), durations()).prop_map(|(endpoint, expect, within)| FrontWatch {
        endpoint,
        expect,
        within,
    });
    (any::<String>(), addresses(), durations(), prop::option::of(watch)).prop_map(|(name, address, lingers, watch)| {
        RouteSwitch {
            name,
            moves: vec![(address, JsonMap::from_iter([("enabled".to_owned(), json!(true))]))],
            late: Vec::new(),
            fallback_for: None,
            lingers,
            front: None,
            watch,
        }
    })
}

fn tasks() -> impl Strategy<Value = Task> {
    let side = prop::sample::select(vec![Side::Source, Side::Target]);
    let how = prop::sample::select(vec![FailoverMode::Planned, FailoverMode::Forced]);
    prop_oneof![
        (side, how, prop::option::of(durations())).prop_map(|(to, how, accepted)| Task::Promote { to, how, accepted }),
        Just(Task::CatchUp),
        Just(Task::Reprotect),
        any::<bool>().prop_map(|on| Task::Power { on }),
        any::<i64>().prop_map(|number| Task::Move { arguments: JsonMap::from_iter([("n".to_owned(), json!(number))]) }),
        durations().prop_map(Task::Linger),
        (prop::collection::vec(levers(), 0..3), prop::collection::vec(any::<String>(), 0..3))
            .prop_map(|(levers, agree)| Task::Route { levers, agree }),
        Just(Task::Probe),
        any::<String>().prop_map(|action| Task::Custom { action }),
        prop::collection::btree_map(any::<String>(), any::<String>(), 0..3)
            .prop_map(|before| Task::Unchanged { before, since: None }),
        group_roles().prop_map(|role| Task::Record(Box::new(role))),
    ]
}

fn acts() -> impl Strategy<Value = Act> {
    let boxed = || recorded().prop_map(Box::new);
    prop_oneof![
        Just(Act::Create),
        Just(Act::Update),
        Just(Act::Adopt),
        boxed().prop_map(Act::Delete),
        boxed().prop_map(Act::SetAside),
        Just(Act::Forget),
        tasks().prop_map(Act::Task),
    ]
}

/// An arbitrary step, valid in a graph or not.
pub(crate) fn steps() -> impl Strategy<Value = Step> {
    const STAGES: [Stage; 12] = [
        Stage::Plan,
        Stage::CatchUp,
        Stage::Quiesce,
        Stage::Fence,
        Stage::Promote,
        Stage::StandUp,
        Stage::Restore,
        Stage::Probe,
        Stage::Route,
        Stage::Step,
        Stage::TakeDown,
        Stage::Record,
    ];
    let undo = prop_oneof![
        Just(Undo::Nothing),
        acts().prop_map(|act| Undo::Act(Box::new(act))),
        any::<String>().prop_map(Undo::Impossible),
    ];
    let touches = prop::collection::vec((any::<String>(), any::<String>()), 0..2);
    let times = (durations(), durations());
    (any::<u32>(), addresses(), acts(), touches, times, prop::sample::select(STAGES.to_vec()), undo).prop_map(
        |(id, address, act, touches, (expect, worst), stage, undo)| Step {
            id: StepId(id),
            address,
            needs: vec![StepId(0)],
            act,
            serial: vec!["word".to_owned()],
            touches: touches.into_iter().map(|(region, with)| Touch::new(region, with)).collect(),
            expect,
            worst,
            stage,
            undo,
        },
    )
}

/// An arbitrary observation of a step.
pub(crate) fn learnts() -> impl Strategy<Value = StepFact> {
    let resource = prop::option::of((addresses(), recorded().prop_map(Box::new)));
    let role = prop::option::of((any::<String>(), group_roles().prop_map(Box::new)));
    let loss = prop::option::of(-1e12..1e12_f64);
    let reports = (any::<bool>(), any::<Option<bool>>(), any::<Option<u32>>());
    let restores = prop::collection::vec((addresses(), restore_records()), 0..2);
    (any::<String>(), loss, reports, resource, role, restores).prop_map(
        |(what, loss, reports, resource, role, restores)| {
            let (not_simulated, served, apart) = reports;
            StepFact { what, loss, not_simulated, served, apart, resource, restores, role }
        },
    )
}

/// An arbitrary event of a step.
pub(crate) fn step_events() -> impl Strategy<Value = StepEvent> {
    let boxed = || prop::option::of(recorded().prop_map(Box::<Recorded>::new));
    prop_oneof![
        boxed().prop_map(StepEvent::Begun),
        boxed().prop_map(StepEvent::Succeeded),
        any::<String>().prop_map(StepEvent::Failed),
        any::<String>().prop_map(StepEvent::OutcomeUnknown),
        learnts().prop_map(StepEvent::Learnt),
        any::<String>().prop_map(StepEvent::Paused),
        any::<String>().prop_map(StepEvent::Skipped),
    ]
}

/// An arbitrary specification of a failover run.
pub(crate) fn undertakings() -> impl Strategy<Value = RunSpec> {
    let losses = prop::collection::btree_map(addresses(), prop::option::of(durations()), 0..3);
    let accepted = (prop::option::of(durations()), any::<bool>())
        .prop_map(|(data_loss, split_brain)| Acceptance { data_loss, split_brain });
    let times =
        (durations(), durations()).prop_map(|(typical, worst)| Prediction { typical, worst, ..Prediction::default() });
    let objectives = (prop::option::of(durations()), prop::option::of(durations()));
    let verb = prop::sample::select(vec![RunKind::Up, RunKind::Down, RunKind::Drill, RunKind::Restore]);
    let how = prop::sample::select(vec![FailoverMode::Planned, FailoverMode::Forced]);
    let lost = prop::collection::vec(any::<String>(), 0..3);
    let what = (any::<String>(), verb, how, lost);
    (what, prop::collection::vec(steps(), 0..3), times, losses, accepted, objectives).prop_map(
        |((group, verb, how, lost), steps, predicted, losses, accepted, objectives)| RunSpec {
            group,
            verb,
            how,
            lost,
            since: None,
            cause: Default::default(),
            supersedes: None,
            leaving: "east".to_owned(),
            arriving: "west".to_owned(),
            regions: BTreeMap::new(),
            roles: Vec::new(),
            notes: Vec::new(),
            unswitched: Vec::new(),
            verifies: Vec::new(),
            checks: Vec::new(),
            text: BTreeMap::new(),
            steps,
            predicted,
            losses,
            accepted,
            objectives,
        },
    )
}

/// A failover run with the steps of this graph.
pub(crate) fn undertaking(graph: &StepGraph) -> RunSpec {
    RunSpec {
        group: "web".to_owned(),
        verb: RunKind::Up,
        how: FailoverMode::Planned,
        lost: Vec::new(),
        since: None,
        cause: Default::default(),
        supersedes: None,
        leaving: "east".to_owned(),
        arriving: "west".to_owned(),
        regions: BTreeMap::new(),
        roles: Vec::new(),
        notes: Vec::new(),
        unswitched: Vec::new(),
        verifies: Vec::new(),
        checks: Vec::new(),
        text: BTreeMap::new(),
        steps: graph.steps.clone(),
        predicted: Prediction::default(),
        losses: BTreeMap::new(),
        accepted: Acceptance::default(),
        objectives: (None, None),
    }
}

/// The role that such a run records.
pub(crate) fn role(run: &str) -> GroupRole {
    GroupRole {
        active: crate::state::ActiveSite::Away,
        site: "west".to_owned(),
        since: Timestamp::UNIX_EPOCH,
        run: run.to_owned(),
        how: Some(FailoverMode::Planned),
        accepted: None,
        stores: BTreeMap::new(),
        moved: BTreeMap::from([(Address::new("kind", "n"), BTreeSet::from(["enabled".to_owned()]))]),
        owed: Vec::new(),
    }
}
