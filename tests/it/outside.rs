//! A probe of a host outside the simulated world: the run goes on, and nothing is confirmed because of it.

use std::path::Path;
use std::sync::Arc;

use drplan::cli::{self, Session};
use drplan::host::SeededIds;

use crate::transcripts::{CollectedOutput, SEED, words};

const STACK: &str = r#"
stack "kiosk" {
  objectives {
    rto = "30m"
  }
}

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
  site     = site.malmo
  presence = "failover"
}

resource_group "names" {
  site = site.malmo
}

dns_zone "kiosk" {
  name           = "kiosk.example.org"
  resource_group = resource_group.names
}

dns_cname_record "kiosk" {
  name   = "www"
  zone   = dns_zone.kiosk
  ttl    = 30
  record = "oslo.example.org"
}

failover_group "kiosk" {
  from     = site.oslo
  to       = site.malmo
  stand_up = [resource_group.malmo]

  route "name" {
    record = dns_cname_record.kiosk
    values = { oslo = "oslo.example.org", malmo = "malmo.example.org" }
  }

  probe "front" {
    url    = "https://malmo.example.org/up"
    status = 200
    before = "route"
  }
}
"#;

/// Runs one command in a directory; its exit code and all that it said.
fn run(dir: &Path, ids: &Arc<SeededIds>, line: &str) -> (u8, String) {
    let out = CollectedOutput::default();
    let boxed = || Box::new(out.clone());
    let mut session =
        Session::detached(boxed(), boxed(), dir.to_owned(), Arc::clone(ids) as _, drplan::providers::catalog());
    let exit = cli::run(words(line).iter().map(Into::into), &mut session);
    (exit.code(), out.text())
}

/// The reports of the last run.
fn report(dir: &Path) -> String {
    let mut reports: Vec<_> = std::fs::read_dir(dir.join("state/kiosk/local/reports")).unwrap().flatten().collect();
    reports.sort_by_key(std::fs::DirEntry::file_name);
    let last = reports.iter().rev().find(|file| file.path().extension().is_some_and(|extension| extension == "md"));
    std::fs::read_to_string(last.unwrap().path()).unwrap()
}

const UP: &str = "drplan failover-group up --planned --yes";

#[test]
fn run_is_not_confirmed_by_a_host_that_is_not_simulated() {
    let dir = tempfile::tempdir().unwrap();
    let ids = Arc::new(SeededIds::new(SEED));
    std::fs::write(dir.path().join("stack.hcl"), STACK).unwrap();
    assert_eq!(run(dir.path(), &ids, "drplan apply --yes").0, 0);
    let (code, said) = run(dir.path(), &ids, UP);
    assert!(said.contains("GET https://malmo.example.org/up was not sent: the host is not simulated"), "{said}");
    let flat = said.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(flat.contains("not confirmed: the host of probe.front is not simulated"), "{said}");
    assert!(!said.contains("Service restored"), "{said}");
    assert_eq!(code, 1, "{said}");
    let written = report(dir.path());
    assert!(written.contains("RTO 30m not verified") && written.contains("not simulated"), "{written}");
    assert!(!written.contains("verified by probe") && !written.contains(" met."), "{written}");
    let (_, shown) = run(dir.path(), &ids, "drplan failover-group history --format json");
    assert!(shown.contains("is not simulated") && shown.contains("\"served_at\": null"), "{shown}");
    let (_, status) = run(dir.path(), &ids, "drplan failover-group status");
    assert!(status.contains("UNKNOWN") && status.contains("the host is not simulated"), "{status}");
}

#[test]
fn file_of_faults_states_the_answer_of_a_host_outside() {
    let dir = tempfile::tempdir().unwrap();
    let ids = Arc::new(SeededIds::new(SEED));
    std::fs::write(dir.path().join("stack.hcl"), STACK).unwrap();
    std::fs::write(dir.path().join("up.json"), r#"[{"fault": "web", "host": "malmo.*", "status": 200}]"#).unwrap();
    assert_eq!(run(dir.path(), &ids, "drplan apply --yes").0, 0);
    assert_eq!(run(dir.path(), &ids, "drplan simulator fault load up.json").0, 0);
    let (code, said) = run(dir.path(), &ids, UP);
    assert!(said.contains("answered 200") && said.contains("Service restored"), "{said}");
    assert_eq!(code, 0, "{said}");
}
