//! The life of machines: from pending to terminated, with the volumes and addresses that follow it.

use serde_json::{Value as Json, json};

use super::addresses::{self, lose_public};
use super::store::{Begun, Place, begin, text, time};
use super::types::{INSTANCE, VOLUME};
use crate::simulator::operations::OperationKind;
use crate::simulator::request::ErrorResponse;
use crate::simulator::world::World;

/// Beginning of the actions of operations of machines.
pub(super) const ACTIONS: &str = "instance_";

/// Seconds of a start, a stop and a termination (source: AWS's documentation of the life of machines, and practice).
const STARTED: u32 = 25;
const STOPPED: u32 = 40;
const TERMINATED: u32 = 50;
/// Seconds after which the checks of a running machine have passed.
pub(super) const CHECKED: i64 = 150;
/// Seconds for which a terminated machine is still in lists.
const REMEMBERED: u32 = 3600;

/// A step in the life of a machine.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Step {
    Run,
    Start,
    Stop,
    Terminate,
    Forget,
}

/// Steps with the action of their operation, its seconds, and the states on the way and at the end.
const STEPS: &[(Step, &str, u32, State, State)] = &[
    (Step::Run, "instance_run", STARTED, State(0, "pending"), State(16, "running")),
    (Step::Start, "instance_start", STARTED, State(0, "pending"), State(16, "running")),
    (Step::Stop, "instance_stop", STOPPED, State(64, "stopping"), State(80, "stopped")),
    (Step::Terminate, "instance_terminate", TERMINATED, State(32, "shutting-down"), State(48, "terminated")),
    (Step::Forget, "instance_forget", REMEMBERED, State(48, "terminated"), State(48, "terminated")),
];

/// A state of a machine: its code and its name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct State(u16, &'static str);

impl State {
    fn body(self) -> Json {
        json!({ "Code": self.0, "Name": self.1 })
    }
}

/// The name of the state of a machine.
pub(super) fn state(body: &Json) -> &str {
    body.pointer("/State/Name").and_then(Json::as_str).unwrap_or_default()
}

/// Begins a step of a machine. Another step that is under way ends no more.
pub(super) fn take(world: &mut World, region: &str, id: &str, step: Step, fails: Option<ErrorResponse>) {
    let Some((_, action, seconds, on_the_way, _)) = STEPS.iter().find(|(own, ..)| *own == step) else { return };
    let place = Place::new(&INSTANCE, region);
    place.change(world, id, |body| body["State"] = on_the_way.body());
    if step == Step::Start {
        let now = time(world);
        place.change(world, id, |body| body["LaunchTime"] = json!(now));
    }
    if matches!(step, Step::Stop | Step::Terminate) {
        place.change(world, id, lose_public);
    }
    let act = if step == Step::Forget { OperationKind::Delete } else { OperationKind::Post };
    begin(world, place, id, Begun { action, act, seconds: *seconds, body: json!({}), fails, before: None });
}

/// Ends a step of a machine.
pub(super) fn ended(world: &mut World, region: &str, id: &str, action: &str, failure: Option<&ErrorResponse>) {
    let Some((step, .., done)) = STEPS.iter().find(|(_, own, ..)| *own == action) else { return };
    let place = Place::new(&INSTANCE, region);
    let now = time(world);
    match (step, failure) {
        (Step::Run | Step::Start, Some(failure)) => {
            let reason = json!({ "Code": failure.code, "Message": failure.message });
            let state = if *step == Step::Run { State(48, "terminated") } else { State(80, "stopped") };
            place.change(world, id, |body| {
                body["State"] = state.body();
                body["StateReason"] = reason;
                lose_public(body);
            });
            if *step == Step::Run {
                release(world, region, id);
                take(world, region, id, Step::Forget, None);
            }
        }
        (Step::Run | Step::Start, None) => {
            let needs_public = place.body(world, id).is_some_and(|body| body["AssociatePublicIpAddress"] == true);
            let has_own = !addresses::of_machine(world, region, id).is_empty();
            let public = (needs_public && !has_own).then(|| addresses::free(world, &format!("{id}{now}")));
            place.change(world, id, |body| {
                body["State"] = done.body();
                body["RunningSince"] = json!(now);
                if let Some(public) = public
                    && text(body, "PublicIp").is_empty()
                {
                    body["PublicIp"] = json!(public);
                }
            });
        }
        (Step::Stop, None) => place.change(world, id, |body| body["State"] = done.body()),
        (Step::Terminate, None) => {
            place.change(world, id, |body| body["State"] = done.body());
            release(world, region, id);
            take(world, region, id, Step::Forget, None);
        }
        (Step::Stop | Step::Terminate, Some(_)) => {
            place.change(world, id, |body| body["State"] = State(16, "running").body());
        }
        (Step::Forget, _) => {}
    }
}

/// Takes volumes and addresses from a machine that is gone, and deletes the volumes that go with it.
fn release(world: &mut World, region: &str, id: &str) {
    for address in addresses::of_machine(world, region, id) {
        addresses::dissociate(world, region, &address);
    }
    let place = Place::new(&VOLUME, region);
    let is_its = |one: &Json| text(one, "InstanceId") == id;
    let has = |body: &Json| body["Attachments"].as_array().and_then(|all| all.iter().find(|one| is_its(one)).cloned());
    let own: Vec<(String, bool)> = place
        .all(world)
        .into_iter()
        .filter_map(|object| Some((text(&object.body, "VolumeId").to_owned(), has(&object.body)?)))
        .map(|(volume, attachment)| (volume, attachment["DeleteOnTermination"] == true))
        .collect();
    for (volume, goes) in own {
        match goes {
            true => place.remove(world, &volume),
            false => place.change(world, &volume, |body| {
                body["State"] = json!("available");
                body["Attachments"] = json!([]);
            }),
        }
    }
}
