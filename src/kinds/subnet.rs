//! Placeholder, to be written whole by its owner.

use super::table::*;

/// The table.
pub static KIND: Kind = Kind { name: "subnet", ..Kind::EMPTY };
