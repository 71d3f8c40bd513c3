//! The providers that drplan has: the only list of them.
//!
//! Nothing below the command line uses it: everything gets a catalog and the dialects of the simulator as arguments.

pub mod aws;
pub mod azure;

use std::sync::LazyLock;

use crate::kinds::{Catalog, Tables};
use crate::simulator::Dialects;
use crate::simulator::dialect::Dialect;

/// A provider.
#[derive(Debug)]
pub struct Provider {
    /// Its kinds and regions.
    pub tables: &'static Tables,
    /// Its language in the local simulator; `None` for a provider that is not simulated.
    dialect: Option<&'static dyn Dialect>,
}

/// The providers, in the order of the documentation. The dialect of the first answers for hosts that no other has.
static ALL: &[Provider] = &[
    Provider { tables: &azure::TABLES, dialect: Some(&crate::simulator::Arm) },
    Provider { tables: &aws::TABLES, dialect: None },
];

/// The catalog of all providers.
pub fn catalog() -> &'static Catalog {
    static CATALOG: LazyLock<Catalog> = LazyLock::new(|| Catalog::new(ALL.iter().map(|provider| provider.tables)));
    &CATALOG
}

/// The dialects of all providers that are simulated.
pub fn dialects() -> Dialects {
    static DIALECTS: LazyLock<Vec<&'static dyn Dialect>> =
        LazyLock::new(|| ALL.iter().filter_map(|provider| provider.dialect).collect());
    Dialects::new(&DIALECTS)
}
