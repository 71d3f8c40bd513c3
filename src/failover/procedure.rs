//! Assembly of a procedure: a move or a drill, phase by phase, as parallel as the dependencies allow.

use super::course::{Course, NoCourse, Question, is_forced, site_of};
use super::draft::ProcedureDraft;
use super::predict::predict;
use super::sides::{Replica, replicas};
use super::{Procedure, ProcedureInput, RoleChange, drill, guards, in_place, moving, rungs};
use crate::address::Address;
use crate::plan::basis;
use crate::stack::{FailoverGroup, Objectives, Route};
use crate::state::RunKind;
use crate::steps::{GraphError, Path, StepGraph, TimeSpan};

/// Assembles a procedure. `left_out` is the time of what a drill leaves out.
pub(super) fn assemble(input: &ProcedureInput<'_>, left_out: impl FnOnce() -> TimeSpan) -> Procedure {
    let (question, refusal) = Question::new(input);
    let question = &question;
    let mut procedure = empty(question);
    match refusal {
        None => {}
        Some(NoCourse::Idle(why)) => {
            procedure.idle = Some(why);
            return procedure;
        }
        Some(NoCourse::Refused(check)) => {
            procedure.guards.push(check);
            return procedure;
        }
    }
    let mut draft = ProcedureDraft::new(question);
    procedure.becomes = match question.verb {
        RunKind::Up | RunKind::Down => Some(moving::steps(&mut draft)),
        RunKind::Drill => {
            drill::steps(&mut draft);
            None
        }
        RunKind::Restore => {
            in_place::steps(&mut draft);
            None
        }
    };
    let ProcedureDraft { steps, avoided, notes, .. } = draft;
    // A verification concerns neither replicas nor users.
    if !question.is_verification() {
        procedure.losses = guards::losses(question);
        procedure.ladders = rungs::ladders(question);
        procedure.roles = roles(question);
    }
    procedure.avoided = avoided;
    procedure.notes = notes;
    match ordered(steps) {
        Ok(graph) => procedure.steps = graph,
        Err((names, error)) => procedure.guards.push(guards::circle(&names, &error)),
    }
    (procedure.critical, procedure.predicted) = predict(&procedure.steps);
    if question.verb == RunKind::Drill && !question.is_verification() {
        procedure.predicted.left_out = Some(left_out());
    }
    procedure.guards.extend(guards::all(question, &procedure.steps));
    procedure.guards.sort_by_key(|guard| guard.verdict);
    procedure
}

/// A procedure without steps and checks.
fn empty(question: &Question<'_>) -> Procedure {
    let ProcedureInput {
        stack,
        group,
        verb,
        how,
        lost,
        to: _,
        without,
        pending: _,
        state,
        seen,
        accepted,
        verify,
        history,
    } = **question;
    let Course { leaving, arriving, left: _, homeward: _ } = &question.course;
    let sites = [leaving, arriving].into_iter().chain(group.sites());
    Procedure {
        stack: stack.name.clone(),
        basis: basis(stack, Some(state)),
        group: group.name.to_string(),
        verb,
        how,
        lost: lost.to_vec(),
        leaving: leaving.to_string(),
        arriving: arriving.to_string(),
        regions: sites.filter_map(|site| Some((site.to_string(), stack.sites.get(site)?.location.clone()))).collect(),
        idle: None,
        steps: StepGraph::default(),
        critical: Path::default(),
        predicted: Default::default(),
        calibration: history.calibration(&group.name, verb),
        losses: Vec::new(),
        ladders: Vec::new(),
        roles: Vec::new(),
        becomes: None,
        guards: Vec::new(),
        avoided: Vec::new(),
        // The failover site serves users until a planned failback switches traffic: the time to catch up is no outage.
        objectives: match verb {
            _ if question.is_verification() => Objectives::default(),
            RunKind::Down if !is_forced(question) => Objectives { rto: None, ..stack.objectives },
            RunKind::Up | RunKind::Down | RunKind::Drill | RunKind::Restore => stack.objectives,
        },
        accepted,
        unswitched: unswitched(group, without),
        verifies: verify.to_vec(),
        notes: Vec::new(),
        outage: None,
        cause: seen.cause,
    }
}

/// The routes that are left out together with all their fallbacks.
fn unswitched(group: &FailoverGroup, without: &[Address]) -> Vec<Address> {
    let of_route = |name: &str| Address::new("route", name);
    let is_out = |name: &str| without.contains(&of_route(name));
    let stays = |first: &&Route| is_out(&first.name) && group.fallbacks(&first.name).all(|one| is_out(&one.name));
    group.first_routes().filter(stays).map(|route| of_route(&route.name)).collect()
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

fn roles(question: &Question<'_>) -> Vec<RoleChange> {
    if question.verb == RunKind::Restore {
        return Vec::new();
    }
    let change = |replica: Replica<'_>| {
        let now = replica.standing.writer.map(|side| site_of(question, replica.resource, side).to_owned());
        let to = replica.to.filter(|_| question.verb != RunKind::Drill);
        RoleChange {
            replica: replica.resource.address.clone(),
            to: match to {
                Some(side) => site_of(question, replica.resource, side).to_owned(),
                None => now.clone().unwrap_or_else(|| "unknown".to_owned()),
            },
            from: now,
        }
    };
    replicas(question).into_iter().map(change).collect()
}
