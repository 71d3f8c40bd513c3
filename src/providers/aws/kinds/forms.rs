//! Forms of texts and arguments that the kinds of AWS share.

use serde_json::Value as Json;

use crate::kinds::form::unless;
use crate::kinds::table::*;

/// AWS's code for a value that it does not accept.
pub(super) const INVALID: &str = "InvalidParameterValue";
/// AWS's code for a combination of parameters.
pub(super) const COMBINATION: &str = "InvalidParameterCombination";
/// AWS's code for the deletion of an object that others use.
pub(super) const IN_USE: &str = "DependencyViolation";

/// Tags of AWS (source: the limits that AWS's pages on tags give; some services take fewer characters than others, and
/// all take these). Four are left for the name and the mark of the stack.
static TAGS: TagRule = TagRule {
    provider: "AWS",
    most: 46,
    longest_name: 128,
    longest_value: 256,
    forbidden: "<>%&\\?!#$*(){}[]|;\"',^~`",
    begins_with_letter: false,
    reserved: &["aws:"],
};

/// The argument `tags`.
pub(super) const TAGS_ARG: Arg = arg(
    "tags",
    Ty::Tags(&TAGS),
    "tags",
    "Tags, added to those of the stack. The tag `Name` is the name of the resource, and drplan writes it.",
)
.default(Lit::EmptyMap);

/// A name that an object has as its tag `Name`.
pub(super) const TAG_NAME: NameRule = NameRule::new(
    1,
    255,
    "^[A-Za-z0-9_.:/=+@-]([A-Za-z0-9 _.:/=+@-]*[A-Za-z0-9_.:/=+@-])?$",
    "letters, digits, inner spaces, and `_ . : / = + - @`",
);

/// The network of an object, which is at its site.
pub(super) const VPC: Arg = Arg {
    near: true,
    ..arg("vpc", Ty::Ref(&["aws_vpc"]), "VpcId", "Network; its site is that of this resource.").required().replace()
};

/// A key of KMS in the region of the object.
pub(super) const fn kms_key(path: &'static str) -> Arg {
    Arg {
        near: true,
        ..arg(
            "kms_key",
            Ty::Ref(&["aws_kms_key"]),
            path,
            "Key of KMS. Without one, the key that AWS has for the service.",
        )
    }
}

/// A type of machines.
pub(super) static INSTANCE_TYPE: Form =
    Form::new("a type of machines, as in \"m7i.large\"", &["t3.micro", "m7i.large"], INVALID, |text| {
        let is_word = |part: &str| {
            !part.is_empty()
                && part.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-')
        };
        let is_type = text.split_once('.').is_some_and(|(family, size)| is_word(family) && is_word(size));
        unless(is_type, "is not the name of a type of machines")
    });

/// An availability zone.
pub(super) static ZONE: Form =
    Form::new("an availability zone, as in \"us-west-2a\"", &["af-south-1a", "af-south-1b"], INVALID, |text| {
        let is_zone = text.ends_with(|last: char| last.is_ascii_lowercase())
            && text.trim_end_matches(|c: char| c.is_ascii_lowercase()).ends_with(|digit: char| digit.is_ascii_digit());
        unless(is_zone, "is not the name of a zone, which ends in a digit and a letter")
    });

/// A public key, as in a file `authorized_keys`, without its comment. AWS takes RSA and ED25519.
pub(super) static PUBLIC_KEY: Form = Form::new(
    "an SSH public key, as in \"ssh-ed25519 AAAA… operator\"",
    &[
        "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIExampleExampleExampleExampleExampleExampleE example",
        "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIAnotherAnotherAnotherAnotherAnotherAnother example",
    ],
    "InvalidKey.Format",
    |text| {
        let mut words = text.split_whitespace();
        let is_type = words.next().is_some_and(|word| ["ssh-rsa", "ssh-ed25519"].contains(&word));
        unless(
            is_type && words.next().is_some_and(|data| data.starts_with("AAAA")),
            "is neither an RSA nor an ED25519 key",
        )
    },
)
.normal(|text| text.split_whitespace().take(2).collect::<Vec<_>>().join(" "));

/// A document of JSON, compared whatever the order of its names and its spaces.
pub(super) static DOCUMENT: Form = Form::new(
    "a document of JSON, as `jsonencode` makes it",
    &[r#"{"Statement":[],"Version":"2012-10-17"}"#, r#"{"Id":"other","Statement":[],"Version":"2012-10-17"}"#],
    "MalformedPolicyDocument",
    |text| unless(serde_json::from_str::<Json>(text).is_ok_and(|value| value.is_object()), "is no object of JSON"),
)
.normal(|text| serde_json::from_str::<Json>(text).map_or_else(|_| text.to_owned(), |value| sorted(&value).to_string()));

/// The same value with the names of objects in order.
fn sorted(value: &Json) -> Json {
    match value {
        Json::Object(map) => {
            let names: std::collections::BTreeMap<&String, &Json> = map.iter().collect();
            names.into_iter().map(|(name, value)| (name.clone(), sorted(value))).collect()
        }
        Json::Array(items) => items.iter().map(sorted).collect(),
        other => other.clone(),
    }
}

/// The text of a name that is derived from an argument, or else from the label of the block.
pub(super) fn name_of(subject: &Subject<'_>, argument: &str) -> String {
    subject.text(argument).unwrap_or_else(|| subject.address.name()).to_owned()
}
