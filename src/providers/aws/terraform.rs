//! The provider of Terraform for AWS.

use crate::kinds::emit::{Lookup, TerraformProvider};

/// The region of a site, which every regional resource has as an argument.
pub(super) const REGION: (&str, &str) = ("location", "region");

/// The tags of an object that has no name but the tag `Name`.
pub(super) const NAMED: &str = "merge({tags}, { Name = {own_name} })";

/// A key of KMS by its ARN, which every service takes.
pub(super) const KEY_ARN: &[(&str, &str)] = &[("kms_key", "arn")];

/// A zone by its domain; Terraform wants its id.
pub(super) const ZONE: Lookup = Lookup {
    argument: "zone",
    is_id: |text| text.starts_with('Z') && !text.contains('.'),
    source: "aws_route53_zone",
    attribute: "zone_id",
    text: "name = {value}",
};

/// The provider, whose version 6 has a region for each resource.
pub(super) const PROVIDERS: &[TerraformProvider] = &[TerraformProvider {
    name: "aws",
    source: "hashicorp/aws",
    version: "~> 6.0",
    fits: "",
    newer: None,
    block: |_, _| {
        "  # Credentials are those of the command line of AWS, of this account only.\n  \
         allowed_account_ids = [var.aws_account_id]\n"
            .to_owned()
    },
    account: ("aws_account_id", "Account of AWS."),
    client: ("", ""),
    objects: false,
    backend: &[],
}];
