//! Failures of each writing step of a run: rejected once, response lost, failed after acceptance, and failed
//! permanently. After the fault is fixed, the run can be resumed and ends as an undisturbed one. Covers every operation
//! of every starter stack.

use drplan::address::{Address, ArmId};
use drplan::apply::FailurePolicy;
use drplan::simulator::{Fault, HttpMethod, Moment, RequestMatch};
use drplan::steps::{Act, RunEnd, Step, Task};

use super::incident::{Incident, IncidentSnapshot, RunRequest};
use super::scene::{SCENES, Scene};
use crate::lab::{in_parallel, simulated};

/// Failure of a step.
#[derive(Debug, Clone, Copy)]
enum StepFailure {
    /// Rejected once with a transient error.
    Refused,
    /// Executed, but the response is lost.
    ResponseLost,
    /// Accepted once, then failed.
    FailedOnce,
    /// Accepted and failed on every request.
    Permanent,
}

const STEP_FAILURES: [StepFailure; 4] =
    [StepFailure::Refused, StepFailure::ResponseLost, StepFailure::FailedOnce, StepFailure::Permanent];

impl StepFailure {
    fn fault(self, verb: HttpMethod, path: String) -> Fault {
        let times = if matches!(self, Self::Permanent) { None } else { Some(1) };
        let on = RequestMatch { verb: Some(verb), path: Some(path), times, probability: None };
        match self {
            Self::Refused => Fault::Answer { status: 503, code: None, retry_after: None, on },
            Self::ResponseLost => Fault::Drop { when: Moment::After, on },
            Self::FailedOnce | Self::Permanent => {
                Fault::Fail { code: "InternalServerError".to_owned(), message: "It broke.".to_owned(), on }
            }
        }
    }
}

/// Requests by which a step writes, as verbs and path patterns; empty for a step that does not write.
fn requests(incident: &Incident, ask: RunRequest, step: &Step) -> Vec<(HttpMethod, String)> {
    let (stack, state) = incident.stack(ask.verb);
    let tail = |id: &ArmId| {
        id.as_str().rsplitn(3, '/').take(2).collect::<Vec<_>>().into_iter().rev().collect::<Vec<_>>().join("/")
    };
    let objects = |address: &Address| {
        let recorded = state.resources.get(address).map(|recorded| recorded.objects.clone());
        let declared = || stack.resources.get(address).map(|resource| resource.objects.clone());
        recorded.or_else(declared).unwrap_or_default().into_iter().map(|object| tail(&object.id)).collect::<Vec<_>>()
    };
    let last = |verb| objects(&step.address).last().map(|tail| (verb, format!("*{tail}"))).into_iter().collect();
    match &step.act {
        Act::Create | Act::Task(Task::Move { .. }) => last(HttpMethod::Put),
        Act::Delete(_) => last(HttpMethod::Delete),
        Act::Task(Task::Promote { .. }) => {
            let asked =
                |tail: String| [(HttpMethod::Post, format!("*{tail}/*")), (HttpMethod::Patch, format!("*{tail}"))];
            // A failback sends the request to the source, which the replica only refers to.
            let uses = stack.resources.get(&step.address).into_iter().flat_map(|replica| &replica.uses);
            uses.chain([&step.address]).flat_map(objects).flat_map(asked).collect()
        }
        Act::Task(Task::Route { levers, .. }) => {
            let moved = levers.iter().flat_map(|lever| &lever.moves);
            moved.flat_map(|(address, _)| objects(address)).map(|tail| (HttpMethod::Put, format!("*{tail}"))).collect()
        }
        _ => Vec::new(),
    }
}

/// One run in which these requests fail in one way; the error is the fault of its end.
async fn fails(
    scene: Scene,
    incident: Incident,
    requests: &[(HttpMethod, String)],
    way: StepFailure,
) -> Result<(), String> {
    let ask = scene.ask;
    for (verb, path) in requests {
        incident.lab.simulator.add_fault(way.fault(*verb, path.clone())).unwrap();
    }
    let begun = incident.whole(ask, FailurePolicy::Stop).await?;
    if matches!(way, StepFailure::Permanent) && begun.report.ended == Some(RunEnd::Done) {
        return Err("the step fails permanently, but the run succeeded".to_owned());
    }
    incident.lab.simulator.clear_faults().unwrap();
    if ask.lost {
        incident.lose();
    }
    for _ in 0..2 {
        if incident.open().is_some() {
            incident.whole(ask, FailurePolicy::Stop).await?;
        }
    }
    scene.is_well(&incident).await
}

/// Every step with every failure, each in a copy of one beginning.
fn failures_of_any_step(scene: Scene) -> Vec<String> {
    let (begun, steps) = simulated(async {
        let incident = scene.begin().await;
        let steps = incident.procedure(scene.ask).await.steps.steps;
        (IncidentSnapshot::of(incident), steps)
    });
    assert!(!steps.is_empty(), "{} has no steps", scene.name());
    let requests: Vec<_> = steps.iter().map(|step| requests(&begun.incident, scene.ask, step)).collect();
    in_parallel(0..steps.len() as u64, |at| {
        let (step, requests) = (&steps[at as usize], &requests[at as usize]);
        let ways = STEP_FAILURES.into_iter().filter(|_| !requests.is_empty());
        let ended = ways.filter_map(|way| {
            Some((way, simulated(async { fails(scene, begun.again(), requests, way).await }).err()?))
        });
        ended.map(|(way, why)| format!("── {}, step {at}, {}, {way:?}: {why}", scene.name(), step.address)).collect()
    })
}

#[test]
fn run_recovers_from_any_failed_step() {
    let wrong: Vec<String> = SCENES.iter().copied().flat_map(failures_of_any_step).collect();
    assert!(wrong.is_empty(), "{} runs fail:\n{}", wrong.len(), wrong.join("\n"));
}
