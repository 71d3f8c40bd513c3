//! The standing of failover groups at this moment: where users are led, the answers of the active site, and the
//! replication lag.

use std::time::Duration;

use serde_json::Value as Json;

use super::levers::{endpoint_at, front, fronts, record_value, referred, with_subject};
use super::offers::usages;
use super::survey::{lever_ends, samples};
use super::{ListRequest, SurveyRequest, SurveyResult};
use crate::address::Address;
use crate::kinds::{Health, Object, Side, body, decode};
use crate::plan::ends;
use crate::stack::{FailoverGroup, Resource, Route, Stack};
use crate::state::{ActiveSite, State};

/// An endpoint that shows if users are served.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EndpointRequest {
    /// The block that names it: `probe.front`, `route.web`.
    pub name: String,
    /// Its URL.
    pub url: String,
    /// The URL as it may be shown; `None` if it is sensitive.
    pub shown: Option<String>,
    /// The expected HTTP status; `None`: any that is no error.
    pub status: Option<u16>,
    /// True for a URL that the stack does not contain: scheme and path are assumed.
    pub is_assumed: bool,
}

/// The standing of a group.
#[derive(Debug, Clone, PartialEq)]
pub struct GroupStanding {
    /// Its name.
    pub group: String,
    /// The home site.
    pub home: String,
    /// The active site, by state.
    pub active: String,
    /// True if traffic and data can be at different sites.
    pub is_mixed: bool,
    /// The routes.
    pub routes: Vec<RouteCheck>,
    /// The endpoints of the active site.
    pub endpoints: Vec<EndpointCheck>,
    /// The replicas.
    pub replicas: Vec<ReplicaCheck>,
}

/// A route, as observed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RouteCheck {
    /// Its name.
    pub route: String,
    /// The route that it replaces where that cannot be switched.
    pub fallback_for: Option<String>,
    /// The destination of its users.
    pub target: RouteTarget,
}

/// The destination of a set of users.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RouteTarget {
    /// These sites of the group; none where every endpoint is closed.
    Sites(Vec<String>),
    /// A value that belongs to no site of the group.
    Elsewhere(String),
    /// Unknown, with the reason.
    Unknown(String),
}

/// The answer of an endpoint.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EndpointCheck {
    /// The endpoint.
    pub endpoint: EndpointRequest,
    /// The HTTP status, or the reason why there is none.
    pub answer: Result<u16, String>,
}

impl EndpointCheck {
    /// True if the answer is the expected one. At an assumed URL, every answer but an error of the server is.
    pub fn is_served(&self) -> bool {
        match (&self.answer, self.endpoint.status) {
            (Ok(status), Some(expected)) => *status == expected,
            (Ok(status), None) if self.endpoint.is_assumed => *status < 500,
            (Ok(status), None) => (200..400).contains(status),
            (Err(_), _) => false,
        }
    }

    /// True if nothing answers at an assumed URL: that proves nothing.
    pub fn is_unknown(&self) -> bool {
        self.endpoint.is_assumed && self.answer.is_err()
    }
}

/// A replica, as observed.
#[derive(Debug, Clone, PartialEq)]
pub struct ReplicaCheck {
    /// The replica.
    pub replica: Address,
    /// The site of its primary; `None` if unknown.
    pub primary: Option<String>,
    /// Health of replication.
    pub health: Health,
    /// Replication lag; `None` if unknown.
    pub lag: Option<Duration>,
}

/// The active site of a group by state, and if the group is in a mixed state.
pub fn active_site(group: &FailoverGroup, state: &State) -> (String, bool) {
    match state.roles.groups.get(&*group.name) {
        Some(role) => match role.active {
            ActiveSite::Home => (group.from.to_string(), false),
            ActiveSite::Away => (role.site.clone(), false),
            ActiveSite::Between => (role.site.clone(), true),
        },
        None => (group.from.to_string(), false),
    }
}

/// The reads for the standing of these groups, and for the control planes of these regions.
pub fn standing_survey<'a>(
    stack: Option<&Stack>,
    groups: &[&FailoverGroup],
    state: &State,
    regions: impl Iterator<Item = &'a String>,
) -> SurveyRequest {
    let mut survey = SurveyRequest::default();
    for region in regions {
        let recorded = samples(state, region);
        // Every region answers for the quota of machines: it shows that the control plane of an empty site responds.
        let quota = stack.filter(|_| recorded.is_empty()).map(|stack| {
            let ListRequest { id, api, query: _ } = usages(stack, region);
            Object { id, api: api.to_owned(), within: None }
        });
        survey.regions.extend(recorded.into_iter().chain(quota).map(|object| (region.clone(), object)));
    }
    let Some(stack) = stack else { return survey };
    for group in groups {
        for address in group.promote.iter().filter(|address| state.resources.contains_key(*address)) {
            let Some(resource) = stack.resources.get(address) else { continue };
            let Some(promotion) = resource.kind.promotion else { continue };
            let looks = with_subject(stack, resource, promotion.looks);
            survey.replicas.extend(looks.into_iter().map(|look| (address.clone(), look)));
        }
        for address in lever_ends(stack, group) {
            survey.objects.extend(stack.resources.get(&address).into_iter().flat_map(|end| end.objects.clone()));
        }
    }
    survey.objects.sort_by(|a, b| a.id.cmp(&b.id));
    survey.objects.dedup_by(|a, b| a.id == b.id);
    survey
}

/// The endpoints that show if users of a group are served at its active site: the public endpoint of each route and the
/// probes of that site. Where there is neither, the destinations of the routes.
pub fn endpoint_requests(stack: &Stack, group: &FailoverGroup, state: &State) -> Vec<EndpointRequest> {
    let (active, _) = active_site(group, state);
    let public = |name: String, url: String| EndpointRequest {
        name,
        shown: Some(url.clone()),
        url,
        status: None,
        is_assumed: false,
    };
    let mut endpoints = Vec::new();
    for route in group.routes.iter().filter(|route| route.fallback_for.is_none()) {
        let front = referred(stack, route, "profile").and_then(|profile| front(stack, profile));
        endpoints.extend(front.map(|url| public(format!("route.{}", route.name), url)));
    }
    for probe in group.probes.iter().filter(|probe| probe.at.as_ref().is_none_or(|at| **at == *active)) {
        let Ok(Json::String(url)) = probe.url.reveal() else { continue };
        let shown = (!probe.url.sensitive_within()).then(|| url.clone());
        let (name, status) = (format!("probe.{}", probe.name), Some(probe.status));
        endpoints.push(EndpointRequest { name, url, shown, status, is_assumed: false });
    }
    if endpoints.is_empty() {
        let fronts = fronts(stack, group, state, &active).into_iter();
        let assumed = |(address, url): (Address, String)| EndpointRequest {
            is_assumed: true,
            ..public(address.to_string(), url)
        };
        endpoints.extend(fronts.map(assumed));
    }
    endpoints.dedup_by(|a, b| a.url == b.url);
    endpoints
}

/// The standing of a group, from the reads and the answers of its endpoints.
pub fn group_standing(
    stack: &Stack,
    group: &FailoverGroup,
    state: &State,
    seen: &SurveyResult,
    endpoints: Vec<EndpointCheck>,
) -> GroupStanding {
    let (active, is_mixed) = active_site(group, state);
    let route = |route: &Route| RouteCheck {
        route: route.name.to_string(),
        fallback_for: route.fallback_for.as_deref().map(str::to_owned),
        target: target(stack, group, route, seen),
    };
    GroupStanding {
        group: group.name.to_string(),
        home: group.from.to_string(),
        active,
        is_mixed,
        routes: group.routes.iter().map(route).collect(),
        endpoints,
        replicas: group.promote.iter().filter_map(|address| replica(stack, group, state, seen, address)).collect(),
    }
}

fn replica(
    stack: &Stack,
    group: &FailoverGroup,
    state: &State,
    seen: &SurveyResult,
    address: &Address,
) -> Option<ReplicaCheck> {
    let resource = stack.resources.get(address)?;
    let promotion = resource.kind.promotion?;
    let unknown = |why: &str| ReplicaCheck {
        replica: address.clone(),
        primary: None,
        health: Health::Unseen(why.to_owned()),
        lag: None,
    };
    if !state.resources.contains_key(address) {
        return Some(unknown("not applied yet"));
    }
    let Some(observed) = seen.replicas.get(address) else { return Some(unknown("not read")) };
    let standing = with_subject(stack, resource, |subject| (promotion.standing)(subject, observed));
    let primary = standing.writer.map(|side| site_of(stack, group, resource, side));
    Some(ReplicaCheck { replica: address.clone(), primary, health: standing.health, lag: standing.lag })
}

/// The site of a side of a replica; its region where no site of the group is there.
fn site_of(stack: &Stack, group: &FailoverGroup, resource: &Resource, side: Side) -> String {
    let region = ends(stack, resource).map(|(source, target)| if side == Side::Source { source } else { target });
    let is_there = |site: &&std::sync::Arc<str>| {
        let location = stack.sites.get(&***site).map(|site| site.location.as_str());
        location.zip(region.as_deref()).is_some_and(|(own, region)| own.eq_ignore_ascii_case(region))
    };
    let site = group.sites().find(is_there).map(|site| site.to_string());
    site.or(region).unwrap_or_else(|| match side {
        Side::Source => group.from.to_string(),
        Side::Target => group.first_standby().to_string(),
    })
}

/// The sites that a route leads to, as its resources show it.
fn target(stack: &Stack, group: &FailoverGroup, route: &Route, seen: &SurveyResult) -> RouteTarget {
    if let Some(record) = referred(stack, route, "record")
        && let Some(argument) = record.kind.moves.record
    {
        let current = match observed(record, seen) {
            Ok(Some(args)) => canonical(record, argument, args.get(argument).unwrap_or(&Json::Null)),
            Ok(None) => return RouteTarget::Unknown(format!("{} does not exist", record.address)),
            Err(why) => return RouteTarget::Unknown(why),
        };
        let leads = |site: &&std::sync::Arc<str>| {
            let value = route.value_at(site).and_then(|value| record_value(record, argument, value));
            value.is_some_and(|value| is_same(&canonical(record, argument, &value), &current))
        };
        let sites: Vec<String> = group.sites().filter(leads).map(|site| site.to_string()).collect();
        return if sites.is_empty() { RouteTarget::Elsewhere(plain(&current)) } else { RouteTarget::Sites(sites) };
    }
    let mut sites = Vec::new();
    for site in group.sites() {
        let Some(endpoint) = endpoint_at(stack, route, site) else { continue };
        let Some((argument, open)) = endpoint.kind.moves.open else { continue };
        match observed(endpoint, seen) {
            Ok(Some(args)) if args.get(argument) == Some(&open.json()) => sites.push(site.to_string()),
            Ok(_) => {}
            Err(why) => return RouteTarget::Unknown(why),
        }
    }
    RouteTarget::Sites(sites)
}

/// The arguments of a resource as read; `None` if it does not exist.
fn observed(resource: &Resource, seen: &SurveyResult) -> Result<Option<serde_json::Map<String, Json>>, String> {
    let mut answers = Vec::new();
    for object in &resource.objects {
        match seen.observed.objects.get(&object.id) {
            Some(Some(answer)) => answers.extend(body::part(object, answer).cloned()),
            Some(None) => return Ok(None),
            None => {
                let why = seen.observed.unread.get(&object.id).map_or("not read", String::as_str);
                return Err(format!("{} cannot be read: {why}", resource.address));
            }
        }
    }
    Ok((!answers.is_empty()).then(|| body::read(resource.kind, &answers)))
}

fn canonical(resource: &Resource, argument: &str, value: &Json) -> Json {
    match resource.kind.arg(argument) {
        Some(arg) => decode::canonical(&arg.ty, value),
        None => value.clone(),
    }
}

/// Names of hosts are equal in any case, and with or without the final dot.
fn is_same(one: &Json, other: &Json) -> bool {
    let name = |json: &Json| plain(json).trim_end_matches('.').to_ascii_lowercase();
    name(one) == name(other)
}

/// A value for a sentence.
fn plain(value: &Json) -> String {
    match value {
        Json::String(text) => text.clone(),
        Json::Array(items) => items.iter().map(plain).collect::<Vec<_>>().join(", "),
        other => other.to_string(),
    }
}
