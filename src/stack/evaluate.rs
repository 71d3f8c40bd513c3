//! A program to a stack: everything evaluated in the order of dependencies.

use std::cell::RefCell;
use std::collections::hash_map::Entry;
use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::Arc;

use indexmap::IndexMap;

use crate::account::{Account, Accounts, Realm};
use crate::address::Address;
use crate::diagnostic::{Diagnostic, Diagnostics};
use crate::hcl;
use crate::hcl::eval::{Budget, DEPENDENCY_WORK};
use crate::kinds::{Catalog, NameScope, Owners, Place, with_article};
use crate::object::ObjectId;
use crate::stack::block::Instance;
use crate::stack::faults::unsupported;
use crate::stack::program::{Definition, Program};
use crate::stack::read::MAX_RESOURCES;
use crate::stack::realms;
use crate::stack::scope::{BlockScope, Facts, FaultyResource, Instances, Locals};
use crate::stack::{
    CloudName, FailoverGroup, Knowledge, Output, Presence, Resource, Site, Stack, backups, block, group,
    instance_errors, near, settings, siblings,
};
use crate::value::{Map, Value};

impl Program {
    /// Evaluates everything, as far as the known attributes allow.
    ///
    /// # Errors
    /// All errors.
    pub fn evaluate(self: &Arc<Self>, knowledge: &Knowledge) -> Result<(Stack, Diagnostics), Diagnostics> {
        match self.evaluate_all(knowledge) {
            (Some(stack), found) => found.into_result(stack),
            (None, found) => Err(found),
        }
    }

    /// The accounts of the stack: those that its `provider` blocks name, and else those of the session.
    pub fn accounts(&self) -> Accounts {
        let knowledge = Knowledge::default();
        realms::read(&StackEvaluation::default().facts(self, &knowledge), &mut Diagnostics::new()).0
    }

    /// Evaluates everything in spite of errors: the stack is then incomplete, and serves only to be checked for more
    /// of them. `None` if the text could not be read or the stack is too large.
    pub fn evaluate_all(self: &Arc<Self>, knowledge: &Knowledge) -> (Option<Stack>, Diagnostics) {
        self.evaluate_within(knowledge, &Budget::default())
    }

    /// The same within this budget, which tells afterwards how much work it was.
    pub fn evaluate_within(self: &Arc<Self>, knowledge: &Knowledge, budget: &Budget) -> (Option<Stack>, Diagnostics) {
        let mut found = Diagnostics::new();
        if !self.readable {
            return (None, found);
        }
        let locals = RefCell::new(Locals { budget: budget.clone(), ..Locals::default() });
        let mut evaluated = StackEvaluation { locals, ..StackEvaluation::default() };
        let settings = settings::read(&evaluated.facts(self, knowledge), &mut found);
        evaluated.tags = settings.tags;
        let (accounts, account_blocks) = realms::read(&evaluated.facts(self, knowledge), &mut found);
        evaluated.accounts = accounts;
        evaluated.sites = settings::sites(&evaluated.facts(self, knowledge), &mut found);
        let of_backups = backups::instances(&evaluated.facts(self, knowledge), &mut found);
        evaluated.instances.extend(of_backups);
        for (address, definition) in &self.definitions {
            evaluated.definition(self, knowledge, address, definition, &mut found);
            if evaluated.resources.len() > MAX_RESOURCES {
                found.push(block::too_many_resources(definition.block.header));
                return (None, found);
            }
            if evaluated.is_spent() || found.is_full() {
                return (None, evaluated.given_up(self, found));
            }
        }
        let facts = evaluated.facts(self, knowledge);
        // Blocks that cannot be used, because of their labels: their other errors are reported, too.
        for (address, definition) in &self.unused {
            block::instances(address, definition, &facts, &mut found);
        }
        let outputs = outputs(self, &facts, &mut found);
        let backups = backups::read_all(&facts, &mut found);
        let failover_groups = group::read_all(self, &facts, &backups, &mut found);
        // Unused locals are evaluated, too: their errors should not wait for the first use.
        self.locals.keys().for_each(|name| facts.touch_local(name));
        let extra = completed_first(&evaluated.resources, &facts.budget());
        if evaluated.is_spent() {
            return (None, evaluated.given_up(self, found));
        }
        let StackEvaluation { mut resources, instances, faulty, by_id, locals, sites, accounts, tags, names: _ } =
            evaluated;
        found.extend(locals.into_inner().found);
        for (address, more) in extra {
            if let Some(resource) = resources.get_mut(&address) {
                resource.needs.extend(more);
                resource.needs.sort();
                resource.needs.dedup();
            }
        }
        near::check(self, &resources, &by_id, &mut found);
        siblings::check(self, &resources, &mut found);
        found.sort();
        let stack = Stack {
            name: self.name().to_owned(),
            description: settings.description,
            objectives: settings.objectives,
            residency: settings.residency,
            cloud: settings.cloud.unwrap_or(CloudName::Local),
            accepted: settings.accepted,
            sites,
            resources,
            backups,
            failover_groups,
            outputs,
            variables: self.variables.clone(),
            digest: self.digest.clone(),
            account: first_account(self.catalog, &accounts),
            accounts,
            account_blocks,
            by_id,
            instances,
            faulty,
            program: Arc::clone(self),
            tags,
            copies: None,
            pinned: BTreeMap::new(),
        };
        (Some(stack), found)
    }
}

/// The account that sites of the first provider have without naming one.
fn first_account(catalog: &Catalog, accounts: &Accounts) -> Account {
    let first = catalog.providers().next().and_then(|first| accounts.get(&Realm::of(first.name)));
    first.cloned().unwrap_or_else(|| Account::new("", ""))
}

#[derive(Default)]
struct StackEvaluation {
    accounts: Accounts,
    sites: IndexMap<Arc<str>, Site>,
    resources: IndexMap<Address, Resource>,
    instances: HashMap<Address, Instances>,
    faulty: HashMap<Address, FaultyResource>,
    by_id: HashMap<ObjectId, Address>,
    locals: RefCell<Locals>,
    tags: Map,
    /// Type and lower-case name of resources whose name must be unique among all accounts of the provider.
    names: HashMap<(&'static str, String), Address>,
}

impl StackEvaluation {
    fn is_spent(&self) -> bool {
        self.locals.borrow().budget.is_spent()
    }

    /// The errors of a stack that takes too much work, or that has more errors than are shown.
    fn given_up(self, program: &Program, found: Diagnostics) -> Diagnostics {
        whole(found, self.locals, program)
    }

    fn facts<'a>(&'a self, program: &'a Program, knowledge: &'a Knowledge) -> Facts<'a> {
        Facts {
            program,
            knowledge,
            accounts: &self.accounts,
            sites: &self.sites,
            resources: &self.resources,
            instances: &self.instances,
            faulty: &self.faulty,
            by_id: &self.by_id,
            locals: &self.locals,
            tags: &self.tags,
            copies: None,
        }
    }

    fn definition(
        &mut self,
        program: &Program,
        knowledge: &Knowledge,
        address: &Address,
        definition: &Definition,
        found: &mut Diagnostics,
    ) {
        let facts = self.facts(program, knowledge);
        let Some((instances, all)) = block::instances(address, definition, &facts, found) else { return };
        self.instances.insert(address.clone(), instances);
        let mut collisions = Collisions::default();
        for Instance { address, resource, faulty } in all {
            if let Some(faulty) = faulty {
                self.faulty.insert(address, faulty);
            }
            if let Some(resource) = resource {
                self.insert(resource, &mut collisions);
            }
        }
        found.extend(collisions.diagnostics());
    }

    fn insert(&mut self, resource: Resource, collisions: &mut Collisions) {
        // Properties of another object have that one's id, which stays that one's.
        if !resource.kind.place.is_property() {
            if let Some(first) = self.by_id.get(&resource.id).and_then(|address| self.resources.get(address)) {
                collisions.add(Collision::Object, first, &resource);
                let faulty = self.faulty.entry(resource.address.clone()).or_default();
                faulty.each = resource.each;
                return;
            }
            self.by_id.insert(resource.id.clone(), resource.address.clone());
        }
        if resource.kind.names.unique == NameScope::Globally
            && let Some(first) = self.same_name(&resource)
        {
            collisions.add(Collision::Name, first, &resource);
        }
        if let Some((argument, first)) = self.same_member(&resource) {
            collisions.add(Collision::Member(argument), first, &resource);
        }
        self.resources.insert(resource.address.clone(), resource);
    }

    /// The first resource that has a member which can have no further owner, where it is another, and the argument.
    fn same_member(&mut self, resource: &Resource) -> Option<(&'static str, &Resource)> {
        let Place::Member(of) = resource.kind.place else { return None };
        let id = ObjectId::new(resource.args.get(of.member)?.as_str()?);
        let shared = match of.owners {
            Owners::Any => return None,
            Owners::One => None,
            Owners::Argument(argument) => {
                let member = self.by_id.get(&id).and_then(|address| self.resources.get(address));
                member.and_then(|member| member.args.get(argument)?.clear()?.json().as_f64())
            }
        };
        if shared.is_some_and(|owners| owners > 1.0) {
            return None;
        }
        match self.names.entry((resource.kind.name, id.folded())) {
            Entry::Occupied(first) => Some((of.member, self.resources.get(first.get())?)),
            Entry::Vacant(free) => {
                free.insert(resource.address.clone());
                None
            }
        }
    }

    /// The first resource of this type with this name, where it is another; from now on, this one.
    fn same_name(&mut self, resource: &Resource) -> Option<&Resource> {
        let name = (resource.kind.type_.name, resource.name.to_ascii_lowercase());
        match self.names.entry(name) {
            Entry::Occupied(first) => self.resources.get(first.get()),
            Entry::Vacant(free) => {
                free.insert(resource.address.clone());
                None
            }
        }
    }
}

/// A thing that two resources have in common and must not.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Collision {
    /// The id.
    Object,
    /// A name that is unique among all accounts of the provider.
    Name,
    /// A member that has one owner, in this argument.
    Member(&'static str),
}

/// Collisions of one block's instances with earlier ones, those of the same two blocks together: they have one cause.
#[derive(Default)]
struct Collisions(Vec<CollisionGroup>);

struct CollisionGroup {
    collision: Collision,
    /// The blocks of both.
    blocks: (Address, Address),
    /// The first collision.
    diagnostic: Diagnostic,
    /// The later instances of the others.
    others: Vec<Address>,
}

impl Collisions {
    fn add(&mut self, collision: Collision, first: &Resource, second: &Resource) {
        let blocks = (first.address.block(), second.address.block());
        match self.0.iter_mut().find(|group| (group.collision, &group.blocks) == (collision, &blocks)) {
            Some(group) => group.others.push(second.address.clone()),
            None => {
                let diagnostic = collision.diagnostic(first, second);
                self.0.push(CollisionGroup { collision, blocks, diagnostic, others: Vec::new() });
            }
        }
    }

    fn diagnostics(self) -> impl Iterator<Item = Diagnostic> {
        self.0.into_iter().map(|CollisionGroup { mut diagnostic, others, .. }| {
            if !others.is_empty() {
                let also = format!("{} have the same error.", instance_errors::named(&others));
                diagnostic.why = Some(diagnostic.why.map_or_else(|| also.clone(), |why| format!("{why} {also}")));
            }
            diagnostic
        })
    }
}

impl Collision {
    fn diagnostic(self, first: &Resource, second: &Resource) -> Diagnostic {
        let of_one_block = first.address.block() == second.address.block();
        let help = match (self, second.spans.contains_key("name")) {
            (Self::Member(argument), _) => format!("Write another `{argument}` into one of them."),
            _ if !of_one_block => "Write another `name = \"…\"` into one of them.".to_owned(),
            (_, true) => "Write a `name` that contains `each.key`, so that each instance has its own.".to_owned(),
            (_, false) => {
                format!("Write `name = \"{}-${{each.key}}\"`, so that each instance has its own.", first.name)
            }
        };
        let provider = second.kind.provider().title;
        let diagnostic = match self {
            Self::Object => Diagnostic::error(
                "same-object",
                format!("`{}` and `{}` are the same object in {provider}", first.address, second.address),
            )
            .at(second.span)
            .why(format!("Both have the id {}.", second.id)),
            Self::Member(argument) => Diagnostic::error(
                "same-member",
                format!("`{}` and `{}` have the same `{argument}`", first.address, second.address),
            )
            .at(block::span_of(second, argument))
            .why(format!("{provider} attaches it to one resource only, and refuses the second.")),
            Self::Name => Diagnostic::error(
                "same-name",
                format!("`{}` and `{}` have the same name `{}`", first.address, second.address, second.name),
            )
            .at(block::span_of(second, "name"))
            .why(format!(
                "The name of {} is unique in all of {provider}, because it becomes a DNS name.",
                with_article(second.kind.name)
            )),
        };
        let diagnostic = diagnostic.help(help);
        match self {
            _ if of_one_block => diagnostic,
            Self::Object => diagnostic.and(first.span, "the other"),
            Self::Member(argument) => diagnostic.and(block::span_of(first, argument), "the other"),
            Self::Name => diagnostic.and(block::span_of(first, "name"), "the other"),
        }
    }
}

/// The arguments of an output.
const OUTPUT: &[&str] = &["value", "description", "sensitive"];

fn outputs(program: &Program, facts: &Facts<'_>, found: &mut Diagnostics) -> IndexMap<Arc<str>, Output> {
    let mut outputs = IndexMap::new();
    for (name, block) in &program.outputs {
        let scope = BlockScope::new(facts, None);
        let (mut value, mut description, mut sensitive) = (None, None, false);
        for attribute in &block.body.attributes {
            let (evaluated, problems) = hcl::evaluate_partly(&attribute.expr, &scope);
            found.extend(problems);
            match &*attribute.name.text {
                "value" => value = Some(evaluated),
                "description" => description = evaluated.as_str().map(str::to_owned),
                "sensitive" => sensitive = evaluated == Value::Bool(true),
                _ => found.push(unsupported("argument", "an output", &attribute.name, OUTPUT)),
            }
        }
        for inner in &block.body.blocks {
            found.push(
                Diagnostic::error("unknown-argument", format!("unsupported block `{}` in an output", inner.ident.text))
                    .at(inner.header)
                    .help(format!("Supported: the arguments {}.", OUTPUT.join(", "))),
            );
        }
        let Some(value) = value else {
            if block.body.means("value", OUTPUT) {
                continue;
            }
            found.push(
                Diagnostic::error("missing-argument", "missing required argument `value` in an output")
                    .at(block.header)
                    .help("Write `value = …`."),
            );
            continue;
        };
        let value = if sensitive { value.sensitive() } else { value };
        outputs.insert(Arc::clone(name), Output { value, description, span: block.header });
    }
    outputs
}

/// Dependencies without a reference: resources that complete an object which a resource uses. A scale set with a
/// health probe of a load balancer comes after the rule that makes the probe active, and resources in a subnet after
/// the subnet's security group.
fn completed_first(resources: &IndexMap<Address, Resource>, budget: &Budget) -> Vec<(Address, Vec<Address>)> {
    let completes = |resource: &Resource| !resource.kind.place.is_whole();
    let mut completing: HashMap<&Address, Vec<&Address>> = HashMap::new();
    for resource in resources.values().filter(|resource| completes(resource)) {
        for used in &resource.uses {
            let is_completed = match (resource.kind.place, resources.get(used)) {
                (Place::Property(_), _) => true,
                // A member completes its owner, and its other end only takes part.
                (Place::Member(of), Some(used)) => {
                    let owner = resource.args.get(of.owner).and_then(Value::as_str);
                    owner.is_some_and(|owner| ObjectId::new(owner) == used.id)
                }
                (_, used) => used.is_some_and(|used| used.kind.place.is_part()),
            };
            if is_completed {
                completing.entry(used).or_default().push(&resource.address);
            }
        }
    }
    let mut extra = Vec::new();
    let mut needed: HashMap<&Address, HashSet<&Address>> = HashMap::new();
    for resource in resources.values().filter(|resource| !completes(resource)) {
        let mut more: Vec<Address> = Vec::new();
        for used in &resource.uses {
            for other in completing.get(used).into_iter().flatten() {
                if budget.charge(DEPENDENCY_WORK).is_err() {
                    return Vec::new();
                }
                // A permanent resource exists before a failover, and does not wait for what one brings.
                let is_later = resources.get(*other).is_some_and(|other| other.presence == Presence::Failover);
                if is_later && resource.presence == Presence::Permanent {
                    continue;
                }
                let needed = needed.entry(*other).or_insert_with(|| all_needs(resources, other, budget));
                if !needed.contains(&resource.address) {
                    more.push((*other).clone());
                }
            }
        }
        if !more.is_empty() {
            extra.push((resource.address.clone(), more));
        }
    }
    extra
}

/// A resource and all that it depends on, directly or through others.
fn all_needs<'a>(
    resources: &'a IndexMap<Address, Resource>,
    from: &'a Address,
    budget: &Budget,
) -> HashSet<&'a Address> {
    let mut seen = HashSet::new();
    let mut open = vec![from];
    while let Some(at) = open.pop() {
        if seen.insert(at)
            && let Some(resource) = resources.get(at)
        {
            if budget.charge((1 + resource.needs.len()) * DEPENDENCY_WORK).is_err() {
                break;
            }
            open.extend(&resource.needs);
        }
    }
    seen
}

/// These errors with those of the locals that were evaluated, and that of a budget that is used up.
fn whole(mut found: Diagnostics, locals: RefCell<Locals>, program: &Program) -> Diagnostics {
    let Locals { budget, found: of_locals, values: _ } = locals.into_inner();
    found.extend(of_locals);
    // What takes the work may be no expression, such as a great number of dependencies.
    found.extend(budget.refusal(program.header()));
    found.sort();
    found
}

/// Sets or removes an argument.
fn put(args: &mut Map, argument: &str, value: Option<Value>) {
    match value {
        Some(value) => args.insert(argument.into(), value),
        None => args.remove(argument),
    };
}

impl Stack {
    /// The same stack with other known attributes.
    ///
    /// # Errors
    /// Its errors then.
    pub fn with(&self, knowledge: &Knowledge) -> Result<Stack, Diagnostics> {
        self.program.evaluate(knowledge).map(|(stack, _)| stack)
    }

    /// The arguments of a resource with more known than when the stack was evaluated.
    ///
    /// # Errors
    /// Their errors now that they are known.
    pub fn resolve(&self, resource: &Resource, knowledge: &Knowledge) -> Result<Map, Diagnostics> {
        if resource.args.values().all(|value| value.unknown_within().is_none()) {
            return Ok(resource.args.clone());
        }
        let locals = RefCell::default();
        let mut facts = self.facts(knowledge, &locals);
        if !resource.address.is_rehearsed() {
            facts.copies = None;
        }
        let Some(definition) = self.program.definitions.get(&resource.address.block()) else {
            return Ok(resource.args.clone());
        };
        let mut found = Diagnostics::new();
        let args = block::resolve(resource, definition, &facts, &mut found);
        let (mut args, _) = whole(found, locals, &self.program).into_result(args)?;
        for (argument, value) in self.pinned.get(&resource.address).into_iter().flatten() {
            put(&mut args, argument, value.clone());
        }
        Ok(args)
    }

    /// Fixes an argument of a resource at this value, whatever the stack sets; `None`: not set. True if the stack
    /// sets another.
    pub fn pin(&mut self, address: &Address, argument: &str, value: Option<Value>) -> bool {
        let Some(resource) = self.resources.get_mut(address) else { return false };
        let differs = resource.args.get(argument) != value.as_ref();
        put(&mut resource.args, argument, value.clone());
        self.pinned.entry(address.clone()).or_default().insert(argument.into(), value);
        differs
    }

    /// The outputs with more known than when the stack was evaluated, and their errors now that it is known: a value
    /// may be of a wrong type, or take more work than the budget allows. An output with an error is left out.
    pub fn resolve_outputs(&self, knowledge: &Knowledge) -> (IndexMap<Arc<str>, Output>, Diagnostics) {
        let locals = RefCell::default();
        let mut found = Diagnostics::new();
        let mut outputs = outputs(&self.program, &self.facts(knowledge, &locals), &mut found);
        outputs.retain(|_, output| !output.value.told_within());
        (outputs, whole(found, locals, &self.program))
    }

    /// A failover group with more known than when the stack was evaluated: the values of its probes and steps.
    ///
    /// # Errors
    /// Its errors now that it is known.
    pub fn resolve_group(&self, name: &str, knowledge: &Knowledge) -> Result<Option<FailoverGroup>, Diagnostics> {
        let locals = RefCell::default();
        let mut found = Diagnostics::new();
        let group = group::read_one(&self.program, &self.facts(knowledge, &locals), &self.backups, name, &mut found);
        whole(found, locals, &self.program).into_result(group).map(|(group, _)| group)
    }

    /// Calls `f` with a resource as the functions of its kind see it, with these arguments in plain text.
    pub fn with_subject<T>(
        &self,
        resource: &Resource,
        args: &serde_json::Map<String, serde_json::Value>,
        knowledge: &Knowledge,
        f: impl FnOnce(&crate::kinds::Subject<'_>) -> T,
    ) -> T {
        let locals = RefCell::default();
        let facts = self.facts(knowledge, &locals);
        f(&facts.subject(resource, args))
    }

    /// Calls `f` with a resource as the functions of its kind see it, as far as its arguments are known from the text
    /// alone.
    pub fn with_known<T>(&self, resource: &Resource, f: impl FnOnce(&crate::kinds::Subject<'_>) -> T) -> T {
        self.with_subject(resource, &resource.known_arguments(), &Knowledge::default(), f)
    }

    /// The stack with these resources as well, in place of those of the same addresses.
    #[must_use]
    pub fn with_resources(mut self, resources: impl IntoIterator<Item = Resource>) -> Self {
        for resource in resources {
            self.by_id.insert(resource.id.clone(), resource.address.clone());
            self.resources.insert(resource.address.clone(), resource);
        }
        self
    }

    /// The resource that has this id.
    pub fn by_id(&self, id: &ObjectId) -> Option<&Resource> {
        self.by_id.get(id).and_then(|address| self.resources.get(address))
    }

    /// Values of references now. In a drill they mean the copies.
    pub(crate) fn facts<'a>(&'a self, knowledge: &'a Knowledge, locals: &'a RefCell<Locals>) -> Facts<'a> {
        Facts {
            program: &self.program,
            knowledge,
            accounts: &self.accounts,
            sites: &self.sites,
            resources: &self.resources,
            instances: &self.instances,
            faulty: &self.faulty,
            by_id: &self.by_id,
            locals,
            tags: &self.tags,
            copies: self.copies.as_ref().map(|copies| &copies.of),
        }
    }
}
