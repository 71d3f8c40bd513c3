//! `failover-group status --watch` while the world changes.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use drplan::cli::{self, Session};
use drplan::host::SeededIds;
use serde_json::Value as Json;

use crate::transcripts::{CollectedOutput, SEED, words};

/// Two sites, and users who follow a record.
const STACK: &str = r#"
stack "desk" {}

site "oslo" {
  provider = "azure"
  location = "norwayeast"
}

site "malmo" {
  provider = "azure"
  location = "swedencentral"
}

resource_group "oslo" {
  site = site.oslo
}

resource_group "malmo" {
  site = site.malmo
}

virtual_network "oslo" {
  resource_group = resource_group.oslo
  address_space  = ["10.1.0.0/16"]
}

dns_zone "desk" {
  name           = "desk.example.org"
  resource_group = resource_group.malmo
}

dns_cname_record "desk" {
  name   = "www"
  zone   = dns_zone.desk
  ttl    = 30
  record = "oslo.example.org"
}

failover_group "desk" {
  from = site.oslo
  to   = site.malmo

  route "name" {
    record = dns_cname_record.desk
    values = { oslo = "oslo.example.org", malmo = "malmo.example.org" }
  }

  probe "front" {
    url    = "https://www.desk.example.org/up"
    status = 200
    within = "2m"
  }
}
"#;

fn session(dir: &Path, ids: &Arc<SeededIds>, out: &CollectedOutput) -> Session {
    Session::detached(
        Box::new(out.clone()),
        Box::new(std::io::sink()),
        dir.to_owned(),
        Arc::clone(ids) as _,
        drplan::providers::catalog(),
    )
}

/// The output of a watch; each of these commands runs at one of its pauses.
fn watched(line: &str, meanwhile: &[&str], is_terminal: bool) -> String {
    let dir = tempfile::tempdir().unwrap();
    let ids = Arc::new(SeededIds::new(SEED));
    std::fs::write(dir.path().join("stack.hcl"), STACK).unwrap();
    std::fs::write(dir.path().join("down.json"), r#"[{"fault": "web", "host": "www.*", "status": 503}]"#).unwrap();
    std::fs::write(dir.path().join("up.json"), r#"[{"fault": "web", "host": "oslo.*", "status": 200}]"#).unwrap();
    let run = {
        let (dir, ids) = (dir.path().to_owned(), Arc::clone(&ids));
        move |line: &str| {
            let exit =
                cli::run(words(line).iter().map(Into::into), &mut session(&dir, &ids, &CollectedOutput::default()));
            assert_eq!(exit.code(), 0, "{line}");
        }
    };
    run("drplan apply --yes");
    run("drplan simulator fault load up.json");
    let out = CollectedOutput::default();
    let mut watching = session(dir.path(), &ids, &out);
    watching.terminal.out = is_terminal;
    watching.out_size = || Some((100, 30));
    let mut meanwhile = meanwhile.iter().map(|line| (*line).to_owned()).collect::<Vec<_>>().into_iter();
    watching.pause = Box::new(move |length| {
        assert_eq!(length, Duration::from_secs(7));
        meanwhile.next().inspect(|line| run(line)).is_none()
    });
    let exit = cli::run(words(line).iter().map(Into::into), &mut watching);
    assert_eq!(exit.code(), 0, "a stopped watch has done what it should");
    out.text()
}

const MEANWHILE: &[&str] = &[
    "drplan simulator pass 30s",
    "drplan simulator fault load down.json",
    "drplan simulator pass 30s",
    "drplan simulator fault lose norwayeast",
    "drplan simulator pass 30s",
];

#[test]
fn watch_prints_a_json_document_on_each_change_and_needs_five_seconds_for_a_lost_region() {
    let text = watched("drplan failover-group status --watch --every 7s --format json", MEANWHILE, false);
    let documents: Vec<Json> = text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let summaries: Vec<&Json> = documents.iter().map(|document| &document["summary"]).collect();
    assert_eq!(documents.len(), 3, "{summaries:?}");
    let marks: Vec<&str> = documents.iter().map(|document| document["mark"].as_str().unwrap()).collect();
    assert_eq!(marks, ["ok", "alert", "alert"], "{summaries:?}");
    assert_eq!(documents[1]["standings"][0]["endpoints"][0]["served"], false);
    assert_eq!(documents[2]["sites"][1]["responds"], false, "{}", documents[2]["sites"]);
    let command = documents[2]["next"][0]["command"].as_str().unwrap();
    assert_eq!(command, "drplan failover-group up --forced --lost oslo");
    // Between the second and the third document the world passed 30s, and the reads of two rounds.
    let at = |at: usize| documents[at]["at"].as_str().unwrap().parse::<jiff::Timestamp>().unwrap();
    let passed = at(2).duration_since(at(1)).as_secs();
    assert!((30..=36).contains(&passed), "{passed}s");
}

#[test]
fn watch_on_a_terminal_draws_one_page_over_the_other() {
    let text = watched("drplan failover-group status --watch --every 7s", MEANWHILE, true);
    assert_eq!(text.matches("\x1b[2J").count(), 1);
    assert!(text.ends_with("\x1b[J"), "nothing of a longer page stays");
    let pages = text.split("\x1b[H").skip(1).map(|page| anstream::adapter::strip_str(page).to_string());
    let pages: Vec<String> = pages.collect();
    assert_eq!(pages.len(), MEANWHILE.len() + 1);
    assert!(pages[0].contains("OK: ") && pages[0].contains("Every 7s. Ctrl-C ends it."), "{}", pages[0]);
    let last = pages.last().unwrap();
    assert!(last.contains("ALERT: oslo does not respond"), "{last}");
    assert!(last.contains("drplan failover-group up --forced --lost oslo"), "{last}");
}
