//! Failover of a failover group. The request goes to the server that is secondary now, so that a lost site receives
//! none.

use serde_json::Value as Json;

use super::{KIND, ROLE, SEGMENT, STATE};
use crate::kinds::path;
use crate::kinds::table::*;
use crate::object::ObjectId;
use crate::providers::azure::kinds::databases::mssql_database;

/// Durations: a recorded planned failover of an empty database took 50 seconds. A longer one depends on the log that
/// is still to be replicated.
pub(super) const PROMOTION: Promotion = Promotion {
    looks,
    standing,
    promote,
    reprotect,
    planned: DurationEstimate { typical: 50, worst: 300 },
    forced: DurationEstimate { typical: 42, worst: 300 },
    most_lost: |_| Some(5),
    asks_source: false,
    needs_every_region: false,
    takes_offline: |_, _, _| None,
    costs: |_, _, _| None,
    twins,
    holds: &[],
    loses: "changes that the secondary had not received are lost: typically less than 5 seconds, without \
     guarantee (Microsoft's documentation of active geo-replication)",
    reversible: true,
    drill: Rehearsal::Look("a failover group has one secondary, and promoting it would move production data"),
    order: None,
    handover: None,
};

/// The half of the group on one side's server, and the server's region.
fn half(subject: &Subject<'_>, side: Side) -> Option<(ObjectId, Option<String>)> {
    let argument = match side {
        Side::Source => "source",
        Side::Target => "target",
    };
    let server = ObjectId::new(subject.text(argument)?);
    Some((server.child(SEGMENT, subject.name), subject.with(argument, |server| server.location.to_owned())))
}

/// The databases of both servers. Azure keeps a secondary's tier with its primary's and refuses a change that would
/// part them; the size within a tier may differ, and a smaller secondary falls behind.
fn twins(subject: &Subject<'_>) -> Vec<Twins> {
    let server = |argument| subject.text(argument).map(ObjectId::new);
    let (Some(source), Some(target)) = (server("source"), server("target")) else { return Vec::new() };
    let databases = subject.args.get("databases").and_then(Json::as_array).into_iter().flatten();
    let databases = databases.filter_map(Json::as_str).map(ObjectId::new);
    let twins = |database: ObjectId| Twins {
        source: mssql_database::KIND.type_.object(source.child("databases", database.name())),
        target: mssql_database::KIND.type_.object(target.child("databases", database.name())),
        properties: &[
            TwinProperty { path: "sku.tier", name: "tier", needed: true },
            TwinProperty { path: "properties.currentServiceObjectiveName", name: "size", needed: false },
        ],
        follows: vec!["sku"],
        grows: mssql_database::grows,
    };
    databases.map(twins).collect()
}

fn looks(subject: &Subject<'_>) -> Vec<ReadRequest> {
    let look = |side| {
        let (id, region) = half(subject, side)?;
        Some(ReadRequest::new(KIND.type_.object(id), ReadTarget::Body).of_side(side, region))
    };
    [Side::Source, Side::Target].into_iter().filter_map(look).collect()
}

/// State of the group. Each half returns its own role, and the roles are opposite, so one half shows both.
/// Replication lag is unavailable: Azure Monitor has no such metric (source: its list for
/// `Microsoft.Sql/servers/databases`). `sys.dm_geo_replication_link_status` has it, for logins of the primary
/// database.
fn standing(subject: &Subject<'_>, seen: &ReadResults) -> ReplicaStatus {
    let body = |side| half(subject, side).and_then(|(id, _)| seen.body(&id));
    let role = |side| body(side).and_then(|body| path::text(body, ROLE));
    let writer = match (role(Side::Source), role(Side::Target)) {
        (Some("Primary"), Some("Secondary") | None) | (None, Some("Secondary")) => Some(Side::Source),
        (Some("Secondary"), Some("Primary") | None) | (None, Some("Primary")) => Some(Side::Target),
        _ => None,
    };
    let states = [Side::Target, Side::Source].map(|side| body(side).and_then(|body| path::text(body, STATE)));
    let behind = states.into_iter().flatten().find(|state| *state != "CATCH_UP");
    let health = match (missing(subject, seen), behind) {
        (Some(health), _) => health,
        (None, Some(state)) => Health::Behind(format!("is not in sync yet (replication state {state})")),
        (None, None) if writer.is_none() => {
            Health::Broken("has the same role as its source: both servers report the same one".to_owned())
        }
        (None, None) => Health::Following,
    };
    ReplicaStatus { writer, elsewhere: None, health, lag: None, debts: Vec::new(), frozen: None }
}

/// Health of a half that does not exist or could not be read.
fn missing(subject: &Subject<'_>, seen: &ReadResults) -> Option<Health> {
    [Side::Source, Side::Target].into_iter().find_map(|side| {
        let (id, _) = half(subject, side)?;
        if seen.is_absent(&id) {
            return Some(Health::Broken(format!("is not in a failover group ({id} does not exist)")));
        }
        seen.unseen(&id).map(|why| Health::Unseen(why.to_owned()))
    })
}

fn promote(subject: &Subject<'_>, seen: &ReadResults, side: Side, how: FailoverMode) -> Result<Call, String> {
    let unknown = || "one of its servers is not known yet".to_owned();
    let (id, region) = half(subject, side).ok_or_else(unknown)?;
    let (other, _) = half(subject, side.other()).ok_or_else(unknown)?;
    if seen.is_absent(&id) {
        return Err(format!("the failover group {id} does not exist"));
    }
    if let (FailoverMode::Planned, Some(why)) = (how, seen.unseen(&other)) {
        return Err(format!("a planned failover needs both servers, and {other} cannot be read: {why}"));
    }
    let action = match how {
        FailoverMode::Planned => "failover",
        FailoverMode::Forced => "forceFailoverAllowDataLoss",
    };
    Ok(Call { object: KIND.type_.object(id), method: CallMethod::Post(action, &[]), body: None, region })
}

fn reprotect(subject: &Subject<'_>, seen: &ReadResults) -> Reprotect {
    match standing(subject, seen).health {
        Health::Following => Reprotect::Nothing,
        _ => Reprotect::Itself(
            "Azure makes the old primary a secondary as soon as its region is back, and seeds it again after a \
             forced failover",
        ),
    }
}
