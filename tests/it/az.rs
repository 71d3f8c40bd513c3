//! The Azure CLI against the local simulator behind TLS: a session of commands with their output, in `session.txt`.
//!
//! Runs on request (`DRPLAN_AZ=1`) and in pipelines (`CI`), because the Azure CLI is large: a pinned version is
//! installed once into `target/azure-cli`. `UPDATE_AZ=1` writes the current output.

#![cfg(unix)]

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use super::serving::ServedSimulator;

/// Azure CLI version with which the session was recorded.
const VERSION: &str = "2.91.0";

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

/// The Azure CLI, installed if missing.
fn az() -> PathBuf {
    let home = root().join("target/azure-cli").join(VERSION);
    let az = home.join("bin/az");
    if !az.exists() {
        eprintln!("installing azure-cli {VERSION} into {}, which takes minutes", home.display());
        let ran = |command: &mut Command| {
            assert!(command.status().expect("the command runs").success(), "{command:?}");
        };
        ran(Command::new("python3").arg("-m").arg("venv").arg(&home));
        ran(Command::new(home.join("bin/pip")).args([
            "install",
            "--quiet",
            "--no-compile",
            &format!("azure-cli=={VERSION}"),
        ]));
    }
    az
}

#[test]
fn azure_cli_works_with_the_local_simulator() {
    if ["DRPLAN_AZ", "CI"].iter().all(|name| std::env::var_os(name).is_none()) {
        crate::skipped("the Azure CLI was NOT run against the local simulator; set DRPLAN_AZ=1 to run it");
        return;
    }
    let bin = az();
    let bin = bin.parent().expect("a directory");
    let dir = tempfile::tempdir().expect("a directory");
    let served = ServedSimulator::begin(dir.path(), 200);
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
        let said = shell.output().expect("the command runs");
        let mut text = String::from_utf8_lossy(&said.stdout).into_owned();
        let errors = String::from_utf8_lossy(&said.stderr).into_owned();
        // Other lines are advice that varies with the version.
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
        fs::write(&golden, &now).expect("the file can be written");
    }
    let diff = similar::TextDiff::from_lines(session.as_str(), now.as_str());
    assert_eq!(session, now, "UPDATE_AZ=1 writes the current output\n{}", diff.unified_diff());
}
