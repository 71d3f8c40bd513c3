//! Whether who starts a run may do all that its steps do, as Resource Manager says before anything is asked for.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value as Json;

use super::levers::with_subject;
use super::procedure::side;
use super::survey::List;
use super::{Guard, Question, Verdict};
use crate::address::ArmId;
use crate::kinds::{Method, Place};
use crate::stack::{FailoverGroup, Resource, Stack};
use crate::state::State;
use crate::steps::{Act, Step, StepGraph, Task};

const API: &str = "2022-04-01";
const GROUP: &str = "Microsoft.Resources/resourceGroups";

/// The lists to read: what may be done in the subscription, and in each resource group that stands and that the group works in.
pub(super) fn lists(stack: &Stack, group: &FailoverGroup, state: &State) -> Vec<List> {
    let written = super::survey::written(stack, group);
    let of = written.iter().chain(&group.promote).filter_map(|address| stack.resources.get(address));
    let mut scopes: BTreeSet<ArmId> = of.filter_map(|resource| scope(stack, resource, state)).collect();
    scopes.insert(subscription(stack));
    scopes.into_iter().map(|scope| permissions(&scope)).collect()
}

/// The list of what may be done in a scope.
pub(crate) fn permissions(scope: &ArmId) -> List {
    let id = ArmId::new(format!("{scope}/providers/Microsoft.Authorization/permissions"));
    List { id, api: API, query: Vec::new() }
}

fn subscription(stack: &Stack) -> ArmId {
    ArmId::new(format!("/subscriptions/{}", stack.subscription))
}

/// The resource group that a resource is in, where it stands; the subscription for what stands in none yet.
fn scope(stack: &Stack, resource: &Resource, state: &State) -> Option<ArmId> {
    let group = resource.group.as_ref()?;
    match state.resources.get(group) {
        Some(recorded) => Some(recorded.id.clone()),
        None => Some(subscription(stack)),
    }
}

/// What was found.
pub(super) fn check(question: &Question<'_>, graph: &StepGraph, found: &mut Vec<Guard>) {
    let mut missing: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    let mut unseen = false;
    for step in &graph.steps {
        for (resource, action) in actions(question, step) {
            let Some(scope) = scope(question.stack, resource, question.state) else { continue };
            match question.seen.lists.get(&permissions(&scope).id) {
                Some(Ok(permissions)) if allows(permissions, &action) => {}
                Some(Ok(_)) => drop(missing.entry(action).or_default().insert(step.address.to_string())),
                Some(Err(_)) | None => unseen = true,
            }
        }
    }
    let guard = |verdict, what: String, help: &str| Guard { rule: "rights", verdict, what, help: help.to_owned() };
    for (action, of) in &missing {
        let of: Vec<&str> = of.iter().map(String::as_str).collect();
        let what = format!("you may not do {action}, which {} would need", of.join(", "));
        found.push(guard(
            Verdict::Refuses,
            what,
            "Ask for a role that has this action, or let somebody start the run who has it.",
        ));
    }
    if missing.is_empty() {
        found.push(match unseen {
            true => guard(Verdict::Warns, "what you may do cannot be looked at everywhere".to_owned(), ""),
            false => guard(Verdict::Passes, "you may do all that the steps do".to_owned(), ""),
        });
    }
}

/// The actions that a step takes, each with the resource it is taken on.
fn actions<'a>(question: &Question<'a>, step: &Step) -> Vec<(&'a Resource, String)> {
    let stack = question.stack;
    let of = |address: &crate::address::Address, word: &str| {
        let resource = stack.resources.get(address)?;
        // A property of another object is written with that object.
        let is_property = matches!(resource.kind.place, Place::Property(_));
        (!is_property).then(|| (resource, action_of(resource.kind.arm.type_, word)))
    };
    match &step.act {
        Act::Create | Act::Update | Act::Adopt | Act::Task(Task::Move { .. }) => {
            of(&step.address, "write").into_iter().collect()
        }
        Act::Delete(_) => of(&step.address, "delete").into_iter().collect(),
        Act::Task(Task::Route { levers, agree: _ }) => {
            levers.iter().flat_map(|lever| &lever.moves).filter_map(|(address, _)| of(address, "write")).collect()
        }
        Act::Task(Task::Promote { to: _, how, accepted: _ }) => {
            let promoted = stack.resources.get(&step.address).and_then(|resource| {
                let (nothing, promotion) = (Default::default(), resource.kind.promotion?);
                let seen = question.seen.replicas.get(&step.address).unwrap_or(&nothing);
                let call = with_subject(stack, resource, |subject| {
                    (promotion.promote)(subject, seen, side(question.verb), *how)
                });
                let call = call.ok()?;
                let type_ = call.id.arm_type()?;
                let action = match call.method {
                    Method::Post(action, _) => format!("{type_}/{action}/action"),
                    Method::Patch => format!("{type_}/write"),
                };
                Some((resource, action))
            });
            promoted.into_iter().collect()
        }
        Act::SetAside(_) | Act::Forget | Act::Task(_) => Vec::new(),
    }
}

/// The action by which rights name what is done to objects of a type: `Microsoft.Sql/servers/write`.
pub(crate) fn action_of(type_: &str, word: &str) -> String {
    // Resource groups are called otherwise in rights than in ids.
    let type_ = if type_ == GROUP { "Microsoft.Resources/subscriptions/resourceGroups" } else { type_ };
    format!("{type_}/{word}")
}

/// Whether permissions allow an action: some entry names it and does not take it back.
pub(crate) fn allows(permissions: &Json, action: &str) -> bool {
    let entries = permissions.get("value").and_then(Json::as_array).into_iter().flatten();
    let names = |entry: &Json, list: &str| {
        let patterns = entry.get(list).and_then(Json::as_array).into_iter().flatten().filter_map(Json::as_str);
        patterns.into_iter().any(|pattern| covers(&pattern.to_ascii_lowercase(), &action.to_ascii_lowercase()))
    };
    entries.into_iter().any(|entry| names(entry, "actions") && !names(entry, "notActions"))
}

/// Whether a pattern of an action, in which `*` stands for anything, covers an action. Both in lower case.
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
    fn an_action_is_allowed_by_what_names_it_and_does_not_take_it_back() {
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
    fn a_star_stands_for_anything() {
        assert!(covers("a/*/write", "a/b/c/write"));
        assert!(covers("*", "a/b/write"));
        assert!(!covers("a/*/write", "a/b/delete"));
        assert!(!covers("a/b", "a/b/c"));
    }
}
