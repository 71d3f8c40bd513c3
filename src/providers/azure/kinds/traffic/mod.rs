//! Traffic Manager and DNS: the ways by which users reach a site.

pub(super) mod dns_a_record;
pub(super) mod dns_cname_record;
pub(super) mod dns_zone;
pub(super) mod private_dns_zone;
pub(super) mod private_dns_zone_virtual_network_link;
pub(super) mod traffic_manager_azure_endpoint;
pub(super) mod traffic_manager_external_endpoint;
pub(super) mod traffic_manager_health;
pub(super) mod traffic_manager_profile;
