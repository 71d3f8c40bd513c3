//! Template deployments: Resource Manager writes many resources for one request, each when what it waits for stands.
//!
//! A deployment is kept with its template and what became of each of its resources; the resources are written like those of any request, but for the
//! caller's budget of calls. Values of secure parameters are kept in memory only: a deployment that was cut off by the end of the process fails where
//! it needs one. Only the incremental mode is known.

mod around;
mod evaluate;
mod expression;
mod functions;
mod progress;
mod shown;
mod template;
mod what_if;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::{Map as JsonMap, Value as Json};

use super::SUBSCRIPTION;
use super::answer::{Ask, group_not_found};
use super::locks::Wish;
use super::request::{Failure, Request, Response, Verb};
use super::target::{GROUP, Named, Target, group_of};
use super::world::World;
use crate::address::ArmId;
use around::Around;
use template::{DEPLOYMENT, Item, Template, wrong};

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
    /// Whether nothing in the template is an expression.
    literal: bool,
    /// The parameters that were given, without secure ones.
    parameters: JsonMap<String, Json>,
    began: Timestamp,
    ended: Option<Timestamp>,
    correlation: String,
    /// The last segment of the address that tells how far it is.
    key: String,
    stage: Stage,
    parts: Vec<Part>,
    outputs: Json,
    /// The template with everything that it was given.
    #[serde(skip)]
    work: Option<Box<Work>>,
    /// When something of it is to be looked at again.
    #[serde(skip)]
    next: Option<Timestamp>,
}

/// A template that is ready to be deployed.
#[derive(Debug, Clone)]
struct Work {
    template: Template,
    items: Vec<Item>,
}

/// How far a deployment is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Stage {
    Running,
    Succeeded,
    Failed(Failure),
    Canceled,
}

/// What became of one resource of a template.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Part {
    id: ArmId,
    #[serde(rename = "type")]
    type_: String,
    state: State,
    began: Option<Timestamp>,
    ended: Option<Timestamp>,
    /// Whether nothing stood before.
    created: bool,
}

/// How far a resource of a template is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum State {
    /// It waits for others; or, where it was refused for now, until a time.
    Waiting {
        again: Option<Timestamp>,
        tries: u32,
    },
    /// The operation with this key writes it.
    Running(String),
    /// It is written, and answers at this time.
    Until(Timestamp),
    /// It is a deployment itself.
    Inner,
    Done,
    Failed(Failure),
    /// It is not wanted, or only spoken of.
    Skipped,
    /// What it waits for did not come to be.
    NotBegun,
}

/// What a request asks of deployments.
pub(super) enum Asked {
    One(Named),
    All(String),
    /// One of the words below a deployment, and what stands behind it.
    Below(Named, String, Option<String>),
}

/// What a request asks of deployments; `None` where it asks for something else.
pub(super) fn asked(target: &Target) -> Option<Asked> {
    match target {
        Target::Resource(named) if named.type_ == TYPE => Some(Asked::One(named.clone())),
        Target::Resource(named) if named.type_.strip_prefix(TYPE).is_some_and(|rest| rest.starts_with('/')) => {
            let mut above = named.clone();
            let (key, word) = (above.segments.pop()?, above.segments.pop()?);
            let above = Named { id: named.above(2), type_: TYPE.to_owned(), ..above };
            Some(Asked::Below(above, word.to_ascii_lowercase(), Some(key)))
        }
        Target::Collection { scope, type_ } if type_ == TYPE => Some(Asked::All(scope.clone())),
        Target::Action(named, word) if named.type_ == TYPE => {
            Some(Asked::Below(named.clone(), word.to_ascii_lowercase(), None))
        }
        _ => None,
    }
}

impl World {
    /// Answers what is asked of deployments.
    pub(super) fn deployments(&mut self, asked: Asked, ask: &Ask<'_>) -> Result<Response, Failure> {
        let verb = ask.request.verb;
        match (verb, asked) {
            (Verb::Put, Asked::One(named)) => self.put_deployment(&named, ask),
            (Verb::Head, Asked::One(named)) => {
                Ok(Response::empty(if self.deployments.contains_key(&named.id) { 204 } else { 404 }))
            }
            (Verb::Get, Asked::One(named)) => {
                self.deployment(&named).map(|deployment| Response::json(200, &self.shown_deployment(deployment)))
            }
            (Verb::Delete, Asked::One(named)) => self.delete_deployment(&named),
            (Verb::Get, Asked::All(scope)) => self.all_deployments(&scope, ask),
            (Verb::Get, Asked::Below(named, word, key)) => {
                let deployment = self.deployment(&named)?;
                match (word.as_str(), key) {
                    ("operations", key) => self.deployment_operations(deployment, key.as_deref(), ask),
                    ("operationstatuses", Some(key)) if key == deployment.key => Ok(self.deployment_status(deployment)),
                    _ => Err(self.absent(&named)),
                }
            }
            (Verb::Post, Asked::Below(named, word, None)) => self.post_deployment(&named, &word, ask),
            (verb, _) => Err(super::answer::method_not_allowed(verb)),
        }
    }

    /// Where a deployment of this name goes, once that stands and may be written to.
    fn scope_of_deployment(&self, named: &Named) -> Result<ArmId, Failure> {
        let whole = format!("/subscriptions/{SUBSCRIPTION}");
        if named.above(4) == whole {
            return Ok(ArmId::new(whole));
        }
        let group = named.above(4);
        let standing = self.standing(&group).filter(|object| object.type_ == GROUP);
        let standing = standing.ok_or_else(|| group_not_found(named.group().unwrap_or_default()))?;
        self.reach_to_write(&group, None)?;
        self.check_unlocked(&group, Wish::Write)?;
        Ok(standing.id.clone())
    }

    fn deployment(&self, named: &Named) -> Result<&Deployment, Failure> {
        if let Some(region) = group_of(&named.id).and_then(|group| self.own_region(group)) {
            self.rest.faults.reach(&region)?;
        }
        self.deployments.get(&named.id).ok_or_else(|| {
            let group =
                named.group().filter(|_| group_of(&named.id).is_some_and(|group| self.standing(group).is_none()));
            group.map_or_else(
                || {
                    Failure::gateway(
                        404,
                        "DeploymentNotFound",
                        format!("Deployment '{}' could not be found.", named.name()),
                    )
                },
                group_not_found,
            )
        })
    }

    fn put_deployment(&mut self, named: &Named, ask: &Ask<'_>) -> Result<Response, Failure> {
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

    /// A deployment that could begin now.
    fn read_deployment(
        &self,
        scope: &ArmId,
        name: &str,
        body: &Json,
        correlation: Option<String>,
        literal: bool,
    ) -> Result<Deployment, Failure> {
        let well_called = |c: char| c.is_ascii_alphanumeric() || "._-()".contains(c);
        if name.is_empty() || name.len() > 64 || !name.chars().all(well_called) {
            return Err(Failure::gateway(
                400,
                "InvalidDeploymentName",
                format!(
                    "The provided deployment name '{name}' is invalid: up to 64 letters, digits, '-', '_', '.', '(' and ')'."
                ),
            ));
        }
        let id = ArmId::new(format!("{scope}/providers/{DEPLOYMENT}/{name}"));
        let standing = self.deployments.get(&id.folded());
        if let Some(active) = standing.filter(|deployment| deployment.stage == Stage::Running) {
            return Err(Failure::gateway(
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
                    return Err(Failure::gateway(
                        400,
                        "LocationRequired",
                        "The location property is required for this deployment.",
                    ));
                }
                (Some(new), Some(old)) if !new.eq_ignore_ascii_case(&old) => {
                    return Err(Failure::gateway(
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
        let (template, work, mut parameters) = self.read_template(scope, name, body, literal)?;
        let secure = Template::secure(&template);
        parameters.retain(|name, _| !secure.contains(&name.to_ascii_lowercase()));
        let parts = work.items.iter().map(|item| Part {
            id: item.id.clone(),
            type_: item.type_.clone(),
            state: if item.wanted && !item.existing {
                State::Waiting { again: None, tries: 0 }
            } else {
                State::Skipped
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
            parameters,
            began: self.now,
            ended: None,
            correlation: correlation.unwrap_or_else(|| guid("correlation")),
            key: guid("operation"),
            stage: Stage::Running,
            parts: parts.collect(),
            outputs: Json::Null,
            work: Some(Box::new(work)),
            next: None,
            id,
        })
    }

    /// The template of a request, ready to be deployed, and the parameters that were given.
    fn read_template(
        &self,
        scope: &ArmId,
        name: &str,
        body: &Json,
        literal: bool,
    ) -> Result<(Json, Work, JsonMap<String, Json>), Failure> {
        let properties = body.get("properties").unwrap_or(&Json::Null);
        for linked in ["templateLink", "parametersLink"] {
            if properties.get(linked).is_some_and(|link| !link.is_null()) {
                return Err(wrong(format!(
                    "`{linked}` leads out of the embedded cloud, which reads templates that are in the request"
                )));
            }
        }
        let mode = properties.get("mode").and_then(Json::as_str).unwrap_or_default();
        if !mode.eq_ignore_ascii_case("Incremental") {
            return Err(wrong(format!("the mode '{mode}' is not known here; 'Incremental' is")));
        }
        let template = properties.get("template").filter(|template| template.is_object()).cloned();
        let template = template.ok_or_else(|| wrong("there is no `template`"))?;
        let parameters = properties.get("parameters").and_then(Json::as_object).cloned().unwrap_or_default();
        let work = self.prepare(scope, name, &template, &parameters, literal)?;
        for item in work.items.iter().filter(|item| item.wanted && !item.existing && item.type_ != DEPLOYMENT) {
            self.check_type(item)?;
        }
        Ok((template, work, parameters))
    }

    /// Refuses a type that nobody could write. What stands in the body of another may be written as a resource, too.
    fn check_type(&self, item: &Item) -> Result<(), Failure> {
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
        template: &Json,
        parameters: &JsonMap<String, Json>,
        literal: bool,
    ) -> Result<Work, Failure> {
        let around = Around::before(self, scope, name);
        let template = Template::read(template, parameters, scope.clone(), literal, &around)?;
        let items = template.items(&around)?;
        Ok(Work { template, items })
    }

    fn keep_deployment(&mut self, deployment: Deployment) {
        let id = deployment.id.folded();
        self.changes.deployments.insert(id.clone());
        self.deployments.insert(id, deployment);
    }

    fn delete_deployment(&mut self, named: &Named) -> Result<Response, Failure> {
        self.scope_of_deployment(named)?;
        match self.deployments.get(&named.id) {
            Some(deployment) if deployment.stage == Stage::Running => Err(Failure::gateway(
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

    fn post_deployment(&mut self, named: &Named, word: &str, ask: &Ask<'_>) -> Result<Response, Failure> {
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
                let running =
                    self.deployments.get_mut(&named.id).filter(|deployment| deployment.stage == Stage::Running);
                let Some(deployment) = running else {
                    return Err(Failure::gateway(
                        409,
                        "DeploymentCannotBeCancelled",
                        format!("The deployment '{}' is not running.", named.name()),
                    ));
                };
                deployment.cancel(now);
                self.changes.deployments.insert(named.id.clone());
                Ok(Response::empty(204))
            }
            other => Err(Failure::gateway(
                404,
                "InvalidResourceType",
                format!("The resource type '{DEPLOYMENT}' has no action '{other}' for api version '{}'.", ask.api),
            )),
        }
    }

    /// Forgets the deployments to a resource group that is gone.
    pub(super) fn forget_deployments(&mut self, group: &str) {
        let below = format!("{group}/");
        let gone: Vec<String> = self.deployments.keys().filter(|id| id.starts_with(&below)).cloned().collect();
        for id in gone {
            self.deployments.remove(&id);
            self.changes.deployments.insert(id);
        }
    }

    /// Those that are under way.
    pub(super) fn deploying(&self) -> impl Iterator<Item = &String> {
        self.deployments.iter().filter(|(_, deployment)| deployment.stage == Stage::Running).map(|(id, _)| id)
    }
}

/// What the path of an id names.
fn named(id: &ArmId) -> Result<Named, Failure> {
    match super::target::parse(id.as_str(), SUBSCRIPTION)? {
        Target::Resource(named) => Ok(named),
        _ => Err(wrong(format!("'{id}' is the id of no resource"))),
    }
}

/// A request that Resource Manager makes by itself.
fn request(verb: Verb, id: &ArmId, api: &str, body: Json) -> Request {
    Request {
        verb,
        path: id.to_string(),
        query: std::iter::once(("api-version".to_owned(), api.to_owned())).collect(),
        headers: Default::default(),
        body: Ok(Some(body)),
    }
}
