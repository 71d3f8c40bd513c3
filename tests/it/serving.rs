//! The real binary serving the embedded cloud, for tests that work with it from outside.
#![cfg(unix)]

use std::collections::BTreeMap;
use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};

/// A served cloud, which ends with the test.
pub struct Served {
    child: Child,
    /// What it says that clients have to be told.
    pub settings: BTreeMap<String, String>,
}

impl Drop for Served {
    fn drop(&mut self) {
        let _ended = self.child.kill();
        let _waited = self.child.wait();
    }
}

impl Served {
    /// Serves the world of a directory on a port that is free, so many seconds to the second.
    pub fn begin(dir: &Path, speed: u32) -> Self {
        let mut child = Command::new(env!("CARGO_BIN_EXE_drplan"))
            .args(["simulator", "serve", "--tls", "--port", "0", "--speed", &speed.to_string(), "--state"])
            .arg(dir.join("world"))
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("the binary");
        let mut settings = BTreeMap::new();
        for line in BufReader::new(child.stdout.take().expect("its output")).lines() {
            let line = line.expect("a line");
            let (name, value) = line.strip_prefix("export ").and_then(|line| line.split_once('=')).expect("a setting");
            settings.insert(name.to_owned(), value.to_owned());
            // The last of them.
            if name == "REQUESTS_CA_BUNDLE" {
                break;
            }
        }
        Self { child, settings }
    }
}
