//! Machines at two regions of Linode behind a record of Cloudflare: the whole life, a failover and a failback.

mod library;
mod names;

use std::collections::BTreeMap;

use drplan::object::ObjectId;
use drplan::simulator::{Fault, HttpMethod, Moment, RequestMatch};
use drplan::state::Status;
use drplan::steps::Acceptance;
use drplan::world::Store;
use drplan::world::{Web as _, WebAnswer};
use serde_json::{Value as Json, json};

use crate::failover::incident::{DOWN, FORCED, Incident, RunRequest, UP};
use crate::lab::{Lab, changes, failures, get, simulated};

const STACK: &str = r#"
stack "hosted" {
  tags = { product = "saas" }

  objectives {
    rto = "10m"
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

  inbound {
    label    = "https-from-the-proxy"
    action   = "ACCEPT"
    protocol = "TCP"
    ports    = "443"
    ipv4     = ["173.245.48.0/20", "103.21.244.0/22"]
  }
}

linode_instance "main" {
  site            = site.main
  type            = "g6-dedicated-8"
  image           = "linode/debian12"
  authorized_keys = ["ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIExampleExampleExampleExampleExampleExampleE example"]
  backups_enabled = true
  firewall        = linode_firewall.web
}

linode_instance "standby" {
  mirrors = linode_instance.main
  site    = site.standby
}

linode_volume "data" {
  site   = site.main
  size   = 40
  linode = linode_instance.main
}

cloudflare_dns_record "www" {
  zone    = "example.com"
  name    = "www.example.com"
  type    = "A"
  ttl     = 1
  proxied = true
  content = linode_instance.main.ip_address
}

failover_group "hosted" {
  from    = site.main
  to      = site.standby
  promote = []
  quiesce = [linode_instance.main]

  route "proxy" {
    record = cloudflare_dns_record.www
    values = {
      main    = linode_instance.main.ip_address
      standby = linode_instance.standby.ip_address
    }
  }

  probe "standby" {
    at     = site.standby
    url    = "https://${linode_instance.standby.ip_address}/healthz"
    within = "1m"
    before = "route"
  }

  probe "users" {
    url    = "https://www.example.com/healthz"
    within = "1m"
  }
}
"#;

const MAIN: &str = "linode:instances/main";
const STANDBY: &str = "linode:instances/standby";

fn body(lab: &Lab, id: &str) -> Json {
    lab.simulator.body(&ObjectId::new(id)).unwrap_or_else(|| panic!("{id} does not exist"))
}

#[test]
fn resources_come_change_and_go() {
    simulated(async {
        let lab = Lab::new(7);
        failures(&lab.apply(STACK).await.unwrap(), "apply").unwrap();
        assert_eq!(changes(&lab.plan(STACK, false).await.0), Vec::<String>::new());
        assert_eq!(body(&lab, MAIN)["region"], "eu-west");
        let tags = body(&lab, MAIN)["tags"].clone();
        let has = |start: &str| tags.as_array().unwrap().iter().any(|tag| tag.as_str().unwrap().starts_with(start));
        assert!(has("product:saas") && has("drplan-stack:hosted") && has("drplan-lineage:"), "{tags}");

        // In place: plan, size, firewall rules. The machines and their addresses stay.
        let before = body(&lab, MAIN)["id"].clone();
        let changed = STACK.replace("g6-dedicated-8", "g6-dedicated-16").replace("size   = 40", "size   = 60");
        let changed = changed.replace("\"443\"", "\"80, 443\"");
        failures(&lab.apply(&changed).await.unwrap(), "apply").unwrap();
        assert_eq!(changes(&lab.plan(&changed, false).await.0), Vec::<String>::new());
        assert_eq!((&body(&lab, MAIN)["id"], &body(&lab, STANDBY)["type"]), (&before, &json!("g6-dedicated-16")));
        assert_eq!(body(&lab, "linode:volumes/data")["size"], 60);

        // Somebody else changes it: drift in the words of the stack.
        lab.simulator.edit(&ObjectId::new(MAIN), "watchdog_enabled", json!(false)).unwrap();
        let (planned, _) = lab.plan(&changed, false).await;
        let drifted: Vec<String> = planned.plan.drift.iter().map(|drift| drift.address.to_string()).collect();
        assert_eq!(drifted, ["linode_instance.main"]);

        failures(&lab.destroy(&changed).await.unwrap(), "destroy").unwrap();
        assert!(lab.standing().is_empty(), "{:?}", lab.standing());
    });
}

#[test]
fn lost_answers_make_nothing_twice() {
    for when in [Moment::Before, Moment::After] {
        simulated(async {
            let lab = Lab::new(7);
            let on = RequestMatch {
                provider: Some("linode".to_owned()),
                verb: Some(HttpMethod::Post),
                times: Some(3),
                ..RequestMatch::default()
            };
            lab.simulator.add_fault(Fault::Drop { when, on }).unwrap();
            failures(&lab.apply(STACK).await.unwrap(), "apply").unwrap();
            assert_eq!(changes(&lab.plan(STACK, false).await.0), Vec::<String>::new());
            let objects = lab.simulator.show().objects;
            assert_eq!(objects.keys().filter(|id| id.as_str().starts_with("linode:")).count(), 4, "{objects:#?}");
            let state = lab.store.load().unwrap().expect("a state");
            assert!(state.resources.values().all(|one| one.status == Status::Standing));
        });
    }
}

#[test]
fn users_are_led_to_the_standby_and_back() {
    simulated(async {
        let lab = Lab::new(7);
        failures(&lab.apply(STACK).await.unwrap(), "apply").unwrap();
        let home = ("main".to_owned(), "eu-west".to_owned());
        let incident = Incident { lab, text: STACK.to_owned(), home, before: BTreeMap::new() };
        let lab = || &incident.lab;
        let led_to = || {
            let record = body(lab(), "cloudflare:zones/example.com/dns_records/A/www.example.com");
            [MAIN, STANDBY].into_iter().find(|id| body(lab(), id)["ipv4"][0] == record["content"]).expect("a machine")
        };
        let serves = async || lab().simulator.fetch(&get("https://www.example.com/healthz")).await;
        assert_eq!((led_to(), serves().await), (MAIN, Ok(WebAnswer::Status(200))));

        incident.done(UP).await;
        assert_eq!((led_to(), serves().await), (STANDBY, Ok(WebAnswer::Status(200))));
        assert_eq!(body(lab(), MAIN)["status"], "offline", "its work is stopped");
        assert_eq!(changes(&lab().plan(STACK, false).await.0), Vec::<String>::new());
        incident.done(DOWN).await;
        assert_eq!((led_to(), serves().await), (MAIN, Ok(WebAnswer::Status(200))));
        assert_eq!(body(lab(), MAIN)["status"], "running");

        incident.lose();
        assert!(serves().await.is_err());
        let accepted = Acceptance { split_brain: true, ..FORCED.accepted };
        incident.done(RunRequest { accepted, ..FORCED }).await;
        assert_eq!((led_to(), serves().await), (STANDBY, Ok(WebAnswer::Status(200))));
    });
}
