//! Order that drplan infers without a reference is emitted as `depends_on`.

use super::{cases, emitted};

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
