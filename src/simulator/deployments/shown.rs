//! Deployments and their operations as they are answered.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde_json::{Map as JsonMap, Value as Json, json};

use super::template::DEPLOYMENT;
use super::{Deployment, Part, Stage, State};
use crate::simulator::answer::{Ask, group_not_found};
use crate::simulator::request::{Failure, Response};
use crate::simulator::target::group_of;
use crate::simulator::world::World;

impl Deployment {
    fn state(&self) -> &'static str {
        match self.stage {
            Stage::Running if self.parts.iter().all(|part| part.began.is_none()) => "Accepted",
            Stage::Running => "Running",
            Stage::Succeeded => "Succeeded",
            Stage::Failed(_) => "Failed",
            Stage::Canceled => "Canceled",
        }
    }

    /// What it has failed for, with what each resource has failed for.
    fn error(&self) -> Option<Json> {
        let Stage::Failed(failure) = &self.stage else { return None };
        let details = self.parts.iter().filter_map(|part| match &part.state {
            State::Failed(failure) => {
                Some(json!({ "code": failure.code, "message": failure.message, "target": part.id.as_str() }))
            }
            _ => None,
        });
        let details: Vec<Json> = details.collect();
        Some(json!({ "code": failure.code, "message": failure.message, "details": details }))
    }

    /// The types of what it writes, by namespace.
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

impl World {
    /// A deployment as a read finds it. Of parameters only those are told that are not secure.
    pub(super) fn shown_deployment(&self, deployment: &Deployment) -> Json {
        let declared = deployment.template.get("parameters").and_then(Json::as_object);
        let parameters = declared.into_iter().flatten().map(|(name, declaration)| {
            let given = deployment.parameters.iter().find(|(other, _)| other.eq_ignore_ascii_case(name));
            let mut shown =
                JsonMap::from_iter([("type".to_owned(), declaration.get("type").cloned().unwrap_or_default())]);
            if let Some(value) = given.and_then(|(_, value)| value.get("value")) {
                shown.insert("value".to_owned(), value.clone());
            }
            (name.clone(), Json::Object(shown))
        });
        let parameters: JsonMap<String, Json> = parameters.collect();
        let mut properties = json!({
            "templateHash": self.seed.stream(&[&deployment.template.to_string()]).draw().to_string(),
            "parameters": parameters,
            "mode": "Incremental",
            "provisioningState": deployment.state(),
            "timestamp": deployment.ended.unwrap_or(self.now).to_string(),
            "duration": lasted(deployment.began, deployment.ended.unwrap_or(self.now)),
            "correlationId": deployment.correlation,
            "providers": deployment.providers(),
            "dependencies": [],
        });
        if deployment.stage == Stage::Succeeded {
            let written = deployment.parts.iter().filter(|part| part.state == State::Done);
            properties["outputs"] = deployment.outputs.clone();
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

    /// What `validate` answers: the deployment as it would be.
    pub(super) fn validated(&self, deployment: &Deployment) -> Json {
        let mut shown = self.shown_deployment(deployment);
        let wanted = deployment.parts.iter().filter(|part| part.state != State::Skipped);
        shown["properties"]["validatedResources"] = wanted.map(|part| json!({ "id": part.id.as_str() })).collect();
        shown["properties"]["provisioningState"] = json!("Succeeded");
        shown
    }

    /// The deployments to a scope, newest name first as their ids are sorted.
    pub(super) fn all_deployments(&self, scope: &str, ask: &Ask<'_>) -> Result<Response, Failure> {
        if group_of(scope).is_some_and(|group| self.standing(group).is_none()) {
            return Err(group_not_found(scope.rsplit('/').next().unwrap_or_default()));
        }
        let found = self.deployments.iter().filter(|(_, deployment)| deployment.scope.folded() == scope);
        let found = found.map(|(id, deployment)| (id.clone(), self.shown_deployment(deployment)));
        Ok(Response::json(200, &self.page(found, ask)))
    }

    /// How far each resource of a deployment is that was begun, or one of them.
    pub(super) fn deployment_operations(
        &self,
        deployment: &Deployment,
        key: Option<&str>,
        ask: &Ask<'_>,
    ) -> Result<Response, Failure> {
        let begun = deployment.parts.iter().enumerate().filter(|(_, part)| part.began.is_some());
        let mut all = begun.map(|(at, part)| (format!("{at:04}"), self.shown_operation(deployment, at, part)));
        match key {
            None => Ok(Response::json(200, &self.page(all, ask))),
            Some(key) => {
                let one = all.find(|(_, operation)| operation["operationId"].as_str() == Some(key));
                one.map(|(_, operation)| Response::json(200, &operation)).ok_or_else(|| {
                    Failure::gateway(
                        404,
                        "DeploymentOperationNotFound",
                        format!("The operation '{key}' could not be found."),
                    )
                })
            }
        }
    }

    fn shown_operation(&self, deployment: &Deployment, at: usize, part: &Part) -> Json {
        let key = self.seed.guid(&[&deployment.key, &at.to_string()]).replace('-', "").to_ascii_uppercase();
        let status = match &part.state {
            State::Waiting { .. } | State::Running(_) | State::Until(_) | State::Inner => ("Running", None),
            State::Done | State::Skipped => ("Succeeded", Some(if part.created { "Created" } else { "OK" }.to_owned())),
            State::Failed(failure) => ("Failed", Some(reason(failure.status))),
            State::NotBegun => ("Canceled", None),
        };
        let mut properties = json!({
            "provisioningOperation": "Create",
            "provisioningState": status.0,
            "timestamp": part.ended.unwrap_or(self.now).to_string(),
            "duration": lasted(part.began.unwrap_or(self.now), part.ended.unwrap_or(self.now)),
            "trackingId": self.seed.guid(&[&deployment.key, "tracking", &at.to_string()]),
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

    /// How far a deployment is, as an operation.
    pub(super) fn deployment_status(&self, deployment: &Deployment) -> Response {
        let mut body = json!({ "status": deployment.state() });
        if let Some(error) = deployment.error() {
            body["error"] = error;
        }
        let response = Response::json(200, &body);
        if deployment.stage != Stage::Running {
            return response;
        }
        let under_way = deployment.parts.iter().filter_map(|part| match &part.state {
            State::Running(key) => self.operation(key).map(|operation| self.wait(operation)),
            State::Until(at) => Some(at.duration_since(self.now).as_secs().clamp(1, 15)),
            _ => None,
        });
        response.with("retry-after", under_way.min().unwrap_or(1).to_string())
    }
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

/// A status in words, as operations have it.
fn reason(status: u16) -> String {
    let reason = axum::http::StatusCode::from_u16(status).ok().and_then(|status| status.canonical_reason());
    reason.unwrap_or("Unknown").replace(' ', "")
}
