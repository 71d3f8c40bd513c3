//! The stages of a plan and of an apply, each measured alone, in this process.

use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use drplan::apply::{self, ApplyOutcome, Ports};
use drplan::diagnostic::{Diagnostics, Sources};
use drplan::hcl;
use drplan::host::{SeededIds, SimClock};
use drplan::kinds::body;
use drplan::plan::{self, Observed, PlanInput, PlanOutcome};
use drplan::providers::azure::client::{Azure, AzureConfig, BearerToken, FixedToken, HttpBackend};
use drplan::providers::azure::simulated::{BASE, SUBSCRIPTION, TENANT};
use drplan::run::{Progress, StopSignal, Watcher};
use drplan::simulator::{START, Simulator};
use drplan::stack::{self, Input, Knowledge, Program, Stack};
use drplan::state::{State, format};
use drplan::steps::StepGraph;
use drplan::store::LocalStore;
use drplan::value::Seal;
use drplan::world::{Clock, CommandError, CommandLine, Commands, Ids, NoNotices, ProgramExit, ProgramOutput, Store};

use super::{Failed, Row, stacks};

/// Measures every stage for a stack of this many resources; `folder` must be empty.
pub fn measure(resources: usize, folder: &Path) -> Result<Vec<Row>, Failed> {
    let files = stacks::stack(resources);
    let mut rows = Vec::new();
    let mut row = |name: &'static str, took: Duration| rows.push(Row { name, took, detail: String::new() });

    let (took, ()) = timed(|| files.iter().try_for_each(|(_, text)| hcl::parse(text, 0).map(drop)).map_err(wrong))?;
    row("parse", took);
    let (took, program) = timed(|| read(&files))?;
    row("parse and sort", took);
    let (took, stack) = timed(|| program.evaluate(&Knowledge::default()).map(|(stack, _)| stack).map_err(wrong))?;
    row("evaluate", took);
    let (took, _) = timed(|| Ok(drplan::providers::rules().check(&stack)))?;
    row("check", took);
    let (took, _) = timed(|| encode(&stack))?;
    row("encode", took);

    let seal = Seal::new([7; 32]);
    let nothing = Observed::default();
    let make = |state: Option<&State>| {
        let question = PlanInput {
            program: &program,
            state,
            observed: &nothing,
            seal: &seal,
            targets: &[],
            destroy: false,
            adopt: &[],
        };
        plan::plan(&question).map_err(wrong)
    };
    let (took, planned) = timed(|| make(None))?;
    row("plan from nothing", took);
    let store = LocalStore::open(folder, "speed", "local")?;
    let (took, (applied, simulator)) = timed(|| run(&planned, &store, &seal, folder))?;
    row("apply", took);
    let state = applied.state;
    let (took, text) = timed(|| Ok(format::write(&state)?))?;
    row("write the state", took);
    let (took, _) = timed(|| Ok(format::read("state.json", text.as_bytes())?))?;
    row("read the state", took);
    let (took, _) = timed(|| make(Some(&state)))?;
    row("plan without changes", took);

    let requests: u64 = simulator.show().requests.values().sum();
    let floor = planned.plan.steps.critical_path().total;
    rows.push(Row {
        name: "simulated apply",
        took: applied.report.length,
        detail: format!(
            "{requests} requests; critical path {:.0} s planned, {:.0} s actual",
            floor.as_secs_f64(),
            applied.report.critical.total.as_secs_f64()
        ),
    });
    Ok(rows)
}

fn timed<T>(stage: impl FnOnce() -> Result<T, Failed>) -> Result<(Duration, T), Failed> {
    let began = Instant::now();
    let done = stage()?;
    Ok((began.elapsed(), done))
}

fn wrong(found: Diagnostics) -> Failed {
    let all: Vec<String> = found.iter().take(9).map(ToString::to_string).collect();
    all.join("\n").into()
}

fn read(files: &[(String, String)]) -> Result<Arc<Program>, Failed> {
    let mut sources = Sources::default();
    let input = Input {
        files: files.iter().map(|(name, text)| (name.as_str().into(), text.as_str().into())).collect(),
        ..Input::in_memory("", &mut sources, (SUBSCRIPTION, TENANT), drplan::providers::catalog())
    };
    stack::read(input).map(Arc::new).map_err(wrong)
}

/// Encodes the bodies of all resources.
fn encode(stack: &Stack) -> Result<usize, Failed> {
    let seal = Seal::new([7; 32]);
    let knowledge = Knowledge::default();
    let bodies = stack.resources.values().map(|resource| {
        let args = plan::sealed(&resource.args, &seal);
        stack.with_subject(resource, &args, &knowledge, body::bodies).len()
    });
    Ok(bodies.sum())
}

/// Applies on a local simulator kept in this folder, with every write synced, on simulated time.
fn run(
    planned: &PlanOutcome,
    store: &LocalStore,
    seal: &Seal,
    folder: &Path,
) -> Result<(ApplyOutcome, Simulator), Failed> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().start_paused(true).build()?;
    runtime.block_on(async {
        let clock = Arc::new(SimClock::new(START));
        let ids = Arc::new(SeededIds::new(1));
        let simulator = Simulator::open(
            drplan::providers::dialects(),
            &folder.join("simulator"),
            Some(1),
            Arc::clone(&clock) as Arc<dyn Clock>,
        )?;
        let azure = Azure::new(AzureConfig {
            endpoint: BASE.parse()?,
            wire: HttpBackend::InProcess(simulator.router()),
            credential: Arc::new(FixedToken(BearerToken::new("speed"))),
            clock: Arc::clone(&clock) as Arc<dyn Clock>,
            ids: Arc::clone(&ids) as Arc<dyn Ids>,
            notices: Arc::new(NoNotices),
        });
        let ports = Ports {
            cloud: &azure,
            web: &simulator,
            commands: &SuccessfulCommands,
            clock: &*clock,
            ids: &*ids,
            store: store as &dyn Store,
            seal,
            watcher: &SilentWatcher,
            stop: &StopSignal::default(),
        };
        Ok((apply::apply(planned, None, ports, apply::Engine::Direct, "apply", "speed").await?, simulator))
    })
}

/// Commands that always succeed.
struct SuccessfulCommands;

#[async_trait::async_trait]
impl Commands for SuccessfulCommands {
    async fn run(&self, _: &CommandLine) -> Result<ProgramExit, CommandError> {
        Ok(ProgramExit { code: Some(0), said: String::new(), output: String::new() })
    }

    async fn read(&self, line: &CommandLine) -> Result<ProgramOutput, String> {
        Ok(ProgramOutput { ended: self.run(line).await.map_err(|why| why.to_string())?, text: String::new() })
    }
}

struct SilentWatcher;

impl Watcher for SilentWatcher {
    fn event(&self, _: jiff::Timestamp, _: &StepGraph, _: &Progress<'_>) {}
}
