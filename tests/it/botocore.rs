//! botocore, the core of AWS's own client, against the local simulator behind TLS: the calls of `session.py`, and their
//! outcomes in `session.txt`.
//!
//! Runs on request (`DRPLAN_AWS=1`) and in pipelines (`CI`), because it installs a pinned version of the library, once
//! into `target/aws`. `UPDATE_AWS=1` writes the current output.

#![cfg(unix)]

use super::serving::library_session;

/// Version of the library with which the session was recorded.
const VERSION: &str = "1.44.8";

#[test]
fn core_of_the_client_of_aws_works_with_the_local_simulator() {
    library_session("aws", "botocore", VERSION);
}
