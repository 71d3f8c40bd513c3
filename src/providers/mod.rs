//! The providers that drplan has: the only list of them.
//!
//! Nothing below the command line uses it: everything gets a catalog as an argument.

pub mod aws;
pub mod azure;

use std::sync::LazyLock;

use crate::kinds::{Catalog, Tables};

/// The providers, in the order of the documentation.
static ALL: &[&Tables] = &[&azure::TABLES, &aws::TABLES];

/// The catalog of all providers.
pub fn catalog() -> &'static Catalog {
    static CATALOG: LazyLock<Catalog> = LazyLock::new(|| Catalog::new(ALL.iter().copied()));
    &CATALOG
}
