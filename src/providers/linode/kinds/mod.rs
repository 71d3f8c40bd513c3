//! The kinds of Linode, one file for each: names, arguments and defaults are those of its Terraform provider 3.

mod firewall;
mod forms;
mod instance;
mod volume;

use crate::kinds::Kind;

/// All kinds, in the order of the documentation.
pub(super) static ALL: &[&Kind] = &[&instance::KIND, &volume::KIND, &firewall::KIND];
