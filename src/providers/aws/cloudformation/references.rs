//! Names within a template: logical ids, and references in place of ids.

use std::collections::BTreeMap;

use serde_json::{Value as Json, json};

use crate::object::ObjectId;
use crate::stack::{Resource, Stack};

/// The logical ids of a template, by the ids of resources.
pub(super) struct LogicalIds<'a> {
    stack: &'a Stack,
    by_id: BTreeMap<ObjectId, String>,
}

impl<'a> LogicalIds<'a> {
    /// Logical ids of these resources: the words of the kind and the label, and a number where two would be equal.
    pub(super) fn of(stack: &'a Stack, resources: &[&Resource]) -> Self {
        let mut by_id: BTreeMap<ObjectId, String> = BTreeMap::new();
        for resource in resources {
            let kind = resource.kind.name.trim_start_matches("aws_");
            let wanted = camel(&format!("{kind} {}", resource.address.own_name()));
            let mut numbered =
                std::iter::once(wanted.clone()).chain((2_u32..).map(|number| format!("{wanted}{number}")));
            let is_free = |name: &String| by_id.values().all(|other| other != name);
            by_id.insert(resource.id.clone(), numbered.find(is_free).unwrap_or(wanted));
        }
        Self { stack, by_id }
    }

    /// The logical id of a resource.
    pub(super) fn name(&self, resource: &Resource) -> String {
        self.by_id.get(&resource.id).cloned().unwrap_or_default()
    }

    /// The value with references in place of the ids of resources.
    ///
    /// # Errors
    /// The id of a resource that this template does not have, and that has no name which AWS knows.
    pub(super) fn resolved(&self, property: &str, value: &Json) -> Result<Json, String> {
        Ok(match value {
            Json::String(text) if text.starts_with("aws:") => {
                self.reference(property, &ObjectId::new(text.as_str()))?
            }
            Json::Array(items) => items.iter().map(|item| self.resolved(property, item)).collect::<Result<_, _>>()?,
            Json::Object(map) => {
                let one = |(name, value): (&String, &Json)| Ok((name.clone(), self.resolved(name, value)?));
                map.iter().map(one).collect::<Result<_, String>>()?
            }
            other => other.clone(),
        })
    }

    fn reference(&self, property: &str, id: &ObjectId) -> Result<Json, String> {
        let Some(name) = self.by_id.get(id) else { return self.outside(id) };
        let Some(resource) = self.stack.by_id(id) else { return self.outside(id) };
        Ok(match resource.kind.type_.name {
            "AWS::EC2::SecurityGroup" => json!({ "Fn::GetAtt": [name, "GroupId"] }),
            "AWS::EC2::EIP" => json!({ "Fn::GetAtt": [name, "AllocationId"] }),
            "AWS::KMS::Key" => json!({ "Fn::GetAtt": [name, "Arn"] }),
            "AWS::IAM::Role" if property.ends_with("Arn") => json!({ "Fn::GetAtt": [name, "Arn"] }),
            _ => json!({ "Ref": name }),
        })
    }

    /// A resource of another template by its name, where AWS knows that.
    fn outside(&self, id: &ObjectId) -> Result<Json, String> {
        let resource = self.stack.by_id(id);
        let is_named = |resource: &&Resource| own_name(resource.kind.type_.name).is_some();
        resource.filter(is_named).map(|resource| Json::from(&*resource.name)).ok_or_else(|| id.name().to_owned())
    }
}

/// The property with the name of a type that has one.
pub(super) fn own_name(type_: &str) -> Option<&'static str> {
    match type_ {
        "AWS::EC2::KeyPair" => Some("KeyName"),
        "AWS::EC2::SecurityGroup" => Some("GroupName"),
        "AWS::EC2::LaunchTemplate" => Some("LaunchTemplateName"),
        "AWS::IAM::Role" => Some("RoleName"),
        "AWS::IAM::InstanceProfile" => Some("InstanceProfileName"),
        "AWS::S3::Bucket" => Some("BucketName"),
        "AWS::SSM::Parameter" => Some("Name"),
        _ => None,
    }
}

/// Letters and digits of a text, with a capital at the beginning of each word.
pub(super) fn camel(text: &str) -> String {
    let mut out = String::new();
    let mut at_start = true;
    for c in text.chars() {
        if !c.is_ascii_alphanumeric() {
            at_start = true;
        } else if std::mem::take(&mut at_start) {
            out.push(c.to_ascii_uppercase());
        } else {
            out.push(c);
        }
    }
    out
}
