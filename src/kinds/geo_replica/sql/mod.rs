//! A replica of databases of Azure SQL: a failover group of two servers.
//!
//! The group is written on the server that is primary; Azure keeps a mirror of it on the other one, and makes and seeds the secondary
//! databases there. They die with their server, and outlive the group.

mod promotion;
mod simulated;

use serde_json::{Map as JsonMap, Value as Json};

use super::super::mssql_server::SERVER_NAME;
use super::super::path;
use super::super::table::*;
use crate::address::ArmId;
use crate::duration;

const GRACE: &str = "properties.readWriteEndpoint.failoverWithDataLossGracePeriodMinutes";
const ROLE: &str = "properties.replicationRole";
const STATE: &str = "properties.replicationState";
const SEGMENT: &str = "failoverGroups";
const PARTNERS: &str = "properties.partnerServers";
const DATABASES: &str = "properties.databases";

/// The policy as azurerm has it.
fn failover_policy(args: &JsonMap<String, Json>) -> String {
    let grace = args.get("grace").and_then(Json::as_str).and_then(|grace| duration::parse(grace).ok());
    let (mode, grace) = match args.get("policy").and_then(Json::as_str) {
        Some("automatic") => ("Automatic", grace),
        _ => ("Manual", None),
    };
    let grace = grace.map(|grace| format!("grace_minutes = {}\n", grace.as_secs().div_ceil(60))).unwrap_or_default();
    format!("read_write_endpoint_failover_policy {{\nmode = \"{mode}\"\n{grace}}}")
}

/// The table.
pub static KIND: Kind = Kind {
    name: "geo_replica",
    about: "A failover group: databases of one SQL server, replicated to another, behind names that follow the roles.",
    arm: Arm { type_: "Microsoft.Sql/servers/failoverGroups", api: "2025-01-01" },
    place: Place::Child("source", SEGMENT),
    location: Location::None,
    names: SERVER_NAME,
    args: &[
        place("source", &["mssql_server"], "The server whose databases are replicated."),
        arg(
            "target",
            Ty::Ref(&["mssql_server"]),
            "properties.partnerServers[0].id",
            "The server, at another site, that holds the secondary databases.",
        )
        .required()
        .replace(),
        arg(
            "databases",
            Ty::Set(&Ty::Ref(&["mssql_database"])),
            DATABASES,
            "The databases of the source that are replicated.",
        )
        .required(),
        arg(
            "policy",
            Ty::Enum(&["manual", "automatic"]),
            "",
            "Whether a person decides on a failover, or Azure does when a whole region is lost.",
        )
        .default(Lit::Str("manual"))
        .wire(Wire::Mapped(
            "properties.readWriteEndpoint.failoverPolicy",
            &[(Lit::Str("manual"), Lit::Str("Manual")), (Lit::Str("automatic"), Lit::Str("Automatic"))],
        )),
        arg(
            "grace",
            Ty::Duration,
            "",
            "How long Azure waits before an automatic failover that may lose data; one hour or more.",
        )
        .wire(Wire::Odd),
        arg(
            "readonly_endpoint_failover_policy_enabled",
            Ty::Bool,
            "",
            "Whether the read listener moves to the primary when the secondary is lost.",
        )
        .default(Lit::Bool(false))
        .wire(Wire::Mapped("properties.readOnlyEndpoint.failoverPolicy", ENABLED)),
        TAGS,
    ],
    attributes: &[
        named("listener", "{name}.database.windows.net", "The DNS name of whichever server is primary."),
        named(
            "read_listener",
            "{name}.secondary.database.windows.net",
            "The DNS name of whichever server is secondary.",
        ),
        attribute("replication_role", ROLE, Fake::Nothing, "The role of the source: `Primary` or `Secondary`."),
    ],
    drill: Drill::never("data that is in use would be replicated to it"),
    restless: &["properties.replicationState"],
    durations: Durations { create: 80, update: 80, delete: 30 },
    answers: Answers::AsyncBoth,
    serial: Serial::Root,
    recovery: Recovery {
        replicates: Some(Replicates { from: "source", to: "target", image: false }),
        waits: Some("grace"),
        logins: Some(Logins {
            sides: &["source", "target"],
            login: "administrator_login",
            directory: "azuread_administrator",
        }),
        ..Recovery::DATA
    },
    in_use: "",
    odd: Odd { encode: Some(encode), decode: Some(decode), ready: Some(ready), check: Some(check), ..Odd::NONE },
    promotion: Some(&promotion::PROMOTION),
    elsewhere: Some(elsewhere),
    simulated: simulated::SIMULATED,
    adoption: Adoption {
        is: Some(|found| path::text(found.body, ROLE) == Some("Primary")),
        brings: Some(brings),
        ..Adoption::BY_TABLE
    },
    terraform: Terraform {
        resource: "mssql_failover_group",
        renamed: &[("source", "server_id"), ("target", "partner_server.id"), ("databases", "databases")],
        blocks: Some(failover_policy),
        said: &["policy", "grace"],
        made: &["listener", "read_listener"],
        ..Terraform::BY_RULE
    },
    example: EXAMPLE,
    ..Kind::EMPTY
};

pub(super) const EXAMPLE: &str = r#"
resource_group "east" {
  site = site.east
}

resource_group "west" {
  site = site.west
}

mssql_server "east" {
  name                         = "drplan-example-sql-east"
  resource_group               = resource_group.east
  version                      = "12.0"
  administrator_login          = "sqladmin"
  administrator_login_password = "an example, n0t a secret"
}

mssql_server "west" {
  mirrors        = mssql_server.east
  name           = "drplan-example-sql-west"
  resource_group = resource_group.west
}

mssql_database "orders" {
  server   = mssql_server.east
  sku_name = "S1"
}

geo_replica "example" {
  name      = "drplan-example-orders"
  source    = mssql_server.east
  target    = mssql_server.west
  databases = [mssql_database.orders]
}
"#;

/// The half of the group on the target's server, which takes what the other half took while it was primary.
fn elsewhere(subject: &Subject<'_>) -> Vec<Object> {
    let id = subject.text("target").map(|target| ArmId::new(target).child("failoverGroups", subject.name));
    id.map(|id| Object { id, api: KIND.arm.api.to_owned(), within: None }).into_iter().collect()
}

/// On the partner, Azure makes the group's other half and the secondary databases.
fn brings(found: &Found<'_>) -> Vec<ArmId> {
    let partners = path::items(found.body, PARTNERS).iter().filter_map(|partner| path::text(partner, "id"));
    let databases: Vec<ArmId> =
        path::items(found.body, DATABASES).iter().filter_map(Json::as_str).map(ArmId::new).collect();
    let of = |partner: &str| {
        let partner = ArmId::new(partner);
        let group = partner.child(SEGMENT, found.id.name());
        let secondaries: Vec<ArmId> =
            databases.iter().map(|database| partner.child("databases", database.name())).collect();
        std::iter::once(group).chain(secondaries)
    };
    partners.flat_map(of).collect()
}

fn grace_minutes(subject: &Subject<'_>) -> Option<u64> {
    let grace = duration::parse(subject.text("grace")?).ok()?;
    Some(grace.as_secs().div_ceil(60))
}

fn encode(subject: &Subject<'_>, bodies: &mut [Json]) {
    if let (Some(body), Some(minutes)) = (bodies.first_mut(), grace_minutes(subject)) {
        path::put(body, GRACE, Json::from(minutes));
    }
}

fn decode(bodies: &[Json], args: &mut JsonMap<String, Json>) {
    let minutes = bodies.first().and_then(|body| path::borrow(body, GRACE)).and_then(Json::as_u64);
    if let Some(minutes) = minutes.filter(|minutes| *minutes > 0) {
        args.insert("grace".to_owned(), Json::from(format!("{minutes}m")));
    }
}

fn ready(bodies: &[Json]) -> Ready {
    match bodies.first().and_then(|body| path::text(body, "properties.replicationState")) {
        Some(state @ ("SEEDING" | "PENDING")) => {
            Ready::Waits(format!("the secondary databases are seeded (replication state {state})"))
        }
        Some("SUSPENDED") => Ready::Never("replication to the secondary server is suspended".to_owned()),
        _ => Ready::Yes,
    }
}

fn check(subject: &Subject<'_>, findings: &mut Vec<Finding>) {
    let mut find = |argument, summary: &str, why: &str, help: &str| {
        findings.push(Finding { argument, summary: summary.to_owned(), why: why.to_owned(), help: help.to_owned() });
    };
    match (subject.text("policy"), grace_minutes(subject)) {
        (Some("automatic"), None) => find(
            "grace",
            "an automatic failover policy has no `grace`",
            "It is how long Azure waits before it fails over with a loss of data.",
            "Write `grace = \"1h\"` or longer.",
        ),
        (Some("automatic"), Some(0..60)) => {
            find(
                "grace",
                "`grace` is shorter than an hour",
                "Azure waits an hour at least.",
                "Write `grace = \"1h\"` or longer.",
            );
        }
        (Some("manual"), Some(_)) => find(
            "grace",
            "a manual failover policy has a `grace`",
            "A person decides when, so that Azure waits for nothing and refuses it.",
            "Leave `grace` out, or write `policy = \"automatic\"`.",
        ),
        _ => {}
    }
    let databases = subject.args.get("databases").and_then(Json::as_array).map_or(&[][..], Vec::as_slice);
    for database in databases.iter().filter_map(Json::as_str).map(ArmId::new) {
        if parent(&database) != parent(subject.id) {
            find(
                "databases",
                &format!("the database `{}` does not live on the source", database.name()),
                "A group replicates databases of its primary server.",
                "Name databases whose `server` is the `source`.",
            );
        }
    }
}

/// The server that a database or failover group lives on.
fn parent(id: &ArmId) -> ArmId {
    let text = id.as_str();
    ArmId::new(text.rsplitn(3, '/').last().unwrap_or(text))
}
