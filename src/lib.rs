//! The map of drplan: the layers in words; no code.
pub mod address;
pub mod azure;
pub mod cli;
pub mod diagnostic;
pub mod duration;
pub mod hcl;
pub mod host;
pub mod kinds;
pub mod plan;
pub mod run;
pub mod stack;
pub mod state;
pub mod steps;
pub mod store;
pub mod value;
pub mod view;
pub mod world;
