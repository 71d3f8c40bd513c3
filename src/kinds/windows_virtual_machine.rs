//! Placeholder, to be written whole by its owner.

use super::table::*;

/// The table.
pub static KIND: Kind = Kind { name: "windows_virtual_machine", ..Kind::EMPTY };
