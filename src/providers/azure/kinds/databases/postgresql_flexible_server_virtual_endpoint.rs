//! Virtual endpoint of PostgreSQL flexible servers: DNS names that follow the roles of a primary and its replica.

use crate::providers::azure::ids::AzureId;
use serde_json::{Map as JsonMap, Value as Json};

use crate::kinds::hosts::hosts_at;
use crate::kinds::path;
use crate::kinds::table::*;
use crate::object::ObjectId;
use crate::providers::azure::kinds::databases::postgresql_flexible_server as server;

/// Provider type and API version of virtual endpoints.
pub(super) const TYPE: KindType =
    KindType { name: "Microsoft.DBforPostgreSQL/flexibleServers/virtualEndpoints", version: "2025-08-01" };
/// Segment of virtual endpoints below a server.
pub(super) const SEGMENT: &str = "virtualEndpoints";
/// Path of the members' names.
pub(super) const MEMBERS: &str = "properties.members";

/// Name rule of endpoints.
pub(super) const NAME: NameRule = NameRule::new(
    3,
    63,
    "^[A-Za-z0-9]([A-Za-z0-9-]*[A-Za-z0-9])?$",
    "letters, digits and hyphens, and neither starts nor ends with a hyphen",
)
.global();
/// The names of an endpoint.
pub(super) const NAMES: &[Attribute] = &[
    named("writer", "{name}.writer.postgres.database.azure.com", "DNS name of the current primary server."),
    named("reader", "{name}.reader.postgres.database.azure.com", "DNS name of the replica."),
];
/// Simulation of endpoints.
pub(super) const SIMULATED: SimulatedBehaviour = SimulatedBehaviour {
    admit: Some(admit),
    settle: Some(settle),
    hosts: Some(|endpoint| hosts_at(endpoint, &["properties.virtualEndpoints"])),
    leads: Some(leads),
    accepts: &[MEMBERS, "properties.virtualEndpoints"],
    ..SimulatedBehaviour::NONE
};

/// Table of `postgresql_flexible_server_virtual_endpoint`.
pub static KIND: Kind = Kind {
    name: "postgresql_flexible_server_virtual_endpoint",
    about: "Virtual endpoint: DNS names that follow the roles of a PostgreSQL flexible server and its replica. \
     A `geo_replica` has its own.",
    type_: TYPE,
    place: Place::Child("source_server", SEGMENT),
    location: Location::None,
    names: NAME,
    args: &[
        place("source_server", &["postgresql_flexible_server"], "Server that takes writes."),
        arg(
            "replica_server",
            Ty::Ref(&["postgresql_flexible_server", "geo_replica"]),
            "",
            "Replica that the reader name leads to. Use the source server itself while no replica exists.",
        )
        .required()
        .write_only()
        .wire(Wire::Odd),
        arg("type", Ty::Enum(&["ReadWrite"]), "properties.endpointType", "Endpoint type. Azure has one.")
            .required()
            .replace(),
    ],
    attributes: NAMES,
    durations: Durations { create: 30, update: 30, delete: 20 },
    answers: AnswerStyle::AsyncBoth,
    serial: Serial::On("source_server"),
    in_use: "",
    run_moves: &["replica_server"],
    odd: Overrides { encode: Some(encode), ..Overrides::NONE },
    adoption: Adoption { arguments: Some(complete), ..Adoption::BY_TABLE },
    terraform: Terraform {
        imported: Some(|ids, of| {
            let imports = |id| Some(imported(id, &of("replica_server")?));
            ids.iter().filter_map(|id| imports(id)).collect()
        }),
        made: &["writer", "reader"],
        ..Terraform::BY_RULE
    },
    simulated: SIMULATED,
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

postgresql_flexible_server "west" {
  mirrors        = postgresql_flexible_server.east
  name           = "drplan-example-pg-west"
  resource_group = resource_group.west
  create_mode    = "Replica"
  source_server  = postgresql_flexible_server.east
}

postgresql_flexible_server_virtual_endpoint "example" {
  name           = "drplan-example-pg"
  source_server  = postgresql_flexible_server.east
  replica_server = postgresql_flexible_server.west
  type           = "ReadWrite"
}
"#,
    ..crate::providers::azure::KIND
};

/// azurerm's id of an endpoint: the id below one server and the id below the other (source: azurerm reads both,
/// because a promotion moves the endpoint).
pub(super) fn imported(endpoint: &ObjectId, replica: &str) -> String {
    format!("{endpoint}|{}", ObjectId::new(replica).child(SEGMENT, endpoint.name()))
}

/// Azure returns members by name. The member that is not the source is one of the servers that follow it.
fn complete(found: &CloudObject<'_>, args: &mut JsonMap<String, Json>) {
    let Some(source) = found.id.parent() else { return };
    let members = path::items(found.body, MEMBERS).iter().filter_map(Json::as_str);
    let follows = |name: &str| {
        let of_name = found.all.iter().filter(|(id, _)| id.name().eq_ignore_ascii_case(name));
        let mut followers =
            of_name.filter(|(_, body)| server::source_of(body).map(ObjectId::new).as_ref() == Some(&source));
        followers.next().map(|(id, _)| id.clone())
    };
    let replica = members.filter(|name| *name != source.name()).find_map(follows).unwrap_or(source.clone());
    args.insert("replica_server".to_owned(), Json::from(replica.as_str()));
}

/// Azure accepts members by name.
fn encode(subject: &Subject<'_>, bodies: &mut [Json]) {
    if let (Some(body), Some(replica)) = (bodies.first_mut(), subject.text("replica_server")) {
        path::put(body, MEMBERS, Json::from(vec![ObjectId::new(replica).name()]));
    }
}

fn admit(cloud: &dyn SimulatedWorld, id: &ObjectId, body: &Json) -> Result<(), Refusal> {
    let Some(server) = id.parent() else { return Ok(()) };
    let follows = |other: &ObjectId| {
        let source = cloud.get(other).and_then(|body| path::text(body, "properties.sourceServerResourceId"));
        *other == server || source.is_some_and(|source| ObjectId::new(source) == server)
    };
    let known: Vec<ObjectId> = cloud.below(&ObjectId::new("")).into_iter().filter(follows).collect();
    let members = path::items(body, MEMBERS);
    match members.iter().filter_map(Json::as_str).find(|name| !known.iter().any(|server| server.name() == *name)) {
        Some(stranger) if cloud.get(id).is_none() => Err(Refusal {
            status: 400,
            code: "VirtualEndpointMemberInvalid",
            message: format!("The member '{stranger}' is neither the server '{}' nor a replica of it.", server.name()),
        }),
        _ => Ok(()),
    }
}

/// The writer name leads to the primary, the reader name to the replica, or to the primary while no replica exists.
fn leads(cloud: &dyn SimulatedWorld, id: &ObjectId, name: &str) -> Lead {
    let kept = id.parent().and_then(|server| server::keeps(cloud, &server));
    let is_reader = name.strip_prefix(&id.name().to_ascii_lowercase()).is_some_and(|rest| rest.starts_with(".reader."));
    let has_replica = kept.as_ref().is_some_and(|kept| !kept.followers.is_empty());
    if is_reader && has_replica { Lead::to_follower(kept) } else { Lead::to_writer(kept) }
}

fn settle(cloud: &mut dyn SimulatedWorld, id: &ObjectId) {
    let names = ["writer", "reader"].map(|role| format!("{}.{role}.postgres.database.azure.com", id.name()));
    let server = id.parent();
    if let Some(body) = cloud.get_mut(id) {
        // The request contains the replica's name. The response has the source's name before it.
        let written = path::items(body, MEMBERS).iter().filter_map(Json::as_str);
        let members = server.iter().map(ObjectId::name).chain(written).map(str::to_owned);
        let members: indexmap::IndexSet<String> = members.collect();
        path::put(body, MEMBERS, Json::from_iter(members));
        path::put(body, "properties.virtualEndpoints", Json::from(names.to_vec()));
    }
}
