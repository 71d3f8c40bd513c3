//! The public network: which names there are, where they lead, and what serves there.
//!
//! It knows names and addresses from the kinds' `hosts`, and goes on by their `leads`. What no object has is either a name that only an object of
//! this world could have, and so unknown, or outside of it.

use std::collections::HashMap;
use std::net::Ipv4Addr;

use super::world::World;
use crate::address::ArmId;
use crate::kinds::{Leads, Simulated};

/// How often names and objects may lead on before it is a circle. Resolvers give up about there.
const HOPS: u32 = 16;

/// Domains in which every name is that of an object.
const OURS: &[&str] = &[
    "trafficmanager.net",
    "cloudapp.azure.com",
    "database.windows.net",
    "documents.azure.com",
    "postgres.database.azure.com",
];

/// What was worked out of the world at one of its revisions.
#[derive(Debug, Clone, Default)]
pub(super) struct Sight {
    /// Names and addresses, and the folded ids of what has them.
    names: Option<(u64, HashMap<String, String>)>,
    /// What the workload's clients find, and what its stores are.
    pub(super) work: super::clients::Seen,
}

/// What a client finds at a name or address.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Found {
    /// It is served in this region.
    Served(String),
    /// What takes connections has nothing that runs to pass them on to.
    Unserved,
    /// Nothing comes back from this region, which is lost.
    Dark(String),
    /// Nobody takes the connection; the words say why.
    Refused(String),
    /// A fault says what is answered, if anything.
    Told(Option<u16>),
    /// It is not of this world.
    Outside,
}

impl Found {
    /// The status of the answer, where there is one. What works answers as it should: what that is, the application knows and this world does not,
    /// so that it is `hoped`; so does what is not of this world.
    pub(super) fn status(&self, hoped: u16) -> Option<u16> {
        match self {
            Self::Served(_) | Self::Outside => Some(hoped),
            Self::Unserved => Some(503),
            Self::Told(status) => *status,
            Self::Dark(_) | Self::Refused(_) => None,
        }
    }
}

impl World {
    /// Works names out again, where anything has changed.
    pub(super) fn look_at_names(&mut self) {
        if self.sight.names.as_ref().is_some_and(|(revision, _)| *revision == self.revision) {
            return;
        }
        let mut names = HashMap::new();
        // What is inside comes after what it is in: a zone's `*` gives way to a record of that name.
        for id in self.hosting() {
            for name in self.hosts_of(id) {
                names.insert(name, id.clone());
            }
        }
        self.sight.names = Some((self.revision, names));
    }

    /// The names and addresses of an object, by its folded id.
    pub(super) fn hosts_of(&self, id: &str) -> Vec<String> {
        let Some(object) = self.standing(id) else { return Vec::new() };
        self.hook(id, |simulated| simulated.hosts).map_or_else(Vec::new, |hosts| hosts(&object.body))
    }

    /// One of the functions that the kinds of an object bring along.
    pub(super) fn hook<F>(&self, id: &str, hook: impl Fn(&Simulated) -> Option<F>) -> Option<F> {
        let type_ = super::types::find(&self.object(id)?.type_)?;
        type_.writers().find_map(|kind| hook(&kind.simulated))
    }

    /// The folded id of what has a name or address, itself or as one of all names in a domain.
    fn named_host(&self, name: &str) -> Option<&String> {
        let (_, names) = self.sight.names.as_ref()?;
        names.get(name).or_else(|| {
            let dots = name.match_indices('.').map(|(at, _)| at);
            dots.filter_map(|at| name.get(at..)).find_map(|domain| names.get(&format!("*{domain}")))
        })
    }

    /// The name or address that a name leads to in the end, and for how many seconds a client keeps that; `draw` chooses among several.
    pub(super) fn resolve(&self, host: &str, draw: f64) -> Result<(String, u32), String> {
        let (mut name, mut keep) = (host.to_ascii_lowercase(), u32::MAX);
        for _ in 0..HOPS {
            let id = match self.named_host(&name) {
                Some(id) => id,
                None if is_in_our_domain(&name) => return Err(format!("there is no name {name}")),
                None => return Ok((name, keep)),
            };
            let Leads::Names(names, seconds) = self.leads(id) else { return Ok((name, keep)) };
            let at = (draw * names.len() as f64) as usize;
            let Some(next) = names.into_iter().nth(at) else { return Err(format!("{name} leads nowhere")) };
            (name, keep) = (next.trim_end_matches('.').to_ascii_lowercase(), keep.min(seconds));
        }
        Err(format!("{host} leads in a circle"))
    }

    fn leads(&self, id: &str) -> Leads {
        let object = self.object(id).map(|object| object.id.clone());
        match object.zip(self.hook(id, |simulated| simulated.leads)) {
            Some((object, leads)) => leads(self, &object),
            None => Leads::Nowhere("nothing is known to be behind it"),
        }
    }

    /// What serves at a name or address that leads to no other name.
    pub(super) fn served(&self, name: &str) -> Found {
        if let Some(status) = self.rest.faults.web(name) {
            return Found::Told(status);
        }
        match self.named_host(name) {
            Some(id) => self.served_by(id, HOPS),
            None if is_our_address(name) || is_in_our_domain(name) => {
                Found::Refused(format!("nothing has the address {name}"))
            }
            None => Found::Outside,
        }
    }

    fn served_by(&self, id: &str, hops: u32) -> Found {
        if let Some(region) = self.own_region(id).filter(|region| self.rest.faults.is_dark(region)) {
            return Found::Dark(region);
        }
        if hops == 0 {
            return Found::Refused("it leads in a circle".to_owned());
        }
        match self.leads(id) {
            Leads::Serves(region, _) if self.rest.faults.is_dark(&region) => Found::Dark(region),
            Leads::Serves(_, 0) => Found::Unserved,
            Leads::Serves(region, _) => Found::Served(region),
            Leads::Objects(ids) => self.any_of(&ids, hops - 1),
            Leads::Names(names, _) => names.first().map_or(Found::Unserved, |name| match self.named_host(name) {
                Some(id) => self.served_by(id, hops - 1),
                None => Found::Outside,
            }),
            Leads::Nowhere(why) => Found::Refused(why.to_owned()),
        }
    }

    /// What any of these objects serves; where none does, why the last one does not.
    fn any_of(&self, ids: &[ArmId], hops: u32) -> Found {
        let mut found = Found::Unserved;
        for id in ids {
            found = self.served_by(&id.folded(), hops);
            if matches!(found, Found::Served(_)) {
                break;
            }
        }
        found
    }
}

/// Whether a name can only be that of an object of this world.
fn is_in_our_domain(name: &str) -> bool {
    OURS.iter().any(|domain| name.strip_suffix(domain).is_some_and(|rest| rest.is_empty() || rest.ends_with('.')))
}

/// Whether an address can only be that of an object of this world: public ones are made up from the ranges kept for documentation.
fn is_our_address(name: &str) -> bool {
    name.parse::<Ipv4Addr>().is_ok_and(|address| address.is_documentation())
}
