//! Switching of traffic: one step for each set of users, with its routes.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use super::course::{Course, Question};
use super::draft::{NewStep, ProcedureDraft, seconds_of};
use super::levers::{close, destinations, lever};
use super::{Avoidance, ProcedureInput};
use crate::address::Address;
use crate::kinds::DurationEstimate;
use crate::plan::{serial_words, touches};
use crate::stack::{FailoverGroup, Probe, Resource, Route, Stack};
use crate::state::Status;
use crate::steps::{Act, RouteSwitch, Stage, Task, Touch, Undo};

/// Switches every route of the group.
pub(super) fn route(draft: &mut ProcedureDraft<'_>) {
    let question = draft.question;
    for users in users(question.stack, question.group, &draft.question.course.arriving) {
        let switched: Vec<&Route> = users.into_iter().filter(|route| !is_left_out(question, route)).collect();
        switch(draft, &switched);
    }
}

/// The routes of a group by the users that they move: a route with its fallbacks, and routes to one destination.
fn users<'a>(stack: &Stack, group: &'a FailoverGroup, arriving: &str) -> Vec<Vec<&'a Route>> {
    let mut sets: Vec<(BTreeSet<String>, Vec<&Route>)> = Vec::new();
    for route in &group.routes {
        let mut of = destinations(stack, route, arriving);
        of.insert(name(&route.name));
        of.extend(route.fallback_for.as_deref().map(name));
        let (same, mut others): (Vec<_>, Vec<_>) = sets.into_iter().partition(|(others, _)| !others.is_disjoint(&of));
        let mut routes = Vec::new();
        for (others, earlier) in same {
            of.extend(others);
            routes.extend(earlier);
        }
        routes.push(route);
        others.push((of, routes));
        sets = others;
    }
    let mut sets: Vec<Vec<&Route>> = sets.into_iter().map(|(_, routes)| routes).collect();
    let position =
        |routes: &Vec<&Route>| group.routes.iter().position(|route| routes.iter().any(|r| r.name == route.name));
    sets.sort_by_key(position);
    sets
}

/// True for a route that the operator leaves out of the move.
pub(super) fn is_left_out(question: &Question<'_>, route: &Route) -> bool {
    question.without.contains(&Address::new("route", &route.name))
}

/// The name of a route among destinations, which it cannot be mistaken for.
fn name(route: &str) -> String {
    format!("route {route}")
}

/// Switches one set of users, with every route that does not touch the lost site.
fn switch(draft: &mut ProcedureDraft<'_>, routes: &[&Route]) {
    let question = draft.question;
    let (stack, group) = (question.stack, question.group);
    let course = &draft.question.course;
    let mut levers: Vec<(RouteSwitch, &Route)> = Vec::new();
    let (mut at, mut serial): (Vec<Touch>, BTreeSet<String>) = Default::default();
    for route in routes {
        let mut lever = lever(stack, group, route, (&course.leaving, &course.arriving));
        let is_left = |site: &&Arc<str>| course.left.contains(*site) || is_moved(question, course, route, site);
        let sites: Vec<Arc<str>> =
            group.sites().filter(|site| **site != course.arriving).filter(is_left).cloned().collect();
        let closed = close(stack, group, route, (&sites, &course.arriving));
        let known: Vec<Address> = lever.resources().cloned().collect();
        lever.moves.extend(closed.into_iter().filter(|(address, _)| !known.contains(address)));
        // A fallback that an earlier run has used leads users as well.
        if is_switched(question, &lever) {
            lever.fallback_for = None;
        }
        let ends: Vec<&Resource> = lever.resources().filter_map(|address| stack.resources.get(address)).collect();
        let touched: Vec<Touch> = ends.iter().flat_map(|end| touches(end)).collect();
        if ends.is_empty() {
            continue;
        }
        if draft.touches_lost(&touched) {
            let what = "its change would be made at the lost site".to_owned();
            draft.avoided.push(Avoidance { address: Address::new("route", &route.name), what });
            continue;
        }
        at.extend(touched);
        serial.extend(ends.iter().flat_map(|end| serial_words(end)));
        levers.push((lever, route));
    }
    let Some((_, route)) = levers.first() else { return };
    at.sort();
    at.dedup();
    let reversed = levers.iter().map(|(_, route)| lever(stack, group, route, (&course.arriving, &course.leaving)));
    let reversed = reversed.filter(|lever| lever.late.is_empty());
    let reversed: Vec<RouteSwitch> = reversed.map(|lever| RouteSwitch { watch: None, ..lever }).collect();
    let confirms = |probe: &&Probe| probe.before.is_none() && !course.homeward && probe.is_about(&course.arriving);
    let agree = group.probes.iter().filter(confirms);
    let agree: Vec<String> = agree.map(|probe| probe.name.to_string()).collect();
    let address = Address::new("route", &route.name);
    let levers: Vec<RouteSwitch> = levers.into_iter().map(|(lever, _)| lever).collect();
    let made = NewStep {
        address,
        undo: Undo::Act(Box::new(Act::Task(Task::Route { levers: reversed, agree: Vec::new() }))),
        takes: takes(&levers),
        act: Act::Task(Task::Route { levers, agree }),
        stage: Stage::Route,
        serial: serial.into_iter().collect(),
        touches: at,
    };
    let needs = draft.needs_of(Stage::Route);
    draft.add(made, needs);
}

/// True for a route that an earlier run has switched: one of its arguments is not as configured.
fn is_switched(question: &Question<'_>, lever: &RouteSwitch) -> bool {
    lever.arguments().any(|(address, argument)| {
        let configured = question.stack.resources.get(address).and_then(|resource| resource.configured(argument));
        let recorded = question.state.resources.get(address).and_then(|recorded| recorded.arguments.get(argument));
        configured.as_ref().zip(recorded).is_some_and(|(configured, recorded)| configured != recorded)
    })
}

/// True for an endpoint that earlier runs left open, and on the way home for one that is not as configured.
fn is_moved(question: &Question<'_>, course: &Course, route: &Route, site: &str) -> bool {
    let Some(end) = route.resource_at(question.stack, site) else { return false };
    let Some((argument, closed)) = end.kind.moves.fence else { return false };
    let recorded = question.state.resources.get(&end.address).and_then(|recorded| recorded.arguments.get(argument));
    let differs = recorded.is_some() && recorded != end.configured(argument).as_ref();
    differs && (course.homeward || recorded != Some(&closed.json()))
}

/// The duration of a switch: each write, and the time that clients and the front need to follow; the P95 includes the
/// fallbacks.
fn takes(levers: &[RouteSwitch]) -> DurationEstimate {
    let one = |lever: &RouteSwitch| {
        let follows = lever.watch.as_ref().map_or(lever.lingers, |watch| lever.lingers.max(watch.expect));
        5 * lever.resources().count() as u64 + follows.as_secs()
    };
    let pulled: u64 = levers.iter().filter(|lever| lever.fallback_for.is_none()).map(one).sum();
    let all: u64 = levers.iter().map(one).sum();
    let seconds = |seconds| seconds_of(Duration::from_secs(seconds));
    DurationEstimate { typical: seconds(pulled), worst: seconds(2 * all) }
}

/// The arguments that runs control from now on: those of this draft, and those of earlier runs that left home.
pub(super) fn moved(draft: &ProcedureDraft<'_>) -> BTreeMap<Address, BTreeSet<String>> {
    let known = draft.question.state.roles.groups.get(&*draft.question.group.name);
    let mut moved = known.map(|role| role.moved.clone()).unwrap_or_default();
    for step in &draft.steps {
        match &step.act {
            Act::Task(Task::Move { arguments }) => {
                moved.entry(step.address.clone()).or_default().extend(arguments.keys().cloned());
            }
            Act::Task(Task::Route { levers, agree: _ }) => {
                for (address, argument) in levers.iter().flat_map(RouteSwitch::arguments) {
                    moved.entry(address.clone()).or_default().insert(argument.to_owned());
                }
            }
            _ => {}
        }
    }
    moved
}

/// The usable routes of each set of users: the resources that they change exist.
pub(super) fn ways(question: &Question<'_>) -> Vec<Vec<String>> {
    let ProcedureInput { stack, group, state, seen, .. } = **question;
    let course = &question.course;
    let stands = |address: &Address| {
        state.resources.get(address).is_some_and(|recorded| {
            recorded.status == Status::Standing
                && recorded.objects.iter().all(|object| matches!(seen.observed.objects.get(&object.id), Some(Some(_))))
        })
    };
    let could = |route: &&&Route| {
        let lever = lever(stack, group, route, (&course.leaving, &course.arriving));
        lever.resources().next().is_some() && lever.resources().all(stands)
    };
    let usable = |routes: Vec<&Route>| routes.iter().filter(could).map(|route| route.name.to_string()).collect();
    users(stack, group, &course.arriving).into_iter().map(usable).collect()
}
