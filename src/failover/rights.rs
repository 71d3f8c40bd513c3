//! Permissions of the operator for all steps of a run, as the providers list them before the first request.

use std::collections::{BTreeMap, BTreeSet};

use super::course::{Question, side_at};
use super::{PreflightCheck, PreflightStatus};
use crate::account::Realm;
use crate::kinds::CallMethod;
use crate::kinds::looks::{ListRequest, Rights};
use crate::object::ObjectId;
use crate::stack::{FailoverGroup, Resource, Stack};
use crate::state::State;
use crate::steps::{Act, RouteSwitch, Step, StepGraph, Task};

/// The lists to read: permissions in each account, and in each existing group that the run changes.
pub(super) fn lists(stack: &Stack, group: &FailoverGroup, state: &State) -> Vec<ListRequest> {
    scopes(stack, group, state).into_iter().filter_map(|scope| Some((rights(stack, &scope)?.list)(&scope))).collect()
}

/// The scopes of a run: each account, and each existing group with resources that the run changes.
pub(super) fn scopes(stack: &Stack, group: &FailoverGroup, state: &State) -> BTreeSet<ObjectId> {
    let written = super::members::written(stack, group);
    let of = written.iter().chain(&group.promote).filter_map(|address| stack.resources.get(address));
    let mut scopes: BTreeSet<ObjectId> = of.filter_map(|resource| scope(stack, resource, state)).collect();
    scopes.extend(stack.realms().iter().filter_map(|realm| account(stack, realm)));
    scopes
}

/// The permissions of the provider that has this scope.
fn rights(stack: &Stack, scope: &ObjectId) -> Option<&'static Rights> {
    stack.catalog().owner(scope)?.guards.rights
}

/// The account as a scope.
fn account(stack: &Stack, realm: &Realm) -> Option<ObjectId> {
    stack.catalog().provider(realm.provider)?.grammar.of_account(&stack.account_of(realm).id)
}

/// The group of a resource, if it exists; otherwise the account.
fn scope(stack: &Stack, resource: &Resource, state: &State) -> Option<ObjectId> {
    let group = resource.group.as_ref()?;
    match state.resources.get(group) {
        Some(recorded) => Some(recorded.id.clone()),
        None => account(stack, &stack.realm_of(resource)),
    }
}

/// Adds the check.
pub(super) fn check(question: &Question<'_>, graph: &StepGraph, found: &mut Vec<PreflightCheck>) {
    let mut missing: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    let mut unseen = false;
    for step in &graph.steps {
        for (resource, action) in actions(question, step) {
            let Some(scope) = scope(question.stack, resource, question.state) else { continue };
            let Some(rights) = resource.kind.provider().guards.rights else { continue };
            match question.seen.lists.get(&(rights.list)(&scope).object.id) {
                Some(Ok(permissions)) if (rights.allows)(permissions, &action) => {}
                Some(Ok(_)) => drop(missing.entry(action).or_default().insert(step.address.to_string())),
                Some(Err(_)) | None => unseen = true,
            }
        }
    }
    let guard =
        |verdict, what: String, help: &str| PreflightCheck { rule: "rights", verdict, what, help: help.to_owned() };
    for (action, of) in &missing {
        let of: Vec<&str> = of.iter().map(String::as_str).collect();
        let what = format!("missing permission {action}, needed for {}", of.join(", "));
        found.push(guard(
            PreflightStatus::Refuses,
            what,
            "Request a role with this action, or let a user start the run who has it.",
        ));
    }
    if missing.is_empty() {
        let unlisted = unlisted(question, graph);
        found.push(match (unseen, unlisted.as_slice()) {
            (true, _) => {
                guard(PreflightStatus::Warns, "your permissions could not be read in every scope".to_owned(), "")
            }
            (false, []) => guard(PreflightStatus::Passes, "you have the permissions for all steps".to_owned(), ""),
            (false, some) => {
                let what = format!("you have the permissions for all steps but those at {}", some.join(" and "));
                guard(PreflightStatus::Passes, format!("{what}, which lists none"), "")
            }
        });
    }
}

/// The providers that list no permissions, and whose resources the run writes.
fn unlisted(question: &Question<'_>, graph: &StepGraph) -> Vec<&'static str> {
    let written = graph.steps.iter().flat_map(|step| match &step.act {
        Act::Create | Act::Update | Act::Adopt | Act::Delete(_) => vec![&step.address],
        Act::Task(Task::Move { .. } | Task::Power { .. } | Task::Promote { .. }) => vec![&step.address],
        Act::Task(Task::Route { levers, agree: _ }) => levers.iter().flat_map(RouteSwitch::resources).collect(),
        Act::Rename | Act::SetAside(_) | Act::Forget | Act::Task(_) => Vec::new(),
    });
    let providers = written.filter_map(|address| Some(question.stack.resources.get(address)?.kind.provider()));
    let unlisted: BTreeSet<&str> =
        providers.filter(|provider| provider.guards.rights.is_none()).map(|provider| provider.title).collect();
    unlisted.into_iter().collect()
}

/// The actions of a step, each with its resource.
fn actions<'a>(question: &Question<'a>, step: &Step) -> Vec<(&'a Resource, String)> {
    let stack = question.stack;
    let of = |address: &crate::address::Address, word: &str| {
        let resource = stack.resources.get(address)?;
        // A property of another object is written with that object.
        let is_property = resource.kind.place.is_property();
        // A member leaves a list when the object with the list is written.
        let word = if word == "delete" && resource.kind.place.is_member() { "write" } else { word };
        let rights = resource.kind.provider().guards.rights.filter(|_| !is_property)?;
        Some((resource, (rights.action)(resource.kind.type_.name, word)))
    };
    match &step.act {
        Act::Create | Act::Update | Act::Adopt | Act::Task(Task::Move { .. }) => {
            of(&step.address, "write").into_iter().collect()
        }
        Act::Task(Task::Power { on }) => {
            let power = stack.resources.get(&step.address).and_then(|resource| resource.kind.moves.power);
            power
                .and_then(|power| of(&step.address, &format!("{}/action", power.action(*on).name)))
                .into_iter()
                .collect()
        }
        Act::Delete(_) => of(&step.address, "delete").into_iter().collect(),
        Act::Task(Task::Route { levers, agree: _ }) => {
            let changed = levers.iter().flat_map(RouteSwitch::resources);
            changed.filter_map(|address| of(address, "write")).collect()
        }
        Act::Task(Task::Promote { to: _, how, accepted: _ }) => {
            let promoted = stack.resources.get(&step.address).and_then(|resource| {
                let (nothing, promotion) = (Default::default(), resource.kind.promotion?);
                let seen = question.seen.replicas.get(&step.address).unwrap_or(&nothing);
                let to = side_at(question, resource, &question.course.arriving)?;
                let call = stack.with_known(resource, |subject| (promotion.promote)(subject, seen, to, *how));
                let call = call.ok()?;
                let of = resource.kind.grammar().type_of(&call.object.id).unwrap_or_default();
                let word = match call.method {
                    CallMethod::Post(action, _) => format!("{action}/action"),
                    CallMethod::Patch => "write".to_owned(),
                    CallMethod::Run(_) => return None,
                };
                Some((resource, (resource.kind.provider().guards.rights?.action)(&of, &word)))
            });
            promoted.into_iter().collect()
        }
        Act::Rename | Act::SetAside(_) | Act::Forget | Act::Task(_) => Vec::new(),
    }
}
