//! The integration test binary.
#![expect(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test may panic")]

use std::io::Write as _;

mod adopt;
mod advice;
mod arguments;
mod aws;
mod aws_images;
mod aws_incidents;
mod aws_replica;
mod aws_tables;
mod az;
mod azcopy;
mod backups;
mod botocore;
mod bulk;
mod cfn_lint;
mod check;
mod cloudflare;
mod clusters;
mod cold_sites;
mod comments;
mod compute;
mod crash;
mod depends;
mod docs;
mod drill;
mod emit;
mod engine;
mod facts;
mod failover;
mod followed;
mod full_disk;
mod fuzzed;
mod groups;
mod identity;
mod killed;
mod kinds;
mod kubectl;
mod kubernetes;
mod lab;
mod launch;
mod layers;
mod limits;
mod links;
mod linode;
mod machine_replica;
mod mistakes;
mod moto;
mod order;
mod others;
mod outside;
mod ownership;
mod pictures;
mod port;
mod privilege;
mod proxy;
mod real_restore;
mod replicas;
mod roles;
mod roots;
mod runs;
mod schemas;
mod secrets;
mod seeds;
mod served;
mod serving;
mod several;
mod side_by_side;
mod stacks;
mod toy;
mod traffic;
mod transcripts;
mod typed;
mod unfinished;
mod unseen;
mod watched;
mod web_geo;
mod words;
mod wrong;

/// True if this variable asks for everything that a test leaves out of a normal run.
fn takes_all(variable: &str) -> bool {
    std::env::var(variable).is_ok_and(|wanted| wanted == "all")
}

/// Reports a skipped test. Writes to stderr directly, because the harness hides captured output of passing tests.
fn skipped(what: &str) {
    writeln!(std::io::stderr(), "SKIPPED: {what}").expect("the standard error");
}
