//! Single machines as workloads: stopped while data moves away from their site, started when it is active again.

use std::fmt::Write;

use drplan::apply::FailurePolicy;
use drplan::object::ObjectId;
use drplan::simulator::{Fault, HttpMethod, RequestMatch};
use drplan::state::{ActiveSite, RunKind};
use drplan::steps::{Act, RunEnd, Stage, Task};
use serde_json::json;

use super::incident::{DOWN, DRILL, FORCED, Incident, UP};
use crate::lab::{Lab, simulated};

const PLACES: &str = r#"
stack "desk" {}

site "oslo" {
  provider = "azure"
  location = "norwayeast"
}

site "bergen" {
  provider = "azure"
  location = "norwaywest"
}

resource_group "oslo" {
  site = site.oslo
}

resource_group "bergen" {
  site = site.bergen
}

resource_group "meanwhile" {
  site     = site.bergen
  presence = "failover"
}

virtual_network "oslo" {
  resource_group = resource_group.oslo
  address_space  = ["10.1.0.0/16"]
}

virtual_network "bergen" {
  resource_group = resource_group.bergen
  address_space  = ["10.2.0.0/16"]
}

subnet "oslo" {
  virtual_network  = virtual_network.oslo
  address_prefixes = ["10.1.1.0/24"]
}

subnet "bergen" {
  virtual_network  = virtual_network.bergen
  address_prefixes = ["10.2.1.0/24"]
}

cosmosdb_account "notes" {
  name           = "desk-notes"
  resource_group = resource_group.bergen
  offer_type     = "Standard"

  consistency_policy {
    consistency_level = "Session"
  }
}

geo_replica "notes" {
  source = cosmosdb_account.notes
  site   = site.bergen
}
"#;

/// A machine of this name in a resource group, with an interface in a subnet.
fn machine(name: &str, group: &str, subnet: &str, tags: &str) -> String {
    format!(
        r#"
network_interface "{name}" {{
  resource_group = resource_group.{group}

  ip_configuration {{
    name                          = "internal"
    subnet                        = subnet.{subnet}
    private_ip_address_allocation = "Dynamic"
  }}
}}

linux_virtual_machine "{name}" {{
  resource_group     = resource_group.{group}
  size               = "Standard_D2s_v5"
  admin_username     = "operator"
  network_interfaces = [network_interface.{name}]
  tags               = {{ {tags} }}

  admin_ssh_key {{
    username   = "operator"
    public_key = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIExampleExampleExampleExampleExampleExampleE operator"
  }}

  source_image_reference {{
    publisher = "Canonical"
    offer     = "ubuntu-24_04-lts"
    sku       = "server"
    version   = "24.04.202506060"
  }}

  os_disk {{
    caching              = "ReadWrite"
    storage_account_type = "Premium_LRS"
  }}
}}
"#
    )
}

/// Two machines at home, one at the standby site and one that exists only while it is active. `extra` are arguments of
/// the group.
fn text(extra: &str, tags: &str) -> String {
    let mut text = PLACES.replace("resource_group.bergen\n  offer_type", "resource_group.oslo\n  offer_type");
    for (name, group, subnet) in [
        ("front", "oslo", "oslo"),
        ("batch", "oslo", "oslo"),
        ("spare", "bergen", "bergen"),
        ("while", "meanwhile", "bergen"),
    ] {
        text.push_str(&machine(name, group, subnet, tags));
    }
    let _ = write!(text, "\nfailover_group \"desk\" {{\n  from = site.oslo\n  to   = site.bergen\n{extra}}}\n");
    text
}

async fn incident(extra: &str) -> Incident {
    Incident::of(Lab::new(1), text(extra, "")).await
}

/// The machines that are deallocated.
fn stopped(incident: &Incident) -> Vec<String> {
    let objects = incident.lab.simulator.show().objects;
    let disks = objects.values().filter(|body| body.pointer("/properties/diskState") == Some(&json!("Reserved")));
    let owner = |disk: &serde_json::Value| Some(ObjectId::new(disk.get("managedBy")?.as_str()?).name().to_owned());
    let mut names: Vec<String> = disks.filter_map(owner).collect();
    names.sort();
    names
}

/// The machines that a procedure stops or starts, in order.
async fn powered(incident: &Incident, ask: super::incident::RunRequest) -> Vec<String> {
    let procedure = incident.procedure(ask).await;
    let steps = procedure.steps.steps.iter();
    let power = steps.filter_map(|step| match step.act {
        Act::Task(Task::Power { on }) => {
            Some(format!("{} {} ({})", if on { "start" } else { "stop" }, step.address.name(), step.stage.as_str()))
        }
        _ => None,
    });
    power.collect()
}

#[test]
fn machines_stop_when_their_site_is_left_and_start_when_it_is_active_again() {
    simulated(async {
        let incident = incident("").await;
        assert_eq!(powered(&incident, UP).await, ["stop front (quiesce)", "stop batch (quiesce)"]);
        incident.done(UP).await;
        assert_eq!(stopped(&incident), ["batch", "front"]);
        assert_eq!(incident.changes().await, [""; 0]);
        assert_eq!(
            powered(&incident, DOWN).await,
            [
                "start front (stand_up)",
                "start batch (stand_up)",
                "stop spare (quiesce)",
                "stop while (quiesce)",
                "start spare (take_down)"
            ]
        );
        incident.done(DOWN).await;
        assert_eq!(stopped(&incident), [""; 0]);
        assert_eq!(incident.active(), ActiveSite::Home);
        assert_eq!(incident.changes().await, [""; 0]);
        assert_eq!(incident.left_over(), [""; 0]);
    });
}

#[test]
fn a_group_without_data_serves_until_traffic_has_switched() {
    simulated(async {
        let without = incident("  promote = []\n").await;
        assert_eq!(powered(&without, UP).await, [""; 0]);
        let written = incident("  promote = []\n  quiesce = [linux_virtual_machine.front]\n").await;
        assert_eq!(powered(&written, UP).await, ["stop front (quiesce)"]);
    });
}

#[test]
fn written_quiesce_stops_nothing_else() {
    simulated(async {
        assert_eq!(powered(&incident("  quiesce = []\n").await, UP).await, [""; 0]);
        let one = incident("  quiesce = [linux_virtual_machine.batch]\n").await;
        assert_eq!(powered(&one, UP).await, ["stop batch (quiesce)"]);
        one.done(UP).await;
        assert_eq!(stopped(&one), ["batch"]);
    });
}

#[test]
fn an_apply_while_the_group_is_away_leaves_machines_stopped() {
    simulated(async {
        let mut incident = incident("").await;
        incident.done(UP).await;
        incident.text = text("", r#"owner = "desk""#);
        let applied = incident.lab.apply(&incident.text).await.expect("apply succeeds");
        crate::lab::failures(&applied, "apply").expect("every step succeeds");
        assert_eq!(stopped(&incident), ["batch", "front"]);
        incident.done(DOWN).await;
        assert_eq!(stopped(&incident), [""; 0]);
    });
}

#[test]
fn rollback_starts_what_the_run_stopped() {
    simulated(async {
        let incident = incident("").await;
        let procedure = incident.procedure(UP).await;
        let promote = procedure.steps.steps.iter().find(|step| step.stage == Stage::Promote).expect("a promotion");
        let waits_for: Vec<_> = promote.needs.iter().filter_map(|need| procedure.steps.step(*need)).collect();
        assert!(waits_for.iter().any(|step| step.stage == Stage::Quiesce), "{waits_for:#?}");
        // One machine stops, and the other cannot be stopped.
        let on = RequestMatch {
            verb: Some(HttpMethod::Post),
            provider: None,
            path: Some("*batch/deallocate*".to_owned()),
            times: None,
            probability: None,
        };
        let fault = Fault::Answer { status: 403, code: None, retry_after: None, on };
        incident.lab.simulator.add_fault(fault).expect("the simulator is in memory");
        let stopped_at = incident.begin(UP, FailurePolicy::Stop).await.expect("a run");
        assert_ne!(stopped_at.report.ended, Some(RunEnd::Done));
        assert_eq!(stopped(&incident), ["front"]);
        incident.abort().await.expect("a rollback");
        assert_eq!(stopped(&incident), [""; 0]);
        assert_eq!((incident.open(), incident.left_over()), (None, Vec::new()));
    });
}

#[test]
fn start_needs_capacity_and_is_tried_again() {
    simulated(async {
        let incident = incident("").await;
        incident.done(UP).await;
        let fault = Fault::Capacity {
            location: "norwayeast".to_owned(),
            size: "Standard_D2s_v5".to_owned(),
            late: false,
            instances: None,
        };
        incident.lab.simulator.add_fault(fault).expect("the simulator is in memory");
        let refused = incident.begin(DOWN, FailurePolicy::Stop).await.expect("a run");
        assert_ne!(refused.report.ended, Some(RunEnd::Done));
        // Users are still served by the standby site: nothing there was stopped.
        assert_eq!(stopped(&incident), ["batch", "front"]);
        incident.lab.simulator.clear_faults().expect("the simulator is in memory");
        incident.resume(FailurePolicy::Stop).await.expect("a run");
        assert_eq!((stopped(&incident).as_slice(), incident.active()), ([].as_slice(), ActiveSite::Home));
    });
}

#[test]
fn forced_move_stops_nothing_at_the_lost_site() {
    simulated(async {
        let incident = incident("").await;
        incident.lose();
        incident.wait(60).await;
        let accepted = drplan::steps::Acceptance { split_brain: true, ..FORCED.accepted };
        let procedure = incident.procedure(super::incident::RunRequest { accepted, ..FORCED }).await;
        let avoided: Vec<&str> = procedure.avoided.iter().map(|avoided| avoided.what.as_str()).collect();
        assert_eq!(avoided, ["not stopped: oslo is lost, and traffic no longer goes there"; 2]);
        assert!(procedure.steps.steps.iter().all(|step| !matches!(step.act, Act::Task(Task::Power { .. }))));
    });
}

#[test]
fn drill_stops_nothing_and_says_so() {
    simulated(async {
        let incident = incident("").await;
        let procedure = incident.procedure(DRILL).await;
        assert!(procedure.steps.steps.iter().all(|step| !matches!(step.act, Act::Task(Task::Power { .. }))));
        let notes = procedure.notes.join("\n");
        assert!(notes.contains("linux_virtual_machine.front is not stopped: it is in production"), "{notes}");
        assert!(!notes.contains("spare"), "{notes}");
    });
}

#[test]
fn machines_of_another_group_are_left_alone() {
    simulated(async {
        let second = "\nfailover_group \"other\" {\n  from = site.oslo\n  to   = site.bergen\n  promote = []\n}\n";
        let mut text = text("", "");
        text.push_str(second);
        // Both groups have both sites, and no machine uses a store.
        let lab = Lab::new(1);
        let (stack, _) = Incident::of(lab, text.clone()).await.stack(RunKind::Up);
        assert!(stack.failover_groups.values().all(|group| group.quiesce.is_empty()));
        // One that uses the store of a group belongs to that group.
        let text = text.replacen(
            "  tags               = {  }",
            "  tags               = { store = cosmosdb_account.notes.endpoint }",
            1,
        );
        let (stack, _) = Incident::of(Lab::new(1), text).await.stack(RunKind::Up);
        let quiesced =
            |name: &str| stack.failover_groups[name].quiesce.iter().map(|one| one.name()).collect::<Vec<_>>();
        assert_eq!((quiesced("desk"), quiesced("other")), (vec!["front"], vec![]));
    });
}
