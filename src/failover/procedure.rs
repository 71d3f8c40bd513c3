//! Which steps a procedure has: `up`, `down` and `drill`, phase by phase, as wide as their dependencies allow.

use std::sync::Arc;

use super::draft::Draft;
use super::levers::with_subject;
use super::predict::predict;
use super::{Procedure, Question, RoleChange, down, drill, guards, up};
use crate::address::{Address, ArmId};
use crate::kinds::{How, Promotion, Side, Standing};
use crate::plan::basis;
use crate::stack::{Objectives, Resource, Stack};
use crate::state::{Active, GroupRole, Verb};
use crate::steps::{NotAGraph, Path, Stage, StepGraph};

/// Makes a procedure.
pub fn plan(question: &Question<'_>) -> Procedure {
    let Question { stack, group, verb, how, lost, state, seen: _, accepted, history } = *question;
    let (leaving, arriving) = match verb {
        Verb::Up | Verb::Drill => (&group.from, &group.to),
        Verb::Down => (&group.to, &group.from),
    };
    let region = |site: &Arc<str>| Some((site.to_string(), stack.sites.get(site)?.location.clone()));
    let mut procedure = Procedure {
        stack: stack.name.clone(),
        basis: basis(stack, Some(state)),
        group: group.name.to_string(),
        verb,
        how,
        lost: lost.map(str::to_owned),
        leaving: leaving.to_string(),
        arriving: arriving.to_string(),
        regions: [&group.from, &group.to].into_iter().filter_map(region).collect(),
        idle: idle(question),
        steps: StepGraph::default(),
        critical: Path::default(),
        predicted: Default::default(),
        calibration: history.calibration(&group.name, verb),
        losses: Vec::new(),
        roles: Vec::new(),
        becomes: None,
        guards: Vec::new(),
        avoided: Vec::new(),
        // On the way back the other site serves users until they are moved: the time that the data takes to catch up is not an outage.
        objectives: match question.verb {
            Verb::Down => Objectives { rto: None, ..stack.objectives },
            Verb::Up | Verb::Drill => stack.objectives,
        },
        accepted,
        notes: Vec::new(),
    };
    if procedure.idle.is_some() {
        return procedure;
    }
    let mut draft = Draft::new(question);
    let becomes = match verb {
        Verb::Up => up::steps(&mut draft),
        Verb::Down => down::steps(&mut draft),
        Verb::Drill => {
            drill::steps(&mut draft);
            None
        }
    };
    let Draft { steps, avoided, notes, .. } = draft;
    procedure.losses = guards::losses(question);
    procedure.roles = roles(question);
    procedure.avoided = avoided;
    procedure.notes = notes;
    match ordered(steps) {
        Ok(graph) => procedure.steps = graph,
        Err((names, error)) => procedure.guards.push(guards::circle(&names, &error)),
    }
    (procedure.critical, procedure.predicted) = predict(&procedure.steps);
    procedure.guards.extend(guards::all(question, &procedure.steps));
    procedure.guards.sort_by_key(|guard| guard.verdict);
    procedure.becomes = becomes;
    procedure
}

/// The steps as a graph; needs in order and each once. Where they need each other in a circle, the addresses in it.
fn ordered(mut steps: Vec<crate::steps::Step>) -> Result<StepGraph, (Vec<Address>, NotAGraph)> {
    for step in &mut steps {
        step.needs.sort_unstable();
        step.needs.dedup();
    }
    let addresses: Vec<Address> = steps.iter().map(|step| step.address.clone()).collect();
    StepGraph::new(steps).map_err(|error| {
        let members = match &error {
            NotAGraph::Cycle(ids) => ids.iter().filter_map(|id| addresses.get(id.index())).cloned().collect(),
            NotAGraph::Misplaced { .. } | NotAGraph::Missing { .. } => Vec::new(),
        };
        (members, error)
    })
}

/// Why there is nothing to do.
fn idle(question: &Question<'_>) -> Option<String> {
    let Question { group, verb, state, .. } = question;
    let role = state.roles.groups.get(&*group.name);
    match (verb, role) {
        (Verb::Up, Some(GroupRole { active: Active::Away, site, since, run, .. })) => {
            Some(format!("{} is up already: {site} is active since {since:.0}, by run {run}", group.name))
        }
        (Verb::Down, None) => {
            Some(format!("{} is not up: {} is active, as on an ordinary day", group.name, group.from))
        }
        (Verb::Down, Some(GroupRole { active: Active::Home, since, run, .. })) => {
            Some(format!("{} is down already: {} is active since {since:.0}, by run {run}", group.name, group.from))
        }
        _ => None,
    }
}

/// A replica of the group with what is known of it.
pub(super) struct Replica<'a> {
    pub(super) resource: &'a Resource,
    pub(super) promotion: &'static Promotion,
    pub(super) standing: Standing,
}

/// The replicas of the group, as they stand.
pub(super) fn replicas<'a>(question: &Question<'a>) -> Vec<Replica<'a>> {
    let Question { stack, group, seen, .. } = *question;
    let one = |address: &Address| {
        let resource = stack.resources.get(address)?;
        let promotion = resource.kind.promotion?;
        let nothing = Default::default();
        let looked = seen.replicas.get(address).unwrap_or(&nothing);
        let stands = || with_subject(stack, resource, |subject| (promotion.standing)(subject, looked));
        let standing = seen.assumed.get(address).cloned().unwrap_or_else(stands);
        Some(Replica { resource, promotion, standing })
    };
    group.promote.iter().filter_map(one).collect()
}

/// The side that takes writes afterwards.
pub(super) const fn side(verb: Verb) -> Side {
    match verb {
        Verb::Up | Verb::Drill => Side::Target,
        Verb::Down => Side::Source,
    }
}

/// The name of the site of a side.
pub(super) fn site_of<'a>(question: &Question<'a>, side: Side) -> &'a str {
    match side {
        Side::Source => &question.group.from,
        Side::Target => &question.group.to,
    }
}

fn roles(question: &Question<'_>) -> Vec<RoleChange> {
    let to = side(question.verb);
    let change = |replica: Replica<'_>| RoleChange {
        replica: replica.resource.address.clone(),
        from: replica.standing.writer.map(|side| site_of(question, side).to_owned()),
        to: match question.verb {
            Verb::Drill => replica.standing.writer.map_or("?", |side| site_of(question, side)),
            Verb::Up | Verb::Down => site_of(question, to),
        }
        .to_owned(),
    };
    replicas(question).into_iter().map(change).collect()
}

/// The phases that come before one, in the order of the language: those that run side by side are both there.
pub(super) fn ahead_of(stage: Stage) -> &'static [Stage] {
    match stage {
        Stage::Promote | Stage::StandUp => &[Stage::CatchUp, Stage::Quiesce, Stage::Fence],
        Stage::Route | Stage::Probe => &[Stage::CatchUp, Stage::Quiesce, Stage::Fence, Stage::Promote, Stage::StandUp],
        Stage::TakeDown | Stage::Record => &[
            Stage::CatchUp,
            Stage::Quiesce,
            Stage::Fence,
            Stage::Promote,
            Stage::StandUp,
            Stage::Probe,
            Stage::Step,
            Stage::Route,
        ],
        Stage::Quiesce => &[Stage::CatchUp],
        Stage::Plan | Stage::CatchUp | Stage::Fence | Stage::Step => &[],
    }
}

/// Whether roles are given up on one side.
pub(super) fn is_forced(question: &Question<'_>) -> bool {
    question.how == How::Forced
}

/// The regions that a replica copies from and to.
pub(super) fn ends(stack: &Stack, resource: &Resource) -> Option<(String, String)> {
    let replicates = resource.kind.recovery.replicates?;
    let region = |argument: &str| {
        let text = resource.args.get(argument)?.as_str()?.to_owned();
        let of = stack.by_id(&ArmId::new(text.as_str())).map(|other| other.location.clone());
        Some(of.unwrap_or(text))
    };
    Some((region(replicates.from)?, region(replicates.to)?))
}
