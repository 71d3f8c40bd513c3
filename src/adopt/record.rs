//! State of an imported stack: every resource as it exists, without secrets, which cannot be read.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde_json::Value as Json;

use crate::address::Address;
use crate::kinds::{body, mark::Owner};
use crate::object::ObjectId;
use crate::plan::sealed;
use crate::stack::{Resource, Stack};
use crate::state::{Recorded, State, Status};
use crate::value::{Seal, SealedValue, Value};

/// Placeholder for a secret while the text of an imported stack is evaluated. It keeps the rules for passwords, and is
/// never stored.
pub const STAND_IN: &str = "Stand-in for a secret that cannot be read";

/// State of a stack whose resources exist with these bodies. `after` is the serial of the state that it replaces, so
/// that a run that started from that one is not folded into this one.
pub fn record(stack: &Stack, bodies: &BTreeMap<ObjectId, Json>, lineage: String, after: u64, seal: &Seal) -> State {
    let stand_in = seal.seal(&Value::from(STAND_IN).sensitive()).into_json();
    let one =
        |resource: &Resource| (resource.address.clone(), Arc::new(recorded(stack, resource, bodies, seal, &stand_in)));
    let resources: BTreeMap<Address, Arc<Recorded>> = stack.resources.values().map(one).collect();
    State { serial: after + 1, resources, ..State::empty(&stack.name, lineage) }
}

fn recorded(
    stack: &Stack,
    resource: &Resource,
    bodies: &BTreeMap<ObjectId, Json>,
    seal: &Seal,
    stand_in: &Json,
) -> Recorded {
    let part = |object: &crate::object::Object| bodies.get(&object.id).and_then(|whole| body::part(object, whole));
    let answers: Vec<Json> = resource.objects.iter().map(|object| part(object).cloned().unwrap_or_default()).collect();
    let attributes = stack.with_known(resource, |subject| body::attributes(subject, &answers));
    let mut arguments = sealed(&resource.args, seal);
    arguments.values_mut().for_each(|value| untell(value, stand_in));
    let owner = resource.kind.odd.main(&answers).and_then(Owner::of).map(|owner| owner.lineage);
    Recorded { owner, ..Recorded::of(resource, arguments, attributes, Status::Standing) }
}

/// Replaces the placeholder by an untold value.
fn untell(value: &mut Json, stand_in: &Json) {
    if value == stand_in {
        *value = SealedValue::untold();
        return;
    }
    match value {
        Json::Object(map) => map.values_mut().for_each(|inner| untell(inner, stand_in)),
        Json::Array(items) => items.iter_mut().for_each(|inner| untell(inner, stand_in)),
        Json::Null | Json::Bool(_) | Json::Number(_) | Json::String(_) => {}
    }
}
