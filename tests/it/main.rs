//! The one test binary.
#![expect(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test ends at what it did not expect")]

mod arguments;
mod compute;
mod crash;
mod facts;
mod killed;
mod kinds;
mod lab;
mod layers;
mod seeds;
mod stacks;
mod transcripts;
mod web_geo;
mod wrong;
