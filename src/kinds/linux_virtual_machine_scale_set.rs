//! Placeholder, to be written whole by its owner.

use super::table::*;

/// The table.
pub static KIND: Kind = Kind { name: "linux_virtual_machine_scale_set", ..Kind::EMPTY };
