//! What has to be looked at to know all that stands: which API a kind's objects are read with, and where children of an object are found.

use serde_json::Value as Json;

use crate::address::ArmId;
use crate::kinds::{self, Kind, Place};

/// Every table: each kind's, and for a kind with variants those of the variants, each with the kind that decides it.
pub fn tables() -> impl Iterator<Item = (&'static Kind, Option<&'static str>)> {
    kinds::ALL.iter().flat_map(|kind| match kind.variants {
        None => vec![(*kind, None)],
        Some(variants) => variants.of.iter().map(|(of, kind)| (*kind, Some(*of))).collect(),
    })
}

/// Whether a table's objects are of this type, and not a part or property of another's.
fn is_whole(kind: &Kind, type_: &str) -> bool {
    !matches!(kind.place, Place::Part(..) | Place::Property(_)) && kind.arm.type_.eq_ignore_ascii_case(type_)
}

/// The API version with which an object is read; `None` where no kind has its type.
pub fn api_of(id: &ArmId) -> Option<&'static str> {
    let type_ = id.arm_type()?;
    tables().find(|(kind, _)| is_whole(kind, &type_)).map(|(kind, _)| kind.arm.api)
}

/// The object in whose body an id is a part: a load balancer, for one of its probes.
pub fn whole_of(id: &ArmId) -> Option<ArmId> {
    let type_ = id.arm_type()?;
    let parent = id.parent()?;
    let is_part = |kind: &Kind| match kind.place {
        Place::Part(_, _, segment, _) => {
            let part = parent.child(segment, "x").arm_type();
            part.is_some_and(|part| part.eq_ignore_ascii_case(&type_)) && api_of(&parent).is_some()
        }
        _ => false,
    };
    tables().any(|(kind, _)| is_part(kind)).then_some(parent)
}

/// A list of objects below another.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Collection {
    /// Its path.
    pub path: ArmId,
    /// The API version.
    pub api: &'static str,
}

/// The lists of children that an object may have, and of what extends a resource group and all in it.
pub fn collections(id: &ArmId) -> Vec<Collection> {
    let mut found: Vec<Collection> = Vec::new();
    let is_group = id.parent().is_none() && !id.folded().contains("/providers/");
    for (kind, _) in tables() {
        let path = match kind.place {
            Place::Child(_, segment) => {
                let type_ = id.child(segment, "x").arm_type().unwrap_or_default();
                type_.eq_ignore_ascii_case(kind.arm.type_).then(|| format!("{id}/{segment}"))
            }
            Place::Extension(_) if is_group => Some(format!("{id}/providers/{}", kind.arm.type_)),
            _ => None,
        };
        let collection = path.map(|path| Collection { path: ArmId::new(path), api: kind.arm.api });
        found.extend(collection.filter(|one| !found.contains(one)));
    }
    found
}

/// The children whose ids stand in an object's body.
pub fn embedded(id: &ArmId, body: &Json) -> Vec<ArmId> {
    let mut found = Vec::new();
    collect(id, body, &mut found);
    found
}

fn collect(parent: &ArmId, json: &Json, into: &mut Vec<ArmId>) {
    match json {
        Json::Object(map) => {
            let child = map.get("id").and_then(Json::as_str).map(ArmId::new);
            into.extend(child.filter(|id| id.parent().as_ref() == Some(parent) && api_of(id).is_some()));
            map.values().for_each(|value| collect(parent, value, into));
        }
        Json::Array(items) => items.iter().for_each(|item| collect(parent, item, into)),
        Json::Null | Json::Bool(_) | Json::Number(_) | Json::String(_) => {}
    }
}
