//! Each step of a run that writes something fails: once, with its answer lost, after it was accepted, and for good. Whatever it was, the run
//! goes on once nothing is wrong any more, and ends as one that nothing disturbs.

use drplan::address::ArmId;
use drplan::apply::OnFailure;
use drplan::simulator::{Fault, Moment, On, Plane, Verb};
use drplan::state::Active;
use drplan::steps::{Act, Ended, Step, Task};

use super::incident::{Ask, DOWN, FORCED, HOME, Incident, UP};
use crate::lab::simulated;

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

fn lose(incident: &Incident) {
    let lose = Fault::Lose { location: HOME.to_owned(), plane: Plane::Both };
    incident.lab.simulator.add_fault(lose).unwrap();
}

async fn begin(ask: Ask) -> Incident {
    let incident = Incident::web_geo().await;
    incident.wait(60).await;
    if ask.lost.is_some() {
        lose(&incident);
        incident.wait(30).await;
    } else if ask.verb == DOWN.verb {
        incident.done(UP).await;
    }
    incident
}

/// The request of a step that writes, as the verb and a pattern of the path; `None` for one that writes nothing.
fn request(incident: &Incident, ask: Ask, step: &Step) -> Option<(Verb, String)> {
    let (stack, state) = incident.stack(ask.verb);
    let recorded = state.resources.get(&step.address).map(|recorded| recorded.objects.clone());
    let declared = stack.resources.get(&step.address).map(|resource| resource.objects.clone());
    let tail = |id: &ArmId| {
        id.as_str().rsplitn(3, '/').take(2).collect::<Vec<_>>().into_iter().rev().collect::<Vec<_>>().join("/")
    };
    let object = recorded.or(declared).and_then(|objects| objects.last().map(|object| tail(&object.id)));
    match &step.act {
        Act::Create | Act::Task(Task::Move { .. }) => Some((Verb::Put, format!("*{}", object?))),
        Act::Delete(_) => Some((Verb::Delete, format!("*{}", object?))),
        Act::Task(Task::Promote { .. }) => Some((Verb::Post, format!("*{}/*", object?))),
        Act::Task(Task::Route { levers, .. }) => {
            let (address, _) = levers.first()?.moves.first()?;
            let id = stack.resources.get(address)?.objects.last()?.id.clone();
            Some((Verb::Put, format!("*{}", tail(&id))))
        }
        _ => None,
    }
}

/// One run in which one step fails in one way; what is wrong with how it ends.
fn fails(ask: Ask, at: usize, way: Way) -> Result<(), String> {
    simulated(async {
        let incident = begin(ask).await;
        let procedure = incident.procedure(ask).await;
        let Some(step) = procedure.steps.steps.get(at) else { return Ok(()) };
        let Some((verb, path)) = request(&incident, ask, step) else { return Ok(()) };
        incident.lab.simulator.add_fault(way.fault(verb, path)).unwrap();
        let begun = incident.begin(ask, OnFailure::Stop).await?;
        if matches!(way, Way::ForGood) && begun.report.ended == Some(Ended::Done) {
            return Err(format!("{} fails for good, and the run is done", step.address));
        }
        incident.lab.simulator.clear_faults().unwrap();
        if ask.lost.is_some() {
            lose(&incident);
        }
        for _ in 0..2 {
            if incident.open().is_some() {
                incident.resume(OnFailure::Stop).await.map_err(|error| error.to_string())?;
            }
        }
        let away = ask.verb == UP.verb;
        let wanted = if away { Active::Away } else { Active::Home };
        if incident.active() != wanted || incident.open().is_some() {
            return Err(format!("{:?} is active, and the open run is {:?}", incident.active(), incident.open()));
        }
        let (changes, tally) = (incident.changes().await, incident.tally());
        let left = if away { Vec::new() } else { incident.left_over() };
        if !changes.is_empty() || !left.is_empty() {
            return Err(format!("a plan has changes {changes:?}, left over is {left:?}"));
        }
        if tally.split > 0 || (ask.lost.is_none() && tally.lost > 0) {
            return Err(format!("rows were lost, or two sites took writes: {tally:?}"));
        }
        Ok(())
    })
}

/// Every step in every way.
fn whatever_step_fails(ask: Ask) {
    let steps = simulated(async { begin(ask).await.procedure(ask).await.steps.steps });
    assert!(steps.len() > 10, "there are {} steps", steps.len());
    let mut wrong = Vec::new();
    for (at, step) in steps.iter().enumerate() {
        for way in WAYS {
            if let Err(why) = fails(ask, at, way) {
                wrong.push(format!("── step {at}, {}, {way:?}: {why}", step.address));
            }
        }
    }
    assert!(wrong.is_empty(), "{} end badly:\n{}", wrong.len(), wrong.join("\n"));
}

#[test]
fn any_step_of_a_planned_failover_may_fail() {
    whatever_step_fails(UP);
}

#[test]
fn any_step_of_a_forced_failover_may_fail() {
    whatever_step_fails(FORCED);
}

#[test]
fn any_step_of_the_way_back_may_fail() {
    whatever_step_fails(DOWN);
}
