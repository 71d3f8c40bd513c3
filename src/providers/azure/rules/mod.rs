//! Rules of check that follow from facts of Azure: one file each, one line in [`RULES`].
//!
//! They know kinds by their tables only, as all rules do.

mod automatic_grace;
mod logins_stay;
mod metadata_region;
mod names_overwritten;
mod vault_at_protected_site;

use crate::check::Rule;

/// All of them.
pub static RULES: &[&Rule] = &[
    &metadata_region::RULE,
    &automatic_grace::RULE,
    &vault_at_protected_site::RULE,
    &logins_stay::RULE,
    &names_overwritten::RULE,
];
