//! Specifications of machines: the form of a launch, or the data of a launch template, with the names of
//! CloudFormation.

use serde_json::{Map, Value as Json, json};

use super::super::answers::Refused;
use super::super::store::{Place, text};
use super::super::types::TEMPLATE;
use super::call::Call;
use crate::simulator::world::World;

/// Lists of a form, and their names in a body.
const LISTS: &[(&str, &str)] = &[
    ("SecurityGroupId", "SecurityGroupIds"),
    ("SecurityGroup", "SecurityGroups"),
    ("BlockDeviceMapping", "BlockDeviceMappings"),
    ("TagSpecification", "TagSpecifications"),
    ("Tag", "Tags"),
    ("NetworkInterface", "NetworkInterfaces"),
];

/// Fields that are numbers.
const NUMBERS: &[&str] = &[
    "VolumeSize",
    "Iops",
    "Throughput",
    "VolumeInitializationRate",
    "DeviceIndex",
    "HttpPutResponseHopLimit",
    "CoreCount",
    "ThreadsPerCore",
];

/// A part of a form with the names and types of a body.
pub(super) fn typed(form: &Json) -> Json {
    match form {
        Json::Object(fields) => Json::Object(fields.iter().map(field).collect()),
        Json::Array(items) => Json::Array(items.iter().map(typed).collect()),
        other => other.clone(),
    }
}

fn field((name, value): (&String, &Json)) -> (String, Json) {
    let of_list = LISTS.iter().find(|(own, _)| own == name).filter(|_| value.is_array());
    let named = of_list.map_or(name.as_str(), |(_, body)| body).to_owned();
    let value = match value.as_str() {
        Some(word @ ("true" | "false")) => json!(word == "true"),
        Some(text) if NUMBERS.contains(&name.as_str()) => {
            text.parse::<i64>().map_or_else(|_| value.clone(), |n| json!(n))
        }
        _ => typed(value),
    };
    let mut value = value;
    // The groups of an interface have another name in the form.
    for interface in value.as_array_mut().into_iter().flatten().filter(|_| name == "NetworkInterface") {
        if let Json::Object(fields) = interface
            && let Some(groups) = fields.shift_remove("SecurityGroupIds")
        {
            fields.insert("Groups".to_owned(), groups);
        }
    }
    (named, value)
}

/// The specification of a launch: its own parameters before those of its template.
pub(super) fn of_launch(world: &World, call: &Call<'_>) -> Result<Map<String, Json>, Refused> {
    let mut form = call.form.clone();
    for name in ["ClientToken", "DryRun", "MinCount", "MaxCount"] {
        form.shift_remove(name);
    }
    let template = form.get("LaunchTemplate").cloned();
    let Json::Object(own) = typed(&Json::Object(form)) else { return Ok(Map::new()) };
    let mut specification = match template {
        None => Map::new(),
        Some(template) => {
            let version = text(&template, "Version").to_owned();
            let found = find(world, call.region, &template)?;
            let version = version_of(found, &version)?;
            let mut data = version["LaunchTemplateData"].as_object().cloned().unwrap_or_default();
            data.insert(
                "LaunchTemplate".to_owned(),
                json!({
                    "LaunchTemplateId": found["LaunchTemplateId"],
                    "LaunchTemplateName": found["LaunchTemplateName"],
                    "Version": version["VersionNumber"].to_string(),
                }),
            );
            data
        }
    };
    for (name, value) in own.into_iter().filter(|(name, _)| name != "LaunchTemplate") {
        specification.insert(name, value);
    }
    Ok(specification)
}

/// The template that a form names by its id or its name.
pub(super) fn find<'w>(world: &'w World, region: &str, form: &Json) -> Result<&'w Json, Refused> {
    let (id, name) = (text(form, "LaunchTemplateId"), text(form, "LaunchTemplateName"));
    let all = Place::new(&TEMPLATE, region).all(world).into_iter().map(|object| &*object.body);
    if !id.is_empty() {
        let mut all = all;
        let found = all.find(|body| text(body, "LaunchTemplateId") == id);
        let why = format!("The specified launch template, with template ID {id}, does not exist.");
        return found.ok_or_else(|| Refused::bad("InvalidLaunchTemplateId.NotFound", why));
    }
    let found = all.into_iter().find(|body| text(body, "LaunchTemplateName") == name);
    let why = format!("The specified launch template, with template name {name}, does not exist.");
    found.ok_or_else(|| Refused::bad("InvalidLaunchTemplateName.NotFoundException", why))
}

/// A version of a template: a number, `$Latest` or `$Default`.
pub(super) fn version_of<'w>(template: &'w Json, version: &str) -> Result<&'w Json, Refused> {
    let number = match version {
        "" | "$Default" => template["DefaultVersionNumber"].as_u64(),
        "$Latest" => template["LatestVersionNumber"].as_u64(),
        other => other.parse().ok(),
    };
    let versions = template["Versions"].as_array().into_iter().flatten();
    let mut found = versions.filter(|one| number.is_some() && one["VersionNumber"].as_u64() == number);
    let why = format!("Could not find launch template version {version}");
    found.next().ok_or_else(|| Refused::bad("InvalidLaunchTemplateId.VersionNotFound", why))
}
