//! Copies for a drill: the failover-only resources of a group and their networks, under names of their own.
//!
//! A copy is made of the block of its original, in which every reference to a copied resource means the copy. So ids,
//! names, strings built of them and values that are known only after apply follow by themselves, when the copies are
//! made and again when they are applied.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};

use crate::address::Address;
use crate::diagnostic::Diagnostics;
use crate::kinds::{DrillCopy, Grammar, Kind};
use crate::object::ObjectId;
use crate::stack::scope::Facts;
use crate::stack::{FailoverGroup, Knowledge, Presence, Resource, Stack, block};
use crate::value::{Map, Value};

/// The copies of a drill.
#[derive(Debug, Default)]
pub struct Copies {
    /// The failover group that is rehearsed.
    pub group: String,
    /// The copy of each resource that is copied.
    pub of: BTreeMap<Address, Address>,
    /// Failover-only resources of the group that are not copied, each with the reason.
    pub left: Vec<(Address, &'static str)>,
    /// Resources that could not be copied, each with the error.
    pub wrong: Vec<(Address, String)>,
}

impl Stack {
    /// The same stack with the copies for a drill of this failover group, after all other resources. Probes and steps
    /// of the group then refer to the copies. The stack was evaluated with `knowledge`.
    #[must_use]
    pub fn with_copies(mut self, group: &str, knowledge: &Knowledge) -> Self {
        let Some(group) = self.failover_groups.get(group) else { return self };
        let members = members(&self, group);
        let left = self.resources.values().filter(|resource| group.stands_up(resource)).filter_map(left);
        let of: BTreeMap<Address, Address> =
            members.iter().map(|address| (address.clone(), address.rehearsed())).collect();
        self.copies = Some(Copies { group: group.name.to_string(), of, left: left.collect(), wrong: Vec::new() });
        for address in members {
            match self.copy(&address, knowledge) {
                Ok(copy) => {
                    // Properties of another object have that one's id, which stays that one's.
                    if !copy.kind.place.is_property() {
                        self.by_id.insert(copy.id.clone(), copy.address.clone());
                    }
                    self.resources.insert(copy.address.clone(), copy);
                }
                Err(found) => {
                    let why: Vec<String> = found.iter().map(ToString::to_string).collect();
                    if let Some(copies) = &mut self.copies {
                        copies.wrong.push((address, why.join("; ")));
                    }
                }
            }
        }
        self
    }

    /// The copies of a drill, each after what it refers to; none but in a drill.
    pub fn rehearsed(&self) -> impl DoubleEndedIterator<Item = &Resource> {
        self.resources.values().filter(|resource| resource.address.is_rehearsed())
    }

    fn copy(&self, address: &Address, knowledge: &Knowledge) -> Result<Resource, Diagnostics> {
        let locals = RefCell::default();
        let facts = self.facts(knowledge, &locals);
        let (Some(original), Some(definition)) =
            (self.resources.get(address), self.program.definitions.get(&address.block()))
        else {
            return Err(Diagnostics::new());
        };
        let mut copy = block::copy(original, definition, &facts)?;
        // Dependencies without a reference hold, too: resources that complete an object which it uses.
        let needs: BTreeSet<&Address> = copy.needs.iter().chain(&original.needs).collect();
        let stays = |need: &&Address| {
            need.is_rehearsed() || self.resources.get(*need).is_some_and(|need| need.presence == Presence::Permanent)
        };
        copy.needs = needs.into_iter().map(|need| facts.meant(need)).filter(stays).cloned().collect();
        copy.needs.sort();
        copy.needs.dedup();
        Ok(copy)
    }
}

/// The resources that are copied, each after those it refers to: the failover-only resources of the group, permanent
/// ones that a copy must not share, and those that complete them.
fn members(stack: &Stack, group: &FailoverGroup) -> Vec<Address> {
    let stood_up = stack.resources.values().filter(|resource| group.stands_up(resource) && left(resource).is_none());
    let mut members: BTreeSet<&Address> = BTreeSet::new();
    let mut open: Vec<&Resource> = stood_up.collect();
    let is_along = |resource: &&Resource| resource.kind.drill.copying == DrillCopy::Along;
    loop {
        while let Some(resource) = open.pop() {
            if members.insert(&resource.address) {
                open.extend(resource.uses.iter().filter_map(|used| stack.resources.get(used)).filter(is_along));
            }
        }
        let completes = |resource: &&Resource| {
            let whole = resource.kind.place.whole().and_then(|whole| resource.args.get(whole));
            let whole = whole.and_then(Value::as_str).map(ObjectId::new);
            whole.and_then(|whole| stack.by_id.get(&whole)).is_some_and(|whole| members.contains(whole))
        };
        let all = stack.resources.values().filter(is_along).filter(|resource| !members.contains(&resource.address));
        open = all.filter(completes).collect();
        if open.is_empty() {
            let in_order = stack.resources.keys().filter(|address| members.contains(address));
            return in_order.cloned().collect();
        }
    }
}

/// The reason why a resource is never copied, if there is one.
fn left(resource: &Resource) -> Option<(Address, &'static str)> {
    match resource.kind.drill.copying {
        DrillCopy::Never(why) => Some((resource.address.clone(), why)),
        DrillCopy::StoodUp | DrillCopy::Along => None,
    }
}

/// The arguments of a copy: ids become those of the copies, and the kind makes its own changes.
pub(super) fn rehearsed(mut args: Map, kind: &Kind, facts: &Facts<'_>) -> Map {
    for value in args.values_mut() {
        *value = moved(value, facts);
    }
    if let Some(rewrites) = kind.drill.rewrites {
        rewrites(&mut args);
    }
    args
}

fn moved(value: &Value, facts: &Facts<'_>) -> Value {
    match value {
        Value::String(text) if facts.program.catalog.is_id(text) => {
            let meant = facts.by_id.get(&ObjectId::new(&**text)).map(|address| facts.meant(address));
            match meant.filter(|meant| meant.is_rehearsed()).and_then(|meant| facts.resources.get(meant)) {
                Some(copy) => Value::from(copy.id.as_str()),
                None => value.clone(),
            }
        }
        Value::List(items) => items.iter().map(|item| moved(item, facts)).collect::<Vec<_>>().into(),
        Value::Map(map) => {
            Value::from(map.iter().map(|(name, value)| (name.clone(), moved(value, facts))).collect::<Map>())
        }
        Value::Sensitive(inner) => moved(inner, facts).sensitive(),
        other => other.clone(),
    }
}
