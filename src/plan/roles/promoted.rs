//! Replicas whose secondary was promoted: the changes that are blocked meanwhile, and their deletion.

use std::collections::BTreeMap;

use super::{recorded_writer, site};
use crate::address::Address;
use crate::kinds::{Catalog, Place};
use crate::object::ObjectId;
use crate::plan::refresh::{kind_of, with_recorded};
use crate::plan::{Action, BlockedResource, Change, Observed};
use crate::roles::Side;
use crate::stack::{Resource, Stack};
use crate::state::{Recorded, Roles, State};

/// The replicas whose secondary was promoted, as last observed or recorded, each with the name of the primary site.
#[derive(Debug, Default)]
pub(in crate::plan) struct Promoted(BTreeMap<Address, String>);

/// The way a promoted replica is deleted.
#[derive(Debug, PartialEq)]
pub(in crate::plan) enum Parting {
    /// Like every other resource.
    AsRecorded,
    /// Through its objects on the primary side.
    Elsewhere(Box<Recorded>),
    /// Together with the object that contains it, which would not release the primary.
    WithItsWhole,
}

impl Promoted {
    /// The promoted replicas of this stack.
    pub(in crate::plan) fn of(stack: &Stack, state: Option<&State>, observed: &Observed) -> Self {
        let nothing = Roles::default();
        let roles = state.map_or(&nothing, |state| &state.roles);
        let mut promoted = BTreeMap::new();
        for role in roles.groups.values() {
            let moved = role.stores.iter().filter(|(_, side)| **side == Side::Target);
            promoted.extend(moved.map(|(store, _)| (store.clone(), role.site.clone())));
        }
        for group in stack.failover_groups.values() {
            for store in &group.promote {
                let seen = observed.standings.get(store).and_then(|standing| standing.writer);
                match seen.or_else(|| recorded_writer(stack, roles, group, store)) {
                    Some(Side::Target) => {
                        promoted.insert(store.clone(), site(stack, group, store, Side::Target).to_owned())
                    }
                    Some(Side::Source) => promoted.remove(store),
                    None => None,
                };
            }
        }
        Self(promoted)
    }

    /// True if the secondary of this replica was promoted.
    pub(in crate::plan) fn has(&self, store: &Address) -> bool {
        self.0.contains_key(store)
    }

    /// The changes that are blocked: they would destroy writes at the other site, or be refused there.
    pub(in crate::plan) fn forbids<'c>(
        &self,
        stack: &Stack,
        changes: impl Iterator<Item = &'c Change>,
    ) -> Vec<BlockedResource> {
        if self.0.is_empty() {
            return Vec::new();
        }
        let protected = self.protected(stack);
        let read_only = self.read_only(stack);
        let blocked = changes.filter_map(|change| {
            let goes = matches!(change.action, Action::Delete | Action::Replace(_));
            let changes = !matches!(change.action, Action::Keep | Action::Rename | Action::Forget);
            let why = if let (true, Some(site)) = (goes, protected.get(&change.address)) {
                format!("its primary is at {site}, and the data written there would be lost")
            } else if let (true, Some((store, site))) = (changes, read_only.get(&change.address)) {
                format!("the primary of {store} is at {site}, and this side accepts no changes meanwhile")
            } else {
                return None;
            };
            let help = "fail back with `drplan failover-group down` first; `--target` applies the other changes";
            Some(BlockedResource { address: change.address.clone(), why: format!("{why}: {help}") })
        });
        blocked.collect()
    }

    /// The resources with the only primary copy: the replicas, and their targets.
    fn protected(&self, stack: &Stack) -> BTreeMap<Address, &str> {
        let mut protected = BTreeMap::new();
        for (store, site) in &self.0 {
            protected.insert(store.clone(), site.as_str());
            let to = self.resource(stack, store).and_then(|(resource, ends)| text(resource, ends.to));
            if let Some(target) = to.and_then(|id| stack.by_id(&id)) {
                protected.insert(target.address.clone(), site.as_str());
            }
        }
        protected
    }

    /// The resources that accept changes only on the primary side: replicas whose kind declares it, and their source
    /// objects.
    fn read_only(&self, stack: &Stack) -> BTreeMap<Address, (&Address, &str)> {
        let mut read_only = BTreeMap::new();
        for (store, site) in &self.0 {
            let Some((resource, ends)) = self.resource(stack, store) else { continue };
            if resource.kind.elsewhere.is_none() {
                continue;
            }
            read_only.insert(store.clone(), (store, site.as_str()));
            let Some(source) = text(resource, ends.from) else { continue };
            let inside = |used: &&Address| stack.resources.get(*used).is_some_and(|used| source.contains(&used.id));
            for used in resource.uses.iter().filter(inside) {
                read_only.insert(used.clone(), (store, site.as_str()));
            }
        }
        read_only
    }

    fn resource<'s>(&self, stack: &'s Stack, store: &Address) -> Option<(&'s Resource, crate::kinds::Replication)> {
        let resource = stack.resources.get(store)?;
        Some((resource, resource.kind.recovery.replicates?))
    }

    /// The way this resource is deleted when everything is.
    pub(in crate::plan) fn parting(&self, catalog: &Catalog, address: &Address, recorded: &Recorded) -> Parting {
        let kind = kind_of(catalog, address, recorded).filter(|_| self.0.contains_key(address));
        let Some(kind) = kind else { return Parting::AsRecorded };
        if let Some(elsewhere) = kind.elsewhere {
            let objects = with_recorded(kind, address, recorded, elsewhere);
            return Parting::Elsewhere(Box::new(Recorded { objects, ..recorded.clone() }));
        }
        match kind.place {
            Place::Part(..) | Place::Property(_) | Place::Member(_) => Parting::WithItsWhole,
            _ => Parting::AsRecorded,
        }
    }
}

/// The id in an argument.
fn text(resource: &Resource, argument: &str) -> Option<ObjectId> {
    let value = resource.args.get(argument)?.reveal().ok()?;
    value.as_str().map(ObjectId::new)
}
