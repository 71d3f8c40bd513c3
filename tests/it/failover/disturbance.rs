//! A disturbance of one step of a run: faults from the moment it begins, silence of the cloud once it has accepted a
//! write, a program that fails, or a requested stop.

use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};

use async_trait::async_trait;
use drplan::apply::{self, Continuation, FailoverRun, FailurePolicy, Ports, RunError, RunOutcome, undertake};
use drplan::failover::{self, History, ProcedureInput};
use drplan::object::{Collection, Object, ObjectId};
use drplan::run::{Progress, StopSignal, Watcher};
use drplan::sight::Sight;
use drplan::simulator::{Fault, HttpMethod, Moment, RequestMatch, Simulator};
use drplan::steps::{Phase, RunEnd, StepGraph, StepId};
use drplan::world::{
    Clock, Cloud, CloudError, CommandError, CommandLine, Commands, ProgramExit, ProgramOutput, WriteCondition,
};
use jiff::Timestamp;
use serde_json::Value as Json;

use super::incident::{Incident, PARTY, RunRequest};

/// Maximum number of approvals in a run.
const MOST: usize = 8;

/// A disturbance of one step.
#[derive(Debug, Clone, Default)]
pub struct Disturbance {
    /// Faults that begin with the step.
    pub faults: Vec<Fault>,
    /// Objects that do not answer any more, once a write of one was accepted.
    pub silent: Vec<Silence>,
    /// The number of programs that fail; `None`: all.
    pub failing_programs: Option<u32>,
    /// Requests a stop when the step begins, as Ctrl-C does.
    pub stops: bool,
}

/// The silence of an object that was written.
#[derive(Debug, Clone)]
pub struct Silence {
    pub id: ObjectId,
    /// Pattern of the paths at which nothing answers then.
    pub paths: String,
}

/// A disturbance at work: the ports of a run that it surrounds.
struct DisturbedPorts<'a> {
    cloud: &'a dyn Cloud,
    /// The programs of replicas, which the simulator answers.
    replicas: &'a dyn Commands,
    simulator: Simulator,
    step: StepId,
    disturbance: Disturbance,
    stop: StopSignal,
    has_begun: AtomicBool,
    programs: AtomicU32,
    /// Objects that still answer.
    answering: Mutex<Vec<Silence>>,
}

impl Watcher for DisturbedPorts<'_> {
    fn event(&self, _: Timestamp, _: &StepGraph, what: &Progress<'_>) {
        let is_it = matches!(what, Progress::Begun(step) if step.id == self.step);
        if !is_it || self.has_begun.swap(true, Ordering::SeqCst) {
            return;
        }
        for fault in &self.disturbance.faults {
            self.simulator.add_fault(fault.clone()).expect("the simulator is in memory");
        }
        if self.disturbance.stops {
            self.stop.request();
        }
    }
}

#[async_trait]
impl Commands for DisturbedPorts<'_> {
    async fn run(&self, line: &CommandLine) -> Result<ProgramExit, CommandError> {
        if line.purpose.is_some() {
            return self.replicas.run(line).await;
        }
        let number = self.programs.fetch_add(1, Ordering::SeqCst);
        let fails = self.disturbance.failing_programs.is_none_or(|most| number < most);
        Ok(ProgramExit { code: Some(i32::from(fails)), said: String::new(), output: String::new() })
    }

    async fn read(&self, line: &CommandLine) -> Result<ProgramOutput, String> {
        if line.purpose.is_some() {
            return self.replicas.read(line).await;
        }
        Ok(ProgramOutput { ended: self.run(line).await.map_err(|why| why.to_string())?, text: String::new() })
    }
}

impl DisturbedPorts<'_> {
    /// Drops every answer about this object from now on, where the disturbance wants that.
    fn is_written(&self, id: &ObjectId) {
        if !self.has_begun.load(Ordering::SeqCst) {
            return;
        }
        let mut answering = self.answering.lock().expect("no panic while locked");
        answering.retain(|silence| {
            let is_it = *id == silence.id;
            if is_it {
                let on = |verb| RequestMatch { verb, path: Some(silence.paths.clone()), ..RequestMatch::default() };
                let drop = |verb, when| Fault::Drop { when, on: on(verb) };
                for fault in [drop(Some(HttpMethod::Get), Moment::Before), drop(None, Moment::After)] {
                    self.simulator.add_fault(fault).expect("the simulator is in memory");
                }
            }
            !is_it
        });
    }
}

#[async_trait]
impl Cloud for DisturbedPorts<'_> {
    async fn get(&self, object: &Object) -> Result<Option<Sight>, CloudError> {
        self.cloud.get(object).await
    }

    async fn put(&self, object: &Object, body: &Json, when: WriteCondition<'_>) -> Result<Sight, CloudError> {
        self.is_written(&object.id);
        self.cloud.put(object, body, when).await
    }

    async fn put_together(&self, writes: &[(Object, Json, WriteCondition<'_>)]) -> Result<Vec<Sight>, CloudError> {
        writes.iter().for_each(|(object, ..)| self.is_written(&object.id));
        self.cloud.put_together(writes).await
    }

    async fn delete(&self, object: &Object) -> Result<(), CloudError> {
        self.is_written(&object.id);
        self.cloud.delete(object).await
    }

    async fn patch(&self, object: &Object, body: &Json) -> Result<Sight, CloudError> {
        self.is_written(&object.id);
        self.cloud.patch(object, body).await
    }

    async fn post(
        &self,
        object: &Object,
        action: &str,
        query: &[(&str, &str)],
        body: Option<&Json>,
    ) -> Result<Json, CloudError> {
        self.is_written(&object.id);
        self.cloud.post(object, action, query, body).await
    }

    async fn get_with(&self, object: &Object, query: &[(&str, &str)]) -> Result<Option<Json>, CloudError> {
        self.cloud.get_with(object, query).await
    }

    async fn answers(&self, object: &Object) -> Result<(), CloudError> {
        self.cloud.answers(object).await
    }

    async fn metric(&self, object: &Object, name: &str) -> Result<Option<f64>, CloudError> {
        self.cloud.metric(object, name).await
    }

    async fn collection(&self, list: &Collection) -> Result<Vec<(ObjectId, Sight)>, CloudError> {
        self.cloud.collection(list).await
    }

    fn delayed_until(&self, id: &ObjectId) -> Option<Timestamp> {
        self.cloud.delayed_until(id)
    }

    fn last_refusal(&self, id: &ObjectId) -> Option<String> {
        self.cloud.last_refusal(id)
    }

    async fn list(&self, group: &ObjectId) -> Result<Vec<ObjectId>, CloudError> {
        self.cloud.list(group).await
    }
}

impl Incident {
    /// A forced run that takes over the unfinished one, until it ends.
    pub async fn taken_over(&self, ask: RunRequest) -> Result<(), String> {
        let open = self.open().expect("an unfinished run");
        let text = |error: RunError| error.to_string();
        let over = FailoverRun::read(&self.lab.store, &open).map_err(text)?;
        let (stack, state) = self.stack(ask.verb);
        let left = apply::taken_over(&over, &state, self.lab.clock.now()).map_err(text)?;
        let group = stack.failover_groups.values().next().expect("a failover group");
        let lost = [self.home.0.clone()];
        let survey = failover::survey(&stack, group, &left, &lost);
        let seen = apply::look_around(&survey, self.lab.reads(), &self.lab.simulator).await;
        let procedure = failover::plan(&ProcedureInput {
            stack: &stack,
            group,
            verb: ask.verb,
            how: ask.how,
            lost: &lost,
            to: None,
            without: &[],
            pending: &[],
            state: &left,
            seen: &seen,
            accepted: ask.accepted,
            verify: &[],
            history: &History::default(),
        });
        if procedure.is_refused() || procedure.idle.is_some() {
            return Err(format!("the take-over is refused: {:?} {:#?}", procedure.idle, procedure.guards));
        }
        let stop = StopSignal::default();
        let ports = self.ports(&stop);
        let run = FailoverRun::new(&procedure, &left, ports, "tester").map_err(text)?;
        let mut run = run.with_outage(None, Some(open));
        undertake(&mut run, &stack, ports, PARTY, Continuation::Start, FailurePolicy::Stop).await.map_err(text)?;
        let ended =
            self.open().is_none() || self.whole(ask, FailurePolicy::Stop).await?.report.ended == Some(RunEnd::Done);
        if ended { Ok(()) } else { Err("the run that took over does not end".to_owned()) }
    }
}

/// Begins a run in which one step is disturbed. Approvals are granted.
pub async fn disturbed(
    incident: &Incident,
    ask: RunRequest,
    step: StepId,
    disturbance: Disturbance,
) -> Result<RunOutcome, String> {
    let procedure = incident.procedure(ask).await;
    if procedure.is_refused() {
        return Err(format!("refused: {:?}", procedure.guards));
    }
    let (stack, state) = incident.stack(ask.verb);
    let stop = StopSignal::default();
    let around = DisturbedPorts {
        cloud: &incident.lab.cloud,
        replicas: &incident.lab.commands,
        simulator: incident.lab.simulator.clone(),
        step,
        answering: Mutex::new(disturbance.silent.clone()),
        disturbance,
        stop: stop.clone(),
        has_begun: AtomicBool::new(false),
        programs: AtomicU32::new(0),
    };
    let ports = Ports { cloud: &around, commands: &around, watcher: &around, ..incident.ports(&stop) };
    let mut run = FailoverRun::new(&procedure, &state, ports, "tester").map_err(|error| error.to_string())?;
    let mut onward = Continuation::Start;
    for _ in 0..MOST {
        let ended = undertake(&mut run, &stack, ports, PARTY, onward, FailurePolicy::Stop).await;
        let ended = ended.map_err(|error| error.to_string())?;
        let status = run.status().map_err(|error| error.to_string())?;
        let waits = run.graph.steps.iter().any(|step| status.phase(step.id) == Some(Phase::Paused));
        if ended.report.ended == Some(RunEnd::Done) || stop.is_requested() || !waits || !incident.answer() {
            return Ok(ended);
        }
        onward = Continuation::Resume;
    }
    Err(format!("the run waits for more than {MOST} approvals"))
}
