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
    &network::vpc_endpoint::KIND,
    &network::route53_record::KIND,
    &compute::key_pair::KIND,
    &compute::launch_template::KIND,
    &compute::instance::KIND,
    &compute::ami_copy::KIND,
    &compute::ami_from_instance::KIND,
    &compute::image_copy::KIND,
    &compute::ebs_volume::KIND,
    &compute::ebs_snapshot::KIND,
    &compute::ebs_snapshot_copy::KIND,
    &compute::capacity_reservation::KIND,
    &compute::replica::KIND,
    &storage::s3_bucket::KIND,
    &storage::s3_object::KIND,
    &identity::iam_role::KIND,
    &identity::iam_instance_profile::KIND,
    &identity::kms_key::KIND,
    &identity::ssm_parameter::KIND,
];
