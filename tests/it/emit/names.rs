//! Emitted code loads for every name that a stack may have: no name is declared twice, reserved, or not declared.

use std::collections::{BTreeMap, BTreeSet};

use drplan::emit::{Options, terraform};
use drplan::hcl::ast::Body;
use drplan::stack::Stack;
use proptest::prelude::*;

use super::bicep::eval::BicepFiles;
use super::bicep::lint;
use super::{as_bicep, evaluated};
use crate::lab::Lab;

/// Names that a language reserves, that drplan gives itself, and that become equal in one of the languages.
const LABELS: &[&str] = &[
    "source",
    "version",
    "providers",
    "provider",
    "count",
    "for_each",
    "lifecycle",
    "depends_on",
    "locals",
    "variables",
    "outputs",
    "versions",
    "imports",
    "override",
    "x_override",
    "main",
    "terraform",
    "failover_active",
    "failover-active",
    "subscription_id",
    "tags",
    "stack_tags",
    "b-x",
    "b_x",
    "bX",
    "b-x-location",
    "b_x_location",
    "a",
    "A",
    "a-password",
    "resource-group",
    "resourceGroup",
    "environment",
    "location",
    "param",
    "each",
    "i",
    "one",
    "items",
    "key",
    "rule",
    "größe",
    "gr_e",
    "web-1",
    "web1",
];

/// Words that no variable of Terraform may have as its name.
const RESERVED: &[&str] =
    &["source", "version", "providers", "provider", "count", "for_each", "lifecycle", "depends_on", "locals"];

/// A stack whose blocks of every type have these labels.
fn stack(labels: &[&str]) -> String {
    let mut text = "stack \"names\" {\n  tags = { all = \"x\" }\n}\n".to_owned();
    for (at, label) in labels.iter().enumerate() {
        let group = format!("resource_group.{label}");
        text += &format!("variable \"{label}\" {{\n  type = string\n  default = \"{at}\"\n}}\n");
        text += &format!("variable \"s-{label}\" {{\n  type = string\n  sensitive = true\n}}\n");
        text += &format!("locals {{\n  {label} = \"local-{at}-${{var.{label}}}\"\n}}\n");
        text += &format!("site \"{label}\" {{\n  provider = \"azure\"\n  location = \"canadaeast\"\n}}\n");
        text += &format!(
            "resource_group \"{label}\" {{\n  site = site.{label}\n  name = \"rg-{at}\"\n  tags = {{ v = var.{label}, l = local.{label}, s = jsonencode({{ k = var.s-{label} }}), u = replace(\"/x/\", \"/\", var.s-{label}) }}\n}}\n"
        );
        text += &format!(
            "virtual_network \"{label}\" {{\n  resource_group = {group}\n  name = \"net-{at}\"\n  address_space = [\"10.{at}.0.0/16\"]\n}}\n"
        );
        text += &format!(
            "public_ip \"{label}\" {{\n  resource_group = {group}\n  name = \"ip-{at}\"\n  allocation_method = \"Static\"\n}}\n"
        );
        text += &format!("output \"{label}\" {{\n  value = virtual_network.{label}.id\n}}\n");
        text += &format!("output \"{label}-ip\" {{\n  value = public_ip.{label}.id\n}}\n");
    }
    text
}

fn evaluated_stack(labels: &[&str]) -> Stack {
    let mut lab = Lab::new(7);
    for label in labels {
        lab.variables.push((format!("s-{label}"), "p".to_owned()));
    }
    evaluated(&lab, &stack(labels), "names").stack
}

/// Faults in the names of Terraform's files.
fn terraform_faults(files: &BTreeMap<String, String>) -> Vec<String> {
    let mut found = Vec::new();
    let mut declared: BTreeSet<String> = BTreeSet::new();
    let mut names: BTreeSet<String> = BTreeSet::new();
    let mut bodies: Vec<Body> = Vec::new();
    for (name, text) in files.iter().filter(|(name, _)| name.ends_with(".tf")) {
        if !names.insert(name.to_lowercase()) || name.ends_with("override.tf") {
            found.push(format!("file {name}"));
        }
        match drplan::hcl::parse(text, 0) {
            Ok(body) => bodies.push(body),
            Err(why) => found.push(format!("{name}: {why:?}")),
        }
    }
    let mut declare = |what: String, found: &mut Vec<String>| {
        if !what.is_ascii() {
            found.push(format!("not ASCII: {what}"));
        }
        if !declared.insert(what.clone()) {
            found.push(format!("twice: {what}"));
        }
    };
    for block in bodies.iter().flat_map(|body| &body.blocks) {
        let labels: Vec<&str> = block.labels.iter().map(|label| &*label.text).collect();
        match (&*block.ident.text, labels.as_slice()) {
            ("variable", [name]) => {
                if RESERVED.contains(name) {
                    found.push(format!("reserved: {name}"));
                }
                declare(format!("var.{name}"), &mut found);
            }
            ("output", [name]) => declare(format!("output.{name}"), &mut found),
            ("locals", []) => {
                block.body.attributes.iter().for_each(|one| declare(format!("local.{}", one.name.text), &mut found));
            }
            ("resource", [kind, label]) => declare(format!("{kind}.{label}"), &mut found),
            _ => {}
        }
    }
    for body in &bodies {
        references(body, &mut |name| {
            let own = ["var.", "local.", "azurerm_", "azapi_"];
            let is_known = !own.iter().any(|own| name.starts_with(own));
            if !is_known && !declared.contains(name) {
                found.push(format!("not declared: {name}"));
            }
        });
    }
    found
}

/// Calls `f` with the first two words of every reference.
fn references(body: &Body, f: &mut dyn FnMut(&str)) {
    for attribute in &body.attributes {
        attribute.expr.visit_references(&mut |name, steps, _| {
            if let Some(drplan::hcl::ast::TraversalStep::Attr(label)) = steps.first() {
                f(&format!("{}.{}", name.text, label.text));
            }
        });
    }
    body.blocks.iter().for_each(|block| references(&block.body, f));
}

fn faults(labels: &[&str]) -> Vec<String> {
    let stack = evaluated_stack(labels);
    let emitted = terraform(&stack, Options { imports: false });
    let mut found = terraform_faults(&emitted.files);
    let nets = emitted.files.values().map(|text| text.matches("resource \"azurerm_virtual_network\"").count());
    if nets.sum::<usize>() != labels.len() {
        found.push("a network is missing".to_owned());
    }
    let emitted = as_bicep(&stack);
    let mut seen = BTreeSet::new();
    found.extend(emitted.files.keys().filter(|name| !seen.insert(name.to_lowercase())).cloned());
    // Parameters that are equal but for their case are one to Resource Manager.
    for (name, text) in emitted.files.iter().filter(|(name, _)| name.ends_with(".bicep")) {
        let params = text.lines().filter_map(|line| line.strip_prefix("param ")?.split(' ').next());
        let mut seen = BTreeSet::new();
        found.extend(params.filter(|one| !seen.insert(one.to_lowercase())).map(|one| format!("{name}: {one} twice")));
    }
    let of_names = |fault: &String| fault.contains("BCP") || fault.contains("no-unused");
    found.extend(lint::faults(&BicepFiles::parse(&emitted.files)).into_iter().filter(of_names));
    found
}

#[test]
fn code_loads_with_every_reserved_and_equal_name() {
    let found = faults(LABELS);
    assert!(found.is_empty(), "{}", found.join("\n"));
}

#[test]
fn renamed_parts_are_listed() {
    let stack = evaluated_stack(&["version", "b-x", "b_x", "variables"]);
    let emitted = terraform(&stack, Options { imports: false });
    let listed = |what: &str| emitted.renames.iter().find(|one| one.what == what).map(|one| one.name.as_str());
    assert_eq!(listed("variable.version"), Some("version_value"));
    assert_eq!(listed("site.b_x"), Some("b_x_location_of_site"));
    assert_eq!(listed("file of resource_group.variables"), Some("variables-group.tf"));
    let readme = &emitted.files["README.md"];
    assert!(readme.contains("- `variable.version` is `version_value` in this code."), "{readme}");
    let emitted = as_bicep(&stack);
    assert!(emitted.renames.iter().any(|one| one.what == "variable.b_x"), "{:?}", emitted.renames);
    assert!(emitted.files["README.md"].contains("## Renamed"));
}

/// Two passwords are two variables, whatever their blocks are called.
#[test]
fn secrets_of_blocks_with_similar_labels_stay_two() {
    let server = |label: &str, name: &str| {
        format!(
            "mssql_server \"{label}\" {{\n  name = \"{name}\"\n  resource_group = resource_group.r\n  version = \"12.0\"\n  administrator_login = \"someone\"\n  administrator_login_password = \"of {name}, l0ng enough\"\n}}\n"
        )
    };
    let head = "stack \"twins\" {}\nsite \"east\" {\n  provider = \"azure\"\n  location = \"canadaeast\"\n}\nresource_group \"r\" {\n  site = site.east\n}\n";
    let text = format!("{head}{}{}", server("b-x", "first-of-two"), server("b_x", "second-of-two"));
    let stack = evaluated(&Lab::new(7), &text, "twins").stack;
    let text: String = terraform(&stack, Options::default()).files.into_values().collect();
    for name in ["b_x_administrator_login_password", "mssql_server_b_x_administrator_login_password"] {
        assert!(text.contains(&format!("variable \"{name}\"")), "{name}:\n{text}");
        assert_eq!(text.matches(&format!("= var.{name}\n")).count(), 1, "{name}:\n{text}");
    }
    let text = &as_bicep(&stack).files["main.bicep"];
    for name in ["bXAdministratorLoginPassword", "bXAdministratorLoginPasswordOfMssqlServer"] {
        assert!(
            text.contains("@secure()\n@description") && text.contains(&format!("param {name} ")),
            "{name}:\n{text}"
        );
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn code_loads_with_any_names(chosen in prop::collection::btree_set(prop_oneof![
        3 => prop::sample::select(LABELS).prop_map(str::to_owned),
        1 => "[a-zA-Z_][a-zA-Z0-9_-]{0,6}",
        1 => "\\p{L}[\\p{L}0-9_-]{0,4}",
    ], 1..8)) {
        let labels: Vec<&str> = chosen.iter().map(String::as_str).collect();
        prop_assume!(drplan::hcl::parse(&stack(&labels), 0).is_ok());
        let found = faults(&labels);
        prop_assert!(found.is_empty(), "{:?}: {}", labels, found.join("\n"));
    }
}
