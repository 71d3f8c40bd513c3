//! Replica of a storage account: the copy in the paired region that geo-redundant storage maintains automatically.
//!
//! drplan writes nothing for it. The block gives the copy a site, so that residency is checked and a failover group
//! can promote it.

use jiff::Timestamp;
use serde_json::{Value as Json, json};

use crate::kinds::path;
use crate::kinds::table::*;
use crate::object::ObjectId;
use crate::providers::azure::regions::region;

/// Table of `geo_replica` for a storage account.
pub static KIND: Kind = Kind {
    name: "geo_replica",
    about: "Copy of a geo-redundant storage account in the paired region.",
    type_: KindType { name: "Microsoft.Storage/storageAccounts", version: "2026-04-01" },
    place: Place::Property("source"),
    location: Location::None,
    names: NameRule::DERIVED,
    args: &[
        place("source", &["storage_account"], "Storage account. Its `account_replication_type` must be geo-redundant."),
        arg("site", Ty::Site, "", "Site whose region is the pair of the account's region.")
            .required()
            .replace()
            .wire(Wire::Nowhere),
    ],
    drill: Drill::never("Azure would replicate production data to it"),
    durations: Durations { create: 5, update: 5, delete: 1 },
    recovery: Recovery {
        holds_data: true,
        replicates: Some(Replication { from: "source", to: "site", image: false }),
        ..Recovery::NONE
    },
    in_use: "",
    promotion: Some(&PROMOTION),
    odd: Overrides { name: Some(name), ready: Some(ready), check: Some(check), ..Overrides::NONE },
    adoption: Adoption {
        is: Some(|found| path::text(found.body, "properties.secondaryLocation").is_some()),
        arguments: Some(|found, args| {
            let place = path::text(found.body, "properties.secondaryLocation").unwrap_or_default();
            let place = region(place).map_or(place, |region| region.name);
            args.insert("site".to_owned(), Json::from(place));
        }),
        ..Adoption::BY_TABLE
    },
    terraform: Terraform {
        shape: TerraformShape::Folded("the account's `account_replication_type` contains it"),
        ..Terraform::BY_RULE
    },
    example: r#"
resource_group "east" {
  site = site.east
}

storage_account "files" {
  name                     = "drplanexamplefiles"
  resource_group           = resource_group.east
  account_tier             = "Standard"
  account_replication_type = "RAGRS"
}

geo_replica "example" {
  source = storage_account.files
  site   = site.west
}
"#,
    ..crate::providers::azure::KIND
};

fn name(subject: &Subject<'_>) -> String {
    subject.text("site").unwrap_or_default().to_owned()
}

fn ready(bodies: &[Json]) -> Readiness {
    let Some(account) = bodies.first() else { return Readiness::Yes };
    match path::text(account, "properties.statusOfSecondary") {
        Some("available") => Readiness::Yes,
        Some(state) => Readiness::Waits(format!("the secondary region is available (it is {state})")),
        None if path::text(account, "properties.secondaryLocation").is_some() => Readiness::Yes,
        None => Readiness::Never("the account is not geo-redundant and has no secondary region".to_owned()),
    }
}

fn check(subject: &Subject<'_>, findings: &mut Vec<Finding>) {
    let source = subject.with("source", |account| {
        (account.text("account_replication_type").map(str::to_owned), account.location.to_owned())
    });
    let Some((replication, location)) = source else { return };
    if let Some(replication) = replication.filter(|replication| !replication.contains('G')) {
        findings.push(Finding {
            argument: "source",
            summary: format!("the account's replication `{replication}` does not leave its region"),
            why: "No copy of the data would survive the loss of the region.".to_owned(),
            help: "Set `account_replication_type` to \"GRS\" or \"GZRS\", or to \"RAGRS\" or \"RAGZRS\" for read \
             access to the copy."
                .to_owned(),
        });
    }
    let (Some(own), Some(site)) = (region(&location), subject.text("site")) else { return };
    let (summary, help) = match own.pair {
        Some(pair) if path::same_name(pair, site) => return,
        Some(pair) => (
            format!("`{site}` is not the paired region of `{}`", own.name),
            format!("Set a site in `{pair}`, or replicate to an account of your own at another site."),
        ),
        None => (
            format!("the region `{}` has no paired region", own.name),
            "Move the account to a region with a pair, or replicate to an account of your own at another site."
                .to_owned(),
        ),
    };
    findings.push(Finding {
        argument: "site",
        summary,
        why: "Azure chooses the region of geo-redundant copies.".to_owned(),
        help,
    });
}

const STATS: &str = "geoReplicationStats";

/// Durations: Microsoft documents "within 60 minutes" for both, during which neither region answers: 50 minutes are
/// typical, and observed durations reach hours.
const PROMOTION: Promotion = Promotion {
    looks,
    standing,
    promote,
    reprotect,
    planned: DurationEstimate { typical: 3000, worst: 14_400 },
    forced: DurationEstimate { typical: 3000, worst: 14_400 },
    most_lost: |_| Some(900),
    asks_source: true,
    needs_every_region: false,
    takes_offline: |_, _, _| None,
    costs,
    twins: |_| Vec::new(),
    holds: &[],
    loses: "writes after the last synchronisation are lost: typically less than 15 minutes, without guarantee \
     (Microsoft's documentation of storage failover)",
    reversible: true,
    drill: Rehearsal::Look("during a failover, neither region answers for up to an hour"),
    order: None,
    handover: None,
};

/// Protection of an account that a forced failover has left in one region.
fn in_one_region(sku: &str) -> ProtectionDebt {
    ProtectionDebt {
        what: format!("the account is kept in one region only ({sku})"),
        pays: "geo-redundancy enabled again, which copies all data: this takes hours or days and is billed as data \
               transfer; `drplan failover-group down` requests it"
            .to_owned(),
    }
}

/// A forced failover abandons the copy in the former primary region.
fn costs(subject: &Subject<'_>, seen: &ReadResults, how: FailoverMode) -> Option<ProtectionDebt> {
    if how == FailoverMode::Planned {
        return None;
    }
    let (id, _) = account(subject)?;
    let afterwards =
        seen.body(&id).and_then(|body| path::text(body, "properties.geoReplicationStats.postFailoverRedundancy"));
    Some(in_one_region(afterwards.unwrap_or("locally or zone-redundant")))
}

/// The account and the region in which it was created. All requests of an account go there, wherever its primary
/// region is, because the resource provider does not fail over (source: Microsoft's guidance on the failover of
/// storage). While that region's control plane is lost, requests are impossible. An outage of its data alone is what
/// the unplanned failover is for.
fn account(subject: &Subject<'_>) -> Option<(ObjectId, Option<String>)> {
    let id = ObjectId::new(subject.text("source")?);
    Some((id, subject.with("source", |account| account.location.to_owned())))
}

fn looks(subject: &Subject<'_>) -> Vec<ReadRequest> {
    // Read in a forced run, too: only the answer shows whether the lost region's control plane works.
    let look =
        |(id, _)| ReadRequest::new(KIND.type_.object(id), ReadTarget::Expanded(STATS)).of_side(Side::Source, None);
    account(subject).map(look).into_iter().collect()
}

fn standing(subject: &Subject<'_>, seen: &ReadResults) -> ReplicaStatus {
    let nothing =
        |health| ReplicaStatus { writer: None, elsewhere: None, health, lag: None, debts: Vec::new(), frozen: None };
    let Some((id, home)) = account(subject) else {
        return nothing(Health::Unseen("its account is not known yet".to_owned()));
    };
    let Some(body) = seen.body(&id) else {
        return nothing(match seen.unseen(&id) {
            Some(why) => Health::Unseen(why.to_owned()),
            None => Health::Broken("has no account: the account was deleted".to_owned()),
        });
    };
    let is = |at, place: Option<&str>| {
        path::text(body, at).zip(place).is_some_and(|(one, other)| path::same_name(one, other))
    };
    let writer = match (
        is("properties.primaryLocation", home.as_deref()),
        is("properties.primaryLocation", subject.text("site")),
    ) {
        (true, false) => Some(Side::Source),
        (false, true) => Some(Side::Target),
        _ => None,
    };
    if path::text(body, "properties.secondaryLocation").is_none() {
        let debt = in_one_region(path::text(body, "sku.name").unwrap_or("locally redundant"));
        let health = Health::Broken("does not exist: the account is in one region only".to_owned());
        return ReplicaStatus { debts: vec![debt], writer, ..nothing(health) };
    }
    let stats = path::borrow(body, "properties.geoReplicationStats");
    let synced =
        stats.and_then(|stats| path::text(stats, "lastSyncTime")).and_then(|time| time.parse::<Timestamp>().ok());
    let health = match stats.and_then(|stats| path::text(stats, "status")) {
        Some("Live") | None => Health::Following,
        Some(status) => Health::Behind(format!("is not up to date (geo-replication is {status})")),
    };
    ReplicaStatus { writer, lag: synced.and_then(|then| seen.since(then)), ..nothing(health) }
}

fn promote(subject: &Subject<'_>, seen: &ReadResults, side: Side, how: FailoverMode) -> Result<Call, String> {
    let (id, home) = account(subject).ok_or("its account is not known yet")?;
    if let Some(why) = seen.unseen(&id) {
        return Err(format!(
            "its failover is a request to the control plane of {}, which does not answer: {why}. Until it answers, \
             only Microsoft can fail the account over",
            home.as_deref().unwrap_or("its region")
        ));
    }
    // A control plane that has just answered is not lost, whatever else of its region is.
    let region = if how == FailoverMode::Forced && seen.body(&id).is_some() { None } else { home };
    if let Some(body) = seen.body(&id) {
        if path::text(body, "properties.secondaryLocation").is_none() {
            return Err("the account is in one region only; geo-redundancy must be enabled again first".to_owned());
        }
        let can = match how {
            FailoverMode::Planned => "properties.geoReplicationStats.canPlannedFailover",
            FailoverMode::Forced => "properties.geoReplicationStats.canFailover",
        };
        if path::borrow(body, can) == Some(&Json::Bool(false)) {
            return Err(format!("Azure reports that the account cannot fail over now (`{can}` is false)"));
        }
    }
    // The request names no region: it swaps the two regions in either direction.
    if standing(subject, seen).writer == Some(side) {
        return Err("this region takes writes already, and another failover would move them away".to_owned());
    }
    let query: &[(&str, &str)] = match how {
        FailoverMode::Planned => &[("failoverType", "Planned")],
        FailoverMode::Forced => &[],
    };
    Ok(Call { object: KIND.type_.object(id), method: CallMethod::Post("failover", query), body: None, region })
}

/// After a forced failover, the account is in one region. This request sets the stack's replication type again.
fn reprotect(subject: &Subject<'_>, seen: &ReadResults) -> Reprotect {
    let Some((id, region)) = account(subject) else { return Reprotect::Nothing };
    let Some(body) = seen.body(&id).filter(|body| path::text(body, "properties.secondaryLocation").is_none()) else {
        return Reprotect::Nothing;
    };
    let wanted =
        subject.with("source", |account| account.text("account_replication_type").map(str::to_owned)).flatten();
    let tier = path::text(body, "sku.name").and_then(|sku| sku.split_once('_')).map(|(tier, _)| tier.to_owned());
    match tier.zip(wanted) {
        Some((tier, wanted)) => {
            let body = Some(json!({ "sku": { "name": format!("{tier}_{wanted}") } }));
            let call = Call { object: KIND.type_.object(id), method: CallMethod::Patch, body, region };
            Reprotect::Ask(
                Box::new(call),
                "Azure makes the account geo-redundant again; all data is copied, which takes hours or days",
            )
        }
        None => Reprotect::Nothing,
    }
}
