//! Service after a run, as text: restored where a probe or endpoint monitoring has confirmed it, else traffic switched
//! at most.

use crate::address::Address;
use crate::duration::spoken;
use crate::failover::in_prose;
use crate::roles::FailoverMode;
use crate::state::RunKind;
use crate::steps::{Phase, Stage, Timeline, between};

/// Why nothing confirms that users are served, where traffic has switched; `None` where it is confirmed, or traffic has
/// not switched.
pub(super) fn unconfirmed(run: &Timeline) -> Option<String> {
    if run.served.is_some() || run.unwinds.is_some() || run.moves_nothing() {
        return None;
    }
    let routes = || run.graph.steps.iter().filter(|step| step.stage == Stage::Route);
    let is_switched = |step| run.status.phase(step) == Some(Phase::Succeeded);
    if let Some(why) = unserved(run).filter(|_| run.arrived.is_some()) {
        return Some(why);
    }
    let skipped: Vec<&str> = run.skipped().map(|step| step.address.as_str()).collect();
    match (run.arrived, skipped.as_slice()) {
        (Some(_), _) if !run.undertaking.unswitched.is_empty() => {
            let routes: Vec<&str> = run.undertaking.unswitched.iter().map(Address::as_str).collect();
            Some(format!("the traffic of {} was not switched", in_prose(&routes)))
        }
        (Some(_), _) if not_simulated(run).is_some() => not_simulated(run),
        (Some(_), _) => Some("no probe and no endpoint monitoring verifies it".to_owned()),
        (None, []) => None,
        (None, skipped) => {
            let all = routes().all(|step| is_switched(step.id)) && run.status.left() == 0 && !run.status.has_failed();
            all.then(|| match skipped {
                [one] => format!("{one} was skipped"),
                several => format!("{} were skipped", several.join(", ")),
            })
        }
    }
}

/// The probes whose hosts are outside the simulated world, as a clause.
pub fn not_simulated(run: &Timeline) -> Option<String> {
    let probes = run.not_simulated().filter(|step| matches!(step.stage, Stage::Route | Stage::Probe));
    let probes: Vec<&str> = probes.map(|step| step.address.as_str()).collect();
    match probes.as_slice() {
        [] => None,
        [one] => Some(format!("the host of {one} is not simulated")),
        several => Some(format!("the hosts of {} are not simulated", in_prose(several))),
    }
}

/// The report of a front that users are not served, as a clause.
fn unserved(run: &Timeline) -> Option<String> {
    let reports = run.unserved().filter_map(|step| run.course(step.id)).flat_map(|course| &course.learnt);
    reports.filter(|(_, learnt)| learnt.served == Some(false)).map(|(_, learnt)| learnt.what.clone()).last()
}

/// Service after the run, as a sentence; `None` where it has not reached its goal.
pub fn service(run: &Timeline) -> Option<String> {
    let switches = run.graph.steps.iter().any(|step| step.stage == Stage::Route);
    if run.moves_nothing() {
        return Some(format!(
            "Users and data did not move: failover group {} promotes no replica and switches no traffic.",
            run.undertaking.group
        ));
    }
    if let Some(why) = unconfirmed(run) {
        let after = run.switched().map(|time| format!(" after {}", spoken(time))).unwrap_or_default();
        return Some(match (run.undertaking.verb, switches) {
            (RunKind::Drill, _) => match not_simulated(run) {
                Some(why) => format!("Drill completed{after}, not confirmed: {why}."),
                None => format!("Drill completed{after}; no probe verified that the copies answer."),
            },
            (RunKind::Restore, _) => format!("Restore completed{after}, service not confirmed: {why}."),
            (RunKind::Up | RunKind::Down, true) => format!("Traffic switched{after}, not confirmed: {why}."),
            (RunKind::Up | RunKind::Down, false) => format!("Steps completed{after}, service not confirmed: {why}."),
        });
    }
    let (recovery, without) = (run.recovery()?, run.without_service()?);
    Some(match (run.undertaking.verb, run.undertaking.how) {
        (RunKind::Drill, _) => format!("Drill copies answered after {}.", spoken(recovery)),
        (RunKind::Restore, _) => format!("Data restored after {}.", spoken(recovery)),
        (RunKind::Up, FailoverMode::Forced) => match run.outage() {
            Some(_) => format!("Service restored {} after the outage began.", spoken(without)),
            None => format!("Service restored after {}.", spoken(recovery)),
        },
        (RunKind::Down, FailoverMode::Forced) => format!("Failback completed after {}.", spoken(recovery)),
        (RunKind::Up, FailoverMode::Planned) => {
            format!("Service restored after {}, interrupted for {}.", spoken(recovery), spoken(without))
        }
        (RunKind::Down, FailoverMode::Planned) => {
            format!("Failback completed after {}, service interrupted for {}.", spoken(recovery), spoken(without))
        }
    })
}

/// The measured recovery time in a table: `4m`, `4m, not confirmed`, or `-`.
pub(super) fn measured(run: &Timeline) -> String {
    match (run.recovery(), run.switched(), unconfirmed(run)) {
        _ if run.moves_nothing() => "-".to_owned(),
        (Some(recovery), ..) => spoken(recovery),
        (None, Some(switched), Some(_)) => format!("{}, not confirmed", spoken(switched)),
        (None, None, Some(_)) => "not confirmed".to_owned(),
        (None, _, None) => "-".to_owned(),
    }
}

/// Time after the outage at which a run began, as text; `None` where the outage is not known.
pub(super) fn since_outage(run: &Timeline) -> Option<String> {
    let since = run.outage()?;
    Some(spoken(between(since, run.report.began)))
}
