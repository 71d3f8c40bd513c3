//! Data: replication to the destination is restored and caught up, and the replica there is promoted.

use std::time::Duration;

use super::course::{Question, command, is_forced, site_of, waits};
use super::draft::{NewStep, ProcedureDraft, usual};
use super::sides::{Replica, replicas};
use crate::kinds::{DurationEstimate, PowerState, Reprotect, Subject};
use crate::roles::{FailoverMode, Side};
use crate::stack::Resource;
use crate::steps::{Act, Stage, StepId, Task, Touch, Undo};

/// Restores broken replication and waits until the destination has caught up. Nothing fails back before, and nothing
/// moves planned to a former primary that does not follow.
pub(super) fn catch_up(draft: &mut ProcedureDraft<'_>) {
    let question = draft.question;
    let nothing = Default::default();
    for replica in replicas(question) {
        if replica.is_there() || !(waits(question) || repairs(question, &replica)) {
            continue;
        }
        let (resource, promotion) = (replica.resource, replica.promotion);
        let seen = question.seen.replicas.get(&resource.address).unwrap_or(&nothing);
        let started = stopped_stand_in(question, resource).and_then(|machine| {
            let made = draft.starts(machine, Stage::CatchUp)?;
            Some(draft.add(made, Vec::new()))
        });
        let broken = question.stack.with_known(resource, |subject| match (promotion.handover, started) {
            // The machine that was stopped has not answered yet.
            (Some(handover), Some(_)) => (handover.follow)(subject, &nothing, Side::Source),
            _ => (promotion.reprotect)(subject, seen),
        });
        let mut step = |act, touches, takes, needs| {
            let made = NewStep {
                address: resource.address.clone(),
                act: Act::Task(act),
                stage: Stage::CatchUp,
                serial: Vec::new(),
                touches,
                takes,
                undo: Undo::Nothing,
            };
            draft.add(made, needs)
        };
        let mut needs = Vec::new();
        if let Reprotect::Ask(call, _) = &broken {
            let touches =
                call.region.iter().map(|region| Touch::new(region, "the control plane that receives the request"));
            needs.push(step(Task::Reprotect, touches.collect(), usual(60), started.into_iter().collect()));
        }
        let takes = match broken {
            // A program that found nothing missing answers the same at once; a provider shows the end of a replication
            // seconds later.
            Reprotect::Nothing if promotion.handover.is_some() && replica.standing.lag == Some(Duration::ZERO) => {
                DurationEstimate { typical: 1, worst: 60 }
            }
            Reprotect::Nothing => DurationEstimate { typical: 5, worst: 60 },
            Reprotect::Itself(_) | Reprotect::Ask(..) => DurationEstimate { typical: 600, worst: 4 * 3600 },
            Reprotect::Vendor(_) => DurationEstimate { typical: 24 * 3600, worst: 5 * 24 * 3600 },
        };
        step(Task::CatchUp, Vec::new(), takes, needs);
    }
}

/// True for a replica that a planned move finds broken, because the former primary was not made to follow: the move
/// makes it follow first.
pub(super) fn repairs(question: &Question<'_>, replica: &Replica<'_>) -> bool {
    let nothing = Default::default();
    let seen = question.seen.replicas.get(&replica.resource.address).unwrap_or(&nothing);
    let is_asked = |subject: &Subject<'_>| matches!((replica.promotion.reprotect)(subject, seen), Reprotect::Ask(..));
    replica.promotion.handover.is_some()
        && !is_forced(question)
        && replica.to.is_some()
        && question.stack.with_known(replica.resource, is_asked)
}

/// The stand-in of a replica's target, where an earlier run has stopped it.
pub(super) fn stopped_stand_in<'a>(question: &Question<'a>, replica: &Resource) -> Option<&'a Resource> {
    let machine = question.stack.stand_in(replica)?;
    (question.seen.powers.get(&machine.address) == Some(&PowerState::Stopped)).then_some(machine)
}

/// A replica whose side that is left follows only after a request of its own: the request, and the promotion.
pub(super) type Following<'a> = (&'a Resource, Reprotect, StepId);

/// Makes the sides that were left follow, at once after the promotions. No other step waits for it: users are served
/// meanwhile.
pub(super) fn follow(draft: &mut ProcedureDraft<'_>, following: Vec<Following<'_>>) {
    for (resource, follow, promoted) in following {
        let touches = match &follow {
            Reprotect::Ask(call, _) => draft.touches_of(call),
            Reprotect::Nothing | Reprotect::Itself(_) | Reprotect::Vendor(_) => Vec::new(),
        };
        let made = NewStep {
            address: resource.address.clone(),
            act: Act::Task(Task::Reprotect),
            stage: Stage::CatchUp,
            serial: Vec::new(),
            touches,
            takes: usual(60),
            undo: Undo::Nothing,
        };
        draft.add(made, vec![promoted]);
    }
}

/// Promotes the replicas that have a side at the destination. Returns those whose side that is left
/// has to be made to follow.
pub(super) fn promote<'a>(draft: &mut ProcedureDraft<'a>) -> Vec<Following<'a>> {
    let question = draft.question;
    let nothing = Default::default();
    let (mut promoted, mut following) = (Vec::new(), Vec::new());
    // The source of the data: the site that is left.
    let lost = &draft.question.course.leaving;
    let lost = question.lost.iter().find(|site| ***site == **lost).or(question.lost.first());
    for replica in replicas(question) {
        let (resource, promotion, how) = (replica.resource, replica.promotion, replica.how);
        let Some(to) = replica.to else {
            let note =
                format!("{} stays as it is: it has no replica at {}", resource.address, draft.question.course.arriving);
            draft.notes.push(note);
            continue;
        };
        if replica.is_there() {
            continue;
        }
        let seen = question.seen.replicas.get(&resource.address).unwrap_or(&nothing);
        let call = question.stack.with_known(resource, |subject| (promotion.promote)(subject, seen, to, how));
        // A preflight check reports a missing call; the step stays, so that the procedure is complete.
        let mut touches = call.as_ref().map(|call| draft.touches_of(call)).unwrap_or_default();
        let lost = lost.filter(|_| how == FailoverMode::Forced);
        let asked = lost.filter(|_| promotion.asks_source).and_then(|lost| question.stack.sites.get(lost.as_str()));
        touches.extend(asked.map(|site| Touch {
            leaves: true,
            ..Touch::new(&site.location, "the control plane of the account, which responds")
        }));
        let accepted = if how == FailoverMode::Forced { question.accepted.data_loss } else { None };
        let (takes, way) = match how {
            FailoverMode::Planned => (promotion.planned, "planned"),
            FailoverMode::Forced => (promotion.forced, "forced"),
        };
        let back = match to {
            Side::Target => format!("fail back with {}", command(question, "down")),
            Side::Source => format!("move again with {}", command(question, "up --planned")),
        };
        let why = format!("a {way} promotion has no rollback; {back}");
        let made = NewStep {
            address: resource.address.clone(),
            act: Act::Task(Task::Promote { to, how, accepted }),
            stage: Stage::Promote,
            serial: crate::plan::promotion_words(resource),
            touches,
            takes,
            undo: Undo::Impossible(why),
        };
        let needs = draft.needs_of(Stage::Promote);
        let step = draft.add(made, needs);
        if let (Some(handover), FailoverMode::Planned) = (promotion.handover, how) {
            let left = to.other();
            // A stand-in goes with its site: the target itself follows.
            let own = resource.without_stand_in();
            let follow = question.stack.with_known(&own, |subject| (handover.follow)(subject, &nothing, left));
            following.push((resource, follow, step));
        }
        if is_forced(question) && how == FailoverMode::Planned {
            draft.notes.push(format!(
                "{} is promoted as planned, without data loss: its replicas are at sites that respond",
                resource.address
            ));
            continue;
        }
        match lost.filter(|_| promotion.asks_source) {
            Some(lost) => draft.notes.push(format!(
                "promotion of {} is a request to the control plane of {lost}: it responds, unlike its data",
                resource.address
            )),
            None => promoted.push((resource.address.as_str(), site_of(question, resource, to))),
        }
    }
    if let (Some(lost), true, Some((_, site))) = (lost, is_forced(question), promoted.first()) {
        let promoted: Vec<&str> = promoted.iter().map(|(address, _)| *address).collect();
        draft.notes.push(format!(
            "promotion of {} sends no request to {lost}, only to {site} or a global service",
            promoted.join(", ")
        ));
    }
    following
}
