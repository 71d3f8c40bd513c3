//! [`crate::world::Cloud`] over the API of a Kubernetes cluster: reads of workloads, and changes of their number of
//! pods through the scale subresource.
//!
//! A cluster is entered at the first request for something in it (`realm`), with the credentials that its provider
//! returns or that this machine keeps. drplan neither creates nor deletes a workload. Every wait uses the
//! [`crate::world::Clock`]. No code here depends on the provider of a cluster.

mod cloud;
mod connect;
mod error;
mod kubeconfig;
mod login;
mod realm;
mod sight;
#[cfg(test)]
mod tests;
mod transport;

pub use connect::{Kubernetes, connect};
