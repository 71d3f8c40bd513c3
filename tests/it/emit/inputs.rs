//! Emitted Terraform is a function of its variables: other values, other regions and another account change files of
//! variables and defaults, and no other byte. So whatever the values, the code is what drplan applies.

use std::collections::BTreeMap;

use drplan::emit::{EmitResult, Options, terraform};

use super::changes::{changed, each_change, made_of, varied};
use super::{evaluated, terraform_sources};
use crate::kinds::SITES;
use crate::lab::Lab;

/// Emitted files without the files of variables and the defaults. Import blocks name what exists in one account.
fn code(emitted: &EmitResult) -> BTreeMap<&str, String> {
    let mut out = BTreeMap::new();
    let is_code = |name: &str| !name.ends_with(".tfvars") && name != "imports.tf";
    for (name, text) in emitted.files.iter().filter(|(name, _)| is_code(name)) {
        let mut is_default = false;
        let mut kept = String::new();
        for line in text.lines() {
            let is_within = is_default && (line.starts_with("   ") || matches!(line.trim(), "}" | "]" | "EOT"));
            is_default = name == "variables.tf" && (line.starts_with("  default ") || is_within && line != "}");
            if !is_default {
                kept += line;
                kept.push('\n');
            }
        }
        out.insert(name.as_str(), kept);
    }
    out
}

#[test]
fn other_values_change_variables_alone() {
    let (mut found, mut tried) = (Vec::new(), 0);
    for source in terraform_sources().into_iter().chain([made_of("demo", "2"), varied()]) {
        for imports in [false, true] {
            let mut emitted = EmitResult::default();
            each_change(&source, &mut |what, stack| {
                let other = terraform(stack, Options { imports });
                if what.is_empty() {
                    emitted = other;
                    return;
                }
                tried += 1;
                found.extend(changed(&format!("{}: {what}", source.name), &code(&emitted), &code(&other)));
            });
        }
    }
    assert!(found.is_empty(), "{}", found.join("\n"));
    assert!(tried > 200, "only {tried} changes were tried");
}

fn emitted(text: &str, variables: &[(&str, &str)]) -> BTreeMap<String, String> {
    let mut lab = Lab::new(7);
    lab.variables.extend(variables.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())));
    terraform(&evaluated(&lab, text, "s").stack, Options { imports: false }).files
}

/// Two servers, one of which mirrors the other, with a password that is a plain variable.
fn servers() -> String {
    format!(
        "{SITES}resource_group \"a\" {{ site = site.east }}\nresource_group \"b\" {{ site = site.west }}\n\
         variable \"size\" {{\n  type = string\n  default = \"S1\"\n}}\n\
         variable \"word\" {{\n  type = string\n  default = \"an example, n0t a secret\"\n}}\n\
         mssql_server \"main-one\" {{\n  name = \"shared-a\"\n  resource_group = resource_group.a\n  version = \"12.0\"\n  \
         administrator_login = \"someone\"\n  administrator_login_password = var.word\n  identity {{ type = \"SystemAssigned\" }}\n}}\n\
         mssql_server \"other\" {{\n  mirrors = mssql_server.main-one\n  name = \"shared-b\"\n  resource_group = resource_group.b\n}}\n"
    )
}

#[test]
fn values_of_the_stack_are_in_one_file_of_variables() {
    let files = emitted(&servers(), &[("size", "S2")]);
    let values = &files["terraform.tfvars"];
    assert!(
        values.contains("\nsize = \"S2\"\n") && values.contains("\n# east_location = \"canadacentral\"\n"),
        "{values}"
    );
    let by_default = &emitted(&servers(), &[])["terraform.tfvars"];
    assert!(by_default.contains("\n# size = \"S1\"\n"), "{by_default}");
    // A variable that some argument treats as a secret has its value in no file.
    assert!(!files.values().any(|text| text.contains("n0t a secret")), "{files:#?}");
    let variables = &files["variables.tf"];
    let (_, word) = variables.split_once("variable \"word\" {").expect("the variable");
    assert!(word.contains("sensitive") && files["README.md"].contains("-var word=…"), "{variables}");
}

#[test]
fn mirrored_arguments_are_one_local() {
    let files = emitted(&servers(), &[]);
    let text: String =
        files.values().map(|text| text.split_whitespace().collect::<Vec<_>>().join(" ") + "\n").collect();
    let local = "# Shared by azurerm_mssql_server.main_one, azurerm_mssql_server.other. \
                 main_one = { administrator_login = \"someone\" version = \"12.0\" identity = { type = \"SystemAssigned\" } }";
    assert!(text.contains(local), "{text}");
    for line in ["version = local.main_one.version", "type = local.main_one.identity.type"] {
        assert_eq!(text.matches(line).count(), 2, "{line}: {text}");
    }
    let secret = "administrator_login_password_wo = var.word # Terraform keeps no write-only value.";
    assert_eq!(text.matches(secret).count(), 2, "{text}");
    assert!(files["versions.tf"].contains("required_version = \">= 1.11\""));
}
