//! The kinds of AWS by area, one file for each: names, arguments and defaults are those of its Terraform provider 6,
//! with references in place of ids.

mod compute;
mod forms;
mod identity;
mod network;
mod storage;

use crate::kinds::Kind;

/// All kinds, in the order of the documentation.
pub(super) static ALL: &[&Kind] = &[
    &network::vpc::KIND,
    &network::subnet::KIND,
    &network::internet_gateway::KIND,
    &network::route_table::KIND,
    &network::security_group::KIND,
    &network::eip::KIND,
    &compute::key_pair::KIND,
    &compute::launch_template::KIND,
    &compute::instance::KIND,
    &compute::ebs_volume::KIND,
    &storage::s3_bucket::KIND,
    &identity::iam_role::KIND,
    &identity::iam_instance_profile::KIND,
];
