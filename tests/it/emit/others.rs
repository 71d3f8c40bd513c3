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
