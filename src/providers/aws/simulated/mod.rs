//! The dialect of AWS in the local simulator, and the public addresses of its machines.
//!
//! The world has the properties of CloudFormation, whichever API wrote them: Cloud Control is generic over the schemas
//! of the registry; EC2, S3, Route 53, STS, SSM and others have the requests that clients of one stack send.
//! The control plane of a region is lost with the region; that of IAM and Route 53 with `us-east-1`. The simulated
//! account has no default network. It must not know drplan's client, which is tested against it.

mod addresses;
mod answers;
mod compute;
mod control;
mod ec2;
mod ends;
mod form;
mod groups;
mod handler;
mod hosts;
mod identity;
mod kept;
mod launches;
mod limits;
mod machines;
mod names;
mod network;
mod offers;
mod patch;
mod port;
mod public;
mod s3;
mod schema;
mod signature;
mod state;
mod store;
mod sts;
mod targets;
#[cfg(test)]
mod tests;
mod tokens;
mod types;
mod verify;
mod volumes;
mod xml;

use std::borrow::Cow;

use axum::Router;
use jiff::Timestamp;

use crate::kinds::Lead;
use crate::object::ObjectId;
use crate::simulator::dialect::{Dialect, Part};
use crate::simulator::machine_launch::MachineLaunch;
use crate::simulator::operations::Operation;
use crate::simulator::request::{ErrorResponse, Request, Response};
use crate::simulator::serve::ServedWorld;
use crate::simulator::world::{SimulatedObject, World};
use answers::Refused;
use hosts::{Endpoint, HOME, Service};

/// The dialect of AWS.
#[derive(Debug)]
pub(crate) struct Aws;

impl Dialect for Aws {
    fn name(&self) -> &'static str {
        types::NAME
    }

    fn endpoint(&self) -> &'static str {
        "https://sts.us-east-1.amazonaws.com"
    }

    fn has_host(&self, host: &str) -> bool {
        hosts::is_own(host)
    }

    fn serve(&self, _: &ServedWorld, world: Router) -> Router {
        port::serve(world)
    }

    fn settings(&self, base: &str) -> Vec<(&'static str, String)> {
        vec![("AWS_ENDPOINT_URL", base.to_owned())]
    }

    fn part(&self) -> Option<Box<dyn Part>> {
        Some(Box::new(state::AwsState::default()))
    }

    fn refuse(&self, failure: &ErrorResponse) -> Response {
        answers::failure(failure)
    }

    fn answer(&self, world: &mut World, request: &Request, fails: Option<ErrorResponse>) -> Response {
        let Some(at) = hosts::endpoint(request.host()) else {
            let why = "The simulator has no such service of AWS.";
            return Refused::new(404, "UnknownEndpoint", why).response(Service::Control, world);
        };
        let answer = route(world, &at, request, fails);
        answer.unwrap_or_else(|refused| refused.response(at.service, world))
    }

    fn sign(&self, world: &World, response: Response, request: &Request, number: u64) -> Response {
        let service = hosts::endpoint(request.host()).map(|at| at.service);
        let mut response = answers::sign(world, response, service, request);
        let mut stream = world.seed.stream(&[types::NAME, "answer", &number.to_string()]);
        response.delay += std::time::Duration::from_millis(40 + stream.below(160));
        response
    }

    fn key(&self, world: &World, id: &ObjectId) -> Option<String> {
        store::known(world, id)
    }

    fn region(&self, _: &World, object: &SimulatedObject) -> Option<String> {
        store::region(object)
    }

    fn words(&self, object: &SimulatedObject) -> Vec<Cow<'static, str>> {
        match object.type_ == types::BUCKET.name {
            true => vec![Cow::Owned(store::bucket_word(store::text(&object.body, "BucketName")))],
            false => Vec::new(),
        }
    }

    fn is_public(&self, object: &SimulatedObject) -> bool {
        public::is_public(object)
    }

    fn hosts(&self, object: &SimulatedObject) -> Vec<String> {
        public::hosts(object)
    }

    fn runs(&self, world: &World, object: &SimulatedObject) -> bool {
        let body = world.working(&object.key());
        body.is_some_and(|body| body.pointer("/State/Name").is_some_and(|state| state == "running"))
    }

    fn launched(&self, _: &World, object: &SimulatedObject) -> Option<MachineLaunch> {
        if object.type_ == types::INSTANCE.name { launches::launched(&object.body) } else { None }
    }

    fn signed(&self, world: &World, address: &str) -> Option<(String, Timestamp)> {
        launches::content(world, address)
    }

    fn leads(&self, world: &World, object: &SimulatedObject, _: &str) -> Lead {
        public::leads(world, object)
    }

    fn snapshot(&self, world: &mut World, key: &str) -> Option<String> {
        ec2::snapshots::taken(world, key)
    }

    fn end(&self, world: &mut World, operation: Operation) {
        ends::end(world, operation);
    }

    fn remove(&self, world: &mut World, key: &str) {
        ends::gone(world, key);
    }
}

/// Answers a request to an endpoint.
fn route(
    world: &mut World,
    at: &Endpoint,
    request: &Request,
    fails: Option<ErrorResponse>,
) -> Result<Response, Refused> {
    let is_known = offers::is_region(&at.region);
    if !is_known {
        return Err(Refused::new(404, "UnknownEndpoint", format!("There is no region {}.", at.region)));
    }
    let control = if at.service.is_global() { HOME } else { at.region.as_str() };
    world.rest.faults.reach_region(types::NAME, control).map_err(|failure| Refused::of(&failure))?;
    let caller = match at.service == Service::Sts && sts::is_unsigned(request) {
        true => None,
        false => Some(signature::check(world, request, at)?),
    };
    match at.service {
        Service::Control => {
            limits::admit(world, at.service, &at.region, "")?;
            control::answer(world, &at.region, request, fails)
        }
        Service::Ec2 => ec2::answer(world, &at.region, request, fails),
        Service::S3 => s3::answer(world, at, request, fails),
        Service::Route53 => {
            limits::admit(world, at.service, HOME, "")?;
            names::answer(world, request, fails)
        }
        Service::Sts => sts::answer(world, request, caller.as_ref()),
        Service::Iam => match caller {
            Some(caller) => {
                limits::admit(world, at.service, HOME, "")?;
                sts::identity(world, request, &caller)
            }
            None => Err(Refused::new(403, "MissingAuthenticationToken", "Request is missing Authentication Token")),
        },
        service => targets::answer(world, (service, &at.region), request, fails),
    }
}
