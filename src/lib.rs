//! drplan: disaster recovery as code.
//!
//! Modules by layer. A module uses modules of lower layers, and of its own layer only those listed before it;
//! `tests/it/layers.rs` checks that. Layers 0 to 3 do no I/O, read no clock and cannot fail because of the outside
//! world.
//!
//! - 0: [`address`] names and ids, [`object`] objects in the cloud, [`roles`] of the sides of a replica, [`duration`],
//!   [`ranges`] of addresses, [`value`] known, unknown and sensitive values, [`visible`] text of others, [`command`] a
//!   program with its input, [`language`] the shape of its blocks, [`actions`] of steps, [`diagnostic`] messages,
//!   [`backup`] catalogues of backups, [`parallel`] work on all cores
//! - 1: [`hcl`] text to trees and values, [`kinds`] the shape of the table of a kind
//! - 2: [`graph`] order, [`stack`] the typed stack, [`state`] recorded resources and roles, [`steps`] the steps and
//!   events of a run
//! - 3: [`plan`] changes and their reasons, [`failover`] procedures, [`doctor`] checks of the cloud account, [`check`]
//!   rules of disaster recovery, [`adopt`] existing resources as a stack, [`emit`] Terraform and Bicep, [`review`]
//!   comparison of two stacks, [`reference`] pages of help, explain and schema, [`view`] all of it as text and JSON
//! - 4: [`world`] the ports: cloud, clock, ids, store
//! - 5: [`store`] state on disk, [`run`] the executor, [`apply`] execution of plans and procedures
//! - 6: [`wire`] HTTP for the clients of the providers, these clients, [`host`] the real clock and ids, [`simulator`] a
//!   world of simulated clouds
//! - 7: [`providers`] the list of providers, [`cli`] the command line

pub mod account;
pub mod actions;
pub mod address;
pub mod adopt;
pub mod apply;
pub mod backup;
pub mod check;
pub mod cli;
pub mod command;
pub mod diagnostic;
pub mod doctor;
pub mod duration;
pub mod emit;
pub mod failover;
pub mod graph;
pub mod hcl;
pub mod host;
pub mod kinds;
pub mod language;
pub mod object;
pub mod parallel;
pub mod plan;
pub mod providers;
pub mod ranges;
pub mod reason;
pub mod reference;
pub mod review;
pub mod roles;
pub mod run;
pub mod shell;
pub mod sight;
pub mod simulator;
pub mod stack;
pub mod state;
pub mod steps;
pub mod store;
pub mod value;
pub mod view;
pub mod visible;
pub mod wire;
pub mod world;

/// The version of drplan, followed by the commit it was built from, where known: `0.1.0 (d237a158c2b1)`.
pub const VERSION: &str = env!("DRPLAN_VERSION");
