//! [`crate::world::Cloud`] over Linode's API.
//!
//! Ids above the port follow from labels (`names`); the numbers that Linode gives stay here. An object is found by its
//! label before every write, so that a lost answer to a creation is found again and nothing is made twice. A write goes
//! step by step (`steps`): each request follows from what Linode has and what it should have, so that a repetition only
//! does what is left. Every wait uses the [`crate::world::Clock`].

mod body;
mod cloud;
mod connect;
mod error;
mod events;
mod handle;
mod look;
mod names;
mod objects;
mod references;
mod sight;
mod steps;
#[cfg(test)]
mod tests;
mod token;
mod transport;
mod writes;

pub use connect::connect;
pub use handle::Linode;
pub use objects::{ACCESS_KEY, SECRET_KEY};
pub use token::{TOKEN, token};

/// The address of the API.
pub const ENDPOINT: &str = "https://api.linode.com/v4/";
