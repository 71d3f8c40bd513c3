//! Replica of data at another site. Its objects in Azure depend on the source: each kind of source has a table of its
//! own.

mod cosmos;
mod postgres;
mod registry;
mod sql;
mod storage;
#[cfg(test)]
mod tests;

use crate::kinds::table::*;

const SOURCES: &[&str] =
    &["mssql_server", "cosmosdb_account", "storage_account", "postgresql_flexible_server", "container_registry"];

/// The argument that all variants share.
const SOURCE: Arg = place("source", SOURCES, "Source of the data. Its kind decides the replication method.");

/// Table of `geo_replica`: the common argument, and the variants by source.
pub static KIND: Kind = Kind {
    name: "geo_replica",
    about: "Continuously updated copy of data at another site. A failover run promotes it if the first site is lost.",
    args: &[SOURCE],
    recovery: Recovery::DATA,
    variants: Some(Variants {
        by: "source",
        of: &[
            ("mssql_server", &sql::KIND),
            ("cosmosdb_account", &cosmos::KIND),
            ("storage_account", &storage::KIND),
            ("postgresql_flexible_server", &postgres::KIND),
            ("postgresql_flexible_server with target", &postgres::pair::KIND),
            ("container_registry", &registry::KIND),
        ],
    }),
    example: sql::EXAMPLE,
    ..crate::providers::azure::KIND
};
