//! Carries out plans and procedures: runs their steps against the cloud, keeps what they bring in the state, and hands what is learnt on to the steps that
//! wait for it.
//!
//! Whoever calls holds the lock of the store and has just made the plan from what it loaded, so the basis cannot move on beneath it: only a holder of the lock
//! writes state or moves roles.

mod abort;
mod accept;
mod around;
mod custom;
mod deployments;
mod discover;
mod moves;
mod observe;
mod probe;
mod promote;
mod remove;
mod roles;
mod standings;
mod tasks;
mod undertake;
mod write;

use std::collections::{HashMap, HashSet};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use jiff::SignedDuration;
use serde_json::Map as JsonMap;

use crate::address::{Address, ArmId};
use crate::plan::{Planned, knowledge, sealed};
use crate::run::{Actor, Outcome, Report, Stop, Tell, Walk, Watcher};
use crate::stack::{Knowledge, Stack};
use crate::state::{Recorded, State, StateError, Status, VERSION};
use crate::steps::{Act, Started, Step};
use crate::value::Seal;
use crate::world::{Clock, Cloud, CloudError, Commands, Ids, Store, Web};

pub use abort::{Aborted, abort};
pub use accept::{NewRoles, accept};
pub use around::{look_around, read_lists};
pub use discover::{MAX_OBJECTS, NotFound, discover_groups, discover_objects};
pub use observe::observe;
pub use standings::{look_at, observe_roles};
pub use undertake::{FailoverRun, OnFailure, Onward, Party, RunError, Undertaken, may_be_skipped, undertake};

use deployments::Deployments;
use tasks::Errand;

/// The most steps that are under way at a time. Azure's own limit on writes, 200 at once and 10 a second, is what bounds a run, not this.
pub const WIDTH: usize = 64;

/// How far reads may be behind, at most.
const LONGEST_LAG: SignedDuration = SignedDuration::from_secs(60);
/// The time between two looks for what may still come.
const LOOK: Duration = Duration::from_secs(10);

/// The ports that a run needs.
#[derive(Clone, Copy)]
pub struct Ports<'a> {
    /// The cloud.
    pub cloud: &'a dyn Cloud,
    /// The public network, as users of that cloud see it.
    pub web: &'a dyn Web,
    /// The programs that steps of failover groups run.
    pub commands: &'a dyn Commands,
    /// The clock of that cloud.
    pub clock: &'a dyn Clock,
    /// Fresh ids.
    pub ids: &'a dyn Ids,
    /// The store.
    pub store: &'a dyn Store,
    /// The seal of the lineage.
    pub seal: &'a Seal,
    /// Sees what happens.
    pub watcher: &'a dyn Watcher,
    /// Asks the run to stop.
    pub stop: &'a Stop,
}

/// What came of it.
pub struct Applied {
    /// The run.
    pub report: Report,
    /// The run's id.
    pub run: String,
    /// The state as it is now.
    pub state: State,
}

/// How resources are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Engine {
    /// Each by a request of its own.
    #[default]
    Direct,
    /// As template deployments, each of all that is ready in a resource group.
    Deployments,
}

/// Carries out a plan. `command` and `by` go into the journal.
///
/// # Errors
/// Where state or journal cannot be written; then the next command goes on from what was.
pub async fn apply(
    planned: &Planned,
    recorded: Option<State>,
    ports: Ports<'_>,
    engine: Engine,
    command: &str,
    by: &str,
) -> Result<Applied, StateError> {
    let Planned { plan, stack, refreshed, warnings: _ } = planned;
    let before = recorded.iter().flat_map(|state| state.resources.values()).flat_map(|recorded| &recorded.objects);
    let known = before.filter(|object| object.within.is_none()).map(|object| object.id.clone()).collect();
    let base = base(stack, recorded, refreshed.as_ref(), ports)?;
    let run = ports.store.name_run(ports.clock.now(), &ports.ids.fresh())?;
    let started = Started {
        version: VERSION,
        run: run.clone(),
        command: command.to_owned(),
        by: by.to_owned(),
        lineage: base.lineage.clone(),
        serial: base.serial,
        stack: stack.name.clone(),
        digest: stack.digest.clone(),
        steps: u32::try_from(plan.steps.steps.len()).unwrap_or(u32::MAX),
        failover: None,
    };
    let deployments = Deployments::new(ports.cloud, ports.clock, ports.ids, absent(planned));
    let (cloud, width): (&dyn Cloud, usize) = match engine {
        Engine::Direct => (ports.cloud, WIDTH),
        Engine::Deployments => (&deployments, deployments::WIDTH),
    };
    let worker = Worker::new(stack, &base, known, Ports { cloud, ..ports });
    let mut journal = ports.store.journal(&run)?;
    let walk = Walk {
        graph: &plan.steps,
        journal: &mut *journal,
        actor: &worker,
        clock: ports.clock,
        stop: ports.stop,
        watcher: ports.watcher,
        width,
        halts: false,
    };
    let report = walk.start(started).await?;
    drop(journal);
    let mut state = ports.store.load()?.unwrap_or(base);
    state.serial += 1;
    if command != "destroy" {
        let outputs = stack.resolve_outputs(&worker.knowledge());
        state.outputs =
            outputs.iter().map(|(name, output)| (name.to_string(), ports.seal.seal(&output.value))).collect();
    } else if state.resources.is_empty() {
        state.outputs.clear();
    }
    ports.store.save(&state)?;
    Ok(Applied { report, run, state })
}

/// The objects that a plan makes where it saw none.
fn absent(planned: &Planned) -> impl Iterator<Item = ArmId> {
    let creates = planned.plan.steps.steps.iter().filter(|step| step.act == Act::Create);
    let resources = creates.filter_map(|step| planned.stack.resources.get(&step.address));
    let objects = resources.flat_map(|resource| &resource.objects).filter(|object| object.within.is_none());
    objects.map(|object| object.id.clone())
}

/// Keeps what was observed, where it differs from what is recorded.
///
/// # Errors
/// Where it cannot be written.
pub fn keep_observed(recorded: &State, refreshed: &State, store: &dyn Store) -> Result<Option<State>, StateError> {
    if recorded.resources == refreshed.resources && recorded.roles == refreshed.roles {
        return Ok(None);
    }
    let state = State { serial: recorded.serial + 1, ..refreshed.clone() };
    store.save(&state)?;
    Ok(Some(state))
}

/// The state that the run starts from: as refreshed, or a first one.
fn base(
    stack: &Stack,
    recorded: Option<State>,
    refreshed: Option<&State>,
    ports: Ports<'_>,
) -> Result<State, StateError> {
    match (recorded, refreshed) {
        (Some(recorded), Some(refreshed)) => Ok(keep_observed(&recorded, refreshed, ports.store)?.unwrap_or(recorded)),
        (Some(recorded), None) => Ok(recorded),
        (None, _) => Ok(State::empty(&stack.name, ports.ids.fresh())),
    }
}

/// Does the steps.
struct Worker<'a> {
    stack: &'a Stack,
    ports: Ports<'a>,
    /// What is recorded, as the steps of the run change it.
    recorded: Mutex<HashMap<Address, Recorded>>,
    /// The objects that were recorded before the last look: what stands there is ours, whether that look saw it or not.
    known: HashSet<ArmId>,
    knowledge: Mutex<Knowledge>,
    /// What a failover run is about; `None` in other runs.
    errand: Option<Errand<'a>>,
}

/// Why a step did not succeed.
enum Stopped {
    Failed(String),
    Unknown(String),
    Paused(String),
}

impl From<CloudError> for Stopped {
    fn from(error: CloudError) -> Self {
        match error {
            CloudError::OutcomeUnknown(why) => Self::Unknown(why),
            refused => Self::Failed(refused.to_string()),
        }
    }
}

impl<'a> Worker<'a> {
    fn new(stack: &'a Stack, base: &State, known: HashSet<ArmId>, ports: Ports<'a>) -> Self {
        Self {
            stack,
            ports,
            known,
            recorded: Mutex::new(base.resources.clone().into_iter().collect()),
            knowledge: Mutex::new(knowledge(base, &|_| false)),
            errand: None,
        }
    }

    fn knowledge(&self) -> MutexGuard<'_, Knowledge> {
        self.knowledge.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A resource as it is recorded now.
    fn recorded(&self, address: &Address) -> Option<Recorded> {
        self.recorded.lock().unwrap_or_else(PoisonError::into_inner).get(address).cloned()
    }

    /// Keeps a resource as it is recorded from now on; `None`: it is gone.
    fn keep(&self, address: &Address, now: Option<&Recorded>) {
        let mut recorded = self.recorded.lock().unwrap_or_else(PoisonError::into_inner);
        match now {
            Some(now) => recorded.insert(address.clone(), now.clone()),
            None => recorded.remove(address),
        };
    }
}

#[async_trait]
impl Actor for Worker<'_> {
    fn intent(&self, step: &Step) -> Option<Box<Recorded>> {
        let resource = self.stack.resources.get(&step.address);
        let with = |status, recorded: Recorded| Some(Box::new(Recorded { status, ..recorded }));
        match (&step.act, resource, self.recorded(&step.address)) {
            (Act::Update | Act::Adopt, _, Some(recorded)) => with(Status::Updating, recorded),
            (Act::Create | Act::Update | Act::Adopt, Some(resource), _) => {
                let arguments = sealed(&resource.args, self.ports.seal);
                Some(Box::new(Recorded::of(resource, arguments, JsonMap::new(), Status::Creating)))
            }
            (Act::Create | Act::Update | Act::Adopt, None, _) | (Act::Forget, ..) => None,
            (Act::Task(task), _, recorded) => match (tasks::writes(task), recorded) {
                (true, Some(recorded)) if recorded.status == Status::Standing => with(Status::Updating, recorded),
                _ => None,
            },
            (Act::Delete(planned), _, recorded) => {
                with(Status::Deleting, recorded.unwrap_or_else(|| (**planned).clone()))
            }
            (Act::SetAside(recorded), ..) => Some(recorded.clone()),
        }
    }

    async fn act(&self, step: &Step, tell: &Tell) -> Outcome {
        let done = match &step.act {
            Act::Create | Act::Update | Act::Adopt => match self.stack.resources.get(&step.address) {
                Some(resource) => self.write(resource, &step.act).await.map(Some),
                None => Err(Stopped::Failed("the stack has no such resource".to_owned())),
            },
            Act::Delete(planned) => {
                let recorded = self.recorded(&step.address);
                self.remove(&step.address, recorded.as_ref().unwrap_or(planned)).await.map(|()| None)
            }
            Act::SetAside(recorded) => Ok(Some(recorded.clone())),
            Act::Forget => Ok(None),
            Act::Task(task) => self.task(step, task, tell).await,
        };
        match done {
            Ok(recorded) => {
                self.keep(&step.address, recorded.as_deref());
                Outcome::Done(recorded)
            }
            Err(Stopped::Failed(why)) => Outcome::Failed(why),
            Err(Stopped::Unknown(why)) => Outcome::Unknown(why),
            Err(Stopped::Paused(why)) => Outcome::Paused(why),
        }
    }
}
