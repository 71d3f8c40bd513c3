//! Permissions of the operator for all steps of a run, as Resource Manager reports them before the first request.

use crate::providers::azure::ids::AzureId;
use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value as Json;

use super::course::{Question, side_at};
use super::reads::ListRequest;
use super::{PreflightCheck, PreflightStatus};
use crate::kinds::{CallMethod, body};
use crate::object::{Object, ObjectId};
use crate::stack::{FailoverGroup, Resource, Stack};
use crate::state::State;
use crate::steps::{Act, RouteSwitch, Step, StepGraph, Task};

const API: &str = "2022-04-01";
const GROUP: &str = "Microsoft.Resources/resourceGroups";

/// The lists to read: permissions in the subscription, and in each existing resource group that the run changes.
pub(super) fn lists(stack: &Stack, group: &FailoverGroup, state: &State) -> Vec<ListRequest> {
    scopes(stack, group, state).into_iter().map(|scope| permissions(&scope)).collect()
}

/// The scopes of a run: the subscription, and each existing resource group with resources that the run changes.
pub(super) fn scopes(stack: &Stack, group: &FailoverGroup, state: &State) -> BTreeSet<ObjectId> {
    let written = super::members::written(stack, group);
    let of = written.iter().chain(&group.promote).filter_map(|address| stack.resources.get(address));
    let mut scopes: BTreeSet<ObjectId> = of.filter_map(|resource| scope(stack, resource, state)).collect();
    scopes.insert(subscription(stack));
    scopes
}

/// The list of permissions in a scope.
pub(crate) fn permissions(scope: &ObjectId) -> ListRequest {
    let id = ObjectId::new(format!("{scope}/providers/Microsoft.Authorization/permissions"));
    ListRequest { object: Object::whole(id, API), query: Vec::new() }
}

/// The subscription as a scope.
pub(super) fn subscription(stack: &Stack) -> ObjectId {
    body::scope(&stack.account)
}

/// The resource group of a resource, if it exists; otherwise the subscription.
fn scope(stack: &Stack, resource: &Resource, state: &State) -> Option<ObjectId> {
    let group = resource.group.as_ref()?;
    match state.resources.get(group) {
        Some(recorded) => Some(recorded.id.clone()),
        None => Some(subscription(stack)),
    }
}

/// Adds the check.
pub(super) fn check(question: &Question<'_>, graph: &StepGraph, found: &mut Vec<PreflightCheck>) {
    let mut missing: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    let mut unseen = false;
    for step in &graph.steps {
        for (resource, action) in actions(question, step) {
            let Some(scope) = scope(question.stack, resource, question.state) else { continue };
            match question.seen.lists.get(&permissions(&scope).object.id) {
                Some(Ok(permissions)) if allows(permissions, &action) => {}
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
        found.push(match unseen {
            true => guard(PreflightStatus::Warns, "your permissions could not be read in every scope".to_owned(), ""),
            false => guard(PreflightStatus::Passes, "you have the permissions for all steps".to_owned(), ""),
        });
    }
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
        (!is_property).then(|| (resource, action_of(resource.kind.type_.name, word)))
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
                let of = call.object.id.arm_type().unwrap_or_default();
                let action = match call.method {
                    CallMethod::Post(action, _) => format!("{of}/{action}/action"),
                    CallMethod::Patch => format!("{of}/write"),
                };
                Some((resource, action))
            });
            promoted.into_iter().collect()
        }
        Act::Rename | Act::SetAside(_) | Act::Forget | Act::Task(_) => Vec::new(),
    }
}

/// The permission for an operation on objects of a type: `Microsoft.Sql/servers/write`.
pub(crate) fn action_of(type_: &str, word: &str) -> String {
    // Permissions name the type of resource groups differently from ids.
    let type_ = if type_ == GROUP { "Microsoft.Resources/subscriptions/resourceGroups" } else { type_ };
    format!("{type_}/{word}")
}

/// True if an entry of the permissions includes an action and does not exclude it.
pub(crate) fn allows(permissions: &Json, action: &str) -> bool {
    let entries = permissions.get("value").and_then(Json::as_array).into_iter().flatten();
    let names = |entry: &Json, list: &str| {
        let patterns = entry.get(list).and_then(Json::as_array).into_iter().flatten().filter_map(Json::as_str);
        patterns.into_iter().any(|pattern| covers(&pattern.to_ascii_lowercase(), &action.to_ascii_lowercase()))
    };
    entries.into_iter().any(|entry| names(entry, "actions") && !names(entry, "notActions"))
}

/// True if a pattern with `*` wildcards matches an action. Both in lower case.
fn covers(pattern: &str, action: &str) -> bool {
    let mut parts = pattern.split('*');
    let Some(mut rest) = parts.next().and_then(|first| action.strip_prefix(first)) else { return false };
    let mut parts = parts.peekable();
    if parts.peek().is_none() {
        return rest.is_empty();
    }
    while let Some(part) = parts.next() {
        if parts.peek().is_none() {
            return rest.ends_with(part);
        }
        match rest.find(part) {
            Some(at) => rest = rest.get(at + part.len()..).unwrap_or_default(),
            None => return false,
        }
    }
    true
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn action_is_allowed_if_an_entry_includes_it_and_does_not_exclude_it() {
        let contributor = json!({ "value": [{ "actions": ["*"], "notActions": ["Microsoft.Authorization/*/Write"] }] });
        assert!(allows(&contributor, "Microsoft.Sql/servers/failoverGroups/failover/action"));
        assert!(!allows(&contributor, "Microsoft.Authorization/locks/write"));
        let reader = json!({ "value": [{ "actions": ["*/read"], "notActions": [] }] });
        assert!(!allows(&reader, "Microsoft.Sql/servers/failoverGroups/failover/action"));
        let both = json!({ "value": [reader["value"][0], { "actions": ["microsoft.sql/servers/*"] }] });
        assert!(allows(&both, "Microsoft.Sql/servers/failoverGroups/failover/action"));
        assert!(!allows(&json!({}), "a/b"));
    }

    #[test]
    fn star_matches_any_text() {
        assert!(covers("a/*/write", "a/b/c/write"));
        assert!(covers("*", "a/b/write"));
        assert!(!covers("a/*/write", "a/b/delete"));
        assert!(!covers("a/b", "a/b/c"));
    }
}
