//! Import of resources that drplan created, with azurerm: the id forms that azurerm accepts, the properties that it
//! reads without a null check, and those that it can never read.

use std::path::Path;

use drplan::object::ObjectId;
use serde_json::{Value as Json, json};

use super::{emitted, evaluated};
use crate::kinds::{SITES, examples};
use crate::lab::{Lab, failures, simulated};
use crate::stacks;

/// Emitted files of a stack.
fn files(stack: &str) -> std::collections::BTreeMap<String, String> {
    let (lab, text) = stacks::lab(&Path::new(env!("CARGO_MANIFEST_DIR")).join("stacks").join(stack));
    emitted(&evaluated(&lab, &text, stack)).files
}

fn id(group: &str, rest: &str) -> String {
    format!("/subscriptions/${{var.subscription_id}}/resourceGroups/{group}/providers/{rest}")
}

#[test]
fn traffic_manager_endpoint_import_id_is_capitalized() {
    let imports = &files("shop")["imports.tf"];
    for endpoint in ["AzureEndpoints/toronto", "ExternalEndpoints/montreal"] {
        let wanted = id("shop-global", &format!("Microsoft.Network/trafficManagerProfiles/drplan-shop/{endpoint}"));
        assert!(imports.contains(&format!("id = \"{wanted}\"")), "{imports}");
    }
}

#[test]
fn autoscale_setting_import_id_is_capitalized() {
    let text =
        format!("{SITES}{}", drplan::providers::azure::TABLES.kind("monitor_autoscale_setting").unwrap().example);
    let emitted = emitted(&evaluated(&Lab::new(7), &text, "s"));
    let wanted = id("example", "Microsoft.Insights/autoScaleSettings/example");
    let imports = &emitted.files["imports.tf"];
    assert!(imports.contains(&format!("id = \"{wanted}\"")), "{imports}");
}

#[test]
fn companions_of_a_replica_are_imported_below_both_servers() {
    let imports = &files("postgres-warm")["imports.tf"];
    let [north, west] = ["north", "west"].map(|site| {
        let server = format!("Microsoft.DBforPostgreSQL/flexibleServers/drplan-ledger-demo-pg-{site}");
        let endpoint = "virtualEndpoints/drplan-ledger-demo-pg-west";
        id(&format!("ledger-{site}"), &format!("{server}/{endpoint}"))
    });
    let to = "azurerm_postgresql_flexible_server_virtual_endpoint.ledger";
    assert!(imports.contains(&format!("to = {to}\n  id = \"{north}|{west}\"")), "{imports}");
}

/// Azure never returns passwords and cloud-init data. Without `ignore_changes`, a first apply would recreate the
/// machines.
#[test]
fn unreadable_arguments_are_ignored_in_emitted_code() {
    let shop = &files("shop")["shop-toronto.tf"];
    for ignored in ["[custom_data]", "[admin_password]", "[administrator_login_password_wo_version]"] {
        assert!(shop.contains(&format!("ignore_changes = {ignored}")), "{ignored}\n{shop}");
    }
    let west = &files("postgres-warm")["ledger-west.tf"];
    assert!(west.contains("ignore_changes = [source_server_id, zone, create_mode]"), "{west}");

    let (lab, text) = stacks::lab(&Path::new(env!("CARGO_MANIFEST_DIR")).join("stacks/shop"));
    let stack = evaluated(&lab, &text, "shop").stack;
    let made = drplan::emit::terraform(&stack, drplan::emit::Options { imports: false });
    let made = &made.files["shop-toronto.tf"];
    assert!(!made.contains("custom_data]"), "resources that Terraform creates have no ignore_changes:\n{made}");
}

/// Defaults that differ between azurerm 4 and 5 are emitted.
#[test]
fn default_that_differs_between_versions_is_written() {
    let images = files("images").into_values().collect::<String>();
    let says = |line: &str| line.starts_with("allow_nested_items_to_be_public ") && line.ends_with("= true");
    assert!(images.lines().map(str::trim).any(says), "{images}");
}

/// Replicas at several sites have as many companion endpoints.
#[test]
fn companion_imports_repeat_per_instance() {
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
    let (_, beside) =
        text.split_once("\"azurerm_postgresql_flexible_server_virtual_endpoint\" \"all\"").expect("a virtual endpoint");
    let (beside, _) = beside.split_once("\n}\n").expect("its end");
    assert!(beside.contains("for_each"), "{beside}");
    assert!(beside.contains("azurerm_postgresql_flexible_server.all[each.key].id"), "{beside}");
    assert!(text.contains("to = azurerm_postgresql_flexible_server_virtual_endpoint.all[\"west\"]"), "{text}");
}

/// Properties that azurerm reads without a null check, or compares with its own default, although drplan never wrote
/// them: the kind, the end of an id, the path in the body, and the value there.
fn read() -> Vec<(&'static str, &'static str, &'static str, Json)> {
    let pool = "/properties/loadBalancingRules/0/properties/backendAddressPool/id";
    let pool_id = format!(
        "/subscriptions/{}/resourceGroups/example/providers/Microsoft.Network/loadBalancers/example/backendAddressPools/example",
        drplan::providers::azure::simulated::SUBSCRIPTION
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
fn imported_defaults_exist_in_the_cloud() {
    let examples = examples();
    for (kind, end, at, wanted) in read() {
        let (_, _, text) = examples.iter().find(|(name, _, _)| name == kind).expect("an example");
        let lab = Lab::new(7);
        let applied = simulated(lab.apply(text)).expect("the stack can be applied");
        failures(&applied, kind).unwrap_or_else(|why| panic!("{why}"));
        let objects = lab.simulator.show().objects;
        let is_it = |id: &ObjectId| id.as_str().to_ascii_lowercase().ends_with(&end.to_ascii_lowercase());
        let (_, body) = objects.iter().find(|(id, _)| is_it(id)).unwrap_or_else(|| panic!("{:?}", objects.keys()));
        assert_eq!(body.pointer(at), Some(&wanted), "{kind}: {at} of {body:#}");
    }
}
