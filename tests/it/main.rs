//! The one test binary.
#![expect(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test ends at what it did not expect")]

use std::io::Write as _;

mod adopt;
mod arguments;
mod az;
mod bulk;
mod check;
mod comments;
mod compute;
mod crash;
mod drill;
mod emit;
mod engine;
mod facts;
mod failover;
mod followed;
mod killed;
mod kinds;
mod lab;
mod layers;
mod order;
mod port;
mod proxy;
mod roles;
mod runs;
mod seeds;
mod served;
mod serving;
mod stacks;
mod traffic;
mod transcripts;
mod web_geo;
mod wrong;

/// Says that something was not tested. It goes past what the harness holds back of a test that passes, so that it is seen.
fn skipped(what: &str) {
    writeln!(std::io::stderr(), "SKIPPED: {what}").expect("the standard error");
}
