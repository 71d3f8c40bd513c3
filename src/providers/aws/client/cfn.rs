//! Names of EC2 and of CloudFormation: answers have lists as `blockDeviceMappingSet`, properties as
//! `BlockDeviceMappings`, and parameters as `BlockDeviceMapping`.

use serde_json::{Map, Value as Json};

use super::xml;

/// A name with a capital at its beginning.
fn capital(name: &str) -> String {
    let mut letters = name.chars();
    letters.next().map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect())
}

/// An answer of EC2 as properties: names with capitals, lists in the plural, and values of their types.
pub(super) fn properties(answer: &Json) -> Json {
    match answer {
        Json::Object(map) => {
            let mut made = Map::new();
            for (name, value) in map {
                let is_list = name.ends_with("Set") || name == "blockDeviceMapping";
                let name = match (is_list, name.as_str()) {
                    (true, "securityGroupIdSet") => "SecurityGroupIds".to_owned(),
                    (true, name) => format!("{}s", capital(name.trim_end_matches("Set"))),
                    (false, name) => capital(name),
                };
                let value = match (is_list, value) {
                    (true, Json::String(_)) => Json::Array(Vec::new()),
                    (_, value) => properties(value),
                };
                made.insert(name, value);
            }
            Json::Object(made)
        }
        Json::Array(items) => items.iter().map(properties).collect(),
        Json::String(text) => xml::typed(text),
        other => other.clone(),
    }
}

/// Properties as parameters of EC2: lists in the singular. Nothings are left out.
pub(super) fn parameters(properties: &Json) -> Json {
    match properties {
        Json::Object(map) => {
            let named = map.iter().map(|(name, value)| match value {
                Json::Array(_) => (name.strip_suffix('s').unwrap_or(name).to_owned(), parameters(value)),
                _ => (name.clone(), parameters(value)),
            });
            Json::Object(named.collect())
        }
        Json::Array(items) => items.iter().map(parameters).collect(),
        other => other.clone(),
    }
}

/// Copies values of an answer into properties: each under its name, as the element or the path names it.
pub(super) fn copy(answer: &Json, names: &[(&str, &str)], into: &mut Map<String, Json>) {
    for (property, path) in names {
        if let Some(Json::String(text)) = answer.pointer(&format!("/{path}"))
            && !text.trim().is_empty()
        {
            into.insert((*property).to_owned(), xml::typed(text.trim()));
        }
    }
}

/// The properties of these names that a body has.
pub(super) fn picked(body: &Json, names: &[&str]) -> Json {
    let has = |name: &&str| Some(((*name).to_owned(), body.get(*name).filter(|value| !value.is_null())?.clone()));
    Json::Object(names.iter().filter_map(has).collect())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn names_of_answers_properties_and_parameters_match() {
        let answer = json!({
            "imageId": "ami-1",
            "securityGroupIdSet": ["sg-1"],
            "blockDeviceMappingSet": [{ "deviceName": "/dev/sda1", "ebs": { "volumeSize": "8", "encrypted": "true" } }],
            "tagSpecificationSet": "",
        });
        let body = properties(&answer);
        let device = json!({ "DeviceName": "/dev/sda1", "Ebs": { "VolumeSize": 8, "Encrypted": true } });
        assert_eq!(
            body,
            json!({
                "ImageId": "ami-1",
                "SecurityGroupIds": ["sg-1"],
                "BlockDeviceMappings": [device],
                "TagSpecifications": [],
            })
        );
        let wanted = json!({
            "ImageId": "ami-1",
            "SecurityGroupId": ["sg-1"],
            "BlockDeviceMapping": [device],
            "TagSpecification": [],
        });
        assert_eq!(parameters(&body), wanted);
    }
}
