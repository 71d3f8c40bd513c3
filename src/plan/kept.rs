//! Arguments whose value in the cloud stays: those under `ignore_changes`, those that the text leaves to others, and
//! sizes that the provider increases by itself.

use serde_json::{Map as JsonMap, Value as Json};

use crate::kinds::Kept;
use crate::plan::decide::top;
use crate::plan::{ArgumentChange, Drift};
use crate::stack::{Resource, Stack};
use crate::state::State;
use crate::value::{SealedValue, Value};

/// Pins such arguments of existing resources at their current values.
pub(super) fn pin(stack: &mut Stack, now: Option<&State>) {
    let mut pins = Vec::new();
    for resource in stack.resources.values() {
        let Some(recorded) = now.and_then(|now| now.resources.get(&resource.address)) else { continue };
        for name in
            resource.kind.args.iter().map(|arg| arg.name).filter(|name| stays(resource, name, &recorded.arguments))
        {
            let value = recorded.arguments.get(name);
            if value.is_some_and(|value| SealedValue::waits_for(value).is_some()) {
                continue;
            }
            // A secret cannot be written again, and is left out.
            let value = value.filter(|value| !SealedValue::is_sensitive(value)).map(Value::from_json);
            pins.push((resource.address.clone(), name, value));
        }
    }
    for (address, name, value) in pins {
        stack.pin(&address, name, value);
    }
}

/// Removes such arguments from the drift.
pub(super) fn expect(stack: &Stack, drift: &mut Vec<Drift>) {
    for one in drift.iter_mut() {
        if let Some(resource) = stack.resources.get(&one.address) {
            one.arguments.retain(|change| !is_expected(resource, change));
        }
    }
    drift.retain(|one| one.gone || !one.arguments.is_empty());
}

fn is_expected(resource: &Resource, change: &ArgumentChange) -> bool {
    let name = top(&change.path);
    let number = |side: &Option<SealedValue>| side.as_ref().and_then(|value| value.json().as_i64());
    is_left_to_others(resource, name)
        || grows(resource, name) && number(&change.before).zip(number(&change.after)).is_some_and(|(was, is)| is > was)
}

/// True if the recorded value of an argument stays, whatever the stack sets.
fn stays(resource: &Resource, name: &str, recorded: &JsonMap<String, Json>) -> bool {
    let wanted = || resource.args.get(name).and_then(|value| value.reveal().ok()).and_then(|value| value.as_i64());
    let is = recorded.get(name).and_then(Json::as_i64);
    resource.ignore_changes.contains(name)
        || (is_left_to_others(resource, name) && recorded.contains_key(name))
        || grows(resource, name) && wanted().zip(is).is_some_and(|(wanted, is)| is > wanted)
}

fn is_left_to_others(resource: &Resource, name: &str) -> bool {
    let is_left_out = || resource.kind.arg(name).is_some_and(|arg| arg.kept == Kept::LeftOut);
    resource.ignore_changes.contains(name) || (!resource.spans.contains_key(name) && is_left_out())
}

/// True if the provider increases this argument by itself.
fn grows(resource: &Resource, name: &str) -> bool {
    let by = match resource.kind.arg(name).map(|arg| arg.kept) {
        Some(Kept::Growing(by)) => by,
        _ => return false,
    };
    resource.args.get(by).and_then(|value| value.reveal().ok()) == Some(Json::Bool(true))
}
