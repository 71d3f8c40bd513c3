//! Dependencies are those of the value that is taken: one entry of a local, not everything that the local is made of.

use std::collections::BTreeSet;

use drplan::address::Address;
use drplan::stack::Stack;

use crate::kinds::SITES;
use crate::lab::Lab;

/// A permanent and a failover-only group, a local that is this expression, and a network for each with `group` as its
/// group.
fn stack(local: &str, group: &str) -> Stack {
    let text = format!(
        "{SITES}variable \"both\" {{\n  type = bool\n  default = true\n}}\n\
         resource_group \"east\" {{\n  site = site.east\n}}\n\
         resource_group \"west\" {{\n  site = site.west\n  presence = \"failover\"\n}}\n\
         resource_group \"each\" {{\n  for_each = toset([\"east\", \"west\"])\n  name = \"each-${{each.key}}\"\n  site = each.key == \"east\" ? site.east : site.west\n}}\n\
         locals {{\n  alias = local.groups\n  groups = {local}\n}}\n\
         failover_group \"f\" {{\n  from = site.east\n  to = site.west\n}}\n\
         virtual_network \"net\" {{\n  for_each = toset([\"east\", \"west\"])\n  name = \"net-${{each.key}}\"\n  \
         resource_group = {group}\n  address_space = [\"10.0.0.0/16\"]\n}}\n"
    );
    let lab = Lab::new(1);
    let (program, found, _) = lab.read_with_diagnostics(&text);
    assert!(!found.has_errors(), "{text}\n{found:?}");
    program.evaluate(&Default::default()).unwrap().0
}

fn needs(stack: &Stack, key: &str) -> Vec<String> {
    let address: Address = format!("virtual_network.net[\"{key}\"]").parse().unwrap();
    stack.resources[&address].needs.iter().map(ToString::to_string).collect()
}

#[test]
fn one_entry_of_a_local_is_one_dependency() {
    let plain = "{ east = resource_group.east, west = resource_group.west }";
    let made = "{ for key in [\"east\", \"west\"] : key => resource_group.each[key] }";
    for (local, group, of_east) in [
        (plain, "local.groups[each.key]", "resource_group.east"),
        (plain, "local.alias[each.key]", "resource_group.east"),
        (made, "local.groups[each.key]", "resource_group.each[\"east\"]"),
        (
            "{ for key, one in resource_group.each : key => one }",
            "local.groups[each.key]",
            "resource_group.each[\"east\"]",
        ),
        (
            "{ for key, one in resource_group.each : key => { group = one } }",
            "local.groups[each.key].group",
            "resource_group.each[\"east\"]",
        ),
        (
            "[resource_group.east, resource_group.west]",
            "local.groups[each.key == \"east\" ? 0 : 1]",
            "resource_group.east",
        ),
        (
            "var.both ? { east = resource_group.east, west = resource_group.west } : {}",
            "local.groups[each.key]",
            "resource_group.east",
        ),
        (
            "{ a = { east = resource_group.east, west = resource_group.west } }",
            "local.groups.a[each.key]",
            "resource_group.east",
        ),
    ] {
        let stack = stack(local, group);
        assert_eq!(needs(&stack, "east"), [of_east], "{local}");
        assert_eq!(needs(&stack, "west"), [of_east.replace("east", "west")], "{local}");
    }
}

#[test]
fn what_is_made_by_a_function_depends_on_all_of_it() {
    for local in [
        "merge({ east = resource_group.each[\"east\"] }, { west = resource_group.each[\"west\"] })",
        "{ for key, one in { east = resource_group.each[\"west\"], west = resource_group.each[\"east\"] } : (key == \"east\" ? \"west\" : \"east\") => one }",
    ] {
        let stack = stack(local, "local.groups[each.key]");
        let all: BTreeSet<String> = needs(&stack, "east").into_iter().chain(needs(&stack, "west")).collect();
        let both = ["resource_group.each[\"east\"]", "resource_group.each[\"west\"]"].map(str::to_owned);
        assert_eq!(all, both.into(), "{local}");
    }
}

#[test]
fn an_instance_depends_on_its_own_entry_of_a_for_each() {
    let text = format!(
        "{SITES}resource_group \"each\" {{\n  for_each = toset([\"a\", \"b\"])\n  name = \"each-${{each.key}}\"\n  site = site.east\n}}\n\
         virtual_network \"net\" {{\n  for_each = resource_group.each\n  name = \"net-${{each.key}}\"\n  \
         resource_group = each.value\n  address_space = [\"10.0.0.0/16\"]\n}}\n"
    );
    let (program, found, _) = Lab::new(1).read_with_diagnostics(&text);
    assert!(!found.has_errors(), "{found:?}");
    let stack = program.evaluate(&Default::default()).unwrap().0;
    let address: Address = "virtual_network.net[\"a\"]".parse().unwrap();
    assert_eq!(
        stack.resources[&address].needs.iter().map(ToString::to_string).collect::<Vec<_>>(),
        ["resource_group.each[\"a\"]"]
    );
}

/// A permanent resource may stand beside a failover-only one in the same local.
#[test]
fn a_permanent_resource_does_not_need_what_stands_beside_its_own_entry() {
    let stack = stack("{ east = resource_group.east, west = resource_group.west }", "local.groups[each.key]");
    let found: Vec<&str> = drplan::providers::rules().check(&stack).iter().map(|one| one.code).collect();
    assert!(!found.contains(&"permanent-needs-failover"), "{found:?}");
}
