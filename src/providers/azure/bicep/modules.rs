//! Division into modules: one for each resource group, and more if two groups depend on parts of each other.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use indexmap::IndexMap;

use super::code::{Code, ResourceRef, Symbol};
use super::emitter::{BicepEmitter, camel, is_group, is_own, labelled};
use super::nodes::BicepNode;
use crate::address::Address;
use crate::emit::names::caseless;
use crate::object::ObjectId;

/// Maximum resources of a template (source: Bicep's rule `max-resources`).
const MOST: usize = 800;

/// A set of resources that is deployed together.
#[derive(Debug, Clone)]
pub(super) struct Module {
    /// Name; empty for a resource of `main.bicep` itself.
    pub name: String,
    /// Resource group; `None` for the subscription.
    pub group: Option<ObjectId>,
    pub failover: bool,
    /// Its resources, each after its dependencies.
    pub nodes: Vec<usize>,
    /// Modules that come before it.
    pub after: BTreeSet<usize>,
    /// Names of the modules that a further module of a resource group waits for.
    pub waits_for: Vec<String>,
}

/// Nodes, with the position of each resource of the stack.
pub(super) struct BicepIndex {
    pub nodes: Vec<BicepNode>,
    /// Node of an object, and its index in that node's loop.
    of: HashMap<(Address, usize), (usize, usize)>,
    /// Nodes that are loops, by block and object.
    loops: HashMap<(Address, usize), usize>,
    /// All nodes of a resource.
    all: HashMap<Address, Vec<usize>>,
}

impl BicepIndex {
    pub fn new(emitter: &BicepEmitter<'_>, nodes: Vec<BicepNode>) -> Self {
        let mut of = HashMap::new();
        let mut loops = HashMap::new();
        let mut all: HashMap<Address, Vec<usize>> = HashMap::new();
        for (at, node) in nodes.iter().enumerate() {
            if let Some(first) = node.instances.first().filter(|_| node.each.is_some()) {
                loops.insert((first.block(), node.object), at);
            }
            for (place, address) in node.instances.iter().enumerate() {
                of.insert((address.clone(), node.object), (at, place));
                all.entry(address.clone()).or_default().push(at);
            }
        }
        for resource in emitter.stack.resources.values().filter(|resource| is_own(resource)) {
            for object in &resource.objects {
                let owner = emitter.symbol(&object.id).and_then(|symbol| match symbol.which {
                    ResourceRef::One(address) => of.get(&(address, symbol.object)),
                    ResourceRef::Same(..) => None,
                });
                let known = all.entry(resource.address.clone()).or_default();
                if let Some((node, _)) = owner
                    && !known.contains(node)
                {
                    known.push(*node);
                }
            }
        }
        Self { nodes, of, loops, all }
    }

    /// Nodes of a resource: one for each of its objects.
    pub fn of_resource(&self, address: &Address) -> &[usize] {
        self.all.get(address).map_or(&[], Vec::as_slice)
    }

    /// Node of one object, and its index in that node's loop.
    pub fn one(&self, address: &Address, object: usize) -> Option<(usize, usize)> {
        self.of.get(&(address.clone(), object)).copied()
    }

    /// Node of a symbol, and its index if it is one of several.
    pub fn node(&self, symbol: &Symbol) -> Option<(usize, Option<usize>)> {
        match &symbol.which {
            ResourceRef::One(address) => {
                let (node, place) = self.one(address, symbol.object)?;
                Some((node, self.nodes[node].each.map(|_| place)))
            }
            ResourceRef::Same(block, _) => Some((self.loops.get(&(block.clone(), symbol.object)).copied()?, None)),
        }
    }

    /// Dependencies of a node, without resource groups.
    pub fn needs(&self, emitter: &BicepEmitter<'_>, at: usize) -> BTreeSet<usize> {
        let node = &self.nodes[at];
        let mut out: BTreeSet<usize> =
            node.needs.iter().filter_map(|one| self.all.get(one)).flatten().copied().collect();
        out.extend(self.refers(at));
        out.retain(|other| *other != at && !self.is_group(emitter, *other));
        out
    }

    /// Nodes that the text of one refers to. A failover-only one counts only if more than its name is read.
    pub fn refers(&self, at: usize) -> BTreeSet<usize> {
        let node = &self.nodes[at];
        let mut times: BTreeMap<usize, usize> = BTreeMap::new();
        let mut by_name: BTreeMap<usize, usize> = BTreeMap::new();
        for code in node.parent.iter().chain(&node.scope).chain([&node.name, &node.body]) {
            code.visit(&mut |part| match part {
                Code::Resource(symbol) => {
                    if let Some((node, _)) = self.node(symbol) {
                        *times.entry(node).or_default() += 1;
                    }
                }
                Code::Get(of, name) if name == "name" => {
                    if let Code::Resource(symbol) = &**of
                        && let Some((node, _)) = self.node(symbol).filter(|(node, _)| self.nodes[*node].at_rest)
                    {
                        *by_name.entry(node).or_default() += 1;
                    }
                }
                _ => {}
            });
        }
        times.retain(|node, times| by_name.get(node) != Some(times));
        times.into_keys().collect()
    }

    pub fn is_group(&self, emitter: &BicepEmitter<'_>, at: usize) -> bool {
        let first = self.nodes[at].instances.first().and_then(|one| emitter.stack.resources.get(one));
        first.is_some_and(is_group)
    }
}

/// Key of a module: resource group, failover-only, last.
type ModuleKey = (Option<ObjectId>, bool, bool);

/// Resources by the key of their module.
type ModuleShare = (ModuleKey, Vec<usize>);

/// Division in progress.
struct Division<'d, 'a> {
    emitter: &'d BicepEmitter<'a>,
    index: &'d BicepIndex,
    needs: HashMap<usize, BTreeSet<usize>>,
    module_of: HashMap<usize, usize>,
    modules: Vec<Module>,
    /// Names of modules as symbols, in lower case.
    names: BTreeSet<String>,
}

/// Modules, each after its dependencies.
pub(super) fn modules(emitter: &BicepEmitter<'_>, index: &BicepIndex) -> Vec<Module> {
    let mut left: Vec<usize> = (0..index.nodes.len()).filter(|at| !index.is_group(emitter, *at)).collect();
    let mut needs: HashMap<usize, BTreeSet<usize>> = left.iter().map(|at| (*at, index.needs(emitter, *at))).collect();
    // A lock comes after everything in its resource group.
    for at in left.iter().filter(|at| index.nodes[**at].last) {
        let is_guarded = |other: &&usize| {
            let (other, guard) = (&index.nodes[**other], &index.nodes[*at]);
            other.group == guard.group && !other.last
        };
        needs.entry(*at).or_default().extend(left.iter().filter(is_guarded));
    }
    left = in_order(&left, &needs);
    let (module_of, names) = (HashMap::new(), BTreeSet::new());
    let mut dealing = Division { emitter, index, needs, module_of, modules: Vec::new(), names };
    while !left.is_empty() {
        for (key, nodes) in dealing.next(&left) {
            dealing.take(key, nodes);
        }
        left.retain(|at| !dealing.module_of.contains_key(at));
    }
    dealing.order();
    dealing.modules
}

impl Division<'_, '_> {
    fn key(&self, at: usize) -> ModuleKey {
        let node = &self.index.nodes[at];
        (node.group.clone(), node.failover, node.last)
    }

    /// Resources that can be a module now: all complete shares, or else the largest part of one.
    fn next(&self, left: &[usize]) -> Vec<ModuleShare> {
        let mut ready: IndexMap<ModuleKey, (Vec<usize>, usize)> = IndexMap::new();
        let mut taken: HashMap<usize, ModuleKey> = HashMap::new();
        let mut total: HashMap<ModuleKey, usize> = HashMap::new();
        for at in left {
            let key = self.key(*at);
            *total.entry(key.clone()).or_default() += 1;
            let (nodes, size) = ready.entry(key.clone()).or_default();
            let is_there = |need: &usize| self.module_of.contains_key(need) || taken.get(need) == Some(&key);
            if *size < MOST && self.needs.get(at).is_none_or(|needs| needs.iter().all(is_there)) {
                *size += self.index.nodes[*at].instances.len();
                nodes.push(*at);
                taken.insert(*at, key);
            }
        }
        let mut shares: Vec<ModuleShare> = ready.into_iter().map(|(key, (nodes, _))| (key, nodes)).collect();
        if shares.iter().any(|(key, nodes)| total.get(key) == Some(&nodes.len())) {
            shares.retain(|(key, nodes)| total.get(key) == Some(&nodes.len()));
            return shares;
        }
        let largest = shares.into_iter().rev().max_by_key(|(_, nodes)| nodes.len());
        match (largest.filter(|(_, nodes)| !nodes.is_empty()), left.first()) {
            (Some(largest), _) => vec![largest],
            // Resources that depend on each other through their bodies are taken in order.
            (None, Some(first)) => vec![(self.key(*first), vec![*first])],
            (None, None) => Vec::new(),
        }
    }

    /// The name of a module: that of its resource group; that of a further one says what is in it.
    fn named(&mut self, (group, failover, last): &ModuleKey, nodes: &[usize]) -> String {
        let resource = group.as_ref().and_then(|group| self.emitter.stack.by_id(group));
        let of_group = match resource {
            Some(resource) => labelled(&resource.address),
            None => group.as_ref().map_or("main", |group| group.name()).to_owned(),
        };
        let always = resource.is_none_or(|one| one.presence == crate::stack::Presence::Permanent);
        let meanwhile = if *failover && always { "-failover" } else { "" };
        let locks = if *last { "-locks" } else { "" };
        let name: String = of_group
            .chars()
            .map(|c| if c.is_ascii_alphanumeric() || c == '-' { c } else { '-' })
            .chain(meanwhile.chars())
            .chain(locks.chars())
            .collect();
        let of = |at: &usize| &self.index.nodes[*at];
        let services = |at: &usize| of(at).type_.split(['.', '/']).nth(1).unwrap_or_default().to_ascii_lowercase();
        let mut times: IndexMap<String, usize> = IndexMap::new();
        nodes.iter().for_each(|at| *times.entry(services(at)).or_default() += 1);
        // Networks and roles are everywhere, so that anything else says more.
        let says = |service: &str| !matches!(service, "network" | "authorization" | "managedidentity");
        let most = times.iter().rev().max_by_key(|(service, times)| (says(service), **times));
        let most = most.map(|(service, _)| service.clone());
        let service = format!("{name}-{}", most.unwrap_or_default());
        let kinds = nodes.iter().filter_map(|at| Some(of(at).instances.first()?.kind().replace('_', "-")));
        let kinds = kinds.map(|kind| format!("{name}-{kind}"));
        let numbered = (2_u32..).map(|number| format!("{service}-{number}"));
        let mut all = [name.clone(), service.clone()].into_iter().chain(kinds).chain(numbered);
        all.find(|name| self.names.insert(caseless(&camel(name)))).unwrap_or_default()
    }

    /// Turns a share into a module. Resources of the subscription itself go to the main file, one by one.
    fn take(&mut self, key: ModuleKey, nodes: Vec<usize>) {
        let name = if key.0.is_some() { self.named(&key, &nodes) } else { String::new() };
        let (group, failover, _) = key;
        let shares = if group.is_some() { vec![nodes] } else { nodes.into_iter().map(|node| vec![node]).collect() };
        for nodes in shares {
            self.module_of.extend(nodes.iter().map(|at| (*at, self.modules.len())));
            let (name, group) = (name.clone(), group.clone());
            self.modules.push(Module { name, group, failover, nodes, after: BTreeSet::new(), waits_for: Vec::new() });
        }
    }

    /// Sets the predecessors of each module, and the reason for further modules.
    fn order(&mut self) {
        for (at, module) in self.modules.iter_mut().enumerate() {
            let needed = module.nodes.iter().filter_map(|node| self.needs.get(node)).flatten();
            let before = needed.filter_map(|need| self.module_of.get(need).copied());
            module.after = before.filter(|other| *other < at).collect();
        }
        for at in 0..self.modules.len() {
            let (before, of) = (&self.modules[..at], &self.modules[at]);
            let is_later = before.iter().any(|other| other.group == of.group && other.failover == of.failover);
            let is_last = of.nodes.iter().all(|node| self.index.nodes[*node].last);
            let others = of.after.iter().map(|other| &before[*other]).filter(|other| other.group != of.group);
            let names = others.map(|other| other.name.clone()).filter(|name| !name.is_empty());
            self.modules[at].waits_for = if is_later && !is_last { names.collect() } else { Vec::new() };
        }
        let all: Vec<BTreeSet<usize>> = self.modules.iter().map(|module| module.after.clone()).collect();
        for module in &mut self.modules {
            // Predecessors of a predecessor are implied.
            let through: BTreeSet<usize> = module.after.iter().flat_map(|before| closure(&all, *before)).collect();
            module.after.retain(|before| !through.contains(before));
        }
    }
}

/// Each after its dependencies, otherwise in order. A cycle is cut where it is met.
fn in_order(all: &[usize], needs: &HashMap<usize, BTreeSet<usize>>) -> Vec<usize> {
    let mut out = Vec::with_capacity(all.len());
    let mut seen: HashSet<usize> = HashSet::new();
    for first in all {
        // A node is left once all its dependencies are placed.
        let mut open = vec![(*first, false)];
        while let Some((at, is_left)) = open.pop() {
            if is_left {
                out.push(at);
            } else if seen.insert(at) {
                open.push((at, true));
                open.extend(
                    needs
                        .get(&at)
                        .into_iter()
                        .flatten()
                        .rev()
                        .filter(|one| !seen.contains(one))
                        .map(|one| (*one, false)),
                );
            }
        }
    }
    out
}

/// All predecessors of one, at any distance.
fn closure(after: &[BTreeSet<usize>], at: usize) -> BTreeSet<usize> {
    let mut out = BTreeSet::new();
    let mut open: Vec<usize> = after[at].iter().copied().collect();
    while let Some(one) = open.pop() {
        if out.insert(one) {
            open.extend(&after[one]);
        }
    }
    out
}
