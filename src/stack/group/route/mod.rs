//! Routes of a failover group: a file for each kind of route, and the reader that they share.

mod endpoints;
pub(in crate::stack) mod kind;
mod record;

use std::sync::Arc;

use indexmap::IndexMap;

use self::kind::{Route, RouteKind};
use super::GroupReader;
use super::each::{Reference, ReferenceError};
use crate::diagnostic::Diagnostic;
use crate::hcl::ast::{HclAttribute, HclBlock, Ident};
use crate::kinds::Location;
use crate::language::{LanguageArgument, Necessity, argument};
use crate::stack::Resource;
use crate::stack::faults;
use crate::value::{Map, Value};

/// A kind of route, and how its blocks are read.
pub(in crate::stack) struct RouteForm {
    /// The kind.
    kind: &'static RouteKind,
    /// Reports what can switch nothing.
    check: fn(&mut GroupReader<'_>, &Route, &HclBlock),
    /// Writes the values in the spelling in which the resource has them.
    normalise: fn(&GroupReader<'_>, &mut Route),
}

/// Every kind of route.
const ALL: &[&RouteForm] = &[&endpoints::FORM, &record::FORM];

/// Every kind of route, as moves see it.
pub fn kinds() -> impl Iterator<Item = &'static RouteKind> {
    ALL.iter().map(|form| form.kind)
}

/// The arguments of every route.
const COMMON: &[LanguageArgument] = &[
    argument(
        "from",
        "reference to an endpoint, or a value of the record",
        Necessity::Default("`values`"),
        "The endpoint, or the value of the record, while the home site is active.",
    ),
    argument(
        "to",
        "reference to an endpoint, or a value of the record",
        Necessity::Default("`values`"),
        "The endpoint, or the value of the record, while the standby site is active.",
    ),
    argument(
        "values",
        "map from site to endpoint or value",
        Necessity::Default("`from` and `to`"),
        "One value for each site of the group, instead of `from` and `to`: `{ east = …, west = … }`.",
    ),
    argument(
        "fallback_for",
        "route",
        Necessity::Optional,
        "Another route of the group (`route.name`): switched only if that one cannot be switched.",
    ),
    argument("for_each", "map or set of strings", Necessity::Optional, "One route for each key: `route.web[\"a\"]`."),
    argument(
        "depends_on",
        "list of resources",
        Necessity::Default("[]"),
        "Resources that must exist before the group moves.",
    ),
];

/// The number of arguments of any route.
const COUNT: usize = {
    let (mut count, mut kind) = (COMMON.len(), 0);
    while kind < ALL.len() {
        count += ALL[kind].kind.arguments.len();
        kind += 1;
    }
    count
};

/// The arguments of any route: those of each kind, and those of all.
pub const ARGUMENTS: [LanguageArgument; COUNT] = {
    let mut all = [COMMON[0]; COUNT];
    let (mut at, mut kind) = (0, 0);
    while kind <= ALL.len() {
        let own = if kind < ALL.len() { ALL[kind].kind.arguments } else { COMMON };
        let mut index = 0;
        while index < own.len() {
            all[at] = own[index];
            (at, index) = (at + 1, index + 1);
        }
        kind += 1;
    }
    all
};

/// The names of the arguments of any route.
const ROUTE: &[&str] = &{
    let mut names = [""; COUNT];
    let mut index = 0;
    while index < COUNT {
        names[index] = ARGUMENTS[index].name;
        index += 1;
    }
    names
};

/// The kind of a route with these arguments.
fn form_of(block: &HclBlock) -> &'static RouteForm {
    let has = |form: &&RouteForm| form.kind.told_by.is_some_and(|argument| block.body.attribute(argument).is_some());
    ALL.iter().copied().find(has).unwrap_or(&endpoints::FORM)
}

/// The arguments that routes of other kinds have and those of this one have not, each with its kind.
fn foreign(kind: &RouteKind) -> impl Iterator<Item = (&'static RouteKind, &'static str)> {
    let others = kinds().filter(move |other| *other != kind);
    others.flat_map(|other| other.arguments.iter().map(move |argument| (other, argument.name)))
}

impl GroupReader<'_> {
    pub(super) fn route(&mut self, name: Arc<str>, block: &HclBlock) -> Option<Route> {
        let mut args = Map::new();
        let (mut values, mut fallback_for) = (IndexMap::new(), None);
        for attribute in &block.body.attributes {
            match &*attribute.name.text {
                "for_each" => {}
                "depends_on" => drop(self.block_needs(attribute)),
                "values" => values = self.values(attribute),
                "fallback_for" => fallback_for = self.route_name(attribute),
                word if ROUTE.contains(&word) => {
                    args.extend(self.value(&attribute.expr).map(|value| (Arc::clone(&attribute.name.text), value)));
                }
                _ => self.found.push(unsupported(&attribute.name)),
            }
        }
        self.no_blocks(block, "a route");
        if block.body.means("values", ROUTE) {
            for end in ["from", "to"].into_iter().filter_map(|end| block.body.attribute(end)) {
                self.found.push(
                    Diagnostic::error(
                        "wrong-arguments",
                        format!("a route has `values` or `{}`, not both", end.name.text),
                    )
                    .at(end.name.span)
                    .help("Write the value of each site into `values`, and remove this argument."),
                );
            }
        } else {
            self.required(block, ROUTE, &["from", "to"], "a route");
            values = self.values_of_ends(&args);
        }
        let form = form_of(block);
        let mut route = Route { name, kind: form.kind, args, values, fallback_for, span: block.header };
        self.check_route(form, &route, block);
        (form.normalise)(self, &mut route);
        Some(route)
    }

    /// Reports a route that can switch nothing.
    fn check_route(&mut self, form: &RouteForm, route: &Route, block: &HclBlock) {
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
        // An argument that decides the kind and has an error of its own leaves nothing to check.
        if route.kind.told_by.is_some_and(|argument| !route.args.contains_key(argument)) {
            return;
        }
        for (other, name) in foreign(route.kind) {
            let Some(attribute) = block.body.attribute(name) else { continue };
            let of = route.kind.told_by.map(|argument| format!(" with `{argument}`")).unwrap_or_default();
            self.found.push(
                Diagnostic::error("wrong-arguments", format!("`{name}` has no effect in a route{of}"))
                    .at(attribute.name.span)
                    .help(format!("Remove it, or {}.", other.instead)),
            );
        }
        (form.check)(self, route, block);
    }

    /// The value at each site.
    fn values(&mut self, attribute: &HclAttribute) -> IndexMap<Arc<str>, Value> {
        let span = attribute.expr.span;
        let map = match self.value(&attribute.expr) {
            Some(Value::Map(map)) => map,
            Some(_) => {
                self.found.push(
                    Diagnostic::error("wrong-value", "invalid value for `values`: expected a map from site to value")
                        .at(span)
                        .help("Write `values = { site = value, … }` with the names of the group's sites."),
                );
                return IndexMap::new();
            }
            None => return IndexMap::new(),
        };
        let map: Map = map.iter().map(|(site, value)| (self.site_of_key(site), value.clone())).collect();
        for site in map.keys().filter(|site| !self.is_own_site(site)).cloned().collect::<Vec<_>>() {
            let own = self.home.iter().chain(&self.standbys).map(|own| &**own).collect::<Vec<_>>();
            self.found.push(
                Diagnostic::error(
                    "wrong-value",
                    format!("invalid value for `values`: `{site}` is not a site of this failover group"),
                )
                .at(span)
                .suggest(&site, own.iter().copied(), Some(format!("Its sites: {}.", own.join(", ")))),
            );
        }
        for site in self.home.iter().chain(&self.standbys).filter(|site| !map.contains_key(*site)) {
            self.found.push(
                Diagnostic::error("missing-argument", format!("`values` has no value for the site `{site}`"))
                    .at(span)
                    .why("The route could not lead users there.")
                    .help(format!("Add `{site} = …`.")),
            );
        }
        map.iter().map(|(site, value)| (Arc::clone(site), value.clone())).collect()
    }

    /// The site that a key of `values` means: the site with this name, or the instance of this key of a site with
    /// `for_each`.
    fn site_of_key(&self, key: &Arc<str>) -> Arc<str> {
        let own = || self.home.iter().chain(&self.standbys);
        let ends = format!("[\"{key}\"]");
        let mut instances = own().filter(|site| site.ends_with(&ends));
        match (own().any(|site| site == key), instances.next(), instances.next()) {
            (false, Some(only), None) => Arc::clone(only),
            _ => Arc::clone(key),
        }
    }

    /// The name of another route, written as `route.name` or `"name"`.
    fn route_name(&mut self, attribute: &HclAttribute) -> Option<Arc<str>> {
        match self.reference(&attribute.expr, "route") {
            Ok(Reference::Block(name) | Reference::Word(name)) => Some(name),
            Err(ReferenceError::Reported) => None,
            Err(ReferenceError::Other) => {
                self.found.push(
                    Diagnostic::error(
                        "wrong-value",
                        "invalid value for `fallback_for`: expected a route of this group",
                    )
                    .at(attribute.expr.span)
                    .help("Write `route.name`."),
                );
                None
            }
        }
    }

    /// The values at the sites of a route with `from` and `to`: `from` at home, `to` at the standby that it leads to,
    /// or at each standby where that is undecided.
    fn values_of_ends(&self, args: &Map) -> IndexMap<Arc<str>, Value> {
        let home = self.home.iter().filter_map(|home| Some((Arc::clone(home), args.get("from")?.clone())));
        let to = args.get("to");
        let led_to = to.and_then(|to| self.site_of(to)).filter(|site| self.standbys.contains(site));
        let is_meant = |site: &&Arc<str>| led_to.as_ref().is_none_or(|led_to| led_to == *site);
        let away = self.standbys.iter().filter(is_meant).filter_map(|site| Some((Arc::clone(site), to?.clone())));
        home.chain(away).collect()
    }

    /// The one site of the group that an endpoint or a name leads to.
    fn site_of(&self, value: &Value) -> Option<Arc<str>> {
        match value {
            Value::Block(address) => {
                let resource = self.facts.resources.get(address)?;
                let used = resource.uses.iter().filter_map(|used| self.facts.resources.get(used));
                let text = resource.args.values().filter_map(Value::as_str);
                self.one_site(std::iter::once(resource).chain(used)).or_else(|| self.site_in(text))
            }
            Value::Unknown(_) => None,
            other => self.site_in(other.as_str().into_iter()),
        }
    }

    /// The one site of the group at which all of these resources are that are at a site at all.
    pub(super) fn one_site<'r>(&self, resources: impl Iterator<Item = &'r Resource>) -> Option<Arc<str>> {
        let mut sites = resources.filter(|one| self.is_regional(one)).map(|one| &one.site);
        let first = sites.next()?;
        (sites.all(|site| site == first) && self.is_own_site(first)).then(|| Arc::clone(first))
    }

    /// The resource is at one site: neither global nor a child of something global, and no replica, which has two.
    fn is_regional(&self, resource: &Resource) -> bool {
        let is_whole = |used: &&Resource| used.id.contains(&resource.id);
        resource.kind.recovery.replicates.is_none()
            && match resource.kind.location {
                Location::Regional => true,
                Location::Global => false,
                Location::None => {
                    let used = resource.uses.iter().filter_map(|used| self.facts.resources.get(used));
                    used.filter(is_whole).any(|whole| self.is_regional(whole))
                }
            }
    }

    /// The one site of the group whose region is part of a public name in one of these texts, as in
    /// `shop.ukwest.cloudapp.example.com`.
    pub(super) fn site_in<'t>(&self, texts: impl Iterator<Item = &'t str>) -> Option<Arc<str>> {
        let texts: Vec<&str> = texts.collect();
        let mut sites = self.home.iter().chain(&self.standbys).filter(|site| {
            let location = self.facts.sites.get(*site).map(|site| format!(".{}.", site.location));
            location.is_some_and(|location| texts.iter().any(|text| text.contains(&location)))
        });
        let first = sites.next()?;
        sites.next().is_none().then(|| Arc::clone(first))
    }
}

/// The error of an argument that a route does not have.
fn unsupported(name: &Ident) -> Diagnostic {
    let problem = faults::unsupported("argument", "a route", name, ROUTE);
    match &*name.text {
        "ttl" => problem.help("Write `ttl` into the block of the DNS record."),
        "zone" => problem.help("Remove it: the DNS record in `record` has its zone."),
        "value" => problem.help("Write `values = { site = value, … }`, or `from` and `to`."),
        "weight" => problem.help("Write `weight` into the block of the endpoint."),
        _ => problem,
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn kinds_of_routes_are_told_apart_by_their_own_arguments() {
        let mut known: BTreeSet<&str> = COMMON.iter().map(|argument| argument.name).collect();
        for kind in kinds() {
            for argument in kind.arguments {
                assert!(known.insert(argument.name), "{kind:?}: another kind has `{}`", argument.name);
            }
            for name in kind.told_by.iter().chain([&kind.entrance]) {
                assert!(kind.arguments.iter().any(|argument| argument.name == *name), "{kind:?}: `{name}`");
            }
        }
        let untold: Vec<&str> = kinds().filter(|kind| kind.told_by.is_none()).map(|kind| kind.name).collect();
        assert_eq!(untold, [endpoints::FORM.kind.name], "a route of another kind could not be told from these");
        assert_eq!(known, ROUTE.iter().copied().collect());
    }
}
