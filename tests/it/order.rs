//! Conflicting resources, locks, and reads that lag behind writes: each is handled in one run, or blocked before any
//! change.

use std::time::Duration;

use drplan::address::Address;
use drplan::plan::{Action, PlanOutcome};
use drplan::simulator::Fault;
use drplan::world::Clock;

use crate::lab::{Lab, changes, failures, simulated};

const BASE: &str = r#"
stack "order" {}
site "east" {
  provider = "azure"
  location = "canadacentral"
}
resource_group "app" { site = site.east }
virtual_network "app" {
  resource_group = resource_group.app
  address_space  = ["10.0.0.0/16"]
}
virtual_network "other" {
  resource_group = resource_group.app
  address_space  = ["10.1.0.0/16"]
}
traffic_manager_profile "app" {
  resource_group         = resource_group.app
  traffic_routing_method = "Priority"
  dns_config {
    relative_name = "drplan-order"
    ttl           = 30
  }
  monitor_config {
    protocol = "HTTPS"
    port     = 443
    path     = "/"
  }
}
"#;

fn subnet(label: &str, range: &str) -> String {
    format!("subnet \"{label}\" {{\n  virtual_network = virtual_network.app\n  address_prefixes = [\"{range}\"]\n}}\n")
}

fn interface(label: &str, subnet: &str) -> String {
    format!(
        "network_interface \"{label}\" {{\n  resource_group = resource_group.app\n  ip_configuration {{\n    name = \"main\"\n    subnet = subnet.{subnet}\n    private_ip_address_allocation = \"Dynamic\"\n  }}\n}}\n"
    )
}

const MACHINE: &str = r#"
linux_virtual_machine "web" {
  resource_group     = resource_group.app
  size               = "Standard_D2s_v5"
  admin_username     = "operator"
  network_interfaces = [network_interface.web]
  admin_ssh_key {
    username   = "operator"
    public_key = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIExampleExampleExampleExampleExampleExampleE op@example"
  }
  source_image_reference {
    publisher = "Canonical"
    offer     = "ubuntu-24_04-lts"
    sku       = "server"
    version   = "latest"
  }
  os_disk {
    caching              = "ReadWrite"
    storage_account_type = "Premium_LRS"
  }
}
"#;

const PEERING: &str = "vnet_peering \"both\" {\n  between = [virtual_network.app, virtual_network.other]\n}\n";
const LOCK: &str = "management_lock \"net\" {\n  scope = virtual_network.app\n  lock_level = \"CanNotDelete\"\n}\n";

/// The actions of a plan, with their resources.
fn actions(planned: &PlanOutcome) -> Vec<String> {
    let changes = planned.plan.changes.iter().filter(|change| change.action != Action::Keep);
    changes.map(|change| format!("{:?} {}", change.action, change.address)).collect()
}

/// Applies in one run without a failure, and expects an empty plan.
async fn settles(lab: &Lab, text: &str) {
    let applied = lab.apply(text).await.unwrap();
    assert_eq!(failures(&applied, "apply"), Ok(()));
    let (planned, _) = lab.plan(text, false).await;
    assert_eq!(changes(&planned), Vec::<String>::new());
}

#[test]
fn address_range_and_priority_are_released_before_reuse() {
    simulated(async {
        let endpoint = |name: &str| {
            format!(
                "traffic_manager_external_endpoint \"main\" {{\n  name = \"{name}\"\n  profile = traffic_manager_profile.app\n  target = \"a.example.com\"\n  priority = 1\n}}\n"
            )
        };
        let lab = Lab::new(3);
        settles(&lab, &format!("{BASE}{}{}", subnet("web", "10.0.1.0/24"), endpoint("first"))).await;
        // One subnet is renamed; the other is replaced by one at another address.
        settles(&lab, &format!("{BASE}{}{}", subnet("wider", "10.0.0.0/22"), endpoint("second"))).await;
    });
}

#[test]
fn remaining_lock_blocks_the_deletion() {
    simulated(async {
        let lab = Lab::new(3);
        let web = subnet("web", "10.0.1.0/24");
        settles(&lab, &format!("{BASE}{web}{PEERING}{LOCK}")).await;
        let (planned, _) = lab.plan(&format!("{BASE}{LOCK}"), false).await;
        let blocked: Vec<String> =
            planned.plan.blocked.iter().map(|blocked| format!("{}: {}", blocked.address, blocked.why)).collect();
        let why = "management_lock.net locks it, and it would be deleted: no longer in the stack; remove management_lock.net first";
        assert_eq!(blocked, [format!("subnet.web: {why}"), format!("vnet_peering.both: {why}")]);
        // A lock removed in the same run and added to another scope does not block the deletion.
        settles(&lab, &format!("{BASE}{}", LOCK.replace("\"net\" {", "\"net\" {\n  name = \"again\""))).await;
    });
}

#[test]
fn peering_with_a_missing_half_is_recreated() {
    simulated(async {
        let lab = Lab::new(3);
        let text = format!("{BASE}{PEERING}");
        settles(&lab, &text).await;
        let peering: Address = "vnet_peering.both".parse().unwrap();
        let half = lab.plan(&text, false).await.0.stack.resources[&peering].objects[0].id.clone();
        lab.simulator.delete_object(&half).unwrap();
        settles(&lab, &text).await;
    });
}

#[test]
fn recent_write_is_not_deleted_by_a_stale_read() {
    simulated(async {
        let lab = Lab::new(3);
        lab.simulator.add_fault(Fault::Stale { seconds: 50.0 }).unwrap();
        // Each of these writes completes at once, so that no step waits until the object is readable.
        let groups = "resource_group \"many\" {\n  for_each = toset([\"a\", \"b\", \"c\", \"other\"])\n  name = each.key\n  site = site.app\n}\n";
        let text = &format!(
            "stack \"late\" {{}}\nsite \"app\" {{\n  provider = \"azure\"\n  location = \"canadacentral\"\n}}\n{groups}"
        );
        settles(&lab, text).await;
        // A really deleted object counts as deleted a minute later.
        let group = lab.standing().into_iter().find(|id| id.name() == "other").unwrap();
        lab.clock.sleep(Duration::from_secs(60)).await;
        lab.simulator.clear_faults().unwrap();
        lab.simulator.delete_object(&group).unwrap();
        let (planned, _) = lab.plan(text, false).await;
        assert_eq!(planned.plan.drift.iter().filter(|drift| drift.gone).count(), 1);
    });
}

#[test]
fn users_of_a_range_are_replaced_with_the_subnet_that_has_it() {
    simulated(async {
        let lab = Lab::new(3);
        let text = |subnet_text: &str, of: &str, more: &str| {
            format!("{BASE}{subnet_text}{}{}", interface("web", of), MACHINE.replace("\n}\n", &format!("\n{more}}}\n")))
        };
        settles(&lab, &text(&subnet("web", "10.0.1.0/24"), "web", "")).await;
        // A range in use is free only once everything in it is deleted.
        let front = subnet("front", "10.0.1.0/24");
        let (planned, _) = lab.plan(&text(&front, "front", "  prevent_destroy = true\n"), false).await;
        let blocked: Vec<String> = planned.plan.blocked.iter().map(|one| one.address.to_string()).collect();
        assert_eq!(blocked, ["linux_virtual_machine.web"]);
        let (planned, _) = lab.plan(&text(&front, "front", ""), false).await;
        let interface =
            planned.plan.changes.iter().find(|change| change.address.kind() == "network_interface").unwrap();
        assert_eq!(interface.reason, "uses subnet.web, which is deleted before another resource takes its place");
        settles(&lab, &text(&front, "front", "")).await;
        // The same with a range that an existing subnet takes.
        let small = subnet("front", "10.0.1.0/24");
        let two = format!("{small}{}", subnet("back", "10.0.2.0/24"));
        settles(&lab, &text(&two, "front", "")).await;
        settles(&lab, &text(&subnet("back", "10.0.0.0/22"), "back", "")).await;
        // A label that changes while the name stays is no change in the cloud.
        let named = |label: &str| subnet(label, "10.0.0.0/22").replace("{\n", "{\n  name = \"back\"\n");
        let (planned, _) = lab.plan(&text(&named("other"), "other", ""), false).await;
        assert_eq!(actions(&planned), ["Rename subnet.other"]);
        settles(&lab, &text(&named("other"), "other", "")).await;
    });
}

#[test]
fn ranges_leave_a_network_after_their_subnets() {
    simulated(async {
        let lab = Lab::new(3);
        let text = |spaces: &str, subnets: &[String]| {
            format!("{}{}", BASE.replacen("[\"10.0.0.0/16\"]", spaces, 1), subnets.concat())
        };
        settles(&lab, &text("[\"10.0.0.0/16\"]", &[subnet("web", "10.0.1.0/24"), subnet("old", "10.0.2.0/24")])).await;
        // All at once, one of them deleted and one created.
        settles(&lab, &text("[\"10.5.0.0/16\"]", &[subnet("web", "10.5.1.0/24"), subnet("new", "10.5.3.0/24")])).await;
        // Addresses move to a subnet in the new range, and the old one leaves.
        let web = interface("web", "web");
        settles(&lab, &text("[\"10.5.0.0/16\"]", &[subnet("web", "10.5.1.0/24"), web])).await;
        let next = [subnet("next", "10.6.1.0/24"), interface("web", "next")];
        settles(&lab, &text("[\"10.6.0.0/16\"]", &next)).await;
        // A range is added, and removed with the subnet in it.
        let two = [next.as_slice(), &[subnet("more", "10.7.1.0/24")]].concat();
        settles(&lab, &text("[\"10.6.0.0/16\", \"10.7.0.0/16\"]", &two)).await;
        settles(&lab, &text("[\"10.6.0.0/16\"]", &next)).await;
        let two = [next.as_slice(), &[subnet("more", "10.7.1.0/24")]].concat();
        settles(&lab, &text("[\"10.6.0.0/16\", \"10.7.0.0/16\"]", &two)).await;
        let moved = [next.as_slice(), &[subnet("more", "10.6.2.0/24")]].concat();
        settles(&lab, &text("[\"10.6.0.0/16\"]", &moved)).await;
    });
}

#[test]
fn public_name_is_released_before_reuse() {
    simulated(async {
        let lab = Lab::new(3);
        let address = |label: &str, name: &str| {
            format!(
                "public_ip \"{label}\" {{\n  name = \"{name}\"\n  resource_group = resource_group.app\n  allocation_method = \"Static\"\n  domain_name_label = \"drplan-order\"\n}}\n"
            )
        };
        let front = |label: &str| {
            format!(
                "lb \"web\" {{\n  resource_group = resource_group.app\n  frontend_ip_configuration {{\n    name = \"front\"\n    public_ip_address = public_ip.{label}\n  }}\n}}\n"
            )
        };
        settles(&lab, &format!("{BASE}{}", address("web", "one"))).await;
        let renamed =
            BASE.replace("traffic_manager_profile \"app\" {", "traffic_manager_profile \"app\" {\n  name = \"other\"");
        let (planned, _) = lab.plan(&format!("{renamed}{}", address("web", "two")), false).await;
        assert_eq!(
            actions(&planned),
            ["Replace(DeleteFirst) traffic_manager_profile.app", "Replace(DeleteFirst) public_ip.web"]
        );
        settles(&lab, &format!("{renamed}{}", address("web", "two"))).await;
        settles(&lab, &format!("{renamed}{}", address("front", "three"))).await;
        // What uses the address stays: the old address gives its label away first.
        settles(&lab, &format!("{renamed}{}{}", address("front", "three"), front("front"))).await;
        let (planned, _) = lab.plan(&format!("{renamed}{}{}", address("front", "four"), front("front")), false).await;
        assert_eq!(actions(&planned), ["Replace(CreateFirst) public_ip.front", "Update lb.web"]);
        settles(&lab, &format!("{renamed}{}{}", address("front", "four"), front("front"))).await;
        settles(&lab, &format!("{renamed}{}{}", address("last", "five"), front("last"))).await;
    });
}
