//! The action for each resource, with its reason.

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

use indexmap::IndexMap;
use serde_json::{Map as JsonMap, Value as Json};

use crate::address::Address;
use crate::kinds::{Grammar, Kind, Location, body, regions};
use crate::object::{Object, ObjectId};
use crate::parallel;
use crate::plan::compile::{freed_key, key};
use crate::plan::identity::Moves;
use crate::plan::installed;
use crate::plan::ownership::{self, Existing, Ownership};
use crate::plan::refresh::{ObservedObjects, copied, kind_of, observed_argument, seen, whole};
use crate::plan::roles::{HeldArguments, Parting, Promoted, Upkeep, frozen};
use crate::plan::{Action, ArgumentChange, BlockedResource, Change, Observed, Order, diff, replicas, transitions};
use crate::stack::{Presence, Resource, Stack};
use crate::state::{Recorded, State, Status};
use crate::value::{Awaited, Map, Seal, SealedValue};

/// The action for one resource, with everything that the steps need.
pub(super) struct Decision {
    pub change: Change,
    /// Its record, refreshed.
    pub recorded: Option<Arc<Recorded>>,
}

/// The inputs of a decision.
pub(super) struct DecisionInput<'a> {
    pub stack: &'a Stack,
    /// The arguments of its resources, in their order.
    pub wanted: &'a [JsonMap<String, Json>],
    /// As recorded.
    pub state: Option<&'a State>,
    /// As refreshed.
    pub now: Option<&'a State>,
    pub observed: &'a Observed,
    pub seal: &'a Seal,
    pub destroy: bool,
    /// The recorded resources whose labels have changed.
    pub moves: &'a Moves,
    /// The owners of objects.
    pub ownership: &'a Ownership<'a>,
    /// The arguments that runs control.
    pub held: &'a HeldArguments,
    /// The replicas whose secondary was promoted.
    pub promoted: &'a Promoted,
    /// The resources whose old object is deleted first, because every other order closes a cycle.
    pub yields: &'a BTreeSet<Address>,
}

/// The decisions by address, and the reasons that block them.
pub(super) type Decisions = IndexMap<Address, Decision>;

impl DecisionInput<'_> {
    /// Decides on every resource.
    pub(super) fn decide(&self) -> (Decisions, Vec<BlockedResource>) {
        let mut decisions = Decisions::new();
        if !self.destroy {
            for (resource, args) in self.stack.resources.values().zip(self.wanted) {
                let decision = self.desired(resource, args, &decisions).map(|decision| self.labelled(decision));
                decisions.extend(decision.map(|decision| (resource.address.clone(), decision)));
            }
            self.yield_place(&mut decisions);
            self.cascade(&mut decisions);
        }
        self.leftover(&mut decisions);
        let mut blocked = self.blocked(&decisions);
        if !self.destroy {
            blocked.extend(transitions::refuse(self.stack, self.observed, &mut decisions));
        }
        (decisions, blocked)
    }

    /// A decision with the label under which its object is recorded.
    fn labelled(&self, mut decision: Decision) -> Decision {
        let change = &mut decision.change;
        if let Some(was) = self.moves.label_before(&change.address).filter(|_| decision.recorded.is_some()) {
            let was_recorded = format!("was recorded as {was}");
            change.reason = match change.action {
                Action::Keep => was_recorded,
                _ => format!("{was_recorded}; {}", change.reason),
            };
            if change.action == Action::Keep {
                change.action = Action::Rename;
            }
            change.was = Some(was.clone());
        }
        decision
    }

    fn desired(&self, resource: &Resource, args: &JsonMap<String, Json>, decided: &Decisions) -> Option<Decision> {
        let recorded = self.now.and_then(|state| state.resources.get(&resource.address));
        if resource.presence == Presence::Failover {
            let upkeep = self.state.map_or(Upkeep::Home, |state| self.held.upkeep(self.stack, &state.roles, resource));
            let as_it_is = |action, reason: &str| self.of(resource, recorded, action, reason.to_owned(), Vec::new());
            match (upkeep, recorded) {
                (Upkeep::Up, None) => {}
                (_, None) => return None,
                (Upkeep::Moving, Some(_)) => {
                    return Some(as_it_is(Action::Keep, "a run of its failover group is unfinished"));
                }
                (Upkeep::Unsettled, Some(_)) => {
                    return Some(as_it_is(Action::Keep, "a role of its failover group has moved outside drplan"));
                }
                (Upkeep::Home, Some(_)) => {
                    let reason = "failover-only, and its home site is active: left over from an earlier run";
                    let mut decision = as_it_is(Action::Delete, reason);
                    decision.change.loses_data = resource.kind.recovery.loses_data;
                    return Some(decision);
                }
                (Upkeep::Up | Upkeep::Between, Some(recorded)) => {
                    let mut decision = self.recorded(resource, recorded, args, decided);
                    if decision.change.action == Action::Keep {
                        decision.change.reason = "failover-only, and its failover group is away".to_owned();
                    }
                    return Some(decision);
                }
            }
        }
        match recorded {
            Some(recorded) => Some(self.recorded(resource, recorded, args, decided)),
            // Somebody else installs it; until then there is nothing to import.
            None if installed::is_missing(resource, self.observed) => None,
            None => Some(self.unrecorded(resource, args)),
        }
    }

    fn unrecorded(&self, resource: &Resource, args: &JsonMap<String, Json>) -> Decision {
        let before = self.state.and_then(|state| state.resources.get(&resource.address));
        let existing = self.ownership.existing(resource);
        if (before.is_none() || resource.kind.installed.is_some())
            && !matches!(existing, Existing::Nothing)
            && let ObservedObjects::There(bodies) = seen(&resource.objects, self.observed)
        {
            let bodies: Vec<Json> = bodies.into_iter().cloned().collect();
            let changes = self.import(resource, args, &bodies);
            let reason = installed::reason(resource).unwrap_or_else(|| ownership::reason(&existing));
            return self.of(resource, None, Action::Adopt, reason, changes);
        }
        let reason = match before.map(|recorded| recorded.status) {
            None => "new",
            Some(Status::Creating) => "an earlier run began its creation, and it does not exist",
            Some(Status::Standing | Status::Updating) => "deleted outside drplan",
            Some(Status::Deleting) => "an earlier run deleted it for a replacement",
        };
        let kept = resource
            .kind
            .soft_delete
            .map(|soft| soft.id(self.stack.account_at(resource), &resource.location, &resource.name));
        let is_kept = kept.is_some_and(|kept| matches!(self.observed.objects.get(&kept), Some(Some(_))));
        let reason = match is_kept {
            true => format!("deleted before, and recovered from what {} keeps", resource.kind.provider().title),
            false => reason.to_owned(),
        };
        let arguments = args.iter().map(|(name, value)| ArgumentChange {
            path: name.clone(),
            before: None,
            after: Some(SealedValue::from_sealed_json(value)),
            forces_replace: false,
        });
        let arguments = arguments.filter(|change| change.after.as_ref().is_some_and(shown)).collect();
        self.of(resource, None, Action::Create, reason.to_owned(), arguments)
    }

    /// Changes that the import of an object with these bodies would make: the arguments are compared as if they had
    /// been written, and so is the region.
    fn import(&self, resource: &Resource, args: &JsonMap<String, Json>, bodies: &[Json]) -> Vec<ArgumentChange> {
        let read = body::read(resource.kind, bodies);
        let there = args.iter().filter_map(|(name, wanted)| {
            let arg = resource.kind.arg(name)?;
            Some((name.clone(), observed_argument(arg, wanted, read.get(name), self.seal)?))
        });
        let there = there.collect();
        let mut changes = diff::arguments(resource.kind.grammar(), resource.kind.args, &there, args, &|_| false);
        transitions::mark(resource.kind, &there, args, &mut changes, true);
        let main = resource.kind.odd.main(bodies).filter(|_| resource.kind.location == Location::Regional);
        let region = main.and_then(|body| body.get("location")?.as_str());
        if let Some(region) = region.filter(|region| !regions::same_region(region, &resource.location)) {
            let text = |text: &str| Some(SealedValue::from_sealed_json(&Json::from(text)));
            let (path, before, after) = ("site".to_owned(), text(region), text(&resource.location));
            changes.push(ArgumentChange { path, before, after, forces_replace: true });
        }
        changes
    }

    fn recorded(
        &self,
        resource: &Resource,
        recorded: &Arc<Recorded>,
        args: &JsonMap<String, Json>,
        decided: &Decisions,
    ) -> Decision {
        // A value that depends only on unchanged resources is unchanged: a key, for example, that is read again for
        // each apply.
        let stays = |waits: &Json| {
            let awaited = waits.as_str().and_then(Awaited::parse);
            let Some((address, _)) = awaited.as_ref().and_then(Awaited::resource) else { return false };
            self.now.is_some_and(|state| state.resources.contains_key(address))
                && decided.get(address).is_none_or(|decision| is_kept(decision.change.action))
        };
        let assumed = |after: &Json| SealedValue::waits_for(after).is_some_and(|all| all.iter().all(stays));
        let was = diff::PreviousObject {
            id: &recorded.id,
            name: &recorded.name,
            location: &recorded.location,
            arguments: &recorded.arguments,
        };
        let mut changes = diff::differences(&was, resource, args, &assumed);
        changes.retain(|change| !resource.ignore_changes.contains(top(&change.path)));
        transitions::mark(resource.kind, &recorded.arguments, args, &mut changes, false);
        let stale = match seen(&recorded.objects, self.observed) {
            ObservedObjects::There(bodies) => copied(resource.kind, &whole(bodies)),
            ObservedObjects::Unseen | ObservedObjects::Gone => None,
        };
        // The observed state is what changes, and the sound one is wanted.
        let mended = stale.map(|(change, _)| ArgumentChange { before: change.after, after: change.before, ..change });
        let outgrown = self.outgrown(resource, decided).filter(|_| mended.is_none() && changes.is_empty());
        changes.extend(mended);
        let renamed = recorded.id != resource.id;
        let forced: Vec<&str> = changes.iter().filter(|c| c.forces_replace).map(|c| c.path.as_str()).collect();
        let (action, reason) = if !forced.is_empty() && resource.kind.installed.is_some() {
            let verb = if forced.len() == 1 { "changes" } else { "change" };
            let reason = format!("{} {verb}: the object before is left as it is", forced.join(", "));
            (Action::Forget, format!("{reason}, and the next plan imports the other one"))
        } else if !forced.is_empty() {
            let beside = renamed && self.can_stand_beside(resource, recorded, args);
            let order = if beside { Order::CreateFirst } else { Order::DeleteFirst };
            let verb = if forced.len() == 1 { "changes" } else { "change" };
            (Action::Replace(order), format!("{} {verb}, which cannot be done in place", forced.join(", ")))
        } else if matches!(seen(&recorded.objects, self.observed), ObservedObjects::Gone) {
            (Action::Create, "an earlier run began its creation, and it does not exist".to_owned())
        } else if resource.kind.together && recorded.status != Status::Creating && self.has_lost_part(recorded) {
            let reason = "a part of it is missing, and the rest cannot be repaired without it".to_owned();
            (Action::Replace(Order::DeleteFirst), reason)
        } else if recorded.status != Status::Standing {
            (Action::Update, "an earlier apply did not complete it".to_owned())
        } else if let Some(reason) = outgrown {
            (Action::Update, reason)
        } else if changes.is_empty() {
            (Action::Keep, "unchanged".to_owned())
        } else {
            let names: BTreeSet<&str> = changes.iter().map(|change| top(&change.path)).collect();
            let verb = if names.len() == 1 { "changes" } else { "change" };
            (Action::Update, format!("{} {verb}", names.into_iter().collect::<Vec<_>>().join(", ")))
        };
        self.of(resource, Some(recorded), action, reason, changes)
    }

    /// The reason why what this resource's objects have copied is out of date after the plan: the ranges of a network
    /// that it joins change.
    fn outgrown(&self, resource: &Resource, decided: &Decisions) -> Option<String> {
        let (_, ranges) = resource.kind.recovery.joins.filter(|_| resource.kind.odd.copied.is_some())?;
        let changes = |used: &&Address| {
            decided.get(*used).is_some_and(|decision| {
                let mut arguments = decision.change.arguments.iter();
                decision.change.action == Action::Update && arguments.any(|one| top(&one.path) == ranges)
            })
        };
        let network = resource.uses.iter().find(changes)?;
        Some(format!("the {ranges} of {network} changes"))
    }

    /// True if some of its objects exist and some are missing.
    fn has_lost_part(&self, recorded: &Recorded) -> bool {
        matches!(seen(&recorded.objects, self.observed), ObservedObjects::There(bodies) if bodies.iter().any(|body| body.is_null()))
    }

    /// True if the new object can exist before the old one is deleted: they share no exclusive range, its name is
    /// free, nothing else is set aside for it, and no cycle of steps needs the old one deleted first.
    fn can_stand_beside(&self, resource: &Resource, recorded: &Recorded, args: &JsonMap<String, Json>) -> bool {
        let Some(now) = self.now else { return true };
        // Locks are created again once all changes in their scope are done.
        let kind = resource.kind;
        let (ours, theirs) = (transitions::holder(resource, args), transitions::recorded_holder(recorded));
        // A label that both have is removed from the old one while others still use that.
        let is_used = || self.stack.resources.values().any(|other| other.uses.contains(&resource.address));
        if kind.guards || kind.excludes_always(ours, kind, theirs) || (kind.excludes(ours, kind, theirs) && !is_used())
        {
            return false;
        }
        // Half of a pair cannot belong to two pairs.
        let is_shared = |object: &Object| recorded.objects.iter().any(|other| other.id == object.id);
        if resource.kind.together && resource.objects.iter().any(is_shared) {
            return false;
        }
        let is_property = |kind: &Kind| kind.place.is_property();
        let taken = key(resource);
        let has_it = |(address, other): (&Address, &Arc<Recorded>)| {
            kind_of(self.stack.catalog(), address, other).is_some_and(|kind| {
                is_property(kind) == is_property(resource.kind) && freed_key(kind, &other.id, &other.name) == taken
            })
        };
        !self.yields.contains(&resource.address)
            && now.resources.get(&resource.address.replaced()).is_none_or(|aside| aside.id == recorded.id)
            && !now.resources.iter().any(has_it)
    }

    /// A resource cannot move from an object to another one that takes its place: the first one must be deleted before
    /// the second one is created, and is in use until then.
    fn yield_place(&self, decisions: &mut Decisions) {
        for address in self.yields {
            let Some(resource) = self.stack.resources.get(address) else { continue };
            let Some(decision) = decisions.get_mut(address).filter(|one| one.change.action == Action::Update) else {
                continue;
            };
            let old = decision.recorded.iter().flat_map(|recorded| &recorded.needs);
            let old: Vec<&Address> = old.filter(|need| !self.stack.resources.contains_key(*need)).collect();
            let verb = if old.len() == 1 { "is" } else { "are" };
            let old = old.into_iter().map(ToString::to_string).collect::<Vec<_>>().join(", ");
            decision.change.reason =
                format!("uses {old}, which {verb} deleted before another resource takes its place");
            decision.change.action = Action::Replace(Order::DeleteFirst);
            decision.change.loses_data = resource.kind.recovery.loses_data;
        }
    }

    /// A resource that refers to an object cannot stay while that object is deleted and created again under the same
    /// id.
    fn cascade(&self, decisions: &mut Decisions) {
        for resource in self.stack.resources.values() {
            let Some(decision) = decisions.get(&resource.address) else { continue };
            let goes_already = decision.change.action == Action::Replace(Order::DeleteFirst);
            if decision.recorded.is_none() || goes_already {
                continue;
            }
            let replaced = resource.uses.iter().find(|used| {
                decisions.get(*used).is_some_and(|used| used.change.action == Action::Replace(Order::DeleteFirst))
            });
            if let Some(used) = replaced.cloned()
                && let Some(decision) = decisions.get_mut(&resource.address)
            {
                if !matches!(decision.change.action, Action::Replace(_)) {
                    decision.change.reason = format!("uses {used}, which is replaced");
                }
                decision.change.action = Action::Replace(Order::DeleteFirst);
                decision.change.loses_data = resource.kind.recovery.loses_data;
            }
        }
    }

    /// Recorded resources that are no longer declared.
    fn leftover(&self, decisions: &mut Decisions) {
        let Some(state) = self.state else { return };
        let wanted: HashMap<&ObjectId, &Address> = if self.destroy {
            HashMap::new()
        } else {
            self.stack.resources.values().map(|resource| (&resource.id, &resource.address)).collect()
        };
        for (address, recorded) in &state.resources {
            let handled = decisions.contains_key(address)
                || (!self.destroy && self.stack.resources.contains_key(address))
                || self.replaced_again(address, decisions);
            if handled {
                continue;
            }
            let there = self.now.and_then(|now| now.resources.get(address));
            let property =
                kind_of(self.stack.catalog(), address, recorded).is_some_and(|kind| kind.place.is_property());
            let (action, reason) = match (wanted.get(&recorded.id), there) {
                (Some(now), _) if !property => (Action::Forget, format!("the same object is now {now}")),
                (_, None) => (Action::Forget, "already deleted from the cloud".to_owned()),
                _ if kind_of(self.stack.catalog(), address, recorded).is_some_and(|kind| kind.installed.is_some()) => {
                    (Action::Forget, "somebody else installed it: left as it is".to_owned())
                }
                _ if self.destroy => (Action::Delete, "requested by destroy".to_owned()),
                _ if self.moves.sets_aside(address) => {
                    (Action::Delete, "no longer in the stack, and its label is another object's".to_owned())
                }
                _ if address.is_replaced() => (Action::Delete, "replaced by a new object".to_owned()),
                _ if address.is_rehearsed() => (Action::Delete, "left over from a drill".to_owned()),
                _ => (Action::Delete, "no longer in the stack".to_owned()),
            };
            let kind = kind_of(self.stack.catalog(), address, recorded);
            let (action, reason, recorded) = match self.promoted.parting(self.stack.catalog(), address, recorded) {
                Parting::Elsewhere(there) if self.destroy && action == Action::Delete => {
                    (action, format!("{reason}, on the primary side"), *there)
                }
                Parting::WithItsWhole if self.destroy && action == Action::Delete => (
                    Action::Forget,
                    "primary: deleted together with the object that contains it".to_owned(),
                    (**recorded).clone(),
                ),
                _ => (action, reason, (**recorded).clone()),
            };
            let (reason, recorded) = self.with_copies(action, reason, recorded);
            let change = Change {
                address: address.clone(),
                was: None,
                id: recorded.id.clone(),
                site: recorded.site.clone(),
                location: recorded.location.clone(),
                presence: recorded.presence,
                action,
                reason,
                arguments: Vec::new(),
                loses_data: action == Action::Delete && kind.is_some_and(|kind| kind.recovery.loses_data),
                kind,
            };
            decisions.insert(address.clone(), Decision { change, recorded: Some(Arc::new(recorded)) });
        }
    }

    /// A deletion with the copies that replicas keep of the object. The deletion of everything deletes them with their
    /// servers.
    fn with_copies(&self, action: Action, reason: String, recorded: Recorded) -> (String, Recorded) {
        let Some(state) = self.state.filter(|_| action == Action::Delete && !self.destroy) else {
            return (reason, recorded);
        };
        let copies = replicas::copies(self.stack, state, self.promoted, &recorded);
        let Some(first) = copies.first() else { return (reason, recorded) };
        let reason = format!("{reason}; its copy {} is deleted with it", first.id);
        let objects = recorded.objects.iter().cloned().chain(copies).collect();
        (reason, Recorded { objects, ..recorded })
    }

    /// A resource that was set aside right before a run was cut short is set aside again, and is deleted by the steps
    /// of its replacement.
    fn replaced_again(&self, address: &Address, decisions: &Decisions) -> bool {
        let heir = address.heir().and_then(|heir| decisions.get(&heir));
        heir.is_some_and(|heir| heir.change.action == Action::Replace(Order::CreateFirst))
    }

    fn blocked(&self, decisions: &Decisions) -> Vec<BlockedResource> {
        let mut blocked = Vec::new();
        let guards = self.guards_that_stay(decisions);
        for (address, Decision { change, recorded }) in decisions {
            let doomed = matches!(change.action, Action::Delete | Action::Replace(_));
            let protected = match self.stack.resources.get(address) {
                Some(resource) => resource.prevent_destroy,
                None => recorded.as_ref().is_some_and(|recorded| recorded.prevent_destroy),
            };
            if doomed && protected {
                blocked.push(BlockedResource {
                    address: address.clone(),
                    why: format!(
                        "it has `prevent_destroy = true`, and would be {}: {}",
                        change.action.done(),
                        change.reason
                    ),
                });
            }
            let deleted = recorded.iter().filter(|_| doomed).flat_map(|old| &old.objects);
            let mut deleted = deleted.filter(|object| object.within.is_none()).map(|object| &object.id);
            let guard = deleted.find_map(|id| {
                guards.iter().find(|(_, scope)| scope == id || scope.contains(id)).map(|(guard, _)| *guard)
            });
            if let Some(guard) = guard {
                let done = change.action.done();
                let why = format!("{guard} locks it, and it would be {done}: {}; remove {guard} first", change.reason);
                blocked.push(BlockedResource { address: address.clone(), why });
            }
        }
        blocked.extend(self.ownership.blocked(self.stack, decisions));
        if !self.destroy {
            blocked.extend(replicas::held(self.stack, decisions));
            blocked.extend(self.promoted.forbids(self.stack, decisions.values().map(|decision| &decision.change)));
            let changes = decisions.values().map(|decision| (&decision.change, decision.recorded.as_deref()));
            blocked.extend(frozen(self.stack, self.observed, changes));
        }
        blocked
    }

    /// Locks that prevent deletions and are to stay, with their scope.
    fn guards_that_stay<'a>(&self, decisions: &'a Decisions) -> Vec<(&'a Address, ObjectId)> {
        let stays = |action| is_kept(action) || action == Action::Adopt;
        decisions
            .iter()
            .filter(|(address, decision)| {
                let kind =
                    decision.recorded.as_deref().and_then(|recorded| kind_of(self.stack.catalog(), address, recorded));
                stays(decision.change.action) && kind.is_some_and(|kind| kind.guards)
            })
            .filter_map(|(address, decision)| Some((address, self.stack.catalog().scope(&decision.change.id)?)))
            .collect()
    }

    fn of(
        &self,
        resource: &Resource,
        recorded: Option<&Arc<Recorded>>,
        action: Action,
        reason: String,
        arguments: Vec<ArgumentChange>,
    ) -> Decision {
        let change = Change {
            address: resource.address.clone(),
            was: None,
            id: resource.id.clone(),
            site: resource.site.to_string(),
            location: resource.location.clone(),
            presence: resource.presence,
            action,
            reason,
            arguments,
            loses_data: matches!(action, Action::Replace(_)) && resource.kind.recovery.loses_data,
            kind: Some(resource.kind),
        };
        Decision { change, recorded: recorded.cloned() }
    }
}

/// The arguments of the resources of a stack, sealed, in their order.
pub(super) fn all_sealed(stack: &Stack, seal: &Seal) -> Vec<JsonMap<String, Json>> {
    let resources: Vec<&Resource> = stack.resources.values().collect();
    parallel::map(&resources, |resource| sealed(&resource.args, seal))
}

/// Arguments, sealed.
pub fn sealed(args: &Map, seal: &Seal) -> JsonMap<String, Json> {
    args.iter().map(|(name, value)| (name.to_string(), seal.seal(value).into_json())).collect()
}

/// True for an action after which the object is the same one.
const fn is_kept(action: Action) -> bool {
    matches!(action, Action::Keep | Action::Update | Action::Rename)
}

/// True if a value of a new resource is worth a line.
fn shown(value: &SealedValue) -> bool {
    match value.json() {
        Json::Null => false,
        Json::Array(items) => !items.is_empty(),
        Json::Object(map) => !map.is_empty(),
        Json::Bool(_) | Json::Number(_) | Json::String(_) => true,
    }
}

/// The argument that contains a path.
pub(super) fn top(path: &str) -> &str {
    path.split(['.', '[']).next().unwrap_or(path)
}
