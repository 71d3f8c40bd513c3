//! A procedure as JSON, for scripts. The fields below are stable; new ones may be added. Durations are seconds.
//!
//! ```json
//! {
//!   "format_version": 2,
//!   "stack": "web-geo", "cloud": "local",
//!   "basis": { "stack": "<digest>", "lineage": "…", "serial": 3, "role_epoch": 0 },
//!   "group": "web", "verb": "up | down | drill", "mode": "planned | forced",
//!   "lost": "the first of lost_sites | null", "lost_sites": ["primary"],
//!   "from": { "site": "primary", "region": "canadacentral | null" }, "to": { … },
//!   "idle": "why there is nothing to do | null",
//!   "ready": true, "verdict": "Ready: 12 steps, …",
//!   "recovery_time": {
//!     "p50": 570, "p95": 840, "approvals": 1, "objective": "1800 | null",
//!     "mark": "met | at_risk | missed | unknown | none", "decide_within": "960 | null",
//!     "outage_began": "2026-09-21T13:33:20Z | null"
//!   },
//!   "interruption": { "p50": 120, "p95": 310, "approvals": 0 },
//!   "left_out": { "p50": 60, "p95": 130, "approvals": 0 }, "moves_nothing": false,
//!   "calibration": { "runs": 3, "within": 2, "longest": "720 | null" },
//!   "data_loss": [{
//!     "replica": "geo_replica.orders", "amount": "0 | null", "objective": "300 | null", "mark": "met", "source": "…"
//!   }],
//!   "ladders": [{
//!     "backup": "backup.database",
//!     "rungs": [{
//!       "rung": 4, "name": "newest backup", "chosen": true, "how": "… | null", "closed": "why | null",
//!       "point": "… | null", "as_of": "… | null", "data_loss": "74 | null", "time": "610 | null"
//!     }]
//!   }],
//!   "accepted": { "data_loss": "60 | null", "split_brain": false },
//!   "preflight_checks": [{ "rule": "lag", "verdict": "failed | warning | passed", "what": "…", "help": "…" }],
//!   "touches": [{ "region": "canadaeast", "site": "secondary | null", "steps": 11 }],
//!   "avoided": [{ "address": "…", "what": "…" }],
//!   "steps": [{
//!     "id": 4, "number": 5, "address": "geo_replica.orders", "phase": "promote", "act": "promote",
//!     "does": "promote … to secondary, planned",
//!     "needs": [1, 2], "begins": 60, "expect": 35, "worst": 130, "critical": true,
//!     "touches": [{ "region": "canadaeast", "with": "the resource" }],
//!     "undo": "nothing | act | impossible", "undo_words": "rollback: … | null"
//!   }],
//!   "critical_path": [1, 4, 9],
//!   "roles": [{ "replica": "…", "from": "primary | null", "to": "secondary" }],
//!   "becomes": {
//!     "active": "home | away | mixed_state", "site": "secondary",
//!     "protection_debt": [{ "of": "…", "what": "…", "remediation": "…" }]
//!   },
//!   "notes": ["…"]
//! }
//! ```
//!
//! `mark` is `unknown` in a procedure that is not `ready`: nothing of it is compared with an objective.
//! `approvals` is the number of steps that wait for an operator: P50 excludes them, P95 includes their own P95.
//! `interruption` is the time without service; for a forced move it is the recovery time. `left_out` is the time of the
//! steps of a failover that a drill leaves out. `mark` compares the RTO with `interruption` and, for a drill, with the
//! recovery time and `left_out` together.
//!
//! `ladders` has the ways to get the data of each backup back, by their rungs; a closed one says why.
//!
//! `needs` and `critical_path` hold ids; `number` is the number of the step in text.

use std::time::Duration;

use serde_json::{Value as Json, json};

use super::deed::{Numbers, act_word, begins, how_word};
use super::forecast::{self, of_amount, of_time, places};
use super::roles::active_word;
use crate::failover::{Ladder, Procedure};
use crate::stack::CloudName;
use crate::state::{GroupRole, RecordedDebt, RunKind};
use crate::steps::{Step, TimeSpan, Undo};

/// The version of the format. It rises when a field moves or changes its meaning.
pub const FORMAT_VERSION: u32 = 2;

/// The procedure as JSON.
pub fn json(procedure: &Procedure, cloud: CloudName) -> Json {
    let Procedure { objectives, predicted, accepted, calibration, .. } = procedure;
    let site = |site: &str| json!({"site": site, "region": procedure.regions.get(site)});
    let is_blocked = forecast::is_blocked(procedure);
    json!({
        "format_version": FORMAT_VERSION,
        "stack": procedure.stack,
        "cloud": cloud.as_str(),
        "basis": procedure.basis,
        "group": procedure.group,
        "verb": procedure.verb.as_str(),
        "mode": how_word(procedure.how),
        "lost": procedure.lost.first(),
        "lost_sites": procedure.lost,
        "from": site(&procedure.leaving),
        "to": site(&procedure.arriving),
        "idle": procedure.idle,
        "ready": procedure.idle.is_none() && !is_blocked,
        "verdict": forecast::verdict(procedure),
        "recovery_time": {
            "p50": seconds(predicted.typical),
            "p95": seconds(predicted.worst),
            "approvals": predicted.approvals,
            "objective": objectives.rto.map(seconds),
            "mark": forecast::unless(is_blocked, of_time(procedure)).as_str(),
            "decide_within": forecast::decide_within(procedure).map(seconds),
            "outage_began": procedure.outage.map(|outage| outage.since),
        },
        "interruption": span(predicted.headline(RunKind::Up, procedure.how)),
        "left_out": predicted.left_out.map(span),
        "moves_nothing": procedure.moves_nothing(),
        "calibration": {
            "runs": calibration.runs,
            "within": calibration.within,
            "longest": calibration.longest.map(seconds),
        },
        "data_loss": losses(procedure),
        "ladders": ladders(procedure),
        "accepted": { "data_loss": accepted.data_loss.map(seconds), "split_brain": accepted.split_brain },
        "preflight_checks": procedure.guards,
        "touches": touches(procedure),
        "avoided": procedure.avoided,
        "steps": steps(procedure),
        "critical_path": procedure.critical.steps,
        "roles": procedure.roles,
        "becomes": procedure.becomes.as_ref().map(becomes),
        "notes": procedure.notes,
    })
}

/// A duration in seconds, as a whole number if it is one.
pub(super) fn seconds(duration: Duration) -> Json {
    match duration.subsec_nanos() {
        0 => duration.as_secs().into(),
        _ => duration.as_secs_f64().into(),
    }
}

/// A predicted time in seconds.
pub(super) fn span(TimeSpan { typical, worst, approvals }: TimeSpan) -> Json {
    json!({ "p50": seconds(typical), "p95": seconds(worst), "approvals": approvals })
}

fn losses(procedure: &Procedure) -> Json {
    let (rpo, is_blocked) = (procedure.objectives.rpo, forecast::is_blocked(procedure));
    let loss = |loss: &crate::failover::LossEstimate| {
        json!({
            "replica": loss.replica,
            "amount": loss.amount.map(seconds),
            "objective": rpo.map(seconds),
            "mark": forecast::unless(is_blocked, of_amount(loss.amount, rpo)).as_str(),
            "source": loss.source,
        })
    };
    procedure.losses.iter().map(loss).collect()
}

/// The ladders for scripts.
fn ladders(procedure: &Procedure) -> Json {
    let one = |Ladder { backup, rungs, chosen }: &Ladder| {
        let rungs = rungs.iter().enumerate().map(|(at, rung)| {
            json!({
                "rung": rung.kind.number(),
                "name": rung.kind.as_str(),
                "chosen": *chosen == Some(at),
                "how": rung.is_open().then_some(&rung.how),
                "closed": rung.closed,
                "point": rung.point,
                "as_of": rung.as_of,
                "data_loss": rung.loss.map(seconds),
                "time": rung.time.map(seconds),
            })
        });
        json!({ "backup": backup, "rungs": rungs.collect::<Vec<_>>() })
    };
    procedure.ladders.iter().map(one).collect()
}

fn touches(procedure: &Procedure) -> Json {
    let places = places(procedure);
    let site = |region: &str| procedure.regions.keys().find(|site| places.is_at(region, site));
    let one = |(region, steps): (&&str, &usize)| json!({"region": region, "site": site(region), "steps": steps});
    forecast::touched(&procedure.steps).0.iter().map(one).collect()
}

fn steps(procedure: &Procedure) -> Json {
    let places = places(procedure);
    let begins = begins(&procedure.steps);
    let numbers = Numbers::of(&procedure.steps, procedure.steps.steps.len());
    let step = |step: &Step| {
        let undo = match step.undo {
            Undo::Nothing => "nothing",
            Undo::Act(_) => "act",
            Undo::Impossible(_) => "impossible",
        };
        json!({
            "id": step.id,
            "number": numbers.get(step.id),
            "address": step.address,
            "phase": step.stage.as_str(),
            "act": act_word(&step.act),
            "does": places.deed(step),
            "needs": step.needs,
            "begins": seconds(begins.get(step.id.index()).copied().unwrap_or_default()),
            "expect": seconds(step.expect),
            "worst": seconds(step.worst),
            "critical": procedure.critical.steps.contains(&step.id),
            "touches": step.touches,
            "undo": undo,
            "undo_words": places.undo(step),
        })
    };
    procedure.steps.steps.iter().map(step).collect()
}

/// The role of a group as JSON.
pub(super) fn becomes(role: &GroupRole) -> Json {
    json!({
        "active": active_word(role.active),
        "site": role.site,
        "protection_debt": role.owed.iter().map(owed).collect::<Vec<_>>(),
    })
}

/// Protection debt as JSON.
fn owed(RecordedDebt { of, debt, since: _ }: &RecordedDebt) -> Json {
    json!({"of": of, "what": debt.what, "remediation": debt.pays})
}
