//! The real binary serving the local simulator, for tests that use it from outside.
#![cfg(unix)]

use std::collections::BTreeMap;
use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};

/// A served simulator, stopped at the end of the test.
pub struct ServedSimulator {
    child: Child,
    /// Settings that the command prints for clients.
    pub settings: BTreeMap<String, String>,
}

impl Drop for ServedSimulator {
    fn drop(&mut self) {
        let _ended = self.child.kill();
        let _waited = self.child.wait();
    }
}

impl ServedSimulator {
    /// Serves the simulator of a directory on a free port, with `speed` simulated seconds per second.
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
            // The last setting.
            if name == "REQUESTS_CA_BUNDLE" {
                break;
            }
        }
        Self { child, settings }
    }
}
