//! The kinds of Azure: one file and one table for each kind, in a folder for each area, and the list of all of them.
//!
//! No other module may contain a kind's name.

mod azapi_resource;
mod compute;
mod containers;
mod databases;
mod identity;
pub(super) mod machine_launch;
mod monitoring;
mod network;
mod resource_group;
mod security;
mod storage;
mod traffic;

#[cfg(test)]
mod both_ways;

use crate::kinds::Kind;

pub use azapi_resource::{TypeAnswers, answers_of};

/// All kinds, in the order of the documentation.
pub static ALL: &[&Kind] = &[
    &resource_group::KIND,
    &network::virtual_network::KIND,
    &network::subnet::KIND,
    &network::vnet_peering::KIND,
    &network::network_security_group::KIND,
    &network::subnet_network_security_group_association::KIND,
    &network::route_table::KIND,
    &network::subnet_route_table_association::KIND,
    &network::nat_gateway::KIND,
    &network::nat_gateway_public_ip_association::KIND,
    &network::nat_gateway_public_ip_prefix_association::KIND,
    &network::subnet_nat_gateway_association::KIND,
    &network::network_interface::KIND,
    &network::network_interface_security_group_association::KIND,
    &network::network_interface_backend_address_pool_association::KIND,
    &network::network_interface_nat_rule_association::KIND,
    &network::public_ip::KIND,
    &network::private_endpoint::KIND,
    &network::lb::KIND,
    &network::lb_backend_address_pool::KIND,
    &network::lb_backend_address_pool_address::KIND,
    &network::lb_probe::KIND,
    &network::lb_rule::KIND,
    &network::lb_nat_rule::KIND,
    &network::lb_outbound_rule::KIND,
    &traffic::traffic_manager_profile::KIND,
    &traffic::traffic_manager_azure_endpoint::KIND,
    &traffic::traffic_manager_external_endpoint::KIND,
    &traffic::dns_zone::KIND,
    &traffic::dns_a_record::KIND,
    &traffic::dns_cname_record::KIND,
    &traffic::private_dns_zone::KIND,
    &traffic::private_dns_zone_virtual_network_link::KIND,
    &compute::linux_virtual_machine::KIND,
    &compute::windows_virtual_machine::KIND,
    &compute::linux_virtual_machine_scale_set::KIND,
    &compute::windows_virtual_machine_scale_set::KIND,
    &compute::monitor_autoscale_setting::KIND,
    &compute::managed_disk::KIND,
    &compute::virtual_machine_data_disk_attachment::KIND,
    &compute::image::KIND,
    &compute::shared_image_gallery::KIND,
    &compute::shared_image::KIND,
    &compute::shared_image_version::KIND,
    &compute::image_copy::KIND,
    &security::user_assigned_identity::KIND,
    &security::role_assignment::KIND,
    &security::management_lock::KIND,
    &databases::mssql_server::KIND,
    &databases::mssql_firewall_rule::KIND,
    &databases::mssql_virtual_network_rule::KIND,
    &databases::mssql_database::KIND,
    &databases::geo_replica::KIND,
    &databases::cosmosdb_account::KIND,
    &databases::cosmosdb_sql_database::KIND,
    &databases::cosmosdb_sql_container::KIND,
    &databases::postgresql_flexible_server::KIND,
    &databases::postgresql_flexible_server_firewall_rule::KIND,
    &databases::postgresql_flexible_server_virtual_endpoint::KIND,
    &databases::redis_cache::KIND,
    &containers::kubernetes_cluster::KIND,
    &containers::kubernetes_cluster_node_pool::KIND,
    &containers::container_registry::KIND,
    &monitoring::log_analytics_workspace::KIND,
    &storage::storage_account::KIND,
    &storage::storage_share::KIND,
    &storage::storage_container::KIND,
    &security::key_vault::KIND,
    &azapi_resource::KIND,
];
