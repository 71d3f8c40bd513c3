//! [`crate::world::Cloud`] over AWS's services.
//!
//! Ids above the port follow from names (`names`); those that AWS gives stay here. An object is found by its name
//! before every write, and a creation has a token that follows from the object where AWS takes one (`creates`), so that
//! nothing is made twice. A write goes step by step (`steps`): each request follows from what AWS has and what it
//! should have. What exists in peace time goes through Cloud Control (`control`), which knows every type by its
//! CloudFormation properties; what a failover creates and changes goes the native way, so that a run needs no service
//! but its own. Every wait uses the [`crate::world::Clock`].

mod account;
mod cfn;
mod cloud;
mod codes;
mod connect;
mod control;
mod creates;
mod credentials;
mod described;
mod endpoint;
mod error;
mod form;
mod found;
mod handle;
mod images;
mod look;
mod machines;
mod names;
mod objects;
mod records;
mod references;
mod removals;
mod routes;
mod sight;
mod snapshots;
mod step;
mod steps;
mod tags;
mod templates;
mod tokens;
mod transport;
mod volumes;
mod writes;
mod xml;

pub use connect::connect;
