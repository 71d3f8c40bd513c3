//! Replica of Azure SQL databases: a failover group of two servers.
//!
//! The group is written on the primary server. Azure keeps a mirror of it on the partner, and creates and seeds the
//! secondary databases there. They are deleted with their server, and remain when the group is deleted.

mod promotion;
mod simulated;

use serde_json::{Map as JsonMap, Value as Json};

use crate::duration;
use crate::kinds::emit::literal;
use crate::kinds::path;
use crate::kinds::table::*;
use crate::object::ObjectId;
use crate::providers::azure::kinds::databases::mssql_server::SERVER_NAME;
use crate::providers::azure::tags::TAGS;

const GRACE: &str = "properties.readWriteEndpoint.failoverWithDataLossGracePeriodMinutes";
const ROLE: &str = "properties.replicationRole";
const STATE: &str = "properties.replicationState";
const SEGMENT: &str = "failoverGroups";
const PARTNERS: &str = "properties.partnerServers";
const DATABASES: &str = "properties.databases";

/// The failover policy in azurerm's form.
fn failover_policy(text: &dyn Fn(&str) -> Option<String>) -> String {
    let grace = || text("grace").map(|grace| format!("grace_minutes = {}\n", minutes(&grace))).unwrap_or_default();
    let (mode, grace) = match text("policy") {
        None => ("\"Manual\"".to_owned(), String::new()),
        Some(policy) => match literal(&policy) {
            Some("automatic") => ("\"Automatic\"".to_owned(), grace()),
            Some(_) => ("\"Manual\"".to_owned(), String::new()),
            None => (format!("title({policy})"), grace()),
        },
    };
    format!("read_write_endpoint_failover_policy {{\nmode = {mode}\n{grace}}}")
}

/// Minutes of a duration that is an expression of Terraform, which has no function for them.
fn minutes(grace: &str) -> String {
    match literal(grace).and_then(|known| duration::parse(known).ok()) {
        Some(known) => known.as_secs().div_ceil(60).to_string(),
        None => format!(
            "try(ceil(sum([for part in regexall(\"([0-9]+)([dhms])\", lower({grace})) : part[0] * {{ d = 1440, h = 60, m = 1, s = 1 / 60 }}[part[1]]])), null)"
        ),
    }
}

/// Table of `geo_replica` for a SQL server.
pub static KIND: Kind = Kind {
    name: "geo_replica",
    about: "Failover group: databases of one SQL server, replicated to another server, behind DNS names that \
     follow the roles.",
    type_: KindType { name: "Microsoft.Sql/servers/failoverGroups", version: "2025-01-01" },
    place: Place::Child("source", SEGMENT),
    location: Location::None,
    names: SERVER_NAME,
    args: &[
        place("source", &["mssql_server"], "SQL server with the databases to replicate."),
        arg(
            "target",
            Ty::Ref(&["mssql_server"]),
            "properties.partnerServers[0].id",
            "SQL server at another site, for the secondary databases.",
        )
        .required()
        .replace(),
        arg("databases", Ty::Set(&Ty::Ref(&["mssql_database"])), DATABASES, "Databases of the source to replicate.")
            .required(),
        arg(
            "policy",
            Ty::Enum(&["manual", "automatic"]),
            "",
            "Failover policy: `manual` leaves the decision to the operator, `automatic` to Azure when a whole \
             region is lost.",
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
            "Grace period before an automatic failover with data loss, at least one hour. Requires `policy = \
             \"automatic\"`.",
        )
        .wire(Wire::Odd),
        arg(
            "readonly_endpoint_failover_policy_enabled",
            Ty::Bool,
            "",
            "Move the read listener to the primary server when the secondary is lost.",
        )
        .default(Lit::Bool(false))
        .wire(Wire::Mapped("properties.readOnlyEndpoint.failoverPolicy", ENABLED)),
        TAGS,
    ],
    attributes: &[
        named("listener", "{name}.database.windows.net", "DNS name of the current primary server."),
        named("read_listener", "{name}.secondary.database.windows.net", "DNS name of the current secondary server."),
        attribute("replication_role", ROLE, FakeValue::Nothing, "Role of the source: `Primary` or `Secondary`."),
    ],
    drill: Drill::never("Azure would replicate production data to it"),
    restless: &["properties.replicationState"],
    durations: Durations { create: 80, update: 80, delete: 30 },
    answers: AnswerStyle::AsyncBoth,
    // Groups of other databases are written at the same time: azurerm holds no lock for them.
    serial: Serial::Beside,
    recovery: Recovery {
        replicates: Some(Replication { from: "source", to: "target", image: false }),
        waits: Some("grace"),
        logins: Some(Logins {
            sides: &["source", "target"],
            login: "administrator_login",
            directory: "azuread_administrator",
        }),
        ..Recovery::DATA
    },
    in_use: "",
    odd: Overrides {
        encode: Some(encode),
        decode: Some(decode),
        ready: Some(ready),
        check: Some(check),
        ..Overrides::NONE
    },
    promotion: Some(&promotion::PROMOTION),
    elsewhere: Some(elsewhere),
    uncovered: &["properties.secondaryType"],
    simulated: simulated::SIMULATED,
    adoption: Adoption {
        is: Some(|found| path::text(found.body, ROLE) == Some("Primary")),
        brings: Some(brings),
        chosen: &[("properties.secondaryType", Lit::Str("Geo"))],
        ..Adoption::BY_TABLE
    },
    terraform: Terraform {
        resource: "mssql_failover_group",
        earlier: &["sql_failover_group"],
        renamed: &[("source", "server_id"), ("target", "partner_server.id"), ("databases", "databases")],
        blocks: Some(failover_policy),
        said: &["policy", "grace"],
        made: &["listener", "read_listener"],
        exported: &[("replication_role", "")],
        ..Terraform::BY_RULE
    },
    example: EXAMPLE,
    ..crate::providers::azure::KIND
};

/// Example of a failover group.
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

/// The half of the group on the target's server. It accepts the requests that the other half accepted while it was
/// primary.
fn elsewhere(subject: &Subject<'_>) -> Vec<Object> {
    let id = subject.text("target").map(|target| ObjectId::new(target).child("failoverGroups", subject.name));
    id.map(|id| KIND.type_.object(id)).into_iter().collect()
}

/// Azure creates the group's other half and the secondary databases on the partner.
fn brings(found: &CloudObject<'_>) -> Vec<ObjectId> {
    let partners = path::items(found.body, PARTNERS).iter().filter_map(|partner| path::text(partner, "id"));
    let databases: Vec<ObjectId> =
        path::items(found.body, DATABASES).iter().filter_map(Json::as_str).map(ObjectId::new).collect();
    let of = |partner: &str| {
        let partner = ObjectId::new(partner);
        let group = partner.child(SEGMENT, found.id.name());
        let secondaries: Vec<ObjectId> =
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

fn ready(bodies: &[Json]) -> Readiness {
    match bodies.first().and_then(|body| path::text(body, "properties.replicationState")) {
        Some(state @ ("SEEDING" | "PENDING")) => {
            Readiness::Waits(format!("the secondary databases are seeded (replication state {state})"))
        }
        Some("SUSPENDED") => Readiness::Never("replication to the secondary server is suspended".to_owned()),
        _ => Readiness::Yes,
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
            "Azure waits for this time before it fails over with data loss.",
            "Set `grace = \"1h\"` or longer.",
        ),
        (Some("automatic"), Some(0..60)) => {
            find(
                "grace",
                "`grace` is shorter than an hour",
                "Azure waits at least one hour.",
                "Set `grace = \"1h\"` or longer.",
            );
        }
        (Some("manual"), Some(_)) => find(
            "grace",
            "a manual failover policy has a `grace`",
            "The operator decides about a failover, and Azure rejects a grace period.",
            "Remove `grace`, or set `policy = \"automatic\"`.",
        ),
        _ => {}
    }
    let databases = subject.args.get("databases").and_then(Json::as_array).map_or(&[][..], Vec::as_slice);
    for database in databases.iter().filter_map(Json::as_str).map(ObjectId::new) {
        if parent(&database) != parent(subject.id) {
            find(
                "databases",
                &format!("the database `{}` is not on the source server", database.name()),
                "A failover group replicates databases of its primary server.",
                "List databases whose `server` is the `source`.",
            );
        }
    }
}

/// The server of a database or failover group.
fn parent(id: &ObjectId) -> ObjectId {
    let text = id.as_str();
    ObjectId::new(text.rsplitn(3, '/').last().unwrap_or(text))
}
