//! Failover runs as JSON, for scripts. The fields below are stable; new ones may be added. Durations are seconds,
//! times are in RFC 3339.
//!
//! ```json
//! {
//!   "format_version": 2,
//!   "run": "1790000000000-b2", "stack": "web-geo", "digest": "<digest>", "cloud": "local",
//!   "group": "web", "verb": "up | down | drill", "mode": "planned | forced",
//!   "lost": "the first of lost_sites | null", "lost_sites": ["primary"],
//!   "from": "primary", "to": "secondary",
//!   "condition": "open | waits | stopped | failed | done | unwound | aborted",
//!   "by": "ann@host", "began": "2026-09-21T13:33:20Z", "last": "…", "length": 400,
//!   "holder": "the process that carries it out now | null", "rest": 120,
//!   "recovery_time": {
//!     "p50": 305, "p95": 640, "approvals": 0, "real": "310 | null", "switched": "310 | null",
//!     "objective": "900 | null", "served_at": "… | null", "outage_began": "… | null", "from_outage": "430 | null"
//!   },
//!   "interruption": { "p50": 120, "p95": 310, "approvals": 0, "real": "118 | null" },
//!   "left_out": { "p50": 60, "p95": 130, "approvals": 0 },
//!   "unconfirmed": "no probe and no endpoint monitoring verifies it | null", "moves_nothing": false,
//!   "data_loss": [{
//!     "replica": "…", "announced": "40 | null", "accepted": "60 | null", "measured": "38 | null",
//!     "objective": "300 | null"
//!   }],
//!   "accepted": { "data_loss": "60 | null", "split_brain": false },
//!   "checks": [{ "rule": "lag", "warned": false, "what": "…" }],
//!   "decisions": [{ "at": "…", "step": "21 | null", "what": "ann@host started the run" }],
//!   "critical_path": [3, 4, 18],
//!   "irreversible": [1, 2],
//!   "restores": [{
//!     "backup": "backup.orders", "point": "…", "outcome": "restored", "machine_type": "… | null",
//!     "promised": "…", "restored_to": "… | null", "difference": "0 | null",
//!     "seconds": "311.5 | null", "predicted": "306 | null",
//!     "level_before": "complete | null", "level": "restored | null"
//!   }],
//!   "steps": [{
//!     "id": 1, "number": 2, "address": "geo_replica.orders", "phase": "promote", "act": "promote", "does": "…",
//!     "state": "waiting | ready | under_way | succeeded | failed | unknown | paused | skipped",
//!     "expect": 35, "worst": 130,
//!     "running_for": "12 | null", "overdue": false,
//!     "attempts": [{ "begun": "…", "ended": "… | null", "outcome": "succeeded", "why": "…" }],
//!     "learnt": [{ "at": "…", "what": "…", "loss": "38.5 | null" }],
//!     "left_out": "the user who skipped it, and the reason | null"
//!   }],
//!   "role": {
//!     "active": "home | away | mixed_state", "site": "secondary",
//!     "protection_debt": [{ "of": "…", "what": "…", "remediation": "…" }]
//!   }
//! }
//! ```
//!
//! `real` and `served_at` are set only where a probe or endpoint monitoring has confirmed that users are served;
//! `switched` is the same time without that, and `unconfirmed` the reason. Both count from the start of the run, as P50
//! and P95 do; `from_outage` counts from the outage. `interruption` is null for a run that is not planned, and
//! `left_out` for one that is not a drill.
//!
//! A history is `{"format_version": 2, "runs": [ … ]}`, each run without `holder`, `rest`, `checks`, `decisions`,
//! `critical_path`, `irreversible` and `steps`.

use jiff::Timestamp;
use serde_json::{Value as Json, json};

use super::deed::{Numbers, act_word, how_word};
use super::overdue::is_overdue;
use super::procedure_json::{becomes, seconds, span};
use super::run::{forward_only, places};
use crate::roles::FailoverMode;
use crate::stack::CloudName;
use crate::state::RunKind;
use crate::steps::{Attempt, Condition, Phase, Step, Timeline};

/// The version of the format. It rises when a field moves or changes its meaning.
pub const FORMAT_VERSION: u32 = 2;

/// One run with all its steps. `holder` is the process that carries it out now.
pub fn status(run: &Timeline, now: Timestamp, holder: Option<&str>, cloud: CloudName) -> Json {
    let mut json = head(run);
    let numbers = Numbers::of(&run.graph, run.undertaking.steps.len());
    let ids = |steps: Vec<&Step>| steps.iter().map(|step| step.id).collect::<Vec<_>>();
    let more = json!({
        "format_version": FORMAT_VERSION,
        "cloud": cloud.as_str(),
        "holder": holder,
        "rest": seconds(if run.condition().is_open() { run.rest(now) } else { std::time::Duration::ZERO }),
        "checks": run.undertaking.checks,
        "decisions": run.decisions.iter().map(|one| json!({"at": one.at, "step": one.step, "what": one.what})).collect::<Vec<_>>(),
        "critical_path": run.critical,
        "irreversible": ids(forward_only(run).collect()),
        "restores": super::restores::of_run_json(&run.restores),
        "steps": run.graph.steps.iter().map(|one| step(run, one, &numbers, now)).collect::<Vec<_>>(),
    });
    if let (Json::Object(json), Json::Object(more)) = (&mut json, more) {
        json.extend(more);
    }
    json
}

/// One run that no process carries out now.
pub fn show(run: &Timeline, cloud: CloudName) -> Json {
    status(run, run.last(), None, cloud)
}

/// All runs.
pub fn history(runs: &[Timeline], unreadable: &[(&str, &str)]) -> Json {
    let unreadable = unreadable.iter().map(|(run, why)| json!({ "run": run, "why": why }));
    json!({
        "format_version": FORMAT_VERSION,
        "runs": runs.iter().map(head).collect::<Vec<_>>(),
        "unreadable": unreadable.collect::<Vec<_>>(),
    })
}

fn head(run: &Timeline) -> Json {
    let Timeline { started, undertaking, report, .. } = run;
    json!({
        "run": started.run,
        "stack": started.stack,
        "digest": started.digest,
        "group": undertaking.group,
        "verb": undertaking.verb.as_str(),
        "mode": how_word(undertaking.how),
        "lost": undertaking.lost.first(),
        "lost_sites": undertaking.lost,
        "from": undertaking.leaving,
        "to": undertaking.arriving,
        "condition": condition(run.condition()),
        "by": started.by,
        "began": report.began,
        "last": run.last(),
        "length": seconds(report.length),
        "recovery_time": {
            "p50": seconds(undertaking.predicted.typical),
            "p95": seconds(undertaking.predicted.worst),
            "approvals": undertaking.predicted.approvals,
            "real": run.recovery().map(seconds),
            "switched": run.switched().map(seconds),
            "objective": undertaking.objectives.0.map(seconds),
            "served_at": run.served,
            "outage_began": run.outage(),
            "from_outage": run.outage().and(run.without_service()).map(seconds),
        },
        "interruption": interruption(run),
        "left_out": undertaking.predicted.left_out.map(span),
        "unconfirmed": super::service::unconfirmed(run),
        "moves_nothing": run.moves_nothing(),
        "data_loss": losses(run),
        "accepted": {
            "data_loss": undertaking.accepted.data_loss.map(seconds),
            "split_brain": undertaking.accepted.split_brain,
        },
        "role": run.role.as_ref().map(becomes),
    })
}

/// The service interruption, predicted and measured.
fn interruption(run: &Timeline) -> Option<Json> {
    let planned = run.undertaking.how == FailoverMode::Planned && run.undertaking.verb != RunKind::Drill;
    let mut json = span(run.undertaking.predicted.interruption.filter(|_| planned)?);
    if let Json::Object(fields) = &mut json {
        fields.insert("real".to_owned(), run.interruption().map(seconds).into());
    }
    Some(json)
}

const fn condition(condition: Condition) -> &'static str {
    match condition {
        Condition::GivenUp => "aborted",
        other => other.as_str(),
    }
}

fn losses(run: &Timeline) -> Json {
    let undertaking = &run.undertaking;
    let loss = |(replica, announced): (&crate::address::Address, &Option<std::time::Duration>)| {
        json!({
            "replica": replica,
            "announced": announced.map(seconds),
            "accepted": undertaking.accepted.data_loss.map(seconds),
            "measured": run.losses.get(replica).copied().map(seconds),
            "objective": undertaking.objectives.1.map(seconds),
        })
    };
    undertaking.losses.iter().map(loss).collect()
}

fn step(run: &Timeline, step: &Step, numbers: &Numbers, now: Timestamp) -> Json {
    let running = run.running_for(step.id, now);
    let course = run.course(step.id);
    let attempts = course.map(|course| course.attempts.as_slice()).unwrap_or_default();
    let attempt = |Attempt { begun, ended, outcome, why }: &Attempt| json!({"begun": begun, "ended": ended, "outcome": phase(*outcome), "why": why});
    let learnt = course.map(|course| course.learnt.as_slice()).unwrap_or_default();
    let learnt = learnt.iter().map(|(at, learnt)| json!({"at": at, "what": learnt.what, "loss": learnt.loss}));
    json!({
        "id": step.id,
        "number": numbers.get(step.id),
        "address": step.address,
        "phase": step.stage.as_str(),
        "act": act_word(&step.act),
        "does": places(run).deed(step),
        "state": run.status.phase(step.id).map(phase),
        "expect": seconds(step.expect),
        "worst": seconds(step.worst),
        "running_for": running.map(seconds),
        "overdue": running.is_some_and(|spent| is_overdue(step, spent)),
        "attempts": attempts.iter().map(attempt).collect::<Vec<_>>(),
        "learnt": learnt.collect::<Vec<_>>(),
        "left_out": course.and_then(|course| course.left_out.as_ref()).map(|(_, why)| why),
    })
}

const fn phase(phase: Phase) -> &'static str {
    match phase {
        Phase::Waiting => "waiting",
        Phase::Ready => "ready",
        Phase::UnderWay => "under_way",
        Phase::Succeeded => "succeeded",
        Phase::Failed => "failed",
        Phase::Unknown => "unknown",
        Phase::Paused => "paused",
        Phase::Skipped => "skipped",
    }
}
