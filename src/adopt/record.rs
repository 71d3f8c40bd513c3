//! What is recorded of an adopted stack: every resource as it stands, and nothing of secrets, which nobody could read.

use std::collections::BTreeMap;

use serde_json::{Map as JsonMap, Value as Json};

use crate::address::{Address, ArmId};
use crate::kinds::body;
use crate::plan::sealed;
use crate::stack::{Knowledge, Resource, Stack};
use crate::state::{Recorded, State, Status};
use crate::value::{Seal, Sealed, Value};

/// What stands for a secret while the text of an adopted stack is held against what stands. It is never kept.
pub const STAND_IN: &str = "what stands, and cannot be read";

/// The state of a stack whose resources stand as these bodies say, and nothing of it was recorded before. `after` is the serial of what it takes the place of: a
/// run that started from that must not be folded into this.
pub fn record(stack: &Stack, bodies: &BTreeMap<ArmId, Json>, lineage: String, after: u64, seal: &Seal) -> State {
    let stand_in = seal.seal(&Value::from(STAND_IN).sensitive()).json().clone();
    let one = |resource: &Resource| (resource.address.clone(), recorded(stack, resource, bodies, seal, &stand_in));
    let resources: BTreeMap<Address, Recorded> = stack.resources.values().map(one).collect();
    State { serial: after + 1, resources, ..State::empty(&stack.name, lineage) }
}

fn recorded(
    stack: &Stack,
    resource: &Resource,
    bodies: &BTreeMap<ArmId, Json>,
    seal: &Seal,
    stand_in: &Json,
) -> Recorded {
    let plain: JsonMap<String, Json> =
        resource.args.iter().filter_map(|(name, value)| Some((name.to_string(), value.reveal().ok()?))).collect();
    let part = |object: &crate::kinds::Object| bodies.get(&object.id).and_then(|whole| body::part(object, whole));
    let answers: Vec<Json> = resource.objects.iter().map(|object| part(object).cloned().unwrap_or_default()).collect();
    let attributes =
        stack.with_subject(resource, &plain, &Knowledge::default(), |subject| body::attributes(subject, &answers));
    let mut arguments = sealed(&resource.args, seal);
    arguments.values_mut().for_each(|value| untell(value, stand_in));
    Recorded::of(resource, arguments, attributes, Status::Standing)
}

/// Where the stand-in is, nothing was told.
fn untell(value: &mut Json, stand_in: &Json) {
    if value == stand_in {
        *value = Sealed::untold();
        return;
    }
    match value {
        Json::Object(map) => map.values_mut().for_each(|inner| untell(inner, stand_in)),
        Json::Array(items) => items.iter_mut().for_each(|inner| untell(inner, stand_in)),
        Json::Null | Json::Bool(_) | Json::Number(_) | Json::String(_) => {}
    }
}
