//! Parts of a request that every route reads: its body, its region, and the list or the object that it wants.

use serde_json::{Map, Value as Json};

use super::answers::{Refused, page, success};
use super::filter::filtered;
use super::store;
use crate::providers::linode::TABLES;
use crate::simulator::request::{ErrorResponse, Request, Response};
use crate::simulator::world::World;

/// A request with its route: the segments of its path after those of the type.
pub(super) struct Route<'a> {
    pub(super) request: &'a Request,
    pub(super) rest: &'a [&'a str],
    /// The error with which the operation of the request is to end.
    pub(super) fails: Option<ErrorResponse>,
}

impl Route<'_> {
    /// The body of a write. An absent one is empty.
    pub(super) fn body(&self) -> Result<Map<String, Json>, Refused> {
        match &self.request.body {
            Ok(Some(Json::Object(body))) => Ok(body.clone()),
            Ok(None) => Ok(Map::new()),
            Ok(Some(_)) => Err(Refused::new(400, "Invalid JSON: expected an object")),
            Err(why) => Err(Refused::new(400, format!("Invalid JSON: {why}"))),
        }
    }

    /// Refuses a request whose write is complete when it is answered, and which is to fail.
    pub(super) fn at_once(&self) -> Result<(), Refused> {
        self.fails.as_ref().map_or(Ok(()), |failure| Err(Refused::of(failure)))
    }
}

/// A list of objects of a type, as the request wants it.
pub(super) fn list(world: &World, of: &'static str, request: &Request) -> Result<Response, Refused> {
    let all = store::all(world, of).into_iter().map(store::shown).collect();
    page(filtered(all, request)?, request)
}

/// An object, as the API shows it.
pub(super) fn one(world: &World, of: &'static str, number: &str) -> Result<Response, Refused> {
    Ok(success(&store::shown(store::get(world, of, number)?)))
}

/// Refuses a region that does not exist or is lost.
pub(super) fn region(world: &World, name: &str) -> Result<(), Refused> {
    if !TABLES.regions.iter().any(|region| region.name == name) {
        return Err(Refused::field("region", "region is not valid"));
    }
    store::reach(world, name)
}
