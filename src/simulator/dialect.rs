//! Questions of the world to a provider: answers to requests for its hosts, changes of its objects when time passes,
//! and what only it can say of an object.
//!
//! It must not know any provider: the list of dialects is an argument of the world.

use std::any::Any;
use std::borrow::Cow;
use std::fmt::Debug;

use axum::Router;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value as Json;

use super::fault::Fault;
use super::fields::StoredFields;
use super::files::SimulatedFile;
use super::machine_launch::MachineLaunch;
use super::operations::Operation;
use super::request::{ErrorResponse, Request, Response};
use super::seed::Seed;
use super::serve::ServedWorld;
use super::world::{SimulatedObject, World};
use crate::kinds::{Lead, StorePlacement};
use crate::object::ObjectId;

/// The dialects of a world. The first one answers for hosts that none of them has, and worlds on disk do not name it.
#[derive(Debug, Clone, Copy)]
pub struct Dialects(&'static [&'static dyn Dialect]);

impl Dialects {
    /// These dialects. A world without any does not exist.
    pub(crate) const fn new(all: &'static [&'static dyn Dialect]) -> Self {
        assert!(!all.is_empty(), "a world has at least one provider");
        Self(all)
    }

    /// The names of their providers.
    pub fn names(self) -> impl Iterator<Item = &'static str> {
        self.iter().map(Dialect::name)
    }

    /// A service that an account registers with, as an example.
    pub fn registered_example(self) -> Option<&'static str> {
        self.iter().find_map(Dialect::registered_example)
    }

    /// The service with this name (ignoring case), of a provider with whose services an account registers, if a fault
    /// can end the registration.
    ///
    /// # Errors
    /// The names of such services.
    pub fn registrable(self, service: &str) -> Result<&'static str, String> {
        let none = || Err(format!("no provider of the local simulator registers an account with `{service}`"));
        self.iter().find_map(|dialect| dialect.registrable(service)).unwrap_or_else(none)
    }

    /// The environment variables by which clients of all providers reach a simulator that is served at this address.
    pub fn settings(self, base: &str) -> Vec<(&'static str, String)> {
        self.iter().flat_map(|dialect| dialect.settings(base)).collect()
    }

    pub(crate) fn iter(self) -> impl Iterator<Item = &'static dyn Dialect> {
        self.0.iter().copied()
    }

    pub(crate) fn first(self) -> &'static dyn Dialect {
        self.0[0]
    }

    /// The dialect of a provider, or the first.
    pub(crate) fn named(self, provider: &ProviderName) -> &'static dyn Dialect {
        self.iter().find(|dialect| dialect.name() == provider.as_str()).unwrap_or(self.first())
    }

    /// The dialect that answers for a host: the first for one that none has, such as an address of this machine.
    pub(crate) fn of_host(self, host: &str) -> &'static dyn Dialect {
        self.iter().find(|dialect| dialect.has_host(host)).unwrap_or(self.first())
    }
}

/// The language of one provider.
pub(crate) trait Dialect: Debug + Sync {
    /// The name of the provider, as faults and files name it.
    fn name(&self) -> &'static str;

    /// The URL of its control plane.
    fn endpoint(&self) -> &'static str;

    /// True for the host of its control plane.
    fn has_host(&self, host: &str) -> bool {
        self.endpoint().strip_prefix("https://").is_some_and(|own| own.eq_ignore_ascii_case(host))
    }

    /// Puts what other clients need in front of the router of a world on a port, such as a way to sign in. A request to
    /// a host of another provider has to reach that router.
    fn serve(&self, served: &ServedWorld, world: Router) -> Router {
        let _ = served;
        world
    }

    /// A service that an account registers with, as an example. Every command builds the help in which it is.
    fn registered_example(&self) -> Option<&'static str> {
        None
    }

    /// The service with this name, if an account registers with the services of the provider before it uses them, and
    /// a fault can end the registration. `None` for a provider without registrations.
    ///
    /// # Errors
    /// The names of such services.
    fn registrable(&self, service: &str) -> Option<Result<&'static str, String>> {
        let _ = service;
        None
    }

    /// The environment variables by which clients of the provider reach a simulator that is served at this address.
    fn settings(&self, base: &str) -> Vec<(&'static str, String)> {
        let _ = base;
        Vec::new()
    }

    /// An empty part of the world for what it keeps beside objects and operations.
    fn part(&self) -> Option<Box<dyn Part>> {
        None
    }

    /// An error in the format of the provider.
    fn refuse(&self, failure: &ErrorResponse) -> Response;

    /// Answers a request. `fails` is the error with which the operation of the request is to end.
    fn answer(&self, world: &mut World, request: &Request, fails: Option<ErrorResponse>) -> Response;

    /// Adds what every response of the provider has. `number` is that of the request.
    fn sign(&self, world: &World, response: Response, request: &Request, number: u64) -> Response {
        let (_, _, _) = (world, request, number);
        response
    }

    /// Refuses a fault that cannot occur at this provider.
    ///
    /// # Errors
    /// The reason.
    fn check(&self, fault: &Fault) -> Result<(), String> {
        let _ = fault;
        Ok(())
    }

    /// The key of the object that others know by this id, where the provider gives its objects ids of its own.
    fn key(&self, world: &World, id: &ObjectId) -> Option<String> {
        let (_, _) = (world, id);
        None
    }

    /// Puts what a text declares into an object that serves an API of its own, as the tools do that install things
    /// there. Returns the ids of what is there then; `None` for a provider without such objects.
    ///
    /// # Errors
    /// The reason why nothing was installed.
    fn install(&self, world: &mut World, into: &ObjectId, text: &str) -> Option<Result<Vec<ObjectId>, String>> {
        let (_, _, _) = (world, into, text);
        None
    }

    /// True for a provider whose network goes on serving while its control plane and its regions are lost, as that of
    /// an edge of the public network.
    fn outlives(&self) -> bool {
        false
    }

    /// The region of an object; `None` for one that has none.
    fn region(&self, world: &World, object: &SimulatedObject) -> Option<String>;

    /// The words under which the index of the world has an object. They follow from its id and its type.
    fn words(&self, object: &SimulatedObject) -> Vec<Cow<'static, str>> {
        let _ = object;
        Vec::new()
    }

    /// True for an object that may have names or addresses of the public network. It follows from the type.
    fn is_public(&self, object: &SimulatedObject) -> bool {
        let _ = object;
        false
    }

    /// True for a machine that runs.
    fn runs(&self, world: &World, object: &SimulatedObject) -> bool {
        world.working(&object.key()).is_some()
    }

    /// The launch of a machine that restores backups; `None` for everything else.
    fn launched(&self, world: &World, object: &SimulatedObject) -> Option<MachineLaunch> {
        let (_, _) = (world, object);
        None
    }

    /// The text of the object of a store that a signed address names, and the time of its last change.
    fn signed(&self, world: &World, address: &str) -> Option<(String, Timestamp)> {
        let (_, _) = (world, address);
        None
    }

    /// The names and addresses of an object in the public network.
    fn hosts(&self, object: &SimulatedObject) -> Vec<String> {
        let _ = object;
        Vec::new()
    }

    /// The domains in which every name belongs to an object of the provider.
    fn domains(&self) -> &'static [&'static str] {
        &[]
    }

    /// The next hop of a client that reached an object by a name or address.
    fn leads(&self, world: &World, object: &SimulatedObject, name: &str) -> Lead {
        let (_, _, _) = (world, object, name);
        Lead::Nowhere("its target is unknown")
    }

    /// The store of which an object is a part.
    fn keeps(&self, world: &World, object: &SimulatedObject) -> Option<StorePlacement> {
        let (_, _) = (world, object);
        None
    }

    /// Takes a snapshot of an object, as a schedule of the provider does: its id. `None` for an object that has none.
    fn snapshot(&self, world: &mut World, key: &str) -> Option<String> {
        let (_, _) = (world, key);
        None
    }

    /// Puts a file into an object that stores files, as a program does that uses it.
    ///
    /// # Errors
    /// The reason.
    fn put_file(&self, world: &mut World, id: &ObjectId, path: &str, content: Vec<u8>) -> Result<(), String> {
        let (_, _, _) = (world, path, content);
        Err(no_files(id))
    }

    /// Removes a file, or a directory with all that it contains, from an object that stores files. Returns false where
    /// there is none.
    ///
    /// # Errors
    /// The reason.
    fn remove_file(&self, world: &mut World, id: &ObjectId, path: &str) -> Result<bool, String> {
        let (_, _) = (world, path);
        Err(no_files(id))
    }

    /// The files in an object that stores files.
    ///
    /// # Errors
    /// The reason.
    fn files(&self, world: &World, id: &ObjectId) -> Result<Vec<SimulatedFile>, String> {
        let _ = world;
        Err(no_files(id))
    }

    /// Gives an object a new version, and shows it in the body.
    fn touch(&self, object: &mut SimulatedObject, seed: Seed) {
        let _ = seed;
        object.version += 1;
    }

    /// True for an operation that makes no progress because of a fault.
    fn holds(&self, world: &World, operation: &Operation) -> bool {
        world.rest.faults.holds(self.name(), &operation.service, &operation.location)
    }

    /// Ends an operation that is due.
    fn end(&self, world: &mut World, operation: Operation) {
        world.finish(operation);
    }

    /// Removes an object and everything below it, by its key.
    fn remove(&self, world: &mut World, key: &str) {
        world.take(key);
    }

    /// The time of the next event that no operation has.
    fn next_event(&self, world: &World) -> Option<Timestamp> {
        let _ = world;
        None
    }

    /// Takes the next steps of what runs without requests, after operations have ended. True if anything changed.
    fn go_on(&self, world: &mut World) -> bool {
        let _ = world;
        false
    }

    /// Called when all other changes of a moment have happened.
    fn watch(&self, world: &mut World) {
        let _ = world;
    }

    /// Called when faults began or ended.
    fn faults_changed(&self, world: &mut World) {
        let _ = world;
    }
}

fn no_files(id: &ObjectId) -> String {
    format!("{id} stores no files in the local simulator")
}

/// The name of the provider of an object; empty for the first of the dialects.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub(crate) struct ProviderName(Cow<'static, str>);

impl ProviderName {
    /// The name of a provider that is not the first.
    pub(crate) const fn of(name: &'static str) -> Self {
        Self(Cow::Borrowed(name))
    }

    pub(crate) fn is_first(&self) -> bool {
        self.0.is_empty()
    }

    /// The name; empty for the first.
    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }
}

/// State of a dialect in the world, beside objects and operations, in fields of its own.
pub(crate) trait Part: Any + Debug + Send {
    /// A copy.
    fn copied(&self) -> Box<dyn Part>;

    /// Writes large fields whole, for a snapshot.
    fn write_whole(&self, into: &mut StoredFields) -> serde_json::Result<()> {
        let _ = into;
        Ok(())
    }

    /// Writes what changed in large fields, for a line of the log.
    fn write_changes(&self, into: &mut StoredFields) -> serde_json::Result<()> {
        let _ = into;
        Ok(())
    }

    /// Writes small fields, which snapshots and lines hold whole.
    fn write_details(&self, into: &mut StoredFields) -> serde_json::Result<()>;

    /// Reads a large field of a snapshot, or its changes from a line. Returns false for a field of another part.
    fn read(&mut self, field: &str, value: &Json) -> serde_json::Result<bool> {
        let (_, _) = (field, value);
        Ok(false)
    }

    /// Forgets the small fields, before those of a later line are read.
    fn clear_details(&mut self);

    /// Reads a small field. Returns false for a field of another part.
    fn read_detail(&mut self, field: &str, value: &Json) -> serde_json::Result<bool>;

    /// True if a large field changed since the last write.
    fn is_changed(&self) -> bool {
        false
    }

    /// Called after the changes were written.
    fn settled(&mut self) {}

    /// Marks as changed what is written only when the world is closed.
    fn close(&mut self) {}
}

/// The parts of all dialects of a world.
#[derive(Debug, Default)]
pub(crate) struct Parts(Vec<Box<dyn Part>>);

impl Parts {
    pub(crate) fn new(dialects: Dialects) -> Self {
        Self(dialects.iter().filter_map(|dialect| dialect.part()).collect())
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = &dyn Part> {
        self.0.iter().map(|part| &**part)
    }

    pub(crate) fn iter_mut(&mut self) -> impl Iterator<Item = &mut Box<dyn Part>> {
        self.0.iter_mut()
    }

    /// The part of this type.
    #[expect(clippy::expect_used, reason = "a world has the part of each of its dialects from its beginning")]
    pub(crate) fn get<P: Part>(&self) -> &P {
        let found = self.0.iter().find_map(|part| (&**part as &dyn Any).downcast_ref());
        found.expect("the part of a dialect of this world")
    }

    /// The part of this type, for a change.
    #[expect(clippy::expect_used, reason = "a world has the part of each of its dialects from its beginning")]
    pub(crate) fn get_mut<P: Part>(&mut self) -> &mut P {
        let found = self.0.iter_mut().find_map(|part| (&mut **part as &mut dyn Any).downcast_mut());
        found.expect("the part of a dialect of this world")
    }
}

impl Clone for Parts {
    fn clone(&self) -> Self {
        Self(self.iter().map(Part::copied).collect())
    }
}
