//! All kinds of Linode in one stack: their life, kills, adoption, Terraform, and users who are led by a domain.

use std::collections::BTreeMap;

use drplan::object::ObjectId;
use drplan::providers::linode::TABLES;
use drplan::simulator::{Fault, HttpMethod, Moment, RequestMatch};
use drplan::state::Status;
use drplan::steps::RunEnd;
use drplan::world::{Clock as _, Store as _, Web as _, WebAnswer};
use serde_json::{Value as Json, json};
use tower::ServiceExt as _;

use crate::adopt::{adopt_lists, is_whole};
use crate::failover::incident::{DOWN, Incident, RunRequest, UP};
use crate::followed::drplan;
use crate::lab::{Lab, changes, failures, get, in_parallel, simulated};

/// Every kind, and a failover group whose users come by a record of a domain at Linode.
const STACK: &str = r#"
stack "named" {
  tags = { product = "saas" }

  objectives {
    rto = "2h"
  }
}

site "main" {
  provider = "linode"
  location = "eu-west"
}

site "standby" {
  provider = "linode"
  location = "us-east"
}

linode_firewall "web" {
  inbound_policy  = "DROP"
  outbound_policy = "ACCEPT"
}

linode_instance "main" {
  site            = site.main
  type            = "g6-standard-2"
  image           = "linode/debian12"
  authorized_keys = ["ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIExampleExampleExampleExampleExampleExampleE example"]
  firewall        = linode_firewall.web
}

linode_image "golden" {
  linode          = linode_instance.main
  description     = "the web server"
  replica_regions = ["eu-west", "us-east"]
}

linode_instance "standby" {
  mirrors  = linode_instance.main
  site     = site.standby
  image    = linode_image.golden.image_id
  presence = "failover"
}

linode_volume "data" {
  site   = site.main
  size   = 20
  linode = linode_instance.main
}

linode_object_storage_bucket "files" {
  name = "named-files"
  site = site.standby
  acl  = "private"
}

linode_domain "zone" {
  name      = "example.com"
  type      = "master"
  soa_email = "ops@example.com"
}

linode_domain_record "www" {
  domain      = linode_domain.zone.name
  record_type = "A"
  target      = linode_instance.main.ip_address
  ttl_sec     = 300
}

failover_group "named" {
  from    = site.main
  to      = site.standby
  promote = []
  quiesce = [linode_instance.main]

  stand_up = [linode_instance.standby]

  route "dns" {
    record = linode_domain_record.www
    values = {
      main    = linode_instance.main.ip_address
      standby = linode_instance.standby.ip_address
    }
  }

  probe "users" {
    url    = "https://www.example.com/healthz"
    within = "40m"
  }
}
"#;

const WWW: &str = "linode:domains/example.com/records/A/www";
/// Objects of the stack that always exist.
const PERMANENT: usize = 7;

fn body(lab: &Lab, id: &str) -> Json {
    lab.simulator.body(&ObjectId::new(id)).unwrap_or_else(|| panic!("{id} does not exist"))
}

async fn applied() -> Lab {
    let lab = Lab::new(7);
    failures(&lab.apply(STACK).await.unwrap(), "apply").unwrap();
    lab
}

#[test]
fn every_kind_comes_changes_and_goes() {
    simulated(async {
        let lab = applied().await;
        assert_eq!(changes(&lab.plan(STACK, false).await.0), Vec::<String>::new());
        let image = body(&lab, "linode:images/golden");
        assert_eq!((&image["status"], image["regions"].as_array().unwrap().len()), (&json!("available"), 2));

        // In place: words, regions of the image, access of the bucket, times of the zone.
        let edits = [
            ("the web server", "the new web server"),
            ("\"eu-west\", \"us-east\"]", "\"eu-west\", \"us-east\", \"de-fra-2\"]"),
            ("acl  = \"private\"", "acl  = \"public-read\""),
            ("ops@example.com", "dns@example.com"),
            ("ttl_sec     = 300", "ttl_sec     = 30"),
        ];
        let changed = edits.iter().fold(STACK.to_owned(), |text, (old, new)| {
            assert!(text.contains(old), "{old}");
            text.replace(old, new)
        });
        failures(&lab.apply(&changed).await.unwrap(), "apply").unwrap();
        assert_eq!(changes(&lab.plan(&changed, false).await.0), Vec::<String>::new());
        let now = body(&lab, "linode:images/golden");
        assert_eq!((&now["id"], now["regions"].as_array().unwrap().len()), (&image["id"], 3), "the same image");
        assert_eq!(body(&lab, "linode:buckets/named-files")["acl"], "public-read");
        assert_eq!(body(&lab, "linode:domains/example.com")["soa_email"], "dns@example.com");
        assert_eq!(body(&lab, WWW)["ttl_sec"], 30);

        // Somebody else changes the record: drift in the words of the stack.
        lab.simulator.edit(&ObjectId::new(WWW), "ttl_sec", json!(120)).unwrap();
        let (planned, _) = lab.plan(&changed, false).await;
        let drifted: Vec<String> = planned.plan.drift.iter().map(|drift| drift.address.to_string()).collect();
        assert_eq!(drifted, ["linode_domain_record.www"]);

        failures(&lab.destroy(&changed).await.unwrap(), "destroy").unwrap();
        assert!(lab.standing().is_empty(), "{:?}", lab.standing());
    });
}

/// Applies or destroys until nothing is left to do.
async fn finished(lab: &Lab, destroys: bool) -> Result<(), String> {
    let (planned, state) = lab.plan(STACK, destroys).await;
    let command = if destroys { "destroy" } else { "apply" };
    failures(&lab.carry_out(&planned, state, command).await.map_err(|error| error.to_string())?, command)?;
    let left = changes(&lab.plan(STACK, destroys).await.0);
    if !left.is_empty() {
        return Err(format!("the plan is not empty: {left:#?}"));
    }
    let (standing, wanted) = (lab.standing(), if destroys { 0 } else { PERMANENT });
    if standing.len() != wanted {
        return Err(format!("{} objects exist: {standing:#?}", standing.len()));
    }
    let state = lab.store.load().map_err(|error| error.to_string())?.map(|state| state.resources).unwrap_or_default();
    match state.values().all(|one| one.status == Status::Standing) && state.len() == wanted {
        true => Ok(()),
        false => Err(format!("the state is {state:#?}")),
    }
}

#[test]
fn apply_and_destroy_survive_a_kill_at_every_entry() {
    for destroys in [false, true] {
        let (begun, now, entries) = simulated(async {
            let lab = if destroys { applied().await } else { Lab::new(7) };
            let now = lab.clock.now();
            let whole = lab.fork(now);
            let before = whole.store.entries().len();
            finished(&whole, destroys).await.unwrap();
            (lab, now, whole.store.entries().len() - before)
        });
        let wrong = in_parallel(0..entries as u64, |cut| {
            let ended = simulated(async {
                let lab = begun.fork(now);
                lab.store.stop_after(cut as usize);
                let killed = if destroys { lab.destroy(STACK).await } else { lab.apply(STACK).await };
                assert!(killed.is_err(), "the run was not killed");
                lab.store.go_on();
                finished(&lab, destroys).await
            });
            ended
                .err()
                .map(|why| format!("destroy {destroys}, killed after {cut} of {entries}: {why}"))
                .into_iter()
                .collect()
        });
        assert!(wrong.is_empty(), "{}", wrong.join("\n"));
        assert!(entries > 2 * PERMANENT, "{entries}");
    }
}

#[test]
fn lost_answers_make_nothing_twice() {
    for when in [Moment::Before, Moment::After] {
        simulated(async {
            let lab = Lab::new(7);
            let on = RequestMatch {
                provider: Some("linode".to_owned()),
                verb: Some(HttpMethod::Post),
                probability: Some(0.4),
                ..RequestMatch::default()
            };
            lab.simulator.add_fault(Fault::Drop { when, on }).unwrap();
            failures(&lab.apply(STACK).await.unwrap(), "apply").unwrap();
            lab.simulator.clear_faults().unwrap();
            assert_eq!(changes(&lab.plan(STACK, false).await.0), Vec::<String>::new());
            assert_eq!(lab.standing().len(), PERMANENT);
        });
    }
}

#[test]
fn users_follow_a_record_once_the_name_servers_have_it() {
    simulated(async {
        let lab = applied().await;
        lab.clock.sleep(std::time::Duration::from_secs(1000)).await;
        let incident = incident(lab);
        let lab = || &incident.lab;
        let serves = async || lab().simulator.fetch(&get("https://www.example.com/healthz")).await;
        let address = |label: &str| body(lab(), &format!("linode:instances/{label}"))["ipv4"][0].clone();
        assert_eq!((body(lab(), WWW)["target"].clone(), serves().await), (address("main"), Ok(WebAnswer::Status(200))));

        let predicted = incident.procedure(UP).await.predicted.worst.as_secs() / 60;
        assert!(predicted >= 30, "the prediction has the reload of the zone: {predicted} min");
        let began = lab().clock.now();
        let ended = incident.done(UP).await;
        let minutes = lab().clock.now().duration_since(began).as_secs() / 60;
        assert!((15..40).contains(&minutes), "the name servers take their time: {minutes} min");
        assert_eq!(ended.report.ended, Some(RunEnd::Done));
        assert_eq!(body(lab(), WWW)["target"], address("standby"));
        assert_eq!(
            (serves().await, &body(lab(), "linode:instances/main")["status"]),
            (Ok(WebAnswer::Status(200)), &json!("offline"))
        );
        assert_eq!(changes(&lab().plan(STACK, false).await.0), Vec::<String>::new());

        incident.done(DOWN).await;
        assert_eq!((body(lab(), WWW)["target"].clone(), serves().await), (address("main"), Ok(WebAnswer::Status(200))));
        assert_eq!(lab().standing().len(), PERMANENT, "the failover-only machine is gone");
    });
}

fn incident(lab: Lab) -> Incident {
    let home = ("main".to_owned(), "eu-west".to_owned());
    Incident { lab, text: STACK.to_owned(), home, before: BTreeMap::new() }
}

/// The preflight checks that block a run.
async fn refusals(incident: &Incident, ask: RunRequest) -> Vec<String> {
    let procedure = incident.procedure(ask).await;
    let refused = procedure.guards.iter().filter(|check| format!("{:?}", check.verdict) == "Refuses");
    refused.map(|check| format!("{}: {}", check.rule, check.what)).collect()
}

#[test]
fn plan_that_the_standby_region_does_not_have_blocks_a_move() {
    simulated(async {
        let lab = applied().await;
        let now = lab.clock.now();
        assert_eq!(refusals(&incident(lab.fork(now)), UP).await, Vec::<String>::new());
        let (location, size) = ("us-east".to_owned(), "g6-standard-2".to_owned());
        lab.simulator.add_fault(Fault::Capacity { location, size, late: false, instances: None }).unwrap();
        assert_eq!(
            refusals(&incident(lab), UP).await,
            ["capacity: the plan g6-standard-2 is not available in us-east now"]
        );
    });
}

#[test]
fn lock_of_a_machine_that_a_run_deletes_blocks_it() {
    simulated(async {
        let lab = applied().await;
        lab.clock.sleep(std::time::Duration::from_secs(1000)).await;
        let incident = incident(lab);
        incident.done(UP).await;
        assert_eq!(refusals(&incident, DOWN).await, Vec::<String>::new());
        let machine = body(&incident.lab, "linode:instances/standby")["id"].clone();
        let lock = json!({ "entity_id": machine, "entity_type": "linode", "lock_type": "cannot_delete" });
        let request =
            axum::http::Request::post("https://api.linode.com/v4/locks").header("authorization", "Bearer any");
        let request = request.body(axum::body::Body::from(lock.to_string())).expect("a request");
        assert_eq!(incident.lab.simulator.router().oneshot(request).await.expect("an answer").status(), 200);
        let refused = refusals(&incident, DOWN).await;
        assert!(refused.iter().any(|why| why.contains("cannot_delete lock of standby) blocks")), "{refused:?}");
    });
}

#[test]
fn whole_account_is_adopted_and_plans_empty() {
    simulated(async {
        let mut lab = applied().await;
        let adopted = adopt_lists(&mut lab, &TABLES).await.unwrap();
        is_whole(&lab, &adopted).await.unwrap();
        let mut kinds = adopted.kinds.clone();
        kinds.sort();
        kinds.dedup();
        assert_eq!(kinds.len(), PERMANENT, "{}", adopted.text);
    });
}

#[test]
fn domain_is_a_data_source_and_the_disk_an_attribute_in_terraform() {
    let dir = tempfile::tempdir().expect("a directory");
    let text = STACK.replace("linode_domain_record \"www\" {", "linode_domain_record \"www\" {\n  name = \"@\"");
    std::fs::write(dir.path().join("stack.hcl"), text).expect("a file");
    let (said, exit) = drplan(dir.path(), &["emit", "terraform", "--out", "tf"]);
    assert_eq!(exit, 0, "{said}");
    let files = std::fs::read_dir(dir.path().join("tf")).expect("the code").flatten();
    let code: String = files.filter_map(|file| std::fs::read_to_string(file.path()).ok()).collect();
    let code = code.split_whitespace().collect::<Vec<_>>().join(" ");
    for wanted in [
        "data \"linode_domain\" \"www\" { domain = linode_domain.zone.domain",
        "disk_id = linode_instance.main.disk[0].id",
        "linode_id = linode_instance.main.id",
        "replica_regions = [\"eu-west\", \"us-east\"]",
        "image = linode_image.golden.id",
        "name = \"\"",
    ] {
        assert!(code.contains(wanted), "`{wanted}` is missing in {code}");
    }
}
