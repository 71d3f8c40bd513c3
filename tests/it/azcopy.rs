//! The real azcopy between two shares of the served simulator, with signatures of the accounts' keys.
//!
//! Runs on request (`DRPLAN_AZCOPY=1`): a pinned version is installed once into `target/azcopy`. It needs npm and the
//! library libsecret.

#![cfg(unix)]

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use drplan::host::SimClock;
use drplan::object::ObjectId;
use drplan::simulator::{HttpMethod, Request, START, Simulator};
use hmac::{Hmac, KeyInit, Mac};
use serde_json::Value as Json;
use sha2::Sha256;

use crate::serving::ServedSimulator;

/// The version of azcopy, which the recordings have as well.
const VERSION: &str = "10.32.2";

const STACK: &str = r#"
stack "copies" {}

site "prod" {
  provider = "azure"
  location = "westeurope"
}

site "dr" {
  provider = "azure"
  location = "northeurope"
}

resource_group "prod" {
  site = site.prod
}

resource_group "dr" {
  site = site.dr
}

storage_account "prod" {
  name                     = "copiesprod"
  resource_group           = resource_group.prod
  account_tier             = "Standard"
  account_replication_type = "LRS"
}

storage_account "dr" {
  mirrors        = storage_account.prod
  name           = "copiesdr"
  resource_group = resource_group.dr
}

storage_share "prod" {
  name            = "files"
  storage_account = storage_account.prod
  quota           = 10
}

storage_share "dr" {
  mirrors         = storage_share.prod
  storage_account = storage_account.dr
}
"#;

/// The program, installed if missing.
fn azcopy() -> PathBuf {
    let home = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("target/azcopy").join(VERSION);
    let program = home.join("node_modules/@azure-tools/azcopy-linux/dist/bin/azcopy_linux_amd64");
    if !program.exists() {
        fs::create_dir_all(&home).expect("a folder");
        let mut npm = Command::new("npm");
        npm.args(["install", "--no-audit", "--no-fund", "--ignore-scripts", "--prefix"]).arg(&home);
        let package = format!("@azure-tools/azcopy-linux@{VERSION}");
        assert!(npm.arg(package).status().expect("npm runs").success(), "azcopy could not be installed");
    }
    program
}

/// The simulator in a directory while nobody serves it.
fn world(dir: &Path) -> Simulator {
    let clock = Arc::new(SimClock::new(START));
    Simulator::open(drplan::providers::dialects(), &dir.join("world/simulator"), None, clock).expect("the world")
}

/// The id of an account of the stack in the world.
fn account(world: &Simulator, name: &str) -> ObjectId {
    let end = format!("/storageaccounts/{name}");
    let found = world.show().objects.into_keys().find(|id| id.as_str().to_lowercase().ends_with(&end));
    found.expect("the account")
}

/// A signature for all files of an account.
fn signature(world: &Simulator, name: &str) -> String {
    let request = Request {
        verb: HttpMethod::Post,
        path: format!("{}/listKeys", account(world, name)),
        query: BTreeMap::from([("api-version".to_owned(), "2026-04-01".to_owned())]),
        headers: BTreeMap::new(),
        body: Ok(None),
        bytes: Bytes::new(),
    };
    let keys: Json = serde_json::from_slice(&world.handle(&request).body).expect("keys");
    let key = STANDARD.decode(keys["keys"][0]["value"].as_str().expect("a key")).expect("base64");
    let fields = [("sp", "rwdlc"), ("ss", "f"), ("srt", "sco"), ("st", ""), ("se", "2099-01-01T00:00:00Z")];
    let rest = [("sip", ""), ("spr", ""), ("sv", "2025-07-05"), ("ses", "")];
    let all: Vec<(&str, &str)> = fields.into_iter().chain(rest).collect();
    let text: String =
        [name].into_iter().chain(all.iter().map(|(_, value)| *value)).flat_map(|line| [line, "\n"]).collect();
    let mut mac = Hmac::<Sha256>::new_from_slice(&key).expect("a key");
    mac.update(text.as_bytes());
    let sig = STANDARD.encode(mac.finalize().into_bytes());
    let written = all.into_iter().filter(|(_, value)| !value.is_empty()).chain([("sig", sig.as_str())]);
    url::form_urlencoded::Serializer::new(String::new()).extend_pairs(written).finish()
}

/// The paths and sizes of the files in the share of an account.
fn tree(world: &Simulator, name: &str) -> Vec<(String, u64)> {
    let share = ObjectId::new(format!("{}/fileServices/default/shares/files", account(world, name)));
    let files = world.files(&share).expect("a share");
    files.into_iter().map(|file| (file.path, file.bytes)).collect()
}

#[test]
fn azcopy_makes_one_share_like_another() {
    if std::env::var_os("DRPLAN_AZCOPY").is_none() {
        crate::skipped("azcopy was NOT run against the local simulator; set DRPLAN_AZCOPY=1 to run it");
        return;
    }
    let azcopy = azcopy();
    let dir = tempfile::tempdir().expect("a directory");
    fs::write(dir.path().join("stack.hcl"), STACK).expect("the stack");
    fs::write(dir.path().join("large"), vec![7; 5 * 1024 * 1024]).expect("a file");
    let drplan = |line: &str| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_drplan"));
        command.args(line.split(' ')).args(["--state", "world"]).current_dir(dir.path());
        let ended = command.output().expect("the binary");
        assert!(ended.status.success(), "{line}: {}", String::from_utf8_lossy(&ended.stderr));
    };
    drplan("apply --yes --cloud local");
    drplan("simulator files put storage_share.dr web/extra.txt --text extra");
    drplan("simulator pass 1h");
    drplan("simulator files put storage_share.prod web/a.txt --text hello");
    // More than one range.
    drplan("simulator files put storage_share.prod web/sub/large large");
    let signatures = ["copiesprod", "copiesdr"].map(|name| signature(&world(dir.path()), name));

    let sync = |more: &[&str]| {
        let served = ServedSimulator::begin(dir.path(), 1);
        let base = format!("https://{}", served.settings["ARM_METADATA_HOSTNAME"].replace("localhost", "127.0.0.1"));
        let urls = ["copiesprod", "copiesdr"].iter().zip(&signatures);
        let urls = urls.map(|(account, signature)| format!("{base}/{account}/files/web?{signature}"));
        let mut command = Command::new(&azcopy);
        command.arg("sync").args(urls).args(["--recursive=true", "--from-to=FileFile"]).args(more);
        command.env_clear().env("HOME", dir.path()).env("SSL_CERT_FILE", &served.settings["SSL_CERT_FILE"]);
        let ended = command.output().expect("azcopy runs");
        assert!(ended.status.success(), "{}", String::from_utf8_lossy(&ended.stdout));
    };
    sync(&[]);
    let copied = [("web/a.txt".to_owned(), 5), ("web/sub/large".to_owned(), 5 * 1024 * 1024)];
    let with_extra = [copied[0].clone(), ("web/extra.txt".to_owned(), 5), copied[1].clone()];
    assert_eq!(tree(&world(dir.path()), "copiesdr"), with_extra);
    sync(&["--delete-destination=true"]);
    assert_eq!(tree(&world(dir.path()), "copiesdr"), copied);
    assert_eq!(tree(&world(dir.path()), "copiesprod"), copied);
}
