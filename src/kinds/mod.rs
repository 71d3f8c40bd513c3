//! Resource kinds: one file and one table for each kind, the shape of a table, and the catalog of providers.
//!
//! The decoder, planner, provider mapping, emitters, simulator, documentation, completion and tests loop over these
//! tables. No other module may contain a kind's name.

pub mod adoption;
mod alternatives;
pub mod argument;
mod attribute;
pub mod body;
pub mod decode;
pub mod drill;
pub mod emit;
pub mod export;
pub mod failover;
pub mod form;
pub mod grammar;
pub mod hosts;
pub mod image_copy;
mod installed;
mod launch;
pub mod looks;
pub mod machine_replica;
pub mod mark;
mod names;
pub mod near;
pub mod overrides;
pub mod path;
pub mod place;
pub mod provider;
pub mod regions;
pub mod rules;
pub mod soft_delete;
pub mod table;
pub mod tags;

mod stray;

pub use grammar::{Grammar, NoIds, Templates};
pub use provider::{AccountArgument, Area, Catalog, ProviderConsole, RootLists, Table, Tables};
pub(crate) use stray::is_foreign_block;
pub use table::*;

/// A kind's name with its article, for use in sentences: `a subnet`, `an lb`, `an mssql_server`.
pub fn with_article(name: &str) -> String {
    let spelt_out = ["lb", "ms"].iter().any(|start| name.starts_with(start));
    let article = if spelt_out || name.starts_with(['a', 'e', 'i', 'o']) { "an" } else { "a" };
    format!("{article} {name}")
}
