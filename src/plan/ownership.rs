//! Ownership: an object is this stack's if its state records the object, or if the object bears the mark of its
//! lineage. Everything else that exists is left alone, unless the operator names its address for an import.

use std::collections::{BTreeMap, HashMap};

use serde_json::Value as Json;

use crate::address::Address;
use crate::diagnostic::{Diagnostic, Diagnostics};
use crate::kinds::{Catalog, body, mark::Owner};
use crate::object::{Object, ObjectId, Within};
use crate::plan::decide::Decisions;
use crate::plan::refresh::kind_of;
use crate::plan::roles::{Upkeep, upkeep};
use crate::plan::{Action, ArgumentChange, BlockedResource, Observed};
use crate::stack::{Presence, Resource, Stack};
use crate::state::{Recorded, State};
use crate::visible::one_line;

/// Owners of objects, as far as a plan knows them.
pub(super) struct Ownership<'a> {
    /// The lineage of the state; empty before the first apply.
    lineage: &'a str,
    /// The recorded objects.
    ours: HashMap<&'a ObjectId, Vec<Option<&'a Within>>>,
    observed: &'a Observed,
    /// The addresses that the operator has named for an import.
    named: &'a [Address],
}

/// An unrecorded resource of which something exists.
pub(super) enum Existing {
    /// Nothing that counts: the main object does not exist, and what exists is this stack's.
    Nothing,
    /// It is this stack's.
    Ours,
    /// It is not, or not known to be; the owner that its mark names.
    Strange(Option<Owner>),
}

impl<'a> Ownership<'a> {
    pub(super) fn new(state: Option<&'a State>, observed: &'a Observed, named: &'a [Address]) -> Self {
        let objects = state.iter().flat_map(|state| state.resources.values()).flat_map(|recorded| &recorded.objects);
        let mut ours: HashMap<&ObjectId, Vec<Option<&Within>>> = HashMap::new();
        objects.for_each(|object| ours.entry(&object.id).or_default().push(object.within.as_ref()));
        Self { lineage: state.map_or("", |state| state.lineage.as_str()), ours, observed, named }
    }

    /// Objects that exist under the id of an unrecorded resource.
    pub(super) fn existing(&self, resource: &Resource) -> Existing {
        // An object that owns nothing of another one takes nothing.
        let owns = |object: &Object| !matches!(&object.within, Some(Within::Paths(paths)) if paths.is_empty());
        let there = |object: &&Object| owns(object) && self.part(object).is_some();
        let Some(main) = resource.kind.odd.main(&resource.objects) else { return Existing::Nothing };
        // What somebody else installs is nobody's: a stack takes nothing by scaling it.
        if resource.kind.installed.is_some() {
            return if there(&main) { Existing::Ours } else { Existing::Nothing };
        }
        let stranger = resource.objects.iter().filter(there).find(|object| !self.is_ours(object));
        match stranger {
            Some(object) => Existing::Strange(self.part(object).and_then(Owner::of)),
            None if there(&main) => Existing::Ours,
            None => Existing::Nothing,
        }
    }

    /// True if the operator has named this address, or its block.
    pub(super) fn is_named(&self, address: &Address) -> bool {
        self.named.iter().any(|named| named == address || *named == address.block())
    }

    fn part(&self, object: &Object) -> Option<&'a Json> {
        body::part(object, &self.observed.objects.get(&object.id)?.as_ref()?.body)
    }

    fn is_ours(&self, object: &Object) -> bool {
        self.ours.get(&object.id).is_some_and(|parts| parts.contains(&object.within.as_ref()))
            || self.part(object).and_then(Owner::of).is_some_and(|owner| self.is_this(&owner))
    }

    fn is_this(&self, owner: &Owner) -> bool {
        owner.lineage == self.lineage
    }

    /// The other owner of a recorded resource, where one has put its mark on the main object since it was recorded.
    fn other_owner(&self, catalog: &Catalog, address: &Address, recorded: &Recorded) -> Option<Owner> {
        let main =
            kind_of(catalog, address, recorded)?.odd.main(&recorded.objects).filter(|main| main.within.is_none())?;
        let owner = Owner::of(self.part(main)?)?;
        let known = recorded.owner.as_deref() == Some(owner.lineage.as_str());
        (!self.is_this(&owner) && !known).then_some(owner)
    }

    /// The changes that would take, change or delete what is not this stack's, and that the operator has not named.
    pub(super) fn blocked(&self, stack: &Stack, decisions: &Decisions) -> Vec<BlockedResource> {
        let mut blocked = Vec::new();
        for (address, decision) in decisions {
            let resource = stack.resources.get(address);
            let why = match (decision.change.action, &decision.recorded, resource) {
                (Action::Adopt, None, Some(resource)) => self.import(resource, &decision.change.arguments),
                (Action::Update | Action::Delete | Action::Replace(_), Some(recorded), _) => {
                    let other =
                        self.other_owner(stack.catalog(), address, recorded).filter(|_| !self.is_named(address));
                    let lost = other.map(|owner| {
                        format!(
                            "{} has taken it over since; {}remove it from the state with `drplan state forget`, or take \
                             it back with `--adopt {address}`",
                            owner_words(&owner),
                            if resource.is_some() { "remove its block and " } else { "" },
                        )
                    });
                    lost.or_else(|| self.name_taken(recorded, resource?, decision.change.action))
                }
                _ => None,
            };
            blocked.extend(why.map(|why| BlockedResource { address: address.clone(), why }));
        }
        blocked
    }

    /// The reason why an import is blocked.
    fn import(&self, resource: &Resource, arguments: &[ArgumentChange]) -> Option<String> {
        let forced: Vec<&str> =
            arguments.iter().filter(|change| change.forces_replace).map(|change| change.path.as_str()).collect();
        if !forced.is_empty() {
            let verb = if forced.len() == 1 { "differs" } else { "differ" };
            return Some(format!(
                "it exists, and its {} {verb}, which cannot be changed in place: write the existing value, or another name",
                forced.join(", ")
            ));
        }
        let Existing::Strange(owner) = self.existing(resource) else { return None };
        if self.is_named(&resource.address) {
            return None;
        }
        let whose = owner.as_ref().map_or_else(
            || "it exists and is not this stack's".to_owned(),
            |owner| format!("it exists, and {} owns it", owner_words(owner)),
        );
        Some(format!("{whose}: import it with `--adopt {}`, or write another name", resource.address))
    }

    /// The reason why a replacement under a new id is blocked: an object that is not this stack's has that id.
    fn name_taken(&self, recorded: &Recorded, resource: &Resource, action: Action) -> Option<String> {
        let is_new = matches!(action, Action::Replace(_)) && recorded.id != resource.id;
        let Existing::Strange(owner) = (if is_new { self.existing(resource) } else { Existing::Nothing }) else {
            return None;
        };
        let whose =
            owner.map_or_else(|| "is not this stack's".to_owned(), |owner| format!("is of {}", owner_words(&owner)));
        Some(format!("its new name is taken by an object that {whose}: write another name"))
    }

    /// Notes about failover-only resources that do not exist for this stack, and whose names are taken.
    pub(super) fn notes(&self, stack: &Stack, state: Option<&State>) -> Vec<String> {
        let roles = state.map(|state| &state.roles);
        let is_home = |resource: &&Resource| {
            resource.presence == Presence::Failover
                && state.is_none_or(|state| !state.resources.contains_key(&resource.address))
                && roles.is_none_or(|roles| upkeep(stack, roles, resource) == Upkeep::Home)
        };
        let mut taken: BTreeMap<String, Vec<&str>> = BTreeMap::new();
        for resource in stack.resources.values().filter(is_home) {
            if let Existing::Strange(owner) = self.existing(resource) {
                let whose = owner
                    .map_or_else(|| "is not this stack's".to_owned(), |owner| format!("is of {}", owner_words(&owner)));
                taken.entry(whose).or_default().push(resource.address.as_str());
            }
        }
        let note = |(whose, all): (String, Vec<&str>)| {
            let (first, more) = (all.first().copied().unwrap_or_default(), all.len().saturating_sub(1));
            let others = if more == 0 { String::new() } else { format!(" (and {more} more)") };
            format!(
                "The name of failover-only {first}{others} is taken by an object that {whose}. A failover could not create it: \
                 delete the object, or write another name."
            )
        };
        taken.into_iter().map(note).collect()
    }

    /// Errors for named addresses that are neither declared nor recorded.
    ///
    /// # Errors
    /// Every such address.
    pub(super) fn check_named(&self, stack: &Stack) -> Result<(), Diagnostics> {
        let mut found = Diagnostics::new();
        for named in self.named {
            let is_it = |address: &Address| named == address || *named == address.block();
            if !stack.resources.keys().any(is_it) {
                let known: Vec<&str> = stack.resources.keys().map(Address::as_str).collect();
                found.push(
                    Diagnostic::error("unknown-target", format!("`{named}`, named for an import, is not in the stack"))
                        .suggest(named.as_str(), known, None),
                );
            }
        }
        if found.has_errors() { Err(found) } else { Ok(()) }
    }
}

/// The words of an unrecorded resource's owner, for the reason of its import.
pub(super) fn reason(existing: &Existing) -> String {
    match existing {
        Existing::Strange(Some(owner)) => format!("exists in the cloud, and belongs to {}", owner_words(owner)),
        Existing::Ours => "exists in the cloud with the mark of this stack, and is not in the state".to_owned(),
        Existing::Nothing | Existing::Strange(None) => "exists in the cloud, and is not in the state".to_owned(),
    }
}

fn owner_words(owner: &Owner) -> String {
    format!("stack {} (lineage {})", one_line(&owner.stack), one_line(&owner.lineage))
}
