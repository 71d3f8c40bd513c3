//! Azure: its tables, which are data, and its client, which alone of this folder does I/O.

pub mod client;
pub mod ids;
mod kinds;
pub mod regions;

use crate::kinds::{Kind, Tables};

pub use kinds::{TypeAnswers, answers_of};

/// The tables of Azure.
pub static TABLES: Tables = Tables {
    name: "azure",
    title: "Azure",
    kinds: kinds::ALL,
    grammar: &ids::Ids,
    regions: regions::REGIONS,
    restless: &["etag", "systemData", "changedTime", "lastModifiedTime", "lastModifiedAt"],
    own: &["etag", "type", "provisioningState", "resourceGuid", "systemData"],
};

/// An empty table of Azure's, to be completed with `..KIND`.
const KIND: Kind = Kind { provider: || &TABLES, ..Kind::EMPTY };
