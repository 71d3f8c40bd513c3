//! Procedures of a stack under the assumption of normal operation: every permanent resource exists and every replica
//! is healthy.
//!
//! For the review of changes that are not applied yet. The result is an estimate and is shown as one.

use std::sync::Arc;
use std::time::Duration;

use super::draft::as_recorded;
use super::predict::left_out;
use super::procedure::assemble;
use super::reads::SurveyResult;
use super::{History, Procedure, ProcedureInput};
use crate::kinds::{PowerState, ReplicaStatus};
use crate::roles::{FailoverMode, Health, Side};
use crate::stack::{FailoverGroup, Presence, Resource, Stack};
use crate::state::{Recorded, RunKind, State, Status};
use crate::steps::{Acceptance, Act, Task, TimeSpan};

/// The modes in which `up` of each failover group is planned: with its source site lost, and with both sites available.
const WAYS: [FailoverMode; 2] = [FailoverMode::Forced, FailoverMode::Planned];

/// The procedures of `up` of every failover group, forced and planned. Every risk is accepted, because the question
/// is the recovery time and the data loss, not the permission. Durations come from `history`.
pub fn forecasts(stack: &Stack, history: &History) -> Vec<Procedure> {
    let state = applied(stack);
    let all = stack.failover_groups.values().flat_map(|group| WAYS.map(|how| (group, how)));
    all.map(|(group, how)| forecast(stack, &state, group, how, history)).collect()
}

/// The time of the steps of a forced failover that a drill of this group leaves out.
pub(super) fn left_out_by_drill(stack: &Stack, group: &FailoverGroup, history: &History) -> TimeSpan {
    left_out(&forecast(stack, &applied(stack), group, FailoverMode::Forced, history).steps)
}

/// The procedure of `up` of one group.
fn forecast(stack: &Stack, state: &State, group: &FailoverGroup, how: FailoverMode, history: &History) -> Procedure {
    let lost = match how {
        FailoverMode::Forced => vec![group.from.to_string()],
        FailoverMode::Planned => Vec::new(),
    };
    let question = ProcedureInput {
        stack,
        group,
        verb: RunKind::Up,
        how,
        lost: &lost,
        to: None,
        without: &[],
        pending: &[],
        state,
        seen: &healthy(stack, group),
        accepted: Acceptance { data_loss: Some(Duration::MAX), split_brain: true },
        verify: &[],
        history,
    };
    let mut procedure = assemble(&question, TimeSpan::default);
    fill_unknown_losses(&mut procedure, stack);
    // No operator has accepted a risk.
    procedure.accepted = Acceptance::default();
    for step in &mut procedure.steps.steps {
        if let Act::Task(Task::Promote { accepted, .. }) = &mut step.act {
            *accepted = None;
        }
    }
    procedure
}

/// A survey in which every replica is primary at its source and the target follows with an unknown replication lag,
/// and every workload is running.
fn healthy(stack: &Stack, group: &FailoverGroup) -> SurveyResult {
    let standing = ReplicaStatus {
        writer: Some(Side::Source),
        elsewhere: None,
        health: Health::Following,
        lag: None,
        debts: Vec::new(),
        frozen: None,
    };
    let assumed = group.promote.iter().map(|replica| (replica.clone(), standing.clone())).collect();
    let running = group.quiesce.iter().filter(|address| stack.resources.contains_key(*address));
    let powers = running.map(|address| (address.clone(), PowerState::Running)).collect();
    SurveyResult { assumed, powers, ..SurveyResult::default() }
}

/// The state of a stack applied as configured. It holds only the arguments that runs change, which are never secret.
fn applied(stack: &Stack) -> State {
    let permanent = stack.resources.values().filter(|resource| resource.presence == Presence::Permanent);
    State {
        resources: permanent.map(|resource| (resource.address.clone(), Arc::new(standing(resource)))).collect(),
        ..State::empty(&stack.name, String::new())
    }
}

fn standing(resource: &Resource) -> Recorded {
    let moved = resource.kind.run_moves.iter();
    let arguments = moved.filter_map(|name| Some(((*name).to_owned(), resource.configured(name)?)));
    Recorded { status: Status::Standing, arguments: arguments.collect(), ..as_recorded(resource) }
}

/// Replaces an unknown replication lag with the provider's general statement.
fn fill_unknown_losses(procedure: &mut Procedure, stack: &Stack) {
    for loss in procedure.losses.iter_mut().filter(|loss| loss.amount.is_none()) {
        let promotion = stack.resources.get(&loss.replica).and_then(|resource| resource.kind.promotion);
        if let Some(promotion) = promotion {
            loss.source = promotion.loses.to_owned();
        }
    }
}
