//! The provider of Terraform for AWS.

use crate::kinds::emit::TerraformProvider;

/// The region of a site, which every regional resource has as an argument.
pub(super) const REGION: (&str, &str) = ("location", "region");

/// The tags of an object that has no name but the tag `Name`.
pub(super) const NAMED: &str = "merge({tags}, { Name = {name} })";

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
