//! Where the users of a group are led, as reads show it.

use std::sync::Arc;

use serde_json::Value as Json;

use crate::kinds::body;
use crate::plan::Observed;
use crate::stack::{FailoverGroup, Resource, Route, RouteSight, RouteTarget, Stack};

/// The routes of each set of users: one that is tried first, then its fallbacks.
pub(crate) fn user_sets(routes: &[RouteCheck]) -> impl Iterator<Item = impl Iterator<Item = &RouteCheck>> {
    let firsts = routes.iter().filter(|route| route.fallback_for.is_none());
    firsts.map(|first| {
        let fallbacks = routes.iter().filter(|route| route.fallback_for.as_ref() == Some(&first.route));
        std::iter::once(first).chain(fallbacks)
    })
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

/// The routes of a group, as observed.
pub(super) fn route_checks(stack: &Stack, group: &FailoverGroup, observed: &Observed) -> Vec<RouteCheck> {
    let check = |route: &Route| RouteCheck {
        route: route.name.to_string(),
        fallback_for: route.fallback_for.as_deref().map(str::to_owned),
        target: target(stack, group, route, observed),
    };
    group.routes.iter().map(check).collect()
}

/// True if every set of users is led to a site, by a route or one of its fallbacks; also where drplan switches no
/// traffic of the group. False where that was not read.
pub fn users_follow(stack: &Stack, group: &FailoverGroup, observed: &Observed, site: &str) -> bool {
    let routes = route_checks(stack, group, observed);
    user_sets(&routes).all(|mut set| set.any(|route| route.target.leads_to(site) == Some(true)))
}

/// Another site of the group to which a set of users is led, although it is active at this one. `None` where no route
/// was read.
pub(super) fn users_strayed(stack: &Stack, group: &FailoverGroup, observed: &Observed, site: &str) -> Option<String> {
    let routes = route_checks(stack, group, observed);
    let strayed = |set: Vec<&RouteCheck>| {
        let sites = set.into_iter().flat_map(|route| match &route.target {
            RouteTarget::Sites(sites) => sites.as_slice(),
            RouteTarget::Elsewhere(_) | RouteTarget::Unknown(_) => &[],
        });
        let sites: Vec<&String> = sites.collect();
        sites.first().filter(|_| !sites.iter().any(|one| **one == *site)).map(|one| (*one).clone())
    };
    user_sets(&routes).find_map(|set| strayed(set.collect()))
}

/// The sites that a route leads to, as its resources show it.
fn target(stack: &Stack, group: &FailoverGroup, route: &Route, seen: &Observed) -> RouteTarget {
    let sites: Vec<&Arc<str>> = group.sites().collect();
    let read = |resource: &Resource| observed(resource, seen);
    (route.kind.leads)(&RouteSight { stack, route, sites: &sites, read: &read })
}

/// The arguments of a resource as read; `None` if it does not exist.
pub(super) fn observed(resource: &Resource, seen: &Observed) -> Result<Option<serde_json::Map<String, Json>>, String> {
    let mut answers = Vec::new();
    for object in &resource.objects {
        match seen.objects.get(&object.id) {
            Some(Some(seen)) => answers.extend(body::part(object, &seen.body).cloned()),
            Some(None) => return Ok(None),
            None => {
                let why = seen.unread.get(&object.id).map_or("not read", String::as_str);
                return Err(format!("{} cannot be read: {why}", resource.address));
            }
        }
    }
    Ok((!answers.is_empty()).then(|| body::read(resource.kind, &answers)))
}
