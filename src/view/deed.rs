//! What a step does, what takes it back and what it touches, in words; and the phases of a procedure.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use super::value::Names;
use super::{count, visible};
use crate::duration::spoken;
use crate::kinds::{How, Side};
use crate::state::Verb;
use crate::steps::{Act, Lever, Stage, Step, StepGraph, StepId, Task, Undo};

/// From this many lines on, what is created or deleted in a phase is told by kind.
const MANY: usize = 14;

/// Where users and data go: what turns sides and regions into sites.
#[derive(Debug, Clone, Copy)]
pub(super) struct Places<'a> {
    pub verb: Verb,
    pub leaving: &'a str,
    pub arriving: &'a str,
    pub regions: &'a BTreeMap<String, String>,
}

impl<'a> Places<'a> {
    /// The site of a replica's side.
    pub fn side(&self, side: Side) -> &'a str {
        match (self.verb, side) {
            (Verb::Up | Verb::Drill, Side::Target) | (Verb::Down, Side::Source) => self.arriving,
            (Verb::Up | Verb::Drill, Side::Source) | (Verb::Down, Side::Target) => self.leaving,
        }
    }

    /// A site with its region: `primary (canadacentral)`.
    pub fn site(&self, site: &str) -> String {
        self.regions.get(site).map_or_else(|| site.to_owned(), |region| format!("{site} ({region})"))
    }

    /// A region with the site that is there: `canadacentral (primary)`.
    pub fn region(&self, region: &str) -> String {
        let here = self.regions.iter().find(|(_, other)| other.eq_ignore_ascii_case(region));
        here.map_or_else(|| region.to_owned(), |(site, _)| format!("{region} ({site})"))
    }

    /// Whether a region is that of this site.
    pub fn is_at(&self, region: &str, site: &str) -> bool {
        self.regions.get(site).is_some_and(|other| other.eq_ignore_ascii_case(region))
    }

    /// What a step does: `promote geo_replica.orders to secondary, planned`.
    pub fn deed(&self, step: &Step) -> String {
        visible(&self.act(&step.act, step.address.as_str()))
    }

    /// What takes a step back, completing a sentence; `None` where nothing has to.
    pub fn undo(&self, step: &Step) -> Option<String> {
        match &step.undo {
            Undo::Nothing => None,
            Undo::Act(act) => Some(visible(&format!("taken back: {}", self.act(act, "it")))),
            Undo::Impossible(why) => Some(visible(&format!("cannot be taken back: {why}"))),
        }
    }

    fn act(&self, act: &Act, address: &str) -> String {
        match act {
            Act::Create => format!("create {address}"),
            Act::Update => format!("update {address}"),
            Act::Adopt => format!("adopt {address}"),
            Act::Delete(_) => format!("delete {address}"),
            Act::SetAside(_) => format!("set {address} aside"),
            Act::Forget => format!("forget {address}"),
            Act::Task(task) => self.task(task, address),
        }
    }

    fn task(&self, task: &Task, address: &str) -> String {
        match task {
            Task::Promote { to, how: How::Planned, accepted: _ } => {
                format!("promote {address} to {}, planned", self.side(*to))
            }
            Task::Promote { to, how: How::Forced, accepted } => {
                let losing = accepted.map(|most| format!(", losing no more than {}", spoken(most))).unwrap_or_default();
                format!("promote {address} to {}, forced{losing}", self.side(*to))
            }
            Task::CatchUp => format!("wait until {address} has caught up"),
            Task::Reprotect => format!("bring back the replication of {address}"),
            Task::Move { arguments } => format!("write {} on {address}", written(arguments)),
            Task::Linger(time) => format!("wait {} until users have left {address}", spoken(*time)),
            Task::Route { levers, agree } => route(levers, agree, address),
            Task::Probe => format!("ask {address} until it answers as wanted"),
            Task::Custom { action } => format!("do {address} ({action})"),
            Task::Unchanged { before } => {
                format!("compare {} of production with before", count(before.len(), "object", "objects"))
            }
            Task::Record(role) => format!("record that {} is active", role.site),
        }
    }
}

/// The steps after which a step begins, without those that come before another of them anyway.
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
    let one = |(name, value): (&String, &serde_json::Value)| format!("{name} = {}", Names::none().on_one_line(value));
    arguments.iter().map(one).collect::<Vec<_>>().join(", ")
}

/// The levers in the order in which they are tried, each with what it writes.
fn route(levers: &[Lever], agree: &[String], address: &str) -> String {
    let lever = |lever: &Lever| {
        let moves = lever.moves.iter().map(|(address, arguments)| format!("{} on {address}", written(arguments)));
        let lingers = match lever.lingers.is_zero() {
            true => String::new(),
            false => format!("; users follow within {}", spoken(lever.lingers)),
        };
        format!("{}: {}{lingers}", lever.name, moves.collect::<Vec<_>>().join(", "))
    };
    let levers = levers.iter().map(lever).collect::<Vec<_>>().join("; failing that, ");
    let agree = match agree.is_empty() {
        true => String::new(),
        false => format!("; {} must agree", agree.join(", ")),
    };
    format!("move users by {address} ({levers}{agree})")
}

/// The word for an act: a name that scripts may rely on.
pub(super) const fn act_word(act: &Act) -> &'static str {
    match act {
        Act::Create => "create",
        Act::Update => "update",
        Act::Adopt => "adopt",
        Act::Delete(_) => "delete",
        Act::SetAside(_) => "set_aside",
        Act::Forget => "forget",
        Act::Task(task) => match task {
            Task::Promote { .. } => "promote",
            Task::CatchUp => "catch_up",
            Task::Reprotect => "reprotect",
            Task::Move { .. } => "write",
            Task::Linger(_) => "linger",
            Task::Route { .. } => "route",
            Task::Probe => "probe",
            Task::Custom { .. } => "custom",
            Task::Unchanged { .. } => "compare",
            Task::Record(_) => "record",
        },
    }
}

/// The words for how roles are moved.
pub(super) const fn how_word(how: How) -> &'static str {
    match how {
        How::Planned => "planned",
        How::Forced => "forced",
    }
}

/// The regions that a step touches, each once.
pub(super) fn regions(step: &Step) -> BTreeSet<&str> {
    step.touches.iter().map(|touch| touch.region.as_str()).collect()
}

/// Steps of one phase that are shown together.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Phase {
    /// The phase.
    pub stage: Stage,
    /// Whether it comes once users have moved.
    pub moved: bool,
    /// After which time its first step can begin, as expected.
    pub begins: Duration,
    /// What is in it, in the order in which it can begin.
    pub rows: Vec<Row>,
}

/// What one line of a phase stands for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Row {
    /// One step.
    One(StepId),
    /// Several that do the same to resources of one kind.
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

impl Phase {
    /// What stands over it: `stand up`, `probe, once users have moved`.
    pub fn title(&self) -> String {
        let word = self.stage.as_str().replace('_', " ");
        let also_before = matches!(self.stage, Stage::Probe | Stage::Step);
        if self.moved && also_before { format!("{word}, once users have moved") } else { word }
    }

    /// How many steps are in it.
    pub fn steps(&self) -> usize {
        self.rows.iter().map(|row| row.ids().len()).sum()
    }
}

/// When each step can begin, as expected, counted from the start.
pub(super) fn begins(graph: &StepGraph) -> Vec<Duration> {
    let mut begins = vec![Duration::ZERO; graph.steps.len()];
    for step in graph.order().into_iter().filter_map(|id| graph.step(id)) {
        let end = |need: &StepId| Some(*begins.get(need.index())? + graph.step(*need)?.expect);
        let latest = step.needs.iter().filter_map(end).max().unwrap_or_default();
        if let Some(of_step) = begins.get_mut(step.id.index()) {
            *of_step = latest;
        }
    }
    begins
}

/// Which steps stand behind one that moves users.
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

/// The phases in the order in which they can begin. What is alike is told together where a phase would be long; a step on the `critical` chain never.
pub(super) fn phases(graph: &StepGraph, critical: &[StepId]) -> Vec<Phase> {
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
        Phase { stage, moved, begins, rows: rows(graph, critical, &ids) }
    };
    let mut phases: Vec<Phase> = found.into_iter().map(phase).collect();
    phases.sort_by_key(|phase| (phase.begins, phase.moved, phase.stage));
    phases
}

/// The lines of a phase.
fn rows(graph: &StepGraph, critical: &[StepId], ids: &[StepId]) -> Vec<Row> {
    if ids.len() <= MANY {
        return ids.iter().copied().map(Row::One).collect();
    }
    let mut rows: Vec<Row> = Vec::new();
    let mut alike: BTreeMap<(&str, &str), usize> = BTreeMap::new();
    for step in ids.iter().filter_map(|id| graph.step(*id)) {
        let alone = critical.contains(&step.id) || matches!(step.act, Act::Task(_));
        let key = (act_word(&step.act), step.address.kind());
        match alike.get(&key).and_then(|at| rows.get_mut(*at)) {
            Some(Row::Several(others)) if !alone => others.push(step.id),
            _ => {
                if !alone {
                    alike.insert(key, rows.len());
                }
                rows.push(if alone { Row::One(step.id) } else { Row::Several(vec![step.id]) });
            }
        }
    }
    for row in &mut rows {
        if let Row::Several(ids) = row
            && let [id] = ids.as_slice()
        {
            *row = Row::One(*id);
        }
    }
    rows
}
