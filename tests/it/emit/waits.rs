//! Order that drplan infers without a reference is emitted as `depends_on`.

use drplan::emit::{Options, terraform};

use super::{cases, emitted, evaluated};
use crate::lab::Lab;

/// The `depends_on` of a resource, as text.
fn waits(text: &str, resource: &str) -> String {
    let (_, rest) = text.split_once(&format!("resource \"{resource} {{")).unwrap_or_else(|| panic!("no {resource}"));
    let (block, _) = rest.split_once("\n}\n").expect("its end");
    block.split_once("depends_on = ").map_or_else(String::new, |(_, list)| list.to_owned())
}

#[test]
fn emitted_resources_wait_for_completions_and_locks() {
    let text = |name: &str| {
        let case = cases().into_iter().find(|case| case.name == name).expect("the stack");
        emitted(&case).files.into_values().collect::<String>()
    };
    let web = text("web-geo");
    let machines = waits(&web, "azurerm_linux_virtual_machine_scale_set\" \"web\"");
    assert!(machines.contains("azurerm_lb_rule.web_primary"), "Azure refuses a probe that no rule uses: {machines:?}");
    assert!(machines.contains("azurerm_subnet_network_security_group_association.web_primary"), "{machines:?}");
    assert!(!machines.contains("azurerm_lb_probe"), "a reference needs no depends_on: {machines:?}");
    let locks = waits(&text("hub-spoke"), "azurerm_management_lock\" \"hubs\"");
    assert!(
        locks.contains("azurerm_virtual_network_peering.hubs_there"),
        "a lock is deleted before the resources in its scope: {locks:?}"
    );
}

/// Two SQL servers, and a failover group for each of these databases.
fn failover_groups(databases: &str) -> String {
    format!(
        r#"
stack "s" {{}}
site "north" {{
  provider = "azure"
  location = "northeurope"
}}
site "west" {{
  provider = "azure"
  location = "westeurope"
}}
resource_group "north" {{ site = site.north }}
resource_group "west" {{ site = site.west }}
mssql_server "north" {{
  name                         = "ledgers-north"
  resource_group               = resource_group.north
  version                      = "12.0"
  administrator_login          = "sqladmin"
  administrator_login_password = "an example, n0t a secret"
}}
mssql_server "west" {{
  mirrors        = mssql_server.north
  name           = "ledgers-west"
  resource_group = resource_group.west
}}
mssql_database "each" {{
  for_each = toset({databases})
  name     = each.key
  server   = mssql_server.north
  sku_name = "S1"
}}
geo_replica "each" {{
  for_each  = toset({databases})
  name      = "ledgers-${{each.key}}"
  source    = mssql_server.north
  target    = mssql_server.west
  databases = [mssql_database.each[each.key]]
}}
"#
    )
}

#[test]
fn writes_that_azure_takes_one_by_one_are_named_in_the_readme() {
    let readme = |databases: &str| {
        let stack = evaluated(&Lab::new(7), &failover_groups(databases), "s").stack;
        terraform(&stack, Options { imports: false }).files["README.md"].clone()
    };
    let several = readme("[\"a\", \"b\"]");
    assert!(several.contains("terraform apply -parallelism=1 …"), "{several}");
    assert!(several.contains("Azure takes the writes of `geo_replica.each` one after the other"), "{several}");
    assert!(!readme("[\"a\"]").contains("-parallelism"), "one failover group waits for nothing");
}
