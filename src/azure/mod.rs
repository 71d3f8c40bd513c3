//! [`crate::world::Cloud`] over Azure Resource Manager: the real client, from the first day.
//!
//! One transport of our own carries every request: it authenticates, checks where a token may go, retries, keeps to Azure's limits and reads
//! errors. The typed `azure_mgmt_resources` speaks through it for resource groups; everything else is raw JSON, because the typed generic
//! resource loses fields such as `zones`. One poller follows long-running operations. Nothing here knows a resource kind, and nothing waits
//! but by the [`crate::world::Clock`].

mod client;
mod credential;
mod error;
mod pace;
mod poller;
mod registration;
mod retry;
mod signin;
mod surroundings;
#[cfg(test)]
mod tests;
mod throttling;
mod transport;
mod wire;

pub use client::{Azure, AzureConfig};
pub use credential::{Credential, FixedToken, Token};
pub use error::{ArmError, CallError, Detail};
pub use signin::SignIn;
pub use surroundings::{Surroundings, first_set};
pub use transport::ArmTransport;
pub use wire::{Answer, Request, Wire, innermost};
