//! Placeholder, to be written whole by its owner.

use super::table::*;

/// The table.
pub static KIND: Kind = Kind { name: "subnet_network_security_group_association", ..Kind::EMPTY };
