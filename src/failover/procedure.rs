//! Assembly of a procedure: a move or a drill, phase by phase, as parallel as the dependencies allow.

use super::assumed::left_out_by_drill;
use super::course::{Course, NoCourse, Question, is_forced, side_at, site_of};
use super::draft::ProcedureDraft;
use super::predict::predict;
use super::{Procedure, ProcedureInput, RoleChange, drill, guards, moving};
use crate::address::Address;
use crate::kinds::{Promotion, ReplicaStatus, Subject};
use crate::plan::{basis, source_of};
use crate::roles::{FailoverMode, Health, Side};
use crate::stack::{FailoverGroup, Objectives, Resource, Route, Stack};
use crate::state::RunKind;
use crate::steps::{GraphError, Path, StepGraph};

/// Plans a procedure.
pub fn plan(input: &ProcedureInput<'_>) -> Procedure {
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
    if question.verb == RunKind::Drill {
        let left_out = left_out_by_drill(question.stack, question.group, question.history);
        procedure.predicted.left_out = Some(left_out);
    }
    procedure.guards.extend(guards::all(question, &procedure.steps));
    procedure.guards.sort_by_key(|guard| guard.verdict);
    procedure
}

/// A procedure without steps and checks.
fn empty(question: &Question<'_>) -> Procedure {
    let ProcedureInput { stack, group, verb, how, lost, to: _, without, pending: _, state, seen: _, accepted, history } =
        **question;
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
        roles: Vec::new(),
        becomes: None,
        guards: Vec::new(),
        avoided: Vec::new(),
        // The failover site serves users until a planned failback switches traffic: the time to catch up is no outage.
        objectives: match verb {
            RunKind::Down if !is_forced(question) => Objectives { rto: None, ..stack.objectives },
            RunKind::Up | RunKind::Down | RunKind::Drill => stack.objectives,
        },
        accepted,
        unswitched: unswitched(group, without),
        notes: Vec::new(),
        outage: None,
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

/// A replica of the group with its observed standing.
pub(super) struct Replica<'a> {
    pub(super) resource: &'a Resource,
    pub(super) promotion: &'static Promotion,
    pub(super) standing: ReplicaStatus,
    /// Its side at the destination, which the procedure promotes; `None` where it has none there.
    pub(super) to: Option<Side>,
    /// The mode of its promotion: in a forced move planned where nothing that it needs is lost.
    pub(super) how: FailoverMode,
}

impl Replica<'_> {
    /// True if the side at the destination is primary already.
    pub(super) fn is_there(&self) -> bool {
        self.to.is_some() && self.standing.writer == self.to
    }
}

/// The replicas of the group, as observed, without those that are left behind.
pub(super) fn replicas<'a>(question: &Question<'a>) -> Vec<Replica<'a>> {
    let ProcedureInput { stack, group, seen, without, .. } = **question;
    let arriving = &question.course.arriving;
    let one = |address: &Address| {
        let resource = stack.resources.get(address)?;
        let promotion = resource.kind.promotion?;
        let nothing = Default::default();
        let observed = seen.replicas.get(address).unwrap_or(&nothing);
        let stands = || stack.with_known(resource, |subject| (promotion.standing)(subject, observed));
        let standing = seen.assumed.get(address).cloned().unwrap_or_else(stands);
        let to = side_at(question, resource, arriving);
        let how = mode(question, resource, &standing, to);
        Some(Replica { resource, promotion, standing, to, how })
    };
    group.promote.iter().filter(|address| !without.contains(address)).filter_map(one).collect()
}

/// The mode of a promotion. A forced move abandons the lost sites and nothing else: a replica that follows, and all of
/// whose sides respond, is promoted as planned, without data loss. No such promotion waits for a lost or silent region.
fn mode(question: &Question<'_>, resource: &Resource, standing: &ReplicaStatus, to: Option<Side>) -> FailoverMode {
    let (Some(to), true) = (to, is_forced(question)) else { return question.how };
    let (ProcedureInput { stack, seen, .. }, nothing) = (&**question, Default::default());
    let observed = seen.replicas.get(&resource.address).unwrap_or(&nothing);
    let is_whole = || {
        let regions = regions(stack, resource);
        let is_away = |region: &String| {
            question.lost_sites().any(|site| site.location.eq_ignore_ascii_case(region)) || seen.is_silent(region)
        };
        !regions.is_empty() && !regions.iter().any(is_away)
    };
    let is_possible = || {
        resource.kind.promotion.is_some_and(|promotion| {
            let call = |subject: &Subject<'_>| (promotion.promote)(subject, observed, to, FailoverMode::Planned);
            stack.with_known(resource, call).is_ok()
        })
    };
    let follows = standing.health == Health::Following && standing.writer == Some(to.other());
    match follows && is_whole() && !super::replicas::is_unequal(question, resource) && is_possible() {
        true => FailoverMode::Planned,
        false => FailoverMode::Forced,
    }
}

/// The regions of a replica's data: both sides, and those of further replicas of its source.
pub(super) fn regions(stack: &Stack, resource: &Resource) -> Vec<String> {
    let source = source_of(resource);
    let is_same = |other: &&Resource| source.is_some() && source_of(other) == source;
    let all = stack.resources.values().filter(is_same).filter_map(|other| stack.ends(other));
    all.flat_map(|(source, target)| [source, target]).collect()
}

fn roles(question: &Question<'_>) -> Vec<RoleChange> {
    let change = |replica: Replica<'_>| {
        let now = replica.standing.writer.map(|side| site_of(question, replica.resource, side).to_owned());
        let to = replica.to.filter(|_| question.verb != RunKind::Drill);
        RoleChange {
            replica: replica.resource.address.clone(),
            to: match to {
                Some(side) => site_of(question, replica.resource, side).to_owned(),
                None => now.clone().unwrap_or_else(|| "?".to_owned()),
            },
            from: now,
        }
    };
    replicas(question).into_iter().map(change).collect()
}
