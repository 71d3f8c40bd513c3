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
pub(super) mod kept;
mod lambdas;
mod parameters;
pub(super) mod progress;
mod shown;
mod template;
mod what_if;

use crate::providers::azure::ids::AzureId;
use environment::WorldEnvironment;
use kept::{Deployment, DeploymentMode, DeploymentResource, DeploymentState, PreparedDeployment, ResourceState};
use serde_json::{Map as JsonMap, Value as Json};
use template::{DEPLOYMENT, Template, TemplateResource, wrong};

use super::absent::group_not_found;
use super::admitted::AdmittedRequest;
use super::locks::LockedAction;
use super::state;
use super::target::{GROUP, ResourcePath, Target, group_of};
use crate::object::ObjectId;
use crate::providers::azure::simulated::{SUBSCRIPTION, absent, locks, part, places};
use crate::simulator::request::{ErrorResponse, HttpMethod, Request, Response};
use crate::simulator::world::World;

/// The type of a deployment, folded.
const TYPE: &str = "microsoft.resources/deployments";

/// A request for deployments.
pub(in crate::providers::azure::simulated) enum DeploymentQuery {
    One(ResourcePath),
    All(String),
    /// A path segment below a deployment, and the key after it.
    Below(ResourcePath, String, Option<String>),
}

/// The request for deployments; `None` for any other request.
pub(in crate::providers::azure::simulated) fn asked(target: &Target) -> Option<DeploymentQuery> {
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

/// Answers a request for deployments.
pub(in crate::providers::azure::simulated) fn deployments(
    world: &mut World,
    asked: DeploymentQuery,
    ask: &AdmittedRequest<'_>,
) -> Result<Response, ErrorResponse> {
    let verb = ask.request.verb;
    match (verb, asked) {
        (HttpMethod::Put, DeploymentQuery::One(named)) => put_deployment(world, &named, ask),
        (HttpMethod::Head, DeploymentQuery::One(named)) => {
            Ok(Response::empty(if state::of(world).deployments.contains_key(&named.id) { 204 } else { 404 }))
        }
        (HttpMethod::Get, DeploymentQuery::One(named)) => {
            deployment(world, &named).map(|deployment| Response::json(200, &shown::shown_deployment(world, deployment)))
        }
        (HttpMethod::Delete, DeploymentQuery::One(named)) => delete_deployment(world, &named),
        (HttpMethod::Get, DeploymentQuery::All(scope)) => shown::all_deployments(world, &scope, ask),
        (HttpMethod::Get, DeploymentQuery::Below(named, word, key)) => {
            let deployment = deployment(world, &named)?;
            match (word.as_str(), key) {
                ("operations", key) => shown::deployment_operations(world, deployment, key.as_deref(), ask),
                ("operationstatuses", Some(key)) if key == deployment.key => {
                    Ok(shown::deployment_status(world, deployment))
                }
                _ => Err(absent::absent(world, &named)),
            }
        }
        (HttpMethod::Post, DeploymentQuery::Below(named, word, None)) => post_deployment(world, &named, &word, ask),
        (verb, _) => Err(super::absent::method_not_allowed(verb)),
    }
}

/// The scope of a deployment, if that exists and accepts writes.
fn scope_of_deployment(world: &World, named: &ResourcePath) -> Result<ObjectId, ErrorResponse> {
    let whole = format!("/subscriptions/{SUBSCRIPTION}");
    if named.above(4) == whole {
        return Ok(ObjectId::new(whole));
    }
    let group = named.above(4);
    let standing = world.standing(&group).filter(|object| object.type_ == GROUP);
    let standing = standing.ok_or_else(|| group_not_found(named.group().unwrap_or_default()))?;
    places::reach_to_write(world, &group, None)?;
    locks::check_unlocked(world, &group, LockedAction::Write)?;
    Ok(standing.id.clone())
}

fn deployment<'w>(world: &'w World, named: &ResourcePath) -> Result<&'w Deployment, ErrorResponse> {
    if let Some(region) = group_of(&named.id).and_then(|group| places::own_region(world, group)) {
        world.rest.faults.reach(&region)?;
    }
    state::of(world).deployments.get(&named.id).ok_or_else(|| {
        let group = named.group().filter(|_| group_of(&named.id).is_some_and(|group| world.standing(group).is_none()));
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

fn put_deployment(
    world: &mut World,
    named: &ResourcePath,
    ask: &AdmittedRequest<'_>,
) -> Result<Response, ErrorResponse> {
    if let Some(failure) = &ask.fails {
        return Err(failure.clone());
    }
    let (name, body) = (named.name(), ask.request.object()?);
    let scope = scope_of_deployment(world, named)?;
    let correlation = ask.request.header("x-ms-correlation-request-id").map(str::to_owned);
    let known = state::of(world).deployments.contains_key(&named.id);
    let deployment = read_deployment(world, &scope, name, &body, correlation, false)?;
    let shown = shown::shown_deployment(world, &deployment);
    let status =
        format!("{}{}/operationStatuses/{}?api-version={}", world.base, deployment.id, deployment.key, ask.api);
    keep_deployment(world, deployment);
    let response = Response::json(if known { 200 } else { 201 }, &shown);
    Ok(response.with("azure-asyncoperation", status).with("retry-after", "1"))
}

/// A validated deployment that is ready to begin.
fn read_deployment(
    world: &World,
    scope: &ObjectId,
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
    let id = ObjectId::new(format!("{scope}/providers/{DEPLOYMENT}/{name}"));
    let standing = state::of(world).deployments.get(&id.folded());
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
    let (template, work, mode) = read_template(world, scope, name, body, literal)?;
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
    let guid = |word: &str| world.seed.guid(&[&id.folded(), word, &world.now.to_string()]);
    Ok(Deployment {
        scope: scope.clone(),
        location,
        tags: body.get("tags").cloned().unwrap_or_default(),
        template,
        literal,
        mode,
        parameters,
        began: world.now,
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
    world: &World,
    scope: &ObjectId,
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
    let work = prepare(world, scope, name, mode, &template, &parameters, literal)?;
    for item in work.items.iter().filter(|item| item.wanted && !item.existing && item.type_ != DEPLOYMENT) {
        check_type(world, item)?;
    }
    Ok((template, work, mode))
}

/// Refuses an unknown type. A resource that is part of another resource's body may also be written as a resource.
fn check_type(world: &World, item: &TemplateResource) -> Result<(), ErrorResponse> {
    let type_ = item.id.arm_type().unwrap_or_else(|| item.type_.clone());
    match absent::known_type(world, &type_.to_ascii_lowercase(), &item.api) {
        Err(_) if part::is_alone(&named(&item.id)?) => Ok(()),
        known => known.map(drop),
    }
}

fn prepare(
    world: &World,
    scope: &ObjectId,
    name: &str,
    mode: DeploymentMode,
    template: &Json,
    parameters: &JsonMap<String, Json>,
    literal: bool,
) -> Result<PreparedDeployment, ErrorResponse> {
    let around = WorldEnvironment::before(world, scope, name, mode);
    let template = Template::read(template, parameters, scope.clone(), literal, &around)?;
    let items = template.items(&around)?;
    let symbols = Template::symbols(&items);
    Ok(PreparedDeployment { template, items, symbols })
}

fn keep_deployment(world: &mut World, deployment: Deployment) {
    let id = deployment.id.folded();
    state::of_mut(world).changed.insert(id.clone());
    state::of_mut(world).deployments.insert(id, deployment);
}

fn delete_deployment(world: &mut World, named: &ResourcePath) -> Result<Response, ErrorResponse> {
    scope_of_deployment(world, named)?;
    match state::of(world).deployments.get(&named.id) {
        Some(deployment) if deployment.stage == DeploymentState::Running => Err(ErrorResponse::gateway(
            409,
            "DeploymentActive",
            format!("The deployment '{}' is active and cannot be deleted; cancel it first.", named.name()),
        )),
        _ => {
            state::of_mut(world).deployments.remove(&named.id);
            state::of_mut(world).changed.insert(named.id.clone());
            Ok(Response::empty(204))
        }
    }
}

fn post_deployment(
    world: &mut World,
    named: &ResourcePath,
    word: &str,
    ask: &AdmittedRequest<'_>,
) -> Result<Response, ErrorResponse> {
    match word {
        "validate" => {
            let (scope, body) = (scope_of_deployment(world, named)?, ask.request.object()?);
            let correlation = ask.request.header("x-ms-correlation-request-id").map(str::to_owned);
            let deployment = read_deployment(world, &scope, named.name(), &body, correlation, false)?;
            Ok(Response::json(200, &shown::validated(world, &deployment)))
        }
        "whatif" => {
            let (scope, body) = (scope_of_deployment(world, named)?, ask.request.object()?);
            what_if::what_if(world, &scope, named.name(), &body)
        }
        "exporttemplate" => deployment(world, named)
            .map(|deployment| Response::json(200, &serde_json::json!({ "template": deployment.template }))),
        "cancel" => {
            deployment(world, named)?;
            let now = world.now;
            let running = state::of_mut(world)
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
            state::of_mut(world).changed.insert(named.id.clone());
            Ok(Response::empty(204))
        }
        other => Err(ErrorResponse::gateway(
            404,
            "InvalidResourceType",
            format!("The resource type '{DEPLOYMENT}' has no action '{other}' for api version '{}'.", ask.api),
        )),
    }
}

/// The ids of running deployments.
pub(in crate::providers::azure::simulated) fn deploying(world: &World) -> impl Iterator<Item = &String> {
    state::of(world)
        .deployments
        .iter()
        .filter(|(_, deployment)| deployment.stage == DeploymentState::Running)
        .map(|(id, _)| id)
}

/// The resource path of an id.
fn named(id: &ObjectId) -> Result<ResourcePath, ErrorResponse> {
    match super::target::parse(id.as_str(), SUBSCRIPTION)? {
        Target::Resource(named) => Ok(named),
        _ => Err(wrong(format!("'{id}' is not the id of a resource"))),
    }
}

/// A request that Resource Manager sends itself.
fn request(verb: HttpMethod, id: &ObjectId, api: &str, body: Json) -> Request {
    Request {
        verb,
        path: id.to_string(),
        query: std::iter::once(("api-version".to_owned(), api.to_owned())).collect(),
        headers: Default::default(),
        body: Ok(Some(body)),
        bytes: Default::default(),
    }
}
