//! A move of users and data from one site of a group to another: the one procedure behind `up` and `down`.
//!
//! Planned: provision the destination while the source serves, quiesce, promote, probe, switch traffic. Forced: fence
//! the source, promote and provision in parallel, probe, switch traffic.

use std::collections::BTreeMap;

use jiff::Timestamp;

use super::course::{Course, Question, is_forced};
use super::draft::{NewStep, ProcedureDraft, usual};
use super::extra::{custom_steps, probes_after, probes_before};
use super::leave::{fence, quiesce, restart};
use super::members::is_idle;
use super::promote::{catch_up, follow, promote};
use super::provision::{reopen, stand_up, take_down};
use super::routes::{moved, route};
use super::sides::replicas;
use super::start::start;
use crate::address::Address;
use crate::roles::ProtectionDebt;
use crate::state::{ActiveSite, GroupRole, RecordedDebt};
use crate::steps::{Act, Stage, StepId, Task, Undo};

/// Adds the steps; returns the new role of the group.
pub(super) fn steps(draft: &mut ProcedureDraft<'_>) -> GroupRole {
    if !is_forced(draft.question) {
        catch_up(draft);
    }
    let following = if is_forced(draft.question) {
        quiesce(draft);
        fence(draft);
        let following = promote(draft);
        stand_up(draft);
        following
    } else {
        stand_up(draft);
        quiesce(draft);
        promote(draft)
    };
    start(draft);
    if draft.question.course.homeward {
        reopen(draft);
    }
    route(draft);
    probes_before(draft);
    probes_after(draft);
    custom_steps(draft);
    restart(draft);
    take_down(draft);
    follow(draft, following);
    let role = role(draft);
    record(draft, role.clone());
    role
}

/// The new role of the group. The run and the time are filled in when it is recorded.
fn role(draft: &ProcedureDraft<'_>) -> GroupRole {
    let (question, course) = (draft.question, &draft.question.course);
    let stores = replicas(question)
        .into_iter()
        .filter_map(|replica| Some((replica.resource.address.clone(), replica.to.or(replica.standing.writer)?)));
    GroupRole {
        active: if course.homeward { ActiveSite::Home } else { ActiveSite::Away },
        site: course.arriving.to_string(),
        since: Timestamp::UNIX_EPOCH,
        run: String::new(),
        how: Some(question.how),
        stores: stores.collect(),
        moved: if course.homeward { BTreeMap::new() } else { moved(draft) },
        owed: question
            .without
            .iter()
            .map(|address| left_behind(question, course, address))
            .chain(draft.avoided.iter().filter_map(|avoided| still_running(draft, &avoided.address)))
            .collect(),
        accepted: None,
    }
}

/// The debt of a replica or a route that a move leaves behind. The time is filled in when it is recorded.
fn left_behind(question: &Question<'_>, course: &Course, address: &Address) -> RecordedDebt {
    let (what, pays) = match address.kind() {
        "route" => (
            format!("{address} was not switched when {} moved to {}", question.group.name, course.arriving),
            format!("switch its traffic to {} manually, or with a later move", course.arriving),
        ),
        _ => (
            format!("{address} was left behind when {} moved to {}", question.group.name, course.arriving),
            format!("move the group to {} without `--without`, or repair the replica", course.arriving),
        ),
    };
    RecordedDebt {
        of: Address::new("failover_group", &question.group.name),
        debt: ProtectionDebt { what, pays },
        since: Timestamp::UNIX_EPOCH,
    }
}

/// The debt of a workload of the active site alone that could not be stopped where it was: two sites run it once that
/// site is back.
fn still_running(draft: &ProcedureDraft<'_>, address: &Address) -> Option<RecordedDebt> {
    let question = draft.question;
    let resource = question.stack.resources.get(address).filter(|resource| is_idle(resource))?;
    let debt = ProtectionDebt {
        what: format!("{address} was not stopped when {} moved to {}", question.group.name, question.course.arriving),
        pays: format!("run `drplan apply` as soon as {} answers: it stops the workload", resource.site),
    };
    Some(RecordedDebt { of: address.clone(), debt, since: Timestamp::UNIX_EPOCH })
}

/// Records the role once all other steps are done.
fn record(draft: &mut ProcedureDraft<'_>, role: GroupRole) {
    let all: Vec<StepId> = draft.steps.iter().map(|step| step.id).collect();
    let made = NewStep {
        address: Address::new("failover_group", &draft.question.group.name),
        act: Act::Task(Task::Record(Box::new(role))),
        stage: Stage::Record,
        serial: Vec::new(),
        touches: Vec::new(),
        takes: usual(0),
        undo: Undo::Nothing,
    };
    draft.add(made, all);
}
