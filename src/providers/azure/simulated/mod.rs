//! The dialect of Azure Resource Manager: ids, envelopes, API versions, types, the checks of bodies, groups, locks,
//! deployments, and everything else that only this provider has.
//!
//! It must not know stacks, plans and runs, nor the disk. The world knows it as a [`Dialect`] only.
//!
//! [`Dialect`]: crate::simulator::dialect::Dialect

mod absent;
mod actions;
mod activity;
mod admitted;
mod always;
mod bin;
mod blobs;
mod bodies;
mod catalog;
mod cloudlet;
mod completion;
mod delete;
mod deployments;
mod dialect;
mod dispatch;
mod ending;
mod entries;
mod errors;
mod faults;
mod files;
mod fill;
mod filter;
mod groups;
mod hooks;
mod images;
mod launches;
mod lists;
mod locks;
mod metrics;
mod monitor;
mod moves;
mod object;
mod offers;
mod operations;
mod part;
mod places;
mod put;
mod reads;
mod references;
mod registrations;
mod removal;
mod rules;
mod serial;
mod serve;
mod shape;
mod stale;
mod state;
mod tags;
mod target;
mod throttle;
mod types;
mod valid_write;

pub(crate) use dialect::Arm;

/// The name of the provider.
const NAME: &str = "azure";

/// The subscription of the local simulator.
pub const SUBSCRIPTION: &str = super::SIMULATED_SUBSCRIPTION;
/// The tenant of the local simulator.
pub const TENANT: &str = super::SIMULATED_TENANT;
/// The default base URL of the simulated Resource Manager.
pub const BASE: &str = super::SIMULATED_ENDPOINT;

#[cfg(test)]
mod tests;
