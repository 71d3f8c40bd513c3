//! Sensitive values of imported resources: they exist in the cloud and cannot be read.
//!
//! The first value that the stack sets is assumed to be the existing one, as for everything that a plan imports. From
//! then on it is kept as a digest, and changes are detected.

use std::sync::Arc;

use serde_json::{Map as JsonMap, Value as Json};

use crate::plan::decide::sealed;
use crate::stack::Stack;
use crate::state::State;
use crate::value::{Seal, SealedValue};

/// True if a state has a sensitive value that was never set.
pub(super) fn any(state: &State) -> bool {
    let arguments = state.resources.values().flat_map(|recorded| recorded.arguments.values());
    arguments.into_iter().any(SealedValue::has_untold)
}

/// The state with the stack's values for those that were never set.
pub(super) fn told(state: &State, stack: &Stack, seal: &Seal) -> State {
    let mut told = state.clone();
    for (address, recorded) in &mut told.resources {
        if !recorded.arguments.values().any(SealedValue::has_untold) {
            continue;
        }
        if let Some(resource) = stack.resources.get(address) {
            let wanted = Json::Object(sealed(&resource.args, seal));
            let recorded = Arc::make_mut(recorded);
            let was = Json::Object(std::mem::take(&mut recorded.arguments));
            if let Some(Json::Object(now)) = fill(was, Some(&wanted)) {
                recorded.arguments = now;
            }
        }
    }
    told
}

fn fill(was: Json, wanted: Option<&Json>) -> Option<Json> {
    if SealedValue::is_untold(&was) {
        return wanted.cloned();
    }
    Some(match was {
        Json::Object(map) => {
            let entry = |(name, value): (String, Json)| {
                let wanted = wanted.and_then(|wanted| wanted.get(&name));
                Some((name, fill(value, wanted)?))
            };
            Json::Object(map.into_iter().filter_map(entry).collect::<JsonMap<_, _>>())
        }
        Json::Array(items) => {
            let item = |(at, item)| fill(item, wanted.and_then(|wanted| wanted.get(at)));
            items.into_iter().enumerate().filter_map(item).collect()
        }
        plain => plain,
    })
}
