//! The real binary serving the local simulator, for tests that use it from outside.
#![cfg(unix)]

use std::collections::BTreeMap;
use std::fs;
use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};
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

/// Python with a version of a provider's library, installed if missing into a folder of the provider.
pub fn python(home: &Path, package: &str, version: &str) -> PathBuf {
    let home = home.join(version);
    if !home.join("bin/installed").exists() {
        let ran = |command: &mut Command| {
            assert!(command.status().expect("the command runs").success(), "{command:?}");
        };
        ran(Command::new("python3").arg("-m").arg("venv").arg(&home));
        ran(Command::new(home.join("bin/pip")).args(["install", "--quiet", &format!("{package}=={version}")]));
        fs::write(home.join("bin/installed"), "").expect("a mark");
    }
    home.join("bin/python3")
}

/// Runs `session.py` of a provider with a library of its own, and compares the output with `session.txt`.
pub fn library_session(provider: &str, package: &str, version: &str) {
    let variable = |prefix: &str| format!("{prefix}_{}", provider.to_uppercase());
    if [variable("DRPLAN"), "CI".to_owned()].iter().all(|name| std::env::var_os(name).is_none()) {
        crate::skipped(&format!(
            "{package} was NOT run against the local simulator; set {}=1 to run it",
            variable("DRPLAN")
        ));
        return;
    }
    let root = PathBuf::from(env!("CARGO_MANIFEST_DIR"));
    let python = python(&root.join("target").join(provider), package, version);
    let dir = tempfile::tempdir().expect("a directory");
    let served = ServedSimulator::begin(dir.path(), 1000);
    let (host, authority) = (&served.settings["ARM_METADATA_HOSTNAME"], &served.settings["SSL_CERT_FILE"]);
    let sessions = root.join("tests").join(provider);
    let mut session = Command::new(python);
    session.arg(sessions.join("session.py")).env_clear().env("HOME", dir.path());
    session.env("SSL_CERT_FILE", authority).env("REQUESTS_CA_BUNDLE", authority);
    session.env("SIMULATOR", format!("https://{host}"));
    let ended = session.output().expect("the session runs");
    assert!(ended.status.success(), "{}", String::from_utf8_lossy(&ended.stderr));
    let now = String::from_utf8_lossy(&ended.stdout).into_owned();
    let golden = sessions.join("session.txt");
    if std::env::var_os(variable("UPDATE")).is_some() {
        fs::write(&golden, &now).expect("the session can be written");
    }
    let written = fs::read_to_string(&golden).expect("the session");
    assert_eq!(written, now, "{}=1 writes the current output", variable("UPDATE"));
}
