//! The provider of Terraform for Cloudflare.

use crate::kinds::emit::{Lookup, TerraformProvider};

/// A zone by its domain; Terraform wants its id.
pub(super) const ZONE: Lookup = Lookup {
    argument: "zone",
    is_id: |text| text.len() == 32 && text.bytes().all(|byte| byte.is_ascii_hexdigit()),
    source: "cloudflare_zone",
    attribute: "zone_id",
    text: "filter = {\nname = {value}\n}",
};

/// The account of an object that lies in no zone.
pub(super) const ACCOUNT: &[(&str, &str)] = &[("account_id", "var.cloudflare_account_id")];

/// The provider, whose version 5 has the names of the kinds.
pub(super) const PROVIDERS: &[TerraformProvider] = &[TerraformProvider {
    name: "cloudflare",
    source: "cloudflare/cloudflare",
    version: "~> 5.0",
    fits: "",
    newer: None,
    block: |_, _| "  # The token is that of CLOUDFLARE_API_TOKEN.\n".to_owned(),
    account: ("cloudflare_account_id", "Account of load balancing at Cloudflare."),
    client: ("", ""),
    objects: true,
    backend: &[],
}];
