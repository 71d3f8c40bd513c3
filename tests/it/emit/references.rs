//! References in emitted Terraform: by whatever function or value a resource gets to an argument, the argument has the
//! attribute that azurerm wants there; and what a stack reads exists in azurerm.

use drplan::emit::{EmitResult, Options, terraform};

use super::evaluated;
use crate::lab::Lab;

/// A stack with references through functions, loops and values.
pub(super) const READS: &str = include_str!("reads.hcl");

const SITES: &str = "stack \"s\" {}\nsite \"north\" {\n  provider = \"azure\"\n  location = \"northeurope\"\n}\n\
                     site \"west\" {\n  provider = \"azure\"\n  location = \"westeurope\"\n}\n";

fn emitted(text: &str, imports: bool) -> EmitResult {
    terraform(&evaluated(&Lab::new(7), text, "s").stack, Options { imports })
}

/// The text of a block, with single spaces.
fn block(emitted: &EmitResult, head: &str) -> String {
    let all: String = emitted.files.iter().filter(|(name, _)| name.ends_with(".tf")).map(|(_, text)| &**text).collect();
    let (_, rest) = all.split_once(&format!("{head} {{\n")).unwrap_or_else(|| panic!("no {head} in\n{all}"));
    let (block, _) = rest.split_once("\n}\n").expect("its end");
    block.lines().map(|line| line.split_whitespace().collect::<Vec<_>>().join(" ") + "\n").collect()
}

fn has(emitted: &EmitResult, head: &str, line: &str) {
    let text = block(emitted, head);
    assert!(text.contains(line), "{head} has no\n{line}\nbut\n{text}");
}

#[test]
fn reference_through_any_function_becomes_an_attribute() {
    let emitted = emitted(READS, false);
    let group = |label: &str, text: &str| {
        let line = format!("resource_group_name = {text}\n");
        has(&emitted, &format!("resource \"azurerm_virtual_network\" \"{label}\""), &line);
    };
    group("looked_up", "lookup(local.groups, \"north\").name");
    group("element", "element([for one in local.ordered : one.group if one.rank == 1], 0).name");
    group(
        "merged",
        "merge(local.groups, { spare = azurerm_resource_group.north })[var.spare ? \"spare\" : \"west\"].name",
    );
    group("tried", "try(local.groups[\"nowhere\"], one([azurerm_resource_group.north])).name");
    has(
        &emitted,
        "resource \"azurerm_network_interface\" \"all\"",
        "resource_group_name = values(local.groups)[0].name",
    );
    has(&emitted, "resource \"azurerm_network_interface\" \"all\"", "subnet_id = each.value.id");
    let databases = "databases = concat(values(azurerm_mssql_database.many)[*], [azurerm_mssql_database.last])[*].id";
    has(&emitted, "resource \"azurerm_mssql_failover_group\" \"all\"", databases);
    has(&emitted, "resource \"azurerm_storage_account\" \"files\"", "coalesce(null, azurerm_resource_group.west).name");
}

#[test]
fn attributes_and_arguments_are_read_by_azurerms_names_and_types() {
    let emitted = emitted(READS, false);
    let output = |name: &str, text: &str| has(&emitted, &format!("output \"{name}\""), &format!("value = {text}\n"));
    output("principal", "azurerm_mssql_server.one.identity[0].principal_id");
    output("principals", "[for one in [azurerm_mssql_server.one] : one.identity[0].tenant_id]");
    output("server", "azurerm_mssql_database.last.server_id");
    output("servers", "values(azurerm_mssql_database.many)[*].server_id");
    output("subnet", "azurerm_network_interface.all[\"a\"].ip_configuration[0].subnet_id");
    output("region", "azurerm_resource_group.west.location");
    output("range", "one(azurerm_virtual_network.element.address_space)");
    output("role", "null");
    assert!(emitted.limitations.iter().any(|one| one.what == "geo_replica.all.replication_role"));
    for (name, end) in [("group", "resource_group_name"), ("network", "virtual_network_name")] {
        let text = block(&emitted, &format!("output \"{name}\""));
        assert!(!text.contains(".resource_group\n") && !text.contains(".virtual_network\n"), "{end}: {text}");
    }
}

#[test]
fn site_in_a_value_is_an_object_with_name_and_region() {
    let emitted = emitted(READS, false);
    has(&emitted, "locals", "\"north\" = { name = \"north\", location = var.north_location, tier = 1 }");
    let group = "resource \"azurerm_resource_group\" \"placed\"";
    has(&emitted, group, "name = \"rg-${each.key}-${each.value.at.name}\"");
    has(&emitted, group, "location = each.value.at.location");
    has(&emitted, "resource \"azurerm_resource_group\" \"north\"", "location = var.north_location");
}

#[test]
fn keys_of_for_each_are_known_before_apply() {
    let emitted = emitted(READS, false);
    has(&emitted, "locals", "toset([\"${azurerm_storage_account.files.name}.blob.core.windows.net\"])");
}

/// Group `b` is failover-only, and so is all that is in it.
#[test]
fn instances_of_a_computed_presence_are_failover_only_one_by_one() {
    let text = format!(
        "{SITES}resource_group \"all\" {{\n  for_each = {{ a = site.north, b = site.west }}\n  name = \"rg-${{each.key}}\"\n  site = each.value\n  \
         presence = each.key == \"b\" ? \"failover\" : \"permanent\"\n}}\n\
         virtual_network \"all\" {{\n  for_each = toset([\"a\", \"b\"])\n  name = \"net-${{each.key}}\"\n  resource_group = resource_group.all[each.key]\n  \
         address_space = [\"10.1.0.0/16\"]\n}}\n\
         subnet \"all\" {{\n  for_each = virtual_network.all\n  name = \"web\"\n  virtual_network = each.value\n  address_prefixes = [\"10.1.1.0/24\"]\n}}\n\
         route_table \"all\" {{\n  for_each = {{ x = resource_group.all[\"a\"], y = resource_group.all[\"b\"] }}\n  name = \"routes-${{each.key}}\"\n  resource_group = each.value\n}}\n"
    );
    let emitted = emitted(&text, true);
    let group = "{ a = var.north_location, b = var.west_location } : key => one if var.failover_active || (key == \"b\" ? \"failover\" : \"permanent\") != \"failover\" }";
    has(&emitted, "resource \"azurerm_resource_group\" \"all\"", group);
    let network =
        "for_each = toset([for one in toset([\"a\", \"b\"]) : one if contains(keys(azurerm_resource_group.all), one)])";
    has(&emitted, "resource \"azurerm_virtual_network\" \"all\"", network);
    has(&emitted, "resource \"azurerm_subnet\" \"all\"", "for_each = azurerm_virtual_network.all\n");
    let routes = "y = lookup(azurerm_resource_group.all, \"b\", null)";
    has(&emitted, "resource \"azurerm_route_table\" \"all\"", routes);
    let routes = "{ \"x\" = contains(keys(azurerm_resource_group.all), \"a\"), \"y\" = contains(keys(azurerm_resource_group.all), \"b\") }[key]";
    has(&emitted, "resource \"azurerm_route_table\" \"all\"", routes);
    assert!(emitted.files["variables.tf"].contains("variable \"failover_active\""));
    let imports = &emitted.files["imports.tf"];
    assert!(imports.contains("to = azurerm_resource_group.all[\"a\"]"), "{imports}");
    assert!(imports.contains("to = azurerm_resource_group.all[each.key]"), "{imports}");
}

#[test]
fn failover_only_resources_are_imported_while_they_exist() {
    let text = format!(
        "{SITES}resource_group \"away\" {{\n  site = site.west\n  presence = \"failover\"\n}}\n\
         public_ip \"away\" {{\n  resource_group = resource_group.away\n  allocation_method = \"Static\"\n}}\n"
    );
    let emitted = emitted(&text, true);
    let imports = &emitted.files["imports.tf"];
    assert!(imports.contains("for_each = var.failover_active ? {"), "{imports}");
    assert!(imports.contains("to = azurerm_public_ip.away[0]\n"), "{imports}");
    assert!(emitted.files["failover-up.tfvars"].contains("failover_active = true"));
    assert!(emitted.files["failover-down.tfvars"].contains("it deletes the resources that serve users"));
    assert!(
        emitted.files["README.md"]
            .contains("terraform validate && terraform plan -var-file=failover-down.tfvars -var subscription_id=…")
    );
}

/// Without `ignore_changes`, the first apply after an import would replace a copied database.
#[test]
fn arguments_that_are_never_read_back_are_left_alone_after_an_import() {
    let emitted = emitted(
        &format!(
            "{SITES}resource_group \"r\" {{\n  site = site.north\n}}\n\
             mssql_server \"s\" {{\n  name = \"unread-one\"\n  resource_group = resource_group.r\n  version = \"12.0\"\n  administrator_login = \"someone\"\n  administrator_login_password = \"an example, n0t a secret\"\n}}\n\
             mssql_database \"live\" {{\n  server = mssql_server.s\n  sku_name = \"S1\"\n}}\n\
             mssql_database \"back\" {{\n  server = mssql_server.s\n  sku_name = \"S1\"\n  create_mode = \"PointInTimeRestore\"\n  creation_source_database = mssql_database.live\n  restore_point_in_time = \"2026-01-05T09:30:00Z\"\n}}\n"
        ),
        true,
    );
    let ignored = "ignore_changes = [create_mode, creation_source_database_id, restore_point_in_time]";
    has(&emitted, "resource \"azurerm_mssql_database\" \"back\"", ignored);
    assert!(!block(&emitted, "resource \"azurerm_mssql_database\" \"live\"").contains("ignore_changes"));
}

fn machine(data: &str) -> String {
    format!(
        "{SITES}resource_group \"r\" {{\n  site = site.north\n}}\n\
         virtual_network \"net\" {{\n  resource_group = resource_group.r\n  address_space = [\"10.1.0.0/16\"]\n}}\n\
         subnet \"s\" {{\n  virtual_network = virtual_network.net\n  address_prefixes = [\"10.1.1.0/24\"]\n}}\n\
         network_interface \"n\" {{\n  resource_group = resource_group.r\n  ip_configuration {{\n    name = \"i\"\n    subnet = subnet.s\n    private_ip_address_allocation = \"Dynamic\"\n  }}\n}}\n\
         linux_virtual_machine \"web\" {{\n  resource_group = resource_group.r\n  size = \"Standard_B1s\"\n  admin_username = \"ops\"\n  admin_password = \"an example, n0t a secret\"\n  \
         disable_password_authentication = false\n  network_interfaces = [network_interface.n]\n  custom_data = {data}\n  \
         os_disk {{\n    caching = \"ReadWrite\"\n    storage_account_type = \"Standard_LRS\"\n  }}\n  boot_diagnostics {{}}\n  \
         source_image_reference {{\n    publisher = \"Canonical\"\n    offer = \"ubuntu-24_04-lts\"\n    sku = \"server\"\n    version = \"latest\"\n  }}\n}}\n"
    )
}

#[test]
fn boot_script_is_a_file_and_its_secrets_are_not() {
    let head = "resource \"azurerm_linux_virtual_machine\" \"web\"";
    let short = "base64encode(\"#!/bin/sh\\necho made up\\n\")";
    has(&emitted(&machine(short), false), head, &format!("custom_data = {short}"));
    let script = "base64encode(\"#!/bin/sh\\nset -eu\\necho 1\\necho 2\\necho 3\\n\")";
    let made = emitted(&machine(script), false);
    has(&made, head, "custom_data = filebase64(\"${path.module}/scripts/web-custom-data.sh\")");
    has(&made, head, "boot_diagnostics {}");
    assert_eq!(made.files["scripts/web-custom-data.sh"], "#!/bin/sh\nset -eu\necho 1\necho 2\necho 3\n");

    let secret = "base64encode(\"#!/bin/sh\\nlogin 'an example, n0t a secret'\\n\")";
    let made = emitted(&machine(secret), false);
    has(&made, head, "custom_data = var.web_custom_data");
    has(&made, "variable \"web_custom_data\"", "in base64: in plain text in the stack");
    let readme = &made.files["README.md"];
    assert!(readme.contains("-var web_custom_data=…") && !readme.contains("failover_active"), "{readme}");
    assert!(!made.files.values().any(|text| text.contains("n0t a secret")));
}

/// A secret in the entries of a loop is a variable for each instance.
#[test]
fn secrets_of_a_loop_are_one_variable_for_each_instance() {
    let emitted = emitted(
        &format!(
            "{SITES}resource_group \"r\" {{\n  site = site.north\n}}\n\
             mssql_server \"all\" {{\n  for_each = {{\n    a = {{ word = \"the f1rst of two\" }}\n    b = {{ word = \"the sec0nd of two\" }}\n  }}\n  \
             name = \"loops-${{each.key}}\"\n  resource_group = resource_group.r\n  version = \"12.0\"\n  administrator_login = \"someone\"\n  \
             administrator_login_password = each.value.word\n}}\n"
        ),
        false,
    );
    let head = "resource \"azurerm_mssql_server\" \"all\"";
    has(&emitted, head, "a = { word = var.all_a_administrator_login_password }");
    has(&emitted, head, "b = { word = var.all_b_administrator_login_password }");
    has(&emitted, head, "administrator_login_password_wo = each.value.word");
    assert!(!emitted.files.values().any(|text| text.contains("of two")));
}
