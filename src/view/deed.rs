//! Steps as text: the action, its rollback and the regions it touches; and the phases of a procedure with the numbers
//! of steps.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use super::value::ResourceNames;
use super::{MANY, count, visible};
use crate::actions;
use crate::duration::spoken;
use crate::roles::{FailoverMode, Side};
use crate::state::RunKind;
use crate::steps::{Act, LateArgument, RouteSwitch, Stage, Step, StepGraph, StepId, Task, Undo};

/// The two sites of a procedure: names sides of replicas and regions by site.
#[derive(Debug, Clone, Copy)]
pub(super) struct MoveSites<'a> {
    pub verb: RunKind,
    pub leaving: &'a str,
    pub arriving: &'a str,
    pub regions: &'a BTreeMap<String, String>,
}

impl<'a> MoveSites<'a> {
    /// The site of a replica's side.
    pub fn side(&self, side: Side) -> &'a str {
        match (self.verb, side) {
            (RunKind::Up | RunKind::Drill | RunKind::Restore, Side::Target) | (RunKind::Down, Side::Source) => {
                self.arriving
            }
            (RunKind::Up | RunKind::Drill | RunKind::Restore, Side::Source) | (RunKind::Down, Side::Target) => {
                self.leaving
            }
        }
    }

    /// A site with its region: `primary (canadacentral)`.
    pub fn site(&self, site: &str) -> String {
        self.regions.get(site).map_or_else(|| site.to_owned(), |region| format!("{site} ({region})"))
    }

    /// A region with its site: `canadacentral (primary)`.
    pub fn region(&self, region: &str) -> String {
        let here = self.regions.iter().find(|(_, other)| other.eq_ignore_ascii_case(region));
        here.map_or_else(|| region.to_owned(), |(site, _)| format!("{region} ({site})"))
    }

    /// True for the region of this site.
    pub fn is_at(&self, region: &str, site: &str) -> bool {
        self.regions.get(site).is_some_and(|other| other.eq_ignore_ascii_case(region))
    }

    /// The action of a step: `promote geo_replica.orders to secondary, planned`.
    pub fn deed(&self, step: &Step) -> String {
        visible(&self.act(&step.act, step.address.as_str()))
    }

    /// The rollback of a step, or why it is irreversible; `None` if there is nothing to roll back.
    pub fn undo(&self, step: &Step) -> Option<String> {
        match &step.undo {
            Undo::Nothing => None,
            Undo::Act(act) => {
                let object = match &**act {
                    Act::Task(Task::Route { .. }) => step.address.as_str(),
                    _ => "it",
                };
                Some(visible(&format!("rollback: {}", self.act(act, object))))
            }
            Undo::Impossible(why) => Some(visible(&format!("irreversible: {why}"))),
        }
    }

    fn act(&self, act: &Act, address: &str) -> String {
        match act {
            Act::Create => format!("create {address}"),
            Act::Update => format!("update {address}"),
            Act::Rename => format!("rename {address} in state"),
            Act::Adopt => format!("import {address}"),
            Act::Delete(_) => format!("delete {address}"),
            Act::SetAside(_) => format!("keep the old {address} until its replacement exists"),
            Act::Forget => format!("remove {address} from state"),
            Act::Task(task) => self.task(task, address),
        }
    }

    fn task(&self, task: &Task, address: &str) -> String {
        match task {
            Task::Promote { to, how: FailoverMode::Planned, accepted: _ } => {
                format!("promote {address} to {}, planned", self.side(*to))
            }
            Task::Promote { to, how: FailoverMode::Forced, accepted } => {
                let losing = accepted.map(|most| format!(", data loss up to {}", spoken(most))).unwrap_or_default();
                format!("promote {address} to {}, forced{losing}", self.side(*to))
            }
            Task::CatchUp => format!("wait for {address} to catch up"),
            Task::Reprotect => format!("restore the replication of {address}"),
            Task::Move { arguments } => format!("set {} on {address}", written(arguments)),
            Task::Power { on: true } => format!("start {address}"),
            Task::Power { on: false } => format!("stop {address}"),
            Task::Linger(time) => format!("wait {} for clients to leave {address}", spoken(*time)),
            Task::Route { levers, agree } => route(levers, agree, address),
            Task::Restore(launch) => {
                let names: Vec<&str> = launch.items.iter().map(|item| item.name.as_str()).collect();
                format!("wait for {address} to restore {}", names.join(", "))
            }
            Task::Snapshot(restore) => format!("check that {address} has the data of snapshot {}", restore.point),
            Task::Probe => format!("wait for {} to succeed", address.replacen('.', " ", 1)),
            Task::Custom { action } => match actions::find(action) {
                Some(action) if action.question.is_some() => format!("wait for approval of {address}"),
                _ => format!("run {address} ({action})"),
            },
            Task::Unchanged { before, since: _ } => {
                format!("verify that {} of production did not change", count(before.len(), "object", "objects"))
            }
            Task::Record(role) => format!("record that {} is active", role.site),
        }
    }
}

/// The steps that a step waits for, without those that another of them waits for.
pub(super) fn direct(graph: &StepGraph, step: &Step) -> Vec<StepId> {
    let needs = |id: StepId| graph.step(id).map(|step| step.needs.clone()).unwrap_or_default();
    let mut before = BTreeSet::new();
    let mut open: Vec<StepId> = step.needs.iter().flat_map(|need| needs(*need)).collect();
    while let Some(id) = open.pop() {
        if before.insert(id) {
            open.extend(needs(id));
        }
    }
    step.needs.iter().copied().filter(|need| !before.contains(need)).collect()
}

/// `instances = 0, zones = []`.
fn written(arguments: &serde_json::Map<String, serde_json::Value>) -> String {
    let one =
        |(name, value): (&String, &serde_json::Value)| format!("{name} = {}", ResourceNames::none().on_one_line(value));
    arguments.iter().map(one).collect::<Vec<_>>().join(", ")
}

/// The routes, each with the arguments that it sets; fallbacks are marked.
fn route(routes: &[RouteSwitch], agree: &[String], address: &str) -> String {
    let one = |RouteSwitch { name, moves, late, fallback_for, lingers, front: _, watch: _ }: &RouteSwitch| {
        let late = late.iter().map(|LateArgument { resource, argument, site: _, waits_for }| {
            format!("{argument} = {} on {resource}", waits_for.join(", "))
        });
        let moves = moves.iter().map(|(address, arguments)| format!("{} on {address}", written(arguments)));
        let moves = late.chain(moves);
        let fallback = if fallback_for.is_some() { "fallback: " } else { "" };
        let lingers = match lingers.is_zero() {
            true => String::new(),
            false => format!("; clients follow within {}", spoken(*lingers)),
        };
        format!("{fallback}{name}: {}{lingers}", moves.collect::<Vec<_>>().join(", "))
    };
    let routes = routes.iter().map(one).collect::<Vec<_>>().join("; ");
    let agree = match agree.is_empty() {
        true => String::new(),
        false => format!("; verified by {}", agree.join(", ")),
    };
    format!("switch traffic with {address} ({routes}{agree})")
}

/// The name of an act, stable for scripts.
pub(super) const fn act_word(act: &Act) -> &'static str {
    match act {
        Act::Create => "create",
        Act::Update => "update",
        Act::Rename => "rename",
        Act::Adopt => "adopt",
        Act::Delete(_) => "delete",
        Act::SetAside(_) => "set_aside",
        Act::Forget => "forget",
        Act::Task(task) => match task {
            Task::Promote { .. } => "promote",
            Task::CatchUp => "catch_up",
            Task::Reprotect => "reprotect",
            Task::Move { .. } => "write",
            Task::Power { on: true } => "start",
            Task::Power { on: false } => "stop",
            Task::Linger(_) => "linger",
            Task::Route { .. } => "route",
            Task::Restore(_) => "restore",
            Task::Snapshot(_) => "snapshot",
            Task::Probe => "probe",
            Task::Custom { .. } => "custom",
            Task::Unchanged { .. } => "compare",
            Task::Record(_) => "record",
        },
    }
}

/// The name of a mode.
pub(super) const fn how_word(how: FailoverMode) -> &'static str {
    match how {
        FailoverMode::Planned => "planned",
        FailoverMode::Forced => "forced",
    }
}

/// The regions that a step touches, each once.
pub(super) fn regions(step: &Step) -> BTreeSet<&str> {
    step.touches.iter().map(|touch| touch.region.as_str()).collect()
}

/// Steps of one phase that are shown together.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct PhaseRows {
    /// The phase.
    pub stage: Stage,
    /// After traffic has switched.
    pub moved: bool,
    /// Expected start of its first step, from the start of the run.
    pub begins: Duration,
    /// Its steps in the order in which they can start.
    pub rows: Vec<Row>,
}

/// One line of a phase.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Row {
    /// One step.
    One(StepId),
    /// Several with the same action on resources of one kind.
    Several(Vec<StepId>),
}

impl Row {
    /// The steps.
    pub fn ids(&self) -> &[StepId] {
        match self {
            Self::One(id) => std::slice::from_ref(id),
            Self::Several(ids) => ids,
        }
    }
}

impl PhaseRows {
    /// The heading: `provision`, `probe, after traffic has switched`.
    pub fn title(&self) -> String {
        let word = match self.stage {
            Stage::StandUp => "provision".to_owned(),
            Stage::Route => "switch traffic".to_owned(),
            Stage::TakeDown => "deprovision".to_owned(),
            other => other.as_str().replace('_', " "),
        };
        let also_before = matches!(self.stage, Stage::Probe | Stage::Step);
        if self.moved && also_before { format!("{word}, after traffic has switched") } else { word }
    }

    /// Number of its steps.
    pub fn steps(&self) -> usize {
        self.rows.iter().map(|row| row.ids().len()).sum()
    }
}

/// Expected start of each step, from the start of the run.
pub(super) fn begins(graph: &StepGraph) -> Vec<Duration> {
    let schedule = graph.schedule(crate::steps::WIDTH, |step| step.expect);
    graph.steps.iter().map(|step| schedule.begin(step.id)).collect()
}

/// True for each step that waits for a traffic switch.
fn behind_route(graph: &StepGraph) -> Vec<bool> {
    let mut behind = vec![false; graph.steps.len()];
    for step in graph.order().into_iter().filter_map(|id| graph.step(id)) {
        let is = |need: &StepId| {
            behind.get(need.index()) == Some(&true) || graph.step(*need).is_some_and(|need| need.stage == Stage::Route)
        };
        let is_behind = step.needs.iter().any(is);
        if let Some(of_step) = behind.get_mut(step.id.index()) {
            *of_step = is_behind;
        }
    }
    behind
}

/// The phases in the order in which they can start. Many like steps share a row; a step on the critical path has its
/// own.
pub(super) fn phases(graph: &StepGraph, critical: &[StepId]) -> Vec<PhaseRows> {
    let (begins, behind) = (begins(graph), behind_route(graph));
    let begin = |id: StepId| begins.get(id.index()).copied().unwrap_or_default();
    let mut found: BTreeMap<(bool, Stage), Vec<StepId>> = BTreeMap::new();
    for step in &graph.steps {
        let moved = step.stage != Stage::Route && behind.get(step.id.index()) == Some(&true);
        found.entry((moved, step.stage)).or_default().push(step.id);
    }
    let phase = |((moved, stage), mut ids): ((bool, Stage), Vec<StepId>)| {
        ids.sort_by_key(|id| (begin(*id), *id));
        let begins = ids.first().map(|id| begin(*id)).unwrap_or_default();
        PhaseRows { stage, moved, begins, rows: rows(graph, critical, &ids) }
    };
    let mut phases: Vec<PhaseRows> = found.into_iter().map(phase).collect();
    phases.sort_by_key(|phase| (phase.begins, phase.moved, phase.stage));
    phases
}

/// The lines of a phase.
fn rows(graph: &StepGraph, critical: &[StepId], ids: &[StepId]) -> Vec<Row> {
    let kind_of = |id: &StepId| {
        let step = graph.step(*id)?;
        let alone = critical.contains(&step.id) || matches!(step.act, Act::Task(_));
        (!alone).then(|| (act_word(&step.act), step.address.kind()))
    };
    let mut alike: BTreeMap<(&str, &str), Vec<StepId>> = BTreeMap::new();
    for (kind, id) in ids.iter().filter_map(|id| Some((kind_of(id)?, *id))) {
        alike.entry(kind).or_default().push(id);
    }
    let mut rows = Vec::new();
    for id in ids {
        match kind_of(id).and_then(|kind| alike.get(&kind)).filter(|same| same.len() >= MANY) {
            None => rows.push(Row::One(*id)),
            Some(same) if same.first() == Some(id) => rows.push(Row::Several(same.clone())),
            Some(_) => {}
        }
    }
    rows
}

/// Numbers of steps, from 1 in the order in which a procedure prints them. A run keeps them.
#[derive(Debug, Clone)]
pub(super) struct Numbers(Vec<usize>);

impl Numbers {
    /// Numbers of the first `planned` steps of a graph as their procedure prints them, and of the further ones after
    /// those.
    pub fn of(graph: &StepGraph, planned: usize) -> Self {
        let first = StepGraph { steps: graph.steps.iter().take(planned).cloned().collect() };
        let (critical, _) = crate::failover::predict(&first);
        let mut numbers: Vec<usize> = (1..=graph.steps.len()).collect();
        let rows = phases(&first, &critical.steps).into_iter().flat_map(|phase| phase.rows);
        let printed: Vec<StepId> = rows.flat_map(|row| row.ids().to_vec()).collect();
        for (at, id) in printed.into_iter().enumerate() {
            if let Some(number) = numbers.get_mut(id.index()) {
                *number = at + 1;
            }
        }
        Self(numbers)
    }

    /// The number of a step.
    pub fn get(&self, id: StepId) -> usize {
        self.0.get(id.index()).copied().unwrap_or_default()
    }

    /// Numbers of several steps, with runs of them as ranges: `3, 5-9`.
    pub fn list(&self, ids: &[StepId]) -> String {
        let mut numbers: Vec<usize> = ids.iter().map(|id| self.get(*id)).collect();
        numbers.sort_unstable();
        let runs = numbers.chunk_by(|a, b| a + 1 == *b).flat_map(|run| match run {
            [first, .., last] if run.len() > 2 => vec![format!("{first}-{last}")],
            few => few.iter().map(usize::to_string).collect(),
        });
        runs.collect::<Vec<_>>().join(", ")
    }
}
