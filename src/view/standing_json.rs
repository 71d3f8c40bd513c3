//! The standing of failover groups as JSON, as part of the status.
//!
//! ```json
//! {
//!   "at": "2026-01-05T08:14:50Z", "mark": "ok | unknown | alert", "summary": ["primary does not respond"],
//!   "sites": [{ "site": "primary", "region": "canadacentral", "responds": false, "throttled": false, "why": "…" }],
//!   "unchecked_sites": [{ "site": "secondary", "region": "canadaeast", "why": "…" }],
//!   "standings": [{
//!     "group": "web", "home": "primary", "active": "primary", "mixed_state": false,
//!     "routes": [{ "route": "dns", "fallback_for": null, "leads_to": ["primary"], "elsewhere": null, "why": null }],
//!     "endpoints": [{
//!       "name": "probe.front", "url": "https://…", "expected": 200, "status": 200, "why": null, "served": true
//!     }],
//!     "fronts": [{
//!       "route": "dns", "endpoint": "traffic_manager_external_endpoint.primary", "front": "Traffic Manager",
//!       "health": "Online", "served": true, "why": null
//!     }],
//!     "replicas": [{
//!       "replica": "geo_replica.app", "primary": "primary", "health": "following | behind | broken | unknown",
//!       "why": null, "lag": 2.5, "rpo": 300
//!     }]
//!   }],
//!   "unread": "the reason why there are no standings | null",
//!   "next": [{ "why": "…", "command": "drplan … | null" }]
//! }
//! ```
//!
//! Unknown values are null, and `why` has the reason. Durations are seconds.

use serde_json::{Map, Value as Json, json};

use super::procedure_json::seconds;
use super::standing::{NextAction, SiteAnswer, SiteCheck, StackStanding, summary};
use crate::failover::{EndpointCheck, FrontCheck, GroupStanding, ReplicaCheck, RouteCheck};
use crate::kinds::EndpointHealth;
use crate::roles::Health;
use crate::stack::RouteTarget;
use crate::steps::WebAnswer;

/// The fields of a standing.
pub fn fields(standing: &StackStanding) -> Map<String, Json> {
    let (mark, clauses) = summary(standing);
    let (unchecked, read): (Vec<_>, Vec<_>) =
        standing.sites.iter().partition(|site| matches!(site.answer, SiteAnswer::Unchecked(_)));
    let rpo = standing.rpo.map(seconds);
    let all = [
        ("at", json!(standing.at)),
        ("mark", json!(mark.as_str())),
        ("summary", json!(clauses)),
        ("sites", read.into_iter().map(site).collect()),
        ("unchecked_sites", unchecked.into_iter().map(unchecked_site).collect()),
        ("standings", standing.groups.iter().map(|one| group(one, rpo.as_ref())).collect()),
        ("unread", json!(standing.unread)),
        ("next", standing.next.iter().map(action).collect()),
    ];
    all.into_iter().map(|(name, value)| (name.to_owned(), value)).collect()
}

fn site(SiteCheck { site, region, answer }: &SiteCheck) -> Json {
    let why = match answer {
        SiteAnswer::Silent(why) => Some(why),
        SiteAnswer::Responds | SiteAnswer::Throttled | SiteAnswer::Unchecked(_) => None,
    };
    let is_throttled = *answer == SiteAnswer::Throttled;
    json!({ "site": site, "region": region, "responds": why.is_none(), "throttled": is_throttled, "why": why })
}

fn unchecked_site(SiteCheck { site, region, answer }: &SiteCheck) -> Json {
    let why = match answer {
        SiteAnswer::Unchecked(why) => why.as_str(),
        SiteAnswer::Responds | SiteAnswer::Throttled | SiteAnswer::Silent(_) => "",
    };
    json!({ "site": site, "region": region, "why": why })
}

fn group(group: &GroupStanding, rpo: Option<&Json>) -> Json {
    let GroupStanding { group, home, standbys: _, active, is_mixed, routes, endpoints, fronts, replicas } = group;
    json!({
        "group": group,
        "home": home,
        "active": active,
        "mixed_state": is_mixed,
        "routes": routes.iter().map(route).collect::<Vec<_>>(),
        "endpoints": endpoints.iter().map(endpoint).collect::<Vec<_>>(),
        "fronts": fronts.iter().map(front).collect::<Vec<_>>(),
        "replicas": replicas.iter().map(|one| replica(one, rpo)).collect::<Vec<_>>(),
    })
}

fn route(RouteCheck { route, fallback_for, target }: &RouteCheck) -> Json {
    let (sites, elsewhere, why) = match target {
        RouteTarget::Sites(sites) => (Some(sites), None, None),
        RouteTarget::Elsewhere(value) => (None, Some(value), None),
        RouteTarget::Unknown(why) => (None, None, Some(why)),
    };
    json!({ "route": route, "fallback_for": fallback_for, "leads_to": sites, "elsewhere": elsewhere, "why": why })
}

fn endpoint(check: &EndpointCheck) -> Json {
    let endpoint = &check.endpoint;
    let status = match &check.answer {
        Ok(WebAnswer::Status(status) | WebAnswer::Marked(status, _)) => Some(status),
        Ok(WebAnswer::NotSimulated) | Err(_) => None,
    };
    json!({
        "name": endpoint.name,
        "url": endpoint.shown,
        "expected": endpoint.status,
        "status": status,
        "why": check.why(),
        "served": (check.answer != Ok(WebAnswer::NotSimulated)).then(|| check.is_served()),
    })
}

fn front(check: &FrontCheck) -> Json {
    let FrontCheck { route, site: _, endpoint, front, health, notices: _ } = check;
    let word = match health {
        Ok(EndpointHealth::Healthy(word) | EndpointHealth::Unhealthy(word) | EndpointHealth::Unknown(word)) => {
            Some(word)
        }
        Err(_) => None,
    };
    json!({
        "route": route,
        "endpoint": endpoint,
        "front": front,
        "health": word,
        "served": check.is_served(),
        "why": health.as_ref().err(),
    })
}

fn replica(ReplicaCheck { replica, primary, health, lag }: &ReplicaCheck, rpo: Option<&Json>) -> Json {
    let (word, why) = match health {
        Health::Following => ("following", None),
        Health::Behind(how) => ("behind", Some(how)),
        Health::Broken(how) => ("broken", Some(how)),
        Health::Unseen(why) => ("unknown", Some(why)),
    };
    let lag = lag.map(seconds);
    json!({ "replica": replica, "primary": primary, "health": word, "why": why, "lag": lag, "rpo": rpo })
}

fn action(NextAction { why, command }: &NextAction) -> Json {
    json!({ "why": why, "command": command })
}
