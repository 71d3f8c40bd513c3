//! drplan: disaster recovery as code.
//!
//! The map, layer by layer. A module uses modules of lower layers, and of its own layer only those that stand before it; `tests/it/layers.rs` holds that.
//! Layers 0 to 3 do no I/O, read no clock and cannot fail because of the world.
//!
//! | layer | modules |
//! |---|---|
//! | 0 | [`address`] names and ids, [`duration`], [`value`] known, unknown and sensitive values, [`diagnostic`] messages |
//! | 1 | [`hcl`] text to trees and values, [`kinds`] one table for each resource kind |
//! | 2 | [`graph`] order, [`stack`] the typed stack, [`state`] what is recorded, [`steps`] what a run does and what happened |
//! | 3 | [`plan`] what changes and why, [`failover`] how users and data move, [`doctor`] whether it could be done from here, [`check`] rules of disaster recovery, [`adopt`] what stands as a stack, [`view`] all of it as text and JSON |
//! | 4 | [`world`] the ports: cloud, clock, ids, store |
//! | 5 | [`store`] state on disk, [`run`] the executor, [`apply`] a plan carried out |
//! | 6 | [`azure`] the client of Resource Manager, [`host`] the real clock and ids, [`simulator`] a Resource Manager of our own |
//! | 7 | [`cli`] the command line |

pub mod address;
pub mod adopt;
pub mod apply;
pub mod azure;
pub mod check;
pub mod cli;
pub mod diagnostic;
pub mod doctor;
pub mod duration;
pub mod emit;
pub mod failover;
pub mod graph;
pub mod hcl;
pub mod host;
pub mod kinds;
pub mod plan;
pub mod review;
pub mod run;
pub mod simulator;
pub mod stack;
pub mod state;
pub mod steps;
pub mod store;
pub mod value;
pub mod view;
pub mod world;

/// Version of drplan, followed by the commit that it was built from where the build knows it: `0.1.0 (d237a158c2b1)`.
pub const VERSION: &str = env!("DRPLAN_VERSION");
