//! Ids of AWS's objects. drplan makes its own of names, because AWS's exist only after a creation; those of AWS itself
//! stand for objects that no stack manages.

use crate::kinds::{Grammar, Templates};
use crate::object::ObjectId;

/// The words of the lists that a region has.
pub(super) const REGIONAL: &[&str] = &[
    "vpcs",
    "subnets",
    "internet-gateways",
    "route-tables",
    "security-groups",
    "vpc-endpoints",
    "addresses",
    "key-pairs",
    "launch-templates",
    "instances",
    "images",
    "volumes",
    "snapshots",
    "capacity-reservations",
    "buckets",
    "keys",
    "parameters",
];

/// The types of objects, and the templates of their ids. The kinds have the same.
const TYPES: &[(&str, &str)] = &[
    ("AWS::IAM::Role", "global/roles/{name}"),
    ("AWS::IAM::InstanceProfile", "global/instance-profiles/{name}"),
    ("AWS::Route53::RecordSet", "global/zones/{zone}/records/{type}/{name}"),
    ("AWS::EC2::VPC", "{region}/vpcs/{name}"),
    ("AWS::EC2::Subnet", "{region}/subnets/{name}"),
    ("AWS::EC2::InternetGateway", "{region}/internet-gateways/{name}"),
    ("AWS::EC2::RouteTable", "{region}/route-tables/{name}"),
    ("AWS::EC2::SecurityGroup", "{region}/security-groups/{name}"),
    ("AWS::EC2::VPCEndpoint", "{region}/vpc-endpoints/{name}"),
    ("AWS::EC2::EIP", "{region}/addresses/{name}"),
    ("AWS::EC2::KeyPair", "{region}/key-pairs/{name}"),
    ("AWS::EC2::LaunchTemplate", "{region}/launch-templates/{name}"),
    ("AWS::EC2::Instance", "{region}/instances/{name}"),
    ("AWS::EC2::Image", "{region}/images/{name}"),
    ("AWS::EC2::Volume", "{region}/volumes/{name}"),
    ("AWS::EC2::Snapshot", "{region}/snapshots/{name}"),
    ("AWS::EC2::CapacityReservation", "{region}/capacity-reservations/{name}"),
    ("AWS::S3::Bucket", "{region}/buckets/{name}"),
    ("AWS::S3::Object", "{region}/buckets/{bucket}/objects/{name}"),
    ("AWS::KMS::Key", "{region}/keys/{name}"),
    ("AWS::SSM::Parameter", "{region}/parameters/{name}"),
];

/// The beginnings of ids that AWS gives, with the types of their objects.
const GIVEN: &[(&str, &str)] = &[
    ("vpc-", "AWS::EC2::VPC"),
    ("subnet-", "AWS::EC2::Subnet"),
    ("igw-", "AWS::EC2::InternetGateway"),
    ("rtb-", "AWS::EC2::RouteTable"),
    ("sg-", "AWS::EC2::SecurityGroup"),
    ("vpce-", "AWS::EC2::VPCEndpoint"),
    ("eipalloc-", "AWS::EC2::EIP"),
    ("key-", "AWS::EC2::KeyPair"),
    ("lt-", "AWS::EC2::LaunchTemplate"),
    ("i-", "AWS::EC2::Instance"),
    ("ami-", "AWS::EC2::Image"),
    ("vol-", "AWS::EC2::Volume"),
    ("snap-", "AWS::EC2::Snapshot"),
    ("cr-", "AWS::EC2::CapacityReservation"),
];

const NAMED: Templates = Templates { provider: "aws", types: TYPES };

/// The grammar of ids.
#[derive(Debug)]
pub(super) struct AwsIds;

/// The type of an object with an id that AWS gave: `subnet-` and hexadecimal digits. An ARN has none.
fn given(text: &str) -> Option<&'static str> {
    let is_rest = |rest: &str| rest.len() >= 8 && rest.bytes().all(|byte| byte.is_ascii_hexdigit());
    GIVEN.iter().find(|(start, _)| text.strip_prefix(start).is_some_and(is_rest)).map(|(_, type_)| *type_)
}

impl Grammar for AwsIds {
    fn is_id(&self, text: &str) -> bool {
        NAMED.is_id(text) || given(text).is_some() || text.starts_with("arn:aws")
    }

    fn type_of(&self, id: &ObjectId) -> Option<String> {
        NAMED.type_of(id).or_else(|| given(id.as_str()).map(str::to_owned))
    }

    fn parent(&self, id: &ObjectId) -> Option<ObjectId> {
        NAMED.parent(id)
    }

    fn names<'a>(&self, id: &'a ObjectId) -> Vec<&'a str> {
        NAMED.names(id)
    }

    fn arguments<'a>(&self, id: &'a ObjectId) -> Vec<(&'static str, &'a str)> {
        NAMED.arguments(id)
    }

    fn example(&self) -> &'static str {
        "aws:us-west-2/subnets/web"
    }

    fn unknown(&self, number: usize) -> String {
        NAMED.unknown(number)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_of_aws_and_ids_of_names_are_told_apart_from_other_texts() {
        let id = ObjectId::new("aws:us-west-2/buckets/vault/objects/a%2Fb");
        assert_eq!(AwsIds.type_of(&id).as_deref(), Some("AWS::S3::Object"));
        assert_eq!(AwsIds.parent(&id), Some(ObjectId::new("aws:us-west-2/buckets/vault")));
        assert_eq!(AwsIds.type_of(&ObjectId::new("ami-0123456789abcdef0")).as_deref(), Some("AWS::EC2::Image"));
        for text in ["i-", "ami-web", "subnet", "i-0123456789abcdeg", "aws"] {
            assert!(!AwsIds.is_id(text), "{text}");
        }
    }

    #[test]
    fn kinds_have_the_ids_of_the_grammar() {
        for kind in super::super::kinds::ALL {
            let template = kind.place.template().map(|template| template.trim_start_matches("aws:"));
            let of_type: Vec<&str> =
                TYPES.iter().filter(|(type_, _)| *type_ == kind.type_.name).map(|(_, template)| *template).collect();
            assert!(template.is_none_or(|template| of_type == [template]), "{}: {of_type:?}", kind.name);
        }
    }
}
