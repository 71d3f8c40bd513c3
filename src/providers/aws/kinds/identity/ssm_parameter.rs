//! Parameter of Systems Manager: a text that machines read. Secrets are not for it.

use crate::kinds::table::*;
use crate::providers::aws::VERSION;
use crate::providers::aws::kinds::forms::TAGS_ARG;
use crate::providers::aws::terraform::REGION;

/// Table of `aws_ssm_parameter`.
pub(crate) static KIND: Kind = Kind {
    name: "aws_ssm_parameter",
    about: "Parameter of Systems Manager, a text that machines of a region read.",
    type_: KindType { name: "AWS::SSM::Parameter", version: VERSION },
    place: Place::Root("aws:{region}/parameters/{name}"),
    names: NameRule::new(
        1,
        1011,
        "^(/?[A-Za-z0-9_.-]+)(/[A-Za-z0-9_.-]+){0,14}$",
        "letters, digits, `_`, `.` and `-`, in up to 15 levels with `/` between them",
    ),
    args: &[
        arg(
            "type",
            Ty::Enum(&["String", "StringList"]),
            "Type",
            "Type: one text, or several with commas between them.",
        )
        .required(),
        arg("value", Ty::String, "Value", "The text, which is no secret.").required(),
        arg("tier", Ty::Enum(&["Standard", "Advanced", "Intelligent-Tiering"]), "Tier", "Tier, by size and price.")
            .write_only()
            .default(Lit::Str("Standard")),
        arg("description", Ty::String, "Description", "Description, for people.").write_only(),
        TAGS_ARG,
    ],
    attributes: &[attribute("arn", "Arn", FakeValue::Nothing, "Name of the parameter in policies.")],
    durations: Durations { create: 5, update: 5, delete: 5 },
    in_use: "",
    terraform: Terraform {
        resource: "ssm_parameter",
        renamed: &[REGION],
        imported: Some(|ids, _| ids.iter().map(|id| id.name().replace(crate::kinds::body::SLASH, "/")).collect()),
        ..Terraform::BY_RULE
    },
    example: r#"
aws_ssm_parameter "example" {
  site  = site.east
  name  = "/recovery/manifest"
  type  = "String"
  value = "web"
}
"#,
    left_out: &[
        ("allowed_pattern", "the stack has the value"),
        ("arn", "AWS gives it"),
        ("data_type", "a text"),
        ("insecure_value", "write `value`"),
        ("key_id", "for secrets, which a parameter of a stack must not have"),
        ("overwrite", "`apply --adopt` takes over what exists"),
        ("value_wo", "for secrets, which a parameter of a stack must not have"),
        ("value_wo_version", "for secrets, which a parameter of a stack must not have"),
    ],
    ..crate::providers::aws::KIND
};
