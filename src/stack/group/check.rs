//! Checks of a failover group: an entry that can do nothing is an error, found before the outage.

use std::collections::BTreeSet;
use std::net::IpAddr;
use std::sync::Arc;

use super::{GroupReader, any_of};
use crate::address::{Address, ArmId};
use crate::diagnostic::{Diagnostic, Span};
use crate::hcl::ast::HclBlock;
use crate::kinds::failover::Moves;
use crate::kinds::{Catalog, Kind, Ty};
use crate::stack::{Presence, Resource, Route};
use crate::value::Value;

/// The place of an argument of a block, or its header.
fn span_of(block: &HclBlock, name: &str) -> Span {
    block.body.attribute(name).map_or(block.header, |attribute| attribute.expr.span)
}

/// The kinds whose moves are of use, as alternatives.
fn kinds_that(catalog: &Catalog, is_useful: impl Fn(&Moves) -> bool) -> String {
    let names: Vec<String> =
        catalog.kinds().filter(|kind| is_useful(&kind.moves)).map(|kind| format!("`{}`", kind.name)).collect();
    names.join(", ")
}

impl<'a> GroupReader<'a> {
    pub(super) fn check_lists(&mut self, block: &HclBlock, promote: &[Address], stand_up: &[Address], to: &[Arc<str>]) {
        let span = |name: &str| span_of(block, name);
        let is_replica = |kind: &Kind| kind.recovery.replicates.is_some_and(|replicates| !replicates.image);
        for address in promote {
            let replica = match self.facts.resources.get(address) {
                Some(resource) => is_replica(resource.kind),
                // With an error in its block the variant is unknown.
                None => self
                    .facts
                    .program
                    .catalog
                    .kind(address.kind())
                    .is_none_or(|kind| kind.variants.is_some() || is_replica(kind)),
            };
            if !replica {
                self.found.push(
                    Diagnostic::error(
                        "wrong-value",
                        format!("invalid value for `promote`: `{address}` is not a replica"),
                    )
                    .at(span("promote"))
                    .help("Write resources that replicate data to the other site."),
                );
            }
        }
        for address in stand_up {
            let resource = self.facts.resources.get(address);
            let kind = self.facts.program.catalog.kind(address.kind());
            let problem = match resource {
                _ if kind.is_some_and(|kind| !kind.place.is_root()) => {
                    format!("`{address}` is not a resource group")
                }
                Some(resource) if resource.presence != Presence::Failover => {
                    format!("`{address}` is permanent")
                }
                Some(resource) if !to.contains(&resource.site) => {
                    format!("`{address}` is at `{}`, and the group fails over to {}", resource.site, any_of(to))
                }
                _ => continue,
            };
            let problem = Diagnostic::error("wrong-value", format!("invalid value for `stand_up`: {problem}"))
                .at(span("stand_up"))
                .help(format!("Write resource groups with `presence = \"failover\"` at {}.", any_of(to)));
            self.found.push(match resource {
                Some(resource) => problem.and(resource.span, "declared here"),
                None => problem,
            });
        }
    }

    /// Reports workloads that drplan cannot stop.
    pub(super) fn check_stopped(&mut self, block: &HclBlock, quiesce: &[Address]) {
        let span = span_of(block, "quiesce");
        for address in quiesce {
            let Some((kind, resource)) = self.kind_of(address) else { continue };
            if !kind.moves.stops() {
                self.found.push(
                    Diagnostic::error(
                        "wrong-value",
                        format!("invalid value for `quiesce`: drplan cannot stop `{address}`"),
                    )
                    .at(span)
                    .why("The entry would do nothing: writes could continue while data moves.")
                    .help(format!(
                        "Remove it, or write a workload of one of the kinds {}.",
                        kinds_that(self.facts.program.catalog, Moves::stops)
                    )),
                );
            } else if let Some(resource) = resource.filter(|one| !self.is_own_site(&one.site)) {
                let own: Vec<Arc<str>> = self.home.iter().chain(&self.standbys).cloned().collect();
                self.found.push(
                    Diagnostic::error(
                        "wrong-value",
                        format!(
                            "invalid value for `quiesce`: `{address}` is at `{}`, which is no site of this failover group",
                            resource.site
                        ),
                    )
                    .at(span)
                    .and(resource.span, "declared here")
                    .why("No move leaves that site, so that it would never be stopped.")
                    .help(format!("Write workloads at {}.", any_of(&own))),
                );
            }
        }
    }

    /// Reports resources that cannot block users and writes.
    pub(super) fn check_fence(&mut self, block: &HclBlock, fence: &[Address]) {
        for address in fence {
            if self.kind_of(address).is_some_and(|(kind, _)| kind.moves.fence.is_none()) {
                self.found.push(
                    Diagnostic::error(
                        "wrong-value",
                        format!("invalid value for `fence`: `{address}` cannot block writes"),
                    )
                    .at(span_of(block, "fence"))
                    .why("The entry would do nothing: the lost site could take writes when it returns.")
                    .help(format!(
                        "Remove it, or write a resource of one of the kinds {}.",
                        kinds_that(self.facts.program.catalog, |moves| moves.fence.is_some())
                    )),
                );
            }
        }
    }

    /// The table of a resource. `None` while an error in its block leaves the variant unknown.
    fn kind_of(&self, address: &Address) -> Option<(&'static Kind, Option<&'a Resource>)> {
        let facts = self.facts;
        match facts.resources.get(address) {
            Some(resource) => Some((resource.kind, Some(resource))),
            None => self
                .facts
                .program
                .catalog
                .kind(address.kind())
                .filter(|kind| kind.variants.is_none())
                .map(|kind| (kind, None)),
        }
    }

    /// Reports a route that can switch nothing.
    pub(super) fn check_route(&mut self, route: &Route, block: &HclBlock) {
        let same = route.values.len() > 1 && {
            let mut values = route.values.values();
            let first = values.next();
            values.all(|value| Some(value) == first && !value.told_within())
        };
        if same {
            self.found.push(
                Diagnostic::error(
                    "wrong-value",
                    format!("route `{}` changes nothing: it leads to the same place at every site", route.name),
                )
                .at(block.header)
                .why("Users would stay where they are.")
                .help("Write another value for each site."),
            );
        }
        match route.args.get("record").cloned() {
            Some(record) => self.check_record(route, &record, block),
            None if block.body.attribute("record").is_none() => self.check_endpoints(route, block),
            None => {}
        }
    }

    fn check_record(&mut self, route: &Route, record: &Value, block: &HclBlock) {
        let span = span_of(block, "record");
        if let Some(profile) = block.body.attribute("profile") {
            self.found.push(
                Diagnostic::error("wrong-arguments", "`profile` has no effect in a route with `record`")
                    .at(profile.name.span)
                    .help("Remove it, or write a route of its own for the endpoints of the profile."),
            );
        }
        let kind = match record {
            Value::Block(address) => match self.kind_of(address) {
                Some((kind, resource)) if kind.moves.record.is_some() => {
                    self.check_target(kind, resource, span);
                    kind
                }
                Some(_) => return self.no_record(&format!("`{address}` is no DNS record"), span),
                None => return,
            },
            Value::Unknown(_) => return,
            _ => return self.no_record("expected a DNS record of the stack", span),
        };
        let argument = kind.moves.record.and_then(|argument| kind.arg(argument));
        for (name, value) in written_values(route) {
            let span = span_of(block, name);
            let problem = match value {
                Value::Block(address) => Some((
                    format!("`{address}` is a resource, and the record needs a value"),
                    match self.facts.program.catalog.kind(address.kind()).and_then(|kind| kind.attributes.first()) {
                        Some(attribute) => format!("Write an attribute of it, as in `{address}.{}`.", attribute.name),
                        None => "Write the value that the record gets.".to_owned(),
                    },
                )),
                value if value.sensitive_within() => Some((
                    "the value is sensitive".to_owned(),
                    "Write a value that is not sensitive: everybody can read a DNS record.".to_owned(),
                )),
                value => argument.and_then(|argument| {
                    let items = match value {
                        Value::List(items) => items.iter().collect(),
                        other => vec![other],
                    };
                    let ty = match argument.ty {
                        Ty::List(ty) | Ty::Set(ty) => *ty,
                        ty => ty,
                    };
                    let is_wrong = |item: &&Value| match item.as_str() {
                        Some(text) => {
                            let is_no_address = matches!(ty, Ty::Ip) && text.parse::<IpAddr>().is_err();
                            is_no_address || argument.form.is_some_and(|form| form.read(text).is_err())
                        }
                        None => !matches!(item, Value::Unknown(_)),
                    };
                    items.into_iter().find(is_wrong).map(|item| {
                        let found =
                            item.as_str().map_or_else(|| item.type_name().to_owned(), |text| format!("`{text}`"));
                        let wanted = match (argument.form, ty) {
                            (Some(form), _) => form.wanted,
                            (None, Ty::Ip) => "an IP address",
                            (None, _) => "a string",
                        };
                        (
                            format!("expected {wanted}, found {found}"),
                            format!("Write what `{}` of `{}` takes.", argument.name, kind.name),
                        )
                    })
                }),
            };
            if let Some((problem, help)) = problem {
                self.found.push(
                    Diagnostic::error("wrong-value", format!("invalid value for `{name}`: {problem}"))
                        .at(span)
                        .help(help),
                );
            }
        }
    }

    fn no_record(&mut self, problem: &str, span: Span) {
        self.found.push(
            Diagnostic::error("wrong-value", format!("invalid value for `record`: {problem}")).at(span).help(format!(
                "Write a resource of one of the kinds {}.",
                kinds_that(self.facts.program.catalog, |moves| moves.record.is_some())
            )),
        );
    }

    /// Reports a record that follows another resource instead of having a value.
    fn check_target(&mut self, kind: &Kind, resource: Option<&Resource>, span: Span) {
        let Some((resource, argument)) = resource.zip(kind.moves.record) else { return };
        if !resource.args.contains_key(argument) || resource.args.get(argument).is_some_and(Value::is_null) {
            self.found.push(
                Diagnostic::error(
                    "wrong-value",
                    format!("invalid value for `record`: `{}` has no `{argument}`", resource.address),
                )
                .at(span)
                .and(resource.span, "declared here")
                .why("A route switches this argument. A record that follows another resource has none.")
                .help(format!("Write `{argument} = …` into the record, with its value at the home site.")),
            );
        }
    }

    fn check_endpoints(&mut self, route: &Route, block: &HclBlock) {
        let profile = route.args.get("profile");
        let mut endpoints = Vec::new();
        for (name, value) in written_values(route) {
            let span = span_of(block, name);
            let endpoint = match value {
                Value::Block(address) => match self.kind_of(address) {
                    Some((kind, resource)) if kind.moves.open.is_some() && kind.moves.fence.is_some() => resource,
                    Some(_) => {
                        self.no_endpoint(name, &format!("`{address}` cannot be switched on and off"), span);
                        continue;
                    }
                    None => continue,
                },
                Value::Unknown(unknown) if unknown.is_told() => continue,
                _ => {
                    self.no_endpoint(name, "expected an endpoint", span);
                    continue;
                }
            };
            endpoints.extend(endpoint);
        }
        if let Some(Value::Block(profile)) = profile {
            self.check_profile(profile, &endpoints, span_of(block, "profile"));
        }
        if let Some(other) = profile.filter(|profile| !matches!(profile, Value::Block(_) | Value::Unknown(_))) {
            self.found.push(
                Diagnostic::error(
                    "wrong-value",
                    format!("invalid value for `profile`: expected a traffic profile, found {}", other.type_name()),
                )
                .at(span_of(block, "profile"))
                .help("Write the resource that the endpoints belong to."),
            );
        }
    }

    fn no_endpoint(&mut self, name: &str, problem: &str, span: Span) {
        self.found.push(
            Diagnostic::error("wrong-value", format!("invalid value for `{name}`: {problem}"))
                .at(span)
                .why("The route would change nothing.")
                .help(format!(
                    "Write a resource of one of the kinds {}, or add `record = …` to switch a DNS record.",
                    kinds_that(self.facts.program.catalog, |moves| moves.open.is_some() && moves.fence.is_some())
                )),
        );
    }

    /// Reports a profile to which one of the endpoints does not belong.
    fn check_profile(&mut self, profile: &Address, endpoints: &[&Resource], span: Span) {
        let Some(profile) = self.facts.resources.get(profile) else { return };
        let is_own = |value: &Value| value.as_str().is_some_and(|id| ArmId::new(id) == profile.id);
        let is_foreign = |endpoint: &&&Resource| {
            !profile.id.contains(&endpoint.id)
                && !endpoint.args.values().any(|value| is_own(value) || value.told_within())
        };
        if let Some(endpoint) = endpoints.iter().find(is_foreign) {
            self.found.push(
                Diagnostic::error(
                    "wrong-value",
                    format!(
                        "invalid value for `profile`: `{}` is not the profile of `{}`",
                        profile.address, endpoint.address
                    ),
                )
                .at(span)
                .and(endpoint.span, "the endpoint")
                .help("Write the profile that the endpoint belongs to."),
            );
        }
    }

    /// Reports `fallback_for` that names no other route of the group, and cycles of fallbacks.
    pub(super) fn fallback_names(&mut self, routes: &[Route], block: &HclBlock) {
        let names: Vec<&Arc<str>> = routes.iter().map(|route| &route.name).collect();
        let labels: Vec<&str> =
            block.body.blocks("route").flat_map(|route| &route.labels).map(|label| &*label.text).collect();
        for route in routes {
            let Some(other) = &route.fallback_for else { continue };
            if names.contains(&other) {
                continue;
            }
            let instances = self.named(other, names.iter().copied());
            let problem = match instances.as_deref() {
                Some([first, ..]) => {
                    Diagnostic::error("missing-key", format!("missing key: `route.{other}` has `for_each`"))
                        .help(format!("Write the key of one instance, as in `fallback_for = route.{first}`."))
                }
                // Its instances or the route itself have an error.
                Some([]) => continue,
                None if labels.contains(&&**other) => continue,
                None => Diagnostic::error(
                    "unknown-name",
                    format!("reference to undeclared route `{other}` in `{}`", super::block_name(block)),
                )
                .suggest(
                    other,
                    names.iter().map(|name| &***name),
                    Some(format!("Declared: {}.", names.iter().map(|name| &***name).collect::<Vec<_>>().join(", "))),
                ),
            };
            self.found.push(problem.at(route.span));
        }
        self.fallback_cycles(routes);
    }

    fn fallback_cycles(&mut self, routes: &[Route]) {
        let next = |name: &Arc<str>| {
            routes.iter().find(|route| route.name == *name).and_then(|route| route.fallback_for.as_ref())
        };
        let mut reported: BTreeSet<&Arc<str>> = BTreeSet::new();
        for route in routes {
            let mut path = vec![&route.name];
            let mut at = &route.name;
            while let Some(other) = next(at) {
                if *other == route.name {
                    break;
                }
                if path.contains(&other) || reported.contains(other) {
                    path.clear();
                    break;
                }
                path.push(other);
                at = other;
            }
            if path.is_empty() || next(at) != Some(&route.name) {
                continue;
            }
            reported.extend(path.iter().copied());
            let named: Vec<String> = path.iter().map(|name| format!("`route.{name}`")).collect();
            let summary = match named.as_slice() {
                [one] => format!("{one} is its own fallback"),
                all => format!("cycle of fallbacks: {}", all.join(", ")),
            };
            self.found.push(
                Diagnostic::error("cycle", summary)
                    .at(route.span)
                    .why("None of them would be switched first, so that users would stay where they are.")
                    .help("Remove `fallback_for` from the route that is to be switched first."),
            );
        }
    }
}

/// The values of a route with the argument that each is written in.
fn written_values(route: &Route) -> Vec<(&'static str, &Value)> {
    let ends: Vec<_> = ["from", "to"].into_iter().filter_map(|end| Some((end, route.args.get(end)?))).collect();
    if ends.is_empty() { route.values.values().map(|value| ("values", value)).collect() } else { ends }
}
