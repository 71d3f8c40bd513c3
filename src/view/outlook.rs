//! What is expected of recovery before and after a change, in words: what the comments, the text and the JSON of a review have in common.

use std::time::Duration;

use serde_json::{Value as Json, json};

use super::deed::act_word;
use super::forecast::{self, of_amount, of_time, places};
use crate::duration::spoken;
use crate::failover::{Loss, Procedure};
use crate::kinds::How;
use crate::review::{Expected, Outlook, Short, decides, falls_short, refusals, worst};
use crate::steps::{Predicted, Step};

/// What every prediction of a review rests on.
pub(super) const ASSUMED: &str = "Assumed, not observed: an ordinary day on which all that always stands does, as it is written, and every replica \
                                  follows. Nothing in the cloud was looked at for this.";

/// How the objectives come out, in a sentence.
pub(super) fn objectives(outlooks: &[Outlook]) -> String {
    let after = || outlooks.iter().filter_map(|outlook| outlook.after.procedure());
    let words = match worst(outlooks) {
        Some(Short::Impossible) => "A failover could not be carried out as it is written.",
        Some(Short::Missed) => "Objectives would be missed.",
        Some(Short::AtRisk) => "Objectives may be missed: in more than one of twenty cases users wait longer.",
        None if after().next().is_none() => "There is no failover group, so that no recovery is predicted.",
        None if after().all(|procedure| procedure.objectives.rto.is_none()) => {
            "There is no objective of recovery time."
        }
        None => "The objective of recovery time is met, as far as can be predicted.",
    };
    words.to_owned()
}

/// What of this falls short of the objectives, a sentence each without its full stop.
pub fn shortfalls(outlooks: &[Outlook]) -> Vec<String> {
    let mut found = Vec::new();
    for outlook in outlooks {
        let Some(after) = outlook.after.procedure() else { continue };
        let who = format!("failover group {}, {}", outlook.group, way(outlook));
        found.extend(refusals(after).map(|guard| format!("{who}: {}", guard.what)));
        if let (Some(Short::AtRisk | Short::Missed), Some(rto)) = (falls_short(after), after.objectives.rto) {
            let (time, decided) = (time(after.predicted), decided(after));
            found
                .push(format!("{who}: users wait {time}, and the objective is {}; decided by: {decided}", spoken(rto)));
        }
    }
    found
}

/// How a group is moved: `forced, primary is lost`.
pub(super) fn way(outlook: &Outlook) -> String {
    match outlook.how {
        How::Forced => format!("forced, {} is lost", outlook.leaving),
        How::Planned => "planned".to_owned(),
    }
}

/// A line about one group: what it is about, before, after, the objective, and how it comes out.
pub(super) struct Line {
    pub about: Words,
    pub before: String,
    pub after: String,
    pub objective: String,
    pub mark: &'static str,
}

/// What a line is about.
pub(super) enum Words {
    /// These words.
    Plain(&'static str),
    /// What this replica would lose.
    LossOf(String),
}

/// The lines about one group.
pub(super) fn lines(outlook: &Outlook) -> Vec<Line> {
    let both = |of: &dyn Fn(&Procedure) -> String| (expected(&outlook.before, of), expected(&outlook.after, of));
    let after = outlook.after.procedure();
    let line = |about, (before, after), objective: Option<Duration>, mark| {
        let objective = objective.map(spoken).unwrap_or_default();
        Line { about, before, after, objective, mark }
    };
    let rto = after.and_then(|after| after.objectives.rto);
    let mark = after.map_or("", |after| of_time(after.predicted, after.objectives.rto).words());
    let mut lines = vec![
        line(Words::Plain("users wait"), both(&|procedure| time(procedure.predicted)), rto, mark),
        line(Words::Plain("decided by"), both(&|procedure| decided(procedure)), None, ""),
    ];
    if [&outlook.before, &outlook.after]
        .iter()
        .any(|one| one.procedure().is_some_and(|one| refusals(one).next().is_some()))
    {
        lines.insert(0, line(Words::Plain("refused"), both(&refused), None, ""));
    }
    let rpo = after.and_then(|after| after.objectives.rpo);
    let all = [&outlook.before, &outlook.after].map(|expected| expected.procedure().map(|one| one.losses.as_slice()));
    if all.iter().flatten().copied().flatten().all(|loss| loss.amount == Some(Duration::ZERO)) {
        let nothing =
            |procedure: &Procedure| if procedure.losses.is_empty() { "no replica" } else { "nothing" }.to_owned();
        let mark = if rpo.is_some() && after.is_some_and(|after| !after.losses.is_empty()) { "met" } else { "" };
        lines.push(line(Words::Plain("data lost"), both(&nothing), rpo, mark));
        return lines;
    }
    let mut replicas: Vec<&Loss> = after.iter().flat_map(|after| &after.losses).collect();
    let old = outlook.before.procedure().into_iter().flat_map(|before| &before.losses);
    for loss in old {
        if !replicas.iter().any(|other| other.replica == loss.replica) {
            replicas.push(loss);
        }
    }
    for Loss { replica, .. } in replicas {
        let find = |procedure: &'_ Procedure| procedure.losses.iter().find(|loss| loss.replica == *replica).cloned();
        let lost =
            |procedure: &Procedure| find(procedure).map_or("not promoted".to_owned(), |loss| forecast::loss(&loss));
        let mark = match after.map(find) {
            Some(Some(loss)) => of_amount(loss.amount, rpo).words(),
            _ => "",
        };
        lines.push(line(Words::LossOf(replica.to_string()), both(&lost), rpo, mark));
    }
    lines
}

/// Where the figures of lost data come from, each replica once.
pub(super) fn sources(outlooks: &[Outlook]) -> Vec<&Loss> {
    let after =
        outlooks.iter().filter(|outlook| outlook.how == How::Forced).filter_map(|outlook| outlook.after.procedure());
    after.flat_map(|procedure| &procedure.losses).filter(|loss| loss.amount != Some(Duration::ZERO)).collect()
}

fn expected(expected: &Expected, of: &dyn Fn(&Procedure) -> String) -> String {
    match expected {
        Expected::Unknown => "not known".to_owned(),
        Expected::NoGroup => "no such group".to_owned(),
        Expected::Procedure(procedure) => of(procedure),
    }
}

fn time(predicted: Predicted) -> String {
    format!("{} (P50), {} (P95)", spoken(predicted.typical), spoken(predicted.worst))
}

/// Why it could not be carried out.
fn refused(procedure: &Procedure) -> String {
    let whys: Vec<&str> = refusals(procedure).map(|guard| guard.what.as_str()).collect();
    if whys.is_empty() { "no".to_owned() } else { whys.join("; ") }
}

/// The step that decides most of it, with its share.
fn decided(procedure: &Procedure) -> String {
    let step = |step: &Step| {
        // The levers of a route would fill a page; its name says which it is.
        let deed = match act_word(&step.act) {
            "route" => format!("move users by {}", step.address),
            _ => places(procedure).deed(step),
        };
        format!("{deed} ({})", spoken(step.expect))
    };
    decides(procedure).map_or_else(|| "no step".to_owned(), step)
}

/// What is expected of a group, for scripts.
pub(super) fn json(outlook: &Outlook) -> Json {
    let Outlook { group, how, leaving, before, after } = outlook;
    json!({
        "group": group,
        "mode": super::deed::how_word(*how),
        "from": leaving,
        "before_known": *before != Expected::Unknown,
        "before": before.procedure().map(of_procedure),
        "after": after.procedure().map(of_procedure),
    })
}

fn of_procedure(procedure: &Procedure) -> Json {
    let seconds = |time: Duration| time.as_secs();
    let (rto, rpo) = (procedure.objectives.rto, procedure.objectives.rpo);
    let loss = |loss: &Loss| {
        json!({
            "replica": loss.replica,
            "amount": loss.amount.map(seconds),
            "objective": rpo.map(seconds),
            "mark": of_amount(loss.amount, rpo).as_str(),
            "source": loss.source,
        })
    };
    let step = decides(procedure);
    json!({
        "refused": refusals(procedure).map(|guard| &guard.what).collect::<Vec<_>>(),
        "recovery_time": {
            "p50": seconds(procedure.predicted.typical),
            "p95": seconds(procedure.predicted.worst),
            "objective": rto.map(seconds),
            "mark": of_time(procedure.predicted, rto).as_str(),
        },
        "decided_by": step.map(|step| json!({
            "address": step.address, "act": act_word(&step.act), "does": decided(procedure), "expect": seconds(step.expect),
        })),
        "data_loss": procedure.losses.iter().map(loss).collect::<Vec<_>>(),
    })
}
