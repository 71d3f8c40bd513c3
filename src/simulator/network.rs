//! The public network: names, their targets, and the regions that serve them.
//!
//! Names and addresses come from the `hosts` of the dialects, and their targets from `leads`. A name that no object has
//! does not exist where it is below a domain of a dialect; any other is outside this world, and nothing is known of it.

use std::collections::HashMap;
use std::net::Ipv4Addr;

use super::sight::Destination;
use super::world::{SimulatedObject, World};
use crate::kinds::Lead;
use crate::object::ObjectId;

/// The longest chain of names and objects; a longer one counts as a cycle. Resolvers have a similar limit.
const HOPS: u32 = 16;

impl World {
    /// Rebuilds the table of names, if the world has changed.
    pub(super) fn refresh_names(&mut self) {
        if self.sight.names.as_ref().is_some_and(|(revision, _)| *revision == self.revision) {
            return;
        }
        let mut names = HashMap::new();
        // Children come after their parents, so a record overrides the `*` of its zone.
        for id in self.hosting() {
            for name in self.hosts_of(id) {
                names.insert(name, id.clone());
            }
        }
        self.sight.names = Some((self.revision, names));
    }

    /// The names and addresses of an object, by its key.
    pub(crate) fn hosts_of(&self, id: &str) -> Vec<String> {
        let object = self.standing(id);
        object.map_or_else(Vec::new, |object| self.dialect(&object.provider).hosts(object))
    }

    /// The object that has a name of the public network itself.
    pub(crate) fn with_host(&mut self, host: &str) -> Option<&SimulatedObject> {
        self.refresh_names();
        self.object(self.named_host(host)?)
    }

    /// The region of an object, by its key.
    fn region_of(&self, object: &SimulatedObject) -> Option<String> {
        self.dialect(&object.provider).region(self, object)
    }

    /// True for an object that does not work, because its region or its provider is lost.
    fn is_dark(&self, object: &SimulatedObject, region: Option<&str>) -> bool {
        let dialect = self.dialect(&object.provider);
        match dialect.outlives() {
            true => self.rest.faults.breaks_all_of(dialect.name()),
            false => self.rest.faults.is_dark(dialect.name(), region),
        }
    }

    /// The key of the object that has a name or address, directly or by a wildcard domain.
    fn named_host(&self, name: &str) -> Option<&String> {
        let (_, names) = self.sight.names.as_ref()?;
        names.get(name).or_else(|| {
            let dots = name.match_indices('.').map(|(at, _)| at);
            dots.filter_map(|at| name.get(at..)).find_map(|domain| names.get(&format!("*{domain}")))
        })
    }

    /// The final name or address to which a name resolves, and the seconds for which a client caches it. `draw`
    /// selects one of several targets.
    pub(super) fn resolve(&self, host: &str, draw: f64) -> Result<(String, u32), String> {
        self.resolve_with(host, draw, &mut HashMap::new())
    }

    /// The same, with the next hops of names that are known at this revision; adds those that it finds.
    pub(super) fn resolve_with(
        &self,
        host: &str,
        draw: f64,
        known: &mut HashMap<String, Lead>,
    ) -> Result<(String, u32), String> {
        let (mut name, mut keep) = (host.to_ascii_lowercase(), u32::MAX);
        for _ in 0..HOPS {
            let id = match self.named_host(&name) {
                Some(id) => id,
                None if self.is_in_a_domain(&name) => return Err(format!("name {name} does not exist")),
                None => return Ok((name, keep)),
            };
            if self.object(id).is_some_and(|object| self.region_of(object).is_none() && self.is_dark(object, None)) {
                return Err(format!("no provider answers for {name}"));
            }
            let lead = known.entry(name.clone()).or_insert_with(|| self.leads(id, &name));
            let (next, seconds) = match lead {
                Lead::Names(names, seconds) => (names.get((draw * names.len() as f64) as usize), seconds),
                Lead::FirstServing(names, seconds) => (self.first_serving(names), seconds),
                Lead::Proxied(_, seconds) => return Ok((name, keep.min(*seconds))),
                Lead::Objects(_) | Lead::Serves(..) | Lead::Nowhere(_) => return Ok((name, keep)),
            };
            let Some(next) = next else { return Err(format!("{name} resolves to no target")) };
            (name, keep) = (next.trim_end_matches('.').to_ascii_lowercase(), keep.min(*seconds));
        }
        Err(format!("{host} resolves in a cycle"))
    }

    fn leads(&self, id: &str, name: &str) -> Lead {
        let object = self.object(id);
        object.map_or(Lead::Nowhere("its target is unknown"), |object| {
            self.dialect(&object.provider).leads(self, object, name)
        })
    }

    /// The destination of a probe from a provider to a host, with the faults that count for every client.
    ///
    /// # Errors
    /// The reason why the host has no address.
    pub(crate) fn probed(&mut self, host: &str) -> Result<Destination, String> {
        self.refresh_names();
        match self.rest.faults.web(host) {
            Some(status) => Ok(Destination::Told(status)),
            None => self.resolve(host, 0.0).map(|(name, _)| self.served(&name)),
        }
    }

    /// The destination of a name or address that resolves to no further name.
    pub(super) fn served(&self, name: &str) -> Destination {
        self.served_at(name, HOPS)
    }

    /// The destination of a name or address that no object has.
    fn unnamed(&self, name: &str) -> Destination {
        match is_our_address(name) || self.is_in_a_domain(name) {
            true => Destination::Refused(format!("no resource has the address {name}")),
            false => Destination::Outside,
        }
    }

    fn served_by(&self, id: &str, name: &str, hops: u32) -> Destination {
        if hops == 0 {
            return Destination::Refused("its target is a cycle".to_owned());
        }
        let Some(object) = self.object(id) else { return Destination::Refused("its target is unknown".to_owned()) };
        let lead = self.leads(id, name);
        // A store may be served elsewhere than it was created.
        match self.region_of(object) {
            _ if matches!(lead, Lead::Serves(..)) => {}
            Some(region) if self.is_dark(object, Some(&region)) => return Destination::Dark(region),
            None if self.is_dark(object, None) => return Destination::Told(None),
            _ => {}
        }
        match lead {
            Lead::Serves(region, _) if self.is_dark(object, Some(&region)) => Destination::Dark(region),
            Lead::Serves(_, 0) => Destination::Unserved,
            Lead::Serves(region, _) => Destination::Served(region),
            Lead::Objects(ids) => self.any_of(&ids, hops - 1),
            Lead::Names(names, _) => names.first().map_or(Destination::Unserved, |name| self.served_at(name, hops - 1)),
            Lead::FirstServing(names, _) | Lead::Proxied(names, _) => {
                let mut found = Destination::Unserved;
                for name in &names {
                    found = self.served_at(name, hops - 1);
                    if matches!(found, Destination::Served(_)) {
                        break;
                    }
                }
                found
            }
            Lead::Nowhere(why) => Destination::Refused(why.to_owned()),
        }
    }

    /// True where a name or address leads to a region that serves.
    pub(crate) fn serves(&mut self, name: &str) -> bool {
        self.refresh_names();
        matches!(self.served(name), Destination::Served(_))
    }

    fn served_at(&self, name: &str, hops: u32) -> Destination {
        if let Some(status) = self.rest.faults.web(name) {
            return Destination::Told(status);
        }
        match self.named_host(name) {
            Some(id) => self.served_by(id, name, hops),
            None => self.unnamed(name),
        }
    }

    /// The first of these names that serves, or the last one.
    fn first_serving<'n>(&self, names: &'n [String]) -> Option<&'n String> {
        names.iter().find(|name| matches!(self.served(name), Destination::Served(_))).or(names.last())
    }

    /// The first of these objects that serves; if none does, the result of the last one.
    fn any_of(&self, ids: &[ObjectId], hops: u32) -> Destination {
        let mut found = Destination::Unserved;
        for id in ids {
            found = self.served_by(&self.key(id), "", hops);
            if matches!(found, Destination::Served(_)) {
                break;
            }
        }
        found
    }

    /// True for a name that only an object of this world can have.
    fn is_in_a_domain(&self, name: &str) -> bool {
        let mut domains = self.dialects.iter().flat_map(|dialect| dialect.domains());
        domains.any(|domain| name.strip_suffix(domain).is_some_and(|rest| rest.is_empty() || rest.ends_with('.')))
    }
}

/// True for an address that only an object of this world can have: its public addresses come from the ranges
/// reserved for documentation.
fn is_our_address(name: &str) -> bool {
    name.parse::<Ipv4Addr>().is_ok_and(|address| address.is_documentation())
}
