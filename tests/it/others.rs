//! Changes by others: values that an autoscaler or the provider owns stay, and values that the provider has copied
//! from other objects are kept up to date.

use drplan::object::ObjectId;
use drplan::plan::{Action, Order, PlanOutcome};
use drplan::providers::azure::simulated::SUBSCRIPTION;
use serde_json::{Value as Json, json};

use crate::kinds::SITES;
use crate::lab::{Lab, changes, failures, simulated};

fn id(rest: &str) -> ObjectId {
    ObjectId::new(format!("/subscriptions/{SUBSCRIPTION}/resourceGroups/{rest}"))
}

fn body(lab: &Lab, id: &ObjectId) -> Json {
    lab.simulator.show().objects.get(id).cloned().unwrap_or_default()
}

async fn apply(lab: &Lab, text: &str) {
    failures(&lab.apply(text).await.unwrap(), "apply").unwrap();
    assert_is_settled(&lab.plan(text, false).await.0);
}

fn assert_is_settled(planned: &PlanOutcome) {
    assert_eq!((changes(planned), &planned.plan.drift), (Vec::new(), &Vec::new()));
}

const SET: &str = "example/providers/Microsoft.Compute/virtualMachineScaleSets/example";

/// A scale set whose line of `instances` is this one.
fn scale_set(instances: &str) -> String {
    let kind = drplan::providers::azure::TABLES.kind("linux_virtual_machine_scale_set").unwrap();
    format!("{SITES}{}", kind.example).replace("  instances      = 2\n", instances)
}

fn capacity(lab: &Lab) -> Json {
    body(lab, &id(SET))["sku"]["capacity"].clone()
}

#[test]
fn an_ignored_argument_belongs_to_somebody_else() {
    simulated(async {
        let lab = Lab::new(3);
        let text = scale_set("  instances = 2\n  ignore_changes = [instances]\n");
        apply(&lab, &text).await;
        assert_eq!(capacity(&lab), 2, "written at creation");
        lab.simulator.edit(&id(SET), "sku.capacity", json!(9)).unwrap();
        assert_is_settled(&lab.plan(&text, false).await.0);

        // Another change leaves it alone, and the text's own number has no effect.
        let other = text.replace("instances = 2", "instances = 4").replace("D2s_v5", "D4s_v5");
        let (planned, state) = lab.plan(&other, false).await;
        assert_eq!(changes(&planned).len(), 1);
        assert!(!changes(&planned)[0].contains("instances"), "{:?}", changes(&planned));
        failures(&lab.carry_out(&planned, state, "apply").await.unwrap(), "apply").unwrap();
        assert_eq!((capacity(&lab), &body(&lab, &id(SET))["sku"]["name"]), (json!(9), &json!("Standard_D4s_v5")));

        // Without the rule, the text counts again.
        apply(&lab, &scale_set("  instances = 4\n").replace("D2s_v5", "D4s_v5")).await;
        assert_eq!(capacity(&lab), 4);
    });
}

#[test]
fn a_scale_set_without_a_number_of_instances_keeps_its_own() {
    simulated(async {
        let lab = Lab::new(3);
        apply(&lab, &scale_set("")).await;
        assert_eq!(capacity(&lab), 0);
        lab.simulator.edit(&id(SET), "sku.capacity", json!(7)).unwrap();
        assert_is_settled(&lab.plan(&scale_set(""), false).await.0);
        apply(&lab, &scale_set("").replace("D2s_v5", "D4s_v5")).await;
        assert_eq!(capacity(&lab), 7);
        apply(&lab, &scale_set("  instances = 3\n")).await;
        assert_eq!(capacity(&lab), 3);
        apply(&lab, &scale_set("")).await;
        assert_eq!(capacity(&lab), 3);
    });
}

#[test]
fn a_disk_that_the_provider_enlarges_is_no_drift() {
    simulated(async {
        let lab = Lab::new(3);
        let kind = drplan::providers::azure::TABLES.kind("postgresql_flexible_server").unwrap();
        let text = |grows: bool, size: u32| {
            format!("{SITES}{}", kind.example).replace(
                "storage_mb             = 131072",
                &format!("storage_mb = {size}\n  auto_grow_enabled = {grows}"),
            )
        };
        apply(&lab, &text(true, 131_072)).await;
        let server = lab.standing().into_iter().find(|id| id.as_str().contains("flexibleServers")).unwrap();
        lab.simulator.edit(&server, "properties.storage.storageSizeGB", json!(256)).unwrap();
        assert_is_settled(&lab.plan(&text(true, 131_072), false).await.0);
        let (planned, _) = lab.plan(&text(true, 524_288), false).await;
        assert!(changes(&planned)[0].contains("storage_mb: 262144 -> 524288"), "{:?}", changes(&planned));
    });
}

const PEERED: &str = r#"
resource_group "peered" {
  site = site.east
}

virtual_network "one" {
  resource_group = resource_group.peered
  address_space  = ["10.1.0.0/16"]
}

virtual_network "two" {
  resource_group = resource_group.peered
  address_space  = ["10.2.0.0/16"]
}

vnet_peering "both" {
  between = [virtual_network.one, virtual_network.two]
}
"#;

fn halves(lab: &Lab) -> Vec<String> {
    let network = |name: &str| {
        let half = format!("peered/providers/Microsoft.Network/virtualNetworks/{name}/virtualNetworkPeerings/both");
        let properties = &body(lab, &id(&half))["properties"];
        format!("{} {}", properties["peeringState"], properties["peeringSyncLevel"]).replace('"', "")
    };
    vec![network("one"), network("two")]
}

const IN_SYNC: [&str; 2] = ["Connected FullyInSync", "Connected FullyInSync"];

#[test]
fn a_peering_follows_the_ranges_of_its_networks() {
    simulated(async {
        let lab = Lab::new(3);
        let text = format!("{SITES}{PEERED}");
        apply(&lab, &text).await;
        assert_eq!(halves(&lab), IN_SYNC);
        let larger = text.replace("[\"10.2.0.0/16\"]", "[\"10.2.0.0/16\", \"10.9.0.0/16\"]");
        let (planned, _) = lab.plan(&larger, false).await;
        let peering = changes(&planned).into_iter().find(|line| line.contains("vnet_peering.both")).unwrap();
        assert_eq!(peering, "Update vnet_peering.both (the address_space of virtual_network.two changes) []");
        apply(&lab, &larger).await;
        assert_eq!(halves(&lab), IN_SYNC);
    });
}

#[test]
fn a_peering_out_of_sync_is_drift_and_is_mended() {
    simulated(async {
        let lab = Lab::new(3);
        let text = format!("{SITES}{PEERED}");
        apply(&lab, &text).await;
        let half = "peered/providers/Microsoft.Network/virtualNetworks/one/virtualNetworkPeerings/both";
        lab.simulator.edit(&id(half), "properties.peeringSyncLevel", json!("LocalNotInSync")).unwrap();
        let (planned, state) = lab.plan(&text, false).await;
        let drift = serde_json::to_value(&planned.plan.drift).unwrap();
        assert_eq!(drift[0]["arguments"][0]["path"], "peering_sync_level", "{drift}");
        assert!(changes(&planned)[0].starts_with("Update vnet_peering.both (peering_sync_level changes)"));
        failures(&lab.carry_out(&planned, state, "apply").await.unwrap(), "apply").unwrap();
        assert_eq!(halves(&lab), IN_SYNC);
        assert_is_settled(&lab.plan(&text, false).await.0);
    });
}

/// Azure connects a standing half to no other network.
#[test]
fn a_peering_of_a_renamed_network_is_deleted_before_it_is_made_again() {
    simulated(async {
        let lab = Lab::new(3);
        let text = format!("{SITES}{PEERED}");
        apply(&lab, &text).await;
        for name in ["one", "two"] {
            let renamed = text.replace(
                &format!("virtual_network \"{name}\" {{"),
                &format!("virtual_network \"{name}\" {{\n  name = \"another-{name}\""),
            );
            let (planned, state) = lab.plan(&renamed, false).await;
            let peering = planned.plan.changes.iter().find(|change| change.address.kind() == "vnet_peering").unwrap();
            assert_eq!(peering.action, Action::Replace(Order::DeleteFirst), "{name}: {}", peering.reason);
            failures(&lab.carry_out(&planned, state, "apply").await.unwrap(), "apply").unwrap();
            assert_is_settled(&lab.plan(&renamed, false).await.0);
            apply(&lab, &text).await;
        }
    });
}

#[test]
fn a_disconnected_peering_is_made_again() {
    simulated(async {
        let lab = Lab::new(3);
        let text = format!("{SITES}{PEERED}");
        apply(&lab, &text).await;
        let half = "peered/providers/Microsoft.Network/virtualNetworks/two/virtualNetworkPeerings/both";
        lab.simulator.edit(&id(half), "properties.peeringState", json!("Disconnected")).unwrap();
        let (planned, _) = lab.plan(&text, false).await;
        assert!(changes(&planned)[0].starts_with("Replace(DeleteFirst) vnet_peering.both"), "{:?}", changes(&planned));
        apply(&lab, &text).await;
        assert_eq!(halves(&lab), IN_SYNC);
    });
}
