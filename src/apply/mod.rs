//! Applies plans and procedures: executes their steps against the cloud, keeps the results in the state, and passes
//! new values to the steps that wait for them.
//!
//! The caller of [`apply`] holds the lock of the store and has just computed the plan from the loaded state.
//! Meanwhile runs of failover groups may write what they hold, and nothing else; so a command that writes a snapshot
//! reads the state again first.

mod abort;
mod accept;
mod actions;
mod alternatives;
mod around;
mod aside;
mod begin;
mod catalogues;
mod clouds;
mod details;
mod discover;
mod discreet;
mod engine;
mod failover_run;
mod launch;
mod left;
mod moves;
mod observe;
mod older;
mod power;
mod probe;
mod programs;
mod promote;
mod remove;
mod restore;
mod restored;
mod roles;
mod silence;
mod snapshot;
mod standings;
mod tasks;
mod text;
mod together;
mod twins;
mod unchanged;
mod write;

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use jiff::SignedDuration;
use serde_json::Map as JsonMap;

use crate::address::Address;
use crate::diagnostic::Diagnostics;
use crate::kinds::mark::Owner;
use crate::object::ObjectId;
use crate::plan::{PlanOutcome, knowledge, sealed};
use crate::run::{Actor, Outcome, Report, StepReporter, StopSignal, Walk, Watcher};
use crate::stack::{Knowledge, RecordedInputs, Stack};
use crate::state::{Recorded, State, StateError, Status, VERSION};
use crate::steps::{Act, Entry, Event, RunStart, Step};
use crate::value::{Seal, SealedValue};
use crate::world::{Clock, Cloud, CloudError, Commands, Ids, Store, Web};

pub use abort::{AbortOutcome, abort};
pub use accept::{NewRoles, accept};
pub use around::{Patience, ReadPorts, fetch_endpoints, look_around, look_around_within, read_lists};
pub use begin::{held, held_resources, taken_over};
pub use catalogues::{CatalogueSource, read_catalogue, read_catalogues};
pub use clouds::{Clouds, Connect};
pub use discover::{DiscoveryError, MAX_OBJECTS, discover_groups, discover_lists, discover_objects};
pub use engine::{BulkEngine, Engine, EngineInput};
pub use failover_run::{
    Continuation, FailoverRun, FailurePolicy, Operator, Revision, RunError, RunOutcome, may_be_skipped, undertake,
};
pub use observe::observe;
pub(crate) use observe::read_or_list;
pub use standings::{look_at, observe_roles};
pub use text::{text_differences, text_of};

use details::RunDetails;

/// The maximum number of concurrent steps. The actual limit of a run is the provider's own on writes: 200 at once and
/// 10 per second.
pub const WIDTH: usize = crate::steps::WIDTH;

/// The longest delay until a read shows a write.
const LONGEST_LAG: SignedDuration = SignedDuration::from_secs(60);
/// The time between two reads of an object that may still appear.
const LOOK: Duration = Duration::from_secs(10);

/// The ports that a run needs.
#[derive(Clone, Copy)]
pub struct Ports<'a> {
    /// The cloud.
    pub cloud: &'a dyn Cloud,
    /// The public network, as users of that cloud see it.
    pub web: &'a dyn Web,
    /// The programs of command steps and of replicas.
    pub commands: &'a dyn Commands,
    /// The clock of that cloud.
    pub clock: &'a dyn Clock,
    /// New ids.
    pub ids: &'a dyn Ids,
    /// The store.
    pub store: &'a dyn Store,
    /// The seal of the lineage.
    pub seal: &'a Seal,
    /// Observes the run.
    pub watcher: &'a dyn Watcher,
    /// Requests the stop of the run.
    pub stop: &'a StopSignal,
}

impl<'a> Ports<'a> {
    /// The ports that reads need.
    const fn reads(self) -> ReadPorts<'a> {
        ReadPorts { cloud: self.cloud, commands: self.commands, clock: self.clock }
    }
}

/// The outcome of an apply.
pub struct ApplyOutcome {
    /// The run.
    pub report: Report,
    /// The run's id.
    pub run: String,
    /// The resulting state.
    pub state: State,
    /// Errors of outputs whose values are known now. The state has the other outputs.
    pub output_errors: Diagnostics,
}

/// Applies a plan. `command` and `by` are recorded in the journal.
///
/// # Errors
/// Where state or journal cannot be written; the next command then continues from the last entry.
pub async fn apply(
    planned: &PlanOutcome,
    recorded: Option<State>,
    ports: Ports<'_>,
    engine: Engine,
    command: &str,
    by: &str,
) -> Result<ApplyOutcome, StateError> {
    let PlanOutcome { plan, stack, refreshed: _, moves: _, warnings: _ } = planned;
    let before = recorded.iter().flat_map(|state| state.resources.values()).flat_map(|recorded| &recorded.objects);
    let known = before.filter(|object| object.within.is_none()).map(|object| object.id.clone()).collect();
    let base = match recorded {
        Some(recorded) => keep_planned(recorded, planned, ports.store)?,
        None => State::empty(&stack.name, ports.ids.fresh()),
    };
    let mut started = RunStart {
        version: VERSION,
        run: String::new(),
        command: command.to_owned(),
        by: by.to_owned(),
        lineage: base.lineage.clone(),
        serial: base.serial,
        stack: stack.name.clone(),
        digest: stack.digest.clone(),
        steps: u32::try_from(plan.steps.steps.len()).unwrap_or(u32::MAX),
        inputs: RecordedInputs::default(),
        failover: None,
    };
    let wrapped = match engine {
        Engine::Direct => None,
        Engine::Bulk(bulk) => Some((
            (bulk.wrap)(EngineInput {
                cloud: ports.cloud,
                clock: ports.clock,
                ids: ports.ids,
                catalog: stack.catalog(),
                absent: absent(planned).collect(),
            }),
            bulk.width,
        )),
    };
    let (cloud, width): (&dyn Cloud, usize) = match &wrapped {
        None => (ports.cloud, WIDTH),
        Some((cloud, width)) => (&**cloud, *width),
    };
    let addresses = |is_such: fn(&Act) -> bool| -> BTreeSet<Address> {
        let steps = plan.steps.steps.iter().filter(|step| is_such(&step.act));
        steps.map(|step| step.address.clone()).collect()
    };
    let updates = addresses(|act| *act == Act::Update);
    let deletions = addresses(|act| matches!(act, Act::Delete(_)));
    let worker = Worker { updates, deletions, ..Worker::new(stack, &base, known, Ports { cloud, ..ports }) };
    let begun = begin(&mut started, &ports.ids.fresh(), ports)?;
    let run = started.run;
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
    let report = walk.go_on(&begun, Vec::new()).await?;
    drop(journal);
    let outputs = match command {
        "destroy" => None,
        _ => Some(outputs(stack, &worker, ports).await),
    };
    let state = ports.store.update(&mut |state| {
        match &outputs {
            Some((outputs, _)) => state.outputs.clone_from(outputs),
            None if state.resources.is_empty() => state.outputs.clear(),
            None => {}
        }
        state.keep_open_runs();
    })?;
    let output_errors = outputs.map(|(_, wrong)| wrong).unwrap_or_default();
    Ok(ApplyOutcome { report, run, state: state.unwrap_or(base), output_errors })
}

/// Writes the start of a run: named after every run before it, from the snapshot as it is now.
fn begin(started: &mut RunStart, id: &str, ports: Ports<'_>) -> Result<Vec<Entry>, StateError> {
    let mut begun = Vec::new();
    ports.store.write(&mut || {
        let at = ports.clock.now();
        started.run = ports.store.name_run(at, id)?;
        if let Some(now) = ports.store.load()? {
            started.serial = now.serial;
        }
        begun = vec![Entry { at, event: Event::Started(started.clone()) }];
        ports.store.journal(&started.run)?.append(&begun)
    })?;
    Ok(begun)
}

/// The outputs of a stack, sealed, and their errors. Requests the secrets that they depend on; one that the cloud
/// refuses stays unknown.
async fn outputs(stack: &Stack, worker: &Worker<'_>, ports: Ports<'_>) -> (SealedOutputs, Diagnostics) {
    let (first, _) = stack.resolve_outputs(&worker.knowledge());
    for unknown in first.values().filter_map(|output| output.value.unknown_within()) {
        if worker.ask_secrets(&unknown).await.is_err() {
            tracing::debug!("an output depends on a secret that the cloud does not return");
        }
    }
    sealed_outputs(stack, &worker.knowledge(), ports)
}

type SealedOutputs = BTreeMap<String, SealedValue>;

/// The outputs with everything known by now, sealed, and their errors.
fn sealed_outputs(stack: &Stack, knowledge: &Knowledge, ports: Ports<'_>) -> (SealedOutputs, Diagnostics) {
    let (outputs, wrong) = stack.resolve_outputs(knowledge);
    (outputs.iter().map(|(name, output)| (name.to_string(), ports.seal.seal(&output.value))).collect(), wrong)
}

/// The objects that a plan creates because it found none.
fn absent(planned: &PlanOutcome) -> impl Iterator<Item = ObjectId> {
    let creates = planned.plan.steps.steps.iter().filter(|step| step.act == Act::Create);
    let resources = creates.filter_map(|step| planned.stack.resources.get(&step.address));
    let objects = resources.flat_map(|resource| &resource.objects).filter(|object| object.within.is_none());
    objects.map(|object| object.id.clone())
}

/// Saves the observed state, where it differs from the recorded one. A resource that a run has written since it was
/// read stays as that run recorded it, and so does the role of a group that a run has moved or is moving.
///
/// # Errors
/// Where it cannot be written.
pub fn keep_observed(recorded: &State, refreshed: &State, store: &dyn Store) -> Result<Option<State>, StateError> {
    if recorded.resources == refreshed.resources && recorded.roles == refreshed.roles {
        return Ok(None);
    }
    store.update(&mut |state| {
        merge(&mut state.resources, &recorded.resources, &refreshed.resources);
        merge(&mut state.roles.groups, &recorded.roles.groups, &refreshed.roles.groups);
        merge(&mut state.roles.owed, &recorded.roles.owed, &refreshed.roles.owed);
        state.keep_open_runs();
    })
}

/// Applies the changes from `before` to `after`, except where the current value is not that of before any more.
fn merge<K: Ord + Clone, V: PartialEq + Clone>(
    now: &mut BTreeMap<K, V>,
    before: &BTreeMap<K, V>,
    after: &BTreeMap<K, V>,
) {
    let keys: BTreeSet<&K> = before.keys().chain(after.keys()).collect();
    for key in keys.into_iter().filter(|key| before.get(key) != after.get(key)) {
        if now.get(key) != before.get(key) {
            continue;
        }
        match after.get(key) {
            Some(value) => drop(now.insert(key.clone(), value.clone())),
            None => drop(now.remove(key)),
        }
    }
}

/// Saves what a plan has observed, and then gives the resources whose labels have changed their new addresses: all at
/// once, so that no kill leaves an object without an address or with two.
///
/// # Errors
/// Where the state cannot be written, or another run has changed it since the plan was made.
pub fn keep_planned(recorded: State, planned: &PlanOutcome, store: &dyn Store) -> Result<State, StateError> {
    let PlanOutcome { refreshed, moves, .. } = planned;
    let kept = match refreshed {
        Some(refreshed) => keep_observed(&recorded, refreshed, store)?.unwrap_or(recorded),
        None => recorded,
    };
    if moves.is_empty() {
        return Ok(kept);
    }
    let mut is_as_planned = true;
    let moved = store.update(&mut |state| {
        is_as_planned = state.resources == kept.resources && state.roles == kept.roles;
        if is_as_planned {
            moves.carry_out(state);
        }
        state.keep_open_runs();
    })?;
    match moved {
        Some(moved) if is_as_planned => Ok(moved),
        _ => {
            Err(StateError::Locked("another run has changed the state since the plan was made; plan again".to_owned()))
        }
    }
}

/// Executes the steps.
struct Worker<'a> {
    stack: &'a Stack,
    ports: Ports<'a>,
    /// The owner that objects are marked with.
    owner: Owner,
    /// The recorded resources, as the steps of the run change them.
    recorded: Mutex<HashMap<Address, Recorded>>,
    /// The objects recorded before the last refresh: an object that exists there belongs to the stack, even where
    /// that refresh did not find it.
    known: HashSet<ObjectId>,
    knowledge: Mutex<Knowledge>,
    /// The objects that this run has recovered after their deletion.
    recovered: Mutex<HashSet<ObjectId>>,
    /// The resources that a plan updates. Another one may move them to free values before that.
    updates: BTreeSet<Address>,
    /// The resources that a plan deletes. Another one may take their labels before that.
    deletions: BTreeSet<Address>,
    /// The details of a failover run; `None` in other runs.
    errand: Option<RunDetails<'a>>,
}

/// Reasons why a step did not succeed.
enum StepError {
    Failed(String),
    Unknown(String),
    Paused(String),
}

impl From<CloudError> for StepError {
    fn from(error: CloudError) -> Self {
        match error {
            CloudError::OutcomeUnknown(why) => Self::Unknown(why),
            refused => Self::Failed(refused.to_string()),
        }
    }
}

impl<'a> Worker<'a> {
    fn new(stack: &'a Stack, base: &State, known: HashSet<ObjectId>, ports: Ports<'a>) -> Self {
        Self {
            stack,
            ports,
            owner: Owner { stack: stack.name.clone(), lineage: base.lineage.clone() },
            known,
            recorded: Mutex::new(base.resources.iter().map(|(at, one)| (at.clone(), (**one).clone())).collect()),
            knowledge: Mutex::new(knowledge(stack.catalog(), base, &|_| false)),
            recovered: Mutex::default(),
            updates: BTreeSet::new(),
            deletions: BTreeSet::new(),
            errand: None,
        }
    }

    /// Executes a step; the resource as it then exists.
    async fn execute(&self, step: &Step, tell: &StepReporter) -> Result<Option<Box<Recorded>>, StepError> {
        match &step.act {
            Act::Create | Act::Update | Act::Adopt => match self.stack.resources.get(&step.address) {
                Some(resource) => self.write(resource, &step.act, tell).await.map(Some),
                None => Err(StepError::Failed("the stack has no such resource".to_owned())),
            },
            Act::Delete(planned) => self.remove(&step.address, &self.doomed(step, planned)).await.map(|()| None),
            Act::Rename => Ok(self.renamed(step)),
            Act::SetAside(recorded) => Ok(Some(recorded.clone())),
            Act::Forget => Ok(None),
            Act::Task(task) => self.task(step, task, tell).await,
        }
    }

    /// The current record of a resource to delete, with the objects that the plan deletes.
    fn doomed(&self, step: &Step, planned: &Recorded) -> Recorded {
        let recorded = self.recorded(&step.address).unwrap_or_else(|| planned.clone());
        Recorded { objects: planned.objects.clone(), ..recorded }
    }

    /// A resource under its new address, with what the stack declares beside its arguments.
    fn renamed(&self, step: &Step) -> Option<Box<Recorded>> {
        let recorded = self.recorded(&step.address)?;
        let Some(resource) = self.stack.resources.get(&step.address) else { return Some(Box::new(recorded)) };
        let Recorded { arguments, attributes, status, under_way, owner, .. } = recorded;
        Some(Box::new(Recorded { under_way, owner, ..Recorded::of(resource, arguments, attributes, status) }))
    }

    fn knowledge(&self) -> MutexGuard<'_, Knowledge> {
        self.knowledge.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The current record of a resource.
    fn recorded(&self, address: &Address) -> Option<Recorded> {
        self.recorded.lock().unwrap_or_else(PoisonError::into_inner).get(address).cloned()
    }

    /// Replaces the record of a resource; `None` where it was deleted.
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
            (Act::Delete(planned), ..) => with(Status::Deleting, self.doomed(step, planned)),
            (Act::Rename, ..) => self.renamed(step),
            (Act::SetAside(recorded), ..) => Some(recorded.clone()),
        }
    }

    async fn act(&self, step: &Step, tell: &StepReporter) -> Outcome {
        let work = self.execute(step, tell);
        // An apply waits for its operations; a failover run must not wait for a site that is lost meanwhile.
        let done = if self.errand.is_some() { self.unless_silent(step, work).await } else { work.await };
        match done {
            Ok(recorded) => {
                self.keep(&step.address, recorded.as_deref());
                Outcome::Done(recorded)
            }
            Err(StepError::Failed(why)) => {
                self.take_back(step, tell).await;
                Outcome::Failed(self.discreet(why))
            }
            Err(StepError::Unknown(why)) => Outcome::Unknown(self.discreet(why)),
            Err(StepError::Paused(why)) => Outcome::Paused(self.discreet(why)),
        }
    }
}
