//! From an admitted request to its answer: limits, API versions, then dispatch by path and method.

use super::SUBSCRIPTION;
use super::absent::method_not_allowed;
use super::admitted::AdmittedRequest;
use super::entries::{above_computed, asked_action};
use super::tags::{self, TAGS};
use super::target::{self, GROUP, Target};
use super::throttle::RequestClass;
use super::{actions, always, bin, delete, deployments, groups, part, put, reads, registrations, state};
use crate::simulator::request::{ErrorResponse, HttpMethod, Request, Response};
use crate::simulator::world::World;

/// Adds the headers that every response has.
pub(super) fn sign(world: &World, mut response: Response, request: &Request, number: u64) -> Response {
    let guid = world.seed.guid(&["request", &number.to_string()]);
    let correlation = request.header("x-ms-correlation-request-id").unwrap_or(&guid).to_owned();
    let routing = format!("WESTUS:{}:{guid}", world.now.strftime("%Y%m%dT%H%M%SZ"));
    response.headers.extend([
        ("content-type", "application/json; charset=utf-8".to_owned()),
        ("cache-control", "no-cache".to_owned()),
        ("x-ms-request-id", guid),
        ("x-ms-correlation-request-id", correlation),
        ("x-ms-routing-request-id", routing),
    ]);
    response
}

pub(super) fn throttled(
    world: &mut World,
    request: &Request,
    fails: Option<ErrorResponse>,
) -> Result<Response, ErrorResponse> {
    let target = target::parse(&request.path, SUBSCRIPTION)?;
    let class = match target {
        Target::Status(_) | Target::Outcome(_) => RequestClass::Poll,
        _ => RequestClass::of(request.verb),
    };
    let now = world.now;
    let left =
        if world.rest.faults.unthrottled() { None } else { Some(state::of_mut(world).buckets.take(class, now)?) };
    let api = request.query.get("api-version").map(String::as_str).filter(|api| !api.is_empty());
    let api = api.ok_or_else(|| {
        ErrorResponse::gateway(
            400,
            "MissingApiVersionParameter",
            "The api-version query parameter (?api-version=) is required for all requests.",
        )
    })?;
    if !well_formed(api) {
        return Err(ErrorResponse::gateway(
            400,
            "InvalidApiVersionParameter",
            format!("The api-version '{api}' is invalid. The supported versions are dates such as '2021-04-01'."),
        ));
    }
    let response = dispatch(world, target, AdmittedRequest { request, api, fails })?;
    Ok(match (class.header(), left) {
        (Some(header), Some(left)) => response.with(header, left.to_string()),
        _ => response,
    })
}

pub(super) fn dispatch(world: &mut World, target: Target, ask: AdmittedRequest<'_>) -> Result<Response, ErrorResponse> {
    if let Some((action, scope)) = asked_action(ask.request.verb, &target) {
        world.rest.faults.permit(&action, &scope)?;
    }
    if let Some(asked) = deployments::asked(&target) {
        return deployments::deployments(world, asked, &ask);
    }
    if let Target::Resource(named) = &target
        && named.type_ == TAGS
    {
        return tags::tags(world, named, &ask);
    }
    if let (HttpMethod::Put | HttpMethod::Patch, Target::Resource(named)) = (ask.request.verb, &target) {
        registrations::registered_for(world, &named.type_)?;
    }
    match (ask.request.verb, target) {
        (HttpMethod::Get | HttpMethod::Head, target) => reads::read(world, target, &ask),
        (HttpMethod::Put | HttpMethod::Patch, Target::Resource(named)) if always::always(world, &named).is_some() => {
            always::write_always(world, &named, &ask)
        }
        (HttpMethod::Put, Target::Resource(named)) if part::is_alone(&named) => part::put_part(world, &named, &ask),
        (HttpMethod::Delete, Target::Resource(named)) if part::is_alone(&named) => {
            part::delete_part(world, &named, &ask)
        }
        (HttpMethod::Put, Target::Resource(named)) => put::put(world, &named, &ask),
        (HttpMethod::Patch, Target::Resource(named)) => put::patch(world, &named, &ask),
        (HttpMethod::Delete, Target::Resource(named)) if always::computed_one(world, &named).is_some() => {
            let (owner, segment) = above_computed(named);
            actions::post(world, &owner, &format!("{segment}/delete"), &ask)
        }
        (HttpMethod::Delete, Target::Resource(named)) => delete::delete(world, &named, &ask),
        (HttpMethod::Post, Target::Action(named, action)) if bin::is_of_bin(&named) => {
            bin::purge(world, &named, &action, &ask)
        }
        (HttpMethod::Post, Target::Action(named, action)) if always::computed_one(world, &named).is_some() => {
            let (owner, segment) = above_computed(named);
            actions::post(world, &owner, &format!("{segment}/{action}"), &ask)
        }
        (HttpMethod::Post, Target::Action(named, action)) if named.type_ == GROUP => {
            groups::post_group(world, &named, &action, &ask)
        }
        (HttpMethod::Post, Target::Action(named, action)) => match always::act_always(world, &named, &action) {
            Some(response) => Ok(response),
            None => actions::post(world, &named, &action, &ask),
        },
        (HttpMethod::Post, Target::NameCheck) => Ok(Response::json(200, &reads::name_check(world, &ask))),
        (HttpMethod::Post, Target::Register(namespace)) => registrations::register(world, &namespace),
        (HttpMethod::Post, Target::Unregister(namespace)) => registrations::unregister(world, &namespace),
        (verb, _) => Err(method_not_allowed(verb)),
    }
}

/// An API version such as `2021-04-01`, with or without a suffix.
fn well_formed(api: &str) -> bool {
    let (date, rest) = api.split_at_checked(10).unwrap_or((api, ""));
    date.parse::<jiff::civil::Date>().is_ok() && (rest.is_empty() || rest.starts_with('-'))
}
