//! A replica of databases of Azure SQL: a failover group of two servers.
//!
//! The group is written on the server that is primary; Azure keeps a mirror of it on the other one, and makes and seeds the secondary
//! databases there. They die with their server, and outlive the group.

use serde_json::{Map as JsonMap, Value as Json, json};

use super::super::mssql_server::SERVER_NAME;
use super::super::path;
use super::super::regions::region;
use super::super::table::*;
use crate::address::ArmId;
use crate::duration;

const GRACE: &str = "properties.readWriteEndpoint.failoverWithDataLossGracePeriodMinutes";
const ROLE: &str = "properties.replicationRole";
const PARTNERS: &str = "properties.partnerServers";
const DATABASES: &str = "properties.databases";
const GROUP_OF: &str = "properties.failoverGroupId";

/// The table.
pub static KIND: Kind = Kind {
    name: "geo_replica",
    about: "A failover group: databases of one SQL server, replicated to another, behind names that follow the roles.",
    arm: Arm { type_: "Microsoft.Sql/servers/failoverGroups", api: "2025-01-01" },
    place: Place::Child("source", "failoverGroups"),
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
    durations: Durations { create: 80, update: 80, delete: 30 },
    answers: Answers::AsyncBoth,
    serial: Serial::Root,
    recovery: Recovery {
        replicates: Some(Replicates { from: "source", to: "target", image: false }),
        ..Recovery::DATA
    },
    in_use: "",
    odd: Odd { encode: Some(encode), decode: Some(decode), ready: Some(ready), check: Some(check), ..Odd::NONE },
    simulated: Simulated {
        admit: Some(admit),
        settle: Some(settle),
        removed: Some(removed),
        accepts: &[
            GRACE,
            ROLE,
            "properties.replicationState",
            "properties.partnerServers[].location",
            "properties.partnerServers[].replicationRole",
        ],
        ..Simulated::NONE
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
    let sites = subject
        .with("source", |source| source.location.to_owned())
        .zip(subject.with("target", |target| target.location.to_owned()));
    if sites.is_some_and(|(source, target)| path::same_name(&source, &target)) {
        find(
            "target",
            "both servers are in one region",
            "Azure refuses such a group, and one loss would take both.",
            "Put the target into a resource group at another site.",
        );
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

fn ids(body: &Json, list: &str) -> Vec<ArmId> {
    path::items(body, list).iter().filter_map(|item| item.get("id").unwrap_or(item).as_str()).map(ArmId::new).collect()
}

fn admit(cloud: &dyn Cloudlet, id: &ArmId, body: &Json) -> Result<(), Refusal> {
    let refuse = |status, code, message| Err(Refusal { status, code, message });
    let place = |server: &ArmId| cloud.get(server).and_then(|body| path::text(body, "location")).and_then(region);
    if cloud.get(id).and_then(|standing| path::text(standing, ROLE)) == Some("Secondary") {
        let message = format!("The failover group '{}' can be changed on its primary server only.", id.name());
        return refuse(409, "FailoverGroupUpdateOrDeleteRequestOnSecondaryServer", message);
    }
    let server = parent(id);
    let Some(partner) = ids(body, PARTNERS).into_iter().next() else {
        return refuse(
            400,
            "InvalidFailoverGroupPartnerServers",
            "A failover group needs a partner server.".to_owned(),
        );
    };
    if place(&server).is_some() && place(&server) == place(&partner) {
        let message = "Servers specified in a failover group cannot reside in the same region.".to_owned();
        return refuse(400, "InvalidFailoverGroupRegion", message);
    }
    let automatic = path::text(body, "properties.readWriteEndpoint.failoverPolicy") == Some("Automatic");
    let grace = path::borrow(body, GRACE).and_then(Json::as_i64);
    if automatic != grace.is_some() || grace.is_some_and(|minutes| minutes < 60) {
        let message = "The grace period belongs to the automatic policy and is 60 minutes or more.".to_owned();
        return refuse(400, "FailoverGroupInvalidGracePeriod", message);
    }
    for database in ids(body, DATABASES) {
        let Some(primary) = cloud.get(&database).filter(|_| parent(&database) == server) else {
            let message = format!("The database '{}' does not exist on server '{}'.", database.name(), server.name());
            return refuse(404, "DatabaseDoesNotExist", message);
        };
        if path::text(primary, GROUP_OF).is_some_and(|group| ArmId::new(group) != *id) {
            let message = format!("The database '{}' is in another failover group.", database.name());
            return refuse(409, "DatabaseAlreadyInFailoverGroup", message);
        }
        let copy = partner.child("databases", database.name());
        if cloud.get(&copy).is_some_and(|copy| path::text(copy, "properties.secondaryType").is_none()) {
            let message = format!("A database named '{}' exists on the partner server already.", database.name());
            return refuse(409, "DuplicateDatabaseNameOnPartnerServer", message);
        }
    }
    Ok(())
}

fn settle(cloud: &mut dyn Cloudlet, id: &ArmId) {
    let Some(body) = cloud.get(id).cloned() else { return };
    let Some(partner) = ids(&body, PARTNERS).into_iter().next() else { return };
    let server = parent(id);
    let there = partner.child("failoverGroups", id.name());
    let members = ids(&body, DATABASES);
    leave(cloud, id, &members);
    leave(cloud, &there, &members.iter().map(|member| partner.child("databases", member.name())).collect::<Vec<_>>());
    for member in &members {
        seed(cloud, member, id, &partner.child("databases", member.name()), &there);
    }
    let copies: Vec<_> = members.iter().map(|member| format!("{partner}/databases/{}", member.name())).collect();
    let half = |cloud: &dyn Cloudlet, role: &str, other: &ArmId, others_role: &str| {
        let mut half = body.clone();
        let place = cloud.get(other).and_then(|server| path::text(server, "location")).and_then(region);
        path::put(&mut half, ROLE, Json::from(role));
        path::put(&mut half, "properties.replicationState", Json::from("CATCH_UP"));
        let partner = json!([{
            "id": other.as_str(),
            "location": place.map_or("", |place| place.display_name),
            "replicationRole": others_role,
        }]);
        path::put(&mut half, PARTNERS, partner);
        half
    };
    let here = half(cloud, "Primary", &partner, "Secondary");
    let mut mirror = half(cloud, "Secondary", &server, "Primary");
    path::put(&mut mirror, "id", Json::from(there.as_str()));
    path::put(&mut mirror, DATABASES, Json::from(copies));
    if let Some(standing) = cloud.get_mut(id) {
        *standing = here;
    }
    cloud.put(&there, mirror);
}

/// Makes the secondary of one database, unless it stands, and notes on both which group they are in.
fn seed(cloud: &mut dyn Cloudlet, primary: &ArmId, group: &ArmId, copy: &ArmId, mirror: &ArmId) {
    if cloud.get(copy).is_none() {
        let Some(mut body) = cloud.get(primary).cloned() else { return };
        let location = cloud.get(&parent(copy)).and_then(|server| path::text(server, "location")).map(str::to_owned);
        path::put(&mut body, "id", Json::from(copy.as_str()));
        path::put(&mut body, "location", Json::from(location));
        path::put(&mut body, "properties.databaseId", Json::from(cloud.guid(copy.as_str())));
        path::put(&mut body, "properties.secondaryType", Json::from("Geo"));
        cloud.put(copy, body);
    }
    for (database, group) in [(primary, group), (copy, mirror)] {
        if let Some(body) = cloud.get_mut(database) {
            path::put(body, GROUP_OF, Json::from(group.as_str()));
        }
    }
}

/// Takes the databases that are in this group and not in this list out of it; a secondary stays what it is.
fn leave(cloud: &mut dyn Cloudlet, group: &ArmId, staying: &[ArmId]) {
    for database in cloud.below(&parent(group)) {
        let member = cloud.get(&database).and_then(|body| path::text(body, GROUP_OF)).map(ArmId::new);
        if member.as_ref() == Some(group)
            && !staying.contains(&database)
            && let Some(body) = cloud.get_mut(&database)
        {
            path::remove(body, GROUP_OF);
        }
    }
}

fn removed(cloud: &mut dyn Cloudlet, id: &ArmId, body: &Json) {
    leave(cloud, id, &[]);
    for partner in ids(body, PARTNERS) {
        let mirror = partner.child("failoverGroups", id.name());
        leave(cloud, &mirror, &[]);
        cloud.remove(&mirror);
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    #[derive(Default)]
    struct World(BTreeMap<ArmId, Json>);

    impl Cloudlet for World {
        fn get(&self, id: &ArmId) -> Option<&Json> {
            self.0.get(id)
        }
        fn get_mut(&mut self, id: &ArmId) -> Option<&mut Json> {
            self.0.get_mut(id)
        }
        fn put(&mut self, id: &ArmId, body: Json) {
            self.0.insert(id.clone(), body);
        }
        fn remove(&mut self, id: &ArmId) {
            self.0.remove(id);
        }
        fn below(&self, id: &ArmId) -> Vec<ArmId> {
            self.0.keys().filter(|other| id.contains(other)).cloned().collect()
        }
        fn guid(&self, of: &str) -> String {
            of.to_owned()
        }
    }

    #[test]
    fn a_group_has_a_mirror_and_secondaries_that_outlive_it() {
        let mut world = World::default();
        let (east, west) = (ArmId::new("/servers/east"), ArmId::new("/servers/west"));
        world.put(&east, json!({ "location": "canadacentral" }));
        world.put(&west, json!({ "location": "canadaeast" }));
        let orders = east.child("databases", "orders");
        world.put(&orders, json!({ "location": "canadacentral", "properties": {} }));
        let group = east.child("failoverGroups", "web");
        let body = json!({ "properties": {
            "readWriteEndpoint": { "failoverPolicy": "Manual" },
            "partnerServers": [{ "id": west.as_str() }],
            "databases": [orders.as_str()],
        } });
        assert_eq!(admit(&world, &group, &body), Ok(()));
        world.put(&group, body.clone());
        settle(&mut world, &group);

        let mirror = west.child("failoverGroups", "web");
        let copy = west.child("databases", "orders");
        assert_eq!(world.get(&group).and_then(|group| path::text(group, ROLE)), Some("Primary"));
        let there = world.get(&mirror).unwrap();
        assert_eq!(path::text(there, ROLE), Some("Secondary"));
        assert_eq!(ids(there, PARTNERS), [east]);
        assert_eq!(ids(there, DATABASES), std::slice::from_ref(&copy));
        assert_eq!(world.get(&copy).and_then(|copy| path::text(copy, "location")), Some("canadaeast"));
        assert_eq!(admit(&world, &mirror, there).map_err(|refusal| refusal.status), Err(409));

        let body = world.get(&group).cloned().unwrap();
        world.remove(&group);
        removed(&mut world, &group, &body);
        assert!(world.get(&mirror).is_none());
        assert!(world.get(&copy).is_some_and(|copy| path::text(copy, GROUP_OF).is_none()));
    }
}
