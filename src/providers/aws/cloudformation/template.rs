//! A template: its resources, what they depend on, and the outputs that they have.

use serde_json::{Map as JsonMap, Value as Json, json};

use super::parts::{self, ATTACHMENT};
use super::references::{LogicalIds, camel, own_name};
use crate::emit::Limitation;
use crate::hcl::ast::{ExprKind, Root, TraversalStep};
use crate::kinds::{AttributeSource, body};
use crate::stack::{Resource, Stack};

/// Properties with documents of JSON, which the tables have as texts.
const DOCUMENTS: [&str; 4] = ["AssumeRolePolicyDocument", "PolicyDocument", "KeyPolicy", "Policy"];

/// The template of these resources, and what it cannot express of them.
pub(super) fn template(stack: &Stack, resources: &[&Resource]) -> (Json, Vec<Limitation>) {
    let ids = LogicalIds::of(stack, resources);
    let (mut all, mut lost) = (JsonMap::new(), Vec::new());
    let attachments: Vec<String> = resources
        .iter()
        .filter(|one| one.kind.type_.name == "AWS::EC2::InternetGateway")
        .map(|one| format!("{}{ATTACHMENT}", ids.name(one)))
        .collect();
    for resource in resources {
        match written(stack, &ids, resource) {
            Ok(made) => all.extend(made.into_iter().map(|(name, mut one)| {
                // A route to a gateway, and an address, need the attachment, which neither names.
                let leads = one["Type"] == "AWS::EC2::Route" && one["Properties"].get("GatewayId").is_some();
                if (leads || one["Type"] == "AWS::EC2::EIP") && !attachments.is_empty() {
                    one["DependsOn"] = json!(attachments);
                }
                (name, one)
            })),
            Err(other) => lost.push(Limitation {
                what: resource.address.to_string(),
                why: format!("it refers to `{other}`, which is not in its template"),
            }),
        }
    }
    let mut template = json!({
        "AWSTemplateFormatVersion": "2010-09-09",
        "Description": format!("{}: what exists at AWS in peace time, written by drplan", stack.name),
        "Resources": all,
    });
    let outputs = outputs(stack, &ids, resources);
    if !outputs.is_empty() {
        template["Outputs"] = Json::Object(outputs);
    }
    (template, lost)
}

/// The resources of CloudFormation for a resource, by their logical ids.
fn written(stack: &Stack, ids: &LogicalIds<'_>, resource: &Resource) -> Result<Vec<(String, Json)>, String> {
    let type_ = resource.kind.type_.name;
    let own = ids.name(resource);
    let body = stack.with_known(resource, body::bodies).into_iter().next().unwrap_or_default();
    let Json::Object(mut body) = body else { return Ok(Vec::new()) };
    body.remove("location");
    let tags = body.remove("tags");
    // An address belongs to a machine, which a run creates.
    body.remove("InstanceId");
    let mut properties = JsonMap::new();
    for (name, value) in body {
        properties.insert(name.clone(), with_documents(&name, ids.resolved(&name, &value)?));
    }
    let parts = parts::taken(type_, &own, &resource.name, &mut properties);
    if let Some(name) = own_name(type_) {
        properties.insert(name.to_owned(), Json::from(&*resource.name));
    }
    add_tags(type_, resource, tags, &mut properties);
    let mut main = json!({ "Type": type_, "Properties": properties });
    if resource.prevent_destroy || resource.kind.recovery.loses_data {
        main["DeletionPolicy"] = Json::from("Retain");
        main["UpdateReplacePolicy"] = Json::from("Retain");
    }
    let mut all = vec![(own.clone(), main)];
    all.extend(
        parts.into_iter().map(|part| {
            (format!("{own}{}", part.suffix), json!({ "Type": part.type_, "Properties": part.properties }))
        }),
    );
    Ok(all)
}

/// The value with the documents in it as objects.
fn with_documents(name: &str, value: Json) -> Json {
    match value {
        text @ Json::String(_) if DOCUMENTS.contains(&name) => parts::document(&text),
        Json::Array(items) => items.into_iter().map(|item| with_documents(name, item)).collect(),
        Json::Object(map) => {
            map.into_iter().map(|(name, value)| (name.clone(), with_documents(&name, value))).collect()
        }
        other => other,
    }
}

/// The tags as the type has them, with the name where it has no other.
fn add_tags(type_: &str, resource: &Resource, tags: Option<Json>, properties: &mut JsonMap<String, Json>) {
    let Some(Json::Object(mut tags)) = tags else { return };
    if own_name(type_).is_none() {
        tags.insert("Name".to_owned(), Json::from(&*resource.name));
    }
    if tags.is_empty() {
        return;
    }
    let list: Json = tags.iter().map(|(name, value)| json!({ "Key": name, "Value": value })).collect();
    let of_type = |word: &str| json!([{ "ResourceType": word, "Tags": list }]);
    let (name, value) = match type_ {
        "AWS::SSM::Parameter" => ("Tags", Json::Object(tags)),
        "AWS::EC2::LaunchTemplate" => ("TagSpecifications", of_type("launch-template")),
        "AWS::EC2::CapacityReservation" => ("TagSpecifications", of_type("capacity-reservation")),
        _ => ("Tags", list),
    };
    properties.insert(name.to_owned(), value);
}

/// The outputs of the stack that are attributes of these resources.
fn outputs(stack: &Stack, ids: &LogicalIds<'_>, resources: &[&Resource]) -> JsonMap<String, Json> {
    let definitions = stack
        .program
        .outputs
        .iter()
        .filter_map(|(name, block)| Some((&**name, &block.body.attribute("value")?.expr.kind)));
    let one = |(name, expr): (&str, &ExprKind)| {
        let ExprKind::Traversal { root: Root::Name(root), steps } = expr else { return None };
        let [TraversalStep::Attr(label), TraversalStep::Attr(attribute)] = steps.as_slice() else { return None };
        let is_it = |one: &&&Resource| one.address.kind() == &*root.text && one.address.own_name() == &*label.text;
        let resource = resources.iter().find(is_it)?;
        let value = match resource.kind.attribute(&attribute.text)?.from {
            AttributeSource::Body(path) => json!({ "Fn::GetAtt": [ids.name(resource), path] }),
            AttributeSource::Names(text) => Json::from(stack.with_known(resource, |one| body::named(one, text))?),
            AttributeSource::Action(..) | AttributeSource::Exported(_) => return None,
        };
        Some((camel(name), json!({ "Value": value })))
    };
    definitions.filter_map(one).collect()
}
