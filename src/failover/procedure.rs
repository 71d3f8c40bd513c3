//! Assembly of a procedure: `up`, `down` and `drill`, phase by phase, as parallel as the dependencies allow.

use std::sync::Arc;

use super::draft::ProcedureDraft;
use super::levers::with_subject;
use super::predict::predict;
use super::{Procedure, ProcedureInput, RoleChange, down, drill, guards, up};
use crate::address::{Address, ArmId};
use crate::kinds::{FailoverMode, Promotion, ReplicaStatus, Side};
use crate::plan::basis;
use crate::stack::{Objectives, Resource, Stack};
use crate::state::{ActiveSite, GroupRole, RunKind};
use crate::steps::{GraphError, Path, Stage, StepGraph};

/// Plans a procedure.
pub fn plan(question: &ProcedureInput<'_>) -> Procedure {
    let ProcedureInput { stack, group, verb, how, lost, state, seen: _, accepted, history } = *question;
    let (leaving, arriving) = match verb {
        RunKind::Up | RunKind::Drill => (&group.from, &group.to),
        RunKind::Down => (&group.to, &group.from),
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
        // The failover site serves users until failback switches traffic: the time to catch up is no outage.
        objectives: match question.verb {
            RunKind::Down => Objectives { rto: None, ..stack.objectives },
            RunKind::Up | RunKind::Drill => stack.objectives,
        },
        accepted,
        notes: Vec::new(),
    };
    if procedure.idle.is_some() {
        return procedure;
    }
    let mut draft = ProcedureDraft::new(question);
    let becomes = match verb {
        RunKind::Up => up::steps(&mut draft),
        RunKind::Down => down::steps(&mut draft),
        RunKind::Drill => {
            drill::steps(&mut draft);
            None
        }
    };
    let ProcedureDraft { steps, avoided, notes, .. } = draft;
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

/// The steps as a graph, with sorted dependencies. On a cycle, its addresses.
fn ordered(mut steps: Vec<crate::steps::Step>) -> Result<StepGraph, (Vec<Address>, GraphError)> {
    for step in &mut steps {
        step.needs.sort_unstable();
        step.needs.dedup();
    }
    let addresses: Vec<Address> = steps.iter().map(|step| step.address.clone()).collect();
    StepGraph::new(steps).map_err(|error| {
        let members = match &error {
            GraphError::Cycle(ids) => ids.iter().filter_map(|id| addresses.get(id.index())).cloned().collect(),
            GraphError::Misplaced { .. } | GraphError::Missing { .. } => Vec::new(),
        };
        (members, error)
    })
}

/// The reason why there is nothing to do.
fn idle(question: &ProcedureInput<'_>) -> Option<String> {
    let ProcedureInput { group, verb, state, .. } = question;
    let role = state.roles.groups.get(&*group.name);
    match (verb, role) {
        (RunKind::Up, Some(GroupRole { active: ActiveSite::Away, site, since, run, .. })) => Some(format!(
            "{} is failed over already: {site} has been active since {since:.0}, by run {run}",
            group.name
        )),
        (RunKind::Down, None) => {
            Some(format!("{} is not failed over: {} is active, as in normal operation", group.name, group.from))
        }
        (RunKind::Down, Some(GroupRole { active: ActiveSite::Home, since, run, .. })) => Some(format!(
            "{} is at its home site already: {} has been active since {since:.0}, by run {run}",
            group.name, group.from
        )),
        _ => None,
    }
}

/// A replica of the group with its observed standing.
pub(super) struct Replica<'a> {
    pub(super) resource: &'a Resource,
    pub(super) promotion: &'static Promotion,
    pub(super) standing: ReplicaStatus,
}

/// The replicas of the group, as observed.
pub(super) fn replicas<'a>(question: &ProcedureInput<'a>) -> Vec<Replica<'a>> {
    let ProcedureInput { stack, group, seen, .. } = *question;
    let one = |address: &Address| {
        let resource = stack.resources.get(address)?;
        let promotion = resource.kind.promotion?;
        let nothing = Default::default();
        let observed = seen.replicas.get(address).unwrap_or(&nothing);
        let stands = || with_subject(stack, resource, |subject| (promotion.standing)(subject, observed));
        let standing = seen.assumed.get(address).cloned().unwrap_or_else(stands);
        Some(Replica { resource, promotion, standing })
    };
    group.promote.iter().filter_map(one).collect()
}

/// The side of the primary replica afterwards.
pub(super) const fn side(verb: RunKind) -> Side {
    match verb {
        RunKind::Up | RunKind::Drill => Side::Target,
        RunKind::Down => Side::Source,
    }
}

/// The name of the site of a side.
pub(super) fn site_of<'a>(question: &ProcedureInput<'a>, side: Side) -> &'a str {
    match side {
        Side::Source => &question.group.from,
        Side::Target => &question.group.to,
    }
}

fn roles(question: &ProcedureInput<'_>) -> Vec<RoleChange> {
    let to = side(question.verb);
    let change = |replica: Replica<'_>| RoleChange {
        replica: replica.resource.address.clone(),
        from: replica.standing.writer.map(|side| site_of(question, side).to_owned()),
        to: match question.verb {
            RunKind::Drill => replica.standing.writer.map_or("?", |side| site_of(question, side)),
            RunKind::Up | RunKind::Down => site_of(question, to),
        }
        .to_owned(),
    };
    replicas(question).into_iter().map(change).collect()
}

/// The phases before a phase, in the order of the language; parallel phases do not precede each other.
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

/// True for a forced run.
pub(super) fn is_forced(question: &ProcedureInput<'_>) -> bool {
    question.how == FailoverMode::Forced
}

/// The source and target regions of a replica.
pub(super) fn ends(stack: &Stack, resource: &Resource) -> Option<(String, String)> {
    let replicates = resource.kind.recovery.replicates?;
    let region = |argument: &str| {
        let text = resource.args.get(argument)?.as_str()?.to_owned();
        let of = stack.by_id(&ArmId::new(text.as_str())).map(|other| other.location.clone());
        Some(of.unwrap_or(text))
    };
    Some((region(replicates.from)?, region(replicates.to)?))
}
