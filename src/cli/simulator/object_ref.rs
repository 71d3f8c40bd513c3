//! An object of the local simulator, by its id or its address in the state.

use std::path::Path;
use std::sync::Arc;

use serde_json::Value as Json;

use super::super::again::again_recorded;
use super::super::location::StackLocation;
use super::super::{Failure, Global, Session};
use crate::address::Address;
use crate::kinds::{self, Grammar};
use crate::object::{Object, ObjectId, Within};
use crate::providers::catalog;
use crate::simulator::Simulator;

/// An object, or an element of a list in one that has a block of its own.
pub(super) struct ObjectRef {
    id: ObjectId,
    within: Option<Within>,
}

impl ObjectRef {
    /// The object of an id or of an address in the state.
    pub(super) fn of(object: &str, stack: &Path, global: &Global, session: &Session) -> Result<Self, Failure> {
        if catalog().is_id(object) {
            return Ok(Self { id: ObjectId::new(object), within: None });
        }
        let address: Address = object.parse().map_err(|_| {
            Failure::failed(format!("`{object}` is neither an id nor an address"))
                .help(format!("List ids: `{}`", again_recorded("simulator show", Path::new("."), global)))
        })?;
        let state = StackLocation::of(stack, global, session)?.state(global, session)?;
        let recorded = state
            .and_then(|mut state| state.resources.remove(&address))
            .map(Arc::unwrap_or_clone)
            .ok_or_else(|| {
                Failure::failed(format!("{address} is not in the state"))
                    .help(format!("List the state: `{}`", again_recorded("state list", stack, global)))
            })?;
        // The object that others refer to; a resource without an object of its own has that of its parent.
        let own = recorded.objects.iter().position(|object| object.id == recorded.id).unwrap_or(0);
        match recorded.objects.into_iter().nth(own) {
            Some(object) => Ok(Self { id: object.id, within: object.within }),
            None => Ok(Self { id: recorded.id, within: None }),
        }
    }

    /// Its id.
    pub(super) const fn id(&self) -> &ObjectId {
        &self.id
    }

    /// Its body.
    pub(super) fn body(&self, world: &Simulator) -> Result<Json, Failure> {
        let absent = || Failure::failed(format!("no such object in the local simulator: {}", self.id));
        let body = world.body(&self.id).ok_or_else(absent)?;
        let object = Object { within: self.within.clone(), ..Object::whole(self.id.clone(), "") };
        kinds::body::part(&object, &body).cloned().ok_or_else(absent)
    }

    /// Writes a value into its body.
    pub(super) fn set(&self, world: &Simulator, path: &str, value: Json) -> Result<(), Failure> {
        let Some(within) = &self.within else { return Ok(world.edit(&self.id, path, value)?) };
        let mut element = self.body(world)?;
        match value {
            Json::Null => kinds::path::remove(&mut element, path),
            value => kinds::path::put(&mut element, path, value),
        }
        self.put_element(world, within, Some(element))
    }

    /// Takes a snapshot of it: the id that its provider gives.
    pub(super) fn snapshot(&self, world: &Simulator) -> Result<String, Failure> {
        Ok(world.snapshot(&self.id)?)
    }

    /// Deletes it.
    pub(super) fn remove(&self, world: &Simulator) -> Result<(), Failure> {
        match &self.within {
            None => Ok(world.delete_object(&self.id)?),
            Some(within) => self.put_element(world, within, None),
        }
    }

    /// Replaces the element, or removes it from its list.
    fn put_element(&self, world: &Simulator, within: &Within, element: Option<Json>) -> Result<(), Failure> {
        match within {
            Within::Paths(paths) => {
                let read = |path: &String| element.as_ref().and_then(|e| kinds::path::get(e, path));
                paths.iter().try_for_each(|path| Ok(world.edit(&self.id, path, read(path).unwrap_or(Json::Null))?))
            }
            Within::Element { list, key, name } => {
                let body = world.body(&self.id).unwrap_or_default();
                let Some(Json::Array(all)) = kinds::path::get(&body, list) else { return Ok(()) };
                let is_it = |item: &Json| kinds::path::text(item, key) == Some(name);
                let kept = |item: Json| if is_it(&item) { element.clone() } else { Some(item) };
                Ok(world.edit(&self.id, list, all.into_iter().filter_map(kept).collect())?)
            }
        }
    }
}
