//! What a procedure predicts, held against the objectives, in sentences: what its text, its JSON and its Markdown have in common.

use std::collections::BTreeMap;
use std::time::Duration;

use super::count;
use super::deed::{Places, how_word, regions};
use crate::duration::spoken;
use crate::failover::{Calibration, Guard, Loss, Procedure, Verdict};
use crate::state::Verb;
use crate::steps::{Predicted, Step, StepGraph};

/// What a run of this verb brings about, in words that its time follows.
pub(super) const fn served(verb: Verb) -> &'static str {
    match verb {
        Verb::Up => "Users were served again after",
        Verb::Down => "Users were back after",
        Verb::Drill => "The copies answered after",
    }
}

/// What the time of a run of this verb is called: on the way back the other site serves users meanwhile, and a drill moves nobody.
pub(super) const fn time_of(verb: Verb) -> &'static str {
    match verb {
        Verb::Up => "recovery time",
        Verb::Down => "users back",
        Verb::Drill => "rehearsed",
    }
}

/// The rules that passed, each once, with how often.
pub(super) fn passed(procedure: &Procedure) -> Vec<String> {
    let mut counts: indexmap::IndexMap<&str, usize> = indexmap::IndexMap::new();
    guards(procedure, Verdict::Passes).for_each(|guard| *counts.entry(guard.rule).or_default() += 1);
    counts
        .iter()
        .map(|(rule, times)| if *times == 1 { (*rule).to_owned() } else { format!("{rule} ({times})") })
        .collect()
}

/// A loss to the second, never less than it is.
pub(super) fn at_least(loss: Duration) -> Duration {
    Duration::from_secs(loss.as_secs() + u64::from(loss.subsec_nanos() > 0))
}

/// How something stands to its objective.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Mark {
    /// It is reached, as far as can be said.
    Met,
    /// It may be missed.
    AtRisk,
    /// It is missed.
    Missed,
    /// Nobody can say.
    Unknown,
    /// There is none.
    None,
}

impl Mark {
    /// The word for it, for people.
    pub const fn words(self) -> &'static str {
        match self {
            Self::Met => "met",
            Self::AtRisk => "at risk",
            Self::Missed => "missed",
            Self::Unknown => "not known",
            Self::None => "no objective",
        }
    }

    /// The word for it, for scripts.
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

/// A predicted time to the objective.
pub(super) fn of_time(predicted: Predicted, objective: Option<Duration>) -> Mark {
    match objective {
        None => Mark::None,
        Some(objective) if predicted.worst <= objective => Mark::Met,
        Some(objective) if predicted.typical <= objective => Mark::AtRisk,
        Some(_) => Mark::Missed,
    }
}

/// An amount that is known, or not, to the objective.
pub(super) fn of_amount(amount: Option<Duration>, objective: Option<Duration>) -> Mark {
    match (amount, objective) {
        (_, None) => Mark::None,
        (None, Some(_)) => Mark::Unknown,
        (Some(amount), Some(objective)) if amount <= objective => Mark::Met,
        (Some(_), Some(_)) => Mark::Missed,
    }
}

/// How long after the outage began a run can be declared and still reach the objective in nineteen of twenty cases.
pub(super) fn decide_within(procedure: &Procedure) -> Option<Duration> {
    procedure.objectives.rto?.checked_sub(procedure.predicted.worst)
}

/// The decision clock in a sentence; `None` where there is no objective, and for a drill, which nobody waits for.
pub(super) fn clock(procedure: &Procedure) -> Option<String> {
    let objective = procedure.objectives.rto.filter(|_| procedure.verb == Verb::Up)?;
    Some(match decide_within(procedure) {
        Some(rest) => {
            format!(
                "declare within {} of the outage; later than that, {} may be missed",
                spoken(rest),
                spoken(objective)
            )
        }
        None => format!(
            "even if it is declared at once, {} may be missed by {}",
            spoken(objective),
            spoken(procedure.predicted.worst.saturating_sub(objective))
        ),
    })
}

/// How good earlier predictions were, in a sentence.
pub(super) fn calibration(calibration: Calibration) -> String {
    let Calibration { runs, within, longest } = calibration;
    if runs == 0 {
        return "no earlier run of this kind has ended; the times are what the services usually take".to_owned();
    }
    let longest = longest.map(|longest| format!("; the longest took {}", spoken(longest))).unwrap_or_default();
    let verb = if within == 1 { "was" } else { "were" };
    format!("{within} of {} {verb} no slower than predicted{longest}", count(runs, "earlier run", "earlier runs"))
}

/// Where a procedure takes users and data.
pub(super) fn places(procedure: &Procedure) -> Places<'_> {
    let Procedure { verb, leaving, arriving, regions, .. } = procedure;
    Places { verb: *verb, leaving, arriving, regions }
}

/// What is done: `up of failover group web, forced`.
pub(super) fn title(procedure: &Procedure) -> String {
    format!("{} of failover group {}, {}", procedure.verb.as_str(), procedure.group, how_word(procedure.how))
}

/// Where users and data go, and what is given up, in sentences.
pub(super) fn direction(procedure: &Procedure) -> String {
    let places = places(procedure);
    let (from, to) = (places.site(&procedure.leaving), places.site(&procedure.arriving));
    let way = match procedure.verb {
        Verb::Up => format!("Users and data leave {from} for {to}."),
        Verb::Down => format!("Users and data return from {from} to {to}."),
        Verb::Drill => format!("It is rehearsed that users and data leave {from} for {to}; both stay where they are."),
    };
    match &procedure.lost {
        Some(lost) => format!("{way} Given up: {lost}."),
        None => way,
    }
}

/// What was accepted, in sentences; `None` where nothing was.
pub(super) fn accepted(procedure: &Procedure) -> Option<String> {
    let loss = procedure.accepted.data_loss.map(|loss| format!("the loss of writes up to {} old", spoken(loss)));
    let both = procedure.accepted.split_brain.then(|| "that both sides may take writes".to_owned());
    let all: Vec<String> = loss.into_iter().chain(both).collect();
    (!all.is_empty()).then(|| format!("Accepted: {}.", all.join("; ")))
}

/// Of how many guards this came.
pub(super) fn guards(procedure: &Procedure, verdict: Verdict) -> impl Iterator<Item = &Guard> {
    procedure.guards.iter().filter(move |guard| guard.verdict == verdict)
}

/// Whether it can be carried out, and what it would be: the one sentence to read.
pub(super) fn verdict(procedure: &Procedure) -> String {
    if let Some(idle) = &procedure.idle {
        return format!("Nothing to do: {idle}.");
    }
    let touching = touching_lost(procedure).count();
    let refusals = guards(procedure, Verdict::Refuses).count();
    if refusals > 0 {
        return format!("This must not be carried out: {}.", count(refusals, "check refuses", "checks refuse"));
    }
    if touching > 0 {
        let steps = count(touching, "step touches", "steps touch");
        return format!("This must not be carried out: {steps} the site that is given up.");
    }
    let steps = count(procedure.steps.steps.len(), "step", "steps");
    let Predicted { typical, worst } = procedure.predicted;
    let loss = match procedure.loss() {
        _ if procedure.losses.is_empty() || procedure.verb == Verb::Drill => String::new(),
        Some(Duration::ZERO) => ", nothing is lost".to_owned(),
        Some(most) => format!(", writes up to {} old are lost", spoken(most)),
        None => ", what is lost is not known".to_owned(),
    };
    let until = match procedure.verb {
        Verb::Up => "users served",
        Verb::Down => "users back",
        Verb::Drill => "rehearsed",
    };
    format!("Ready: {steps}, {until} after {} (at worst {}){loss}.", spoken(typical), spoken(worst))
}

/// The steps of a forced procedure that touch the site that is given up: none, or it must not be carried out.
pub(super) fn touching_lost(procedure: &Procedure) -> impl Iterator<Item = &Step> {
    touching(places(procedure), procedure.lost.as_deref(), &procedure.steps)
}

/// The steps that touch the region of a site.
fn touching<'a>(places: Places<'a>, lost: Option<&'a str>, steps: &'a StepGraph) -> impl Iterator<Item = &'a Step> {
    steps
        .steps
        .iter()
        .filter(move |step| lost.is_some_and(|lost| step.touches.iter().any(|touch| places.is_at(&touch.region, lost))))
}

/// How many steps touch each region, by region, and how many touch none.
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

/// Which regions the steps touch, in a sentence.
pub(super) fn touched_words(places: Places<'_>, steps: &StepGraph) -> String {
    let (counts, none) = touched(steps);
    let number = |number| count(number, "step", "steps");
    let there = counts.iter().map(|(region, steps)| format!("{} by {}", places.region(region), number(*steps)));
    let nowhere = (none > 0).then(|| format!("no region by {}", number(none)));
    format!("Touched: {}.", there.chain(nowhere).collect::<Vec<_>>().join(", "))
}

/// That nothing touches the site that is given up, or what does; `None` where none is.
pub(super) fn proof(places: Places<'_>, lost: Option<&str>, steps: &StepGraph) -> Option<String> {
    let touching: Vec<String> =
        touching(places, lost, steps).map(|step| format!("{} ({})", step.id.0, step.address)).collect();
    let lost = places.site(lost?);
    Some(match touching.is_empty() {
        true => format!(
            "No step touches {lost}: no resource there is called, no resource group whose metadata is kept there, and \
             no operation whose status is asked for there. An action on an object, as a promotion is, goes to the \
             region of that object, whichever resource group holds it."
        ),
        false => format!("These steps touch {lost}, which is given up: {}.", touching.join(", ")),
    })
}

/// A loss in words.
pub(super) fn loss(loss: &Loss) -> String {
    match loss.amount {
        Some(Duration::ZERO) => "nothing".to_owned(),
        Some(most) => format!("up to {}", spoken(most)),
        None => "not known".to_owned(),
    }
}
