//! Resources into modules: one for each resource group, and more where two groups need parts of each other.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use indexmap::IndexMap;

use super::code::{Code, Symbol, Which};
use super::emitter::{Emitter, camel, is_group, labelled};
use super::nodes::Node;
use crate::address::{Address, ArmId};

/// How many resources a template may have (source: Bicep's rule `max-resources`).
const MOST: usize = 800;

/// What is deployed together.
#[derive(Debug, Clone)]
pub(super) struct Module {
    /// Its name; empty for a resource that stands in `main.bicep` itself.
    pub name: String,
    /// The resource group; `None`: the subscription.
    pub group: Option<ArmId>,
    pub failover: bool,
    /// Its resources, each after what it needs.
    pub nodes: Vec<usize>,
    /// The modules that come before it.
    pub after: BTreeSet<usize>,
    /// For what of a resource group comes after its first module: the names of the modules that it waits for.
    pub waits_for: Vec<String>,
}

/// Resources, and where each resource of the stack is among them.
pub(super) struct Index {
    pub nodes: Vec<Node>,
    /// An object of a resource: its node, and its place in that node's loop.
    of: HashMap<(Address, usize), (usize, usize)>,
    /// The nodes that are loops: by their block and object.
    loops: HashMap<(Address, usize), usize>,
    /// All nodes that a resource is in.
    all: HashMap<Address, Vec<usize>>,
}

impl Index {
    pub fn new(emitter: &Emitter<'_>, nodes: Vec<Node>) -> Self {
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
        for resource in emitter.stack.resources.values() {
            for object in resource.objects.iter().filter(|object| object.within.is_some()) {
                let owner = emitter.symbol(&object.id).and_then(|symbol| match symbol.which {
                    Which::One(address) => of.get(&(address, symbol.object)),
                    Which::Same(..) => None,
                });
                all.entry(resource.address.clone()).or_default().extend(owner.map(|(node, _)| *node));
            }
        }
        Self { nodes, of, loops, all }
    }

    /// The node of one object, and its place in that node's loop.
    pub fn one(&self, address: &Address, object: usize) -> Option<(usize, usize)> {
        self.of.get(&(address.clone(), object)).copied()
    }

    /// The node that a symbol stands for, and the place where it stands for one of several.
    pub fn node(&self, symbol: &Symbol) -> Option<(usize, Option<usize>)> {
        match &symbol.which {
            Which::One(address) => {
                let (node, place) = self.one(address, symbol.object)?;
                Some((node, self.nodes[node].each.map(|_| place)))
            }
            Which::Same(block, _) => Some((self.loops.get(&(block.clone(), symbol.object)).copied()?, None)),
        }
    }

    /// The nodes that one needs, beside resource groups.
    pub fn needs(&self, emitter: &Emitter<'_>, at: usize) -> BTreeSet<usize> {
        let node = &self.nodes[at];
        let mut out: BTreeSet<usize> =
            node.needs.iter().filter_map(|one| self.all.get(one)).flatten().copied().collect();
        out.extend(self.refers(at));
        out.retain(|other| *other != at && !self.is_group(emitter, *other));
        out
    }

    /// The nodes that the text of one names. What may not be there is named by its symbol only where more than its name is read.
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

    pub fn is_group(&self, emitter: &Emitter<'_>, at: usize) -> bool {
        let first = self.nodes[at].instances.first().and_then(|one| emitter.stack.resources.get(one));
        first.is_some_and(is_group)
    }
}

/// What is deployed together: resource group, whether during a failover only, whether last.
type Key = (Option<ArmId>, bool, bool);

/// What is deployed together, and its resources.
type Share = (Key, Vec<usize>);

/// Resources that are being dealt out.
struct Dealing<'d, 'a> {
    emitter: &'d Emitter<'a>,
    index: &'d Index,
    needs: HashMap<usize, BTreeSet<usize>>,
    module_of: HashMap<usize, usize>,
    modules: Vec<Module>,
    names: BTreeMap<String, usize>,
}

/// The modules, each after those it needs.
pub(super) fn modules(emitter: &Emitter<'_>, index: &Index) -> Vec<Module> {
    let mut left: Vec<usize> = (0..index.nodes.len()).filter(|at| !index.is_group(emitter, *at)).collect();
    let mut needs: HashMap<usize, BTreeSet<usize>> = left.iter().map(|at| (*at, index.needs(emitter, *at))).collect();
    // What guards a resource group comes after all that is in it.
    for at in left.iter().filter(|at| index.nodes[**at].last) {
        let is_guarded = |other: &&usize| {
            let (other, guard) = (&index.nodes[**other], &index.nodes[*at]);
            other.group == guard.group && !other.last
        };
        needs.entry(*at).or_default().extend(left.iter().filter(is_guarded));
    }
    left = in_order(&left, &needs);
    let (module_of, names) = (HashMap::new(), BTreeMap::new());
    let mut dealing = Dealing { emitter, index, needs, module_of, modules: Vec::new(), names };
    while !left.is_empty() {
        for (key, nodes) in dealing.next(&left) {
            dealing.take(key, nodes);
        }
        left.retain(|at| !dealing.module_of.contains_key(at));
    }
    dealing.order();
    dealing.modules
}

impl Dealing<'_, '_> {
    fn key(&self, at: usize) -> Key {
        let node = &self.index.nodes[at];
        (node.group.clone(), node.failover, node.last)
    }

    /// What can be a module now: all shares that are whole, or else the largest part of one.
    fn next(&self, left: &[usize]) -> Vec<Share> {
        let mut ready: IndexMap<Key, (Vec<usize>, usize)> = IndexMap::new();
        let mut taken: HashMap<usize, Key> = HashMap::new();
        let mut total: HashMap<Key, usize> = HashMap::new();
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
        let mut shares: Vec<Share> = ready.into_iter().map(|(key, (nodes, _))| (key, nodes)).collect();
        if shares.iter().any(|(key, nodes)| total.get(key) == Some(&nodes.len())) {
            shares.retain(|(key, nodes)| total.get(key) == Some(&nodes.len()));
            return shares;
        }
        let largest = shares.into_iter().rev().max_by_key(|(_, nodes)| nodes.len());
        match (largest.filter(|(_, nodes)| !nodes.is_empty()), left.first()) {
            (Some(largest), _) => vec![largest],
            // Resources that go in a circle through bodies of one another: they are taken as they come.
            (None, Some(first)) => vec![(self.key(*first), vec![*first])],
            (None, None) => Vec::new(),
        }
    }

    /// Makes a module of a share. What is of the subscription itself stands in the main file, each by itself.
    fn take(&mut self, key: Key, nodes: Vec<usize>) {
        let name = if key.0.is_some() { named(self.emitter, &key, &mut self.names) } else { String::new() };
        let (group, failover, _) = key;
        let shares = if group.is_some() { vec![nodes] } else { nodes.into_iter().map(|node| vec![node]).collect() };
        for nodes in shares {
            self.module_of.extend(nodes.iter().map(|at| (*at, self.modules.len())));
            let (name, group) = (name.clone(), group.clone());
            self.modules.push(Module { name, group, failover, nodes, after: BTreeSet::new(), waits_for: Vec::new() });
        }
    }

    /// Notes what each module comes after, and why some are apart.
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
            // What one that comes before it waits for already needs no second word.
            let through: BTreeSet<usize> = module.after.iter().flat_map(|before| closure(&all, *before)).collect();
            module.after.retain(|before| !through.contains(before));
        }
    }
}

/// Each after what it needs, else as they come. What goes in a circle comes where it is met.
fn in_order(all: &[usize], needs: &HashMap<usize, BTreeSet<usize>>) -> Vec<usize> {
    let mut out = Vec::with_capacity(all.len());
    let mut seen: HashSet<usize> = HashSet::new();
    for first in all {
        // A node is entered, and left once all that it needs is there.
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

/// All that come before one, at any distance.
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

fn named(emitter: &Emitter<'_>, (group, failover, last): &Key, names: &mut BTreeMap<String, usize>) -> String {
    let resource = group.as_ref().and_then(|group| emitter.stack.by_id(group));
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
    let number = names.entry(camel(&name)).and_modify(|number| *number += 1).or_insert(1);
    if *number == 1 { name } else { format!("{name}-{number}") }
}
