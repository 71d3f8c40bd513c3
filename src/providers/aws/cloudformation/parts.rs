//! One object of drplan as the resources of CloudFormation that make it: the attachment of a gateway, the routes of a
//! table, the policy of a bucket.

use serde_json::{Map as JsonMap, Value as Json, json};

use crate::kinds::path;

/// A further resource: the end of its logical id, its type, its properties, and the ends of those that it needs.
pub(super) struct Part {
    pub(super) suffix: String,
    pub(super) type_: &'static str,
    pub(super) properties: Json,
}

impl Part {
    fn new(suffix: impl Into<String>, type_: &'static str, properties: Json) -> Self {
        Self { suffix: suffix.into(), type_, properties }
    }
}

/// The end of the logical id of a gateway's attachment.
pub(super) const ATTACHMENT: &str = "Attachment";

/// Takes what is a resource of its own out of the properties of an object of this type. `own` is its logical id, and
/// `name` its name.
pub(super) fn taken(type_: &str, own: &str, name: &str, properties: &mut JsonMap<String, Json>) -> Vec<Part> {
    let reference = json!({ "Ref": own });
    match type_ {
        "AWS::EC2::InternetGateway" => {
            let vpc = properties.remove("VpcId").unwrap_or_default();
            let attached = json!({ "VpcId": vpc, "InternetGatewayId": reference });
            vec![Part::new(ATTACHMENT, "AWS::EC2::VPCGatewayAttachment", attached)]
        }
        "AWS::EC2::RouteTable" => routes(properties, &reference),
        "AWS::EC2::SecurityGroup" => own_rules(own, properties),
        "AWS::S3::Bucket" => match properties.remove("Policy") {
            Some(policy) => {
                let properties = json!({ "Bucket": reference, "PolicyDocument": document(&policy) });
                vec![Part::new("Policy", "AWS::S3::BucketPolicy", properties)]
            }
            None => Vec::new(),
        },
        "AWS::KMS::Key" => {
            let alias = json!({ "AliasName": format!("alias/{name}"), "TargetKeyId": reference });
            vec![Part::new("Alias", "AWS::KMS::Alias", alias)]
        }
        _ => Vec::new(),
    }
}

fn routes(properties: &mut JsonMap<String, Json>, table: &Json) -> Vec<Part> {
    let list = |value: Option<Json>| match value {
        Some(Json::Array(items)) => items,
        _ => Vec::new(),
    };
    let mut parts = Vec::new();
    for (at, mut route) in list(properties.remove("Routes")).into_iter().enumerate() {
        path::put(&mut route, "RouteTableId", table.clone());
        parts.push(Part::new(format!("Route{}", at + 1), "AWS::EC2::Route", route));
    }
    for (at, subnet) in list(properties.remove("SubnetIds")).into_iter().enumerate() {
        let properties = json!({ "RouteTableId": table, "SubnetId": subnet });
        parts.push(Part::new(format!("Subnet{}", at + 1), "AWS::EC2::SubnetRouteTableAssociation", properties));
    }
    parts
}

/// The rules of a group that name itself, which a group cannot have before it exists.
fn own_rules(own: &str, properties: &mut JsonMap<String, Json>) -> Vec<Part> {
    let id = json!({ "Fn::GetAtt": [own, "GroupId"] });
    let lists = [
        ("SecurityGroupIngress", "AWS::EC2::SecurityGroupIngress", "SourceSecurityGroupId", "OwnIngress"),
        ("SecurityGroupEgress", "AWS::EC2::SecurityGroupEgress", "DestinationSecurityGroupId", "OwnEgress"),
    ];
    let mut parts = Vec::new();
    for (list, type_, end, suffix) in lists {
        let Some(Json::Array(rules)) = properties.get_mut(list) else { continue };
        let (of_itself, others): (Vec<Json>, Vec<Json>) =
            std::mem::take(rules).into_iter().partition(|rule| path::text(rule, end) == Some("self"));
        *rules = others;
        for (at, mut rule) in of_itself.into_iter().enumerate() {
            path::put(&mut rule, end, Json::Null);
            path::put(&mut rule, end, id.clone());
            path::put(&mut rule, "GroupId", id.clone());
            parts.push(Part::new(format!("{suffix}{}", at + 1), type_, rule));
        }
    }
    // Without rules, CloudFormation lets a group start any traffic; a rule to nowhere takes that away.
    if properties.get("SecurityGroupEgress").and_then(Json::as_array).is_some_and(Vec::is_empty) {
        let nowhere = json!([{ "IpProtocol": "-1", "CidrIp": "127.0.0.1/32", "Description": "nowhere" }]);
        properties.insert("SecurityGroupEgress".to_owned(), nowhere);
    }
    if properties.get("SecurityGroupIngress").and_then(Json::as_array).is_some_and(Vec::is_empty) {
        properties.remove("SecurityGroupIngress");
    }
    parts
}

/// A document of JSON, which the tables have as a text.
pub(super) fn document(text: &Json) -> Json {
    text.as_str().and_then(|text| serde_json::from_str(text).ok()).unwrap_or_else(|| text.clone())
}
