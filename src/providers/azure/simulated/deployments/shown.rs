//! Deployments and their operations as answers show them.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde_json::{Map as JsonMap, Value as Json, json};

use super::template::DEPLOYMENT;
use super::{Deployment, DeploymentResource, DeploymentState, ResourceState};
use crate::providers::azure::simulated::absent::group_not_found;
use crate::providers::azure::simulated::admitted::AdmittedRequest;
use crate::providers::azure::simulated::target::group_of;
use crate::providers::azure::simulated::{lists, operations, state};
use crate::simulator::request::{ErrorResponse, Response};
use crate::simulator::world::World;

impl Deployment {
    fn state(&self) -> &'static str {
        match self.stage {
            DeploymentState::Running if self.parts.iter().all(|part| part.began.is_none()) => "Accepted",
            DeploymentState::Running => "Running",
            DeploymentState::Succeeded => "Succeeded",
            DeploymentState::Failed(_) => "Failed",
            DeploymentState::Canceled => "Canceled",
        }
    }

    /// The error of the deployment, with the errors of its resources.
    fn error(&self) -> Option<Json> {
        let DeploymentState::Failed(failure) = &self.stage else { return None };
        let details = self.parts.iter().filter_map(|part| match &part.state {
            ResourceState::Failed(failure) => {
                Some(json!({ "code": failure.code, "message": failure.message, "target": part.id.as_str() }))
            }
            _ => None,
        });
        let details: Vec<Json> = details.collect();
        Some(json!({ "code": failure.code, "message": failure.message, "details": details }))
    }

    /// The types of its resources, by namespace.
    fn providers(&self) -> Json {
        let mut namespaces: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
        for part in &self.parts {
            let (namespace, rest) = part.type_.split_once('/').unwrap_or((&part.type_, ""));
            let types = namespaces.entry(namespace).or_default();
            if !types.contains(&rest) {
                types.push(rest);
            }
        }
        let one = |(namespace, types): (&str, Vec<&str>)| {
            let types: Vec<Json> =
                types.iter().map(|type_| json!({ "resourceType": type_, "locations": [null] })).collect();
            json!({ "namespace": namespace, "resourceTypes": types })
        };
        namespaces.into_iter().map(one).collect()
    }
}

/// A deployment as a read returns it, without the values of secure parameters.
pub(in crate::providers::azure::simulated) fn shown_deployment(world: &World, deployment: &Deployment) -> Json {
    let declared = deployment.template.get("parameters").and_then(Json::as_object);
    let parameters = declared.into_iter().flatten().map(|(name, declaration)| {
        let given = deployment.parameters.iter().find(|(other, _)| other.eq_ignore_ascii_case(name));
        let mut shown = JsonMap::from_iter([("type".to_owned(), declaration.get("type").cloned().unwrap_or_default())]);
        if let Some(value) = given.and_then(|(_, value)| value.get("value")) {
            shown.insert("value".to_owned(), value.clone());
        }
        (name.clone(), Json::Object(shown))
    });
    let parameters: JsonMap<String, Json> = parameters.collect();
    let mut properties = json!({
        "templateHash": world.seed.stream(&[&deployment.template.to_string()]).draw().to_string(),
        "parameters": parameters,
        "mode": deployment.mode.word(),
        "provisioningState": deployment.state(),
        "timestamp": deployment.ended.unwrap_or(world.now).to_string(),
        "duration": lasted(deployment.began, deployment.ended.unwrap_or(world.now)),
        "correlationId": deployment.correlation,
        "providers": deployment.providers(),
        "dependencies": [],
    });
    if deployment.stage == DeploymentState::Succeeded {
        let written = deployment.parts.iter().filter(|part| part.state == ResourceState::Done);
        properties["outputs"] = camel_case(&deployment.outputs);
        properties["outputResources"] = written.map(|part| json!({ "id": part.id.as_str() })).collect();
    }
    if let Some(error) = deployment.error() {
        properties["error"] = error;
    }
    let mut shown = json!({
        "id": deployment.id.as_str(), "name": deployment.id.name(), "type": DEPLOYMENT, "properties": properties,
    });
    for (name, value) in
        [("location", deployment.location.clone().map(Json::from)), ("tags", Some(deployment.tags.clone()))]
    {
        if let Some(value) = value.filter(|value| !value.is_null()) {
            shown[name] = value;
        }
    }
    shown
}

/// The answer of `validate`: the deployment as it would run.
pub(in crate::providers::azure::simulated) fn validated(world: &World, deployment: &Deployment) -> Json {
    let mut shown = shown_deployment(world, deployment);
    let wanted = deployment.parts.iter().filter(|part| part.state != ResourceState::Skipped);
    shown["properties"]["validatedResources"] = wanted.map(|part| json!({ "id": part.id.as_str() })).collect();
    shown["properties"]["provisioningState"] = json!("Succeeded");
    shown
}

/// The deployments to a scope, in the order of their ids.
pub(in crate::providers::azure::simulated) fn all_deployments(
    world: &World,
    scope: &str,
    ask: &AdmittedRequest<'_>,
) -> Result<Response, ErrorResponse> {
    if group_of(scope).is_some_and(|group| world.standing(group).is_none()) {
        return Err(group_not_found(scope.rsplit('/').next().unwrap_or_default()));
    }
    let found = state::of(world).deployments.iter().filter(|(_, deployment)| deployment.scope.folded() == scope);
    let found = found.map(|(id, deployment)| (id.clone(), shown_deployment(world, deployment)));
    Ok(Response::json(200, &lists::page(world, found, ask)))
}

/// The operations of a deployment: one per resource that was begun, or only the one with this key.
pub(in crate::providers::azure::simulated) fn deployment_operations(
    world: &World,
    deployment: &Deployment,
    key: Option<&str>,
    ask: &AdmittedRequest<'_>,
) -> Result<Response, ErrorResponse> {
    let begun = deployment.parts.iter().enumerate().filter(|(_, part)| part.began.is_some());
    let mut all = begun.map(|(at, part)| (format!("{at:04}"), shown_operation(world, deployment, at, part)));
    match key {
        None => Ok(Response::json(200, &lists::page(world, all, ask))),
        Some(key) => {
            let one = all.find(|(_, operation)| operation["operationId"].as_str() == Some(key));
            one.map(|(_, operation)| Response::json(200, &operation)).ok_or_else(|| {
                ErrorResponse::gateway(
                    404,
                    "DeploymentOperationNotFound",
                    format!("The operation '{key}' could not be found."),
                )
            })
        }
    }
}

fn shown_operation(world: &World, deployment: &Deployment, at: usize, part: &DeploymentResource) -> Json {
    let key = world.seed.guid(&[&deployment.key, &at.to_string()]).replace('-', "").to_ascii_uppercase();
    let status = match &part.state {
        ResourceState::Waiting { .. } | ResourceState::Running(_) | ResourceState::Until(_) | ResourceState::Inner => {
            ("Running", None)
        }
        ResourceState::Done | ResourceState::Skipped => {
            ("Succeeded", Some(if part.created { "Created" } else { "OK" }.to_owned()))
        }
        ResourceState::Failed(failure) => ("Failed", Some(reason(failure.status))),
        ResourceState::NotBegun => ("Canceled", None),
    };
    let mut properties = json!({
        "provisioningOperation": "Create",
        "provisioningState": status.0,
        "timestamp": part.ended.unwrap_or(world.now).to_string(),
        "duration": lasted(part.began.unwrap_or(world.now), part.ended.unwrap_or(world.now)),
        "trackingId": world.seed.guid(&[&deployment.key, "tracking", &at.to_string()]),
        "targetResource": { "id": part.id.as_str(), "resourceType": part.type_, "resourceName": part.id.name() },
    });
    if let Some(code) = status.1 {
        properties["statusCode"] = json!(code);
    }
    if let Some(message) = part.error() {
        properties["statusMessage"] = message;
    }
    json!({ "id": format!("{}/operations/{key}", deployment.id), "operationId": key, "properties": properties })
}

/// The status of a deployment as a long-running operation.
pub(in crate::providers::azure::simulated) fn deployment_status(world: &World, deployment: &Deployment) -> Response {
    let mut body = json!({ "status": deployment.state() });
    if let Some(error) = deployment.error() {
        body["error"] = error;
    }
    let response = Response::json(200, &body);
    if deployment.stage != DeploymentState::Running {
        return response;
    }
    let under_way = deployment.parts.iter().filter_map(|part| match &part.state {
        ResourceState::Running(key) => world.operation(key).map(|operation| operations::wait(world, operation)),
        ResourceState::Until(at) => Some(at.duration_since(world.now).as_secs().clamp(1, 15)),
        _ => None,
    });
    response.with("retry-after", under_way.min().unwrap_or(1).to_string())
}

/// A duration as `PT1M2.5S`.
fn lasted(from: Timestamp, to: Timestamp) -> String {
    let passed = to.duration_since(from);
    let (minutes, seconds) = (passed.as_secs() / 60, passed.as_millis() % 60_000);
    let (hours, minutes) = (minutes / 60, minutes % 60);
    let mut text = "PT".to_owned();
    for (count, unit) in [(hours, 'H'), (minutes, 'M')] {
        if count > 0 {
            text.push_str(&format!("{count}{unit}"));
        }
    }
    let (whole, part) = (seconds / 1000, seconds % 1000);
    if part == 0 { format!("{text}{whole}S") } else { format!("{text}{whole}.{part:03}S") }
}

/// The name of an HTTP status, as operations show it.
fn reason(status: u16) -> String {
    let reason = axum::http::StatusCode::from_u16(status).ok().and_then(|status| status.canonical_reason());
    reason.unwrap_or("Unknown").replace(' ', "")
}

/// Outputs with names in camel case, as Resource Manager shows them: `VMSS` is `vmss`, `NetId` is `netId`.
fn camel_case(outputs: &Json) -> Json {
    let Some(map) = outputs.as_object() else { return outputs.clone() };
    map.iter().map(|(name, value)| (lowered(name), value.clone())).collect()
}

/// A name whose leading capitals are small, except one that begins the next word.
fn lowered(name: &str) -> String {
    let letters: Vec<char> = name.chars().collect();
    let capitals = letters.iter().take_while(|letter| letter.is_ascii_uppercase()).count();
    let begins_word = capitals > 1 && letters.get(capitals).is_some_and(char::is_ascii_lowercase);
    let small = if begins_word { capitals - 1 } else { capitals };
    letters
        .iter()
        .enumerate()
        .map(|(at, letter)| if at < small { letter.to_ascii_lowercase() } else { *letter })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::lowered;

    #[test]
    fn leading_capitals_of_outputs_are_small() {
        let names =
            [("VMSS", "vmss"), ("NetId", "netId"), ("VNetId", "vNetId"), ("IPAddress", "ipAddress"), ("id", "id")];
        for (name, shown) in names {
            assert_eq!(lowered(name), shown);
        }
    }
}
