//! Replica of a PostgreSQL flexible server: a read replica, which is a server of its own at another site, and the
//! virtual endpoint of the two. The servers cannot switch roles without the endpoint, and its names follow the roles.

pub mod pair;
mod promotion;

use serde_json::{Map as JsonMap, Value as Json, json};

use crate::kinds::path;
use crate::kinds::table::*;
use crate::object::ObjectId;
use crate::providers::azure::kinds::databases::postgresql_flexible_server::{self as server, SERVER_NAME};
use crate::providers::azure::kinds::databases::postgresql_flexible_server_virtual_endpoint as endpoint;
use crate::providers::azure::tags::TAGS;

/// Virtual endpoint: the names that follow the roles.
const ENDPOINT: &str = r#"resource "azurerm_postgresql_flexible_server_virtual_endpoint" "{label}" {
name = {name}
source_server_id = {source_server_id}
replica_server_id = {self}.id
type = "ReadWrite"
}
"#;

/// Table of `geo_replica` for a PostgreSQL flexible server.
pub static KIND: Kind = Kind {
    name: "geo_replica",
    about: "Read replica of a PostgreSQL flexible server, which a failover run can promote.",
    type_: KindType { name: "Microsoft.DBforPostgreSQL/flexibleServers", version: "2025-08-01" },
    names: SERVER_NAME,
    args: &[
        RESOURCE_GROUP,
        arg(
            "source",
            Ty::Ref(&["postgresql_flexible_server"]),
            "properties.sourceServerResourceId",
            "Server to replicate.",
        )
        .required()
        .replace()
        .write_only(),
        server::SKU_NAME,
        server::STORAGE_MB,
        server::AUTO_GROW,
        server::DELEGATED_SUBNET,
        server::PRIVATE_DNS_ZONE,
        server::PUBLIC_NETWORK_ACCESS,
        server::ZONE,
        TAGS,
    ],
    attributes: &[
        server::FQDN,
        attribute(
            "replication_role",
            "properties.replicationRole",
            FakeValue::Nothing,
            "Replication role: `AsyncReplica` or `GeoAsyncReplica`, and `Primary` after a promotion.",
        ),
        named(
            "writer",
            "{name}.writer.postgres.database.azure.com",
            "DNS name of the current primary server. It follows a promotion.",
        ),
        named(
            "reader",
            "{name}.reader.postgres.database.azure.com",
            "DNS name of the current replica. It follows a promotion.",
        ),
    ],
    fixed: &[("properties.createMode", Lit::Str("Replica"))],
    drill: Drill::never("Azure would replicate production data to it"),
    durations: Durations { create: 900, update: 120, delete: 60 },
    lasts: Some(server::lasts),
    answers: AnswerStyle::AsyncBoth,
    serial: Serial::On("source"),
    recovery: Recovery {
        replicates: Some(Replication { from: "source", to: "resource_group", image: false }),
        ..Recovery::DATA
    },
    run_moves: &["source", "zone"],
    transitions: &[server::SMALLER_DISK],
    promotion: Some(&promotion::PROMOTION),
    odd: Overrides {
        objects: Some(objects),
        leads: true,
        encode: Some(encode),
        decode: Some(decode),
        ready: Some(ready),
        check: Some(check_source),
        ..Overrides::NONE
    },
    simulated: server::SIMULATED,
    adoption: Adoption {
        is: Some(|found| server::source_of(found.body).is_some()),
        arguments: Some(|found, args| {
            let source = server::source_of(found.body).map(|source| ("source".to_owned(), Json::from(source)));
            args.extend(source);
        }),
        ..Adoption::BY_TABLE
    },
    terraform: Terraform {
        resource: "postgresql_flexible_server",
        renamed: &[("source", "source_server_id")],
        fixed: &[("create_mode", "\"Replica\"")],
        beside: ENDPOINT,
        chosen: &["zone"],
        untold: &["create_mode"],
        imported: Some(|ids, _| match ids {
            [replica, endpoint] => {
                vec![replica.to_string(), endpoint::imported(endpoint, replica.as_str())]
            }
            _ => Vec::new(),
        }),
        made: &["writer", "reader"],
        ..Terraform::BY_RULE
    },
    example: r#"
resource_group "east" {
  site = site.east
}

resource_group "west" {
  site = site.west
}

postgresql_flexible_server "east" {
  name                   = "drplan-example-pg-east"
  resource_group         = resource_group.east
  version                = "16"
  administrator_login    = "pgadmin"
  administrator_password = "an example, n0t a secret"
  sku_name               = "GP_Standard_D2ds_v5"
  storage_mb             = 131072
}

geo_replica "example" {
  name           = "drplan-example-pg-west"
  source         = postgresql_flexible_server.east
  resource_group = resource_group.west
}
"#,
    ..crate::providers::azure::KIND
};

/// The virtual endpoint of the two servers, a child of the source. It has the replica's name.
fn endpoint_of(subject: &Subject<'_>) -> Option<ObjectId> {
    Some(ObjectId::new(subject.text("source")?).child(endpoint::SEGMENT, subject.name))
}

fn objects(subject: &Subject<'_>) -> Vec<Object> {
    let endpoint = endpoint_of(subject).map(|id| endpoint::TYPE.object(id));
    [KIND.type_.object(subject.id.clone())].into_iter().chain(endpoint).collect()
}

fn encode(subject: &Subject<'_>, bodies: &mut [Json]) {
    if let Some(replica) = bodies.first_mut() {
        server::encode_sizes(subject, replica);
    }
    if let Some(endpoint) = bodies.get_mut(1) {
        *endpoint = json!({ "properties": { "endpointType": "ReadWrite", "members": [subject.name] } });
    }
}

fn decode(bodies: &[Json], args: &mut JsonMap<String, Json>) {
    if let Some(body) = bodies.first() {
        server::decode_sizes(body, args);
    }
}

fn ready(bodies: &[Json]) -> Readiness {
    match bodies.first().and_then(|body| path::text(body, "properties.replica.replicationState")) {
        Some(state @ ("Provisioning" | "Updating" | "Reconfiguring")) => {
            Readiness::Waits(format!("the replica follows its source (replication state {state})"))
        }
        Some("Broken") => Readiness::Never("replication from the source is broken".to_owned()),
        _ => Readiness::Yes,
    }
}

fn check_source(subject: &Subject<'_>, findings: &mut Vec<Finding>) {
    let is_burstable = |source: &Subject<'_>| source.text("sku_name").is_some_and(|sku| sku.starts_with("B_"));
    if subject.with("source", is_burstable) == Some(true) {
        findings.push(Finding {
            argument: "source",
            summary: "the source is a burstable server".to_owned(),
            why: "Azure creates replicas of general-purpose and memory-optimised servers only.".to_owned(),
            help: "Set the source's `sku_name` to one that starts with `GP_` or `MO_`.".to_owned(),
        });
    }
}
