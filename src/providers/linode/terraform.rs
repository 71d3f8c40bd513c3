//! The provider of Terraform for Linode.

use crate::kinds::emit::{Lookup, TerraformProvider};

/// Arguments that every resource there names otherwise.
pub(super) const LABEL: (&str, &str) = ("name", "label");
/// The region of a site.
pub(super) const REGION: (&str, &str) = ("location", "region");
/// A domain by its name; Terraform wants its number.
pub(super) const DOMAIN: Lookup = Lookup {
    argument: "domain",
    is_id: |text| text.bytes().all(|byte| byte.is_ascii_digit()),
    source: "linode_domain",
    attribute: "id",
    text: "domain = {value}",
};
/// Tags are texts there.
pub(super) const TAGS: &str = "[for name, value in {tags} : \"${name}:${value}\"]";

/// The provider, whose version 3 has the names of the kinds.
pub(super) const PROVIDERS: &[TerraformProvider] = &[TerraformProvider {
    name: "linode",
    source: "linode/linode",
    version: "~> 3.0",
    fits: "",
    newer: None,
    block: |_, _| "  # The token is that of LINODE_TOKEN.\n".to_owned(),
    account: ("", ""),
    client: ("", ""),
    objects: false,
    backend: &[],
}];
