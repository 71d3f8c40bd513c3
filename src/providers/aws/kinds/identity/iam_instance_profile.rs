//! Instance profile: the way in which a machine has a role.

use super::iam_role::PATH;
use crate::kinds::table::*;
use crate::providers::aws::VERSION;

/// Table of `aws_iam_instance_profile`.
pub(crate) static KIND: Kind = Kind {
    name: "aws_iam_instance_profile",
    about: "Instance profile, by which machines have a role. It is the same for all regions.",
    type_: KindType { name: "AWS::IAM::InstanceProfile", version: VERSION },
    place: Place::Root("aws:global/instance-profiles/{name}"),
    location: Location::None,
    names: NameRule::new(1, 128, "^[A-Za-z0-9_+=,.@-]+$", "letters, digits, and `_ + = , . @ -`"),
    args: &[
        arg("role", Ty::Ref(&["aws_iam_role"]), "Roles[0]", "Role of the machines.").required(),
        arg("path", Ty::String, "Path", "Path of the profile.").form(&PATH).default(Lit::Str("/")).replace(),
    ],
    attributes: &[attribute("arn", "Arn", FakeValue::Nothing, "Name of the profile in policies.")],
    drill: Drill::STOOD_UP,
    durations: Durations { create: 100, update: 10, delete: 10 },
    in_use: "DeleteConflict",
    terraform: Terraform {
        resource: "iam_instance_profile",
        renamed: &[("role", "role")],
        referred: &[("role", "name")],
        imported: Some(|ids, _| ids.iter().map(|id| id.name().to_owned()).collect()),
        ..Terraform::BY_RULE
    },
    example: r#"
aws_iam_role "web" {
  assume_role_policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect    = "Allow"
      Action    = "sts:AssumeRole"
      Principal = { Service = "ec2.amazonaws.com" }
    }]
  })
}

aws_iam_instance_profile "example" {
  role = aws_iam_role.web
}
"#,
    left_out: &[("name_prefix", "write the whole name"), ("tags", "Cloud Control cannot tag a profile")],
    ..crate::providers::aws::KIND
};
