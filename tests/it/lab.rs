//! A stack, a simulated cloud and a store in memory: the fixture of tests of whole applies.

use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::Router;
use drplan::address::Address;
use drplan::apply::{self, ApplyOutcome, Clouds, Connect, Engine, Ports, ReadPorts};
use drplan::diagnostic::{Diagnostics, Sources, render_all};
use drplan::hcl::Files;
use drplan::host::{SeededIds, SimClock};
use drplan::kinds::Catalog;
use drplan::kinds::mark::is_mark;
use drplan::object::ObjectId;
use drplan::plan::{self, Action, Observed, PlanInput, PlanOutcome};
use drplan::providers::azure::simulated::{SUBSCRIPTION, TENANT};
use drplan::run::{Progress, StepOutcome, StopSignal, Watcher};
use drplan::simulator::{SimulatedCommands, Simulator};
use drplan::stack::{self, Input, Program, VariableInput};
use drplan::state::{State, StateError};
use drplan::steps::StepGraph;
use drplan::store::MemoryStore;
use drplan::value::Seal;
use drplan::wire::{HttpBackend, Reach};
use drplan::world::{
    Clock, Cloud, CommandError, CommandLine, Commands, NoNotices, ProgramExit, ProgramOutput, Store, WebRequest,
};
use jiff::Timestamp;
use serde_json::Value as Json;

use crate::toy::Toy;

/// Watcher that ignores all events.
pub struct SilentWatcher;

impl Watcher for SilentWatcher {
    fn event(&self, _: jiff::Timestamp, _: &StepGraph, _: &Progress<'_>) {}
}

/// Files as pairs of name and text.
pub struct FilesInMemory(pub Vec<(String, String)>);

impl Files for FilesInMemory {
    fn bytes(&self, path: &str) -> Result<Option<Arc<[u8]>>, String> {
        Ok(self.0.iter().find(|(name, _)| name == path).map(|(_, text)| text.as_bytes().into()))
    }
}

/// Command runner under which every program succeeds.
#[derive(Clone, Copy)]
pub struct SuccessfulCommands;

#[async_trait::async_trait]
impl Commands for SuccessfulCommands {
    async fn run(&self, _: &CommandLine) -> Result<ProgramExit, CommandError> {
        Ok(ProgramExit { code: Some(0), said: String::new(), output: String::new() })
    }

    async fn read(&self, line: &CommandLine) -> Result<ProgramOutput, String> {
        Ok(ProgramOutput { ended: self.run(line).await.map_err(|why| why.to_string())?, text: String::new() })
    }
}

/// Key that encrypts the sensitive values of every lab.
const SEAL: [u8; 32] = [7; 32];

/// A cloud and a store.
pub struct Lab {
    pub simulator: Simulator,
    pub clock: Arc<SimClock>,
    pub store: MemoryStore,
    pub cloud: Clouds,
    /// The programs of steps and replicas: those for simulated machines are simulated, and every other one succeeds.
    pub commands: SimulatedCommands<SuccessfulCommands>,
    /// The providers that stacks may use.
    pub catalog: &'static Catalog,
    /// The cloud of a provider that only the tests know.
    pub toy: Arc<Toy>,
    pub ids: Arc<SeededIds>,
    pub seal: Seal,
    pub variables: Vec<(String, String)>,
    pub files: Vec<(String, String)>,
    pub engine: Engine,
    /// The addresses that are named for an import.
    pub adopt: Vec<Address>,
    /// The last stack read: parsing dominates the time of most tests.
    pub program: Mutex<Option<(LabInput, Arc<Program>)>>,
}

/// Inputs of a program: text, variables and files of a lab.
pub type LabInput = (String, Vec<(String, String)>, Vec<(String, String)>);

impl Lab {
    /// A new, empty lab; everything in it follows from the seed.
    pub fn new(seed: u64) -> Self {
        Self::behind(seed, |router, _| router)
    }

    /// A new, empty lab whose client reaches the cloud through the router that `around` returns.
    pub fn behind(seed: u64, around: impl FnOnce(Router, &Arc<SimClock>) -> Router) -> Self {
        let clock = Arc::new(SimClock::new(drplan::simulator::START));
        let simulator = Simulator::new(drplan::providers::dialects(), seed, Arc::clone(&clock) as Arc<dyn Clock>);
        Self::around(simulator, Arc::default(), clock, SeededIds::new(seed), around)
    }

    fn around(
        simulator: Simulator,
        toy: Arc<Toy>,
        clock: Arc<SimClock>,
        ids: SeededIds,
        around: impl FnOnce(Router, &Arc<SimClock>) -> Router,
    ) -> Self {
        let ids = Arc::new(ids);
        let reach = Reach {
            wire: HttpBackend::InProcess(around(simulator.router(), &clock)),
            network: None,
            environment: BTreeMap::new(),
            workstation: None,
            entrances: None,
            clock: Arc::clone(&clock) as Arc<dyn Clock>,
            ids: Arc::clone(&ids) as Arc<dyn drplan::world::Ids>,
            notices: Arc::new(NoNotices),
        };
        let own = Arc::clone(&toy);
        let connect: Connect = Box::new(move |_| {
            let own = Arc::clone(&own);
            Box::pin(async move { Ok(own as Arc<dyn Cloud>) })
        });
        let providers = drplan::providers::connections(&reach).chain([(&crate::toy::TABLES, connect)]);
        let cloud = Clouds::new(crate::toy::catalog(), providers);
        Self {
            commands: SimulatedCommands { simulator: simulator.clone(), others: SuccessfulCommands },
            simulator,
            clock,
            store: MemoryStore::default(),
            cloud,
            toy,
            catalog: drplan::providers::catalog(),
            ids,
            seal: Seal::new(SEAL),
            variables: Vec::new(),
            files: Vec::new(),
            engine: Engine::Direct,
            adopt: Vec::new(),
            program: Mutex::default(),
        }
    }

    /// The ports that reads need.
    pub fn reads(&self) -> ReadPorts<'_> {
        ReadPorts { cloud: &self.cloud, commands: &self.commands, clock: &*self.clock }
    }

    /// An independent copy of this lab. Tests with the same beginning prepare it once and fork.
    ///
    /// The clock of the copy begins where this lab's was at `now`; the copy may run on another runtime, which has its
    /// own time.
    pub fn fork(&self, now: Timestamp) -> Self {
        let clock = Arc::new(SimClock::new(now));
        let simulator = self.simulator.fork(Arc::clone(&clock) as Arc<dyn Clock>);
        Self {
            store: self.store.fork(),
            seal: Seal::new(SEAL),
            variables: self.variables.clone(),
            files: self.files.clone(),
            engine: self.engine,
            catalog: self.catalog,
            adopt: self.adopt.clone(),
            program: Mutex::new(self.program.lock().expect("no panic while locked").clone()),
            ..Self::around(simulator, self.toy.fork(), clock, self.ids.fork(), |router, _| router)
        }
    }

    /// Program of a stack's text, or all errors as the command line prints them.
    pub fn read(&self, text: &str) -> Result<Arc<Program>, String> {
        let input = (text.to_owned(), self.variables.clone(), self.files.clone());
        if let Some((read, program)) = &*self.program.lock().expect("no panic while locked")
            && *read == input
        {
            return Ok(Arc::clone(program));
        }
        let (program, found, sources) = self.read_with_diagnostics(text);
        if found.has_errors() {
            return Err(anstream::adapter::strip_str(&render_all(&found, &sources, usize::MAX)).to_string());
        }
        *self.program.lock().expect("no panic while locked") = Some((input, Arc::clone(&program)));
        Ok(program)
    }

    /// Program of a stack's text, its diagnostics, and the sources of these.
    pub fn read_with_diagnostics(&self, text: &str) -> (Arc<Program>, Diagnostics, Sources) {
        let mut sources = Sources::default();
        let given = |(name, text): &(String, String)| VariableInput {
            name: name.clone(),
            text: text.clone(),
            origin: "by --var".to_owned(),
        };
        let input = Input {
            reader: Arc::new(FilesInMemory(self.files.clone())),
            variables: self.variables.iter().map(given).collect(),
            ..Input::in_memory(text, &mut sources, (SUBSCRIPTION, TENANT), self.catalog)
        };
        let (program, found) = stack::read_all(input);
        let program = Arc::new(program);
        let (_, found) = drplan::providers::rules().all(&program, found);
        (program, found, sources)
    }

    /// A plan after a refresh from the cloud.
    pub async fn plan(&self, text: &str, destroy: bool) -> (PlanOutcome, Option<State>) {
        self.plan_for(text, destroy, &[]).await
    }

    /// A plan limited to these targets.
    pub async fn plan_for(&self, text: &str, destroy: bool, targets: &[Address]) -> (PlanOutcome, Option<State>) {
        self.try_plan_for(text, destroy, targets).await.unwrap_or_else(|why| panic!("{why}"))
    }

    /// A plan after a refresh from the cloud, or the reason why there is none.
    pub async fn try_plan(&self, text: &str, destroy: bool) -> Result<(PlanOutcome, Option<State>), String> {
        self.try_plan_for(text, destroy, &[]).await
    }

    async fn try_plan_for(
        &self,
        text: &str,
        destroy: bool,
        targets: &[Address],
    ) -> Result<(PlanOutcome, Option<State>), String> {
        let program = self.read(text)?;
        let state = self.store.load().map_err(|error| error.to_string())?;
        let known = state.as_ref().map(|state| plan::knowledge(self.catalog, state, &|_| false)).unwrap_or_default();
        let (stack, _) = program.evaluate(&known).map_err(|found| format!("{found:?}"))?;
        let objects = plan::to_observe(&stack, state.as_ref(), true);
        let mut observed = apply::observe(stack.catalog(), &self.cloud, &*self.clock, &objects, state.as_ref())
            .await
            .map_err(|error| error.to_string())?;
        if let Some(state) = &state {
            apply::observe_roles(self.reads(), &stack, state, &mut observed).await;
        }
        self.plan_of(text, destroy, targets, &observed).map(|planned| (planned, state))
    }

    /// A plan from this observation.
    pub fn plan_of(
        &self,
        text: &str,
        destroy: bool,
        targets: &[Address],
        observed: &Observed,
    ) -> Result<PlanOutcome, String> {
        let program = self.read(text)?;
        let state = self.store.load().map_err(|error| error.to_string())?;
        let question = PlanInput {
            program: &program,
            state: state.as_ref(),
            observed,
            seal: &self.seal,
            targets,
            destroy,
            adopt: &self.adopt,
        };
        plan::plan(&question).map_err(|found| format!("{found:?}"))
    }

    /// Plans and applies.
    pub async fn apply(&self, text: &str) -> Result<ApplyOutcome, StateError> {
        let (planned, state) = self.plan(text, false).await;
        self.carry_out(&planned, state, "apply").await
    }

    /// Plans and executes a destroy.
    pub async fn destroy(&self, text: &str) -> Result<ApplyOutcome, StateError> {
        let (planned, state) = self.plan(text, true).await;
        self.carry_out(&planned, state, "destroy").await
    }

    /// Executes a plan.
    pub async fn carry_out(
        &self,
        planned: &PlanOutcome,
        state: Option<State>,
        command: &str,
    ) -> Result<ApplyOutcome, StateError> {
        let ports = Ports {
            cloud: &self.cloud,
            web: &self.simulator,
            commands: &self.commands,
            clock: &*self.clock,
            ids: &*self.ids,
            store: &self.store,
            seal: &self.seal,
            watcher: &SilentWatcher,
            stop: &StopSignal::default(),
        };
        apply::apply(planned, state, ports, self.engine, command, "tester").await
    }

    /// Ids of existing objects in the cloud.
    pub fn standing(&self) -> Vec<ObjectId> {
        let objects = self.simulator.show().objects.into_iter();
        objects.filter(|(id, body)| !is_remnant(id, body)).map(|(id, _)| id).collect()
    }
}

/// True for what is no object of a stack: a machine that the cloud remembers for a while after its end, an object of a
/// bucket that was deleted and whose versions are locked, and a zone that existed before all stacks, with the records
/// that every zone has.
pub fn is_remnant(id: &ObjectId, body: &Json) -> bool {
    let in_zone = id.as_str().strip_prefix("aws:global/zones/").map(|rest| rest.split_once("/records/"));
    let is_zone = in_zone.is_some_and(|record| {
        record.is_none_or(|(_, record)| ["^n^s|", "^s^o^a|"].iter().any(|type_| record.starts_with(type_)))
    });
    is_zone
        || body.get("DeleteMarker").is_some_and(|marker| *marker == true)
        || body.pointer("/State/Name").is_some_and(|state| state == "terminated")
}

/// Objects without the marks of their owner, whose lineage differs between labs.
pub fn unmarked(mut objects: BTreeMap<ObjectId, Json>) -> BTreeMap<ObjectId, Json> {
    for body in objects.values_mut() {
        if let Some(Json::Object(tags)) = body.get_mut("tags") {
            tags.retain(|name, _| !is_mark(name));
        }
    }
    objects
}

/// Changes of a plan, one per line.
pub fn changes(planned: &PlanOutcome) -> Vec<String> {
    planned
        .plan
        .changes
        .iter()
        .filter(|change| change.action != Action::Keep)
        .map(|change| {
            let arguments: Vec<String> = change
                .arguments
                .iter()
                .map(|argument| {
                    let show = |side: &Option<drplan::value::SealedValue>| {
                        side.as_ref().map_or("-".to_owned(), |s| s.json().to_string())
                    };
                    format!("{}: {} -> {}", argument.path, show(&argument.before), show(&argument.after))
                })
                .collect();
            format!("{:?} {} ({}) [{}]", change.action, change.address, change.reason, arguments.join(", "))
        })
        .collect()
}

/// Failures in a run.
pub fn failures(applied: &ApplyOutcome, what: &str) -> Result<(), String> {
    let failed: Vec<String> = applied
        .report
        .fates
        .iter()
        .enumerate()
        .filter(|(_, fate)| matches!(fate, StepOutcome::Failed(..) | StepOutcome::Unknown(..)))
        .map(|(at, fate)| match fate {
            StepOutcome::Failed(_, why) | StepOutcome::Unknown(_, why) => format!("step {at}: {why}"),
            _ => String::new(),
        })
        .collect();
    if failed.is_empty() { Ok(()) } else { Err(format!("{what}: {}", failed.join("; "))) }
}

/// A GET of the public network that hopes for 200.
pub fn get(url: &str) -> WebRequest {
    WebRequest {
        method: "GET".to_owned(),
        url: url.to_owned(),
        headers: Vec::new(),
        body: None,
        address: None,
        marker: None,
        hoped: 200,
        within: Duration::from_secs(60),
    }
}

/// Runs a test on simulated time.
pub fn simulated<T>(test: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .start_paused(true)
        .build()
        .expect("a runtime")
        .block_on(test)
}

/// Calls a function for each number on all cores and returns the results in the order of the numbers.
pub fn in_parallel(numbers: Range<u64>, told_of: impl Fn(u64) -> Vec<String> + Sync) -> Vec<String> {
    let next = AtomicU64::new(numbers.start);
    let told = Mutex::new(BTreeMap::new());
    std::thread::scope(|scope| {
        for _ in 0..std::thread::available_parallelism().map_or(1, usize::from) {
            scope.spawn(|| {
                loop {
                    let number = next.fetch_add(1, Ordering::Relaxed);
                    if !numbers.contains(&number) {
                        break;
                    }
                    let of_number = told_of(number);
                    told.lock().expect("no panic while locked").insert(number, of_number);
                }
            });
        }
    });
    told.into_inner().expect("no panic while locked").into_values().flatten().collect()
}
