//! The kinds of Linode, one file for each: names, arguments and defaults are those of its Terraform provider 3.

mod domain;
mod domain_record;
mod firewall;
mod forms;
mod image;
mod instance;
mod object_storage_bucket;
mod replica;
mod volume;

use crate::kinds::Kind;

/// All kinds, in the order of the documentation.
pub(super) static ALL: &[&Kind] = &[
    &instance::KIND,
    &volume::KIND,
    &firewall::KIND,
    &image::KIND,
    &object_storage_bucket::KIND,
    &domain::KIND,
    &domain_record::KIND,
    &replica::KIND,
];
