//! Placeholder, to be written whole by its owner.

use super::table::*;

/// The table.
pub static KIND: Kind = Kind { name: "shared_image_gallery", ..Kind::EMPTY };
