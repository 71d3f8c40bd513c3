//! Cloudflare's own client library against the local simulator behind TLS: the calls of `session.py`, and their
//! outcomes in `session.txt`.
//!
//! Runs on request (`DRPLAN_CLOUDFLARE=1`) and in pipelines (`CI`), because it installs a pinned version of the
//! library, once into `target/cloudflare`. `UPDATE_CLOUDFLARE=1` writes the current output.

#![cfg(unix)]

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use super::serving::ServedSimulator;

/// Version of the library with which the session was recorded.
const VERSION: &str = "5.9.0";

/// Python with the library, installed if missing.
fn python(root: &Path) -> PathBuf {
    let home = root.join("target/cloudflare").join(VERSION);
    let python = home.join("bin/python3");
    if !home.join("bin/installed").exists() {
        let ran = |command: &mut Command| {
            assert!(command.status().expect("the command runs").success(), "{command:?}");
        };
        ran(Command::new("python3").arg("-m").arg("venv").arg(&home));
        ran(Command::new(home.join("bin/pip")).args(["install", "--quiet", &format!("cloudflare=={VERSION}")]));
        fs::write(home.join("bin/installed"), "").expect("a mark");
    }
    python
}

#[test]
fn library_of_cloudflare_works_with_the_local_simulator() {
    if ["DRPLAN_CLOUDFLARE", "CI"].iter().all(|name| std::env::var_os(name).is_none()) {
        crate::skipped(
            "Cloudflare's client was NOT run against the local simulator; set DRPLAN_CLOUDFLARE=1 to run it",
        );
        return;
    }
    let root = PathBuf::from(env!("CARGO_MANIFEST_DIR"));
    let python = python(&root);
    let dir = tempfile::tempdir().expect("a directory");
    let served = ServedSimulator::begin(dir.path(), 1000);
    let host = &served.settings["ARM_METADATA_HOSTNAME"];
    let mut session = Command::new(python);
    session.arg(root.join("tests/cloudflare/session.py")).env_clear().env("HOME", dir.path());
    session.env("SSL_CERT_FILE", &served.settings["SSL_CERT_FILE"]).env("SIMULATOR", format!("https://{host}"));
    let ended = session.output().expect("the session runs");
    assert!(ended.status.success(), "{}", String::from_utf8_lossy(&ended.stderr));
    let now = String::from_utf8_lossy(&ended.stdout).into_owned();
    let golden = root.join("tests/cloudflare/session.txt");
    if std::env::var_os("UPDATE_CLOUDFLARE").is_some() {
        fs::write(&golden, &now).expect("the session can be written");
    }
    assert_eq!(fs::read_to_string(&golden).expect("the session"), now, "UPDATE_CLOUDFLARE=1 writes the current output");
}
