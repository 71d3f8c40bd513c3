//! What cannot stand beside another, what guards, and what cannot be seen yet: each in one run, or refused before anything is done.

use std::time::Duration;

use drplan::address::Address;
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

const PEERING: &str = "vnet_peering \"both\" {\n  between = [virtual_network.app, virtual_network.other]\n}\n";
const LOCK: &str = "management_lock \"net\" {\n  scope = virtual_network.app\n  lock_level = \"CanNotDelete\"\n}\n";

/// Applies in one run without a failure, after which nothing is left to do.
async fn settles(lab: &Lab, text: &str) {
    let applied = lab.apply(text).await.unwrap();
    assert_eq!(failures(&applied, "apply"), Ok(()));
    let (planned, _) = lab.plan(text, false).await;
    assert_eq!(changes(&planned), Vec::<String>::new());
}

#[test]
fn a_range_or_a_priority_is_free_before_another_takes_it() {
    simulated(async {
        let endpoint = |name: &str| {
            format!(
                "traffic_manager_external_endpoint \"main\" {{\n  name = \"{name}\"\n  profile = traffic_manager_profile.app\n  target = \"a.example.com\"\n  priority = 1\n}}\n"
            )
        };
        let lab = Lab::new(3);
        settles(&lab, &format!("{BASE}{}{}", subnet("web", "10.0.1.0/24"), endpoint("first"))).await;
        // One is renamed, the other makes room for one of another address.
        settles(&lab, &format!("{BASE}{}{}", subnet("wider", "10.0.0.0/22"), endpoint("second"))).await;
    });
}

#[test]
fn a_lock_that_stays_refuses_what_it_guards_from() {
    simulated(async {
        let lab = Lab::new(3);
        let web = subnet("web", "10.0.1.0/24");
        settles(&lab, &format!("{BASE}{web}{PEERING}{LOCK}")).await;
        let (planned, _) = lab.plan(&format!("{BASE}{LOCK}"), false).await;
        let blocked: Vec<String> =
            planned.plan.blocked.iter().map(|blocked| format!("{}: {}", blocked.address, blocked.why)).collect();
        let why = "management_lock.net guards it, and it would be deleted: not in the stack any more; take management_lock.net out first";
        assert_eq!(blocked, [format!("subnet.web: {why}"), format!("vnet_peering.both: {why}")]);
        // Taken out with it, and put back elsewhere, it is in nobody's way.
        settles(&lab, &format!("{BASE}{}", LOCK.replace("\"net\" {", "\"net\" {\n  name = \"again\""))).await;
    });
}

#[test]
fn a_peering_that_has_lost_a_half_is_made_anew() {
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
fn what_was_written_a_moment_ago_is_not_gone_because_it_is_not_seen() {
    simulated(async {
        let lab = Lab::new(3);
        lab.simulator.add_fault(Fault::Stale { seconds: 50.0 }).unwrap();
        // Each of these is answered at once, so nothing in the run waits until it can be read.
        let groups = "resource_group \"many\" {\n  for_each = toset([\"a\", \"b\", \"c\", \"other\"])\n  name = each.key\n  site = site.app\n}\n";
        let text = &format!(
            "stack \"late\" {{}}\nsite \"app\" {{\n  provider = \"azure\"\n  location = \"canadacentral\"\n}}\n{groups}"
        );
        settles(&lab, text).await;
        // What is really gone is believed to be gone, a minute later.
        let group = lab.standing().into_iter().find(|id| id.name() == "other").unwrap();
        lab.clock.sleep(Duration::from_secs(60)).await;
        lab.simulator.clear_faults().unwrap();
        lab.simulator.delete_object(&group).unwrap();
        let (planned, _) = lab.plan(text, false).await;
        assert_eq!(planned.plan.drift.iter().filter(|drift| drift.gone).count(), 1);
    });
}
