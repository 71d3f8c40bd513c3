//! Azure's own command line against the embedded cloud behind TLS: a session of commands with what they print, in `session.txt`.
//!
//! It runs on request (`DRPLAN_AZ=1`) and in pipelines (`CI`), because the command line is large: it is installed into `target/azure-cli`, at a pinned
//! version, once.
//! `UPDATE_AZ=1` writes what is printed now.

#![cfg(unix)]

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use super::serving::Served;

/// The version that the session was recorded with.
const VERSION: &str = "2.91.0";

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

/// Azure's command line, installed where it is not yet.
fn az() -> PathBuf {
    let home = root().join("target/azure-cli").join(VERSION);
    let az = home.join("bin/az");
    if !az.exists() {
        eprintln!("installing azure-cli {VERSION} into {}, which takes minutes", home.display());
        let ran = |command: &mut Command| {
            assert!(command.status().expect("it runs").success(), "{command:?}");
        };
        ran(Command::new("python3").arg("-m").arg("venv").arg(&home));
        ran(Command::new(home.join("bin/pip")).args(["install", "--quiet", &format!("azure-cli=={VERSION}")]));
    }
    az
}

#[test]
fn azures_command_line_believes_the_embedded_cloud() {
    if ["DRPLAN_AZ", "CI"].iter().all(|name| std::env::var_os(name).is_none()) {
        crate::skipped("Azure's command line was NOT run against the embedded cloud; DRPLAN_AZ=1 asks for it");
        return;
    }
    let bin = az();
    let bin = bin.parent().expect("a directory");
    let dir = tempfile::tempdir().expect("a directory");
    let served = Served::begin(dir.path(), 200);
    let settings = &served.settings;
    let path = format!(
        "{}:{}:/usr/bin:/bin",
        bin.display(),
        Path::new(env!("CARGO_BIN_EXE_drplan")).parent().expect("a directory").display()
    );
    let run = |line: &str| {
        let mut shell = Command::new("bash");
        shell
            .arg("-c")
            .arg(line)
            .current_dir(root())
            .env_clear()
            .envs(settings)
            .env("PATH", &path)
            .env("HOME", dir.path());
        shell
            .env("AZURE_CONFIG_DIR", dir.path().join("az"))
            .env("AZURE_CORE_COLLECT_TELEMETRY", "no")
            .env("STATE", dir.path());
        let said = shell.output().expect("it runs");
        let mut text = String::from_utf8_lossy(&said.stdout).into_owned();
        let errors = String::from_utf8_lossy(&said.stderr).into_owned();
        // What is only advice comes and goes with the version.
        text.extend(errors.lines().filter(|line| line.starts_with("ERROR")).map(|line| format!("{line}\n")));
        text
    };
    let golden = root().join("tests/az/session.txt");
    let session = fs::read_to_string(&golden).expect("the session");
    let mut now = String::new();
    for line in session.lines().filter(|line| line.starts_with("$ ") || line.starts_with('#')) {
        if !now.is_empty() {
            now.push('\n');
        }
        now.push_str(&format!("{line}\n"));
        if let Some(command) = line.strip_prefix("$ ") {
            now.push_str(&run(command).replace(&settings["ARM_METADATA_HOSTNAME"], "HOST"));
        }
    }
    if std::env::var_os("UPDATE_AZ").is_some() {
        fs::write(&golden, &now).expect("a file that can be written");
    }
    let diff = similar::TextDiff::from_lines(session.as_str(), now.as_str());
    assert_eq!(session, now, "UPDATE_AZ=1 writes what is printed now\n{}", diff.unified_diff());
}
