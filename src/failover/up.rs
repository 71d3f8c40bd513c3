//! `up`: fence or quiesce the source site, promote data while the target site is provisioned, probe, switch traffic,
//! record.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use jiff::Timestamp;

use super::Avoidance;
use super::draft::{NewStep, ProcedureDraft, usual};
use super::extra::{custom_steps, probes_after, probes_before};
use super::levers::{lever, with_subject};
use super::procedure::{ahead_of, is_forced, replicas, site_of};
use super::standing::create_all;
use super::survey::stands_up;
use crate::address::Address;
use crate::kinds::{DurationEstimate, FailoverMode, Side};
use crate::plan::touches;
use crate::stack::{Resource, Route};
use crate::state::{ActiveSite, GroupRole, RunKind, Status};
use crate::steps::{Act, RouteSwitch, Stage, StepId, Task, Undo};

/// Adds the steps; returns the new role of the group.
pub(super) fn steps(draft: &mut ProcedureDraft<'_>) -> Option<GroupRole> {
    quiesce(draft);
    if is_forced(draft.question) {
        fence(draft);
    }
    promote(draft, Side::Target);
    stand_up(draft);
    route(draft, false);
    probes_before(draft, RunKind::Up);
    probes_after(draft, RunKind::Up);
    custom_steps(draft);
    let role = role(draft, ActiveSite::Away, Side::Target);
    record(draft, role.clone());
    Some(role)
}

/// Stops work at the source site, if it is reachable.
fn quiesce(draft: &mut ProcedureDraft<'_>) {
    let question = draft.question;
    for address in &question.group.quiesce {
        let Some(resource) = question.stack.resources.get(address) else { continue };
        let Some((argument, value)) = resource.kind.moves.quiesce else { continue };
        let made = draft.writes(resource, argument, value.json(), Stage::Quiesce);
        let unreached = draft.touches_lost(&made.touches)
            || (is_forced(question) && question.seen.silent.keys().any(|region| resource.location == *region));
        if unreached {
            let what = format!("not scaled to zero: {} is lost, and traffic no longer goes there", resource.site);
            draft.avoided.push(Avoidance { address: address.clone(), what });
        } else {
            draft.add(made, Vec::new());
        }
    }
}

/// Blocks writes at the lost site, and waits for clients to leave it.
fn fence(draft: &mut ProcedureDraft<'_>) {
    let question = draft.question;
    for address in &question.group.fence {
        let Some(resource) = question.stack.resources.get(address) else { continue };
        let Some((argument, value)) = resource.kind.moves.fence else { continue };
        let made = draft.writes(resource, argument, value.json(), Stage::Fence);
        if draft.touches_lost(&made.touches) {
            let what = format!("not fenced: the request would go to {}, which is lost", resource.site);
            draft.avoided.push(Avoidance { address: address.clone(), what });
            continue;
        }
        let seconds = resource.kind.moves.lingers.map_or(0, |lingers| with_subject(question.stack, resource, lingers));
        let fenced = draft.add(made, Vec::new());
        if seconds > 0 {
            draft.add(lingers(address, seconds), vec![fenced]);
        }
    }
}

/// Waits for clients to leave a fenced endpoint.
fn lingers(address: &Address, seconds: u32) -> NewStep {
    NewStep {
        address: address.clone(),
        act: Act::Task(Task::Linger(Duration::from_secs(u64::from(seconds)))),
        stage: Stage::Fence,
        serial: Vec::new(),
        touches: Vec::new(),
        takes: DurationEstimate { typical: seconds, worst: seconds },
        undo: Undo::Nothing,
    }
}

/// Promotes the replicas.
pub(super) fn promote(draft: &mut ProcedureDraft<'_>, to: Side) {
    let question = draft.question;
    let nothing = Default::default();
    for replica in replicas(question) {
        if replica.standing.writer == Some(to) {
            continue;
        }
        let (resource, promotion) = (replica.resource, replica.promotion);
        let seen = question.seen.replicas.get(&resource.address).unwrap_or(&nothing);
        let call =
            with_subject(question.stack, resource, |subject| (promotion.promote)(subject, seen, to, question.how));
        // A preflight check reports a missing call; the step stays, so that the procedure is complete.
        let touches = call.as_ref().map(|call| draft.touches_of(call)).unwrap_or_default();
        let accepted = if is_forced(question) { question.accepted.data_loss } else { None };
        let (takes, way) = match question.how {
            FailoverMode::Planned => (promotion.planned, "planned"),
            FailoverMode::Forced => (promotion.forced, "forced"),
        };
        let back = match to {
            Side::Target => "fail back with `drplan failover-group down`",
            Side::Source => "move again with `drplan failover-group up --planned`",
        };
        let why = format!("a {way} promotion has no rollback; {back}");
        let made = NewStep {
            address: resource.address.clone(),
            act: Act::Task(Task::Promote { to, how: question.how, accepted }),
            stage: Stage::Promote,
            serial: crate::plan::serial_words(resource),
            touches,
            takes,
            undo: Undo::Impossible(why),
        };
        let needs = draft.of(ahead_of(Stage::Promote));
        draft.add(made, needs);
        if let (Some(lost), true) = (question.lost, is_forced(question)) {
            let asked = site_of(question, to);
            let what = format!("no request to {lost}: it goes to {asked}, or to a global service");
            draft.avoided.push(Avoidance { address: resource.address.clone(), what });
        }
    }
}

/// Creates failover-only resources, each after its dependencies.
fn stand_up(draft: &mut ProcedureDraft<'_>) {
    let question = draft.question;
    // Resources are created while clients leave the fence; only promotion waits for its end.
    let mut first = draft.of(&[Stage::Quiesce]);
    let fences = draft.of(&[Stage::Fence]);
    let is_fence =
        |id: &StepId| draft.steps.get(id.index()).is_some_and(|step| !matches!(step.act, Act::Task(Task::Linger(_))));
    first.extend(fences.into_iter().filter(is_fence));
    let wanted = question.stack.resources.values().filter(|resource| stands_up(question.group, resource));
    let missing: Vec<&Resource> = wanted.filter(|resource| !stands(draft, resource)).collect();
    create_all(draft, &missing, &first);
}

/// True for a resource in state that was not observed to be deleted.
fn stands(draft: &ProcedureDraft<'_>, resource: &Resource) -> bool {
    let recorded = draft.question.state.resources.get(&resource.address);
    let observed = &draft.question.seen.observed.objects;
    recorded.is_some_and(|recorded| {
        recorded.status == Status::Standing
            && recorded.objects.iter().all(|object| !matches!(observed.get(&object.id), Some(None)))
    })
}

/// Switches traffic.
pub(super) fn route(draft: &mut ProcedureDraft<'_>, back: bool) {
    let question = draft.question;
    let (stack, group) = (question.stack, question.group);
    let mut levers: Vec<(RouteSwitch, &Route)> = Vec::new();
    let mut at = Vec::new();
    let mut serial = BTreeSet::new();
    for route in &group.routes {
        let lever = lever(stack, route, back);
        let ends = lever.moves.iter().filter_map(|(address, _)| stack.resources.get(address));
        let ends: Vec<&Resource> = ends.collect();
        let touched: Vec<_> = ends.iter().flat_map(|end| touches(end)).collect();
        if lever.moves.is_empty() {
            continue;
        }
        if draft.touches_lost(&touched) {
            let what = "route skipped: the change would be made at the lost site".to_owned();
            draft.avoided.push(Avoidance { address: Address::new("route", &route.name), what });
            continue;
        }
        at.extend(touched);
        serial.extend(ends.iter().flat_map(|end| crate::plan::serial_words(end)));
        levers.push((lever, route));
    }
    let Some((first, route)) = levers.first() else { return };
    at.sort();
    at.dedup();
    let one = |lever: &RouteSwitch| 5 * lever.moves.len() as u64 + lever.lingers.as_secs();
    let all: u64 = levers.iter().map(|(lever, _)| one(lever)).sum();
    let seconds = |seconds| seconds_of(Duration::from_secs(seconds));
    let takes = DurationEstimate { typical: seconds(one(first)), worst: seconds(2 * all) };
    let reversed = levers.iter().map(|(_, route)| lever(stack, route, !back)).collect();
    let agree = group.probes.iter().filter(|probe| probe.before.is_none() && !back);
    let agree: Vec<String> = agree.map(|probe| probe.name.to_string()).collect();
    let made = NewStep {
        address: Address::new("route", &route.name),
        undo: Undo::Act(Box::new(Act::Task(Task::Route { levers: reversed, agree: Vec::new() }))),
        act: Act::Task(Task::Route { levers: levers.into_iter().map(|(lever, _)| lever).collect(), agree }),
        stage: Stage::Route,
        serial: serial.into_iter().collect(),
        touches: at,
        takes,
    };
    let needs = draft.of(ahead_of(Stage::Route));
    draft.add(made, needs);
}

/// The new role of the group. The run and the time are filled in when it is recorded.
pub(super) fn role(draft: &ProcedureDraft<'_>, active: ActiveSite, writer: Side) -> GroupRole {
    let question = draft.question;
    let mut moved: BTreeMap<Address, BTreeSet<String>> = BTreeMap::new();
    for step in &draft.steps {
        let moves: Vec<(&Address, Vec<&String>)> = match &step.act {
            Act::Task(Task::Move { arguments }) => vec![(&step.address, arguments.keys().collect())],
            Act::Task(Task::Route { levers, agree: _ }) => levers
                .iter()
                .flat_map(|lever| &lever.moves)
                .map(|(address, arguments)| (address, arguments.keys().collect()))
                .collect(),
            _ => continue,
        };
        for (address, arguments) in moves {
            moved.entry(address.clone()).or_default().extend(arguments.into_iter().cloned());
        }
    }
    GroupRole {
        active,
        site: site_of(question, writer).to_owned(),
        since: Timestamp::UNIX_EPOCH,
        run: String::new(),
        how: question.how,
        stores: question.group.promote.iter().map(|address| (address.clone(), writer)).collect(),
        moved: if active == ActiveSite::Home { BTreeMap::new() } else { moved },
        owed: Vec::new(),
        accepted: None,
    }
}

/// Records the role once all other steps are done.
pub(super) fn record(draft: &mut ProcedureDraft<'_>, role: GroupRole) {
    let all: Vec<StepId> = draft.steps.iter().map(|step| step.id).collect();
    let made = NewStep {
        address: Address::new("failover_group", &draft.question.group.name),
        act: Act::Task(Task::Record(Box::new(role))),
        stage: Stage::Record,
        serial: Vec::new(),
        touches: Vec::new(),
        takes: usual(0),
        undo: Undo::Nothing,
    };
    draft.add(made, all);
}

/// A duration in whole seconds.
pub(super) fn seconds_of(duration: Duration) -> u32 {
    u32::try_from(duration.as_secs()).unwrap_or(u32::MAX)
}
