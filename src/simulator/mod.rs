//! An Azure Resource Manager of our own, from one seed, with faults: what `--cloud local` is.
//!
//! It follows the kinds' tables and knows no kind: everything that belongs to one service stands in that kind's `simulated` functions. Only what
//! is part of Resource Manager itself (resource groups and locks) has its type written here. It knows nothing of stacks, plans or runs.
//!
//! [`World`] is pure; `routes` puts it behind HTTP, `disk` keeps it between commands.

mod actions;
mod always;
mod answer;
mod bin;
mod bodies;
mod catalog;
mod clients;
mod cloudlet;
mod delete;
mod deployments;
mod disk;
mod draft;
mod faults;
mod fill;
mod filter;
mod lag;
mod ledger;
mod locks;
mod metrics;
mod monitor;
mod network;
mod offers;
mod operations;
mod part;
mod passing;
mod put;
mod references;
mod registrations;
mod request;
mod routes;
mod seed;
pub mod serve;
mod shape;
mod tags;
mod target;
mod throttle;
mod timed;
mod types;
mod web;
mod workload;
mod world;

#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use jiff::Timestamp;
use serde::Serialize;
use serde_json::Value as Json;

use disk::Disk;
pub use disk::SimulatorError;
use faults::Faults;
pub use faults::{Fault, Moment, On, Plane};
use operations::Progress;
pub use registrations::registrable;
pub use request::{Request, Response, Verb};
pub use routes::Dropped;
pub use timed::{At, Timed, parse as parse_faults};
pub use workload::{StoreTally, Tally, Workload};
pub use world::World;

use crate::address::ArmId;
use crate::kinds::path;
use crate::world::Clock;

/// The subscription of the simulated cloud.
pub const SUBSCRIPTION: &str = "5b9c1c3a-7d44-4f0e-9a52-d1a5e7c0ffee";
/// The tenant of the simulated cloud.
pub const TENANT: &str = "8e0b6f52-31c7-4d6a-b1f4-2ca11ab1e000";
/// Where the simulated Resource Manager says that it is.
pub const BASE: &str = "https://management.azure.com";
/// When a new world begins: a Monday morning.
pub const START: Timestamp = Timestamp::constant(1_767_600_000, 0);

/// A simulated cloud. Clones share one world.
#[derive(Clone)]
pub struct Simulator {
    kept: Arc<Mutex<Kept>>,
    clock: Arc<dyn Clock>,
}

/// The world, and where it is kept.
struct Kept {
    world: World,
    disk: Option<Disk>,
}

impl Drop for Kept {
    fn drop(&mut self) {
        if let Some(disk) = &mut self.disk {
            // A world that cannot be written is as old as its last whole line; nobody is left to be told.
            drop(disk.close(&mut self.world));
        }
    }
}

impl Simulator {
    /// A world in memory.
    pub fn new(seed: u64, clock: Arc<dyn Clock>) -> Self {
        let world = World::new(seed, clock.now(), BASE.to_owned());
        Self { kept: Arc::new(Mutex::new(Kept { world, disk: None })), clock }
    }

    /// A copy of the world in memory, on another clock. What happens in one of them does not happen in the other.
    #[must_use]
    pub fn fork(&self, clock: Arc<dyn Clock>) -> Self {
        let world = self.lock().world.clone();
        Self { kept: Arc::new(Mutex::new(Kept { world, disk: None })), clock }
    }

    /// The world kept in this directory, or a new one with this seed (1 without it). Nothing else may have it open.
    ///
    /// The clock should then go on from [`Simulator::now`]: the world's time never goes back.
    ///
    /// # Errors
    /// Where the files are damaged, newer, in use, of another seed, or cannot be read or written.
    pub fn open(dir: &Path, seed: Option<u64>, clock: Arc<dyn Clock>) -> Result<Self, SimulatorError> {
        let (world, disk) = disk::open(dir, seed, clock.now())?;
        Ok(Self { kept: Arc::new(Mutex::new(Kept { world, disk: Some(disk) })), clock })
    }

    /// Forgets the world kept in this directory, damaged or not.
    ///
    /// # Errors
    /// Where it is in use or cannot be removed.
    pub fn reset(dir: &Path) -> Result<(), SimulatorError> {
        disk::reset(dir)
    }

    /// The same world, whose links begin with this URL instead of [`BASE`].
    #[must_use]
    pub fn based_at(self, base: &str) -> Self {
        self.lock().world.base = base.trim_end_matches('/').to_owned();
        self
    }

    /// The same world for clients that nobody here wrote: it takes API versions newer than those it knows, and passes over what it does not know in bodies.
    #[must_use]
    pub fn for_others(self) -> Self {
        self.lock().world.lenient = true;
        self
    }

    /// The world's time: that of the last thing that happened in it.
    pub fn now(&self) -> Timestamp {
        self.lock().world.now
    }

    /// Answers a request, and keeps what it changed.
    pub fn handle(&self, request: &Request) -> Response {
        let now = self.clock.now();
        let mut kept = self.lock();
        let response = kept.world.handle(now, request);
        match kept.keep() {
            Ok(()) => response,
            Err(error) => {
                request::Failure::gateway(500, "InternalServerError", format!("The simulator: {error}")).response()
            }
        }
    }

    /// Adds a fault.
    ///
    /// # Errors
    /// Where the world cannot be written.
    pub fn add_fault(&self, fault: impl Into<Timed>) -> Result<(), SimulatorError> {
        self.change(|world| world.change_faults(|faults| faults.add(fault.into())))
    }

    /// Ends the loss of a region; says whether it was lost. What was held up there ends now.
    ///
    /// # Errors
    /// Where the world cannot be written.
    pub fn restore(&self, location: &str) -> Result<bool, SimulatorError> {
        self.change(|world| world.change_faults(|faults| faults.restore(location)))
    }

    /// Ends all faults.
    ///
    /// # Errors
    /// Where the world cannot be written.
    pub fn clear_faults(&self) -> Result<(), SimulatorError> {
        self.change(|world| world.change_faults(Faults::clear))
    }

    /// The faults in force and those that will be, in the order in which they were added.
    pub fn faults(&self) -> Vec<Timed> {
        self.lock().world.rest.faults.list()
    }

    /// Writes a value into the body of an object, behind everyone's back; `null` takes what stands there away.
    ///
    /// # Errors
    /// [`SimulatorError::NoObject`]; where the world cannot be written.
    pub fn edit(&self, id: &ArmId, at: &str, value: Json) -> Result<(), SimulatorError> {
        self.change(|world| {
            let body = world.body_mut(&id.folded()).ok_or_else(|| SimulatorError::NoObject(id.clone()))?;
            if value.is_null() {
                path::remove(body, at)
            } else {
                path::put(body, at, value)
            }
            Ok(())
        })?
    }

    /// Takes an object and all in it away, behind everyone's back.
    ///
    /// # Errors
    /// [`SimulatorError::NoObject`]; where the world cannot be written.
    pub fn delete_object(&self, id: &ArmId) -> Result<(), SimulatorError> {
        self.change(|world| {
            let folded = id.folded();
            world.object(&folded).ok_or_else(|| SimulatorError::NoObject(id.clone()))?;
            world.remove_with_all_below(&folded);
            Ok(())
        })?
    }

    /// The body of an object as a read finds it.
    pub fn body(&self, id: &ArmId) -> Option<Json> {
        self.lock().world.standing(&id.folded()).map(|object| object.body.clone())
    }

    /// Everything there is to see.
    pub fn show(&self) -> Shown {
        let kept = self.lock();
        let world = &kept.world;
        let under_way = world.under_way().map(|operation| UnderWay {
            id: operation.id.clone(),
            act: match operation.act {
                operations::Act::Create => "create",
                operations::Act::Update => "update",
                operations::Act::Delete => "delete",
                operations::Act::Post => "post",
                operations::Act::Wake => "wake",
            },
            began: operation.began,
            due: operation.due,
            held: operation.progress == Progress::Running && world.holds(operation),
        });
        Shown {
            seed: world.seed.0,
            now: world.now,
            objects: world
                .objects()
                .filter(|object| object.seen())
                .map(|object| (object.id.clone(), object.body.clone()))
                .collect(),
            under_way: under_way.collect(),
            requests: world.rest.counters.clone(),
            faults: world.rest.faults.list(),
        }
    }

    /// Lets the world catch up with its clock, as it does at every request.
    ///
    /// # Errors
    /// Where the world cannot be written.
    pub fn catch_up(&self) -> Result<(), SimulatorError> {
        self.change(|_| ())
    }

    /// The names and addresses under which the public network finds an object.
    pub fn hosts(&self, id: &ArmId) -> Vec<String> {
        self.lock().world.hosts_of(&id.folded())
    }

    /// Lets clients write rows from now on, instead of those that did before.
    ///
    /// # Errors
    /// Where the world cannot be written.
    pub fn start_workload(&self, workload: Workload) -> Result<(), SimulatorError> {
        self.change(|world| world.start_work(workload))
    }

    /// Lets clients write no more; what came of it stays to be shown. Says whether they did.
    ///
    /// # Errors
    /// Where the world cannot be written.
    pub fn stop_workload(&self) -> Result<bool, SimulatorError> {
        self.change(World::stop_work)
    }

    /// What has come of the rows that clients write, or wrote last.
    pub fn workload(&self) -> Option<Tally> {
        self.lock().world.tally()
    }

    fn change<T>(&self, change: impl FnOnce(&mut World) -> T) -> Result<T, SimulatorError> {
        let now = self.clock.now();
        let mut kept = self.lock();
        kept.world.advance(now);
        let done = change(&mut kept.world);
        kept.world.changes.rest = true;
        kept.keep().map(|()| done)
    }

    fn lock(&self) -> MutexGuard<'_, Kept> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Kept {
    fn keep(&mut self) -> Result<(), SimulatorError> {
        match &mut self.disk {
            Some(disk) => disk.keep(&mut self.world),
            None => {
                self.world.changes = world::Changes::default();
                Ok(())
            }
        }
    }
}

/// What `drplan simulator show` shows.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Shown {
    /// The seed.
    pub seed: u64,
    /// The world's time.
    pub now: Timestamp,
    /// The objects, by id, each with its body.
    pub objects: BTreeMap<ArmId, Json>,
    /// The operations under way, in the order in which they are due.
    pub under_way: Vec<UnderWay>,
    /// How many requests there were, by verb.
    pub requests: BTreeMap<String, u64>,
    /// The faults in force, and those that will be.
    pub faults: Vec<Timed>,
}

/// An operation under way.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct UnderWay {
    /// What it is about.
    pub id: ArmId,
    /// `create`, `update`, `delete` or `post`; `wake` for what an object does by itself.
    pub act: &'static str,
    /// When it was accepted.
    pub began: Timestamp,
    /// When it will have ended.
    pub due: Timestamp,
    /// Whether a fault holds it up.
    pub held: bool,
}
