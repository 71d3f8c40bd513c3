//! Resources of providers other than Azure in emitted code.

use drplan::emit::{Options, terraform};

use super::{as_bicep, evaluated};
use crate::lab::Lab;

const RECORDS: &str = r#"
stack "edge" {}

cloudflare_dns_record "named" {
  name    = "www.example.com"
  zone    = "example.com"
  type    = "A"
  content = "192.0.2.10"
  ttl     = 300
}

cloudflare_dns_record "by_id" {
  name    = "app.example.com"
  zone    = "023e105f4ecef8ad9ca31a8372d0c353"
  type    = "A"
  content = "192.0.2.10"
  ttl     = 300
}
"#;

#[test]
fn zone_is_found_by_a_data_source_unless_the_stack_has_its_id() {
    let emitted = terraform(&evaluated(&Lab::new(3), RECORDS, "edge").stack, Options::default());
    let all: String =
        emitted.files.iter().filter(|(name, _)| name.ends_with(".tf")).map(|(_, text)| text.as_str()).collect();
    for part in [
        "resource \"cloudflare_dns_record\" \"named\" {",
        "data \"cloudflare_zone\" \"named\" {\n  filter = {\n    name = \"example.com\"\n  }\n}",
        "= data.cloudflare_zone.named.zone_id",
        "= \"023e105f4ecef8ad9ca31a8372d0c353\"",
        "source  = \"cloudflare/cloudflare\"",
        "provider \"cloudflare\" {",
    ] {
        assert!(all.contains(part), "no `{part}` in\n{all}");
    }
    assert!(!all.contains("azurerm") && !all.contains("subscription_id"), "{all}");
    assert_eq!(all.matches("data \"cloudflare_zone\"").count(), 1, "{all}");
}

#[test]
fn resource_of_another_provider_is_a_limitation_of_bicep() {
    let emitted = as_bicep(&evaluated(&Lab::new(3), RECORDS, "edge").stack);
    let listed: Vec<&str> = emitted.limitations.iter().map(|one| one.what.as_str()).collect();
    assert_eq!(listed, ["cloudflare_dns_record.by_id", "cloudflare_dns_record.named"]);
    assert!(!emitted.files["main.bicep"].contains("dns_record"));
}

const TWO_ACCOUNTS: &str = r#"
stack "two" {}

provider "azure" "recovery" {
  subscription = "66666666-7777-4888-8999-aaaaaaaaaaaa"
}

site "home" {
  provider = "azure"
  location = "canadacentral"
}

site "away" {
  provider = provider.azure.recovery
  location = "canadaeast"
}

resource_group "home" {
  site = site.home
}

resource_group "away" {
  site = site.away
}

virtual_network "home" {
  resource_group = resource_group.home
  address_space  = ["10.1.0.0/16"]
}

virtual_network "away" {
  resource_group = resource_group.away
  address_space  = ["10.2.0.0/16"]
}

vnet_peering "home-away" {
  between = [virtual_network.home, virtual_network.away]
}

resource_group "each" {
  for_each = { home = site.home, away = site.away }
  name     = "each-${each.key}"
  site     = each.value
}
"#;

#[test]
fn further_account_has_a_provider_block_with_an_alias() {
    let emitted = terraform(&evaluated(&Lab::new(3), TWO_ACCOUNTS, "two").stack, Options { imports: true });
    let all: String = emitted.files.values().map(String::as_str).collect();
    let block = |head: &str| {
        let from = all.find(head).unwrap_or_else(|| panic!("no `{head}` in\n{all}"));
        all[from..].split("\n}\n").next().unwrap_or_default().to_owned()
    };
    let versions = &emitted.files["versions.tf"];
    assert_eq!(versions.matches("provider \"azurerm\" {").count(), 2, "{versions}");
    assert!(versions.contains("alias = \"recovery\""), "{versions}");
    assert!(versions.contains("= var.recovery_subscription_id"), "{versions}");
    assert!(block("variable \"recovery_subscription_id\"").contains("\"66666666-7777-4888-8999-aaaaaaaaaaaa\""));

    let is_aliased = |head: &str| block(head).contains("= azurerm.recovery\n");
    for head in [
        "resource \"azurerm_resource_group\" \"away\"",
        "resource \"azurerm_virtual_network\" \"away\"",
        "resource \"azurerm_virtual_network_peering\" \"home_away_back\"",
    ] {
        assert!(is_aliased(head), "{}", block(head));
    }
    for head in [
        "resource \"azurerm_resource_group\" \"home\"",
        "resource \"azurerm_virtual_network\" \"home\"",
        "resource \"azurerm_virtual_network_peering\" \"home_away_there\"",
    ] {
        assert!(!is_aliased(head), "{}", block(head));
    }
    let imports = &emitted.files["imports.tf"];
    for (name, account) in [("home", "subscription_id"), ("away", "recovery_subscription_id")] {
        assert!(imports.contains(&format!("\"/subscriptions/${{var.{account}}}/resourceGroups/{name}\"")), "{imports}");
    }
    let listed: Vec<&str> = emitted.limitations.iter().map(|one| one.what.as_str()).collect();
    assert_eq!(listed, ["resource_group.each"], "a block of Terraform has one account");
}

#[test]
fn object_whose_provider_gave_its_id_is_imported_by_hand() {
    let emitted = terraform(&evaluated(&Lab::new(3), RECORDS, "edge").stack, Options { imports: true });
    assert!(!emitted.files.contains_key("imports.tf"), "{:?}", emitted.files.keys());
    let why: Vec<&str> = emitted.limitations.iter().map(|one| one.why.as_str()).collect();
    assert_eq!(why.len(), 2);
    assert!(why[1].ends_with("`terraform import 'cloudflare_dns_record.named' ZONE_ID/RECORD_ID`"), "{why:?}");
}
