//! Each step of a run that writes something fails: once, with its answer lost, after it was accepted, and for good. Whatever it was, the run
//! goes on once nothing is wrong any more, and ends as one that nothing disturbs. For every verb of every stack to start from.

use drplan::address::{Address, ArmId};
use drplan::apply::OnFailure;
use drplan::simulator::{Fault, Moment, On, Verb};
use drplan::steps::{Act, Ended, Step, Task};

use super::incident::{Ask, Incident};
use super::scene::{SCENES, Scene};
use crate::lab::{in_parallel, simulated};

/// How a step fails.
#[derive(Debug, Clone, Copy)]
enum Way {
    /// It is refused once, for a reason that passes.
    Refused,
    /// It is done, and nobody hears of it.
    Unheard,
    /// It is accepted once and then fails.
    Broken,
    /// It is accepted and fails, as often as it is asked for.
    ForGood,
}

const WAYS: [Way; 4] = [Way::Refused, Way::Unheard, Way::Broken, Way::ForGood];

impl Way {
    fn fault(self, verb: Verb, path: String) -> Fault {
        let times = if matches!(self, Self::ForGood) { None } else { Some(1) };
        let on = On { verb: Some(verb), path: Some(path), times, probability: None };
        match self {
            Self::Refused => Fault::Answer { status: 503, code: None, retry_after: None, on },
            Self::Unheard => Fault::Drop { when: Moment::After, on },
            Self::Broken | Self::ForGood => {
                Fault::Fail { code: "InternalServerError".to_owned(), message: "It broke.".to_owned(), on }
            }
        }
    }
}

/// The requests by which a step writes, as verbs and patterns of paths; none for one that writes nothing.
fn requests(incident: &Incident, ask: Ask, step: &Step) -> Vec<(Verb, String)> {
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
        Act::Create | Act::Task(Task::Move { .. }) => last(Verb::Put),
        Act::Delete(_) => last(Verb::Delete),
        Act::Task(Task::Promote { .. }) => {
            let asked = |tail: String| [(Verb::Post, format!("*{tail}/*")), (Verb::Patch, format!("*{tail}"))];
            // On the way back it is the source that is asked, which the replica only uses.
            let uses = stack.resources.get(&step.address).into_iter().flat_map(|replica| &replica.uses);
            uses.chain([&step.address]).flat_map(objects).flat_map(asked).collect()
        }
        Act::Task(Task::Route { levers, .. }) => {
            let moved = levers.iter().flat_map(|lever| &lever.moves);
            moved.flat_map(|(address, _)| objects(address)).map(|tail| (Verb::Put, format!("*{tail}"))).collect()
        }
        _ => Vec::new(),
    }
}

/// One run in which one step fails in one way; what is wrong with how it ends.
async fn fails(scene: Scene, at: usize, way: Way) -> Result<(), String> {
    let ask = scene.ask;
    let incident = scene.begin().await;
    let procedure = incident.procedure(ask).await;
    let Some(step) = procedure.steps.steps.get(at) else { return Ok(()) };
    let requests = requests(&incident, ask, step);
    if requests.is_empty() {
        return Ok(());
    }
    for (verb, path) in requests {
        incident.lab.simulator.add_fault(way.fault(verb, path)).unwrap();
    }
    let begun = incident.whole(ask, OnFailure::Stop).await?;
    if matches!(way, Way::ForGood) && begun.report.ended == Some(Ended::Done) {
        return Err("it fails for good, and the run is done".to_owned());
    }
    incident.lab.simulator.clear_faults().unwrap();
    if ask.lost {
        incident.lose();
    }
    for _ in 0..2 {
        if incident.open().is_some() {
            incident.whole(ask, OnFailure::Stop).await?;
        }
    }
    scene.is_well(&incident).await
}

/// Every step in every way.
fn whatever_step_fails(scene: Scene) -> Vec<String> {
    let steps = simulated(async { scene.begin().await.procedure(scene.ask).await.steps.steps });
    assert!(!steps.is_empty(), "{} has no steps", scene.name());
    in_parallel(0..steps.len() as u64, |at| {
        let at = at as usize;
        let ended = WAYS.into_iter().filter_map(|way| Some((way, simulated(fails(scene, at, way)).err()?)));
        ended
            .map(|(way, why)| format!("── {}, step {at}, {}, {way:?}: {why}", scene.name(), steps[at].address))
            .collect()
    })
}

#[test]
fn any_step_may_fail() {
    let wrong: Vec<String> = SCENES.iter().copied().flat_map(whatever_step_fails).collect();
    assert!(wrong.is_empty(), "{} end badly:\n{}", wrong.len(), wrong.join("\n"));
}
