//! The local simulator (`--cloud local`): providers that are deterministic from one seed, with injected faults.
//!
//! One [`World`] has the objects of all providers, their operations, faults, the clock, the public network and its
//! workload. It knows no provider's words: what these mean is a [`Dialect`] of each. Which
//! dialects a world has is an argument. The simulator is independent of stacks, plans and runs.
//!
//! [`World`] is pure; `routes` serves it over HTTP, `disk` stores it between commands.

mod answering;
pub(crate) mod body;
mod clients;
mod commands;
pub(crate) mod dialect;
mod disk;
pub(crate) mod fault;
mod fault_file;
pub(crate) mod faults;
pub(crate) mod fields;
mod files;
mod lag;
pub(crate) mod launches;
mod ledger;
pub(crate) mod machine_launch;
mod machine_sides;
mod machine_stores;
mod network;
pub(crate) mod operations;
mod passing;
mod replicas;
pub(crate) mod request;
pub(crate) mod routes;
mod rows;
mod scheduled_fault;
pub(crate) mod seed;
pub mod serve;
pub(crate) mod sight;
pub(crate) mod signature;
mod stored;
mod web;
mod workload;
pub(crate) mod world;

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use jiff::Timestamp;
use serde::Serialize;
use serde_json::Value as Json;

pub use commands::SimulatedCommands;
pub use dialect::Dialects;
use disk::Disk;
pub use disk::SimulatorError;
pub use fault::{Fault, Moment, PROVIDER, Plane, RequestMatch};
use faults::Faults;
pub use files::SimulatedFile;
use operations::OperationState;
use request::ErrorResponse;
pub use request::{HttpMethod, Request, Response};
pub use routes::DroppedAnswer;
pub use rows::Workload;
pub use scheduled_fault::{FaultTime, ScheduledFault};
pub use workload::{StoreTally, Tally};
pub use world::World;

use crate::kinds::path;
use crate::object::ObjectId;
use crate::parallel;
use crate::world::Clock;

/// The time at which a new world begins: a Monday morning.
pub const START: Timestamp = Timestamp::constant(1_767_600_000, 0);

/// Parses a file of faults: a JSON list.
///
/// # Errors
/// The number of the invalid entry, and the reason.
pub fn parse_faults(text: &str, dialects: Dialects) -> Result<Vec<ScheduledFault>, String> {
    fault_file::parse(text, dialects)
}

/// A simulated cloud. Clones share one world.
#[derive(Clone)]
pub struct Simulator {
    kept: Arc<Mutex<StoredWorld>>,
    clock: Arc<dyn Clock>,
}

/// The world and its files.
struct StoredWorld {
    world: World,
    disk: Option<Disk>,
}

impl Drop for StoredWorld {
    fn drop(&mut self) {
        if let Some(disk) = &mut self.disk {
            // On a write error the world keeps the state of its last complete line. No caller is left to
            // receive the error.
            drop(disk.close(&mut self.world));
        }
    }
}

impl Simulator {
    /// A world of these dialects in memory.
    pub fn new(dialects: Dialects, seed: u64, clock: Arc<dyn Clock>) -> Self {
        let world = World::new(seed, clock.now(), dialects);
        Self { kept: Arc::new(Mutex::new(StoredWorld { world, disk: None })), clock }
    }

    /// An independent copy of the world in memory, on another clock.
    #[must_use]
    pub fn fork(&self, clock: Arc<dyn Clock>) -> Self {
        let world = self.lock().world.clone();
        Self { kept: Arc::new(Mutex::new(StoredWorld { world, disk: None })), clock }
    }

    /// Opens the world in this directory, or creates one with this seed (default 1). Only one process can have it open.
    ///
    /// Start the clock at [`Simulator::now`]: the world's time never goes back.
    ///
    /// # Errors
    /// The files are damaged, in a newer format, in use, of another seed, or cannot be read or written.
    pub fn open(
        dialects: Dialects,
        dir: &Path,
        seed: Option<u64>,
        clock: Arc<dyn Clock>,
    ) -> Result<Self, SimulatorError> {
        Ok(Self::open_beside(dialects, dir, seed, clock, || ())?.0)
    }

    /// The same, with other work in the meantime. It begins when no other process can change the world any more.
    ///
    /// # Errors
    /// As for [`Simulator::open`].
    pub fn open_beside<T: Send>(
        dialects: Dialects,
        dir: &Path,
        seed: Option<u64>,
        clock: Arc<dyn Clock>,
        beside: impl Fn() -> T + Sync,
    ) -> Result<(Self, T), SimulatorError> {
        let lock = disk::lock(dir)?;
        let (opened, result) = parallel::both(|| disk::open(dir, lock, seed, clock.now(), dialects), beside);
        let (world, disk) = opened?;
        Ok((Self { kept: Arc::new(Mutex::new(StoredWorld { world, disk: Some(disk) })), clock }, result))
    }

    /// Deletes the world in this directory, damaged or not.
    ///
    /// # Errors
    /// The world is in use or cannot be removed.
    pub fn reset(dir: &Path) -> Result<(), SimulatorError> {
        disk::reset(dir)
    }

    /// The same world, with links that begin with this URL instead of that of the first provider.
    #[must_use]
    pub fn based_at(self, base: &str) -> Self {
        self.lock().world.base = base.trim_end_matches('/').to_owned();
        self
    }

    /// The same world for third-party clients: accepts newer API versions than the tables have, and ignores unknown
    /// properties in bodies.
    #[must_use]
    pub fn for_others(self) -> Self {
        self.lock().world.lenient = true;
        self
    }

    /// The world's time: the time of its last event.
    pub fn now(&self) -> Timestamp {
        self.lock().world.now
    }

    /// Answers a request, and stores its changes.
    pub fn handle(&self, request: &Request) -> Response {
        let now = self.clock.now();
        let mut kept = self.lock();
        // Changes that could not be written come first: whatever a client was told survives the process.
        let handled = kept.keep().and_then(|()| {
            let response = kept.world.handle(now, request);
            kept.keep().map(|()| response)
        });
        handled.unwrap_or_else(|error| {
            let failure = ErrorResponse::gateway(500, "InternalServerError", format!("The simulator: {error}"));
            kept.world.dialect_of_host(request.host()).refuse(&failure)
        })
    }

    /// An error of the provider that has this host.
    fn refuse(&self, host: &str, failure: &ErrorResponse) -> Response {
        self.lock().world.dialect_of_host(host).refuse(failure)
    }

    /// The dialects of the world.
    pub(crate) fn dialects(&self) -> Dialects {
        self.lock().world.dialects
    }

    /// Adds a fault.
    ///
    /// # Errors
    /// The world cannot be written.
    pub fn add_fault(&self, fault: impl Into<ScheduledFault>) -> Result<(), SimulatorError> {
        self.change(|world| world.change_faults(|faults| faults.add(fault.into())))
    }

    /// Ends the loss of a region or of a provider, and completes operations that waited for it. Returns false where it
    /// was not lost.
    ///
    /// # Errors
    /// The world cannot be written.
    pub fn restore(&self, location: &str) -> Result<bool, SimulatorError> {
        self.change(|world| world.change_faults(|faults| faults.restore(location)))
    }

    /// Ends all faults.
    ///
    /// # Errors
    /// The world cannot be written.
    pub fn clear_faults(&self) -> Result<(), SimulatorError> {
        self.change(|world| world.change_faults(Faults::clear))
    }

    /// Active and scheduled faults, in the order in which they were added.
    pub fn faults(&self) -> Vec<ScheduledFault> {
        self.lock().world.rest.faults.list()
    }

    /// Writes a value into the body of an object, outside the API (drift); `null` removes the property.
    ///
    /// # Errors
    /// [`SimulatorError::NoObject`], or the world cannot be written.
    pub fn edit(&self, id: &ObjectId, at: &str, value: Json) -> Result<(), SimulatorError> {
        self.change(|world| {
            let body = world.body_mut(&world.key(id)).ok_or_else(|| SimulatorError::NoObject(id.clone()))?;
            if value.is_null() {
                path::remove(body, at)
            } else {
                path::put(body, at, value)
            }
            Ok(())
        })?
    }

    /// Takes a snapshot of an object, outside drplan, as a schedule of its provider does: the id of the snapshot.
    ///
    /// # Errors
    /// [`SimulatorError::NoObject`] for one that does not exist, or has no snapshots; or the world cannot be written.
    pub fn snapshot(&self, id: &ObjectId) -> Result<String, SimulatorError> {
        self.change(|world| {
            let key = world.key(id);
            let provider = world.object(&key).map(|object| object.provider.clone());
            let taken = provider.and_then(|provider| world.dialect(&provider).snapshot(world, &key));
            taken.ok_or_else(|| SimulatorError::NoObject(id.clone()))
        })?
    }

    /// Puts what a text declares into an object that serves an API of its own, by the dialect of this name. Returns the
    /// ids of what is there then.
    ///
    /// # Errors
    /// The world cannot be written. The inner error is the reason why nothing was installed.
    pub fn install(
        &self,
        dialect: &str,
        into: &ObjectId,
        text: &str,
    ) -> Result<Result<Vec<ObjectId>, String>, SimulatorError> {
        self.change(|world| {
            let found = world.dialects.iter().find(|one| one.name() == dialect);
            let installed = found.and_then(|dialect| dialect.install(world, into, text));
            installed.unwrap_or_else(|| Err(format!("nothing can be installed by `{dialect}`")))
        })
    }

    /// Deletes an object and everything below it, outside the API (drift).
    ///
    /// # Errors
    /// [`SimulatorError::NoObject`], or the world cannot be written.
    pub fn delete_object(&self, id: &ObjectId) -> Result<(), SimulatorError> {
        self.change(|world| {
            let key = world.key(id);
            let object = world.object(&key).ok_or_else(|| SimulatorError::NoObject(id.clone()))?;
            world.dialect(&object.provider).remove(world, &key);
            Ok(())
        })?
    }

    /// Puts a file into an object that stores files, outside the API, as a program does that uses it. The directories
    /// above the file are created.
    ///
    /// # Errors
    /// [`SimulatorError::Files`], or the world cannot be written.
    pub fn put_file(&self, id: &ObjectId, path: &str, content: Vec<u8>) -> Result<(), SimulatorError> {
        self.change(|world| world.dialect_of(id).put_file(world, id, path, content))?.map_err(SimulatorError::Files)
    }

    /// Removes a file, or a directory with all that it contains. Returns false where there is none.
    ///
    /// # Errors
    /// As for [`Simulator::put_file`].
    pub fn remove_file(&self, id: &ObjectId, path: &str) -> Result<bool, SimulatorError> {
        self.change(|world| world.dialect_of(id).remove_file(world, id, path))?.map_err(SimulatorError::Files)
    }

    /// The files of an object that stores files, in the order of their paths.
    ///
    /// # Errors
    /// [`SimulatorError::Files`].
    pub fn files(&self, id: &ObjectId) -> Result<Vec<SimulatedFile>, SimulatorError> {
        let kept = self.lock();
        kept.world.dialect_of(id).files(&kept.world, id).map_err(SimulatorError::Files)
    }

    /// The body of an object as a read returns it.
    pub fn body(&self, id: &ObjectId) -> Option<Json> {
        let kept = self.lock();
        kept.world.standing(&kept.world.key(id)).map(|object| object.body.to_json())
    }

    /// A summary of the whole world.
    pub fn show(&self) -> WorldSummary {
        let kept = self.lock();
        let world = &kept.world;
        let under_way = world.under_way().map(|operation| PendingOperation {
            id: operation.id.clone(),
            act: match operation.act {
                operations::OperationKind::Create => "create",
                operations::OperationKind::Update => "update",
                operations::OperationKind::Delete => "delete",
                operations::OperationKind::Post => "post",
                operations::OperationKind::Wake => "wake",
            },
            began: operation.began,
            due: operation.due,
            held: operation.progress == OperationState::Running
                && world.dialect(&operation.provider).holds(world, operation),
        });
        WorldSummary {
            seed: world.seed.0,
            now: world.now,
            objects: world
                .objects()
                .filter(|object| object.seen())
                .map(|object| (object.id.clone(), object.body.to_json()))
                .collect(),
            under_way: under_way.collect(),
            requests: world.rest.counters.clone(),
            faults: world.rest.faults.list(),
        }
    }

    /// Advances the world to its clock's time, as every request does.
    ///
    /// # Errors
    /// The world cannot be written.
    pub fn catch_up(&self) -> Result<(), SimulatorError> {
        self.change(|_| ())
    }

    /// The public names and addresses of an object.
    pub fn hosts(&self, id: &ObjectId) -> Vec<String> {
        let kept = self.lock();
        kept.world.hosts_of(&kept.world.key(id))
    }

    /// True for a host or URL outside the simulated world: rows that a workload writes there are not simulated.
    ///
    /// # Errors
    /// The world cannot be written.
    pub fn is_outside(&self, front: &str) -> Result<bool, SimulatorError> {
        self.change(|world| world.is_outside(front))
    }

    /// Starts a workload; it replaces the previous one.
    ///
    /// # Errors
    /// The world cannot be written.
    pub fn start_workload(&self, workload: Workload) -> Result<(), SimulatorError> {
        self.change(|world| world.start_work(workload))
    }

    /// Stops the workload; its result remains available. Returns false where none was running.
    ///
    /// # Errors
    /// The world cannot be written.
    pub fn stop_workload(&self) -> Result<bool, SimulatorError> {
        self.change(World::stop_work)
    }

    /// The result of the running workload, or of the last one.
    pub fn workload(&self) -> Option<Tally> {
        self.lock().world.tally()
    }

    fn change<T>(&self, change: impl FnOnce(&mut World) -> T) -> Result<T, SimulatorError> {
        let now = self.clock.now();
        let mut kept = self.lock();
        kept.keep()?;
        kept.world.advance(now);
        let done = change(&mut kept.world);
        kept.world.changes.rest = true;
        kept.keep().map(|()| done)
    }

    fn lock(&self) -> MutexGuard<'_, StoredWorld> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl StoredWorld {
    fn keep(&mut self) -> Result<(), SimulatorError> {
        match &mut self.disk {
            Some(disk) => disk.keep(&mut self.world),
            None => {
                self.world.settled();
                Ok(())
            }
        }
    }
}

/// The output of `drplan simulator show`.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct WorldSummary {
    /// The seed.
    pub seed: u64,
    /// The world's time.
    pub now: Timestamp,
    /// The objects, by id, each with its body.
    pub objects: BTreeMap<ObjectId, Json>,
    /// The operations under way, in the order in which they are due.
    pub under_way: Vec<PendingOperation>,
    /// The number of requests, by HTTP method.
    pub requests: BTreeMap<String, u64>,
    /// Active and scheduled faults.
    pub faults: Vec<ScheduledFault>,
}

/// An operation under way.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct PendingOperation {
    /// The object of the operation.
    pub id: ObjectId,
    /// `create`, `update`, `delete` or `post`; `wake` for a change that an object makes by itself.
    pub act: &'static str,
    /// The time of acceptance.
    pub began: Timestamp,
    /// The time at which the operation is due to end.
    pub due: Timestamp,
    /// True where a fault delays the operation.
    pub held: bool,
}

#[cfg(test)]
mod tests;
