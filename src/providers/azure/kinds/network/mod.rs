//! Networks, addresses, load balancers, and what joins them.

pub(super) mod gateway_association;
pub(super) mod interface_association;
pub(super) mod lb;
pub(super) mod lb_backend_address_pool;
pub(super) mod lb_backend_address_pool_address;
pub(super) mod lb_nat_rule;
pub(super) mod lb_outbound_rule;
pub(super) mod lb_probe;
pub(super) mod lb_rule;
pub(super) mod nat_gateway;
pub(super) mod nat_gateway_public_ip_association;
pub(super) mod nat_gateway_public_ip_prefix_association;
pub(super) mod network_interface;
pub(super) mod network_interface_backend_address_pool_association;
pub(super) mod network_interface_nat_rule_association;
pub(super) mod network_interface_security_group_association;
pub(super) mod network_security_group;
pub(super) mod private_endpoint;
pub(super) mod public_ip;
pub(super) mod route_table;
pub(super) mod subnet;
pub(super) mod subnet_nat_gateway_association;
pub(super) mod subnet_network_security_group_association;
pub(super) mod subnet_route_table_association;
pub(super) mod virtual_network;
pub(super) mod vnet_peering;
