//! Resource kinds: one file and one table for each kind, and the list of all kinds.
//!
//! The decoder, planner, provider mapping, emitters, simulator, documentation, completion and tests loop over these
//! tables. No other module may contain a kind's name.

pub mod adoption;
pub mod argument;
pub mod body;
pub mod decode;
pub mod drill;
pub mod emit;
pub mod export;
pub mod failover;
pub mod form;
pub mod hosts;
pub mod maintained;
pub mod mark;
pub mod near;
pub mod overrides;
pub mod path;
pub mod place;
pub mod refusal;
pub mod regions;
pub mod rules;
pub mod table;
pub mod tags;

#[cfg(test)]
mod both_ways;

mod azapi_resource;
mod cosmosdb_account;
mod cosmosdb_sql_container;
mod cosmosdb_sql_database;
mod data_disks;
mod dns_a_record;
mod dns_cname_record;
mod dns_zone;
mod firewall_rule;
mod gateway_association;
mod geo_replica;
mod identity;
mod image;
mod image_copy;
mod interface_association;
mod key_vault;
mod lb;
mod lb_backend_address_pool;
mod lb_backend_address_pool_address;
mod lb_nat_rule;
mod lb_outbound_rule;
mod lb_probe;
mod lb_rule;
mod linux_virtual_machine;
mod linux_virtual_machine_scale_set;
mod machine_login;
mod machine_power;
mod machine_profile;
mod machine_simulated;
mod managed_disk;
mod management_lock;
mod monitor_autoscale_setting;
mod mssql_database;
mod mssql_firewall_rule;
mod mssql_replication;
mod mssql_server;
mod mssql_virtual_network_rule;
mod nat_gateway;
mod nat_gateway_public_ip_association;
mod nat_gateway_public_ip_prefix_association;
mod network_interface;
mod network_interface_backend_address_pool_association;
mod network_interface_nat_rule_association;
mod network_interface_security_group_association;
mod network_security_group;
mod postgresql_flexible_server;
mod postgresql_flexible_server_firewall_rule;
mod postgresql_flexible_server_virtual_endpoint;
mod public_ip;
mod resource_group;
mod role_assignment;
mod route_table;
mod scale_set;
mod scale_set_blocks;
mod scale_set_uncovered;
mod shared_image;
mod shared_image_gallery;
mod shared_image_version;
mod single_machine;
mod storage_account;
mod storage_container;
mod storage_share;
mod stray;
mod subnet;
mod subnet_nat_gateway_association;
mod subnet_network_security_group_association;
mod subnet_route_table_association;
mod traffic_manager_azure_endpoint;
mod traffic_manager_external_endpoint;
mod traffic_manager_health;
mod traffic_manager_profile;
mod user_assigned_identity;
mod virtual_machine_data_disk_attachment;
mod virtual_network;
mod vnet_peering;
mod windows_virtual_machine;
mod windows_virtual_machine_scale_set;

use std::collections::HashMap;
use std::sync::LazyLock;

pub use azapi_resource::TypeAnswers;
pub(crate) use stray::is_foreign_block;
pub use table::*;

/// All kinds, in the order of the documentation.
pub static ALL: &[&Kind] = &[
    &resource_group::KIND,
    &virtual_network::KIND,
    &subnet::KIND,
    &vnet_peering::KIND,
    &network_security_group::KIND,
    &subnet_network_security_group_association::KIND,
    &route_table::KIND,
    &subnet_route_table_association::KIND,
    &nat_gateway::KIND,
    &nat_gateway_public_ip_association::KIND,
    &nat_gateway_public_ip_prefix_association::KIND,
    &subnet_nat_gateway_association::KIND,
    &network_interface::KIND,
    &network_interface_security_group_association::KIND,
    &network_interface_backend_address_pool_association::KIND,
    &network_interface_nat_rule_association::KIND,
    &public_ip::KIND,
    &lb::KIND,
    &lb_backend_address_pool::KIND,
    &lb_backend_address_pool_address::KIND,
    &lb_probe::KIND,
    &lb_rule::KIND,
    &lb_nat_rule::KIND,
    &lb_outbound_rule::KIND,
    &traffic_manager_profile::KIND,
    &traffic_manager_azure_endpoint::KIND,
    &traffic_manager_external_endpoint::KIND,
    &dns_zone::KIND,
    &dns_a_record::KIND,
    &dns_cname_record::KIND,
    &linux_virtual_machine::KIND,
    &windows_virtual_machine::KIND,
    &linux_virtual_machine_scale_set::KIND,
    &windows_virtual_machine_scale_set::KIND,
    &monitor_autoscale_setting::KIND,
    &managed_disk::KIND,
    &virtual_machine_data_disk_attachment::KIND,
    &image::KIND,
    &shared_image_gallery::KIND,
    &shared_image::KIND,
    &shared_image_version::KIND,
    &image_copy::KIND,
    &user_assigned_identity::KIND,
    &role_assignment::KIND,
    &management_lock::KIND,
    &mssql_server::KIND,
    &mssql_firewall_rule::KIND,
    &mssql_virtual_network_rule::KIND,
    &mssql_database::KIND,
    &geo_replica::KIND,
    &cosmosdb_account::KIND,
    &cosmosdb_sql_database::KIND,
    &cosmosdb_sql_container::KIND,
    &postgresql_flexible_server::KIND,
    &postgresql_flexible_server_firewall_rule::KIND,
    &postgresql_flexible_server_virtual_endpoint::KIND,
    &storage_account::KIND,
    &storage_share::KIND,
    &storage_container::KIND,
    &key_vault::KIND,
    &azapi_resource::KIND,
];

/// A table: the one of a kind, or of one of its variants.
#[derive(Debug, Clone, Copy)]
pub struct Table {
    /// The table itself.
    pub kind: &'static Kind,
    /// For a variant: the argument that selects it, and the kind to which that argument then refers.
    pub variant: Option<(&'static str, &'static str)>,
}

/// All tables: those of the kinds in the order of [`ALL`], each followed by the tables of its variants.
pub fn tables() -> impl Iterator<Item = Table> {
    ALL.iter().flat_map(|kind| {
        let variants = kind.variants.iter().flat_map(|variants| {
            variants.of.iter().map(|(of, kind)| Table { kind, variant: Some((variants.by, *of)) })
        });
        std::iter::once(Table { kind, variant: None }).chain(variants)
    })
}

/// The status and style of the answers of a type without a kind, by its name.
pub fn answers_of(type_: &str) -> TypeAnswers {
    azapi_resource::answers_of(type_)
}

/// The kind with this name, or `None` for an unknown name.
pub fn find(name: &str) -> Option<&'static Kind> {
    static BY_NAME: LazyLock<HashMap<&str, &Kind>> =
        LazyLock::new(|| ALL.iter().map(|kind| (kind.name, *kind)).collect());
    BY_NAME.get(name).copied()
}

/// The property with the rank of the elements of a list, where ranks are unique among them.
pub fn rank_in(list: &str) -> Option<&'static str> {
    tables().filter_map(|table| table.kind.promotion?.order).find(|order| order.list == list).map(|order| order.rank)
}

/// A kind's name with its article, for use in sentences: `a subnet`, `an lb`, `an mssql_server`.
pub fn with_article(name: &str) -> String {
    let spelt_out = ["lb", "ms"].iter().any(|start| name.starts_with(start));
    let article = if spelt_out || name.starts_with(['a', 'e', 'i', 'o']) { "an" } else { "a" };
    format!("{article} {name}")
}
