//! Identity of resources: an object's id comes before its address. A recorded object that the stack declares under
//! another address is the same object with another label, also where labels trade places or each moves on by one.
//!
//! Plans and reviews match resources by these functions. Nothing here decides on a change.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

use crate::address::Address;
use crate::object::ObjectId;
use crate::stack::{Resource, Stack};
use crate::state::{Recorded, State};

/// Identity of a resource in the cloud: kind, id and name, compared as the provider compares them. The name tells apart
/// kinds whose resources are properties of one object, such as the replicas of an account.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Identity {
    kind: String,
    id: ObjectId,
    name: String,
}

impl Identity {
    /// The identity of a resource of this kind with this id and name.
    pub fn new(kind: &str, id: &ObjectId, name: &str) -> Self {
        Self { kind: kind.to_owned(), id: id.clone(), name: name.to_ascii_lowercase() }
    }
}

/// The resources before that are the same objects as resources after, by the address after. An identity that two
/// resources of one side share matches nothing.
pub fn same_objects(
    before: impl Iterator<Item = (Address, Identity)>,
    after: impl Iterator<Item = (Address, Identity)>,
) -> BTreeMap<Address, Address> {
    let mut known: HashMap<Identity, Option<Address>> = HashMap::new();
    for (address, identity) in before {
        known.entry(identity).and_modify(|other| *other = None).or_insert(Some(address));
    }
    let mut wanted: HashMap<Identity, Option<Address>> = HashMap::new();
    for (address, identity) in after {
        wanted.entry(identity).and_modify(|other| *other = None).or_insert(Some(address));
    }
    let both = wanted.into_iter().filter_map(|(identity, new)| Some((new?, known.remove(&identity)??)));
    both.collect()
}

/// Recorded resources that take other addresses, all at once. No two take the same one.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Moves(BTreeMap<Address, Address>);

impl Moves {
    /// One resource with another address. The caller has checked that the address is free.
    pub fn one(from: &Address, to: &Address) -> Self {
        Self([(from.clone(), to.clone())].into())
    }

    /// The moves by which every recorded object that the stack declares has the address it is declared under. An
    /// object that loses its address to another one is set aside.
    pub(super) fn of(state: &State, stack: &Stack) -> Self {
        let has_its_label = |(address, recorded): (&Address, &Arc<Recorded>)| {
            let declared = stack.resources.get(address);
            let is_it = |one: &Resource| one.id == recorded.id && one.name.eq_ignore_ascii_case(&recorded.name);
            address.is_rehearsed() || declared.is_some_and(is_it)
        };
        // Mostly nothing has moved.
        if state.resources.iter().all(has_its_label) {
            return Self::default();
        }
        let recorded = state.resources.iter().filter(|(address, _)| !address.is_rehearsed());
        let recorded =
            recorded.map(|(address, one)| (address.clone(), Identity::new(address.kind(), &one.id, &one.name)));
        let declared = stack
            .resources
            .values()
            .map(|one| (one.address.clone(), Identity::new(one.address.kind(), &one.id, &one.name)));
        let mut moves: BTreeMap<Address, Address> = same_objects(recorded, declared)
            .into_iter()
            .filter(|(new, old)| new != old)
            .map(|(new, old)| (old, new))
            .collect();
        let taken: BTreeSet<Address> = moves.values().cloned().collect();
        for address in taken {
            if state.resources.contains_key(&address) && !moves.contains_key(&address) {
                let mut aside = address.replaced();
                while state.resources.contains_key(&aside) && !moves.contains_key(&aside) {
                    aside = aside.replaced();
                }
                moves.insert(address, aside);
            }
        }
        Self(moves)
    }

    /// True if nothing moves.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The address under which the object at this address is recorded, where its label has changed. An object that was
    /// set aside at this very address has kept its label.
    pub(super) fn label_before(&self, address: &Address) -> Option<&Address> {
        let (old, _) = self.0.iter().find(|(_, new)| *new == address)?;
        (old.heir().as_ref() != Some(address)).then_some(old)
    }

    /// True for the address of an object that is set aside now: its own address is another object's.
    pub(super) fn sets_aside(&self, address: &Address) -> bool {
        address.is_replaced() && self.0.values().any(|new| new == address)
    }

    /// The address that a recorded resource takes.
    pub(super) fn now(&self, address: &Address) -> Option<&Address> {
        self.0.get(address)
    }

    /// These moves, and then those.
    pub(super) fn then(&self, later: &Self) -> Self {
        let end = |at: &Address| later.0.get(at).unwrap_or(at).clone();
        let mut all: BTreeMap<Address, Address> = self.0.iter().map(|(old, new)| (old.clone(), end(new))).collect();
        let reached: BTreeSet<&Address> = self.0.values().collect();
        for (old, new) in later.0.iter().filter(|(old, _)| !reached.contains(old)) {
            all.insert(old.clone(), new.clone());
        }
        all.retain(|old, new| old != new);
        Self(all)
    }

    /// Limits the moves to these addresses. The caller has made sure that none of the others is in the way.
    pub(super) fn limit(&mut self, kept: &BTreeSet<Address>) {
        self.0.retain(|_, new| kept.contains(new));
    }

    /// Gives the resources of a state their new addresses, wherever the state names them.
    pub fn carry_out(&self, state: &mut State) {
        self.rename(state, |address| self.0.get(address).cloned());
    }

    /// Gives the resources of a state their former addresses.
    pub(super) fn undo(&self, state: &mut State) {
        let back: HashMap<&Address, &Address> = self.0.iter().map(|(old, new)| (new, old)).collect();
        self.rename(state, |address| back.get(address).map(|old| (*old).clone()));
    }

    fn rename(&self, state: &mut State, other: impl Fn(&Address) -> Option<Address>) {
        if self.is_empty() {
            return;
        }
        let renamed = |address: &Address| other(address).unwrap_or_else(|| address.clone());
        // What moves comes first: it is never displaced by what stays.
        let (moving, staying): (Vec<_>, Vec<_>) =
            std::mem::take(&mut state.resources).into_iter().partition(|(address, _)| other(address).is_some());
        state.resources = moving.into_iter().map(|(address, recorded)| (renamed(&address), recorded)).collect();
        for (address, recorded) in staying {
            state.resources.entry(address).or_insert(recorded);
        }
        for recorded in state.resources.values_mut() {
            let moved = |need: &Address| renamed(need) != *need;
            if recorded.needs.iter().any(moved) {
                Arc::make_mut(recorded).needs.iter_mut().for_each(|need| *need = renamed(need));
            }
        }
        let roles = &mut state.roles;
        for role in roles.groups.values_mut() {
            role.stores = std::mem::take(&mut role.stores).into_iter().map(|(at, side)| (renamed(&at), side)).collect();
            role.moved = std::mem::take(&mut role.moved).into_iter().map(|(at, all)| (renamed(&at), all)).collect();
        }
        let debts = roles.groups.values_mut().flat_map(|role| &mut role.owed).chain(roles.owed.values_mut().flatten());
        for debt in debts {
            debt.of = renamed(&debt.of);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::{Identity, Moves, same_objects};
    use crate::address::Address;
    use crate::object::ObjectId;

    fn address(text: &str) -> Address {
        text.parse().unwrap()
    }

    fn named(all: &[(&str, &str)]) -> Vec<(Address, Identity)> {
        let identity = |name: &str| Identity::new("kind", &ObjectId::new(format!("/subscriptions/s/{name}")), name);
        all.iter().map(|(at, name)| (address(&format!("kind.{at}")), identity(name))).collect()
    }

    fn matched(before: &[(&str, &str)], after: &[(&str, &str)]) -> Vec<String> {
        let pairs = same_objects(named(before).into_iter(), named(after).into_iter());
        pairs.into_iter().map(|(new, old)| format!("{} was {}", new.name(), old.name())).collect()
    }

    #[test]
    fn the_id_decides_before_the_address() {
        let before = [("x", "one"), ("y", "two")];
        assert_eq!(matched(&before, &[("x", "TWO"), ("y", "one")]), ["x was y", "y was x"]);
        assert_eq!(matched(&before, &[("y", "one"), ("z", "two")]), ["y was x", "z was y"]);
        assert_eq!(matched(&before, &[("x", "other")]), [""; 0]);
    }

    #[test]
    fn an_identity_that_is_not_unique_matches_nothing() {
        assert_eq!(matched(&[("x", "one"), ("y", "one")], &[("z", "one")]), [""; 0]);
        assert_eq!(matched(&[("x", "one")], &[("y", "one"), ("z", "one")]), [""; 0]);
    }

    #[test]
    fn moves_in_a_row_are_one_move() {
        let moves = |all: &[(&str, &str)]| Moves(all.iter().map(|(old, new)| (address(old), address(new))).collect());
        let first = moves(&[("k.a", "k.b"), ("k.b", "k.c")]);
        assert_eq!(
            first.then(&moves(&[("k.c", "k.d"), ("k.e", "k.f")])),
            moves(&[("k.a", "k.b"), ("k.b", "k.d"), ("k.e", "k.f")])
        );
        assert_eq!(first.then(&moves(&[("k.b", "k.a"), ("k.c", "k.b")])), Moves::default());
        let mut limited = first;
        limited.limit(&BTreeSet::from([address("k.c")]));
        assert_eq!(limited, moves(&[("k.b", "k.c")]));
    }
}
