//! A replica of data at another site. What it is in the cloud follows from its source: each kind of source has a table of its own.

mod cosmos;
mod postgres;
mod sql;
mod storage;
#[cfg(test)]
mod tests;

use super::table::*;

const SOURCES: &[&str] = &["mssql_server", "cosmosdb_account", "storage_account", "postgresql_flexible_server"];

/// The argument that all variants have in common.
const SOURCE: Arg = place("source", SOURCES, "What holds the data that is replicated; its kind decides how.");

/// The table.
pub static KIND: Kind = Kind {
    name: "geo_replica",
    about: "A copy of data at another site, kept up to date, that can be promoted when the first site is lost.",
    args: &[SOURCE],
    recovery: Recovery::DATA,
    variants: Some(Variants {
        by: "source",
        of: &[
            ("mssql_server", &sql::KIND),
            ("cosmosdb_account", &cosmos::KIND),
            ("storage_account", &storage::KIND),
            ("postgresql_flexible_server", &postgres::KIND),
        ],
    }),
    example: sql::EXAMPLE,
    ..Kind::EMPTY
};
