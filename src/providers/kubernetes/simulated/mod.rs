//! The dialect of a Kubernetes API server in the local simulator: one for each simulated cluster of another provider,
//! found by the public name of the cluster.
//!
//! Workloads are objects of the world; their pods are a plan of instants that each change of a workload makes
//! (`pods`), so that status, pods and events follow from the time of a read. It must not know drplan's client, which is
//! tested against it.

mod answers;
mod clusters;
mod discovery;
mod install;
mod others;
mod patch;
mod pods;
mod port;
mod queries;
mod routes;
mod scale;
mod state;
mod status;
mod store;
mod tables;
#[cfg(test)]
mod tests;
mod writes;

use std::borrow::Cow;
use std::time::Duration;

use axum::Router;
use serde_json::Value as Json;

use crate::object::ObjectId;
use crate::simulator::dialect::{Dialect, Part};
use crate::simulator::request::{ErrorResponse, Request, Response};
use crate::simulator::serve::ServedWorld;
use crate::simulator::world::{SimulatedObject, World};

/// The name of the provider.
const NAME: &str = "kubernetes";
/// The domain of the API servers of simulated clusters.
const DOMAIN: &str = ".azmk8s.io";

/// The dialect of Kubernetes.
#[derive(Debug)]
pub(crate) struct Kubernetes;

impl Dialect for Kubernetes {
    fn name(&self) -> &'static str {
        NAME
    }

    fn endpoint(&self) -> &'static str {
        "https://kubernetes.invalid"
    }

    fn has_host(&self, host: &str) -> bool {
        host.to_ascii_lowercase().ends_with(DOMAIN)
    }

    fn serve(&self, _: &ServedWorld, world: Router) -> Router {
        port::serve(world)
    }

    fn part(&self) -> Option<Box<dyn Part>> {
        Some(Box::new(state::KubernetesState::default()))
    }

    fn refuse(&self, failure: &ErrorResponse) -> Response {
        answers::Refused::of(failure).response()
    }

    fn answer(&self, world: &mut World, request: &Request, fails: Option<ErrorResponse>) -> Response {
        let answer = match fails {
            Some(failure) => Err(answers::Refused::of(&failure)),
            None => routes::route(world, request),
        };
        answer.unwrap_or_else(|refused| refused.response())
    }

    fn sign(&self, world: &World, mut response: Response, _: &Request, number: u64) -> Response {
        let mut stream = world.seed.stream(&[NAME, "answer", &number.to_string()]);
        response.delay += Duration::from_millis(4 + stream.below(6));
        response.with("audit-id", world.seed.guid(&[NAME, "audit", &number.to_string()]))
    }

    /// Nothing of a cluster is in the public network; its API is lost with the region of the cluster.
    fn region(&self, _: &World, _: &SimulatedObject) -> Option<String> {
        None
    }

    fn key(&self, world: &World, id: &ObjectId) -> Option<String> {
        let key = store::key(id);
        world.object(&key).is_some().then_some(key)
    }

    fn words(&self, _: &SimulatedObject) -> Vec<Cow<'static, str>> {
        vec![Cow::Borrowed(store::WORD)]
    }

    /// Removes the objects in a cluster with it.
    fn watch(&self, world: &mut World) {
        store::forget_lost_clusters(world);
    }

    fn install(&self, world: &mut World, cluster: &ObjectId, text: &str) -> Option<Result<Vec<ObjectId>, String>> {
        Some(install::install(world, cluster, text))
    }
}

/// A text of a body.
fn text<'a>(body: &'a Json, at: &str) -> &'a str {
    body.pointer(at).and_then(Json::as_str).unwrap_or_default()
}
