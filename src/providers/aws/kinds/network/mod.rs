//! Networks of AWS, addresses, and what leads to them.

pub(super) mod eip;
pub(super) mod internet_gateway;
pub(super) mod route53_record;
pub(super) mod route_table;
pub(super) mod security_group;
pub(super) mod subnet;
pub(super) mod vpc;
pub(super) mod vpc_endpoint;
