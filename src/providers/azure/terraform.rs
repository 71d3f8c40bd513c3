//! The providers of Terraform for Azure: azurerm, and azapi for resources of any type.

use crate::hcl::quoted;
use crate::hcl::text::listed;
use crate::kinds::emit::TerraformProvider;

/// The providers, azurerm first.
pub(super) const PROVIDERS: &[TerraformProvider] = &[
    TerraformProvider {
        name: "azurerm",
        source: "hashicorp/azurerm",
        version: ">= 4.81, < 6.0",
        fits: "Works with azurerm 4.81 and 5: every argument has the same name in both.",
        newer: Some(("azurerm 5", "~> 5.0")),
        block: azurerm,
        account: ("subscription_id", "Subscription of all resources."),
        client: (
            "data.azurerm_client_config.current",
            "# The principal that runs Terraform, for its tenant.\ndata \"azurerm_client_config\" \"current\" {}\n",
        ),
        objects: false,
        backend: &[
            "backend \"azurerm\" {",
            "  resource_group_name  = \"terraform-state\"",
            "  storage_account_name = \"…\"",
            "  container_name       = \"tfstate\"",
            "  key                  = {key}",
            "  use_azuread_auth     = true",
            "}",
        ],
    },
    TerraformProvider {
        name: "azapi",
        source: "Azure/azapi",
        version: "~> 2.4",
        fits: "",
        newer: None,
        block: |_, _| "  subscription_id = var.subscription_id\n".to_owned(),
        account: ("", ""),
        client: ("", ""),
        objects: false,
        backend: &[],
    },
];

fn azurerm(features: &str, types: &[&str]) -> String {
    let mut namespaces: Vec<&str> = types.iter().filter_map(|type_| type_.split('/').next()).collect();
    namespaces.sort_unstable();
    namespaces.dedup();
    let namespaces = namespaces.into_iter().filter(|name| *name != "Microsoft.Resources").map(quoted).collect();
    format!(
        "  features {features}

  subscription_id                 = var.subscription_id
  resource_provider_registrations = \"none\"
  resource_providers_to_register  = {}
",
        listed(namespaces)
    )
}
