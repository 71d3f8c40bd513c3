//! Key pair: the public half of a key of which AWS never has the other.

use crate::kinds::table::*;
use crate::providers::aws::VERSION;
use crate::providers::aws::kinds::forms::{PUBLIC_KEY, TAGS_ARG};
use crate::providers::aws::terraform::REGION;

/// Table of `aws_key_pair`.
pub(crate) static KIND: Kind = Kind {
    name: "aws_key_pair",
    about: "Public key of operators, which machines of a region accept at their first start.",
    type_: KindType { name: "AWS::EC2::KeyPair", version: VERSION },
    place: Place::Root("aws:{region}/key-pairs/{name}"),
    names: NameRule::new(1, 255, "^[!-~]([ -~]*[!-~])?$", "characters of ASCII, with inner spaces"),
    args: &[
        PRESENCE,
        arg("public_key", Ty::String, "PublicKeyMaterial", "Public key, in the form of OpenSSH.")
            .form(&PUBLIC_KEY)
            .required()
            .replace(),
        TAGS_ARG,
    ],
    attributes: &[
        attribute("key_pair_id", "KeyPairId", FakeValue::Nothing, "Id that AWS gave the key pair."),
        attribute("fingerprint", "KeyFingerprint", FakeValue::Nothing, "Fingerprint that AWS computes of the key."),
    ],
    durations: Durations { create: 5, update: 5, delete: 5 },
    in_use: "",
    terraform: Terraform {
        resource: "key_pair",
        renamed: &[REGION, ("name", "key_name")],
        untold: &["public_key"],
        imported: Some(|ids, _| ids.iter().map(|id| id.name().to_owned()).collect()),
        ..Terraform::BY_RULE
    },
    example: r#"
aws_key_pair "example" {
  site       = site.east
  public_key = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIExampleExampleExampleExampleExampleExampleE example"
}
"#,
    left_out: &[("key_name_prefix", "write the whole name")],
    ..crate::providers::aws::KIND
};
