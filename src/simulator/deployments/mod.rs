//! Template deployments: Resource Manager writes many resources for one request, each after its dependencies.
//!
//! The world keeps a deployment with its template and the outcome of each resource. Resources are written as by any
//! request, but do not count against the caller's rate limit. Values of secure parameters are kept in memory only: a
//! deployment that the end of the process interrupted fails where it needs one.

mod complete;
mod dates;
mod encodings;
mod environment;
mod evaluate;
mod expression;
mod functions;
mod lambdas;
mod parameters;
mod progress;
mod shown;
mod template;
mod what_if;

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::{Map as JsonMap, Value as Json};

use super::SUBSCRIPTION;
use super::answer::{AdmittedRequest, group_not_found};
use super::locks::LockedAction;
use super::request::{ErrorResponse, HttpMethod, Request, Response};
use super::target::{GROUP, ResourcePath, Target, group_of};
use super::world::World;
use crate::address::ArmId;
use environment::WorldEnvironment;
use template::{DEPLOYMENT, Template, TemplateResource, wrong};

/// The type of a deployment, folded.
const TYPE: &str = "microsoft.resources/deployments";

/// One deployment.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Deployment {
    pub(super) id: ArmId,
    /// The scope that it is deployed to.
    scope: ArmId,
    location: Option<String>,
    tags: Json,
    template: Json,
    /// True if the template holds no expressions.
    literal: bool,
    #[serde(default)]
    mode: DeploymentMode,
    /// The values of the parameters, without secure ones.
    parameters: JsonMap<String, Json>,
    began: Timestamp,
    ended: Option<Timestamp>,
    correlation: String,
    /// The last segment of the status URL.
    key: String,
    stage: DeploymentState,
    parts: Vec<DeploymentResource>,
    outputs: Json,
    /// The prepared template and its resources.
    #[serde(skip)]
    work: Option<Box<PreparedDeployment>>,
    /// The time of the next step.
    #[serde(skip)]
    next: Option<Timestamp>,
    /// The time of the next pass over what a complete deployment deletes, and the number of passes so far.
    #[serde(skip)]
    purge: Option<(Timestamp, u32)>,
}

/// Treatment of resources of the group that are not in the template.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum DeploymentMode {
    /// It leaves them alone.
    #[default]
    Incremental,
    /// It deletes them.
    Complete,
}

impl DeploymentMode {
    /// The name in requests and answers.
    const fn word(self) -> &'static str {
        match self {
            Self::Incremental => "Incremental",
            Self::Complete => "Complete",
        }
    }
}

/// A template that is ready to be deployed.
#[derive(Debug, Clone)]
struct PreparedDeployment {
    template: Template,
    items: Vec<TemplateResource>,
    /// The ids of the items by symbolic name.
    symbols: BTreeMap<String, ArmId>,
}

/// The state of a deployment.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum DeploymentState {
    Running,
    Succeeded,
    Failed(ErrorResponse),
    Canceled,
}

/// The outcome of one resource of a template.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct DeploymentResource {
    id: ArmId,
    #[serde(rename = "type")]
    type_: String,
    state: ResourceState,
    began: Option<Timestamp>,
    ended: Option<Timestamp>,
    /// True if the deployment created the resource.
    created: bool,
}

/// The state of a resource of a template.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum ResourceState {
    /// It waits for its dependencies or, after a temporary refusal, until a time.
    Waiting {
        again: Option<Timestamp>,
        tries: u32,
    },
    /// The operation with this key writes it.
    Running(String),
    /// It is written and becomes available at this time.
    Until(Timestamp),
    /// It is a nested deployment.
    Inner,
    Done,
    Failed(ErrorResponse),
    /// Its condition is false, or it is an existing resource.
    Skipped,
    /// A dependency was not created.
    NotBegun,
}

/// A request for deployments.
pub(super) enum DeploymentQuery {
    One(ResourcePath),
    All(String),
    /// A path segment below a deployment, and the key after it.
    Below(ResourcePath, String, Option<String>),
}

/// The request for deployments; `None` for any other request.
pub(super) fn asked(target: &Target) -> Option<DeploymentQuery> {
    match target {
        Target::Resource(named) if named.type_ == TYPE => Some(DeploymentQuery::One(named.clone())),
        Target::Resource(named) if named.type_.strip_prefix(TYPE).is_some_and(|rest| rest.starts_with('/')) => {
            let mut above = named.clone();
            let (key, word) = (above.segments.pop()?, above.segments.pop()?);
            let above = ResourcePath { id: named.above(2), type_: TYPE.to_owned(), ..above };
            Some(DeploymentQuery::Below(above, word.to_ascii_lowercase(), Some(key)))
        }
        Target::Collection { scope, type_ } if type_ == TYPE => Some(DeploymentQuery::All(scope.clone())),
        Target::Action(named, word) if named.type_ == TYPE => {
            Some(DeploymentQuery::Below(named.clone(), word.to_ascii_lowercase(), None))
        }
        _ => None,
    }
}

impl World {
    /// Answers a request for deployments.
    pub(super) fn deployments(
        &mut self,
        asked: DeploymentQuery,
        ask: &AdmittedRequest<'_>,
    ) -> Result<Response, ErrorResponse> {
        let verb = ask.request.verb;
        match (verb, asked) {
            (HttpMethod::Put, DeploymentQuery::One(named)) => self.put_deployment(&named, ask),
            (HttpMethod::Head, DeploymentQuery::One(named)) => {
                Ok(Response::empty(if self.deployments.contains_key(&named.id) { 204 } else { 404 }))
            }
            (HttpMethod::Get, DeploymentQuery::One(named)) => {
                self.deployment(&named).map(|deployment| Response::json(200, &self.shown_deployment(deployment)))
            }
            (HttpMethod::Delete, DeploymentQuery::One(named)) => self.delete_deployment(&named),
            (HttpMethod::Get, DeploymentQuery::All(scope)) => self.all_deployments(&scope, ask),
            (HttpMethod::Get, DeploymentQuery::Below(named, word, key)) => {
                let deployment = self.deployment(&named)?;
                match (word.as_str(), key) {
                    ("operations", key) => self.deployment_operations(deployment, key.as_deref(), ask),
                    ("operationstatuses", Some(key)) if key == deployment.key => Ok(self.deployment_status(deployment)),
                    _ => Err(self.absent(&named)),
                }
            }
            (HttpMethod::Post, DeploymentQuery::Below(named, word, None)) => self.post_deployment(&named, &word, ask),
            (verb, _) => Err(super::answer::method_not_allowed(verb)),
        }
    }

    /// The scope of a deployment, if that exists and accepts writes.
    fn scope_of_deployment(&self, named: &ResourcePath) -> Result<ArmId, ErrorResponse> {
        let whole = format!("/subscriptions/{SUBSCRIPTION}");
        if named.above(4) == whole {
            return Ok(ArmId::new(whole));
        }
        let group = named.above(4);
        let standing = self.standing(&group).filter(|object| object.type_ == GROUP);
        let standing = standing.ok_or_else(|| group_not_found(named.group().unwrap_or_default()))?;
        self.reach_to_write(&group, None)?;
        self.check_unlocked(&group, LockedAction::Write)?;
        Ok(standing.id.clone())
    }

    fn deployment(&self, named: &ResourcePath) -> Result<&Deployment, ErrorResponse> {
        if let Some(region) = group_of(&named.id).and_then(|group| self.own_region(group)) {
            self.rest.faults.reach(&region)?;
        }
        self.deployments.get(&named.id).ok_or_else(|| {
            let group =
                named.group().filter(|_| group_of(&named.id).is_some_and(|group| self.standing(group).is_none()));
            group.map_or_else(
                || {
                    ErrorResponse::gateway(
                        404,
                        "DeploymentNotFound",
                        format!("Deployment '{}' could not be found.", named.name()),
                    )
                },
                group_not_found,
            )
        })
    }

    fn put_deployment(&mut self, named: &ResourcePath, ask: &AdmittedRequest<'_>) -> Result<Response, ErrorResponse> {
        if let Some(failure) = &ask.fails {
            return Err(failure.clone());
        }
        let (name, body) = (named.name(), ask.request.object()?);
        let scope = self.scope_of_deployment(named)?;
        let correlation = ask.request.header("x-ms-correlation-request-id").map(str::to_owned);
        let known = self.deployments.contains_key(&named.id);
        let deployment = self.read_deployment(&scope, name, &body, correlation, false)?;
        let shown = self.shown_deployment(&deployment);
        let status =
            format!("{}{}/operationStatuses/{}?api-version={}", self.base, deployment.id, deployment.key, ask.api);
        self.keep_deployment(deployment);
        let response = Response::json(if known { 200 } else { 201 }, &shown);
        Ok(response.with("azure-asyncoperation", status).with("retry-after", "1"))
    }

    /// A validated deployment that is ready to begin.
    fn read_deployment(
        &self,
        scope: &ArmId,
        name: &str,
        body: &Json,
        correlation: Option<String>,
        literal: bool,
    ) -> Result<Deployment, ErrorResponse> {
        let well_called = |c: char| c.is_ascii_alphanumeric() || "._-()".contains(c);
        if name.is_empty() || name.len() > 64 || !name.chars().all(well_called) {
            return Err(ErrorResponse::gateway(
                400,
                "InvalidDeploymentName",
                format!(
                    "The provided deployment name '{name}' is invalid: up to 64 letters, digits, '-', '_', '.', '(' and ')'."
                ),
            ));
        }
        let id = ArmId::new(format!("{scope}/providers/{DEPLOYMENT}/{name}"));
        let standing = self.deployments.get(&id.folded());
        if let Some(active) = standing.filter(|deployment| deployment.stage == DeploymentState::Running) {
            return Err(ErrorResponse::gateway(
                409,
                "DeploymentActive",
                format!(
                    "Unable to edit or replace deployment '{name}': previous deployment from '{}' is still active.",
                    active.began
                ),
            ));
        }
        let location = body.get("location").and_then(Json::as_str).map(str::to_owned);
        if scope.resource_group().is_none() {
            let before = standing.and_then(|deployment| deployment.location.clone());
            match (&location, before) {
                (None, _) => {
                    return Err(ErrorResponse::gateway(
                        400,
                        "LocationRequired",
                        "The location property is required for this deployment.",
                    ));
                }
                (Some(new), Some(old)) if !new.eq_ignore_ascii_case(&old) => {
                    return Err(ErrorResponse::gateway(
                        409,
                        "InvalidDeploymentLocation",
                        format!(
                            "Invalid deployment location '{new}'. The deployment '{name}' already exists in location '{old}'."
                        ),
                    ));
                }
                _ => {}
            }
        }
        let (template, work, mode) = self.read_template(scope, name, body, literal)?;
        let mut parameters = work.template.given();
        let secure = Template::secure(&template);
        parameters.retain(|name, _| !secure.contains(&name.to_ascii_lowercase()));
        let parts = work.items.iter().map(|item| DeploymentResource {
            id: item.id.clone(),
            type_: item.type_.clone(),
            state: if item.wanted && !item.existing {
                ResourceState::Waiting { again: None, tries: 0 }
            } else {
                ResourceState::Skipped
            },
            began: None,
            ended: None,
            created: false,
        });
        let guid = |word: &str| self.seed.guid(&[&id.folded(), word, &self.now.to_string()]);
        Ok(Deployment {
            scope: scope.clone(),
            location,
            tags: body.get("tags").cloned().unwrap_or_default(),
            template,
            literal,
            mode,
            parameters,
            began: self.now,
            ended: None,
            correlation: correlation.unwrap_or_else(|| guid("correlation")),
            key: guid("operation"),
            stage: DeploymentState::Running,
            parts: parts.collect(),
            outputs: Json::Null,
            work: Some(Box::new(work)),
            next: None,
            purge: None,
            id,
        })
    }

    /// The template of a request as written and prepared, and the mode.
    fn read_template(
        &self,
        scope: &ArmId,
        name: &str,
        body: &Json,
        literal: bool,
    ) -> Result<(Json, PreparedDeployment, DeploymentMode), ErrorResponse> {
        let properties = body.get("properties").unwrap_or(&Json::Null);
        for linked in ["templateLink", "parametersLink"] {
            if properties.get(linked).is_some_and(|link| !link.is_null()) {
                return Err(wrong(format!(
                    "`{linked}` is not supported: the local simulator reads templates only from the request body"
                )));
            }
        }
        let mode = properties.get("mode").and_then(Json::as_str).unwrap_or_default();
        let modes = [DeploymentMode::Incremental, DeploymentMode::Complete];
        let mode = modes
            .into_iter()
            .find(|one| mode.eq_ignore_ascii_case(one.word()))
            .ok_or_else(|| wrong(format!("the mode '{mode}' must be 'Incremental' or 'Complete'")))?;
        if mode == DeploymentMode::Complete && scope.resource_group().is_none() {
            return Err(wrong("the mode 'Complete' is not supported for a deployment to a subscription"));
        }
        let template = properties.get("template").filter(|template| template.is_object()).cloned();
        let template = template.ok_or_else(|| wrong("the request has no `template`"))?;
        let parameters = properties.get("parameters").and_then(Json::as_object).cloned().unwrap_or_default();
        let work = self.prepare(scope, name, mode, &template, &parameters, literal)?;
        for item in work.items.iter().filter(|item| item.wanted && !item.existing && item.type_ != DEPLOYMENT) {
            self.check_type(item)?;
        }
        Ok((template, work, mode))
    }

    /// Refuses an unknown type. A resource that is part of another resource's body may also be written as a resource.
    fn check_type(&self, item: &TemplateResource) -> Result<(), ErrorResponse> {
        let type_ = item.id.arm_type().unwrap_or_else(|| item.type_.clone());
        match self.known_type(&type_.to_ascii_lowercase(), &item.api) {
            Err(_) if Self::is_alone(&named(&item.id)?) => Ok(()),
            known => known.map(drop),
        }
    }

    fn prepare(
        &self,
        scope: &ArmId,
        name: &str,
        mode: DeploymentMode,
        template: &Json,
        parameters: &JsonMap<String, Json>,
        literal: bool,
    ) -> Result<PreparedDeployment, ErrorResponse> {
        let around = WorldEnvironment::before(self, scope, name, mode);
        let template = Template::read(template, parameters, scope.clone(), literal, &around)?;
        let items = template.items(&around)?;
        let symbols = Template::symbols(&items);
        Ok(PreparedDeployment { template, items, symbols })
    }

    fn keep_deployment(&mut self, deployment: Deployment) {
        let id = deployment.id.folded();
        self.changes.deployments.insert(id.clone());
        self.deployments.insert(id, deployment);
    }

    fn delete_deployment(&mut self, named: &ResourcePath) -> Result<Response, ErrorResponse> {
        self.scope_of_deployment(named)?;
        match self.deployments.get(&named.id) {
            Some(deployment) if deployment.stage == DeploymentState::Running => Err(ErrorResponse::gateway(
                409,
                "DeploymentActive",
                format!("The deployment '{}' is active and cannot be deleted; cancel it first.", named.name()),
            )),
            _ => {
                self.deployments.remove(&named.id);
                self.changes.deployments.insert(named.id.clone());
                Ok(Response::empty(204))
            }
        }
    }

    fn post_deployment(
        &mut self,
        named: &ResourcePath,
        word: &str,
        ask: &AdmittedRequest<'_>,
    ) -> Result<Response, ErrorResponse> {
        match word {
            "validate" => {
                let (scope, body) = (self.scope_of_deployment(named)?, ask.request.object()?);
                let correlation = ask.request.header("x-ms-correlation-request-id").map(str::to_owned);
                let deployment = self.read_deployment(&scope, named.name(), &body, correlation, false)?;
                Ok(Response::json(200, &self.validated(&deployment)))
            }
            "whatif" => {
                let (scope, body) = (self.scope_of_deployment(named)?, ask.request.object()?);
                self.what_if(&scope, named.name(), &body)
            }
            "exporttemplate" => self
                .deployment(named)
                .map(|deployment| Response::json(200, &serde_json::json!({ "template": deployment.template }))),
            "cancel" => {
                self.deployment(named)?;
                let now = self.now;
                let running = self
                    .deployments
                    .get_mut(&named.id)
                    .filter(|deployment| deployment.stage == DeploymentState::Running);
                let Some(deployment) = running else {
                    return Err(ErrorResponse::gateway(
                        409,
                        "DeploymentCannotBeCancelled",
                        format!("The deployment '{}' is not running.", named.name()),
                    ));
                };
                deployment.cancel(now);
                self.changes.deployments.insert(named.id.clone());
                Ok(Response::empty(204))
            }
            other => Err(ErrorResponse::gateway(
                404,
                "InvalidResourceType",
                format!("The resource type '{DEPLOYMENT}' has no action '{other}' for api version '{}'.", ask.api),
            )),
        }
    }

    /// Removes the deployments to a deleted resource group.
    pub(super) fn forget_deployments(&mut self, group: &str) {
        let below = format!("{group}/");
        let gone: Vec<String> = self.deployments.keys().filter(|id| id.starts_with(&below)).cloned().collect();
        for id in gone {
            self.deployments.remove(&id);
            self.changes.deployments.insert(id);
        }
    }

    /// The ids of running deployments.
    pub(super) fn deploying(&self) -> impl Iterator<Item = &String> {
        self.deployments.iter().filter(|(_, deployment)| deployment.stage == DeploymentState::Running).map(|(id, _)| id)
    }
}

/// The resource path of an id.
fn named(id: &ArmId) -> Result<ResourcePath, ErrorResponse> {
    match super::target::parse(id.as_str(), SUBSCRIPTION)? {
        Target::Resource(named) => Ok(named),
        _ => Err(wrong(format!("'{id}' is not the id of a resource"))),
    }
}

/// A request that Resource Manager sends itself.
fn request(verb: HttpMethod, id: &ArmId, api: &str, body: Json) -> Request {
    Request {
        verb,
        path: id.to_string(),
        query: std::iter::once(("api-version".to_owned(), api.to_owned())).collect(),
        headers: Default::default(),
        body: Ok(Some(body)),
    }
}
