//! Promotion of a PostgreSQL replica. The request goes to the server that is the replica now, so that a lost site
//! receives none.

use std::time::Duration;

use serde_json::{Value as Json, json};

use super::{KIND, endpoint, endpoint_of};
use crate::kinds::path;
use crate::kinds::table::*;
use crate::object::ObjectId;

/// Replication lag in seconds, as the replica reports it (source: Azure Monitor's list for
/// `Microsoft.DBforPostgreSQL/flexibleServers`).
const DELAY: &str = "physical_replication_delay_in_seconds";

/// Durations: estimates of the durations sheet. Documented: a planned switchover waits for the last changes, a forced
/// one does not.
pub(super) const PROMOTION: Promotion = Promotion {
    looks,
    standing,
    promote,
    reprotect,
    planned: DurationEstimate { typical: 150, worst: 900 },
    forced: DurationEstimate { typical: 100, worst: 600 },
    most_lost: |_| None,
    asks_source: false,
    needs_every_region: false,
    takes_offline: |_, _, _| None,
    costs,
    twins,
    holds: HOLDS,
    loses: "changes that the replica had not received are lost: the replication lag at that time (Microsoft's \
     documentation of promotion)",
    reversible: true,
    drill: Rehearsal::Look(
        "promoting the replica would move production data, and a replica that is promoted alone must be rebuilt",
    ),
    order: None,
    handover: None,
};

/// Source: Microsoft's documentation of major version upgrades.
const HOLDS: &[(&str, &str)] = &[("version", "Azure does not upgrade a server that has read replicas")];

/// The server of a side, and its region. Without a `target`, the replica is a server itself.
fn server(subject: &Subject<'_>, side: Side) -> Option<(ObjectId, Option<String>)> {
    match side {
        Side::Source => {
            let id = ObjectId::new(subject.text("source")?);
            Some((id, subject.with("source", |source| source.location.to_owned())))
        }
        Side::Target => Some(match subject.text("target") {
            Some(target) => (ObjectId::new(target), subject.with("target", |target| target.location.to_owned())),
            None => (subject.id.clone(), Some(subject.location.to_owned())),
        }),
    }
}

/// A switchover needs servers of one size (source: Microsoft's documentation of promotion: tier, storage and parameters
/// are symmetric).
fn twins(subject: &Subject<'_>) -> Vec<Twins> {
    let Some((source, _)) = server(subject, Side::Source) else { return Vec::new() };
    const PROPERTIES: &[TwinProperty] = &[
        TwinProperty { path: "sku.tier", name: "tier", needed: true },
        TwinProperty { path: "sku.name", name: "size", needed: true },
        TwinProperty { path: STORAGE, name: "storage in GiB", needed: true },
    ];
    // A size that the stack sets for the replica, or in the block of its server, is changed as any other argument.
    let unset = |argument: &str| !subject.args.contains_key("target") && !subject.args.contains_key(argument);
    let follows = [("sku_name", "sku"), ("storage_mb", STORAGE)];
    let follows = follows.into_iter().filter(|(argument, _)| unset(argument)).map(|(_, at)| at).collect();
    let Some((target, _)) = server(subject, Side::Target) else { return Vec::new() };
    let (source, target) = (KIND.type_.object(source), KIND.type_.object(target));
    vec![Twins { source, target, properties: PROPERTIES, follows, grows }]
}

const STORAGE: &str = "properties.storage.storageSizeGB";

/// True if the second server is larger than the first: storage only grows, and the name of a size has its cores.
fn grows(old: &Json, new: &Json) -> bool {
    let cores = |body: &Json| {
        let size = path::text(body, "sku.name").and_then(|name| name.split('_').nth(1)).unwrap_or_default();
        let digits: String = size.chars().filter(char::is_ascii_digit).collect();
        digits.parse::<u32>().unwrap_or_default()
    };
    let storage = |body: &Json| path::borrow(body, STORAGE).and_then(Json::as_u64).unwrap_or_default();
    storage(new) > storage(old) || cores(new) > cores(old)
}

/// A replica that is promoted alone has no replica afterwards.
fn costs(subject: &Subject<'_>, seen: &ReadResults, how: FailoverMode) -> Option<ProtectionDebt> {
    let no_endpoint = endpoint_of(subject).is_some_and(|endpoint| seen.is_absent(&endpoint));
    (how == FailoverMode::Forced && no_endpoint).then(|| stand_alone(subject))
}

fn looks(subject: &Subject<'_>) -> Vec<ReadRequest> {
    let mut looks = Vec::new();
    for side in [Side::Source, Side::Target] {
        let Some((id, region)) = server(subject, side) else { continue };
        for what in [ReadTarget::Body, ReadTarget::Metric(DELAY)] {
            looks.push(ReadRequest::new(KIND.type_.object(id.clone()), what).of_side(side, region.clone()));
        }
    }
    if let (Some(id), Some((_, region))) = (endpoint_of(subject), server(subject, Side::Source)) {
        looks.push(ReadRequest::new(endpoint::TYPE.object(id), ReadTarget::Body).of_side(Side::Source, region));
    }
    looks
}

fn body<'a>(subject: &Subject<'_>, seen: &'a ReadResults, side: Side) -> Option<&'a Json> {
    seen.body(&server(subject, side)?.0)
}

fn role<'a>(subject: &Subject<'_>, seen: &'a ReadResults, side: Side) -> Option<&'a str> {
    path::text(body(subject, seen, side)?, "properties.replicationRole")
}

/// True if the target was promoted without the source: it is standalone, without replication.
fn is_alone(subject: &Subject<'_>, seen: &ReadResults) -> bool {
    role(subject, seen, Side::Target) == Some("None")
}

fn standing(subject: &Subject<'_>, seen: &ReadResults) -> ReplicaStatus {
    let is_replica = |role: &str| role.ends_with("Replica");
    let [source, target] = [Side::Source, Side::Target].map(|side| role(subject, seen, side));
    let writer = match (source, target) {
        (_, Some("None")) => Some(Side::Target),
        (Some(source), Some(target)) if is_replica(source) == is_replica(target) => None,
        (_, Some(target)) => Some(if is_replica(target) { Side::Source } else { Side::Target }),
        (Some(source), None) => Some(if is_replica(source) { Side::Target } else { Side::Source }),
        (None, None) => None,
    };
    if is_alone(subject, seen) {
        return alone(subject, writer);
    }
    let follower = writer.map_or(Side::Target, Side::other);
    let lag = server(subject, follower).and_then(|(id, _)| seen.metric(&id, DELAY));
    ReplicaStatus {
        writer,
        elsewhere: None,
        health: health(subject, seen, follower, writer),
        lag: lag.and_then(|seconds| Duration::try_from_secs_f64(seconds).ok()),
        debts: Vec::new(),
        frozen: None,
    }
}

fn stand_alone(subject: &Subject<'_>) -> ProtectionDebt {
    ProtectionDebt {
        what: format!("the server {} was promoted alone and has no replica", subject.name),
        pays: "a new replica in the place of the old primary, after its unreplicated data was checked".to_owned(),
    }
}

fn alone(subject: &Subject<'_>, writer: Option<Side>) -> ReplicaStatus {
    let debt = stand_alone(subject);
    let health = Health::Broken("is standalone since it was promoted without a virtual endpoint".to_owned());
    ReplicaStatus { writer, elsewhere: None, health, lag: None, debts: vec![debt], frozen: None }
}

fn health(subject: &Subject<'_>, seen: &ReadResults, follower: Side, writer: Option<Side>) -> Health {
    let Some(body) = body(subject, seen, follower) else {
        let id = server(subject, follower).map(|(id, _)| id);
        return match id.as_ref().and_then(|id| seen.unseen(id)) {
            Some(why) => Health::Unseen(why.to_owned()),
            None => Health::Broken("does not exist".to_owned()),
        };
    };
    match path::text(body, "properties.replica.replicationState") {
        _ if writer.is_none() => Health::Broken("has the same role as the other server".to_owned()),
        Some("Broken") => Health::Broken("is broken (replication state Broken)".to_owned()),
        Some("Active") | None => Health::Following,
        Some(state) => Health::Behind(format!("is catching up (replication state {state})")),
    }
}

/// A switchover swaps the roles and keeps the names; it needs the virtual endpoint. Without the endpoint, a replica
/// can only be promoted to a standalone server, which remains possible in an emergency.
fn promote(subject: &Subject<'_>, seen: &ReadResults, side: Side, how: FailoverMode) -> Result<Call, String> {
    let (id, region) = server(subject, side).ok_or("its source is not known yet")?;
    if role(subject, seen, side).is_some_and(|role| !role.ends_with("Replica")) {
        return Err(format!("the server {} is not a replica, so it cannot be promoted", id.name()));
    }
    let no_endpoint = endpoint_of(subject).is_some_and(|endpoint| seen.is_absent(&endpoint));
    let (mode, option) = match how {
        FailoverMode::Planned if no_endpoint => {
            return Err(
                "a switchover needs the virtual endpoint of the two servers, which does not exist; `drplan apply` \
             creates it"
                    .to_owned(),
            );
        }
        FailoverMode::Planned => ("Switchover", "Planned"),
        FailoverMode::Forced if no_endpoint => ("Standalone", "Forced"),
        FailoverMode::Forced => ("Switchover", "Forced"),
    };
    let role = if mode == "Standalone" { "None" } else { "Primary" };
    let body = json!({ "properties": { "replica": { "role": role, "promoteMode": mode, "promoteOption": option } } });
    Ok(Call { object: KIND.type_.object(id), method: CallMethod::Patch, body: Some(body), region })
}

fn reprotect(subject: &Subject<'_>, seen: &ReadResults) -> Reprotect {
    match standing(subject, seen).health {
        _ if is_alone(subject, seen) => Reprotect::Vendor(
            "a new replica must be built in the place of the old primary: check the data that only the old \
             primary has, then delete it",
        ),
        Health::Following => Reprotect::Nothing,
        _ => Reprotect::Itself("Azure makes the old primary a replica as soon as its region is back"),
    }
}
