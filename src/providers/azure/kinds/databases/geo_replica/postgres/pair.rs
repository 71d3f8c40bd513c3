//! Replica of a PostgreSQL flexible server whose other server has a block of its own: the virtual endpoint of the two,
//! whose names follow the roles. Azure makes a server a replica only when it creates it, so that the block of the
//! target gets the arguments for that from here.

use serde_json::{Value as Json, json};

use crate::kinds::table::*;
use crate::object::ObjectId;
use crate::providers::azure::kinds::databases::postgresql_flexible_server_virtual_endpoint as endpoint;

/// Table of `geo_replica` for two PostgreSQL flexible servers.
pub static KIND: Kind = Kind {
    name: "geo_replica",
    about: "Replication between two PostgreSQL flexible servers of the stack, and the virtual endpoint whose names \
     follow the roles. The target is created as a replica of the source.",
    type_: endpoint::TYPE,
    place: Place::Child("source", endpoint::SEGMENT),
    location: Location::None,
    names: endpoint::NAME,
    args: &[
        place("source", &["postgresql_flexible_server"], "Server to replicate."),
        arg(
            "target",
            Ty::Ref(&["postgresql_flexible_server"]),
            "",
            "Server at another site that follows it. drplan creates it as a replica: its `create_mode` and \
             `source_server` follow from this block.",
        )
        .required()
        .replace()
        .write_only()
        .wire(Wire::Odd),
    ],
    attributes: endpoint::NAMES,
    drill: Drill::never("Azure would replicate production data to it"),
    durations: Durations { create: 30, update: 30, delete: 20 },
    answers: AnswerStyle::AsyncBoth,
    serial: Serial::On("source"),
    recovery: Recovery {
        replicates: Some(Replication { from: "source", to: "target", image: false }),
        ..Recovery::DATA
    },
    in_use: "",
    follower: Some(Follower {
        target: "target",
        fixed: &[("create_mode", "Replica")],
        source: ("source", "source_server"),
        inherits: &["administrator_login", "administrator_password"],
    }),
    promotion: Some(&super::promotion::PROMOTION),
    odd: Overrides { encode: Some(encode), check: Some(check), ..Overrides::NONE },
    adoption: Adoption { is: Some(|_| false), ..Adoption::BY_TABLE },
    terraform: Terraform {
        resource: "postgresql_flexible_server_virtual_endpoint",
        renamed: &[("source", "source_server_id"), ("target", "replica_server_id")],
        fixed: &[("type", "\"ReadWrite\"")],
        imported: Some(|ids, of| {
            let imports = |id| Some(endpoint::imported(id, &of("target")?));
            ids.iter().filter_map(|id| imports(id)).collect()
        }),
        made: &["writer", "reader"],
        ..Terraform::BY_RULE
    },
    simulated: endpoint::SIMULATED,
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
}

geo_replica "example" {
  name   = "drplan-example-pg"
  source = postgresql_flexible_server.east
  target = postgresql_flexible_server.west
}
"#,
    ..crate::providers::azure::KIND
};

/// Azure accepts members by name.
fn encode(subject: &Subject<'_>, bodies: &mut [Json]) {
    if let (Some(body), Some(target)) = (bodies.first_mut(), subject.text("target")) {
        *body = json!({ "properties": { "endpointType": "ReadWrite", "members": [ObjectId::new(target).name()] } });
    }
}

/// A target whose own arguments say that it is something else would be a server beside the source.
fn check(subject: &Subject<'_>, findings: &mut Vec<Finding>) {
    super::check_source(subject, findings);
    let source = subject.text("source").map(ObjectId::new);
    let follows = |target: &Subject<'_>| {
        let of = target.text("source_server").map(ObjectId::new);
        target.text("create_mode") == Some("Replica") && (of.is_none() || of == source)
    };
    if subject.with("target", follows) == Some(false) {
        findings.push(Finding {
            argument: "target",
            summary: "the target is not created as a replica of the source".to_owned(),
            why: "Azure makes a server a replica of another one only when it creates it.".to_owned(),
            help: "Remove `create_mode` and `source_server` from the target, or set `create_mode = \"Replica\"` and \
                   the source as its `source_server`."
                .to_owned(),
        });
    }
}
