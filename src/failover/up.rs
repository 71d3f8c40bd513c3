//! `up`: fence or quiesce the old side, promote data while the new side stands up, probe, move users, record.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use jiff::Timestamp;

use super::Avoided;
use super::draft::{Draft, Made, usual};
use super::extra::{custom_steps, probes_after, probes_before};
use super::levers::{lever, with_subject};
use super::procedure::{ahead_of, is_forced, replicas, site_of};
use super::standing::create_all;
use super::survey::stands_up;
use crate::address::Address;
use crate::kinds::{How, Side, Span};
use crate::plan::touches;
use crate::stack::{Resource, Route};
use crate::state::{Active, GroupRole, Status, Verb};
use crate::steps::{Act, Lever, Stage, StepId, Task, Undo};

/// Adds the steps; what the group's role will be.
pub(super) fn steps(draft: &mut Draft<'_>) -> Option<GroupRole> {
    quiesce(draft);
    if is_forced(draft.question) {
        fence(draft);
    }
    promote(draft, Side::Target);
    stand_up(draft);
    route(draft, false);
    probes_before(draft, Verb::Up);
    probes_after(draft, Verb::Up);
    custom_steps(draft);
    let role = role(draft, Active::Away, Side::Target);
    record(draft, role.clone());
    Some(role)
}

/// Work stops where data moves away from, if its site can be reached.
fn quiesce(draft: &mut Draft<'_>) {
    let question = draft.question;
    for address in &question.group.quiesce {
        let Some(resource) = question.stack.resources.get(address) else { continue };
        let Some((argument, value)) = resource.kind.moves.quiesce else { continue };
        let made = draft.writes(resource, argument, value.json(), Stage::Quiesce);
        let unreached = draft.touches_lost(&made.touches)
            || (is_forced(question) && question.seen.silent.keys().any(|region| resource.location == *region));
        if unreached {
            let what = format!("it is not stopped: {} is given up, and users are kept away from it", resource.site);
            draft.avoided.push(Avoided { address: address.clone(), what });
        } else {
            draft.add(made, Vec::new());
        }
    }
}

/// The old side is kept from taking writes, and users are given the time to notice.
fn fence(draft: &mut Draft<'_>) {
    let question = draft.question;
    for address in &question.group.fence {
        let Some(resource) = question.stack.resources.get(address) else { continue };
        let Some((argument, value)) = resource.kind.moves.fence else { continue };
        let made = draft.writes(resource, argument, value.json(), Stage::Fence);
        if draft.touches_lost(&made.touches) {
            let what = format!("it cannot be fenced: that would be asked of {}", resource.site);
            draft.avoided.push(Avoided { address: address.clone(), what });
            continue;
        }
        let seconds = resource.kind.moves.lingers.map_or(0, |lingers| with_subject(question.stack, resource, lingers));
        let fenced = draft.add(made, Vec::new());
        if seconds > 0 {
            draft.add(lingers(address, seconds), vec![fenced]);
        }
    }
}

/// Waits until users have noticed.
fn lingers(address: &Address, seconds: u32) -> Made {
    Made {
        address: address.clone(),
        act: Act::Task(Task::Linger(Duration::from_secs(u64::from(seconds)))),
        stage: Stage::Fence,
        serial: Vec::new(),
        touches: Vec::new(),
        takes: Span { typical: seconds, worst: seconds },
        undo: Undo::Nothing,
    }
}

/// Data changes sides.
pub(super) fn promote(draft: &mut Draft<'_>, to: Side) {
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
        // Why there is no call is told by the guards; the step is there all the same, so that the procedure can be read whole.
        let touches = call.as_ref().map(|call| draft.touches_of(call)).unwrap_or_default();
        let accepted = if is_forced(question) { question.accepted.data_loss } else { None };
        let (takes, way) = match question.how {
            How::Planned => (promotion.planned, "planned"),
            How::Forced => (promotion.forced, "forced"),
        };
        let why = format!("a {way} promotion only goes forward; `down` brings the data back");
        let made = Made {
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
            let what = format!("{lost} is not asked: the request goes to {asked}, or to a service without a region");
            draft.avoided.push(Avoided { address: resource.address.clone(), what });
        }
    }
}

/// What stands only during a failover is created, each after what it needs.
fn stand_up(draft: &mut Draft<'_>) {
    let question = draft.question;
    // The time in which users notice the fence is used; only promotion waits for its end.
    let mut first = draft.of(&[Stage::Quiesce]);
    let fences = draft.of(&[Stage::Fence]);
    let is_fence =
        |id: &StepId| draft.steps.get(id.index()).is_some_and(|step| !matches!(step.act, Act::Task(Task::Linger(_))));
    first.extend(fences.into_iter().filter(is_fence));
    let wanted = question.stack.resources.values().filter(|resource| stands_up(question.group, resource));
    let missing: Vec<&Resource> = wanted.filter(|resource| !stands(draft, resource)).collect();
    create_all(draft, &missing, &first);
}

/// Whether a resource is recorded and was not seen to be gone.
fn stands(draft: &Draft<'_>, resource: &Resource) -> bool {
    let recorded = draft.question.state.resources.get(&resource.address);
    let observed = &draft.question.seen.observed.objects;
    recorded.is_some_and(|recorded| {
        recorded.status == Status::Standing
            && recorded.objects.iter().all(|object| !matches!(observed.get(&object.id), Some(None)))
    })
}

/// Users move.
pub(super) fn route(draft: &mut Draft<'_>, back: bool) {
    let question = draft.question;
    let (stack, group) = (question.stack, question.group);
    let mut levers: Vec<(Lever, &Route)> = Vec::new();
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
            let what = "this lever is not tried: it would be moved at the site that is given up".to_owned();
            draft.avoided.push(Avoided { address: Address::new("route", &route.name), what });
            continue;
        }
        at.extend(touched);
        serial.extend(ends.iter().flat_map(|end| crate::plan::serial_words(end)));
        levers.push((lever, route));
    }
    let Some((first, route)) = levers.first() else { return };
    at.sort();
    at.dedup();
    let one = |lever: &Lever| 5 * lever.moves.len() as u64 + lever.lingers.as_secs();
    let all: u64 = levers.iter().map(|(lever, _)| one(lever)).sum();
    let seconds = |seconds| seconds_of(Duration::from_secs(seconds));
    let takes = Span { typical: seconds(one(first)), worst: seconds(2 * all) };
    let reversed = levers.iter().map(|(_, route)| lever(stack, route, !back)).collect();
    let agree = group.probes.iter().filter(|probe| probe.before.is_none() && !back);
    let agree: Vec<String> = agree.map(|probe| probe.name.to_string()).collect();
    let made = Made {
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

/// What the group's role becomes. Since when and by which run is filled in once it is so.
pub(super) fn role(draft: &Draft<'_>, active: Active, writer: Side) -> GroupRole {
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
        moved: if active == Active::Home { BTreeMap::new() } else { moved },
        owed: Vec::new(),
        accepted: None,
    }
}

/// The role is recorded once everything else is done.
pub(super) fn record(draft: &mut Draft<'_>, role: GroupRole) {
    let all: Vec<StepId> = draft.steps.iter().map(|step| step.id).collect();
    let made = Made {
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
