//! Facts about the types of Cloud Control, and whether a model agrees with them (source: the schemas of the
//! CloudFormation registry, October 2026; `facts/` has them without descriptions and permissions).
//!
//! Of JSON Schema only the keywords are read that these schemas have.

use std::sync::LazyLock;

use regex::Regex;
use serde::Deserialize;
use serde_json::{Map, Value as Json};

/// The deepest reference of one definition to another.
const DEEPEST: u32 = 16;

/// Facts about a type.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Facts {
    /// The name.
    #[serde(rename = "type")]
    pub(super) name: String,
    /// The properties that identify an object.
    pub(super) identifier: Vec<String>,
    create_only: Vec<String>,
    pub(super) read_only: Vec<String>,
    pub(super) write_only: Vec<String>,
    /// The property with the tags.
    #[serde(default)]
    pub(super) tags: Option<String>,
    /// True for a type with updates.
    pub(super) updates: bool,
    required: Vec<String>,
    pub(super) properties: Map<String, Json>,
    #[serde(default)]
    definitions: Map<String, Json>,
}

const TEXTS: &[&str] = &[
    include_str!("facts/ec2_capacityreservation.json"),
    include_str!("facts/ec2_eip.json"),
    include_str!("facts/ec2_internetgateway.json"),
    include_str!("facts/ec2_keypair.json"),
    include_str!("facts/ec2_route.json"),
    include_str!("facts/ec2_routetable.json"),
    include_str!("facts/ec2_securitygroup.json"),
    include_str!("facts/ec2_subnet.json"),
    include_str!("facts/ec2_subnetroutetableassociation.json"),
    include_str!("facts/ec2_volume.json"),
    include_str!("facts/ec2_vpc.json"),
    include_str!("facts/ec2_vpcendpoint.json"),
    include_str!("facts/ec2_vpcgatewayattachment.json"),
    include_str!("facts/iam_instanceprofile.json"),
    include_str!("facts/iam_role.json"),
    include_str!("facts/kms_alias.json"),
    include_str!("facts/kms_key.json"),
    include_str!("facts/s3_bucket.json"),
    include_str!("facts/s3_bucketpolicy.json"),
    include_str!("facts/ssm_parameter.json"),
];

static FACTS: LazyLock<Vec<Facts>> =
    LazyLock::new(|| TEXTS.iter().filter_map(|text| serde_json::from_str(text).ok()).collect());

/// The facts about a type.
pub(super) fn facts(name: &str) -> Option<&'static Facts> {
    FACTS.iter().find(|facts| facts.name == name)
}

impl Facts {
    /// The model that reads return: without what AWS never shows, and without what is not of the type.
    pub(super) fn readable(&self, body: &Json) -> Map<String, Json> {
        let all = body.as_object().into_iter().flatten();
        let own = all.filter(|(name, value)| self.properties.contains_key(*name) && !value.is_null());
        let mut shown: Map<String, Json> = own.map(|(name, value)| (name.clone(), value.clone())).collect();
        for path in &self.write_only {
            remove(&mut shown, path);
        }
        shown
    }

    /// Checks a model that a client wants.
    ///
    /// # Errors
    /// The first difference, as CloudFormation states it.
    pub(super) fn check(&self, model: &Map<String, Json>) -> Result<(), String> {
        if let Some(missing) = self.required.iter().find(|name| !model.contains_key(*name)) {
            return Err(format!("#: required key [{missing}] not found"));
        }
        for (name, value) in model {
            let Some(schema) = self.properties.get(name) else {
                return Err(format!("#: extraneous key [{name}] is not permitted"));
            };
            self.value(schema, value, &format!("#/{name}"), 0)?;
        }
        Ok(())
    }

    /// The property that only AWS writes and that a new model has.
    pub(super) fn written_read_only(&self, model: &Map<String, Json>) -> Option<&str> {
        self.read_only.iter().map(String::as_str).find(|name| model.contains_key(*name))
    }

    /// The property that only a creation sets and that differs between two models.
    pub(super) fn changed_create_only(&self, before: &Map<String, Json>, after: &Map<String, Json>) -> Option<&str> {
        let names =
            self.create_only.iter().map(String::as_str).filter(|name| !self.write_only.iter().any(|w| w == name));
        names.into_iter().find(|path| at(before, path) != at(after, path))
    }

    fn value(&self, schema: &Json, value: &Json, place: &str, depth: u32) -> Result<(), String> {
        if let Some(reference) = schema.get("$ref").and_then(Json::as_str) {
            let definition = reference.rsplit('/').next().and_then(|name| self.definitions.get(name));
            return match definition.filter(|_| depth < DEEPEST) {
                Some(definition) => self.value(definition, value, place, depth + 1),
                None => Ok(()),
            };
        }
        of_type(schema, value, place)?;
        let allowed = schema.get("enum").and_then(Json::as_array);
        if allowed.is_some_and(|allowed| !allowed.contains(value)) {
            return Err(format!("{place}: {value} is not a valid enum value"));
        }
        match value {
            Json::String(text) => of_text(schema, text, place),
            Json::Number(_) => {
                let limit = |name: &str| schema.get(name).and_then(Json::as_f64);
                let number = value.as_f64().unwrap_or_default();
                let is_out = limit("minimum").is_some_and(|least| number < least)
                    || limit("maximum").is_some_and(|most| number > most);
                if is_out { Err(format!("{place}: {value} is out of range")) } else { Ok(()) }
            }
            Json::Array(items) => {
                let limit = |name: &str| schema.get(name).and_then(Json::as_u64).and_then(|n| usize::try_from(n).ok());
                if limit("maxItems").is_some_and(|most| items.len() > most)
                    || limit("minItems").is_some_and(|least| items.len() < least)
                {
                    return Err(format!("{place}: the number of items, {}, is not valid", items.len()));
                }
                let Some(schema) = schema.get("items") else { return Ok(()) };
                let mut numbered = items.iter().enumerate();
                numbered.try_for_each(|(at, item)| self.value(schema, item, &format!("{place}/{at}"), depth))
            }
            Json::Object(fields) => self.fields(schema, fields, place, depth),
            Json::Null | Json::Bool(_) => Ok(()),
        }
    }

    fn fields(&self, schema: &Json, fields: &Map<String, Json>, place: &str, depth: u32) -> Result<(), String> {
        let required = schema.get("required").and_then(Json::as_array).into_iter().flatten().filter_map(Json::as_str);
        if let Some(missing) = required.into_iter().find(|name| !fields.contains_key(*name)) {
            return Err(format!("{place}: required key [{missing}] not found"));
        }
        let own = schema.get("properties").and_then(Json::as_object);
        let is_closed = schema.get("additionalProperties") == Some(&Json::Bool(false));
        let has_patterns = schema.get("patternProperties").is_some();
        for (name, value) in fields {
            match own.and_then(|own| own.get(name)) {
                Some(schema) => self.value(schema, value, &format!("{place}/{name}"), depth)?,
                None if is_closed && own.is_some() && !has_patterns => {
                    return Err(format!("{place}: extraneous key [{name}] is not permitted"));
                }
                None => {}
            }
        }
        Ok(())
    }
}

fn of_type(schema: &Json, value: &Json, place: &str) -> Result<(), String> {
    let is = |name: &str| match name {
        "string" => value.is_string(),
        "boolean" => value.is_boolean(),
        "integer" => value.is_i64() || value.is_u64(),
        "number" => value.is_number(),
        "array" => value.is_array(),
        "object" => value.is_object(),
        _ => true,
    };
    let (fits, wanted) = match schema.get("type") {
        Some(Json::String(name)) => (is(name), name.clone()),
        Some(Json::Array(names)) => {
            let names: Vec<&str> = names.iter().filter_map(Json::as_str).collect();
            (names.iter().any(|name| is(name)), names.join(" or "))
        }
        _ => return Ok(()),
    };
    if fits { Ok(()) } else { Err(format!("{place}: expected type: {wanted}, found: {value}")) }
}

fn of_text(schema: &Json, text: &str, place: &str) -> Result<(), String> {
    let limit = |name: &str| schema.get(name).and_then(Json::as_u64).and_then(|n| usize::try_from(n).ok());
    let count = text.chars().count();
    if limit("maxLength").is_some_and(|most| count > most) {
        return Err(format!("{place}: expected maxLength: {}, actual: {count}", schema["maxLength"]));
    }
    if limit("minLength").is_some_and(|least| count < least) {
        return Err(format!("{place}: expected minLength: {}, actual: {count}", schema["minLength"]));
    }
    // A pattern that this library cannot read holds nobody up.
    let pattern = schema.get("pattern").and_then(Json::as_str);
    match pattern.and_then(|pattern| Regex::new(pattern).ok()).filter(|pattern| !pattern.is_match(text)) {
        Some(pattern) => Err(format!("{place}: string [{text}] does not match pattern {pattern}")),
        None => Ok(()),
    }
}

/// The value at a path of properties.
fn at<'a>(model: &'a Map<String, Json>, path: &str) -> Option<&'a Json> {
    let (first, rest) = path.split_once('/').unwrap_or((path, ""));
    let value = model.get(first)?;
    match rest {
        "" => Some(value),
        rest => at(value.as_object()?, rest),
    }
}

/// Removes the value at a path of properties, in which `*` is every item of a list.
fn remove(model: &mut Map<String, Json>, path: &str) {
    let Some((first, rest)) = path.split_once('/') else {
        model.remove(path);
        return;
    };
    match (model.get_mut(first), rest.strip_prefix("*/")) {
        (Some(Json::Array(items)), Some(rest)) => {
            items.iter_mut().filter_map(Json::as_object_mut).for_each(|item| remove(item, rest));
        }
        (Some(Json::Object(inner)), _) => remove(inner, rest),
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn all_facts_can_be_read() {
        for text in TEXTS {
            let facts: Facts = serde_json::from_str(text).unwrap();
            assert!(!facts.identifier.is_empty(), "{}", facts.name);
        }
    }

    #[test]
    fn model_of_another_shape_is_refused_with_its_place() {
        let check = |model: Json| facts("AWS::EC2::VPC").unwrap().check(model.as_object().unwrap());
        assert_eq!(check(json!({ "CidrBlock": "10.0.0.0/16", "Tags": [{ "Key": "Name", "Value": "a" }] })), Ok(()));
        for (model, place) in [
            (json!({ "Cidr": "10.0.0.0/16" }), "[Cidr]"),
            (json!({ "CidrBlock": 10 }), "#/CidrBlock"),
            (json!({ "CidrBlock": "10.0.0.0/16", "InstanceTenancy": "own" }), "#/InstanceTenancy"),
            (json!({ "CidrBlock": "10.0.0.0/16", "Tags": [{ "Key": "Name" }] }), "#/Tags/0"),
        ] {
            assert!(check(model.clone()).unwrap_err().contains(place), "{model}");
        }
    }

    #[test]
    fn secrets_and_inputs_are_not_shown() {
        let facts = facts("AWS::EC2::VPC").unwrap();
        let shown = facts.readable(&json!({ "VpcId": "vpc-1", "Ipv4IpamPoolId": "pool", "CreationTime": "now" }));
        assert_eq!(Json::Object(shown), json!({ "VpcId": "vpc-1" }));
    }
}
