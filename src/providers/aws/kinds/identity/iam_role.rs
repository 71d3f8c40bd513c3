//! Role: the rights that a machine has. Its control plane lies in one region, so that it is made beforehand.

use crate::kinds::table::*;
use crate::providers::aws::VERSION;
use crate::providers::aws::kinds::forms::{DOCUMENT, TAGS_ARG};

static POLICY: Block = Block::many(
    "name",
    &[
        arg("name", Ty::String, "PolicyName", "Name of the policy.").required(),
        arg("policy", Ty::String, "PolicyDocument", "Rights, as `jsonencode` makes them.").form(&DOCUMENT).required(),
    ],
);

/// Table of `aws_iam_role`.
pub(crate) static KIND: Kind = Kind {
    name: "aws_iam_role",
    about: "Role with rights, which a machine has by an instance profile. It is the same for all regions.",
    type_: KindType { name: "AWS::IAM::Role", version: VERSION },
    place: Place::Root("aws:global/roles/{name}"),
    location: Location::None,
    names: NameRule::new(1, 64, "^[A-Za-z0-9_+=,.@-]+$", "letters, digits, and `_ + = , . @ -`"),
    args: &[
        arg(
            "assume_role_policy",
            Ty::String,
            "AssumeRolePolicyDocument",
            "Those who may take the role, as `jsonencode` makes it.",
        )
        .form(&DOCUMENT)
        .required(),
        arg("inline_policy", Ty::Block(&POLICY), "Policies", "Rights of the role."),
        arg(
            "managed_policy_arns",
            Ty::Set(&Ty::String),
            "ManagedPolicyArns",
            "Policies of the account or of AWS, by ARN.",
        ),
        arg("description", Ty::String, "Description", "Description, for people."),
        arg("path", Ty::String, "Path", "Path of the role.").form(&PATH).default(Lit::Str("/")).replace(),
        arg("max_session_duration", Ty::Integer(3_600, 43_200), "MaxSessionDuration", "Longest session, in seconds.")
            .default(Lit::Int(3_600)),
        arg("permissions_boundary", Ty::String, "PermissionsBoundary", "Policy, by ARN, beyond which no right goes."),
        TAGS_ARG,
    ],
    attributes: &[
        attribute("arn", "Arn", FakeValue::Nothing, "Name of the role in policies."),
        attribute("unique_id", "RoleId", FakeValue::Nothing, "Id that AWS gave the role."),
    ],
    drill: Drill::STOOD_UP,
    durations: Durations { create: 10, update: 10, delete: 10 },
    in_use: "DeleteConflict",
    terraform: Terraform {
        resource: "iam_role",
        said: &["inline_policy", "managed_policy_arns"],
        splits: &[
            SplitResource::each(
                "inline_policy",
                "iam_role_policy",
                "name = {inline_policy.name}\nrole = {self}.name\npolicy = {inline_policy.policy}",
            ),
            SplitResource::each(
                "managed_policy_arns",
                "iam_role_policy_attachment",
                "role = {self}.name\npolicy_arn = {each}",
            ),
        ],
        imported: Some(|ids, _| ids.iter().map(|id| id.name().to_owned()).collect()),
        ..Terraform::BY_RULE
    },
    example: r#"
aws_iam_role "example" {
  assume_role_policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect    = "Allow"
      Action    = "sts:AssumeRole"
      Principal = { Service = "ec2.amazonaws.com" }
    }]
  })
}
"#,
    left_out: &[
        ("force_detach_policies", "drplan removes the policies of a role before it deletes it"),
        ("name_prefix", "write the whole name"),
    ],
    ..crate::providers::aws::KIND
};

/// The path of a role or profile (source: the pattern of the type's schema).
pub(super) static PATH: Form =
    Form::new("a path that begins and ends with `/`", &["/recovery/", "/other/"], "ValidationError", |text| {
        let is_path = text.starts_with('/') && text.ends_with('/') && text.len() <= 512;
        (!is_path).then(|| "does not begin and end with `/`".to_owned())
    });
