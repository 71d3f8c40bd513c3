//! Requests that find all existing resources: the API version of a kind's objects, and the lists of an object's
//! children.

use serde_json::Value as Json;

use crate::kinds::{ChildList, Kind, Place, Tables};
use crate::object::{Collection, ObjectId};

/// The tables of objects: one for each kind, or one for each variant of a kind, with the kind that selects it.
pub fn tables(of: &Tables) -> impl Iterator<Item = (&'static Kind, Option<&'static str>)> + use<> {
    // A kind whose type is an argument has no type of its own.
    let own = of.tables().filter(|table| table.kind.typed.is_none() && table.kind.variants.is_none());
    own.map(|table| (table.kind, table.variant.map(|(_, of)| of)))
}

/// True if a table's objects are whole objects of this type.
fn is_whole(kind: &Kind, type_: &str) -> bool {
    kind.place.is_whole() && kind.type_.name.eq_ignore_ascii_case(type_)
}

/// The API version with which an object is read; `None` where no kind has its type.
pub fn api_of(of: &Tables, id: &ObjectId) -> Option<&'static str> {
    let type_ = of.grammar.type_of(id)?;
    tables(of).find(|(kind, _)| is_whole(kind, &type_)).map(|(kind, _)| kind.type_.version)
}

/// The object whose body contains the part or membership with this id: a load balancer, for one of its probes.
pub fn whole_of(of: &Tables, id: &ObjectId) -> Option<ObjectId> {
    let type_ = of.grammar.type_of(id)?;
    let parent = of.grammar.parent(id)?;
    let whole = |kind: &Kind| match kind.place {
        Place::Part(_, _, segment, _) => {
            let part = of.grammar.type_of(&parent.child(segment, "x"));
            part.is_some_and(|part| part.eq_ignore_ascii_case(&type_)).then(|| parent.clone())
        }
        Place::Member(among) => among.whole(id),
        _ => None,
    };
    tables(of).filter_map(|(kind, _)| whole(kind)).find(|whole| api_of(of, whole).is_some())
}

/// A list of objects below another.
pub struct ChildCollection {
    /// The list.
    pub list: Collection,
    /// The list in the table of the object's kind, where the type of the children has no kind.
    pub other: Option<&'static ChildList>,
}

/// Lists of the possible children of an object with this body, and of the extensions of a resource group and its
/// resources.
pub fn collections(of: &Tables, id: &ObjectId, body: &Json) -> Vec<ChildCollection> {
    let type_ = of.grammar.type_of(id).unwrap_or_default();
    let mut found: Vec<ChildCollection> = Vec::new();
    for (kind, _) in tables(of) {
        let path = match kind.place {
            Place::Child(_, segment) => {
                let type_ = of.grammar.type_of(&id.child(segment, "x")).unwrap_or_default();
                type_.eq_ignore_ascii_case(kind.type_.name).then(|| ObjectId::new(format!("{id}/{segment}")))
            }
            Place::Extension(_) => of.grammar.extensions(id, kind.type_.name),
            _ => None,
        };
        let own = kind.adoption.others.iter().filter(|list| is_whole(kind, &type_) && (list.of)(body));
        let others = own.map(|other| (ObjectId::new(format!("{id}/{}", other.segment)), Some(other)));
        for (path, other) in path.map(|path| (path, None)).into_iter().chain(others) {
            let list = Collection::new(path, kind.type_.version);
            if !found.iter().any(|other| other.list.path == list.path) {
                found.push(ChildCollection { list, other });
            }
        }
    }
    found
}

/// Children whose ids an object's body contains.
pub fn embedded(of: &Tables, id: &ObjectId, body: &Json) -> Vec<ObjectId> {
    let mut found = Vec::new();
    collect(of, id, body, &mut found);
    found
}

fn collect(of: &Tables, parent: &ObjectId, json: &Json, into: &mut Vec<ObjectId>) {
    match json {
        Json::Object(map) => {
            let child = map.get("id").and_then(Json::as_str).map(ObjectId::new);
            into.extend(child.filter(|id| of.grammar.parent(id).as_ref() == Some(parent) && api_of(of, id).is_some()));
            map.values().for_each(|value| collect(of, parent, value, into));
        }
        Json::Array(items) => items.iter().for_each(|item| collect(of, parent, item, into)),
        Json::Null | Json::Bool(_) | Json::Number(_) | Json::String(_) => {}
    }
}
