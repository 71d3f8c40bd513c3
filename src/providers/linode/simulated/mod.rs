//! The dialect of Linode's API in the local simulator, and the public addresses of its machines.
//!
//! The API is one for all regions: it answers while a region is lost, says so in the status of that region, and refuses
//! work there. It must not know drplan's client, which is tested against it.

mod answers;
mod buckets;
mod domains;
mod ends;
mod events;
mod fields;
mod filter;
mod firewalls;
mod images;
mod instances;
mod launches;
mod limits;
mod locks;
mod objects;
mod plans;
mod requests;
mod routes;
mod state;
mod store;
#[cfg(test)]
mod tests;
mod volumes;

use jiff::Timestamp;
use serde_json::Value as Json;

use crate::kinds::Lead;
use crate::object::ObjectId;
use crate::simulator::dialect::{Dialect, Part};
use crate::simulator::launches::is_restoring;
use crate::simulator::machine_launch::MachineLaunch;
use crate::simulator::operations::Operation;
use crate::simulator::request::{ErrorResponse, Request, Response};
use crate::simulator::world::{SimulatedObject, World};

/// The name of the provider.
const NAME: &str = "linode";
/// The host of the API.
const API: &str = "api.linode.com";
/// The URL of the API.
const ENDPOINT: &str = "https://api.linode.com";

/// The dialect of Linode.
#[derive(Debug)]
pub(crate) struct Linode;

impl Dialect for Linode {
    fn name(&self) -> &'static str {
        NAME
    }

    fn endpoint(&self) -> &'static str {
        ENDPOINT
    }

    fn has_host(&self, host: &str) -> bool {
        host.eq_ignore_ascii_case(API) || objects::is_host(host)
    }

    fn part(&self) -> Option<Box<dyn Part>> {
        Some(Box::new(state::LinodeState::default()))
    }

    fn refuse(&self, failure: &ErrorResponse) -> Response {
        answers::Refused::of(failure).response()
    }

    fn answer(&self, world: &mut World, request: &Request, fails: Option<ErrorResponse>) -> Response {
        if objects::is_host(request.host()) {
            return objects::answer(world, request);
        }
        let answer = limits::admit(world, request).and_then(|()| routes::route(world, request, fails));
        answer.unwrap_or_else(|refused| refused.response())
    }

    fn sign(&self, world: &World, response: Response, _: &Request, number: u64) -> Response {
        answers::sign(world, response, number)
    }

    fn key(&self, world: &World, id: &ObjectId) -> Option<String> {
        store::known(world, id)
    }

    fn region(&self, _: &World, object: &SimulatedObject) -> Option<String> {
        object.body.get("region").and_then(Json::as_str).map(str::to_owned)
    }

    fn is_public(&self, object: &SimulatedObject) -> bool {
        [store::INSTANCES, store::RECORDS].contains(&object.type_.as_str())
    }

    fn hosts(&self, object: &SimulatedObject) -> Vec<String> {
        if object.type_ == store::RECORDS {
            return domains::hosts(object);
        }
        let addresses = object.body.get("ipv4").and_then(Json::as_array).into_iter().flatten();
        addresses.filter_map(Json::as_str).map(str::to_owned).collect()
    }

    fn runs(&self, world: &World, object: &SimulatedObject) -> bool {
        world.working(&object.key()).is_some_and(|body| body["status"] == "running")
    }

    fn launched(&self, _: &World, object: &SimulatedObject) -> Option<MachineLaunch> {
        launches::launched(object)
    }

    fn signed(&self, world: &World, address: &str) -> Option<(String, Timestamp)> {
        objects::content(world, address)
    }

    /// A machine that runs serves the users of its address; a record leads to its target.
    fn leads(&self, world: &World, object: &SimulatedObject, _: &str) -> Lead {
        if object.type_ == store::RECORDS {
            return domains::leads(world, object);
        }
        let Some(region) = self.region(world, object) else { return Lead::Nowhere("no region serves it") };
        if !self.runs(world, object) {
            return Lead::Nowhere("its machine does not run");
        }
        match launches::launched(object).is_some_and(|launched| is_restoring(world, &launched)) {
            true => Lead::Nowhere("its machine restores backups"),
            false => Lead::Serves(region, 1),
        }
    }

    fn end(&self, world: &mut World, operation: Operation) {
        ends::end(world, operation);
    }
}
