//! [`crate::world::Cloud`] over Cloudflare's API.
//!
//! Ids above the port follow from names (`names`); those that Cloudflare gives stay here. An object is found by its
//! name before every write, so that a lost answer to a creation is found again and nothing is made twice. Every wait
//! uses the [`crate::world::Clock`]. No code here depends on a resource kind.

mod changes;
mod cloud;
mod connect;
mod error;
mod look;
mod memory;
mod names;
mod references;
mod sight;
#[cfg(test)]
mod tests;
mod together;
mod token;
mod transport;

pub use connect::connect;
pub use memory::Cloudflare;
pub use token::{TOKEN, token};

/// The address of the API.
pub const ENDPOINT: &str = "https://api.cloudflare.com/client/v4/";
