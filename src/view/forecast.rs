//! Predictions of a procedure against its objectives, as sentences that its text, JSON and Markdown share.

use std::collections::BTreeMap;
use std::time::Duration;

use super::count;
use super::deed::{MoveSites, how_word, regions};
use crate::address::Address;
use crate::duration::spoken;
use crate::failover::{Calibration, LossEstimate, PreflightCheck, PreflightStatus, Procedure, in_prose, moment};
use crate::roles::FailoverMode;
use crate::state::RunKind;
use crate::steps::{Step, StepGraph, TimeSpan, between};

/// Name of the time that the RTO limits. A drill interrupts nobody; the steps that it leaves out count.
pub(super) const fn time_of(verb: RunKind, how: FailoverMode) -> &'static str {
    match (verb, how) {
        (RunKind::Up, FailoverMode::Forced) | (RunKind::Restore, _) => "recovery time (RTO)",
        (RunKind::Down, FailoverMode::Forced) => "failback time",
        (RunKind::Up | RunKind::Down, FailoverMode::Planned) => "service interruption",
        (RunKind::Drill, _) => "recovery time with steps left out",
    }
}

/// The preflight checks that passed, each once, with a count.
pub(super) fn passed(procedure: &Procedure) -> Vec<String> {
    let mut counts: indexmap::IndexMap<&str, usize> = indexmap::IndexMap::new();
    guards(procedure, PreflightStatus::Passes).for_each(|guard| *counts.entry(guard.rule).or_default() += 1);
    counts
        .iter()
        .map(|(rule, times)| if *times == 1 { (*rule).to_owned() } else { format!("{rule} ({times})") })
        .collect()
}

/// A value against its objective.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum ObjectiveMark {
    /// Within the objective, as far as known.
    Met,
    /// P95 exceeds the objective.
    AtRisk,
    /// Outside the objective.
    Missed,
    /// No value to compare.
    Unknown,
    /// No objective.
    None,
}

impl ObjectiveMark {
    /// Its name in text.
    pub const fn words(self) -> &'static str {
        match self {
            Self::Met => "met",
            Self::AtRisk => "at risk",
            Self::Missed => "missed",
            Self::Unknown => "unknown",
            Self::None => "no objective",
        }
    }

    /// Its name in JSON.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Met => "met",
            Self::AtRisk => "at_risk",
            Self::Missed => "missed",
            Self::Unknown => "unknown",
            Self::None => "none",
        }
    }
}

/// The predicted time of a procedure against the RTO. A procedure that moves nothing meets no objective.
pub(super) fn of_time(procedure: &Procedure) -> ObjectiveMark {
    let predicted = procedure.headline();
    match procedure.objectives.rto {
        None => ObjectiveMark::None,
        Some(_) if procedure.moves_nothing() => ObjectiveMark::Missed,
        Some(objective) if predicted.worst <= objective => ObjectiveMark::Met,
        Some(objective) if predicted.typical <= objective => ObjectiveMark::AtRisk,
        Some(_) => ObjectiveMark::Missed,
    }
}

/// True if preflight checks block the procedure, or steps that touch a lost site. Nothing is predicted of it then.
pub(super) fn is_blocked(procedure: &Procedure) -> bool {
    procedure.idle.is_none() && (procedure.is_refused() || touching_lost(procedure).next().is_some())
}

/// A mark, unknown if what it is about is blocked: nothing of that is compared with an objective.
pub(super) const fn unless(is_blocked: bool, mark: ObjectiveMark) -> ObjectiveMark {
    match mark {
        ObjectiveMark::None => ObjectiveMark::None,
        _ if is_blocked => ObjectiveMark::Unknown,
        mark => mark,
    }
}

/// A predicted time: `8m plus 1 approval (P50), 38m (P95)`.
pub(super) fn span(span: TimeSpan) -> String {
    let approvals = match span.approvals {
        0 => String::new(),
        some => format!(" plus {}", count(some as usize, "approval", "approvals")),
    };
    format!("{}{approvals} (P50), {} (P95)", spoken(span.typical), spoken(span.worst))
}

/// The times of a procedure with their names: first the one that the RTO limits.
pub(super) fn times(procedure: &Procedure) -> Vec<(&'static str, TimeSpan)> {
    let Procedure { verb, how, predicted, .. } = procedure;
    let first = (time_of(*verb, *how), procedure.headline());
    match (verb, how) {
        (RunKind::Drill, _) if !procedure.verifies.is_empty() => vec![("time to restore", predicted.recovery())],
        (RunKind::Drill, _) => vec![first, ("recovery time in drill", predicted.recovery())],
        (RunKind::Up, FailoverMode::Planned) => vec![first, ("recovery time", predicted.recovery())],
        (RunKind::Down, FailoverMode::Planned) => vec![first, ("failback time", predicted.recovery())],
        (RunKind::Up | RunKind::Down, FailoverMode::Forced) | (RunKind::Restore, _) => vec![first],
    }
}

/// An amount, `None` if unknown, against its objective.
pub(super) fn of_amount(amount: Option<Duration>, objective: Option<Duration>) -> ObjectiveMark {
    match (amount, objective) {
        (_, None) => ObjectiveMark::None,
        (None, Some(_)) => ObjectiveMark::Unknown,
        (Some(amount), Some(objective)) if amount <= objective => ObjectiveMark::Met,
        (Some(_), Some(_)) => ObjectiveMark::Missed,
    }
}

/// Latest declaration after the start of the outage with which P95 is within the objective.
pub(super) fn decide_within(procedure: &Procedure) -> Option<Duration> {
    procedure.objectives.rto?.checked_sub(procedure.headline().worst)
}

/// The time to declare by, as text; `None` without an RTO and for a run that follows no outage.
pub(super) fn clock(procedure: &Procedure) -> Option<String> {
    let is_recovery = procedure.verb == RunKind::Up && procedure.how == FailoverMode::Forced;
    let objective = procedure.objectives.rto.filter(|_| is_recovery)?;
    let worst = procedure.headline().worst;
    let rto = spoken(objective);
    Some(match (decide_within(procedure), procedure.outage) {
        (Some(rest), None) => format!("{} after the outage began, or the RTO of {rto} is missed", spoken(rest)),
        (Some(rest), Some(outage)) => {
            let by = moment(outage.since.checked_add(rest).unwrap_or(outage.since));
            let gone = between(outage.since, outage.now);
            match rest.checked_sub(gone) {
                Some(left) => format!("{by}, in {}, or the RTO of {rto} is missed", spoken(left)),
                None => format!(
                    "{by}: passed {} ago; the RTO of {rto} may be missed by {}",
                    spoken(gone.saturating_sub(rest)),
                    spoken((gone + worst).saturating_sub(objective))
                ),
            }
        }
        (None, outage) => {
            let gone = outage.map(|outage| between(outage.since, outage.now)).unwrap_or_default();
            let late = spoken((gone + worst).saturating_sub(objective));
            format!("at once; even then, the RTO of {rto} may be missed by {late}")
        }
    })
}

/// Accuracy of earlier predictions, as text.
pub(super) fn calibration(calibration: Calibration) -> String {
    let Calibration { runs, within, longest } = calibration;
    if runs == 0 {
        return "no earlier run to compare with; times are typical durations of the services".to_owned();
    }
    let longest = longest.map(|longest| format!("; the longest took {}", spoken(longest))).unwrap_or_default();
    format!("{within} of {} finished within P95{longest}", count(runs, "earlier run", "earlier runs"))
}

/// The sites that a procedure moves users and data between.
pub(super) fn places(procedure: &Procedure) -> MoveSites<'_> {
    let Procedure { verb, leaving, arriving, regions, .. } = procedure;
    MoveSites { verb: *verb, leaving, arriving, regions }
}

/// The operation: `up of failover group web, forced`.
pub(super) fn title(procedure: &Procedure) -> String {
    if !procedure.verifies.is_empty() {
        return verification(&procedure.verifies);
    }
    format!("{} of failover group {}, {}", procedure.verb.as_str(), procedure.group, how_word(procedure.how))
}

/// A verification of these backups.
pub(super) fn verification(backups: &[Address]) -> String {
    format!("verification of {}", in_prose(&backups.iter().map(Address::as_str).collect::<Vec<_>>()))
}

/// The direction of the move and the lost site, as sentences.
pub(super) fn direction(procedure: &Procedure) -> String {
    let places = places(procedure);
    let (from, to) = (places.site(&procedure.leaving), places.site(&procedure.arriving));
    let way = match procedure.verb {
        RunKind::Up => format!("Users and data move from {from} to {to}."),
        RunKind::Down => format!("Users and data return from {from} to {to}."),
        RunKind::Restore => format!("Data are restored in place at {to}. Users stay where they are."),
        RunKind::Drill if !procedure.verifies.is_empty() => {
            format!(
                "Copies of machines of {to} restore the newest points, are probed and deleted. Users and data stay where they are."
            )
        }
        RunKind::Drill => format!("Rehearses a move from {from} to {to}. Users and data stay where they are."),
    };
    match procedure.lost.as_slice() {
        [] => way,
        [lost] => format!("{way} Lost site: {lost}."),
        several => format!("{way} Lost sites: {}.", in_prose(several)),
    }
}

/// The accepted risks, as a sentence; `None` if there are none.
pub(super) fn accepted(procedure: &Procedure) -> Option<String> {
    let loss = procedure.accepted.data_loss.map(|loss| format!("data loss (RPO) up to {}", spoken(loss)));
    let both = procedure.accepted.split_brain.then(|| "split brain: both sites may accept writes".to_owned());
    let all: Vec<String> = loss.into_iter().chain(both).collect();
    (!all.is_empty()).then(|| format!("Accepted: {}.", all.join("; ")))
}

/// The preflight checks with this result.
pub(super) fn guards(procedure: &Procedure, verdict: PreflightStatus) -> impl Iterator<Item = &PreflightCheck> {
    procedure.guards.iter().filter(move |guard| guard.verdict == verdict)
}

/// The headline: blocked, or ready with its recovery time and data loss.
pub(super) fn verdict(procedure: &Procedure) -> String {
    if let Some(idle) = &procedure.idle {
        return format!("Nothing to do: {idle}.");
    }
    let touching = touching_lost(procedure).count();
    let refusals = guards(procedure, PreflightStatus::Refuses).count();
    if refusals > 0 {
        return format!("Blocked: {} failed.", count(refusals, "preflight check", "preflight checks"));
    }
    if touching > 0 {
        let steps = count(touching, "step touches", "steps touch");
        return format!("Blocked: {steps} the lost site.");
    }
    let steps = count(procedure.steps.steps.len(), "step", "steps");
    if procedure.moves_nothing() {
        return format!(
            "Moves nothing: {steps}, but failover group {} promotes no replica and switches no traffic. Add `promote` or \
             a `route`.",
            procedure.group
        );
    }
    let loss = match procedure.loss() {
        _ if procedure.losses.is_empty() || procedure.verb == RunKind::Drill => String::new(),
        Some(Duration::ZERO) => ", no data loss".to_owned(),
        Some(most) => format!(", data loss up to {}", spoken(most)),
        None => ", data loss unknown".to_owned(),
    };
    let time = match procedure.verifies.is_empty() {
        true => time_of(procedure.verb, procedure.how),
        false => "time to restore",
    };
    format!("Ready: {steps}, {time} {}{loss}.", span(procedure.headline()))
}

/// The steps of a forced procedure that touch the lost site. Any such step blocks it.
pub(super) fn touching_lost(procedure: &Procedure) -> impl Iterator<Item = &Step> {
    touching(places(procedure), &procedure.lost, &procedure.steps)
}

/// The steps that touch the region of one of these sites.
fn touching<'a>(places: MoveSites<'a>, lost: &'a [String], steps: &'a StepGraph) -> impl Iterator<Item = &'a Step> {
    let is_lost = move |region: &str| lost.iter().any(|lost| places.is_at(region, lost));
    steps.steps.iter().filter(move |step| step.touches.iter().any(|touch| !touch.leaves && is_lost(&touch.region)))
}

/// Number of steps that touch each region, and of those that touch none.
pub(super) fn touched(steps: &StepGraph) -> (BTreeMap<&str, usize>, usize) {
    let mut counts = BTreeMap::new();
    let mut none = 0;
    for step in &steps.steps {
        let regions = regions(step);
        none += usize::from(regions.is_empty());
        regions.into_iter().for_each(|region| *counts.entry(region).or_default() += 1);
    }
    (counts, none)
}

/// The regions that the steps touch, as a sentence.
pub(super) fn touched_words(places: MoveSites<'_>, steps: &StepGraph) -> String {
    let (counts, none) = touched(steps);
    let number = |number| count(number, "step", "steps");
    let there = counts.iter().map(|(region, steps)| format!("{} by {}", places.region(region), number(*steps)));
    let there = there.collect::<Vec<_>>().join(", ");
    match (there.is_empty(), none) {
        (true, _) => "No step touches a region.".to_owned(),
        (false, 0) => format!("Regions touched: {there}."),
        (false, 1) => format!("Regions touched: {there}. The other step touches no region."),
        (false, none) => format!("Regions touched: {there}. The other {none} steps touch no region."),
    }
}

/// Proof that no step touches a lost site, or the steps that do; `None` if no site is lost.
pub(super) fn proof(places: MoveSites<'_>, lost: &[String], steps: &StepGraph) -> Option<String> {
    if lost.is_empty() {
        return None;
    }
    let touching: Vec<&str> = touching(places, lost, steps).map(|step| step.address.as_str()).collect();
    let names: Vec<String> = lost.iter().map(|lost| places.site(lost)).collect();
    let (lost, them) = (in_prose(&names), if names.len() == 1 { "that region" } else { "those regions" });
    let sites = if names.len() == 1 { "site" } else { "sites" };
    let asks = |step: &&Step| step.touches.iter().any(|touch| touch.leaves);
    let asking: Vec<&str> = steps.steps.iter().filter(asks).map(|step| step.address.as_str()).collect();
    Some(match touching.is_empty() {
        true if !asking.is_empty() => format!(
            "No step touches {lost}, but for the promotion of {}: its one request goes to the control plane in {them}, \
             which responds.",
            asking.join(", ")
        ),
        true => format!(
            "No step touches {lost}: no resource, no resource group metadata and no operation status in {them}. An \
             action on an object, such as a promotion, goes to the region of that object, whichever resource group \
             holds it."
        ),
        false => format!("These steps touch the lost {sites} {lost}: {}.", touching.join(", ")),
    })
}

/// A loss in a run of this verb, as text.
pub(super) fn loss(verb: RunKind, loss: &LossEstimate) -> String {
    match loss.amount {
        _ if verb == RunKind::Drill => NOT_TESTED.to_owned(),
        Some(Duration::ZERO) => "none".to_owned(),
        Some(most) => format!("up to {}", spoken(most)),
        None => "unknown".to_owned(),
    }
}

/// Result of a loss in a run of this verb against its objective, as text.
pub(super) fn loss_mark(verb: RunKind, loss: &LossEstimate, objective: Option<Duration>) -> &'static str {
    if verb == RunKind::Drill { NOT_TESTED } else { of_amount(loss.amount, objective).words() }
}

/// Data loss of a drill.
const NOT_TESTED: &str = "not tested";
