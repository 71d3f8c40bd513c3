//! Several at once: lost sites, sites of one block, and groups that move with one confirmation.

use std::path::Path;

use serde_json::Value as Json;

use crate::followed::drplan;

/// Three sites of one block, and a record that leads to one of them.
const SITES: &str = r#"
stack "ferry" {}

variable "ports" {
  type    = map(string)
  default = { ayr = "uksouth", bude = "ukwest", cork = "northeurope" }
}

site "port" {
  for_each = var.ports
  provider = "azure"
  location = each.value
}

resource_group "port" {
  for_each = var.ports
  name     = "ferry-${each.key}"
  site     = site.port[each.key]
}

resource_group "names" {
  site = site.port["cork"]
}

dns_zone "ferry" {
  name           = "ferry.example.org"
  resource_group = resource_group.names
}

dns_a_record "quay" {
  for_each = toset(["app", "data"])
  name     = each.key
  zone     = dns_zone.ferry
  ttl      = 30
  records  = ["192.0.2.1"]
}
"#;

/// A group of this name with the record `quay[name]`, and further arguments.
fn group(name: &str, more: &str) -> String {
    format!(
        r#"
failover_group "{name}" {{
  from = site.port["ayr"]
  to   = [site.port["bude"], site.port["cork"]]
  {more}

  route "{name}" {{
    record = dns_a_record.quay["{name}"]
    values = {{ ayr = "192.0.2.1", bude = "192.0.2.2", cork = "192.0.2.3" }}
  }}
}}
"#
    )
}

fn applied(groups: &[String]) -> tempfile::TempDir {
    let dir = tempfile::tempdir().expect("a directory");
    std::fs::write(dir.path().join("stack.hcl"), format!("{SITES}{}", groups.concat())).expect("a file");
    let (text, exit) = drplan(dir.path(), &["apply", "--yes"]);
    assert_eq!(exit, 0, "{text}");
    dir
}

fn json(dir: &Path, words: &[&str]) -> Json {
    let (text, _) = drplan(dir, words);
    serde_json::from_str(&text).unwrap_or_else(|error| panic!("{error}: {text}"))
}

/// The text without its line breaks.
fn flat(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// The active site of a group.
fn active(dir: &Path, group: &str) -> Json {
    json(dir, &["failover-group", "status", "--format", "json"])["groups"][group]["site"].clone()
}

#[test]
fn sites_of_one_block_are_moved_between() {
    let dir = applied(&[group("app", "")]);
    let (text, exit) = drplan(dir.path(), &["failover-group", "up", "--planned", "--to", "port[cork]", "--yes"]);
    assert_eq!(exit, 0, "{text}");
    assert_eq!(active(dir.path(), "app"), "port[\"cork\"]");
    let (text, exit) = drplan(dir.path(), &["failover-group", "down", "--yes"]);
    assert_eq!(exit, 0, "{text}");
    let (text, exit) = drplan(dir.path(), &["plan", "--detailed-exitcode"]);
    assert_eq!(exit, 0, "{text}");
}

#[test]
fn several_lost_sites_are_passed_over() {
    let dir = applied(&[group("app", "")]);
    let lost = ["--lost", "port[ayr]", "--lost", "site.port[\"bude\"]"];
    for site in ["uksouth", "ukwest"] {
        assert_eq!(drplan(dir.path(), &["simulator", "fault", "lose", site]).1, 0);
    }
    let forced = |more: &[&'static str]| [&["failover-group", "up", "--forced"], &lost[..], more].concat();
    let (text, exit) = drplan(dir.path(), &forced(&["--accept-split-brain", "--dry-run"]));
    assert_eq!(exit, 0, "{text}");
    assert!(flat(&text).contains("Lost sites: port[\"ayr\"] and port[\"bude\"]."), "{text}");
    let words = forced(&["--accept-split-brain", "--dry-run", "--format", "json"]);
    let procedure = json(dir.path(), &words);
    assert_eq!(procedure["lost_sites"], serde_json::json!(["port[\"ayr\"]", "port[\"bude\"]"]));
    assert_eq!(procedure["lost"], "port[\"ayr\"]");
    let (text, exit) = drplan(dir.path(), &forced(&["--accept-split-brain", "--yes"]));
    assert_eq!(exit, 0, "{text}");
    assert_eq!(active(dir.path(), "app"), "port[\"cork\"]");
    let runs = json(dir.path(), &["failover-group", "history", "--format", "json"]);
    assert_eq!(runs["runs"][0]["lost_sites"], procedure["lost_sites"]);
}

#[test]
fn no_move_with_every_site_lost() {
    let dir = applied(&[group("app", "")]);
    let words =
        ["failover-group", "up", "--forced", "--lost", "port[ayr]", "--lost", "port[bude]", "--lost", "port[cork]"];
    let (text, exit) = drplan(dir.path(), &words);
    assert_eq!(exit, 4, "{text}");
    assert!(flat(&text).contains("all standby sites of app are lost: port[\"bude\"] and port[\"cork\"]"), "{text}");
}

#[test]
fn all_groups_move_with_one_confirmation_in_the_order_of_their_dependencies() {
    let dir = applied(&[group("app", "depends_on = [failover_group.data]"), group("data", "")]);
    // Without a terminal, the one question cannot be asked.
    let (text, exit) = drplan(dir.path(), &["failover-group", "up", "--all", "--planned"]);
    assert_eq!(exit, 4, "{text}");
    assert!(flat(&text).contains("This moves data, app of ferry on local."), "{text}");
    assert!(flat(&text).contains("drplan failover-group up --planned --all --yes"), "{text}");
    assert_eq!(active(dir.path(), "app"), Json::Null);
    let order = |text: &str| {
        let first = text.find("Failover group data (1 of 2)").unwrap_or(usize::MAX);
        text.find("Failover group app (2 of 2)").is_some_and(|second| first < second)
    };
    let (text, exit) = drplan(dir.path(), &["failover-group", "up", "--all", "--planned", "--yes"]);
    assert_eq!(exit, 0, "{text}");
    assert!(order(&text), "{text}");
    assert_eq!([active(dir.path(), "app"), active(dir.path(), "data")], ["port[\"bude\"]"; 2]);
    // Home in the opposite order.
    let (text, exit) = drplan(dir.path(), &["failover-group", "down", "--all", "--yes"]);
    assert_eq!(exit, 0, "{text}");
    assert!(text.find("Failover group app (1 of 2)") < text.find("Failover group data (2 of 2)"), "{text}");
}

#[test]
fn a_group_does_not_move_without_the_one_it_depends_on() {
    let probe = "probe \"never\" {\n  url = \"https://192.0.2.99/\"\n  status = 418\n  within = \"5s\"\n  before = \"route\"\n }\n";
    let dir = applied(&[group("app", "depends_on = [failover_group.data]"), group("data", probe)]);
    let (text, exit) = drplan(dir.path(), &["failover-group", "up", "--all", "--planned", "--yes"]);
    assert_ne!(exit, 0, "{text}");
    assert!(flat(&text).contains("Not moved: it depends on data, which did not move."), "{text}");
    assert_eq!(active(dir.path(), "app"), Json::Null);
}

#[test]
fn only_parts_of_a_group_are_left_out_of_its_move() {
    let dir = applied(&[group("app", ""), group("data", "")]);
    let up = |more: &[&'static str]| [&["failover-group", "up", "--planned"], more].concat();
    let (text, exit) = drplan(dir.path(), &up(&["--group", "app", "--without", "route.data", "--yes"]));
    assert_eq!(exit, 1, "{text}");
    assert!(flat(&text).contains("--without route.data: failover group app has no such replica or route"), "{text}");
    assert!(flat(&text).contains("Known: route.app."), "{text}");
    // With several groups, each leaves its own parts out.
    let (text, _) = drplan(dir.path(), &up(&["--all", "--without", "route.data", "--dry-run"]));
    assert!(!text.contains("has no such"), "{text}");
    let (text, exit) = drplan(dir.path(), &up(&["--all", "--without", "route.date", "--dry-run"]));
    assert_eq!(exit, 1, "{text}");
}
