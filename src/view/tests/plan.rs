//! Views of plans.

use super::*;
use crate::object::ObjectId;
use crate::plan::{Action, ArgumentChange, Change, FailoverProvision, Plan, RoleSummary};
use crate::stack::Presence;
use crate::value::SealedValue;

fn new(address: Address, id: &str) -> Change {
    Change {
        address,
        was: None,
        id: ObjectId::new(id),
        site: "primary".to_owned(),
        location: "canadacentral".to_owned(),
        presence: Presence::Permanent,
        action: Action::Create,
        reason: "new".to_owned(),
        arguments: Vec::new(),
        loses_data: false,
        kind: None,
    }
}

fn plan(changes: Vec<Change>, stand_up: Vec<FailoverProvision>) -> Plan {
    Plan {
        stack: "web".to_owned(),
        basis: Basis { stack: String::new(), lineage: String::new(), serial: 0, role_epoch: 0 },
        changes,
        drift: Vec::new(),
        roles: RoleSummary::default(),
        stand_up,
        outputs: Vec::new(),
        notes: Vec::new(),
        blocked: Vec::new(),
        steps: StepGraph::default(),
    }
}

fn plan_text(plan: &Plan, layout: Layout) -> String {
    anstream::adapter::strip_str(&crate::view::plan::text(plan, CloudName::Local, layout)).to_string()
}

const NETS: &str = "/subscriptions/s/resourceGroups/g/providers/Microsoft.Network/virtualNetworks";

#[test]
fn plan_shows_the_name_and_region_of_a_new_resource() {
    let change = new(address("virtual_network.primary"), &format!("{NETS}/vnet-prod-ca"));
    let text = plan_text(&plan(vec![change], Vec::new()), Layout::default());
    assert!(text.contains("  + create  virtual_network.primary  \"vnet-prod-ca\" in canadacentral (new)\n"), "{text}");
}

#[test]
fn many_like_instances_are_one_line_with_their_number() {
    let subnet = |key: usize| {
        let argument = |path: &str, value: serde_json::Value| ArgumentChange {
            path: path.to_owned(),
            before: None,
            after: Some(SealedValue::from_sealed_json(&value)),
            forces_replace: false,
        };
        let range = argument("address_prefixes", json!([format!("10.0.{key}.0/24")]));
        let network = argument("virtual_network", json!(format!("{NETS}/vnet")));
        let of = Address::new("subnet", "app").instance(&key.to_string());
        Change { arguments: vec![range, network], ..new(of, &format!("{NETS}/vnet/subnets/{key}")) }
    };
    let plan = plan((0..5).map(subnet).collect(), Vec::new());
    let text = plan_text(&plan, Layout::default());
    let expected = format!(
        "  + create  subnet.app[…]  5 instances in canadacentral (new; -v shows each)\n        \
         \"0\", \"1\", \"2\", \"3\", \"4\"\n        \
         virtual_network =\n            \"{NETS}/vnet\"\n        \
         different for each: address_prefixes\n"
    );
    assert!(text.contains(&expected), "{text}");
    assert_eq!(plan_text(&plan, super::full()).matches("  + create  subnet.app[").count(), 5);
}

#[test]
fn group_without_failover_only_resources_prints_nothing_about_them() {
    let none =
        FailoverProvision { group: "web".to_owned(), site: "secondary".to_owned(), resources: Vec::new(), objects: 0 };
    let text = plan_text(&plan(Vec::new(), vec![none]), Layout::default());
    assert_eq!(text, "web on local (no state yet)\n\nNo changes. web matches its configuration.\n");
}
