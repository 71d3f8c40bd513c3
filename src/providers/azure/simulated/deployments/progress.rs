//! Progress of deployments: writes each resource when its dependencies exist, polls the operations in progress, and
//! records the outcome.

use jiff::{SignedDuration, Timestamp};
use serde_json::{Value as Json, json};

use super::environment::WorldEnvironment;
use super::evaluate::TemplateError;
use super::template::{DEPLOYMENT, TemplateResource, is_inner};
use super::{Deployment, DeploymentResource, DeploymentState, PreparedDeployment, ResourceState, named, request};
use crate::providers::azure::refusal;
use crate::providers::azure::simulated::admitted::AdmittedRequest;
use crate::providers::azure::simulated::deployments::{self, complete};
use crate::providers::azure::simulated::target::{self, Target};
use crate::providers::azure::simulated::{NAME, SUBSCRIPTION, dispatch, state};
use crate::reason::Reason;
use crate::simulator::operations::OperationState;
use crate::simulator::request::{ErrorResponse, HttpMethod, Response};
use crate::simulator::world::World;

/// Number of retries of a resource after a temporary refusal.
const TRIES: u32 = 60;
/// Seconds before a retry, where the refusal names no wait.
const PAUSE: u64 = 5;

/// Properties of a template resource that are not part of its body.
pub(in crate::providers::azure::simulated) const NOT_OF_THE_BODY: [&str; 12] = [
    "type",
    "name",
    "apiVersion",
    "dependsOn",
    "scope",
    "condition",
    "copy",
    "comments",
    "resources",
    "resourceGroup",
    "subscriptionId",
    "existing",
];

impl ResourceState {
    /// True if the state cannot change any more.
    pub(in crate::providers::azure::simulated) fn is_final(&self) -> bool {
        matches!(self, Self::Done | Self::Failed(_) | Self::Skipped | Self::NotBegun)
    }
}

impl Deployment {
    /// Cancels the deployment. Operations in progress continue.
    pub(in crate::providers::azure::simulated) fn cancel(&mut self, now: Timestamp) {
        self.stage = DeploymentState::Canceled;
        self.ended = Some(now);
        for part in self.parts.iter_mut().filter(|part| matches!(part.state, ResourceState::Waiting { .. })) {
            part.state = ResourceState::NotBegun;
        }
    }
}

/// The time of the next deployment step that no operation triggers.
pub(in crate::providers::azure::simulated) fn next_deploying(world: &World) -> Option<Timestamp> {
    let running = deployments::deploying(world).filter_map(|id| state::of(world).deployments.get(id)?.next);
    running.filter(|next| *next > world.now).min()
}

/// Advances every deployment as far as possible now. True if anything changed.
pub(in crate::providers::azure::simulated) fn deploy(world: &mut World) -> bool {
    let running: Vec<String> = deployments::deploying(world).cloned().collect();
    let mut moved = false;
    for id in running {
        let Some(mut deployment) = state::of_mut(world).deployments.remove(&id) else { continue };
        let own = step(world, &mut deployment);
        moved |= own;
        if deployment.stage != DeploymentState::Running {
            state::of_mut(world).changed.insert(id.clone());
        }
        // Its writes may have deleted its own group.
        state::of_mut(world).deployments.insert(id, deployment);
    }
    moved
}

fn step(world: &mut World, deployment: &mut Deployment) -> bool {
    let work = match deployment.work.take() {
        Some(work) => Ok(*work),
        None => deployments::prepare(
            world,
            &deployment.scope,
            deployment.id.name(),
            deployment.mode,
            &deployment.template,
            &deployment.parameters,
            deployment.literal,
        ),
    };
    let work = match work {
        Ok(work) => work,
        Err(failure) => {
            deployment.cancel(world.now);
            deployment.stage = DeploymentState::Failed(failure);
            return true;
        }
    };
    let mut moved = false;
    while pass_through(world, deployment, &work) {
        moved = true;
    }
    let until = deployment.parts.iter().filter_map(|part| match part.state {
        ResourceState::Until(at) => Some(at),
        ResourceState::Waiting { again, .. } => again,
        _ => None,
    });
    deployment.next = until.min();
    if deployment.parts.iter().all(|part| part.state.is_final()) && !complete::is_deleting_others(world, deployment) {
        finish(world, deployment, &work);
        return true;
    }
    deployment.work = Some(Box::new(work));
    moved
}

/// Checks every resource once. True if one of them advanced.
fn pass_through(world: &mut World, deployment: &mut Deployment, work: &PreparedDeployment) -> bool {
    let mut moved = false;
    for (at, item) in work.items.iter().enumerate() {
        let Some(part) = deployment.parts.get(at) else { continue };
        let next = match &part.state {
            ResourceState::Waiting { again, tries } => match readiness(deployment, item) {
                Some(true) if again.is_none_or(|again| again <= world.now) => {
                    let created = world.object(&item.id.folded()).is_none();
                    let (state, tries) = (start(world, deployment, work, item), *tries);
                    let state = retried(world, state, tries);
                    if let Some(part) = deployment.parts.get_mut(at)
                        && part.began.is_none()
                    {
                        (part.began, part.created) = (Some(world.now), created);
                    }
                    Some(state)
                }
                Some(_) => None,
                None => Some(ResourceState::NotBegun),
            },
            ResourceState::Running(key) => {
                world.operation(key).map_or(Some(ResourceState::Done), |operation| match &operation.progress {
                    OperationState::Running => None,
                    OperationState::Succeeded => Some(ResourceState::Done),
                    OperationState::Failed(failure) => Some(ResourceState::Failed(failure.clone())),
                })
            }
            ResourceState::Until(at) => (*at <= world.now).then_some(ResourceState::Done),
            ResourceState::Inner => state::of(world).deployments.get(&item.id.folded()).and_then(inner_state),
            ResourceState::Done | ResourceState::Failed(_) | ResourceState::Skipped | ResourceState::NotBegun => None,
        };
        let (Some(state), Some(part)) = (next, deployment.parts.get_mut(at)) else { continue };
        moved |= !matches!(state, ResourceState::Waiting { .. });
        part.ended = state.is_final().then_some(world.now);
        part.state = state;
    }
    moved
}

/// True if all dependencies of an item exist; `None` if one of them never will.
fn readiness(deployment: &Deployment, item: &TemplateResource) -> Option<bool> {
    let mut ready = true;
    for need in &item.needs {
        match deployment.parts.get(*need).map(|part| &part.state) {
            Some(ResourceState::Failed(_) | ResourceState::NotBegun) => return None,
            Some(ResourceState::Done | ResourceState::Skipped) | None => {}
            Some(_) => ready = false,
        }
    }
    Some(ready)
}

/// Turns a temporary refusal into another attempt, up to the limit.
fn retried(world: &World, state: ResourceState, tries: u32) -> ResourceState {
    match state {
        ResourceState::Failed(failure) if tries < TRIES && passes(&failure) => {
            let pause = failure.retry_after.unwrap_or(PAUSE).max(1);
            let pause = SignedDuration::from_secs(i64::try_from(pause).unwrap_or(i64::MAX));
            ResourceState::Waiting { again: Some(world.now + pause), tries: tries + 1 }
        }
        state => state,
    }
}

/// Begins to write a resource.
fn start(
    world: &mut World,
    deployment: &Deployment,
    work: &PreparedDeployment,
    item: &TemplateResource,
) -> ResourceState {
    match try_start(world, deployment, work, item) {
        Ok(state) => state,
        Err(failure) => ResourceState::Failed(failure),
    }
}

fn try_start(
    world: &mut World,
    deployment: &Deployment,
    work: &PreparedDeployment,
    item: &TemplateResource,
) -> Result<ResourceState, ErrorResponse> {
    let around =
        WorldEnvironment::during(world, &deployment.scope, deployment.id.name(), deployment.mode, &work.symbols);
    let mut body = work.template.body(item, &around).map_err(|miss| unknown(item, miss))?;
    if item.type_.eq_ignore_ascii_case(DEPLOYMENT) {
        return start_inner(world, deployment, item, &body);
    }
    if let Json::Object(map) = &mut body {
        map.retain(|name, _| !NOT_OF_THE_BODY.contains(&name.as_str()));
    }
    let request = request(HttpMethod::Put, &item.id, &item.api, body);
    let number = world.rest.counters.values().sum();
    let strike = world.rest.faults.strike(NAME, &request, world.seed, number);
    if let Some(failure) = strike.answer {
        return Err(failure);
    }
    let target = target::parse(&request.path, SUBSCRIPTION)?;
    if !matches!(target, Target::Resource(_)) {
        return Err(named(&item.id).err().unwrap_or_else(|| super::wrong("it is not a resource")));
    }
    let response =
        dispatch::dispatch(world, target, AdmittedRequest { request: &request, api: &item.api, fails: strike.fails })?;
    Ok(state_after(world, item, &response))
}

/// The state of a resource after this answer to its write.
fn state_after(world: &World, item: &TemplateResource, response: &Response) -> ResourceState {
    let own = world.object(&item.id.folded()).and_then(|object| object.operation.clone());
    let told = response.headers.iter().find(|(name, _)| matches!(*name, "azure-asyncoperation" | "location"));
    let told = told.and_then(|(_, url)| url.split('?').next()?.rsplit('/').next()).map(str::to_owned);
    match own.or(told) {
        Some(key) => ResourceState::Running(key),
        None if response.delay.is_zero() => ResourceState::Done,
        None => {
            ResourceState::Until(world.now + SignedDuration::try_from(response.delay).unwrap_or(SignedDuration::MAX))
        }
    }
}

fn start_inner(
    world: &mut World,
    deployment: &Deployment,
    item: &TemplateResource,
    body: &Json,
) -> Result<ResourceState, ErrorResponse> {
    let named = named(&item.id)?;
    let scope = deployments::scope_of_deployment(world, &named)?;
    let correlation = Some(deployment.correlation.clone());
    let inner = deployments::read_deployment(world, &scope, item.id.name(), body, correlation, !is_inner(body))?;
    deployments::keep_deployment(world, inner);
    Ok(ResourceState::Inner)
}

fn unknown(item: &TemplateResource, miss: TemplateError) -> ErrorResponse {
    let why = match miss {
        TemplateError::Wrong(why) => why,
        TemplateError::Later => "it refers to a resource that does not exist".to_owned(),
    };
    ErrorResponse::gateway(
        400,
        "DeploymentFailed",
        format!("The template resource '{}' cannot be evaluated: '{why}'.", item.id.name()),
    )
}

/// Records the outcome of a deployment whose resources are all final.
fn finish(world: &mut World, deployment: &mut Deployment, work: &PreparedDeployment) {
    deployment.ended = Some(world.now);
    let failed =
        deployment.parts.iter().any(|part| matches!(part.state, ResourceState::Failed(_) | ResourceState::NotBegun));
    if failed {
        deployment.stage = DeploymentState::Failed(failure());
        return;
    }
    let around =
        WorldEnvironment::during(world, &deployment.scope, deployment.id.name(), deployment.mode, &work.symbols);
    match work.template.outputs(&around) {
        Ok(outputs) => (deployment.outputs, deployment.stage) = (outputs, DeploymentState::Succeeded),
        Err(TemplateError::Wrong(why)) => {
            let why = format!("Unable to evaluate template outputs: '{why}'.");
            deployment.stage =
                DeploymentState::Failed(ErrorResponse::gateway(400, "DeploymentOutputEvaluationFailed", why));
        }
        Err(TemplateError::Later) => deployment.stage = DeploymentState::Failed(failure()),
    }
}

/// The error of a deployment whose resources failed.
fn failure() -> ErrorResponse {
    ErrorResponse::gateway(
        409,
        "DeploymentFailed",
        "At least one resource deployment operation failed. Please list deployment operations for details.",
    )
}

/// True if a refusal is temporary: another operation is in progress, or the service is not available.
fn passes(failure: &ErrorResponse) -> bool {
    let reason = refusal::reason(failure.status, &failure.code, &failure.message);
    matches!(reason, Reason::Busy | Reason::Throttled | Reason::Outage)
}

/// The state of a nested deployment as a resource.
fn inner_state(inner: &Deployment) -> Option<ResourceState> {
    match &inner.stage {
        DeploymentState::Running => None,
        DeploymentState::Succeeded => Some(ResourceState::Done),
        DeploymentState::Failed(failure) => Some(ResourceState::Failed(failure.clone())),
        DeploymentState::Canceled => Some(ResourceState::Failed(ErrorResponse::gateway(
            409,
            "DeploymentCanceled",
            "The deployment was canceled.",
        ))),
    }
}

impl DeploymentResource {
    /// The error, as deployment operations report it.
    pub(in crate::providers::azure::simulated) fn error(&self) -> Option<Json> {
        match &self.state {
            ResourceState::Failed(failure) => Some(json!({ "error": failure.error() })),
            _ => None,
        }
    }
}
