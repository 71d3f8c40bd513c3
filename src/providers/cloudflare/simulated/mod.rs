//! The dialect of Cloudflare's API in the local simulator, and its edge in the public network.
//!
//! The simulated account owns every domain: a look-up of any registrable name finds an active zone, except below
//! `.invalid`. Writes are synchronous. It must not know drplan's client, which is tested against it.

mod answers;
mod balancing;
mod hosts;
mod limits;
mod records;
mod requests;
mod routes;
mod rules;
mod shape;
mod state;
mod store;
#[cfg(test)]
mod tests;
mod zones;

use crate::kinds::Lead;
use crate::object::ObjectId;
use crate::simulator::dialect::{Dialect, Part};
use crate::simulator::request::{ErrorResponse, Request, Response};
use crate::simulator::world::{SimulatedObject, World};

/// The name of the provider.
const NAME: &str = "cloudflare";
/// The URL of the API.
const ENDPOINT: &str = "https://api.cloudflare.com";

/// The dialect of Cloudflare.
#[derive(Debug)]
pub(crate) struct Cloudflare;

impl Dialect for Cloudflare {
    fn name(&self) -> &'static str {
        NAME
    }

    fn endpoint(&self) -> &'static str {
        ENDPOINT
    }

    fn part(&self) -> Option<Box<dyn Part>> {
        Some(Box::new(state::CloudflareState::default()))
    }

    fn refuse(&self, failure: &ErrorResponse) -> Response {
        answers::Refused::of(failure).response()
    }

    fn answer(&self, world: &mut World, request: &Request, fails: Option<ErrorResponse>) -> Response {
        let admitted = limits::admit(world).and_then(|()| match fails {
            // Every write is complete when it is answered, so that a failure is a refusal.
            Some(failure) => Err(answers::Refused::of(&failure)),
            None => routes::route(world, request),
        });
        admitted.unwrap_or_else(|refused| refused.response())
    }

    fn sign(&self, world: &World, response: Response, _: &Request, number: u64) -> Response {
        limits::sign(world, answers::sign(world, response, number))
    }

    fn key(&self, world: &World, id: &ObjectId) -> Option<String> {
        store::known(world, id)
    }

    fn outlives(&self) -> bool {
        true
    }

    fn region(&self, _: &World, _: &SimulatedObject) -> Option<String> {
        None
    }

    fn is_public(&self, object: &SimulatedObject) -> bool {
        hosts::is_public(object)
    }

    fn hosts(&self, object: &SimulatedObject) -> Vec<String> {
        hosts::hosts(object)
    }

    fn leads(&self, world: &World, object: &SimulatedObject, _: &str) -> Lead {
        hosts::leads(world, object)
    }
}
