//! Carries out a plan: runs its steps against the cloud, keeps what they bring in the state, and hands what is learnt on to the steps that wait for it.
//!
//! Whoever calls holds the lock of the store and has just made the plan from what it loaded, so the basis cannot move on beneath it: only a holder of the lock
//! writes state or moves roles.

mod observe;
mod remove;
mod write;

use std::collections::{HashMap, HashSet};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use jiff::SignedDuration;
use serde_json::{Map as JsonMap, Value as Json};

use crate::address::{Address, ArmId};
use crate::plan::{Planned, knowledge, sealed};
use crate::run::{self, Actor, Outcome, Report, Stop, Watcher};
use crate::stack::{Knowledge, Resource, Stack};
use crate::state::{Recorded, Roles, State, StateError, Status, VERSION};
use crate::steps::{Act, Started, Step};
use crate::value::Seal;
use crate::world::{Clock, Cloud, CloudError, Ids, Store};

pub use observe::observe;

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

/// Carries out a plan. `command` and `by` go into the journal.
///
/// # Errors
/// Where state or journal cannot be written; then the next command goes on from what was.
pub async fn apply(
    planned: &Planned,
    recorded: Option<State>,
    ports: Ports<'_>,
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
    };
    let worker = Worker::new(stack, &base, known, ports);
    let mut journal = ports.store.journal(&run)?;
    let report =
        run::run(&plan.steps, started, &mut *journal, &worker, ports.clock, ports.stop, ports.watcher, WIDTH).await?;
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

/// Keeps what was observed, where it differs from what is recorded.
///
/// # Errors
/// Where it cannot be written.
pub fn keep_observed(recorded: &State, refreshed: &State, store: &dyn Store) -> Result<Option<State>, StateError> {
    if recorded.resources == refreshed.resources {
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
        (None, _) => Ok(State {
            version: VERSION,
            lineage: ports.ids.fresh(),
            serial: 0,
            stack: stack.name.clone(),
            roles: Roles::default(),
            resources: Default::default(),
            outputs: Default::default(),
            last_step: None,
        }),
    }
}

/// Does the steps.
struct Worker<'a> {
    stack: &'a Stack,
    ports: Ports<'a>,
    /// What was recorded when the run began.
    recorded: HashMap<Address, Recorded>,
    /// The objects that were recorded before the last look: what stands there is ours, whether that look saw it or not.
    known: HashSet<ArmId>,
    knowledge: Mutex<Knowledge>,
}

/// Why a step did not succeed.
enum Stopped {
    Failed(String),
    Unknown(String),
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
            recorded: base.resources.iter().map(|(address, recorded)| (address.clone(), recorded.clone())).collect(),
            knowledge: Mutex::new(knowledge(base, &|_| false)),
        }
    }

    fn knowledge(&self) -> MutexGuard<'_, Knowledge> {
        self.knowledge.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A resource as it will be recorded.
    fn record(
        &self,
        resource: &Resource,
        arguments: JsonMap<String, Json>,
        attributes: JsonMap<String, Json>,
        status: Status,
    ) -> Box<Recorded> {
        Box::new(Recorded {
            id: resource.id.clone(),
            name: resource.name.clone(),
            site: resource.site.to_string(),
            location: resource.location.clone(),
            presence: resource.presence,
            objects: resource.objects.clone(),
            variant: resource.variant.map(str::to_owned),
            arguments,
            attributes,
            needs: resource.needs.clone(),
            prevent_destroy: resource.prevent_destroy,
            status,
            under_way: None,
        })
    }
}

#[async_trait]
impl Actor for Worker<'_> {
    fn intent(&self, step: &Step) -> Option<Box<Recorded>> {
        let resource = self.stack.resources.get(&step.address);
        let with = |status, recorded: &Recorded| Some(Box::new(Recorded { status, ..recorded.clone() }));
        match (&step.act, resource, self.recorded.get(&step.address)) {
            (Act::Update | Act::Adopt, _, Some(recorded)) => with(Status::Updating, recorded),
            (Act::Create | Act::Update | Act::Adopt, Some(resource), _) => {
                let arguments = sealed(&resource.args, self.ports.seal);
                Some(self.record(resource, arguments, JsonMap::new(), Status::Creating))
            }
            (Act::Create | Act::Update | Act::Adopt, None, _) | (Act::Forget, ..) => None,
            (Act::Delete(recorded), ..) => with(Status::Deleting, recorded),
            (Act::SetAside(recorded), ..) => Some(recorded.clone()),
        }
    }

    async fn act(&self, step: &Step) -> Outcome {
        let done = match &step.act {
            Act::Create | Act::Update | Act::Adopt => match self.stack.resources.get(&step.address) {
                Some(resource) => self.write(resource, &step.act).await.map(Some),
                None => Err(Stopped::Failed("the stack has no such resource".to_owned())),
            },
            Act::Delete(recorded) => self.remove(&step.address, recorded).await.map(|()| None),
            Act::SetAside(recorded) => Ok(Some(recorded.clone())),
            Act::Forget => Ok(None),
        };
        match done {
            Ok(recorded) => Outcome::Done(recorded),
            Err(Stopped::Failed(why)) => Outcome::Failed(why),
            Err(Stopped::Unknown(why)) => Outcome::Unknown(why),
        }
    }
}
