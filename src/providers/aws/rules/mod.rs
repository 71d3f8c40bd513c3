//! Rules of check that follow from facts of AWS: one file each, one line in [`RULES`].
//!
//! They know kinds by their tables only, as all rules do.

mod lazy_volume;
mod record_at_lost_region;

use crate::check::Rule;

/// All of them.
pub static RULES: &[&Rule] = &[&record_at_lost_region::RULE, &lazy_volume::RULE];
