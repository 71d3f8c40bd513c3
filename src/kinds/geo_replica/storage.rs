//! A replica of a storage account: the copy in the paired region that geo-redundant storage keeps by itself.
//!
//! Nothing is written for it. What it adds is that the copy has a site, so that residency is checked and a failover group can promote it.

use serde_json::Value as Json;

use super::super::path;
use super::super::regions::region;
use super::super::table::*;

/// The table.
pub static KIND: Kind = Kind {
    name: "geo_replica",
    about: "The copy of a geo-redundant storage account in the paired region.",
    arm: Arm { type_: "Microsoft.Storage/storageAccounts", api: "2026-04-01" },
    place: Place::Property("source"),
    location: Location::None,
    names: NameRule::DERIVED,
    args: &[
        place("source", &["storage_account"], "The account; its `account_replication_type` is geo-redundant."),
        arg("site", Ty::Site, "", "The site whose region is paired with the account's.")
            .required()
            .replace()
            .wire(Wire::Nowhere),
    ],
    durations: Durations { create: 5, update: 5, delete: 1 },
    recovery: Recovery {
        holds_data: true,
        replicates: Some(Replicates { from: "source", to: "site", image: false }),
        ..Recovery::NONE
    },
    in_use: "",
    odd: Odd { name: Some(name), ready: Some(ready), check: Some(check), ..Odd::NONE },
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
    ..Kind::EMPTY
};

fn name(subject: &Subject<'_>) -> String {
    subject.text("site").unwrap_or_default().to_owned()
}

fn ready(bodies: &[Json]) -> Ready {
    let Some(account) = bodies.first() else { return Ready::Yes };
    match path::text(account, "properties.statusOfSecondary") {
        Some("available") => Ready::Yes,
        Some(state) => Ready::Waits(format!("the secondary region answers (it is {state})")),
        None if path::text(account, "properties.secondaryLocation").is_some() => Ready::Yes,
        None => Ready::Never("the account is not geo-redundant and has no secondary region".to_owned()),
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
            summary: format!("the account's replication `{replication}` stays in its region"),
            why: "No copy of the data would survive the loss of the region.".to_owned(),
            help: "Write `account_replication_type = \"GRS\"`, `\"GZRS\"`, or `\"RAGRS\"` or `\"RAGZRS\"` to read from the copy, too."
                .to_owned(),
        });
    }
    let (Some(own), Some(site)) = (region(&location), subject.text("site")) else { return };
    let (summary, help) = match own.pair {
        Some(pair) if path::same_name(pair, site) => return,
        Some(pair) => (
            format!("`{site}` is not the region that `{}` is paired with", own.name),
            format!("Name a site in `{pair}`, or replicate to an account of your own at another site."),
        ),
        None => (
            format!("the region `{}` is paired with none", own.name),
            "Put the account into a region with a pair, or replicate to an account of your own at another site."
                .to_owned(),
        ),
    };
    findings.push(Finding {
        argument: "site",
        summary,
        why: "Azure decides where geo-redundant storage copies to.".to_owned(),
        help,
    });
}
