//! The standing of failover groups at this moment: where users are led, the answers of the active site, and the
//! replication lag.

use std::sync::Arc;
use std::time::Duration;

use serde_json::Value as Json;

use super::levers::{front, fronts};
use super::members::lever_ends;
use super::reads::{SurveyRequest, SurveyResult};
use super::survey::{SAMPLES, of_region, samples};
use super::users::{RouteCheck, route_checks, user_sets};
use crate::address::Address;
use crate::kinds::{Catalog, EndpointHealth};
use crate::object::Object;
use crate::roles::{Health, Side};
use crate::stack::{FailoverGroup, Resource, Route, RouteTarget, Stack};
use crate::state::{ActiveSite, State};
use crate::steps::WebAnswer;

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
    /// Its standby sites, in the order of preference.
    pub standbys: Vec<String>,
    /// The active site, by state.
    pub active: String,
    /// True if traffic and data can be at different sites.
    pub is_mixed: bool,
    /// The routes.
    pub routes: Vec<RouteCheck>,
    /// The endpoints of the active site.
    pub endpoints: Vec<EndpointCheck>,
    /// The endpoints that routes lead to, where their front probes them.
    pub fronts: Vec<FrontCheck>,
    /// The replicas.
    pub replicas: Vec<ReplicaCheck>,
}

impl GroupStanding {
    /// True for an endpoint that its front finds unhealthy while that of the active site is healthy: the front leads
    /// users past it.
    pub fn is_passed_over(&self, front: &FrontCheck) -> bool {
        let is_active = |one: &&FrontCheck| one.route == front.route && one.site == self.active;
        front.site != self.active && self.fronts.iter().filter(is_active).any(|one| one.is_served() == Some(true))
    }

    /// True unless an answer or a report says that users are not served.
    pub fn may_be_served(&self) -> bool {
        self.endpoints.iter().all(|one| one.is_served() || one.is_unknown())
            && self.fronts.iter().all(|one| one.is_served() != Some(false) || self.is_passed_over(one))
    }

    /// True if a route or one of its fallbacks leads the users of every route to the active site, as far as that is
    /// known.
    pub fn may_be_led(&self) -> bool {
        user_sets(&self.routes).all(|mut set| set.any(|route| route.target.leads_to(&self.active) != Some(false)))
    }
}

/// The answer of an endpoint.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EndpointCheck {
    /// The endpoint.
    pub endpoint: EndpointRequest,
    /// The answer, or the reason why there is none.
    pub answer: Result<WebAnswer, String>,
}

impl EndpointCheck {
    /// True if the answer is the expected one. At an assumed URL, every answer but an error of the server is.
    pub fn is_served(&self) -> bool {
        match (&self.answer, self.endpoint.status) {
            (Ok(WebAnswer::Status(status) | WebAnswer::Marked(status, _)), Some(expected)) => *status == expected,
            (Ok(WebAnswer::Status(status) | WebAnswer::Marked(status, _)), None) if self.endpoint.is_assumed => {
                *status < 500
            }
            (Ok(WebAnswer::Status(status) | WebAnswer::Marked(status, _)), None) => (200..400).contains(status),
            (Ok(WebAnswer::NotSimulated) | Err(_), _) => false,
        }
    }

    /// The reason why there is no answer. It may repeat the host, and is not that of a sensitive URL.
    pub fn why(&self) -> Option<&str> {
        match (&self.answer, &self.endpoint.shown) {
            (Ok(WebAnswer::Status(_) | WebAnswer::Marked(_, _)), _) => None,
            (Ok(WebAnswer::NotSimulated), _) => Some("the host is not simulated"),
            (Err(_), None) => Some("the reason is hidden, because the URL is sensitive"),
            (Err(why), Some(_)) => Some(why),
        }
    }

    /// True if nothing answers at an assumed URL, which proves nothing, or if the host is not simulated.
    pub fn is_unknown(&self) -> bool {
        match &self.answer {
            Ok(WebAnswer::NotSimulated) => true,
            Ok(WebAnswer::Status(_) | WebAnswer::Marked(_, _)) => false,
            Err(_) => self.endpoint.is_assumed,
        }
    }
}

/// The health of a route's endpoint, as its front reports it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FrontCheck {
    /// The route.
    pub route: String,
    /// The site that the endpoint is at.
    pub site: String,
    /// The endpoint.
    pub endpoint: Address,
    /// The name of the front.
    pub front: &'static str,
    /// The health; the reason where it was not read.
    pub health: Result<EndpointHealth, String>,
    /// The time until the front notices that an endpoint answers again, where its last probes failed.
    pub notices: Option<Duration>,
}

impl FrontCheck {
    /// True if the front reports that users are served, false if it reports that they are not.
    pub const fn is_served(&self) -> Option<bool> {
        match &self.health {
            Ok(EndpointHealth::Healthy(_)) => Some(true),
            Ok(EndpointHealth::Unhealthy(_)) => Some(false),
            Ok(EndpointHealth::Unknown(_)) | Err(_) => None,
        }
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
    catalog: &Catalog,
    stack: Option<&Stack>,
    groups: &[&FailoverGroup],
    state: &State,
    regions: impl Iterator<Item = &'a String>,
) -> SurveyRequest {
    let mut survey = SurveyRequest::default();
    for region in regions {
        let asked: Vec<Object> = match stack {
            Some(stack) => of_region(stack, state, region).collect(),
            None => samples(catalog, state.recorded(), region, SAMPLES),
        };
        survey.regions.extend(asked.into_iter().map(|sample| (region.clone(), sample)));
    }
    let Some(stack) = stack else { return survey };
    for group in groups {
        for address in group.promote.iter().filter(|address| state.resources.contains_key(*address)) {
            let Some(resource) = stack.resources.get(address) else { continue };
            let Some(promotion) = resource.kind.promotion else { continue };
            let looks = stack.with_known(resource, promotion.looks);
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

/// The endpoints that show if users of a group are served at its active site: the probes of that site. Where there are
/// none, the destinations of the routes.
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
    for probe in group.probes.iter().filter(|probe| probe.is_about(&active)) {
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
    let routes = route_checks(stack, group, &seen.observed);
    // Users are where they are led, which is not the recorded site during a run and in a mixed state.
    let front = |(route, check): (&Route, &RouteCheck)| {
        let sites = match &check.target {
            RouteTarget::Sites(sites) if !sites.is_empty() => sites.clone(),
            RouteTarget::Sites(_) | RouteTarget::Elsewhere(_) | RouteTarget::Unknown(_) => vec![active.clone()],
        };
        sites.iter().filter_map(|site| front_check(stack, route, site, seen)).collect::<Vec<_>>()
    };
    let fronts = group.routes.iter().zip(&routes).flat_map(front).collect();
    GroupStanding {
        group: group.name.to_string(),
        home: group.from.to_string(),
        standbys: group.standbys().iter().map(|site| site.to_string()).collect(),
        is_mixed,
        routes,
        endpoints,
        fronts,
        active,
        replicas: group.promote.iter().filter_map(|address| replica(stack, group, state, seen, address)).collect(),
    }
}

/// The front's report on the endpoint of a route at a site; `None` where no front probes it, or the route is only a
/// fallback.
fn front_check(stack: &Stack, route: &Route, site: &str, seen: &SurveyResult) -> Option<FrontCheck> {
    let endpoint = route.resource_at(stack, site).filter(|_| route.fallback_for.is_none())?;
    front(stack, endpoint)?;
    let (of, object) = (endpoint.kind.moves.front?, endpoint.objects.first()?);
    let health = match seen.observed.objects.get(&object.id) {
        Some(Some(seen)) => Ok((of.health)(&seen.body)),
        Some(None) => Err(format!("{} does not exist", endpoint.address)),
        None => Err(seen.observed.unread.get(&object.id).cloned().unwrap_or_else(|| "not read".to_owned())),
    };
    let is_failing = matches!(&health, Ok(EndpointHealth::Unhealthy(word)) if word == of.failing);
    let notices = || stack.with_known(endpoint, of.notices).map(|notices| Duration::from_secs(notices.typical.into()));
    Some(FrontCheck {
        route: route.name.to_string(),
        site: site.to_owned(),
        endpoint: endpoint.address.clone(),
        front: of.name,
        health,
        notices: is_failing.then(notices).flatten(),
    })
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
    let standing = stack.with_known(resource, |subject| (promotion.standing)(subject, observed));
    let primary = standing.writer.map(|side| site_of(stack, group, resource, side));
    Some(ReplicaCheck { replica: address.clone(), primary, health: standing.health, lag: standing.lag })
}

/// The site of a side of a replica; its region where no site of the group is there.
fn site_of(stack: &Stack, group: &FailoverGroup, resource: &Resource, side: Side) -> String {
    let region = stack.ends(resource).map(|(source, target)| if side == Side::Source { source } else { target });
    let is_there = |site: &&Arc<str>| {
        let location = stack.sites.get(&***site).map(|site| site.location.as_str());
        location.zip(region.as_deref()).is_some_and(|(own, region)| own.eq_ignore_ascii_case(region))
    };
    let site = group.sites().find(is_there).map(|site| site.to_string());
    site.or(region).unwrap_or_else(|| match side {
        Side::Source => group.from.to_string(),
        Side::Target => group.first_standby().to_string(),
    })
}
