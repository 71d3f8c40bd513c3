//! Importing with azurerm what drplan has made: the ids that it takes, what it reads without asking whether it is there, and what it can never read.

use std::path::Path;

use drplan::address::ArmId;
use serde_json::{Value as Json, json};

use super::{emitted, evaluated};
use crate::kinds::{SITES, examples};
use crate::lab::{Lab, failures, simulated};
use crate::stacks;

/// The files of a stack.
fn files(stack: &str) -> std::collections::BTreeMap<String, String> {
    let (lab, text) = stacks::lab(&Path::new(env!("CARGO_MANIFEST_DIR")).join("stacks").join(stack));
    emitted(&evaluated(&lab, &text, stack)).files
}

fn id(group: &str, rest: &str) -> String {
    format!("/subscriptions/${{var.subscription_id}}/resourceGroups/{group}/providers/{rest}")
}

#[test]
fn an_endpoint_of_traffic_manager_is_imported_with_a_capital() {
    let imports = &files("shop")["imports.tf"];
    for endpoint in ["AzureEndpoints/toronto", "ExternalEndpoints/montreal"] {
        let wanted = id("shop-global", &format!("Microsoft.Network/trafficManagerProfiles/drplan-shop/{endpoint}"));
        assert!(imports.contains(&format!("id = \"{wanted}\"")), "{imports}");
    }
}

#[test]
fn what_stands_beside_a_replica_is_imported_too_by_the_names_that_it_has_below_both_servers() {
    let imports = &files("postgres-warm")["imports.tf"];
    let [north, west] = ["north", "west"].map(|site| {
        let server = format!("Microsoft.DBforPostgreSQL/flexibleServers/drplan-ledger-demo-pg-{site}");
        let endpoint = "virtualEndpoints/drplan-ledger-demo-pg-west";
        id(&format!("ledger-{site}"), &format!("{server}/{endpoint}"))
    });
    let to = "azurerm_postgresql_flexible_server_virtual_endpoint.ledger";
    assert!(imports.contains(&format!("to = {to}\n  id = \"{north}|{west}\"")), "{imports}");
}

/// Azure never tells passwords nor what a first start runs: without this, a first apply would make the machines of the stack anew.
#[test]
fn what_no_import_can_read_is_left_alone() {
    let shop = &files("shop")["shop-toronto.tf"];
    for ignored in ["[custom_data]", "[admin_password]", "[administrator_login_password]"] {
        assert!(shop.contains(&format!("ignore_changes = {ignored}")), "{ignored}\n{shop}");
    }
    let west = &files("postgres-warm")["ledger-west.tf"];
    assert!(west.contains("ignore_changes = [source_server_id, zone, create_mode]"), "{west}");

    let (lab, text) = stacks::lab(&Path::new(env!("CARGO_MANIFEST_DIR")).join("stacks/shop"));
    let stack = evaluated(&lab, &text, "shop").stack;
    let made = drplan::emit::terraform(&stack, drplan::emit::Options { imports: false });
    let made = &made.files["shop-toronto.tf"];
    assert!(!made.contains("custom_data]"), "what Terraform itself made it need not leave alone:\n{made}");
}

/// Whose default is not the same in azurerm 4 and 5 is said.
#[test]
fn a_default_on_which_the_versions_differ_is_written() {
    let images = files("images").into_values().collect::<String>();
    let says = |line: &str| line.starts_with("allow_nested_items_to_be_public ") && line.ends_with("= true");
    assert!(images.lines().map(str::trim).any(says), "{images}");
}

/// As many replicas as there are sites have as many endpoints beside them.
#[test]
fn what_stands_beside_several_is_several() {
    let text = format!(
        r#"{SITES}
resource_group "all" {{
  for_each = {{ west = site.west }}
  site     = each.value
}}
resource_group "east" {{
  site = site.east
}}
postgresql_flexible_server "east" {{
  name                   = "drplan-several-east"
  resource_group         = resource_group.east
  version                = "16"
  administrator_login    = "pgadmin"
  administrator_password = "an example, n0t a secret"
  sku_name               = "GP_Standard_D2ds_v5"
  storage_mb             = 131072
}}
geo_replica "all" {{
  for_each       = {{ west = resource_group.all["west"] }}
  name           = "drplan-several-${{each.key}}"
  source         = postgresql_flexible_server.east
  resource_group = each.value
}}
"#
    );
    let files = emitted(&evaluated(&Lab::new(7), &text, "several")).files;
    let text: String = files.iter().filter(|(name, _)| name.ends_with(".tf")).map(|(_, text)| text.as_str()).collect();
    let (_, beside) = text.split_once("\"azurerm_postgresql_flexible_server_virtual_endpoint\" \"all\"").expect("it");
    let (beside, _) = beside.split_once("\n}\n").expect("its end");
    assert!(beside.contains("for_each"), "{beside}");
    assert!(beside.contains("azurerm_postgresql_flexible_server.all[each.key].id"), "{beside}");
    assert!(text.contains("to = azurerm_postgresql_flexible_server_virtual_endpoint.all[\"west\"]"), "{text}");
}

/// What azurerm goes through without asking whether it is there, or holds against a default of its own, although drplan never wrote it: the kind, the end
/// of an id, where in the body, and what stands there.
fn read() -> Vec<(&'static str, &'static str, &'static str, Json)> {
    let pool = "/properties/loadBalancingRules/0/properties/backendAddressPool/id";
    let pool_id = format!(
        "/subscriptions/{}/resourceGroups/example/providers/Microsoft.Network/loadBalancers/example/backendAddressPools/example",
        drplan::simulator::SUBSCRIPTION
    );
    let profile = "/properties/virtualMachineProfile/extensionProfile/extensions";
    vec![
        ("cosmosdb_account", "/drplan-example-catalog", "/properties/capabilities", json!([])),
        ("vnet_peering", "/virtualNetworkPeerings/example", "/properties/peerCompleteVnets", json!(true)),
        ("linux_virtual_machine_scale_set", "/virtualMachineScaleSets/example", profile, json!([])),
        ("lb_rule", "/loadBalancers/example", pool, json!(pool_id)),
        (
            "lb_rule",
            "/loadBalancers/example",
            "/properties/backendAddressPools/0/properties/provisioningState",
            json!("Succeeded"),
        ),
        (
            "linux_virtual_machine",
            "/virtualMachines/example",
            "/properties/osProfile/linuxConfiguration/provisionVMAgent",
            json!(true),
        ),
        (
            "windows_virtual_machine",
            "/virtualMachines/example",
            "/properties/osProfile/windowsConfiguration/provisionVMAgent",
            json!(true),
        ),
    ]
}

#[test]
fn what_an_import_reads_is_there_although_nobody_wrote_it() {
    let examples = examples();
    for (kind, end, at, wanted) in read() {
        let (_, _, text) = examples.iter().find(|(name, _, _)| name == kind).expect("an example");
        let lab = Lab::new(7);
        let applied = simulated(lab.apply(text)).expect("it can be applied");
        failures(&applied, kind).unwrap_or_else(|why| panic!("{why}"));
        let objects = lab.simulator.show().objects;
        let is_it = |id: &ArmId| id.as_str().to_ascii_lowercase().ends_with(&end.to_ascii_lowercase());
        let (_, body) = objects.iter().find(|(id, _)| is_it(id)).unwrap_or_else(|| panic!("{:?}", objects.keys()));
        assert_eq!(body.pointer(at), Some(&wanted), "{kind}: {at} of {body:#}");
    }
}
