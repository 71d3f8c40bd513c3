//! Resource Manager as a dialect of the simulated world.

use std::borrow::Cow;
use std::sync::LazyLock;

use axum::Router;
use jiff::Timestamp;

use super::state::ArmState;
use super::{
    BASE, NAME, SUBSCRIPTION, TENANT, blobs, cloudlet, deployments, dispatch, ending, files, hooks, launches, monitor,
    places, registrations, removal, serve,
};
use crate::kinds::{self, Lead, StorePlacement};
use crate::object::ObjectId;
use crate::simulator::SimulatedFile;
use crate::simulator::dialect::{Dialect, Part};
use crate::simulator::fault::Fault;
use crate::simulator::launches::is_restoring;
use crate::simulator::machine_launch::MachineLaunch;
use crate::simulator::operations::Operation;
use crate::simulator::request::{ErrorResponse, Request, Response};
use crate::simulator::seed::Seed;
use crate::simulator::serve::ServedWorld;
use crate::simulator::world::{SimulatedObject, World};

/// The client id in the settings of a served simulator.
const CLIENT: &str = "00000000-0000-0000-0000-00000000000c";

/// The dialect of Azure Resource Manager.
#[derive(Debug)]
pub(crate) struct Arm;

impl Dialect for Arm {
    fn name(&self) -> &'static str {
        NAME
    }

    fn endpoint(&self) -> &'static str {
        BASE
    }

    fn serve(&self, served: &ServedWorld, world: Router) -> Router {
        serve::router(served, world)
    }

    fn registered_example(&self) -> Option<&'static str> {
        Some("Microsoft.Network")
    }

    fn registrable(&self, service: &str) -> Option<Result<&'static str, String>> {
        Some(registrations::registrable(service))
    }

    fn settings(&self, base: &str) -> Vec<(&'static str, String)> {
        let host = base.split_once("://").map_or(base, |(_, host)| host);
        let settings = [
            ("ARM_METADATA_HOSTNAME", host),
            ("ARM_SUBSCRIPTION_ID", SUBSCRIPTION),
            ("ARM_TENANT_ID", TENANT),
            ("ARM_CLIENT_ID", CLIENT),
            ("ARM_CLIENT_SECRET", "any"),
            ("ARM_USE_CLI", "false"),
        ];
        settings.map(|(name, value)| (name, value.to_owned())).into()
    }

    fn part(&self) -> Option<Box<dyn Part>> {
        Some(Box::new(ArmState::default()))
    }

    fn refuse(&self, failure: &ErrorResponse) -> Response {
        failure.response()
    }

    fn answer(&self, world: &mut World, request: &Request, fails: Option<ErrorResponse>) -> Response {
        if blobs::is_host(request.host()) {
            return blobs::answer(world, request);
        }
        if files::asks(request) {
            return files::answer(world, request);
        }
        dispatch::throttled(world, request, fails).unwrap_or_else(|failure| failure.response())
    }

    fn sign(&self, world: &World, response: Response, request: &Request, number: u64) -> Response {
        match files::asks(request) {
            true => files::sign(world, response, request, number),
            false => dispatch::sign(world, response, request, number),
        }
    }

    fn put_file(&self, world: &mut World, id: &ObjectId, path: &str, content: Vec<u8>) -> Result<(), String> {
        files::put(world, id, path, content)
    }

    fn remove_file(&self, world: &mut World, id: &ObjectId, path: &str) -> Result<bool, String> {
        files::remove(world, id, path)
    }

    fn files(&self, world: &World, id: &ObjectId) -> Result<Vec<SimulatedFile>, String> {
        files::list(world, id)
    }

    fn check(&self, fault: &Fault) -> Result<(), String> {
        match fault {
            Fault::Unregistered { provider } => registrations::registrable(provider).map(drop),
            _ => Ok(()),
        }
    }

    fn region(&self, world: &World, object: &SimulatedObject) -> Option<String> {
        places::own_region(world, &object.id.folded())
    }

    fn words(&self, object: &SimulatedObject) -> Vec<Cow<'static, str>> {
        hooks::words(object)
    }

    fn is_public(&self, object: &SimulatedObject) -> bool {
        hooks::hook(object, |simulated| simulated.hosts).is_some()
    }

    fn hosts(&self, object: &SimulatedObject) -> Vec<String> {
        hooks::hook(object, |simulated| simulated.hosts).map_or_else(Vec::new, |hosts| hosts(&object.body))
    }

    fn domains(&self) -> &'static [&'static str] {
        static DOMAINS: LazyLock<Vec<&'static str>> =
            LazyLock::new(|| kinds::hosts::domains(&crate::providers::azure::TABLES));
        &DOMAINS
    }

    fn launched(&self, world: &World, object: &SimulatedObject) -> Option<MachineLaunch> {
        launches::launched(world, object)
    }

    fn signed(&self, world: &World, address: &str) -> Option<(String, Timestamp)> {
        blobs::content(world, address)
    }

    fn leads(&self, world: &World, object: &SimulatedObject, name: &str) -> Lead {
        if launches::launched(world, object).is_some_and(|launched| is_restoring(world, &launched)) {
            return Lead::Nowhere("its machine restores backups");
        }
        match hooks::hook(object, |simulated| simulated.leads) {
            Some(leads) => leads(world, &object.id, name),
            None if self.is_public(object) => {
                let working = world.working(&object.id.folded());
                Lead::to_region(working.and_then(|_| self.region(world, object)))
            }
            None => Lead::Nowhere("its target is unknown"),
        }
    }

    fn keeps(&self, world: &World, object: &SimulatedObject) -> Option<StorePlacement> {
        hooks::hook(object, |simulated| simulated.keeps).and_then(|keeps| keeps(world, &object.id))
    }

    fn touch(&self, object: &mut SimulatedObject, seed: Seed) {
        object.touch(seed);
    }

    fn holds(&self, world: &World, operation: &Operation) -> bool {
        ending::holds(world, operation)
    }

    fn end(&self, world: &mut World, operation: Operation) {
        ending::end(world, operation);
    }

    fn remove(&self, world: &mut World, key: &str) {
        removal::remove_with_all_below(world, key);
    }

    fn next_event(&self, world: &World) -> Option<Timestamp> {
        let events = [monitor::next_probe(world), deployments::progress::next_deploying(world)];
        events.into_iter().flatten().min()
    }

    fn go_on(&self, world: &mut World) -> bool {
        deployments::progress::deploy(world)
    }

    fn watch(&self, world: &mut World) {
        monitor::watch(world);
    }

    fn faults_changed(&self, world: &mut World) {
        cloudlet::wake_all(world);
    }
}
