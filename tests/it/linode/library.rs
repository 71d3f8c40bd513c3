//! Linode's own client library against the local simulator behind TLS: the calls of `session.py`, and their outcomes in
//! `session.txt`.
//!
//! Runs on request (`DRPLAN_LINODE=1`) and in pipelines (`CI`), because it installs a pinned version of the library,
//! once into `target/linode`. `UPDATE_LINODE=1` writes the current output.

#![cfg(unix)]

use crate::serving::library_session;

/// Version of the library with which the session was recorded.
const VERSION: &str = "5.48.0";

#[test]
fn library_of_linode_works_with_the_local_simulator() {
    library_session("linode", "linode_api4", VERSION);
}
