//! The configuration that a failover run depends on, as its journal keeps it; its differences from what the stack has
//! become, and the steps that take their place.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map as JsonMap, Value as Json};

use super::FailoverRun;
use crate::address::Address;
use crate::failover::Procedure;
use crate::plan::sealed;
use crate::stack::{FailoverGroup, Stack, with_guarded_url};
use crate::steps::{Act, Phase, RunText, Step, StepGraph, StepId, Task};
use crate::value::{Map, Seal, SealedValue, Value};

/// The longest value in a difference.
const LONGEST: usize = 60;

/// The configuration of a group and of the resources that these steps change. Sensitive values are digests.
pub fn text_of(stack: &Stack, group: &FailoverGroup, steps: &StepGraph, seal: &Seal) -> RunText {
    let own = stack.resources.values().filter(|resource| group.stands_up(resource)).map(|resource| &resource.address);
    let members = group.promote.iter().chain(&group.quiesce).chain(&group.fence);
    let addresses: BTreeSet<Address> = own.chain(members).cloned().chain(steps.changes()).collect();
    let resources = addresses.into_iter().filter_map(|address| stack.resources.get(&address));
    let mut text: BTreeMap<String, JsonMap<String, Json>> =
        resources.map(|resource| (resource.address.to_string(), sealed(&resource.args, seal))).collect();
    for route in &group.routes {
        text.insert(format!("route.{}", route.name), sealed(&route.args, seal));
    }
    for probe in &group.probes {
        let status = Value::from_json(&Json::from(probe.status));
        let args = Map::from_iter([("url".into(), probe.url.clone()), ("status".into(), status)]);
        text.insert(format!("probe.{}", probe.name), sealed(&with_guarded_url(&args), seal));
    }
    for step in &group.steps {
        text.insert(format!("step.{}", step.name), sealed(&with_guarded_url(&step.arguments), seal));
    }
    text
}

/// The differences between two configurations, a line each. Values that one of them does not know are left out.
pub fn text_differences(before: &RunText, after: &RunText) -> Vec<String> {
    let nothing = JsonMap::new();
    let blocks: BTreeSet<&String> = before.keys().chain(after.keys()).collect();
    let mut lines = Vec::new();
    for block in blocks {
        let (was, is) = (before.get(block), after.get(block));
        match (was, is) {
            (None, Some(_)) => lines.push(format!("{block}: added")),
            (Some(_), None) => lines.push(format!("{block}: removed")),
            _ => {}
        }
        let (Some(was), Some(is)) = (was.or(Some(&nothing)).filter(|_| was.is_some() && is.is_some()), is) else {
            continue;
        };
        let names: BTreeSet<&String> = was.keys().chain(is.keys()).collect();
        for name in names {
            let (was, is) = (was.get(name), is.get(name));
            let is_unknown = |value: Option<&Json>| value.is_some_and(has_unknown);
            if was != is && !is_unknown(was) && !is_unknown(is) {
                lines.push(format!("{block}.{name}: {} -> {}", shown(was), shown(is)));
            }
        }
    }
    lines
}

/// True for a value with an unknown part.
fn has_unknown(value: &Json) -> bool {
    SealedValue::waits_for(value).is_some()
        || match value {
            Json::Array(items) => items.iter().any(has_unknown),
            Json::Object(fields) => fields.values().any(has_unknown),
            _ => false,
        }
}

fn shown(value: Option<&Json>) -> String {
    match value {
        None => "(none)".to_owned(),
        Some(value) if has_sensitive(value) => "(sensitive)".to_owned(),
        Some(value) => {
            let text = value.to_string();
            match text.chars().count() > LONGEST {
                true => text.chars().take(LONGEST).chain("…".chars()).collect(),
                false => text,
            }
        }
    }
}

fn has_sensitive(value: &Json) -> bool {
    SealedValue::is_sensitive(value)
        || match value {
            Json::Array(items) => items.iter().any(has_sensitive),
            Json::Object(fields) => fields.values().any(has_sensitive),
            _ => false,
        }
}

impl FailoverRun {
    /// The steps of this procedure as those that remain of the run: without the group's own steps that are done, which
    /// must not happen twice.
    pub fn remaining(&self, procedure: &Procedure) -> Vec<Step> {
        let status = self.status().ok();
        let is_done = |step: &Step| {
            let own = self.graph.steps.iter().filter(|own| own.address == step.address && is_custom(own));
            is_custom(step)
                && own.into_iter().any(|own| status.as_ref().and_then(|s| s.phase(own.id)) == Some(Phase::Succeeded))
        };
        let steps = &procedure.steps.steps;
        let mut ids: BTreeMap<StepId, Vec<StepId>> = BTreeMap::new();
        let mut remaining: Vec<Step> = Vec::new();
        let order = procedure.steps.order();
        let kept: BTreeMap<StepId, StepId> = steps
            .iter()
            .filter(|step| !is_done(step))
            .zip(self.graph.steps.len()..)
            .map(|(step, id)| (step.id, StepId(u32::try_from(id).unwrap_or(u32::MAX))))
            .collect();
        // A step that is done passes on what it needed.
        for step in order.into_iter().filter_map(|id| procedure.steps.step(id)) {
            let needs = step.needs.iter().filter_map(|need| ids.get(need)).flatten().copied();
            let needs: BTreeSet<StepId> = needs.collect();
            match kept.get(&step.id) {
                Some(id) => {
                    ids.insert(step.id, vec![*id]);
                    remaining.push(Step { id: *id, needs: needs.into_iter().collect(), ..step.clone() });
                }
                None => drop(ids.insert(step.id, needs.into_iter().collect())),
            }
        }
        remaining.sort_by_key(|step| step.id);
        remaining
    }
}

/// True for a step of the group's own.
fn is_custom(step: &Step) -> bool {
    matches!(step.act, Act::Task(Task::Custom { .. }))
}
