//! The kinds of Cloudflare, one file for each: names, arguments and defaults are those of its Terraform provider 5.

mod dns_record;
mod forms;
mod load_balancer;
mod load_balancer_monitor;
mod load_balancer_pool;

use crate::kinds::Kind;

/// All kinds, in the order of the documentation.
pub(super) static ALL: &[&Kind] =
    &[&dns_record::KIND, &load_balancer::KIND, &load_balancer_monitor::KIND, &load_balancer_pool::KIND];
