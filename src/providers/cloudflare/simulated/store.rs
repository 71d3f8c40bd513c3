//! Objects of the API in the world: their ids there, and how drplan's ids name them.

use serde_json::{Map, Value as Json, json};

use super::state::CloudflareState;
use super::{NAME, zones};
use crate::object::ObjectId;
use crate::simulator::dialect::ProviderName;
use crate::simulator::world::{Lifecycle, SimulatedObject, World};

/// The objects of one type in one zone or account: `zones/{id}/dns_records`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Collection {
    path: String,
    /// The last segment: the type of the objects.
    pub(super) of: &'static str,
}

impl Collection {
    /// Objects of a zone.
    pub(super) fn of_zone(zone: &str, of: &'static str) -> Self {
        Self { path: format!("zones/{zone}/{of}"), of }
    }

    /// Objects of load balancing of an account.
    pub(super) fn of_account(account: &str, of: &'static str) -> Self {
        Self { path: format!("accounts/{account}/load_balancers/{of}"), of }
    }

    fn id(&self, id: &str) -> ObjectId {
        ObjectId::new(format!("{NAME}:{}/{id}", self.path))
    }

    fn key(&self, id: &str) -> String {
        SimulatedObject::key_of(&ProviderName::of(NAME), &self.id(id))
    }

    /// The bodies of all objects, in the order of their creation.
    pub(super) fn all(&self, world: &World) -> Vec<Json> {
        let mut all: Vec<&SimulatedObject> = self.objects(world).collect();
        all.sort_by(|one, other| order(one).cmp(&order(other)));
        all.into_iter().map(|object| object.body.to_json()).collect()
    }

    fn objects<'w>(&self, world: &'w World) -> impl Iterator<Item = &'w SimulatedObject> + use<'w> {
        let of = self.of;
        let path = format!("{NAME}:{NAME}:{}", self.path);
        world.below(&path).map(|(_, object)| object).filter(move |object| object.type_ == of)
    }

    /// The body of an object.
    pub(super) fn get<'w>(&self, world: &'w World, id: &str) -> Option<&'w Json> {
        world.standing(&self.key(id)).map(|object| &*object.body)
    }

    /// A new id and the time of its creation.
    pub(super) fn make(&self, world: &mut World) -> String {
        let state: &mut CloudflareState = world.parts.get_mut();
        state.made += 1;
        let number = state.made.to_string();
        world.changes.rest = true;
        world.seed.guid(&[NAME, self.of, &number]).replace('-', "")
    }

    /// Creates or replaces an object. The body has its id.
    pub(super) fn put(&self, world: &mut World, id: &str, mut body: Map<String, Json>) -> Json {
        let now = json!(world.now.to_string());
        let before = self.get(world, id).and_then(|body| body.get("created_on")).cloned();
        body.insert("id".to_owned(), json!(id));
        body.insert("created_on".to_owned(), before.unwrap_or_else(|| now.clone()));
        body.insert("modified_on".to_owned(), now);
        let body = Json::Object(body);
        let version = world.object(&self.key(id)).map_or(0, |object| object.version + 1);
        world.insert(SimulatedObject {
            id: self.id(id),
            provider: ProviderName::of(NAME),
            type_: self.of.to_owned(),
            body: body.clone().into(),
            stage: Lifecycle::Standing,
            version,
            refers: Default::default(),
            operation: None,
            hollow: false,
        });
        body
    }

    /// Deletes an object.
    pub(super) fn delete(&self, world: &mut World, id: &str) {
        world.take(&self.key(id));
    }
}

/// The order of objects: by creation, then by id.
fn order(object: &SimulatedObject) -> (&str, &str) {
    let made = object.body.get("created_on").and_then(Json::as_str);
    (made.unwrap_or_default(), object.id.as_str())
}

/// All objects of a type, of any zone or account.
pub(super) fn of_type<'w>(world: &'w World, of: &'static str) -> impl Iterator<Item = &'w SimulatedObject> {
    world.objects().filter(move |object| object.provider.as_str() == NAME && object.type_ == of)
}

/// The object of a type with this id, of any account: an id is unique.
pub(super) fn find<'w>(world: &'w World, of: &'static str, id: &str) -> Option<&'w Json> {
    of_type(world, of).find(|object| object.id.name() == id).map(|object| &*object.body)
}

/// True for the body of an object that is looked for.
type IsFound<'a> = Box<dyn Fn(&Json) -> bool + 'a>;

/// The key of the object that drplan knows by this id, which follows from names.
pub(super) fn known(world: &World, id: &ObjectId) -> Option<String> {
    let segments: Vec<&str> = id.as_str().strip_prefix(NAME)?.strip_prefix(':')?.split('/').collect();
    let text = |body: &Json, name: &str, wanted: &str| body.get(name).and_then(Json::as_str) == Some(wanted);
    let zone = |zone: &str| match zone.contains('.') {
        true => zones::id_of(world, zone),
        false => zone.to_owned(),
    };
    let (collection, found): (Collection, IsFound<'_>) = match segments.as_slice() {
        ["zones", of, "dns_records", type_, name] => (
            Collection::of_zone(&zone(of), "dns_records"),
            Box::new(move |body| text(body, "type", type_) && text(body, "name", name)),
        ),
        ["zones", of, "load_balancers", name] => {
            (Collection::of_zone(&zone(of), "load_balancers"), Box::new(move |body| text(body, "name", name)))
        }
        ["accounts", of, "load_balancers", "pools", name] => {
            (Collection::of_account(of, "pools"), Box::new(move |body| text(body, "name", name)))
        }
        ["accounts", of, "load_balancers", "monitors", name] => {
            (Collection::of_account(of, "monitors"), Box::new(move |body| text(body, "description", name)))
        }
        _ => return None,
    };
    collection.objects(world).find(|object| found(&object.body)).map(SimulatedObject::key)
}
