//! Names the commit that a release binary was built from.
//!
//! Only optimised builds look at the repository: a development build would otherwise be compiled anew after every commit.

use std::path::Path;
use std::process::Command;

fn main() {
    println!("cargo::rerun-if-env-changed=DRPLAN_COMMIT");
    println!("cargo::rerun-if-changed=build.rs");
    let commit = std::env::var("DRPLAN_COMMIT").ok().filter(|commit| !commit.is_empty()).or_else(|| {
        let optimised = std::env::var("PROFILE").is_ok_and(|profile| profile == "release");
        optimised.then(head).flatten()
    });
    let version = env!("CARGO_PKG_VERSION");
    let version = commit.map_or(version.to_owned(), |commit| format!("{version} ({commit})"));
    println!("cargo::rustc-env=DRPLAN_VERSION={version}");
}

/// The short id of the commit that is checked out; `None` outside of a git repository, as in an unpacked archive.
fn head() -> Option<String> {
    let git = |arguments: &[&str]| {
        let output = Command::new("git").args(arguments).output().ok().filter(|output| output.status.success())?;
        Some(String::from_utf8(output.stdout).ok()?.trim().to_owned())
    };
    // `logs/HEAD` grows with every commit and every checkout.
    let log = git(&["rev-parse", "--git-path", "logs/HEAD"])?;
    if Path::new(&log).exists() {
        println!("cargo::rerun-if-changed={log}");
    }
    let changed = git(&["status", "--porcelain", "--untracked-files=no"])?;
    let id = git(&["rev-parse", "--short=12", "HEAD"])?;
    Some(if changed.is_empty() { id } else { format!("{id}-dirty") })
}
