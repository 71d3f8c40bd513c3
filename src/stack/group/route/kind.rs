//! The shape of a kind of route: a way in which users are led to a site, as a table of what the stack, a move and the
//! reference need to know about it.

use std::fmt;
use std::sync::Arc;

use indexmap::IndexMap;
use serde_json::{Map as JsonMap, Value as Json};

use crate::address::Address;
use crate::diagnostic::Span;
use crate::language::LanguageArgument;
use crate::stack::{Resource, Stack};
use crate::value::{Map, Value};

/// A route: one way in which users reach the active site.
#[derive(Debug, Clone, PartialEq)]
pub struct Route {
    /// Its name.
    pub name: Arc<str>,
    /// Its kind.
    pub kind: &'static RouteKind,
    /// The arguments as written, but for `values` and `fallback_for`: references to resources, and plain values.
    pub args: Map,
    /// Where users are sent while a site is active, by site: an endpoint or the value of a record. A value that only
    /// the created resource has is unknown. In a route with `from` and `to`, home has `from`, and `to` belongs to the
    /// standby that it leads to, or to all of them where that is undecided.
    pub values: IndexMap<Arc<str>, Value>,
    /// The route that this one replaces if that one cannot be switched.
    pub fallback_for: Option<Arc<str>>,
    /// Its place in the text.
    pub span: Span,
}

impl Route {
    /// Where users are sent while this site is active. `None` if the route does not lead there.
    pub fn value_at(&self, site: &str) -> Option<&Value> {
        self.values.get(site)
    }

    /// The resource that users are sent to while this site is active, where it is a resource of the stack.
    pub fn resource_at<'s>(&self, stack: &'s Stack, site: &str) -> Option<&'s Resource> {
        stack.referred(self.value_at(site)?)
    }

    /// The resource that an argument refers to.
    pub fn resource<'s>(&self, stack: &'s Stack, argument: &str) -> Option<&'s Resource> {
        stack.referred(self.args.get(argument)?)
    }

    /// The resources that an argument refers to: one, or those of a list.
    pub fn resources<'s>(&self, stack: &'s Stack, argument: &str) -> Vec<&'s Resource> {
        items(self.args.get(argument)).filter_map(|value| stack.referred(value)).collect()
    }

    /// The resources that users ask for: the values of the argument that names them.
    pub fn entrances(&self) -> impl Iterator<Item = &Value> {
        items(self.args.get(self.kind.entrance))
    }

    /// All values: those of its arguments, and one for each site; of a list each element.
    pub fn all_values(&self) -> impl Iterator<Item = &Value> {
        let per_site = self.values.values().filter(|value| !self.args.values().any(|written| written == *value));
        self.args.values().chain(per_site).flat_map(|value| items(Some(value)))
    }

    /// The values at the sites with the argument that each is written in.
    pub(in crate::stack) fn written_values(&self) -> Vec<(&'static str, &Value)> {
        let ends: Vec<_> = ["from", "to"].into_iter().filter_map(|end| Some((end, self.args.get(end)?))).collect();
        if ends.is_empty() { self.values.values().map(|value| ("values", value)).collect() } else { ends }
    }
}

/// The elements of a list; a value that is no list is its only element.
pub(super) fn items(value: Option<&Value>) -> impl Iterator<Item = &Value> {
    let (list, one) = match value {
        Some(Value::List(items)) => (Some(items.iter()), None),
        one => (None, one),
    };
    list.into_iter().flatten().chain(one)
}

/// A kind of route. A route is of the first kind whose `told_by` it has.
pub struct RouteKind {
    /// Its name.
    pub name: &'static str,
    /// The arguments that routes of other kinds do not have.
    pub arguments: &'static [LanguageArgument],
    /// The argument that makes a route one of this kind. `None`: that of routes without one of another kind.
    pub told_by: Option<&'static str>,
    /// The argument that names what users ask for: a resource with a public name.
    pub entrance: &'static str,
    /// Its purpose, after `add …`: `to switch a DNS record`.
    pub purpose: &'static str,
    /// The alternative to an argument of this kind in a route of another one, after `or`.
    pub instead: &'static str,
    /// The key of the service that the route depends on: where it fails, the route does.
    pub service: fn(&Stack, &Route) -> Option<String>,
    /// The resources that it changes.
    pub ends: for<'s> fn(&'s Stack, &Route) -> Vec<&'s Resource>,
    /// The writes of a move, in this order: users always have a destination.
    pub writes: for<'s> fn(&RouteMove<'s>) -> Vec<RouteWrite<'s>>,
    /// The write that keeps users away from a further site.
    pub close: for<'s> fn(&RouteMove<'s>, &str) -> Option<RouteWrite<'s>>,
    /// The value for an argument that was unknown when the move was planned: [`RouteValue::Later`].
    pub late: fn(&Resource, &str, &Value) -> Option<Json>,
    /// The sites that users are led to now.
    pub leads: fn(&RouteSight<'_>) -> RouteTarget,
}

/// Equal by name: there is one table for each.
impl PartialEq for RouteKind {
    fn eq(&self, other: &Self) -> bool {
        self.name == other.name
    }
}

impl fmt::Debug for RouteKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name)
    }
}

/// A move of users along a route.
#[derive(Clone, Copy)]
pub struct RouteMove<'s> {
    /// The stack.
    pub stack: &'s Stack,
    /// The route.
    pub route: &'s Route,
    /// The site that users leave.
    pub leaving: &'s str,
    /// The site that they are led to.
    pub arriving: &'s str,
    /// True if that is home: what a move has changed gets its configured value again.
    pub homeward: bool,
}

/// An argument that a route sets.
pub struct RouteWrite<'s> {
    /// The resource.
    pub resource: &'s Resource,
    /// The argument.
    pub argument: &'static str,
    /// Its value.
    pub value: RouteValue,
}

/// The value of a [`RouteWrite`].
#[derive(Debug, Clone, PartialEq)]
pub enum RouteValue {
    /// This one.
    Known(Json),
    /// One that is known once these exist.
    Later(Vec<String>),
}

/// The arguments of a resource as read; `None` if it does not exist. An error is the reason why they are unknown.
pub type ReadArguments<'s> = dyn Fn(&Resource) -> Result<Option<JsonMap<String, Json>>, String> + 's;

/// The resources of a route, as far as they were read.
pub struct RouteSight<'s> {
    /// The stack.
    pub stack: &'s Stack,
    /// The route.
    pub route: &'s Route,
    /// The sites of its group.
    pub sites: &'s [&'s Arc<str>],
    /// The reads.
    pub read: &'s ReadArguments<'s>,
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

impl RouteTarget {
    /// True if users are led to a site, false if not; `None` where that is unknown.
    pub fn leads_to(&self, site: &str) -> Option<bool> {
        match self {
            Self::Sites(sites) => Some(sites.iter().any(|one| one == site)),
            Self::Elsewhere(_) => Some(false),
            Self::Unknown(_) => None,
        }
    }
}

impl Stack {
    /// The resource that a value refers to.
    pub fn referred(&self, value: &Value) -> Option<&Resource> {
        match value {
            Value::Block(address) => self.resources.get::<Address>(address),
            _ => None,
        }
    }
}
