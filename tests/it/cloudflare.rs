//! Cloudflare's own client library against the local simulator behind TLS: the calls of `session.py`, and their
//! outcomes in `session.txt`.
//!
//! Runs on request (`DRPLAN_CLOUDFLARE=1`) and in pipelines (`CI`), because it installs a pinned version of the
//! library, once into `target/cloudflare`. `UPDATE_CLOUDFLARE=1` writes the current output.

#![cfg(unix)]

use super::serving::library_session;

/// Version of the library with which the session was recorded.
const VERSION: &str = "5.9.0";

#[test]
fn library_of_cloudflare_works_with_the_local_simulator() {
    library_session("cloudflare", "cloudflare", VERSION);
}
