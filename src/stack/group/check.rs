//! Checks of a failover group: an entry that can do nothing is an error, found before the outage.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::{GroupReader, any_of};
use crate::address::Address;
use crate::diagnostic::{Diagnostic, Span};
use crate::hcl::ast::HclBlock;
use crate::kinds::failover::Moves;
use crate::kinds::{Catalog, Kind, PRESENCE, with_article};
use crate::stack::{Presence, Resource, Route};

/// The place of an argument of a block, or its header.
pub(super) fn span_of(block: &HclBlock, name: &str) -> Span {
    block.body.attribute(name).map_or(block.header, |attribute| attribute.expr.span)
}

/// The kinds whose moves are of use, as alternatives.
pub(super) fn kinds_that(catalog: &Catalog, is_useful: impl Fn(&Moves) -> bool) -> String {
    let names: Vec<String> =
        catalog.kinds().filter(|kind| is_useful(&kind.moves)).map(|kind| format!("`{}`", kind.name)).collect();
    names.join(", ")
}

/// The roots that have a presence, in words.
fn roots(catalog: &Catalog) -> Vec<String> {
    let roots = catalog.kinds().filter(|kind| kind.place.is_root() && kind.arg(PRESENCE.name).is_some());
    roots.map(|kind| kind.name.replace('_', " ")).collect()
}

impl<'a> GroupReader<'a> {
    pub(super) fn check_lists(&mut self, block: &HclBlock, promote: &[Address], stand_up: &[Address], to: &[Arc<str>]) {
        let span = |name: &str| span_of(block, name);
        let is_replica = |kind: &Kind| kind.recovery.replicates.is_some_and(|replicates| !replicates.image);
        for address in promote {
            let replica = match self.facts.resources.get(address) {
                Some(resource) => is_replica(resource.kind),
                // With an error in its block the variant is unknown.
                None => {
                    self.facts.program.catalog.kind(address.kind()).is_none_or(|kind| kind.tables().any(is_replica))
                }
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
                    format!("`{address}` is not {}", with_article(&roots(self.facts.program.catalog).join(" or ")))
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
                .help(format!(
                    "Write {}s with `presence = \"failover\"` at {}.",
                    roots(self.facts.program.catalog).join("s or "),
                    any_of(to)
                ));
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
    pub(super) fn kind_of(&self, address: &Address) -> Option<(&'static Kind, Option<&'a Resource>)> {
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
