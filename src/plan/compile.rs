//! Compiles decisions to steps, with the order between them.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::time::Duration;

use serde_json::Value;

use crate::address::Address;
use crate::kinds::{Grammar, Kind, NameScope, Place, Serial};
use crate::object::{Object, ObjectId};
use crate::plan::decide::{Decision, Decisions, top};
use crate::plan::refresh::kind_of;
use crate::plan::replicas::holds;
use crate::plan::transitions::{held_argument, holder, recorded_holder, referred};
use crate::plan::{Action, Order, room};
use crate::stack::{Resource, Stack};
use crate::state::Recorded;
use crate::steps::{Act, GraphError, Stage, Step, StepGraph, StepId, Touch, Undo};

/// Steps that need each other in a cycle.
pub(super) struct StepCycle {
    pub(super) error: GraphError,
    members: Vec<Address>,
    /// The folded ids of the objects that are deleted in it.
    deleted: Vec<String>,
}

impl StepCycle {
    /// Its resources whose old object has to be deleted first: those whose new object is created before, and those
    /// whose update leaves an object that is deleted in the cycle.
    pub(super) fn yielding(&self, decisions: &Decisions) -> Vec<Address> {
        let is_member =
            |address: &Address| self.members.contains(address) || self.members.contains(&address.replaced());
        let yields = |decision: &Decision| match decision.change.action {
            Action::Replace(Order::CreateFirst) => true,
            Action::Update => self.deleted.iter().any(|id| mentions(decision, id)),
            _ => false,
        };
        let members = decisions.iter().filter(|(address, decision)| is_member(address) && yields(decision));
        members.map(|(address, _)| address.clone()).collect()
    }
}

/// Compiles the decisions.
///
/// # Errors
/// Where the steps need each other in a cycle.
pub(super) fn compile(stack: &Stack, decisions: &Decisions) -> Result<StepGraph, StepCycle> {
    let mut compiler = Compiler {
        stack,
        decisions,
        steps: Vec::new(),
        puts: BTreeMap::new(),
        takes: BTreeMap::new(),
        forgets: BTreeMap::new(),
    };
    for (address, decision) in decisions {
        compiler.add(address, decision);
    }
    compiler.connect();
    let deleted = |step: &Step| match &step.act {
        Act::Delete(old) => Some(old.id.folded()),
        _ => None,
    };
    let steps: Vec<_> = compiler.steps.iter().map(|step| (step.address.clone(), deleted(step))).collect();
    StepGraph::new(compiler.steps).map_err(|error| {
        let cycle = match &error {
            GraphError::Cycle(cycle) => cycle.iter().filter_map(|step| steps.get(step.index()).cloned()).collect(),
            GraphError::Misplaced { .. } | GraphError::Missing { .. } => Vec::new(),
        };
        let (members, deleted): (Vec<_>, Vec<_>) = cycle.into_iter().unzip();
        StepCycle { error, members, deleted: deleted.into_iter().flatten().collect() }
    })
}

/// True if the recorded arguments of a resource refer to the object with this folded id, or to a part of it.
fn mentions(decision: &Decision, id: &str) -> bool {
    let text = |old: &Recorded| Value::Object(old.arguments.clone()).to_string().to_lowercase();
    let has_id = |text: String| ['"', '/'].iter().any(|end| text.contains(&format!("\"{id}{end}")));
    decision.recorded.as_deref().map(text).is_some_and(has_id)
}

struct Compiler<'a> {
    stack: &'a Stack,
    decisions: &'a Decisions,
    steps: Vec<Step>,
    /// The step that writes each resource.
    puts: BTreeMap<&'a Address, StepId>,
    /// The step that deletes each resource's old object.
    takes: BTreeMap<&'a Address, StepId>,
    /// The step that removes each resource from the state.
    forgets: BTreeMap<&'a Address, StepId>,
}

impl<'a> Compiler<'a> {
    fn add(&mut self, address: &'a Address, decision: &'a Decision) {
        let resource = self.stack.resources.get(address);
        let durations = |kind: Option<&Kind>| {
            kind.map_or((5, 5, 5), |k| (k.durations.create, k.durations.update, k.durations.delete))
        };
        let (create, update, _) = durations(resource.map(|resource| resource.kind));
        let old = decision.recorded.as_deref();
        let (_, _, delete) = durations(old.and_then(|old| kind_of(self.stack.catalog(), address, old)));
        match (decision.change.action, old) {
            (Action::Keep, _) => {}
            (Action::Create, _) => self.put(address, Act::Create, create),
            (Action::Update, _) => self.put(address, Act::Update, update),
            (Action::Rename, _) => self.put(address, Act::Rename, 0),
            (Action::Adopt, _) => self.put(address, Act::Adopt, update),
            (Action::Forget, _) => {
                let id = self.push(address.clone(), Act::Forget, 0, Vec::new());
                self.forgets.insert(address, id);
            }
            (Action::Delete, Some(old)) => self.take(address, address.clone(), old, delete),
            (Action::Replace(Order::DeleteFirst), Some(old)) => {
                self.take(address, address.clone(), old, delete);
                self.put(address, Act::Create, create);
            }
            (Action::Replace(Order::CreateFirst), Some(old)) => {
                let aside = self.push(address.replaced(), Act::SetAside(Box::new(old.clone())), 0, Vec::new());
                self.put(address, Act::Create, create);
                self.take(address, address.replaced(), old, delete);
                for later in [self.puts.get(address), self.takes.get(address)].into_iter().flatten() {
                    self.steps[later.0 as usize].needs.push(aside);
                }
            }
            // Nothing recorded that could be deleted.
            (Action::Delete | Action::Replace(_), None) => {}
        }
    }

    fn put(&mut self, address: &'a Address, act: Act, seconds: u32) {
        let serial = self.stack.resources.get(address).map(serial_words).unwrap_or_default();
        let id = self.push(address.clone(), act, seconds, serial);
        self.puts.insert(address, id);
    }

    fn take(&mut self, key: &'a Address, address: Address, old: &Recorded, seconds: u32) {
        let serial = kind_of(self.stack.catalog(), &address, old)
            .map(|kind| words(kind, &old.id, &old.arguments))
            .unwrap_or_default();
        let id = self.push(address, Act::Delete(Box::new(old.clone())), seconds, serial);
        self.takes.insert(key, id);
    }

    fn push(&mut self, address: Address, act: Act, seconds: u32, serial: Vec<String>) -> StepId {
        let id = StepId(u32::try_from(self.steps.len()).unwrap_or(u32::MAX));
        let touches = match (&act, self.stack.resources.get(&address)) {
            (Act::Delete(old) | Act::SetAside(old), _) => {
                vec![Touch::new(&old.location, "the resource")]
            }
            (_, Some(resource)) => touches(resource),
            (_, None) => Vec::new(),
        };
        let expect = Duration::from_secs(u64::from(seconds));
        let (stage, undo) = (Stage::Plan, Undo::Nothing);
        let needs = Vec::new();
        self.steps.push(Step { id, address, needs, act, serial, touches, expect, worst: expect, stage, undo });
        id
    }

    fn connect(&mut self) {
        let decisions = self.decisions;
        let by_old_id = self.old_ids();
        for (address, decision) in decisions {
            let put = self.puts.get(address).copied();
            let take = self.takes.get(address).copied();
            if let (Some(put), Some(resource)) = (put, self.stack.resources.get(address)) {
                let mut needs: Vec<StepId> =
                    resource.needs.iter().filter_map(|need| self.puts.get(need)).copied().collect();
                // The previous owner of this id, or of this name where names are globally unique, is deleted first.
                needs.extend(by_old_id.get(&key(resource)).into_iter().flatten().filter(|other| Some(**other) != take));
                if decision.change.action == Action::Replace(Order::DeleteFirst) {
                    needs.extend(take);
                }
                self.need(put, needs);
            }
            if let (Some(take), Action::Replace(Order::CreateFirst)) = (take, decision.change.action) {
                self.need(take, put.into_iter().collect());
            }
            // The dependencies of an old object are deleted only after it.
            for goes in take.map(|_| self.takes_needed(decision)).into_iter().flatten() {
                self.need(goes, take.into_iter().collect());
            }
        }
        self.free(true);
        for (address, decision) in decisions {
            // Or after an update that removes the dependency.
            if let (None, Some(put), Action::Update) =
                (self.takes.get(address), self.puts.get(address).copied(), decision.change.action)
            {
                for goes in self.takes_needed(decision) {
                    let is_used = || self.doomed(goes).is_some_and(|old| mentions(decision, &old.id.folded()));
                    if !self.waits_for(put, goes) || is_used() {
                        self.need(goes, vec![put]);
                    }
                }
            }
        }
        self.free(false);
        self.forget();
        self.narrow();
        self.empty();
        self.release();
        self.hand_over();
        self.guard();
        for step in &mut self.steps {
            step.needs.sort_unstable();
            step.needs.dedup();
        }
    }

    /// An object that now belongs to another resource is forgotten only once that is recorded: a run that is cut
    /// short between would leave it without a resource.
    fn forget(&mut self) {
        let (stack, decisions) = (self.stack, self.decisions);
        let is_whole = |kind: &Kind| !kind.place.is_property();
        let heirs: HashMap<&ObjectId, StepId> = self
            .puts
            .iter()
            .filter_map(|(at, put)| Some((stack.resources.get(*at)?, *put)))
            .filter(|(resource, _)| is_whole(resource.kind))
            .map(|(resource, put)| (&resource.id, put))
            .collect();
        for (at, step) in self.forgets.clone() {
            let old = decisions.get(at).map(|decision| &decision.change.id);
            let heir = old.and_then(|id| heirs.get(id)).copied();
            self.need(step, heir.into_iter().collect());
        }
    }

    /// The previous owner of a range or label is deleted first. Where that closes a cycle, [`StepCycle::yielding`] says
    /// what else has to be deleted before. A label that can be removed beforehand is no reason for that.
    fn free(&mut self, is_hard: bool) {
        let stack = self.stack;
        let excludes = if is_hard { Kind::excludes_always } else { Kind::excludes };
        let puts: Vec<_> = self.puts.iter().filter_map(|(at, put)| Some((stack.resources.get(*at)?, *put))).collect();
        let mut freed: HashMap<String, Vec<_>> = HashMap::new();
        for (at, old, take) in self.taken() {
            let Some(kind) = kind_of(stack.catalog(), at, old) else { continue };
            for key in kind.contended(&old.id, &old.arguments) {
                freed.entry(key).or_default().push((at, kind, old, take));
            }
        }
        for (resource, put) in puts.iter().filter(|_| !freed.is_empty()) {
            let args = resource.known_arguments();
            let keys = resource.kind.contended(&resource.id, &args);
            for (at, kind, old, take) in keys.iter().filter_map(|key| freed.get(key)).flatten() {
                let excludes = || excludes(resource.kind, holder(resource, &args), kind, recorded_holder(old));
                if **at != resource.address && excludes() && (is_hard || !self.waits_for(*take, *put)) {
                    self.need(*put, vec![*take]);
                }
            }
        }
    }

    /// A range leaves a network after the subnets that have it: the network's update comes last, and a subnet that
    /// needs a new range before adds it, see [`room`].
    fn narrow(&mut self) {
        let (stack, decisions) = (self.stack, self.decisions);
        let outer = |outer: Option<&'a Resource>, kind: &Kind| {
            let (argument, outer) = (room::argument(kind)?, outer?);
            let put = self.puts.get(&outer.address).copied()?;
            let decision = decisions.get(&outer.address)?;
            let is_lost = room::is_lost(decision.change.action, decision.recorded.as_deref(), outer, argument);
            is_lost.then_some(put)
        };
        let written = self.puts.iter().filter_map(|(at, put)| {
            let resource = stack.resources.get(*at)?;
            Some((outer(stack.by_id(&resource.parent()?), resource.kind)?, *put))
        });
        let deleted = self.taken().into_iter().filter_map(|(at, old, take)| {
            let kind = kind_of(stack.catalog(), at, old)?;
            Some((outer(stack.by_id(&kind.grammar().parent(&old.id)?), kind)?, take))
        });
        for (last, inner) in written.chain(deleted).collect::<Vec<_>>() {
            if let Some(step) = self.steps.get_mut(inner.index()) {
                step.needs.retain(|need| *need != last);
            }
            let (first, then) = if self.waits_for(inner, last) { (last, inner) } else { (inner, last) };
            self.need(then, vec![first]);
        }
    }

    /// Addresses leave a range before it changes, unless they can only do so later; then the cloud decides.
    fn empty(&mut self) {
        let (stack, decisions) = (self.stack, self.decisions);
        let changing = self.puts.iter().filter_map(|(at, put)| {
            let (resource, decision) = (stack.resources.get(*at)?, decisions.get(*at)?);
            held_argument(resource, decision).map(|_| (resource.id.folded(), *put))
        });
        let changing: HashMap<String, StepId> = changing.collect();
        for (at, user) in decisions.iter().filter(|_| !changing.is_empty()) {
            let Some(old) = &user.recorded else { continue };
            let Some(leaves) = self.takes.get(at).or_else(|| self.puts.get(at)).copied() else { continue };
            let used = kind_of(stack.catalog(), at, old).map(|kind| referred(kind, &old.arguments)).unwrap_or_default();
            for put in used.iter().filter_map(|id| changing.get(id)).copied() {
                if !self.waits_for(leaves, put) {
                    self.need(put, vec![leaves]);
                }
            }
        }
    }

    /// A source changes what its replica holds only once the replica is deleted.
    fn release(&mut self) {
        for (at, old, take) in self.taken() {
            let Some((source, holds)) = holds(self.stack.catalog(), at, old) else { continue };
            let Some(source) = self.stack.by_id(&source).map(|source| &source.address) else { continue };
            let mut changes = self.decisions.get(source).into_iter().flat_map(|decision| &decision.change.arguments);
            let is_held = changes.any(|one| holds.iter().any(|(name, _)| *name == top(&one.path)));
            if let Some(put) = self.puts.get(source).copied().filter(|put| is_held && !self.waits_for(take, *put)) {
                self.need(put, vec![take]);
            }
        }
    }

    /// A resource takes the value of another one that changes only once that has given it away. Where two exchange
    /// their values, the write of the first one moves the other to a free value.
    fn hand_over(&mut self) {
        let (stack, decisions) = (self.stack, self.decisions);
        let puts: Vec<_> = self.puts.iter().filter_map(|(at, put)| Some((stack.resources.get(*at)?, *put))).collect();
        let mut given: HashMap<String, Vec<_>> = HashMap::new();
        for (resource, put) in &puts {
            let decision = decisions.get(&resource.address);
            let old = decision.filter(|decision| decision.change.action == Action::Update);
            let Some(old) = old.and_then(|decision| decision.recorded.as_deref()) else { continue };
            for key in resource.kind.contended(&old.id, &old.arguments) {
                given.entry(key).or_default().push((*resource, old, *put));
            }
        }
        for (resource, put) in puts.iter().filter(|_| !given.is_empty()) {
            let args = resource.known_arguments();
            let keys = resource.kind.contended(&resource.id, &args);
            for (other, old, gives) in keys.iter().filter_map(|key| given.get(key)).flatten() {
                let takes = || resource.kind.excludes(holder(resource, &args), other.kind, recorded_holder(old));
                if other.address != resource.address && takes() && !self.waits_for(*gives, *put) {
                    self.need(*put, vec![*gives]);
                }
            }
        }
    }

    /// Locks are created after everything in their scope, and deleted before it, unless `depends_on` sets another
    /// order.
    fn guard(&mut self) {
        let stack = self.stack;
        let within = |scope: &ObjectId, objects: &[Object]| {
            objects.iter().any(|object| *scope == object.id || scope.contains(&object.id))
        };
        let puts: Vec<_> = self.puts.iter().filter_map(|(at, put)| Some((stack.resources.get(*at)?, *put))).collect();
        let takes = self.taken();
        let guards = |at: &Address, old: &Recorded| kind_of(stack.catalog(), at, old).is_some_and(|kind| kind.guards);
        for (guard, put) in puts.iter().filter(|(resource, _)| resource.kind.guards) {
            let Some(scope) = guard.scope() else { continue };
            let inner = puts.iter().filter(|(other, _)| !other.kind.guards && within(&scope, &other.objects));
            let gone = takes.iter().filter(|(at, old, _)| !guards(at, old) && within(&scope, &old.objects));
            for other in inner.map(|(_, put)| *put).chain(gone.map(|(.., take)| *take)) {
                if !self.waits_for(other, *put) {
                    self.need(*put, vec![other]);
                }
            }
        }
        for (_, guard, take) in takes.iter().filter(|(at, old, _)| guards(at, old)) {
            let Some(scope) = stack.catalog().scope(&guard.id) else { continue };
            let inner = takes.iter().filter(|(at, old, _)| !guards(at, old) && within(&scope, &old.objects));
            for (.., other) in inner {
                if !self.waits_for(*take, *other) {
                    self.need(*other, vec![*take]);
                }
            }
        }
    }

    /// Each deletion: the recorded address, the record, and the step.
    fn taken(&self) -> Vec<(&'a Address, &'a Recorded, StepId)> {
        let decisions = self.decisions;
        let old = |at: &Address| decisions.get(at)?.recorded.as_deref();
        self.takes.iter().filter_map(|(at, take)| Some((*at, old(at)?, *take))).collect()
    }

    /// The object that a step deletes.
    fn doomed(&self, take: StepId) -> Option<&Recorded> {
        match &self.steps.get(take.index())?.act {
            Act::Delete(old) => Some(old),
            _ => None,
        }
    }

    /// True if a step waits for another, directly or through others.
    fn waits_for(&self, step: StepId, other: StepId) -> bool {
        let mut seen = BTreeSet::new();
        let mut open = vec![step];
        while let Some(at) = open.pop() {
            if at == other {
                return true;
            }
            if seen.insert(at) {
                open.extend(self.steps.get(at.0 as usize).into_iter().flat_map(|step| &step.needs));
            }
        }
        false
    }

    /// The deletions of the old object's dependencies, whether deleted now or set aside by an earlier run.
    fn takes_needed(&self, decision: &Decision) -> Vec<StepId> {
        let needs = decision.recorded.iter().flat_map(|old| &old.needs);
        needs
            .flat_map(|need| [need.clone(), need.replaced()])
            .filter_map(|need| self.takes.get(&need).copied())
            .collect()
    }

    fn need(&mut self, step: StepId, needs: Vec<StepId>) {
        if let Some(found) = self.steps.get_mut(step.0 as usize) {
            found.needs.extend(needs.into_iter().filter(|need| *need != step));
        }
    }

    /// The deletions, by the exclusive names and ranges that they free.
    fn old_ids(&self) -> HashMap<String, Vec<StepId>> {
        let mut freed: HashMap<String, Vec<StepId>> = HashMap::new();
        for (address, step) in &self.takes {
            let Some(old) = self.decisions.get(*address).and_then(|decision| decision.recorded.as_deref()) else {
                continue;
            };
            let Some(kind) = kind_of(self.stack.catalog(), address, old) else { continue };
            freed.entry(freed_key(kind, &old.id, &old.name)).or_default().push(*step);
        }
        freed
    }
}

/// The regions that a write of this resource touches.
pub fn touches(resource: &Resource) -> Vec<Touch> {
    let own = Touch::new(&resource.location, "the resource");
    if resource.metadata_location.eq_ignore_ascii_case(&resource.location) {
        return vec![own];
    }
    vec![own, Touch::new(&resource.metadata_location, "its resource group's metadata")]
}

/// The exclusive names and ranges that a resource takes.
pub(super) fn key(resource: &Resource) -> String {
    freed_key(resource.kind, &resource.id, &resource.name)
}

/// The exclusive names of an object of this kind: its id, or a globally unique name.
pub(super) fn freed_key(kind: &Kind, id: &ObjectId, name: &str) -> String {
    match kind.names.unique {
        NameScope::Globally => format!("{} {}", kind.type_.name, name.to_ascii_lowercase()),
        NameScope::InParent => id.folded(),
    }
}

/// The keys that a write of this resource shares with writes that must not run at the same time.
pub fn serial_words(resource: &Resource) -> Vec<String> {
    words(resource.kind, &resource.id, &resource.known_arguments())
}

/// The keys of a promotion. No source says that one server moves several replicas at the same time, so that it moves
/// one after the other even where their writes do not wait for each other.
pub fn promotion_words(resource: &Resource) -> Vec<String> {
    match resource.kind.serial {
        Serial::Beside => vec![root(resource.kind, &resource.id)],
        Serial::No | Serial::Root | Serial::On(_) => serial_words(resource),
    }
}

/// The keys on which a write must be alone: the outermost object that contains it, or those given by an argument.
pub fn words(kind: &Kind, id: &ObjectId, args: &serde_json::Map<String, Value>) -> Vec<String> {
    match kind.serial {
        // The outermost object itself must not be written at the same time as its parts.
        Serial::No if matches!(kind.place, Place::Group | Place::Root(_) | Place::Beside(..)) => vec![root(kind, id)],
        // The write of the parent comes first, since its children depend on it.
        Serial::No | Serial::Beside => Vec::new(),
        Serial::Root => vec![root(kind, id)],
        Serial::On(argument) => {
            let ids = match args.get(argument) {
                Some(Value::Array(items)) => items.iter().filter_map(Value::as_str).collect(),
                Some(Value::String(one)) => vec![one.as_str()],
                _ => Vec::new(),
            };
            ids.into_iter().map(|id| root(kind, &ObjectId::new(id))).collect::<BTreeSet<_>>().into_iter().collect()
        }
    }
}

/// The outermost object of an id, as a key.
fn root(kind: &Kind, id: &ObjectId) -> String {
    kind.grammar().root(id).folded()
}
