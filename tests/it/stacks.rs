//! Life cycle of every starter stack: it loads, is created, replans empty, is changed in place, and is destroyed
//! completely.

use std::path::{Path, PathBuf};

use drplan::plan::Action;
use drplan::run::StepOutcome;

use crate::lab::{Lab, changes, simulated};

/// An edit of each stack that changes a resource in place: the replaced text, its replacement, and the updated
/// resources.
const EDITS: &[(&str, &str, &str, &[&str])] = &[
    (
        "hub-spoke",
        "idle_timeout_in_minutes = 10",
        "idle_timeout_in_minutes = 20",
        &["nat_gateway.site[\"central\"]", "nat_gateway.site[\"east\"]"],
    ),
    ("images", "instances      = 8", "instances = 12", &["linux_virtual_machine_scale_set.render"]),
    ("postgres-warm", ": 7\n", ": 14\n", &["postgresql_flexible_server.ledger"]),
    (
        "postgres-warm",
        "expected_status_code_ranges  = [\"200-204\"]",
        "expected_status_code_ranges = []",
        &["traffic_manager_profile.ledger"],
    ),
    ("saas-three-sites", "ports    = \"443\"", "ports    = \"443, 8443\"", &["linode_firewall.web"]),
    ("shop", "= [\"203.0.113.10\"]", "= [\"203.0.113.11\"]", &["storage_account.files"]),
    ("web-geo", "default = 4", "default = 6", &["linux_virtual_machine_scale_set.web"]),
    (
        "web-proxy",
        "default     = 4",
        "default     = 6",
        &["linux_virtual_machine_scale_set.web", "linux_virtual_machine_scale_set.web-standby"],
    ),
    (
        "web-proxy",
        "proxied = true",
        "proxied = true\n  comment = \"the shop\"",
        &["cloudflare_dns_record.apex", "cloudflare_dns_record.www"],
    ),
];

/// Directories of the stacks.
pub fn stacks() -> Vec<PathBuf> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("stacks");
    let mut found: Vec<PathBuf> =
        root.read_dir().expect("the stacks").map(|entry| entry.expect("an entry").path()).collect();
    found.sort();
    found
}

fn name(dir: &Path) -> &str {
    dir.file_name().and_then(|name| name.to_str()).expect("a name")
}

/// Files of a stack, by name.
fn files(dir: &Path) -> Vec<(String, String)> {
    let mut files: Vec<(String, String)> = dir
        .read_dir()
        .expect("a stack")
        .map(|entry| entry.expect("an entry").path())
        .map(|path| (name(&path).to_owned(), std::fs::read_to_string(&path).expect("a text")))
        .collect();
    files.sort();
    files
}

/// A lab for a stack, with the variable values of its demonstration, and the stack's text.
pub fn lab(dir: &Path) -> (Lab, String) {
    let mut lab = Lab::new(11);
    lab.files = files(dir);
    let values = lab.files.iter().find(|(name, _)| name == "demo.vars.hcl");
    for line in values.iter().flat_map(|(_, text)| text.lines()).filter(|line| !line.starts_with('#')) {
        let Some((name, value)) = line.split_once('=') else { continue };
        lab.variables.push((name.trim().to_owned(), value.trim().trim_matches('"').to_owned()));
    }
    let is_stack = |name: &str| name.ends_with(".hcl") && !name.ends_with(".vars.hcl");
    let text: Vec<&str> = lab.files.iter().filter(|(name, _)| is_stack(name)).map(|(_, text)| text.as_str()).collect();
    let text = text.join("\n");
    (lab, text)
}

async fn applied(lab: &Lab, text: &str) {
    let applied = lab.apply(text).await.expect("the state can be written");
    let failed: Vec<&StepOutcome> = applied
        .report
        .fates
        .iter()
        .filter(|fate| matches!(fate, StepOutcome::Failed(..) | StepOutcome::Unknown(..)))
        .collect();
    assert!(failed.is_empty(), "{failed:#?}");
    assert_eq!(applied.report.ended, Some(drplan::steps::RunEnd::Done));
    let (again, _) = lab.plan(text, false).await;
    assert_eq!(changes(&again), [""; 0]);
    assert_eq!(again.plan.drift, []);
}

fn has_a_full_life_cycle(name: &str) {
    let dir = Path::new(env!("CARGO_MANIFEST_DIR")).join("stacks").join(name);
    let (lab, mut text) = lab(&dir);
    simulated(async {
        let (first, _) = lab.plan(&text, false).await;
        let other: Vec<_> = first.plan.changes.iter().filter(|change| change.action != Action::Create).collect();
        assert!(other.is_empty(), "{other:#?}");
        applied(&lab, &text).await;

        for (_, old, new, expected) in EDITS.iter().filter(|(stack, ..)| *stack == name) {
            assert!(text.contains(old), "the stack does not contain `{old}`");
            let edited = text.replacen(old, new, 1);
            let (planned, _) = lab.plan(&edited, false).await;
            let expected: Vec<String> = expected.iter().map(|address| format!("Update {address} ")).collect();
            let planned = changes(&planned);
            let as_expected = planned.len() == expected.len()
                && planned.iter().all(|change| expected.iter().any(|begin| change.starts_with(begin)));
            assert!(as_expected, "`{new}`: {planned:#?}");
            applied(&lab, &edited).await;
            text = edited;
        }

        let gone = lab.destroy(&text).await.expect("the state can be written");
        assert_eq!(gone.report.ended, Some(drplan::steps::RunEnd::Done), "{:#?}", gone.report.fates);
        assert_eq!(lab.standing(), []);
        assert!(gone.state.resources.is_empty());
    });
}

/// One test for each stack, and one that fails if a stack has none.
macro_rules! stacks {
    ($($test:ident: $name:literal,)*) => {
        const TESTED: &[&str] = &[$($name),*];
        $(#[test]
        fn $test() {
            has_a_full_life_cycle($name);
        })*
    };
}

stacks! {
    hub_spoke: "hub-spoke",
    images: "images",
    postgres_warm: "postgres-warm",
    saas_three_sites: "saas-three-sites",
    shop: "shop",
    web_geo: "web-geo",
    web_proxy: "web-proxy",
}

#[test]
fn every_starter_stack_has_a_test_and_an_edit() {
    let found: Vec<String> = stacks().iter().map(|dir| name(dir).to_owned()).collect();
    assert_eq!(found, TESTED);
    for stack in &found {
        assert!(EDITS.iter().any(|(edited, ..)| edited == stack), "no edit of {stack} is tested");
    }
}

#[test]
fn every_file_is_formatted() {
    for dir in stacks() {
        for (file, text) in files(&dir).iter().filter(|(file, _)| file.ends_with(".hcl")) {
            let formatted = drplan::hcl::format(text).expect("the file parses");
            assert!(formatted == *text, "{}/{file} is not formatted; run `drplan fmt`", dir.display());
        }
    }
}
