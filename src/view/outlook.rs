//! Predicted recovery before and after a change, as text that the comments, the text and the JSON of a review share.

use std::time::Duration;

use serde_json::{Value as Json, json};

use super::deed::act_word;
use super::forecast::{self, of_amount, of_time, places};
use crate::duration::spoken;
use crate::failover::{LossEstimate, Procedure};
use crate::review::{Expectation, Outlook, Shortfall, decides, falls_short, refusals, worst};
use crate::roles::FailoverMode;
use crate::steps::Step;

/// Assumptions of every prediction in a review.
pub(super) const ASSUMED: &str = "Estimate. Assumes that all permanent resources are healthy and replicated.";

/// Predictions against the objectives, as a sentence.
pub(super) fn objectives(outlooks: &[Outlook]) -> String {
    let after = || outlooks.iter().filter_map(|outlook| outlook.after.procedure());
    let words = match worst(outlooks) {
        Some(Shortfall::Impossible) => "Blocked: a failover with this configuration fails its preflight checks.",
        Some(Shortfall::Missed) => "A recovery objective (RTO or RPO) would be missed.",
        Some(Shortfall::AtRisk) => "The RTO is at risk: P95 exceeds it.",
        None if after().next().is_none() => "No failover group, so no recovery is predicted.",
        None if after().all(|procedure| procedure.objectives.rto.is_none()) => "No RTO is set.",
        None => "The RTO is met (estimate).",
    };
    words.to_owned()
}

/// Predictions that miss an objective, a sentence each without its full stop.
pub fn shortfalls(outlooks: &[Outlook]) -> Vec<String> {
    let mut found = Vec::new();
    for outlook in outlooks {
        let Some(after) = outlook.after.procedure() else { continue };
        let who = format!("failover group {}, {}", outlook.group, way(outlook));
        found.extend(refusals(after).map(|guard| format!("{who}: {}", guard.what)));
        if let (Some(Shortfall::AtRisk | Shortfall::Missed), Some(rto)) = (falls_short(after), after.objectives.rto) {
            let (time, decided) = (forecast::span(after.headline()), decided(after));
            found.push(format!(
                "{who}: {} {time}, objective {}; critical path: {decided}",
                about(outlook),
                spoken(rto)
            ));
        }
    }
    found
}

/// The mode of a move: `forced, primary is lost`.
pub(super) fn way(outlook: &Outlook) -> String {
    match outlook.how {
        FailoverMode::Forced => format!("forced, {} is lost", outlook.leaving),
        FailoverMode::Planned => "planned".to_owned(),
    }
}

/// A line about one group: its subject, the values before and after, the objective, and the result.
pub(super) struct OutlookLine {
    pub about: OutlookSubject,
    pub before: String,
    pub after: String,
    pub objective: String,
    pub mark: &'static str,
}

/// The subject of a line.
pub(super) enum OutlookSubject {
    /// This text.
    Plain(&'static str),
    /// Data loss of this replica.
    LossOf(String),
}

/// The lines about one group.
pub(super) fn lines(outlook: &Outlook) -> Vec<OutlookLine> {
    let both = |of: &dyn Fn(&Procedure) -> String| (expected(&outlook.before, of), expected(&outlook.after, of));
    let after = outlook.after.procedure();
    let line = |about, (before, after), objective: Option<Duration>, mark| {
        let objective = objective.map(spoken).unwrap_or_default();
        OutlookLine { about, before, after, objective, mark }
    };
    let rto = after.and_then(|after| after.objectives.rto);
    let is_blocked = after.is_some_and(|after| refusals(after).next().is_some());
    let mark = after.map_or("", |after| if is_blocked { "blocked" } else { of_time(after).words() });
    let mut lines = vec![
        line(OutlookSubject::Plain(about(outlook)), both(&|procedure| forecast::span(procedure.headline())), rto, mark),
        line(OutlookSubject::Plain("critical path"), both(&|procedure| decided(procedure)), None, ""),
    ];
    if [&outlook.before, &outlook.after]
        .iter()
        .any(|one| one.procedure().is_some_and(|one| refusals(one).next().is_some()))
    {
        lines.insert(0, line(OutlookSubject::Plain("blocked by"), both(&refused), None, ""));
    }
    let rpo = after.and_then(|after| after.objectives.rpo);
    let all = [&outlook.before, &outlook.after].map(|expected| expected.procedure().map(|one| one.losses.as_slice()));
    if all.iter().flatten().copied().flatten().all(|loss| loss.amount == Some(Duration::ZERO)) {
        let nothing =
            |procedure: &Procedure| if procedure.losses.is_empty() { "no replica" } else { "none" }.to_owned();
        let is_met = !is_blocked && rpo.is_some() && after.is_some_and(|after| !after.losses.is_empty());
        let mark = if is_met { "met" } else { "" };
        lines.push(line(OutlookSubject::Plain("data loss (RPO)"), both(&nothing), rpo, mark));
        return lines;
    }
    let mut replicas: Vec<&LossEstimate> = after.iter().flat_map(|after| &after.losses).collect();
    let old = outlook.before.procedure().into_iter().flat_map(|before| &before.losses);
    for loss in old {
        if !replicas.iter().any(|other| other.replica == loss.replica) {
            replicas.push(loss);
        }
    }
    for LossEstimate { replica, .. } in replicas {
        let find = |procedure: &'_ Procedure| procedure.losses.iter().find(|loss| loss.replica == *replica).cloned();
        let lost = |procedure: &Procedure| {
            find(procedure).map_or("not promoted".to_owned(), |loss| forecast::loss(procedure.verb, &loss))
        };
        let mark = match after.map(find) {
            Some(Some(_)) if is_blocked => "",
            Some(Some(loss)) => of_amount(loss.amount, rpo).words(),
            _ => "",
        };
        lines.push(line(OutlookSubject::LossOf(replica.to_string()), both(&lost), rpo, mark));
    }
    lines
}

/// Sources of the data loss figures, each replica once.
pub(super) fn sources(outlooks: &[Outlook]) -> Vec<&LossEstimate> {
    let after = outlooks
        .iter()
        .filter(|outlook| outlook.how == FailoverMode::Forced)
        .filter_map(|outlook| outlook.after.procedure());
    after.flat_map(|procedure| &procedure.losses).filter(|loss| loss.amount != Some(Duration::ZERO)).collect()
}

fn expected(expected: &Expectation, of: &dyn Fn(&Procedure) -> String) -> String {
    match expected {
        Expectation::Unknown => "unknown".to_owned(),
        Expectation::NoGroup => "no such group".to_owned(),
        Expectation::Procedure(procedure) => of(procedure),
    }
}

/// The name of the predicted time.
const fn about(outlook: &Outlook) -> &'static str {
    forecast::time_of(crate::state::RunKind::Up, outlook.how)
}

/// The failed preflight checks.
fn refused(procedure: &Procedure) -> String {
    let whys: Vec<&str> = refusals(procedure).map(|guard| guard.what.as_str()).collect();
    if whys.is_empty() { "no".to_owned() } else { whys.join("; ") }
}

/// The longest step of the critical path, with its duration.
fn decided(procedure: &Procedure) -> String {
    let step = |step: &Step| {
        // The name of a route is enough: its changes would fill a page.
        let deed = match act_word(&step.act) {
            "route" => format!("switch traffic with {}", step.address),
            _ => places(procedure).deed(step),
        };
        format!("{deed} ({})", spoken(step.expect))
    };
    decides(procedure).map_or_else(|| "no step".to_owned(), step)
}

/// Predictions for a group, for scripts.
pub(super) fn json(outlook: &Outlook) -> Json {
    let Outlook { group, how, leaving, before, after } = outlook;
    json!({
        "group": group,
        "mode": super::deed::how_word(*how),
        "from": leaving,
        "before_known": *before != Expectation::Unknown,
        "before": before.procedure().map(of_procedure),
        "after": after.procedure().map(of_procedure),
    })
}

fn of_procedure(procedure: &Procedure) -> Json {
    let seconds = |time: Duration| time.as_secs();
    let is_blocked = refusals(procedure).next().is_some();
    let (rto, rpo) = (procedure.objectives.rto, procedure.objectives.rpo);
    let loss = |loss: &LossEstimate| {
        json!({
            "replica": loss.replica,
            "amount": loss.amount.map(seconds),
            "objective": rpo.map(seconds),
            "mark": forecast::unless(is_blocked, of_amount(loss.amount, rpo)).as_str(),
            "source": loss.source,
        })
    };
    let step = decides(procedure);
    json!({
        "refused": refusals(procedure).map(|guard| &guard.what).collect::<Vec<_>>(),
        "recovery_time": {
            "p50": seconds(procedure.predicted.typical),
            "p95": seconds(procedure.predicted.worst),
            "approvals": procedure.predicted.approvals,
            "objective": rto.map(seconds),
            "mark": forecast::unless(is_blocked, of_time(procedure)).as_str(),
        },
        "interruption": super::procedure_json::span(procedure.headline()),
        "critical_path": step.map(|step| json!({
            "address": step.address, "act": act_word(&step.act), "does": decided(procedure), "expect": seconds(step.expect),
        })),
        "data_loss": procedure.losses.iter().map(loss).collect::<Vec<_>>(),
    })
}
