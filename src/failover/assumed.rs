//! What would be done of a stack as it is written, on an ordinary day: everything stands, every replica follows, and nobody looked.
//!
//! For changes that are reviewed before anything stands as they say. Nothing here is an observation, and whoever shows what comes of it says so.

use std::time::Duration;

use super::draft::as_recorded;
use super::survey::Surveyed;
use super::{History, Procedure, Question, plan};
use crate::kinds::{Health, How, Side, Standing};
use crate::stack::{FailoverGroup, Presence, Resource, Stack};
use crate::state::{Recorded, State, Status, Verb};
use crate::steps::{Accepted, Act, Task};

/// How often `up` of each failover group is planned: with its first site lost, and with both there.
const WAYS: [How; 2] = [How::Forced, How::Planned];

/// The procedures of `up` of every failover group, forced and planned, with all accepted that can be: how long users wait and what is lost is asked,
/// and not whether it may be. How long things took before is taken from `history`.
pub fn forecasts(stack: &Stack, history: &History) -> Vec<Procedure> {
    let state = applied(stack);
    let all = stack.failover_groups.values().flat_map(|group| WAYS.map(|how| (group, how)));
    all.map(|(group, how)| {
        let question = Question {
            stack,
            group,
            verb: Verb::Up,
            how,
            lost: (how == How::Forced).then_some(&*group.from),
            state: &state,
            seen: &healthy(group),
            accepted: Accepted { data_loss: Some(Duration::MAX), split_brain: true },
            history,
        };
        let mut procedure = plan(&question);
        says_what_is_lost(&mut procedure, stack);
        // That was only for asking: nobody has accepted anything.
        procedure.accepted = Accepted::default();
        for step in &mut procedure.steps.steps {
            if let Act::Task(Task::Promote { accepted, .. }) = &mut step.act {
                *accepted = None;
            }
        }
        procedure
    })
    .collect()
}

/// A survey in which every replica takes writes at its source and the other side follows. How far it is behind, nobody says.
fn healthy(group: &FailoverGroup) -> Surveyed {
    let standing = Standing { writer: Some(Side::Source), health: Health::Following, lag: None, debts: Vec::new() };
    let assumed = group.promote.iter().map(|replica| (replica.clone(), standing.clone())).collect();
    Surveyed { assumed, ..Surveyed::default() }
}

/// The state of a stack that was applied as it is written. Of arguments it has what runs move, which is never secret.
fn applied(stack: &Stack) -> State {
    let permanent = stack.resources.values().filter(|resource| resource.presence == Presence::Permanent);
    State {
        resources: permanent.map(|resource| (resource.address.clone(), standing(resource))).collect(),
        ..State::empty(&stack.name, String::new())
    }
}

fn standing(resource: &Resource) -> Recorded {
    let moved = resource.kind.run_moves.iter();
    let arguments = moved.filter_map(|name| Some(((*name).to_owned(), super::draft::wanted(resource, name)?)));
    Recorded { status: Status::Standing, arguments: arguments.collect(), ..as_recorded(resource) }
}

/// Where no lag was heard, what the provider says of it in general stands in its place.
fn says_what_is_lost(procedure: &mut Procedure, stack: &Stack) {
    for loss in procedure.losses.iter_mut().filter(|loss| loss.amount.is_none()) {
        let promotion = stack.resources.get(&loss.replica).and_then(|resource| resource.kind.promotion);
        if let Some(promotion) = promotion {
            loss.source = promotion.loses.to_owned();
        }
    }
}
