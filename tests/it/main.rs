//! The one test binary.
#![expect(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test ends at what it did not expect")]

mod arguments;
mod check;
mod comments;
mod compute;
mod crash;
mod drill;
mod emit;
mod facts;
mod failover;
mod followed;
mod killed;
mod kinds;
mod lab;
mod layers;
mod order;
mod roles;
mod runs;
mod seeds;
mod served;
mod stacks;
mod traffic;
mod transcripts;
mod web_geo;
mod wrong;
