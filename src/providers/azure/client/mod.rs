//! [`crate::world::Cloud`] over Azure Resource Manager.
//!
//! One transport carries every request. It authenticates, checks the origin that a token goes to, retries, keeps to
//! Azure's rate limits and parses errors. Resource groups go through the typed `azure_mgmt_resources` over this
//! transport. Everything else is raw JSON, because the typed generic resource loses fields such as `zones`. One poller
//! follows long-running operations. No code here depends on a resource kind, and every wait uses the
//! [`crate::world::Clock`].

mod blobs;
mod cloud;
mod connect;
mod environment;
mod error;
mod pace;
mod poller;
mod registration;
mod retry;
mod sas;
mod sight;
mod signed_in;
mod signin;
#[cfg(test)]
mod tests;
mod transport;

pub use crate::wire::{BearerToken, Credential, FixedToken, HttpBackend, WireRequest, WireResponse, innermost};
pub use cloud::{Azure, AzureConfig};
pub use connect::connect;
pub use environment::{AzureEnvironment, first_set};
pub use error::{ArmError, CallError, ErrorDetail};
pub use signed_in::signed_in;
pub use signin::SignIn;
pub use transport::ArmTransport;
